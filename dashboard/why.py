"""Why a rate changed between two periods: its parts as rows, as one sentence and as a waterfall. Knows nothing of Streamlit or SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import plotly.graph_objects as go

from dashboard import charts, formats
from dashboard.downloads import Column
from dashboard.filters import Filters
from dashboard.formats import drawn, fixed, plain
from dashboard.methods.decomposition import Decomposition, decompose, largest
from dashboard.words import listed, word

#: What a change may be split by.
DIMENSIONS = ("bucket", "product", "region", "team")
#: The fewest and the most parts named in the sentence, and those drawn in the figure; the rest stand together.
FEWEST, NAMED, DRAWN = 2, 4, 7
#: A part of the sentence is at least this large, in points with one decimal.
SMALLEST = Fraction(5, 10_000)

Rows = Sequence[Mapping[str, Any]]
Names = Mapping[str, str]


def split(before: Rows, now: Rows, by: str, rate: str) -> Decomposition | None:
    """Rows of a rate by a dimension in two periods, split; None where a period has no rate to split."""
    periods = [{str(row[by]): (row[f"{rate}_part"], row[f"{rate}_whole"]) for row in rows} for rows in (before, now)]
    return decompose(*periods)


def table(found: Decomposition, by: str) -> list[dict[str, Any]]:
    """One row per group: shares, rates, and effects in percentage points; the effects add up to the change."""
    return [
        {
            by: effect.group,
            "share_before": _decimal(effect.share_before),
            "share_now": _decimal(effect.share_now),
            "rate_before": _decimal(effect.rate_before),
            "rate_now": _decimal(effect.rate_now),
            "mix_effect": _decimal(effect.mix * 100),
            "rate_effect": _decimal(effect.rate * 100),
            "outside_effect": _decimal(effect.outside * 100),
            "total_effect": _decimal((effect.mix + effect.rate + effect.outside) * 100),
        }
        for effect in found.effects
    ]


def nothing(now: Filters, before: Filters | None, lang: str) -> str:
    """Why there is nothing to split."""
    if before is None:
        return word("why.not_compared" if now.comparison == "none" else "why.nothing_before", lang)
    return word("why.no_base", lang, period=formats.period(before.start, before.until, lang))


def columns(lang: str) -> list[Column]:
    """The columns of the table after the group's own; the effects add up to the change."""
    rates = [Column(name, word(f"why.{name}", lang), "rate") for name in ("share_before", "share_now", "rate_before", "rate_now")]
    effects = ("mix_effect", "rate_effect", "outside_effect", "total_effect")
    return rates + [Column(name, word(f"why.{name}", lang), "number", additive=True) for name in effects]


def _decimal(value: Fraction | None) -> Decimal | None:
    return None if value is None else Decimal(value.numerator) / Decimal(value.denominator)


def _named(found: Decomposition, names: Names, lang: str) -> list[tuple[str, Fraction]]:
    """Every part but the mix, by what it is called."""
    rates = [(word("why.rate", lang, group=_name(effect.group, names)), effect.rate) for effect in found.effects]
    return rates + [(word("why.outside", lang, group=_name(effect.group, names)), effect.outside) for effect in found.effects]


def _name(group: str, names: Names) -> str:
    return names.get(group, group)


def sentence(found: Decomposition, label: str, names: Names, lang: str) -> str:
    """What happened and the parts that did most of it, in one sentence, safe in markdown."""
    parts = largest([(word("why.mix", lang), found.mix), *_named(found, names, lang)], NAMED)[0]
    told: list[tuple[str, Fraction]] = []
    left = found.change
    for name, size in parts:
        if abs(size) < SMALLEST or (len(told) >= FEWEST and abs(left) < abs(told[-1][1])):
            break  # what is left, taken together, is less than the least of those named
        told.append((name, size))
        left -= size
    if told and abs(left) >= SMALLEST:
        told.append((word("why.rest", lang), left))
    places = _places(found)
    said = listed([f"{name} {fixed(_points(size), places, signed=True)}" for name, size in told], lang) or word("why.small", lang)
    moved = abs(found.change) >= SMALLEST
    return word(
        f"why.{('rose' if found.change > 0 else 'fell') if moved else 'held'}",
        lang,
        label=plain(label),
        before=f"{fixed(_points(found.before), places)}%",
        now=f"{fixed(_points(found.now), places)}%",
        parts=plain(said),
        **({"size": word("why.points", lang, size=fixed(_points(abs(found.change)), places))} if moved else {}),
    )


