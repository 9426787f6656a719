"""What each collector's cases paid against what cases of their kind pay at other collectors' desks; knows nothing of pages.

The expectation of a case is a model of everything known of it before the month (bucket, balance, product, months since placement, score,
region, placement number, whether it has paid) and of the month. It never knows the collector, the treatment or any effort, and a
collector's own cases are never among those it was fitted on. Each month is scaled so that the house as a whole comes to 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from threading import Lock
from typing import Any, NamedTuple, Protocol
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse, special
from sklearn.linear_model import LogisticRegression, PoissonRegressor
from threadpoolctl import threadpool_limits

from dashboard.collectors.cells import Design, Ints, Mix, Vector, unpacked
from dashboard.filters import month_number
from dashboard.methods import profiling
from dashboard.methods.profiling import Spread

#: The expectation is fitted on this many months up to the last one asked for.
MONTHS = 12
#: Collectors are dealt into so many groups; each group's expectation is fitted on all the others.
FOLDS, SEED = 5, 20
#: The model is fitted on at most so many rows of cells, drawn with the seed; every case is then given its expectation.
SAMPLE = 60_000
#: With fewer collectors what the others do says too little.
FEWEST = 8
#: Without these tables there is nothing to compare by.
NEEDED = ("cases", "payments", "assignments")
#: What the cases tallied may be limited by.
LIMITS = ("product", "bucket", "region")
#: Outcomes a case may have in a month: it paid or not; its cash, no more than all but the largest hundredth of payers bring.
OUTCOMES = ("paid", "cash")


class TooFew(Exception):
    """Not enough collectors or months to know what to expect; says how many there are."""

    def __init__(self, collectors: int, months: int) -> None:
        self.collectors, self.months = collectors, months
        super().__init__(f"{collectors} collectors over {months} months")


class Asked(Protocol):
    """What is needed of a warehouse."""

    def arrays(self, report: str, parameters: Mapping[str, Any] | None = None) -> dict[str, npt.NDArray[Any]]: ...
    def lasting(self, report: str) -> list[dict[str, Any]]: ...


class Tally(NamedTuple):
    """One collector in one month: cases held at its start, what they did, what was expected, and what chance alone would do to it."""

    month: date
    collector: str
    cases: int
    paid: float
    paid_expected: float
    paid_variance: float
    cash: float
    cash_expected: float
    cash_variance: float


@dataclass(frozen=True)
class Tallies:
    """All collectors and months, how good the expectation is, and over how many cases it was fitted."""

    rows: tuple[Tally, ...]
    months: tuple[date, ...]
    auc: float
    calibration: tuple[tuple[float, float, int], ...]
    cases: int
    folds: int


@dataclass(frozen=True)
class Performance:
    """One collector over some months. `ratio` is observed ÷ expected with its interval; `shrunk` what of it is to be believed, on the
    house's mix of cases, so that it compares between desks.

    `top` is the chance of being in the best quarter; `flag` is "high" or "low" beyond the 99.8% limits, else "" ; None where too little was
    expected to say (`expected` below profiling.LEAST).
    """

    collector: str
    cases: int
    observed: float
    expected: float
    variance: float
    ratio: float
    low: float
    high: float
    shrunk: float | None = None
    shrunk_low: float | None = None
    shrunk_high: float | None = None
    top: float | None = None
    z: float | None = None
    flag: str = ""


@dataclass(frozen=True)
class Adjusted:
    """Every collector over some months by one outcome, best first, and how far they differ beyond chance."""

    outcome: str
    months: tuple[date, ...]
    people: tuple[Performance, ...]
    spread: Spread
    phi: float

    def of(self, collector: str) -> Performance | None:
        """One of them."""
        return next((one for one in self.people if one.collector == collector), None)

    @property
    def ranked(self) -> tuple[Performance, ...]:
        """Those of whom enough is known."""
        return tuple(one for one in self.people if one.shrunk is not None)


def month_of(value: int) -> date:
    """The first day of a counted month."""
    return date(int(value) // 12, int(value) % 12 + 1, 1)


def adjusted(warehouse: Asked, start: date, until: date, outcome: str = "paid", where: Mapping[str, Sequence[str]] | None = None) -> Adjusted:
    """Every collector's observed ÷ expected over the complete months that lie in a span of days.

    `where` limits the cases (product, bucket, region), not the collectors. Raises TooFew.
    """
    found = tallied(warehouse, until, where)
    months = [month for month in found.months if start.replace(day=1) <= month <= until]
    return summed(found, months, outcome)


def tallied(warehouse: Asked, until: date, where: Mapping[str, Sequence[str]] | None = None) -> Tallies:
    """Observed and expected by collector and month, over the MONTHS complete months that end with the month of a day. Raises TooFew.

    The expectation doesn't depend on `where`: the last one fitted is kept with its warehouse, whose rows never change.
    """
    last = month_number(until)
    levels: dict[str, dict[str, int]] = {}
    for row in warehouse.lasting("mix_levels"):
        levels.setdefault(row["dimension"], {})[row["value"]] = row["number"]
    with _fitting:
        known = _fitted.get(warehouse)
        if known is None or known[0] != last:
            if len(_fitted) >= KEPT:
                _fitted.clear()
            known = (last, expectation(Mix.of(warehouse.arrays("held_mix", {"first": last - MONTHS + 1, "last": last}))))
            _fitted[warehouse] = known
    names = {place: name for name, place in levels.get("collector", {}).items()}
    return known[1].tallies(names, chosen(levels, where or {}, warehouse))


def chosen(levels: Mapping[str, Mapping[str, int]], where: Mapping[str, Sequence[str]], warehouse: Asked) -> dict[str, Ints]:
    """The numbers of the values that cases are limited to."""
    found = {}
    for name, values in where.items():
        known = {row["bucket"]: row["rank"] for row in warehouse.lasting("bucket_ranks")} if name == "bucket" else levels.get(name, {})
        found[name] = np.array([known[value] for value in values if value in known], dtype=np.int64)
    return found


def tally(mix: Mix, names: Mapping[int, str], only: Mapping[str, Ints] | None = None) -> Tallies:
    """Fit the expectation on every collector's cases and add up what was seen and what was to be expected, of the cases chosen."""
    return expectation(mix).tallies(names, only)


