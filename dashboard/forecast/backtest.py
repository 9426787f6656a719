"""What a forecast would have said at month-ends now past, from the data up to them, against what came."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from dashboard.filters import shifted
from dashboard.forecast.batches import AHEAD, FEWEST_BATCHES, Cell, Expected, TooShort, next_months, triangle

#: Month-ends hidden at most.
MOST_HIDDEN = 12


@dataclass(frozen=True)
class Trial:
    """A forecast of one month made `ahead` months before its end was known, and what came."""

    made: date
    month: date
    ahead: int
    expected: float
    low: float | None
    high: float | None
    actual: float

    @property
    def inside(self) -> bool | None:
        return None if self.low is None or self.high is None else self.low <= self.actual <= self.high


@dataclass(frozen=True)
class Score:
    """WAPE = Σ|forecast − actual| ÷ Σ actual, bias = Σ(forecast − actual) ÷ Σ actual, and how many of `count` fell inside the band."""

    ahead: int
    count: int
    inside: int | None
    wape: float | None
    bias: float | None


def score(trials: Sequence[Trial], ahead: int) -> Score:
    """How forecasts of one horizon did; the errors are unknown where nothing came."""
    chosen = [trial for trial in trials if trial.ahead == ahead]
    came = sum(trial.actual for trial in chosen)
    banded = [trial.inside for trial in chosen if trial.inside is not None]
    return Score(
        ahead,
        len(chosen),
        sum(banded) if banded else None,
        sum(abs(trial.expected - trial.actual) for trial in chosen) / came if came > 0 else None,
        sum(trial.expected - trial.actual for trial in chosen) / came if came > 0 else None,
    )


def trials(
    months: Sequence[date], actual: Sequence[float], forecast: Callable[[int], Sequence[Expected | float]], most: int = MOST_HIDDEN
) -> tuple[Trial, ...]:
    """Forecasts made at each of the last month-ends; `forecast(hidden)` knows nothing of the last `hidden` months, or raises TooShort."""
    made = []
    for hidden in range(min(most, len(months) - 1), 0, -1):
        try:
            said = forecast(hidden)
        except TooShort:
            continue
        at = len(months) - 1 - hidden
        for ahead, one in enumerate(said[: min(AHEAD, hidden)], start=1):
            mean, low, high = (one.mean, one.low, one.high) if isinstance(one, Expected) else (one, None, None)
            made.append(Trial(months[at], shifted(months[at], ahead), ahead, mean, low, high, actual[at + ahead]))
    return tuple(made)


@lru_cache(maxsize=64)
def of_batches(given: tuple[Cell, ...]) -> tuple[Trial, ...]:
    """The batch forecast at the last month-ends; needs as many batches at each as a forecast does."""
    whole = triangle(given)
    size = len(whole.months)
    actual = [whole.diagonal(size - 1 - place) for place in range(size)]

    def forecast(hidden: int) -> Sequence[Expected | float]:
        if size - hidden < FEWEST_BATCHES:
            raise TooShort(size - hidden)
        return next_months(whole.as_of(hidden))[0]

    return trials(whole.months, actual, forecast)
