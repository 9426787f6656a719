"""What an effect says in words and rows of tables, in both languages; knows nothing of Streamlit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from math import isfinite
from typing import Any

from dashboard import formats
from dashboard.contract import contract
from dashboard.methods.effects import Effect, Estimate, month_number, month_of
from dashboard.metrics import metrics
from dashboard.rollout.impact import DOUBTS, Event, Verdict
from dashboard.words import listed, word

#: A verdict's icon and colour beside its word.
ICONS = {
    "works": (":material/check_circle:", "blue"),
    "harms": (":material/error:", "orange"),
    "unclear": (":material/help:", "gray"),
    "cannot": (":material/block:", "gray"),
}


def size(metric_id: str, value: float | None, lang: str, currency: str, signed: bool = False) -> str:
    """A difference in a KPI with its unit: 1.9 pp, ¥1.20 m."""
    if value is None or not isfinite(value):
        return formats.MISSING
    shown = value if signed else abs(value)
    unit = metrics()[metric_id].unit
    if unit == "rate":
        text = formats.points(shown, lang)
    elif unit == "amount":
        text = formats.amount(shown, currency, lang, signed=True)
    else:
        text = formats.number(round(shown, 4), signed=True)
    return text if signed else text.removeprefix("+")


def bound(metric_id: str, value: float | None, lang: str, currency: str) -> str:
    """One end of an interval, a rate's without its unit."""
    if value is None:
        return word("effect.unlimited", lang)
    if metrics()[metric_id].unit == "rate":
        return formats.fixed(Decimal(repr(value * 100)), 1)
    return formats.measure(metrics()[metric_id].unit, round(value, 4), currency, lang)


def chance(p: float | None) -> str:
    """A p value, as small as it is worth writing."""
    return formats.MISSING if p is None else "<0.001" if p < 0.001 else f"{p:.3f}"


def _ends(found: Verdict, lang: str, currency: str) -> dict[str, str]:
    assert found.effect is not None
    overall = found.effect.overall
    return {name: bound(found.metric, end, lang, currency) for name, end in (("low", overall.low), ("high", overall.high))}


def _moved(found: Verdict, lang: str, currency: str) -> str:
    assert found.effect is not None
    value = found.effect.overall.value
    return word("effect.raises" if value > 0 else "effect.lowers", lang, size=size(found.metric, value, lang, currency))


def reason(found: Verdict, lang: str) -> str:
    """Why nothing can be told."""
    name, count, needed = found.few or ("units", 0, 0)
    return word(f"effect_few.{name}", lang, found=count, needed=needed)


def doubt(found: Verdict, lang: str) -> str | None:
    """What speaks against it, in a few words."""
    held = found.effect.warnings if found.effect else ()
    return next((word(f"effect_doubt.{name}", lang) for name in DOUBTS if name in held), None)


def short(found: Verdict, lang: str, currency: str) -> str:
    """The verdict in a few words: adds 1.9 pp (0.6 to 3.2)."""
    if found.effect is None:
        return word("effect.brief_cannot", lang, reason=reason(found, lang))
    ends = _ends(found, lang, currency)
    if found.chance:
        values = {"what": _moved(found, lang, currency), "n": found.family, "p": chance(found.corrected)}
        return word("effect.brief_chance", lang, **values, **ends)
    if found.kind == "unclear":
        value = size(found.metric, found.effect.overall.value, lang, currency, signed=True)
        return word("effect.brief_unclear", lang, value=value, detectable=size(found.metric, found.effect.detectable, lang, currency), **ends)
    text = word("effect.brief_found", lang, what=_moved(found, lang, currency), **ends)
    against = doubt(found, lang)
    return word("effect.brief_doubt", lang, text=text, doubt=against) if against else text


