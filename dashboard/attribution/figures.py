"""Figures of attribution and effect: cash by method, forests of differences, what was claimed beside what was added."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import plotly.graph_objects as go

from dashboard import formats
from dashboard.attribution import credits
from dashboard.attribution.effect import Cell, Compared
from dashboard.attribution.profile import Share
from dashboard.attribution.sentences import hover
from dashboard.charts import ACTUAL, ROW_HEIGHT, SERIES, TOTAL, WORSE, annotate, blank, two_lines, value_axis
from dashboard.formats import drawn
from dashboard.words import word

LEGEND = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "title": None, "traceorder": "normal"}
#: So many channels have a colour of their own; the others stand together.
MOST_CHANNELS = 5
#: Between the rows of a forest, what is written above each among it.
FOREST_ROW = ROW_HEIGHT + 20
#: A segment narrower than this share of the bar has no label in it.
NARROW = 0.07


def methods(rows: Sequence[Mapping[str, Any]], names: Mapping[str, str], lang: str, currency: str) -> go.Figure:
    """One bar per method from zero to net cash, in the channels' parts; no touch last and grey."""
    touched = [row for row in rows if row["channel"] != credits.NONE]
    kept, rest = touched[:MOST_CHANNELS], touched[MOST_CHANNELS:]
    parts = [(names[row["channel"]], SERIES[place], {name: row[name] for name in credits.METHODS}) for place, row in enumerate(kept)]
    if rest:
        parts.append((word("attribution.others", lang), "#B9C2CC", {name: sum(row[name] for row in rest) for name in credits.METHODS}))
    parts += [(names[row["channel"]], TOTAL, {name: row[name] for name in credits.METHODS}) for row in rows if row["channel"] == credits.NONE]
    total = credits.total(rows, "last")
    scale = formats.scale("amount", [total], currency, lang)
    figure = blank(height=130 + 46 * len(credits.METHODS))
    for name, colour, values in parts:
        shares = [float(values[method] / total) if total else 0.0 for method in credits.METHODS]
        figure.add_bar(
            y=list(range(len(credits.METHODS))),
            x=[scale.of(values[method]) for method in credits.METHODS],
            orientation="h",
            width=0.66,
            name=drawn(name),
            marker={"color": colour, "line": {"color": "rgba(128,128,128,0.5)", "width": 0.5}},
            text=[f"{formats.fixed(formats.exact(share * 100) or Decimal(0), 0)}%" if share >= NARROW else "" for share in shares],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            textfont={"color": "#000000" if colour in ("#E69F00", "#56B4E9", "#CC79A7", "#B9C2CC", TOTAL) else "#FFFFFF"},
            customdata=[
                f"{credits.label(method, lang)} · {drawn(name)}<br>{formats.amount(values[method], currency, lang)} · {formats.rate(share)}"
                for method, share in zip(credits.METHODS, shares, strict=True)
            ],
            hovertemplate="%{customdata}<extra></extra>",
        )
    value_axis(figure, scale, scale.of(total) or 1.0, min(0.0, scale.of(total) or 0.0), axis="xaxis")
    _few_ticks(figure)
    figure.update_layout(barmode="relative", showlegend=True, legend=LEGEND, margin={"t": 64})
    labels = [credits.label(method, lang) for method in credits.METHODS]
    figure.update_yaxes(tickvals=list(range(len(labels))), ticktext=labels, autorange="reversed", showgrid=False)
    return figure


@dataclass(frozen=True)
class Line:
    """One row of a forest: an estimate with its interval, whether it stands apart from zero, what is written beside it and told on hover."""

    label: str
    value: float
    low: float
    high: float
    clear: bool
    text: str
    hover: str = ""
    mark: float | None = None


