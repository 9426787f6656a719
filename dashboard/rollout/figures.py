"""Figures of the timetable: Gantt, done against plan, load of owners, finish dates; a schedule in, Plotly figures out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import plotly.graph_objects as go

from dashboard import formats
from dashboard.charts import ACTUAL, EVENT, TARGET, TOTAL, WORSE, annotate, blank, month_axis, value_axis
from dashboard.filters import shifted
from dashboard.rollout.outlook import Outlook
from dashboard.rollout.plan import measures
from dashboard.rollout.schedule import STATES, Load, Timed
from dashboard.rollout.sentences import SIGNS, signed_days, state, why
from dashboard.words import word

COLOURS = {"late": WORSE, "blocked": "#9467BD", "at_risk": "#E69F00", "on_track": "#56B4E9", "done": ACTUAL}
#: States whose words stand out too, in colours that can be read on light and dark.
TOLD = {"late": WORSE, "blocked": "#9467BD", "at_risk": EVENT}
#: Narrower than this a timetable scrolls instead of losing its names.
GANTT_WIDTH = 700
ROW, GROUP, FAINT = 46, 26, "rgba(138,148,163,0.4)"
LEGEND = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "title": None}
LONGEST_NAME = 90
#: A bar is drawn through so many stretches, each end of which can be pointed at.
POINTS = 12


def gantt(timed: Sequence[Timed], today: date, lang: str) -> go.Figure:
    """A line per milestone under its measure: baseline grey, as done or expected in the colour of its state, links, critical path, today."""
    rows: dict[str, float] = {}
    headings: list[tuple[str, float]] = []
    level = 0.0
    for one in timed:
        if not headings or headings[-1][0] != one.milestone.measure:
            level -= GROUP / ROW
            headings.append((one.milestone.measure, level))
        level -= 1
        rows[one.milestone.id] = level
    figure = blank(int(-level * ROW) + 70)
    first = min(min(one.start, one.milestone.baseline_start) for one in timed)
    last = max(max(one.end, one.milestone.baseline_end, one.milestone.planned_end) for one in timed)
    named = measures(lang)
    texts = [_text(at, f"<b>{formats.drawn(named[measure])}</b>", 13) for measure, at in headings]
    _links(figure, timed, rows)
    baselines = [(one.milestone.baseline_start, one.milestone.baseline_end, rows[one.milestone.id] - 0.12, one) for one in timed]
    _bars(figure, baselines, TOTAL, 4, lang)
    spans = {one.milestone.id: (one.start, one.end, rows[one.milestone.id] + 0.06, one) for one in timed}
    _bars(figure, [spans[one.milestone.id] for one in timed if one.critical], EVENT, 17, lang)
    for name in STATES:
        mine = [spans[one.milestone.id] for one in timed if one.state == name]
        if name != "done":
            _bars(figure, mine, "#FFFFFF", 12, lang)
            _bars(figure, mine, _pale(COLOURS[name]), 12, lang)
        filled = [(begin, _until(one), at, one) for begin, _, at, one in mine if one.milestone.complete > 0 or name == "done"]
        _bars(figure, filled, COLOURS[name], 12, lang)
    texts += [_text(rows[one.milestone.id] + 0.38, _said(one, lang), 12) for one in timed]
    top, bottom = 0.35, level - 0.45
    figure.add_shape(
        type="line", x0=today.isoformat(), x1=today.isoformat(), y0=bottom, y1=top - 0.15, line={"color": TARGET, "dash": "dot", "width": 1.5}
    )
    late_side = (today - first).days > (last - first).days * 0.6
    said = word("rollout.as_of_line", lang, day=formats.day(today, lang))
    side = "right" if late_side else "left"
    annotate(figure, [*texts, {"x": today.isoformat(), "y": top, "text": said, "font": {"size": 11, "color": TARGET}, "xanchor": side}])
    months = [shifted(first.replace(day=1), number) for number in range((last.year - first.year) * 12 + last.month - first.month + 1)]
    month_axis(figure, months, lang, most=8)
    pad = max(3, (last - first).days // 50)
    edges = [min(first, today) - timedelta(days=pad), max(last, today) + timedelta(days=pad)]
    figure.update_xaxes(range=[edge.isoformat() for edge in edges], side="bottom", showgrid=True, gridcolor="rgba(138,148,163,0.2)")
    figure.update_yaxes(visible=False, range=[bottom, top + 0.3])
    figure.update_xaxes(type="-")  # dates all the same: notes on dates would lie over the bars
    figure.update_layout(width=GANTT_WIDTH, margin={"l": 4, "r": 4, "t": 8, "b": 8})
    return figure


def _said(one: Timed, lang: str) -> str:
    """A milestone's line: sign, state, slip, id and name."""
    name = one.milestone.name.read(lang)
    name = name if len(name) <= LONGEST_NAME else f"{name[:LONGEST_NAME]}…"
    slip = f" {signed_days(one.slip, lang)}" if one.slip else ""
    mark = f"{SIGNS[one.state]} {state(one.state, lang)}{slip}"
    if one.state in TOLD:
        mark = f"<span style='color:{TOLD[one.state]}'>{mark}</span>"
    return f"{formats.drawn(one.milestone.id)} {formats.drawn(name)} · {mark}"