def title(found: Verdict, lang: str, currency: str) -> str:
    """The verdict as the title of its figure."""
    named = {"event": found.event.read(lang), "label": metrics()[found.metric].label[lang]}
    if found.effect is None:
        return word("effect.title_cannot", lang, reason=reason(found, lang), **named)
    if found.chance:
        values = {"what": _moved(found, lang, currency), "n": found.family, "p": chance(found.corrected)}
        return word("effect.title_chance", lang, span=word("effect.span", lang, **_ends(found, lang, currency)), **values, **named)
    if found.kind == "unclear":
        return word("effect.title_unclear", lang, detectable=size(found.metric, found.effect.detectable, lang, currency), **named)
    span = word("effect.span", lang, **_ends(found, lang, currency))
    key = "harms" if found.kind == "harms" else "works_lower" if found.effect.overall.sign < 0 else "works"
    text = word(f"effect.title_{key}", lang, what=_moved(found, lang, currency), span=span, **named)
    against = doubt(found, lang)
    return word("effect.title_doubt", lang, title=text, doubt=against) if against else text


def kind(found: Verdict, lang: str) -> str:
    """The verdict in a word."""
    text = word("effect.chance_alone" if found.chance else f"effect.{found.kind}", lang)
    return word("effect.doubtful", lang, kind=text) if found.doubtful and found.kind in ("works", "harms") else text


def basis(effect: Effect, lang: str) -> str:
    """What was compared, over how long."""
    counts = {"periods": effect.periods, "after": effect.after}
    if effect.kind == "interrupted":
        return word("effect.by_series", lang, **counts)
    return word("effect.by_steps", lang, starters=effect.starters, never=effect.never, **counts)


def facts(found: Verdict, lang: str, currency: str) -> list[tuple[str, str]]:
    """Effect, interval, p value, the smallest effect seen, the drift before, and how the interval came about."""
    effect = found.effect
    assert effect is not None
    ends = _ends(found, lang, currency)
    rows = [
        ("estimate", size(found.metric, effect.overall.value, lang, currency, signed=True)),
        ("interval", word("effect.numbers", lang, **ends)),
        ("chance", chance(effect.overall.p)),
        ("corrected", word("effect.corrected_value", lang, p=chance(found.corrected), n=found.family)),
        ("detectable", size(found.metric, effect.detectable, lang, currency)),
    ]
    if effect.kind == "staggered":
        before = effect.before
        said = word("effect.drift_unknown", lang)
        if before is not None:
            said = word("effect.drift_value", lang, value=size(found.metric, before.value, lang, currency, signed=True), p=chance(before.p))
        rows.append(("drift", said))
    ways = {"randomisation": "ways_exact" if effect.exact else "ways_drawn", "clustered": "by_cluster", "series": "by_autocorrelation"}
    rows.append(("inference", word(f"effect.{ways[effect.inference]}", lang, n=formats.count(effect.ways))))
    return [(word(f"effect.{name}", lang), text) for name, text in rows]


def warnings(found: Verdict, others: Iterable[Event], lang: str, currency: str) -> list[str]:
    """What must be known before believing it."""
    effect = found.effect
    if effect is None:
        return []
    worse = effect.level is not None and (effect.level.value < 0) == (metrics()[found.metric].better == "higher")
    values = {
        "drift": size(found.metric, effect.before.value if effect.before else None, lang, currency),
        "level": size(found.metric, effect.level.value if effect.level else None, lang, currency),
        "after": effect.after,
    }
    said = []
    for name in effect.warnings:
        if name == "season" and effect.kind == "interrupted":
            continue
        key = f"level_{'worse' if worse else 'better'}" if name == "level" else name
        said.append(word(f"effect_warning.{key}", lang, **values))
    if effect.kind == "interrupted" and (names := [one.read(lang) for one in others if _together(found.event, one)]):
        said.append(word("effect_warning.together", lang, names=listed(names, lang)))
    return said


def _together(event: Event, other: Event) -> bool:
    """Whether another event first started in the same month."""
    if other.id == event.id or event.first is None or other.first is None:
        return False
    return month_number(other.first) == month_number(event.first)


# --- rows of tables ---------------------------------------------------------------------------------------------------------


def points(effect: Effect) -> list[dict[str, Any]]:
    """The effect by months since the start."""
    return [{"since": one.since, **_estimate(one.effect), "units": one.units} for one in effect.points]


def _estimate(one: Estimate) -> dict[str, Any]:
    return {"effect": one.value, "low": one.low, "high": one.high, "p": one.p}


