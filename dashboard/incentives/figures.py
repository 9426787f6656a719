"""Figures of pay: a statement step by step, how pay is spread, two plans side by side, what pay follows; rows in, Plotly figures out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import plotly.graph_objects as go

from dashboard import charts, formats
from dashboard.charts import ACTUAL, HEIGHT, ROW_HEIGHT, TOTAL, WORSE, blank, value_axis
from dashboard.formats import drawn
from dashboard.incentives.fairness import PARTS, Follows
from dashboard.words import word

#: Bars of a spread at most, and people of a comparison that are drawn.
MOST_BINS, MOST_PEOPLE = 16, 24
PALE = "#9AA5B1"
PART_COLOURS = {"performance": ACTUAL, "files": "#E69F00", "luck": WORSE, "rest": TOTAL}


def statement(steps: Sequence[tuple[str, Decimal, bool]], lang: str, currency: str) -> go.Figure:
    """A statement from nothing to what is paid."""
    return charts.waterfall(steps, lang, currency)


def spread(amounts: Mapping[str, Sequence[Decimal]], lang: str, currency: str) -> go.Figure:
    """How many people are paid how much, one series a plan, in bars of one width."""
    figure = blank(HEIGHT)
    every = [float(value) for values in amounts.values() for value in values] or [0.0]
    low, high = min(0.0, *every), max([*every, 1.0])
    width = _round((high - low) / MOST_BINS)
    scale = formats.scale("amount", [low, high], currency, lang)
    first = int(low // width)
    edges = [width * (first + number) for number in range(int(high // width) - first + 1)]
    for (name, values), colour in zip(amounts.items(), (PALE, ACTUAL) if len(amounts) > 1 else (ACTUAL,), strict=False):
        places = np.searchsorted(edges, np.array(values, dtype=np.float64), side="right") - 1
        counts = np.bincount(places, minlength=len(edges)).tolist()
        spans = [f"{formats.amount(edge, currency, lang)} – {formats.amount(edge + width, currency, lang)}" for edge in edges]
        figure.add_bar(
            x=[scale.of(edge + width / 2) for edge in edges], y=counts, width=(scale.of(width) or 0) * (0.9 / len(amounts)), name=drawn(name),
            marker={"color": colour}, customdata=[f"{drawn(name)}<br>{span}: {count}" for span, count in zip(spans, counts, strict=True)],
            hovertemplate="%{customdata}<extra></extra>",
        )  # fmt: skip
    ticks = edges[:: max(1, -(-len(edges) // 5))]
    figure.update_xaxes(tickvals=[scale.of(edge) for edge in ticks], ticktext=[formats.edge(edge, currency, lang) for edge in ticks], tickangle=0)
    top = max((max(trace.y, default=0) for trace in figure.data), default=0)
    value_axis(figure, formats.scale("count", [top], currency, lang), float(max(top, 1)))
    if len(amounts) > 1:
        figure.update_layout(showlegend=True, barmode="group", legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}, margin={"t": 40})
    return figure


def by_month(lines: Mapping[str, Sequence[tuple[date, Any]]], unit: str, lang: str, currency: str) -> go.Figure:
    """Payout or its share of cash by month, a line a plan."""
    return charts.lines(lines, unit, lang, currency, months=True)


def changes(rows: Sequence[Mapping[str, Any]], lang: str, currency: str) -> go.Figure:
    """Who gains and who loses: a bar a person from the largest gain down; the ends of a long list only."""
    shown = list(rows) if len(rows) <= MOST_PEOPLE else [*rows[: MOST_PEOPLE // 2], *rows[-MOST_PEOPLE // 2 :]]
    figure = blank(60 + ROW_HEIGHT * max(len(shown), 1))
    scale = formats.scale("amount", [row["change"] for row in shown], currency, lang)
    sizes = [scale.of(row["change"]) or 0.0 for row in shown]
    figure.add_bar(
        x=sizes, y=list(range(len(shown))), orientation="h", marker={"color": [ACTUAL if size >= 0 else WORSE for size in sizes]},
        text=[_signed(row["change"], scale) for row in shown], textposition="outside", cliponaxis=False,
        customdata=[
            f"{drawn(row['who'])}<br>{formats.full_amount(row['before'], currency)} → {formats.full_amount(row['after'], currency)}" for row in shown
        ],
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip
    reach = max([abs(size) for size in sizes] or [1.0]) * 1.35 or 1.0
    low = -reach if min(sizes, default=0) < 0 else 0.0
    figure.update_xaxes(range=[low, reach if max(sizes, default=0) > 0 else reach * 0.1], showticklabels=False)
    figure.update_yaxes(tickvals=list(range(len(shown))), ticktext=[drawn(row["who"]) for row in shown], autorange="reversed")
    return figure


def follows(found: Follows, lang: str) -> go.Figure:
    """What differences in pay go with, as one bar of four parts."""
    figure = blank(120)
    left = 0.0
    for name in PARTS:
        size = found.shares[name] * 100
        text = f"{word(f'fair.{name}', lang)} {formats.rate(found.shares[name])}"
        figure.add_bar(
            x=[size], y=[0], orientation="h", marker={"color": PART_COLOURS[name]}, name=word(f"fair.{name}", lang),
            customdata=[text], hovertemplate="%{customdata}<extra></extra>", text=[formats.rate(found.shares[name]) if size >= 6 else ""],
            textposition="inside", insidetextanchor="middle", textfont={"color": "#FFFFFF"},
        )  # fmt: skip
        left += size
    figure.update_layout(
        barmode="stack", showlegend=True, legend={"orientation": "h", "y": 1.05, "yanchor": "bottom", "x": 0, "traceorder": "normal"}
    )
    figure.update_layout(margin={"t": 36})
    figure.update_xaxes(range=[0, 100], tickvals=[0, 25, 50, 75, 100], ticktext=["0%", "25%", "50%", "75%", "100%"])
    figure.update_yaxes(showticklabels=False)
    return figure


def steps_of_pay(curves: Mapping[str, Sequence[tuple[float, float]]], lang: str, currency: str) -> go.Figure:
    """Pay against a quantity that tiers or gates are read from: where it jumps, the line is upright."""
    figure = blank(HEIGHT)
    xs = [x for points in curves.values() for x, _ in points] or [0.0]
    ys = [y for points in curves.values() for _, y in points] or [0.0]
    across, up = formats.scale("amount", [max(xs)], currency, lang), formats.scale("amount", [max(ys)], currency, lang)
    for (name, points), colour in zip(curves.items(), (PALE, ACTUAL) if len(curves) > 1 else (ACTUAL,), strict=False):
        figure.add_scatter(
            x=[across.of(x) for x, _ in points], y=[up.of(y) for _, y in points], mode="lines", line={"color": colour, "width": 2.5},
            name=drawn(name), text=[f"{formats.amount(x, currency, lang)} → {formats.amount(y, currency, lang)}" for x, y in points],
            hovertemplate="%{text}<extra></extra>",
        )  # fmt: skip
    width = _round(max(max(xs), 1.0) / 5)
    ticks = [width * number for number in range(int(max(xs) // width) + 1)]
    figure.update_xaxes(tickvals=[across.of(tick) for tick in ticks], ticktext=[formats.edge(tick, currency, lang) for tick in ticks])
    value_axis(figure, up, max([up.of(y) or 0.0 for y in ys]) or 1.0)
    if len(curves) > 1:
        figure.update_layout(showlegend=True, legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}, margin={"t": 40})
    return figure


def _signed(value: Decimal, scale: formats.Scale) -> str:
    """An amount with its sign in the unit of all others beside it."""
    sign, _, unit = scale.name.partition(" ")
    text = formats.fixed(value / scale.divisor, scale.decimals, signed=True)
    head = text[0] if text[0] in f"+{formats.MINUS}" else ""
    return f"{head}{sign}{text.removeprefix(head)}{f' {unit}' if unit else ''}"


def _round(size: float) -> float:
    """The next of 1, 2, 5 × a power of ten."""
    power = 10.0 ** math.floor(math.log10(size))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= size)