def _until(one: Timed) -> date:
    """Up to where a bar is filled: as much of its days as is complete."""
    days = ((one.end - one.start).days + 1) * min(1.0, float(one.milestone.complete) / 100)
    return one.end if one.state == "done" else one.start + timedelta(days=max(0, round(days) - 1))


def _bars(figure: go.Figure, spans: Sequence[tuple[date, date, float, Timed]], colour: str, width: int, lang: str) -> None:
    """Bars of a colour as thick lines, with enough points on each to be pointed at."""
    x: list[str | None] = []
    y: list[float | None] = []
    said: list[str] = []
    for begin, end, at, one in spans:
        days = (end - begin).days + 1
        x += [*((begin + timedelta(days=round(days * part / POINTS))).isoformat() for part in range(POINTS + 1)), None]
        y += [*[at] * (POINTS + 1), None]
        said += [hover(one, lang)] * (POINTS + 2)
    line = {"color": colour, "width": width, "simplify": False}
    figure.add_scatter(x=x, y=y, mode="lines", line=line, customdata=said, hovertemplate="%{customdata}<extra></extra>")


def _pale(colour: str) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.45)"


def hover(one: Timed, lang: str) -> str:
    """What a bar says: name, state and why, owner, the three spans."""
    step = one.milestone
    lines = [f"<b>{formats.drawn(step.id)} {formats.drawn(step.name.read(lang))}</b>", f"{SIGNS[one.state]} {state(one.state, lang)}"]
    if said := why(one, lang):
        lines.append(formats.drawn(said))
    lines.append(formats.drawn(step.owner.read(lang)))
    for name, begin, end in (
        ("baseline", step.baseline_start, step.baseline_end),
        ("plan", step.planned_start, step.planned_end),
        ("expected", one.start, one.end),
    ):
        lines.append(f"{word(f'rollout.{name}', lang)}: {formats.period(begin, end, lang)}")
    return "<br>".join(lines)


def _links(figure: go.Figure, timed: Sequence[Timed], rows: Mapping[str, float]) -> None:
    """A line from the end of a milestone to the beginning of each that waits for it; those of the critical path stand out."""
    known = {one.milestone.id: one for one in timed}
    for critical in (False, True):
        x: list[str | None] = []
        y: list[float | None] = []
        for one in timed:
            for other in (known[name] for name in one.milestone.depends_on if name in known):
                if (one.critical and other.critical) != critical:
                    continue
                end, begin = (other.end + timedelta(days=1)).isoformat(), one.start.isoformat()
                x += [end, begin, begin, None]
                y += [rows[other.milestone.id] + 0.08, rows[other.milestone.id] + 0.08, rows[one.milestone.id] + 0.2, None]
        line = {"color": EVENT if critical else FAINT, "width": 1.8 if critical else 1}
        figure.add_scatter(x=x, y=y, mode="lines", line=line, hoverinfo="skip")


def _text(at: float, text: str, size: int) -> dict[str, Any]:
    return {"x": 0, "xref": "paper", "y": at, "text": text, "xanchor": "left", "yanchor": "middle", "font": {"size": size}, "align": "left"}


def burn_up(lines: Mapping[str, Sequence[tuple[date, int]]], today: date, lang: str) -> go.Figure:
    """How many milestones were to be done and are done by each day, as steps."""
    figure = blank()
    looks: dict[str, dict[str, Any]] = {
        "baseline": {"color": TOTAL, "width": 2},
        "plan": {"color": TOTAL, "width": 2, "dash": "dot"},
        "done": {"color": ACTUAL, "width": 3},
    }
    days = [on for points in lines.values() for on, _ in points]
    start = min(days) - timedelta(days=1)
    end = max(*days, today)
    for name, points in lines.items():
        edge = min(end, today) if name == "done" else end
        steps = [(start, 0), *points, (max(edge, points[-1][0]), points[-1][1])] if points else [(start, 0), (edge, 0)]
        figure.add_scatter(
            x=[on.isoformat() for on, _ in steps],
            y=[number for _, number in steps],
            mode="lines",
            line={**looks[name], "shape": "hv"},
            name=word(f"rollout.{name}", lang),
            text=[f"{word(f'rollout.{name}', lang)} · {formats.day(on, lang)}: {number}" for on, number in steps],
            hovertemplate="%{text}<extra></extra>",
        )
    figure.add_vline(x=today.isoformat(), line={"color": TARGET, "dash": "dot", "width": 1.5})
    value_axis(figure, formats.scale("count", [], "", lang), max(number for points in lines.values() for _, number in points or [(start, 1)]))
    months = [shifted(start.replace(day=1), number) for number in range((end.year - start.year) * 12 + end.month - start.month + 1)]
    month_axis(figure, months, lang)
    figure.update_xaxes(range=[start.isoformat(), (end + timedelta(days=3)).isoformat()])
    figure.update_layout(showlegend=True, legend=LEGEND, margin={"t": 40})
    return figure


