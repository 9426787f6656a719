"""Runs of a month from a snapshot and the ledger: what the ledger remembers is brought in, the result is tied to net cash. No Streamlit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from dashboard.access import Person
from dashboard.filters import month_end, shifted
from dashboard.incentives import engine
from dashboard.incentives import plan as plans
from dashboard.incentives.gathering import gather, needs, tied
from dashboard.incentives.inputs import Difference, Earned, Inputs, Payments, Remembered
from dashboard.incentives.ledger import Ledger, Record
from dashboard.incentives.plan import Plan
from dashboard.incentives.planfile import PLANS, Plans
from dashboard.incentives.statement import ZERO, Run
from dashboard.warehouse import Warehouse

#: Where a home keeps plans of its own, beside those that come with the product.
OWN_PLANS = "incentives"


def known_plans(home: Path | None = None) -> Plans:
    """The plans that come with the product and a home's own; PlanError for a file that can't be used."""
    return Plans(PLANS, *([home / OWN_PLANS] if home is not None else []))


def compute(warehouse: Warehouse, plan: Plan, month: date, ledger: Ledger | None = None) -> tuple[Run, Inputs]:
    """A month's run and its inputs: an estimate until it is prepared. Raises NotSupplied, RunRefused, Untied.

    With the ledger it brings in the balance carried, adjustments, claw-back and differences of locked months.
    """
    inputs = gather(warehouse, plan, month)
    notes: list[tuple[str, str]] = []
    cut = plan.eligible.cutoff_days
    if cut is not None and inputs.as_of < month_end(month) + timedelta(days=cut):
        notes.append(("before_cutoff", f"{month_end(month) + timedelta(days=cut)}"))
    if "complaints.resolved_at" in needs(plan):
        undated = {row["id"]: row["complaint_count"] for row in warehouse.run("pay_undated", {"until": month_end(month)})}
        count = sum(undated.get(one.id, 0) for one in inputs.collectors if plan.takes(one.team, one.grade, one.agency))
        notes += [("complaints_undated", str(count))] if count else []
    if ledger is not None:
        found, inputs = remember(warehouse, plan, inputs, ledger)
        notes += found
    run = engine.run(plan, inputs)
    return tied(replace(run, notes=(*run.notes, *notes)) if notes else run, warehouse), inputs


def prepare(warehouse: Warehouse, plan: Plan, month: date, ledger: Ledger, who: Person) -> Record:
    """Compute a month and keep it as a draft."""
    run, inputs = compute(warehouse, plan, month, ledger)
    return ledger.prepare(run, inputs, plan, who)


def again(ledger: Ledger, run: int) -> Run:
    """A stored run computed again from its stored plan and inputs."""
    record = ledger.record(run)
    stored = ledger.result(run)
    made = engine.run(ledger.plan(record.plan, record.version), ledger.inputs(run))
    return replace(made, notes=stored.notes)


def remember(warehouse: Warehouse, plan: Plan, inputs: Inputs, ledger: Ledger) -> tuple[tuple[tuple[str, str], ...], Inputs]:
    """A month's inputs with what the ledger brings into it, and notes on it."""
    month, dataset = inputs.month, inputs.dataset
    mine = {one.id for one in inputs.collectors if plan.takes(one.team, one.grade, one.agency)}
    locked = ledger.locked(dataset, plan.id, before=month)
    notes: list[tuple[str, str]] = []
    previous: list[tuple[str, str, Decimal]] = []
    balances = ledger.balances(dataset, plan.id, month, inputs.currency, mine)
    carried = balances.carried if plan.carries else {}
    if locked:
        last = ledger.result(locked[-1].run)
        asked = [name.removeprefix(plans.PREVIOUS) for name in plan.uses if name.startswith(plans.PREVIOUS)]
        if asked and last.month == shifted(month, -1):
            previous = [(one.collector, name, value) for one in last.statements for name in asked if (value := one.quantity(name)) is not None]
    differences: list[Difference] = []
    for step in plan.steps:
        if isinstance(step, plans.Corrections):
            everywhere = [one for one in ledger.locked(dataset) if one.currency == inputs.currency]
            late = [one for one in everywhere if shifted(month, -step.months) <= one.month < month]
            differences, notes = _differences(warehouse, plan, late, everywhere, ledger, mine)
    earned: tuple[Earned, ...] = ()
    if any(isinstance(step, plans.Clawback) for step in plan.steps):
        earned = tuple(one for one in _earned(inputs.payments, ledger.locked(dataset, before=month), ledger) if one.collector in mine)
    if carried != balances.carried:
        notes.append(("balance_waits", ", ".join(balances.carried)))
    if balances.settled:
        notes.append(("balance_settled", ", ".join(balances.settled)))
    remembered = Remembered(
        tuple(sorted(carried.items())), tuple(sorted(previous)), earned, tuple(differences), ledger.adjustments(dataset, month, plan.id)
    )
    return tuple(notes), replace(inputs, remembered=remembered, moved=balances.moved if plan.carries else ())


