"""What pages and documents of pay say beside a statement's own lines: of what a part is, a summary, marks, ties; knows no Streamlit, no data."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from dashboard import formats, naming
from dashboard.filters import month_end
from dashboard.incentives import sentences
from dashboard.incentives.fairness import Follows, Lean
from dashboard.incentives.ledger import Entry
from dashboard.incentives.plan import Plan
from dashboard.incentives.statement import Line, Part, Run, Statement
from dashboard.incentives.whatif import Ahead, Field, Outcome
from dashboard.metrics import dimensions
from dashboard.words import has, listed, word

#: Cuts that carry a value of the registry's dimensions.
DIMENSIONS = {"bucket": "bucket", "product": "product", "team": "team", "placement": "placement_number", "method": "method"}
#: What is smaller than half of it isn't drawn.
CENT = Decimal("0.01")
#: Quantities that are money, and those that are shares.
AMOUNTS, SHARES = frozenset({"cash", "credited", "fees", "target"}), frozenset({"attainment"})


def cut_value(name: str, text: str, lang: str) -> str:
    """A kind of cash's value as read."""
    return naming.value(DIMENSIONS[name], text, lang) if name in DIMENSIONS else sentences.code(text, lang)


def kind(cut: Iterable[tuple[str, str]], lang: str) -> str:
    """A kind of cash as read: M1 · Card."""
    return " · ".join(cut_value(name, text, lang) for name, text in cut)


def of(part: Part, line: Line, plan: Plan, lang: str, currency: str) -> str:
    """What a part of a line is of: M1 · Card, ¥200,000 – ¥400,000, the quality score."""
    edges = dict(part.cut)
    if "from" in edges:
        by_rate = line.step_kind == "accelerator" or any(one.name == "by" and one.kind == "rate" for one in line.values)
        said = [_edge(edge, by_rate, currency) for edge in (edges["from"], edges.get("to")) if edge]
        return " – ".join(said) if len(said) > 1 else word("pay.from_on", lang, edge=said[0])
    said = [_cut(name, text, plan, lang, currency) for name, text in part.cut]
    ids = part.ids if part.kind in ("reversals", "complaints", "adjustments") else ()
    return " · ".join(filter(None, (*said, *ids)))


def _edge(edge: str, by_rate: bool, currency: str) -> str:
    return sentences.percent(Decimal(edge)) if by_rate else formats.full_amount(Decimal(edge), currency)


def _cut(name: str, text: str, plan: Plan, lang: str, currency: str) -> str:
    match name:
        case "gate" | "band" | "quantity":
            return sentences.quantity(text, lang, plan) if text else word("pay.amount_itself", lang)
        case "paid" | "due":
            return word(f"pay_cut.{name}", lang, amount=formats.full_amount(Decimal(text), currency))
        case "target":
            return sentences.code(f"target_{text}", lang)
        case "balance":
            return word("pay.brought", lang)
        case "month":
            return formats.month(date.fromisoformat(f"{text}-01"), lang)
        case "kind":
            return adjustment(text, lang)
        case "author" | "payment" | "plan":
            return word(f"pay_cut.{name}", lang, text=text)
    return cut_value(name, text, lang)


def adjustment(name: str, lang: str) -> str:
    """What an adjustment is."""
    return word(f"pay_adjust.{name}", lang) if has(f"pay_adjust.{name}") else name


def factors(part: Part) -> str:
    """How a part comes about: × 75% × 1.2."""
    return " ".join(f"× {sentences.percent(factor)}" for factor in part.factors)


def quantity(name: str, found: Decimal | None, currency: str) -> str:
    """A quantity's value as read, by what it is."""
    if found is None:
        return formats.MISSING
    if name in AMOUNTS:
        return formats.full_amount(found, currency)
    return sentences.percent(found) if name in SHARES else sentences.trimmed(found)


def summary(statement: Statement, lang: str, currency: str) -> str:
    """A statement in one sentence or two."""
    said = word(
        "pay.summary", lang, month=formats.month(statement.month, lang), amount=formats.full_amount(statement.amount, currency),
        cash=formats.full_amount(statement.quantity("cash"), currency), n=formats.count(len(statement.payments())),
    )  # fmt: skip
    if statement.carried:
        said += word("pay.summary_carried", lang, amount=formats.full_amount(statement.carried, currency))
    return said


def waterfall(statement: Statement, plan: Plan, lang: str) -> list[tuple[str, Decimal, bool]]:
    """A statement's steps of money: name, signed amount, whether it is the total."""
    moving = [(step(plan, one.step, lang), one.amount, False) for one in statement.lines if abs(one.amount) >= CENT / 2]
    return [*moving, (word("pay.paid", lang), statement.amount, True)]


