"""From a plan and a month's inputs to its statements: step by step, in Decimal, nothing rounded before the last step. No database, no clock."""

from __future__ import annotations

import calendar
import gc
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Context, Decimal, localcontext
from typing import Any

import numpy as np

from dashboard.filters import month_end, shifted
from dashboard.incentives import plan as plans
from dashboard.incentives.crediting import Kind, allocate
from dashboard.incentives.inputs import Collector, Complaint, Inputs
from dashboard.incentives.plan import Plan, Scaled, Step
from dashboard.incentives.statement import ZERO, Credited, Line, Part, Run, Statement, Value

#: Digits kept between steps: far more than any amount has, so that the one rounding at the end is the only one that shows.
PRECISION = 40
ONE = Decimal(1)


@dataclass(frozen=True)
class Refusal:
    """Why a month can't be run: the step, a code (pay_refused.CODE), of which collectors or what kinds of cash."""

    step: str
    code: str
    subject: str


class RunRefused(ValueError):
    """A run that would have to guess: says everything it would have to guess."""

    def __init__(self, refusals: Iterable[Refusal]) -> None:
        self.refusals = tuple(refusals)
        super().__init__("\n".join(f"{one.step}: {one.code}: {one.subject}" for one in self.refusals))


@dataclass
class _Desk:
    """A collector while their statement is worked out."""

    who: Collector
    kinds: tuple[Kind, ...]
    total: Decimal = ZERO
    quantities: dict[str, Decimal | None] = field(default_factory=dict)
    vectors: dict[str, list[Decimal]] = field(default_factory=dict)
    #: what each step added, and of which kinds of cash; and the product of the factors put on it since
    added: dict[str, Decimal] = field(default_factory=dict)
    earned: dict[str, list[Decimal]] = field(default_factory=dict)
    factor: dict[str, Decimal] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    carried: Decimal = ZERO

    def line(
        self, step: Step, key: str, values: Sequence[Value], amount: Decimal = ZERO, *, rule: str = "sum", parts: Sequence[Part] = (),
        quantity: tuple[str, Decimal] | None = None,
    ) -> None:  # fmt: skip
        self.total += amount
        self.lines.append(Line(step.id, step.kind, f"pay_line.{key}", tuple(values), amount, self.total, rule, tuple(parts), quantity))

    def adds(self, step: Step, amount: Decimal, earned: list[Decimal] | None = None) -> None:
        self.added[step.id] = amount
        self.factor[step.id] = ONE
        if earned is not None:
            self.earned[step.id] = earned


def run(plan: Plan, inputs: Inputs, *, sealed: bool = True) -> Run:
    """A month under a plan. RunRefused where a rate, a target or a value is missing that the plan doesn't say what to do without.

    Not `sealed`, it has no fingerprint of its inputs: to try a plan, not to pay.
    """
    collecting = gc.isenabled()
    gc.disable()  # a run makes many small records and no cycles: looking for some would double its time
    try:
        with localcontext(Context(prec=PRECISION)):
            return _Month(plan, inputs, inputs.hash if sealed else "").run()
    finally:
        if collecting:
            gc.enable()


