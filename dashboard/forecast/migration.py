"""Net cash to come from today's stock: cases move between states as they did lately, and each state pays as it did lately.

Account-tracked: the matrix follows the same cases from a month's start to its end. All rates are ratios of sums over the last three months,
new placements their mean; one matrix holds for all months ahead (Markov, no seasons).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import numpy as np

from dashboard.filters import Filters, shifted
from dashboard.forecast.backtest import Score, Trial, score, trials
from dashboard.forecast.batches import AHEAD, Cell, TooShort, Triangle, triangle
from dashboard.methods.triangles import Array

#: Months that the matrix, the rates and the placements are taken from.
RECENT = 3
#: Dimensions that both the triangle and the stock carry with the same meaning; buckets are what moves.
CARRIED = ("product", "region", "team", "batch")


@dataclass(frozen=True)
class Move:
    """Balance at a month's start that went from one state to another, whether placed the month before, and the month's net cash."""

    month: date
    start: str
    end: str
    new: bool
    opening: float
    cash: float


@dataclass(frozen=True)
class Expectation:
    """Cash of each of the next months, and the part that isn't from today's stock or what follows it (`other`: cash of new placements
    in their first month, and of cases no longer in stock)."""

    months: tuple[float, ...]
    other: float
    stock: tuple[tuple[str, float, float], ...]


def parameters(filters: Filters, teams: tuple[str, ...] | None) -> dict[str, list[str] | None]:
    """What the report of moves is asked with: the chosen values of each dimension, and the teams a person may see."""
    return {
        **{name: list(filters.chosen(name)) or None for name in CARRIED},
        "teams": None if teams is None else list(teams),
    }


def moves(rows: Iterable[Mapping[str, Any]]) -> tuple[Move, ...]:
    """Rows of the report as moves."""
    return tuple(
        Move(row["month"], row["start_state"], row["end_state"], row["is_new"], float(row["opening_amount"]), float(row["net_amount"]))
        for row in rows
    )


def _stock(given: Sequence[Move], month: date, states: Sequence[str], new: bool | None = None) -> Array:
    found = np.zeros(len(states))
    for move in given:
        if move.month == month and (new is None or move.new == new):
            found[states.index(move.start)] += move.opening
    return found


def _ahead(given: Sequence[Move], cash: Mapping[date, float], last: date) -> Expectation:
    """From what was known at the end of a month: `cash` is all net cash by month."""
    recent = [shifted(last, -back) for back in range(RECENT)]
    following = shifted(last, 1)
    if not given or any(month not in cash for month in recent) or min(move.month for move in given) > recent[-1]:
        raise TooShort(0)
    states = sorted({move.start for move in given if move.month <= following})
    size = len(states)
    moved, seen, opening, paid = np.zeros((size, size)), np.zeros(size), np.zeros(size), np.zeros(size)
    for move in given:
        if move.month not in recent:
            continue
        place = states.index(move.start)
        opening[place] += move.opening
        paid[place] += move.cash
        if move.end != "unobserved":
            seen[place] += move.opening
            if move.end in states:
                moved[place, states.index(move.end)] += move.opening
    if not seen.any():  # no balances of these months: nothing is known of those that stayed
        raise TooShort(0)
    shares = np.divide(moved, seen[:, None], out=np.zeros_like(moved), where=seen[:, None] > 0)
    kept = sum((_stock(given, shifted(month, 1), states, new=False) for month in recent), np.zeros(size))
    carried = opening @ shares
    growth = np.divide(kept, carried, out=np.ones(size), where=carried > 0)
    new = sum((_stock(given, shifted(month, 1), states, new=True) for month in recent), np.zeros(size)) / RECENT
    rate = np.divide(paid, opening, out=np.zeros(size), where=opening > 0)
    other = (sum(cash[month] for month in recent) - float(paid.sum())) / RECENT
    stock, said = _stock(given, following, states), []
    today = tuple((state, float(amount), float(share)) for state, amount, share in zip(states, stock, rate, strict=True))
    for _ in range(AHEAD):
        said.append(float(stock @ rate) + other)
        stock = (stock @ shares) * growth + new
    return Expectation(tuple(said), other, today)


def _cash(whole: Triangle) -> dict[date, float]:
    size = len(whole.months)
    return {month: whole.diagonal(size - 1 - place) for place, month in enumerate(whole.months)}


@lru_cache(maxsize=64)
def expectation(given: tuple[Move, ...], cells: tuple[Cell, ...]) -> Expectation | None:
    """The next three months from today's stock; None with fewer than three complete months of it."""
    whole = triangle(cells)
    try:
        return _ahead(given, _cash(whole), whole.last_month)
    except TooShort:
        return None


@lru_cache(maxsize=64)
def of_buckets(given: tuple[Move, ...], cells: tuple[Cell, ...]) -> tuple[Trial, ...]:
    """The forecast from stock at the last month-ends, each knowing nothing later."""
    whole = triangle(cells)
    cash = _cash(whole)

    def forecast(hidden: int) -> Sequence[float]:
        last = shifted(whole.last_month, -hidden)
        known = [move for move in given if move.month <= last] + [
            Move(move.month, move.start, "unobserved", move.new, move.opening, 0.0) for move in given if move.month == shifted(last, 1)
        ]
        return _ahead(known, {month: amount for month, amount in cash.items() if month <= last}, last).months

    return trials(whole.months, list(cash.values()), forecast)


def compared(one: Sequence[Trial], other: Sequence[Trial], ahead: int) -> tuple[Score, Score]:
    """Scores of two forecasts over the months that both were made for."""
    both = {(trial.made, trial.ahead) for trial in one} & {(trial.made, trial.ahead) for trial in other}
    first, second = ([trial for trial in group if (trial.made, trial.ahead) in both] for group in (one, other))
    return score(first, ahead), score(second, ahead)
