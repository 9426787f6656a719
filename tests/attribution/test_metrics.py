"""A worked example for every metric of attribution and of arms followed, by hand from the tables drawn here."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.conftest import Given

D = Decimal
CASES = """
    case_id | customer_id | product | placed_on  | placed_balance | strategy
    C1      | U1          | card    | 2026-01-20 | 1000           | holdout
    C2      | U2          | card    | 2026-02-01 | 2000           | calls
    C3      | U3          | loan    | 2026-02-03 | 500            | calls
    C4      | U4          | loan    | 2026-02-20 | 800            | holdout
    C5      | U5          | loan    | 2026-03-31 | 700            | calls
"""
CUSTOMERS = """
    customer_id | credit_score
    U1          | 500
    U2          | 619
    U3          |
    U4          | 700
    U5          | 600
"""
CONTACTS = """
    contact_id | case_id | started_at          | channel | direction | outcome      | collector_id | cost
    K1         | C1      | 2026-02-01 10:00:00 | sms     | outbound  | delivered    |              | 0.10
    K2         | C1      | 2026-02-20 10:00:00 | phone   | outbound  | conversation | W1           | 1.50
    K3         | C1      | 2026-02-24 10:00:00 | phone   | outbound  | no_answer    | W1           | 0.50
    K4         | C1      | 2026-02-25 10:00:00 | sms     | outbound  | delivered    |              | 0.10
    K5         | C1      | 2026-02-26 09:00:00 | phone   | inbound   | conversation |              | 0.30
    K6         | C1      | 2026-02-27 10:00:00 | email   | outbound  | delivered    |              | 0.01
    K7         | C2      | 2026-02-10 10:00:00 | bot     | outbound  | answered     |              | 0.20
    K8         | C3      | 2026-02-04 10:00:00 | letter  | outbound  | undelivered  |              | 2.00
"""
PAYMENTS = """
    payment_id | case_id | paid_on    | amount | kind     | status  | reverses
    P1         | C1      | 2026-02-26 | 100.01 | payment  | posted  |
    P2         | C3      | 2026-02-15 | 50.00  | payment  | posted  |
    P3         | C2      | 2026-02-10 | 30.00  | payment  | posted  |
    P4         | C2      | 2026-02-16 | -30.00 | reversal | posted  | P3
    P5         | C2      | 2026-02-20 | -5.00  | reversal | posted  |
    P6         | C2      | 2026-02-12 | 70.00  | payment  | pending |
