"""The page of one collector: who is meant, and each panel's rows. A collector sees their own figures and of the others only how many lie where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from dashboard import desks, formats, naming, ui
from dashboard.access import LOCAL
from dashboard.collectors import people, performance
from dashboard.collectors.people import Step
from dashboard.collectors.performance import Performance
from dashboard.desks import Desks
from dashboard.downloads import Column
from dashboard.filters import Filters, month_end
from dashboard.formats import plain
from dashboard.frame import own
from dashboard.metrics import metrics
from dashboard.warehouse import Warehouse

#: Whose cash it is, by rule (queries/reports/credits.sql); the first is what every figure here goes by.
RULES = ("value_date", "promise", "contact", "split")
#: How long before a payment a promise, a talk or a handover counts: settings in the link, the first unless told.
DAYS = ("30", "7", "14", "60")
#: What funnel steps are counted by.
COUNTS = {
    "calls": "collector_calls",
    "right_parties": "collector_right_parties",
    "promises": "promises_made",
    "kept": "kept_promises",
}


@dataclass(frozen=True)
class Who:
    """The collector on the page: id, and what they are called there."""

    id: str
    name: str


def chosen() -> Who | None:
    """The collector that the link names, else the first; only themselves for a collector. Raises NotSupplied, NothingLeft."""
    at, lang = ui.frame(), ui.lang()
    ui.supplied("assignments|collectors")
    known = desks.known_people()
    held = at.warehouse.values("collector", at.scope) if at.warehouse.supplied("assignments") else []
    everyone = sorted({*known, *(one for one in held if one != "house")})
    seen = people.visible(known, everyone, at.scope, ui.view_filters().chosen("team"))
    if at.scope.collector is not None:
        return Who(at.scope.collector, ui.say("team.you"))
    if not seen:
        raise ui.NothingLeft
    seen.sort(key=lambda one: (one in known and known[one].left_on is not None, one))  # those still there first
    named = people.labels(known, seen, at.scope, lang)
    unknown = ui.say("collector.unknown", id=plain(next(iter(own("collector")), "")[:60]))
    one = ui.option("collector", named, ui.say("team.who"), listed=True, unknown=unknown)
    return Who(one, named[one])


def standing(mine: Performance | None, name: str) -> str:
    """Where the collector stands, in one sentence."""
    if mine is None or mine.shrunk is None:
        return ui.say("collector.too_little", name=plain(name))
    side = "above" if (mine.shrunk_low or 0) > 1 else "below" if (mine.shrunk_high or 2) < 1 else "level"
    figures = {"ratio": formats.number(mine.ratio), "low": formats.number(mine.low), "high": formats.number(mine.high)}
    return ui.say(f"collector.stands_{side}", name=plain(name), **figures)


def facts(mine: Performance) -> list[tuple[str, str | None]]:
    """The collector's figures on one line."""
    number = formats.number
    believed = f"{number(mine.shrunk)} ({number(mine.shrunk_low)}–{number(mine.shrunk_high)})" if mine.shrunk is not None else None
    return [
        (ui.say("team.ratio"), f"{number(mine.ratio)} ({number(mine.low)}–{number(mine.high)})"),
        (ui.say("team.shrunk"), believed),
        (ui.say("team.top"), formats.rate(mine.top) if mine.top is not None else None),
        (ui.say("team.cases"), formats.count(mine.cases)),
    ]


def by_month(found: Desks, who: str) -> list[tuple[date, Performance | None]]:
    """The collector's own figures in each month tallied."""
    return [(month, performance.summed(found.tallies, (month,), found.adjusted.outcome, only=who).of(who)) for month in found.tallies.months]


def run(rows: Sequence[tuple[date, Performance | None]]) -> str | None:
    """How many of the months lie surely above or below 1."""
    kept = [one for _, one in rows if one is not None]
    if not kept:
        return None
    return ui.say("collector.trend_found", n=len(kept), above=sum(one.low > 1 for one in kept), below=sum(one.high < 1 for one in kept))


def months(rows: Sequence[tuple[date, Performance | None]]) -> list[dict[str, Any]]:
    """The collector's months as rows."""
    return [
        {
            "month": month, "cases": one.cases, "observed": round(one.observed, 2), "expected": round(one.expected, 2), "ratio": one.ratio,
            "low": one.low, "high": one.high,
        }
        for month, one in rows
        if one is not None
    ]  # fmt: skip


