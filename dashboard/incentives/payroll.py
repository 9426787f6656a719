"""The file for payroll: columns as a TOML file says, control totals, made once of a locked run and the same bytes ever after. No Streamlit."""

from __future__ import annotations

import base64
import hashlib
import tomllib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from dashboard import downloads
from dashboard.access import Person
from dashboard.contract import ROOT
from dashboard.downloads import Column, Table
from dashboard.incentives.ledger import Ledger, Record
from dashboard.incentives.problems import PlanError, Problem, not_toml, phrase, unreadable, written
from dashboard.incentives.statement import ZERO, Run
from dashboard.words import word

LAYOUT = ROOT / "data" / "rules" / "payroll.toml"
FORMATS = ("csv", "xlsx")
#: What a column may hold, and how it is written.
VALUES = {
    "collector": "text", "name": "text", "team": "text", "grade": "text", "month": "text", "plan": "text", "version": "count", "run": "count",
    "amount": "amount", "carried": "amount", "currency": "text", "fingerprint": "text",
}  # fmt: skip
MIME = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


@dataclass(frozen=True)
class Layout:
    """Which columns under which headers, csv or xlsx, and the word that starts the row of totals ("" for none)."""

    columns: tuple[tuple[str, str], ...]
    format: str
    trailer: str


@dataclass(frozen=True)
class File:
    """A file for payroll as it was made the first time: its bytes, how many rows and how much they hold, and its SHA-256."""

    name: str
    content: bytes
    format: str
    rows: int
    total: Decimal

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def mime(self) -> str:
        return MIME[self.format]


def layout(home: Path | None = None) -> Layout:
    """A home's own payroll.toml, else the one that comes with the product; PlanError for everything that is wrong with it."""
    own = home / "payroll.toml" if home is not None else None
    path = own if own is not None and own.exists() else LAYOUT
    try:
        return parsed(path.read_text(encoding="utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise PlanError([unreadable(path.name, error)]) from error


def parsed(text: str, name: str = "payroll.toml") -> Layout:
    """A layout's text; PlanError for everything that is wrong with it."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PlanError([not_toml(name, text, error)]) from error
    problems: list[Problem] = []
    file, columns = data.get("file", {}), data.get("column", [])
    kind, trailer = file.get("format", "csv"), file.get("trailer", "")
    if kind not in FORMATS:
        problems.append(Problem(f"{name}: file.format", written(kind), phrase("one_of", names=FORMATS)))
    if not isinstance(trailer, str):
        problems.append(Problem(f"{name}: file.trailer", written(trailer), phrase("text_or_empty", empty='""')))
    for place, column in enumerate(columns, start=1):
        where = f"{name}: column {place}"
        if column.get("value") not in VALUES:
            problems.append(Problem(f"{where}.value", written(column.get("value")), phrase("one_of", names=tuple(VALUES))))
        if not isinstance(column.get("head"), str) or not column["head"].strip():
            problems.append(Problem(f"{where}.head", written(column.get("head")), phrase("header")))
        if unknown := set(column) - {"value", "head"}:
            problems.append(Problem(where, ", ".join(sorted(unknown)), phrase("only_names", names=("value", "head"))))
    chosen = [column.get("value") for column in columns]
    for needed in ("collector", "amount"):
        if chosen.count(needed) != 1:
            got = phrase("columns_of", count=chosen.count(needed), name=needed)
            problems.append(Problem(f"{name}: column", got, phrase("one_column", name=needed)))
    if problems:
        raise PlanError(problems)
    return Layout(tuple((column["value"], column["head"]) for column in columns), kind, trailer)


def rows(run: Run, record: Record, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """One row a person paid, by id; who is paid nothing is in it too, so that payroll can tell nothing from missing."""
    return [
        {
            "collector": one.collector, "name": names.get(one.collector), "team": one.team, "grade": one.grade, "month": f"{one.month:%Y-%m}",
            "plan": one.plan, "version": one.version, "run": record.run, "amount": one.amount, "carried": one.carried, "currency": run.currency,
            "fingerprint": record.result_hash,
        }
        for one in sorted(run.statements, key=lambda one: one.collector)
    ]  # fmt: skip


def made(run: Run, record: Record, names: Mapping[str, str], chosen: Layout) -> File:
    """The file of a run; no text in it is taken for a formula, amounts are exact."""
    found = rows(run, record, names)
    total = sum((row["amount"] for row in found), ZERO)
    assert total == record.total
    columns = tuple(Column(value, head, VALUES[value], value == "amount") for value, head in chosen.columns)
    name = downloads.file_name(("payroll", record.dataset, f"{record.month:%Y-%m}", record.plan, f"run-{record.run}"), chosen.format)
    if chosen.format == "csv":
        content = downloads.bare_csv_file(Table("", columns, [*found, *_trailer(chosen, found, total)], "en"))
    else:
        facts = tuple((word(f"pay.{key}", "en"), str(value)) for key, value in (("run", record.run), ("result_hash", record.result_hash)))
        content = downloads.excel_file(Table(name, columns, found, "en", facts))
    return File(name, content, chosen.format, len(found), total)


def _trailer(chosen: Layout, found: Sequence[Mapping[str, Any]], total: Decimal) -> list[dict[str, Any]]:
    """The row of control totals: the word, how many rows, and their sum in the amount's column."""
    if not chosen.trailer:
        return []
    first, *others = (value for value, _ in chosen.columns)
    row: dict[str, Any] = {"amount": total}
    if first != "amount":
        row[first] = chosen.trailer
    free = next((value for value in others if value != "amount" and VALUES[value] == "text"), None)
    if free is not None:
        row[free] = str(len(found))
    return [row]


def export(ledger: Ledger, record: Record, names: Mapping[str, str], chosen: Layout, who: Person) -> tuple[File, bool]:
    """The one file of a locked run, and whether it was made before: then it is the same bytes again. Each time is written in the ledger."""
    before = exported(ledger, record)
    file = before or made(ledger.result(record.run), record, names, chosen)
    detail: dict[str, Any] = {"name": file.name, "rows": file.rows, "total": str(file.total), "sha256": file.sha256}
    if before is None:
        detail |= {"format": file.format, "content": base64.b85encode(zlib.compress(file.content, 9)).decode("ascii")}
    ledger.exported(record.run, who, detail)
    return file, before is not None


def exported(ledger: Ledger, record: Record) -> File | None:
    """The file of a run as it was first made, None where there is none yet."""
    for entry in ledger.record(record.run).entries:
        if entry.kind == "exported" and "content" in entry.body:
            body = entry.body
            content = zlib.decompress(base64.b85decode(body["content"]))
            return File(body["name"], content, body["format"], body["rows"], Decimal(body["total"]))
    return None
