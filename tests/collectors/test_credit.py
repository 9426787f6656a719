"""Whose cash it is under each rule: shares of every payment add up to one, cash to the cent, reversals go where their payment went."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dashboard.connection import connect
from dashboard.filters import Filters
from dashboard.home import Home
from dashboard.one_desk import RULES
from dashboard.warehouse import Warehouse
from tests.conftest import Given

EVERYTHING: dict[str, Any] = dict.fromkeys(("product", "region", "bucket", "batch", "collector"))
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
        collectors="collector_id | team\nW1 | A\nW2 | A\nW3 | A",
        contacts="""
            case_id | started_at          | channel | direction | outcome      | party  | collector_id
            C1      | 2026-02-05 10:00:00 | phone   | outbound  | conversation | debtor | W1
            C1      | 2026-02-16 10:00:00 | phone   | outbound  | conversation | spouse | W2
            C2      | 2026-02-18 10:00:00 | bot     | outbound  | conversation | debtor |
        """,
        promises="""
            case_id | made_at             | due_on     | amount | collector_id
            C1      | 2026-02-05 10:00:00 | 2026-02-20 | 100    | W3
        """,
        payments="""
            payment_id | case_id | paid_on    | amount  | kind     | reverses
            P1         | C1      | 2026-02-20 | 100.05  | payment  |
            P2         | C2      | 2026-02-20 | 40.00   | payment  |
            P3         | C1      | 2026-02-03 | 30.00   | payment  |
            P4         | C1      | 2026-02-25 | -30.00  | reversal | P3
            P5         | C1      | 2026-02-12 | 50.00   | payment  |
        """,
        as_of="2026-02-28",
    )  # fmt: skip


def credited(shop: Given, rule: str, days: str, start: str = "2026-02-01") -> dict[str, Decimal]:
    asked = {"start": date.fromisoformat(start), "until": date(2026, 2, 28), "credit_rule": rule, "credit_days": days, **EVERYTHING}
    return {row["collector_id"]: row["net_amount"] for row in shop.warehouse.run("credits", asked)}


def each(warehouse: Warehouse, rule: str, days: str) -> list[tuple[str, str, Decimal, Decimal]]:
    """Posting, collector, share and amount."""
    return (
        connect(warehouse.info.path)
        .cursor()
        .execute(
            "select payment_id, collector_id, posting_share, credited_amount from model.desk_credits where credit_rule = $rule and credit_days = $days",
            {"rule": rule, "days": days},
        )
        .fetchall()
    )


RULES_BY_HAND = [
    ("value_date", "30", {"W2": D("150.05"), "house": D("40.00"), "W1": D("0.00")}),  # P3 and its reversal are both W1's
    ("promise", "30", {"W3": D("150.05"), "house": D("40.00")}),  # who took the promise, not who talked; P3 came before it
    ("promise", "7", {"house": D("190.05")}),  # P5 came on the seventh day after it, which is one too many
    ("contact", "30", {"W1": D("150.05"), "house": D("40.00")}),  # not the spouse, not the bot
    ("contact", "7", {"house": D("190.05")}),
    ("contact", "14", {"W1": D("50.00"), "house": D("140.05")}),
    ("split", "30", {"W2": D("105.03"), "W1": D("45.02"), "house": D("40.00")}),  # 30% of 100.05 is 30.015, to the cent 30.02
    ("split", "7", {"W2": D("135.05"), "W1": D("15.00"), "house": D("40.00")}),  # P1 ten days after the handover, P5 two
]


def test_rules_by_hand(shop: Given) -> None:
    for rule, days, expected in RULES_BY_HAND:
        assert credited(shop, rule, days) == expected, (rule, days)
        assert credited(shop, rule, days, start="2026-02-02") == expected, "single postings say what the roll-up of whole months says"


def test_one_collector_against_all_others(shop: Given) -> None:
    for rule, days, expected in RULES_BY_HAND:
        asked = {"start": date(2026, 2, 1), "until": date(2026, 2, 28), "credit_rule": rule, "credit_days": days, **EVERYTHING, "collector": "W1"}
        found = {row["collector_id"]: row["net_amount"] for row in shop.warehouse.run("credits", asked)}
        others = [amount for who, amount in expected.items() if who not in ("W1", "house")]
        assert found == {who: amount for who, amount in expected.items() if who in ("W1", "house")} | ({"": sum(others)} if others else {}), rule


def test_who_holds_a_case_now(shop: Given) -> None:
    held = {who: shop.warehouse.run("held_cases", {"collector": who, "limit": 10, "offset": 0}) for who in ("W1", "W2")}
    assert held["W1"] == [], "what was let go isn't held"
    assert [(row["case_id"], row["held_from"], row["all_rows"]) for row in held["W2"]] == [("C1", date(2026, 2, 10), 1)]


def test_a_case_held_has_the_balance_and_bucket_it_has_come_to(given: Callable[..., Given]) -> None:
    """On 31 March. C1 has no balances: 1,000 − 900, 10 + 80 days. C2: the balance of February, 40 + 31 days. C3 was at zero then and stays so."""
    shop = given(
        cases="case_id | placed_on  | placed_balance | days_past_due\nC1 | 2026-01-10 | 1000 | 10\nC2 | 2026-01-10 | 800 | 0\nC3 | 2026-01-10 | 700 | 5",
        balances="case_id | as_of | balance | days_past_due\nC2 | 2026-02-28 | 600 | 40\nC3 | 2026-02-28 | 300 | 0",
        payments="case_id | paid_on | amount\nC1 | 2026-02-20 | 900\nC2 | 2026-02-20 | 200",
        collectors="collector_id\nW1",
        assignments="case_id | assigned_at | collector_id\nC1 | 2026-01-10 | W1\nC2 | 2026-01-10 | W1\nC3 | 2026-01-10 | W1",
        as_of="2026-03-31",
    )
    rows = shop.warehouse.run("held_cases", {"collector": "W1", "limit": 10, "offset": 0})
    assert [(row["case_id"], row["balance"], row["bucket"], row["net_amount"]) for row in rows] == [
        ("C2", D("600.00"), "M3", D("200.00")),
        ("C3", D("300.00"), "C", D("0.00")),
        ("C1", D("100.00"), "M3", D("900.00")),
    ]


def test_a_reversal_goes_where_its_payment_went(shop: Given) -> None:
    for rule in RULES:
        found = {payment: collector for payment, collector, *_ in each(shop.warehouse, rule, "30")}
        assert found["P3"] == found["P4"], rule


@pytest.mark.parametrize(("rule", "days"), [("value_date", "30"), ("promise", "30"), ("contact", "7"), ("split", "60")])
def test_shares_of_each_payment_add_up_to_one(loaded_home: Path, rule: str, days: str) -> None:
    """Over every payment of the sample; the sums are the net cash of the page, to the cent."""
    warehouse = Warehouse(Home(loaded_home).info())
    shares: dict[str, Decimal] = {}
    cash: dict[str, Decimal] = {}
    for payment, _, share, amount in each(warehouse, rule, days):
        shares[payment] = shares.get(payment, D(0)) + share
        cash[payment] = cash.get(payment, D(0)) + amount
    assert set(shares.values()) == {D(1)}
    own = {row["payment_id"]: row["net_amount"] for row in warehouse.rows("net_amount", filters=_whole(warehouse)).rows}
    assert {name: amount for name, amount in own.items() if amount} == cash
    total = warehouse.measure(("net_amount",), filters=_whole(warehouse)).rows[0]["net_amount"]
    asked = {"start": warehouse.info.first_on, "until": warehouse.info.as_of, "credit_rule": rule, "credit_days": days, **EVERYTHING}
    assert sum(row["net_amount"] for row in warehouse.run("credits", asked)) == total


@pytest.mark.parametrize("rule", RULES)
def test_whole_months_come_from_the_roll_up_and_say_what_postings_say(loaded_home: Path, rule: str) -> None:
    """One day less than a month can't: the two together with that day's are the month's."""
    warehouse = Warehouse(Home(loaded_home).info())
    values = {"credit_rule": rule, "credit_days": "30", **EVERYTHING}
    spans = [(date(2026, 8, 1), date(2026, 9, 30)), (date(2026, 8, 1), date(2026, 9, 29)), (date(2026, 9, 30), date(2026, 9, 30))]
    asked = [{"start": start, "until": until, **values} for start, until in spans]
    assert ["desk_credits_by_desk" in warehouse._report("credits", one)[0] for one in asked] == [True, False, False]
    assert "desk_credits_by_desk" not in warehouse._report("credits", {**asked[0], "credit_days": "7"})[0]
    whole, most, last = ({row["collector_id"]: row["net_amount"] for row in warehouse.run("credits", one)} for one in asked)
    assert len(whole) > 5 and whole == {who: most.get(who, D(0)) + last.get(who, D(0)) for who in {**most, **last}}


