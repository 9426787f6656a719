"""A plan changed in a draft and tried on months gone by: its figures as fields, who gains and loses, cliffs, what it would cost. No Streamlit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

from dashboard.access import Person
from dashboard.filters import shifted
from dashboard.incentives import engine
from dashboard.incentives import plan as plans
from dashboard.incentives.engine import Refusal, RunRefused
from dashboard.incentives.gathering import gather
from dashboard.incentives.inputs import Inputs, Payments
from dashboard.incentives.plan import Plan
from dashboard.incentives.planfile import Plans, parse
from dashboard.incentives.problems import PlanError, Problem, phrase
from dashboard.incentives.runs import OWN_PLANS
from dashboard.incentives.statement import ZERO, Run
from dashboard.state import State
from dashboard.warehouse import Warehouse

#: What a field of a plan's text may be called, and how its value looks.
NAMES = (
    "rate",
    "weight",
    "factor",
    "from",
    "at_least",
    "above",
    "at_most",
    "below",
    "most",
    "least",
    "amount",
    "times",
    "missing",
    "draw",
    "caseload",
)
FIELD = re.compile(rf"(?<![\w.])(?P<name>{'|'.join(NAMES)})\s*=\s*(?P<value>\"-?[\d.]+%\"|-?\d+(?:\.\d+)?)(?![\w.])")
STEP = re.compile(r"^\[\[step\]\]\s*$", re.MULTILINE)
#: Points at which pay is worked out for one person, and the least jump at one cent more that is a cliff.
POINTS, JUMP = 48, Decimal(1)
#: Cash at which a person's pay is tried, for a plan whose people bring in nothing.
LEAST_REACH = Decimal(10_000)


class NotAllowed(PermissionError):
    """A plan may be kept by who prepares pay runs only."""


@dataclass(frozen=True)
class Field:
    """A figure in a plan's text: where it stands, in which step, what it is called, as it is written, and the row it is in."""

    start: int
    end: int
    step: str
    name: str
    value: str
    row: str


def fields(text: str) -> list[Field]:
    """The figures of a plan's steps, in their order; comments and texts hold none."""
    found: list[Field] = []
    starts = [match.start() for match in STEP.finditer(text)]
    for place, start in enumerate(starts):
        end = starts[place + 1] if place + 1 < len(starts) else len(text)
        block = text[start:end]
        named = re.search(r'^id\s*=\s*"([^"]*)"', block, re.MULTILINE)
        for match in FIELD.finditer(block):
            line_start = block.rfind("\n", 0, match.start()) + 1
            before = block[line_start : match.start()]
            if "#" in re.sub(r'"[^"]*"', "", before) or before.count('"') % 2:
                continue
            value = match["value"].strip('"')
            at = start + match.start("value")
            found.append(
                Field(at, at + len(match["value"]), named[1] if named else "", match["name"], value, _row(block, match.start(), match.end()))
            )
    return found


def _row(block: str, start: int, end: int) -> str:
    """What else stands in the braces around a figure: bucket = "M2"."""
    opened, closed = block.rfind("{", 0, start), block.find("}", end)
    if opened < 0 or closed < 0 or "}" in block[opened:start] or "{" in block[end:closed]:
        return ""
    inside = f"{block[opened + 1 : start]},{block[end:closed]}"
    parts = [part.strip() for part in re.split(r",(?![^\[]*\])", inside) if part.strip()]
    return ", ".join(parts)


def filled(text: str, values: Mapping[int, str]) -> str:
    """The text with some fields (by their place in `fields`) written otherwise; a value keeps its per cent sign if it has one."""
    known = fields(text)
    for place in sorted(values, reverse=True):
        field, value = known[place], values[place].strip()
        text = text[: field.start] + (f'"{value}"' if value.endswith("%") else value) + text[field.end :]
    return text


def altered(before: str, after: str) -> list[tuple[Field, str]] | None:
    """The figures that differ between two texts of the same steps, each as it was with what it is now; None where the steps themselves differ."""
    one, other = fields(before), fields(after)
    if [(field.step, field.name) for field in one] != [(field.step, field.name) for field in other]:
        return None
    return [(was, now.value) for was, now in zip(one, other, strict=True) if was.value != now.value]


