"""Who the collectors are and what may be said of them; workload, new hires, drivers of a gap, training. Knows nothing of pages or SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import log
from statistics import median
from typing import Any

import numpy as np

from dashboard.access import Scope
from dashboard.collectors.performance import Adjusted, Tallies
from dashboard.methods import profiling
from dashboard.methods.effects import Effect, Row, staggered
from dashboard.words import word

#: Months of employment shown one by one; whoever has more is together.
RAMP = 12
#: Bands of months of employment (queries/relations/collectors.sql), in their order.
BANDS = ("0-2", "3-5", "6-11", "12-23", "24+")
#: A load this far above or below the team's median is too much or little.
HEAVY, LIGHT = 1.25, 0.75
#: Whoever is there for less of the period than this isn't compared by load.
MOSTLY = 0.8
#: Steps from work to cash: each is the second count per one of the first.
FUNNEL = ("cases", "calls", "right_parties", "promises", "kept", "paid")


@dataclass(frozen=True)
class Person:
    """One collector of the export."""

    id: str
    name: str
    team: str
    grade: str
    hired_on: date
    left_on: date | None

    def tenure(self, month: date) -> int:
        """Whole months of employment when a month begins that lies in it or after it."""
        return max(0, (month.year - self.hired_on.year) * 12 + month.month - self.hired_on.month)


def people(rows: Iterable[Mapping[str, Any]]) -> dict[str, Person]:
    """The collectors of the report by id."""
    return {
        row["collector_id"]: Person(row["collector_id"], row["name"] or "", row["team"] or "", row["grade"] or "", row["hired_on"], row["left_on"])
        for row in rows
    }


def visible(known: Mapping[str, Person], ids: Iterable[str], scope: Scope, teams: Sequence[str] = ()) -> list[str]:
    """Those of some collectors whom a person may see one by one: their own teams', only themselves for a collector; further limited to teams."""
    if scope.collector is not None:
        return [one for one in ids if one == scope.collector]

    def of(one: str) -> str:
        return known[one].team if one in known else ""

    allowed = [one for one in ids if scope.teams is None or of(one) in scope.teams]
    return [one for one in allowed if not teams or of(one) in teams]


def labels(known: Mapping[str, Person], ordered: Sequence[str], scope: Scope, lang: str) -> dict[str, str]:
    """How each collector is called: by name and id where names may be seen, "you" for a collector, else by number in the order given."""
    if scope.collector is not None:
        return {one: word("team.you", lang) for one in ordered if one == scope.collector}
    if scope.names:
        return {one: f"{known[one].name} · {one}" if one in known and known[one].name else one for one in ordered}
    return {one: word("team.numbered", lang, n=place) for place, one in enumerate(ordered, start=1)}


# --- workload -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Load:
    """One collector's caseload: cases on an average day, the same in cases of average work, and that against the team's median."""

    collector: str
    team: str
    caseload: float
    adjusted: float
    median: float
    ratio: float

    @property
    def state(self) -> str:
        """heavy, light or even."""
        return "heavy" if self.ratio > HEAVY else "light" if self.ratio < LIGHT else "even"


def loads(
    caseloads: Mapping[str, float],
    mixes: Iterable[tuple[str, str, float]],
    work: Mapping[str, tuple[float, float]],
    known: Mapping[str, Person],
    present: Mapping[str, float],
) -> list[Load]:
    """Loads of those present for most of the period, the heaviest first.

    `mixes`: collector, bucket, cases; `work`: bucket → attempts and cases of the house. A case weighs as many attempts as the house makes
    on cases of its bucket; where nothing is known of attempts each weighs the same. Teams of fewer than three have no median to compare.
    """
    attempts, cases = (sum(side[place] for side in work.values()) for place in (0, 1))
    average = attempts / cases if attempts and cases else 0.0
    weight = {bucket: (one / all_ / average if average and all_ else 1.0) for bucket, (one, all_) in work.items()}
    sums: dict[str, list[float]] = {}
    for collector, bucket, count in mixes:
        mine = sums.setdefault(collector, [0.0, 0.0])
        mine[0] += count
        mine[1] += count * weight.get(bucket, 1.0)
    there = [one for one in caseloads if one in known and present.get(one, 0.0) >= MOSTLY]
    adjusted = {one: caseloads[one] * (sums[one][1] / sums[one][0] if sums.get(one, [0.0])[0] else 1.0) for one in there}
    found = []
    for one in there:
        team = [adjusted[other] for other in there if known[other].team == known[one].team]
        if len(team) >= 3 and (middle := median(team)) > 0:
            found.append(Load(one, known[one].team, caseloads[one], adjusted[one], middle, adjusted[one] / middle))
    return sorted(found, key=lambda load: (-load.ratio, load.collector))


# --- new hires ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stage:
    """Collectors in one month of their employment (RAMP: that one and later): observed ÷ expected with its interval."""

    months: int
    people: int
    cases: int
    ratio: float
    low: float
    high: float


def ramp(found: Tallies, known: Mapping[str, Person], teams: Sequence[str] = ()) -> list[Stage]:
    """Observed ÷ expected by months of employment, over all months tallied, of some teams or all."""
    sums: dict[int, list[float]] = {}
    who: dict[int, set[str]] = {}
    for row in found.rows:
        person = known.get(row.collector)
        if person is None or (teams and person.team not in teams):
            continue
        stage = min(person.tenure(row.month), RAMP)
        mine = sums.setdefault(stage, [0.0, 0.0, 0.0, 0.0])
        for place, value in enumerate((row.cases, row.paid, row.paid_expected, row.paid_variance)):
            mine[place] += value
        who.setdefault(stage, set()).add(row.collector)
    stages = []
    for stage, (cases, paid, expected, variance) in sorted(sums.items()):
        if expected >= profiling.LEAST:
            low, high = profiling.ratio_interval(np.array([paid]), np.array([expected]), profiling.positive([variance]))
            stages.append(Stage(stage, len(who[stage]), int(cases), paid / expected, float(low[0]), float(high[0])))
    return stages


