"""Figures of plans and follow-ups by hand: every metric of them, whose they are, and that the rows behind add up to them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from dashboard.access import Scope
from tests.conftest import Given

D = Decimal

CASES = "\n".join(["case_id | placed_on | placed_balance", *(f"C{n} | 2026-01-01 | 1000" for n in range(1, 7))])
TABLES: dict[str, str] = {
    "cases": CASES,
    "plans": """
        plan_id | case_id | agreed_on  | waived_amount | affordability_checked
        L1      | C1      | 2026-03-05 | 100           | yes
        L2      | C2      | 2026-03-20 | 0             | no
        L3      | C3      | 2026-06-10 | ''            | ''
    """,
    "instalments": """
        plan_id | number | due_on     | amount
        L1      | 1      | 2026-04-05 | 300
        L1      | 2      | 2026-07-05 | 400
        L2      | 1      | 2026-04-20 | 500
        L3      | 1      | 2026-07-10 | 250
    """,
    "payments": "case_id | paid_on | amount\nC1 | 2026-03-03 | 200\nC1 | 2026-04-06 | 300",
    "balances": """
        case_id | as_of      | balance | days_past_due
        C1      | 2026-02-28 | 1000    | 89
        C1      | 2026-03-31 | 800     | 120
        C1      | 2026-05-31 | 500     | 181
        C2      | 2026-02-28 | 600     | 89
        C2      | 2026-05-31 | 600     | 181
        C3      | 2026-05-31 | 900     | 181
    """,
    "followups": """
        followup_id | case_id | planned_on | done_on    | willingness | ability
        F1          | C1      | 2026-03-04 | 2026-03-04 | willing     | able
        F2          | C2      | 2026-03-20 | 2026-03-25 | wavering    | unknown
        F3          | C3      | 2026-06-09 | 2026-06-09 | unknown     | strained
        F4          | C4      | 2026-06-20 | ''         | ''          | ''
    """,
    "collectors": "collector_id | team\nW1 | A\nW2 | B",
    "assignments": """
        case_id | assigned_at         | collector_id
        C1      | 2026-01-01 09:00:00 | W1
        C1      | 2026-06-01 09:00:00 | W2
        C2      | 2026-01-01 09:00:00 | W2
        C3      | 2026-01-01 09:00:00 | W2
    """,
    "contacts": "\n".join(
        ["case_id | started_at | outcome | party", *(f"C{n} | 2026-03-0{n} 10:00:00 | conversation | debtor" for n in range(1, 5))]
    ),
}


#: All of the export, to the last of June. C1 opened March with 1000 and had paid 200 by the 5th. L1 is running, L2 broke on the 23rd of April,
#: L3 was agreed twenty days before the as-of day. Of the first half year's opening balances (the first of January) there are none.
WORKED: dict[str, Any] = {
    "plans_agreed": 3,
    "plan_scheduled_amount": D("1450.00"),
    "plan_balance_amount": D("2300.00"),
    "plan_waived_amount": D("100.00"),
    "plan_waived_rate": 100 / 2300,
    "arrangement_rate": 3 / 4,
    "plans_checked": 1,
    "affordability_rate": 1 / 3,
    "plans_observed": 2,
    "plans_broken": 1,
    "plan_broken_rate": 0.5,
    "first_instalments_due": 2,
    "first_instalments_paid": 1,
    "first_instalment_rate": 0.5,
    "instalments_due": 2,
    "instalments_paid": 1,
    "instalment_paid_rate": 0.5,
    "instalment_due_amount": D("800.00"),
    "instalment_paid_amount": D("300.00"),
    "instalment_paid_amount_rate": 300 / 800,
    "planned_balance_amount": D("500.00"),
    "plan_coverage_rate": 0.1,
    "followups_planned": 4,
    "followups_done": 3,
    "followups_due": 4,
    "followups_in_time": 2,
    "followup_in_time_rate": 0.5,
    "followups_overdue": 1,
    "followups_willingness": 2,
    "followups_willing": 1,
    "willing_rate": 0.5,
    "followups_ability": 2,
    "followups_able": 1,
    "able_rate": 0.5,
}
#: Those of what stands at the start of a period: of June.
AT_START = ("planned_balance_amount", "plan_coverage_rate")


@pytest.fixture(scope="module")
def shop(module_given: Callable[..., Given]) -> Given:
    """Three plans and four follow-ups of two teams."""
    return module_given(**TABLES, as_of="2026-06-30")


def test_every_metric(shop: Given) -> None:
    row = shop.rows(tuple(name for name in WORKED if name not in AT_START))[0] | shop.rows(AT_START, start="2026-06-01", until="2026-06-30")[0]
    for name, expected in WORKED.items():
        assert row[name] == (pytest.approx(expected, abs=1e-12) if isinstance(expected, float) else expected), name


def test_by_month_of_agreement(shop: Given) -> None:
    rows = {str(row["month"])[:7]: row for row in shop.rows(("plans_agreed", "plan_broken_rate"), by="month")}
    assert (rows["2026-03"]["plans_agreed"], rows["2026-03"]["plan_broken_rate"]) == (2, 0.5)
    assert (rows["2026-06"]["plans_agreed"], rows["2026-06"]["plan_broken_rate"]) == (1, None)  # too young to say


def test_whose_a_plan_is(shop: Given) -> None:
    """The holder's on the day it was agreed: C1 went to team B in June, its plan stays A's."""
    assert {row["team"]: row["plans_agreed"] for row in shop.rows("plans_agreed", by="team")} == {"A": 1, "B": 2}
    assert {row["affordability"]: row["plans_agreed"] for row in shop.rows("plans_agreed", by="affordability")} == {
        "checked": 1,
        "unchecked": 1,
        "": 1,
    }
    first = {row["team"]: row["first_instalment_rate"] for row in shop.rows("first_instalment_rate", by="team")}
    assert first == {"A": 1.0, "B": 0.0}
    leader = shop.warehouse.measure(("plans_agreed", "plan_broken_rate"), filters=shop.filters(), scope=Scope("leader", ("A",))).rows[0]
    assert (leader["plans_agreed"], leader["plan_broken_rate"]) == (1, 0.0)


def test_how_much_of_the_open_balance_is_on_running_plans(shop: Given) -> None:
    """On the first of June: C1's 500, of 2000 on balances and 1000 each of the three cases that have none. C2's plan broke, C3's came later."""
    june = {"start": "2026-06-01", "until": "2026-06-30"}
    row = shop.rows("plan_coverage_rate", **june)[0]
    assert (row["plan_coverage_rate_part"], row["plan_coverage_rate_whole"]) == (D("500.00"), D("5000.00"))
    by = {row["team"]: row["plan_coverage_rate_part"] for row in shop.rows("plan_coverage_rate", by="team", **june)}
    assert by["B"] == D("500.00")  # the opening balance is whose the case is then
    # of a period that begins on another day it is the balance of that day: C3's plan runs too
    assert shop.value("planned_balance_amount", start="2026-06-15", until="2026-06-30") == D("1400.00")
    # in April C1 opened with 800, and C2's plan was still running
    assert shop.value("planned_balance_amount", start="2026-04-01", until="2026-04-30") == D("1400.00")


def test_the_rows_behind_add_up_to_the_figures(shop: Given) -> None:
    for name in (
        "plans_agreed",
        "plan_balance_amount",
        "instalments_due",
        "first_instalments_paid",
        "instalment_paid_amount",
        "planned_balance_amount",
    ):
        filters = shop.filters(start="2026-04-01")
        rows = shop.warehouse.rows(name, filters=filters)
        assert rows.total == shop.warehouse.measure((name,), filters=filters).rows[0][name], name
        assert all("case_id" in row for row in rows.rows)
