"""When an instalment is paid and a plan broken: hand-worked cases of grace, reversals, prepayment, endings and plans after one another."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.conftest import Given

D = Decimal


def drawn(given: Callable[..., Given], plans: str, instalments: str, payments: str, as_of: str = "2026-06-30", **more: str) -> Given:
    """Cases C1 to C6 of 1000, placed on the first of January, with what is drawn of them."""
    cases = more.pop("cases", "\n".join(["case_id | placed_on | placed_balance", *(f"C{n} | 2026-01-01 | 1000" for n in range(1, 7))]))
    return given(cases=cases, plans=plans, instalments=instalments, payments=payments, as_of=as_of, **more)


def states(shop: Given) -> dict[str, tuple[str, str | None]]:
    """Each plan's state and the day it was over."""
    rows = shop.sql("select plan_id, plan_state, cast(exit_on as varchar) from model.plans")
    return {name: (state, day) for name, state, day in rows}


def judged(shop: Given, plan: str = "L1") -> list[tuple[int, str, Decimal]]:
    """A plan's instalments: state and what was paid on each."""
    return shop.sql("select number, instalment_state, paid_amount from model.instalments where plan_id = $plan order by number", plan=plan)


THREE = """
    plan_id | number | due_on     | amount
    L1      | 1      | 2026-02-10 | 100
    L1      | 2      | 2026-03-10 | 100
    L1      | 3      | 2026-04-10 | 100
"""
ONE = "plan_id | case_id | agreed_on\nL1 | C1 | 2026-01-20"


def test_paid_by_the_last_day_of_grace_and_completed(given: Callable[..., Given]) -> None:
    """The first on its due date, the second on the 13th, the last day of its grace, the third a month early."""
    shop = drawn(given, ONE, THREE, "case_id | paid_on | amount\nC1 | 2026-02-10 | 100\nC1 | 2026-03-13 | 200")
    assert judged(shop) == [(1, "paid", D("100.00")), (2, "paid", D("100.00")), (3, "paid", D("100.00"))]
    assert states(shop) == {"L1": ("completed", "2026-03-13")}
    assert shop.value("instalment_paid_rate") == 1.0 and shop.value("first_instalment_rate") == 1.0
    assert shop.value("plan_broken_rate") == 0.0  # January ended 150 days before the as-of day


def test_a_day_beyond_the_grace_breaks_a_plan_and_leaves_the_next_in_arrears(given: Callable[..., Given]) -> None:
    """The second comes on the 14th. By the third's day 200 of 300 are there: its own 100 are still to come."""
    shop = drawn(given, ONE, THREE, "case_id | paid_on | amount\nC1 | 2026-02-10 | 100\nC1 | 2026-03-14 | 100\nC1 | 2026-04-30 | 100")
    assert judged(shop) == [(1, "paid", D("100.00")), (2, "missed", D("0.00")), (3, "missed", D("0.00"))]
    assert states(shop) == {"L1": ("broken", "2026-03-13")}  # the day its grace ended; that all came in the end doesn't mend it
    (row,) = shop.rows(("instalments_due", "instalments_paid", "first_instalments_due", "first_instalments_paid", "plans_broken"))
    assert (row["instalments_due"], row["instalments_paid"]) == (3, 1)
    assert (row["first_instalments_due"], row["first_instalments_paid"], row["plans_broken"]) == (1, 1, 1)
    assert shop.value("instalment_paid_amount_rate") == pytest.approx(100 / 300)