class _Month:
    def __init__(self, plan: Plan, inputs: Inputs, seal: str) -> None:
        self.seal = seal  # of the inputs as given
        inputs = inputs.ordered()
        self.plan, self.inputs, self.month = plan, inputs, inputs.month
        self.refusals: list[Refusal] = []
        self.uses = plan.uses
        self.shares: dict[str, Decimal] = {}
        self.absent: set[str] = set()
        self.accelerators = {step.id for step in plan.steps if isinstance(step, plans.Accelerator)}
        self.found: dict[tuple[Any, ...], Decimal | None] = {}
        self.complaints: dict[str, list[Complaint]] = {}
        for complaint in inputs.complaints:
            self.complaints.setdefault(complaint.collector, []).append(complaint)
        self.supplied = {(one.scope, one.metric): one.value for one in inputs.supplied}
        remembered = inputs.remembered
        self.carried = dict(remembered.carried)
        self.moved = {one.collector: one for one in inputs.moved}
        self.previous = {(collector, name): value for collector, name, value in remembered.previous}
        clawing = any(isinstance(step, plans.Clawback) for step in plan.steps)
        self.earned: dict[str, list[Any]] = {}
        for one in remembered.earned if clawing else ():
            self.earned.setdefault(one.payment, []).append(one)
        payments = inputs.payments
        taken_back = np.flatnonzero((payments.numbers["cents"] < 0) & payments.texts["reverses"].among(self.earned))
        self.reversals = [
            (one, before, Decimal(cents).scaleb(-2))
            for one, before, cents in zip(
                payments.ids[taken_back], payments.texts["reverses"].rows()[taken_back], payments.numbers["cents"][taken_back].tolist(), strict=True
            )
        ]  # fmt: skip
        self.heads: dict[str, int] = {}

    def run(self) -> Run:
        inputs, plan = self.inputs, self.plan
        found = allocate(inputs.payments, inputs.collectors, plan, self.month, frozenset(one for one, _, _ in self.reversals))
        desks = [
            _Desk(who, found.credited.get(who.id, ()))
            for who in inputs.collectors
            if plan.takes(who.team, who.grade, who.agency) and (self.employed(who) > 0 or who.id in found.credited or who.id in self.owing())
        ]
        self.teams: dict[str, list[_Desk]] = {}
        for desk in desks:
            self.teams.setdefault(desk.who.team, []).append(desk)
            self.given(desk)
        self.heads = {name: sum(self.employed(desk.who) > 0 for desk in team) for name, team in self.teams.items()}
        for step in plan.steps:
            if isinstance(step, plans.Pool):
                for team in self.teams.values():
                    self.pool(step, team)
            elif isinstance(step, plans.Target):
                for desk in desks:
                    self.target(step, desk)
            else:
                work = _BY_STEP[type(step)]
                for desk in desks:
                    work(self, step, desk)
        lacking = any(name.startswith(plans.PREVIOUS) for name in self.uses) and not self.previous
        if self.refusals:
            raise RunRefused(dict.fromkeys(self.refusals))
        return Run(
            self.month, inputs.dataset, inputs.snapshot, inputs.as_of, inputs.currency, plan.id, plan.version, plan.hash, self.seal,
            tuple(self.statement(desk) for desk in desks), found.uncredited, found.ties,
            (
                *((("no_previous_month", f"{shifted(self.month, -1):%Y-%m}"),) if lacking else ()),
                *((("no_attendance", ", ".join(sorted(self.absent))),) if self.absent else ()),
            ),
        )  # fmt: skip

    def owing(self) -> set[str]:
        """Who has something to settle, though they left."""
        known = self.inputs.remembered
        there = {one.collector for one in known.differences} | {one.collector for one in known.adjustments}
        return there | {name for name, value in known.carried if value} | {one.collector for some in self.earned.values() for one in some}

    def statement(self, desk: _Desk) -> Statement:
        base = [ZERO] * len(desk.kinds)
        paid = [ZERO] * len(desk.kinds)
        for step, amounts in desk.earned.items():
            factor = desk.factor[step]
            accelerates = step in self.accelerators
            for at, amount in enumerate(amounts):
                if amount:
                    paid[at] += amount * factor
                    base[at] += ZERO if accelerates else amount
        credited = tuple(
            Credited(
                kind.cut, kind.cash, kind.payments, kind.shares,
                base[at] / kind.cash if kind.cash else ZERO, paid[at] / kind.cash if kind.cash else ZERO,
            )
            for at, kind in enumerate(desk.kinds)
        )  # fmt: skip
        before = desk.lines[-1].total - desk.lines[-1].amount
        return Statement(
            desk.who.id, desk.who.team, desk.who.grade, self.month, self.plan.id, self.plan.version, tuple(desk.lines), credited,
            tuple(sorted(desk.quantities.items())), before, desk.total, desk.carried,
        )  # fmt: skip

    # --- what there is before the first step ----------------------------------------------------------------------------

    def given(self, desk: _Desk) -> None:
        who = desk.who
        cash = sum((kind.cash for kind in desk.kinds), ZERO)
        desk.vectors["cash"] = [kind.cash for kind in desk.kinds]
        days = calendar.monthrange(self.month.year, self.month.month)[1]
        desk.quantities = {
            "cash": cash,
            **{name: value for name, value in self.known(who, days).items() if name in self.uses or plans.TEAM + name in self.uses},
        }
        for name in self.uses:
            if name.startswith(plans.PREVIOUS):
                desk.quantities[name] = self.previous.get((who.id, name.removeprefix(plans.PREVIOUS)), ZERO)
        step = _CASH
        count = len({one for kind in desk.kinds for one in kind.payments})
        parts = [Part(kind.cut, kind.cash, (), kind.cash, "payments", kind.payments) for kind in desk.kinds]
        desk.line(step, "cash", (Value("cash", "amount", cash), Value("count", "count", count)), rule="none", parts=parts, quantity=("cash", cash))

    def known(self, who: Collector, days: int) -> dict[str, Decimal | None]:
        """The quantities that come with the data, of one collector."""
        month_no = (self.month.year - who.hired_on.year) * 12 + self.month.month - who.hired_on.month
        trained = who.trained_on is not None and who.trained_on >= shifted(month_end(self.month), -self.plan.conduct.training_months)
        return {
            "hours": who.hours,
            "worked_days": None if who.worked_days is None else Decimal(who.worked_days),
            "leave_days": None if who.leave_days is None else Decimal(who.leave_days),
            "service_months": Decimal(max(month_no, 0)),
            "caseload": Decimal(who.case_days) / days,
            "qa_score": who.qa_score_sum / who.qa_weight_sum if who.qa_weight_sum and who.qa_score_sum is not None else None,
            "qa_reviews": Decimal(who.qa_reviews),
            "critical_reviews": Decimal(who.critical_reviews),
            "training_valid": ONE if trained else ZERO,
            "complaints_upheld": Decimal(len(self.complaints.get(who.id, ()))),
            "members": ONE if self.employed(who) else ZERO,
        }

    def employed(self, who: Collector) -> Decimal:
        """The share of the month's days that a collector was employed."""
        if who.id not in self.shares:
            first, last = self.month.replace(day=1), month_end(self.month)
            start, end = max(first, who.hired_on), min(last, who.left_on or last)
            self.shares[who.id] = Decimal(max(0, (end - start).days + 1)) / last.day
        return self.shares[who.id]

    def present(self, who: Collector) -> Decimal:
        """The share of the month employed and not on leave; without any attendance no leave is known of, which a note says."""
        share = self.employed(who)
        if who.worked_days is None or who.leave_days is None:
            if share:
                self.absent.add(who.id)
            return share
        all_days = who.worked_days + who.leave_days
        return share * who.worked_days / all_days if all_days else share

    # --- steps ----------------------------------------------------------------------------------------------------------

    def fixed(self, step: plans.Fixed, desk: _Desk) -> None:
        amount = step.table.find(_people(desk.who))
        if amount is None:
            self.refuse(step, "no_amount", f"{desk.who.team} {desk.who.grade}")
            amount = ZERO
        share = self.present(desk.who) if step.prorated else ONE
        paid = amount * share
        parts = [Part((("grade", desk.who.grade),), amount, (share,), paid)]
        if step.defines:
            desk.quantities[step.defines] = paid
        quantity = (step.defines, paid) if step.defines else None
        values = (Value("amount", "amount", amount), Value("share", "rate", share), Value("paid", "amount", paid))
        if step.pays:
            desk.line(step, "fixed_part" if step.prorated else "fixed", values, paid, parts=parts, quantity=quantity)
            desk.adds(step, paid)
        else:
            desk.line(step, "fixed_known", values, rule="none", parts=parts, quantity=quantity)

    def supply(self, step: plans.Supplied, desk: _Desk) -> None:
        value = self.looked_up(step.metric, desk.who, ("collector", "team", "all"))
        value = step.otherwise if value is None else value
        desk.quantities[step.defines] = value
        if value is None:
            desk.line(step, "unknown", (), rule="none")
        else:
            desk.line(step, "supplied", (Value("value", "number", value),), rule="none", quantity=(step.defines, value))

    def looked_up(self, metric: str, who: Collector, scopes: Iterable[str]) -> Decimal | None:
        for scope in scopes:
            name = {"collector": f"collector:{who.id}", "team": f"team:{who.team}"}.get(scope, "all")
            if (name, metric) in self.supplied:
                return self.supplied[name, metric]
        return None

    def by_kind(self, step: plans.Weigh | plans.Rate, desk: _Desk) -> tuple[list[Decimal], list[Decimal]]:
        """The value of a table for each kind of cash, and the product."""
        who = desk.who
        rates: list[Decimal] = []
        for kind in desk.kinds:
            key = (step.id, who.team, who.grade, who.agency, kind.cut)
            if key not in self.found:
                self.found[key] = step.table.find({**_people(who), **dict(kind.cut)})
            found = self.found[key]
            if found is None:
                people = _people(who)
                self.refuse(step, "no_rate", " ".join(f"{name}={value or '—'}" for name, value in (*kind.cut, *people.items())))
                found = ZERO
            rates.append(found)
        return rates, [amount * rate for amount, rate in zip(desk.vectors[step.of], rates, strict=True)]

    def weigh(self, step: plans.Weigh, desk: _Desk) -> None:
        rates, amounts = self.by_kind(step, desk)
        whole, base = sum(amounts, ZERO), sum(desk.vectors[step.of], ZERO)
        desk.vectors[step.defines], desk.quantities[step.defines] = amounts, whole
        parts = _parts(desk, desk.vectors[step.of], rates, amounts)
        values = (Value("of", "amount", base), Value("value", "amount", whole))
        desk.line(step, "weigh", values, rule="none", parts=parts, quantity=(step.defines, whole))

    def rate(self, step: plans.Rate, desk: _Desk) -> None:
        rates, amounts = self.by_kind(step, desk)
        whole, base = sum(amounts, ZERO), sum(desk.vectors[step.of], ZERO)
        desk.adds(step, whole, amounts)
        parts = _parts(desk, desk.vectors[step.of], rates, amounts)
        desk.line(step, "rate", (Value("of", "amount", base), Value("amount", "amount", whole)), whole, parts=parts)

    def sum(self, step: plans.Sum, desk: _Desk) -> None:
        parts: list[Part] = []
        for term in step.terms:
            value = desk.quantities.get(term.of) if term.of else ONE
            if value is None:
                desk.quantities[step.defines] = None
                desk.line(step, "unknown", (), rule="none")
                return
            parts.append(Part((("quantity", term.of or ""),), value, (term.times,), value * term.times))
        whole = sum((part.amount for part in parts), ZERO)
        desk.quantities[step.defines] = whole
        desk.line(step, "sum", (Value("value", "number", whole),), rule="none", parts=parts, quantity=(step.defines, whole))

    def target(self, step: plans.Target, desk: _Desk) -> None:
        who, base, source = desk.who, None, ""
        for scope in step.sources:
            value = self.looked_up(step.metric or "", who, (scope,))
            if value is not None:
                heads = self.heads[who.team] if scope == "team" else 1
                base, source = value / max(heads, 1), scope
                break
        if base is None and step.table is not None:
            base, source = step.table.find(_people(who)), "table"
        if base is None:
            if step.missing == "refuse":
                self.refuse(step, "no_target", who.id)
            desk.quantities["target"] = desk.quantities["attainment"] = None
            desk.line(step, "target_none", (), rule="none")
            return
        factors: list[tuple[str, Decimal]] = []
        if step.leave:
            factors.append(("present", self.present(who)))
        if step.caseload is not None:
            days = calendar.monthrange(self.month.year, self.month.month)[1]
            factors.append(("caseload", Decimal(who.case_days) / days / step.caseload))
        if step.ramp:
            served = (self.month.year - who.hired_on.year) * 12 + self.month.month - who.hired_on.month
            factors.append(("ramp", step.ramp[served] if 0 <= served < len(step.ramp) else ONE))
        whole = base
        for _, factor in factors:
            whole *= factor
        reached = desk.quantities.get(step.of)
        attainment = reached / whole if whole and reached is not None else None
        desk.quantities["target"], desk.quantities["attainment"] = whole, attainment
        shown = dict(factors)
        values = (
            Value("base", "amount", base), Value("source", "code", f"target_{source}"), Value("present", "rate", shown.get("present", ONE)),
            Value("caseload", "rate", shown.get("caseload", ONE)), Value("ramp", "rate", shown.get("ramp", ONE)), Value("target", "amount", whole),
            Value("reached", "amount", reached), Value("attainment", "rate", attainment),
        )  # fmt: skip
        parts = [Part((("target", source),), base, tuple(factor for _, factor in factors), whole)]
        key = "target" if attainment is not None else "target_zero"
        desk.line(step, key, values, rule="none", parts=parts, quantity=("target", whole))

    def tiers(self, step: plans.Tiers, desk: _Desk) -> None:
        base, by = self.need(step, step.of, desk), self.need(step, step.by, desk)
        if base is None or by is None:
            desk.adds(step, ZERO)
            desk.line(step, "tiers_none", ())
            return
        starts = [self.scaled(level.start, step, desk) for level in step.levels]
        parts: list[Part] = []
        if step.mode == "whole":
            reached = [at for at, start in enumerate(starts) if by >= start]
            if reached:
                level = step.levels[reached[-1]]
                parts = [Part((("from", str(starts[reached[-1]])),), base, (level.rate,), base * level.rate, "tier")]
        else:
            for at, (start, level) in enumerate(zip(starts, step.levels, strict=True)):
                end = starts[at + 1] if at + 1 < len(starts) else None
                inside = (by if end is None else min(by, end)) - start
                if at == 0 and start == 0 and by < 0:
                    inside = by
                elif inside <= 0:
                    continue
                part = inside if step.by == step.of else base * inside / by
                cut = (("from", str(start)), ("to", "" if end is None else str(end)))
                parts.append(Part(cut, part, (level.rate,), part * level.rate, "tier"))
        amount = sum((part.amount for part in parts), ZERO)
        values = (
            Value("of", "amount", base), Value("by", "rate" if step.by == "attainment" else "amount", by), Value("amount", "amount", amount),
            Value("rate", "rate", amount / base if base else None),
        )  # fmt: skip
        desk.adds(step, amount, _spread(amount, desk.vectors.get(step.of) or desk.vectors["cash"]))
        desk.line(step, f"tiers_{step.mode}", values, amount, parts=parts)

    def accelerator(self, step: plans.Accelerator, desk: _Desk) -> None:
        by, before = desk.quantities.get(step.of), desk.total
        starts = [self.scaled(level.start, step, desk) for level in step.levels]
        parts: list[Part] = []
        for at, (start, level) in enumerate(zip(starts, step.levels, strict=True)):
            end = starts[at + 1] if at + 1 < len(starts) else None
            if by is None or by <= start or by <= 0:
                continue
            inside = ((by if end is None else min(by, end)) - start) / by
            cut = (("from", str(start)), ("to", "" if end is None else str(end)))
            parts.append(Part(cut, before, (inside, level.rate - 1), before * inside * (level.rate - 1), "tier"))
        amount = sum((part.amount for part in parts), ZERO)
        earned = [ZERO] * len(desk.kinds)
        for name, amounts in desk.earned.items():
            earned = [one + more * desk.factor[name] for one, more in zip(earned, amounts, strict=True)]
        share = amount / before if before else ZERO
        desk.adds(step, amount, [one * share for one in earned])
        values = (Value("by", "rate", by), Value("before", "amount", before), Value("amount", "amount", amount))
        desk.line(step, "accelerator" if parts else "accelerator_none", values, amount, parts=parts)

    def gate(self, step: plans.Gate, desk: _Desk) -> None:
        value = self.quantity(step.on, desk)
        factor = step.missing if value is None else next(band.factor for band in step.bands if band.fits(value))
        names = step.only or tuple(desk.added)
        before = sum((desk.added[name] * desk.factor[name] for name in names), ZERO) if step.only else desk.total
        amount = before * (factor - 1)
        for name in names:
            desk.factor[name] *= factor
        values = (
            Value("what", "quantity", step.on), Value("on", "rate" if step.on.endswith("attainment") else "number", value),
            Value("factor", "rate", factor), Value("before", "amount", before),
        )  # fmt: skip
        key = "gate_unknown" if value is None else "gate_open" if factor == 1 else "gate"
        parts = [Part((("gate", step.on),), before, (factor - 1,), amount)]
        desk.line(step, key, values, amount, parts=parts)

    def bands(self, step: plans.Bands, desk: _Desk) -> None:
        value = self.quantity(step.on, desk)
        factor = step.missing if value is None else next(band.factor for band in step.bands if band.fits(value))
        base = self.scaled(step.amount, step, desk)
        paid = base * factor
        desk.adds(step, paid)
        values = (
            Value("what", "quantity", step.on), Value("on", "rate" if step.on.endswith("attainment") else "number", value),
            Value("factor", "rate", factor), Value("base", "amount", base),
        )  # fmt: skip
        key = "bands_unknown" if value is None else "bands"
        desk.line(step, key, values, paid, parts=[Part((("band", step.on),), base, (factor,), paid)])

    def limit(self, step: plans.Limit, desk: _Desk) -> None:
        before = desk.total
        if step.most is not None:
            at = self.scaled(step.most, step, desk)
            amount, rule, key = min(ZERO, at - before), "min", "cap"
        else:
            at = self.scaled(step.least or Scaled(ZERO), step, desk)
            amount, rule, key = max(ZERO, at - before), "max", "floor"
        values = (Value("limit", "amount", at), Value("before", "amount", before))
        if amount < 0 and before:
            for name in desk.factor:
                desk.factor[name] *= at / before
        desk.line(step, key if amount else f"{key}_idle", values, amount, rule=rule)

    def pool(self, step: plans.Pool, team: list[_Desk]) -> None:
        whole = self.scaled(step.amount, step, team[0])
        value = self.quantity(step.on, team[0]) if step.on else None
        factor = ONE if not step.bands else ZERO if value is None else next(band.factor for band in step.bands if band.fits(value))
        present = [desk for desk in team if self.employed(desk.who) > 0]
        weights = [(desk.quantities.get(step.share) or ZERO) if step.share != "equal" else ONE for desk in present]
        parts_of = sum(weights, ZERO)
        found = {desk.who.id: weight for desk, weight in zip(present, weights, strict=True)}
        for desk in team:
            weight = found.get(desk.who.id, ZERO)
            amount = whole * factor * weight / parts_of if parts_of else ZERO
            desk.adds(step, amount)
            part = Part((("team", desk.who.team),), whole, (factor, weight / parts_of if parts_of else ZERO), amount, "share")
            values = (
                Value("pool", "amount", whole), Value("factor", "rate", factor), Value("on", "rate", value),
                Value("share", "rate", weight / parts_of if parts_of else ZERO),
            )  # fmt: skip
            desk.line(step, "pool" if factor else "pool_shut", values, amount, parts=[part])

    def deduct(self, step: plans.Deduct, desk: _Desk) -> None:
        parts: list[Part] = []
        for one in self.complaints.get(desk.who.id, ()):
            of = {"category": one.category, "severity": one.severity, "channel": one.channel}
            fit = [charge for charge in step.charges if all(of[name] == value for name, value in charge.cut)]
            if fit:
                cost = max(fit, key=lambda charge: len(charge.cut)).amount
                parts.append(Part(tuple(of.items()), cost, (-ONE,), -cost, "complaints", (one.id,)))
        amount = sum((part.amount for part in parts), ZERO)
        values = (Value("count", "count", len(parts)), Value("taken", "amount", -amount))
        desk.line(step, "deduct" if parts else "deduct_none", values, amount, parts=parts)

    def clawback(self, step: plans.Clawback, desk: _Desk) -> None:
        parts: list[Part] = []
        for identifier, payment, taken in self.reversals:
            for one in self.earned[payment]:
                if one.collector == desk.who.id:
                    rate = one.base_rate if step.at == "base" else one.paid_rate
                    cut = (("month", f"{one.month:%Y-%m}"), ("payment", payment))
                    parts.append(Part(cut, taken * one.share, (rate,), taken * one.share * rate, "reversals", (identifier,)))
        amount = sum((part.amount for part in parts), ZERO)
        reversed_cash = sum((part.base for part in parts), ZERO)
        values = (Value("count", "count", len(parts)), Value("cash", "amount", -reversed_cash), Value("taken", "amount", -amount))
        desk.line(step, "clawback" if parts else "clawback_none", values, amount, parts=parts)

    def corrections(self, step: plans.Corrections, desk: _Desk) -> None:
        mine = [one for one in self.inputs.remembered.differences if one.collector == desk.who.id]
        parts = [
            Part((("month", f"{one.month:%Y-%m}"), ("paid", str(one.paid)), ("due", str(one.due))), one.due - one.paid, (), one.due - one.paid)
            for one in mine
        ]  # fmt: skip
        amount = sum((part.amount for part in parts), ZERO)
        key = "corrections" if parts else "corrections_none"
        desk.line(step, key, (Value("count", "count", len(parts)), Value("amount", "amount", amount)), amount, parts=parts)

    def adjustments(self, step: plans.Adjustments, desk: _Desk) -> None:
        mine = [one for one in self.inputs.remembered.adjustments if one.collector == desk.who.id]
        parts = [
            Part((("kind", one.kind), ("author", one.author), ("reason", one.reason)), one.amount, (), one.amount, "adjustments", (one.id,))
            for one in mine
        ]
        amount = sum((part.amount for part in parts), ZERO)
        key = "adjustments" if parts else "adjustments_none"
        desk.line(step, key, (Value("count", "count", len(parts)), Value("amount", "amount", amount)), amount, parts=parts)

    def carry(self, step: plans.Carry, desk: _Desk) -> None:
        brought = self.carried.get(desk.who.id, ZERO)
        draw = self.scaled(step.draw, step, desk) if self.employed(desk.who) else ZERO
        due = desk.total + brought
        paid = max(due, draw)
        desk.carried = due - paid
        values: tuple[Value, ...] = (
            Value("brought", "amount", brought), Value("draw", "amount", draw), Value("before", "amount", desk.total),
            Value("carried", "amount", desk.carried),
        )  # fmt: skip
        key, cut = "carry_to" if desk.carried else "carry_from" if brought else "carry_none", [("balance", "brought")]
        if brought and (moved := self.moved.get(desk.who.id)) is not None:
            key, month = f"{key}_moved", f"{moved.month:%Y-%m}"
            values = (*values, Value("plan", "text", moved.plan), Value("month", "text", month))
            cut += [("plan", moved.plan), ("month", month)]
        desk.line(step, key, values, paid - desk.total, rule="carry", parts=[Part(tuple(cut), brought, (), brought)])

    def round(self, step: plans.Round, desk: _Desk) -> None:
        before = desk.total
        paid = (before / step.to).quantize(ONE, plans.ROUNDINGS[step.rule]) * step.to
        values = (Value("before", "amount", before), Value("rule", "code", f"round_{step.rule}"), Value("to", "number", step.to))
        desk.line(step, "round", values, rule="round")
        last = desk.lines.pop()
        desk.total = paid
        desk.lines.append(last._replace(amount=paid - before, total=paid))

    # --- values -----------------------------------------------------------------------------------------------------------

    def quantity(self, name: str, desk: _Desk) -> Decimal | None:
        """A quantity of a collector, or of their team (the sum; an attainment is the ratio of sums)."""
        if not name.startswith(plans.TEAM):
            return desk.quantities.get(name)
        bare, team = name.removeprefix(plans.TEAM), self.teams[desk.who.team]
        if bare == "attainment":
            of = next(step.of for step in self.plan.steps if isinstance(step, plans.Target))
            asked = sum((one.quantities["target"] or ZERO for one in team), ZERO)
            return sum((one.quantities.get(of) or ZERO for one in team), ZERO) / asked if asked else None
        return sum((one.quantities.get(bare) or ZERO for one in team), ZERO)

    def need(self, step: Step, name: str, desk: _Desk) -> Decimal | None:
        value = self.quantity(name, desk)
        if value is None and not (name == "attainment" or name.startswith(plans.PREVIOUS)):
            self.refuse(step, "no_value", f"{name} {desk.who.id}")
        return value

    def scaled(self, given: Scaled, step: Step, desk: _Desk) -> Decimal:
        if given.of is None:
            return given.times
        value = self.quantity(given.of, desk)
        if value is None:
            self.refuse(step, "no_value", f"{given.of} {desk.who.id}")
            return ZERO
        return given.times * value

    def refuse(self, step: Step, code: str, subject: str) -> None:
        self.refusals.append(Refusal(step.id, code, subject))


