"""What was paid, and who decided it: an append-only ledger of runs, their life, adjustments, disputes, comments; each entry seals the one before.

Kept in the state database (SQLite or PostgreSQL). Nothing is ever changed: a run's status is what its entries say. An entry's hash is over
its content and the hash before it, and the entry of a run names the hashes of its inputs, plan and result: `verify` finds what was altered.
"""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import Column, Connection, Date, DateTime, Integer, LargeBinary, MetaData, String, Table, Text, UniqueConstraint, insert, select

from dashboard.access import Person
from dashboard.filters import month_end
from dashboard.incentives.balances import Balances, followed
from dashboard.incentives.inputs import Adjustment, Inputs
from dashboard.incentives.looks import Looks
from dashboard.incentives.plan import Plan
from dashboard.incentives.planfile import parse
from dashboard.incentives.problems import NoSuchPlan, phrase
from dashboard.incentives.statement import Run, Statement
from dashboard.state import State, append_only, now

#: The life of a run; it can be withdrawn until it is locked.
STEPS = ("prepared", "reviewed", "approved", "locked", "exported")
WITHDRAWN = "withdrawn"
#: What an adjustment is.
ADJUSTMENTS = ("correction", "bonus", "deduction", "settlement")
#: How a dispute can be answered.
ANSWERS = ("answered", "accepted", "rejected")
LONGEST_REASON = 1000
#: Amounts have 18 digits, two of them behind the point.
LARGEST = Decimal(10) ** 16
_FIRST = "0" * 64
#: 12,50 is not 1,250: who writes a decimal comma is asked again.
_AMOUNT = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")

