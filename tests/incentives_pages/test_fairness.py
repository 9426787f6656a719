"""What pay follows is found where it was planted; leanings are counted by hand and are not seen where there are none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from dashboard.incentives import fairness
from tests.conftest import Given

D = Decimal


def world(pay: Callable[[Any, Any, Any], Any], people: int = 60, months: int = 24, seed: int = 3) -> list[dict[str, Any]]:
    """Rows of collector-months: what each was expected to bring, a lasting skill, noise; pay as planted."""
    rng = np.random.default_rng(seed)
    files = rng.uniform(50_000, 150_000, people)
    skill = np.exp(rng.normal(0, 0.2, people))
    expected = files[:, None] * rng.uniform(0.9, 1.1, (people, months))
    noise = rng.normal(0, 0.15, (people, months))
    cash = expected * (skill[:, None] + noise)
    paid = pay(files, skill, cash.mean(axis=1))
    return [
        {"collector": f"W{who:02}", "pay": paid[who], "cash": cash[who, month], "expected": expected[who, month]}
        for who in range(people)
        for month in range(months)
    ]


@pytest.mark.parametrize(
    ("pay", "first"),
    [
        (lambda files, skill, cash: 2000 + 1000 * files * (skill - 1) / 1e5, "performance"),
        (lambda files, skill, cash: 0.02 * files, "files"),
        (lambda files, skill, cash: np.random.default_rng(5).normal(3000, 500, len(files)), "rest"),
    ],
)
def test_pay_follows_what_was_planted(pay: Callable[[Any, Any, Any], Any], first: str) -> None:
    found = fairness.follows(fairness.workers(world(pay)))
    assert found is not None and sum(found.shares.values()) == pytest.approx(1)
    assert max(found.shares, key=found.shares.__getitem__) == first and found.shares[first] > 0.85
    if first == "performance":
        assert found.performance[1] > 0.7 and found.files[1] < 0.4


def test_pay_by_cash_goes_with_all_that_cash_is_made_of() -> None:
    found = fairness.follows(fairness.workers(world(lambda files, skill, cash: 0.01 * cash)))
    assert found is not None and found.shares["rest"] < 1e-9  # performance + files + luck is the cash itself
    assert found.shares["files"] > 0.3 and found.shares["performance"] > 0.3 and found.shares["luck"] < 0.05 < 0.9 < found.lasting


def test_ratios_are_drawn_to_the_mean_by_their_noise() -> None:
    months: dict[str, list[tuple[float, float]]] = {}
    for row in world(lambda files, skill, cash: cash, people=200, months=6, seed=11):
        months.setdefault(row["collector"], []).append((row["cash"], row["expected"]))
    raw = {name: sum(cash for cash, _ in pairs) / sum(size for _, size in pairs) for name, pairs in months.items()}
    assert np.std(list(fairness.shrunk(months).values())) < np.std(list(raw.values()))
    alike = {f"W{n}": [(100.0 + noise, 100.0) for noise in np.random.default_rng(n).normal(0, 20, 8)] for n in range(100)}
    assert np.std(list(fairness.shrunk(alike).values())) < 0.03  # nothing lasting between them: all are drawn to one


def test_luck_is_what_does_not_last() -> None:
    """Three months of noise 0.15 on a skill of 0.2: 0.04 ÷ (0.04 + 0.15² ÷ 3) = 84% of differences above expected last."""
    found = [fairness.follows(fairness.workers(world(lambda f, s, cash: cash, people=300, months=3, seed=seed))) for seed in (1, 2, 3)]
    assert np.mean([one.lasting for one in found if one]) == pytest.approx(0.84, abs=0.05)
    assert all(one and one.shares["luck"] == pytest.approx((one.shares["luck"] + one.shares["performance"]) * (1 - one.lasting)) for one in found)


def test_too_few_collectors_or_equal_pay_say_nothing() -> None:
    assert fairness.follows(fairness.workers(world(lambda files, skill, cash: cash, people=8))) is None
    assert fairness.follows(fairness.workers(world(lambda files, skill, cash: np.full(len(files), 3000.0)))) is None


def test_months_just_above_an_edge() -> None:
    edge = (D(200000),)
    months = [("W1", f"m{n}", D(200000 + n), edge) for n in range(9)] + [("W2", "m1", D(195000), edge), ("W3", "m1", D(400000), edge)]
    found, rows = fairness.bunching(months)
    assert (found.of, found.count, found.expected) == (10, 9, 5) and found.probability == pytest.approx(11 / 1024)  # (10 + 1) ÷ 2^10
    assert rows[0] == {"collector": "W1", "mark": "m0", "quantity": D(200000), "edge": D(200000), "above": D(0)} and len(rows) == 9
    assert [row["collector"] for row in found.people] == ["W1"] and not found.unusual
    smooth = [("W1", str(n), D(150000 + 500 * n), edge) for n in range(200)]
    assert not fairness.bunching(smooth)[0].unusual


MOVED = """
    promise_id | case_id | made_at             | due_on     | amount | collector_id
    R1         | C1      | 2026-01-20 10:00:00 | 2026-01-28 | 100    | W1
    R2         | C1      | 2026-01-28 10:00:00 | 2026-02-04 | 100    | W1
    R3         | C2      | 2026-01-02 10:00:00 | 2026-01-05 | 100    | W1
    R4         | C2      | 2026-01-05 10:00:00 | 2026-01-15 | 100    | W1
    R5         | C3      | 2026-01-20 10:00:00 | 2026-01-25 | 100    | W1
    R6         | C3      | 2026-02-10 10:00:00 | 2026-02-20 | 100    | W1
    R7         | C4      | 2026-01-20 10:00:00 | 2026-01-25 | 100    | W1
    R8         | C4      | 2026-01-26 10:00:00 | 2026-02-02 | 100    | W1
