"""Does what was rolled out work? Milestones as events, each event's effect on KPIs by team and month, and the verdict on it.

Milestones of one measure that have the same name but for their teams are one event that reached the teams one by one: difference-in-
differences. One that is for all teams, or reached all in the same month, has nothing to compare with: an interrupted series. The month in
which a step starts is the first that counts. A bare before/after is never an effect. For a page or a report on the programme:

    for found in impact.together(impact.verdicts(warehouse, impact.exported(rows_of_report_milestones), scope=scope)):
        found.event.measure, found.metric, found.kind, impact_sentences.short(found, lang, currency)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, lru_cache
from typing import Any, Literal

from dashboard.access import LOCAL, Scope
from dashboard.filters import Filters, month_end
from dashboard.methods.effects import LEVEL, Effect, Row, TooFew, interrupted, month_number, staggered
from dashboard.methods.experiments import holm
from dashboard.metrics import Metric, dimensions, metrics, plain
from dashboard.rollout.plan import Said
from dashboard.rollout.steps import Step, without_team
from dashboard.warehouse import Answer, Warehouse

#: What a programme is judged by, in this order, as far as it is defined and supplied.
KPIS = (
    "recovery_rate", "period_paid_rate", "roll_rate", "cure_rate", "right_party_rate", "promise_kept_rate", "complaints_per_1000", "qa_score",
    "cost_per_right_party",
)  # fmt: skip
#: Holders that are no team.
NO_TEAM = ("house", "", None)
#: Doubts that take a verdict's weight away.
DOUBTS = ("drift", "anticipation")

Kind = Literal["works", "harms", "unclear", "cannot"]


@dataclass(frozen=True)
class Exported:
    """A milestone as the export has it."""

    id: str
    measure: str
    name: Said
    team: str
    planned_start: date
    actual_start: date | None


def exported(rows: Iterable[Mapping[str, Any]]) -> list[Exported]:
    """Milestones from the rows of the report of that name."""
    return [
        Exported(row["milestone_id"], row["measure"], Said.exported(row["name"]), row["team"] or "", row["planned_start"], row["actual_start"])
        for row in rows
    ]


@dataclass(frozen=True)
class Start:
    """A team's start of an event ("" for all teams): planned, and actual where it has started."""

    team: str
    planned: date
    actual: date | None


@dataclass(frozen=True)
class Event:
    """One thing that was started, in all teams at once or in some one by one."""

    id: str
    measure: str
    name: tuple[tuple[str, str], ...]
    starts: tuple[Start, ...]

    def read(self, lang: str) -> str:
        """Its name."""
        return dict(self.name)[lang]

    @property
    def by_team(self) -> bool:
        """Whether it reached teams one by one."""
        return any(start.team for start in self.starts)

    @property
    def first(self) -> date | None:
        """The day on which it first started anywhere."""
        return min((start.actual for start in self.starts if start.actual is not None), default=None)


def events(steps: Iterable[Step]) -> list[Event]:
    """The events of a plan, the earliest start first, those not started by their plan after them."""
    found: dict[tuple[str, ...], list[Step]] = {}
    for step in steps:
        key = (step.measure, *(without_team(step.name.read(lang), step.team) for lang in ("en", "zh"))) if step.team else ("", step.id)
        found.setdefault(key, []).append(step)
    made = []
    for group in found.values():
        first = min(group, key=lambda step: step.id)
        names = tuple((lang, Said.exported(without_team(first.name.read(lang), first.team)).read(lang)) for lang in ("en", "zh"))
        starts: dict[str, Start] = {}
        for step in sorted(group, key=lambda step: (step.actual_start is None, step.actual_start or step.planned_start, step.id)):
            starts.setdefault(step.team, Start(step.team, step.planned_start, step.actual_start))
        made.append(Event(first.id, first.measure, names, tuple(starts.values())))
    return sorted(made, key=lambda event: (event.first is None, event.first or min(start.planned for start in event.starts), event.id))


