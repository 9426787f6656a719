"""Figures of plans and follow-ups: what became of plans, what is to come, willingness by ability; rows in, Plotly figures out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import plotly.graph_objects as go

from dashboard import formats, naming
from dashboard.arrangements.expected import Month
from dashboard.arrangements.sentences import STATES
from dashboard.charts import ACTUAL, HEIGHT, TOTAL, WORSE, blank, month_axis, value_axis
from dashboard.contract import contract
from dashboard.formats import drawn
from dashboard.words import word

COLOURS = dict(zip(STATES, (ACTUAL, "#9CC7E4", "#CC79A7", "#E69F00", TOTAL, "#C9CFD8", WORSE), strict=True))
PALE = "rgba(0,114,178,0.16)"
LEGEND = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "title": None}


def states(found: Mapping[date, Mapping[str, int]], lang: str) -> go.Figure:
    """Plans by month of agreement, what became of them on top of each other."""
    figure, months = blank(HEIGHT), sorted(found)
    totals = {month: sum(found[month].values()) for month in months}
    for state in STATES:
        if not any(found[month][state] for month in months):
            continue
        name = naming.value("plan_state", state, lang)
        said = [
            f"{formats.month(month, lang)}<br>{drawn(name)} {formats.count(found[month][state])} / {formats.count(totals[month])} · "
            f"{formats.rate(found[month][state] / totals[month])}"
            for month in months
        ]
        figure.add_bar(
            x=[month.isoformat() for month in months], y=[found[month][state] for month in months], name=drawn(name),
            marker={"color": COLOURS[state]}, text=said, textposition="none", hovertemplate="%{text}<extra></extra>",
        )  # fmt: skip
    top = max(totals.values(), default=1)
    value_axis(figure, formats.scale("count", [top], "", lang), float(top))
    month_axis(figure, months, lang)
    figure.update_layout(barmode="stack", showlegend=True, legend=LEGEND, margin={"t": 64}, bargap=0.25)
    return figure


def ahead(found: Sequence[Month], lang: str, currency: str) -> go.Figure:
    """What running plans have scheduled by coming month, pale, and what may be expected of it with its limits."""
    figure = blank(HEIGHT)
    x = [one.month.isoformat() for one in found]
    scale = formats.scale("amount", [one.scheduled for one in found], currency, lang)

    def size(value: Any) -> float:
        return scale.of(value) or 0.0

    def said(one: Month) -> str:
        read = {name: formats.amount(getattr(one, name), currency, lang) for name in ("scheduled", "expected", "low", "high", "beyond")}
        lines = [
            formats.month(one.month, lang),
            f"{word('plans.scheduled', lang)} {read['scheduled']}",
            f"{word('plans.expected', lang)} {read['expected']} ({read['low']}–{read['high']})",
        ]
        return "<br>".join(lines + ([f"{word('plans.beyond', lang)} {read['beyond']}"] if one.beyond else []))

    texts = [said(one) for one in found]
    shown = {"text": texts, "textposition": "none", "hovertemplate": "%{text}<extra></extra>"}
    figure.add_bar(
        x=x, y=[size(one.scheduled) for one in found], name=word("plans.scheduled", lang),
        marker={"color": PALE, "line": {"color": ACTUAL, "width": 1}}, **shown,
    )  # fmt: skip
    figure.add_bar(
        x=x, y=[size(one.expected) for one in found], name=word("plans.expected", lang), marker={"color": ACTUAL}, **shown,
        error_y={
            "type": "data", "symmetric": False, "array": [size(one.high - one.expected) for one in found],
            "arrayminus": [size(one.expected - one.low) for one in found], "thickness": 1.4, "width": 4, "color": TOTAL,
        },
    )  # fmt: skip
    value_axis(figure, scale, max((size(one.scheduled) for one in found), default=1.0) or 1.0)
    month_axis(figure, [one.month for one in found], lang)
    figure.update_layout(barmode="overlay", showlegend=True, legend=LEGEND, margin={"t": 40}, bargap=0.3)
    return figure


def moods(rows: Sequence[Mapping[str, Any]], lang: str, dark: bool) -> go.Figure:
    """Willingness down, ability across: follow-ups done, written in each cell with their share."""
    cells = {(row["willingness"], row["ability"]): row for row in rows}
    down = [code for code in [*contract().codes["willingness"], ""] if any(code == one for one, _ in cells)]
    across = [code for code in [*contract().codes["ability"], ""] if any(code == other for _, other in cells)]
    figure = blank(height=110 + 40 * len(down))
    grid = [[cells.get((one, other)) for other in across] for one in down]
    heads = {code: naming.value("ability", code, lang) for code in across}, {code: naming.value("willingness", code, lang) for code in down}
    figure.add_heatmap(
        z=[[None if cell is None else cell["done"] for cell in line] for line in grid],
        x=list(range(len(across))),
        y=list(range(len(down))),
        zmin=0,
        colorscale=[[0, "#17222E" if dark else "#F1F6FA"], [1, "#1F6FA3" if dark else "#5BA9D6"]],
        showscale=False,
        text=[["" if cell is None else formats.rate(cell["share"]) for cell in line] for line in grid],
        texttemplate="%{text}",
        textfont={"size": 12, "color": "#F2F6FA" if dark else "#0B1A26"},
        customdata=[
            ["" if cell is None else f"{heads[1][one]} · {heads[0][other]}<br>{formats.count(cell['done'])} · {formats.rate(cell['share'])}"
             for other, cell in zip(across, line, strict=True)]
            for one, line in zip(down, grid, strict=True)
        ],
        hovertemplate="%{customdata}<extra></extra>",
        hoverongaps=False,
        xgap=2,
        ygap=2,
    )  # fmt: skip
    figure.update_xaxes(tickvals=list(range(len(across))), ticktext=[drawn(heads[0][code]) for code in across], side="top", showgrid=False, ticks="")
    figure.update_yaxes(
        tickvals=list(range(len(down))), ticktext=[drawn(heads[1][code]) for code in down], autorange="reversed", showgrid=False, ticks=""
    )
    return figure
