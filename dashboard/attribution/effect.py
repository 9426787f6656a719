"""What an arm of a test adds to its control: from sums over clusters to differences with intervals, power, cost and break-even."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, partial
from typing import Any

import numpy as np

from dashboard.contract import ROOT
from dashboard.filters import Filters
from dashboard.methods import experiments
from dashboard.methods.experiments import ALPHA, Arm, Effect, Vector

Rows = Sequence[Mapping[str, Any]]
LENGTHS = (30, 60, 90)
#: What an arm may be split by; at placement, so that nothing the arm did can move a case.
SEGMENTS = ("age_band", "region", "score_band", "bucket", "product")
CONTROL = re.compile(r"hold.?out|control|no.?contact|对照|留出|空白", re.IGNORECASE)
#: How customers were meant to be split, where somebody wrote it down.
PLANS = ROOT / "data" / "rules" / "arms.toml"
#: What cases hang together by; what was known is held to the first, the finer one.
CLUSTERS = ("customer", "collector")
LETTERS = "npcbkds"  # of the report's products: cases, paid, net cash, placed balance, cost, days past due and score at placement
CASES, PAID, NET, PLACED, COST, OVERDUE, SCORE = np.eye(7)
#: What was known of a case before its arm could do anything.
KNOWN = (PLACED, OVERDUE, SCORE)
#: An arm with fewer cases that paid, or that did not, is compared without what was known: a bell curve would not fit its share.
LEAST_EACH = 20
#: Fewer cases than this in an arm: nothing is said of it. A segment's least is a setting.
LEAST = 30


@dataclass(frozen=True)
class Side:
    """An arm's own figures; `by` holds its sums by kind of cluster."""

    name: str
    cases: int
    paid: int
    net: float
    placed: float
    cost: float
    touched: float
    sent: int
    staffed: int
    by: Mapping[str, Arm]

    def per_case(self, amount: float) -> float:
        return amount / self.cases


@dataclass(frozen=True)
class Compared:
    """An arm beside its control. Differences: of the paid share, of net cash a case, of it after cost, of cash ÷ placed balance.

    `adjusted` is the p-value of the paid share among all that were compared with it; `detectable` the smallest difference that would
    probably have been found; `clusters` what the wider of the intervals was made robust to. `plain` is the paid share's difference without
    what was known at placement; it is `share` itself where nothing was known or an arm is too small for it.
    """

    arm: Side
    control: Side
    share: Effect
    plain: Effect
    cash: Effect | None
    margin: Effect | None
    recovery: Effect | None
    clusters: str
    adjusted: float
    detectable: float | None

    @property
    def clear(self) -> bool:
        """Whether chance alone is an unlikely explanation: the interval leaves zero out, and so does the adjusted p-value."""
        return self.adjusted < ALPHA and (self.share.low > 0 or self.share.high < 0)

    @property
    def narrower(self) -> float:
        """By what share the interval of the paid share is narrower for what was known at placement; 0 where that was not used."""
        return 1 - self.share.width / self.plain.width

    @property
    def extra_cost(self) -> float:
        """What a case of the arm cost more than one of the control."""
        return self.arm.per_case(self.arm.cost) - self.control.per_case(self.control.cost)

    @property
    def break_even(self) -> float | None:
        """The rise of the paid share at which the cash of those who pay covers the extra cost."""
        each = self.arm.net / self.arm.paid if self.arm.paid else 0.0
        return self.extra_cost / each if each > 0 else None

    @property
    def cost_per_cash(self) -> float | None:
        """Extra cost per unit of extra cash; None where no cash was added for sure."""
        return self.extra_cost / self.cash.value if self.cash is not None and self.cash.low > 0 else None

    @property
    def back(self) -> float | None:
        """Extra cash less extra cost, per unit of extra cost."""
        return self.margin.value / self.extra_cost if self.margin is not None and self.extra_cost > 0 else None


def parameters(filters: Filters, days: int, teams: Sequence[str] | None, segment: str = "") -> dict[str, Any]:
    """What the report is asked: cases placed in the filters' period, chosen values of each dimension, the person's teams; "" for no segments."""
    values = {name: list(filters.chosen(name)) or None for name in ("product", "bucket", "region", "team", "batch")}
    scope = None if teams is None else list(teams)
    period = {"start": filters.start, "until": filters.until, "days": days, "teams": scope}
    return {**values, **period, "segment": segment}


