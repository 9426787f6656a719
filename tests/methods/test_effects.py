"""Effects: worked by hand, against other estimators, and on many simulated panels with and without an effect."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from diff_diff import CallawaySantAnna

from dashboard.methods import effects
from dashboard.methods.effects import NEVER, Row, TooFew, interrupted, invert, month_number, month_of, staggered, two_stage

#: The sample's roll-out: six teams start in four months, two never do.
STARTS = (14, 15, 16, 17, 14, None, 16, None)
PLACES = np.array([NEVER if start is None else start for start in STARTS])
MONTHS = 24
AGE = np.arange(MONTHS) - PLACES[:, None]
Array = np.ndarray[Any, Any]


def rows(outcome: Callable[[int, int], float], starts: Any = STARTS, months: int = MONTHS) -> list[Row]:
    """A panel whose cells are drawn by a function of unit and month."""
    return [Row(f"team {unit}", month, outcome(unit, month), 100.0, start) for unit, start in enumerate(starts) for month in range(months)]


def panels(count: int, effect: float, seed: int, persistence: float = 0.5) -> Array:
    """Units × months × panels: levels of their own, a common season, shocks that linger, noise, and an effect that grows over 3 months."""
    rng = np.random.default_rng(seed)
    lingering = np.zeros((len(STARTS), MONTHS, count))
    lingering[:, 0] = rng.normal(0, 0.01 / np.sqrt(1 - persistence**2), (len(STARTS), count))
    for month in range(1, MONTHS):
        lingering[:, month] = persistence * lingering[:, month - 1] + rng.normal(0, 0.01, (len(STARTS), count))
    season = 0.02 * np.sin(np.arange(MONTHS))[None, :, None]
    noise = rng.normal(0, 0.03, lingering.shape)
    return 0.2 + rng.normal(0, 0.03, (len(STARTS), 1, count)) + season + lingering + noise + effect * path()[:, :, None]


def path() -> Array:
    """A third of the effect in the first month, all of it from the third on."""
    return np.where(AGE < 0, 0.0, (np.minimum(AGE, 2) + 1) / 3)


def judged(outcomes: Array) -> list[tuple[float | None, float | None, float]]:
    """Interval and p of each panel, by dealing the starts out in all 5,040 ways."""
    deals, exact = effects._deals(PLACES, 1)
    assert exact and len(deals) == 5_040
    both = np.concatenate([outcomes, (AGE >= 0)[:, :, None] * 1.0], axis=2)
    dealt = two_stage(deals, np.ones(len(STARTS)), np.ones((len(STARTS), MONTHS), dtype=bool), both, [None])[:, 0]
    return [invert(dealt[:, place], dealt[:, -1]) for place in range(outcomes.shape[2])]


def test_four_means_by_hand() -> None:
    """
    mean      | before | after | change
    starters  | 10     | 14    | 4
    others    | 8      | 9     | 1
    effect    |        |       | 3
    """
    found = staggered(rows(lambda unit, month: (10 if month < 6 else 14) if unit < 4 else (8 if month < 6 else 9), [6] * 4 + [None] * 4, 12))
    assert found.overall.value == pytest.approx(3)
    # 70 ways to pick four of eight; only the true one and its mirror are as extreme
    assert found.ways == 70 and found.exact and found.overall.p == pytest.approx(2 / 70)
    assert (found.units, found.starters, found.never, found.periods, found.after) == (8, 4, 4, 12, 6)
    assert found.before is not None and found.before.value == pytest.approx(0)
    assert found.level is not None and found.level.value == pytest.approx(2)
    assert {(cell.outcome, round(cell.expected, 9)) for cell in found.cells} == {(14.0, 11.0)}
    assert [point.since for point in found.points] == [-3, -2, -1, 0, 1, 2, 3, 4, 5]
    assert "season" in found.warnings and "level" in found.warnings


def test_weights_and_gaps_give_what_the_library_gives() -> None:
    """The many-ways estimator and diff-diff's are written apart; on a panel with weights and gaps they agree to the last digits."""
    rng = np.random.default_rng(4)
    drawn = [
        Row(row.unit, row.period, float(rng.normal()), 50.0 + 30 * int(row.unit[-1]), row.start) for row in rows(lambda *_: 0.0) if rng.random() > 0.1
    ]
    panel, left_out = effects._panel(drawn)
    assert left_out == 0
    library = effects._fitted(panel)
    horizons = sorted(library.since)
    ours = two_stage(panel.starts[None, :], panel.weight, panel.there, panel.y[:, :, None], [None, *horizons])[0, :, 0]
    assert ours[0] == pytest.approx(library.overall.value, abs=1e-10)
    assert ours[1:] == pytest.approx([library.since[one] for one in horizons], abs=1e-10)
    quick = effects._estimated(panel)
    assert quick.overall.value == pytest.approx(library.overall.value, abs=1e-10) and quick.since == pytest.approx(library.since, abs=1e-10)
    assert [(one.since, one.units) for one in quick.points] == [(one.since, one.units) for one in library.points]
    for one, other in zip(quick.cells, library.cells, strict=True):
        assert (one.start, one.period, one.units, one.outcome) == (other.start, other.period, other.units, pytest.approx(other.outcome))
        assert one.expected == pytest.approx(other.expected, abs=1e-10)