@dataclass(frozen=True)
class Expectation:
    """What was seen and what was to be expected (`columns`, in the order of Tally) of cases alike in month, collector and what may limit them.

    `place` is the number of their month and collector, `limits` hold the number of each limit's value.
    """

    place: npt.NDArray[np.int32]
    limits: Mapping[str, npt.NDArray[np.unsignedinteger[Any]]]
    columns: tuple[npt.NDArray[Any], ...]
    people: Ints
    months: Ints
    auc: float
    calibration: tuple[tuple[float, float, int], ...]

    def tallies(self, names: Mapping[int, str], only: Mapping[str, Ints] | None = None) -> Tallies:
        """The rows chosen added up by month and collector."""
        place, columns = self.place, self.columns
        if only:
            keep = np.flatnonzero(np.all([_among(self.limits[name], values) for name, values in only.items()], axis=0))
            place, columns = place[keep], tuple(column[keep] for column in columns)
        sums = [_sums(place, column, len(self.months) * len(self.people)) for column in columns]
        there = np.flatnonzero(sums[0])
        at, who = np.divmod(there, len(self.people))
        months, called = tuple(month_of(month) for month in self.months), [names[int(person)] for person in self.people]
        cases, *figures = (column[there].tolist() for column in sums)
        each = zip((months[one] for one in at), (called[one] for one in who), map(int, cases), *figures, strict=True)
        return Tallies(tuple(map(Tally._make, each)), months, self.auc, self.calibration, int(self.columns[0].sum()), FOLDS)


#: What each of the columns is kept as: cases and payers are whole numbers, what is expected is known to no more than some digits.
STORED = (np.int32, np.int32, np.float32, np.float32, np.float64, np.float32, np.float32)


def _among(numbers: npt.NDArray[np.unsignedinteger[Any]], values: Ints) -> npt.NDArray[np.bool_]:
    """Whether each number is one of some."""
    chosen: npt.NDArray[np.bool_] = np.zeros(int(numbers.max(initial=0)) + 1, dtype=bool)
    chosen[values[values < len(chosen)]] = True
    return np.take(chosen, numbers)


#: The last expectation fitted on a snapshot, of so many snapshots at most: at a million cases one takes a twentieth of a GiB.
KEPT = 2
_fitted: WeakKeyDictionary[Asked, tuple[int, Expectation]] = WeakKeyDictionary()
_fitting = Lock()


