"""Arms of a test compared: ratios with variance robust to clusters, Newcombe and t intervals, sample ratio, power, many comparisons.

Knows sums over clusters, nothing of cases, money or pages. Amounts come in as floats: what comes out is statistics, not money.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import asin, sin, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import special
from scipy.stats import chi2_contingency, chisquare
from statsmodels.stats.multitest import fdrcorrection
from statsmodels.stats.proportion import confint_proportions_2indep

Vector = NDArray[np.float64]
ALPHA, POWER = 0.05, 0.8
#: Fewer clusters than this make a variance that is itself uncertain (Cameron and Miller 2015).
FEW_CLUSTERS = 30
#: A split this unlikely by chance is not a chance (Fabijan et al. 2019).
MISMATCH = 0.001


@dataclass(frozen=True, eq=False)
class Arm:
    """An arm's totals of some measures, and the sums over its clusters of products of two of them."""

    totals: Vector
    products: Vector
    clusters: int


@dataclass(frozen=True)
class Effect:
    """A difference to the control: interval at 95%, p-value, and the design effect that clusters brought (1: none)."""

    value: float
    low: float
    high: float
    p: float
    design: float
    clusters: int

    @property
    def width(self) -> float:
        return self.high - self.low


def ratio(arm: Arm, part: Vector, whole: Vector) -> float | None:
    """Sum of one measure ÷ sum of another; each a weight per measure. None without a denominator."""
    below = float(whole @ arm.totals)
    return float(part @ arm.totals) / below if below else None


def _influence(arm: Arm, part: Vector, whole: Vector) -> Vector:
    """What a unit more of each measure adds to the ratio (delta method)."""
    below = float(whole @ arm.totals)
    return (part - whole * float(part @ arm.totals) / below) / below


def variance(arm: Arm, other: Arm, both: Vector, shared: int, part: Vector, whole: Vector) -> tuple[float, int]:
    """Variance of the difference of two arms' ratios, robust to clusters, and how many clusters there are.

    `both`: products over clusters with cases in each arm, `shared` of them. The usual correction for few clusters: G/(G−1) · (N−1)/(N−2),
    N the first measure's total.
    """
    one, two = _influence(arm, part, whole), _influence(other, part, whole)
    raw = float(one @ arm.products @ one + two @ other.products @ two - 2 * (one @ both @ two))
    groups, n = arm.clusters + other.clusters - shared, float(arm.totals[0] + other.totals[0])
    if groups < 2 or n <= 2:
        return float("nan"), groups
    return max(raw, 0.0) * groups / (groups - 1) * (n - 1) / (n - 2), groups


def less_known(arm: Arm, other: Arm, both: Vector, part: Vector, whole: Vector, known: Sequence[Vector]) -> Vector | None:
    """A measure less what is known of cases before a test tells of it (CUPED, Deng et al. 2013); None where that tells nothing.

    What was known before cannot differ between arms but by chance, so the difference means the same and varies less. The slopes are those
    that make its robust variance least: covariance of the differences ÷ variance of the known ones', all by the delta method.
    """
    columns = [part, *known]
    one, two = (np.array([_influence(side, column, whole) for column in columns]) for side in (arm, other))
    cross = one @ both @ two.T
    spread = one @ arm.products @ one.T + two @ other.products @ two.T - cross - cross.T
    sizes = np.sqrt(np.maximum(np.diag(spread), 0.0))
    # what is the same for every case varies by rounding only
    levels = np.array([abs(ratio(other, column, whole) or 0.0) / sqrt(max(other.clusters, 1)) for column in columns])
    kept = [place for place in range(1, len(columns)) if sizes[place] > 1e-6 * levels[place] and sizes[place] > 0]
    if not kept or not sizes[0] > 0:
        return None
    scaled = spread / np.outer(np.where(sizes > 0, sizes, 1.0), np.where(sizes > 0, sizes, 1.0))
    slopes = np.linalg.lstsq(scaled[np.ix_(kept, kept)], scaled[kept, 0], rcond=1e-9)[0]
    return np.asarray(part - sum(slope * sizes[0] / sizes[place] * columns[place] for slope, place in zip(slopes, kept, strict=True)))


def mean_effect(arm: Arm, control: Arm, both: Vector, shared: int, part: Vector, whole: Vector) -> Effect | None:
    """Difference of two ratios with a t interval (Welch's where every cluster is one case); None where an arm has no denominator."""
    one, two = ratio(arm, part, whole), ratio(control, part, whole)
    if one is None or two is None:
        return None
    spread, groups = variance(arm, control, both, shared, part, whole)
    value, error = one - two, sqrt(spread)
    if not error > 0:
        return None
    reach = float(special.stdtrit(groups - 1, 1 - ALPHA / 2)) * error
    p = float(2 * special.stdtr(groups - 1, -abs(value) / error))
    return Effect(value, value - reach, value + reach, p, 1.0, groups)