def drivers(found: Desks, who: str) -> list[Step] | None:
    """The funnel's steps behind the collector's gap to expected; None where a count is nothing. Raises NotSupplied."""
    ui.supplied("contacts", "contacts.collector_id", "promises")
    paid = found.adjusted if found.adjusted.outcome == "paid" else performance.summed(found.tallies, found.months)
    mine = paid.of(who)
    if mine is None:
        return None
    span = ui.view_filters().replace(start=found.months[0], until=month_end(found.months[-1]))
    house: dict[str, float]
    own_counts: dict[str, float]
    house, own_counts = ui.computed(funnels, filters=span.choosing("team", ()).choosing("batch", ()), who=who)
    house |= {"cases": float(sum(one.cases for one in paid.people)), "paid": sum(one.observed for one in paid.people)}
    own_counts |= {"cases": float(mine.cases), "paid": mine.observed}
    return people.drivers(own_counts, house, (mine.expected, sum(one.expected for one in paid.people)))


def funnels(warehouse: Warehouse, filters: Filters, who: str) -> tuple[dict[str, float], dict[str, float]]:
    """Calls, right parties, promises and those kept of all collectors together, and of one."""
    names = tuple(COUNTS.values())
    everything = warehouse.measure(names, filters=filters, scope=LOCAL).rows[0]
    apart = warehouse.measure(names, ("collector",), filters=filters.choosing("collector", (who, "house")), scope=LOCAL).rows
    counted = {str(row["collector"]): {name: float(row[metric] or 0) for name, metric in COUNTS.items()} for row in apart}
    house = counted.get("house", {})
    return {name: float(everything[metric] or 0) - house.get(name, 0.0) for name, metric in COUNTS.items()}, counted.get(who, {})


def biggest(found: Sequence[Step] | None) -> str | None:
    """The step that adds or takes the most."""
    if not found:
        return None
    one = max(found, key=lambda step: abs(step.effect))
    key = "collector.driver_up" if one.effect > 0 else "collector.driver_down"
    return ui.say(key, step=ui.say(f"team.step_{one.key}"), size=formats.number(one.effect * 100, 1, signed=True))


def steps(found: Sequence[Step] | None) -> list[dict[str, Any]]:
    """The steps as rows, effects in hundredths of log(observed ÷ expected)."""
    return [{"step": ui.say(f"team.step_{one.key}"), "own": one.own, "house": one.house, "effect": one.effect * 100} for one in found or ()]


def quality(who: str) -> list[dict[str, Any]]:
    """Effort and quality: own, the house's, and the middle half of all collectors (no one of them can be told)."""
    filters = ui.view_filters()
    everyone: dict[str, dict[str, Any]] = ui.computed(all_quality, filters=filters.choosing("team", ()))
    house = ui.computed(desks.measured, names=desks.QUALITY, filters=filters.choosing("team", ()))
    lacking = [name for name in desks.QUALITY if not any(row.get(name) is not None for row in everyone.values())]
    rows = []
    for name in desks.QUALITY:
        if name in lacking:
            continue
        values = sorted(float(row[name]) for one, row in everyone.items() if row[name] is not None and one != "house")
        mine = everyone.get(who, {})
        text = _read(name, mine.get(name))
        if name == "complaints_per_1000" and mine.get(f"{name}_low") is not None:
            text += f" ({_read(name, mine[f'{name}_low'])}–{_read(name, mine[f'{name}_high'])})"
        half = ""
        if len(values) >= performance.FEWEST:
            half = f"{_read(name, values[len(values) // 4])}–{_read(name, values[-1 - len(values) // 4])}"
        rows.append({"measure": ui.label(name), "own_value": text, "house_value": _read(name, house.get(name)), "between": half or None})
    if not rows:
        raise ui.NotSupplied(need for name in desks.QUALITY for need in ui.frame().warehouse.missing(name))
    return rows


def all_quality(warehouse: Warehouse, filters: Filters) -> dict[str, dict[str, Any]]:
    """Effort and quality of every collector."""
    rows = warehouse.measure(desks.QUALITY, ("collector",), filters=filters, scope=LOCAL).rows
    return {str(row["collector"]): row for row in rows}


def _read(name: str, value: Any) -> str:
    return formats.measure(metrics()[name].unit, value, ui.currency(), ui.lang())


