"""Files opened again: every row, exact money, ids as text, nothing that runs as a formula, and what must be known beside it."""

import csv
import io
from datetime import date
from decimal import Decimal
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest

from dashboard import downloads
from dashboard.downloads import Column, Table, csv_file, excel_file

COLUMNS = (
    Column("case_id", "Case"),
    Column("month", "Month", "date"),
    Column("net_amount", "Net cash (CNY)", "amount", additive=True),
    Column("recovery_rate", "Recovery rate", "rate"),
)
ROWS: list[dict[str, Any]] = [
    {"case_id": "007", "month": date(2026, 9, 1), "net_amount": Decimal("1234.50"), "recovery_rate": 0.314159},
    {"case_id": "110101199003070123", "month": date(2026, 9, 1), "net_amount": Decimal("-0.10"), "recovery_rate": None},
    {"case_id": "=cmd|' /C calc'!A0", "month": None, "net_amount": None, "recovery_rate": 0},
]
FACTS = (("Snapshot", "20261101-7f3a"), ("Filters", "Product: a\nb"))


def table(rows: list[dict[str, Any]] = ROWS) -> Table:
    return Table("Recovery", COLUMNS, rows, "en", FACTS, (("Recovery rate", "Net cash ÷ opening balance"),))


def read_csv(data: bytes) -> tuple[list[str], list[list[str]]]:
    assert data.startswith(b"\xef\xbb\xbf")
    lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    notes = [line[0] for line in lines if line and line[0].startswith("# ")]
    return notes, lines[len(notes) :]


def test_csv() -> None:
    notes, lines = read_csv(csv_file(table()))
    assert notes == [
        "# Table: Recovery",
        "# Snapshot: 20261101-7f3a",
        "# Filters: Product: a b",
        "# Rows: 3",
        "# Control total, Net cash (CNY): 1234.40",
        "# Definition, Recovery rate: Net cash ÷ opening balance",
    ]
    assert lines == [
        ["Case", "Month", "Net cash (CNY)", "Recovery rate"],
        ["007", "2026-09-01", "1234.50", "0.314159"],
        ["110101199003070123", "2026-09-01", "-0.10", ""],
        ["'=cmd|' /C calc'!A0", "", "", "0"],
    ]


def test_excel() -> None:
    book = openpyxl.load_workbook(io.BytesIO(excel_file(table())))
    assert book.sheetnames == ["Data", "About 说明"]
    lines = [[cell.value for cell in line] for line in book["Data"].iter_rows()]
    assert lines[0] == ["Case", "Month", "Net cash (CNY)", "Recovery rate"]
    assert lines[1][0] == "007" and lines[2][0] == "110101199003070123"
    assert (lines[1][2], lines[2][2], lines[3][2]) == (1234.5, -0.1, None)
    assert book["Data"]["C2"].number_format == "#,##0.00" and book["Data"]["D2"].number_format == "0.0%"
    danger = book["Data"]["A4"]
    assert danger.value == "=cmd|' /C calc'!A0" and danger.data_type == "s"
    about = {line[0].value: line[1].value for line in book["About 说明"].iter_rows()}
    assert about["Rows"] == "3" and about["Control total, Net cash (CNY)"] == "1234.40" and about["Snapshot"] == "20261101-7f3a"


def test_same_rows_same_bytes() -> None:
    assert csv_file(table()) == csv_file(table())


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "＝1+1", "－1"])
def test_no_text_runs_as_a_formula(text: str) -> None:
    _, lines = read_csv(csv_file(Table("t", (Column("name", text),), [{"name": text}], "zh")))
    assert all(cell.startswith("'") for line in lines for cell in line)


def test_rows_go_on_on_further_sheets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloads, "SHEET_ROWS", 3)
    book = openpyxl.load_workbook(io.BytesIO(excel_file(table(ROWS + ROWS))))
    assert book.sheetnames == ["Data", "Data 2", "Data 3", "About 说明"]
    assert sum(sheet.max_row - 1 for sheet in book.worksheets[:3]) == 6


def test_totals_of_large_amounts_are_exact() -> None:
    rows = [{"net_amount": Decimal("9999999999999999.99")}] * 3
    assert Table("t", (COLUMNS[2],), rows, "en").totals() == {"net_amount": Decimal("29999999999999999.97")}


def test_nothing_to_tell_is_still_a_file() -> None:
    _, lines = read_csv(csv_file(table([])))
    assert lines == [["Case", "Month", "Net cash (CNY)", "Recovery rate"]]


def test_file_names_are_plain() -> None:
    assert downloads.file_name(("by month", "示例", "2026-10-01"), "csv") == "by-month_--_2026-10-01.csv"
    assert downloads.ids(["示例 3,000 (sample)", "Sample: 3,000 cases (sample)", "2026-10-31", "20261031-09f4a045", "—", "全部"]) == [
        "2026-10-31",
        "20261031-09f4a045",
    ]


def test_numbers_are_written_without_the_tail_of_a_division() -> None:
    columns = (Column("target", "Target", "number", additive=True), Column("carried", "Carried", "number", additive=True))
    rows = [{"target": Decimal(100) / 3, "carried": Decimal("0E-36")}, {"target": Decimal("42900"), "carried": Decimal("1.50")}]
    text = csv_file(Table("Pay", columns, rows, "en")).decode("utf-8-sig")
    assert text.splitlines()[-2:] == ["33.333333333333,0", "42900,1.50"]
    assert "Control total, Target: 42933.333333333333" in text and "Control total, Carried: 1.50" in text
