"""The shipped plans on the sample: every month ties, and an independent reckoning from the raw files comes to the same cents."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from dashboard.filters import Filters, month_end, shifted
from dashboard.home import Home
from dashboard.incentives import runs
from dashboard.warehouse import Warehouse
from tests.incentives.paying import plan


@pytest.fixture(scope="module")
def warehouse(loaded_home: Path) -> Warehouse:
    return Warehouse(Home(loaded_home).info())


def months(warehouse: Warehouse) -> Iterator[date]:
    month = shifted(warehouse.info.first_on.replace(day=1), 1)
    while month_end(month) <= warehouse.info.as_of:
        yield month
        month = shifted(month, 1)


@pytest.mark.parametrize("name", ["agency", "bank", "flat"])
def test_every_month_of_the_sample_can_be_paid(warehouse: Warehouse, name: str) -> None:
    known = runs.known_plans()
    some = list(months(warehouse))[-4:]
    for month in some:
        found, _ = runs.compute(warehouse, known.at(name, month), month)  # raises where it doesn't tie
        assert found.statements and all(one.amount >= 0 for one in found.statements) and found.total > 0
        assert sum((tie.net_cash for tie in found.ties), Decimal(0)) == warehouse.measure(
            ["net_amount"], filters=Filters(month, month_end(month))
        ).rows[0]["net_amount"]  # fmt: skip


def test_cash_by_collector_is_the_metrics(warehouse: Warehouse) -> None:
    """Without a cut-off, and but for reversals of earlier months, a collector's cash is net cash by collector as every page shows it."""
    month = list(months(warehouse))[-2]
    using = plan('{ id = "r", kind = "rate", table = [{ rate = "1%" }] }')
    found, _ = runs.compute(warehouse, using, month)
    back = sum((one.cash for one in found.uncredited if one.reason.startswith("reversal")), Decimal(0))
    theirs = {
        row["collector"]: row["net_amount"] for row in warehouse.measure(["net_amount"], ["collector"], filters=Filters(month, month_end(month))).rows
    }
    ours = {one.collector: one.quantity("cash") for one in found.statements}
    assert sum(ours.values(), Decimal(0)) + back + theirs.get("house", Decimal(0)) == sum(theirs.values(), Decimal(0))
    apart = {name for name, value in theirs.items() if name != "house" and ours.get(name, Decimal(0)) != value}
    assert len(apart) <= sum(1 for one in found.uncredited if one.reason.startswith("reversal"))


def test_hours_days_and_cases_held_are_the_metrics(warehouse: Warehouse) -> None:
    """What pay knows of a collector's month is what every page shows of it."""
    names = ("productive_hours", "attendance_days", "leave_days", "held_case_days")
    for month in list(months(warehouse))[-3:]:
        _, inputs = runs.compute(warehouse, runs.known_plans().at("bank", month), month)
        ours = {
            one.id: (one.hours or 0, (one.worked_days or 0) + (one.leave_days or 0), one.leave_days or 0, one.case_days)
            for one in inputs.collectors
        }  # fmt: skip
        shown = warehouse.measure(names, ["collector"], filters=Filters(month, month_end(month))).rows
        theirs = {row["collector"]: tuple(row[name] or 0 for name in names) for row in shown}
        assert {name: values for name, values in ours.items() if any(values)} == theirs and len(theirs) > 20


def rows(export: Path, table: str) -> list[dict[str, str]]:
    with (export / f"{table}.csv").open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def test_tiers_and_gate_by_an_independent_reckoning(warehouse: Warehouse, sample: Path) -> None:
    """Straight from the CSV files, one payment at a time: holder at value date, same-month reversals off, marginal tiers, quality gate."""
    using = plan(
        '{ id = "t", kind = "tiers", of = "cash", mode = "marginal", levels = [{ from = 0, rate = "0.5%" }, { from = 10000, rate = "0.8%" }, { from = 20000, rate = "1.2%" }] }',
        '{ id = "q", kind = "gate", on = "qa_score", bands = [{ at_least = 88, factor = 1 }, { at_least = 80, factor = 0.75 }, { factor = 0.5 }], missing = 0.9 }',
    )
    month = list(months(warehouse))[-1]
    first, last = month.isoformat(), month_end(month).isoformat()
    spans: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in rows(sample, "assignments"):
        spans[row["case_id"]].append(row)

    def holder(case: str, day: str) -> str:
        held = [row for row in spans[case] if row["assigned_at"][:10] <= day and (not row["released_at"] or row["released_at"][:10] >= day)]
        return max(held, key=lambda row: row["assigned_at"])["collector_id"] if held else "house"

    payments: dict[str, dict[str, str]] = {row["payment_id"]: row for row in rows(sample, "payments")}
    cash: dict[str, Decimal] = defaultdict(Decimal)
    for row in payments.values():
        if row["kind"] not in ("payment", "reversal") or (row["status"] or "posted") != "posted" or not first <= row["paid_on"] <= last:
            continue
        day = payments[row["reverses"]]["paid_on"] if row["kind"] == "reversal" else row["paid_on"]
        if day >= first:
            cash[holder(row["case_id"], day)] += Decimal(row["amount"])
    marks: dict[str, list[tuple[Decimal, Decimal]]] = defaultdict(list)
    for row in rows(sample, "reviews"):
        if first <= row["reviewed_on"] <= last:
            marks[row["collector_id"]].append((Decimal(row["score"]), Decimal(row["sampling_weight"] or 1)))
    asked: dict[str, Any] = {}
    for who, base in cash.items():
        pay, edges = Decimal(0), [(0, "0.005"), (10000, "0.008"), (20000, "0.012")]
        for at, (edge, rate) in enumerate(edges):
            top = edges[at + 1][0] if at + 1 < len(edges) else base
            pay += max(min(base, Decimal(top)) - edge, Decimal(0)) * Decimal(rate)
        given = marks.get(who)
        score = sum(mark * weight for mark, weight in given) / sum(weight for _, weight in given) if given else None
        factor = "0.9" if score is None else "1" if score >= 88 else "0.75" if score >= 80 else "0.5"
        asked[who] = (pay * Decimal(factor)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    asked.pop("house", None)
    found, _ = runs.compute(warehouse, using, month)
    assert {one.collector: one.amount for one in found.statements if one.quantity("cash")} == {who: pay for who, pay in asked.items() if cash[who]}
    assert len(asked) > 10 and len(set(asked.values())) > 10