def step(plan: Plan, identifier: str, lang: str) -> str:
    """A step's label; cash stands before the first step."""
    return word("pay.cash_step", lang) if identifier == "cash" else plan.step(identifier).name(lang)


def mark(state: str, month: date, as_of: date, lang: str) -> str:
    """What must be said loudly over a statement that isn't final; "" for a final one."""
    if state == "estimate":
        name = "open" if as_of < month_end(month) else "unprepared"
        return word(f"pay.mark_{name}", lang, day=formats.day(as_of, lang))
    return word(f"pay.mark_{state}", lang) if has(f"pay.mark_{state}") else ""


def tied(run: Run, lang: str, currency: str) -> str:
    """Whether a run's cash adds up to net cash, team by team."""
    off = [one.team for one in run.ties if one.difference]
    if off:
        return word("pay.untied", lang, teams=listed(off, lang))
    cash = formats.full_amount(sum((one.net_cash for one in run.ties), Decimal(0)), currency)
    return word("pay.tied", lang, cash=cash, n=formats.count(len(run.ties)))


def field(one: Field, plan: Plan, lang: str) -> str:
    """A figure of a plan's text by name, with the rest of its row: rate · bucket M2."""
    parts = [_field_part(part, plan, lang) for part in re.split(r",(?![^\[]*\])", one.row) if part.strip()]
    return " · ".join([word(f"draft_field.{one.name}", lang), *parts])


def _field_part(part: str, plan: Plan, lang: str) -> str:
    """One name = value of a row, in words."""
    name, _, text = (side.strip() for side in part.partition("="))
    values = [value.strip().strip('"') for value in text.strip("[]").split(",")]
    if name == "of":
        return sentences.quantity(values[0], lang, plan)
    if has(f"draft_field.{name}"):
        return f"{word(f'draft_field.{name}', lang)} {values[0]}"
    said = listed([cut_value(name, value, lang) for value in values], lang)
    if name in ("bucket", "product"):
        return said
    head = dimensions()[DIMENSIONS[name]].label[lang] if name in DIMENSIONS else word(f"draft_cut.{name}", lang)
    return f"{head} {said}"


def figures(changed: Sequence[tuple[Field, str]], plan: Plan, lang: str) -> list[dict[str, str]]:
    """Figures of a plan that are otherwise in another, as rows."""
    return [{"step": step(plan, one.step, lang), "figure": field(one, plan, lang), "before": one.value, "after": now} for one, now in changed]


def steps(before: Plan, after: Plan, lang: str, currency: str) -> list[dict[str, str | None]]:
    """Two plans step by step, in the order of the second; what only the first has stands last."""
    says: list[dict[str, tuple[str, str]]] = []
    for plan in (before, after):
        told = sentences.order(plan, lang, currency)
        says.append({one.id: (label, text) for one, (_, label, text) in zip(plan.steps, told, strict=True)})
    first, second = says
    names = [*second, *(name for name in first if name not in second)]
    return [
        {
            "step": (second.get(name) or first[name])[0], "before": first[name][1] if name in first else None,
            "after": second[name][1] if name in second else None,
        }
        for name in names
    ]  # fmt: skip


def happened(entry: Entry, lang: str) -> str:
    """What an entry of the ledger tells."""
    return word(f"pay_entry.{entry.kind}", lang) if has(f"pay_entry.{entry.kind}") else sentences.status(entry.kind, lang)


def detail(entry: Entry, lang: str, currency: str) -> str:
    """What an entry says besides: its reason or text, its amount, the file made."""
    body = entry.body
    said = [str(body[name]) for name in ("text", "reason", "note") if body.get(name)]
    if "total" in body:
        said.append(formats.full_amount(Decimal(body["total"]), currency))
    if "sha256" in body:
        said.append(f"{body['name']} {body['sha256'][:16]}")
    return " · ".join(said)


# --- plans side by side -----------------------------------------------------------------------------------------------


def paid_otherwise(before: Outcome, after: Outcome, lang: str, currency: str) -> str:
    """What the other plan pays instead."""
    change = after.total - before.total
    said = {"before": formats.full_amount(before.total, currency), "after": formats.full_amount(after.total, currency)}
    if not change:
        return word("whatif.same_total", lang, **said)
    said["change"] = formats.change(change / before.total) if before.total else formats.MISSING
    cost = {"cost_before": formats.rate(before.cost), "cost_after": formats.rate(after.cost)}
    return word("whatif.more" if change > 0 else "whatif.less", lang, **said, **cost)


