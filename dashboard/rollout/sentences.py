"""What the timetable says in words and rows of tables, in both languages; knows nothing of Streamlit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from dashboard import formats
from dashboard.rollout.book import WHOLE, Change, Edited, Merge, differences
from dashboard.rollout.outlook import Finish, Outlook, TooFew, spread
from dashboard.rollout.plan import Item, Milestone, PlanRefused, Said, measures, percent_complete, rule
from dashboard.rollout.schedule import STATES, Load, Schedule, Timed, due_soon, kept
from dashboard.words import listed, word

#: A state's sign in figures, and its icon and colour beside words.
SIGNS = {"late": "✕", "blocked": "■", "at_risk": "▲", "on_track": "●", "done": "✓"}
ICONS = {
    "late": (":material/error:", "red"),
    "blocked": (":material/block:", "violet"),
    "at_risk": (":material/warning:", "orange"),
    "on_track": (":material/trending_flat:", "blue"),
    "done": (":material/check_circle:", "blue"),
}
DATES = ("baseline_start", "baseline_end", "planned_start", "planned_end", "actual_start", "actual_end")


def state(name: str, lang: str) -> str:
    """A state in words."""
    return word(f"rollout.{name}", lang)


def percent(value: Any) -> str:
    """A percentage out of 0–100."""
    return f"{formats.number(value, 1)}%" if value is not None else formats.MISSING


def signed_days(value: Any, lang: str) -> str:
    """Days behind (+) or ahead (−)."""
    return formats.MISSING if value is None else formats.days(value, lang, signed=True)


def refusal(error: PlanRefused, lang: str) -> str:
    """Why something was refused."""
    values = {name: formats.day(value, lang) if isinstance(value, date) else value for name, value in error.values.items()}
    return word("rollout.refused", lang, cause=word(f"rollout.{error.reason}", lang, **values))


def labels(timed: Sequence[Timed], lang: str) -> dict[str, str]:
    """Each milestone by its id and name."""
    return {one.milestone.id: f"{one.milestone.id} · {one.milestone.name.read(lang)}" for one in timed}


def choices(found: Schedule, lang: str) -> dict[str, dict[str, str]]:
    """What the page can be narrowed to: measures, owners and states that occur; "" is all."""
    every = {"": word("rollout.all", lang)}
    named = measures(lang)
    occurring = {one.milestone.measure for one in found.timed}
    owners = {one.milestone.owner.read(lang): one.milestone.owner.read(lang) for one in found.timed}
    states = {one.state for one in found.timed}
    return {
        "measure": every | {name: text for name, text in named.items() if name in occurring},
        "owner": every | dict(sorted(owners.items())),
        "state": every | {name: state(name, lang) for name in STATES if name in states},
    }


def why(one: Timed, lang: str) -> str:
    """What makes a milestone's state."""
    said = []
    for name, values in one.why:
        read: dict[str, Any] = {}
        for key, value in values.items():
            if key == "n":
                read[key] = formats.days(value, lang)
            elif key == "on":
                read["day"] = formats.day(value, lang)
            elif key == "ids":
                read[key] = listed(list(value), lang)
            else:
                read[key] = percent(value)
        said.append(word(f"rollout.why_{name}", lang, **read))
    return ("；" if lang == "zh" else "; ").join(said)


def found(at: Schedule, timed: Sequence[Timed], lang: str) -> str:
    """How the plan stands, the worst states first."""
    done = sum(one.state == "done" for one in timed)
    if done == len(timed):
        on_time = kept(timed, at.today)
        slipped = sum((one.slip or 0) > 0 for one in timed)
        return word("rollout.found_done", lang, all=done, on_time=on_time.on_time, slipped=slipped)
    counts = [(name, sum(one.state == name for one in timed)) for name in STATES if name != "done"]
    parts = [word("rollout.part", lang, n=count, state=state(name, lang)) for name, count in counts if count]
    return word("rollout.found", lang, done=done, all=len(timed), parts=listed(parts, lang))


def critical(timed: Sequence[Timed], lang: str) -> str | None:
    """The milestones that decide the last end."""
    ids = [one.milestone.id for one in sorted(timed, key=lambda one: (one.end, one.milestone.id)) if one.critical]
    return word("rollout.critical_path", lang, ids=" → ".join(ids)) if ids else None