def _whole(warehouse: Warehouse) -> Filters:
    return Filters(warehouse.info.first_on, warehouse.info.as_of)


@pytest.mark.parametrize("order", [("W1", "W2"), ("W2", "W1")])
def test_of_talks_and_promises_at_one_moment_the_last_is_told_the_same_everywhere(given: Callable[..., Given], order: tuple[str, str]) -> None:
    """A system that tells no time of day: of talks the one further down counts, of promises the one with the later id; pay says so too."""
    shop = given(
        cases="case_id | placed_on\nC1 | 2026-01-05", collectors="collector_id | team\nW1 | A\nW2 | A",
        assignments="case_id | assigned_at | collector_id\nC1 | 2026-01-05 | W1",
        contacts="contact_id | case_id | started_at | channel | direction | outcome | party | collector_id\n"
        f"K9 | C1 | 2026-02-10 | phone | outbound | conversation | debtor | {order[0]}\n"
        f"K1 | C1 | 2026-02-10 | phone | outbound | conversation | debtor | {order[1]}",
        promises="promise_id | case_id | made_at | due_on | amount | collector_id\n"
        f"R9 | C1 | 2026-02-10 | 2026-02-20 | 100 | {order[1]}\nR1 | C1 | 2026-02-10 | 2026-02-20 | 100 | {order[0]}",
        payments="payment_id | case_id | paid_on | amount\nP1 | C1 | 2026-02-20 | 100", as_of="2026-02-28",
    )  # fmt: skip
    assert credited(shop, "contact", "30") == credited(shop, "promise", "30") == {order[1]: D("100.00")}
    talks = shop.warehouse.run("pay_talks", {"earliest": date(2026, 2, 1), "until": date(2026, 2, 28), "days": 30})
    assert [row["talker"] for row in talks] == [order[1]]


def test_a_handover_is_shared_for_as_many_days_as_are_said(given: Callable[..., Given]) -> None:
    """Taken over on 1 February: the seventh day of holding is the 7th, the eighth is beyond."""
    shop = given(
        cases="case_id | placed_on\nC1 | 2026-01-05",
        assignments="case_id | assigned_at | collector_id\nC1 | 2026-01-05 09:00:00 | W1\nC1 | 2026-02-01 09:00:00 | W2",
        collectors="collector_id\nW1\nW2",
        payments="case_id | paid_on | amount\nC1 | 2026-02-07 | 100\nC1 | 2026-02-08 | 1000",
        as_of="2026-02-28",
    )
    assert credited(shop, "split", "7") == {"W1": D("30.00"), "W2": D("1070.00")}
    assert credited(shop, "split", "14") == {"W1": D("330.00"), "W2": D("770.00")}