def who_gains(rows: Sequence[Mapping[str, Any]], lang: str, currency: str) -> str:
    """How many gain, lose and stay, and by how much at most."""
    gains, losses = [row for row in rows if row["change"] > 0], [row for row in rows if row["change"] < 0]
    if not gains and not losses:
        return word("whatif.nobody", lang, n=formats.count(len(rows)))
    text = word("whatif.gain_lose", lang, gain=len(gains), lose=len(losses), stay=len(rows) - len(gains) - len(losses))
    most = max((row["change"] for row in gains), default=Decimal(0)), min((row["change"] for row in losses), default=Decimal(0))
    return text + word("whatif.at_most", lang, gain=formats.full_amount(most[0], currency), lose=formats.full_amount(-most[1], currency))


def spread(before: Outcome, after: Outcome, lang: str, currency: str) -> str:
    """The middle and the ends of both."""

    def ends(outcome: Outcome) -> tuple[str, str, str]:
        ordered = sorted(outcome.amounts()) or [Decimal(0)]
        at = [ordered[round(share * (len(ordered) - 1))] for share in (0.1, 0.5, 0.9)]
        low, middle, high = (formats.full_amount(value, currency) for value in at)
        return low, middle, high

    first, second = ends(before), ends(after)
    if first == second:
        return word("whatif.spread_same", lang, low=first[0], middle=first[1], high=first[2])
    names = ("low", "middle", "high")
    return word("whatif.spread_found", lang, **dict(zip(names, first, strict=True)), **{f"{n}_after": v for n, v in zip(names, second, strict=True)})


def cliffs(rows: Sequence[Mapping[str, Any]], names: Sequence[str], lang: str, currency: str) -> str:
    """Whether one cent moves pay by a jump, and the largest."""
    if not rows:
        return word("whatif.cliffs_none", lang)
    worst = max(rows, key=lambda row: abs(row["jump"]))
    at, jump = formats.full_amount(worst["cash_at"], currency), formats.full_amount(worst["jump"], currency)
    return word("whatif.cliffs_found", lang, n=formats.count(len(rows)), plan=worst["plan"], at=at, jump=jump)


def ahead(now: Sequence[Ahead], was: Sequence[Ahead], budget: float | None, lang: str, currency: str) -> str:
    """What the months to come would cost, and against a budget a month."""
    paid, low, high = (sum(getattr(one, name) for one in now) for name in ("paid", "low", "high"))
    before = sum(one.paid for one in was)
    said = {name: formats.amount(value, currency, lang) for name, value in (("paid", paid), ("low", low), ("high", high), ("before", before))}
    text = word("whatif.ahead_found", lang, first=formats.month(now[0].month, lang), last=formats.month(now[-1].month, lang), **said)
    if not budget:
        return text
    whole = budget * len(now)
    where = "over" if low > whole else "within" if high <= whole else "maybe"
    return text + word(f"whatif.budget_{where}", lang, budget=formats.amount(whole, currency, lang))


# --- fair, and leaning ------------------------------------------------------------------------------------------------


def follows(found: Follows, lang: str) -> str:
    """What differences in pay go with most."""
    first = max(found.shares, key=found.shares.__getitem__)
    shares = {name: formats.rate(size) for name, size in found.shares.items()}
    return word(f"fair.found_{first}", lang, **shares)


def ranks(found: Follows, lang: str) -> str:
    """The rank correlations with their intervals."""

    def read(values: tuple[float, float, float]) -> str:
        middle, low, high = (formats.number(value) for value in values)
        return word("fair.rank", lang, rho=middle, low=low, high=high)

    said = {"n": len(found.workers), "performance": read(found.performance), "files": read(found.files), "lasting": formats.rate(found.lasting)}
    return word("fair.ranks", lang, **said)


def lean(found: Lean, lang: str) -> str:
    """One check: the count, and what chance alone would bring."""
    said = {"n": formats.count(found.count), "of": formats.count(found.of), "expected": formats.number(found.expected, 1)}
    said |= {"low": formats.number(found.low, 1), "high": formats.number(found.high, 1)}
    if not found.of:
        return word(f"lean.{found.name}_nothing", lang)
    return word(f"lean.{found.name}_{'unusual' if found.unusual else 'usual'}", lang, **said)


def caution(found: Lean, lang: str, names: Mapping[str, str]) -> str:
    """What a check can't say, and whom it points to, if anybody."""
    text = word(f"lean.{found.name}_caution", lang)
    if not found.people:
        return f"{text} {word('lean.nobody', lang)}"
    said = [f"{names.get(row['collector'], row['collector'])} ({row['count']} / {formats.number(row['expected'], 1)})" for row in found.people[:5]]
    return f"{text} {word('lean.people', lang, names=listed([formats.plain(one) for one in said], lang))}"
