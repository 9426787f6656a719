"""Fair comparison of providers by observed ÷ expected: intervals, funnel limits, shrinkage, chance of being at the top. Arrays in and out.

Observed is a sum of outcomes, expected the sum of their modelled chances, variance what chance alone does to the difference. Sources:
Spiegelhalter 2005 (funnel plots, over-dispersion; Stat Med 24:1185), DerSimonian and Laird 1986 (τ²), Breslow and Day 1987 (exact limits).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

Vector = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

#: Two-sided limits of a funnel: 95% asks for a look, 99.8% for action.
Z95, Z998 = 1.959963984540054, 3.090232306167813
#: Fewer expected outcomes than this say nothing about a provider.
LEAST = 10.0
#: The share of z-scores at either end that is pulled in before over-dispersion is measured, so that outliers don't hide themselves.
TRIM = 0.10
DRAWS = 4000


@dataclass(frozen=True)
class Spread:
    """How much providers differ beyond chance: φ = mean of the trimmed z², τ² between providers from the trimmed and from all z-scores."""

    phi: float
    tau2: float
    tau2_all: float
    count: int


def ratio_interval(observed: Vector, expected: Vector, variance: Vector, level: float = 0.95) -> tuple[Vector, Vector]:
    """Limits of observed ÷ expected: exact Poisson limits (Garwood 1936) of the count rescaled to its own variance.

    A sum of yes-or-no outcomes varies less than a Poisson count, by φ = variance ÷ expected; O ÷ φ is treated as the count. NaN where
    nothing is expected.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        phi = variance / expected
        count, tail = observed / phi, (1 - level) / 2
        low = np.where(count > 0, stats.chi2.ppf(tail, 2 * count) / 2, 0.0)
        high = stats.chi2.ppf(1 - tail, 2 * (count + 1)) / 2
        return low * phi / expected, high * phi / expected


def spread(observed: Vector, expected: Vector, variance: Vector, trim: float = TRIM) -> Spread:
    """φ and τ² of observed ÷ expected about the house's own ratio.

    Weights are 1 ÷ s², s² = variance ÷ expected². τ² = max(0, (Q − (k − 1)) ÷ (Σw − Σw² ÷ Σw)) with Q = Σz²: DerSimonian and Laird,
    once with the z-scores as they are and once with those beyond the trimmed ends pulled in (Spiegelhalter).
    """
    if len(observed) < 2:
        return Spread(float("nan"), 0.0, 0.0, len(observed))
    ratio, weight = observed / expected, expected**2 / variance
    centre = float((weight * ratio).sum() / weight.sum())
    z = (ratio - centre) * np.sqrt(weight)
    low, high = np.quantile(z, [trim, 1 - trim], method="inverted_cdf") if trim else (z.min(), z.max())
    pulled = np.clip(z, low, high)
    scale = float(weight.sum() - (weight**2).sum() / weight.sum())

    def tau2(scores: Vector) -> float:
        return max(0.0, (float((scores**2).sum()) - (len(scores) - 1)) / scale)

    return Spread(float((pulled**2).mean()), tau2(pulled), tau2(z), len(z))


def limits(expected: Vector, phi: float, tau2: float, z: float) -> tuple[Vector, Vector]:
    """The funnel's lines around 1 at some expected numbers: 1 ± z·√(φ ÷ E + τ²), never below 0; φ = variance ÷ expected of the house."""
    half = z * np.sqrt(phi / expected + tau2)
    return np.maximum(0.0, 1 - half), 1 + half


def scores(observed: Vector, expected: Vector, variance: Vector, tau2: float) -> Vector:
    """How many standard deviations each provider lies from 1, over-dispersion allowed for."""
    result: Vector = (observed / expected - 1) / np.sqrt(variance / expected**2 + tau2)
    return result


def shrunk(own: Vector, chance: Vector, tau2: float) -> tuple[Vector, Vector]:
    """Empirical-Bayes mean and standard deviation of each true effect around 0: its own drawn towards 0 the more chance plays in it.

    `own` is the effect seen, `chance` the variance that chance gives it, τ² the variance of true effects.
    """
    keep = tau2 / (tau2 + chance)
    return keep * own, np.sqrt(keep * chance)


@dataclass(frozen=True)
class Belief:
    """What is to be believed of every true effect: mean and standard deviation; `tau` with weights is how far they may differ."""

    mean: Vector
    deviation: Vector
    tau: Vector
    weight: Vector
    own: Vector
    chance: Vector