def expectation(mix: Mix) -> Expectation:
    """Fit what cases of each kind pay in each month, for every collector on the cases of others. Raises TooFew."""
    people, person = _numbered(mix.collector)
    months, at = _numbered(mix.month)
    if len(people) < FEWEST or not len(months):
        raise TooFew(len(people), len(months))
    fold = np.empty(len(people), dtype=np.int64)
    fold[np.random.default_rng(SEED).permutation(len(people))] = np.arange(len(people)) % FOLDS
    kinds, kind = _numbered(mix.kind)
    attributes = unpacked(kinds)
    design = Design.of(attributes, _sums(kind, mix.cases, len(kinds)))
    matrix = design.matrix(attributes)
    sample = np.arange(len(mix))
    if len(mix) > SAMPLE:
        sample = np.sort(np.random.default_rng(SEED).choice(len(mix), SAMPLE, replace=False))
    calendar = sparse.csr_matrix((np.ones(len(sample)), (np.arange(len(sample)), at[sample])), shape=(len(sample), len(months)))
    seen = sparse.hstack([matrix[kind[sample]], calendar]).tocsr()
    expected, mean = np.zeros(len(mix)), np.zeros(len(mix))
    folds = fold[person]
    with threadpool_limits(limits=1):  # small matrices: several threads only wait for each other
        for part in range(FOLDS):
            fit, use = sample[folds[sample] != part], np.flatnonzero(folds == part)
            rows_ = seen[folds[sample] != part]
            chance = _chances(rows_, mix.cases[fit], mix.paid[fit], matrix.shape[1])
            scale = float(mix.cash[fit].sum() / max(mix.paid[fit].sum(), 1)) or 1.0
            money = _means(rows_, mix.cases[fit], mix.cash[fit] / scale, matrix.shape[1])
            kind_used, at_used = kind[use], at[use]
            expected[use] = special.expit(chance.of(matrix)[kind_used] + chance.months[at_used])
            mean[use] = np.exp(money.of(matrix)[kind_used] + money.months[at_used]) * scale
    order = np.argsort(expected, kind="stable")
    auc = profiling.discrimination(expected, mix.cases, mix.paid, order)
    tenths = tuple(profiling.calibration(expected, mix.cases, mix.paid, order=order))
    columns = _columns(mix, at, len(months), expected, mean)
    del mix, expected, mean, seen
    code = np.zeros(len(kinds), dtype=np.int64)
    sizes = {name: int(attributes[name].max(initial=0)) + 1 for name in LIMITS}
    for name, size in sizes.items():
        code = code * size + attributes[name]
    every = int(np.prod([*sizes.values()]))
    kept, row = _numbered((at * len(people) + person) * every + code[kind])
    # cases at the same place whose limits are the same are added up: all that is asked of them later, in half the room
    sums = tuple(_sums(row, column, len(kept)).astype(kind) for column, kind in zip(columns, STORED, strict=True))
    place, code = np.divmod(kept, every)
    limits = {}
    for name, size in reversed(sizes.items()):
        code, found = np.divmod(code, size)
        limits[name] = found.astype(np.min_scalar_type(size))
    return Expectation(place.astype(np.int32), limits, sums, people, months, auc, tenths)


def _numbered(values: Ints) -> tuple[Ints, Ints]:
    """The values there are, sorted, and the place of each among them: as np.unique with its inverse, without sorting them all."""
    codes, found = pd.factorize(values)
    order = np.argsort(found)
    rank = np.empty(len(found), dtype=np.int64)
    rank[order] = np.arange(len(found))
    return found[order], rank[codes]


@dataclass(frozen=True)
class Effects:
    """A fitted model on its linear scale: an effect for each column of a design, then one for each month."""

    columns: Vector
    months: Vector

    def of(self, matrix: sparse.csr_matrix) -> Vector:
        """What the attributes of each kind come to."""
        result: Vector = matrix @ self.columns
        return result

    @staticmethod
    def split(coefficients: Vector, base: float, width: int) -> Effects:
        """Coefficients of a design's columns followed by those of the months."""
        return Effects(coefficients[:width], coefficients[width:] + base)


def _chances(rows: sparse.csr_matrix, held: Vector, paid: Vector, width: int) -> Effects:
    """A logistic model of paying within the month, each row so many cases of which so many paid."""
    share = float(paid.sum() / held.sum())
    if not 0 < share < 1:
        return Effects.split(np.zeros(rows.shape[1]), float(special.logit(np.clip(share, 1e-9, 1 - 1e-9))), width)
    weight = np.concatenate([paid, held - paid])
    outcome, kept = np.repeat([1, 0], len(held)), weight > 0
    model = LogisticRegression(C=3.0, solver="newton-cholesky", max_iter=50, tol=1e-6)
    model.fit(sparse.vstack([rows, rows]).tocsr()[kept], outcome[kept], sample_weight=weight[kept])
    return Effects.split(model.coef_[0], float(model.intercept_[0]), width)


def _means(rows: sparse.csr_matrix, held: Vector, cash: Vector, width: int) -> Effects:
    """A log-linear model of a case's cash within the month."""
    if not cash.sum():
        return Effects.split(np.zeros(rows.shape[1]), -50.0, width)
    model = PoissonRegressor(alpha=1e-6, solver="newton-cholesky", max_iter=50, tol=1e-6)
    model.fit(rows, cash / held, sample_weight=held)
    return Effects.split(model.coef_, float(model.intercept_), width)


def _sums(place: npt.NDArray[np.integer[Any]], values: npt.NDArray[Any], size: int) -> Vector:
    """The sum of some values at each place."""
    result: Vector = np.bincount(place, weights=values, minlength=size).astype(np.float64)
    return result


