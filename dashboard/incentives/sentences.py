"""Pay in words, English and Chinese: a statement's lines, a plan's steps in order, refusals; no Streamlit, computes nothing that is paid."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from dashboard import formats
from dashboard.incentives import plan as plans
from dashboard.incentives.cliffs import Cliff
from dashboard.incentives.engine import Refusal
from dashboard.incentives.ledger import Refused, Tampering
from dashboard.incentives.looks import Look
from dashboard.incentives.plan import Band, Level, Plan, Scaled, Step
from dashboard.incentives.statement import Line, Value
from dashboard.words import has, listed, word

#: A rate is written with as many decimals as it has, up to these.
DECIMALS = 4


def line(given: Line, lang: str, currency: str, plan: Plan | None = None) -> str:
    """What a line says; with its plan, quantities the plan names are called as it calls them."""
    return word(given.key, lang, **{value.name: shown(value, lang, currency, plan) for value in given.values})


def shown(value: Value, lang: str, currency: str, plan: Plan | None = None) -> str:
    """A value as it is written; unknown ones as a dash."""
    if value.value is None:
        return "—"
    if value.kind == "amount":
        return formats.full_amount(value.value, currency)
    if value.kind == "rate":
        return percent(Decimal(value.value))
    if value.kind == "code":
        return code(str(value.value), lang)
    if value.kind == "quantity":
        return quantity(str(value.value), lang, plan)
    if value.kind in ("number", "count"):
        return trimmed(Decimal(value.value))
    return str(value.value)


def percent(value: Decimal) -> str:
    """A rate with as many decimals as it needs: 0.4%, 111%, 95.4545%."""
    return f"{trimmed(value * 100)}%"


def trimmed(value: Decimal) -> str:
    """A number without decimals it doesn't need."""
    text = formats.fixed(value, DECIMALS)
    return text.rstrip("0").rstrip(".") if "." in text else text


def code(name: str, lang: str) -> str:
    """A code's words: a reason, a source, a rounding; the code itself where it comes from data."""
    return word(f"pay_code.{name}", lang) if has(f"pay_code.{name}") else name


def quantity(name: str, lang: str, plan: Plan | None = None) -> str:
    """What a quantity is called: its step's label where a plan defines it."""
    for prefix, key in ((plans.TEAM, "pay_quantity.of_team"), (plans.PREVIOUS, "pay_quantity.of_previous")):
        if name.startswith(prefix):
            return word(key, lang, name=quantity(name.removeprefix(prefix), lang, plan))
    if has(f"pay_quantity.{name}"):
        return word(f"pay_quantity.{name}", lang)
    for step in plan.steps if plan else ():
        if name in plans.defined_by(step):
            return step.name(lang)
    return name


def order(plan: Plan, lang: str, currency: str) -> list[tuple[int, str, str]]:
    """The plan's steps in the order they work: number, label, what it does."""
    return [(number, step.name(lang), step_says(step, plan, lang, currency)) for number, step in enumerate(plan.steps, start=1)]


def step_says(step: Step, plan: Plan, lang: str, currency: str) -> str:
    """What a step does, with its figures."""

    def of(name: str) -> str:
        return quantity(name, lang, plan)

    def scaled(given: Scaled) -> str:
        return formats.full_amount(given.times, currency) if given.of is None else f"{trimmed(given.times)} × {of(given.of)}"

    key, values = step.kind, dict[str, str]()
    match step:
        case plans.Fixed():
            values = {"what": step.name(lang)}
            key = "fixed" if step.pays else "fixed_known"
        case plans.Supplied():
            values = {"what": step.metric}
        case plans.Weigh():
            values = {"of": of(step.of), "what": of(step.defines)}
        case plans.Rate() | plans.Target():
            values = {"of": of(step.of)}
        case plans.Sum():
            terms = [f"{trimmed(term.times)} × {of(term.of)}" if term.of else trimmed(term.times) for term in step.terms]
            values = {"what": of(step.defines), "terms": " + ".join(terms)}
        case plans.Tiers():
            key = f"tiers_{step.mode}"
            money = step.by != "attainment"
            values = {"of": of(step.of), "by": of(step.by), "levels": _levels(step.levels, lang, currency, plan, money, True)}
        case plans.Accelerator():
            values = {"of": of(step.of), "levels": _levels(step.levels, lang, currency, plan, step.of != "attainment", False)}
        case plans.Gate():
            only = listed([plan.step(name).name(lang) for name in step.only], lang) if step.only else word("pay_step.all", lang)
            values = {"on": of(step.on), "only": only, "bands": _bands(step.bands, lang)}
        case plans.Bands():
            values = {"on": of(step.on), "amount": scaled(step.amount), "bands": _bands(step.bands, lang)}
        case plans.Limit():
            key = "cap" if step.most is not None else "floor"
            values = {"amount": scaled(step.most or step.least or Scaled(Decimal(0)))}
        case plans.Pool():
            key = "pool_on" if step.on else "pool"
            share = word("pay_step.equal", lang) if step.share == "equal" else of(step.share)
            values = {"amount": scaled(step.amount), "share": share, "on": of(step.on or ""), "bands": _bands(step.bands, lang)}
        case plans.Deduct():
            charges = [
                f"{' '.join(value for _, value in one.cut) or word('pay_step.any', lang)} {formats.full_amount(one.amount, currency)}"
                for one in step.charges
            ]
            values = {"charges": listed(charges, lang)}
        case plans.Clawback():
            key = f"clawback_{step.at}"
        case plans.Carry():
            values = {"amount": scaled(step.draw)}
        case plans.Round():
            values = {"rule": code(f"round_{step.rule}", lang), "to": trimmed(step.to)}
    return word(f"pay_step.{key}", lang, **values)