def forest(lines: Sequence[Line], unit: str, lang: str, currency: str, mark: str = "") -> go.Figure:
    """Estimates as points on their intervals around the line of no difference (points, amounts) or from zero (shares).

    What can't be told from zero is grey and hollow; `mark` names a second value per row, drawn as a bar across.
    """
    figure = blank(height=90 + FOREST_ROW * len(lines) + (26 if mark else 0))
    every = [value for line in lines for value in (line.low, line.high, *(() if line.mark is None else (line.mark,)))]
    scale = formats.Scale(Decimal(1), 1, "") if unit == "points" else formats.scale(unit, every, currency, lang)

    def at(value: float) -> float:
        return value * 100 if unit == "points" else scale.of(value) or 0.0

    colours = [TOTAL if not line.clear else ACTUAL if line.value >= 0 else WORSE for line in lines]
    for colour in dict.fromkeys(colours):
        mine = [(place, line) for place, line in enumerate(lines) if colours[place] == colour]
        figure.add_scatter(
            x=[end for _, line in mine for end in (at(line.low), at(line.high), None)], y=[end for place, _ in mine for end in (place, place, None)],
            mode="lines", line={"color": colour, "width": 3}, hoverinfo="skip", showlegend=False,
        )  # fmt: skip
        figure.add_scatter(
            x=[at(line.value) for _, line in mine],
            y=[place for place, _ in mine],
            mode="markers",
            marker={"size": 11, "color": "rgba(0,0,0,0)" if colour == TOTAL else colour, "line": {"color": colour, "width": 2}},
            text=[f"{drawn(line.label)}<br>{drawn(line.text)}" + (f"<br>{drawn(line.hover)}" if line.hover else "") for _, line in mine],
            hovertemplate="%{text}<extra></extra>",
            showlegend=False,
        )
    # above its line, not beside it: a phone has no room there
    above = {"x": 1, "xref": "paper", "xanchor": "right", "yshift": 16, "font": {"size": 12}}
    annotate(figure, [{**above, "y": place, "text": drawn(line.text)} for place, line in enumerate(lines)])
    if mark:
        marked = [(place, line.mark) for place, line in enumerate(lines) if line.mark is not None]
        figure.add_scatter(
            x=[at(value) for _, value in marked], y=[place for place, _ in marked], mode="markers", name=mark,
            marker={"symbol": "line-ns", "size": 16, "line": {"color": "#E69F00", "width": 3}}, hoverinfo="skip",
        )  # fmt: skip
        figure.update_layout(showlegend=True, legend=LEGEND, margin={"t": 40})
    low, high = min([0.0, *map(at, every)]), max([0.0, *map(at, every)])
    room = (high - low) or 1.0
    value_axis(figure, scale, high, low, axis="xaxis")
    _few_ticks(figure)
    figure.update_xaxes(range=[low - room * 0.05, high + room * 0.05], showgrid=True)
    figure.add_vline(x=0, line={"color": TOTAL, "width": 1.5, "dash": "dot"})
    if unit == "points":
        figure.update_xaxes(title={"text": word("arms.points", lang), "font": {"size": 12}})
    names = [two_lines(line.label, 20) for line in lines]
    figure.update_yaxes(tickvals=list(range(len(lines))), ticktext=names, range=[len(lines) - 0.4, -0.7], showgrid=False)
    return figure