def test_by_least_squares_on_those_not_started() -> None:
    """What would have been, by weighted least squares of statsmodels with a dummy a unit and a month, on cells not started only."""
    y = panels(1, 0.05, seed=11)[:, :, 0]
    weight = np.linspace(0.5, 1.5, len(STARTS))
    unit, month = np.indices(y.shape)
    dummies = np.concatenate([unit[:, :, None] == np.arange(8), month[:, :, None] == np.arange(1, MONTHS)], axis=2) * 1.0
    free = AGE < 0
    fit = sm.WLS(y[free], dummies[free], weights=np.broadcast_to(weight[:, None], y.shape)[free]).fit()
    gain = np.average((y - dummies @ fit.params)[~free], weights=np.broadcast_to(weight[:, None], y.shape)[~free])
    ours = two_stage(PLACES[None, :], weight, np.ones(y.shape, dtype=bool), y[:, :, None], [None])
    assert ours.item() == pytest.approx(gain, abs=1e-10)


def test_a_growing_effect_is_not_understated_as_two_way_fixed_effects_do() -> None:
    """No noise, an effect of 1 a month since the start: early starters as a yardstick for late ones pull the usual regression down."""
    starts = (4, 4, 8, 8, 12, 12, None, None)
    places = np.array([NEVER if start is None else start for start in starts])
    age = np.arange(20) - places[:, None]
    gain = np.where(age >= 0, age + 1.0, 0.0)
    found = staggered(rows(lambda unit, month: unit + 0.3 * month + gain[unit, month], starts, 20))
    truth = gain[age >= 0].mean()
    unit, month = np.indices(gain.shape)
    dummies = np.concatenate([unit[:, :, None] == np.arange(8), month[:, :, None] == np.arange(1, 20)], axis=2) * 1.0
    usual = sm.OLS((unit + 0.3 * month + gain).ravel(), np.column_stack([(age >= 0).ravel() * 1.0, dummies.reshape(-1, 27)])).fit().params[0]
    assert found.overall.value == pytest.approx(truth) and usual < 0.75 * truth
    assert [point.effect.value for point in found.points if point.since >= 0] == pytest.approx([age + 1 for age in range(16)])


def test_against_callaway_and_santanna() -> None:
    """Without noise both say the same; with it, one month as baseline makes theirs several times as uncertain."""

    def theirs(y: Array) -> float:
        data = pd.DataFrame([(row.unit, row.period + 1, y[int(row.unit[-1]), row.period], (row.start or -1) + 1) for row in rows(lambda *_: 0.0)])
        data.columns = ["unit", "time", "y", "g"]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return float(
                CallawaySantAnna(control_group="not_yet_treated").fit(data, outcome="y", unit="unit", time="time", first_treat="g").overall_att
            )

    def ours(y: Array) -> float:
        return float(two_stage(PLACES[None, :], np.ones(8), np.ones(y.shape, dtype=bool), y[:, :, None], [None]).item())

    still = 0.2 + 0.05 * np.sin(np.arange(MONTHS)) + 0.03 * path()
    assert theirs(still) == pytest.approx(ours(still)) == pytest.approx(0.03 * path()[AGE >= 0].mean())
    many = panels(30, 0.0, seed=8)
    assert np.std([theirs(many[:, :, one]) for one in range(30)]) > 1.5 * np.std([ours(many[:, :, one]) for one in range(30)])


