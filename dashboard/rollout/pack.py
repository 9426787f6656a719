"""The board pack: one page on the programme, by measure: where it stands, its figures before and after, risks, next steps.

A before/after is not an effect, and is called so; the verdict beside it is that of `impact`. Knows nothing of Streamlit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from dashboard import formats
from dashboard.filters import last_complete, month_end, shifted
from dashboard.metrics import metrics
from dashboard.printing import BRAND, GREY, INK, RULE, Box, Document, Drawing, Heading, Label, Line, Paragraph, Part, Table, pdf_file
from dashboard.rollout import impact_sentences, sentences
from dashboard.rollout.figures import COLOURS
from dashboard.rollout.impact import Verdict, together
from dashboard.rollout.outlook import Outlook, TooFew
from dashboard.rollout.plan import Milestone, measures, percent_complete, programme, rule
from dashboard.rollout.schedule import STATES, Schedule, Timed, due_soon, kept
from dashboard.words import listed, word

#: So many risks and next steps are listed; more are counted. The first number with which all fits on one page is taken.
LINES = (5, 3, 2, 1)
_PAGES = re.compile(rb"/Type /Page\b")
PALE = {"late": "#F3C9AD", "blocked": "#D9CCE8", "at_risk": "#F7DFAF", "on_track": "#BFE1F5", "done": BRAND}


@dataclass(frozen=True)
class Window:
    """Full months before a measure's first step began and after its first milestone was done; both ends included.

    `after` is None until all of its months are over; `seen` of `needed` are. `before` is None where the data begins too late.
    """

    before: tuple[date, date] | None
    after: tuple[date, date] | None
    seen: int
    needed: int


@dataclass(frozen=True)
class Compared:
    """One figure of a measure before and after, with the verdicts on the measure's events by it, in words."""

    metric: str
    before: Any = None
    after: Any = None
    verdict: Verdict | None = None
    events: int = 0
    failed: bool = False


def window(steps: Sequence[Milestone], first_on: date, as_of: date) -> Window | None:
    """The months to compare for a measure; None where nothing of it is done yet."""
    months = rule("before_after_months")
    begun = min((one.actual_start for one in steps if one.actual_start is not None), default=None)
    done = min((one.actual_end for one in steps if one.actual_end is not None), default=None)
    if begun is None or done is None:
        return None
    start = begun.replace(day=1)
    before = (shifted(start, -months), start - timedelta(days=1))
    first = shifted(done.replace(day=1), 1)
    last_full = last_complete(as_of)
    seen = max(0, min(months, (last_full.year - first.year) * 12 + last_full.month - first.month + 1))
    after = (first, month_end(shifted(first, months - 1))) if seen == months else None
    return Window(before if before[0] >= first_on.replace(day=1) else None, after, seen, months)


def kpis(measure: str) -> tuple[str, ...]:
    """The figures that a measure is meant to move, as far as they are defined."""
    return tuple(name for name in programme()["kpis"][measure] if name in metrics())


def document(
    at: Schedule,
    outlook: Outlook | TooFew | None,
    windows: Mapping[str, Window | None],
    compared: Mapping[str, Sequence[Compared]],
    facts: Sequence[tuple[str, str]],
    lang: str,
    currency: str,
    most: int = LINES[0],
) -> Document:
    """The page. `windows` and `compared` by measure; `most` risks and next steps."""
    timed = at.timed
    parts: list[Part] = [
        bars(at, lang),
        _measures(at, windows, compared, lang, currency),
        Heading(word("pack.risks", lang), 3),
        _risks(timed, most, lang),
        Heading(word("pack.next", lang), 3),
        _next(at, most, lang),
        Paragraph(word("pack.note", lang, months=rule("before_after_months")), small=True),
    ]
    cards = sentences.cards(at, timed, outlook, lang)
    said = [(metrics()[metric_id].label[lang] if metric_id else label, f"{value} · {note}") for metric_id, label, value, note in cards[:4]]
    return Document(
        word("pack.title", lang),
        lang,
        tuple(parts),
        subtitle=sentences.found(at, timed, lang),
        facts=(*said, *facts),
        footer=word("pack.footer", lang, day=formats.day(at.today, lang)),
    )


