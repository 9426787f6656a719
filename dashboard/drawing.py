"""What every figure is drawn with: colours, margins, axes with the unit on each tick, names that fit; knows nothing of Streamlit, files or SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from html import unescape
from typing import Any, Protocol

import plotly.graph_objects as go

from dashboard import formats
from dashboard.formats import drawn
from dashboard.words import word

ACTUAL, WORSE, EVENT, TOTAL, TARGET = "#0072B2", "#D55E00", "#A87000", "#8A94A3", "#8A94A3"


#: Colours for a few series side by side, told apart also by people who see few colours; more than six become small greys.
SERIES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")


#: Without Plotly's own tool bar: downloads stand beside each chart.
CONFIG = {"displayModeBar": False, "responsive": True, "scrollZoom": False, "doubleClick": False, "showTips": False}


HEIGHT, ROW_HEIGHT = 320, 30


#: Height of a line of notes over a figure, the width (px) within which their names may not meet, and the marks of a timeline's lanes.
EVENT_ROW, EVENT_WIDTH = 16, 220


MARKS = ("square", "star", "diamond", "circle", "triangle-up", "hexagon", "cross", "pentagon", "x")


Rows = Sequence[Mapping[str, Any]]


class Metric(Protocol):
    """What a figure needs to know of a metric."""

    @property
    def id(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def label(self) -> Mapping[str, str]: ...


def blank(height: int = HEIGHT) -> go.Figure:
    """A figure with the house's margins, no legend and no zoom by dragging."""
    # in one go: each later change of a figure costs as much as all of this
    return go.Figure(
        layout={
            "height": height,
            "margin": {"l": 8, "r": 8, "t": 16, "b": 8},
            "showlegend": False,
            "dragmode": False,
            "hovermode": "closest",
            "separators": ".,",
            "hoverlabel": {"align": "left"},
            "xaxis": {"fixedrange": True, "showgrid": False, "zeroline": False, "automargin": True},
            "yaxis": {"fixedrange": True, "zeroline": False, "automargin": True},
        }
    )


def fitted(figure: go.Figure) -> None:
    """Widen a figure's margins to what the names beside its axes take. Left to find that out, the browser draws it again once it knows."""
    down, across = figure.layout.yaxis, figure.layout.xaxis
    margin = {}
    if down.ticktext and down.showticklabels is not False:
        margin["l"] = 18 + max(_drawn_width(line) for text in down.ticktext for line in str(text).split("<br>"))
    if (across.ticktext or across.title.text) and across.showticklabels is not False:
        lines = max((str(text).count("<br>") + 1 for text in across.ticktext or ()), default=1)
        title = 8 + round(1.75 * (across.title.font.size or 14)) if across.title.text else 0
        margin["t" if across.side == "top" else "b"] = 17 + 16 * lines + title
    figure.update_layout(margin={edge: max(figure.layout.margin[edge] or 0, wide) for edge, wide in margin.items()})


def _drawn_width(text: str) -> int:
    """About how many pixels a text of an axis takes, rather more than less."""
    return round(sum(12.0 if letter > "\u2e7f" else _WIDTHS.get(letter, 6.3) for letter in unescape(text)))


#: Letters of the pages' font at 12 pixels that are much narrower or wider than its figures.
_WIDTHS = dict.fromkeys(" |',.:;ij·lI!f()[]{}-t/r", 3.7) | dict.fromkeys("DGUHNOQ", 7.8) | dict.fromkeys("wMW%m@…", 9.9)


def annotate(figure: go.Figure, notes: Sequence[Mapping[str, Any]]) -> None:
    """Add texts all at once: adding one by one looks at all the others again each time."""
    figure.update_layout(annotations=[*figure.layout.annotations, *({"showarrow": False, **note} for note in notes)])