# --- the effect of an event on a KPI --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Verdict:
    """What can be said of an event and a KPI; `few` is why nothing can.

    `corrected` is its p value for having been looked at among `family` verdicts (see `together`); by it the verdict is told.
    """

    event: Event
    metric: str
    kind: Kind
    effect: Effect | None = None
    few: tuple[str, int, int] | None = None
    corrected: float | None = None
    family: int = 1

    @property
    def chance(self) -> bool:
        """Whether it would stand alone, but may be chance among so many."""
        return self.kind == "unclear" and self.effect is not None and self.effect.overall.sign != 0

    @property
    def doubtful(self) -> bool:
        """Whether something speaks against taking it for the event's doing."""
        return self.effect is not None and any(name in DOUBTS for name in self.effect.warnings)


@dataclass(frozen=True)
class Cell:
    """A KPI of a team (None: of all) in a complete month and, where it can be cut so, a bucket: what is counted, and of what."""

    team: str | None
    month: date
    bucket: str | None
    part: float
    whole: float


@dataclass(frozen=True)
class Table:
    """A KPI by team and month, and by month of all teams, which few ask for; with its buckets where `mixed`."""

    metric: str
    by_team: tuple[Cell, ...]
    by_month: Callable[[], tuple[Cell, ...]]
    mixed: bool = False


def cuts(metric_id: str, warehouse: Warehouse, even: bool) -> tuple[str, ...]:
    """What a KPI is cut by besides teams and months, so that the mix of buckets can be held even."""
    bucket = dimensions()["bucket"]
    carried = all(entry.of and bucket.carried_by(entry.of) for entry in plain((metric_id,)))
    return ("bucket",) if even and metrics()[metric_id].is_rate and carried and not warehouse.missing("bucket") else ()


def table(metric_id: str, warehouse: Warehouse, ask: Callable[[tuple[str, ...]], Answer], even: bool = True) -> Table:
    """A KPI without the month still running and the house, by its buckets where the mix is held `even`; `ask` answers it by some dimensions."""
    rate, by = metrics()[metric_id].is_rate, cuts(metric_id, warehouse, even)

    def cells(*over: str) -> tuple[Cell, ...]:
        answer, found = ask((*over, *by)), []
        for row in answer.rows:
            part, whole = (row[f"{metric_id}_part"], row[f"{metric_id}_whole"]) if rate else (row[metric_id], 1)
            if row["month"] in answer.partial or (not part and not whole) or (not rate and part is None):
                continue
            if "team" not in over or row["team"] not in NO_TEAM:
                found.append(Cell(row.get("team"), row["month"], str(row["bucket"]) if by else None, float(part or 0), float(whole or 0)))
        return tuple(sorted(found, key=lambda one: (one.team or "", one.month, one.bucket or "")))

    return Table(metric_id, () if warehouse.missing("team") else cells("team", "month"), lambda: cells("month"), bool(by))


def evened(cells: Sequence[Cell], starts: Mapping[str, int]) -> list[tuple[str, date, float, float]]:
    """(team, month, value, whole), the value as if every team and month had the same mix of buckets.

    What the team's own buckets would bring at the rates of those not started is taken off, and the mean put back (indirect
    standardisation); without buckets it is the plain rate.
    """
    first = starts.get("", None)
    free = [one for one in cells if (begun := first if first is not None else starts.get(one.team or "")) is None or month_number(one.month) < begun]
    rates: dict[str | None, float] = {}
    for bucket in {one.bucket for one in cells}:
        held = [one for one in free if one.bucket == bucket]
        whole = sum(one.whole for one in held)
        rates[bucket] = sum(one.part for one in held) / whole if whole else 0.0
    sums: dict[tuple[str, date], list[float]] = {}
    for one in cells:
        found = sums.setdefault((one.team or "", one.month), [0.0, 0.0, 0.0])
        for place, value in enumerate((one.part, one.whole, one.whole * rates[one.bucket])):
            found[place] += value
    total = sum(whole for _, whole, _ in sums.values())
    mean = sum(expected for *_, expected in sums.values()) / total if total else 0.0
    return [(team, month, (part - expected) / whole + mean, whole) for (team, month), (part, whole, expected) in sums.items() if whole]