"""
CASES = "case_id | placed_on\nC1 | 2025-12-01\nC2 | 2025-12-01\nC3 | 2025-12-01\nC4 | 2025-12-01"


def test_promises_moved_across_a_month_end(given: Callable[..., Given]) -> None:
    shop = given(
        cases=CASES, collectors="collector_id | team\nW1 | A", promises=MOVED, as_of="2026-03-31",
        payments="case_id | paid_on | amount\nC4 | 2026-01-25 | 50",
    )  # fmt: skip
    over = {"start": date(2026, 1, 1), "until": date(2026, 1, 31), "teams": None, "grace": fairness.GRACE_DAYS}
    rows = shop.warehouse.run("pay_moved_promises", over)
    # R1→R2 crosses; R3→R4 does not; R5→R6 came two weeks late, so it isn't the same promise moved; C4 had paid in between
    assert [(row["moved_count"], row["crossing_count"]) for row in rows] == [(2, 1)]
    found = fairness.moved_promises(rows)
    assert found.expected == pytest.approx(7 / 31 + 10 / 31) and found.count == 1 and not found.unusual
    listed = shop.warehouse.run("pay_moved_promise_rows", {**over, "names": False, "limit": 9})
    assert [(row["promise_id"], row["next_due_on"], row["name"]) for row in listed] == [("R1", date(2026, 2, 4), None)]
    assert shop.warehouse.run("pay_moved_promises", {**over, "teams": ["B"]}) == []


def test_what_a_moved_promise_is(given: Callable[..., Given]) -> None:
    """To a later day, by one made within the grace, and no cash from the first promise's day to the next one's, either included."""
    told = {
        "C1": ("01-20", "01-28", "01-28", "02-04"),  # a payment between that failed is no cash
        "C2": ("01-20", "01-28", "01-28", "02-04"),  # paid on the day of the next promise
        "C3": ("01-20", "01-28", "01-28", "02-04"),  # paid on the day of the first
        "C4": ("01-20", "01-28", "01-27", "01-28"),  # to the same day
        "C5": ("01-20", "01-28", "01-31", "02-04"),  # three days after it was due
        "C6": ("01-20", "01-28", "02-01", "02-04"),  # four days
    }
    promises = ["promise_id | case_id | made_at | due_on | amount | collector_id"]
    for case, (made, due, again, later) in told.items():
        promises += [f"{case}a | {case} | 2026-{made} | 2026-{due} | 100 | W1", f"{case}b | {case} | 2026-{again} | 2026-{later} | 100 | W1"]
    shop = given(
        cases="case_id | placed_on\n" + "\n".join(f"{case} | 2025-12-01" for case in told), collectors="collector_id | team\nW1 | A",
        promises="\n".join(promises), as_of="2026-03-31",
        payments="case_id | paid_on | amount | status\nC1 | 2026-01-25 | 50 | failed\nC2 | 2026-01-28 | 50 | posted\nC3 | 2026-01-20 | 50 | posted",
    )  # fmt: skip
    over = {"start": date(2026, 1, 1), "until": date(2026, 1, 31), "teams": None, "grace": fairness.GRACE_DAYS}
    assert [(row["moved_count"], row["crossing_count"]) for row in shop.warehouse.run("pay_moved_promises", over)] == [(2, 2)]
    listed = shop.warehouse.run("pay_moved_promise_rows", {**over, "names": False, "limit": 9})
    assert [(row["case_id"], row["promise_id"], row["next_promise_id"]) for row in listed] == [("C1", "C1a", "C1b"), ("C5", "C5a", "C5b")]


def test_what_a_transfer_is(given: Callable[..., Given]) -> None:
    """From one collector to another within a week; payments count as long as the case stays."""
    shop = given(
        cases="case_id | placed_on\nC1 | 2025-12-01\nC2 | 2025-12-01\nC3 | 2025-12-01", collectors="collector_id | team\nW1 | A\nW2 | A",
        assignments="""
            case_id | assigned_at | released_at | collector_id
            C1      | 2026-01-01  | 2026-01-10  | W1
            C1      | 2026-01-18  |             | W2
            C2      | 2026-01-01  | 2026-01-10  | W1
            C2      | 2026-01-17  |             | W2
            C3      | 2026-01-01  | 2026-01-31  | W1
            C3      | 2026-02-01  | 2026-02-02  | W2
        """,
        payments="case_id | paid_on | amount\nC1 | 2026-01-18 | 10\nC3 | 2026-02-03 | 10", as_of="2026-03-31",
    )  # fmt: skip
    over = {"start": date(2026, 1, 1), "until": date(2026, 2, 28), "teams": None, "soon": fairness.SOON_DAYS}
    rows = shop.warehouse.run("pay_transfers", {**over, "later": fairness.LATER_DAYS})
    # C1 lay with nobody for a week, so nobody took it over; C3 was paid a day after W2 had let it go
    assert [(row["collector_id"], row["transfer_count"], row["soon_count"], row["later_count"], row["soon_days"]) for row in rows] == [
        ("W2", 2, 0, 0, 5)
    ]
    assert shop.warehouse.run("pay_transfer_rows", {**over, "names": True, "limit": 99}) == []


def test_transfers_just_before_cash(given: Callable[..., Given]) -> None:
    held = ["case_id | assigned_at | released_at | collector_id"]
    paid = ["case_id | paid_on | amount"]
    for n in range(1, 21):
        held += [f"C{n} | 2026-01-01 | 2026-01-31 | W1", f"C{n} | 2026-02-01 | | W2"]
        paid.append(f"C{n} | 2026-02-{'02' if n <= 9 else '08'} | 10" if n <= 12 else f"C{n} | 2026-01-10 | 10")
    shop = given(
        cases="case_id | placed_on\n" + "\n".join(f"C{n} | 2025-12-01" for n in range(1, 21)),
        collectors="collector_id | team\nW1 | A\nW2 | A", assignments="\n".join(held), payments="\n".join(paid), as_of="2026-03-31",
    )  # fmt: skip
    over = {"start": date(2026, 1, 1), "until": date(2026, 2, 28), "teams": None, "soon": fairness.SOON_DAYS}
    rows = shop.warehouse.run("pay_transfers", {**over, "later": fairness.LATER_DAYS})
    assert [
        (row["collector_id"], row["transfer_count"], row["soon_count"], row["later_count"], row["soon_days"], row["later_days"]) for row in rows
    ] == [("W2", 20, 9, 3, 60, 280)]
    found = fairness.transfers(rows)
    assert found.expected == pytest.approx(3 * 60 / 280) and found.unusual and [row["collector"] for row in found.people] == ["W2"]
    listed = shop.warehouse.run("pay_transfer_rows", {**over, "names": True, "limit": 99})
    assert len(listed) == 9 and {row["paid_on"] for row in listed} == {date(2026, 2, 2)} and listed[0]["from_collector_id"] == "W1"
