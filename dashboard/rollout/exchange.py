"""The plan as a table in a file and back: CSV and Excel; what was written here is read again exactly."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from tempfile import TemporaryDirectory

import xlsxwriter

from dashboard import workbooks
from dashboard.breaches import StructuralBreach
from dashboard.contract import contract, folded
from dashboard.downloads import CREATED
from dashboard.rollout.plan import (
    Milestone,
    Plan,
    PlanRefused,
    Said,
    checked,
    clean,
    cleaned_id,
    evidence_of,
    evidence_text,
    ids_of,
    measures,
)

MOST_BYTES, MOST_TASKS = 8 << 20, 5_000
#: Columns beyond the contract's: header in both languages.
MORE = {
    "note": ("Note", "备注"),
    "timetable": ("Timetable", "进度来源"),
    "version": ("Version", "版本"),
}
DATES = ("baseline_start", "baseline_end", "planned_start", "planned_end", "actual_start", "actual_end")


@dataclass(frozen=True)
class Filed:
    """A plan read from a file, and the versions it was made from, where the file says."""

    plan: Plan
    versions: Mapping[str, int]


def header(column: str, lang: str) -> str:
    """The header of a column in a language."""
    if column in MORE:
        return MORE[column][lang == "zh"]
    return contract().tables["milestones"].columns[column].label[lang]


def columns() -> list[str]:
    """The columns of a plan's table."""
    return [*contract().tables["milestones"].columns, *MORE]


def row(one: Milestone, version: int) -> dict[str, str]:
    """A milestone as text by column."""
    return {
        "milestone_id": one.id,
        "measure": one.measure,
        "name": one.name.cell(),
        "owner": one.owner.cell(),
        **{name: getattr(one, name).isoformat() if getattr(one, name) else "" for name in DATES},
        "percent": f"{one.percent:f}",
        "depends_on": " ".join(one.depends_on),
        "evidence": evidence_text(one),
        "team": one.team,
        "note": one.note,
        "timetable": one.timetable,
        "version": str(version),
    }


def table(plan: Plan, versions: Mapping[str, int], lang: str) -> list[list[str]]:
    """Header and rows of a plan; measures by their names."""
    named, rows = measures(lang), [[header(column, lang) for column in columns()]]
    for one in plan:
        cells = {**row(one, versions.get(one.id, 0)), "measure": named[one.measure]}
        rows.append([cells[column] for column in columns()])
    return rows


# --- CSV and Excel --------------------------------------------------------------------------------------------------------


def csv_file(plan: Plan, versions: Mapping[str, int], lang: str) -> bytes:
    """UTF-8 with BOM; a text a spreadsheet would take for a formula stands behind an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerows([_guarded(cell) for cell in cells] for cells in table(plan, versions, lang))
    return out.getvalue().encode("utf-8-sig")


def excel_file(plan: Plan, versions: Mapping[str, int], lang: str) -> bytes:
    """One sheet, every cell as text, so that ids and dates come back as they were."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        book.set_properties({"created": CREATED})
        sheet, text = book.add_worksheet(), book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
        bold = book.add_format({"bold": True, "bottom": 1})
        sheet.freeze_panes(1, 1)
        for line, cells in enumerate(table(plan, versions, lang)):
            for place, cell in enumerate(cells):
                sheet.write_string(line, place, cell, text if line else bold)
        for place, column in enumerate(columns()):
            sheet.set_column(place, place, {"name": 44, "evidence": 60, "note": 40, "owner": 24}.get(column, 14))
    return out.getvalue()


def _guarded(text: str) -> str:
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "'")) else text