def _few_ticks(figure: go.Figure) -> None:
    """No more marks under a figure than fit on a phone, zero among them."""
    ticks, texts = list(figure.layout.xaxis.tickvals), list(figure.layout.xaxis.ticktext)
    every = -(-len(ticks) // 4)
    kept = [place for place in range(len(ticks)) if (place - ticks.index(0)) % every == 0]
    figure.update_xaxes(tickvals=[ticks[place] for place in kept], ticktext=[texts[place] for place in kept], tickangle=0)


def beside(rows: Sequence[Mapping[str, Any]], lang: str, currency: str) -> go.Figure:
    """Per arm two bars from zero: what a touch came before, and what the test says was added, with its interval."""
    figure = blank(height=110 + 62 * len(rows))
    every = [row[name] for row in rows for name in ("claimed", "added", "low", "high")]
    scale = formats.scale("amount", [round(value, 2) for value in every], currency, lang)
    for name, colour in (("claimed", TOTAL), ("added", ACTUAL)):
        values = [scale.of(round(row[name], 2)) or 0.0 for row in rows]
        spread = None
        if name == "added":
            up = [scale.of(row["high"] - row["added"]) or 0.0 for row in rows]
            down = [scale.of(row["added"] - row["low"]) or 0.0 for row in rows]
            spread = {"type": "data", "array": up, "arrayminus": down, "color": "#E69F00", "thickness": 2, "width": 5}
        texts = [formats.amount(round(row[name], 2), currency, lang) for row in rows]
        figure.add_bar(
            y=list(range(len(rows))), x=values, orientation="h", name=word(f"beside.{name}", lang), marker={"color": colour}, error_x=spread,
            text=texts if name == "claimed" else None, textposition="outside", cliponaxis=False,
            customdata=[f"{drawn(row['arm'])}<br>{word(f'beside.{name}', lang)} {text}" for row, text in zip(rows, texts, strict=True)],
            hovertemplate="%{customdata}<extra></extra>",
        )  # fmt: skip
    sizes = [scale.of(round(value, 2)) or 0.0 for value in every]
    value_axis(figure, scale, max(sizes, default=1.0) * 1.12, min([0.0, *sizes]), axis="xaxis")
    figure.update_yaxes(tickvals=list(range(len(rows))), ticktext=[drawn(row["arm"]) for row in rows], autorange="reversed", showgrid=False)
    _few_ticks(figure)
    figure.update_layout(barmode="group", showlegend=True, legend=LEGEND, margin={"t": 40})
    return figure


def arms(compared: Sequence[Compared], lang: str, currency: str) -> go.Figure:
    """What each arm adds to the paid share of its control."""
    return forest([line(one.arm.name, one, one.clear, lang) for one in compared], "points", lang, currency)


def segments(cells: Sequence[Cell], names: Mapping[str, str], lang: str, currency: str) -> go.Figure:
    """What one arm adds in each segment."""
    return forest([line(names[cell.segment], cell.compared, cell.clear, lang) for cell in cells], "points", lang, currency)


def line(label: str, one: Compared, clear: bool, lang: str) -> Line:
    """A comparison of two arms as a row of a forest."""
    share = one.share
    text = f"{formats.points(share.value, lang)} ({_bare(share.low)} – {_bare(share.high)})"
    return Line(label, share.value, share.low, share.high, clear, text, hover(one, lang))


def _bare(value: float) -> str:
    return formats.fixed(formats.exact(value * 100) or Decimal(0), 1)


def margins(compared: Sequence[Compared], lang: str, currency: str) -> go.Figure:
    """Added net cash a case beside what the arm's contact cost more: where the bar across lies left of the interval, the arm pays."""
    lines = []
    for one in compared:
        if one.cash is not None and one.margin is not None:
            text = formats.amount(round(one.cash.value, 2), currency, lang, signed=True)
            sure = one.margin.low > 0 or one.margin.high < 0
            lines.append(Line(one.arm.name, one.cash.value, one.cash.low, one.cash.high, sure, text, hover(one, lang), one.extra_cost))
    return forest(lines, "amount", lang, currency, word("cost.even", lang))


def shares(found: Sequence[Share], names: Mapping[str, str], lang: str, currency: str) -> go.Figure:
    """A channel's share of payments in each segment."""
    lines = [
        Line(
            names[one.segment], one.value, one.low, one.high, one.clear, formats.rate(one.value),
            f"{formats.count(one.part)} / {formats.count(one.whole)}",
        )
        for one in found
    ]  # fmt: skip
    return forest(lines, "rate", lang, currency)
