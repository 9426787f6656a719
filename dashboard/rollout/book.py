"""What people write about the plan: an append-only history of changes in the state database, laid over the export's milestones.

Every change of a milestone has the version it made; whoever saves says which version they saw, so that nobody undoes what they didn't see.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from weakref import WeakSet

from sqlalchemy import Column, DateTime, Integer, MetaData, String, Table, Text, UniqueConstraint, insert, select
from sqlalchemy.engine import Connection

from dashboard import state
from dashboard.rollout.plan import ADDED, STARTED, Item, Milestone, Plan, PlanRefused, Said, bundled, checked, circle

BOOK = MetaData()
changes = Table(
    "rollout_changes",
    BOOK,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("dataset", String(120), nullable=False),
    Column("milestone_id", String(120), nullable=False),
    Column("version", Integer, nullable=False),
    Column("field", String(40), nullable=False),
    Column("before", Text),
    Column("after", Text),
    Column("action", String(20), nullable=False),
    Column("who", String(120), nullable=False),
    Column("at", DateTime, nullable=False),
    UniqueConstraint("dataset", "milestone_id", "version", "field"),
)
state.append_only(changes)

_prepared: WeakSet[state.State] = WeakSet()

#: A change of the whole milestone: added (no before) or taken out (no after).
WHOLE = "whole"
#: What a change may be of, in the order in which a history tells it.
FIELDS = tuple(one.name for one in fields(Milestone) if one.name not in ("id", "source"))


class ChangedMeanwhile(RuntimeError):
    """Somebody else saved the milestone after it was read: who, when, and which fields."""

    def __init__(self, milestone_id: str, who: str, at: datetime, changed: Sequence[str]) -> None:
        super().__init__(f"{milestone_id}: changed by {who} at {at}: {', '.join(changed)}")
        self.milestone_id, self.who, self.at, self.changed = milestone_id, who, at, tuple(changed)


@dataclass(frozen=True)
class Change:
    """One line of the history; before and after are values of the field, whole milestones for WHOLE."""

    at: datetime
    who: str
    milestone_id: str
    version: int
    field: str
    before: Any
    after: Any
    action: str


@dataclass(frozen=True)
class Edited:
    """The plan as written on top of the export: versions by milestone, and which fields were edited; `lost`: edits of what is gone."""

    plan: Plan
    versions: Mapping[str, int]
    edited: Mapping[str, frozenset[str]] = field(default_factory=dict)
    lost: tuple[str, ...] = ()


@dataclass(frozen=True)
class Merge:
    """What an import would do: milestones to add, those to change, and those it leaves as they are."""

    added: Plan
    changed: tuple[tuple[Milestone, Milestone], ...]
    same: int


class Book:
    """The history of one data set's plan; who is of some `teams` writes of theirs and of what is for all. Raises what State raises."""

    def __init__(self, kept: state.State, dataset: str, teams: Sequence[str] | None = None) -> None:
        self._kept, self._dataset, self._teams = kept, dataset, teams
        if kept not in _prepared:  # once: it waits for whoever writes
            kept.prepare(BOOK)
            _prepared.add(kept)

    # --- reading --------------------------------------------------------------------------------------------------------

    def history(self, until: date | None = None) -> list[Change]:
        """All changes in order, or those made up to the end of a day (UTC)."""
        with self._kept.reading() as connection:
            return self._changes(connection, until)

    def plan(self, base: Plan, until: date | None = None) -> Edited:
        """The export's milestones with everything written up to the end of a day laid over them."""
        return laid_over(base, self.history(until))

    def _changes(self, connection: Connection, until: date | None = None) -> list[Change]:
        wanted = select(changes).where(changes.c.dataset == self._dataset)
        if until is not None:
            wanted = wanted.where(changes.c.at < datetime.combine(until + timedelta(days=1), time()))
        rows = connection.execute(wanted.order_by(changes.c.id)).all()
        return [
            Change(
                row.at, row.who, row.milestone_id, row.version, row.field, _read(row.field, row.milestone_id, row.before),
                _read(row.field, row.milestone_id, row.after), row.action,
            )
            for row in rows
        ]  # fmt: skip

    # --- writing --------------------------------------------------------------------------------------------------------

    def save(self, base: Plan, one: Milestone, version: int, who: str) -> int:
        """Keep a milestone that was read at a version, and say how many fields changed.

        Raises ChangedMeanwhile, or PlanRefused for what can't be; a milestone that isn't there yet is added (version 0).
        """
        with self._kept.writing() as connection:
            now = self._current(connection, base, {one.id: version})
            return self._write(connection, now, [one], who, "edit")

    def merge(self, base: Plan, plan: Plan, versions: Mapping[str, int], who: str) -> Merge:
        """Take over the milestones of a file; those it doesn't hold stay. `versions` are those it was made from, as in `save`."""
        with self._kept.writing() as connection:
            now = self._current(connection, base, versions)
            planned = compared(now.plan, plan)
            self._write(connection, now, plan, who, "import")
            return planned

    def start(self, base: Plan, on: date, who: str) -> int:
        """Put the bundled plan into the book from a start date; refused where some of it is there already."""
        with self._kept.writing() as connection:
            now = self._current(connection, base, {})
            plan = bundled(on)
            if there := {one.id for one in now.plan} & {one.id for one in plan}:
                raise PlanRefused("bad_started", ids=", ".join(sorted(there)))
            return self._write(connection, now, plan, who, "start")

    def withdraw(self, base: Plan, milestone_id: str, version: int, who: str) -> None:
        """Take a milestone out of the plan (its history stays); refused while others wait for it."""
        with self._kept.writing() as connection:
            now = self._current(connection, base, {milestone_id: version})
            if waiting := sorted(one.id for one in now.plan if milestone_id in one.depends_on):
                raise PlanRefused("bad_needed", id=milestone_id, ids=", ".join(waiting))
            gone = [one for one in now.plan if one.id == milestone_id]
            for one in gone:
                self._line(connection, one.id, now.versions.get(one.id, 0) + 1, WHOLE, _written(WHOLE, one), None, "withdraw", who)

    def _current(self, connection: Connection, base: Plan, versions: Mapping[str, int]) -> Edited:
        """The plan at this moment; raises ChangedMeanwhile where a milestone has another version than the one that was seen."""
        made = self._changes(connection)
        now = laid_over(base, made)
        for milestone_id, seen in versions.items():
            if now.versions.get(milestone_id, 0) != seen:
                later = [one for one in made if one.milestone_id == milestone_id and one.version > seen]
                last = later[-1] if later else made[-1]
                raise ChangedMeanwhile(milestone_id, last.who, last.at, list(dict.fromkeys(one.field for one in later)))
        return now

    def _write(self, connection: Connection, now: Edited, plan: Iterable[Milestone], who: str, action: str) -> int:
        known = {one.id: one for one in now.plan}
        source = STARTED if action == "start" else ADDED
        lines: list[tuple[str, int, str, str | None, str | None]] = []
        for one in plan:
            before, version = known.get(one.id), now.versions.get(one.id, 0) + 1
            if before is not None and self._teams is not None and before.team not in ("", *self._teams):
                raise PlanRefused("bad_there", id=one.id)
            if before is None:
                known[one.id] = replace(checked(one), source=source)
                lines.append((one.id, version, WHOLE, None, _written(WHOLE, known[one.id])))
            elif differing := differences(before, one):
                known[one.id] = replace(checked(one), source=before.source)
                for name in differing:
                    lines.append((one.id, version, name, _written(name, getattr(before, name)), _written(name, getattr(one, name))))
        ids = {line[0] for line in lines}
        if (ring := circle(tuple(known.values()))) and set(ring) & ids:
            raise PlanRefused("bad_ring", ids=" → ".join([*ring, ring[0]]))
        for line in lines:
            self._line(connection, *line, action, who)
        return len(lines)

    def _line(
        self, connection: Connection, milestone_id: str, version: int, name: str, before: str | None, after: str | None, action: str, who: str
    ) -> None:
        values = {
            "dataset": self._dataset, "milestone_id": milestone_id, "version": version, "field": name, "before": before, "after": after,
            "action": action, "who": who, "at": state.now(),
        }  # fmt: skip
        connection.execute(insert(changes).values(values))
        self._kept.log(connection, who, f"rollout.{action}", {"dataset": self._dataset, "milestone": milestone_id, "field": name})


