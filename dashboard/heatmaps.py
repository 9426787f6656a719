"""Figures of cells: placement months by age, and states by what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import plotly.graph_objects as go

from dashboard import formats
from dashboard.drawing import TOTAL, Rows, annotate, blank, wrapped
from dashboard.formats import drawn
from dashboard.words import word


def triangle(
    rows: Rows,
    across: str,
    down: str,
    value: str,
    unit: str,
    lang: str,
    currency: str,
    running: Sequence[tuple[date, int]] = (),
    dark: bool = False,
) -> go.Figure:
    """Placement months down, months since placement across; a month still running is an empty dotted cell, not a figure."""
    place = {(row[down], row[across]): row for row in rows if row.get(value) is not None}
    columns = sorted({column for _, column in [*place, *running]})
    months = sorted({month for month, _ in [*place, *running]})
    scale = formats.scale(unit, [row[value] for row in place.values()], currency, lang)
    figure = blank(height=110 + 26 * len(months))
    figure.update_layout(width=_grid_width(len(columns)))

    def said(month: date, column: int) -> str:
        row = place.get((month, column))
        if row is None:
            return ""
        text = f"{formats.month(month, lang)} · {word('chart.month_n', lang, n=column)}<br>{formats.measure(unit, row[value], currency, lang)}"
        part, whole = row.get(f"{value}_part"), row.get(f"{value}_whole")
        return text if whole is None else f"{text}<br>{formats.full_amount(part, currency)} / {formats.full_amount(whole, currency)}"

    grid = [[(month, column) for column in columns] for month in months]
    shades = [[scale.of(place[cell][value]) if cell in place else None for cell in line] for line in grid]
    texts = [[scale.text(place[cell][value]) if cell in place else "" for cell in line] for line in grid]
    _heat(figure, shades, texts, [[said(*cell) for cell in line] for line in grid], dark)
    places = [(columns.index(column), months.index(month)) for month, column in running]
    edge = {"type": "rect", "line": {"color": TOTAL, "width": 1.5, "dash": "dot"}}
    figure.update_layout(shapes=[{**edge, "x0": x - 0.46, "x1": x + 0.46, "y0": y - 0.42, "y1": y + 0.42} for x, y in places])
    annotate(figure, [{"x": x, "y": y, "text": "…"} for x, y in places])
    figure.update_xaxes(
        tickvals=list(range(len(columns))), ticktext=[str(column) for column in columns], side="top", showgrid=False, ticks="",
        title={"text": word("chart.months_since", lang), "font": {"size": 12}},
    )  # fmt: skip
    names = [formats.month(month, lang) for month in months]
    figure.update_yaxes(tickvals=list(range(len(months))), ticktext=names, autorange="reversed", showgrid=False, ticks="")
    return figure


def running_diagonal(rows: Rows, across: str, down: str, as_of: date) -> list[tuple[date, int]]:
    """The cells of a triangle whose month the data ends in before it ends: they have no figure yet."""
    if as_of == formats.month_end(as_of):
        return []
    months = sorted({row[down] for row in rows} | {as_of.replace(day=1)})
    return [(month, (as_of.year - month.year) * 12 + as_of.month - month.month) for month in months if month <= as_of]


def matrix(
    rows: Rows,
    start: str,
    end: str,
    value: str,
    states: Sequence[str],
    ends: Sequence[str],
    names: Mapping[str, str],
    lang: str,
    currency: str,
    beside: Mapping[str, str] | None = None,
    dark: bool = False,
) -> go.Figure:
    """Shares that moved from each state (down, with its number of cases beside) to each state (across); a row adds up to one."""
    cells = {(row[start], row[end]): row for row in rows if row[value] is not None}
    figure = blank(height=110 + 34 * len(states))
    figure.update_layout(width=_grid_width(len(ends), 50) + 60)
    scale = formats.scale("rate", [], "", lang)

    def said(one: str, other: str) -> str:
        row = cells.get((one, other))
        if row is None:
            return ""
        sides = [formats.full_amount(row.get(f"{value}_{side}"), currency) for side in ("part", "whole")]
        moved = f"{drawn(names.get(one, one))} → {drawn(names.get(other, other))}"
        return f"{moved}<br>{formats.rate(row[value])}<br>{sides[0]} / {sides[1]}"

    grid = [[(one, other) for other in ends] for one in states]
    shades = [[scale.of(cells[cell][value]) if cell in cells else None for cell in line] for line in grid]
    texts = [[scale.text(cells[cell][value]) if cell in cells else "" for cell in line] for line in grid]
    _heat(figure, shades, texts, [[said(*cell) for cell in line] for line in grid], dark)
    kept = [(ends.index(one), y) for y, one in enumerate(states) if one in ends]
    edge = {"type": "rect", "line": {"color": TOTAL, "width": 1.5}}
    figure.update_layout(shapes=[{**edge, "x0": x - 0.48, "x1": x + 0.48, "y0": y - 0.46, "y1": y + 0.46} for x, y in kept])
    figure.update_xaxes(
        tickvals=list(range(len(ends))),
        ticktext=[wrapped(names.get(one, one)) for one in ends],
        side="top",
        showgrid=False,
        ticks="",
    )
    down = [drawn(names.get(one, one)) + (f" · {beside[one]}" if beside else "") for one in states]
    figure.update_yaxes(tickvals=list(range(len(states))), ticktext=down, autorange="reversed", showgrid=False, ticks="")
    return figure


def _heat(figure: go.Figure, values: list[list[float | None]], written: list[list[str]], hover: list[list[str]], dark: bool) -> None:
    """Shades of one hue under figures that are read on all of them; colours of their own, as the theme may be known late."""
    figure.add_heatmap(
        z=values,
        x=list(range(len(values[0]) if values else 0)),
        y=list(range(len(values))),
        colorscale=[[0, "#17222E" if dark else "#F1F6FA"], [1, "#1F6FA3" if dark else "#5BA9D6"]],
        showscale=False,
        text=written,
        texttemplate="%{text}",
        textfont={"size": 12, "color": "#F2F6FA" if dark else "#0B1A26"},
        customdata=hover,
        hovertemplate="%{customdata}<extra></extra>",
        hoverongaps=False,
        xgap=2,
        ygap=2,
        zmin=0,
    )


def _grid_width(columns: int, cell: int = 44) -> int:
    """Wide enough to read every cell; a narrower screen scrolls."""
    return max(320, 96 + cell * columns)