def value_axis(figure: go.Figure, scale: formats.Scale, top: float, low: float = 0.0, axis: str = "yaxis") -> None:
    """Ticks on round numbers from zero (or below it), written by us with the unit on each."""
    step = _round_step((top - low) / 5 or 1.0)
    first, last = int(low // step), int(-(-top // step))
    ticks = [step * number for number in range(first, max(last, first + 1) + 1)]
    decimals = next((places for places in range(6) if abs(round(step, places) - step) < 1e-9), 6)
    before, _, after = scale.name.partition(" ")
    if scale.name in ("%", "天", "days"):
        before, after = "", scale.name
    elif before.isalpha():  # a currency's code, which stands apart from its figure as in all texts
        before = f"{before}\N{NO-BREAK SPACE}"
    behind = after if after == "%" else f" {after}" if after else ""
    texts = [f"{formats.MINUS if tick < 0 else ''}{before}{formats.fixed(abs(Decimal(repr(tick))), decimals)}{behind}" for tick in ticks]
    figure.update_layout({axis: {"tickvals": ticks, "ticktext": texts, "range": [ticks[0], ticks[-1] * 1.04 if ticks[-1] else 1]}})


def month_axis(figure: go.Figure, months: Sequence[date], lang: str, most: int = 5) -> None:
    """Month names in the page's language, never more than fit on a phone."""
    every = max(1, -(-len(months) // most))
    shown = [month for place, month in enumerate(reversed(months)) if place % every == 0][::-1]
    figure.update_xaxes(
        type="date",
        tickmode="array",
        tickvals=[month.isoformat() for month in shown],
        ticktext=formats.month_ticks(shown, lang),
        tickangle=0,
    )


def end_label(figure: go.Figure, x: Any, y: float, text: str, side: str = "right", shift: int = 12) -> None:
    figure.add_annotation(x=x, y=y, text=drawn(text), showarrow=False, xanchor=side, yshift=shift, font={"size": 12})


def rate_sides(row: Mapping[str, Any], metric: Metric, currency: str, lang: str) -> str:
    """The two sides of a rate for a hover text, and its interval where the answer carries one."""
    text = ""
    part, whole = row.get(f"{metric.id}_part"), row.get(f"{metric.id}_whole")
    if whole is not None:
        money = getattr(whole, "as_tuple", None) is not None
        sides = [formats.full_amount(side, currency) if money else formats.count(side) for side in (part, whole)]
        text += f"<br>{sides[0]} / {sides[1]}"
    low, high = row.get(f"{metric.id}_low"), row.get(f"{metric.id}_high")
    if low is not None and high is not None:
        span = f"{formats.measure(metric.unit, low, currency, lang)}–{formats.measure(metric.unit, high, currency, lang)}"
        text += f"<br>{word('chart.interval', lang, span=span)}"
    return text


def shortened(label: str, most: int = 22) -> str:
    return label if len(label) <= most else f"{label[: most - 1]}…"


def wrapped(label: str) -> str:
    """A name, drawn over two lines so that it stands level under a narrow bar; Chinese without spaces breaks after four characters."""
    words = label.split(" ") if " " in label or label.isascii() else [label[:4], label[4:]]
    half = (len(words) + 1) // 2
    return "<br>".join(drawn(" ".join(part)) for part in (words[:half], words[half:]) if any(part))


def two_lines(name: str, room: int = 18) -> str:
    """A name drawn over two lines if it is longer than its room in Latin letters; what two lines don't hold is cut."""
    wide = sum(not letter.isascii() for letter in name)  # Chinese takes nearly twice the width
    room = round(room / (1 + 0.7 * wide / len(name))) if wide else room
    if len(name) <= room:
        return drawn(name)
    at = name.rfind(" ", 0, room + 1)
    first, rest = (name[:at], name[at + 1 :]) if at > 0 else (name[:room], name[room:])
    return f"{drawn(first)}<br>{drawn(rest if len(rest) <= room else f'{rest[: room - 1]}…')}"


def _round_step(rough: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    power = 1.0
    while power * 10 <= rough:
        power *= 10
    while power > rough:
        power /= 10
    return next(power * size for size in (1.0, 2.0, 5.0, 10.0) if power * size >= rough * 0.999)
