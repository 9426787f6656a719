"""Figures of an effect: by months since the start with intervals, and what happened beside what would have."""

from __future__ import annotations

import plotly.graph_objects as go

from dashboard import charts, formats
from dashboard.charts import ACTUAL, HEIGHT, TOTAL, blank, value_axis
from dashboard.methods.effects import Effect, month_of
from dashboard.metrics import metrics
from dashboard.rollout import impact_sentences
from dashboard.words import word


def event_study(metric_id: str, effect: Effect, lang: str, currency: str) -> go.Figure:
    """The effect by months since the start with 95% intervals; before it (grey) there should be none. No interval: hollow."""
    figure = blank(HEIGHT + 20)
    unit = metrics()[metric_id].unit
    ends = [end for one in effect.points for end in (one.effect.value, one.effect.low, one.effect.high)]
    scale = formats.scale(unit, ends, currency, lang)

    def size(value: float | None) -> float:
        return scale.of(value) or 0.0

    for name, colour, points in (
        ("before_start", TOTAL, [one for one in effect.points if one.since < 0]),
        ("after_start", ACTUAL, [one for one in effect.points if one.since >= 0]),
    ):
        if not points:
            continue
        bounded = [one.effect.low is not None and one.effect.high is not None for one in points]
        figure.add_scatter(
            x=[one.since for one in points],
            y=[size(one.effect.value) for one in points],
            mode="markers",
            marker={
                "size": 9,
                "color": [colour if one else "rgba(0,0,0,0)" for one in bounded],
                "line": {"color": colour, "width": 2},
                "symbol": "diamond" if name == "before_start" else "circle",
            },
            error_y={
                "type": "data",
                "array": [size(one.effect.high) - size(one.effect.value) if one.effect.high is not None else 0 for one in points],
                "arrayminus": [size(one.effect.value) - size(one.effect.low) if one.effect.low is not None else 0 for one in points],
                "color": colour,
                "thickness": 1.5,
                "width": 4,
            },
            name=word(f"effect.{name}", lang),
            text=[
                f"{word('effect.months_since', lang)} {formats.number(one.since)}<br>"
                f"{impact_sentences.size(metric_id, one.effect.value, lang, currency, signed=True)}<br>{word('effect.interval', lang)} "
                f"{impact_sentences.bound(metric_id, one.effect.low, lang, currency)} – "
                f"{impact_sentences.bound(metric_id, one.effect.high, lang, currency)}<br>{word('effects.units', lang)} {one.units}"
                for one in points
            ],
            hovertemplate="%{text}<extra></extra>",
        )
    sizes = [size(end) for end in ends if end is not None]
    value_axis(figure, scale, max([0.0, *sizes]), min([0.0, *sizes]))
    figure.add_hline(y=0, line={"color": TOTAL, "width": 1})
    if any(one.since < 0 for one in effect.points):
        figure.add_vline(x=-0.5, line={"color": TOTAL, "width": 1.5, "dash": "dash"})
    since = [one.since for one in effect.points]
    figure.update_xaxes(
        dtick=max(1, len(since) // 12), range=[min(since) - 0.6, max(since) + 0.6],
        title={"text": word("effect.months_since", lang), "font": {"size": 12}},
    )  # fmt: skip
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "title": None}, margin={"t": 40})
    return figure


def paths(metric_id: str, effect: Effect, lang: str, currency: str) -> go.Figure:
    """What happened and what would have without it, by calendar month, with the months of the starts."""
    figure = charts.lines(impact_sentences.paths(effect, lang), metrics()[metric_id].unit, lang, currency, months=True)
    starts = sorted({cell.start for cell in effect.cells})
    for start in starts:
        figure.add_vline(x=month_of(start).isoformat(), line={"color": TOTAL, "width": 1, "dash": "dot"})
    return figure
