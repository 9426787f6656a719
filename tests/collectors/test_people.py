"""Drivers that add up, loads, new hires, training and the coaching list, by hand."""

from __future__ import annotations

from datetime import date
from math import log

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as some

from dashboard.access import Scope
from dashboard.collectors import people, performance
from dashboard.collectors.people import Person
from dashboard.collectors.performance import Tallies, Tally
from dashboard.methods import effects

KNOWN = {
    "W1": Person("W1", "Ann", "A", "senior", date(2024, 1, 1), None),
    "W2": Person("W2", "Bob", "A", "junior", date(2026, 1, 10), None),
    "W3": Person("W3", "Cid", "A", "junior", date(2024, 1, 1), None),
    "W4": Person("W4", "Dee", "B", "junior", date(2024, 1, 1), None),
}
counts = some.fixed_dictionaries({name: some.floats(0.5, 1e6) for name in people.FUNNEL})


@drawn(counts, counts, some.floats(0.5, 1e6))
def test_drivers_add_up_to_the_gap(own: dict[str, float], house: dict[str, float], expected: float) -> None:
    steps = people.drivers(own, house, (expected, house["paid"]))
    assert steps is not None
    assert sum(step.effect for step in steps) == pytest.approx(log(own["paid"] / expected), abs=1e-9)


def test_drivers_by_hand() -> None:
    """Twice the calls per case, half the right parties per call, all else as the house: no gap, and two steps that undo each other."""
    house = {"cases": 1000.0, "calls": 4000.0, "right_parties": 800.0, "promises": 400.0, "kept": 200.0, "paid": 250.0}
    own = {"cases": 100.0, "calls": 800.0, "right_parties": 80.0, "promises": 40.0, "kept": 20.0, "paid": 25.0}
    steps = people.drivers(own, house, (25.0, 250.0))
    assert steps is not None
    assert {step.key: round(step.effect, 9) for step in steps} == {
        "calls": round(log(2), 9), "right_parties": round(-log(2), 9), "promises": 0.0, "kept": 0.0, "paid": 0.0,
    }  # fmt: skip
    assert people.drivers({**own, "kept": 0.0}, house, (25.0, 250.0)) is None


def test_loads_weigh_cases_by_the_work_they_take() -> None:
    """M1 takes 2 attempts a case, M2 6; 4 on average. W2 holds 100 cases of M2: as much work as 150 average ones."""
    work = {"M1": (200.0, 100.0), "M2": (600.0, 100.0)}
    mixes = [("W1", "M1", 50.0), ("W1", "M2", 50.0), ("W2", "M2", 100.0), ("W3", "M1", 100.0), ("W4", "M1", 10.0)]
    caseloads = {"W1": 100.0, "W2": 100.0, "W3": 100.0, "W4": 10.0}
    found = people.loads(caseloads, mixes, work, KNOWN, dict.fromkeys(KNOWN, 1.0))
    assert [(one.collector, one.adjusted, one.ratio, one.state) for one in found] == [
        ("W2", 150.0, 1.5, "heavy"), ("W1", 100.0, 1.0, "even"), ("W3", 50.0, 0.5, "light"),
    ]  # fmt: skip
    plain = people.loads(caseloads, mixes, {}, KNOWN, dict.fromkeys(KNOWN, 1.0))
    assert {one.ratio for one in plain} == {1.0}
    assert people.loads(caseloads, mixes, work, KNOWN, {"W1": 0.5, "W2": 1.0, "W3": 1.0}) == []  # too few for a median


def tallies(paid: dict[tuple[str, int], float]) -> Tallies:
    rows = tuple(Tally(date(2026, month, 1), who, 100, value, 40.0, 30.0, 0.0, 1.0, 1.0) for (who, month), value in sorted(paid.items()))
    return Tallies(rows, tuple(sorted({row.month for row in rows})), 0.8, (), len(rows) * 100, 5)


def test_new_hires_by_months_of_employment() -> None:
    found = tallies({("W2", 1): 20.0, ("W2", 2): 30.0, ("W1", 1): 44.0, ("W1", 2): 44.0})
    stages = people.ramp(found, KNOWN)
    assert [(one.months, one.people, one.cases, one.ratio) for one in stages] == [(0, 1, 100, 0.5), (1, 1, 100, 0.75), (12, 1, 200, 1.1)]
    assert all(one.low < one.ratio < one.high for one in stages)
    assert people.ramp(found, KNOWN, ("B",)) == []