# --- what is behind a gap ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """One step from work to cash: what the collector and the house make of one of the step before, and what it adds to log(O ÷ E)."""

    key: str
    own: float
    house: float
    effect: float


def drivers(own: Mapping[str, float], house: Mapping[str, float], expected: tuple[float, float]) -> list[Step] | None:
    """Log contributions of each step of the funnel to the gap to expected; they add up to log(observed ÷ expected) exactly.

    `own` and `house` hold the counts of FUNNEL; `expected` what was expected of the collector's cases and of the house's (which saw just
    that). The last step, payers per promise kept, is taken given the mix: less what the mix led to expect. None where a count is 0.
    """
    if any(side.get(name, 0) <= 0 for side in (own, house) for name in FUNNEL) or min(expected) <= 0:
        return None
    steps = []
    for before, after in pairwise(FUNNEL):
        mine, theirs = own[after] / own[before], house[after] / house[before]
        steps.append(Step(after, mine, theirs, log(mine / theirs)))
    mix = log((expected[0] / own["cases"]) / (expected[1] / house["cases"]))
    last = steps[-1]
    # the house's payers are its expectation but for rounding of the months' scale
    steps[-1] = Step(last.key, last.own, last.house, last.effect - mix + log(house["paid"] / expected[1]))
    return steps


# --- training ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """One collector's law training: last passed, valid until when, and whether it is valid, soon due, lapsed or was never taken."""

    collector: str
    passed_on: date | None
    until: date | None
    state: str


#: Training that ends within so many days is due.
DUE_DAYS = 60


def standings(rows: Iterable[Mapping[str, Any]], as_of: date) -> list[Standing]:
    """Whose law training is lapsed, due or valid, the most pressing first; `rows` of the report of law training."""
    order = {"never": 0, "lapsed": 1, "due": 2, "valid": 3}
    found = []
    for row in rows:
        until: date | None = row["valid_until"]
        state = "never" if until is None else "lapsed" if until < as_of else "due" if (until - as_of).days <= DUE_DAYS else "valid"
        found.append(Standing(row["collector_id"], row["law_passed_on"], until, state))
    return sorted(found, key=lambda one: (order[one.state], one.until or date.min, one.collector))


def effect_of_training(found: Tallies, taken: Mapping[str, date]) -> Effect:
    """What a course did to observed ÷ expected: collectors who took it in steps against those who had not; raises effects.TooFew.

    `taken`: collector → first day of the course. The month of the course counts as the first with it.
    """
    starts = {one: _counted(day) for one, day in taken.items()}
    rows = [
        Row(row.collector, _counted(row.month), row.paid / row.paid_expected, row.paid_expected, starts.get(row.collector))
        for row in found.rows
        if row.paid_expected > 0
    ]
    return staggered(rows, by_period=False)


def _counted(day: date) -> int:
    return day.year * 12 + day.month - 1


# --- coaching ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reason:
    """Why somebody should be coached: which rule, how strong (for the order), the figures it rests on, and the metric whose rows prove it."""

    collector: str
    rule: str
    weight: float
    figures: tuple[Any, ...]
    metric: str


def reasons(
    adjusted: Adjusted, quality: Mapping[str, Mapping[str, Any]], house: Mapping[str, Any], trainings: Iterable[Standing], ids: Sequence[str]
) -> list[Reason]:
    """The coaching list, the most pressing first: only what chance doesn't explain, or what a rule asks for.

    low: below the 99.8% limits, or the whole interval of the shrunk figure below 1. complaints: the whole interval lies above the house's
    rate. review: at least five reviews and more weight failing than passing, or a critical breach. training: law training lapsed or never
    taken.
    """
    found = []
    for one in adjusted.ranked:
        # shrinking hides a lone outlier, limits hide a common weakness: either is enough
        if one.collector in ids and (one.flag == "low" or (one.shrunk_high or 1.0) < 1):
            figures = (one.ratio, one.low, one.high, one.observed, one.expected)
            found.append(Reason(one.collector, "low", 1 - (one.shrunk or 1.0), figures, "paid_open_cases"))
    rate = house.get("complaints_per_1000")
    for who, row in quality.items():
        if who not in ids:
            continue
        low = row.get("complaints_per_1000_low")
        if low is not None and rate is not None and low > rate:
            found.append(Reason(who, "complaints", 0.5, (row["complaints_per_1000"], rate), "complaints"))
        if row.get("review_critical_rate"):
            found.append(Reason(who, "critical", 0.6, (row["review_critical_rate"], row.get("reviews_done")), "review_critical_weight"))
        elif (row.get("reviews_done") or 0) >= 5 and (row.get("review_fail_rate") or 0) > 0.5:
            found.append(Reason(who, "review", 0.4, (row["review_fail_rate"], row["reviews_done"]), "review_failed_weight"))
    for standing in trainings:
        if standing.collector in ids and standing.state in ("never", "lapsed"):
            found.append(Reason(standing.collector, standing.state, 0.3, (standing.passed_on,), "courses_taken"))
    return sorted(found, key=lambda reason: (-reason.weight, reason.collector, reason.rule))
