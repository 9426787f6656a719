"""The forecast of finish dates against what can be worked out: chains by the normal law, two at once by the product of their laws."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from dashboard.rollout.outlook import Outlook, TooFew, outlook, ratios
from dashboard.rollout.plan import Milestone, Plan, Said
from tests.rollout.drawing import plan

TODAY = date(2026, 3, 31)
#: 100 finished milestones of 100 baseline days that took 80, 81, … 179: ratios spread evenly from 0.80 to 1.79.
DAYS = np.arange(80, 180)
LENGTH = 100


def finished(days: np.ndarray = DAYS) -> Plan:
    begin = date(2025, 1, 1)
    end = begin + timedelta(days=LENGTH - 1)
    return tuple(
        Milestone(
            f"F{number}", "process", Said.of("f"), Said.of("o"), begin, end, begin, end, begin, begin + timedelta(days=int(took) - 1), Decimal(100)
        )
        for number, took in enumerate(days)
    )  # fmt: skip


def step(name: str, begin: date, needs: tuple[str, ...] = ()) -> Milestone:
    end = begin + timedelta(days=LENGTH - 1)
    return Milestone(name, "process", Said.of(name), Said.of("o"), begin, end, begin, end, depends_on=needs)


def told(steps: Plan, today: date = TODAY, draws: int = 20_000, seed: int = 1) -> Outlook:
    found = outlook(steps, today, draws, seed)
    assert isinstance(found, Outlook)
    return found


def test_the_ratios_are_those_of_what_is_finished_and_dated() -> None:
    steps = plan("""
        id | base         | actual       | percent
        A  | 01-01..01-10 | 01-01..01-15 | 100
        B  | 01-01..01-10 | 01-06..01-10 | 100
        C  | 01-01..01-10 | 01-01..      | 100
        D  | 01-01..01-10 | 01-01..      | 50
    """)
    assert ratios(steps) == [1.5, 0.5]


def test_one_step_has_the_quantiles_of_its_ratios() -> None:
    """Half of the ratios are 1.29 or less, four in five 1.59 or less: 129 and 159 days from 1 April on."""
    found = told((*finished(), step("A", date(2026, 4, 1))))
    for said, share in ((found.each["A"].p50, 0.5), (found.each["A"].p80, 0.8)):
        due = date(2026, 4, 1) + timedelta(days=int(np.quantile(DAYS, share, method="inverted_cdf")) - 1)
        assert abs((said - due).days) <= 2


def test_a_chain_adds_up_by_the_normal_law() -> None:
    """Twelve steps in a row: mean 12 × 129.5 days, variance 12 × that of one (833.25); P80 lies 0.8416 deviations above."""
    names = [f"S{number:02d}" for number in range(12)]
    begin = date(2026, 4, 1)
    chain = tuple(step(name, begin + timedelta(days=LENGTH * number), tuple(names[number - 1 : number])) for number, name in enumerate(names))
    # so that no planned begin holds a step back, the chain is begun long after its plan
    today = begin + timedelta(days=LENGTH * 12)
    found = told((*finished(), *chain), today)
    mean, deviation = 12 * DAYS.mean(), float(np.sqrt(12 * DAYS.var()))
    for said, distance in ((found.whole.p50, 0.0), (found.whole.p80, 0.8416)):
        expected = today + timedelta(days=mean + distance * deviation)
        assert abs((said - expected).days) <= 3  # of 1,554 days
    assert found.whole == found.each["S11"] and found.whole.by_plan == 0


def test_two_at_once_are_done_when_both_are() -> None:
    """Both within t days with chance F(t)²: P80 of the later one is where F is √0.8."""
    found = told((*finished(), step("A", date(2026, 4, 1)), step("B", date(2026, 4, 1))))
    due = date(2026, 4, 1) + timedelta(days=int(np.quantile(DAYS, 0.8**0.5, method="inverted_cdf")) - 1)
    assert abs((found.whole.p80 - due).days) <= 2
    chance = float(np.mean(DAYS <= 100)) ** 2
    assert found.whole.by_plan == pytest.approx(chance, abs=0.01)


def test_what_waits_for_two_begins_after_the_later() -> None:
    pair = (step("A", date(2026, 4, 1)), step("B", date(2026, 4, 1)))
    after = step("C", date(2026, 7, 10), ("A", "B"))
    found = told((*finished(), *pair, after))
    random = np.random.default_rng(7)
    draws = random.choice(DAYS, (3, 200_000))
    ends = np.maximum(np.maximum(draws[0], draws[1]), 100) + draws[2]
    assert abs((found.each["C"].p80 - date(2026, 3, 31)).days - float(np.quantile(ends, 0.8))) <= 2


def test_one_in_progress_has_only_its_rest_to_run() -> None:
    """Begun on 1 March, 60 of 100 per cent complete: 40 planned days remain, at half of the ratios 51.6 of them from 1 April on."""
    running = replace(step("A", date(2026, 3, 1)), actual_start=date(2026, 3, 1), percent=Decimal(60))
    found = told((*finished(), running))
    rest = np.ceil(0.4 * DAYS)
    assert abs((found.each["A"].p50 - TODAY).days - float(np.quantile(rest, 0.5, method="inverted_cdf"))) <= 1
    almost = replace(running, percent=Decimal(99))
    assert told((*finished(), almost)).each["A"].p50 > TODAY


def test_steps_always_on_time_give_the_plan_itself() -> None:
    found = told((*finished(np.full(6, LENGTH)), step("A", date(2026, 4, 1)), step("B", date(2026, 7, 10), ("A",))))
    for name, end in (("A", date(2026, 7, 9)), ("B", date(2026, 10, 17))):
        assert found.each[name].p50 == found.each[name].p80 == found.each[name].planned == end and found.each[name].by_plan == 1


def test_the_same_plan_gives_the_same_dates_and_chance_shows_in_others() -> None:
    steps = (*finished(), step("A", date(2026, 4, 1)))
    assert outlook(steps, TODAY) == outlook(steps, TODAY)
    assert told(steps, seed=1).each["A"].by_plan != told(steps, seed=2).each["A"].by_plan


def test_too_few_finished_say_so_and_nothing_open_is_no_forecast() -> None:
    assert outlook((*finished(DAYS[:4]), step("A", date(2026, 4, 1))), TODAY) == TooFew(4, 5)
    assert outlook(finished(), TODAY) is None and outlook((), TODAY) is None