def split_parameters(filters: Filters, days: int, teams: Sequence[str] | None) -> dict[str, Any]:
    """The same for the report of how customers were split."""
    return {name: value for name, value in parameters(filters, days, teams).items() if name != "segment"}


@dataclass(frozen=True)
class Test:
    """All arms of one segment, with what pairs of them share."""

    sides: Mapping[str, Side]
    both: Mapping[tuple[str, str, str], tuple[Vector, int]]  # kind of cluster, arm, other arm


def tests(rows: Rows) -> tuple[Test, dict[str, Test]]:
    """The report's rows: the test of all cases, and one of each segment asked for."""
    arms: dict[tuple[bool, str, str], dict[str, Arm]] = {}
    rows_of: dict[tuple[bool, str, str], Mapping[str, Any]] = {}
    both: dict[tuple[bool, str], dict[tuple[str, str, str], tuple[Vector, int]]] = {}
    for row in rows:
        whole, segment, kind, one, other = (row[name] for name in ("is_whole", "segment", "cluster", "first_arm", "second_arm"))
        products = np.array([[row[a + b] for b in LETTERS] for a in LETTERS], dtype=float)
        if one != other:
            both.setdefault((whole, segment), {})[kind, one, other] = products, int(row["clusters"])
            both[whole, segment][kind, other, one] = products.T, int(row["clusters"])
            continue
        totals = np.array([float(row[name]) for name in ("cases", "paid", "net", "placed", "cost", "overdue", "score")])
        arms.setdefault((whole, segment, one), {})[kind] = Arm(totals, products, int(row["clusters"]))
        rows_of[whole, segment, one] = row
    found: dict[tuple[bool, str], dict[str, Side]] = {}
    for (whole, segment, name), row in rows_of.items():
        cases, paid, sent, staffed = (int(row[key]) for key in ("cases", "paid", "sent", "staffed"))
        net, placed, cost, touched = (float(row[key]) for key in ("net", "placed", "cost", "touched"))
        side = Side(name, cases, paid, net, placed, cost, touched, sent, staffed, arms[whole, segment, name])
        found.setdefault((whole, segment), {})[name] = side
    made = {key: Test(sides, both.get(key, {})) for key, sides in found.items()}
    return made.get((True, ""), Test({}, {})), {segment: test for (whole, segment), test in made.items() if not whole}


def default_control(sides: Mapping[str, Side]) -> str:
    """The arm called like a hold-out, else the largest; "" without arms."""
    largest = max(sides, key=lambda name: (sides[name].cases, name), default="")
    return next((name for name in sorted(sides) if CONTROL.search(name)), largest)


def compare(test: Test, control: str, least: int = LEAST, known: Sequence[Vector] = KNOWN) -> list[Compared]:
    """Every arm beside the control, largest effect first, adjusted for their number (Holm); arms with few cases are left out.

    Intervals are robust to customers with several cases and, where collectors work an arm, to collectors: the wider one counts. What was
    `known` at placement makes them narrower.
    """
    if control not in test.sides or test.sides[control].cases < least:
        return []
    made = []
    for name, side in test.sides.items():
        if name != control and side.cases >= least:
            one = _compared(test, side, test.sides[control], known)
            if one is not None:
                made.append(one)
    adjusted = experiments.holm([one.share.p for one in made])
    made = [replace(one, adjusted=p) for one, p in zip(made, adjusted, strict=True)]
    return sorted(made, key=lambda one: -one.share.value)


def _compared(test: Test, arm: Side, control: Side, known: Sequence[Vector]) -> Compared | None:
    kinds = [kind for kind in CLUSTERS if kind in arm.by and (kind == "customer" or arm.staffed or control.staffed)]
    plain, clusters = _wider(test, arm, control, kinds, experiments.share_effect, PAID, CASES)
    if plain is None:
        return None
    first, enough = kinds[0], all(min(side.paid, side.cases - side.paid) >= LEAST_EACH for side in (arm, control))
    both, _ = test.both.get((first, arm.name, control.name), _apart())

    def less(part: Vector) -> Vector | None:
        return experiments.less_known(arm.by[first], control.by[first], both, part, CASES, known) if enough else None

    def mean(part: Vector) -> Effect | None:
        left = less(part)
        return _wider(test, arm, control, kinds, experiments.mean_effect, part if left is None else left, CASES)[0]

    share, left = plain, less(PAID)
    if left is not None:
        found, kind = _wider(test, arm, control, kinds, partial(experiments.share_effect, less=left), PAID, CASES)
        share, clusters = (found, kind) if found is not None else (plain, clusters)
    recovery, _ = _wider(test, arm, control, kinds, experiments.mean_effect, NET, PLACED)
    size = experiments.detectable(control.paid / control.cases, arm.cases / share.design, control.cases / share.design)
    return Compared(arm, control, share, plain, mean(NET), mean(NET - COST), recovery, clusters, share.p, size)