def judge(event: Event, found: Table, by_period: bool = True) -> Verdict:
    """The verdict on an event by one KPI looked at alone; several are told `together`."""
    if event.first is None:
        return Verdict(event, found.metric, "cannot", few=("unstarted", 0, 1))
    starts = {start.team: month_number(start.actual) for start in event.starts if start.actual is not None}
    try:
        effect = _effect(event, found, starts, by_period)
    except TooFew as few:
        return Verdict(event, found.metric, "cannot", few=(few.reason, few.found, few.needed))
    return Verdict(event, found.metric, _kind(found.metric, effect, effect.overall.p), effect, corrected=effect.overall.p)


def _kind(metric_id: str, effect: Effect, p: float | None) -> Kind:
    """What an effect comes to at a p value: zero must be outside its interval as well."""
    sign = effect.overall.sign * (-1 if metrics()[metric_id].better == "lower" else 1)
    if not sign or p is None or p > LEVEL:
        return "unclear"
    return "works" if sign > 0 else "harms"


def together(found: Sequence[Verdict]) -> list[Verdict]:
    """Verdicts shown side by side, each by its p value corrected for all of them (Holm 1979).

    With no effect anywhere at most one family in twenty says "works" or "does harm" even once, however the KPIs hang together; an effect that
    can't be told is no look and doesn't count.
    """
    told = [one for one in found if one.effect is not None]
    values = [1.0 if one.effect is None or one.effect.overall.p is None else one.effect.overall.p for one in told]
    if not values:
        return list(found)
    corrected = iter(holm(values))
    made = []
    for one in found:
        if one.effect is not None:
            p = next(corrected)
            one = replace(one, kind=_kind(one.metric, one.effect, p), corrected=p, family=len(told))
        made.append(one)
    return made


def _effect(event: Event, found: Table, starts: Mapping[str, int], by_period: bool) -> Effect:
    teams = {one.team or "" for one in found.by_team}
    first = min(starts.values())
    if "" in starts or (teams and {starts.get(team) for team in teams} == {first}):
        return _interrupted(tuple((month, value) for _, month, value, _ in evened(found.by_month(), {"": first})), first)
    if not teams & set(starts):
        raise TooFew("starters", 0, 1)
    rows = [Row(team, month_number(month), value, weight, starts.get(team)) for team, month, value, weight in evened(found.by_team, starts)]
    return _staggered(tuple(rows), by_period)


@lru_cache(maxsize=512)
def _staggered(rows: tuple[Row, ...], by_period: bool) -> Effect:
    return staggered(rows, by_period=by_period)


@lru_cache(maxsize=512)
def _interrupted(months: tuple[tuple[date, float], ...], start: int) -> Effect:
    return interrupted([(month_number(month), value) for month, value in months], start)


def kpis(warehouse: Warehouse, metric_ids: Sequence[str] = KPIS) -> list[Metric]:
    """Those of some KPIs that are defined, can be cut by team, and whose data is supplied."""
    team = dimensions()["team"]
    named = [name for name in metric_ids if name in metrics() and not warehouse.missing(name)]
    return [metrics()[name] for name in named if all(entry.of and team.carried_by(entry.of) for entry in plain((name,)))]


def everything(filters: Filters, first_on: date, as_of: date) -> Filters:
    """All months there are, of all teams: others are the yardstick, so the choice of teams is left out."""
    kept = tuple((name, values) for name, values in filters.where if name != "team")
    return filters.replace(start=first_on.replace(day=1), until=month_end(as_of), where=kept, comparison="none")


def verdicts(
    warehouse: Warehouse, steps: Iterable[Step], *, scope: Scope = LOCAL, metric_ids: Sequence[str] = KPIS, filters: Filters | None = None
) -> list[Verdict]:
    """Every event of a plan judged by every KPI there is, in the order of `events` and `metric_ids`; QueryFailed on an error.

    Each stands alone: those that are shown side by side go through `together`.
    A KPI that isn't defined or supplied has no verdict. Teams that aren't supplied leave only what is for all teams.
    """
    info = warehouse.info
    whole = everything(filters or Filters(info.first_on, info.as_of), info.first_on, info.as_of)

    def asked(metric_id: str) -> Table:
        return table(metric_id, warehouse, cache(lambda by: warehouse.measure([metric_id], by, filters=whole, scope=scope)))

    tables = [asked(metric.id) for metric in kpis(warehouse, metric_ids)]
    return [judge(event, one, by_period=False) for event in events(steps) for one in tables]