def cells(effect: Effect) -> list[dict[str, Any]]:
    """Those who started in a month, by month: what happened and what would have without it."""
    return [
        {
            "started": month_of(cell.start),
            "month": month_of(cell.period),
            "units": cell.units,
            "actual": cell.outcome,
            "expected": cell.expected,
            "gain": cell.outcome - cell.expected,
        }
        for cell in effect.cells
    ]


def paths(effect: Effect, lang: str) -> dict[str, list[tuple[Any, float]]]:
    """What happened to those who started and what would have without it, by calendar month (teams alike)."""
    months = sorted({cell.period for cell in effect.cells})
    lines: dict[str, list[tuple[Any, float]]] = {word("effect.actual", lang): [], word("effect.expected", lang): []}
    for month in months:
        held = [cell for cell in effect.cells if cell.period == month]
        count = sum(cell.units for cell in held)
        for name, value in (("actual", "outcome"), ("expected", "expected")):
            lines[word(f"effect.{name}", lang)].append((month_of(month), sum(getattr(cell, value) * cell.units for cell in held) / count))
    return lines


def paths_title(found: Verdict, lang: str, currency: str) -> str:
    """What happened on average from the start on, and what was to be expected."""
    effect = found.effect
    assert effect is not None
    held = [cell for cell in effect.cells if cell.period >= cell.start]
    count = sum(cell.units for cell in held)
    metric = metrics()[found.metric]
    means = {
        name: sum(getattr(cell, value) * cell.units for cell in held) / count for name, value in (("actual", "outcome"), ("expected", "expected"))
    }
    texts = {name: formats.measure(metric.unit, value, currency, lang) for name, value in means.items()}
    return word("effect.paths_found", lang, label=metric.label[lang], **texts)


def of_kpis(found: Sequence[Verdict], lang: str, currency: str) -> list[dict[str, Any]]:
    """An event's verdict by every KPI."""
    rows = []
    for one in found:
        effect = one.effect
        rows.append(
            {
                "kpi": metrics()[one.metric].label[lang],
                "verdict": kind(one, lang),
                "effect": size(one.metric, effect.overall.value, lang, currency, signed=True) if effect else None,
                "low": bound(one.metric, effect.overall.low, lang, currency) if effect else None,
                "high": bound(one.metric, effect.overall.high, lang, currency) if effect else None,
                "detectable": size(one.metric, effect.detectable, lang, currency) if effect else None,
                "p": chance(effect.overall.p) if effect else None,
                "corrected": chance(one.corrected) if effect else None,
                "why": reason(one, lang) if effect is None else doubt(one, lang),
            }
        )
    return rows


def of_kpis_title(found: Sequence[Verdict], lang: str) -> str | None:
    """How many KPIs got better or worse."""
    if not found or all(one.effect is None for one in found):
        return None
    counts = {name: sum(one.kind == name for one in found) for name in ("works", "harms")}
    return word("effect.kpis_found", lang, event=found[0].event.read(lang), n=len(found), **counts)


def events(held: Sequence[Event], lang: str) -> list[dict[str, Any]]:
    """Every start of every event."""
    measures = {code.id: code.label[lang] for code in contract().codes["programme_measure"].values()}
    return [
        {
            "event": event.read(lang),
            "measure": measures.get(event.measure, event.measure),
            "where": start.team or word("effect.all_teams", lang),
            "when": formats.day(start.actual, lang)
            if start.actual is not None
            else word("effect.not_started", lang, day=formats.day(start.planned, lang)),
        }
        for event in held
        for start in event.starts
    ]


def methods(effect: Effect | None, lang: str) -> list[tuple[str, str]]:
    """Heads and texts of how it is worked out, as far as it concerns this effect."""
    names = ["steps", "mix", "dealing", "series", "smallest", "before", "many"]
    if effect is not None:
        names = ["series", "mix", "smallest", "many"] if effect.kind == "interrupted" else ["steps", "mix", "dealing", "before", "smallest", "many"]
    return [(word(f"effect_method.{name}_head", lang), word(f"effect_method.{name}", lang)) for name in names]
