"""Rows to Plotly figures, labelled from the metric in the page's language; knows nothing of Streamlit, files or SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import plotly.graph_objects as go

from dashboard import formats
from dashboard.drawing import (
    ACTUAL,
    CONFIG,
    EVENT,
    EVENT_WIDTH,
    HEIGHT,
    ROW_HEIGHT,
    SERIES,
    TARGET,
    TOTAL,
    WORSE,
    Metric,
    Rows,
    annotate,
    blank,
    end_label,
    fitted,
    month_axis,
    rate_sides,
    shortened,
    two_lines,
    value_axis,
    wrapped,
)
from dashboard.formats import drawn
from dashboard.heatmaps import matrix, running_diagonal, triangle
from dashboard.timelines import noted, timeline
from dashboard.words import word

__all__ = [
    "ACTUAL",
    "CONFIG",
    "EVENT",
    "EVENT_WIDTH",
    "HEIGHT",
    "ROW_HEIGHT",
    "SERIES",
    "TARGET",
    "TOTAL",
    "WORSE",
    "annotate",
    "bars",
    "blank",
    "by_month",
    "fitted",
    "lines",
    "matrix",
    "month_axis",
    "noted",
    "running_diagonal",
    "timeline",
    "triangle",
    "two_lines",
    "value_axis",
    "waterfall",
]


def by_month(
    rows: Rows, metric: Metric, lang: str, currency: str, targets: Mapping[date, Any] | None = None, partial: set[date] | None = None
) -> go.Figure:
    """One metric by month as a line; a month still running is hollow at the end of a dashed stretch; targets are dotted."""
    figure = blank()
    rows = sorted(rows, key=lambda row: row["month"])
    months = [row["month"] for row in rows]
    aims = {month: value for month, value in (targets or {}).items() if months and months[0] <= month <= months[-1]}
    scale = formats.scale(metric.unit, [row.get(metric.id) for row in rows] + list(aims.values()), currency, lang)
    values = [scale.of(row.get(metric.id)) for row in rows]
    open_months = partial or set()
    if aims:
        kept = sorted(aims)
        figure.add_scatter(
            x=[month.isoformat() for month in kept],
            y=[scale.of(aims[month]) for month in kept],
            mode="lines",
            line={"color": TARGET, "dash": "dot", "width": 2, "shape": "hvh"},
            name=word("chart.target", lang),
            hovertemplate="%{text}<extra></extra>",
            text=[
                f"{formats.month(month, lang)}<br>{word('chart.target', lang)} {formats.measure(metric.unit, aims[month], currency, lang)}"
                for month in kept
            ],
        )
        note = {"text": word("chart.target", lang), "showarrow": False, "font": {"size": 12}}
        figure.add_annotation(x=1, xref="paper", xanchor="left", y=scale.of(aims[kept[-1]]), **note)
        figure.update_layout(margin={"r": 52})
    complete = [(month, value) for month, value in zip(months, values, strict=True) if month not in open_months]
    running = [(month, value) for month, value in zip(months, values, strict=True) if month in open_months]
    hover = {
        row["month"]: f"{formats.month(row['month'], lang)}<br>{drawn(metric.label[lang])} "
        f"{formats.measure(metric.unit, row.get(metric.id), currency, lang)}{rate_sides(row, metric, currency, lang)}"
        for row in rows
    }
    if running and complete:
        joined = [complete[-1], *running]
        figure.add_scatter(
            x=[month.isoformat() for month, _ in joined],
            y=[value for _, value in joined],
            mode="lines",
            line={"color": ACTUAL, "dash": "dash", "width": 2},
            hoverinfo="skip",
        )
    for points, fill in ((complete, ACTUAL), (running, "rgba(0,0,0,0)")):
        if points:
            figure.add_scatter(
                x=[month.isoformat() for month, _ in points],
                y=[value for _, value in points],
                mode="lines+markers" if points is complete else "markers",
                line={"color": ACTUAL, "width": 2.5},
                marker={"size": 7, "color": fill, "line": {"color": ACTUAL, "width": 2}},
                name=metric.label[lang],
                text=[hover[month] for month, _ in points],
                hovertemplate="%{text}<extra></extra>",
            )
    for month, value in running:
        if value is not None:
            falls = bool(complete) and value < (complete[-1][1] or 0.0)
            note = {"text": word("chart.running", lang), "showarrow": False, "yshift": -16 if falls else 16, "font": {"size": 12}}
            figure.add_annotation(x=month.isoformat(), y=value, xanchor="right", **note)
    drawn_values = [value for value in values if value is not None] + [scale.of(value) or 0.0 for value in aims.values()]
    value_axis(figure, scale, max(drawn_values, default=1.0), min(0.0, *drawn_values) if drawn_values else 0.0)
    month_axis(figure, months, lang)
    return figure


def bars(rows: Rows, metric: Metric, by: str, names: Mapping[str, str], lang: str, currency: str, target: Any = None) -> go.Figure:
    """Horizontal bars from zero with their values written beside them, beyond their intervals, in the order of the rows from the top."""
    scale = formats.scale(metric.unit, [row.get(metric.id) for row in rows], currency, lang)
    figure = blank(height=max(160, 48 + ROW_HEIGHT * len(rows)))
    labels = [(names.get(str(row[by]), formats.MISSING if row[by] is None else str(row[by]))) for row in rows]
    values = [scale.of(row.get(metric.id)) for row in rows]
    texts, spread = [formats.measure(metric.unit, row.get(metric.id), currency, lang) for row in rows], _intervals(rows, metric, scale)
    figure.add_bar(
        y=list(range(len(rows))),
        x=values,
        orientation="h",
        marker={"color": ACTUAL},
        text=texts,
        textposition="none" if spread else "outside",
        cliponaxis=False,
        customdata=[
            f"{drawn(label)}<br>{rate_sides(row, metric, currency, lang).removeprefix('<br>')}" for label, row in zip(labels, rows, strict=True)
        ],
        hovertemplate="%{customdata}<extra></extra>",
        error_x=spread,
    )
    ends = values
    if spread is not None:
        ends = [None if value is None else value + up for value, up in zip(values, spread["array"], strict=True)]
        figure.add_scatter(
            x=[end or 0.0 for end in ends], y=list(range(len(rows))), mode="text", text=[f" {text}" for text in texts],
            textposition="middle right", textfont={"size": 12}, hoverinfo="skip", cliponaxis=False,
        )  # fmt: skip
    figure.update_yaxes(tickvals=list(range(len(rows))), ticktext=[drawn(shortened(label)) for label in labels], autorange="reversed", showgrid=False)
    known = [end for end in ends if end is not None]
    top, low = max(known, default=1.0), min([0.0, *known])
    figure.update_xaxes(showticklabels=False, range=[low * 1.25, (top or 1.0) * 1.28], showgrid=False)
    if target is not None:
        figure.add_vline(x=scale.of(target), line={"color": TARGET, "dash": "dot", "width": 2})
    return figure


def lines(
    series: Mapping[str, Sequence[tuple[Any, Any]]],
    unit: str,
    lang: str,
    currency: str,
    months: bool = False,
    hover: Mapping[str, Sequence[str]] | None = None,
) -> go.Figure:
    """A few series over months, or over numbered months since placement, each named at its end; from zero."""
    figure = blank(height=HEIGHT + 40)
    every = [value for points in series.values() for _, value in points]
    scale = formats.scale(unit, every, currency, lang)
    shades = SERIES if len(series) <= len(SERIES) else _shades(len(series))
    ends: list[tuple[Any, float, str, str]] = []
    for place, (name, points) in enumerate(series.items()):
        kept = [(x, scale.of(value), value) for x, value in points]
        said = (hover or {}).get(name) or [f"{name}<br>{formats.measure(unit, value, currency, lang)}" for _, _, value in kept]
        figure.add_scatter(
            x=[x.isoformat() if isinstance(x, date) else x for x, _, _ in kept],
            y=[value for _, value, _ in kept],
            mode="lines+markers" if len(kept) < 30 else "lines",
            line={"color": shades[place], "width": 2, "dash": "solid" if place % 2 == 0 or len(series) > 6 else "dash"},
            marker={"size": 5},
            name=drawn(name),
            text=[drawn(text).replace("&lt;br&gt;", "<br>") for text in said],
            hovertemplate="%{text}<extra></extra>",
        )
        last = next(((x, value) for x, value, _ in reversed(kept) if value is not None), None)
        if last is not None:
            ends.append((last[0], last[1] or 0.0, name, shades[place]))
    known = [value for value in map(scale.of, every) if value is not None]
    value_axis(figure, scale, max(known, default=1.0), min([0.0, *known]))
    if len(series) <= len(SERIES):
        figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "title": None})
        figure.update_layout(margin={"t": 40})
    else:
        long = [end for end, points in zip(ends, series.values(), strict=True) if len(points) > 3] or ends
        for end, other in ((long[0], long[-1]), (long[-1], long[0])):
            x, y, name, _ = end
            near = not isinstance(x, date) and x < _longest(series) / 2
            below = x == other[0] and (y, name) < (other[1], other[2])  # the two would meet where both lines end
            end_label(figure, x.isoformat() if isinstance(x, date) else x, y, name, "left" if near else "right", -12 if below else 12)
    if months:
        month_axis(figure, sorted({x for points in series.values() for x, _ in points}), lang)
    else:
        figure.update_xaxes(
            dtick=max(1, _longest(series) // 8),
            range=[-0.3, _longest(series) + 0.6],
            title={"text": word("chart.months_since", lang), "font": {"size": 12}},
        )
    return figure


def waterfall(steps: Sequence[tuple[str, Any, bool]], lang: str, currency: str) -> go.Figure:
    """Steps of money from the first total to the last; a step is name, signed amount, and whether it is a total."""
    scale = formats.scale("amount", [size for _, size, _ in steps], currency, lang)
    figure = blank(height=HEIGHT + 20)
    names = [wrapped(name) for name, _, _ in steps]
    figure.add_waterfall(
        x=names,
        y=[scale.of(size) or 0.0 for _, size, _ in steps],
        measure=["absolute" if total and place == 0 else "total" if total else "relative" for place, (_, _, total) in enumerate(steps)],
        text=[formats.amount(size, currency, lang, signed=not total) for _, size, total in steps],
        textposition="outside",
        cliponaxis=False,
        increasing={"marker": {"color": ACTUAL}},
        decreasing={"marker": {"color": WORSE}},
        totals={"marker": {"color": TOTAL}},
        connector={"line": {"color": TOTAL, "width": 1}},
        customdata=[f"{drawn(name)}<br>{formats.full_amount(size, currency)}" for name, size, _ in steps],
        hovertemplate="%{customdata}<extra></extra>",
    )
    tops, running = [0.0], 0.0
    for _, size, total in steps:
        running = (scale.of(size) or 0.0) if total else running + (scale.of(size) or 0.0)
        tops.append(running)
    value_axis(figure, scale, max(tops) * 1.12, min(tops))
    figure.update_layout(margin={"t": 28})
    return figure


def _intervals(rows: Rows, metric: Metric, scale: formats.Scale) -> dict[str, Any] | None:
    if not any(row.get(f"{metric.id}_low") is not None for row in rows):
        return None
    up, down = [], []
    for row in rows:
        middle, low, high = (scale.of(row.get(key)) for key in (metric.id, f"{metric.id}_low", f"{metric.id}_high"))
        up.append(0.0 if middle is None or high is None else high - middle)
        down.append(0.0 if middle is None or low is None else middle - low)
    return {"type": "data", "array": up, "arrayminus": down, "color": TOTAL, "thickness": 1.5, "width": 4}


def _shades(count: int) -> list[str]:
    """One hue from faint (the oldest) to full (the latest)."""
    return [f"rgba(0,114,178,{0.25 + 0.75 * place / max(1, count - 1):.2f})" for place in range(count)]


def _longest(series: Mapping[str, Sequence[tuple[Any, Any]]]) -> int:
    return max((int(x) for points in series.values() for x, _ in points), default=1)