def _earned(payments: Payments, locked: Iterable[Record], ledger: Ledger) -> list[Earned]:
    """What payments that are reversed now had earned, in locked months."""
    wanted = {*payments.texts["reverses"].rows()[payments.numbers["cents"] < 0].tolist()} - {""}
    if not wanted:
        return []
    found: list[Earned] = []
    for record in locked:
        run = ledger.result(record.run)
        for statement in run.statements:
            for group in statement.credited:
                for identifier, share in zip(group.payments, group.shares, strict=True):
                    if identifier in wanted:
                        found.append(Earned(identifier, statement.collector, run.month, share, group.base_rate, group.paid_rate))
    return found


def _differences(
    warehouse: Warehouse, plan: Plan, late: Iterable[Record], locked: Iterable[Record], ledger: Ledger, mine: set[str]
) -> tuple[list[Difference], list[tuple[str, str]]]:
    """Locked months worked out again on a snapshot, against what was paid for them then and since; for these people alone.

    What a month of another plan owes follows its person, as a balance does.
    """
    paid: dict[tuple[date, str], Decimal] = {}
    for record in locked:
        run = ledger.result(record.run)
        for statement in run.statements:
            for line in statement.lines:
                for part in line.parts if line.step_kind == plans.Corrections.kind else ():
                    month = date.fromisoformat(f"{dict(part.cut)['month']}-01")
                    paid[month, statement.collector] = paid.get((month, statement.collector), ZERO) + part.amount
    found: list[Difference] = []
    notes: list[tuple[str, str]] = []
    for record in late:
        before = ledger.result(record.run)
        if record.plan != plan.id and not mine & {one.collector for one in before.statements}:
            continue
        stored = ledger.inputs(record.run)
        if _beyond(stored, warehouse):
            notes.append(("not_checkable", f"{record.month:%Y-%m}"))
            continue
        was = {one.collector: one.amount + one.carried for one in before.statements}
        if record.snapshot == warehouse.info.id:  # the same data under the same plan: the same run
            due = was
        else:
            theirs = ledger.plan(record.plan, record.version)
            now = engine.run(theirs, _today(warehouse, theirs, record, stored, ledger))
            due = {one.collector: one.amount + one.carried for one in tied(now, warehouse).statements}
        for collector in sorted({*was, *due} & mine):
            settled = _cents(was.get(collector, ZERO) + paid.get((record.month, collector), ZERO))
            asked = _cents(due.get(collector, ZERO))
            if asked != settled:
                found.append(Difference(collector, record.month, settled, asked))
    return found, notes


def _today(warehouse: Warehouse, plan: Plan, record: Record, stored: Inputs, ledger: Ledger) -> Inputs:
    """A locked month's inputs on today's data, but for what people were then: a promotion since pays nothing for the past."""
    inputs = gather(warehouse, plan, record.month)
    then = {one.id: one for one in stored.collectors}
    now = {one.id: one for one in inputs.collectors}
    people = [
        now[name]._replace(team=then[name].team, grade=then[name].grade, agency=then[name].agency) if name in now and name in then
        else now.get(name) or then[name]
        for name in sorted({*then, *now})
    ]  # fmt: skip
    mine = {one.id for one in people if plan.takes(one.team, one.grade, one.agency)}
    earned = stored.remembered.earned
    if any(isinstance(step, plans.Clawback) for step in plan.steps):  # a reversal of that month may have come in since
        earned = tuple(one for one in _earned(inputs.payments, ledger.locked(record.dataset, before=record.month), ledger) if one.collector in mine)
    return replace(inputs, collectors=tuple(people), remembered=replace(stored.remembered, earned=earned), moved=stored.moved)


def _cents(value: Decimal) -> Decimal:
    """In cents where it is whole cents, so that equal amounts are written alike."""
    whole = value.quantize(Decimal("0.01"))
    return whole if whole == value else value


def _beyond(stored: Inputs, warehouse: Warehouse) -> bool:
    """Whether a locked month's payments lie before what a snapshot holds."""
    days = stored.payments.numbers["paid_day"]
    return len(days) > 0 and date.fromordinal(int(days.min())) < warehouse.info.first_on