"""

#: February 2026; 30 days and contacts that arrived. P1 comes after sms (25 days), phone (6) and sms (1), P3 and its reversal after bot on
#: the day itself; P2 (its letter didn't arrive) and P5 (no payment to follow) after no touch. C2 and C3 are followed, C4 is too young.
WORKED: dict[str, Any] = {
    "attributed_last_amount": {"sms": D("100.01"), "bot": D("0.00"), "none": D("45.00")},
    "attributed_first_amount": {"sms": D("100.01"), "bot": D("0.00"), "none": D("45.00")},
    # 10001 cents in thirds from the last back: 3333, 3334, 3334
    "attributed_linear_amount": {"sms": D("66.67"), "phone": D("33.34"), "bot": D("0.00"), "none": D("45.00")},
    # weights 906, 552, 84 of 1542: 5876, 3580, 545
    "attributed_decay_amount": {"sms": D("64.21"), "phone": D("35.80"), "bot": D("0.00"), "none": D("45.00")},
    "touched_payments": {"sms": 1, "bot": 1, "none": 1},
    "path_starts": {"sms": 1, "bot": 1},
    "path_steps": {"sms": 2, "phone": 1, "bot": 1},
    "cost_per_attributed": {"sms": 0.2 / 100.01},
    "followed_cases": 2,
    "followed_paid_cases": 1,  # C3; what C2 paid was taken back
    "followed_paid_rate": 1 / 2,
    "followed_net_amount": D("45.00"),  # C3 50; C2 30 − 30 − 5
    "followed_placed_amount": D("2500.00"),
    "followed_cost_amount": D("2.20"),
}
BY_CHANNEL = [name for name, value in WORKED.items() if isinstance(value, dict)]
OTHERS = [name for name in WORKED if name not in BY_CHANNEL]


@pytest.fixture
def shop(given: Callable[..., Given]) -> Given:
    return given(cases=CASES, customers=CUSTOMERS, contacts=CONTACTS, payments=PAYMENTS, as_of="2026-03-10")


def test_credits_of_a_month(shop: Given) -> None:
    rows = shop.rows(BY_CHANNEL, by="channel", start="2026-02-01", until="2026-02-28")
    for name in BY_CHANNEL:
        # a reversal in full leaves its channel with nothing
        found = {row["channel"]: row[name] for row in rows if row[name] or row["channel"] in WORKED[name]}
        assert found == pytest.approx(WORKED[name]) if name == "cost_per_attributed" else found == WORKED[name], name


def test_followed_cases_of_a_month(shop: Given) -> None:
    (row,) = shop.rows(OTHERS, start="2026-02-01", until="2026-02-28")
    assert {name: row[name] for name in OTHERS} == {name: WORKED[name] for name in OTHERS}


def test_other_windows_and_any_attempt(shop: Given) -> None:
    def last(**where: str) -> dict[str, Decimal]:
        rows = shop.rows("attributed_linear_amount", by="channel", start="2026-02-26", until="2026-02-26", **where)
        return {row["channel"]: row["attributed_linear_amount"] for row in rows}

    assert last(touch_window="7") == {"sms": D("50.00"), "phone": D("50.01")}
    assert last(touch_window="14", touch_rule="any") == {"sms": D("33.33"), "phone": D("66.68")}  # the call nobody answered counts
    assert last(touch_rule="any") == {"sms": D("50.01"), "phone": D("50.00")}
    every = shop.rows("attributed_linear_amount", by=("touch_window", "touch_rule"), start="2026-02-01", until="2026-02-28")
    assert {row["attributed_linear_amount"] for row in every} == {D("145.01")} and len(every) == 8


def test_a_window_of_30_days_is_the_payments_day_and_the_30_before_it(given: Callable[..., Given]) -> None:
    shop = given(
        cases="case_id | placed_on\nC1 | 2026-01-01\nC2 | 2026-01-01\nC3 | 2026-01-01",
        contacts="""
            contact_id | case_id | started_at          | channel | direction | outcome
            K1         | C1      | 2026-02-03 23:00:00 | sms     | outbound  | delivered
            K2         | C2      | 2026-02-02 23:00:00 | sms     | outbound  | delivered
            K3         | C3      | 2026-03-05 09:00:00 | email   | outbound  | delivered
        """,
        payments="""
            case_id | paid_on    | amount
            C1      | 2026-03-05 | 100
            C2      | 2026-03-05 | 20
            C3      | 2026-03-05 | 3
        """,
        as_of="2026-03-31",
    )
    rows = shop.rows(["attributed_last_amount", "path_starts"], by="channel", start="2026-03-01", until="2026-03-31")
    assert {row["channel"]: (row["attributed_last_amount"], row["path_starts"]) for row in rows} == {
        "sms": (D("100.00"), 1), "email": (D("3.00"), 1), "none": (D("20.00"), 0),
    }  # fmt: skip


def test_rows_behind_a_credit(shop: Given) -> None:
    rows = shop.warehouse.rows("attributed_linear_amount", {"channel": "sms"}, filters=shop.filters(start="2026-02-01", until="2026-02-28"))
    assert [(row["case_id"], row["counted"]) for row in rows.rows] == [("C1", D("33.33")), ("C1", D("33.34"))] and rows.total == D("66.67")
    whole = shop.warehouse.rows("followed_paid_cases", {"strategy": "calls"}, filters=shop.filters())
    assert [row["case_id"] for row in whole.rows] == ["C3"]


def test_score_bands(shop: Given) -> None:
    found = {row["score_band"]: row["placed_cases"] for row in shop.rows("placed_cases", by="score_band")}
    assert found == {"": 1, "< 540": 1, "580–619": 1, "660+": 1}


def test_without_case_ids_on_contacts(given: Callable[..., Given]) -> None:
    shop = given(cases=CASES, payments=PAYMENTS, as_of="2026-03-10")
    assert shop.warehouse.missing("attributed_last_amount") == ("contacts.case_id",)
    assert shop.warehouse.missing("followed_cost_amount") == ("contacts.cost", "contacts.case_id")


def test_a_case_is_followed_once_its_last_day_is_over(given: Callable[..., Given]) -> None:
    """The first thirty days of a case placed on 1 February end with 2 March; what it pays on that day is within them, the day after isn't."""
    shop = given(
        cases="case_id | placed_on | strategy\nC1 | 2026-02-01 | calls\nC2 | 2026-02-02 | calls",
        payments="case_id | paid_on | amount\nC1 | 2026-03-02 | 10\nC2 | 2026-03-02 | 5",
        as_of="2026-03-02",
    )
    names = ("followed_cases", "followed_paid_cases", "followed_net_amount")
    row = shop.rows(names)[0]
    assert tuple(row[name] for name in names) == (1, 1, D("10.00"))
