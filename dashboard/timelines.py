"""Events on figures: notes on dates over a figure's months, and one case's story in lanes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Protocol, TypeVar

import plotly.graph_objects as go

from dashboard import formats
from dashboard.drawing import EVENT, EVENT_ROW, EVENT_WIDTH, HEIGHT, MARKS, SERIES, TOTAL, blank, month_axis, shortened
from dashboard.formats import drawn


class Event(Protocol):
    """What a figure needs to know of a note on a date."""

    @property
    def on_date(self) -> date: ...
    @property
    def until_date(self) -> date | None: ...
    def read(self, lang: str) -> str: ...


Noted = TypeVar("Noted", bound=Event)


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
        places.append((at, shortened(event.read(lang), 16 if lang == "en" else 9), at > 0.55))
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
