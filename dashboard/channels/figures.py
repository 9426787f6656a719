"""Figures of contact and promises: rates side by side, funnels, hours, sequences; rows in, Plotly figures out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import plotly.graph_objects as go

from dashboard import formats
from dashboard.channels.when import WEEKDAYS, Cell
from dashboard.charts import ACTUAL, HEIGHT, SERIES, TOTAL, WORSE, blank, month_axis, two_lines, value_axis
from dashboard.formats import drawn
from dashboard.words import word

WARN = "#E69F00"
STATES = {"kept": ACTUAL, "partly": WARN, "broken": WORSE}
LEGEND = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "title": None}
#: Width a lane of rates needs to be read; narrower screens scroll.
LANE, NAMES = 124, 120
#: Between lanes, as a share of the figure.
GAP = 0.025
#: More rows than these are left to the table.
MOST = 20
#: An interval is drawn up to so many times the highest value of its lane.
WIDEST = 3


@dataclass(frozen=True)
class Lane:
    """One measure beside others: its name, unit, and for every row value, limits and what its parts are."""

    title: str
    unit: str
    values: Sequence[tuple[Any, Any, Any, str]]


def lanes(labels: Sequence[str], columns: Sequence[Lane], lang: str, currency: str) -> go.Figure:
    """Measures in columns side by side over the same rows: a dot each with its interval and its value, every column from zero.

    One axis holds all the columns, each from its own place and to its own scale, and one trace all their dots: a browser takes as long for each
    axis and each trace as for many points.
    """
    rows, count = len(labels), len(columns)
    figure = blank(height=max(150, 70 + 34 * rows))
    width = (1 - GAP * (count - 1)) / max(count, 1)
    lefts = [(width + GAP) * place for place in range(count)]
    ranges: dict[str, list[Any]] = {"x": [], "y": []}
    dots: dict[str, list[Any]] = {"x": [], "y": [], "text": []}
    values: dict[str, list[Any]] = {"x": [], "y": [], "text": []}
    for left, lane in zip(lefts, columns, strict=True):
        scale = formats.scale(lane.unit, [value for value, *_ in lane.values], currency, lang)
        found = [[scale.of(size) for size in sizes] for *sizes, _ in lane.values]
        # an interval of few is drawn to the edge, so that it doesn't press those of many together
        edge = WIDEST * max((dot or 0.0 for dot, *_ in found), default=0.0) or math.inf
        found = [[None if size is None else min(size, edge) for size in sizes] for sizes in found]
        ends = [max(dot or 0.0, high or 0.0) for dot, _, high in found]
        top = max(ends, default=0.0) or 1.0

        def at(size: float, left: float = left, top: float = top) -> float:
            return left + width * size / (top * 1.55)

        for row, (label, (dot, low, high), end, (value, lower, upper, parts)) in enumerate(zip(labels, found, ends, lane.values, strict=True)):
            written = formats.measure(lane.unit, value, currency, lang)
            if dot is not None:
                said = f"{drawn(label)}<br>{drawn(lane.title)} {written}{_limits(lane.unit, lower, upper, currency, lang)}"
                _put(dots, at(dot), row, f"{said}<br>{parts}" if parts else said)
                if low is not None and high is not None:
                    ranges["x"] += [at(low), at(high), None]
                    ranges["y"] += [row, row, None]
            _put(values, at(end + top * 0.09), row, written)
    figure.add_traces(
        [
            {"type": "scatter", **ranges, "mode": "lines", "line": {"color": TOTAL, "width": 2.5}, "hoverinfo": "skip"},
            {
                "type": "scatter", **dots, "mode": "markers", "marker": {"size": 9, "color": ACTUAL}, "hovertemplate": "%{text}<extra></extra>",
                "cliponaxis": False,
            },
            {
                "type": "scatter", **values, "mode": "text", "textposition": "middle right", "textfont": {"size": 12}, "hoverinfo": "skip",
                "cliponaxis": False,
            },
        ]
    )  # fmt: skip
    # the columns' names and zeros are the one axis's ticks; it begins a little before the first of them, as a line at its very edge isn't drawn
    along = {
        "range": [-0.01, 1], "side": "top", "tickvals": lefts, "ticktext": [_two_lines(lane.title) for lane in columns], "tickangle": 0, "ticks": "",
        "ticklabelposition": "outside right", "ticklabeloverflow": "allow", "showgrid": True, "gridcolor": TOTAL, "gridwidth": 1,
    }  # fmt: skip
    down = {
        "tickvals": list(range(rows)), "ticktext": [two_lines(label) for label in labels], "range": [rows - 0.5, -0.5], "showgrid": False,
        "ticks": "",
    }  # fmt: skip
    figure.update_layout(xaxis=along, yaxis=down, margin={"t": 48}, width=NAMES + LANE * count, showlegend=False)
    return figure


def _put(points: dict[str, list[Any]], x: float, y: int, text: str) -> None:
    for name, one in (("x", x), ("y", y), ("text", text)):
        points[name].append(one)


def funnel(stages: Sequence[tuple[str, int | None, str]], lang: str) -> go.Figure:
    """Stages from the first down: a bar each with its count and what share of an earlier stage that is, in words."""
    figure = blank(height=60 + 40 * len(stages))
    counts = [count for _, count, _ in stages]
    figure.add_bar(
        y=list(range(len(stages))),
        x=[count or 0 for count in counts],
        orientation="h",
        marker={"color": [TOTAL, *([ACTUAL] * (len(stages) - 1))]},
        text=[f"{formats.count(count)}{f'  ·  {note}' if note else ''}" for _, count, note in stages],
        textposition="outside",
        cliponaxis=False,
        hoverinfo="skip",
    )
    down = {"tickvals": list(range(len(stages))), "ticktext": [drawn(name) for name, _, _ in stages], "autorange": "reversed", "showgrid": False}
    along = {"showticklabels": False, "range": [0, max([count or 0 for count in counts] + [1]) * 1.75], "showgrid": False}
    figure.update_layout(xaxis=along, yaxis=down, width=520)
    return figure


def states(rows: Sequence[Mapping[str, Any]], lang: str) -> go.Figure:
    """Promises by month of their due date: kept, kept in part, broken, as counts on top of each other."""
    figure = blank(HEIGHT)
    months: list[date] = [row["month"] for row in rows]
    traces = []
    for state, colour in STATES.items():
        name = word(f"code.{state}", lang)
        said = []
        for row in rows:
            matured = sum(row[one] for one in STATES)
            share = formats.rate(row[state] / matured if matured else None)
            said.append(f"{formats.month(row['month'], lang)}<br>{name} {formats.count(row[state])} / {formats.count(matured)} · {share}")
        traces.append(
            {
                "type": "bar", "x": [month.isoformat() for month in months], "y": [row[state] for row in rows], "name": name,
                "marker": {"color": colour}, "text": said, "textposition": "none", "hovertemplate": "%{text}<extra></extra>",
            }
        )  # fmt: skip
    figure.add_traces(traces)
    top = max((sum(row[state] for state in STATES) for row in rows), default=1)
    value_axis(figure, formats.scale("count", [top], "", lang), float(top or 1))
    month_axis(figure, months, lang)
    figure.update_layout(barmode="stack", showlegend=True, legend=LEGEND, margin={"t": 40}, bargap=0.25)
    return figure


def hours(counts: Mapping[str, Mapping[int, int]], office: tuple[int, int], lang: str) -> go.Figure:
    """Contacts by hour of the day, by collectors and by machines on top of each other; office hours shaded."""
    figure = blank(HEIGHT)
    span, traces = list(range(24)), []
    for place, (name, by_hour) in enumerate(counts.items()):
        values = [by_hour.get(hour, 0) for hour in span]
        traces.append(
            {
                "type": "bar", "x": span, "y": values, "name": drawn(name), "marker": {"color": SERIES[(0, 4)[place % 2]]},
                "text": [f"{hour}:00–{hour + 1}:00<br>{drawn(name)} {formats.count(value)}" for hour, value in zip(span, values, strict=True)],
                "textposition": "none", "hovertemplate": "%{text}<extra></extra>",
            }
        )  # fmt: skip
    figure.add_traces(traces)
    top = max((sum(by_hour.get(hour, 0) for by_hour in counts.values()) for hour in span), default=1)
    value_axis(figure, formats.scale("count", [top], "", lang), float(top or 1))
    shade = {
        "type": "rect", "xref": "x", "x0": office[0] - 0.5, "x1": office[1] - 0.5, "yref": "y domain", "y0": 0, "y1": 1,
        "fillcolor": TOTAL, "opacity": 0.12, "line": {"width": 0}, "layer": "below",
    }  # fmt: skip
    along = {"tickvals": list(range(0, 24, 3)), "ticktext": [f"{hour}:00" for hour in range(0, 24, 3)], "range": [-0.6, 23.6]}
    figure.update_layout(xaxis=along, shapes=[shade], barmode="stack", showlegend=True, legend=LEGEND, margin={"t": 40}, bargap=0.15)
    return figure


def heat(cells: Sequence[Cell], lang: str, dark: bool) -> go.Figure:
    """Adjusted rates, weekdays down, hours across; hidden cells are blank and say why when pointed at."""
    found = {(cell.weekday, cell.hour): cell for cell in cells}
    span = range(min((cell.hour for cell in cells), default=0), max((cell.hour for cell in cells), default=23) + 1)
    figure = blank(height=96 + 34 * len(WEEKDAYS))
    grid = [[found.get((weekday, hour)) for hour in span] for weekday in WEEKDAYS]

    def said(cell: Cell | None) -> str:
        if cell is None:
            return ""
        head = f"{word(f'code.{cell.weekday}', lang)} {cell.hour}:00–{cell.hour + 1}:00"
        crude = f"{word('intensity.crude', lang)} {formats.rate(cell.crude)} · n = {formats.count(cell.attempts)}"
        if cell.rate is None:
            return f"{head}<br>{word('intensity.hidden', lang)}<br>n = {formats.count(cell.attempts)}"
        span_text = word("chart.interval", lang, span=f"{formats.rate(cell.low)}–{formats.rate(cell.high)}")
        return f"{head}<br>{word('intensity.adjusted', lang)} {formats.rate(cell.rate)}<br>{span_text}<br>{crude}"

    figure.add_heatmap(
        z=[[None if cell is None or cell.rate is None else cell.rate * 100 for cell in line] for line in grid],
        x=list(range(len(span))), y=list(range(len(WEEKDAYS))),
        colorscale=[[0, "#17222E" if dark else "#F1F6FA"], [1, "#1F6FA3" if dark else "#5BA9D6"]], showscale=False,
        text=[["" if cell is None else "·" if cell.rate is None else f"{cell.rate * 100:.0f}" for cell in line] for line in grid],
        texttemplate="%{text}", textfont={"size": 12, "color": "#F2F6FA" if dark else "#0B1A26"},
        customdata=[[said(cell) for cell in line] for line in grid], hovertemplate="%{customdata}<extra></extra>", hoverongaps=True,
        xgap=2, ygap=2,
    )  # fmt: skip
    figure.update_xaxes(tickvals=list(range(len(span))), ticktext=[f"{hour}" for hour in span], side="top", showgrid=False, ticks="")
    figure.update_yaxes(
        tickvals=list(range(len(WEEKDAYS))), ticktext=[word(f"code.{day}", lang) for day in WEEKDAYS], autorange="reversed", showgrid=False, ticks=""
    )
    figure.update_layout(width=max(340, 80 + 40 * len(span)))
    return figure


def response(points: Sequence[tuple[str, Any, Any, Any, int]], title: str, lang: str) -> go.Figure:
    """A rate over ordered bands with its interval; under each band how many attempts it rests on."""
    figure = blank(HEIGHT)
    kept = [point for point in points if point[1] is not None]
    x = list(range(len(kept)))
    figure.add_scatter(
        x=x,
        y=[float(rate) * 100 for _, rate, *_ in kept],
        mode="lines+markers",
        line={"color": ACTUAL, "width": 2},
        marker={"size": 8},
        error_y={
            "type": "data", "array": [(high - rate) * 100 for _, rate, _, high, _ in kept],
            "arrayminus": [(rate - low) * 100 for _, rate, low, _, _ in kept], "color": TOTAL, "thickness": 1.5, "width": 4,
        },
        text=[
            f"{band}<br>{formats.rate(rate)}{_limits('rate', low, high, '', lang)}<br>n = {formats.count(n)}"
            for band, rate, low, high, n in kept
        ],
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    top = max((float(high) for _, _, _, high, _ in kept), default=0.01) * 100
    value_axis(figure, formats.scale("rate", [], "", lang), top)
    figure.update_xaxes(
        tickvals=x, ticktext=[f"{band}<br>n = {formats.count(n)}" for band, *_, n in kept], tickangle=0, range=[-0.5, len(kept) - 0.5],
        title={"text": title, "font": {"size": 12}},
    )  # fmt: skip
    figure.update_layout(width=max(360, 72 * len(kept)))
    return figure


def sequence(links: Sequence[tuple[str, str, int]], nodes: Mapping[str, tuple[str, int, str]], lang: str, dark: bool) -> go.Figure:
    """Flows between steps: nodes by key (name, step, colour); links from key to key with the number of cases."""
    keys = list(nodes)
    figure = blank(HEIGHT + 120)
    steps = max((step for _, step, _ in nodes.values()), default=1) or 1
    figure.add_sankey(
        arrangement="snap",
        textfont={"color": "#F2F6FA" if dark else "#0B1A26", "size": 12, "shadow": "none"},
        node={
            "label": [drawn(name) for name, _, _ in nodes.values()], "color": [colour for _, _, colour in nodes.values()], "pad": 14, "thickness": 14,
            "line": {"width": 0}, "x": [min(0.999, max(0.001, step / steps)) for _, step, _ in nodes.values()],
            "customdata": [drawn(name) for name, _, _ in nodes.values()], "hovertemplate": "%{customdata}: %{value}<extra></extra>",
        },
        link={
            "source": [keys.index(start) for start, _, _ in links], "target": [keys.index(end) for _, end, _ in links],
            "value": [count for _, _, count in links], "color": "rgba(138,148,163,0.30)",
            "customdata": [f"{drawn(nodes[start][0])} → {drawn(nodes[end][0])}<br>{formats.count(count)}" for start, end, count in links],
            "hovertemplate": "%{customdata}<extra></extra>",
        },
    )  # fmt: skip
    figure.update_layout(width=700, margin={"l": 8, "r": 8, "t": 28, "b": 16})
    return figure


def _limits(unit: str, low: Any, high: Any, currency: str, lang: str) -> str:
    if low is None or high is None:
        return ""
    span = f"{formats.measure(unit, low, currency, lang)}–{formats.measure(unit, high, currency, lang)}"
    return f"<br>{word('chart.interval', lang, span=span)}"


def _two_lines(title: str) -> str:
    if len(title) <= 16:
        return drawn(title)
    words = title.split(" ")
    if len(words) < 2:
        return f"{drawn(title[:11])}<br>{drawn(title[11:])}"
    half = next((n for n in range(1, len(words)) if len(" ".join(words[:n])) >= len(title) / 2), len(words) - 1)
    return f"{drawn(' '.join(words[:half]))}<br>{drawn(' '.join(words[half:]))}"
