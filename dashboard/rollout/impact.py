"""Does what was rolled out work? Milestones as events, each event's effect on KPIs by team and month, and the verdict on it.

Milestones of one measure that have the same name but for their teams are one event that reached the teams one by one: difference-in-
differences. One that is for all teams, or reached all in the same month, has nothing to compare with: an interrupted series. The month in
which a step starts is the first that counts. A bare before/after is never an effect. For a page or a report on the programme:

    for found in impact.verdicts(warehouse, impact.exported(rows_of_report_milestones), scope=scope):
        found.event.measure, found.metric, found.kind, impact_sentences.short(found, lang, currency)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, Literal, Protocol

from dashboard.access import LOCAL, Scope
from dashboard.filters import Filters, month_end
from dashboard.methods.effects import Effect, Row, TooFew, interrupted, month_number, staggered
from dashboard.metrics import Metric, metrics
from dashboard.warehouse import Warehouse

#: What a programme is judged by, in this order, as far as it is defined and supplied.
KPIS = (
    "recovery_rate", "period_paid_rate", "roll_rate", "cure_rate", "right_party_rate", "promise_kept_rate", "complaints_per_1000",
    "cost_to_collect",
)  # fmt: skip
#: Holders that are no team.
NO_TEAM = ("house", "", None)
#: Doubts that take a verdict's weight away.
DOUBTS = ("drift", "anticipation")
_BOTH = re.compile(r"(?P<zh>[^A-Za-z]*[\u4e00-\u9fff][^A-Za-z]*?)\s+(?P<en>[A-Za-z][^\u4e00-\u9fff]*)")
_EDGES = " :：-–—·,，/|()（）"

Kind = Literal["works", "harms", "unclear", "cannot"]


class Named(Protocol):
    """A name in both languages."""

    def read(self, lang: str) -> str: ...


class Step(Protocol):
    """What must be known of a milestone."""

    @property
    def id(self) -> str: ...
    @property
    def measure(self) -> str: ...
    @property
    def name(self) -> Named: ...
    @property
    def team(self) -> str: ...
    @property
    def planned_start(self) -> date: ...
    @property
    def actual_start(self) -> date | None: ...


@dataclass(frozen=True)
class Text:
    """A name as the export has it; where it holds both languages one after the other, the one asked for."""

    text: str

    def read(self, lang: str) -> str:
        both = _BOTH.fullmatch(self.text)
        return both[lang].strip() if both and lang in ("en", "zh") else self.text


@dataclass(frozen=True)
class Exported:
    """A milestone as the export has it."""

    id: str
    measure: str
    name: Text
    team: str
    planned_start: date
    actual_start: date | None


def exported(rows: Iterable[Mapping[str, Any]]) -> list[Exported]:
    """Milestones from the rows of the report of that name."""
    return [
        Exported(row["milestone_id"], row["measure"], Text(row["name"]), row["team"] or "", row["planned_start"], row["actual_start"]) for row in rows
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
        names = tuple((lang, Text(without_team(first.name.read(lang), first.team)).read(lang)) for lang in ("en", "zh"))
        starts: dict[str, Start] = {}
        for step in sorted(group, key=lambda step: (step.actual_start is None, step.actual_start or step.planned_start, step.id)):
            starts.setdefault(step.team, Start(step.team, step.planned_start, step.actual_start))
        made.append(Event(first.id, first.measure, names, tuple(starts.values())))
    return sorted(made, key=lambda event: (event.first is None, event.first or min(start.planned for start in event.starts), event.id))


def without_team(name: str, team: str) -> str:
    """A name without its team's, as written or either language of it."""
    for part in (team, Text(team).read("en"), Text(team).read("zh")):
        name = name.replace(part, "") if part else name
    return " ".join(name.split()).strip(_EDGES)


# --- the effect of an event on a KPI --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Verdict:
    """What can be said of an event and a KPI; `few` is why nothing can."""

    event: Event
    metric: str
    kind: Kind
    effect: Effect | None = None
    few: tuple[str, int, int] | None = None

    @property
    def doubtful(self) -> bool:
        """Whether something speaks against taking it for the event's doing."""
        return self.effect is not None and any(name in DOUBTS for name in self.effect.warnings)


@dataclass(frozen=True)
class Table:
    """A KPI by team and month, and by month of all teams: (team, month, value, weight) of complete months."""

    metric: str
    by_team: tuple[tuple[str, date, float, float], ...]
    by_month: tuple[tuple[date, float], ...]