def rules(lang: str) -> list[tuple[str, str, str, str]]:
    """(icon, colour, state, rule) in the order in which they are tried."""
    order = ("done", "blocked", "late", "at_risk", "on_track")
    return [(*ICONS[name], state(name, lang), word(f"rollout.rule_{name}", lang, **_points(name))) for name in order]


def _points(name: str) -> dict[str, int]:
    return {"points": rule("behind_points"), "grace": rule("grace_days")} if name == "at_risk" else {}


def warnings(at: Schedule, edited: Edited, lang: str) -> list[str]:
    """What had to be left out of the plan."""
    said = []
    if at.rings:
        said.append(word("rollout.rings", lang, ids=listed([" → ".join([*ring, ring[0]]) for ring in at.rings], lang)))
    if at.unknown:
        said.append(word("rollout.unknown", lang, ids=listed([f"{one} → {other}" for one, other in at.unknown], lang)))
    if edited.lost:
        said.append(word("rollout.lost", lang, ids=listed(list(edited.lost), lang)))
    return said


# --- cards ----------------------------------------------------------------------------------------------------------------


def cards(at: Schedule, timed: Sequence[Timed], outlook: Outlook | TooFew | None, lang: str) -> list[tuple[str, str, str, str]]:
    """(metric id or word, label, value, note) of each card."""
    score = kept(timed, at.today)
    rate = formats.rate(score.rate)
    notes = [word("rollout.of_due", lang, n=score.on_time, all=score.due)]
    if score.undated:
        notes.append(word("rollout.left_out", lang, n=score.undated))
    slip = formats.MISSING if score.slip is None else signed_days(score.slip, lang)
    plan_slip = formats.MISSING if score.plan_slip is None else signed_days(score.plan_slip, lang)
    return [
        ("milestone_on_time_rate", "", rate, " · ".join(notes)),
        ("milestone_slip", "", slip, word("rollout.against_plan", lang, slip=plan_slip)),
        ("", word("rollout.next_due", lang), *_next(at, timed, lang)),
        ("", word("rollout.finish", lang), *_last(timed, outlook, lang)),
        ("", word("rollout.complete", lang), percent(percent_complete(one.milestone for one in timed)), word("rollout.by_evidence", lang)),
    ]


def _next(at: Schedule, timed: Sequence[Timed], lang: str) -> tuple[str, str]:
    coming = due_soon(timed, at.today, 36_500)
    if not coming:
        return formats.MISSING, word("rollout.nothing_open", lang)
    first = coming[0].milestone
    away = (first.planned_end - at.today).days
    text = word("rollout.overdue_by", lang, n=formats.days(-away, lang)) if away < 0 else word("rollout.in_days", lang, n=formats.days(away, lang))
    return formats.day(first.planned_end, lang), f"{first.id} · {first.name.read(lang)} · {text}"


def _last(timed: Sequence[Timed], outlook: Outlook | TooFew | None, lang: str) -> tuple[str, str]:
    if isinstance(outlook, TooFew):
        return formats.MISSING, word("rollout.too_few", lang, n=outlook.finished, needed=outlook.needed)
    if outlook is None:
        ends = [one.milestone.actual_end for one in timed if one.milestone.actual_end is not None]
        return word("rollout.all_done", lang), word("rollout.done_on", lang, day=formats.day(max(ends), lang)) if ends else ""
    values = {"day": formats.day(outlook.whole.p50, lang), "planned": formats.day(outlook.whole.planned, lang)}
    return formats.day(outlook.whole.p80, lang), word("rollout.half", lang, **values)


# --- tables ---------------------------------------------------------------------------------------------------------------


