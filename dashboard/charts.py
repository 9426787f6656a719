"""Rows to Plotly figures, labelled from the metric in the page's language; knows nothing of Streamlit, files or SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol, TypeVar

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


class Event(Protocol):
    """What a figure needs to know of a note on a date."""

    @property
    def on_date(self) -> date: ...
    @property
    def until_date(self) -> date | None: ...
    def read(self, lang: str) -> str: ...


Noted = TypeVar("Noted", bound=Event)


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
    figure = go.Figure()
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 16, "b": 8},
        showlegend=False,
        dragmode=False,
        hovermode="closest",
        separators=".,",
        hoverlabel={"align": "left"},
    )
    figure.update_xaxes(fixedrange=True, showgrid=False, zeroline=False, automargin=True, title=None)
    figure.update_yaxes(fixedrange=True, zeroline=False, automargin=True, title=None)
    return figure


def value_axis(figure: go.Figure, scale: formats.Scale, top: float, low: float = 0.0, axis: str = "yaxis") -> None:
    """Ticks on round numbers from zero (or below it), written by us with the unit on each."""
    step = _round_step((top - low) / 5 or 1.0)
    first, last = int(low // step), int(-(-top // step))
    ticks = [step * number for number in range(first, max(last, first + 1) + 1)]
    decimals = next((places for places in range(6) if abs(round(step, places) - step) < 1e-9), 6)
    before, _, after = ("", "", "%") if scale.name == "%" else scale.name.partition(" ")
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
        f"{formats.measure(metric.unit, row.get(metric.id), currency, lang)}{_parts(row, metric, currency, lang)}"
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


def noted(figure: go.Figure, events: Sequence[Noted], lang: str) -> list[Noted]:
    """Put notes on a figure over time as thin numbered verticals (bands where they last); returns those within it, in their order.

    A month's point stands at its first day, so a figure reaches to the end of its last month. A name that has no room is left to the list
    under the figure, its number stays. Other figures stay as they are.
    """
    if figure.layout.xaxis.type != "date":
        return []
    days = sorted(date.fromisoformat(str(x)[:10]) for trace in figure.data for x in (trace.x if trace.x is not None else ()) if x is not None)
    if not days:
        return []
    first, last = days[0], formats.month_end(days[-1])
    within = [event for event in events if event.on_date <= last and (event.until_date or event.on_date) >= first]
    if not within:
        return []
    span = max((last - first).days, 1)
    top, rows = figure.layout.margin.t or 16, min(3, len(within))
    figure.update_layout(margin={"t": top + EVENT_ROW * rows})
    if figure.layout.showlegend and figure.layout.legend.y is not None:
        inner = (figure.layout.height or HEIGHT) - top - EVENT_ROW * rows - (figure.layout.margin.b or 8)
        figure.update_layout(legend={"y": 1 + (EVENT_ROW * rows + 6) / max(inner, 1)})
    places = []
    for event in within:
        at = (max(event.on_date, first) - first).days / span
        places.append((at, _short(event.read(lang), 16 if lang == "en" else 9), at > 0.55))
    named = _named(places, rows)
    for number, event in enumerate(within, start=1):
        start, end = max(event.on_date, first), min(event.until_date or event.on_date, last)
        if end > start:
            figure.add_shape(
                type="rect", x0=start.isoformat(), x1=end.isoformat(), y0=0, y1=1, yref="paper",
                fillcolor=EVENT, opacity=0.14, line_width=0, layer="below",
            )  # fmt: skip
        line = {"color": EVENT, "width": 1.25, "dash": "dashdot"}
        figure.add_shape(type="line", x0=start.isoformat(), x1=start.isoformat(), y0=0, y1=1, yref="paper", line=line)
        row, (_, text, right) = rows - 1 - (number - 1) % rows, places[number - 1]
        figure.add_annotation(
            x=start.isoformat(), y=1, yref="paper", yshift=EVENT_ROW * row + EVENT_ROW / 2, showarrow=False,
            text=f"<b>{number}</b> {drawn(text)}" if named[number - 1] else f"<b>{number}</b>", hovertext=drawn(event.read(lang)),
            xanchor="right" if right else "left", yanchor="middle", font={"size": 11},
        )  # fmt: skip
    if within and (within[0].on_date < days[0] or within[-1].on_date > days[-1]):
        pad = timedelta(days=max(span // 40, 3))
        figure.update_xaxes(range=[(first - pad).isoformat(), (max(last, days[-1]) + pad).isoformat()])
    return within


def _named(places: Sequence[tuple[float, str, bool]], rows: int) -> list[bool]:
    """Which notes over a figure have room for their names beside their numbers, in rows taken in turn: none may meet another.

    A place is where a note stands (a share of the width), its name, and whether it reads to the left.
    """

    def span(place: int, text: str) -> tuple[float, float]:
        at, _, left = places[place]
        size = (sum(11 if ord(one) > 0x2E7F else 6 for one in f"{place + 1} {text}") + 6) / EVENT_WIDTH
        return (at - size, at) if left else (at, at + size)

    taken = [span(place, "") for place in range(len(places))]
    named = []
    for place, (_, text, _) in enumerate(places):
        wanted = span(place, text)
        others = [taken[other] for other in range(place % rows, len(places), rows) if other != place]
        named.append(all(wanted[1] <= low or wanted[0] >= high for low, high in others))
        taken[place] = wanted if named[-1] else taken[place]
    return named


def timeline(lanes: Sequence[tuple[int, str, Sequence[tuple[datetime, datetime | None, str]]]], until: date, lang: str) -> go.Figure:
    """One lane a kind of event from the top, told apart by place, mark and colour; spans are bars, all else marks; hover says what.

    A lane is its look's number (the same for every case), its name and its events.
    """
    figure = blank(height=70 + 38 * max(len(lanes), 2))
    days = [moment.date() for _, _, points in lanes for moment, _, _ in points]
    for place, (look, name, points) in enumerate(lanes):
        colour, mark = SERIES[look % len(SERIES)], MARKS[look % len(MARKS)]
        for start, end, _ in (point for point in points if point[1] is not None):
            figure.add_scatter(
                x=[start.isoformat(), end.isoformat() if end else None], y=[place, place], mode="lines", line={"color": colour, "width": 9},
                opacity=0.55, hoverinfo="skip", name=drawn(name),
            )  # fmt: skip
        figure.add_scatter(
            x=[moment.isoformat() for moment, _, _ in points],
            y=[place] * len(points),
            mode="markers",
            name=drawn(name),
            marker={"symbol": mark, "size": 10, "color": colour, "line": {"color": TOTAL, "width": 0.5}, "opacity": 0.9},
            text=[drawn(text).replace("\n", "<br>") for _, _, text in points],
            hovertemplate="%{text}<extra></extra>",
        )
    figure.update_yaxes(
        tickvals=list(range(len(lanes))), ticktext=[drawn(name) for _, name, _ in lanes], range=[len(lanes) - 0.4, -0.6], showgrid=True
    )
    first, last = min(days, default=until), max([*days, until])
    if (last - first).days > 120:
        months, month = [], first.replace(day=1)
        while month <= last:
            months.append(month)
            month = (month + timedelta(days=32)).replace(day=1)
        month_axis(figure, [month for month in months if month >= first], lang)
    else:
        step = max(1, (last - first).days // 3)
        ticks = [first + timedelta(days=number) for number in range(0, (last - first).days + 1, step)]
        texts = [formats.day(tick, lang) for tick in ticks]
        figure.update_xaxes(type="date", tickmode="array", tickvals=[tick.isoformat() for tick in ticks], ticktext=texts, tickangle=0)
    pad = timedelta(days=max(2, (last - first).days // 40))
    figure.update_xaxes(range=[(first - pad).isoformat(), (last + pad).isoformat()])
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
        customdata=[f"{drawn(label)}<br>{_parts(row, metric, currency, lang).removeprefix('<br>')}" for label, row in zip(labels, rows, strict=True)],
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
    figure.update_yaxes(tickvals=list(range(len(rows))), ticktext=[drawn(_short(label)) for label in labels], autorange="reversed", showgrid=False)
    known = [end for end in ends if end is not None]
    top, low = max(known, default=1.0), min([0.0, *known])
    figure.update_xaxes(showticklabels=False, range=[low * 1.25, (top or 1.0) * 1.28], showgrid=False)
    if target is not None:
        figure.add_vline(x=scale.of(target), line={"color": TARGET, "dash": "dot", "width": 2})
    return figure


def spark(values: Sequence[Any], targets: Sequence[Any], running: bool) -> go.Figure:
    """The shape of the last months without axes; targets dotted, the last point marked, hollow while its month runs."""
    figure = blank(height=64)
    figure.update_layout(margin={"l": 4, "r": 6, "t": 6, "b": 6})
    places = list(range(len(values)))
    line = [None if (number := formats.exact(value)) is None else float(number) for value in values]
    aims = [None if (number := formats.exact(value)) is None else float(number) for value in targets]
    if any(value is not None for value in aims):
        figure.add_scatter(x=places, y=aims, mode="lines", line={"color": TARGET, "dash": "dot", "width": 1.5, "shape": "hvh"}, hoverinfo="skip")
    figure.add_scatter(x=places, y=line, mode="lines", line={"color": ACTUAL, "width": 2}, hoverinfo="skip")
    last = next((place for place in reversed(places) if line[place] is not None), None)
    if last is not None:
        fill = "rgba(0,0,0,0)" if running and last == places[-1] else ACTUAL
        figure.add_scatter(
            x=[last], y=[line[last]], mode="markers", hoverinfo="skip",
            marker={"size": 7, "color": fill, "line": {"color": ACTUAL, "width": 1.5}},
        )  # fmt: skip
    figure.update_xaxes(visible=False, range=[-0.3, len(values) - 0.5])
    figure.update_yaxes(visible=False)
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
            _label(figure, x.isoformat() if isinstance(x, date) else x, y, name, "left" if near else "right", -12 if below else 12)
    if months:
        month_axis(figure, sorted({x for points in series.values() for x, _ in points}), lang)
    else:
        figure.update_xaxes(
            dtick=max(1, _longest(series) // 8),
            range=[-0.3, _longest(series) + 0.6],
            title={"text": word("chart.months_since", lang), "font": {"size": 12}},
        )
    return figure


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
    for month, column in running:
        x, y = columns.index(column), months.index(month)
        edge = {"color": TOTAL, "width": 1.5, "dash": "dot"}
        figure.add_shape(type="rect", x0=x - 0.46, x1=x + 0.46, y0=y - 0.42, y1=y + 0.42, line=edge)
        figure.add_annotation(x=x, y=y, text="…", showarrow=False)
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
    for y, one in enumerate(states):
        if one in ends:
            x = ends.index(one)
            figure.add_shape(type="rect", x0=x - 0.48, x1=x + 0.48, y0=y - 0.46, y1=y + 0.46, line={"color": TOTAL, "width": 1.5})
    figure.update_xaxes(
        tickvals=list(range(len(ends))),
        ticktext=[_wrapped(names.get(one, one)) for one in ends],
        side="top",
        showgrid=False,
        ticks="",
    )
    down = [drawn(names.get(one, one)) + (f" · {beside[one]}" if beside else "") for one in states]
    figure.update_yaxes(tickvals=list(range(len(states))), ticktext=down, autorange="reversed", showgrid=False, ticks="")
    return figure


def waterfall(steps: Sequence[tuple[str, Any, bool]], lang: str, currency: str) -> go.Figure:
    """Steps of money from the first total to the last; a step is name, signed amount, and whether it is a total."""
    scale = formats.scale("amount", [size for _, size, _ in steps], currency, lang)
    figure = blank(height=HEIGHT + 20)
    names = [_wrapped(name) for name, _, _ in steps]
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


def _label(figure: go.Figure, x: Any, y: float, text: str, side: str = "right", shift: int = 12) -> None:
    figure.add_annotation(x=x, y=y, text=drawn(text), showarrow=False, xanchor=side, yshift=shift, font={"size": 12})


def _parts(row: Mapping[str, Any], metric: Metric, currency: str, lang: str) -> str:
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


def _intervals(rows: Rows, metric: Metric, scale: formats.Scale) -> dict[str, Any] | None:
    if not any(row.get(f"{metric.id}_low") is not None for row in rows):
        return None
    up, down = [], []
    for row in rows:
        middle, low, high = (scale.of(row.get(key)) for key in (metric.id, f"{metric.id}_low", f"{metric.id}_high"))
        up.append(0.0 if middle is None or high is None else high - middle)
        down.append(0.0 if middle is None or low is None else middle - low)
    return {"type": "data", "array": up, "arrayminus": down, "color": TOTAL, "thickness": 1.5, "width": 4}


def _short(label: str, most: int = 22) -> str:
    return label if len(label) <= most else f"{label[: most - 1]}…"


def _wrapped(label: str) -> str:
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


def _grid_width(columns: int, cell: int = 44) -> int:
    """Wide enough to read every cell; a narrower screen scrolls."""
    return max(320, 96 + cell * columns)


def _shades(count: int) -> list[str]:
    """One hue from faint (the oldest) to full (the latest)."""
    return [f"rgba(0,114,178,{0.25 + 0.75 * place / max(1, count - 1):.2f})" for place in range(count)]


def _longest(series: Mapping[str, Sequence[tuple[Any, Any]]]) -> int:
    return max((int(x) for points in series.values() for x, _ in points), default=1)


def _round_step(rough: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    power = 1.0
    while power * 10 <= rough:
        power *= 10
    while power > rough:
        power /= 10
    return next(power * size for size in (1.0, 2.0, 5.0, 10.0) if power * size >= rough * 0.999)
