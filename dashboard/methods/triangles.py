"""Run-off triangles: chain ladder with Mack's standard error, Cape Cod, the calendar-year test. Arrays in, numbers out.

A triangle has a row per cohort and a column per age, cumulative, nan where not observed yet. Checked against chainladder 0.10.1 and
the published examples (Taylor & Ashe 1983; RAA) in tests/forecast.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, sqrt

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Factors:
    """From each age to the next: ratio of sums, sigma squared, the sum the ratio was taken over, and by how many cohorts."""

    ratio: Array
    variance: Array
    weight: Array
    seen: NDArray[np.int64]

    def developed(self) -> Array:
        """The share of the last age's cash that is in at each age."""
        onward = np.append(np.cumprod(self.ratio[::-1])[::-1], 1.0)
        share: Array = np.divide(1.0, onward, out=np.zeros_like(onward), where=onward > 0)
        return share


@dataclass(frozen=True)
class Reserve:
    """What is still to come by cohort, its standard error, and that of the sum (Mack 1993)."""

    to_come: Array
    error: Array
    total_error: float


@dataclass(frozen=True)
class CalendarTest:
    """Mack's test for effects of calendar months (1994, appendix H): the statistic, what chance gives, and the band of it."""

    statistic: float
    expected: float
    variance: float
    low: float
    high: float

    @property
    def unusual(self) -> bool:
        return not self.low <= self.statistic <= self.high


def factors(triangle: Array, latest: int | None = None, fewest: int = 0) -> Factors:
    """Volume-weighted factors and Mack's sigma squared, over the latest diagonals if told; cells at or below zero carry no ratio.

    An age that fewer than `fewest` cohorts passed in them, as the young ages of a book that takes no more, is told by as many as passed it last.
    Where fewer than two cohorts were seen sigma squared is Mack's extrapolation, min(b²/a, a, b) of the two before it.
    """
    columns = triangle.shape[1]
    known = ~np.isnan(triangle)
    last = np.where(known.any(axis=1), columns - 1 - np.argmax(known[:, ::-1], axis=1), -1)
    ratio, variance = np.ones(max(columns - 1, 0)), np.zeros(max(columns - 1, 0))
    weight, seen = np.zeros(max(columns - 1, 0)), np.zeros(max(columns - 1, 0), dtype=np.int64)
    for age in range(columns - 1):
        use = known[:, age] & known[:, age + 1] & (np.nan_to_num(triangle[:, age]) > 0)
        if latest is not None:
            back = last - age
            recent = use & (back <= latest)
            use = recent if recent.sum() >= fewest else use & (back <= max(np.sort(back[use])[:latest], default=0))
        start, end = triangle[use, age], triangle[use, age + 1]
        seen[age], weight[age] = len(start), start.sum()
        if len(start):
            ratio[age] = end.sum() / start.sum()
        if len(start) > 1:
            variance[age] = float((start * (end / start - ratio[age]) ** 2).sum()) / (len(start) - 1)
        elif age >= 2 and variance[age - 2] > 0:
            a, b = variance[age - 2], variance[age - 1]
            variance[age] = min(b * b / a, a, b)
        elif age:
            variance[age] = variance[age - 1]
    return Factors(ratio, variance, weight, seen)


def latest(triangle: Array) -> tuple[NDArray[np.int64], Array]:
    """The last observed age of each cohort (-1 where none) and its cash so far."""
    known = ~np.isnan(triangle)
    last = np.where(known.any(axis=1), triangle.shape[1] - 1 - np.argmax(known[:, ::-1], axis=1), -1)
    return last, np.where(last >= 0, triangle[np.arange(len(triangle)), np.maximum(last, 0)], 0.0)


def mack(triangle: Array) -> Reserve:
    """Chain ladder to the last age observed, with Mack's distribution-free standard error."""
    made = factors(triangle)
    last, paid = latest(triangle)
    ages = triangle.shape[1]
    ultimate = np.array([amount * np.prod(made.ratio[max(age, 0) :]) for age, amount in zip(last, paid, strict=True)])
    per = np.divide(made.variance, made.ratio**2, out=np.zeros_like(made.ratio), where=made.ratio != 0)
    square = np.zeros(len(triangle))
    for cohort, (age, amount) in enumerate(zip(last, paid, strict=True)):
        value = amount
        for step in range(max(int(age), 0), ages - 1):
            if value > 0 and made.weight[step] > 0:
                square[cohort] += per[step] * (1 / value + 1 / made.weight[step])
            value *= made.ratio[step]
        square[cohort] *= ultimate[cohort] ** 2
    shared = np.divide(per, made.weight, out=np.zeros_like(per), where=made.weight > 0)
    total = float(square.sum())
    order = np.argsort(-last, kind="stable")
    for place, cohort in enumerate(order):
        younger = ultimate[order[place + 1 :]].sum()
        total += float(ultimate[cohort] * younger * 2 * shared[max(int(last[cohort]), 0) :].sum())
    return Reserve(ultimate - paid, np.sqrt(square), sqrt(max(total, 0.0)))


def cape_cod(triangle: Array, exposure: Array, developed: Array) -> tuple[float, Array]:
    """The rate of exposure that comes in in the end (all cash ÷ exposure used up) and what is to come by it (Stanard, Bühlmann)."""
    last, paid = latest(triangle)
    share = np.where(last >= 0, developed[np.maximum(last, 0)], 0.0)
    used = float((exposure * share).sum())
    rate = float(paid.sum()) / used if used > 0 else 0.0
    return rate, exposure * rate * (1 - share)


def calendar_test(triangle: Array, critical: float = 1.6448536269514722) -> CalendarTest:
    """Whether factors of one calendar month tend to be all high or all low; `critical` is the normal quantile of the band."""
    columns = triangle.shape[1]
    sides: dict[int, list[int]] = {}
    for age in range(columns - 1):
        start, end = triangle[:, age], triangle[:, age + 1]
        use = ~np.isnan(start) & ~np.isnan(end) & (np.nan_to_num(start) > 0)
        if use.sum() < 2:
            continue
        ratio = end[use] / start[use]
        middle = float(np.median(ratio))
        for cohort, value in zip(np.flatnonzero(use), ratio, strict=True):
            if abs(value - middle) > 1e-12 * max(1.0, abs(middle)):
                sides.setdefault(int(cohort) + age, []).append(1 if value > middle else -1)
    statistic = expected = variance = 0.0
    for marks in sides.values():
        n = len(marks)
        m = (n - 1) // 2
        mean = n / 2 - comb(n - 1, m) * n / 2**n
        statistic += min(marks.count(1), marks.count(-1))
        expected += mean
        variance += n * (n - 1) / 4 - comb(n - 1, m) * n * (n - 1) / 2**n + mean - mean**2
    half = critical * sqrt(max(variance, 0.0))
    return CalendarTest(statistic, expected, variance, expected - half, expected + half)