def _places(found: Decomposition) -> int:
    """One decimal, or two where both rates with one would not differ by the change as it is said."""
    now, before, change = (_points(value).quantize(Decimal("0.1"), ROUND_HALF_UP) for value in (found.now, found.before, found.change))
    return 1 if now - before == change or abs(found.change) < SMALLEST else 2


def _points(value: Fraction) -> Decimal:
    return _decimal(value * 100) or Decimal(0)


def steps(found: Decomposition, names: Names, lang: str) -> list[tuple[str, Fraction]]:
    """The parts of the waterfall between both rates: mix, then the largest, then all others together."""
    kept, rest = largest(_named(found, names, lang), DRAWN)
    if len(rest) == 1:
        kept, rest = [*kept, *rest], []
    others = [(word("why.rest", lang), sum((size for _, size in rest), Fraction(0)))] if rest else []
    return [(word("why.mix", lang), found.mix), *kept, *others]


def waterfall(found: Decomposition, names: Names, lang: str) -> go.Figure:
    """From the earlier rate down to the current one: rates are marks, so the axis need not start at zero; parts are bars between."""
    parts = steps(found, names, lang)
    labels = [word("why.earlier", lang), *(name for name, _ in parts), word("why.current", lang)]
    levels = [found.before]
    for _, size in parts:
        levels.append(levels[-1] + size)
    figure = charts.blank(height=60 + 30 * len(labels))
    figure.add_bar(
        y=list(range(1, len(parts) + 1)),
        base=[float(level * 100) for level in levels[:-1]],
        x=[float(size * 100) for _, size in parts],
        orientation="h",
        width=0.62,
        marker={"color": [charts.ACTUAL if size >= 0 else charts.WORSE for _, size in parts]},
        customdata=[f"{drawn(name)}<br>{formats.points(_decimal(size), lang)}" for name, size in parts],
        hovertemplate="%{customdata}<extra></extra>",
    )
    notes, links, line = [], [], {"color": charts.TOTAL, "width": 1, "dash": "dot"}
    for row, (level, size) in enumerate(zip(levels[1:], (size for _, size in parts), strict=True), start=1):
        end = max(level, level - size)
        notes.append({"x": float(end * 100), "y": row, "text": fixed(_points(size), 2, signed=True), "xanchor": "left", "xshift": 4})
    for row, level in enumerate(levels):  # each part begins where the one before it ended
        x, start = float(level * 100), row - (0.31 if row else 0)
        links.append({"type": "line", "x0": x, "x1": x, "y0": start, "y1": row + (1.31 if row < len(parts) else 1), "line": line})
    charts.annotate(figure, notes)
    figure.update_layout(shapes=links)
    ends = [(0, found.before), (len(labels) - 1, found.now)]
    figure.add_scatter(
        x=[float(rate * 100) for _, rate in ends],
        y=[row for row, _ in ends],
        mode="markers+text",
        marker={"symbol": "diamond", "size": 12, "color": charts.TOTAL},
        text=[f"{fixed(_points(rate), 2)}%" for _, rate in ends],
        textposition="middle right",
        cliponaxis=False,
        hoverinfo="skip",
    )
    low, high = float(min(levels) * 100), float(max(levels) * 100)
    room = (high - low) or 1.0
    figure.update_xaxes(range=[low - room * 0.06, high + room * 0.22], showticklabels=False)
    figure.update_yaxes(tickvals=list(range(len(labels))), ticktext=[_label(label) for label in labels], autorange="reversed", showgrid=False)
    return figure


def _label(name: str) -> str:
    """A name beside its bar: what stands in brackets below it, and never so long that the bars have no room."""
    head, bracket, tail = name.partition("（" if "（" in name else " (")
    head = head if len(head) <= 22 else f"{head[:21]}…"
    return drawn(head) + (f"<br>{drawn((bracket + tail).strip())}" if bracket else "")
