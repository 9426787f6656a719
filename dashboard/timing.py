"""How long it takes to pay, to cure, to fall behind again: curves from counts by day. Knows nothing of Streamlit or SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from dashboard import charts, findings, formats, naming
from dashboard.downloads import Column
from dashboard.filters import Filters
from dashboard.formats import drawn
from dashboard.methods.survival import Curve, incidence
from dashboard.metrics import dimensions
from dashboard.words import has, word

#: What can happen, and what must be supplied to see it.
EVENTS = {"payment": ("payments",), "cure": ("balances",), "redefault": ("balances",)}
#: What the curves may be cut by (queries/reports/times.sql); all as they were at placement.
DIMENSIONS = ("bucket", "product", "region", "team", "strategy", "agency")
#: What days are counted from, if not from placement.
SINCE = {"redefault": "cure", "break": "agreed"}
METHOD = "Aalen-Johansen"
#: So many curves at most; and a curve ends where fewer are at risk.
MOST, LEAST = 6, 10
#: Days between the marks under a figure: the first that needs no more than `TICKS` of them.
STEPS, TICKS = (7, 15, 30, 60, 90, 120, 180, 360, 720), 6
#: A title compares the groups on the first of these days that two curves reach.
TITLE_DAYS = (90, 60, 30)
#: Steps of a curve smaller than this are not drawn one by one.
FINEST = 0.002

Curves = dict[str | None, Curve]


def parameters(event: str, by: str, filters: Filters, teams: Sequence[str] | None) -> dict[str, Any]:
    """What the report is asked: cases placed in the filters' period, chosen values of each dimension, the person's teams."""
    chosen = {name: list(filters.chosen(name)) or None for name in ("product", "bucket", "region", "team", "batch")}
    scope = None if teams is None else list(teams)
    return {"event": event, "dimension": by, "most": MOST, "start": filters.start, "until": filters.until, **chosen, "teams": scope}


def curves(rows: Sequence[Mapping[str, Any]], order: Sequence[str] = ()) -> Curves:
    """One curve per group: in the order given, else the most cases first; all others together (None) last.

    Groups with fewer than `LEAST` cases have no curve.
    """
    counts: dict[str | None, tuple[dict[int, int], dict[int, int], dict[int, int]]] = {}
    for row in rows:
        kinds = counts.setdefault(row["value"], ({}, {}, {}))
        for kind, name in zip(kinds, ("events", "competing", "censored"), strict=True):
            if row[name]:
                kind[int(row["day"])] = int(row[name])
    found = {group: incidence(*kinds, least=LEAST) for group, kinds in counts.items()}
    kept = [(group, curve) for group, curve in found.items() if curve.total >= LEAST]
    places = {group: place for place, group in enumerate(order)}
    kept.sort(key=lambda pair: (pair[0] is None, places.get(str(pair[0]), len(places)), 0 if order else -pair[1].total, str(pair[0])))
    return dict(kept)


def labels(lang: str) -> dict[str, str]:
    """What each dimension is called where it means how a case was placed."""
    return {by: word(f"timing.{by}", lang) if has(f"timing.{by}") else dimensions()[by].label[lang] for by in DIMENSIONS}


def names(found: Curves, by: str, lang: str) -> dict[str | None, str]:
    """Each group as read."""
    return {group: word("timing.others", lang) if group is None else naming.value(by, group, lang) for group in found}


def columns(by: str, lang: str, label: str = "") -> list[Column]:
    """The columns of the table; `label`: what the groups are called, where that is not what cases are called by at placement."""
    units = {"day": "count", "at_risk": "count", "share": "rate", "low": "rate", "high": "rate"}
    units |= {"median": "count", "median_low": "count", "median_high": "count"}
    return [Column("group", label or labels(lang)[by]), *(Column(name, word(f"timing.{name}", lang), unit) for name, unit in units.items())]


def marks(found: Curves) -> list[int]:
    """The days marked under the figure: zero and so on to the end of the longest curve."""
    last = max((curve.until for curve in found.values()), default=0)
    step = next((days for days in STEPS if last // days < TICKS), STEPS[-1])
    return list(range(0, last + 1, step))


def values(curve: Curve, day: int) -> tuple[float | None, float | None, float | None]:
    """The share and its limits on a day; None beyond the end, and no limits before the first event."""
    point = curve.at(day)
    if point is not None:
        return point.incidence, point.low, point.high
    return (0.0 if day <= curve.until else None), None, None


def table(found: Curves, named: Mapping[str | None, str]) -> list[dict[str, Any]]:
    """One row per group and marked day that its curve reaches, with the group's median."""
    rows = []
    for group, curve in found.items():
        median = dict(zip(("median", "median_low", "median_high"), curve.median(), strict=True))
        for day in marks(found):
            share, low, high = values(curve, day)
            if share is not None:
                said = {"group": named[group], "day": day, "at_risk": curve.at_risk(day)}
                rows.append({**said, "share": share, "low": low, "high": high, **median})
    return rows


