"""Figures of the forecast: the months ahead with their band, batches, the back-test; rows in, Plotly figures out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import plotly.graph_objects as go

from dashboard import formats
from dashboard.charts import ACTUAL, HEIGHT, TARGET, WORSE, blank, month_axis, value_axis
from dashboard.forecast.backtest import Trial
from dashboard.forecast.batches import Batch, Outlook
from dashboard.words import word

BAND, PALE = "rgba(0,114,178,0.24)", "rgba(0,114,178,0.35)"
LEGEND = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "title": None}
#: More batches than these are left to the table.
MOST_BATCHES = 24


def ahead(actual: Sequence[tuple[date, float]], found: Outlook, targets: Mapping[date, Any], lang: str, currency: str) -> go.Figure:
    """What came in by month, then what is expected with its 80% band, and targets where there are any."""
    figure = blank(HEIGHT + 40)
    coming = [(month.month, month.cash) for month in found.months]
    months = [month for month, _ in actual] + [month for month, _ in coming]
    aims = [(month, float(targets[month])) for month in months if month in targets]
    every = [value for _, value in actual] + [cash.high for _, cash in coming] + [value for _, value in aims]
    scale = formats.scale("amount", every, currency, lang)

    def said(month: date, name: str, value: float) -> str:
        return f"{formats.month(month, lang)}<br>{word(name, lang)} {formats.amount(value, currency, lang)}"

    joint = actual[-1:]
    x = [month.isoformat() for month, _ in joint] + [month.isoformat() for month, _ in coming]
    for values, fill in (
        ([value for _, value in joint] + [cash.high for _, cash in coming], None),
        ([value for _, value in joint] + [cash.low for _, cash in coming], "tonexty"),
    ):
        figure.add_scatter(
            x=x, y=[scale.of(value) for value in values], mode="lines", line={"width": 0, "color": ACTUAL}, fill=fill, fillcolor=BAND,
            name=word("forecast.band", lang), showlegend=fill is not None, hoverinfo="skip",
        )  # fmt: skip
    if aims:
        figure.add_scatter(
            x=[month.isoformat() for month, _ in aims],
            y=[scale.of(value) for _, value in aims],
            mode="lines" if len(aims) > 1 else "markers",
            line={"color": TARGET, "dash": "dot", "width": 2, "shape": "hvh"},
            name=word("forecast.target", lang),
            text=[said(month, "forecast.target", value) for month, value in aims],
            hovertemplate="%{text}<extra></extra>",
        )
    figure.add_scatter(
        x=[month.isoformat() for month, _ in actual],
        y=[scale.of(value) for _, value in actual],
        mode="lines+markers",
        line={"color": ACTUAL, "width": 2.5},
        marker={"size": 7},
        name=word("forecast.actual", lang),
        text=[said(month, "forecast.actual", value) for month, value in actual],
        hovertemplate="%{text}<extra></extra>",
    )
    figure.add_scatter(
        x=x,
        y=[scale.of(value) for value in [*(value for _, value in joint), *(cash.mean for _, cash in coming)]],
        mode="lines+markers",
        line={"color": ACTUAL, "width": 2, "dash": "dash"},
        marker={"size": [0] * len(joint) + [8] * len(coming), "color": "rgba(0,0,0,0)", "line": {"color": ACTUAL, "width": 2}},
        name=word("forecast.expected", lang),
        text=[""] * len(joint)
        + [
            f"{said(month, 'forecast.expected', cash.mean)}<br>{word('forecast.band', lang)} "
            f"{formats.amount(cash.low, currency, lang)} – {formats.amount(cash.high, currency, lang)}"
            for month, cash in coming
        ],
        hovertemplate="%{text}<extra></extra>",
    )
    value_axis(figure, scale, max(scale.of(value) or 0.0 for value in every), min(0.0, *(scale.of(cash.low) or 0.0 for _, cash in coming)))
    month_axis(figure, months, lang)
    figure.update_layout(showlegend=True, legend=LEGEND, margin={"t": 40})
    return figure


def batches(found: Outlook, lang: str, currency: str) -> go.Figure:
    """What is still to come of the latest batches with its interval; batches forecast by what was placed are pale."""
    shown = found.batches[-MOST_BATCHES:]
    figure = blank()
    every = [batch.to_come.high for batch in shown] + [batch.to_come.low for batch in shown]
    scale = formats.scale("amount", every, currency, lang)

    def size(value: float) -> float:
        return scale.of(value) or 0.0

    figure.add_bar(
        x=[batch.month.isoformat() for batch in shown],
        y=[size(batch.to_come.mean) for batch in shown],
        marker={"color": [PALE if batch.young else ACTUAL for batch in shown], "line": {"color": ACTUAL, "width": 1.5}},
        error_y={
            "type": "data",
            "array": [size(batch.to_come.high - batch.to_come.mean) for batch in shown],
            "arrayminus": [size(batch.to_come.mean - batch.to_come.low) for batch in shown],
            "color": TARGET,
            "thickness": 1.5,
            "width": 4,
        },
        customdata=[_batch(batch, lang, currency) for batch in shown],
        hovertemplate="%{customdata}<extra></extra>",
    )
    value_axis(figure, scale, max(map(size, every), default=1.0), min(0.0, *map(size, every)))
    month_axis(figure, [batch.month for batch in shown], lang)
    return figure


def _batch(batch: Batch, lang: str, currency: str) -> str:
    cash = batch.to_come
    span = f"{formats.amount(cash.low, currency, lang)} – {formats.amount(cash.high, currency, lang)}"
    return (
        f"{formats.month(batch.month, lang)}<br>{word('forecast.to_come', lang)} {formats.amount(cash.mean, currency, lang)}<br>"
        f"{word('forecast.band', lang)} {span}<br>{word('forecast.by_placed' if batch.young else 'forecast.by_cash', lang)}"
    )


def trials(made: Sequence[Trial], lang: str, currency: str) -> go.Figure:
    """What came in by month over the band that had been forecast a month ahead; months outside it are marked."""
    figure = blank(HEIGHT + 40)
    shown = [trial for trial in made if trial.ahead == 1 and trial.low is not None and trial.high is not None]
    every = [value for trial in shown for value in (trial.actual, trial.low, trial.high) if value is not None]
    scale = formats.scale("amount", every, currency, lang)
    x = [trial.month.isoformat() for trial in shown]
    for values, fill in (([trial.high for trial in shown], None), ([trial.low for trial in shown], "tonexty")):
        figure.add_scatter(
            x=x, y=[scale.of(value) for value in values], mode="lines", line={"width": 0, "color": ACTUAL}, fill=fill, fillcolor=BAND,
            name=word("forecast.band", lang), showlegend=fill is not None, hoverinfo="skip",
        )  # fmt: skip
    figure.add_scatter(
        x=x, y=[scale.of(trial.expected) for trial in shown], mode="lines", line={"color": ACTUAL, "dash": "dash", "width": 2},
        name=word("forecast.expected", lang), hoverinfo="skip",
    )  # fmt: skip
    figure.add_scatter(
        x=x,
        y=[scale.of(trial.actual) for trial in shown],
        mode="lines+markers",
        line={"color": TARGET, "width": 2},
        marker={
            "size": 10,
            "color": [ACTUAL if trial.inside else WORSE for trial in shown],
            "symbol": ["circle" if trial.inside else "diamond" for trial in shown],
        },
        name=word("forecast.actual", lang),
        text=[
            f"{formats.month(trial.month, lang)}<br>{word('forecast.actual', lang)} {formats.amount(trial.actual, currency, lang)}<br>"
            f"{word('forecast.expected', lang)} {formats.amount(trial.expected, currency, lang)}<br>{word('forecast.band', lang)} "
            f"{formats.amount(trial.low, currency, lang)} – {formats.amount(trial.high, currency, lang)}"
            for trial in shown
        ],
        hovertemplate="%{text}<extra></extra>",
    )
    sizes = [scale.of(value) or 0.0 for value in every]
    value_axis(figure, scale, max(sizes, default=1.0), min([0.0, *sizes]))
    month_axis(figure, [trial.month for trial in shown], lang)
    figure.update_layout(showlegend=True, legend=LEGEND, margin={"t": 40})
    return figure
