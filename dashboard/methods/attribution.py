"""Credit for what came before a payment: removal effects of a Markov chain, and cents dealt out so that they add up."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction

import numpy as np

CENT = Decimal("0.01")


def removal_effects(starts: Mapping[str, float], steps: Mapping[tuple[str, str], float], end: str) -> dict[str, float]:
    """How much of all paid paths would be lost without each channel, by a first-order chain (Anderl et al. 2016, paid paths only).

    `starts`: paths by their first channel; `steps`: moves from a channel to another or to `end`. With a channel taken out, a path that
    comes to it ends without a payment. A channel that no path touches has no entry.
    """
    channels = sorted({*starts, *(one for one, _ in steps)})
    begun, place = sum(starts.values()), {name: number for number, name in enumerate(channels)}
    if not begun:
        return {}
    moves = np.zeros((len(channels), len(channels)))
    ends = np.zeros(len(channels))
    for (one, other), count in steps.items():
        if other == end:
            ends[place[one]] += count
        else:
            moves[place[one], place[other]] += count
    left = moves.sum(axis=1) + ends
    with np.errstate(invalid="ignore", divide="ignore"):
        moves, ends = np.nan_to_num(moves / left[:, None]), np.nan_to_num(ends / left)
    first = np.array([starts.get(name, 0.0) for name in channels]) / begun

    def reached(kept: np.ndarray) -> float:
        """The share of paths that end in a payment over the channels kept."""
        size = int(kept.sum())
        if not size:
            return 0.0
        inner = np.linalg.solve(np.eye(size) - moves[np.ix_(kept, kept)], ends[kept])
        return float(first[kept] @ inner)

    whole = reached(np.full(len(channels), True))
    return {name: max(0.0, 1 - reached(np.arange(len(channels)) != number) / whole) for name, number in place.items()} if whole else {}


def dealt(amount: Decimal, weights: Mapping[str, float]) -> dict[str, Decimal]:
    """An amount in parts by weight, to the cent: parts are rounded down, then the cents left go to the largest remainders (ties by name).

    A negative amount is dealt as its opposite. Raises ValueError where there is something to deal and no weight.
    """
    exact = {name: Fraction(weight) for name, weight in weights.items() if weight > 0}
    if not exact:
        if amount:
            raise ValueError(f"{amount} to deal and no weight")
        return {}
    cents, sign = abs(amount) / CENT, -1 if amount < 0 else 1
    if cents != cents.to_integral_value(ROUND_FLOOR):
        raise ValueError(f"{amount}: expected whole cents")
    total = sum(exact.values())
    shares = {name: int(cents) * weight / total for name, weight in exact.items()}
    whole = {name: share.numerator // share.denominator for name, share in shares.items()}
    by_rest = sorted(shares, key=lambda name: (whole[name] - shares[name], name))
    for name in by_rest[: int(cents) - sum(whole.values())]:
        whole[name] += 1
    return {name: sign * CENT * count for name, count in whole.items()}


def markov(amount: Decimal, starts: Mapping[str, float], steps: Mapping[tuple[str, str], float], end: str) -> dict[str, Decimal]:
    """The cash of paths with a touch, shared in proportion to the removal effects of their channels; adds up to the cent."""
    return dealt(amount, removal_effects(starts, steps, end))