def table(timed: Sequence[Timed], edited: Edited, lang: str) -> list[dict[str, Any]]:
    """Every milestone as a row."""
    named = measures(lang)
    rows = []
    for one in timed:
        step = one.milestone
        fields = [word(f"rollout.field_{name}", lang) for name in sorted(edited.edited.get(step.id, ()))]
        rows.append(
            {
                "milestone_id": step.id,
                "name": step.name.read(lang),
                "state": f"{SIGNS[one.state]} {state(one.state, lang)}",
                "owner": step.owner.read(lang),
                "planned_end": step.planned_end,
                "expected_end": one.end,
                "slip": one.slip,
                "plan_slip": one.plan_slip,
                "percent": Decimal(step.complete) / 100,
                "why": why(one, lang),
                "measure": named[step.measure],
                "baseline_start": step.baseline_start,
                "baseline_end": step.baseline_end,
                "planned_start": step.planned_start,
                "actual_start": step.actual_start,
                "actual_end": step.actual_end,
                "float_days": one.float_days,
                "critical": one.critical,
                "depends_on": " ".join(step.depends_on) or None,
                "team": step.team or None,
                "evidence": evidence(step, lang) or None,
                "note": step.note or None,
                "timetable": timetable(step, lang) or None,
                "edited": listed(fields, lang) or None,
            }
        )
    return rows


def evidence(step: Milestone, lang: str) -> str:
    """Evidence items with their marks and weights, and the document."""
    items = [f"{'☑' if item.done else '☐'} {item_text(item, lang)}" for item in step.items]
    return ("；" if lang == "zh" else "; ").join([*items, *([step.document] if step.document else [])])


def item_text(item: Item, lang: str) -> str:
    """An evidence item with its weight where it isn't one."""
    return item.text.read(lang) if item.weight == 1 else f"{item.weight.normalize():f} × {item.text.read(lang)}"


def timetable(step: Milestone, lang: str) -> str:
    """Whose timetable a milestone is part of."""
    return word(f"rollout.timetable_{step.timetable}", lang) if step.timetable in ("owner", "ours") else step.timetable


def due(timed: Sequence[Timed], lang: str) -> list[dict[str, Any]]:
    """Open milestones that are due soon as rows."""
    return [
        {
            "planned_end": one.milestone.planned_end,
            "milestone_id": one.milestone.id,
            "name": one.milestone.name.read(lang),
            "owner": one.milestone.owner.read(lang),
            "state": f"{SIGNS[one.state]} {state(one.state, lang)}",
            "percent": Decimal(one.milestone.complete) / 100,
            "why": why(one, lang),
        }
        for one in timed
    ]


def slipped(at: Schedule, timed: Sequence[Timed], lang: str) -> str:
    """How far the milestones due are behind on average."""
    score = kept(timed, at.today)
    if score.slip is None:
        return word("rollout.table", lang)
    return word("rollout.table_found", lang, slip=signed_days(score.slip, lang), plan_slip=signed_days(score.plan_slip, lang))


def due_found(timed: Sequence[Timed], today: date, days: int, lang: str) -> str | None:
    """How many are due soon; None where none are."""
    overdue = sum(one.milestone.planned_end <= today for one in timed)
    return word("rollout.due_found", lang, n=len(timed), days=days, overdue=overdue) if timed else None


def load_found(held: Sequence[Load], lang: str) -> str | None:
    """Who holds the most open milestones; None where nothing is open."""
    if not held or not held[0].open:
        return None
    if len(held) > 1 and held[1].open == held[0].open:
        return word("rollout.load_even", lang, n=held[0].open)
    return formats.plain(word("rollout.load_found", lang, owner=held[0].owner.read(lang), n=held[0].open))


def no_forecast(ahead: TooFew | None, lang: str) -> str:
    """Why there is no forecast."""
    if ahead is None:
        return word("rollout.nothing_open", lang)
    return word("rollout.forecast_few", lang, n=ahead.finished, needed=ahead.needed)


def loads(held: Sequence[Load], lang: str) -> list[dict[str, Any]]:
    """Owners as rows."""
    return [
        {
            "owner": load.owner.read(lang),
            "open": load.open,
            **{name: load.states[name] for name in STATES},
            "soon": load.soon,
            "most": load.most,
            "most_on": load.most_on,
        }
        for load in held
    ]


def burn(lines: Mapping[str, Sequence[tuple[date, int]]], lang: str) -> list[dict[str, Any]]:
    """The cumulated lines as rows."""
    return [{"line": word(f"rollout.{name}", lang), "day": on, "cumulated": number} for name, points in lines.items() for on, number in points]