def _measures(at: Schedule, windows: Mapping[str, Window | None], compared: Mapping[str, Sequence[Compared]], lang: str, currency: str) -> Table:
    head = tuple(word(f"pack.{name}", lang) for name in ("measure", "state", "complete", "slip", "end", "figures"))
    rows = []
    for row in by_measure(at, lang):
        measure = row["id"]
        texts = [figure(one, windows.get(measure), lang, currency) for one in compared.get(measure, ())]
        figures = "\n".join(texts) or word("pack.no_figure", lang)
        rows.append((row["measure"], row["state"], sentences.percent(row["complete"]), row["slip_text"], row["end_text"], figures))
    return Table(head, tuple(rows), right=frozenset({2, 3}), widths=(15, 15, 9, 10, 19, 32) if lang == "zh" else (19, 12, 10.5, 9, 16, 33.5))


def by_measure(at: Schedule, lang: str, timed: Sequence[Timed] | None = None) -> list[dict[str, Any]]:
    """Each of the measures as a row: its states, how complete, slip of what fell due, and when it is expected to end."""
    rows: list[dict[str, Any]] = []
    for measure, name in measures(lang).items():
        mine = [one for one in (at.timed if timed is None else timed) if one.milestone.measure == measure]
        if not mine:
            if timed is None:
                texts = {"state": word("pack.unplanned", lang), "slip_text": formats.MISSING, "end_text": formats.MISSING}
                rows.append({"id": measure, "measure": name, "complete": None, "slip": None, "expected_end": None, "planned_end": None, **texts})
            continue
        score = kept(mine, at.today)
        end, planned = max(one.end for one in mine), max(one.milestone.planned_end for one in mine)
        counts = [(state, sum(one.state == state for one in mine)) for state in STATES]
        said = [f"{sentences.SIGNS[state]} {word('rollout.part', lang, n=n, state=sentences.state(state, lang))}" for state, n in counts if n]
        late = f"{formats.day(end, lang)}\n{word('pack.planned', lang, day=formats.day(planned, lang))}" if end != planned else formats.day(end, lang)
        complete = percent_complete(one.milestone for one in mine)
        rows.append(
            {
                "id": measure,
                "measure": name,
                "state": listed(said, lang),
                "complete": complete,
                "percent": None if complete is None else complete / 100,
                "slip": score.slip,
                "slip_text": sentences.signed_days(score.slip, lang),
                "expected_end": end,
                "planned_end": planned,
                "end_text": late,
            }
        )
    return rows


def figure(one: Compared, over: Window | None, lang: str, currency: str) -> str:
    """A figure before and after in words, or why it can't be told, with the verdict where there is one."""
    metric = metrics()[one.metric]
    label = metric.label[lang]
    if one.failed:
        return word("pack.failed", lang, label=label)
    if over is None:
        return word("pack.not_begun", lang, label=label)
    if over.before is None:
        return word("pack.no_before", lang, label=label)
    if over.after is None:
        return word("pack.not_observed", lang, label=label, seen=over.seen, needed=over.needed)
    values = {side: formats.measure(metric.unit, getattr(one, side), currency, lang) for side in ("before", "after")}
    change, _ = formats.difference(metric.unit, one.after, one.before, lang)
    text = word("pack.figure", lang, label=label, change=change, **values)
    return text if one.verdict is None else f"{text}\n{_verdict(one.verdict, one.events, lang, currency)}"


def _verdict(found: Verdict, events: int, lang: str, currency: str) -> str:
    """The verdict on a measure's event in a few words, the event named where the measure has several."""
    if found.effect is None:
        said = word("pack.cannot", lang)
    elif found.kind == "unclear" and not found.chance:
        low, high = (impact_sentences.bound(found.metric, end, lang, currency) for end in (found.effect.overall.low, found.effect.overall.high))
        said = word("pack.unclear", lang, low=low, high=high)
    else:
        said = impact_sentences.short(found, lang, currency)
    key = "verdict" if events == 1 else "verdict_of"
    return word(f"pack.{key}", lang, verdict=said, event=found.event.read(lang))


def chosen(found: Iterable[Verdict], measure: str, metric: str) -> tuple[Verdict | None, int]:
    """The verdict shown for a measure: of what reached teams one by one where there is such, and of how many events it is one."""
    mine = [one for one in found if one.event.measure == measure and one.metric == metric]
    return (sorted(mine, key=lambda one: (not one.event.by_team, one.kind == "cannot"))[0] if mine else None), len(mine)


