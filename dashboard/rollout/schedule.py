"""Where the plan stands on a day: critical path, slips, states by rule, load of owners; knows nothing of words, files or pages.

A dependency means: begins after the other has ended. Where the baseline itself begins a step earlier than that, its overlap stays allowed.
An open milestone is taken to end no sooner than the day after the as-of day, which is the last one known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from dashboard.contract import contract
from dashboard.rollout.plan import Milestone, Plan, rule, unknown, untied

#: The states, the worst first.
STATES = ("late", "blocked", "at_risk", "on_track", "done")
Days = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Network:
    """Milestones in an order in which each comes after all it waits for; `links`: for each, (place of the other, lag in days ≤ 0)."""

    plan: Plan
    order: tuple[int, ...]
    links: tuple[tuple[tuple[int, int], ...], ...]

    def forward(self, floors: Days, durations: Days, waits: Sequence[bool]) -> tuple[Days, Days]:
        """First day and day after the last, both of shape (milestones, …): one that waits begins once those before it have ended."""
        starts, ends = floors.astype(float), np.empty(floors.shape)
        for place in self.order:
            if waits[place]:
                for other, lag in self.links[place]:
                    starts[place] = np.maximum(starts[place], ends[other] + lag)
            ends[place] = starts[place] + durations[place]
        return starts, ends

    def floats(self, starts: Days, ends: Days, waits: Sequence[bool], last: float) -> Days:
        """By how many days each may end later without moving the last end of all (`last`, the day after it)."""
        latest = np.full(ends.shape, last)
        for place in reversed(self.order):
            if waits[place]:
                begin = latest[place] - (ends[place] - starts[place])
                for other, lag in self.links[place]:
                    latest[other] = np.minimum(latest[other], begin - lag)
        found: Days = latest - ends
        return found


def network(plan: Plan) -> Network:
    """The network of a plan without rings (see plan.untied)."""
    places = {one.id: place for place, one in enumerate(plan)}
    links = tuple(
        tuple(
            (places[other], min(0, (one.baseline_start - plan[places[other]].baseline_end).days - 1)) for other in one.depends_on if other in places
        )
        for one in plan
    )
    order: list[int] = []
    placed: set[int] = set()
    waiting = list(range(len(plan)))
    while waiting:
        ready = [place for place in waiting if all(other in placed for other, _ in links[place])]
        if not ready:
            raise ValueError("the plan has a ring of dependencies")
        order += ready
        placed |= set(ready)
        waiting = [place for place in waiting if place not in placed]
    return Network(plan, tuple(order), links)


@dataclass(frozen=True)
class Timed:
    """A milestone on a day. start, end: actual, else as now expected; float_days None and critical False once it is done.

    slip: days its end is behind the baseline (negative: ahead), plan_slip: behind the latest plan; None where it is done and nobody said when.
    why: what makes the state, as (key of a word, values).
    """

    milestone: Milestone
    start: date
    end: date
    state: str
    slip: int | None
    plan_slip: int | None
    float_days: int | None
    critical: bool
    why: tuple[tuple[str, Mapping[str, Any]], ...] = ()


@dataclass(frozen=True)
class Schedule:
    """A whole plan on a day, with the dependencies that had to be left out: rings, and ids that name nothing."""

    today: date
    timed: tuple[Timed, ...]
    rings: tuple[tuple[str, ...], ...] = ()
    unknown: tuple[tuple[str, str], ...] = ()
    by_id: Mapping[str, Timed] = field(default_factory=dict)

    @property
    def plan(self) -> Plan:
        return tuple(one.milestone for one in self.timed)

    @property
    def end(self) -> date:
        """The last end of all as now expected."""
        return max(one.end for one in self.timed)

    def only(self, measure: str = "", owner: str = "", state: str = "") -> tuple[Timed, ...]:
        """The milestones of a measure, an owner (as in either language) or a state."""
        return tuple(
            one
            for one in self.timed
            if (not measure or one.milestone.measure == measure)
            and (not owner or owner in (one.milestone.owner.en, one.milestone.owner.zh))
            and (not state or one.state == state)
        )


def schedule(plan: Plan, today: date) -> Schedule:
    """The plan on a day; the milestones come in the order of the measures, then of their baseline."""
    if not plan:
        return Schedule(today, ())
    lost = tuple(unknown(plan))
    sound, rings = untied(plan)
    order = list(contract().codes["programme_measure"])
    plan = tuple(sorted(sound, key=lambda one: (order.index(one.measure), one.baseline_start, one.baseline_end, one.id)))
    net = network(plan)
    floors, durations, waits = expected(plan, today)
    starts, ends = net.forward(floors, durations, waits)
    open_end = max((float(ends[place]) for place, one in enumerate(plan) if not one.done), default=0.0)
    floats = net.floats(starts, ends, waits, open_end)
    finished = {one.id: one.done for one in plan}
    timed = []
    for place, one in enumerate(plan):
        begun, over = day(starts[place]), day(ends[place] - 1)
        spare = None if one.done else int(floats[place])
        held = [
            plan[other].id for other, lag in net.links[place] if not finished[plan[other].id] and one.planned_start - timedelta(days=1 + lag) <= today
        ]
        state, why = _state(one, over, held, today)
        timed.append(Timed(one, begun, over, state, *_slips(one, today), spare, spare == 0, why))
    made = tuple(timed)
    return Schedule(today, made, tuple(map(tuple, rings)), lost, {one.milestone.id: one for one in made})


def expected(plan: Plan, today: date) -> tuple[Days, Days, list[bool]]:
    """(earliest first days, durations, whether it waits for others) as the latest plan has it, for `Network.forward`."""
    floors, durations, waits = [], [], []
    soonest = today.toordinal() + 2  # the day after one that ends tomorrow
    for one in plan:
        if one.done:
            begun, over = finished_span(one)
            floors.append(begun.toordinal())
            durations.append((over - begun).days + 1)
        elif one.actual_start is not None:
            over_on = max(one.planned_end.toordinal() + 1, soonest, one.actual_start.toordinal() + 1)
            floors.append(one.actual_start.toordinal())
            durations.append(over_on - one.actual_start.toordinal())
        else:
            floors.append(max(one.planned_start.toordinal(), today.toordinal() + 1))
            durations.append(one.planned_days)
        waits.append(not one.done and one.actual_start is None)
    return np.array(floors, dtype=float), np.array(durations, dtype=float), waits


def finished_span(one: Milestone) -> tuple[date, date]:
    """From when to when a finished milestone ran, by its plan where nobody said."""
    over = one.actual_end or one.planned_end
    return min(one.actual_start or one.planned_start, over), over


def day(number: float) -> date:
    """A day by its number."""
    return date.fromordinal(int(number))


def _slips(one: Milestone, today: date) -> tuple[int | None, int | None]:
    if one.done and one.actual_end is None:
        return None, None
    over = one.actual_end or max(one.planned_end, today + timedelta(days=1))
    return (over - one.baseline_end).days, (over - one.planned_end).days


def _state(one: Milestone, over: date, held: Sequence[str], today: date) -> tuple[str, tuple[tuple[str, Mapping[str, Any]], ...]]:
    """The state of a milestone by the rules that are printed with it, and why; the first that holds."""
    if one.done:
        return "done", () if one.actual_end else (("undated", {}),)
    asked = Decimal(100) * max(0, min(one.planned_days, (today - one.planned_start).days + 1)) / one.planned_days
    overdue = (today - one.planned_end).days + 1
    begun, should = one.actual_start is not None, one.planned_start <= today
    why: list[tuple[str, Mapping[str, Any]]] = []
    if overdue > 0:
        why.append(("overdue", {"n": overdue}))
    waited, pushed = (today - one.planned_start).days + 1, (over - one.planned_end).days
    if not begun and should and held:
        why.append(("held", {"ids": tuple(held)}))
    elif not begun and waited > rule("grace_days"):
        why.append(("unstarted", {"n": waited}))
    if overdue <= 0 and asked - one.complete > rule("behind_points"):
        why.append(("behind", {"complete": one.complete, "asked": asked}))
    if overdue <= 0 and pushed > rule("grace_days"):
        why.append(("pushed", {"n": pushed, "on": over}))
    if not begun and should and held:
        return "blocked", tuple(why)
    return ("late" if overdue > 0 else "at_risk" if why else "on_track"), tuple(why)


# --- figures over a schedule ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kept:
    """How well the plan was kept, by the definitions of queries/metrics.toml, with what was written on top of the export.

    due: baseline end on or before the day; undated: done, but nobody said when, so not counted in due.
    """

    due: int
    on_time: int
    slipped: int
    plan_due: int
    plan_slipped: int
    undated: int

    @property
    def rate(self) -> float | None:
        return self.on_time / self.due if self.due else None

    @property
    def slip(self) -> float | None:
        return self.slipped / self.due if self.due else None

    @property
    def plan_slip(self) -> float | None:
        return self.plan_slipped / self.plan_due if self.plan_due else None


def kept(timed: Iterable[Timed], today: date) -> Kept:
    """On time and slip over milestones that fell due by a day."""
    every = list(timed)
    told = [one for one in every if one.slip is not None]
    due = [one for one in told if one.milestone.baseline_end <= today]
    plan_due = [one for one in told if one.milestone.planned_end <= today]
    return Kept(
        len(due),
        sum((one.slip or 0) <= 0 and one.milestone.done for one in due),
        sum(one.slip or 0 for one in due),
        len(plan_due),
        sum(one.plan_slip or 0 for one in plan_due),
        len(every) - len(told),
    )


def due_soon(timed: Iterable[Timed], today: date, within: int) -> list[Timed]:
    """Open milestones that are overdue or end by plan within so many days, the most urgent first."""
    last = today + timedelta(days=within)
    found = [one for one in timed if not one.milestone.done and one.milestone.planned_end <= last]
    return sorted(found, key=lambda one: (one.milestone.planned_end, one.milestone.id))


@dataclass(frozen=True)
class Load:
    """What rests on one owner: milestones by state, those due soon, the most that run at once from tomorrow on and when."""

    owner: Any
    states: Mapping[str, int]
    soon: int
    most: int
    most_on: date | None

    @property
    def open(self) -> int:
        return sum(count for state, count in self.states.items() if state != "done")


def loads(timed: Iterable[Timed], today: date, within: int) -> list[Load]:
    """The load of each owner, the heaviest first."""
    owners: dict[Any, list[Timed]] = {}
    for one in timed:
        owners.setdefault(one.milestone.owner, []).append(one)
    made = []
    for owner, mine in owners.items():
        going = [one for one in mine if not one.milestone.done]
        begins = sorted({max(one.start, today + timedelta(days=1)) for one in going})
        at_once = [(sum(one.start <= begin <= one.end for one in going), begin) for begin in begins]
        most, on = max(at_once, key=lambda pair: (pair[0], -pair[1].toordinal()), default=(0, None))
        states = {state: sum(one.state == state for one in mine) for state in STATES}
        made.append(Load(owner, states, len(due_soon(mine, today, within)), most, on))
    return sorted(made, key=lambda load: (-load.open, -load.soon, load.owner.en))


def burn_up(timed: Iterable[Timed], today: date) -> dict[str, list[tuple[date, int]]]:
    """How many milestones were, are and will be done by each day: baseline, latest plan, and done up to today."""
    every = [one.milestone for one in timed]
    lines = {
        "baseline": sorted(one.baseline_end for one in every),
        "plan": sorted(one.planned_end for one in every),
        "done": sorted(one.actual_end for one in every if one.actual_end is not None and one.actual_end <= today),
    }
    return {name: [(on, number) for number, on in enumerate(days, start=1)] for name, days in lines.items()}
