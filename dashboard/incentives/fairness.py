"""Whether pay follows performance or the files handed out and luck, and whether figures lean where pay gives a reason to lean.

Only arithmetic over rows; says nothing in words, knows no Streamlit. None of it is proof about a person: each check tells a count beside what
chance alone would bring, and rows to look at.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from scipy import special, stats

#: Fewer collectors than this say nothing about what pay follows; fewer events than this nothing about one collector.
FEWEST, FEWEST_EVENTS = 12, 5
#: A count above chance with less than this probability is worth a look; shared over collectors where each is looked at.
LEVEL = 0.01
#: A month just below or above a tier's edge is within this share of it.
NEAR = Decimal("0.05")
#: Days after a transfer that count as soon, and the days after those they are measured by.
SOON_DAYS, LATER_DAYS = 3, 14
#: A promise replaced so many days after its day still counts as moved.
GRACE_DAYS = 3
PARTS = ("performance", "files", "luck", "rest")


@dataclass(frozen=True)
class Worker:
    """One collector over some months: pay, net cash, what the files alone would bring (expected), and cash ÷ expected drawn to the mean."""

    collector: str
    months: int
    pay: float
    cash: float
    expected: float
    ratio: float

    @property
    def files(self) -> float:
        """Cash a month that the files would bring with anybody."""
        return self.expected / self.months

    @property
    def above(self) -> float:
        """Cash a month above or below that: performance and luck together."""
        return (self.cash - self.expected) / self.months


@dataclass(frozen=True)
class Follows:
    """What differences in pay go with: shares that add up to 1, and rank correlations with their 95% intervals.

    `lasting` is the share of differences in cash above expected that lasts from month to month: performance; the rest of them is luck.
    """

    workers: tuple[Worker, ...]
    shares: Mapping[str, float]
    lasting: float
    performance: tuple[float, float, float]
    files: tuple[float, float, float]


def workers(rows: Iterable[Mapping[str, Any]], ratios: Mapping[str, float] | None = None) -> tuple[Worker, ...]:
    """Collectors from rows of a month each (collector, pay, cash, expected); who has no expected cash is left out.

    `ratios` are adjusted ones from elsewhere; without them observed ÷ expected is drawn to the mean as far as its months disagree.
    """
    by: dict[str, list[tuple[float, float, float]]] = {}
    for row in rows:
        by.setdefault(row["collector"], []).append((float(row["pay"]), float(row["cash"]), float(row["expected"])))
    kept = {name: months for name, months in by.items() if sum(month[2] for month in months) > 0}
    drawn = shrunk({name: [(cash, expected) for _, cash, expected in months] for name, months in kept.items()})
    return tuple(
        Worker(
            name, len(months), sum(month[0] for month in months), sum(month[1] for month in months), sum(month[2] for month in months),
            (ratios or {}).get(name, drawn[name]),
        )
        for name, months in sorted(kept.items())
    )  # fmt: skip


def shrunk(months: Mapping[str, Sequence[tuple[float, float]]]) -> dict[str, float]:
    """Observed ÷ expected by collector, drawn to the mean: the noise of each from the spread of its months, the rest between collectors is real.

    Normal-normal empirical Bayes with the method of moments (DerSimonian and Laird 1986); the noise is pooled over collectors per unit expected.
    """
    observed = {name: sum(cash for cash, _ in rows) for name, rows in months.items()}
    expected = {name: sum(size for _, size in rows) for name, rows in months.items()}
    if not months:
        return {}
    mean = sum(observed.values()) / sum(expected.values())
    ratio = {name: observed[name] / expected[name] for name in months}
    squares = sum((cash - ratio[name] * size) ** 2 / size for name, rows in months.items() for cash, size in rows if size > 0)
    free = sum(sum(size > 0 for _, size in rows) - 1 for rows in months.values())
    if free <= 0:
        return dict.fromkeys(months, mean)
    noise = {name: squares / free / expected[name] for name in months}
    weight = {name: 1 / noise[name] if noise[name] > 0 else math.inf for name in months}
    if any(math.isinf(value) for value in weight.values()):
        return ratio
    whole = sum(weight.values())
    centre = sum(weight[name] * ratio[name] for name in months) / whole
    spread = sum(weight[name] * (ratio[name] - centre) ** 2 for name in months)
    below = whole - sum(value**2 for value in weight.values()) / whole
    between = max(0.0, (spread - (len(months) - 1)) / below) if below > 0 else 0.0
    return {name: centre + between / (between + noise[name]) * (ratio[name] - centre) for name in months}


def follows(found: Sequence[Worker]) -> Follows | None:
    """What pay a month goes with across collectors; None where there are too few of them or all are paid alike.

    Pay can't tell a lasting yuan above expected from a lucky one, so what goes with it is split as it is itself: lasting or not.
    """
    if len(found) < FEWEST:
        return None
    pay = np.array([worker.pay / worker.months for worker in found])
    if np.ptp(pay) < 0.01:
        return None
    files, above = (np.array([getattr(worker, name) for worker in found]) for name in ("files", "above"))
    raw, drawn = np.array([worker.cash / worker.expected for worker in found]), np.array([worker.ratio for worker in found])
    spread = float((raw - raw.mean()) @ (raw - raw.mean()))
    lasting = min(max(float((raw - raw.mean()) @ (drawn - drawn.mean())) / spread, 0.0), 1.0) if spread > 0 else 0.0
    by_files, by_above, rest = _shares(pay, files, above)
    shares = {"performance": by_above * lasting, "files": by_files, "luck": by_above * (1 - lasting), "rest": rest}
    return Follows(tuple(found), shares, lasting, _ranks(pay, drawn), _ranks(pay, files))


def _shares(pay: Any, first: Any, second: Any) -> tuple[float, float, float]:
    """The share of the variance of pay of each of two causes, averaged over both orders (Lindeman, Merenda and Gold 1980), and what is left."""
    alone, other, both = _explained(pay, [first]), _explained(pay, [second]), _explained(pay, [first, second])
    return (alone + both - other) / 2, (other + both - alone) / 2, max(0.0, 1 - both)


def _explained(pay: Any, columns: Sequence[Any]) -> float:
    design = np.column_stack([np.ones(len(pay)), *[(column - column.mean()) / (column.std() or 1.0) for column in columns]])
    rest = pay - design @ np.linalg.lstsq(design, pay, rcond=None)[0]
    return float(1 - rest @ rest / ((pay - pay.mean()) @ (pay - pay.mean())))


def _ranks(left: Any, right: Any) -> tuple[float, float, float]:
    """Spearman's rank correlation with its 95% interval (Fisher's z with the variance of Bonett and Wright 2000)."""
    if np.ptp(right) == 0:
        return 0.0, -1.0, 1.0
    rho = float(stats.spearmanr(left, right).statistic)
    bounded = min(max(rho, -0.999999), 0.999999)
    reach = 1.96 * math.sqrt((1 + bounded**2 / 2) / (len(left) - 3))
    return rho, math.tanh(math.atanh(bounded) - reach), math.tanh(math.atanh(bounded) + reach)


# --- where figures lean -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Lean:
    """One check: how many were counted of how many, what chance alone would bring with its 99% range, and how likely so many are by chance."""

    name: str
    of: int
    count: int
    expected: float
    low: float
    high: float
    probability: float
    people: tuple[Mapping[str, Any], ...] = ()

    @property
    def unusual(self) -> bool:
        return self.probability < LEVEL


def moved_promises(rows: Sequence[Mapping[str, Any]]) -> Lean:
    """Promises moved across a month end, against how many would cross one if the calendar played no part; rows of pay_moved_promises."""
    of, count = sum(row["moved_count"] for row in rows), sum(row["crossing_count"] for row in rows)
    expected, variance = sum(float(row["expected_count"]) for row in rows), sum(float(row["variance"]) for row in rows)
    people = [
        _person(
            row, row["moved_count"], row["crossing_count"], float(row["expected_count"]), _tail(row["crossing_count"], float(row["expected_count"]))
        )
        for row in rows
    ]
    return Lean("promises", of, count, expected, *_range(expected, variance), _spread_tail(count, expected, variance), _worst(people))


def transfers(rows: Sequence[Mapping[str, Any]]) -> Lean:
    """Payments in the first days after a case changed hands, against the pace of the two weeks after those; rows of pay_transfers."""
    of = sum(row["transfer_count"] for row in rows)
    soon, later = sum(row["soon_count"] for row in rows), sum(row["later_count"] for row in rows)
    soon_days, later_days = sum(row["soon_days"] for row in rows), sum(row["later_days"] for row in rows)
    expected = later * soon_days / later_days if later_days else 0.0
    share = soon_days / (soon_days + later_days) if soon_days + later_days else 0.0
    pace = later / later_days if later_days else 0.0
    people = [
        _person(row, row["transfer_count"], row["soon_count"], pace * row["soon_days"], _tail(row["soon_count"], pace * row["soon_days"]))
        for row in rows
    ]  # fmt: skip
    probability = float(stats.binom.sf(soon - 1, soon + later, share)) if soon else 1.0
    return Lean(
        "transfers", of, soon, expected, *_range(expected, expected * (1 + expected / later) if later else expected), probability, _worst(people)
    )


def bunching(months: Iterable[tuple[str, str, Decimal, Sequence[Decimal]]], near: Decimal = NEAR) -> tuple[Lean, list[dict[str, Any]]]:
    """Months that end just above an edge of pay, against those just below: without a lean both are as frequent.

    A month is collector, month (or any mark), the quantity that tiers are read from, and the edges. Also the months just above, as rows.
    """
    above, below, rows = 0, 0, []
    people: dict[str, list[int]] = {}
    for collector, mark, quantity, edges in months:
        for edge in edges:
            if edge <= 0:
                continue
            away = (quantity - edge) / edge
            if -near <= away < 0:
                below += 1
                people.setdefault(collector, [0, 0])[1] += 1
            elif 0 <= away < near:
                above += 1
                people.setdefault(collector, [0, 0])[0] += 1
                rows.append({"collector": collector, "mark": mark, "quantity": quantity, "edge": edge, "above": quantity - edge})
    of = above + below
    probability = float(stats.binom.sf(above - 1, of, 0.5)) if above else 1.0
    worst = [
        _person({"collector_id": name}, sum(pair), pair[0], sum(pair) / 2, float(special.bdtrc(pair[0] - 1, sum(pair), 0.5)))
        for name, pair in sorted(people.items())
    ]
    found = Lean("tiers", of, above, of / 2, *_range(of / 2, of / 4), probability, _worst(worst))
    return found, sorted(rows, key=lambda row: (row["above"] / row["edge"], row["collector"], row["mark"]))


def _person(row: Mapping[str, Any], of: int, count: int, expected: float, probability: float) -> dict[str, Any]:
    return {"collector": row["collector_id"], "of": of, "count": count, "expected": expected, "probability": probability}


def _worst(people: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """The collectors whose count is beyond chance even though each of them was looked at (Bonferroni), the least likely first."""
    looked = [row for row in people if row["of"] >= FEWEST_EVENTS]
    found = [row for row in looked if row["probability"] * len(looked) < LEVEL]
    return tuple(sorted(found, key=lambda row: (row["probability"], row["collector"])))


def _tail(count: int, expected: float) -> float:
    """How likely at least so many are where so many are expected (Poisson; for a sum of unequal chances this is on the careful side)."""
    # scipy.special itself: the distribution's own method takes a hundred times as long, and there is one call a collector
    return float(special.pdtrc(count - 1, expected)) if count and expected > 0 else 1.0 if not count else 0.0


def _spread_tail(count: int, expected: float, variance: float) -> float:
    """The same for a sum of unequal chances: normal with continuity where there is enough of it, else Poisson."""
    if variance < 9:
        return _tail(count, expected)
    return float(stats.norm.sf((count - 0.5 - expected) / math.sqrt(variance)))


def _range(expected: float, variance: float) -> tuple[float, float]:
    reach = 2.576 * math.sqrt(max(variance, 0.0))
    return max(0.0, expected - reach), expected + reach
