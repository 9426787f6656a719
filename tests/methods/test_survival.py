"""Cumulative incidence against hand, lifelines, Kaplan-Meier with Greenwood, a simulation with known truth, and the wrong 1 − KM."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from math import ceil, exp

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import AalenJohansenFitter, KaplanMeierFitter

from dashboard.methods.survival import Curve, incidence, median_time

#: Days and ends (0 open, 1 event, 2 left).
Followed = Sequence[tuple[int, int]]


def counts(followed: Followed) -> tuple[Mapping[int, int], Mapping[int, int], Mapping[int, int]]:
    """Events, competing exits and censored by day."""
    by_end = [Counter(day for day, end in followed if end == kind) for kind in (1, 2, 0)]
    return by_end[0], by_end[1], by_end[2]


def curve(followed: Followed, least: int = 1) -> Curve:
    return incidence(*counts(followed), least=least)


def one_minus_km(followed: Followed, day: int) -> float:
    """The mistake: who left another way counts as if still to come."""
    days, events = [d for d, _ in followed], [end == 1 for _, end in followed]
    return 1 - float(KaplanMeierFitter().fit(days, events).predict(day))


def share(found: Curve, day: int) -> float:
    point = found.at(day)
    return point.incidence if point is not None else 0.0


def drawn(seed: int, size: int = 400) -> list[tuple[int, int]]:
    """Heavily tied days on which only one kind of thing happens (events on even, exits on odd), so that lifelines need not jitter."""
    rng = random.Random(seed)
    return [(2 * rng.randint(1, 30) + (end == 2), end) for end in rng.choices((0, 1, 2), (2, 4, 3), k=size)]


def test_drawn_example_where_one_minus_km_overstates() -> None:
    """Of four cases two pay. One is recalled between; half have paid, but 1 − KM says 62.5%.

    day        10     20        30     40
    case       pays   recalled  pays   still open
    at risk    4      3         2      1
    curve      1/4    1/4       1/2    1/2
    """
    cases = [(10, 1), (20, 2), (30, 1), (40, 0)]
    found = curve(cases)
    assert [(point.day, point.incidence, point.at_risk) for point in found.points] == [(10, 0.25, 4), (20, 0.25, 3), (30, 0.5, 2)]
    assert one_minus_km(cases, 40) == pytest.approx(0.625)
    assert median_time(*counts(cases)) == 30
    assert [found.at_risk(day) for day in (0, 10, 11, 30, 40, 41)] == [4, 4, 3, 2, 1, 0]


@pytest.mark.parametrize("seed", range(5))
def test_as_lifelines_says(seed: int) -> None:
    cases = drawn(seed)
    fitter = AalenJohansenFitter(calculate_variance=True).fit(
        pd.Series([day for day, _ in cases]), pd.Series([end for _, end in cases]), event_of_interest=1
    )
    limits = fitter.confidence_interval_
    for point in curve(cases).points:
        assert point.incidence == pytest.approx(float(fitter.cumulative_density_.loc[point.day].iloc[0]), rel=1e-12)
        assert point.variance == pytest.approx(float(fitter.variance_.loc[point.day]), rel=1e-9)
        said = sorted(float(value) for value in limits.loc[point.day])
        assert (point.low, point.high) == pytest.approx(said, rel=1e-9)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from((0, 1))), min_size=1, max_size=80))
def test_without_competing_exits_it_is_km_with_greenwood(cases: list[tuple[int, int]]) -> None:
    days = [day for day, _ in cases]
    km = KaplanMeierFitter().fit(days, [end for _, end in cases])
    for point in curve(cases).points:
        surviving = float(km.survival_function_at_times(point.day).iloc[0])
        assert point.incidence == pytest.approx(1 - surviving, abs=1e-12)
        greenwood = 0.0
        for day in sorted(set(days)):
            d, n = sum(1 for case in cases if case == (day, 1)), sum(1 for other in days if other >= day)
            if day <= point.day and n > d:
                greenwood += d / (n * (n - d))
        if surviving > 1e-9:
            assert point.variance == pytest.approx(surviving**2 * greenwood, rel=1e-9, abs=1e-15)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.sampled_from((0, 1, 2))), min_size=1, max_size=120))
def test_what_always_holds(cases: list[tuple[int, int]]) -> None:
    found = curve(cases)
    shares = [point.incidence for point in found.points]
    assert shares == sorted(shares)
    km = KaplanMeierFitter().fit([day for day, _ in cases], [end == 1 for _, end in cases])
    for point in found.points:
        assert 0 <= point.low <= point.incidence + 1e-12 and point.incidence <= point.high + 1e-12 and point.high <= 1 + 1e-12
        assert point.incidence <= 1 - float(km.predict(point.day)) + 1e-9
    if all(end != 0 for _, end in cases) and shares:  # nobody censored: the curve ends on the plain share
        assert shares[-1] == pytest.approx(sum(end == 1 for _, end in cases) / len(cases))


def simulated(rng: random.Random, size: int, cure: float, leave: float) -> list[tuple[int, int]]:
    """Cases that cure or are recalled at constant hazards, seen at day ends, placed over time so that some are still open."""
    cases = []
    for _ in range(size):
        time, end = rng.expovariate(cure + leave), 1 if rng.random() < cure / (cure + leave) else 2
        seen = rng.randint(30, 120)
        cases.append((ceil(time), end) if ceil(time) <= seen else (seen, 0))
    return cases


def test_simulated_truth_is_covered_and_one_minus_km_overstates() -> None:
    cure, leave, day = 0.0239, 0.0156, 60
    truth = cure / (cure + leave) * (1 - exp(-(cure + leave) * day))
    rng = random.Random(11)
    covered, estimates, wrong, rounds = 0, [], [], 300
    for number in range(rounds):
        cases = simulated(rng, 300, cure, leave)
        point = curve(cases).at(day)
        assert point is not None
        covered += point.low <= truth <= point.high
        estimates.append(point.incidence)
        if number < 20:
            wrong.append(one_minus_km(cases, day))
            assert wrong[-1] > point.high  # even beyond its interval, every time
    assert truth == pytest.approx(0.548, abs=0.001)
    assert sum(estimates) / rounds == pytest.approx(truth, abs=0.005)
    assert 0.92 <= covered / rounds <= 0.98
    assert sum(wrong) / len(wrong) == pytest.approx(1 - exp(-cure * day), abs=0.02)  # what would be if nobody could leave: 76%


def test_it_stops_where_too_few_are_followed() -> None:
    cases = [(day, 1) for day in range(1, 31)]
    found = curve(cases, least=10)
    assert found.until == 21 and found.points[-1].at_risk == 10
    assert found.at(21) is not None and found.at(22) is None
    assert found.total == 30


def test_median_with_its_interval() -> None:
    found = curve([(day, 1) for day in range(1, 101)])
    middle, low, high = found.median()
    assert middle == 50 and low is not None and high is not None and low < 50 < high
    assert (low, high) == (41, 61)
    assert curve([(5, 1), (6, 2), (7, 2)]).median()[0] is None


def test_nobody_and_no_event() -> None:
    assert incidence({}, {}, {}).points == () and incidence({}, {}, {}).until == 0
    found = curve([(5, 2), (9, 0)])
    assert found.points == () and found.until == 9 and found.median() == (None, None, None)