def test_what_is_no_cash_pays_nothing(given: Callable[..., Given]) -> None:
    """Cash of before the agreement, a waiver, a payment that failed and one that was reversed, even if months later."""
    shop = drawn(
        given,
        "plan_id | case_id | agreed_on\nL1 | C1 | 2026-01-20\nL2 | C2 | 2026-01-20\nL3 | C3 | 2026-01-20\nL4 | C4 | 2026-01-20\nL5 | C5 | 2026-01-20",
        "\n".join(["plan_id | number | due_on | amount", *(f"L{n} | 1 | 2026-02-10 | 100" for n in range(1, 6))]),
        """
        payment_id | case_id | paid_on    | amount | kind     | status | reverses
        P1         | C1      | 2026-01-19 | 100    | payment  | posted | ''
        P2         | C2      | 2026-02-01 | 100    | waiver   | posted | ''
        P3         | C3      | 2026-02-01 | 100    | payment  | failed | ''
        P4         | C4      | 2026-02-01 | 100    | payment  | posted | ''
        R4         | C4      | 2026-05-01 | -100   | reversal | posted | P4
        P5         | C5      | 2026-01-20 | 100    | payment  | posted | ''
        """,
    )
    assert {name: state for name, (state, _) in states(shop).items()} == {
        "L1": "broken",
        "L2": "broken",
        "L3": "broken",
        "L4": "broken",
        "L5": "completed",  # paid on the day it was agreed
    }
    assert shop.value("first_instalment_rate") == 0.2


def test_instalments_are_judged_when_their_grace_is_over(given: Callable[..., Given]) -> None:
    """As of the 12th of March the second, due on the 10th, may still be paid: it counts on neither side, though part of it is there."""
    payments = "case_id | paid_on | amount\nC1 | 2026-02-08 | 130"
    shop = drawn(given, ONE, THREE, payments, as_of="2026-03-12")
    assert judged(shop) == [(1, "paid", D("100.00")), (2, "undue", D("30.00")), (3, "undue", D("0.00"))]
    assert states(shop) == {"L1": ("running", None)}
    assert shop.value("instalments_due") == 1 and shop.value("plans_observed") == 0 and shop.value("plan_broken_rate") is None
    later = drawn(given, ONE, THREE, payments, as_of="2026-03-13")
    assert judged(later)[1] == (2, "missed", D("30.00")) and states(later) == {"L1": ("broken", "2026-03-13")}


def test_how_a_plan_can_be_over_otherwise(given: Callable[..., Given]) -> None:
    """C1's plan is replaced, C2's case recalled, C3's plan ended with nothing due unpaid, C4's ended with its first unpaid, C5 recalled in grace."""
    shop = drawn(
        given,
        """
        plan_id | case_id | agreed_on  | ended_on
        L1      | C1      | 2026-01-20 | ''
        L1B     | C1      | 2026-02-25 | ''
        L2      | C2      | 2026-01-20 | ''
        L3      | C3      | 2026-01-20 | 2026-03-01
        L4      | C4      | 2026-01-20 | 2026-02-11
        L5      | C5      | 2026-01-20 | ''
        L6      | C6      | 2026-01-20 | 2027-01-01
        """,
        "\n".join(
            [
                "plan_id | number | due_on | amount",
                *(f"L{n} | {i} | 2026-0{i + 1}-10 | 100" for n in range(1, 7) for i in range(1, 4)),
                "L1B | 1 | 2026-03-25 | 50",
            ]
        ),
        """
        case_id | paid_on    | amount
        C1      | 2026-02-10 | 100
        C1      | 2026-02-25 | 50
        C2      | 2026-02-10 | 100
        C3      | 2026-02-12 | 100
        C6      | 2026-02-09 | 300
        """,
        cases="""
        case_id | placed_on  | placed_balance | closed_on  | close_reason
        C1      | 2026-01-01 | 1000           | ''         | ''
        C2      | 2026-01-01 | 1000           | 2026-03-05 | recalled
        C3      | 2026-01-01 | 1000           | ''         | ''
        C4      | 2026-01-01 | 1000           | ''         | ''
        C5      | 2026-01-01 | 1000           | 2026-02-12 | recalled
        C6      | 2026-01-01 | 300            | 2026-02-09 | paid
        """,
    )
    assert states(shop) == {
        "L1": ("replaced", "2026-02-25"),
        "L1B": ("completed", "2026-02-25"),  # the cash of that day is the new plan's
        "L2": ("closed", "2026-03-05"),
        "L3": ("ended", "2026-03-01"),
        "L4": ("broken", "2026-02-13"),  # what was due before its end is judged as ever
        "L5": ("closed", "2026-02-12"),  # its case left within the grace: neither paid nor missed
        "L6": ("completed", "2026-02-09"),
    }
    assert [state for _, state, _ in judged(shop, "L5")] == ["void"] * 3
    assert [state for _, state, _ in judged(shop, "L3")] == ["paid", "void", "void"]
    rows = {row["plan_state"]: row["plans_agreed"] for row in shop.rows("plans_agreed", by="plan_state")}
    assert rows == {"broken": 1, "closed": 2, "completed": 2, "ended": 1, "replaced": 1}