def needed(metric_id: str, by_team: bool) -> tuple[str, ...]:
    """What a KPI is cut by to be judged."""
    return ("team", "month") if by_team else ("month",)


def table(metric_id: str, by_team: Sequence[Mapping[str, Any]], by_month: Sequence[Mapping[str, Any]], partial: Iterable[Any]) -> Table:
    """Rows of a measure (by team and month, and by month) as they are judged: without the month still running and without the house."""
    running = set(partial)
    rate = metrics()[metric_id].is_rate

    def weight(row: Mapping[str, Any]) -> float:
        return float(row[f"{metric_id}_whole"]) if rate else 1.0

    cells = [
        (str(row["team"]), row["month"], float(row[metric_id]), weight(row))
        for row in by_team
        if row["team"] not in NO_TEAM and row["month"] not in running and row[metric_id] is not None
    ]
    months = [(row["month"], float(row[metric_id])) for row in by_month if row["month"] not in running and row[metric_id] is not None]
    return Table(metric_id, tuple(sorted(cells)), tuple(sorted(months)))


def judge(event: Event, found: Table, by_period: bool = True) -> Verdict:
    """The verdict on an event by one KPI."""
    if event.first is None:
        return Verdict(event, found.metric, "cannot", few=("unstarted", 0, 1))
    starts = {start.team: month_number(start.actual) for start in event.starts if start.actual is not None}
    try:
        effect = _effect(event, found, starts, by_period)
    except TooFew as few:
        return Verdict(event, found.metric, "cannot", few=(few.reason, few.found, few.needed))
    sign = effect.overall.sign * (-1 if metrics()[found.metric].better == "lower" else 1)
    return Verdict(event, found.metric, "works" if sign > 0 else "harms" if sign < 0 else "unclear", effect)


def _effect(event: Event, found: Table, starts: Mapping[str, int], by_period: bool) -> Effect:
    teams = {team for team, *_ in found.by_team}
    if "" in starts or (teams and {starts.get(team) for team in teams} == {min(starts.values())}):
        return _interrupted(found.by_month, min(starts.values()))
    if not teams & set(starts):
        raise TooFew("starters", 0, 1)
    rows = [Row(team, month_number(month), value, weight, starts.get(team)) for team, month, value, weight in found.by_team]
    return _staggered(tuple(rows), by_period)


@lru_cache(maxsize=512)
def _staggered(rows: tuple[Row, ...], by_period: bool) -> Effect:
    return staggered(rows, by_period=by_period)


@lru_cache(maxsize=512)
def _interrupted(months: tuple[tuple[date, float], ...], start: int) -> Effect:
    return interrupted([(month_number(month), value) for month, value in months], start)


def kpis(warehouse: Warehouse) -> list[Metric]:
    """The KPIs that are defined and whose data is supplied."""
    return [metrics()[name] for name in KPIS if name in metrics() and not warehouse.missing(name)]


def everything(filters: Filters, first_on: date, as_of: date) -> Filters:
    """All months there are, of all teams: others are the yardstick, so the choice of teams is left out."""
    kept = tuple((name, values) for name, values in filters.where if name != "team")
    return filters.replace(start=first_on.replace(day=1), until=month_end(as_of), where=kept, comparison="none")


def verdicts(
    warehouse: Warehouse, steps: Iterable[Step], *, scope: Scope = LOCAL, metric_ids: Sequence[str] = KPIS, filters: Filters | None = None
) -> list[Verdict]:
    """Every event of a plan judged by every KPI there is, in the order of `events` and `metric_ids`; QueryFailed on an error.

    A KPI that isn't defined or supplied has no verdict. Teams that aren't supplied leave only what is for all teams.
    """
    info = warehouse.info
    whole = everything(filters or Filters(info.first_on, info.as_of), info.first_on, info.as_of)
    tables = []
    for metric_id in (name for name in metric_ids if name in metrics() and not warehouse.missing(name)):
        months = warehouse.measure([metric_id], ["month"], filters=whole, scope=scope)
        teams = [] if warehouse.missing("team") else warehouse.measure([metric_id], ["team", "month"], filters=whole, scope=scope).rows
        tables.append(table(metric_id, teams, months.rows, months.partial))
    return [judge(event, one, by_period=False) for event in events(steps) for one in tables]
