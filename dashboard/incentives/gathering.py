"""A month's inputs from a snapshot, for the whole company: asks reports only, computes nothing that is paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.filters import month_end
from dashboard.incentives import plan as plans
from dashboard.incentives.inputs import Collector, Complaint, Inputs, Payments, Remembered, Supply, Texts
from dashboard.incentives.plan import Plan
from dashboard.incentives.statement import Run
from dashboard.warehouse import Warehouse

#: What a quantity needs of an export.
NEEDS = {
    "hours": "attendance", "worked_days": "attendance", "leave_days": "attendance", "qa_score": "reviews", "qa_reviews": "reviews",
    "critical_reviews": "reviews.critical", "training_valid": "trainings", "complaints_upheld": "complaints.upheld",
}  # fmt: skip


#: By month.
Staff = Mapping[date, tuple[Collector, ...]]


class NotSupplied(LookupError):
    """A plan needs what an export doesn't hold: `needs` are the contract's tables and columns."""

    def __init__(self, needs: tuple[str, ...]) -> None:
        self.needs = needs
        super().__init__(f"not supplied: {', '.join(needs)}")


class Untied(RuntimeError):
    """A run whose cash isn't the net cash of the month: nothing may be paid on it."""


def needs(plan: Plan) -> tuple[str, ...]:
    """The tables and columns of the contract that a plan can't do without."""
    asked = ["payments", "cases", "assignments", "collectors"]
    # without the day of the verdict no complaint would fall in any month
    judged = ["complaints.resolved_at"] if plan.conduct.complaint_day == "resolved_at" else []
    for name in sorted(plan.uses):
        bare = name.removeprefix(plans.TEAM)
        if bare in NEEDS:
            asked += [NEEDS[bare], *(judged if bare == "complaints_upheld" else [])]
    if plan.eligible.touch is not None or plan.credit.rule == "right_party":
        asked.append("contacts")
    if plan.credit.rule == "payment":
        asked.append("payments.collector_id")
    for step in plan.steps:
        match step:
            case plans.Fixed():
                asked += ["attendance"] if step.prorated else []
            case plans.Target():
                asked += ["attendance"] if step.leave else []
                asked += ["targets"] if step.sources and step.missing == "refuse" and step.table is None else []
            case plans.Supplied():
                asked += ["targets"] if step.otherwise is None else []
            case plans.Deduct():
                asked += ["complaints.upheld", *judged]
            case plans.Clawback():
                asked.append("payments.reverses")
    return tuple(dict.fromkeys(asked))


def missing(plan: Plan, warehouse: Warehouse) -> tuple[str, ...]:
    """What of it a snapshot doesn't hold."""
    return tuple(need for need in needs(plan) if not warehouse.supplied(need))


def gather(warehouse: Warehouse, plan: Plan, month: date, remembered: Remembered | None = None, staff: Staff | None = None) -> Inputs:
    """A month's inputs; NotSupplied by name where the export lacks what the plan needs. `staff`: who there was, where several months ask at once."""
    lacking = missing(plan, warehouse)
    if lacking:
        raise NotSupplied(lacking)
    first, last = month.replace(day=1), month_end(month)
    span = {"start": first, "until": last}
    info = warehouse.info
    if staff is None:
        staff = staffed(warehouse, plan.conduct.training_kinds, first, last)
    return Inputs(
        month=first,
        dataset=info.dataset,
        snapshot=info.id,
        as_of=info.as_of,
        currency=info.currency,
        payments=_payments(warehouse, plan, first, last),
        collectors=staff.get(first, ()),
        complaints=tuple(Complaint(**row) for row in warehouse.run("pay_complaints", {**span, "day": plan.conduct.complaint_day})),
        supplied=tuple(Supply(row["scope"], row["metric"], plain_decimal(row["value"])) for row in warehouse.run("pay_targets", {"start": first})),
        remembered=remembered or Remembered(),
    )


def staffed(warehouse: Warehouse, training_kinds: Sequence[str], first: date, last: date) -> Staff:
    """Who there was in each month from that of one day to that of another, and what they did in it."""
    asked = {"start": first.replace(day=1), "until": month_end(last), "training_kinds": list(training_kinds)}
    found = warehouse.arrays("pay_people", asked)
    months, begins = np.unique(found["month"], return_index=True)
    ends = [*begins[1:], len(found["month"])]
    return {
        month: _collectors({name: column[begin:end] for name, column in found.items()})
        for month, begin, end in zip(months.tolist(), begins, ends, strict=True)
    }


