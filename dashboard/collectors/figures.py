"""Figures of teams and collectors: funnel, places with their intervals, calibration, trend, drivers, loads, new hires; Plotly, both themes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import plotly.graph_objects as go

from dashboard import formats
from dashboard.charts import ACTUAL, HEIGHT, ROW_HEIGHT, TOTAL, WORSE, blank, month_axis, two_lines
from dashboard.collectors.people import HEAVY, RAMP, Load, Stage, Step
from dashboard.collectors.performance import Adjusted, Performance
from dashboard.formats import drawn
from dashboard.methods import profiling
from dashboard.words import word

LEGEND = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "title": None}
#: More people than this are left to the table: the first and the last of them are drawn.
MOST_PEOPLE = 24
#: More teams than this can't be told apart as lines: those with the highest and the lowest last month are drawn.
MOST_TEAMS = 12
#: Steps of the distribution: the finest that needs no more than twelve of them.
STEPS = (0.01, 0.02, 0.05, 0.1, 0.25)
FAINT = "rgba(138,148,163,0.55)"


def said(one: Performance, name: str, outcome: str, lang: str, currency: str) -> str:
    """One collector in a hover text."""

    def size(value: float) -> str:
        return formats.amount(round(value, 2), currency, lang) if outcome == "cash" else formats.number(value, 1)

    lines = [
        drawn(name),
        f"{word('team.ratio', lang)} {formats.number(one.ratio)} ({formats.number(one.low)}–{formats.number(one.high)})",
        word("team.sides", lang, observed=size(one.observed), expected=size(one.expected), n=formats.count(one.cases)),
    ]
    if one.shrunk is not None:
        span = f"{formats.number(one.shrunk_low)}–{formats.number(one.shrunk_high)}"
        lines.append(f"{word('team.shrunk', lang)} {formats.number(one.shrunk)} ({span})")
    return "<br>".join(lines)


def funnel(found: Adjusted, named: Mapping[str, str], lang: str, currency: str) -> go.Figure:
    """Observed ÷ expected against what was expected, inside the 95% and 99.8% limits; those not named are grey and say nothing of themselves."""
    figure = blank(HEIGHT + 90)
    people = [one for one in found.people if one.expected > 0]
    scale = formats.scale("amount" if found.outcome == "cash" else "number", [one.expected for one in people], currency, lang)
    top = max((one.expected for one in people), default=1.0)
    grid = np.linspace(max(top / 60, 1e-9), top * 1.04, 120)
    highest = max([1.6, *(one.ratio for one in found.ranked)]) * 1.06
    for z, dash, key in ((profiling.Z95, "dot", "limit_95"), (profiling.Z998, "solid", "limit_998")):
        low, high = profiling.limits(grid, found.phi, found.spread.tau2, z)
        x = [scale.of(float(value)) for value in grid]
        for line, first in ((high, True), (low, False)):
            figure.add_scatter(
                x=x, y=np.where(line <= highest, line, np.nan), mode="lines", line={"color": TOTAL, "width": 1.4, "dash": dash},
                name=word(f"team.{key}", lang), showlegend=first, legendgroup=key, hoverinfo="skip",
            )  # fmt: skip
    figure.add_hline(y=1, line={"color": TOTAL, "width": 1})
    unit, kinds = float(scale.divisor), sorted({one.flag for one in people if one.collector in named})
    # one trace a look: looks told one by one cost more than all else of a figure of thousands
    for place, flag in enumerate([None, *kinds]):
        mine = flag is not None
        group = [one for one in people if (one.collector in named) == mine and (not mine or one.flag == flag)]
        if not group:
            continue
        figure.add_scatter(
            x=np.array([one.expected for one in group]) / unit,
            y=np.minimum([one.ratio for one in group], highest),
            mode="markers",
            marker={
                "size": 9 if mine else 7,
                "color": (WORSE if flag else ACTUAL) if mine else FAINT,
                "symbol": {"low": "triangle-down", "high": "triangle-up"}.get(flag or "", "circle"),
            },
            name=word("team.shown" if mine else "team.others", lang),
            showlegend=place < 2,
            legendgroup="shown" if mine else "others",
            text=np.array([said(one, named[one.collector], found.outcome, lang, currency) for one in group]) if mine else None,
            hovertemplate="%{text}<extra></extra>" if mine else None,
            hoverinfo=None if mine else "skip",
        )
    figure.update_xaxes(
        title={"text": word("team.expected_axis_cash" if found.outcome == "cash" else "team.expected_axis", lang), "font": {"size": 12}},
        rangemode="tozero", ticksuffix=f" {scale.name.split()[-1]}" if scale.name and len(scale.name.split()) > 1 else "",
    )  # fmt: skip
    figure.update_yaxes(range=[0, highest], title={"text": word("team.ratio", lang), "font": {"size": 12}}, tickformat=".1f")
    figure.update_layout(showlegend=True, legend=LEGEND, margin={"t": 44})
    return figure


def places(found: Sequence[Performance], named: Mapping[str, str], lang: str) -> go.Figure:
    """What is to be believed of each collector with its 95% interval around 1, in the order given from the top."""
    shown = list(found)
    if len(shown) > MOST_PEOPLE:
        shown = [*shown[: MOST_PEOPLE // 2], *shown[-MOST_PEOPLE // 2 :]]
    figure = blank(max(160, 60 + ROW_HEIGHT * len(shown)))
    rows = list(range(len(shown)))
    figure.add_vline(x=1, line={"color": TOTAL, "width": 1})
    middle = [one.shrunk or 1.0 for one in shown]
    figure.add_scatter(
        x=middle,
        y=rows,
        mode="markers",
        marker={"size": 9, "color": [WORSE if (one.shrunk_high or 2) < 1 else ACTUAL for one in shown]},
        error_x={
            "type": "data",
            "array": [(one.shrunk_high or 1.0) - value for one, value in zip(shown, middle, strict=True)],
            "arrayminus": [value - (one.shrunk_low or 1.0) for one, value in zip(shown, middle, strict=True)],
            "color": TOTAL, "thickness": 1.5, "width": 4,
        },
        text=[
            "<br>".join(
                (
                    drawn(named[one.collector]),
                    f"{word('team.shrunk', lang)} {formats.number(one.shrunk)}",
                    f"{word('team.top', lang)} {formats.rate(one.top)}",
                )
            )
            for one in shown
        ],
        hovertemplate="%{text}<extra></extra>",
    )  # fmt: skip
    figure.update_yaxes(
        tickvals=rows, ticktext=[drawn(_short(named[one.collector])) for one in shown], range=[len(shown) - 0.4, -0.6], showgrid=False
    )
    figure.update_xaxes(showgrid=True, tickformat=".2f", nticks=6)
    return figure


def calibration(rows: Sequence[tuple[float, float, int]], lang: str) -> go.Figure:
    """The share that paid against the share expected to, by tenths of the expectation; on the line where they agree."""
    figure = blank()
    most = max([max(expected, seen) for expected, seen, _ in rows], default=1.0) * 108
    figure.add_scatter(x=[0, most], y=[0, most], mode="lines", line={"color": TOTAL, "width": 1.5, "dash": "dot"}, hoverinfo="skip")
    figure.add_scatter(
        x=[expected * 100 for expected, _, _ in rows],
        y=[seen * 100 for _, seen, _ in rows],
        mode="markers",
        marker={"size": 9, "color": ACTUAL},
        text=[word("team.tenth", lang, expected=formats.rate(e), seen=formats.rate(s), n=formats.count(n)) for e, s, n in rows],
        hovertemplate="%{text}<extra></extra>",
    )
    figure.update_xaxes(range=[0, most], ticksuffix="%", title={"text": word("team.expected_share", lang), "font": {"size": 12}})
    figure.update_yaxes(range=[0, most], ticksuffix="%", title={"text": word("team.seen_share", lang), "font": {"size": 12}})
    return figure


def spread(found: Adjusted, mine: Performance | None, lang: str) -> go.Figure:
    """How many collectors lie where, in steps of the shrunk figure, and where one of them does; nobody else can be told apart."""
    values = [one.shrunk for one in found.ranked if one.shrunk is not None]
    reach = max(values, default=1.0) - min(values, default=1.0)
    step = next((size for size in STEPS if reach / size <= 12), STEPS[-1])
    bins = [round(value // step * step, 2) for value in values]
    low, high = min([1 - 3 * step, *bins]), max([1 + 2 * step, *bins])
    places_ = np.round(np.arange(low, high + step / 2, step), 2)
    counts = [bins.count(float(place)) for place in places_]
    figure = blank()
    figure.add_bar(
        x=[float(place) + step / 2 for place in places_], y=counts, width=step * 0.94, marker={"color": TOTAL},
        text=[formats.count(count) if count else "" for count in counts], textposition="outside", cliponaxis=False,
        hovertemplate=None, hoverinfo="skip",
    )  # fmt: skip
    if mine is not None and mine.shrunk is not None:
        top = max(counts, default=1) * 1.18
        figure.add_shape(
            type="rect", x0=mine.shrunk_low, x1=mine.shrunk_high, y0=0, y1=top, fillcolor=ACTUAL, opacity=0.14, line_width=0, layer="below"
        )
        figure.add_vline(x=mine.shrunk, line={"color": ACTUAL, "width": 2.5})
        figure.add_annotation(x=mine.shrunk, y=top, text=formats.number(mine.shrunk), showarrow=False, xanchor="left", xshift=5, font={"size": 13})
    figure.update_xaxes(tickformat=".2f", title={"text": word("team.shrunk", lang), "font": {"size": 12}})
    figure.update_yaxes(showticklabels=False, showgrid=False, range=[0, max(counts, default=1) * 1.28])
    return figure


def trend(rows: Sequence[tuple[date, Performance | None]], lang: str) -> go.Figure:
    """One collector's observed ÷ expected by month with its interval, around 1."""
    figure = blank()
    months = [month for month, _ in rows]
    kept = [(month, one) for month, one in rows if one is not None]
    figure.add_hline(y=1, line={"color": TOTAL, "width": 1})
    x = [month.isoformat() for month, _ in kept]
    for values, fill in (([one.high for _, one in kept], None), ([one.low for _, one in kept], "tonexty")):
        figure.add_scatter(x=x, y=values, mode="lines", line={"width": 0}, fill=fill, fillcolor="rgba(0,114,178,0.18)", hoverinfo="skip")
    figure.add_scatter(
        x=x,
        y=[one.ratio for _, one in kept],
        mode="lines+markers",
        line={"color": ACTUAL, "width": 2.5},
        marker={"size": 7},
        text=[f"{formats.month(month, lang)}<br>{said(one, word('team.ratio', lang), 'paid', lang, '')}" for month, one in kept],
        hovertemplate="%{text}<extra></extra>",
    )
    figure.update_yaxes(range=[0, max([1.6, *(one.high for _, one in kept)]) * 1.04], tickformat=".1f")
    month_axis(figure, months, lang)
    return figure


