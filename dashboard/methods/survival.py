"""Time to an event where subjects can leave in another way first."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from math import exp, inf, isnan, log, sqrt
from operator import sub

from dashboard.methods.intervals import Z95

Counts = Mapping[int, int]


@dataclass(frozen=True)
class Point:
    """The curve from one day on: share that has had the event, its variance and 95% limits, and who was at risk before the day."""

    day: int
    incidence: float
    variance: float
    low: float
    high: float
    at_risk: int


@dataclass(frozen=True)
class Curve:
    """A cumulative incidence with the number at risk; it ends on day `until`, after which too few are left to say anything."""

    points: tuple[Point, ...]
    #: Each day on which something happened, and how many were at risk as it began.
    followed: tuple[tuple[int, int], ...]
    until: int

    @property
    def total(self) -> int:
        """How many were followed."""
        return self.followed[0][1] if self.followed else 0

    def at_risk(self, day: int) -> int:
        """How many were still followed, without the event, as a day began."""
        place = bisect_left(self.followed, (day, 0))
        return self.followed[place][1] if place < len(self.followed) else 0

    def at(self, day: int) -> Point | None:
        """The curve on a day; None beyond its end, and before the first event."""
        return next((point for point in reversed(self.points) if point.day <= day), None) if day <= self.until else None

    def median(self) -> tuple[int | None, int | None, int | None]:
        """The first day by which half have had the event, and that day for the upper and the lower limit of the curve.

        Brookmeyer & Crowley's interval by inverting the pointwise limits; None where the curve, or its limit, doesn't get there.
        """
        return self._first("incidence"), self._first("high"), self._first("low")

    def _first(self, name: str) -> int | None:
        return next((point.day for point in self.points if getattr(point, name) >= 0.5 - 1e-12), None)


def incidence(events: Counts, competing: Counts, censored: Counts, least: int = 1, z: float = Z95) -> Curve:
    """Aalen-Johansen estimate of having had the event, from counts by day, as far as `least` are at risk.

    Someone censored on a day is at risk for that day's events. One minus Kaplan-Meier would overstate it, as it lets those who left
    another way still have the event (Aalen & Johansen 1978). The variance is the delta method's (Marubini & Valsecchi 1995, Collett
    2014 p. 411), with F the curve, S the share still there, d events of any kind, e of this one, n at risk:

        Σ (F(t)−Fᵢ)² d/(n(n−d)) + Σ S²ᵢ₋₁ e(n−e)/n³ − 2 Σ (F(t)−Fᵢ) Sᵢ₋₁ e/n²

    which without competing events is Greenwood's. The limits are those of log(−log F) (95% unless told), so they stay within 0 and 1.
    """
    leaving = [(day, sum(counts.get(day, 0) for counts in (events, competing, censored))) for day in sorted({*events, *competing, *censored})]
    remaining = accumulate((count for _, count in leaving), sub, initial=sum(count for _, count in leaving))
    followed = tuple(zip((day for day, _ in leaving), remaining, strict=False))
    surviving, share, until = 1.0, 0.0, 0
    # the sums over days before t, opened up so that one pass will do
    weights = shares = squares = own = crossed = crossed_shares = 0.0
    points: list[Point] = []
    for day, at_risk in followed:
        if at_risk < least:
            break
        until, had, left = day, events.get(day, 0), competing.get(day, 0)
        if had or left:
            n, both = float(at_risk), had + left
            share += surviving * had / n
            if at_risk > both:
                weight = both / (n * (n - both))
                weights, shares, squares = weights + weight, shares + weight * share, squares + weight * share * share
            step = surviving * had / (n * n)
            own += surviving * surviving * had * (n - had) / n**3
            crossed, crossed_shares = crossed + step, crossed_shares + step * share
            surviving *= 1 - both / n
            spread = share * share * weights - 2 * share * shares + squares
            variance = max(0.0, spread + own - 2 * (share * crossed - crossed_shares))
            if had or points:
                points.append(Point(day, share, variance, *_limits(share, variance, z), at_risk))
    return Curve(tuple(points), followed, until)


@dataclass(frozen=True)
class Survival:
    """Kaplan & Meier's share still there, kept so that the share of those there on one day who still are on a later one can be read off.

    By day: the logarithm of the share and Greenwood's sum Σ d/(n(n−d)), each up to and including it; it ends on day `until`.
    """

    days: tuple[int, ...]
    logs: tuple[float, ...]
    sums: tuple[float, ...]
    until: int

    def between(self, since: int, day: int, z: float = Z95) -> tuple[float, float, float] | None:
        """Of those still there after day `since`, the share still there after `day`, and its limits (of its logarithm); None beyond the end."""
        if day > self.until:
            return None
        first, last = bisect_left(self.days, since + 1), bisect_left(self.days, day + 1)
        if last <= first:
            return 1.0, 1.0, 1.0
        fall = self.logs[last - 1] - (self.logs[first - 1] if first else 0.0)
        spread = self.sums[last - 1] - (self.sums[first - 1] if first else 0.0)
        if fall == -inf or isnan(fall):
            return 0.0, 0.0, 0.0
        return exp(fall), exp(fall - z * sqrt(spread)), min(1.0, exp(fall + z * sqrt(spread)))


def survival(events: Counts, censored: Counts, least: int = 1) -> Survival:
    """How long it lasts until an event, from counts by day, as far as `least` are at risk; the censored of a day are at risk on it."""
    leaving = [(day, events.get(day, 0) + censored.get(day, 0)) for day in sorted({*events, *censored})]
    at_risk = sum(count for _, count in leaving)
    days, logs, sums, until, share, total = [], [], [], 0, 0.0, 0.0
    for day, left in leaving:
        if at_risk < least:
            break
        until, had = day, events.get(day, 0)
        if had:
            share += log(1 - had / at_risk) if had < at_risk else -inf
            total += had / (at_risk * (at_risk - had)) if had < at_risk else 0.0
            days.append(day)
            logs.append(share)
            sums.append(total)
        at_risk -= left
    return Survival(tuple(days), tuple(logs), tuple(sums), until)


def _limits(share: float, variance: float, z: float) -> tuple[float, float]:
    """Limits of a share by way of log(−log): within 0 and 1 whatever its variance."""
    if not 0.0 < share < 1.0 - 1e-12:
        return share, share
    spread = z * sqrt(variance) / (share * abs(log(share)))
    middle = log(-log(share))
    return exp(-exp(middle + spread)), exp(-exp(middle - spread))


def median_time(events: Counts, competing: Counts, censored: Counts) -> int | None:
    """The first day by which at least half have had the event; None if the curve never gets there."""
    return incidence(events, competing, censored).median()[0]