def _columns(mix: Mix, at: Ints, size: int, expected: Vector, mean: Vector) -> tuple[Vector, ...]:
    """Cases, payers, what was expected of them and its variance, and the same of cash; each month scaled so that the house comes to 1."""

    def factor(seen: Vector, due: Vector) -> Vector:
        seen_month, due_month = np.bincount(at, seen, size), np.bincount(at, due, size)
        return np.divide(seen_month, due_month, out=np.ones(size), where=due_month > 0)

    chance = np.clip(expected * factor(mix.paid, mix.cases * expected)[at], 0.0, 1.0)
    money = mean * factor(mix.cash, mix.cases * mean)[at]
    heavy = factor(mix.square, mix.cash)[at]
    paid, cash = mix.cases * chance, mix.cases * money
    return mix.cases, mix.paid, paid, paid * (1 - chance), mix.cash, cash, cash * heavy


def summed(found: Tallies, months: Sequence[date], outcome: str = "paid", only: str | None = None) -> Adjusted:
    """The months chosen added up for each collector, compared by one outcome.

    With `only` it holds that one of them, compared with all, and nobody's chance of the best quarter is drawn.
    """
    wanted = set(months)
    totals: dict[str, list[float]] = {}
    for row in found.rows:
        if row.month in wanted:
            mine = totals.setdefault(row.collector, [0.0, 0.0, 0.0, 0.0])
            part = (row.cases, row.paid, row.paid_expected, row.paid_variance)
            if outcome == "cash":
                part = (row.cases, row.cash, row.cash_expected, row.cash_variance)
            for place, value in enumerate(part):
                mine[place] += value
    people = sorted(name for name, values in totals.items() if values[2] > 0)
    if not people:
        return Adjusted(outcome, tuple(sorted(wanted)), (), Spread(float("nan"), 0.0, 0.0, 0), 1.0)
    table = np.array([totals[name] for name in people])
    return compared(outcome, tuple(sorted(wanted)), people, table[:, 0], table[:, 1], table[:, 2], table[:, 3], only)


def compared(
    outcome: str,
    months: tuple[date, ...],
    people: Sequence[str],
    cases: Vector,
    observed: Vector,
    expected: Vector,
    variance: Vector,
    only: str | None = None,
) -> Adjusted:
    """Collectors' sums as a profile: intervals, over-dispersion, shrinkage, flags and chances of the top quarter; of `only` one, without those."""
    variance = profiling.positive(variance)
    # what was expected is put in the unit of single outcomes, so that one threshold serves payers and cash
    outcomes = expected**2 / variance
    known = outcomes >= profiling.LEAST
    spread = profiling.spread(observed[known], expected[known], variance[known])
    picked = np.array([index for index, name in enumerate(people) if only is None or name == only], dtype=np.int64)
    low, high = profiling.ratio_interval(observed[picked], expected[picked], variance[picked])
    phi = float(variance.sum() / expected.sum())
    if outcome == "paid":  # compared by log odds, then read on the house's own mix, where a point of log odds moves O ÷ E by φ
        own, chance = profiling.odds_effect(observed[known], expected[known], variance[known])
    else:
        own, chance = observed[known] / expected[known] - 1, variance[known] / expected[known] ** 2
    read = phi if outcome == "paid" else 1.0
    belief = profiling.believed(own, chance)
    mean, deviation = 1 + read * belief.mean, read * belief.deviation
    best = profiling.top_chance(belief) if only is None else None
    z = profiling.scores(observed[known], expected[known], variance[known], spread.tau2)
    place = {int(index): at for at, index in enumerate(np.flatnonzero(known))}
    made = []
    for row, index in enumerate(picked.tolist()):
        at = place.get(index)
        more: dict[str, Any] = {}
        if at is not None:
            half, middle = profiling.Z95 * float(deviation[at]), float(mean[at])
            more = {
                "shrunk": middle, "shrunk_low": middle - half, "shrunk_high": middle + half, "top": None if best is None else float(best[at]),
                "z": float(z[at]), "flag": "high" if z[at] > profiling.Z998 else "low" if z[at] < -profiling.Z998 else "",
            }  # fmt: skip
        made.append(
            Performance(
                collector=people[index], cases=int(cases[index]), observed=float(observed[index]), expected=float(expected[index]),
                variance=float(variance[index]), ratio=float(observed[index] / expected[index]), low=float(low[row]), high=float(high[row]),
                **more,
            )
        )  # fmt: skip
    made.sort(key=lambda one: (one.shrunk is None, -(one.shrunk or 0.0), -one.ratio, one.collector))
    return Adjusted(outcome, months, tuple(made), spread, phi)