# --- trying -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """A plan's runs over some months, and the months it can't be run for, each with why."""

    plan: Plan
    runs: tuple[Run, ...]
    refused: tuple[tuple[date, tuple[Refusal, ...]], ...] = ()

    @property
    def total(self) -> Decimal:
        return sum((run.total for run in self.runs), ZERO)

    @property
    def cash(self) -> Decimal:
        """Net cash of those months, of all teams."""
        return sum((tie.net_cash for run in self.runs for tie in run.ties), ZERO)

    @property
    def cost(self) -> Decimal | None:
        """What is paid of each unit of net cash: the ratio of sums."""
        return self.total / self.cash if self.cash > 0 else None

    def amounts(self) -> list[Decimal]:
        """What each person is paid in each month."""
        return [statement.amount for run in self.runs for statement in run.statements]

    def by_person(self) -> dict[str, Decimal]:
        """What each person is paid over all months."""
        paid: dict[str, Decimal] = {}
        for run in self.runs:
            for statement in run.statements:
                paid[statement.collector] = paid.get(statement.collector, ZERO) + statement.amount
        return paid


def gathered_by(plan: Plan) -> tuple[Any, ...]:
    """What of a plan decides which inputs it needs: drafts that agree in it share them."""
    return (plan.eligible.cutoff_days, plan.eligible.touch, plan.eligible.touch_days, plan.credit, plan.conduct)


def tried(plan: Plan, months: Iterable[date], inputs: Callable[[Plan, date], Inputs]) -> Outcome:
    """A plan over months, each on its own: nothing is brought in from a month before, as nothing was paid under a draft."""
    made, refused = [], []
    for month in months:
        try:
            made.append(_bare(engine.run(plan, inputs(plan, month), sealed=False)))
        except RunRefused as error:
            refused.append((month, error.refusals))
    return Outcome(plan, tuple(made), tuple(refused))


def _bare(run: Run) -> Run:
    """A run without its lines and the payments in it: amounts and quantities are compared, and the rest is nearly all of its size."""
    return replace(run, statements=tuple(replace(one, lines=(), credited=()) for one in run.statements), uncredited=())


def inputs_of(warehouse: Warehouse) -> Callable[[Plan, date], Inputs]:
    """Inputs of months straight from a snapshot."""
    return lambda plan, month: gather(warehouse, plan, month)


def months(first_on: date, as_of: date, count: int) -> list[date]:
    """The last complete months of the data, oldest first."""
    last = as_of.replace(day=1) if shifted(as_of.replace(day=1), 1).toordinal() - as_of.toordinal() == 1 else shifted(as_of.replace(day=1), -1)
    found = [shifted(last, -number) for number in range(count)]
    return sorted(month for month in found if month >= first_on)


def compared(before: Outcome, after: Outcome) -> list[dict[str, Any]]:
    """Who gains and who loses over the months both could be run for, the largest gain first."""
    one, other = _shared(before, after)
    teams = {statement.collector: statement.team for outcome in (one, other) for run in outcome.runs for statement in run.statements}
    was, now = one.by_person(), other.by_person()
    rows = [
        {
            "collector": name, "team": teams[name], "before": was.get(name, ZERO), "after": now.get(name, ZERO),
            "change": now.get(name, ZERO) - was.get(name, ZERO),
        }
        for name in {*was, *now}
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (-row["change"], row["collector"]))


def _shared(before: Outcome, after: Outcome) -> tuple[Outcome, Outcome]:
    both = {run.month for run in before.runs} & {run.month for run in after.runs}
    return tuple(replace(one, runs=tuple(run for run in one.runs if run.month in both)) for one in (before, after))  # type: ignore[return-value]


def by_month(outcome: Outcome) -> list[dict[str, Any]]:
    """Payout, net cash and their ratio by month."""
    rows = []
    for run in outcome.runs:
        cash = sum((tie.net_cash for tie in run.ties), ZERO)
        rows.append(
            {"month": run.month, "paid": run.total, "cash": cash, "cost": run.total / cash if cash > 0 else None, "people": len(run.statements)}
        )
    return rows


