"""Pay drawn in a test: plans from their steps, inputs from a few payments and people."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from dashboard.incentives import engine
from dashboard.incentives.inputs import Adjustment, Collector, Complaint, Difference, Earned, Inputs, Payments, Remembered, Supply
from dashboard.incentives.plan import Plan
from dashboard.incentives.planfile import parse
from dashboard.incentives.statement import Run, Statement

MONTH = date(2026, 3, 1)
ROUND = '{ id = "round", kind = "round", rule = "half_up", to = 0.01 }'
CARRY = '{ id = "carry", kind = "carry" }'


def plan(*steps: str, head: str = "", name: str = "p", version: int = 1, valid_from: str = "2026-01-01", ends: str = "round") -> Plan:
    """A plan of steps (inline TOML tables); `ends`: what is put after them, "round" or "carry round"."""
    last = {"round": [ROUND], "carry round": [CARRY, ROUND], "": []}[ends]
    lines = ",\n  ".join([*steps, *last])
    text = f"""
    step = [
      {lines}
    ]
    [plan]
    id = "{name}"
    version = {version}
    valid_from = {valid_from}
    title = {{ en = "Plan", zh = "方案" }}
    {head}
    """
    return parse(text)


def d(value: str | int) -> Decimal:
    return Decimal(value)


def paid(identifier: str, amount: str | int, holder: str = "W1", **more: Any) -> dict[str, Any]:
    """A payment on 10 March 2026 in team A of bucket M1, card, unless told; days as ISO text."""
    cents = int(Decimal(amount) * 100)
    row: dict[str, Any] = {
        "payment_id": identifier, "cents": cents, "holder": holder, "team": "house" if holder in ("", "house") else "A",
        "bucket": "M1", "product": "card", "paid_day": "2026-03-10",
    }  # fmt: skip
    row.update(more)
    for key in [key for key in row if key.endswith("_day")]:
        row[key] = date.fromisoformat(row[key]).toordinal()
    if "origin_day" not in row and (cents >= 0 or row.get("reverses")):
        row["origin_day"] = row["paid_day"]
    return row


def person(identifier: str = "W1", **more: Any) -> Collector:
    """A collector of team A, junior, the whole month at work, unless told."""
    known: dict[str, Any] = {"team": "A", "grade": "junior", "hired_on": date(2020, 1, 1), "worked_days": 20, "leave_days": 0, **more}
    if "qa" in known:
        known["qa_score_sum"], known["qa_weight_sum"], known["qa_reviews"] = Decimal(known.pop("qa")), Decimal(1), 1
    return Collector(identifier, **known)


def inputs(
    payments: Sequence[dict[str, Any]] = (),
    people: Sequence[Collector] | None = None,
    *,
    month: date = MONTH,
    targets: dict[tuple[str, str], str | int] | None = None,
    complaints: Sequence[Complaint] = (),
    remembered: Remembered | None = None,
    snapshot: str = "s1",
) -> Inputs:
    supplied = tuple(Supply(scope, metric, Decimal(value)) for (scope, metric), value in (targets or {}).items())
    last = calendar.monthrange(month.year, month.month)[1]
    return Inputs(
        month, "sample", snapshot, month.replace(day=last), "CNY", Payments.of(payments), tuple(people or [person()]), tuple(complaints), supplied,
        remembered or Remembered(),
    )  # fmt: skip


def run(plan: Plan, given: Inputs) -> Run:
    return engine.run(plan, given)


def statement(plan: Plan, given: Inputs, collector: str = "W1") -> Statement:
    """A collector's statement of a run."""
    found = engine.run(plan, given).statement(collector)
    assert found is not None
    return found


def pay(plan: Plan, given: Inputs, collector: str = "W1") -> Decimal:
    return statement(plan, given, collector).amount


__all__ = [
    "MONTH",
    "Adjustment",
    "Complaint",
    "Difference",
    "Earned",
    "Remembered",
    "d",
    "inputs",
    "paid",
    "pay",
    "person",
    "plan",
    "run",
    "statement",
]