_tables = MetaData()
plans = Table(
    "pay_plans",
    _tables,
    Column("plan", String(60), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("hash", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("who", String(120), nullable=False),
    Column("at", DateTime, nullable=False),
)
runs = Table(
    "pay_runs",
    _tables,
    Column("run", Integer, primary_key=True, autoincrement=False),
    Column("inputs", LargeBinary, nullable=False),
    Column("result", LargeBinary, nullable=False),
)
entries = Table(
    "pay_entries",
    _tables,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(20), nullable=False),
    Column("dataset", String(120), nullable=False),
    Column("month", Date, nullable=False),
    Column("plan", String(60), nullable=False),
    Column("run", Integer),
    Column("collector", String(120)),
    Column("body", Text, nullable=False),
    Column("who", String(120), nullable=False),
    Column("at", DateTime, nullable=False),
    Column("before", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    UniqueConstraint("before"),  # two entries can't both follow one
)
for _table in (plans, runs, entries):
    append_only(_table)


class Refused(ValueError):
    """Something that the ledger doesn't let happen: a code (pay_ledger.CODE) and what fills its places."""

    def __init__(self, code: str, **values: object) -> None:
        self.code, self.values = code, values
        super().__init__(f"{code}: {', '.join(f'{name} {value}' for name, value in values.items())}")


@dataclass(frozen=True)
class Entry:
    """One line of the ledger."""

    number: int
    kind: str
    dataset: str
    month: date
    plan: str
    run: int | None
    collector: str | None
    body: Mapping[str, Any]
    who: str
    at: datetime
    before: str
    hash: str


@dataclass(frozen=True)
class Record:
    """A run as the ledger knows it: where it stands, and who brought it there."""

    run: int
    dataset: str
    month: date
    plan: str
    version: int
    snapshot: str
    as_of: date
    currency: str
    total: Decimal
    people: int
    inputs_hash: str
    result_hash: str
    status: str
    entries: tuple[Entry, ...]

    @property
    def is_locked(self) -> bool:
        """Whether it can't change any more."""
        return self.status in ("locked", "exported")

    @property
    def is_live(self) -> bool:
        """Whether it was not withdrawn."""
        return self.status != WITHDRAWN

    def by(self, kind: str) -> str | None:
        """Who took a step, None where it wasn't taken."""
        return next((entry.who for entry in reversed(self.entries) if entry.kind == kind), None)


@dataclass(frozen=True)
class Dispute:
    """A collector's objection to a month, its answers, and where it stands: open, answered, accepted or rejected."""

    number: int
    dataset: str
    month: date
    plan: str
    collector: str
    step: str
    text: str
    who: str
    at: datetime
    status: str
    answers: tuple[Entry, ...]


@dataclass(frozen=True)
class Tampering:
    """Something stored that isn't what was written: a code (pay_tampering.CODE), the run it is about, the entry."""

    code: str
    run: int | None
    entry: int | None


class Ledger:
    """The ledger in a state database."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.looks = Looks(state)
        state.prepare(_tables)

    # --- runs -----------------------------------------------------------------------------------------------------------

    def prepare(self, run: Run, inputs: Inputs, plan: Plan, who: Person) -> Record:
        """Keep a run as a draft; an earlier draft of the month is withdrawn. Refused for a locked month, or a plan that was changed."""
        _must(who, "prepare")
        result = run.to_json()
        if (run.inputs_hash, run.plan_hash, run.month) != (inputs.hash, plan.hash, inputs.month):
            raise Refused("not_of_these_inputs")
        if run.as_of < month_end(run.month):
            raise Refused("month_incomplete", month=f"{run.month:%Y-%m}", as_of=run.as_of)
        with self._writing() as connection:
            self._keep_plan(connection, plan, who)
            known = self._records(connection, run.dataset)
            same = [one for one in known if one.plan == run.plan and one.is_live]
            for other in same:
                if other.month == run.month and other.is_locked:
                    raise Refused("month_locked", month=f"{run.month:%Y-%m}", run=other.run)
                if other.month == run.month and other.status != "prepared":
                    raise Refused("withdraw_first", month=f"{run.month:%Y-%m}", run=other.run, by=other.by(other.status))
                if other.month > run.month and other.is_locked:
                    raise Refused("later_locked", month=f"{run.month:%Y-%m}", later=f"{other.month:%Y-%m}")
            number = self._last_run(connection) + 1
            for other in same:
                if other.month == run.month:
                    said = {"reason": f"replaced by run {number}", "replaced_by": number}
                    self._add(connection, WITHDRAWN, who, run.dataset, run.month, run.plan, other.run, None, said)
            stored = inputs.to_json()
            connection.execute(insert(runs).values(run=number, inputs=_packed(stored), result=_packed(result)))
            body = {
                "version": run.version, "plan_hash": run.plan_hash, "snapshot": run.snapshot, "as_of": run.as_of.isoformat(),
                "currency": run.currency, "inputs_hash": run.inputs_hash, "inputs_text": hashlib.sha256(stored.encode()).hexdigest(),
                "result_hash": hashlib.sha256(result.encode()).hexdigest(),
                "total": str(run.total), "people": len(run.statements),
                "adjustments": sorted(one.id for one in inputs.remembered.adjustments),
                "after": self._locked_before(connection, run.dataset, run.plan, run.month),
            }  # fmt: skip
            self._add(connection, "prepared", who, run.dataset, run.month, run.plan, number, None, body)
            return self._record(connection, number)

    def review(self, run: int, who: Person, note: str = "") -> Record:
        """Somebody looked at a draft."""
        _must(who, "prepare", "approve")
        return self._step(run, "reviewed", who, note)

    def approve(self, run: int, who: Person, note: str = "") -> Record:
        """Somebody else than who prepared or adjusted it agrees to a reviewed run."""
        _must(who, "approve")
        return self._step(run, "approved", who, note)

    def lock(self, run: int, who: Person, note: str = "") -> Record:
        """Close the month: what is locked never changes."""
        _must(who, "approve")
        return self._step(run, "locked", who, note)

    def exported(self, run: int, who: Person, detail: Mapping[str, Any]) -> Record:
        """A file for payroll was made of a locked run: rows, total, hash of the file."""
        _must(who, "prepare", "approve")
        return self._step(run, "exported", who, "", detail)

    def withdraw(self, run: int, who: Person, reason: str) -> Record:
        """Take a run that isn't locked out of the month, so that it can be prepared again."""
        _must(who, "prepare", "approve")
        return self._step(run, WITHDRAWN, who, _reason(reason))

    def _step(self, run: int, kind: str, who: Person, note: str, detail: Mapping[str, Any] | None = None) -> Record:
        with self._writing() as connection:
            record = self._record(connection, run)
            self._may_step(connection, record, kind, who)
            body = {**({"reason": _text(note)} if note else {}), **(detail or {})}
            self._add(connection, kind, who, record.dataset, record.month, record.plan, run, None, body)
            return self._record(connection, run)

    def _may_step(self, connection: Connection, record: Record, kind: str, who: Person) -> None:
        values = {"run": record.run, "month": f"{record.month:%Y-%m}"}
        if record.status == WITHDRAWN:
            raise Refused("is_withdrawn", **values, by=record.by(WITHDRAWN))
        if kind == WITHDRAWN:
            if record.is_locked:
                raise Refused("is_locked", **values, by=record.by("locked"))
            return
        if kind == "exported" and record.is_locked:
            return  # a file may be made again
        at, wanted = STEPS.index(record.status), STEPS.index(kind)
        if at >= wanted:
            raise Refused(f"already_{kind}", **values, by=record.by(kind))
        if at < wanted - 1:
            raise Refused("not_yet", **values, status=record.status, needed=STEPS[wanted - 1])
        first = record.entries[0]
        current = [one.id for one in self._adjustments(connection, record.dataset, record.month, record.plan)]
        if sorted(current) != first.body["adjustments"]:
            raise Refused("adjustments_changed", **values)
        if self._locked_before(connection, record.dataset, record.plan, record.month) != first.body["after"]:
            raise Refused("earlier_changed", **values)
        if kind == "approved":
            if who.id == record.by("prepared"):
                raise Refused("own_run", **values, by=who.id)
            authors = {one.author for one in self._adjustments(connection, record.dataset, record.month, record.plan)}
            if who.id in authors:
                raise Refused("own_adjustment", **values, by=who.id)
        if kind == "locked":
            self._in_turn(connection, record)
            self._once(connection, record)
            self._balances_stand(connection, record)
            self._corrections_stand(connection, record)

    def _corrections_stand(self, connection: Connection, record: Record) -> None:
        """No month of another plan was locked since this one was prepared that may have settled the same differences."""
        people = {one.collector for one in self._inputs(connection, record.run).remembered.differences}
        for other in self._records(connection, record.dataset) if people else ():
            locked = [entry.number for entry in other.entries if entry.kind == "locked"]
            since = other.plan != record.plan and locked and locked[0] > record.entries[0].number
            if since and people & {one.collector for one in self._result(connection, other.run).statements}:
                raise Refused("earlier_changed", run=record.run, month=f"{record.month:%Y-%m}")

    def _balances(self, connection: Connection, dataset: str, plan: str, month: date, currency: str, people: Iterable[str]) -> Balances:
        locked = [one for one in self._records(connection, dataset) if one.is_locked and one.currency == currency]
        earlier = sorted((one for one in locked if one.month < month), key=lambda one: (one.month, one.run), reverse=True)
        later = (self._inputs(connection, one.run) for one in locked if one.month > month and one.plan != plan)
        carrying = (self._result(connection, one.run) for one in earlier if self._plan(connection, one.plan, one.version).carries)
        return followed(plan, people, carrying, later)

    def _balances_stand(self, connection: Connection, record: Record) -> None:
        """A run holds the balances its people come with, wherever they were paid before: no month of theirs is open, nothing changed since."""
        records = self._records(connection, record.dataset)
        others = [one for one in records if one.plan != record.plan and one.is_live and one.month < record.month]
        if not others or not self._plan(connection, record.plan, record.version).carries:
            return
        people = {one.collector for one in self._result(connection, record.run).statements}
        values = {"run": record.run, "month": f"{record.month:%Y-%m}"}
        for other in others:
            if not other.is_locked and people & {one.collector for one in self._result(connection, other.run).statements}:
                raise Refused("earlier_open", **values, earlier=f"{other.month:%Y-%m}", other=other.run)
        stand = self._balances(connection, record.dataset, record.plan, record.month, record.currency, people)
        if not stand.brought_by(self._inputs(connection, record.run), people):
            raise Refused("earlier_changed", **values)

    def _locked_before(self, connection: Connection, dataset: str, plan: str, month: date) -> list[int]:
        """The locked runs of a plan's earlier months: what a run takes balances, earned rates and differences from."""
        return sorted(one.run for one in self._records(connection, dataset) if one.plan == plan and one.is_locked and one.month < month)

    def _in_turn(self, connection: Connection, record: Record) -> None:
        """Months are locked in their order."""
        for other in self._records(connection, record.dataset):
            if other.plan == record.plan and other.month < record.month and other.is_live and not other.is_locked:
                raise Refused("earlier_open", run=record.run, month=f"{record.month:%Y-%m}", earlier=f"{other.month:%Y-%m}", other=other.run)

    def _once(self, connection: Connection, record: Record) -> None:
        """Nobody may be paid for a month under two plans."""
        mine = {statement.collector for statement in self._result(connection, record.run).statements}
        for other in self._records(connection, record.dataset):
            if other.is_locked and other.month == record.month and other.run != record.run:
                both = sorted(mine & {statement.collector for statement in self._result(connection, other.run).statements})
                if both:
                    raise Refused("paid_twice", run=record.run, other=other.run, plan=other.plan, collectors=", ".join(both[:5]), count=len(both))

    def records(self, dataset: str | None = None, month: date | None = None, plan: str | None = None, as_of: datetime | None = None) -> list[Record]:
        """Runs by number, as they stand or stood at a moment."""
        with self._state.reading() as connection:
            found = self._records(connection, dataset, as_of)
        return [one for one in found if month in (None, one.month) and plan in (None, one.plan)]

    def record(self, run: int) -> Record:
        """A run; LookupError where there is none of that number."""
        with self._state.reading() as connection:
            return self._record(connection, run)

    def live(self, dataset: str, month: date, plan: str) -> Record | None:
        """The run of a month that stands, if there is one."""
        return next((one for one in reversed(self.records(dataset, month, plan)) if one.is_live), None)

    def locked(self, dataset: str, plan: str | None = None, before: date | None = None) -> list[Record]:
        """Locked runs by month."""
        found = [one for one in self.records(dataset, plan=plan) if one.is_locked and (before is None or one.month < before)]
        return sorted(found, key=lambda one: (one.month, one.run))

    def result(self, run: int) -> Run:
        """A stored run, bit for bit as it was written."""
        with self._state.reading() as connection:
            return self._result(connection, run)

    def result_text(self, run: int) -> str:
        """Its bytes."""
        with self._state.reading() as connection:
            return _unpacked(self._row(connection, run).result)

    def inputs(self, run: int) -> Inputs:
        """What it was computed from."""
        with self._state.reading() as connection:
            return self._inputs(connection, run)

    def balances(self, dataset: str, plan: str, month: date, currency: str, people: Iterable[str]) -> Balances:
        """The balances that people bring into a plan's month from locked months before it, under whatever plan those were paid."""
        with self._state.reading() as connection:
            return self._balances(connection, dataset, plan, month, currency, people)

    def plan(self, plan: str, version: int) -> Plan:
        """A version of a plan as it was first used; NoSuchPlan where it never was."""
        with self._state.reading() as connection:
            return self._plan(connection, plan, version)

    def plan_hash(self, plan: str, version: int) -> str | None:
        """The hash under which a version was first used, None where it never was."""
        with self._state.reading() as connection:
            return connection.execute(select(plans.c.hash).where(plans.c.plan == plan, plans.c.version == version)).scalar_one_or_none()

    def statements(self, collector: str, dataset: str) -> list[tuple[Record, Statement]]:
        """A collector's statements of runs that stand, by month."""
        found = []
        for record in self.records(dataset):
            if record.is_live:
                statement = self.result(record.run).statement(collector)
                if statement is not None:
                    found.append((record, statement))
        return sorted(found, key=lambda pair: (pair[0].month, pair[0].run))

    # --- adjustments, disputes, comments --------------------------------------------------------------------------------

    def adjust(
        self, dataset: str, month: date, plan: str, collector: str, amount: Decimal, who: Person, reason: str, kind: str = "correction"
    ) -> int:
        """Add to or take from a month's pay, with a reason; the month must be open. Returns the entry's number."""
        _must(who, "prepare")
        if kind not in ADJUSTMENTS:
            raise Refused("unknown_kind", kind=kind, known=", ".join(ADJUSTMENTS))
        if not amount.is_finite() or not 0 < abs(amount) < LARGEST or amount != amount.quantize(Decimal("0.01")):
            raise Refused("not_an_amount", amount=amount)
        with self._writing() as connection:
            self._open(connection, dataset, month, plan)
            body = {"amount": str(amount), "kind": kind, "reason": _reason(reason)}
            return self._add(connection, "adjustment", who, dataset, month.replace(day=1), plan, None, collector, body)

    def drop_adjustment(self, number: int, who: Person, reason: str) -> int:
        """Take an adjustment of an open month out again; both stay in the ledger."""
        _must(who, "prepare")
        with self._writing() as connection:
            entry = self._entry(connection, number, "adjustment")
            self._open(connection, entry.dataset, entry.month, entry.plan)
            if all(one.id != str(number) for one in self._adjustments(connection, entry.dataset, entry.month, entry.plan)):
                raise Refused("dropped_already", entry=number)
            body = {"adjustment": number, "reason": _reason(reason)}
            return self._add(connection, "dropped", who, entry.dataset, entry.month, entry.plan, None, entry.collector, body)

    def adjustments(self, dataset: str, month: date, plan: str) -> tuple[Adjustment, ...]:
        """The adjustments of a month that stand."""
        with self._state.reading() as connection:
            return self._adjustments(connection, dataset, month.replace(day=1), plan)

    def dispute(self, run: int, collector: str, who: Person, text: str, step: str = "") -> int:
        """Object to a statement, or to one step of it. A collector may object to their own only. Returns the dispute's number."""
        if who.scope.collector is not None and who.scope.collector != collector:
            raise Refused("not_yours", collector=collector)
        with self._writing() as connection:
            record = self._record(connection, run)
            if self._result(connection, run).statement(collector) is None:
                raise Refused("no_statement", collector=collector, run=run)
            body = {"text": _reason(text), "step": step}
            return self._add(connection, "dispute", who, record.dataset, record.month, record.plan, run, collector, body)

    def answer(self, dispute: int, status: str, who: Person, text: str) -> int:
        """Answer a dispute: answered (no decision yet), accepted (an adjustment follows) or rejected."""
        _must(who, "prepare", "approve")
        if status not in ANSWERS:
            raise Refused("unknown_kind", kind=status, known=", ".join(ANSWERS))
        with self._writing() as connection:
            entry = self._entry(connection, dispute, "dispute")
            found = next(one for one in self._disputes(connection, entry.dataset) if one.number == dispute)
            if found.status in ("accepted", "rejected"):
                raise Refused("decided_already", dispute=dispute, status=found.status, by=found.answers[-1].who)
            if who.id == entry.who and status != "answered":
                raise Refused("own_dispute", dispute=dispute, by=who.id)
            body = {"dispute": dispute, "status": status, "text": _reason(text)}
            return self._add(connection, "answer", who, entry.dataset, entry.month, entry.plan, entry.run, entry.collector, body)

    def disputes(self, dataset: str, collector: str | None = None) -> list[Dispute]:
        """Disputes by number, of everybody or of one collector."""
        with self._state.reading() as connection:
            found = self._disputes(connection, dataset)
        return [one for one in found if collector in (None, one.collector)]

    def comment(self, run: int, who: Person, text: str, collector: str | None = None) -> int:
        """Say something about a run or a statement."""
        with self._writing() as connection:
            record = self._record(connection, run)
            return self._add(
                connection, "comment", who, record.dataset, record.month, record.plan, run, collector, {"text": _reason(text)}
            )  # fmt: skip

    def entries(self, dataset: str | None = None, run: int | None = None) -> list[Entry]:
        """The ledger's lines in order."""
        with self._state.reading() as connection:
            found = self._entries(connection)
        return [one for one in found if dataset in (None, one.dataset) and run in (None, one.run)]

    # --- proof ------------------------------------------------------------------------------------------------------------

    def verify(self) -> list[Tampering]:
        """Everything stored that isn't what was written; empty where all is as it was."""
        found: list[Tampering] = []
        with self._state.reading() as connection:
            before, count = _FIRST, 0
            lines = self._entries(connection)
            for entry in lines:
                count += 1
                if entry.number != count or entry.before != before:
                    found.append(Tampering("entry_missing", entry.run, entry.number))
                    count = entry.number
                if entry.hash != _sealed(entry):
                    found.append(Tampering("entry_changed", entry.run, entry.number))
                before = entry.hash
            kept_plans = {(row.plan, row.version): row for row in connection.execute(select(plans))}
            stored = {row.run: row for row in connection.execute(select(runs))}
            for entry in lines:
                if entry.kind != "prepared" or entry.run is None:
                    continue
                row = stored.pop(entry.run, None)
                if row is None:
                    found.append(Tampering("run_missing", entry.run, entry.number))
                    continue
                for name, text, told in (("inputs", row.inputs, "inputs_text"), ("result", row.result, "result_hash")):
                    if _hash_of(text) != entry.body[told]:
                        found.append(Tampering(f"{name}_changed", entry.run, entry.number))
                kept = kept_plans.get((entry.plan, entry.body["version"]))
                if kept is None or kept.hash != entry.body["plan_hash"] or _plan_hash(kept.text) != kept.hash:
                    found.append(Tampering("plan_changed", entry.run, entry.number))
            found += [Tampering("run_unknown", run, None) for run in sorted(stored)]
        known = {(one.code, one.entry) for one in found}
        of = {entry.number: entry.run for entry in lines}
        for number in self._gone({entry.number: entry.hash for entry in lines}):
            code = "entry_changed" if number in of else "entry_missing"
            if (code, number) not in known:
                found.append(Tampering(code, of.get(number), number))
        return found

    def _gone(self, there: dict[int, str]) -> list[int]:
        """Entries that the audit tells of and the ledger doesn't hold as they were: the last ones cut off."""
        told = {one.detail["entry"]: one.detail["hash"] for one in self._state.entries(limit=None, what="pay.entry")}
        return sorted(number for number, sealed in told.items() if number not in there or there[number] != sealed)

    # --- inside -----------------------------------------------------------------------------------------------------------

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A transaction in which nobody else writes entries: what it reads still holds when it writes."""
        with self._state.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("lock table pay_entries in share row exclusive mode")
            yield connection

    def _add(
        self, connection: Connection, kind: str, who: Person, dataset: str, month: date, plan: str, run: int | None, collector: str | None,
        body: Mapping[str, Any],
    ) -> int:  # fmt: skip
        last = connection.execute(select(entries.c.number, entries.c.hash).order_by(entries.c.number.desc()).limit(1)).one_or_none()
        number, before = (last.number + 1, last.hash) if last else (1, _FIRST)
        entry = Entry(number, kind, dataset, month, plan, run, collector, dict(body), who.id, now(), before, "")
        sealed = _sealed(entry)
        connection.execute(
            insert(entries).values(
                number=number, kind=kind, dataset=dataset, month=month, plan=plan, run=run, collector=collector, body=_body(body),
                who=who.id, at=entry.at, before=before, hash=sealed,
            )
        )  # fmt: skip
        self._state.log(connection, who.id, "pay.entry", {"entry": number, "kind": kind, "run": run, "hash": sealed})
        return number

    def _keep_plan(self, connection: Connection, plan: Plan, who: Person) -> None:
        found = connection.execute(select(plans.c.hash).where(plans.c.plan == plan.id, plans.c.version == plan.version)).scalar_one_or_none()
        if found is None:
            connection.execute(insert(plans).values(plan=plan.id, version=plan.version, hash=plan.hash, text=plan.text, who=who.id, at=now()))
        elif found != plan.hash:
            raise Refused("plan_changed", plan=plan.id, version=plan.version)

    def _open(self, connection: Connection, dataset: str, month: date, plan: str) -> None:
        for one in self._records(connection, dataset):
            if one.plan == plan and one.month == month.replace(day=1) and one.is_locked:
                raise Refused("month_locked", month=f"{month:%Y-%m}", run=one.run)

    def _entries(self, connection: Connection, as_of: datetime | None = None) -> list[Entry]:
        wanted = select(entries).order_by(entries.c.number)
        if as_of is not None:
            wanted = wanted.where(entries.c.at <= as_of)
        return [_read(row) for row in connection.execute(wanted)]

    def _entry(self, connection: Connection, number: int, kind: str) -> Entry:
        row = connection.execute(select(entries).where(entries.c.number == number, entries.c.kind == kind)).one_or_none()
        if row is None:
            raise Refused("no_entry", kind=kind, entry=number)
        return _read(row)

    def _records(self, connection: Connection, dataset: str | None = None, as_of: datetime | None = None) -> list[Record]:
        found: dict[int, list[Entry]] = {}
        for entry in self._entries(connection, as_of):
            if entry.run is not None and entry.kind in (*STEPS, WITHDRAWN) and dataset in (None, entry.dataset):
                found.setdefault(entry.run, []).append(entry)
        return [_record(lines) for _, lines in sorted(found.items())]

    def _record(self, connection: Connection, run: int) -> Record:
        wanted = select(entries).where(entries.c.run == run, entries.c.kind.in_((*STEPS, WITHDRAWN))).order_by(entries.c.number)
        lines = [_read(row) for row in connection.execute(wanted)]
        if not lines:
            raise Refused("no_run", run=run)
        return _record(lines)

    def _row(self, connection: Connection, run: int) -> Any:
        row = connection.execute(select(runs).where(runs.c.run == run)).one_or_none()
        if row is None:
            raise Refused("no_run", run=run)
        return row

    def _result(self, connection: Connection, run: int) -> Run:
        return Run.from_json(_unpacked(self._row(connection, run).result))

    def _inputs(self, connection: Connection, run: int) -> Inputs:
        return Inputs.from_json(_unpacked(self._row(connection, run).inputs))

    def _plan(self, connection: Connection, plan: str, version: int) -> Plan:
        row = connection.execute(select(plans).where(plans.c.plan == plan, plans.c.version == version)).one_or_none()
        if row is None:
            raise NoSuchPlan(phrase("never_used", name=plan, version=version))
        return _parsed(row.text)

    def _last_run(self, connection: Connection) -> int:
        return connection.execute(select(runs.c.run).order_by(runs.c.run.desc()).limit(1)).scalar_one_or_none() or 0

    def _adjustments(self, connection: Connection, dataset: str, month: date, plan: str) -> tuple[Adjustment, ...]:
        wanted = select(entries).where(
            entries.c.kind.in_(("adjustment", "dropped")), entries.c.dataset == dataset, entries.c.month == month, entries.c.plan == plan
        )
        lines = [_read(row) for row in connection.execute(wanted.order_by(entries.c.number))]
        gone = {line.body["adjustment"] for line in lines if line.kind == "dropped"}
        return tuple(
            Adjustment(str(one.number), one.collector or "", Decimal(one.body["amount"]), one.body["kind"], one.body["reason"], one.who)
            for one in lines
            if one.kind == "adjustment" and one.number not in gone
        )

    def _disputes(self, connection: Connection, dataset: str) -> list[Dispute]:
        wanted = select(entries).where(entries.c.kind.in_(("dispute", "answer")), entries.c.dataset == dataset).order_by(entries.c.number)
        lines = [_read(row) for row in connection.execute(wanted)]
        found = []
        for one in lines:
            if one.kind == "dispute":
                answers = tuple(line for line in lines if line.kind == "answer" and line.body["dispute"] == one.number)
                found.append(
                    Dispute(
                        one.number, one.dataset, one.month, one.plan, one.collector or "", one.body["step"], one.body["text"], one.who,
                        one.at, answers[-1].body["status"] if answers else "open", answers,
                    )
                )  # fmt: skip
        return found


def amount(text: str) -> Decimal:
    """An amount as somebody wrote it, commas between its thousands alone; Refused for anything else."""
    if not _AMOUNT.fullmatch(text.strip()):
        raise Refused("not_an_amount", amount=text)
    return Decimal(text.strip().replace(",", ""))


def _must(who: Person, *rights: str) -> None:
    if not any(who.may(right) for right in rights):
        raise Refused("not_allowed", by=who.id, rights=", ".join(rights))


def _text(given: str) -> str:
    text = " ".join(given.split())
    if len(text) > LONGEST_REASON:
        raise Refused("too_long", longest=LONGEST_REASON)
    return text


def _reason(given: str) -> str:
    text = _text(given)
    if not text:
        raise Refused("no_reason")
    return text


def _body(body: Mapping[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _sealed(entry: Entry) -> str:
    """The hash of an entry's content and of the hash before it."""
    content = [
        entry.number, entry.kind, entry.dataset, entry.month.isoformat(), entry.plan, entry.run, entry.collector, _body(entry.body),
        entry.who, entry.at.isoformat(), entry.before,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def _read(row: Any) -> Entry:
    return Entry(
        row.number, row.kind, row.dataset, row.month, row.plan, row.run, row.collector, json.loads(row.body), row.who, row.at, row.before, row.hash
    )  # fmt: skip


def _record(lines: list[Entry]) -> Record:
    first = lines[0]
    body = first.body
    last = [line.kind for line in lines if line.kind in (*STEPS, WITHDRAWN)][-1]
    return Record(
        first.run or 0, first.dataset, first.month, first.plan, body["version"], body["snapshot"], date.fromisoformat(body["as_of"]),
        body["currency"], Decimal(body["total"]), body["people"], body["inputs_hash"], body["result_hash"], last, tuple(lines),
    )  # fmt: skip


@cache
def _parsed(text: str) -> Plan:
    return parse(text)


def _packed(text: str) -> bytes:
    return zlib.compress(text.encode(), 6)


def _unpacked(data: bytes) -> str:
    return zlib.decompress(data).decode()


def _hash_of(data: bytes) -> str | None:
    """The hash of what was packed; None where it can't even be unpacked."""
    try:
        return hashlib.sha256(zlib.decompress(data)).hexdigest()
    except zlib.error:
        return None


def _plan_hash(text: str) -> str | None:
    try:
        return parse(text).hash
    except ValueError:
        return None
