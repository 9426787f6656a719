"""Intervals for proportions and for counts of rare events."""

from __future__ import annotations

from math import sqrt

from scipy.special import gammaincinv

Z95 = 1.959963984540054
#: Rates of rare events are read per so many.
PER = 1000


def wilson(part: int | None, whole: int | None, z: float = Z95) -> tuple[float | None, float | None]:
    """Wilson score interval of part ÷ whole (Wilson 1927), 95% unless told; (None, None) without a denominator."""
    if part is None or not whole:
        return None, None
    n, p = float(whole), float(part) / float(whole)
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (0.0 if not part else max(0.0, centre - half)), (1.0 if part == whole else min(1.0, centre + half))


def poisson(part: int | None, whole: int | None, level: float = 0.95) -> tuple[float | None, float | None]:
    """Exact Poisson interval (Garwood 1936) of events per thousand; `part` is the events times a thousand, (None, None) without any exposure."""
    if part is None or not whole:
        return None, None
    events, tail = part / PER, (1 - level) / 2
    low = float(gammaincinv(events, tail)) if events else 0.0
    high = float(gammaincinv(events + 1, 1 - tail))
    return PER * low / float(whole), PER * high / float(whole)
