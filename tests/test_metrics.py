"""A worked example for every metric, by hand from the tables drawn here; and the traps each one's row warns of."""

from __future__ import annotations

import ast
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dashboard import measuring, relating
from dashboard.filters import month_end
from dashboard.methods.intervals import wilson
from dashboard.metrics import UnknownName, dimensions, metrics
from dashboard.one_desk import credited_by
from dashboard.relating import Tables
from tests.conftest import Given

CASES = """
    case_id | product | region | placed_on  | placed_balance | days_past_due | closed_on  | close_reason
    C1      | card    | East   | 2026-01-10 | 1000           | 10            |            |
    C2      | card    | East   | 2026-01-20 | 2000           | 40            | 2026-04-15 | charged_off
    C3      | loan    | East   | 2026-02-05 | 500            | 5             | 2026-02-25 | paid
    C4      | loan    | South  | 2026-03-01 | 800            | 100           | 2026-05-20 | settled
    C5      | loan    | South  | 2026-06-10 | 300            | 1             |            |
    C6      | card    | South  | 2026-01-05 | 400            | 0             | 2026-04-02 | recalled
"""
BALANCES = """
    case_id | as_of      | balance | days_past_due
    C1      | 2026-01-31 | 1000    | 31
    C1      | 2026-02-28 | 600     | 0
    C1      | 2026-03-31 | 600     | 0
    C1      | 2026-04-30 | 600     | 20
    C1      | 2026-05-31 | 600     | 51
    C1      | 2026-06-30 | 600     | 81
    C2      | 2026-01-31 | 2000    | 51
    C2      | 2026-02-28 | 2000    | 79
    C2      | 2026-03-31 | 2050    | 110
    C4      | 2026-03-31 | 800     | 130
    C4      | 2026-04-30 | 800     | 160
    C5      | 2026-06-30 | 270     | 21
    C6      | 2026-01-31 | 400     | 0
    C6      | 2026-02-28 | 400     | 0
    C6      | 2026-03-31 | 400     | 15
"""
PAYMENTS = """
    payment_id | case_id | paid_on    | posted_on  | amount | kind     | status  | reverses
    P1         | C1      | 2026-02-10 | 2026-02-11 | 400    | payment  | posted  |
    P1         | C1      | 2026-02-10 | 2026-02-11 | 400    | payment  | posted  |
    P2         | C3      | 2026-02-25 | 2026-03-01 | 500    | payment  | posted  |
    P3         | C4      | 2026-05-20 | 2026-05-20 | 500    | payment  | posted  |
    P4         | C4      | 2026-05-20 | 2026-05-20 | 300    | waiver   | posted  |
    P5         | C5      | 2026-06-20 | 2026-06-20 | 30     | payment  | posted  |
    P6         | C2      | 2026-02-12 |            | 200    | payment  | pending |
    P7         | C1      | 2026-03-05 | 2026-03-05 | 100    | payment  | posted  |
    P8         | C1      | 2026-03-09 | 2026-03-09 | -100   | reversal | posted  | P7
    P9         | C2      | 2026-03-10 | 2026-03-10 | 50     | fee      | posted  |
"""
D = Decimal

#: February 2026. Open on the 1st: C1 1,000 (M2), C2 2,000 (M2), C6 400 (C). C3 is placed on the 5th and paid off on the 25th.
FEBRUARY: dict[str, Any] = {
    "exported_amount": D("1500.00"),  # P1 twice, P2, P6
    "duplicate_amount": D("400.00"),
    "unposted_amount": D("200.00"),
    "gross_amount": D("900.00"),
    "reversed_amount": D("0.00"),
    "net_amount": D("900.00"),
    "waived_amount": D("0.00"),
    "fee_amount": D("0.00"),
    "payment_count": 2,
    "ledger_amount": D("400.00"),  # P2 posts in March
    "reconciliation_gap": D("500.00"),
    "tie_out_gap": D("0.00"),
    "opening_amount": D("3400.00"),
    "opening_cases": 3,
    "recovery_rate": 900 / 3400,
    "worked_amount": D("3900.00"),
    "recovery_rate_worked": 900 / 3900,
    "paid_open_cases": 1,  # C1; C3 was not open on the 1st
    "period_paid_rate": 1 / 3,
    "placed_amount": D("500.00"),
    "placed_cases": 1,
    "paid_cases": 1,
    "paid_case_rate": 1.0,
    "settled_cases": 1,
    "settled_rate": 1.0,
    "settlement_waived_amount": D("0.00"),
    "settlement_claim_amount": D("500.00"),
    "discount_depth": 0.0,
    "time_to_first_payment": 20,
    "first_30_amount": D("500.00"),
    "to_date_amount": D("500.00"),
    "front_loading": 1.0,
    "cohort_net_amount": D("500.00"),
    "cohort_placed_amount": D("500.00"),
    "liquidation_rate": 1.0,
    "cohort_net_3_amount": D("500.00"),
    "cohort_placed_3_amount": D("500.00"),
    "liquidation_rate_3m": 1.0,
    "cohort_net_12_amount": None,  # not observed that long
    "cohort_placed_12_amount": None,
    "liquidation_rate_12m": None,
    "moved_cases": 3,  # C1 M2→C, C2 M2→M3, C6 C→C
    "moved_amount": D("3400.00"),
    "overdue_amount": D("3000.00"),
    "rolled_amount": D("2000.00"),
    "roll_rate": 2 / 3,
    "rolled_back_amount": D("1000.00"),
    "roll_back_rate": 1 / 3,
    "snapshot_from_amount": D("3000.00"),
    "snapshot_into_amount": D("2000.00"),
    "roll_rate_snapshot": 2 / 3,
    "current_amount": D("400.00"),
    "entered_amount": D("0.00"),
    "entry_rate": 0.0,
    "past_due_cases": 2,
    "cured_cases": 1,  # C1 is at zero at the end of February and of March
    "cure_rate": 1 / 2,
    "followed_cures": 1,
    "redefaulted_cases": 1,  # and 20 days past due at the end of April
    "redefault_rate": 1.0,
    "charged_off_amount": D("0.00"),
    "charged_off_year_amount": D("0.00"),
    "lagged_amount": D("0.00"),  # nothing was held six months earlier
    "charge_off_rate": None,
    "freshness": 20,  # no source speaks weekly; the slowest is the last placement, 10 June
}


@pytest.fixture(scope="module")
def shop(module_given: Callable[..., Given]) -> Given:
    return module_given(cases=CASES, balances=BALANCES, payments=PAYMENTS, as_of="2026-06-30")