def _apart() -> tuple[Vector, int]:
    """Of two arms that share no cluster."""
    return np.zeros((len(LETTERS), len(LETTERS))), 0


def _wider(test: Test, arm: Side, control: Side, kinds: Sequence[str], method: Any, part: Vector, whole: Vector) -> tuple[Effect | None, str]:
    found: list[tuple[Effect, str]] = []
    for kind in kinds:
        both, shared = test.both.get((kind, arm.name, control.name), _apart())
        effect = method(arm.by[kind], control.by[kind], both, shared, part, whole)
        if effect is not None:
            found.append((effect, kind))
    return max(found, key=lambda pair: pair[0].width) if found else (None, "customer")


@dataclass(frozen=True)
class Cell:
    """An arm's effect in one segment; `adjusted` for all cells shown (Benjamini-Hochberg)."""

    segment: str
    compared: Compared
    adjusted: float

    @property
    def clear(self) -> bool:
        return self.adjusted < ALPHA and (self.compared.share.low > 0 or self.compared.share.high < 0)


def cells(by_segment: Mapping[str, Test], control: str, arm: str, least: int, order: Sequence[str] = ()) -> tuple[list[Cell], int]:
    """The effect of one arm in every segment (in the order given, else by name), and how many are hidden: a side has fewer cases than `least`."""
    shown: list[tuple[str, Compared]] = []
    hidden = 0
    places = {name: place for place, name in enumerate(order)}
    for segment, test in sorted(by_segment.items(), key=lambda pair: (places.get(pair[0], len(places)), pair[0])):
        sides = [test.sides.get(name) for name in (control, arm)]
        if any(side is None or side.cases < least for side in sides):
            hidden += 1
            continue
        pair = Test({name: test.sides[name] for name in (control, arm)}, test.both)
        found = next(iter(compare(pair, control, least)), None) if arm != control else None
        if found is not None:
            shown.append((segment, found))
    adjusted = experiments.false_discovery([one.share.p for _, one in shown])
    return [Cell(segment, one, p) for (segment, one), p in zip(shown, adjusted, strict=True)], hidden


@dataclass(frozen=True)
class Split:
    """Whether customers were split over the arms by chance alone: p-values against the plan (if there is one) and from month to month."""

    planned: float | None
    steady: float | None

    @property
    def broken(self) -> bool:
        return any(p is not None and p < experiments.MISMATCH for p in (self.planned, self.steady))


def split(rows: Rows, until: date) -> Split:
    """The report's rows held against the plan of just these arms, and against each other."""
    months = sorted({row["placed_month"] for row in rows})
    counts: dict[str, list[int]] = {}
    for row in rows:
        counts.setdefault(row["arm"], [0] * len(months))[months.index(row["placed_month"])] = row["customers"]
    plan = planned(counts, until)
    against = experiments.split_as_planned([sum(counts[name]) for name in plan], list(plan.values())) if plan else None
    return Split(against, experiments.split_held(counts))


def planned(arms: Collection[str], until: date) -> dict[str, float]:
    """The planned shares of just these arms, the latest plan that began by a day; {} where nobody wrote one."""
    plans = [plan for plan in _plans() if set(plan["shares"]) == set(arms) and plan["valid_from"] <= until]
    return dict(max(plans, key=lambda plan: plan["valid_from"])["shares"]) if plans else {}


@cache
def _plans() -> list[dict[str, Any]]:
    return list(tomllib.loads(PLANS.read_text(encoding="utf-8"))["plan"])


def claimed(side: Side) -> float:
    """What attribution says of an arm: net cash a case that a contact which arrived came before."""
    return side.per_case(side.touched)
