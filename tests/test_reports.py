"""Reports: limits left open are no limits, one line at a time, and roll-ups answer what the rows answer."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from dashboard.attribution import credits
from dashboard.filters import Filters
from dashboard.home import Home
from dashboard.relating import Tables
from dashboard.warehouse import QueryFailed, Warehouse

OPEN = dict.fromkeys(("product", "bucket", "region", "team", "batch", "teams"))
SPAN = {"start": date(2026, 3, 1), "until": date(2026, 8, 31)}
ASKED: list[tuple[str, dict[str, Any]]] = [
    ("state_months", {name: None for name in OPEN if name != "bucket"}),
    ("promise_states", {**SPAN, "grace": 3, "tolerance": "0.95", **OPEN}),
    ("promise_states", {"start": date(2026, 3, 11), "until": date(2026, 8, 20), "grace": 7, "tolerance": "1.00", **OPEN}),
    ("cap_use_numbers", {**SPAN, "counts": "call", "cap": 2, "least": 1, "by_case": True, "by_contact": None, **OPEN}),
    ("times", {**SPAN, "event": "payment", "dimension": "product", "most": 6, **OPEN}),
    ("plan_times", {**SPAN, "dimension": "product", "most": 6, **OPEN}),
    ("plan_ahead", OPEN),
]


@pytest.fixture(scope="module")
def warehouse(loaded_home: Path) -> Warehouse:
    return Warehouse(Home(loaded_home).info())


@pytest.mark.parametrize(("report", "asked"), ASKED, ids=lambda one: one if isinstance(one, str) else "")
def test_an_open_limit_is_one_that_names_every_value(warehouse: Warehouse, report: str, asked: dict[str, Any]) -> None:
    """Limited to all products it is answered from the rows, without a limit from a roll-up where one holds enough."""
    rows = warehouse.run(report, asked)
    assert rows == warehouse.run(report, {**asked, "product": warehouse.values("product")})
    assert rows and any(value for value in rows[-1].values())


def test_roll_ups_are_used_and_equal_the_rows(warehouse: Warehouse) -> None:
    for report, asked in ASKED[:2]:
        sql, _ = warehouse._report(report, asked)
        assert "_by_" in sql, report
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Tables, "smallest", lambda self, base, *of_it: base)
            rows = warehouse.run(report, asked)
        assert rows == warehouse.run(report, asked)
    sql, _ = warehouse._report(*ASKED[2])
    assert "_by_" not in sql, "a roll-up by months can't answer parts of months"


def test_a_limit_beside_an_open_one_still_holds(warehouse: Warehouse) -> None:
    first = warehouse.run("pay_names", {"names": True, "teams": None, "collector": None})[0]["collector_id"]
    assert [row["collector_id"] for row in warehouse.run("pay_names", {"names": True, "teams": None, "collector": first})] == [first]


def test_missing_and_surplus_parameters_are_named(warehouse: Warehouse) -> None:
    with pytest.raises(QueryFailed, match="teams"):
        warehouse.run("state_months", {"product": None, "region": None, "team": None, "batch": None})
    with pytest.raises(QueryFailed, match="nonsense"):
        warehouse.run("state_months", {**ASKED[0][1], "product": ["Card"], "nonsense": None})


@pytest.mark.parametrize(
    ("by", "where", "used"),
    [
        (credits.CUT, {"touch_window": "30", "touch_rule": "reached"}, True),
        (credits.CUT, {}, False),
        (("channel", "month"), {"product": None}, True),
        (("channel",), {"touch_rule": "any"}, False),  # it holds what counts unless told
        (("touch_window",), {}, False),
        (("channel", "region"), {}, False),
        (("channel",), {"bucket": "M1"}, False),  # where a case was when two months began
    ],
)
def test_credits_by_month_are_what_the_postings_are_credited(
    warehouse: Warehouse, by: tuple[str, ...], where: dict[str, str | None], used: bool
) -> None:
    last = warehouse.info.as_of.replace(day=1)
    filters = Filters((last - timedelta(days=1)).replace(day=1), warehouse.info.as_of)
    for name, value in where.items():
        filters = filters.choosing(name, (value or warehouse.values(name)[0],))
    asked: list[str] = []
    fetch = warehouse._fetch
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warehouse, "_fetch", lambda sql, values, name: asked.append(sql) or fetch(sql, values, name))  # type: ignore[func-returns-value]
        quick = warehouse.measure(credits.ASKED, by, filters=filters).rows
        assert any("credits_by_channel" in sql for sql in asked) == used
        patch.setattr(Tables, "_kept", lambda *_: None)
        assert warehouse.measure(credits.ASKED, by, filters=filters).rows == quick and len(quick) > 0


def test_rows_stand_in_the_order_of_their_cuts(warehouse: Warehouse) -> None:
    """By the first cut, within it by the second; buckets by how late they are."""
    ranks = {bucket: rank for rank, bucket in enumerate(warehouse.values("bucket"))}
    filters = Filters(SPAN["start"], SPAN["until"])
    found = warehouse.measure(("opening_amount",), ("bucket", "month"), filters=filters).rows
    keys = [(ranks[row["bucket"]], row["month"]) for row in found]
    assert keys == sorted(keys) and len({bucket for bucket, _ in keys}) > 2 and len({month for _, month in keys}) == 6
    found = warehouse.measure(("opening_amount",), ("month", "bucket"), filters=filters).rows
    keys_by_month = [(row["month"], ranks[row["bucket"]]) for row in found]
    assert keys_by_month == sorted(keys_by_month) and len(keys_by_month) == len(keys)


@pytest.mark.parametrize("report", ["collectors", "bucket_ranks"])
def test_columns_hold_what_the_rows_hold(warehouse: Warehouse, report: str) -> None:
    """Texts, among them those that aren't there, and numbers; of equal texts of a column there is one."""
    rows, columns = warehouse.run(report), warehouse.arrays(report)
    assert [*columns] == [*rows[0]]
    for name, values in columns.items():
        if values.dtype == object:
            assert values.tolist() == [row[name] for row in rows]
            assert len({id(value) for value in values}) == len({*values})
        elif values.dtype.kind == "i":
            assert values.tolist() == [row[name] for row in rows]
    if report == "collectors":
        assert None in columns["agency"] and len({*columns["team"]}) < len(rows)
        told = warehouse.arrays(report, absent="nobody's")
        assert told["agency"].tolist() == [row["agency"] or "nobody's" for row in rows] and told["team"].tolist() == columns["team"].tolist()


def test_columns_without_rows(warehouse: Warehouse) -> None:
    columns = warehouse.arrays("held_mix", {"first": -2, "last": -1})
    assert columns and all(len(values) == 0 for values in columns.values())
    never = date(1900, 1, 1)
    columns = warehouse.arrays("pay_payments", {"start": never, "until": never, "late_from": never, "late_until": never})
    assert columns["payment_id"].tolist() == columns["cents"].tolist() == []