def corrected(compared: dict[str, list[Compared]]) -> None:
    """The verdicts of the pack told together: each by its p value for so many being looked at side by side."""
    shown = [one for held in compared.values() for one in held if one.verdict is not None]
    told = iter(together([one.verdict for one in shown if one.verdict is not None]))
    for measure, held in compared.items():
        compared[measure] = [one if one.verdict is None else replace(one, verdict=next(told)) for one in held]


def pdf(made: Callable[[int], Document]) -> bytes:
    """The pack as PDF on one page, with as many risks and next steps as go on it."""
    for most in LINES:
        content = pdf_file(made(most))
        if len(_PAGES.findall(content)) == 1:
            break
    return content


def _risks(timed: Sequence[Timed], most: int, lang: str) -> Paragraph:
    order = {state: place for place, state in enumerate(STATES)}
    bad = sorted(
        (one for one in timed if one.state in ("late", "blocked", "at_risk")), key=lambda one: (order[one.state], -(one.slip or 0), one.milestone.id)
    )
    lines = [
        word(
            "pack.risk", lang, sign=sentences.SIGNS[one.state], state=sentences.state(one.state, lang), id=one.milestone.id,
            name=one.milestone.name.read(lang), why=sentences.why(one, lang), owner=one.milestone.owner.read(lang),
        )
        for one in bad[:most]
    ]  # fmt: skip
    if len(bad) > most:
        lines.append(word("pack.more", lang, n=len(bad) - most))
    return Paragraph("\n".join(lines) or word("pack.no_risk", lang), small=True)


def _next(at: Schedule, most: int, lang: str) -> Paragraph:
    coming = due_soon(at.timed, at.today, 36_500)
    lines = [
        word(
            "pack.step", lang, day=formats.day(one.milestone.planned_end, lang), id=one.milestone.id, name=one.milestone.name.read(lang),
            owner=one.milestone.owner.read(lang), left=missing(one.milestone, lang),
        )
        for one in coming[:most]
    ]  # fmt: skip
    if len(coming) > most:
        lines.append(word("pack.more", lang, n=len(coming) - most))
    return Paragraph("\n".join(lines) or word("pack.no_step", lang), small=True)


def missing(step: Milestone, lang: str) -> str:
    """What is still to be done for a milestone: its open evidence items, else how much of it."""
    items = [item.text.read(lang) for item in step.items if not item.done]
    return listed(items, lang) if items else word("pack.left", lang, percent=sentences.percent(100 - step.complete))


def bars(at: Schedule, lang: str) -> Drawing:
    """A row per measure over time: its milestones' baselines and as done or expected, in the colours of their states; today dotted."""
    wide, name, row, top = 500.0, 142.0, 12.0, 14.0
    first = min(min(one.start, one.milestone.baseline_start) for one in at.timed)
    last = max(max(one.end, one.milestone.baseline_end) for one in at.timed)
    first, last = min(first, at.today), max(last, at.today)
    scale = (wide - name - 4) / ((last - first).days + 1)
    present = [measure for measure in measures(lang) if any(one.milestone.measure == measure for one in at.timed)]
    low = top + row * len(present)

    def x(day: date) -> float:
        return name + (day - first).days * scale

    shapes: list[Box | Line | Label] = []
    month = shifted(first.replace(day=1), 1)
    every = max(1, -(-((last.year - first.year) * 12 + last.month - first.month) // 6))
    number = 0
    while month <= last:
        if number % every == 0:
            shapes += [Line(((x(month), top - 2), (x(month), low)), RULE, 0.4), Label(x(month), 8, formats.month(month, lang), 6.5, "middle", GREY)]
        month, number = shifted(month, 1), number + 1
    for place, measure in enumerate(present):
        y = top + place * row
        shapes.append(Label(0, y + 8, measures(lang)[measure], 7.5, "start", INK))
        for one in (one for one in at.timed if one.milestone.measure == measure):
            span = one.milestone
            shapes.append(Box(x(one.start), y + 2, max(1.0, ((one.end - one.start).days + 1) * scale), 5, PALE[one.state]))
            if one.state != "done":
                shapes.append(Box(x(one.start), y + 2, 1.6, 5, COLOURS[one.state]))
            base = max(1.0, ((span.baseline_end - span.baseline_start).days + 1) * scale)
            shapes.append(Box(x(span.baseline_start), y + 8.2, base, 1.4, "#8A94A3"))
    shapes.append(Line(((x(at.today), top - 2), (x(at.today), low)), INK, 0.8, dashed=True))
    return Drawing(wide, low + 2, tuple(shapes), word("pack.drawing", lang, day=formats.day(at.today, lang)))