def medians(found: Curves, named: Mapping[str | None, str], lang: str) -> list[tuple[str, str]]:
    """Each group's median with its interval, as read."""

    def day(value: int | None) -> str:
        return word("timing.not_reached", lang) if value is None else formats.count(value)

    told = []
    for group, curve in found.items():
        middle, low, high = curve.median()
        text = day(middle) if middle is None else word("timing.reached", lang, median=day(middle), low=day(low), high=day(high))
        told.append((named[group], text))
    return told


def finding(event: str, found: Curves, named: Mapping[str | None, str], lang: str) -> str | None:
    """The groups compared on the latest of a few days that two of them reach (or the only one does)."""
    for day in TITLE_DAYS:
        reached = {group: values(curve, day) for group, curve in found.items() if curve.until >= day}
        if not reached or len(reached) < min(2, len(found)):
            continue
        said = word(f"timing.{event}_within", lang, n=day)
        if len(reached) > 1:
            return findings.spread(said, [(named[group], share) for group, (share, _, _) in reached.items()], "rate", "", lang)
        share, low, high = map(formats.rate, next(iter(reached.values())))
        return word("timing.one", lang, label=said, share=share, low=low, high=high)
    return None


def figure(event: str, found: Curves, named: Mapping[str | None, str], lang: str) -> go.Figure:
    """The curves with their intervals, and below them how many are still followed on the marked days."""
    days, rows = marks(found), len(found)
    plot, gap, line = 320, 58, 20
    total = plot + gap + line * rows
    figure = charts.blank(height=total + 70)
    scale = formats.scale("rate", [], "", lang)
    top = 0.0
    for place, (group, curve) in enumerate(found.items()):
        colour, name = charts.SERIES[place % len(charts.SERIES)], drawn(named[group])
        points = _drawn(curve)
        top = max([top, *(point[3] for point in points)])
        xs = [day for day, *_ in points]
        for limit, fill in ((3, None), (2, "tonexty")):
            figure.add_scatter(
                x=xs, y=[point[limit] * 100 for point in points], mode="lines", line={"width": 0, "shape": "hv"}, fill=fill,
                fillcolor=_faint(colour), hoverinfo="skip", showlegend=False, legendgroup=str(place),
            )  # fmt: skip
        figure.add_scatter(
            x=xs,
            y=[point[1] * 100 for point in points],
            mode="lines",
            line={"color": colour, "width": 2.2, "shape": "hv", "dash": "solid" if place % 2 == 0 else "dash"},
            name=name,
            legendgroup=str(place),
            text=[_said(name, curve, point, lang) for point in points],
            hovertemplate="%{text}<extra></extra>",
        )
        followed = [day for day in days if day <= curve.until]
        figure.add_scatter(
            x=followed, y=[place] * len(followed), yaxis="y2", mode="text", text=[formats.count(curve.at_risk(day)) for day in followed],
            textfont={"size": 12}, cliponaxis=False, hoverinfo="skip", showlegend=False,
        )  # fmt: skip
    share = line * rows / total
    last = max((curve.until for curve in found.values()), default=1)
    charts.value_axis(figure, scale, min(top * 100, 100.0) or 1.0)
    title = word(f"timing.days_{SINCE.get(event, 'placement')}", lang)
    figure.update_layout(
        showlegend=rows > 1,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "title": None},
        margin={"t": 40},
        yaxis={"domain": [share + gap / total, 1]},
        yaxis2={
            "domain": [0, share], "range": [rows - 0.5, -0.5], "tickvals": list(range(rows)),
            "ticktext": [drawn(_short(named[group])) for group in found], "showgrid": False, "zeroline": False, "fixedrange": True,
            "automargin": True, "ticks": "",
        },
    )  # fmt: skip
    figure.update_xaxes(
        anchor="y",
        tickvals=days,
        ticktext=[str(day) for day in days],
        range=[-last * 0.06, last * 1.03],
        title={"text": title, "font": {"size": 12}},
    )
    return figure


def _drawn(curve: Curve) -> list[tuple[int, float, float, float]]:
    """Day, share and limits from day zero to the curve's end; steps too small to be seen are left out."""
    points = [(0, 0.0, 0.0, 0.0)]
    for point in curve.points:
        if point.incidence - points[-1][1] >= FINEST or point is curve.points[-1]:
            points.append((point.day, point.incidence, point.low, point.high))
    return points if points[-1][0] >= curve.until else [*points, (curve.until, *points[-1][1:])]


def _said(name: str, curve: Curve, point: tuple[int, float, float, float], lang: str) -> str:
    day, *shares = point
    share, low, high = map(formats.rate, shares)
    span = word("chart.interval", lang, span=f"{low}–{high}")
    followed = f"{word('timing.at_risk', lang)}: {formats.count(curve.at_risk(day))}"
    return f"{name} · {formats.days(day, lang)}<br>{share}<br>{span}<br>{followed}"


def _short(name: str) -> str:
    return name if len(name) <= 14 else f"{name[:13]}…"


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.13)"