def training(who: str) -> tuple[list[dict[str, Any]], str]:
    """The collector's courses, the latest first, and whether law training is valid. Raises NotSupplied."""
    ui.supplied("trainings")
    at, lang = ui.frame(), ui.lang()
    rows = [
        {
            "course": row["course"], "kind": naming.value("training_kind", row["training_kind"], lang), "taken_on": row["taken_on"],
            "score": row["score"], "passed": ui.say("state.yes" if row["is_passed"] else "state.no"),
        }
        for row in ui.report("courses", collector=who)
    ]  # fmt: skip
    found = people.standings(ui.report("law_training", collector=who), at.info.as_of)
    if not found:
        return rows, ui.say("collector.gone")
    one = found[0]
    day = formats.day(one.until, lang) if one.until else formats.MISSING
    return rows, ui.say(f"collector.training_{one.state}", day=day)


def credits(who: str) -> list[dict[str, Any]]:
    """Net cash credited to the collector by each rule, what goes to the house, and all of it, which never changes."""
    ui.supplied("payments", "assignments")
    days = ui.option("credit_days", {day: ui.say("collector.days", n=day) for day in DAYS}, ui.say("collector.credit_days"))
    at, filters = ui.frame(), ui.view_filters()
    rows = []
    for rule in RULES:
        if not at.warehouse.supplied({"promise": "promises", "contact": "contacts"}.get(rule, "assignments")):
            continue
        shares: dict[str, Decimal] = ui.computed(credited_by, filters=filters.choosing("team", ()), rule=rule, days=days, who=who)
        total = sum(shares.values(), Decimal(0))
        mine = shares.get(who, Decimal(0))
        amounts = {"own_amount": mine, "house_amount": shares.get("house", Decimal(0)), "all_amount": total}
        rows.append({"rule": ui.say(f"collector.rule_{rule}", n=days), **amounts, "share": mine / total if total else None})
    return rows


def credited_by(warehouse: Warehouse, filters: Filters, rule: str, days: str, who: str) -> dict[str, Decimal]:
    """Net cash of a period under a rule: a collector's, the house's, and all others' together."""
    where = {name: list(filters.chosen(name)) or None for name in ("product", "region", "bucket", "batch")}
    until = filters.seen_until(warehouse.info.as_of)
    asked = {"start": filters.start, "until": until, "credit_rule": rule, "credit_days": days, "collector": who, **where}
    return {row["collector_id"]: row["net_amount"] for row in warehouse.run("credits", asked)}


def credited(rows: Sequence[dict[str, Any]]) -> str | None:
    """How far the rules are apart for this collector."""
    amounts = [row["own_amount"] for row in rows]
    if len(amounts) < 2:
        return None
    low, high = (formats.amount(value, ui.currency(), ui.lang()) for value in (min(amounts), max(amounts)))
    return ui.unread(ui.say("collector.credit_found", low=low, high=high))


def moved(who: str) -> tuple[list[dict[str, Any]], list[Column]]:
    """Cases and balances taken over and given away by month."""
    names = ("transferred_in_cases", "transferred_in_amount", "transferred_out_cases", "transferred_out_amount")
    answer = ui.measure(*names, by=("collector", "month"), filters=ui.trailing(12).choosing("bucket", ()).choosing("collector", (who,)))
    rows = [row for row in answer.rows if row["collector"] == who]
    if not rows:
        raise ui.NothingLeft
    units = [Column(name, ui.label(name), metrics()[name].unit, True) for name in names]
    return rows, [Column("month", ui.say("collector.month"), "month"), *units]


def held(panel: ui.Panel, who: str) -> None:
    """The cases that the collector holds on the last day, the largest first, as far as a list goes."""
    ui.supplied("assignments")
    rows, count, every = ui.paged("held_cases", _held, collector=who)
    panel.title(ui.say("collector.held_found", n=formats.count(count)))
    panel.counted(ui.say("collector.held_note", day=formats.day(ui.frame().info.as_of, ui.lang())), len(rows), count)
    money = {"balance": "amount", "net_amount": "amount"}
    columns = ui.columns("collector", case_id="text", product="text", bucket="text", held_from="date", **money)
    panel.table(rows, columns, ui.unfiltered(), empty=ui.say("collector.held_none"), every=every)


def _held(rows: Sequence[Mapping[str, Any]], lang: str) -> list[dict[str, Any]]:
    return [{**row, "bucket": naming.value("bucket", row["bucket"], lang)} for row in rows]