def believed(own: Vector, chance: Vector, steps: int = 80) -> Belief:
    """Shrunk effects with τ itself uncertain: averaged over τ by how well each fits (flat prior on τ; Gelman 2006, Bayesian Analysis 1:515).

    A single estimate of τ² is often zero by chance and would make everybody equal with certainty.
    """
    reach = 3 * float(np.sqrt(np.mean(own**2))) if len(own) else 0.0
    tau = np.linspace(0.0, max(reach, 1e-6), steps)
    width = chance[None, :] + tau[:, None] ** 2
    fit = -0.5 * (np.log(width) + own**2 / width).sum(axis=1)
    weight = np.exp(fit - fit.max()) if len(own) else np.ones(steps)
    weight /= weight.sum()
    means, deviations = zip(*(shrunk(own, chance, float(one) ** 2) for one in tau), strict=True)
    mean = weight @ np.array(means)
    return Belief(mean, np.sqrt(weight @ (np.array(deviations) ** 2 + (np.array(means) - mean) ** 2)), tau, weight, own, chance)


def top_chance(belief: Belief, share: float = 0.25, seed: int = 1, draws: int = DRAWS) -> Vector:
    """The chance of each provider to be among the best `share`: how often it is when every true effect is drawn from what is believed of it."""
    count = len(belief.mean)
    if not count:
        return np.zeros(0)
    places, random = max(1, round(share * count)), np.random.default_rng(seed)
    hits, left = np.zeros(count), draws
    while left:
        batch = min(left, max(1, 2_000_000 // count))
        chosen = random.choice(len(belief.tau), batch, p=belief.weight)
        # all draws of one τ at once, so that what depends on τ is worked out once; half the digits: an order needs no more
        drawn, at = random.standard_normal((batch, count), dtype=np.float32), 0
        for place in np.flatnonzero(times := np.bincount(chosen, minlength=len(belief.tau))):
            part = drawn[at : at + times[place]]
            at += times[place]
            tau2 = belief.tau[place] ** 2
            if tau2 == 0:
                continue  # all are equal: nobody is first by the order of the list, but by the draw
            keep = tau2 / (tau2 + belief.chance)
            part *= np.sqrt(keep * belief.chance, dtype=np.float32)
            part += (keep * belief.own).astype(np.float32)
        best = np.argpartition(drawn, count - places, axis=1)[:, count - places :]
        hits += np.bincount(best.ravel(), minlength=count)
        left -= batch
    result: Vector = hits / draws
    return result


def calibration(chance: Vector, count: Vector, events: Vector, parts: int = 10, order: Places | None = None) -> list[tuple[float, float, int]]:
    """Expected share, observed share and number of outcomes by tenths of the expected chance, each of about as many outcomes.

    `order`: the places in order of their chance, where they are known already.
    """
    order = np.argsort(chance, kind="stable") if order is None else order
    upto = np.cumsum(count[order])
    place = np.minimum((upto - count[order] / 2) * parts / upto[-1], parts - 1e-9).astype(int)
    rows = []
    for part in range(parts):
        chosen = order[place == part]
        total = float(count[chosen].sum())
        if total:
            rows.append((float((chance[chosen] * count[chosen]).sum() / total), float(events[chosen].sum() / total), int(total)))
    return rows


def discrimination(chance: Vector, count: Vector, events: Vector, order: Places | None = None) -> float:
    """The area under the ROC curve: how often a case that paid was given a higher chance than one that didn't. NaN without both kinds."""
    order = np.argsort(chance, kind="stable") if order is None else order
    sorted_chance, paid, unpaid = chance[order], events[order], (count - events)[order]
    starts = np.flatnonzero(np.r_[True, np.diff(sorted_chance) > 0])
    paid, unpaid = np.add.reduceat(paid, starts), np.add.reduceat(unpaid, starts)
    if not paid.sum() or not unpaid.sum():
        return float("nan")
    below = np.cumsum(unpaid) - unpaid
    return float((paid * (below + unpaid / 2)).sum() / (paid.sum() * unpaid.sum()))


def odds_effect(observed: Vector, expected: Vector, variance: Vector) -> tuple[Vector, Vector]:
    """Each provider's effect on the log odds of an outcome and its variance, by Peto's one step: (O − E) ÷ V and 1 ÷ V.

    Unlike O ÷ E it means the same for any mix of cases: where nearly all pay anyway even great skill moves O ÷ E little.
    """
    return (observed - expected) / variance, 1 / variance


def positive(array: Any) -> Vector:
    """Any numbers as floats that may be divided by."""
    return np.maximum(np.asarray(array, dtype=np.float64), 1e-12)