def test_what_is_not_supplied_is_unknown_and_named(given: Callable[..., Given]) -> None:
    cases = "case_id | placed_on | placed_balance\nC1 | 2026-01-01 | 1000"
    bare = given(cases=cases, plans="plan_id | case_id | agreed_on\nL1 | C1 | 2026-01-20", as_of="2026-03-31")
    answer = bare.warehouse.measure(
        ("plans_agreed", "plan_waived_amount", "affordability_rate", "first_instalment_rate", "plan_broken_rate", "arrangement_rate"),
        filters=bare.filters(),
    )
    assert answer.rows[0]["plans_agreed"] == 1 and answer.rows[0]["plan_waived_amount"] is None and answer.rows[0]["affordability_rate"] is None
    assert answer.missing["affordability_rate"] == ("plans.affordability_checked",)
    assert answer.missing["first_instalment_rate"] == ("instalments", "payments")
    assert answer.missing["plan_waived_amount"] == ("plans.waived_amount",)
    assert "contacts" in answer.missing["arrangement_rate"]
    # nor do the rows behind say what nothing tells: a state, or a check
    told = bare.warehouse.rows("plans_agreed", filters=bare.filters())
    assert {"plan_id", "agreed_on"} <= {*told.columns} and not {"plan_state", "affordability"} & {*told.columns}
    assert told.rows[0]["scheduled_amount"] is None
    none = given(cases=cases, as_of="2026-03-31")
    assert none.warehouse.missing("plans_agreed") == ("plans",) and none.value("plans_agreed") is None


def test_a_month_of_agreements_is_observed_whole_or_not_at_all(given: Callable[..., Given]) -> None:
    """March ended on the 31st, 90 days before the 29th of June: the day before, its plans have no break rate, the one of the 1st neither."""
    plans = "plan_id | case_id | agreed_on\nL1 | C1 | 2026-03-01\nL2 | C2 | 2026-03-31"
    instalments = "plan_id | number | due_on | amount\nL1 | 1 | 2026-05-27 | 100\nL2 | 1 | 2026-06-26 | 100"
    payments = "case_id | paid_on | amount\nC3 | 2026-03-01 | 1"
    young = drawn(given, plans, instalments, payments, as_of="2026-06-28")
    assert young.value("plan_broken_rate") is None
    # L1 missed its only instalment on the 30th of May, its day 90; L2's grace ended on the 29th of June, its day 90 too
    old = drawn(given, plans, instalments, payments, as_of="2026-06-29")
    assert (old.value("plans_observed"), old.value("plans_broken")) == (2, 2)


def test_a_plan_without_instalments_says_nothing_of_how_it_went(given: Callable[..., Given]) -> None:
    shop = drawn(given, f"{ONE}\nL2 | C2 | 2026-01-20", THREE, "case_id | paid_on | amount\nC1 | 2026-02-10 | 300")
    assert states(shop) == {"L1": ("completed", "2026-02-10"), "L2": ("unscheduled", None)}
    assert shop.value("plans_agreed") == 2 and shop.value("plans_observed") == 1
    assert shop.value("planned_balance_amount", start="2026-02-01", until="2026-02-28") == D("1000.00")  # L1's alone
