"""Did it work? The effect of something that units (teams, collectors) took up in different months, or all at once.

`staggered` is difference-in-differences for take-up in steps: Gardner's two-stage estimator ("did2s", arXiv:2207.05943), which compares
only with units that have not started, so that early starters are no yardstick for late ones (the bias of two-way fixed effects:
Goodman-Bacon 2021). It is diff-diff's TwoStageDiD: kept up, light (numpy, pandas and scipy only; pyfixest brings numba, csdid its own
plotting), weights of units, and of its estimators the one that uses all months before as baseline; Callaway & Sant'Anna's uses the last
month alone, which on a few noisy teams is 1.7 times as uncertain (tests/methods/test_effects.py shows both).

With fewer than FEW units, or FEW_SIDE on either side, no asymptotic interval can be trusted: the p value comes from dealing the starts
out anew among the units (all ways where there are at most EXACT, else DRAWS of them by a seed), and the interval holds every effect that
this test doesn't refuse (Fisher's randomisation inference, inverted; Rosenbaum 2002 §2.6). Otherwise errors are clustered by unit.

`interrupted` is a segmented regression of one series (Wagner 2002) for what everybody started in the same month. There is no comparison
then: whatever else began in that month counts too. Newey-West intervals alone are far too short on 18 to 36 months (they "find" an effect
in 15-30% of series without any), so the interval reaches over theirs and over one that averages over the autocorrelation (restricted
likelihood over a grid, GLS by statsmodels).

Neither gives a number where there is too little to tell: both raise TooFew with the reason. A bare before/after is never an effect.

    rows = [Row.of_rate("East-1", month_number(month), part, whole, month_number(start) or None) for …]
    effect = staggered(rows)            # training of collectors: unit = collector, start = month of the course, None = never
    effect.overall.value, effect.overall.low, effect.overall.high, effect.detectable, effect.warnings
"""

from __future__ import annotations

import warnings as python_warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from math import factorial, isfinite, prod
from typing import Any, Literal

import numpy as np
import pandas as pd
from diff_diff import SurveyDesign, TwoStageDiD
from scipy.linalg import toeplitz
from scipy.optimize import brentq
from scipy.stats import t as student
from statsmodels.regression.linear_model import GLS, OLS

#: With fewer units than this, or fewer starters or comparators than the second, the interval comes from dealing the starts out anew.
FEW, FEW_SIDE = 20, 6
#: All ways to deal the starts out are gone through up to the first number; else so many are drawn.
EXACT, DRAWS = 5_040, 1_999
LEVEL = 0.05
#: An effect of so many half intervals is seen in 80% of the cases: (1.96 + 0.84) ÷ 1.96 for large numbers, found by trial for few units.
SEEN = {"randomisation": 1.6, "clustered": 1.43, "series": 1.43}
#: Months of comparison before the first start that are needed at all, and the most months looked back for a drift.
LEAST_BEFORE, MOST_LEADS = 3, 6
#: A single series needs so many months before and from the start on, and the months of the year are told apart from so many in all.
SERIES_BEFORE, SERIES_AFTER, SEASONS = 9, 3, 24
_CHUNK = 100

Array = np.ndarray[Any, Any]


class TooFew(ValueError):
    """Too little to tell; `reason` is one of before, after, starters, comparison, units, ways; `found` and `needed` count it."""

    def __init__(self, reason: str, found: int, needed: int) -> None:
        self.reason, self.found, self.needed = reason, found, needed
        super().__init__(f"{reason}: got {found}, needed {needed}")


def month_number(day: date) -> int:
    """Months counted from year 0: the period of a row."""
    return day.year * 12 + day.month - 1