def _levels(levels: Iterable[Level], lang: str, currency: str, plan: Plan, money: bool, rates: bool) -> str:
    said = []
    for level in levels:
        if level.start.of is not None:
            start = f"{trimmed(level.start.times)} × {quantity(level.start.of, lang, plan)}"
        else:
            start = formats.full_amount(level.start.times, currency) if money else percent(level.start.times)
        said.append(f"{word('pay_step.from', lang, start=start)} {percent(level.rate) if rates else f'× {trimmed(level.rate)}'}")
    return listed(said, lang)


def _bands(bands: Iterable[Band], lang: str) -> str:
    said = []
    for band in bands:
        where = word(f"pay_step.{band.compare}", lang, edge=trimmed(band.edge)) if band.compare else word("pay_step.rest", lang)
        said.append(f"{where} × {trimmed(band.factor)}")
    return listed(said, lang)


def refused(given: Refusal, plan: Plan, lang: str) -> str:
    """Why a month can't be run."""
    return word(f"pay_refused.{given.code}", lang, step=plan.step(given.step).name(lang), subject=given.subject)


def status(name: str, lang: str) -> str:
    """Where a run or a dispute stands."""
    return word(f"pay_status.{name}", lang)


def look(given: Look, lang: str) -> str:
    """Who saw whose statement, and how."""
    return f"{given.who}: {given.collector} {word(f'pay_look.{given.form}', lang)}"


def refusal(given: Refused, lang: str) -> str:
    """What the ledger doesn't let happen, and why."""
    values = dict(given.values)
    for name in ("status", "needed"):
        if name in values:
            values[name] = status(str(values[name]), lang)
    if "rights" in values:
        values["rights"] = listed([status(right, lang) for right in str(values["rights"]).split(", ")], lang)
    return word(f"pay_ledger.{given.code}", lang, **values)


def tampering(given: Tampering, lang: str) -> str:
    """What is stored otherwise than it was written."""
    return word(f"pay_tampering.{given.code}", lang, run="—" if given.run is None else given.run, entry=given.entry or "—")


def cliff(given: Cliff, plan: Plan, lang: str, currency: str) -> str:
    """Where pay jumps, and by how much."""
    name = plan.step(given.step).name(lang)
    if given.of is not None:
        edge = percent(given.edge) if given.by == "attainment" else trimmed(given.edge)
        if given.by == next((step.of for step in plan.steps if isinstance(step, plans.Tiers) and step.id == given.step), None):
            edge = f"{trimmed(given.edge)} × {quantity(given.of, lang, plan)}"
        return word("pay_cliff.scaled", lang, step=name, by=quantity(given.by, lang, plan), edge=edge, jump=percent(given.jump))
    return word(
        "pay_cliff.plain", lang, step=name, by=quantity(given.by, lang, plan), edge=formats.full_amount(given.edge, currency),
        jump=formats.full_amount(given.jump, currency),
    )  # fmt: skip


def different(run: int, lang: str) -> str:
    """That a stored run doesn't come out again."""
    return word("pay_verify.different", lang, run=run)


def verified(count: int, lang: str) -> str:
    """That everything stored is as it was written."""
    return word("pay_verify.sound", lang, count=count)


def note(given: tuple[str, str], lang: str) -> str:
    """What to know of a run: a code, and what it is about."""
    about = formats.day(date.fromisoformat(given[1]), lang) if given[0] == "before_cutoff" else given[1]
    return f"{code(given[0], lang)} ({about})"