#: What each kind of step does at one desk. Not kept in the month itself: it would hold itself, and all it made, until garbage is looked for.
_BY_STEP: dict[type[Step], Callable[[_Month, Any, _Desk], None]] = {
    plans.Fixed: _Month.fixed,
    plans.Supplied: _Month.supply,
    plans.Weigh: _Month.weigh,
    plans.Rate: _Month.rate,
    plans.Sum: _Month.sum,
    plans.Tiers: _Month.tiers,
    plans.Accelerator: _Month.accelerator,
    plans.Gate: _Month.gate,
    plans.Bands: _Month.bands,
    plans.Limit: _Month.limit,
    plans.Deduct: _Month.deduct,
    plans.Clawback: _Month.clawback,
    plans.Corrections: _Month.corrections,
    plans.Adjustments: _Month.adjustments,
    plans.Carry: _Month.carry,
    plans.Round: _Month.round,
}

_CASH = plans.Sum(id="cash", label=(("en", "Cash credited"), ("zh", "计入回款")), defines="cash", terms=())


def _people(who: Collector) -> dict[str, str]:
    return {"team": who.team, "grade": who.grade, "agency": who.agency}


def _parts(desk: _Desk, bases: Sequence[Decimal], rates: Sequence[Decimal], amounts: Sequence[Decimal]) -> list[Part]:
    return [
        Part(kind.cut, base, (rate,), amount, "payments", kind.payments)
        for kind, base, rate, amount in zip(desk.kinds, bases, rates, amounts, strict=True)
    ]


def _spread(amount: Decimal, over: Sequence[Decimal]) -> list[Decimal]:
    """An amount shared in proportion."""
    whole = sum(over, ZERO)
    return [amount * one / whole for one in over] if whole else [ZERO] * len(over)