def month_of(number: int) -> date:
    """The first day of a counted month."""
    return date(number // 12, number % 12 + 1, 1)


@dataclass(frozen=True)
class Row:
    """One unit in one period: its outcome, its weight (how much it stands for), and the period of its start (None: never)."""

    unit: str
    period: int
    outcome: float
    weight: float = 1.0
    start: int | None = None

    @staticmethod
    def of_rate(unit: str, period: int, part: float, whole: float, start: int | None = None) -> Row:
        """A share, weighted by what it is a share of."""
        return Row(unit, period, part / whole, whole, start)


@dataclass(frozen=True)
class Estimate:
    """A number with its 95% interval; low and high None where no interval is bounded by so few."""

    value: float
    low: float | None
    high: float | None
    p: float | None

    @property
    def sign(self) -> int:
        """1 or −1 where the interval leaves zero out, else 0."""
        if self.low is None or self.high is None:
            return 0
        return (self.low > 0) - (self.high < 0)


@dataclass(frozen=True)
class Point:
    """The effect so many periods after the start (negative: before it, where there should be none), over so many units."""

    since: int
    effect: Estimate
    units: int


@dataclass(frozen=True)
class Cell:
    """Units that started in one period, in another: mean outcome, what it would have been without, both weighted."""

    start: int
    period: int
    units: int
    outcome: float
    expected: float


@dataclass(frozen=True)
class Effect:
    """What was found. `before`: the drift before the start (should be zero); `level`: starters less others before anybody started.

    warnings: drift, anticipation (an effect in the period before), season (all started in one period), level (starters stood apart
    before), alone (nothing to compare with), short (fewer than three periods after), left_out (units that had started already, or that
    share no period without it with the rest).
    """

    kind: Literal["staggered", "interrupted"]
    overall: Estimate
    points: tuple[Point, ...]
    cells: tuple[Cell, ...]
    before: Estimate | None
    level: Estimate | None
    detectable: float
    units: int
    starters: int
    never: int
    periods: int
    after: int
    inference: Literal["randomisation", "clustered", "series"]
    ways: int
    exact: bool
    warnings: tuple[str, ...]


# --- staggered ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Panel:
    """Units × periods: outcome, which cells there are, the units' weights, and each unit's start as a place (NEVER: none here)."""

    names: tuple[str, ...]
    first: int
    y: Array
    there: Array
    weight: Array
    starts: Array

    @property
    def starters(self) -> Array:
        return np.asarray(self.starts < self.y.shape[1])


NEVER = 10**6


def staggered(rows: Iterable[Row], *, seed: int = 1, by_period: bool = True) -> Effect:
    """The effect on the units that started, while they had, against all that had not; raises TooFew.

    A unit weighs as much in every period: its mean weight before anybody started. A period in which nobody is left to compare with
    is left out, and so are units that had started when first seen. Without `by_period` only the point before the start is made (faster).
    """
    panel, left_out = _panel(rows)
    few = len(panel.names) < FEW or min(int(panel.starters.sum()), int((~panel.starters).sum())) < FEW_SIDE
    found = _estimated(panel) if few else _fitted(panel)
    resting = panel.y - _spread(panel, found.since)
    clear = int(panel.starts.min())
    leads = min(MOST_LEADS, clear - LEAST_BEFORE)
    if few:
        deals, exact = _deals(panel.starts, seed)
        overall, points = _by_dealing(panel, resting, found, deals, by_period)
        before, earlier = _before_by_dealing(panel, resting, deals, leads, by_period) if leads > 0 else (None, ())
    else:
        deals, exact = np.empty((0, 0)), False
        overall, points = found.overall, found.points
        before, earlier = _before(panel, leads) if leads > 0 else (None, ())
    if overall.low is None or overall.high is None:
        raise TooFew("ways", len(deals), round(1 / LEVEL))
    inference: Literal["randomisation", "clustered"] = "randomisation" if few else "clustered"
    level = _level(panel, clear, seed)
    after = panel.y.shape[1] - clear
    warnings = [
        ("drift", before is not None and before.p is not None and before.p < LEVEL),
        ("anticipation", any(point.since == -1 and point.effect.sign for point in earlier)),
        ("season", len(set(panel.starts[panel.starters])) == 1),
        ("level", level is not None and level.p is not None and level.p <= 2 * LEVEL),
        ("short", after < 3),
        ("left_out", left_out > 0),
    ]
    return Effect(
        kind="staggered",
        overall=overall,
        points=(*earlier, *points),
        cells=found.cells,
        before=before,
        level=level,
        detectable=_seen(overall, inference),
        units=len(panel.names),
        starters=int(panel.starters.sum()),
        never=int((~panel.starters).sum()),
        periods=panel.y.shape[1],
        after=after,
        inference=inference,
        ways=len(deals),
        exact=exact,
        warnings=tuple(name for name, holds in warnings if holds),
    )


def _panel(rows: Iterable[Row]) -> tuple[_Panel, int]:
    """The rows as a rectangle, cut where nobody is left to compare with, and how many units were left out; raises TooFew."""
    held = [row for row in rows if isfinite(row.outcome) and row.weight > 0]
    if not held:
        raise TooFew("units", 0, 2)
    starts = {row.unit: row.start for row in held}
    seen: dict[str, int] = {}
    for row in held:
        seen[row.unit] = min(seen.get(row.unit, row.period), row.period)
    kept = [unit for unit in sorted(seen) if (start := starts[unit]) is None or start > seen[unit]]
    left_out = len(seen) - len(kept)
    if len(kept) < 2:
        raise TooFew("units", len(kept), 2)
    place = {unit: number for number, unit in enumerate(kept)}
    held = [row for row in held if row.unit in place]
    first, last = min(row.period for row in held), max(row.period for row in held)
    shape = (len(kept), last - first + 1)
    y, weights, there = np.zeros(shape), np.zeros(shape), np.zeros(shape, dtype=bool)
    for row in held:
        cell = place[row.unit], row.period - first
        y[cell], weights[cell], there[cell] = row.outcome, row.weight, True
    begin = np.array([NEVER if starts[unit] is None else int(starts[unit] or 0) - first for unit in kept])
    free = there & (np.arange(shape[1]) < begin[:, None])
    units, periods = _joined(free)
    if int(units.sum()) < 2:
        raise TooFew("units", int(units.sum()), 2)
    left_out += int((~units).sum())
    width = int(np.flatnonzero(periods)[-1]) + 1
    kept = [unit for unit, joined in zip(kept, units, strict=True) if joined]
    begin, there, free = begin[units], (there & periods)[units, :width], free[units, :width]
    y, weights = np.where(there, y[units, :width], 0.0), weights[units, :width]
    begin = np.where(begin < width, begin, NEVER)
    if (begin == NEVER).all():
        raise TooFew("starters", 0, 1)
    clear = int(begin.min())
    if clear < LEAST_BEFORE:
        raise TooFew("before", clear, LEAST_BEFORE)
    early = there & (np.arange(width) < clear)
    early = np.where(early.sum(axis=1, keepdims=True) > 0, early, free)
    unit_weight = (weights * early).sum(axis=1) / early.sum(axis=1)
    return _Panel(tuple(kept), first, y, there, unit_weight / unit_weight.mean(), begin), left_out


def _joined(free: Array) -> tuple[Array, Array]:
    """The units and periods that can be compared with each other by way of cells without it, from the unit with most of them."""
    units = np.zeros(free.shape[0], dtype=bool)
    units[free.sum(axis=1).argmax()] = True
    while True:
        periods = free[units].sum(axis=0) > 0
        wider = free[:, periods].sum(axis=1) > 0
        if np.array_equal(wider, units):
            return units, np.asarray(periods)
        units = np.asarray(wider)


@dataclass(frozen=True)
class _Fitted:
    """What the library says: overall, by period since the start, and by start and period."""

    overall: Estimate
    points: tuple[Point, ...]
    cells: tuple[Cell, ...]
    since: dict[int, float]


def _fitted(panel: _Panel) -> _Fitted:
    """The two-stage estimate, errors clustered by unit with t of as many degrees as there are units less one."""
    units, periods = np.nonzero(panel.there)
    starts = np.where(panel.starts == NEVER, 0, panel.starts + 1)
    data = pd.DataFrame(
        {
            "unit": units,
            "time": periods + 1,
            "outcome": panel.y[panel.there],
            "start": starts[units],
            "weight": panel.weight[units] * panel.there.sum() / panel.weight[units].sum(),
        }
    )
    with python_warnings.catch_warnings():
        python_warnings.simplefilter("ignore")
        design = SurveyDesign(weights="weight", psu="unit")
        result = TwoStageDiD().fit(data, outcome="outcome", unit="unit", time="time", first_treat="start", survey_design=design)
        events = result.aggregate("event_study").to_dataframe()
    effects = result.treatment_effects.assign(weight=lambda frame: panel.weight[frame["unit"].to_numpy()])
    effects = effects.assign(start=panel.starts[effects["unit"].to_numpy()], period=effects["time"] - 1)
    effects["outcome"] = panel.y[effects["unit"].to_numpy(), effects["period"].to_numpy()]
    counts = effects.groupby("rel_time")["unit"].nunique()
    points = [
        Point(int(row.event_time), _clustered(row.att, row.se, len(panel.names)), int(counts[row.event_time]))
        for row in events.itertuples()
        if not row.is_reference and row.event_time in counts.index
    ]
    cells = []
    for (start, period), group in effects.groupby(["start", "period"]):
        outcome, gain = (float(np.average(group[name], weights=group["weight"])) for name in ("outcome", "tau_hat"))
        cells.append(Cell(int(start) + panel.first, int(period) + panel.first, len(group), outcome, outcome - gain))
    overall = _clustered(result.overall_att, result.overall_se, len(panel.names))
    return _Fitted(overall, tuple(points), tuple(cells), {point.since: point.effect.value for point in points})


def _estimated(panel: _Panel) -> _Fitted:
    """The same estimate without errors, in a fraction of the time: with few units these come from dealing the starts out anew."""
    age = np.arange(panel.y.shape[1]) - panel.starts[:, None]
    units, periods = np.nonzero(panel.there & (age < 0))
    design = np.zeros((len(units), sum(panel.y.shape)))
    rows = np.arange(len(units))
    design[rows, units] = design[rows, len(panel.names) + periods] = root = np.sqrt(panel.weight[units])
    levels = np.linalg.lstsq(design, root * panel.y[units, periods], rcond=None)[0]
    gains = panel.y - levels[: len(panel.names), None] - levels[len(panel.names) :]

    def mean(values: Array, held: Array) -> float:
        return float(np.average(values[held], weights=np.broadcast_to(panel.weight[:, None], held.shape)[held]))

    started = panel.there & (age >= 0)
    points = []
    for since in np.unique(age[started]).tolist():
        held = started & (age == since)
        points.append(Point(since, Estimate(mean(gains, held), None, None, None), int(held.sum())))
    cells = []
    for start in np.unique(panel.starts[panel.starters]).tolist():
        group = started & (panel.starts == start)[:, None]
        for period in np.flatnonzero(group.any(axis=0)).tolist():
            held = np.zeros_like(group)
            held[:, period] = group[:, period]
            outcome, gain = mean(panel.y, held), mean(gains, held)
            cells.append(Cell(start + panel.first, period + panel.first, int(held.sum()), outcome, outcome - gain))
    overall = Estimate(mean(gains, started), None, None, None)
    return _Fitted(overall, tuple(points), tuple(cells), {point.since: point.effect.value for point in points})


def _seen(overall: Estimate, inference: str) -> float:
    """The smallest effect that would most likely have been seen; not a number where there is no interval."""
    if overall.low is None or overall.high is None:
        return float("nan")
    return SEEN[inference] * (overall.high - overall.low) / 2


def _clustered(value: float, error: float, units: int) -> Estimate:
    if not isfinite(error):
        return Estimate(float(value), None, None, None)
    error = max(float(error), 1e-12)
    half = float(student.ppf(1 - LEVEL / 2, units - 1)) * error
    return Estimate(float(value), float(value - half), float(value + half), float(2 * student.sf(abs(value) / error, units - 1)))


def _spread(panel: _Panel, since: dict[int, float]) -> Array:
    """The estimated effect in each cell, by periods since its start."""
    held = np.zeros_like(panel.y)
    age = np.arange(panel.y.shape[1]) - panel.starts[:, None]
    for number, value in since.items():
        held[age == number] = value
    return held


def _before(panel: _Panel, leads: int) -> tuple[Estimate | None, tuple[Point, ...]]:
    """The same estimate with every start moved `leads` periods ahead and nothing seen from the true start on."""
    there = panel.there & (np.arange(panel.y.shape[1]) < panel.starts[:, None])
    moved = np.where(panel.starts == NEVER, NEVER, panel.starts - leads)
    found = _fitted(_Panel(panel.names, panel.first, panel.y, there, panel.weight, moved))
    return found.overall, tuple(Point(point.since - leads, point.effect, point.units) for point in found.points)


# --- dealing the starts out anew ------------------------------------------------------------------------------------------


def _deals(starts: Array, seed: int) -> tuple[Array, bool]:
    """Ways to deal the starts out among the units, the true one first, and whether these are all."""
    return _dealt(tuple(starts.tolist()), seed)


@lru_cache(maxsize=64)
def _dealt(starts: tuple[int, ...], seed: int) -> tuple[Array, bool]:
    # kept: the KPIs that an event is judged by have the same starts
    counts = Counter(starts)
    ways = factorial(len(starts)) // prod(factorial(count) for count in counts.values())
    if ways <= EXACT:
        made = np.array([starts, *(one for one in _arrangements(counts, len(starts)) if one != starts)])
    else:
        rng, true = np.random.default_rng(seed), np.array(starts)
        made = np.vstack([true[None, :], np.array([rng.permutation(true) for _ in range(DRAWS)])])
    made.flags.writeable = False
    return made, ways <= EXACT


def _arrangements(counts: Counter[int], length: int) -> Iterator[tuple[int, ...]]:
    if not length:
        yield ()
        return
    for value in sorted(counts):
        if counts[value]:
            rest = counts.copy()
            rest[value] -= 1
            for tail in _arrangements(rest, length - 1):
                yield (value, *tail)


def two_stage(starts: Array, weight: Array, there: Array, outcomes: Array, horizons: Sequence[int | None]) -> Array:
    """Two-stage estimates for many ways to start at once.

    starts: ways × units (places; NEVER for none); weight: units; there: (ways ×) units × periods; outcomes: units × periods × k;
    horizons: periods since the start, None for all together. Returns ways × horizons × k; not a number where nothing can be said.
    """
    ways, periods = len(starts), outcomes.shape[1]
    found = np.full((ways, len(horizons), outcomes.shape[2]), np.nan)
    time, units = np.arange(periods), np.arange(len(weight))
    of_cell = np.ascontiguousarray(outcomes.transpose(1, 0, 2))
    for low in range(0, ways, _CHUNK):  # all as products of matrices, which are several times as fast as sums over named axes
        begin = starts[low : low + _CHUNK]
        present = there[low : low + _CHUNK] if there.ndim == 3 else there
        before = time < begin[:, :, None]
        free = np.where(present & before, weight[:, None], 0.0)
        of_unit, of_period = free.sum(axis=2), free.sum(axis=1)
        per_unit = np.divide(1.0, of_unit, out=np.zeros_like(of_unit), where=of_unit > 0)
        scaled = np.swapaxes(free * per_unit[:, :, None], 1, 2)
        known = of_period > 0
        system = -scaled @ free
        system[:, time, time] += np.where(known, of_period, 1.0)
        level = (of_period.max(axis=1) / periods)[:, None, None]
        system += level if known.all() else (known[:, :, None] & known[:, None, :]) * level
        unit_sums = (free.transpose(1, 0, 2) @ outcomes).transpose(1, 0, 2)
        right = (np.ascontiguousarray(free.transpose(2, 0, 1)) @ of_cell).transpose(1, 0, 2) - scaled @ unit_sums
        of_time = _solved(system, right)
        of_one = (unit_sums - free @ of_time) * per_unit[:, :, None]
        started = present & ~before & known[:, None, :] & (of_unit > 0)[:, :, None]
        every = np.arange(len(begin))[:, None]
        for place, horizon in enumerate(horizons):
            if horizon is None:
                counted = np.where(started, weight[:, None], 0.0)
                of_units = counted.sum(axis=2)
                gain = counted.reshape(len(begin), -1) @ outcomes.reshape(-1, outcomes.shape[2])
                gain -= (counted.sum(axis=1)[:, None, :] @ of_time)[:, 0]
            else:  # one cell of each unit
                at = np.minimum(begin + horizon, periods - 1)
                of_units = np.where(started[every, units, at] & (begin + horizon < periods), weight, 0.0)
                gain = (of_units[:, None, :] @ (outcomes[units, at] - of_time[every, at]))[:, 0]
            gain -= (of_units[:, None, :] @ of_one)[:, 0]
            total = of_units.sum(axis=1)[:, None]
            found[low : low + _CHUNK, place] = np.divide(gain, total, out=np.full_like(gain, np.nan), where=total > 0)
    return found


def _solved(systems: Array, right: Array) -> Array:
    """Solutions of many systems; the smallest where a way to deal leaves units without a month in common, so that there are several."""
    try:
        found = np.linalg.solve(systems, right)
    except np.linalg.LinAlgError:
        found = np.full_like(right, np.inf)
    lost = ~(np.abs(found).max(axis=(1, 2)) <= 1e6 * np.abs(right).max())
    if lost.any():
        found[lost] = np.linalg.pinv(systems[lost], rcond=1e-10) @ right[lost]
    return found


def invert(dealt: Array, moved: Array) -> tuple[float | None, float | None, float]:
    """Low and high end of all constant effects that dealing anew doesn't refuse, and the p value of none; the true way stands first.

    dealt: the estimate under each way; moved: by how much an effect of one moves it (one for the true way). A way is as extreme as the
    truth at an effect e where |dealt − e·moved| ≥ |true − e|, which is an interval around the true estimate.
    """
    known = np.isfinite(dealt) & np.isfinite(moved)
    dealt, moved = dealt[known], moved[known]
    true = dealt[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = np.stack([(true - dealt) / (1 - moved), (true + dealt) / (1 + moved)])
    always = np.abs(moved) >= 1 - 1e-9
    low = np.sort(np.where(always, -np.inf, ends.min(axis=0)))
    high = np.sort(np.where(always, np.inf, ends.max(axis=0)))[::-1]
    place = int(np.floor(LEVEL * len(dealt) + 1e-9))
    p = float(np.mean(np.abs(dealt) >= abs(true) - 1e-12))
    return (float(low[place]) if isfinite(low[place]) else None), (float(high[place]) if isfinite(high[place]) else None), p


def _by_dealing(panel: _Panel, resting: Array, found: _Fitted, deals: Array, by_period: bool) -> tuple[Estimate, tuple[Point, ...]]:
    """Overall and by period since the start; each period's interval holds the others' effects at their estimates."""
    age = np.arange(panel.y.shape[1]) - panel.starts[:, None]
    horizons = [point.since for point in found.points] if by_period else []
    outcomes = np.stack([panel.y, (age >= 0) * 1.0, resting, *((age == since) * 1.0 for since in horizons)], axis=2)
    dealt = two_stage(deals, panel.weight, panel.there, outcomes, [None, *horizons])
    low, high, p = invert(dealt[:, 0, 0], dealt[:, 0, 1])
    points = []
    for place, point in enumerate(found.points if by_period else (), start=1):
        moved = dealt[:, place, 2 + place]
        ends = invert(dealt[:, place, 2] + point.effect.value * moved, moved)
        points.append(Point(point.since, Estimate(point.effect.value, *ends), point.units))
    return Estimate(found.overall.value, low, high, p), tuple(points)


def _before_by_dealing(panel: _Panel, resting: Array, deals: Array, leads: int, by_period: bool) -> tuple[Estimate, tuple[Point, ...]]:
    """The drift before the start: every way's starts moved ahead, its cells from the start on unseen, the estimated effect taken out."""
    time = np.arange(panel.y.shape[1])
    there = panel.there & (time < deals[:, :, None])
    moved = np.where(deals == NEVER, NEVER, deals - leads)
    age = time - panel.starts[:, None]
    horizons = list(range(leads)) if by_period else [leads - 1]
    marks = [((age >= -leads) & (age < 0)) * 1.0, *((age == number - leads) * 1.0 for number in horizons)]
    dealt = two_stage(moved, panel.weight, there, np.stack([resting, *marks], axis=2), [None, *horizons])
    overall = Estimate(float(dealt[0, 0, 0]), *invert(dealt[:, 0, 0], dealt[:, 0, 1]))
    points = []
    for place, number in enumerate(horizons, start=1):
        value, shift = dealt[:, place, 0], dealt[:, place, place + 1]
        units = int((panel.there & (age == number - leads)).sum())
        points.append(Point(number - leads, Estimate(float(value[0]), *invert(value, shift)), units))
    return overall, tuple(points)


def _level(panel: _Panel, clear: int, seed: int) -> Estimate | None:
    """How far the starters stood from the others before anybody started; p by dealing out anew who starts."""
    started = panel.starters
    if started.all():
        return None
    there = panel.there[:, :clear]
    seen = there.any(axis=1)
    started, weight = started[seen], panel.weight[seen]
    if started.all() or not started.any():
        return None
    mean = (panel.y[:, :clear] * there)[seen].sum(axis=1) / there[seen].sum(axis=1)
    deals = _deals(np.where(started, 0, NEVER), seed)[0] == 0
    ones = (deals * weight) @ mean / (deals @ weight)
    others = (~deals * weight) @ mean / (~deals @ weight)
    apart = ones - others
    return Estimate(float(apart[0]), None, None, float(np.mean(np.abs(apart) >= abs(apart[0]) - 1e-12)))


# --- interrupted ----------------------------------------------------------------------------------------------------------


def interrupted(series: Sequence[tuple[int, float]], start: int) -> Effect:
    """The mean effect over the periods from the start on, against the line (and months of the year) before it; raises TooFew."""
    held = sorted((period, value) for period, value in series if isfinite(value))
    before, after = [one for one in held if one[0] < start], [one for one in held if one[0] >= start]
    for reason, side, needed in (("before", before, SERIES_BEFORE), ("after", after, SERIES_AFTER)):
        if len(side) < needed:
            raise TooFew(reason, len(side), needed)
    time = np.array([period for period, _ in held])
    y = np.array([value for _, value in held])
    on, since = (time >= start) * 1.0, (time - start) * 1.0
    columns = [np.ones(len(time)), since, on, on * since]
    if len(held) >= SEASONS and len(before) >= 12 and {period % 12 for period, _ in before} >= {period % 12 for period, _ in after}:
        months = sorted({period % 12 for period in time.tolist()})
        columns += [(time % 12 == month) * 1.0 for month in months[1:]]
    design = np.column_stack(columns)
    hac = OLS(y, design).fit(cov_type="HAC", cov_kwds={"maxlags": int(4 * (len(time) / 100) ** (2 / 9)), "use_correction": True}, use_t=True)
    fits = _autocorrelated(y, design)

    def effect(*, at: float) -> Estimate:
        row = np.zeros(design.shape[1])
        row[2], row[3] = 1.0, at
        return _wider(hac, fits, row)

    overall = effect(at=float(since[on > 0].mean()))
    points = tuple(Point(int(age), effect(at=age), 1) for age in since[on > 0].tolist())
    line = hac.fittedvalues - on * (hac.params[2] + hac.params[3] * since)
    cells = tuple(Cell(start, int(period), 1, float(value), float(without)) for period, value, without in zip(time, y, line, strict=True))
    warnings = ["alone", "season"] + (["short"] if len(after) < 6 else [])
    return Effect(
        kind="interrupted", overall=overall, points=points, cells=cells, before=None, level=None,
        detectable=_seen(overall, "series"), units=1, starters=1, never=0, periods=len(held), after=len(after),
        inference="series", ways=0, exact=False, warnings=tuple(warnings),
    )  # fmt: skip


def _autocorrelated(y: Array, design: Array) -> list[tuple[float, Any]]:
    """GLS fits over a grid of first-order autocorrelation, each with its weight by restricted likelihood."""
    count, width = design.shape
    fits, logs = [], []
    for rho in np.linspace(0.0, 0.95, 20):
        fit = GLS(y, design, sigma=toeplitz(rho ** np.arange(count))).fit()
        scale = fit.scale * (1 - rho**2)
        inverse = np.linalg.slogdet(fit.normalized_cov_params / (1 - rho**2))[1]
        logs.append(0.5 * np.log(1 - rho**2) + 0.5 * inverse - (count - width) / 2 * np.log(max(scale, 1e-300)))
        fits.append(fit)
    weights = np.exp(np.array(logs) - max(logs))
    return list(zip((weights / weights.sum()).tolist(), fits, strict=True))


def _wider(hac: Any, fits: list[tuple[float, Any]], row: Array) -> Estimate:
    """A combination of coefficients by least squares, with an interval over Newey-West's and the average over the autocorrelation."""
    weights = np.array([weight for weight, _ in fits])
    values = np.array([float(row @ fit.params) for _, fit in fits])
    errors = np.array([float(np.sqrt(row @ fit.cov_params() @ row)) for _, fit in fits])
    freedom = fits[0][1].df_resid

    def below(at: float) -> float:
        return float((weights * student.cdf((at - values) / errors, freedom)).sum())

    value, reach = float(row @ hac.params), 60 * float(errors.max()) + float(np.ptp(values)) + 1e-12
    ends = [
        float(brentq(lambda at, share=share: below(at) - share, values.min() - reach, values.max() + reach)) for share in (LEVEL / 2, 1 - LEVEL / 2)
    ]
    newey = max(float(np.sqrt(row @ hac.cov_params() @ row)), 1e-12)
    half = float(student.ppf(1 - LEVEL / 2, freedom)) * newey
    p = max(2 * min(below(0.0), 1 - below(0.0)), float(2 * student.sf(abs(value) / newey, freedom)))
    return Estimate(value, min(ends[0], value - half), max(ends[1], value + half), min(p, 1.0))
