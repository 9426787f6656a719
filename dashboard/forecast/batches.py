"""Net cash to come of placement batches, simulated forward from a run-off triangle of complete months; no clock, a fixed seed.

Mack's model with the amount placed as the column before month 0; Cape Cod for batches too young to stand on their own cash; ages seen by
fewer than three batches, and those beyond the oldest, on a falling curve through the last ages. A swing shared by all batches of a calendar
month, where the past shows one, widens the band (Mack's model assumes none).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np

from dashboard.filters import shifted
from dashboard.methods.triangles import Array, CalendarTest, Factors, calendar_test, factors, latest, mack

#: Fewer batches than this are not observed long enough.
FEWEST_BATCHES = 6
#: Months shown one by one, months the total reaches at most.
AHEAD, FURTHEST = 3, 36
#: A batch seen for fewer months than this is forecast by Cape Cod.
YOUNG = 3
#: An age seen by fewer batches than this has no factor of its own.
FEWEST_SEEN = 3
#: Diagonals that factors are taken from, while enough batches passed an age in them.
WINDOW = 24
#: Months of placements that those to come are taken from.
RECENT = 3
#: Ages that the falling curve beyond the factors is drawn through, at least.
CURVE = 6
SIMULATIONS, SEED = 2000, 20240229
LOW, HIGH = 0.1, 0.9


class TooShort(Exception):
    """Fewer batches or months than a forecast can stand on; says how many there are and how many it takes."""

    def __init__(self, batches: int) -> None:
        self.batches, self.needed = batches, FEWEST_BATCHES
        super().__init__(f"{batches} batches, {FEWEST_BATCHES} needed")


@dataclass(frozen=True)
class Cell:
    """Cash so far of a batch at an age (months since placement), and what was placed; complete months only."""

    placed_month: date
    age: int
    cash: float
    placed: float


@dataclass(frozen=True)
class Triangle:
    """Consecutive placement months from the first on (months without placements are rows of zero), cumulative cash, amount placed."""

    months: tuple[date, ...]
    cash: Array
    placed: Array

    def as_of(self, hidden: int) -> Triangle:
        """What was known so many months ago."""
        size = len(self.months) - hidden
        cash = self.cash[:size, :size].copy()
        for row in range(size):
            cash[row, size - row :] = np.nan
        return Triangle(self.months[:size], cash, self.placed[:size])

    def diagonal(self, back: int = 0) -> float:
        """Net cash of all batches in the calendar month so many before the last."""
        increments = np.diff(self.cash, axis=1, prepend=0.0)
        last = len(self.months) - 1 - back
        return float(sum(increments[row, last - row] for row in range(last + 1)))

    def recent(self, most: int) -> list[tuple[date, float]]:
        """Net cash of all batches by calendar month, the last ones."""
        return [(self.months[-1 - back], self.diagonal(back)) for back in reversed(range(min(most, len(self.months))))]

    @property
    def last_month(self) -> date:
        return self.months[-1]


@dataclass(frozen=True)
class Expected:
    """An expected amount and its 80% interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class Batch:
    """One placement month: what was placed, came in, is expected, by which method; `error` is Mack's own where he applies."""

    month: date
    placed: float
    cash: float
    to_come: Expected
    young: bool
    error: float | None


@dataclass(frozen=True)
class Month:
    """One month to come: all cash, and the part of it from what is still to be placed."""

    month: date
    cash: Expected
    new: float


@dataclass(frozen=True)
class Outlook:
    """The forecast as of the last complete month. `swing`: the shared swing of a month's cash (1 standard deviation, a share)."""

    as_of: date
    months: tuple[Month, ...]
    together: Expected
    batches: tuple[Batch, ...]
    to_come: Expected
    reach: int
    placed_next: float
    calendar: CalendarTest
    swing: float
    negatives: int
    unpaid: int


def cells(rows: Iterable[Mapping[str, Any]]) -> tuple[Cell, ...]:
    """Rows of the cohort metrics, by placement month and age, as cells; the relation holds complete months only."""
    return tuple(
        Cell(
            row["placed_month"],
            int(row["months_since_placement"]),
            float(row["cohort_net_amount"] or 0),
            float(row["cohort_placed_amount"]),
        )
        for row in rows
        if row["cohort_placed_amount"] is not None
    )


