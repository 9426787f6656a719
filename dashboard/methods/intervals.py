"""Intervals for proportions."""

from __future__ import annotations

from math import sqrt

Z95 = 1.959963984540054


def wilson(part: int | None, whole: int | None, z: float = Z95) -> tuple[float | None, float | None]:
    """Wilson score interval of part ÷ whole (Wilson 1927), 95% unless told; (None, None) without a denominator."""
    if part is None or not whole:
        return None, None
    n, p = float(whole), float(part) / float(whole)
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)