def test_the_interval_holds_what_the_test_does_not_refuse() -> None:
    """By trying every effect on a grid."""
    rng = np.random.default_rng(2)
    dealt, moved = rng.normal(size=200), rng.uniform(-0.5, 0.5, 200)
    dealt[0], moved[0] = 0.7, 1.0
    low, high, p = invert(dealt, moved)
    grid = np.linspace(-8, 8, 16_001)
    kept = [e for e in grid if np.mean(np.abs(dealt - e * moved) >= abs(dealt[0] - e) - 1e-12) > 0.05]
    assert low == pytest.approx(min(kept), abs=2e-3) and high == pytest.approx(max(kept), abs=2e-3)
    assert p == pytest.approx(np.mean(np.abs(dealt) >= 0.7))


@pytest.mark.parametrize("persistence", [0.5, 0.9])
def test_a_planted_effect_is_covered(persistence: float) -> None:
    truth = 0.05 * path()[AGE >= 0].mean()
    found = judged(panels(200, 0.05, seed=1, persistence=persistence))
    covered = np.mean([low <= truth <= high for low, high, _ in found if low is not None and high is not None])
    assert len([one for one in found if one[0] is not None]) == 200 and covered >= 0.92


@pytest.mark.parametrize("persistence", [0.5, 0.9])
def test_no_effect_is_rarely_called_one(persistence: float) -> None:
    found = judged(panels(400, 0.0, seed=3, persistence=persistence))
    assert np.mean([low is not None and low > 0 for low, _, _ in found]) <= 0.05
    assert np.mean([p <= 0.05 for *_, p in found]) <= 0.075


def test_an_effect_as_large_as_the_smallest_seen_is_seen_in_four_of_five() -> None:
    half = np.mean([(high - low) / 2 for low, high, _ in judged(panels(100, 0.0, seed=5)) if low is not None and high is not None])
    smallest = effects.SEEN["randomisation"] * half
    found = judged(panels(300, smallest / path()[AGE >= 0].mean(), seed=6))
    assert 0.7 <= np.mean([low is not None and low > 0 for low, _, _ in found]) <= 0.92


def test_many_units_have_clustered_errors() -> None:
    """Forty collectors, a third never trained."""
    covered, drifts = [], 0
    for seed in range(20):
        rng = np.random.default_rng(seed)
        starts = [None if unit % 3 == 0 else int(rng.integers(8, 14)) for unit in range(40)]
        lingering = np.cumsum(rng.normal(0, 0.01, (40, 16)), axis=1) + rng.normal(0, 0.05, (40, 1))
        noise = rng.normal(0, 0.05, (40, 16))

        def outcome(unit: int, month: int, drawn: Array = lingering + noise, begun: Any = starts) -> float:
            return float(drawn[unit, month]) + 0.02 * (begun[unit] is not None and month >= begun[unit])

        found = staggered(rows(outcome, starts, 16))
        assert found.inference == "clustered" and found.overall.low is not None and found.overall.high is not None
        covered.append(found.overall.low <= 0.02 <= found.overall.high)
        drifts += "drift" in found.warnings
    assert sum(covered) >= 18 and drifts <= 3


def test_what_must_be_known_is_said() -> None:
    """A drift before the start, an effect a month early, teams that were worse, all at once, and a team that had started already."""
    rng = np.random.default_rng(5)
    noise = rng.normal(0, 0.002, (9, MONTHS))

    def found(shape: Callable[[int, int], float], starts: Any = STARTS) -> tuple[str, ...]:
        return staggered(rows(lambda unit, month: 0.2 + shape(unit, month) + noise[unit, month], starts), by_period=False).warnings

    started = [start is not None for start in STARTS]
    assert found(lambda *_: 0.0) == ()
    assert "drift" in found(lambda unit, month: 0.01 * month * started[unit])
    assert "anticipation" in found(lambda unit, month: 0.05 * (AGE[unit, month] >= -1))
    assert "season" in found(lambda *_: 0.0, [14, None, None, 14, None, 14, None, None])
    assert "level" in found(lambda unit, month: -0.05 * started[unit])
    assert found(lambda *_: 0.0, (*STARTS, 0)) == ("left_out",)