def triangle(given: Iterable[Cell]) -> Triangle:
    """A triangle of cells. The last complete month is the latest that any batch was observed to; raises TooShort for no cells."""
    known = list(given)
    if not known:
        raise TooShort(0)
    first = min(cell.placed_month for cell in known)
    last = max(shifted(cell.placed_month, cell.age) for cell in known)
    size = _apart(first, last) + 1
    cash, placed = np.full((size, size), np.nan), np.zeros(size)
    for row in range(size):
        cash[row, : size - row] = 0.0
    for cell in known:
        row = _apart(first, cell.placed_month)
        cash[row, cell.age] = cell.cash
        placed[row] = cell.placed
    return Triangle(tuple(shifted(first, row) for row in range(size)), cash, placed)


def _apart(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month


@dataclass(frozen=True)
class _Model:
    """Fitted once per triangle: factors over [placed | cash], the first age that any cash came at, the ages they hold for, the rate beyond,
    Cape Cod's rate, the swing."""

    made: Factors
    first: int
    ages: int
    beyond: Array
    beyond_variance: float
    beyond_error: float
    rate_error: float
    swing: float
    residuals: Array


def _fit(past: Triangle) -> _Model:
    wide = np.column_stack([np.where(past.placed > 0, past.placed, np.nan), past.cash])
    wide[past.placed <= 0] = np.nan
    made = factors(wide, WINDOW, FEWEST_SEEN)
    enough = made.seen >= FEWEST_SEEN
    first = int(np.argmax(enough[1:])) if enough[1:].any() else 0  # before it too few had paid anything to grow from
    short = np.flatnonzero(~enough[first + 1 :])
    ages = first + 1 + int(short[0]) if len(short) else len(enough)
    ages = max(ages, 1)
    beyond, variance, error = _curve(past, ages)
    residuals, swing = _past_misses(wide, made, ages)
    return _Model(made, first, ages, beyond, variance, error, _rate_error(past, made, first, ages), swing, residuals)


def _curve(past: Triangle, ages: int) -> tuple[Array, float, float]:
    """The share of the amount placed that comes in at each age: an exponential curve through the last ages, used beyond the factors.

    With it the variance of cash about it per unit placed, and the relative error of its level. It never rises.
    """
    size = len(past.months)
    increments = np.diff(past.cash, axis=1, prepend=0.0)
    first = max(1, min(ages, size - 1) - CURVE)
    row, age = np.meshgrid(np.arange(size), np.arange(size), indexing="ij")
    back = size - 1 - row - age
    use = (age >= first) & (back >= 0) & (back < WINDOW) & (past.placed[:, None] > 0)
    held = np.where(use, past.placed[:, None], 0.0)
    came, base = np.where(use, increments, 0.0).sum(axis=0), held.sum(axis=0)
    shape, known = np.ones(size + FURTHEST), np.flatnonzero((came > 0) & (base > 0))
    if len(known) > 1:
        slope = float(np.polyfit(known, np.log(came[known] / base[known]), 1, w=np.sqrt(base[known]))[0])
        shape = np.exp(min(0.0, slope) * (np.arange(size + FURTHEST) - known[-1]))
    level = slice(max(1, min(ages, size - 1) - RECENT), size)  # the slope through more ages than the level, which must meet the last ones
    fitted = float((shape[level] * base[level]).sum())
    curve = shape * max(0.0, float(came[level].sum()) / fitted) if fitted > 0 else shape * 0.0
    use[:, : level.start] = False
    held = np.where(use, held, 0.0)
    miss = np.where(use, increments - curve[:size] * past.placed[:, None], 0.0)
    variance = float(np.divide(miss**2, held, out=np.zeros_like(held), where=held > 0).sum()) / max(1, int(use.sum()) - 2)
    total = float((curve[:size] * held.sum(axis=0)).sum())
    return curve, variance, float(np.sqrt(variance * held.sum())) / total if total > 0 else 0.0


def _past_misses(wide: Array, made: Factors, ages: int) -> tuple[Array, float]:
    """Standardised misses of the factors on the past, and the swing that misses of one calendar month share (method of moments)."""
    size = len(wide)
    pooled: list[float] = []
    square = level = 0.0
    for month in range(max(0, size - WINDOW), size):
        miss = fitted = noise = 0.0
        for row in range(month + 1):
            age = month - row
            if age >= ages or np.isnan(wide[row, age]) or wide[row, age] <= 0 or made.seen[age] < FEWEST_SEEN:
                continue
            start, end = wide[row, age], wide[row, age + 1]
            mean = start * made.ratio[age]
            miss += end - mean
            fitted += mean - (start if age else 0.0)
            noise += made.variance[age] * start
            if made.variance[age] > 0 and made.seen[age] > FEWEST_SEEN:
                pooled.append((end - mean) / np.sqrt(made.variance[age] * start))
        square += miss**2 - noise
        level += fitted**2
    residuals = np.array(pooled)
    if len(residuals) >= 30 and residuals.std() > 0:
        residuals = (residuals - residuals.mean()) / residuals.std()
    else:
        residuals = np.zeros(0)
    return residuals, float(np.sqrt(max(0.0, square / level))) if level > 0 else 0.0


def _shares(ratio: Array, first: int, ages: int) -> Array:
    """The share of the cash up to the last age with a factor that is in at each age, along the last axis; before the first, none."""
    onward = np.cumprod(ratio[..., ages - 1 : 0 : -1], axis=-1)[..., ::-1]
    onward = np.concatenate([onward, np.ones((*ratio.shape[:-1], 1))], axis=-1)
    share: Array = 1 / np.maximum(onward, 1e-9)
    share[..., :first] = 0.0
    return share


def _capes(past: Triangle, shares: Array, ages: int) -> tuple[Array, Array]:
    """Cash so far and amount placed × share in, of each batch up to the last age with a factor (shares: … × age)."""
    last = len(past.months) - 1 - np.arange(len(past.months))
    seen = np.minimum(last, ages - 1)
    cash = past.cash[np.arange(len(last)), seen]
    use = (past.placed > 0) & (last < WINDOW)
    return np.where(use, cash, 0.0), np.where(use, past.placed * shares[..., seen], 0.0)


def _rate_error(past: Triangle, made: Factors, first: int, ages: int) -> float:
    cash, used = _capes(past, _shares(made.ratio, first, ages), ages)
    if used.sum() <= 0:
        return 0.0
    rate = cash.sum() / used.sum()
    count = int((used > 0).sum())
    return float(np.sqrt(((cash[used > 0] - rate * used[used > 0]) ** 2 / used[used > 0]).sum() / max(1, count - 1) / used.sum()))


def _young(past: Triangle, first: int) -> Any:
    last, paid = latest(past.cash)
    return (last + 1 < YOUNG) | (last < first) | (paid <= 0)


def _ahead(past: Triangle, model: _Model, steps: int, runs: int, rng: np.random.Generator | None) -> tuple[Array, Array, Array]:
    """Cash by (run, batch) over all steps, and by (run, month) of the batches placed and of those still to be placed.

    Without a generator the one run is the expectation.
    """
    size, made, first, ages = len(past.months), model.made, model.first, model.ages

    def normal(*shape: int) -> Array:
        return np.zeros(shape) if rng is None else rng.standard_normal(shape)

    def misses(*shape: int) -> Array:
        if rng is None or not len(model.residuals):
            return normal(*shape)
        return rng.choice(model.residuals, shape)

    error = np.sqrt(np.divide(made.variance, made.weight, out=np.zeros_like(made.weight), where=made.weight > 0))
    ratio = np.maximum(made.ratio + error * normal(runs, len(made.ratio)), 0.0)
    shares = _shares(ratio, first, ages)
    cash, used = _capes(past, shares, ages)
    whole = used.sum(axis=-1)
    rate = np.divide(cash.sum(), whole, out=np.zeros(runs), where=whole > 0) + model.rate_error * normal(runs)
    rate = np.maximum(rate, 0.0)[:, None]
    level = np.maximum(1 + model.beyond_error * normal(runs), 0.0)[:, None]
    shift = normal(runs, steps) * np.sqrt(np.log1p(model.swing**2))
    swing = np.ones((runs, steps)) if rng is None else np.exp(shift - np.log1p(model.swing**2) / 2)
    following = min(steps, AHEAD)
    recent = past.placed[-12:]  # spread by the median, as the first month is often a whole book taken over at once
    spread = 1.4826 * float(np.median(np.abs(recent - np.median(recent)))) * np.sqrt(1 + 1 / RECENT)
    coming = np.maximum(past.placed[-RECENT:].mean() + spread * normal(runs, following), 0.0)
    placed = np.concatenate([np.broadcast_to(past.placed, (runs, size)), coming], axis=1)
    last, paid = latest(past.cash)
    last = np.append(last, -1 - np.arange(following))
    so_far = np.concatenate([np.broadcast_to(np.maximum(paid, 0.0), (runs, size)), np.zeros((runs, following))], axis=1)
    young = np.append(_young(past, first), np.ones(following, dtype=bool))
    live = np.append(past.placed > 0, np.ones(following, dtype=bool))
    came = np.zeros((runs, size + following))
    months, new = np.zeros((runs, steps)), np.zeros((runs, steps))
    for step in range(steps):
        age = last + step + 1
        active = live & (age >= 0)
        fresh, held, by_rate = active & (age == 0), active & (age >= ages), active & young & (age > 0) & (age < ages)
        by_ratio = active & ~young & (age > 0) & (age < ages)
        mean, variance = np.zeros_like(came), np.zeros_like(came)
        mean[:, fresh] = placed[:, fresh] * ratio[:, :1]
        variance[:, fresh] = placed[:, fresh] * made.variance[0]
        mean[:, held] = placed[:, held] * level * model.beyond[age[held]]
        variance[:, held] = placed[:, held] * model.beyond_variance
        mean[:, by_rate] = placed[:, by_rate] * rate * (shares[:, age[by_rate]] - shares[:, age[by_rate] - 1])
        variance[:, by_rate] = placed[:, by_rate] * rate * shares[:, age[by_rate] - 1] * made.variance[age[by_rate]]
        mean[:, by_ratio] = so_far[:, by_ratio] * (ratio[:, age[by_ratio]] - 1)
        variance[:, by_ratio] = np.maximum(so_far[:, by_ratio], 0.0) * made.variance[age[by_ratio]]
        cash_now = mean * swing[:, step : step + 1]
        if rng is not None:
            cash_now = cash_now + np.sqrt(variance) * misses(*variance.shape)
        so_far = so_far + cash_now
        came += cash_now
        months[:, step] = cash_now[:, :size].sum(axis=1)
        new[:, step] = cash_now[:, size:].sum(axis=1)
    return came[:, :size], months, new


def _band(mean: float, runs: Array, floor: bool) -> Expected:
    """The mean with its interval; with `floor` (nothing was ever reversed on balance) it doesn't reach below zero."""
    low, high = (float(edge) for edge in np.quantile(runs, (LOW, HIGH)))
    return Expected(mean, max(low, min(mean, 0.0)), high) if floor else Expected(mean, low, high)


def _negatives(past: Triangle) -> int:
    return int((np.nan_to_num(np.diff(past.cash, axis=1, prepend=0.0)) < 0).sum())


def next_months(past: Triangle, steps: int = AHEAD) -> tuple[list[Expected], list[float]]:
    """Cash of each of the next months, from batches placed and to be placed, and the part of the latter; raises TooShort."""
    if int((past.placed > 0).sum()) < FEWEST_BATCHES:
        raise TooShort(int((past.placed > 0).sum()))
    model = _fit(past)
    _, month, new = _ahead(past, model, steps, 1, None)
    _, months, news = _ahead(past, model, steps, SIMULATIONS, np.random.default_rng(SEED))
    both = months + news
    return [_band(float(month[0, step] + new[0, step]), both[:, step], not _negatives(past)) for step in range(steps)], [
        float(value) for value in new[0]
    ]


@lru_cache(maxsize=64)
def outlook(given: tuple[Cell, ...]) -> Outlook:
    """The forecast from cells of complete months: the same cells give the same figures. Raises TooShort below six batches."""
    past = triangle(given)
    batches = int((past.placed > 0).sum())
    if batches < FEWEST_BATCHES:
        raise TooShort(batches)
    model = _fit(past)
    reach = min(len(past.months) - 1 + AHEAD, FURTHEST)
    mean, month, new = _ahead(past, model, reach, 1, None)
    runs = SIMULATIONS if len(past.months) <= 60 else SIMULATIONS // 4
    all_runs, _, _ = _ahead(past, model, reach, runs, np.random.default_rng(SEED))
    _, months, news = _ahead(past, model, AHEAD, SIMULATIONS, np.random.default_rng(SEED))
    both = months + news
    paid = latest(past.cash)[1]
    young, errors = _young(past, model.first), mack(np.where(past.placed[:, None] > 0, past.cash, np.nan)).error
    negatives = _negatives(past)
    floor = not negatives
    return Outlook(
        as_of=past.last_month,
        months=tuple(
            Month(shifted(past.last_month, step + 1), _band(float((month + new)[0, step]), both[:, step], floor), float(new[0, step]))
            for step in range(AHEAD)
        ),
        together=_band(float(month[0, :AHEAD].sum() + new[0, :AHEAD].sum()), both.sum(axis=1), floor),
        batches=tuple(
            Batch(
                past.months[row], float(past.placed[row]), float(paid[row]),
                _band(float(mean[0, row]), all_runs[:, row], floor), bool(young[row]),
                None if young[row] or row == 0 else float(errors[row]),
            )
            for row in range(len(past.months))
            if past.placed[row] > 0
        ),
        to_come=_band(float(mean.sum()), all_runs.sum(axis=1), floor),
        reach=reach,
        placed_next=float(past.placed[-RECENT:].mean()),
        calendar=calendar_test(np.where(past.placed[:, None] > 0, past.cash, np.nan)),
        swing=model.swing,
        negatives=negatives,
        unpaid=int(((paid <= 0) & (past.placed > 0)).sum()),
    )  # fmt: skip