def read_table(content: bytes, name: str, lang: str, base: Plan = ()) -> Filed:
    """A plan from CSV or Excel; headers in either language. Raises PlanRefused naming line and column."""
    if len(content) > MOST_BYTES:
        raise PlanRefused("bad_size", most=MOST_BYTES >> 20)
    rows = _excel_rows(content, name) if name.lower().endswith((".xlsx", ".xlsm", ".xls")) else _csv_rows(content)
    if not rows:
        raise PlanRefused("bad_empty")
    known = {folded(text): column for column in contract().tables["milestones"].columns.values() for text in column.headers}
    named = {text: column.id for text, column in known.items()}
    named |= {folded(text): column for column, both in MORE.items() for text in (column, *both)}
    place = {named[folded(cell)]: number for number, cell in enumerate(rows[0]) if folded(cell) in named}
    needed = [column.id for column in contract().tables["milestones"].columns.values() if not column.optional]
    if missing := [header(column, lang) for column in needed if column not in place]:
        raise PlanRefused("bad_columns", names=", ".join(missing))
    held = {one.id: one for one in base}
    plan: list[Milestone] = []
    versions: dict[str, int] = {}
    for line, cells in enumerate(rows[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(plan) >= MOST_TASKS:
            raise PlanRefused("bad_many", most=MOST_TASKS)
        given = {column: cells[number] if number < len(cells) else "" for column, number in place.items()}
        one, version = milestone(given, (str(line), lang), held)
        plan.append(one)
        if version is not None:
            versions[one.id] = version
    return Filed(distinct(plan), versions)


def _csv_rows(content: bytes) -> list[list[str]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise PlanRefused("bad_encoding")
    if "\0" in text:
        raise PlanRefused("bad_encoding")
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise PlanRefused("bad_csv", cause=str(error)) from error
    return [[cell[1:] if cell[:1] == "'" else cell for cell in cells] for cells in rows]


def _excel_rows(content: bytes, name: str) -> list[list[str]]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"plan{Path(name).suffix.lower()}"
        path.write_bytes(content)
        try:
            found = workbooks.sheets(path, None)
        except (StructuralBreach, zipfile.BadZipFile) as error:
            raise PlanRefused("bad_workbook") from error
    return found[0].rows if found else []


def milestone(given: Mapping[str, str], at: tuple[str, str], held: Mapping[str, Milestone]) -> tuple[Milestone, int | None]:
    """A milestone out of texts by column; what a file has no column for stays as it is in the plan."""

    def where(column: str) -> str:
        return f"{at[0]} · {header(column, at[1])}"

    def day(column: str) -> date | None:
        text = given.get(column, "").strip()
        if not text:
            return None
        try:
            return date.fromisoformat(text[:10].replace("/", "-"))
        except ValueError as error:
            raise PlanRefused("bad_cell", where=where(column), value=text) from error

    def needed(column: str) -> date:
        found = day(column)
        if found is None:
            raise PlanRefused("bad_cell", where=where(column), value="")
        return found

    def number(column: str, otherwise: str) -> Decimal:
        text = given.get(column, "").strip().removesuffix("%") or otherwise
        try:
            found = Decimal(text)
        except InvalidOperation as error:
            raise PlanRefused("bad_cell", where=where(column), value=text) from error
        if not found.is_finite():
            raise PlanRefused("bad_cell", where=where(column), value=text)
        return found

    identifier = cleaned_id(given["milestone_id"])
    before = held.get(identifier)
    measure = contract().code_of("programme_measure", given["measure"])
    if measure is None:
        raise PlanRefused("bad_cell", where=where("measure"), value=given["measure"])
    document, items = evidence_of(given["evidence"]) if "evidence" in given else (before.document, before.items) if before else ("", ())

    def kept(column: str, fallback: str = "") -> str:
        return clean(given[column]) if column in given else str(getattr(before, column)) if before else fallback

    one = Milestone(
        identifier, measure, Said.parted(given["name"]), Said.parted(given["owner"]), needed("baseline_start"), needed("baseline_end"),
        needed("planned_start"), needed("planned_end"),
        day("actual_start") if "actual_start" in given else before.actual_start if before else None,
        day("actual_end") if "actual_end" in given else before.actual_end if before else None,
        number("percent", "0"),
        ids_of(given["depends_on"]) if "depends_on" in given else before.depends_on if before else (),
        document, items, kept("team"), kept("note"), kept("timetable"), before.source if before else "added",
    )  # fmt: skip
    version = given.get("version", "").strip()
    return checked(one), int(version) if version.isdecimal() else None


def distinct(plan: Sequence[Milestone]) -> Plan:
    """The plan itself, if it has milestones and none twice."""
    if not plan:
        raise PlanRefused("bad_empty")
    seen: set[str] = set()
    for one in plan:
        if one.id in seen:
            raise PlanRefused("bad_twice", id=one.id)
        seen.add(one.id)
    return tuple(plan)
