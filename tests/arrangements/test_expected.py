"""How long plans last and what running ones may bring, by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from math import exp, log, sqrt

import pytest

from dashboard import timing
from dashboard.arrangements import expected
from dashboard.methods.survival import incidence, survival
from tests.conftest import Given

D = Decimal
OPEN = {"product": None, "bucket": None, "region": None, "team": None, "batch": None, "teams": None}


def test_the_share_still_there_from_one_day_to_another() -> None:
    """Ten: two leave on day 30, one is censored that day, one of the seven left leaves on day 60, the others are followed to day 90."""
    found = survival({30: 2, 60: 1}, {30: 1, 90: 6})
    share, low, high = found.between(0, 60) or (0, 0, 0)
    assert share == pytest.approx(8 / 10 * 6 / 7)
    spread = 1.959963984540054 * sqrt(2 / (10 * 8) + 1 / (7 * 6))
    assert (low, high) == (pytest.approx(exp(log(share) - spread)), pytest.approx(min(1.0, exp(log(share) + spread))))
    assert (found.between(30, 60) or (0,))[0] == pytest.approx(6 / 7)  # of those there after day 30
    assert found.between(60, 90) == (1.0, 1.0, 1.0)
    assert found.between(0, 91) is None  # nobody was followed so far
    # without another way out it is what is left of the incidence
    assert 1 - share == pytest.approx(incidence({30: 2, 60: 1}, {}, {30: 1, 90: 6}).points[-1].incidence)


def test_where_all_leave_nobody_is_left_and_few_end_the_curve() -> None:
    assert survival({10: 3}, {}).between(0, 10) == (0.0, 0.0, 0.0)
    assert survival({10: 3, 20: 1}, {20: 6}, least=8).until == 10


PLANS = {
    "cases": "case_id | placed_on | placed_balance\n" + "\n".join(f"C{n} | 2026-01-01 | 1000" for n in range(1, 6)),
    "plans": "plan_id | case_id | agreed_on\n" + "\n".join(f"L{n} | C{n} | 2026-0{m}-01" for n, m in ((1, 1), (2, 1), (3, 1), (4, 1), (5, 3))),
    # three instalments of 100 each, a month apart, of plans of January (C1 to C4) and of March (C5)
    "instalments": "plan_id | number | due_on | amount\n"
    + "\n".join(f"L{n} | {i} | 2026-0{(1 if n < 5 else 3) + i}-01 | 100" for n in range(1, 6) for i in (1, 2, 3)),
    # C1 pays all, C2 the first two and its third is coming, C3 nothing, C4 the first only; C5, agreed in March, has paid 30 of its first
    "payments": """
        case_id | paid_on    | amount
        C1      | 2026-02-01 | 300
        C2      | 2026-02-01 | 100
        C2      | 2026-03-01 | 100
        C4      | 2026-02-03 | 100
        C5      | 2026-03-20 | 30
    """,
}


def test_curve_and_expectation_of_drawn_plans(given: Callable[..., Given]) -> None:
    """As of the 31st of March. C3 breaks on day 34 (the 4th of February), C4 on day 62 (the 4th of March), C1 was completed on day 31."""
    shop = given(**PLANS, as_of="2026-03-31")
    asked = {**OPEN, "dimension": "all", "most": 6, "start": date(2026, 1, 1), "until": date(2026, 3, 31)}
    rows = shop.warehouse.run("plan_times", asked)
    assert [(row["day"], row["events"], row["competing"], row["gone"], row["censored"]) for row in rows] == [
        (30, 0, 0, 0, 1), (31, 0, 1, 0, 0), (34, 1, 0, 0, 0), (62, 1, 0, 0, 0), (89, 0, 0, 0, 1),
    ]  # fmt: skip
    (curve,) = timing.curves([row | {"events": row["events"] * 10, "competing": row["competing"] * 10, "censored": row["censored"] * 10}
                              for row in rows]).values()  # fmt: skip
    # of 5: C5 is censored on day 30, C1 leaves otherwise on day 31 of 4; C3 breaks of 3 left, C4 of 2
    assert [(p.day, p.incidence) for p in curve.points] == [(34, pytest.approx(0.75 / 3)), (62, pytest.approx(0.75 / 3 + 0.5 / 2))]
    lasts = expected.lasting(rows, 1)
    # C1, completed, is followed as far as it went: of 3 there on day 34 one is gone, of 2 on day 62 one
    assert (lasts.between(0, 34) or (0,))[0] == pytest.approx(2 / 3) and (lasts.between(0, 62) or (0,))[0] == pytest.approx(1 / 3)
    ahead = expected.months(shop.warehouse.run("plan_ahead", OPEN), lasts)
    # April: C2's third, due on the 1st, judged on day 93: nobody was followed so far. C5's first, 70 left, judged on day 34 of its age: 2/3
    # of plans 30 days old last; May: its second on day 64, 1/3; June: its third on day 95: beyond.
    assert [(m.month, m.instalments, m.scheduled, m.expected, m.beyond) for m in ahead] == [
        (date(2026, 4, 1), 2, D("170.00"), D("46.67"), D("100.00")),
        (date(2026, 5, 1), 1, D("100.00"), D("33.33"), D("0")),
        (date(2026, 6, 1), 1, D("100.00"), D("0.00"), D("100.00")),
    ]
    assert all(month.low <= month.expected <= month.high <= month.scheduled for month in ahead)
    assert shop.warehouse.run("plan_ahead", OPEN | {"teams": ["nobody"]}) == []