@dataclass(frozen=True)
class Ahead:
    """What a plan would cost in a month to come: expected net cash with its 80% band × what it cost of each unit so far."""

    month: date
    cash: float
    paid: float
    low: float
    high: float


def ahead(outcome: Outcome, expected: Iterable[tuple[date, float, float, float]]) -> list[Ahead]:
    """Months to come (month, mean, low, high of net cash) at the plan's cost ratio of the months tried; [] where that is unknown."""
    if outcome.cost is None:
        return []
    rate = float(outcome.cost)
    return [Ahead(month, mean, mean * rate, max(0.0, low) * rate, high * rate) for month, mean, low, high in expected]


# --- cliffs -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cliff:
    """Cash at which one cent more moves pay by a jump."""

    at: Decimal
    before: Decimal
    after: Decimal

    @property
    def jump(self) -> Decimal:
        return self.after - self.before


def curve(plan: Plan, inputs: Inputs, person: str, reach: Decimal) -> tuple[list[tuple[Decimal, Decimal]], list[Cliff]]:
    """Pay of one person against the cash they bring in, all of their most frequent kind, alone in their team; and where it jumps.

    Jumps are found to the cent by halving every stretch in which pay moves more than elsewhere.
    """
    alone = _alone(inputs, person)
    known: dict[int, Decimal] = {}

    def pay(cents: int) -> Decimal:
        if cents not in known:
            made = engine.run(plan, alone(cents), sealed=False)
            known[cents] = sum((one.amount for one in made.statements if one.collector == person), ZERO)
        return known[cents]

    last = max(int(reach * 100), POINTS)
    grid = sorted({last * number // POINTS for number in range(POINTS + 1)})
    moves = sorted(abs(pay(right) - pay(left)) for left, right in pairwise(grid))
    usual = moves[len(moves) // 2]
    cliffs = []
    for left, right in pairwise(grid):
        if abs(pay(right) - pay(left)) > usual * Decimal("1.5") + JUMP:
            cliffs += _jumps(pay, left, right)
    points = sorted(known.items())
    return [(Decimal(cents) / 100, amount) for cents, amount in points], cliffs


def _jumps(pay: Callable[[int], Decimal], left: int, right: int) -> list[Cliff]:
    """The largest jump between two amounts of cash, halving towards the half that moves more."""
    while right - left > 1:
        middle = (left + right) // 2
        first, second = abs(pay(middle) - pay(left)), abs(pay(right) - pay(middle))
        left, right = (left, middle) if first > second else (middle, right)
    found = Cliff(Decimal(right) / 100, pay(left), pay(right))
    return [found] if abs(found.jump) > JUMP else []


def _alone(inputs: Inputs, person: str) -> Callable[[int], Inputs]:
    """The month with one person in it and one payment, of their most frequent kind of cash and of a size to be given."""
    texts = inputs.payments.texts
    mine = texts["holder"].among((person,)) & (inputs.payments.numbers["cents"] > 0)
    kinds = [*zip(*(texts[name].rows()[mine].tolist() for name in ("bucket", "product", "method", "placement")), strict=True)]
    bucket, product, method, placement = max(sorted(set(kinds)), key=kinds.count) if kinds else ("M1", "", "", "")
    who = next(one for one in inputs.collectors if one.id == person)
    day = inputs.month.toordinal()
    own = tuple(one for one in inputs.supplied if one.scope in (f"collector:{person}", "all"))
    heads = sum(1 for one in inputs.collectors if one.team == who.team) or 1
    shared = tuple(one._replace(value=one.value / heads) for one in inputs.supplied if one.scope == f"team:{who.team}")

    def made(cents: int) -> Inputs:
        row = {
            "payment_id": "P", "team": who.team, "holder": person, "own": person, "talker": person, "bucket": bucket, "product": product,
            "method": method, "placement": placement, "cents": cents, "paid_day": day, "posted_day": day, "origin_day": day, "touched_day": day,
            "talked_day": day,
        }  # fmt: skip
        return replace(inputs, payments=Payments.of([row]), collectors=(who,), complaints=(), supplied=(*own, *shared))

    return made


def middle_person(run: Run) -> str | None:
    """Who stands in the middle of a run by pay."""
    ordered = sorted(run.statements, key=lambda one: (one.amount, one.collector))
    return ordered[len(ordered) // 2].collector if ordered else None


def reach(run: Run) -> Decimal:
    """Cash a little beyond what anybody in a run brought in."""
    return max([LEAST_REACH, *((one.quantity("cash") or ZERO) * Decimal("1.25") for one in run.statements)])


def edges(plan: Plan, quantities: Mapping[str, Decimal | None]) -> tuple[Decimal, ...]:
    """Where the tiers of a plan begin for a person, in the quantity the first tier step reads; () where it has no tiers."""
    for step in plan.steps:
        if isinstance(step, plans.Tiers):
            found = [_edge(level, quantities) for level in step.levels]
            return tuple(edge for edge in found if edge is not None and edge > 0)
    return ()


def _edge(level: plans.Level, quantities: Mapping[str, Decimal | None]) -> Decimal | None:
    if level.start.of is None:
        return level.start.times
    value = quantities.get(level.start.of)
    return None if value is None else level.start.times * value


def watched(plan: Plan) -> tuple[str, tuple[Decimal, ...] | None] | None:
    """The quantity whose edges pay turns on, for the check of months just above one: tiers first, else a target (at 100%)."""
    for step in plan.steps:
        if isinstance(step, plans.Tiers):
            return step.by, None
    for step in plan.steps:
        if isinstance(step, plans.Target):
            return "attainment", (Decimal(1),)
    return None


def near_edges(outcome: Outcome) -> list[tuple[str, str, Decimal, tuple[Decimal, ...]]]:
    """Every collector-month with the quantity that pay turns on and its edges, for fairness.bunching."""
    turning = watched(outcome.plan)
    if turning is None:
        return []
    name, fixed = turning
    found = []
    for run in outcome.runs:
        for one in run.statements:
            value = one.quantity(name)
            if value is not None:
                found.append((one.collector, f"{run.month:%Y-%m}", value, fixed if fixed is not None else edges(outcome.plan, dict(one.quantities))))
    return found


# --- keeping ----------------------------------------------------------------------------------------------------------


def next_version(plan: Plan, known: Plans, first: date) -> str:
    """A draft's text as the plan's next version, valid from a day: number and day are written into it."""
    number = max(one.version for one in known if one.id == plan.id) + 1
    text = re.sub(r"(?m)^version\s*=\s*\d+", f"version = {number}", plan.text, count=1)
    return re.sub(r"(?m)^valid_from\s*=\s*\S+", f"valid_from = {first.isoformat()}", text, count=1)


def keep(text: str, known: Plans, home: Path, kept: State, who: Person) -> Plan:
    """Write a new version of a plan into the home, whole or not at all; PlanError, or NotAllowed for who may not."""
    if not who.may("prepare"):
        raise NotAllowed(who.id)
    plan = parse(text)
    others = [one for one in known if one.id == plan.id]
    problems = []
    if any(one.version >= plan.version for one in others):
        problems.append(Problem("plan.version", str(plan.version), phrase("next_version", version=max(one.version for one in others) + 1)))
    if any(one.valid_from >= plan.valid_from for one in others):
        latest = max(one.valid_from for one in others)
        problems.append(Problem("plan.valid_from", str(plan.valid_from), phrase("later_than_last", day=latest)))
    if problems:
        raise PlanError(problems)
    folder = home / OWN_PLANS
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{plan.id}_{plan.version}.toml"
    if path.exists():
        raise PlanError([Problem(path.name, phrase("same_file"), phrase("new_version"))])
    half = path.with_suffix(".tmp")
    half.write_text(text, encoding="utf-8")
    half.replace(path)
    with kept.writing() as connection:
        kept.log(connection, who.id, "pay.plan", {"plan": plan.id, "version": plan.version, "valid_from": str(plan.valid_from), "hash": plan.hash})
    return plan
