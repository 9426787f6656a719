"""Tables as CSV and Excel files that say what they hold: filters, snapshot, row count and control totals travel with the rows."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, localcontext
from typing import Any

import xlsxwriter

from dashboard.formats import exact
from dashboard.words import word

#: Excel's own limits: rows of a sheet, characters of a cell.
SHEET_ROWS = 1_048_576
CELL_CHARACTERS = 32_767
#: A text that starts with one of these is read as a formula by spreadsheet programs.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
#: Written as the day of making, so that the same rows make the same file.
CREATED = datetime(2000, 1, 1, tzinfo=UTC)
#: Decimals of a number that is no amount of money, at most.
LONGEST_DECIMALS = 12
ABOUT_SHEET = "About 说明"
EXCEL_FORMATS = {"amount": "#,##0.00", "rate": "0.0%", "count": "#,##0", "days": "#,##0.0", "date": "yyyy-mm-dd", "text": "@"}


@dataclass(frozen=True)
class Column:
    """One column: key in the rows, header as read, unit, and whether its rows may be added up."""

    id: str
    label: str
    unit: str = "text"
    additive: bool = False


@dataclass(frozen=True)
class Table:
    """Rows with what must be known to read them; facts are label and text, definitions are name and formula."""

    title: str
    columns: tuple[Column, ...]
    rows: Sequence[Mapping[str, Any]]
    lang: str
    facts: tuple[tuple[str, str], ...] = ()
    definitions: tuple[tuple[str, str], ...] = ()

    def totals(self) -> dict[str, Decimal]:
        """The sum of each additive column, exact."""
        sums: dict[str, Decimal] = {}
        for column in self.columns:
            if column.additive:
                known = (exact(row.get(column.id)) for row in self.rows)
                sums[column.id] = sum((_written(value) for value in known if value is not None), Decimal(0))
        return sums

    def about(self) -> Iterator[tuple[str, str]]:
        """Everything to be said about the rows, one line each."""
        yield word("download.table", self.lang), self.title
        yield from self.facts
        yield word("download.rows", self.lang), str(len(self.rows))
        labels = {column.id: column.label for column in self.columns}
        for column, total in self.totals().items():
            yield word("download.total", self.lang, column=labels[column]), f"{total:f}"
        for name, formula in self.definitions:
            yield word("download.definition", self.lang, name=name), formula


def csv_file(table: Table) -> bytes:
    """UTF-8 with BOM; first `# key: value` lines, then header and all rows; amounts exact, rates as shares, days as ISO."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for key, value in table.about():
        writer.writerow([f"# {key}: {_one_line(value)}"])
    writer.writerow([_safe(column.label) for column in table.columns])
    for row in table.rows:
        writer.writerow([_csv_cell(_said(row.get(column.id), table.lang), column.unit) for column in table.columns])
    return out.getvalue().encode("utf-8-sig")


def bare_csv_file(table: Table) -> bytes:
    """The same without what it says of itself: header and rows only, for programs that expect just those."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_safe(column.label) for column in table.columns])
    for row in table.rows:
        writer.writerow([_csv_cell(_said(row.get(column.id), table.lang), column.unit) for column in table.columns])
    return out.getvalue().encode("utf-8-sig")


def excel_file(table: Table) -> bytes:
    """A workbook: the rows (on further sheets where one is full), then what they are; numbers are numbers, ids are text."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"title": table.title[:255], "created": CREATED})
        styles = {unit: book.add_format({"num_format": style}) for unit, style in EXCEL_FORMATS.items()}
        bold, wrapped = book.add_format({"bold": True, "bottom": 1, "text_wrap": True}), book.add_format({"text_wrap": True})
        per_sheet = SHEET_ROWS - 1
        for number in range(max(1, math.ceil(len(table.rows) / per_sheet))):
            name = word("download.sheet", table.lang) + (f" {number + 1}" if number else "")
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 1)
            for place, column in enumerate(table.columns):
                sheet.write_string(0, place, column.label, bold)
                sheet.set_column(place, place, min(40, max(12, 2 * len(column.label))))
            for line, row in enumerate(table.rows[number * per_sheet : (number + 1) * per_sheet], start=1):
                for place, column in enumerate(table.columns):
                    _excel_cell(sheet, line, place, _said(row.get(column.id), table.lang), column.unit, styles)
        about = book.add_worksheet(ABOUT_SHEET)
        about.set_column(0, 0, 34)
        about.set_column(1, 1, 90)
        for line, (key, value) in enumerate(table.about()):
            about.write_string(line, 0, key)
            about.write_string(line, 1, value[:CELL_CHARACTERS], wrapped)
    return out.getvalue()


def ids(values: Iterable[str]) -> list[str]:
    """Those of some texts that are ids or days, and so fit into a file's name in every language."""
    return [value for value in values if re.fullmatch(r"[\w.-]*\w[\w.-]*", value, re.ASCII)]


def file_name(parts: Sequence[str], ending: str) -> str:
    """A file name of plain characters out of ids, so that no system has trouble with it."""
    kept = ["".join(character if character.isascii() and character.isalnum() else "-" for character in part) for part in parts if part]
    return f"{'_'.join(kept)}.{ending}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _safe(text: str) -> str:
    """A text that no spreadsheet program takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _said(value: Any, lang: str) -> Any:
    """A value, or the word on screen for yes and no."""
    return word("state.yes" if value else "state.no", lang) if isinstance(value, bool) else value


def _written(number: Decimal) -> Decimal:
    """A number as files write it: what a division leaves behind the twelfth decimal is nobody's figure, nor is a row of zeros."""
    if int(number.as_tuple().exponent) >= -2:
        return number
    with localcontext(prec=60):
        return round(number, LONGEST_DECIMALS).normalize()


def _csv_cell(value: Any, unit: str) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return value.isoformat(sep=" ") if isinstance(value, datetime) else value.isoformat()
    if isinstance(value, int | float | Decimal) and unit != "text":
        number = exact(value)
        return "" if number is None else f"{number:.2f}" if unit == "amount" else f"{_written(number):f}"
    return _safe(str(value))


def _excel_cell(sheet: Any, line: int, place: int, value: Any, unit: str, styles: Mapping[str, Any]) -> None:
    style = styles.get(unit)
    if value is None:
        return
    if isinstance(value, datetime):
        sheet.write_string(line, place, value.isoformat(sep=" "))
    elif isinstance(value, date):
        sheet.write_datetime(line, place, value, styles["date"])
    elif isinstance(value, int | float | Decimal) and unit != "text":
        number = exact(value)
        if number is not None:
            sheet.write_number(line, place, float(number), style)
    else:
        sheet.write_string(line, place, str(value)[:CELL_CHARACTERS], styles["text"])