def share_effect(arm: Arm, control: Arm, both: Vector, shared: int, part: Vector, whole: Vector, less: Vector | None = None) -> Effect | None:
    """Difference of two shares with Newcombe's interval at the size that clusters leave of the samples, and its t test.

    The design effect is the robust variance ÷ the binomial one, never below 1; both samples are divided by it (Kish 1965). `less` is the part
    less what was known (see less_known): its difference stands in for the plain one, and its smaller variance for as much larger samples.
    """
    one, two = ratio(arm, part, whole), ratio(control, part, whole)
    if one is None or two is None:
        return None
    spread, groups = variance(arm, control, both, shared, part, whole)
    sizes = float(whole @ arm.totals), float(whole @ control.totals)
    binomial = one * (1 - one) / sizes[0] + two * (1 - two) / sizes[1]
    design, moved = max(1.0, spread / binomial) if binomial > 0 and spread == spread else 1.0, 0.0
    if less is not None and spread > 0:
        design *= variance(arm, control, both, shared, less, whole)[0] / spread
        moved = (ratio(arm, less, whole) or 0.0) - (ratio(control, less, whole) or 0.0) - (one - two)
    n = sizes[0] / design, sizes[1] / design
    low, high = confint_proportions_2indep(one * n[0], n[0], two * n[1], n[1], method="newcomb", compare="diff", alpha=ALPHA)
    value, error = one - two + moved, sqrt(binomial * design)
    p = float(2 * special.stdtr(groups - 1, -abs(value) / error)) if error > 0 and groups > 1 else 1.0
    return Effect(value, float(low) + moved, float(high) + moved, p, design, groups)


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted so that among all of them any false finding has a chance of 5% at most (Holm 1979)."""
    # as statsmodels' multipletests, which clears away garbage before each call: a third of a second
    if not p_values:
        return []
    values, left = np.asarray(p_values, dtype=np.float64), np.arange(len(p_values), 0, -1)
    order = np.argsort(values)
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum(np.maximum.accumulate(values[order] * left), 1)
    return [float(p) for p in adjusted]


def false_discovery(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted so that of those called real 5% are false on average (Benjamini and Hochberg 1995)."""
    return [float(p) for p in fdrcorrection(p_values, alpha=ALPHA)[1]] if p_values else []


def detectable(control_share: float, n: float, control_n: float, alpha: float = ALPHA) -> float | None:
    """The smallest rise of a share that two samples of these sizes find with 80% probability; None where even 100% would be missed."""
    if not 0 <= control_share < 1 or n <= 1 or control_n <= 1:
        return None
    # Cohen 1988, 6.3; that the test finds a fall instead is left out (one in a million at 80% power)
    size = float(special.ndtri(1 - alpha / 2) + special.ndtri(POWER)) * sqrt(1 / n + 1 / control_n)
    angle = asin(sqrt(control_share)) + size / 2
    return sin(angle) ** 2 - control_share if angle <= np.pi / 2 else None


def split_held(counts: Mapping[str, Sequence[int]]) -> float | None:
    """p-value that some arms' shares are the same in every row (month) of their counts; None where there is nothing to compare.

    Rows in which fewer than five would be expected of any arm are joined with the one before.
    """
    table = np.array(list(counts.values()), dtype=float).T
    if table.size == 0 or table.shape[1] < 2:
        return None
    shares = table.sum(axis=0) / table.sum() if table.sum() else np.zeros(table.shape[1])
    joined: list[Vector] = []
    for row in table:
        if joined and (joined[-1].sum() * shares < 5).any():
            joined[-1] = joined[-1] + row
        else:
            joined.append(row)
    if len(joined) > 1 and (joined[-1].sum() * shares < 5).any():
        joined[-2:] = [joined[-2] + joined[-1]]
    if len(joined) < 2 or (shares == 0).any():
        return None
    return float(chi2_contingency(np.array(joined), correction=False)[1])


def split_as_planned(counts: Sequence[int], planned: Sequence[float]) -> float:
    """p-value that counts come from the shares that were planned."""
    total = sum(counts)
    return float(chisquare(counts, [share / sum(planned) * total for share in planned])[1])


def shares_differ(part: int, whole: int, other_part: int, other_whole: int) -> float:
    """p-value that two independent shares are one (pooled z test); 1 where both are all or nothing."""
    pooled = (part + other_part) / (whole + other_whole)
    error = sqrt(pooled * (1 - pooled) * (1 / whole + 1 / other_whole))
    return float(2 * special.ndtr(-abs(part / whole - other_part / other_whole) / error)) if error > 0 else 1.0