def test_training_states_in_order() -> None:
    rows = [
        {"collector_id": "W1", "law_passed_on": date(2026, 3, 1), "valid_until": date(2027, 2, 28)},
        {"collector_id": "W2", "law_passed_on": None, "valid_until": None},
        {"collector_id": "W3", "law_passed_on": date(2025, 1, 1), "valid_until": date(2025, 12, 31)},
        {"collector_id": "W4", "law_passed_on": date(2025, 8, 1), "valid_until": date(2026, 7, 31)},
    ]
    assert [(one.collector, one.state) for one in people.standings(rows, date(2026, 6, 30))] == [
        ("W2", "never"), ("W3", "lapsed"), ("W4", "due"), ("W1", "valid"),
    ]  # fmt: skip


def test_an_effect_of_training_is_found_and_few_say_so() -> None:
    """30 collectors over 12 months, half take a course in steps that adds 0.2; with three collectors nothing is said."""
    random = np.random.default_rng(3)
    paid, taken = {}, {}
    for place in range(30):
        who, start = f"W{place}", 5 + place % 4 if place < 15 else None
        if start is not None:
            taken[who] = date(2026, start, 12)
        for month in range(1, 13):
            level = 1.0 + (0.2 if start is not None and month >= start else 0.0)
            paid[who, month] = 40 * level + random.normal(0, 4)
    found = people.effect_of_training(tallies(paid), taken)
    assert found.overall.low is not None and found.overall.high is not None
    assert found.overall.low < 0.2 < found.overall.high and found.overall.low > 0
    few = {key: value for key, value in paid.items() if key[0] in ("W0", "W1", "W20")}
    with pytest.raises(effects.TooFew):
        people.effect_of_training(tallies(few), taken)


def test_reasons_are_beyond_chance_or_by_rule() -> None:
    size = 30
    ids = [f"W{place}" for place in range(size)]
    expected = np.full(size, 100.0)
    observed = np.full(size, 100.0)
    observed[0], observed[1] = 40.0, 94.0
    adjusted = performance.compared("paid", (date(2026, 1, 1),), ids, np.full(size, 400.0), observed, expected, expected * 0.75)
    quality = {
        "W2": {"complaints_per_1000": 9.0, "complaints_per_1000_low": 4.0, "reviews_done": 9, "review_fail_rate": 0.1, "review_critical_rate": 0.0},
        "W3": {"complaints_per_1000": 9.0, "complaints_per_1000_low": 1.0, "reviews_done": 9, "review_fail_rate": 0.8, "review_critical_rate": 0.0},
        "W4": {"complaints_per_1000": 0.0, "complaints_per_1000_low": 0.0, "reviews_done": 2, "review_fail_rate": 1.0, "review_critical_rate": 0.0},
    }
    lapsed = [people.Standing("W5", None, None, "never"), people.Standing("W6", None, None, "valid")]
    found = people.reasons(adjusted, quality, {"complaints_per_1000": 2.0}, lapsed, ids)
    assert {(one.collector, one.rule) for one in found} == {("W0", "low"), ("W2", "complaints"), ("W3", "review"), ("W5", "never")}
    assert people.reasons(adjusted, quality, {}, lapsed, ["W9"]) == []


def test_who_may_be_seen_and_how_they_are_called() -> None:
    everyone = list(KNOWN)
    manager, leader = Scope(), Scope("leader", ("B",), True)
    project, own = Scope("project", None, False), Scope("collector", None, False, "W3")
    assert people.visible(KNOWN, everyone, manager) == everyone and people.visible(KNOWN, everyone, leader) == ["W4"]
    assert people.visible(KNOWN, everyone, own) == ["W3"] and people.visible(KNOWN, everyone, manager, ("A",)) == ["W1", "W2", "W3"]
    assert people.labels(KNOWN, ["W4"], leader, "en") == {"W4": "Dee · W4"}
    assert people.labels(KNOWN, ["W4", "W1"], project, "en") == {"W4": "No. 1", "W1": "No. 2"}
    assert people.labels(KNOWN, ["W3"], own, "zh") == {"W3": "本人"}