def loads(held: Sequence[Load], lang: str) -> go.Figure:
    """Open milestones of each owner by state, the heaviest on top."""
    shown = [load for load in held if load.open][::-1]
    figure = blank(max(140, 50 * len(shown) + 70))
    places = list(range(len(shown)))
    for name in STATES:
        counts = [load.states[name] for load in shown]
        if name != "done" and any(counts):
            figure.add_bar(
                orientation="h", y=places, x=counts, width=0.36, name=f"{SIGNS[name]} {state(name, lang)}", marker={"color": COLOURS[name]},
                text=[str(count) if count else "" for count in counts], textposition="inside", insidetextanchor="middle",
                textangle=0, textfont={"size": 13}, constraintext="none",
                customdata=[f"{formats.drawn(load.owner.read(lang))}<br>{state(name, lang)}: {load.states[name]}" for load in shown],
                hovertemplate="%{customdata}<extra></extra>",
            )  # fmt: skip
    annotate(figure, [_text(place + 0.36, formats.drawn(load.owner.read(lang)), 12) for place, load in zip(places, shown, strict=True)])
    figure.update_xaxes(visible=False, range=[0, max([4, *(load.open for load in shown)])])
    figure.update_yaxes(visible=False, range=[-0.4, len(shown) - 0.4])
    figure.update_layout(barmode="stack", showlegend=True, legend=LEGEND, margin={"t": 40})
    return figure


def finishes(outlook: Outlook, timed: Sequence[Timed], today: date, lang: str) -> go.Figure:
    """Each open milestone's planned end, and where half and four in five of the draws end."""
    shown = [(one, outlook.each[one.milestone.id]) for one in timed if one.milestone.id in outlook.each][::-1]
    figure = blank(ROW * len(shown) + 80)
    named = [f"{formats.drawn(one.milestone.id)} {formats.drawn(one.milestone.name.read(lang)[:LONGEST_NAME])}" for one, _ in shown]
    annotate(figure, [_text(place + 0.34, name, 12) for place, name in enumerate(named)])
    figure.add_scatter(
        x=[end for _, finish in shown for end in (finish.p50.isoformat(), finish.p80.isoformat(), None)],
        y=[at for place in range(len(shown)) for at in (place, place, None)],
        mode="lines", line={"color": ACTUAL, "width": 5}, hoverinfo="skip", showlegend=False,
    )  # fmt: skip
    for key, attribute, mark in (
        ("plan", "planned", {"symbol": "line-ns", "size": 15, "line": {"color": TOTAL, "width": 3}, "color": TOTAL}),
        ("p50", "p50", {"symbol": "circle-open", "size": 10, "color": ACTUAL, "line": {"width": 2}}),
        ("p80", "p80", {"symbol": "circle", "size": 10, "color": ACTUAL}),
    ):
        figure.add_scatter(
            x=[getattr(finish, attribute).isoformat() for _, finish in shown],
            y=list(range(len(shown))),
            mode="markers",
            marker=mark,
            name=word(f"rollout.{key}", lang),
            text=[f"{word(f'rollout.{key}', lang)}: {formats.day(getattr(finish, attribute), lang)}" for _, finish in shown],
            hovertemplate="%{text}<extra></extra>",
        )
    days = [on for _, finish in shown for on in (finish.p50, finish.p80, finish.planned)] + [today]
    first, last = min(days), max(days)
    months = [shifted(first.replace(day=1), number) for number in range((last.year - first.year) * 12 + last.month - first.month + 1)]
    month_axis(figure, months, lang)
    pad = timedelta(days=max(5, (last - first).days // 15))
    figure.update_xaxes(range=[(first - pad).isoformat(), (last + pad).isoformat()])
    figure.add_vline(x=today.isoformat(), line={"color": TARGET, "dash": "dot", "width": 1.5})
    figure.update_yaxes(visible=False, range=[-0.5, len(shown) - 0.3])
    figure.update_layout(showlegend=True, legend=LEGEND, margin={"t": 40})
    return figure