@pytest.mark.parametrize(
    ("starts", "months", "reason", "found", "needed"),
    [
        ([5], 12, "units", 1, 2),
        ([0, 0, 5], 12, "units", 1, 2),
        ([None, None, 30], 12, "starters", 0, 1),
        ([2, 3, None, None, None, None], 12, "before", 2, 3),
        ([6, None, None, None], 12, "ways", 4, 20),
        ([6, 6, 6, None, None, None], 12, "ways", 20, 20),  # the mirror image is as extreme: p can't fall below 2 ÷ 20
    ],
)
def test_too_few_is_no_number(starts: list[int | None], months: int, reason: str, found: int, needed: int) -> None:
    rng = np.random.default_rng(1)
    with pytest.raises(TooFew) as raised:
        staggered(rows(lambda *_: float(rng.normal()), starts, months))
    assert (raised.value.reason, raised.value.found, raised.value.needed) == (reason, found, needed)


def test_units_that_come_and_go() -> None:
    """One comes when all others have started and shares no month without it with anybody: left out; one that comes late but never starts counts."""
    rng = np.random.default_rng(0)
    held = rows(lambda *_: float(rng.normal()), [6, 7, 8, 9, 6, 7, 8, 9], 14)
    alone = staggered([*held, *(Row("late", month, float(rng.normal()), 1.0, 13) for month in range(10, 14))], by_period=False)
    assert alone.units == 8 and "left_out" in alone.warnings
    assert alone.overall == staggered(held, by_period=False).overall
    never = staggered([*held, *(Row("late", month, 0.1 * month, 100.0) for month in range(4, 14))])
    assert never.units == 9 and never.after == 8 and np.isfinite(never.overall.value)


def test_the_same_seed_gives_the_same_draws() -> None:
    rng = np.random.default_rng(1)
    drawn = rows(lambda *_: float(rng.normal()), [*STARTS, 15, None, 17])
    one, other = staggered(drawn, by_period=False), staggered(drawn[::-1], by_period=False)
    assert not one.exact and one.ways == effects.DRAWS + 1
    assert one == other


def test_a_month_as_a_number_and_back() -> None:
    for number in (24_300, 24_311):
        assert month_number(month_of(number)) == number


# --- one series ---------------------------------------------------------------------------------------------------------


def test_a_step_and_a_bend_by_hand() -> None:
    """10 + month before; from month 12 on 3 higher and 0.5 a month steeper: 3, 3.5, 4, 4.5 more, 3.75 on average."""
    found = interrupted([(month, 10 + month + (3 + 0.5 * (month - 12)) * (month >= 12)) for month in range(16)], 12)
    assert found.overall.value == pytest.approx(3.75, abs=1e-6) and found.overall.sign == 1
    assert [point.effect.value for point in found.points] == pytest.approx([3, 3.5, 4, 4.5], abs=1e-6)
    assert [cell.expected for cell in found.cells[12:]] == pytest.approx([22, 23, 24, 25], abs=1e-6)
    assert found.warnings == ("alone", "season", "short")


def test_the_months_of_the_year_are_told_apart_from_two_years_on() -> None:
    found = interrupted([(month, 10 + (5 if month % 12 == 11 else 0) + 2 * (month >= 24)) for month in range(36)], 24)
    assert found.overall.value == pytest.approx(2, abs=1e-6)


@pytest.mark.parametrize(("before", "after", "reason", "count", "needed"), [(8, 6, "before", 8, 9), (12, 2, "after", 2, 3)])
def test_a_short_series_is_no_number(before: int, after: int, reason: str, count: int, needed: int) -> None:
    with pytest.raises(TooFew) as raised:
        interrupted([(month, float(month % 3)) for month in range(before + after)], before)
    assert (raised.value.reason, raised.value.found, raised.value.needed) == (reason, count, needed)


@pytest.mark.parametrize(("months", "start"), [(18, 12), (24, 15)])
def test_one_series_without_an_effect_is_rarely_called_one(months: int, start: int) -> None:
    """Shocks that linger (0.4 a month); Newey-West alone is fooled several times as often."""
    rng = np.random.default_rng(7)
    fooled, covered = 0, 0
    for _ in range(40):
        shocks = rng.normal(size=months + 30)
        for month in range(1, months + 30):
            shocks[month] += 0.4 * shocks[month - 1]
        y = shocks[30:] + 2.0 * (np.arange(months) >= start)
        found = interrupted(list(enumerate(y.tolist())), start)
        assert found.overall.low is not None and found.overall.high is not None
        covered += found.overall.low <= 2.0 <= found.overall.high
        fooled += interrupted(list(enumerate((y - 2.0 * (np.arange(months) >= start)).tolist())), start).overall.sign == 1
    assert fooled <= 2 and covered >= 36