def worked_elsewhere() -> set[str]:
    """The metrics that WORKED of a capability's own tests/NAME/test_metrics.py has examples for."""
    found: set[str] = set()
    for path in Path(__file__).parent.glob("*/test_metrics.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "WORKED":
                assert isinstance(node.value, ast.Dict)
                found |= {key.value for key in node.value.keys if isinstance(key, ast.Constant)}
    return found


def test_every_metric_has_a_worked_example() -> None:
    assert set(FEBRUARY) | worked_elsewhere() == set(metrics())


def test_every_metric_in_february(shop: Given) -> None:
    row = shop.rows(tuple(FEBRUARY), start="2026-02-01", until="2026-02-28")[0]
    for name, expected in FEBRUARY.items():
        assert row[name] == (pytest.approx(expected, abs=1e-12) if isinstance(expected, float) else expected), name


def test_waterfall_ties_out_in_every_month_and_in_all(shop: Given) -> None:
    parts = ("exported_amount", "duplicate_amount", "unposted_amount", "reversed_amount", "net_amount", "gross_amount")
    months = shop.rows(parts, by="month")
    total = shop.rows(parts)[0]
    assert total["net_amount"] == D("1430.00")
    for row in [*months, total]:
        assert row["exported_amount"] - row["duplicate_amount"] - row["unposted_amount"] == row["gross_amount"]
        assert row["gross_amount"] - row["reversed_amount"] == row["net_amount"]
    assert sum(row["net_amount"] for row in months) == total["net_amount"]


def test_recovery_by_bucket_is_by_the_bucket_at_the_start_and_adds_up(shop: Given) -> None:
    """C3, placed in February, has no bucket on the 1st: its cash stands apart and has no rate."""
    rows = shop.rows(("recovery_rate", "opening_amount"), by="bucket", start="2026-02-01", until="2026-02-28")
    assert [(r["bucket"], r["recovery_rate_part"], r["recovery_rate_whole"], r["recovery_rate"]) for r in rows] == [
        ("C", D("0.00"), D("400.00"), 0.0),
        ("M2", D("400.00"), D("3000.00"), pytest.approx(400 / 3000)),
        ("new", D("500.00"), D("0.00"), None),
    ]


@pytest.mark.parametrize("period", [("2026-02-01", "2026-02-28"), ("2026-02-10", "2026-03-20"), ("2026-02-01", "2026-03-31")])
def test_cash_of_a_case_that_left_stands_apart_from_that_of_a_new_one(given: Callable[..., Given], period: tuple[str, str]) -> None:
    """C1 closed in January, C2 is placed in February: the cash of both has no bucket that opened the period, each for its own reason."""
    shop = given(
        cases="case_id | placed_on | closed_on | close_reason\nC1 | 2026-01-05 | 2026-01-20 | recalled\nC2 | 2026-02-10 | |",
        payments="case_id | paid_on | amount\nC1 | 2026-02-12 | 10\nC2 | 2026-02-12 | 7",
        as_of="2026-03-31",
    )
    rows = shop.rows("net_amount", "bucket", start=period[0], until=period[1])
    assert {row["bucket"]: row["net_amount"] for row in rows} == {"left": D("10.00"), "new": D("7.00")}


def test_a_period_of_several_months_takes_the_bucket_at_its_own_start(shop: Given) -> None:
    """February to June: C1 began in M2 and stays there for all its cash, whatever it moved to later."""
    rows = shop.rows("net_amount", by="bucket", start="2026-02-01", until="2026-06-30")
    assert {r["bucket"]: r["net_amount"] for r in rows} == {"M2": D("400.00"), "new": D("1030.00")}


original = measuring.relation_sql


def test_opening_balance_on_any_day_agrees_with_the_quick_one_at_month_starts(shop: Given) -> None:
    """The day after a balances row both say the same; mid-month the last known stands, and what was placed since is added."""
    for month in (2, 3, 4, 5, 6):
        names = ("opening_amount", "opening_cases", "paid_open_cases")
        quick = shop.rows(names, start=date(2026, month, 1), until=month_end(date(2026, month, 1)))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(relating, "relation_sql", lambda name: original("stock_any_day" if name == "stock" else name))
            general = shop.rows(names, start=date(2026, month, 1), until=month_end(date(2026, month, 1)))
            patch.setattr(relating, "relation_sql", lambda name: original("stock_part_month" if name == "stock" else name))
            part = shop.rows(names, start=date(2026, month, 1), until=month_end(date(2026, month, 1)))
        assert quick == general == part
    # by 9 February nobody has paid; over February and March C1 has (its reversal cancels only March's 100)
    assert shop.value("paid_open_cases", start="2026-02-01", until="2026-02-09") == 0
    assert shop.value("paid_open_cases", start="2026-02-01", until="2026-03-31") == 1
    # on 10 February: C1 1,000, C2 2,000, C6 400 and C3, placed on the 5th, 500
    assert shop.value("opening_amount", start="2026-02-10", until="2026-02-20") == D("3900.00")


@pytest.mark.parametrize("by", [(), ("product",), ("quarter",)])
def test_calendars_say_of_several_months_who_paid_and_was_tried(given: Callable[..., Given], by: tuple[str, ...]) -> None:
    """C1's January payment is taken back in March, all of it; of C2's something stays; C3 paid in February; C4 never. Nobody answers C2 or C4.

    A calendar has sixty-two months, here from February 2021 on: what begins before is counted from the rows, as it always can be.
    """
    shop = given(
        cases="\n".join(["case_id | product | placed_on", *(f"C{n} | {'card' if n < 3 else 'loan'} | 2020-06-10" for n in (1, 2, 3, 4))]),
        payments="""
            payment_id | case_id | paid_on    | amount | kind     | reverses
            P1         | C1      | 2026-01-10 | 100    | payment  |
            P2         | C2      | 2026-01-10 | 100    | payment  |
            P3         | C3      | 2026-02-10 | 50     | payment  |
            P4         | C4      | 2021-01-15 | 10     | payment  |
            R1         | C1      | 2026-03-10 | -100   | reversal | P1
            R2         | C2      | 2026-03-10 | -60    | reversal | P2
        """,
        contacts="""
            contact_id | case_id | started_at          | channel | direction | outcome
            K1         | C1      | 2026-01-05 10:00:00 | phone   | outbound  | conversation
            K2         | C2      | 2026-01-05 10:00:00 | phone   | outbound  | no_answer
            K3         | C2      | 2026-02-05 10:00:00 | phone   | outbound  | no_answer
            K4         | C2      | 2026-03-05 10:00:00 | phone   | outbound  | busy
            K5         | C3      | 2026-03-05 10:00:00 | sms     | outbound  | delivered
            K6         | C4      | 2021-01-05 10:00:00 | phone   | outbound  | no_answer
        """,
        as_of="2026-03-31",
    )
    names = ("paid_open_cases", "opening_cases", "attempted_cases", "stock_attempts", "lost_cases")
    general = {"stock_months": "stock_part_month", "reach_months": "reach_any_period", "reach_months_attempts": "reach_any_period"}
    asked: list[str] = []
    for start, marked, told in (
        ("2026-01-01", True, (2, 4, 3, 5, 1)), ("2026-02-01", True, (1, 4, 2, 3, 0)), ("2021-02-01", True, (2, 4, 3, 5, 1)),
        ("2021-01-01", False, (3, 4, 4, 6, 1)),
    ):  # fmt: skip
        asked.clear()
        kept = shop.rows(names, by, start=start, until="2026-03-31")  # the year so far is a span of its own (model.reach_spans)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(relating, "relation_sql", lambda name: asked.append(name) or original(name))  # type: ignore[func-returns-value]
            patch.setattr(relating.Tables, "_spanned", lambda *_: False)
            quick = shop.rows(names, by, start=start, until="2026-03-31")
            patch.setattr(relating, "relation_sql", lambda name: original(general.get(name, name)))
            assert kept == quick == shop.rows(names, by, start=start, until="2026-03-31")
        assert by == ("quarter",) or (set(general) <= set(asked)) == marked
        assert by or tuple(quick[0][name] for name in names) == told
    # March alone: what came is less than what was taken back
    assert sum(row["paid_open_cases"] for row in shop.rows("paid_open_cases", by, start="2026-03-01", until="2026-03-31")) == 0


def test_a_payment_dated_after_the_last_day_has_not_been_made_in_a_month_still_running(given: Callable[..., Given]) -> None:
    shop = given(
        cases="case_id | placed_on\nC1 | 2026-01-01\nC2 | 2026-01-01",
        payments="case_id | paid_on | amount\nC1 | 2026-03-10 | 100\nC2 | 2026-03-25 | 100",
        as_of="2026-03-20",
    )
    for start in ("2026-02-01", "2026-02-02"):
        assert shop.value("paid_open_cases", start=start, until="2026-03-20") == 1


def test_without_balances_the_opening_balance_is_what_was_placed_less_net_cash(given: Callable[..., Given]) -> None:
    shop = given(
        cases="""
            case_id | placed_on  | placed_balance
            C1      | 2026-01-10 | 1000
            C2      | 2026-01-10 | 100
        """,
        payments="""
            case_id | paid_on    | amount
            C1      | 2026-01-20 | 300
            C1      | 2026-02-20 | 200
            C2      | 2026-01-20 | 150
        """,
        as_of="2026-03-31",
    )
    rows = shop.rows("opening_amount", by="month")
    assert [(r["month"], r["opening_amount"]) for r in rows] == [
        (date(2026, 1, 1), D("0.00")),
        (date(2026, 2, 1), D("700.00")),  # C2 overpaid: never below zero
        (date(2026, 3, 1), D("500.00")),
    ]


def test_liquidation_curve_stops_where_observation_stops(shop: Given) -> None:
    rows = shop.rows("liquidation_rate", by=("placed_month", "months_since_placement"))
    curve = {(r["placed_month"].month, r["months_since_placement"]): r["liquidation_rate"] for r in rows}
    assert curve[1, 0] == 0.0 and curve[1, 1] == pytest.approx(400 / 3400) and curve[1, 5] == pytest.approx(400 / 3400)
    assert (1, 6) not in curve and (6, 0) in curve and (6, 1) not in curve
    # by month alone: only cohorts that have been observed that long are in it, part and whole alike
    by_month = {r["months_since_placement"]: r for r in shop.rows("liquidation_rate", by="months_since_placement")}
    assert by_month[0]["liquidation_rate_whole"] == D("5000.00")
    assert by_month[3]["liquidation_rate_whole"] == D("4700.00")  # June's 300 is not there yet
    assert by_month[4]["liquidation_rate_whole"] == D("3900.00")


def test_an_unfinished_month_ends_no_cohort_month(given: Callable[..., Given]) -> None:
    shop = given(
        cases="""
            case_id | placed_on  | placed_balance
            C1      | 2026-01-10 | 1000
        """,
        payments="""
            case_id | paid_on    | amount
            C1      | 2026-02-05 | 300
        """,
        as_of="2026-02-14",
    )
    rows = shop.rows("liquidation_rate", by="months_since_placement")
    assert [(r["months_since_placement"], r["liquidation_rate"]) for r in rows] == [(0, 0.0)]
    answer = shop.warehouse.measure(["net_amount"], ["month"], filters=shop.filters())
    assert answer.partial == {date(2026, 2, 1)}


def test_migration_rows_sum_to_one_and_exits_stay_states(shop: Given) -> None:
    rows = shop.rows("moved_cases", by=("start_state", "end_state"), start="2026-03-01", until="2026-05-31")
    matrix = {(r["start_state"], r["end_state"]): r["moved_cases"] for r in rows}
    # March: C1 C→C, C2 M3→M4, C6 C→M1. April: C1 C→M1, C2 M4→charged off, C4 M5→M6, C6 M1→recalled. May: C1 M1→M2, C4 M6→settled
    assert matrix == {
        ("C", "C"): 1,
        ("C", "M1"): 2,
        ("M1", "M2"): 1,
        ("M1", "recalled"): 1,
        ("M3", "M4"): 1,
        ("M4", "charged_off"): 1,
        ("M5", "M6"): 1,
        ("M6", "settled"): 1,
    }


def test_the_ratio_of_snapshots_stops_before_the_open_bucket(given: Callable[..., Given]) -> None:
    """M7+ has no upper edge: all that ever got there is in it, so M6→M7+ is no ratio; M5→M6 is."""
    shop = given(
        cases="""
            case_id | placed_on  | placed_balance | days_past_due
            C1      | 2026-01-01 | 100            | 130
            C2      | 2026-01-01 | 300            | 170
            C3      | 2026-01-01 | 900            | 300
        """,
        balances="""
            case_id | as_of      | balance | days_past_due
            C1      | 2026-01-31 | 100     | 150
            C2      | 2026-01-31 | 300     | 180
            C3      | 2026-01-31 | 900     | 330
            C1      | 2026-02-28 | 100     | 178
            C2      | 2026-02-28 | 300     | 208
            C3      | 2026-02-28 | 900     | 358
        """,
        as_of="2026-02-28",
    )
    rows = shop.rows("roll_rate_snapshot", by="bucket", start="2026-02-01", until="2026-02-28")
    assert [(r["bucket"], r["roll_rate_snapshot"]) for r in rows] == [("M5", 1.0)]


def test_a_case_not_seen_again_is_not_followed(given: Callable[..., Given]) -> None:
    shop = given(
        cases="""
            case_id | placed_on  | placed_balance | days_past_due
            C1      | 2026-01-10 | 1000           | 10
            C2      | 2026-01-10 | 1000           | 10
        """,
        balances="""
            case_id | as_of      | balance | days_past_due
            C1      | 2026-01-31 | 1000    | 31
            C2      | 2026-01-31 | 1000    | 31
            C1      | 2026-02-28 | 1000    | 59
        """,
        as_of="2026-02-28",
    )
    assert shop.value("moved_cases", start="2026-02-01") == 1


def test_a_case_at_zero_that_is_not_seen_again_is_no_cure(given: Callable[..., Given]) -> None:
    """C1 is at zero at the end of February; of March nothing is known of it, so that nobody can say whether it held. C2 is seen throughout."""
    shop = given(
        cases="case_id | placed_on | placed_balance | days_past_due\nC1 | 2026-01-10 | 1000 | 40\nC2 | 2026-01-10 | 1000 | 40",
        balances="""
            case_id | as_of      | balance | days_past_due
            C1      | 2026-01-31 | 1000    | 61
            C1      | 2026-02-28 | 900     | 0
            C2      | 2026-01-31 | 1000    | 61
            C2      | 2026-02-28 | 1000    | 89
            C2      | 2026-03-31 | 1000    | 120
            C2      | 2026-04-30 | 1000    | 150
        """,
        as_of="2026-04-30",
    )
    row = shop.rows(("past_due_cases", "cured_cases", "cure_rate"), start="2026-02-01", until="2026-02-28")[0]
    assert (row["past_due_cases"], row["cured_cases"], row["cure_rate"]) == (1, 0, 0.0)


def test_who_pays_in_full_is_cured_and_who_settles_is_not(given: Callable[..., Given]) -> None:
    """C1 pays in full in February, C2 settles with a waiver, C3 stays past due. Of a case that has left nobody waits whether it comes back."""
    shop = given(
        cases="""
            case_id | placed_on  | placed_balance | days_past_due | closed_on  | close_reason
            C1      | 2026-01-05 | 1000           | 40            | 2026-02-20 | paid
            C2      | 2026-01-05 | 1000           | 40            | 2026-02-20 | settled
            C3      | 2026-01-05 | 1000           | 40            |            |
        """,
        balances="""
            case_id | as_of      | balance | days_past_due
            C1      | 2026-01-31 | 1000    | 66
            C2      | 2026-01-31 | 1000    | 66
            C3      | 2026-01-31 | 1000    | 66
            C3      | 2026-02-28 | 1000    | 94
            C3      | 2026-03-31 | 1000    | 125
        """,
        as_of="2026-03-31",
    )
    names = ("past_due_cases", "cured_cases", "cure_rate", "followed_cures")
    row = shop.rows(names, start="2026-02-01", until="2026-02-28")[0]
    assert tuple(row[name] for name in names) == (3, 1, pytest.approx(1 / 3), 0)


def test_days_past_due_run_on_but_not_from_nought(given: Callable[..., Given]) -> None:
    """C1 was seen at zero on 31 January and stays there; C2, seen 20 days past due, is 29 on the eve of 10 February and 31 on that of the 12th."""
    shop = given(
        cases="case_id | placed_on\nC1 | 2026-01-05\nC2 | 2026-01-05",
        balances="case_id | as_of | balance | days_past_due\nC1 | 2026-01-31 | 100 | 0\nC2 | 2026-01-31 | 100 | 20",
        payments="case_id | paid_on | amount\nC1 | 2026-02-15 | 3\nC2 | 2026-02-15 | 4",
        as_of="2026-03-31",
    )
    for start, ended in (("2026-02-10", "M1"), ("2026-02-12", "M2"), ("2026-03-01", "M2")):
        rows = shop.rows("opening_cases", "bucket", start=start, until="2026-03-31")
        assert [(row["bucket"], row["opening_cases"]) for row in rows] == [("C", 1), (ended, 1)], start
    cash = shop.rows("net_amount", "bucket", start="2026-02-12", until="2026-02-20")
    assert [(row["bucket"], row["net_amount"]) for row in cash] == [("C", D("3.00")), ("M2", D("4.00"))]


def test_a_balance_from_before_the_placement_opens_nothing(given: Callable[..., Given]) -> None:
    shop = given(
        cases="case_id | placed_on | placed_balance | days_past_due\nC1 | 2026-02-10 | 1000 | 40",
        balances="case_id | as_of | balance | days_past_due\nC1 | 2026-01-31 | 700 | 30\nC1 | 2026-02-28 | 900 | 58",
        as_of="2026-03-31",
    )
    rows = {row["month"].month: (row["opening_cases"], row["opening_amount"]) for row in shop.rows(("opening_cases", "opening_amount"), by="month")}
    assert rows[2] == (0, D("0.00")) and rows[3] == (1, D("900.00"))


def test_charge_off_rate_is_on_the_balance_six_months_earlier(given: Callable[..., Given]) -> None:
    shop = given(
        cases="""
            case_id | placed_on  | placed_balance | closed_on  | close_reason
            C1      | 2025-12-10 | 1000           | 2026-07-15 | charged_off
            C2      | 2025-12-10 | 4000           |            |
            C3      | 2026-05-10 | 9000           |            |
        """,
        as_of="2026-07-31",
    )
    row = shop.rows("charge_off_rate", start="2026-07-01", until="2026-07-31")[0]
    assert (row["charge_off_rate_part"], row["charge_off_rate_whole"]) == (D("12000.00"), D("5000.00"))
    assert row["charge_off_rate"] == pytest.approx(2.4)


def test_charge_offs_count_only_in_months_that_have_a_balance_to_compare_with(given: Callable[..., Given]) -> None:
    """Nothing is known six months before March, and August has not ended: what was charged off then is in neither side."""
    shop = given(
        cases="""
            case_id | placed_on  | placed_balance | closed_on  | close_reason
            C1      | 2025-12-10 | 1000           | 2026-07-15 | charged_off
            C2      | 2025-12-10 | 4000           |            |
            C3      | 2025-12-10 | 700            | 2026-03-20 | charged_off
            C4      | 2025-12-10 | 300            | 2026-08-05 | charged_off
            C5      | 2025-12-10 | 200            | 2026-06-10 | charged_off
        """,
        as_of="2026-08-15",
    )
    row = shop.rows("charge_off_rate")[0]
    # July against January; six months before June is the first month, which began with nothing
    assert (row["charge_off_rate_part"], row["charge_off_rate_whole"]) == (D("12000.00"), D("6200.00"))
    assert shop.value("charged_off_amount") == D("2200.00")
    assert shop.warehouse.rows("charged_off_year_amount", filters=shop.filters()).total == D("12000.00")


def test_median_time_counts_leaving_as_a_competing_exit(given: Callable[..., Given]) -> None:
    """Four cases: paid on day 10 and 30, recalled on day 20, one never. After day 30 two of four have paid: the median.

    One minus Kaplan-Meier would censor the recall and reach a half on day 30 with 1 − 3/4 × 1/2 = 0.625.
    """
    shop = given(
        cases="""
            case_id | placed_on  | closed_on  | close_reason
            C1      | 2026-01-01 |            |
            C2      | 2026-01-01 |            |
            C3      | 2026-01-01 | 2026-01-21 | recalled
            C4      | 2026-01-01 |            |
        """,
        payments="""
            case_id | paid_on    | amount
            C1      | 2026-01-11 | 10
            C2      | 2026-01-31 | 10
        """,
        as_of="2026-06-30",
    )
    assert shop.value("time_to_first_payment") == 30


def test_the_first_30_days_are_day_0_to_day_29_as_the_definition_says(given: Callable[..., Given]) -> None:
    shop = given(
        cases="case_id | placed_on\nC1 | 2026-01-01",
        payments="""
            case_id | paid_on    | amount
            C1      | 2026-01-01 | 100
            C1      | 2026-01-30 | 20
            C1      | 2026-01-31 | 3
        """,
        as_of="2026-01-31",
    )
    assert (shop.value("first_30_amount"), shop.value("to_date_amount")) == (D("120.00"), D("123.00"))
    for name in ("first_30_amount", "front_loading"):
        assert "0 to 29" in metrics()[name].formula["en"] and "第0至29天" in metrics()[name].formula["zh"]


def test_a_wholly_reversed_payment_is_no_first_payment(given: Callable[..., Given]) -> None:
    shop = given(
        cases="case_id | placed_on\nC1 | 2026-01-01",
        payments="""
            payment_id | case_id | paid_on    | amount | reverses
            P1         | C1      | 2026-01-05 | 50     |
            P2         | C1      | 2026-01-07 | -50    | P1
            P3         | C1      | 2026-01-25 | 20     |
        """,
        as_of="2026-02-28",
    )
    assert shop.value("time_to_first_payment") == 24
    assert shop.value("paid_case_rate") == 1.0


def test_a_reversal_that_is_not_posted_has_taken_nothing_back(given: Callable[..., Given]) -> None:
    shop = given(
        cases="case_id | placed_on\nC1 | 2026-01-01",
        promises="case_id | made_at | due_on | amount\nC1 | 2026-01-02 10:00:00 | 2026-01-06 | 50",
        payments="""
            payment_id | case_id | paid_on    | amount | reverses | status
            P1         | C1      | 2026-01-05 | 50     |          | posted
            P2         | C1      | 2026-01-07 | -50    | P1       | pending
            P3         | C1      | 2026-01-25 | 20     |          | posted
        """,
        as_of="2026-02-28",
    )
    assert shop.value("time_to_first_payment") == 4
    assert shop.value("promise_kept_rate") == 1.0
    assert shop.value("net_amount") == D("70.00")


def test_cash_of_thirty_days_and_a_waiver_that_is_granted(given: Callable[..., Given]) -> None:
    """Placed on 1 January, the 30th is day 29: the last of thirty. A waiver that is still pending, or that failed, gives nothing up."""
    shop = given(
        cases="case_id | placed_on | placed_balance | closed_on | close_reason\nC1 | 2026-01-01 | 1000 | 2026-02-10 | settled",
        payments="""
            case_id | paid_on    | amount | kind    | status
            C1      | 2026-01-30 | 100    | payment | posted
            C1      | 2026-01-31 | 500    | payment | posted
            C1      | 2026-02-10 | 200    | waiver  | posted
            C1      | 2026-02-10 | 70     | waiver  | pending
            C1      | 2026-02-10 | 30     | waiver  | failed
            C1      | 2026-02-10 | 5      | fee     | posted
            C1      | 2026-02-10 | 9      | fee     | pending
        """,
        as_of="2026-02-28",
    )
    assert shop.value("fee_amount") == D("5.00")
    names = ("first_30_amount", "to_date_amount", "settlement_waived_amount", "settlement_claim_amount", "discount_depth", "waived_amount")
    row = shop.rows(names)[0]
    assert tuple(row[name] for name in names) == (D("100.00"), D("600.00"), D("200.00"), D("800.00"), 0.25, D("200.00"))


def test_how_a_case_left_and_where_it_belongs(given: Callable[..., Given]) -> None:
    """Its own columns say first: C1 was closed as paid, whatever its balances call it. C2's balances alone tell, the first time they do.

    C3 is said to close after the last day, and is open until then. A region that a case has counts before its customer's.
    """
    shop = given(
        cases="""
            case_id | customer_id | region | placed_on  | placed_balance | closed_on  | close_reason
            C1      | U1          | East   | 2026-01-05 | 1000           | 2026-02-20 | paid
            C2      | U2          |        | 2026-01-05 | 400            |            |
            C3      | U2          |        | 2026-01-05 | 70             | 2026-04-05 | charged_off
        """,
        customers="customer_id | region\nU1 | North\nU2 | North",
        balances="""
            case_id | as_of      | balance | days_past_due | state
            C1      | 2026-02-28 | 0       | 0             | settled
            C2      | 2026-01-31 | 400     | 60            | open
            C2      | 2026-02-28 | 400     | 88            | charged_off
            C2      | 2026-03-31 | 400     | 119           | charged_off
        """,
        as_of="2026-03-31",
    )
    assert shop.sql("select case_id, region, left_on, left_reason from model.cases order by case_id") == [
        ("C1", "East", date(2026, 2, 20), "paid"), ("C2", "North", date(2026, 2, 28), "charged_off"), ("C3", "North", None, "open"),
    ]  # fmt: skip
    months = {row["month"].month: row["charged_off_amount"] or 0 for row in shop.rows("charged_off_amount", by="month")}
    assert months[2] == D("400.00") and sum(months.values()) == D("400.00")
    assert {row["region"]: row["placed_cases"] for row in shop.rows("placed_cases", by="region")} == {"East": 1, "North": 2}


def test_holder_at_the_value_date_has_the_cash_and_a_reversal_stays_with_its_payment(given: Callable[..., Given]) -> None:
    shop = given(
        cases="case_id | placed_on | placed_balance\nC1 | 2026-01-01 | 1000",
        collectors="""
            collector_id | team
            A            | north
            B            | south
        """,
        assignments="""
            case_id | assigned_at         | collector_id | released_at
            C1      | 2026-01-02 09:00:00 | A            |
            C1      | 2026-02-10 09:00:00 | B            | 2026-02-20 18:00:00
        """,
        payments="""
            payment_id | case_id | paid_on    | amount | kind     | reverses
            P0         | C1      | 2026-01-01 | 1      | payment  |
            P1         | C1      | 2026-02-09 | 10     | payment  |
            P2         | C1      | 2026-02-10 | 100    | payment  |
            P3         | C1      | 2026-02-20 | 1000   | payment  |
            P4         | C1      | 2026-02-21 | 10000  | payment  |
            P5         | C1      | 2026-02-25 | -10    | reversal | P1
            P6         | C1      | 2026-02-09 | 7      | waiver   |
            P7         | C1      | 2026-02-25 | -7     | reversal | P6
        """,
        as_of="2026-02-28",
    )
    rows = shop.rows("net_amount", by="team")  # P7 names no payment: it is of the day it is of
    assert {r["team"]: r["net_amount"] for r in rows} == {"north": D("0.00"), "south": D("1100.00"), "house": D("9994.00")}
    assert sum(r["net_amount"] for r in rows) == shop.value("net_amount")


def test_no_denominator_is_unknown_and_not_zero(shop: Given) -> None:
    row = shop.rows("recovery_rate", start="2026-01-01", until="2026-01-31")[0]
    assert row["recovery_rate"] is None and row["recovery_rate_part"] == D("0.00")


def test_a_period_beyond_the_data_has_no_value(shop: Given) -> None:
    row = shop.rows(("net_amount", "recovery_rate", "opening_cases"), start="2027-01-01", until="2027-01-31")[0]
    assert row["net_amount"] is None and row["recovery_rate"] is None and row["opening_cases"] is None


def test_what_is_not_supplied_says_so_by_name(given: Callable[..., Given]) -> None:
    shop = given(cases="case_id | placed_on\nC1 | 2026-01-01", as_of="2026-02-28")
    answer = shop.warehouse.measure(["net_amount", "cure_rate", "reconciliation_gap", "opening_amount"], filters=shop.filters(start="2026-02-01"))
    assert answer.missing == {
        "net_amount": ("payments",),
        "cure_rate": ("balances",),
        "reconciliation_gap": ("payments.posted_on", "payments"),
    }
    assert answer.rows[0]["net_amount"] is None and answer.rows[0]["opening_amount"] == D("1000.00")
    by_team = shop.warehouse.measure(["opening_amount"], ["team"], filters=shop.filters())
    assert by_team.missing == {"opening_amount": ("assignments", "collectors.team")}


@pytest.mark.parametrize(
    "name", ["moved_cases", "roll_rate_snapshot", "cure_rate", "containment_rate", "path_starts", "path_steps", "caseload", "transferred_in_amount"]
)
def test_what_follows_cases_says_so_where_they_are_not_supplied(given: Callable[..., Given], name: str) -> None:
    shop = given(
        balances="case_id | as_of | balance | days_past_due\nC1 | 2026-01-31 | 100 | 20\nC1 | 2026-02-28 | 100 | 48",
        payments="case_id | paid_on | amount\nC1 | 2026-02-05 | 10",
        contacts="case_id | started_at | channel | outcome\nC1 | 2026-02-03 10:00:00 | bot | conversation",
        assignments="case_id | assigned_at | collector_id\nC1 | 2026-02-01 | W1\nC1 | 2026-02-10 | W2",
        collectors="collector_id\nW1\nW2",
    )
    assert "cases" in shop.warehouse.measure([name], filters=shop.filters()).missing[name]


@pytest.mark.parametrize(
    ("name", "columns", "missing"),
    [
        ("automated_rate", "case_id | party", "contacts.collector_id"), ("hours_covered", "case_id | party", "contacts.collector_id"),
        ("collector_right_parties", "case_id | collector_id", "contacts.party"), ("coverage_rate", "party | collector_id", "contacts.case_id"),
        ("first_attempt_rate", "party | collector_id", "contacts.case_id"), ("early_attempt_rate", "party | collector_id", "contacts.case_id"),
        ("containment_rate", "party | collector_id", "contacts.case_id"), ("containment_rate", "party | case_id", "contacts.collector_id"), ("attrition_rate", "case_id | party", "collectors.left_on"),
    ],
)  # fmt: skip
def test_a_column_that_is_not_there_is_named_not_taken_for_nought(given: Callable[..., Given], name: str, columns: str, missing: str) -> None:
    cell = {"case_id": "C1", "party": "debtor", "collector_id": "W1"}
    shop = given(
        cases="case_id | placed_on\nC1 | 2026-01-05",
        contacts=f"started_at | channel | {columns}\n2026-02-03 10:00:00 | phone | {' | '.join(cell[one] for one in columns.split(' | '))}",
        collectors="collector_id\nW1",
        as_of="2026-02-28",
    )
    assert shop.warehouse.measure([name], filters=shop.filters(start="2026-02-01")).missing == {name: (missing,)}


def test_a_column_that_holds_nothing_at_all_is_not_supplied(given: Callable[..., Given]) -> None:
    """Many systems write all their headers. That no collector is named is told, though: machines made those calls."""
    header = "contact_id | case_id | started_at | outcome | party | duration_seconds | cost | number_id | collector_id"
    shop = given(
        cases="case_id | placed_on\nC1 | 2026-01-05",
        contacts=f"{header}\nK1 | C1 | 2026-02-03 10:00:00 | conversation | | | | |",
        payments="payment_id | case_id | paid_on | amount | posted_on\nP1 | C1 | 2026-02-05 | 10 |",
        collectors="collector_id\nW1",
        as_of="2026-02-28",
    )
    names = ("right_party_rate", "contact_rate", "contact_cost", "tried_numbers", "reconciliation_gap", "automated_rate", "net_amount")
    answer = shop.warehouse.measure(names, filters=shop.filters(start="2026-02-01"))
    assert answer.missing == {
        "right_party_rate": ("contacts.party",), "contact_rate": ("contacts.duration_seconds",), "contact_cost": ("contacts.cost",),
        "tried_numbers": ("contacts.number_id",), "reconciliation_gap": ("payments.posted_on",),
    }  # fmt: skip
    assert (answer.rows[0]["automated_rate"], answer.rows[0]["net_amount"]) == (1.0, D("10.00"))
    # the next export says who was on the line: now that of the first call is no longer a gap but somebody else
    later = given(home=shop.home, contacts=f"{header}\nK2 | C1 | 2026-02-04 10:00:00 | conversation | debtor | | | |", as_of="2026-02-28")
    row = later.rows(("right_party_rate", "contact_cost"), start="2026-02-01")[0]
    assert (row["right_party_rate"], row["contact_cost"]) == (0.5, None)


def test_rows_that_say_whose_they_are_need_no_assignments(given: Callable[..., Given]) -> None:
    shop = given(
        cases="case_id | placed_on\nC1 | 2026-01-01",
        payments="case_id | paid_on | amount\nC1 | 2026-02-05 | 10.00",
        contacts="""
            case_id | started_at          | direction | outcome      | collector_id
            C1      | 2026-02-03 10:00:00 | outbound  | conversation | W1
            C1      | 2026-02-04 10:00:00 | outbound  | no_answer    | W1
            C1      | 2026-02-04 11:00:00 | outbound  | no_answer    | W2
        """,
        reviews="collector_id | reviewed_on | score\nW2 | 2026-02-10 | 70",
        collectors="collector_id | team\nW1 | A\nW2 | B",
        as_of="2026-02-28",
    )
    whole = shop.filters(start="2026-02-01")
    answer = shop.warehouse.measure(["attempts", "connect_rate", "qa_score", "net_amount", "promises_made"], ["team"], filters=whole)
    assert {row["team"]: (row["attempts"], row["connect_rate"], row["qa_score"]) for row in answer.rows} == {"A": (2, 0.5, None), "B": (1, 0.0, 70.0)}
    assert answer.missing == {"net_amount": ("assignments",), "promises_made": ("promises", "assignments|promises.collector_id")}
    filtered = shop.warehouse.measure(["attempts", "net_amount"], filters=shop.filters(start="2026-02-01", team="A"))
    assert filtered.rows[0]["attempts"] == 2 and filtered.missing == {"net_amount": ("assignments",)}


def test_before_contacts_are_recorded_nobody_knows_who_was_tried(given: Callable[..., Given]) -> None:
    shop = given(
        cases="case_id | placed_on\nC1 | 2026-01-01\nC2 | 2026-01-31\nC3 | 2026-03-20\nC4 | 2026-03-02",
        contacts="case_id | started_at\nC1 | 2026-03-10 10:00:00\nC3 | 2026-03-21 10:00:00",
        as_of="2026-04-30",
    )
    names = ("attempted_cases", "coverage_rate", "intensity", "opening_cases", "first_attempt_rate")
    found = {str(row["month"]): [row[name] for name in names] for row in shop.rows(names, by="month")}
    assert found == {
        "2026-01-01": [None, None, None, 0, None],
        "2026-02-01": [None, None, None, 2, None],
        "2026-03-01": [1, 0.5, 0.5, 2, 0.5],  # C4 was placed before the first contact, but in its month
        "2026-04-01": [0, 0.0, 0.0, 4, None],
    }
    assert shop.rows(names, start="2026-02-01", until="2026-02-28")[0]["coverage_rate"] is None
    assert [row["attempted_cases"] for row in shop.rows(names, by="product", start="2026-02-01", until="2026-02-28")] == [None]
    assert shop.rows(names)[0]["first_attempt_rate"] == 0.5


def test_before_contacts_are_recorded_no_rate_of_them_is_nought(given: Callable[..., Given]) -> None:
    """Contacts are on record from March: what they tell of January is unknown, not nothing; from March on nothing is nothing."""
    shop = given(
        cases="case_id | placed_on\nC1 | 2026-01-01\nC2 | 2026-01-01",
        collectors="collector_id\nK1",
        attendance="collector_id | worked_on | productive_hours\nK1 | 2026-01-05 | 8\nK1 | 2026-03-06 | 8\nK1 | 2026-04-06 | 8",
        promises="""
            promise_id | case_id | made_at    | due_on     | amount
            Q1         | C1      | 2026-01-10 | 2026-01-20 | 10
            Q2         | C1      | 2026-03-01 | 2026-03-12 | 10
            Q3         | C2      | 2026-04-01 | 2026-04-12 | 10
        """,
        payments="case_id | paid_on | amount\nC1 | 2026-01-20 | 10\nC1 | 2026-04-20 | 10",
        contacts="""
            case_id | started_at          | channel | direction | outcome   | collector_id | cost
            C1      | 2026-03-10 10:00:00 | sms     | outbound  | delivered |              | 1
            C1      | 2026-03-21 10:00:00 | phone   | outbound  | no_answer | K1           | 1
        """,
        as_of="2026-04-30",
    )
    names = ("reminder_rate", "dues", "calls_per_hour", "cost_per_attributed", "promises_made", "productive_hours")
    found = {str(row["month"]): [row[name] for name in names] for row in shop.rows(names, by="month")}
    assert found["2026-01-01"] == [None, None, None, None, 1, 8.0]
    assert found["2026-03-01"] == [1.0, 1, 1 / 8, None, 1, 8.0]
    assert found["2026-04-01"] == [0.0, 1, 0.0, 0.0, 1, 8.0]
    assert shop.rows(names)[0]["reminder_rate"] == 1 / 2  # the promise of January is not taken for one without a reminder


def test_an_interval_ends_at_none_and_at_all() -> None:
    assert all(wilson(0, n)[0] == 0.0 and wilson(n, n)[1] == 1.0 for n in range(1, 2000))
    assert wilson(0, 0) == wilson(None, 5) == wilson(0, None) == (None, None)


def test_unknown_names_list_what_there_is(shop: Given) -> None:
    with pytest.raises(UnknownName, match=r"unknown metric 'nett'; known: .*net_amount"):
        shop.rows("nett")
    with pytest.raises(UnknownName, match=r"unknown dimension .*; known: month"):
        shop.rows("net_amount", by="team; drop table x")
    with pytest.raises(UnknownName, match="can't be cut by end_state"):
        shop.rows("net_amount", by="end_state")
    with pytest.raises(UnknownName, match="can't be cut by strategy"):
        shop.rows("liquidation_rate", by="strategy")
    with pytest.raises(UnknownName, match="can't be cut by week"):  # a cohort is of a month: its weeks would each have all of it
        shop.rows("liquidation_rate", by="week")
    with pytest.raises(UnknownName, match="can't be limited by month"):
        shop.rows("net_amount", month="2026-02-01")


def test_labels_are_not_used_twice() -> None:
    for lang in ("en", "zh"):
        for registry in (metrics(), dimensions()):
            labels = [entry.label[lang] for entry in registry.values()]  # type: ignore[attr-defined]
            assert sorted(set(labels)) == sorted(labels), lang


@pytest.mark.parametrize("by", ["product", "region", "bucket", "month", "placed_month"])
def test_groups_of_additive_metrics_add_up(shop: Given, by: str) -> None:
    names = ("net_amount", "gross_amount", "placed_amount", "placed_cases", "payment_count")
    total = shop.rows(names)[0]
    rows = shop.rows(names, by=by)
    for name in names:
        assert sum(row[name] or 0 for row in rows) == total[name], name


def test_filters_limit_part_and_whole_alike(shop: Given) -> None:
    row = shop.rows("recovery_rate", start="2026-02-01", until="2026-02-28", product="card", region=("East", "South"))[0]
    assert (row["recovery_rate_part"], row["recovery_rate_whole"]) == (D("400.00"), D("3400.00"))
    row = shop.rows("recovery_rate", start="2026-02-01", until="2026-02-28", bucket="M2")[0]
    assert (row["recovery_rate_part"], row["recovery_rate_whole"]) == (D("400.00"), D("3000.00"))


def test_a_scope_limits_every_row(given: Callable[..., Given]) -> None:
    from dashboard.access import Scope

    shop = given(
        cases="case_id | placed_on\nC1 | 2026-01-01\nC2 | 2026-01-01",
        collectors="collector_id | team\nA | north\nB | south",
        assignments="case_id | assigned_at | collector_id\nC1 | 2026-01-01 | A\nC2 | 2026-01-01 | B",
        payments="case_id | paid_on | amount\nC1 | 2026-01-20 | 10\nC2 | 2026-01-20 | 7",
        as_of="2026-02-28",
    )
    scope = Scope(role="leader", teams=("north",))
    names = ("net_amount", "placed_amount", "opening_amount")
    row = shop.warehouse.measure(names, filters=shop.filters(), scope=scope).rows[0]
    assert row["net_amount"] == D("10.00") and row["placed_amount"] == D("1000.00")
    rows = shop.warehouse.measure(["net_amount"], ["team"], filters=shop.filters(), scope=scope).rows
    assert [r["team"] for r in rows] == ["north"]
    assert shop.warehouse.values("team", scope) == ["north"]
    mine = shop.warehouse.measure(["net_amount", "liquidation_rate"], filters=shop.filters(), scope=Scope("collector", None, False, "A"))
    assert mine.rows[0]["net_amount"] == D("10.00") and mine.rows[0]["liquidation_rate"] is None
    assert mine.missing == {"liquidation_rate": ("cohort.collector",)}  # a cohort's rows are of no one desk


@pytest.mark.parametrize("by", [(), ("product",), ("region",), ("bucket",), ("batch",), ("placed_month",), ("month", "product")])
def test_roll_ups_answer_what_the_rows_answer(shop: Given, by: tuple[str, ...]) -> None:
    names = [
        name
        for name, entry in metrics().items()
        if entry.of in ("stock", "moves", "cash", "ledger", "cures", "cohort", "lagged_stock", "snapshot_ratio")
    ]
    quick = shop.warehouse.measure(names, by, filters=shop.filters(start="2026-02-01", until="2026-03-31")).rows
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Tables, "smallest", lambda self, base, *of_it: base)
        rows = shop.warehouse.measure(names, by, filters=shop.filters(start="2026-02-01", until="2026-03-31")).rows
    assert quick == rows