def burn_found(lines: Mapping[str, Sequence[tuple[date, int]]], today: date, lang: str) -> str:
    """How many are done, and should be."""
    counts = {name: sum(on <= today for on, _ in points) for name, points in lines.items()}
    return word("rollout.burn_found", lang, **counts)


def forecast(outlook: Outlook, lang: str) -> tuple[str, str]:
    """What is expected, and how that was found."""
    low, middle, high = (formats.number(value) for value in spread(outlook.ratios))
    said = word("rollout.forecast_found", lang, **_days(outlook.whole, lang))
    values = {"draws": formats.count(outlook.draws), "n": len(outlook.ratios), "low": low, "middle": middle, "high": high}
    return said, word("rollout.forecast_note", lang, **values)


def _days(finish: Finish, lang: str) -> dict[str, str]:
    return {name: formats.day(getattr(finish, name), lang) for name in ("p50", "p80", "planned")}


def finishes(outlook: Outlook, timed: Sequence[Timed], lang: str) -> list[dict[str, Any]]:
    """Finish dates of the open milestones as rows."""
    return [
        {
            "milestone_id": one.milestone.id,
            "name": one.milestone.name.read(lang),
            "planned_end": finish.planned,
            "p50": finish.p50,
            "p80": finish.p80,
            "by_plan": finish.by_plan,
        }
        for one in timed
        if (finish := outlook.each.get(one.milestone.id)) is not None
    ]


# --- history --------------------------------------------------------------------------------------------------------------


def history(changes: Sequence[Change], lang: str) -> list[dict[str, Any]]:
    """The changes as rows, the newest first."""
    return [
        {
            "at": change.at.isoformat(sep=" "),
            "who": word(f"rollout.by_{change.action}", lang, who=change.who),
            "milestone_id": change.milestone_id,
            "what": word(f"rollout.field_{change.field}", lang),
            "before": value(change.field, change.before, lang),
            "after": value(change.field, change.after, lang),
        }
        for change in reversed(changes)
    ]


def value(field: str, held: Any, lang: str) -> str | None:
    """A value of a field as read."""
    if held is None or held == () or held == "":
        return None
    if field == WHOLE:
        step: Milestone = held
        span = formats.period(step.planned_start, step.planned_end, lang)
        return f"{step.name.read(lang)} · {step.owner.read(lang)} · {span}"
    if isinstance(held, Said):
        return held.read(lang)
    if isinstance(held, date):
        return formats.day(held, lang)
    if field == "percent":
        return percent(held)
    if field == "measure":
        return measures(lang)[held]
    if field == "depends_on":
        return listed(list(held), lang)
    if field == "items":
        return ("；" if lang == "zh" else "; ").join(f"{'☑' if item.done else '☐'} {item_text(item, lang)}" for item in held)
    if field == "timetable" and held in ("owner", "ours"):
        return word(f"rollout.timetable_{held}", lang)
    return str(held)


def history_found(changes: Sequence[Change], lang: str) -> str:
    """How many changes there are and whose was the last."""
    last = changes[-1]
    return word("rollout.history_found", lang, n=len(changes), who=last.who, day=formats.day(last.at.date(), lang))


def merged(would: Merge, lang: str) -> list[dict[str, Any]]:
    """What an import would do as rows: additions first, then field by field."""
    rows = [
        {
            "milestone_id": one.id,
            "name": one.name.read(lang),
            "what": word("rollout.field_whole", lang),
            "before": None,
            "after": value(WHOLE, one, lang),
        }
        for one in would.added
    ]
    for before, after in would.changed:
        for name in differences(before, after):
            said = {side: value(name, getattr(one, name), lang) for side, one in (("before", before), ("after", after))}
            rows.append({"milestone_id": after.id, "name": after.name.read(lang), "what": word(f"rollout.field_{name}", lang), **said})
    return rows


def entries(before: Milestone | None, after: Milestone, lang: str) -> str:
    """What somebody filled in, against what they had been shown."""
    names = differences(before, after) if before is not None else []
    said = [f"{word(f'rollout.field_{name}', lang)} → {value(name, getattr(after, name), lang) or formats.MISSING}" for name in names]
    return ("；" if lang == "zh" else "; ").join(said) or formats.MISSING
