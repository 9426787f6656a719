"""Whose cash it is under each rule: shares of every payment add up to one, cash to the cent, reversals go where their payment went."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dashboard.filters import Filters
from dashboard.home import Home
from dashboard.one_desk import RULES
from dashboard.warehouse import Warehouse
from tests.conftest import Given

EVERYTHING: dict[str, Any] = dict.fromkeys(("product", "region", "bucket", "batch"))
D = Decimal


@pytest.fixture
def shop(given: Callable[..., Given]) -> Given:
    """C1 goes from W1 to W2 on 10 February; C2 is with nobody from 10 February on."""
    return given(
        cases="case_id | placed_on | placed_balance\nC1 | 2026-01-05 | 1000\nC2 | 2026-01-05 | 1000",
        assignments="""
            case_id | assigned_at         | collector_id | released_at
            C1      | 2026-01-05 09:00:00 | W1           | 2026-02-09 18:00:00
            C1      | 2026-02-10 09:00:00 | W2           |
            C2      | 2026-01-05 09:00:00 | W1           | 2026-02-09 18:00:00
        """,
        collectors="collector_id | team\nW1 | A\nW2 | A",
        contacts="""
            case_id | started_at          | channel | direction | outcome      | party  | collector_id
            C1      | 2026-02-05 10:00:00 | phone   | outbound  | conversation | debtor | W1
            C1      | 2026-02-16 10:00:00 | phone   | outbound  | conversation | spouse | W2
            C2      | 2026-02-18 10:00:00 | bot     | outbound  | conversation | debtor |
        """,
        promises="""
            case_id | made_at             | due_on     | amount | collector_id
            C1      | 2026-02-05 10:00:00 | 2026-02-20 | 100    | W1
        """,
        payments="""
            payment_id | case_id | paid_on    | amount  | kind     | reverses
            P1         | C1      | 2026-02-20 | 100.05  | payment  |
            P2         | C2      | 2026-02-20 | 40.00   | payment  |
            P3         | C1      | 2026-02-03 | 30.00   | payment  |
            P4         | C1      | 2026-02-25 | -30.00  | reversal | P3
        """,
        as_of="2026-02-28",
    )  # fmt: skip


def credited(shop: Given, rule: str, days: int, each: bool = False, start: str = "2026-02-01") -> list[dict[str, Any]]:
    asked = {"start": start, "until": "2026-02-28", "rule": rule, "days": days, "each": each, **EVERYTHING}
    return shop.warehouse.run("credits", asked)


RULES_BY_HAND = [
    ("value_date", 30, {"W2": D("100.05"), "house": D("40.00"), "W1": D("0.00")}),  # P3 and its reversal are both W1's
    ("promise", 30, {"W1": D("100.05"), "house": D("40.00")}),  # P3 came before the promise
    ("promise", 7, {"house": D("140.05")}),
    ("contact", 30, {"W1": D("100.05"), "house": D("40.00")}),  # not the spouse, not the bot
    ("contact", 7, {"house": D("140.05")}),
    ("split", 30, {"W2": D("70.03"), "W1": D("30.02"), "house": D("40.00")}),  # 30% of 100.05 is 30.015, to the cent 30.02
    ("split", 7, {"W2": D("100.05"), "W1": D("0.00"), "house": D("40.00")}),  # ten days after the handover
]


def test_rules_by_hand(shop: Given) -> None:
    for rule, days, expected in RULES_BY_HAND:
        assert {row["collector_id"]: row["net_amount"] for row in credited(shop, rule, days)} == expected, (rule, days)


def test_a_reversal_goes_where_its_payment_went(shop: Given) -> None:
    for rule in RULES:
        found = {row["payment_id"]: row["collector_id"] for row in credited(shop, rule, 30, each=True)}
        assert found["P3"] == found["P4"], rule


@pytest.mark.parametrize(("rule", "days"), [("value_date", 30), ("promise", 30), ("contact", 7), ("split", 45)])
def test_shares_of_each_payment_add_up_to_one(loaded_home: Path, rule: str, days: int) -> None:
    """Over every payment of the sample; the sums are the net cash of the page, to the cent."""
    warehouse = Warehouse(Home(loaded_home).info())
    asked = {"start": warehouse.info.first_on, "until": warehouse.info.as_of, "rule": rule, "days": days, **EVERYTHING}
    shares: dict[str, Decimal] = {}
    cash: dict[str, Decimal] = {}
    for row in warehouse.run("credits", {**asked, "each": True}):
        shares[row["payment_id"]] = shares.get(row["payment_id"], D(0)) + row["payments"]
        cash[row["payment_id"]] = cash.get(row["payment_id"], D(0)) + row["net_amount"]
    assert set(shares.values()) == {D(1)}
    own = {row["payment_id"]: row["net_amount"] for row in warehouse.rows("net_amount", filters=_whole(warehouse)).rows}
    assert {name: amount for name, amount in own.items() if amount} == cash
    total = warehouse.measure(("net_amount",), filters=_whole(warehouse)).rows[0]["net_amount"]
    assert sum(row["net_amount"] for row in warehouse.run("credits", {**asked, "each": False})) == total


def _whole(warehouse: Warehouse) -> Filters:
    return Filters(warehouse.info.first_on, warehouse.info.as_of)