def _payments(warehouse: Warehouse, plan: Plan, first: date, last: date) -> Payments:
    cut = plan.eligible.cutoff_days
    never = date(1, 1, 1)
    late_from = never if cut is None else first + timedelta(days=cut - 1)
    late_until = never if cut is None else last + timedelta(days=cut)
    found = warehouse.arrays("pay_payments", {"start": first, "until": last, "late_from": late_from, "late_until": late_until}, absent="")
    dated = np.where(found["origin_day"] > 0, found["origin_day"], found["paid_day"])
    span = {"earliest": date.fromordinal(int(dated.min(initial=first.toordinal()))), "until": last}
    # a reversal goes with the payment that it takes back
    whose = np.where((found["cents"] < 0) & (found["reverses"] != ""), found["reverses"], found["payment_id"])
    if plan.eligible.touch is not None:
        asked = {**span, "days": plan.eligible.touch_days, "touch": plan.eligible.touch}
        found["touched_day"] = _of(whose, warehouse.arrays("pay_touches", asked), "touched_day", 0)
    if plan.credit.rule == "right_party":
        talks = warehouse.arrays("pay_talks", {**span, "days": plan.credit.within_days})
        found["talker"] = _of(whose, talks, "talker", "")
        found["talked_day"] = _of(whose, talks, "talked_day", 0)
    return Payments({**found, **_told(warehouse, found)})


def _told(warehouse: Warehouse, found: Mapping[str, npt.NDArray[Any]]) -> dict[str, Texts]:
    """The texts that a report's columns of numbers stand for."""
    levels: dict[str, list[str]] = {}
    for row in warehouse.lasting("pay_levels"):
        levels.setdefault(row["dimension"], []).append(row["value"])
    collectors = dict.fromkeys(("holder", "previous", "own"), "collector")
    names = [column.removesuffix("_number") for column in found if column.endswith("_number")]
    return {name: Texts.numbered(found[f"{name}_number"], levels.get(collectors.get(name, name), [])) for name in names}


def _of(payments: npt.NDArray[Any], found: Mapping[str, npt.NDArray[Any]], name: str, unknown: Any) -> npt.NDArray[Any]:
    """A column of a report by payment, for these payments; `unknown` of those that it doesn't have."""
    place = pd.Index(found["payment_id"]).get_indexer(payments)
    column: npt.NDArray[Any] = np.append(found[name], [unknown])[place]  # no place is the last one
    return column


def _collectors(found: Mapping[str, npt.NDArray[Any]]) -> tuple[Collector, ...]:
    """People from a report's columns; in a column of numbers NaN is one that isn't there."""
    known: dict[str, list[Any]] = {name: found[name].tolist() for name in Collector._fields}
    for name in ("hours", "qa_score_sum", "qa_weight_sum"):
        known[name] = [None if value is None else plain_decimal(value) for value in known[name]]
    for name in ("worked_days", "leave_days"):
        known[name] = [None if value != value else int(value) for value in known[name]]
    return tuple(map(Collector, *known.values()))


def plain_decimal(value: Decimal) -> Decimal:
    """Without the zeros that a column's type adds, so that the same figure is the same text."""
    return value.normalize() + Decimal(0) if value == value.to_integral_value() else value.normalize()


def tied(run: Run, warehouse: Warehouse) -> Run:
    """The run itself, once its cash is the net cash of the month by team to the cent; Untied otherwise."""
    last = month_end(run.month)
    theirs = {row["team"]: row["net_amount"] for row in warehouse.run("pay_tie", {"start": run.month, "until": last}) if row["net_amount"]}
    ours = {tie.team: tie.net_cash for tie in run.ties if tie.net_cash}
    loose = [tie for tie in run.ties if tie.difference]
    if theirs != ours or loose:
        raise Untied(f"net cash by team {theirs}; the run has {ours}; not accounted for {[(tie.team, tie.difference) for tie in loose]}")
    return run