def drivers(steps: Sequence[Step], lang: str) -> go.Figure:
    """What each step of the funnel adds to or takes from log(observed ÷ expected), in hundredths, and the sum."""
    bars = [(word(f"team.step_{step.key}", lang), step.effect * 100, False) for step in steps]
    bars.append((word("team.gap", lang), sum(step.effect for step in steps) * 100, True))
    figure = blank(60 + ROW_HEIGHT * len(bars) + 20)
    rows = list(range(len(bars)))
    figure.add_bar(
        y=rows,
        x=[value for _, value, _ in bars],
        orientation="h",
        marker={"color": [TOTAL if total else ACTUAL if value >= 0 else WORSE for _, value, total in bars]},
        text=[formats.number(value, 1, signed=True) for _, value, _ in bars],
        textposition="outside",
        cliponaxis=False,
        hoverinfo="skip",
    )
    most = max(abs(value) for _, value, _ in bars) or 1.0
    figure.update_yaxes(tickvals=rows, ticktext=[two_lines(name, 22) for name, _, _ in bars], autorange="reversed", showgrid=False)
    figure.update_xaxes(showticklabels=False, range=[-most * 1.8, most * 1.8], showgrid=False, zeroline=True, zerolinecolor=TOTAL)
    figure.update_layout(width=310)  # a phone's, so that no value is out of sight there
    return figure


