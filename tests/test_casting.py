"""What text from spreadsheets and Chinese systems is read as, and what is refused rather than guessed."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from dashboard.casting import Cell, bad, mapped, present, readable, within
from dashboard.contract import Column, contract
from dashboard.load import READING
from dashboard.mapping import ColumnMap, Export

SHANGHAI = Export(currency="CNY", timezone="Asia/Shanghai")


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("set TimeZone = 'UTC'")
    con.execute(READING.read_text(encoding="utf-8"))
    return con


def column(kind: str, **more: Any) -> Column:
    return Column("t", "x", kind, {"en": "X", "zh": "X"}, ("x",), **more)


def cast(con: duckdb.DuckDBPyConnection, kind: str, cell: Any, export: Export = SHANGHAI, sql: str = "VARCHAR", **more: Any) -> Any:
    values: dict[str, Any] = {}
    source = mapped(Cell("c0", sql, more.pop("map", ColumnMap())), values)
    wanted = column(kind, **more)
    read = readable(wanted, source, export, values)
    limited = within(wanted, "value__", values)
    row = con.execute(
        f"select {limited} from (select {read} as value__ from (select cast($cell as {sql}) as c0))", {**values, "cell": cell}
    ).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1234.5", "1234.50"), ("1,234.50", "1234.50"), ("¥1,234.50", "1234.50"), ("￥１，２３４．５", "1234.50"), ("RMB 1234.50", "1234.50"),
        ("1234.50元", "1234.50"), ("-5", "-5.00"), ("(1,234.50)", "-1234.50"), ("¥-100", "-100.00"), ("-¥100", "-100.00"), ("−7.20", "-7.20"),
        (" 12 ", "12.00"), ("1.500", "1.50"), ("0", "0.00"), (".5", "0.50"), ("1\u00a0234.50", "1234.50"), ('="12.30"', "12.30"),
        ("9999999999999999.99", "9999999999999999.99"),
        ("1.234", None), ("1,23", None), ("12,34,567", None), ("1e5", None), ("see note", None), ("", None), ("n/a", None), ("nan", None),
        ("0x1F", None), ("1_000", None), ("1.2万", None), ("(5", None), ("99999999999999999", None), ("¥", None), ("1-2", None), ("--5", None),
    ],
)  # fmt: skip
def test_amounts(con: duckdb.DuckDBPyConnection, text: str, amount: str | None) -> None:
    assert cast(con, "amount", text) == (None if amount is None else Decimal(amount))


@pytest.mark.parametrize(
    ("text", "currency", "decimal", "amount"),
    [
        ("1.651,08-", "EUR", ",", "-1651.08"), ("1\u202f627,34 €", "EUR", ",", "1627.34"), ("€ 5", "EUR", ".", "5.00"), ("12.50 EUR", "EUR", ".", "12.50"),
        ("CHF 1'627.34", "CHF", ".", "1627.34"), ("1’627.34", "CHF", ".", "1627.34"), ("-1'627.34", "CHF", ".", "-1627.34"),
        ("450 kr", "SEK", ".", "450.00"), ("1 450,00 Kč", "CZK", ",", "1450.00"), ("R$ 1.450,00", "BRL", ",", "1450.00"), ("₩12,000", "KRW", ".", "12000.00"),
        ("12,34,567.00", "INR", ".", "1234567.00"), ("12,34,567.00", "USD", ".", None), ("1'2'3", "CHF", ".", None),
        ("USD 100", "USD", ".", "100.00"), ("USD 100", "EUR", ".", None), ("€100", "USD", ".", None), ("HK$100", "USD", ".", None), ("US$100", "USD", ".", "100.00"),
        ("100元", "CNY", ".", "100.00"), ("RMB 100", "USD", ".", None), ("$100", "TWD", ".", "100.00"), ("-5-", "EUR", ".", None), ("(5-)", "EUR", ".", None),
    ],
)  # fmt: skip
def test_amounts_as_they_are_written_elsewhere(con: duckdb.DuckDBPyConnection, text: str, currency: str, decimal: str, amount: str | None) -> None:
    export = Export(currency=currency, timezone="UTC", decimal=decimal)
    assert cast(con, "amount", text, export) == (None if amount is None else Decimal(amount))


@pytest.mark.parametrize(
    ("sql", "value", "amount"),
    [
        ("DOUBLE", 1234.5600000000002, "1234.56"), ("DOUBLE", 1234.567, None), ("DOUBLE", float("nan"), None), ("DOUBLE", 1e30, None),
        ("BIGINT", 5, "5.00"), ("DECIMAL(18,4)", "1.2500", "1.25"), ("DECIMAL(18,4)", "1.2501", None), ("HUGEINT", 10**20, None),
    ],
)  # fmt: skip
def test_typed_amounts(con: duckdb.DuckDBPyConnection, sql: str, value: Any, amount: str | None) -> None:
    assert cast(con, "amount", value, sql=sql) == (None if amount is None else Decimal(amount))


def test_decimal_comma_and_cents(con: duckdb.DuckDBPyConnection) -> None:
    comma = Export(currency="EUR", timezone="Europe/Berlin", decimal=",")
    assert cast(con, "amount", "1.234,50", comma) == Decimal("1234.50")
    assert cast(con, "number", "7,5", comma) == 7.5
    assert cast(con, "integer", "1.200", comma) == 1200
    assert cast(con, "amount", "123456", map=ColumnMap(divide=100)) == Decimal("1234.56")
    assert cast(con, "amount", 123456, sql="BIGINT", map=ColumnMap(divide=100)) == Decimal("1234.56")
    assert cast(con, "amount", "12345.67", map=ColumnMap(divide=100)) is None  # less than a cent is left


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-10-31", date(2026, 10, 31)), ("2026/1/5", date(2026, 1, 5)), ("2026.1.5", date(2026, 1, 5)), ("20260105", date(2026, 1, 5)),
        ("2026年1月5日", date(2026, 1, 5)), ("46027", date(2026, 1, 5)), ("46027.75", date(2026, 1, 5)), ("2026-01-05 23:59:59", date(2026, 1, 5)),
        ("2026-01-05T20:00:00Z", date(2026, 1, 6)), ("２０２６－０１－０５", date(2026, 1, 5)), ("2024-02-29", date(2024, 2, 29)),
        ('="2026-01-05"', date(2026, 1, 5)),
        ("2026-02-30", None), ("2026-13-01", None), ("05/01/2026", None), ("1/5/26", None), ("1900-01-01", None), ("2206-01-05", None),
        ("last Tuesday", None), ("1.5", None), ("12345", None), ("infinity", None), ("2026", None), ("0", None),
    ],
)  # fmt: skip
def test_dates(con: duckdb.DuckDBPyConnection, text: str, day: date | None) -> None:
    assert cast(con, "date", text) == day


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2026-01-05T00:00:00Z", 5), ("2026-01-05 00:00:00.000+0000", 5), ("2026-01-05T00:00:00+08:00", 5), ("2026-01-05T04:59:00Z", 4), ("2026-01-05T05:00:00Z", 5),
    ],
)  # fmt: skip
@pytest.mark.parametrize("sql", ["VARCHAR", "TIMESTAMPTZ"])
def test_a_day_put_as_its_midnight_is_that_day_west_of_it_too(con: duckdb.DuckDBPyConnection, cell: str, day: int, sql: str) -> None:
    new_york = Export(currency="USD", timezone="America/New_York")
    if sql == "VARCHAR" or cell != "2026-01-05T00:00:00+08:00":  # a typed moment doesn't say where it was midnight
        assert cast(con, "date", cell, new_york, sql.replace("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE")) == date(2026, 1, day)


def test_a_date_format_is_tried_first_and_never_guessed(con: duckdb.DuckDBPyConnection) -> None:
    british = Export(currency="GBP", timezone="Europe/London", date_format="%d/%m/%Y")
    assert cast(con, "date", "05/01/2026", british) == date(2026, 1, 5)
    assert cast(con, "date", "31/13/2026", british) is None
    assert cast(con, "date", "2026-01-05", british) == date(2026, 1, 5)
    assert cast(con, "month", "05/01/2026", british) == date(2026, 1, 1)


@pytest.mark.parametrize(
    ("text", "pattern", "day"),
    [
        ("930101", "%y%m%d", date(1993, 1, 1)), ("090101", "%y%m%d", date(2009, 1, 1)), ("20260105", "%Y%m%d", date(2026, 1, 5)),
        ("05012026", "%d%m%Y", date(2026, 1, 5)), ("931107 00:00:00", "%y%m%d %H:%M:%S", date(1993, 11, 7)), ("05JAN26", "%d%b%y", date(2026, 1, 5)),
        ("990101 8:22:09", "%y%m%d %H:%M:%S", date(1999, 1, 1)), ("90101 8:22:09", "%y%m%d %H:%M:%S", None), ("20260105 3 PM", "%Y%m%d %I %p", date(2026, 1, 5)),
        ("90101", "%y%m%d", None), ("50315", "%y%m%d", None), ("2026105", "%Y%m%d", None), ("1012026", "%d%m%Y", None), ("2026-01-05", "%y%m%d", date(2026, 1, 5)), ("46027", "%d/%m/%Y", date(2026, 1, 5)),
    ],
)  # fmt: skip
def test_digits_without_marks_are_read_whole_or_not_at_all(con: duckdb.DuckDBPyConnection, text: str, pattern: str, day: date | None) -> None:
    assert cast(con, "date", text, Export(currency="CZK", timezone="UTC", date_format=pattern)) == day


@pytest.mark.parametrize(
    ("text", "pattern", "moment"),
    [
        ("05/01/2026 23:30 +0000", "%d/%m/%Y %H:%M %z", "2026-01-06 07:30:00"), ("05/01/2026 23:30 +08:00", "%d/%m/%Y %H:%M %z", "2026-01-05 23:30:00"),
        ("05/01/2026 23:30 UTC", "%d/%m/%Y %H:%M %Z", "2026-01-06 07:30:00"),
    ],
)  # fmt: skip
def test_a_format_with_a_zone_is_turned_into_the_exports(con: duckdb.DuckDBPyConnection, text: str, pattern: str, moment: str) -> None:
    read = cast(con, "time", text, Export(currency="CNY", timezone="Asia/Shanghai", date_format=pattern))
    assert str(read) == moment
    assert str(cast(con, "date", text, Export(currency="CNY", timezone="Asia/Shanghai", date_format=pattern))) == moment[:10]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-05 10:00:00", "2026-01-05 10:00:00"), ("2026/1/5 9:30", "2026-01-05 09:30:00"), ("2026-01-05T10:00:00+08:00", "2026-01-05 10:00:00"),
        ("2026-01-05T02:00:00Z", "2026-01-05 10:00:00"), ("2026-01-05 02:00:00 +0000", "2026-01-05 10:00:00"),
        ("2026-01-05T07:30:00+05:30", "2026-01-05 10:00:00"), ("2026-01-04T21:00:00-05:00", "2026-01-05 10:00:00"),
        ("46027.416666667", "2026-01-05 10:00:00"), ("20260105100000", "2026-01-05 10:00:00"), ("2026年1月5日10时0分", "2026-01-05 10:00:00"),
        ("2026-01-05", "2026-01-05 00:00:00"), ("2100-12-31 23:59:59", "2100-12-31 23:59:59"),
        ("last Tuesday", None), ("2026-01-05 25:00:00", None), ("2026-01-05 10:00:00 XYZ", None), ("2026-01-05T10:00:00+99:00", None),
    ],
)  # fmt: skip
def test_times(con: duckdb.DuckDBPyConnection, text: str, moment: str | None) -> None:
    assert cast(con, "time", text) == (None if moment is None else datetime.fromisoformat(moment))


@pytest.mark.parametrize(
    ("text", "first"),
    [("2026-10", date(2026, 10, 1)), ("202610", date(2026, 10, 1)), ("2026年10月", date(2026, 10, 1)), ("2026/3", date(2026, 3, 1)),
     ("2026-10-31", date(2026, 10, 1)), ("Oct-26", None), ("2026-13", None)],
)  # fmt: skip
def test_months(con: duckdb.DuckDBPyConnection, text: str, first: date | None) -> None:
    assert cast(con, "month", text) == first


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("00123", "00123"), ('="00123"', "00123"), ("'00123", "00123"), ("\t00123", "00123"), (" C1 ", "C1"), ("110101199003070123", "110101199003070123"),
        ("C-1E+2", "C-1E+2"), ("1.10101E+17", None), ("1.1E+17", None), ("#N/A", None), ("#REF!", None), ("  ", None), ("#12", "#12"),
    ],
)  # fmt: skip
def test_identifiers(con: duckdb.DuckDBPyConnection, text: str, key: str | None) -> None:
    assert cast(con, "id", text) == key


def test_typed_identifiers_lose_no_digit(con: duckdb.DuckDBPyConnection) -> None:
    assert cast(con, "id", 110101199003070123, sql="BIGINT") == "110101199003070123"
    assert cast(con, "id", 123.0, sql="DOUBLE") == "123"
    assert cast(con, "id", 1.10101199003070123e17, sql="DOUBLE") is None
    assert cast(con, "id", 1.5, sql="DOUBLE") is None


def test_numbers_flags_codes_and_ranges(con: duckdb.DuckDBPyConnection) -> None:
    assert [cast(con, "integer", text) for text in ("30", "1,200", "30.0", "30.5", "M2", "")] == [30, 1200, 30, None, None, None]
    assert [cast(con, "number", text) for text in ("7.5", "1e3", "-2", "abc", ".", "inf")] == [7.5, 1000.0, -2.0, None, None, None]
    assert [cast(con, "flag", text) for text in ("是", "NO", "1", "maybe")] == [True, False, True, None]
    assert [cast(con, "code", text, codes="state") for text in ("open", " OPEN ", "在催", "gone")] == ["open", "open", "open", None]
    assert [cast(con, "number", text, range=(0, 100)) for text in ("100", "100.1")] == [100.0, None]


def test_readable_tells_out_of_range_from_unreadable(con: duckdb.DuckDBPyConnection) -> None:
    values: dict[str, Any] = {}
    expression = readable(column("date"), Cell("c0", "VARCHAR"), SHANGHAI, values)
    rows = [con.execute(f"select {expression} from (select $c as c0)", {**values, "c": text}).fetchone() for text in ("1900-01-01", "x")]
    assert rows == [(date(1900, 1, 1),), (None,)]


def test_a_value_map_comes_first_and_may_map_to_nothing(con: duckdb.DuckDBPyConnection) -> None:
    chosen = ColumnMap(codes={"A": "open", "N/A": ""})
    assert [cast(con, "code", text, codes="state", map=chosen) for text in (" A ", "N/A", "open")] == ["open", None, "open"]
    values: dict[str, Any] = {}
    source = mapped(Cell("c0", "VARCHAR", chosen), values)
    rows = con.execute(f"select {present(source)} from (select unnest(['A', 'N/A', '', ' ']) as c0)", values).fetchall()
    assert [row[0] for row in rows] == [True, False, False, False]


def test_every_code_list_has_a_name() -> None:
    assert all(column.codes in contract().codes for table in contract().tables.values() for column in table.columns.values() if column.codes)


@pytest.mark.parametrize("kind", ["VARCHAR", "TIMESTAMP"])
def test_no_reading_makes_a_join(con: duckdb.DuckDBPyConnection, kind: str) -> None:
    """A join loses the order of a file's rows, and with it their lines."""
    for table in contract().tables.values():
        values: dict[str, Any] = {}
        cell = Cell("c0", kind)
        read = ", ".join(f"{readable(wanted, cell, SHANGHAI, values)} as {wanted.id}__" for wanted in table.loaded)
        checks = [bad(wanted, cell) for wanted in table.loaded] + ["is_totals(c0)"] * (kind == "VARCHAR")
        sql = f"select {', '.join(checks)}, * from (select c0, {read} from (select c0::{kind} as c0 from range(9) as t (c0)))"
        ((_, plan),) = con.execute(f"explain {sql}", values).fetchall()
        assert "Join" not in plan and "Cross" not in plan, f"{table.id} of {kind}: {plan}"