def laid_over(base: Plan, made: Iterable[Change]) -> Edited:
    """A plan with changes laid over it in order; those of a milestone that isn't there are lost, and named."""
    plan = {one.id: one for one in base}
    versions: dict[str, int] = {}
    edited: dict[str, set[str]] = {}
    lost: dict[str, None] = {}
    for change in made:
        key = change.milestone_id
        versions[key] = max(versions.get(key, 0), change.version)
        if change.field == WHOLE:
            edited.pop(key, None)
            lost.pop(key, None)
            if change.after is None:
                plan.pop(key, None)
            else:
                plan[key] = change.after
        elif key in plan:
            plan[key] = replace(plan[key], **{change.field: change.after})
            edited.setdefault(key, set()).add(change.field)
        else:
            lost[key] = None
    return Edited(tuple(plan.values()), versions, {key: frozenset(names) for key, names in edited.items()}, tuple(lost))


def differences(before: Milestone, after: Milestone) -> list[str]:
    """The fields in which two states of a milestone differ."""
    return [name for name in FIELDS if getattr(before, name) != getattr(after, name)]


def compared(now: Plan, plan: Plan) -> Merge:
    """What taking over a plan would do to another."""
    known = {one.id: one for one in now}
    changed = tuple((known[one.id], one) for one in plan if one.id in known and differences(known[one.id], one))
    added = tuple(one for one in plan if one.id not in known)
    return Merge(added, changed, len(plan) - len(added) - len(changed))


# --- values as kept -------------------------------------------------------------------------------------------------------


def _plain(name: str, value: Any) -> Any:
    if name == WHOLE:
        return {"source": value.source, **{part: _plain(part, getattr(value, part)) for part in FIELDS}}
    if isinstance(value, Said):
        return [value.en, value.zh]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if name == "items":
        return [[item.text.en, item.text.zh, str(item.weight), item.done] for item in value]
    return list(value) if isinstance(value, tuple) else value


def _written(name: str, value: Any) -> str | None:
    return None if value is None else json.dumps(_plain(name, value), ensure_ascii=False)


def _value(name: str, plain: Any) -> Any:
    if plain is None:
        return None
    if name in ("name", "owner"):
        return Said(*plain)
    if name.endswith(("_start", "_end")):
        return date.fromisoformat(plain)
    if name == "percent":
        return Decimal(plain)
    if name == "items":
        return tuple(Item(Said(en, zh), Decimal(weight), done) for en, zh, weight, done in plain)
    return tuple(plain) if name == "depends_on" else plain


def _read(name: str, milestone_id: str, text: str | None) -> Any:
    plain = None if text is None else json.loads(text)
    if name != WHOLE or plain is None:
        return _value(name, plain)
    return Milestone(milestone_id, source=plain["source"], **{part: _value(part, plain[part]) for part in FIELDS})