def loads(found: Sequence[Load], named: Mapping[str, str], lang: str) -> go.Figure:
    """Adjusted caseload against the team's median, the heaviest first."""
    shown = list(found) if len(found) <= MOST_PEOPLE else [*found[: MOST_PEOPLE // 2], *found[-MOST_PEOPLE // 2 :]]
    figure = blank(max(160, 60 + ROW_HEIGHT * len(shown)))
    rows = list(range(len(shown)))
    figure.add_bar(
        y=rows,
        x=[one.ratio * 100 for one in shown],
        orientation="h",
        marker={"color": [WORSE if one.ratio > HEAVY else ACTUAL for one in shown]},
        text=[f"{formats.number(one.ratio * 100, 0)}%" for one in shown],
        textposition="outside",
        cliponaxis=False,
        customdata=[
            word(
                "team.load_said", lang, name=drawn(named[one.collector]), n=formats.number(one.caseload, 0),
                adjusted=formats.number(one.adjusted, 0),
            )
            for one in shown
        ],
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip
    figure.add_vline(x=100, line={"color": TOTAL, "width": 1.5, "dash": "dot"})
    figure.update_yaxes(tickvals=rows, ticktext=[drawn(_short(named[one.collector])) for one in shown], autorange="reversed", showgrid=False)
    figure.update_xaxes(showticklabels=False, range=[0, max([130, *(one.ratio * 100 for one in shown)]) * 1.14], showgrid=False)
    return figure


def ramp(house: Sequence[Stage], team: Sequence[Stage], lang: str) -> go.Figure:
    """Observed ÷ expected by months of employment: the house with its interval, and a team beside it."""
    figure = blank(HEIGHT + 20)
    figure.add_hline(y=1, line={"color": TOTAL, "width": 1})
    x = [stage.months for stage in house]
    for values, fill in (([stage.high for stage in house], None), ([stage.low for stage in house], "tonexty")):
        figure.add_scatter(
            x=x, y=values, mode="lines", line={"width": 0}, fill=fill, fillcolor="rgba(138,148,163,0.25)", hoverinfo="skip", showlegend=False
        )
    for stages, key, colour in ((house, "house", TOTAL), (team, "team", ACTUAL)):
        if stages:
            figure.add_scatter(
                x=[stage.months for stage in stages],
                y=[stage.ratio for stage in stages],
                mode="lines+markers",
                line={"color": colour, "width": 2.5},
                marker={"size": 7},
                name=word(f"team.ramp_{key}", lang),
                text=[
                    word("team.ramp_said", lang, months=_stage(stage.months), ratio=formats.number(stage.ratio), low=formats.number(stage.low),
                         high=formats.number(stage.high), people=formats.count(stage.people), n=formats.count(stage.cases))
                    for stage in stages
                ],
                hovertemplate="%{text}<extra></extra>",
            )  # fmt: skip
    top = max([1.4, *(stage.high for stage in house), *(stage.ratio for stage in team)])
    figure.update_yaxes(range=[0, top * 1.05], tickformat=".1f")
    ticks = list(range(0, RAMP + 1, 2))
    figure.update_xaxes(
        tickvals=ticks, ticktext=[_stage(tick) for tick in ticks], title={"text": word("team.tenure_axis", lang), "font": {"size": 12}}
    )
    figure.update_layout(showlegend=bool(team), legend=LEGEND, margin={"t": 40})
    return figure


def _stage(months: int) -> str:
    return f"{RAMP}+" if months >= RAMP else str(months)


def _short(name: str, most: int = 24) -> str:
    return name if len(name) <= most else f"{name[: most - 1]}…"