def test_rows_dated_after_the_as_of_day_are_in_no_figure_of_its_month(given: Callable[..., Given]) -> None:
    """An export taken in the middle of a day: P2, P3 and a day's work are there already, but their day isn't over (as of 10 March)."""
    shop = given(
        cases="""
            case_id | placed_on  | placed_balance
            C1      | 2026-01-10 | 1000
            C2      | 2026-01-10 | 1000
        """,
        payments="""
            payment_id | case_id | paid_on    | posted_on  | amount
            P1         | C1      | 2026-03-05 | 2026-03-11 | 100
            P2         | C2      | 2026-03-11 | 2026-03-11 | 70
            P3         | C2      | 2026-03-12 | 2026-03-12 | 30
        """,
        collectors="collector_id | hired_on\nW1 | 2020-01-01",
        attendance="collector_id | worked_on | productive_hours\nW1 | 2026-03-10 | 7\nW1 | 2026-03-11 | 6",
        assignments="case_id | assigned_at | collector_id\nC1 | 2026-01-10 | W1\nC2 | 2026-01-10 | W1",
        as_of="2026-03-10",
    )
    expected = {
        "net_amount": D("100.00"), "payment_count": 1, "ledger_amount": D("0.00"), "paid_open_cases": 1, "productive_hours": D("7.00"),
    }  # fmt: skip
    for until in ("2026-03-10", "2026-03-31"):
        for name, value in expected.items():
            assert shop.value(name, start="2026-03-01", until=until) == value, (name, until)
            assert shop.warehouse.rows(name, filters=shop.filters(start="2026-03-01", until=until)).total == value, (name, until)
        assert credited_by(shop.warehouse, shop.filters(start="2026-03-01", until=until), "value_date", "30", "W1") == {"W1": D("100.00")}, until


def test_a_reversal_dated_after_the_as_of_day_has_taken_nothing_back_yet(given: Callable[..., Given]) -> None:
    shop = given(
        cases="case_id | placed_on\nC1 | 2026-02-20",
        promises="case_id | made_at | due_on | amount\nC1 | 2026-02-24 10:00:00 | 2026-02-26 | 100",
        payments="""
            payment_id | case_id | paid_on    | amount | kind     | reverses
            P1         | C1      | 2026-02-25 | 100    | payment  |
            P2         | C1      | 2026-03-11 | -100   | reversal | P1
        """,
        as_of="2026-03-10",
    )
    row = shop.rows(("promise_kept_rate", "time_to_first_payment", "paid_cases", "net_amount"))[0]
    assert (row["promise_kept_rate"], row["time_to_first_payment"], row["paid_cases"], row["net_amount"]) == (1.0, 5, 1, D("100.00"))
