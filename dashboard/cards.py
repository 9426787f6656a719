"""Figures of the view as cards: value, change, last months, state against target."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import streamlit as st

from dashboard import findings, formats
from dashboard.asking import NothingLeft, currency, frame, known, lang, measure, say, targets, trailing, unread
from dashboard.behind import Behind
from dashboard.formats import plain
from dashboard.grids import definition, rows_link
from dashboard.messages import not_supplied
from dashboard.metrics import Metric, metrics
from dashboard.sparks import spark

#: How a state against target is shown: icon and colour, beside its word.
STATES = {"met": (":material/check_circle:", "blue"), "watch": (":material/warning:", "orange"), "missed": (":material/error:", "red")}


#: The narrowest a card may get, by language, so that no value and no label is ever cut.
CARD_WIDTH = {"en": 230, "zh": 230}


def state_line(state: str | None, target: str) -> str:
    """A state in word, icon and colour with the target it is measured by."""
    if state is None:
        return f":small[:gray[{target}]]"
    icon, colour = STATES[state]
    return f":small[:{colour}[{icon} {target} · {say(f'state.{state}')}]]"


@dataclass(frozen=True)
class Figure:
    """One metric of the view: its value, the value compared with, its last months, its target and whether that may be judged yet."""

    metric: Metric
    row: Mapping[str, Any]
    before: Any
    series: tuple[tuple[date, Any], ...]
    target: Any
    judged: bool
    latest: date | None
    missing: tuple[str, ...]

    @property
    def value(self) -> Any:
        return self.row.get(self.metric.id)

    @property
    def state(self) -> str | None:
        return findings.state(self.value, self.target, self.metric.better) if self.judged else None


def figures(*metric_ids: str) -> list[Figure]:
    """What cards show; a cohort too young to be known at the period's end is replaced by the latest one that is.

    Raises NothingLeft where there is nothing to show on any card.
    """
    ids, at = known(*metric_ids), frame()
    chosen, info = at.view.filters, at.info
    earlier = chosen.before(info.as_of, info.first_on)
    now = measure(*ids)
    then = measure(*ids, filters=earlier).rows[0] if earlier else {}
    if all(value is None or value == 0 for value in now.rows[0].values()) and not now.missing:
        raise NothingLeft
    months = measure(*ids, by=("month",), filters=trailing(13)).rows
    made = []
    for metric in map(metrics().__getitem__, ids):
        row, before, latest = now.rows[0], then.get(metric.id), None
        if row.get(metric.id) is None and metric.basis == "cohort":
            observed = [month for month in months if month.get(metric.id) is not None]
            if observed:
                row, latest = observed[-1], observed[-1]["month"]
                before = observed[-2][metric.id] if len(observed) > 1 and chosen.comparison == "previous" else None
        aim, judged = findings.target(targets(metric.id), metric.unit, chosen, info.as_of)
        series = tuple((month["month"], month.get(metric.id)) for month in months)
        made.append(Figure(metric, row, before, series, None if latest else aim, judged, latest, now.missing.get(metric.id, ())))
    return made


def card(figure: Figure) -> None:
    """One figure: value, like-for-like change, its last months, and its state against target."""
    metric, unit = figure.metric, figure.metric.unit
    if figure.missing:
        st.metric(plain(metric.label[lang()]), formats.MISSING, help=definition(metric.id))
        not_supplied(figure.missing)
        return
    text, direction = formats.difference(unit, figure.value, figure.before, lang())
    good = direction if metric.better == "higher" else -direction if metric.better == "lower" else 0
    colour = {"met": "blue", "watch": "orange", "missed": "red"}.get(figure.state or "") or {1: "blue", -1: "orange"}.get(good, "gray")
    compared = text != formats.MISSING
    st.metric(
        plain(metric.label[lang()]),
        unread(formats.measure(unit, figure.value, currency(), lang())),
        delta=text if compared else None,
        delta_arrow={1: "up", -1: "down"}.get(direction, "off"),  # type: ignore[arg-type]
        delta_color=colour,  # type: ignore[arg-type]
        delta_description=say(f"card.{frame().view.filters.comparison}") if compared else None,
        help=definition(metric.id),
    )
    aims, end = targets(metric.id), frame().view.filters.seen_until(frame().info.as_of)
    st.image(
        spark([value for _, value in figure.series], [aims.get(month) for month, _ in figure.series], end != formats.month_end(end)),
        width="stretch",
        alt=say("card.spark", label=metric.label[lang()], n=len(figure.series)),
    )
    if figure.target is not None:
        aim = say("card.limit" if metric.better == "lower" else "card.target", value=formats.measure(unit, figure.target, currency(), lang()))
        running = "" if figure.judged else f" · {say('chart.running')}"
        st.markdown(state_line(figure.state, unread(aim) + running))
    sides = [say("card.latest", month=formats.month(figure.latest, lang()))] if figure.latest else []
    if said := " · ".join([*map(plain, sides), *filter(None, [denominators(metric, figure.row)])]):
        st.caption(said)
    rows_link(Behind(metric.id, ("month",), (figure.latest,), reach=13) if figure.latest else Behind(metric.id))


def denominators(metric: Metric, row: Mapping[str, Any]) -> str:
    """The two sides of a rate: "350 of 1,500", or two amounts."""
    whole = row.get(f"{metric.id}_whole")
    if metric.part is None or metric.whole is None or whole is None:
        return ""
    registry = metrics()
    part, units = row.get(f"{metric.id}_part"), [registry[side].unit for side in (metric.part, metric.whole)]
    if metric.per > 1 and part is not None:
        part, units[0] = part // metric.per, "count"
    said = [formats.measure(unit, side, currency(), lang()) for unit, side in zip(units, (part, whole), strict=True)]
    return unread(say("card.sides", part=said[0], whole=said[1]))


def cards(shown: Sequence[Figure]) -> None:
    """Cards of equal height, as many a row as fit without cutting a value."""
    with st.grid(3 if len(shown) in (3, 5, 6) else 4, min_column_width=CARD_WIDTH[lang()], gap="small", border=True, key="cards") as place:
        for figure in shown:
            with place.cell(), st.container(gap="xsmall", key=f"card_{figure.metric.id}"):
                card(figure)


def moved(shown: Sequence[tuple[str, str, str | None, int, str | None]]) -> None:
    """Figures that are about to change: name, value to come, change and its direction, and a note such as the value now."""
    if not shown:
        return
    with st.grid(3, min_column_width=CARD_WIDTH[lang()], gap="small", border=True, key="moved") as place:
        for name, value, change, direction, note in shown:
            with place.cell():
                arrow = {1: "up", -1: "down"}.get(direction, "off")
                st.metric(plain(name), unread(value), delta=change, delta_arrow=arrow, delta_color="gray")  # type: ignore[arg-type]
                if note:
                    st.caption(plain(note))


def off_target(shown: Iterable[Figure]) -> list[tuple[str, str, str, str]]:
    """State, name, value and target of the figures that are not where they should be, the worst first."""
    off = sorted((figure for figure in shown if figure.state in ("missed", "watch")), key=lambda figure: str(figure.state))

    def read(figure: Figure, value: Any) -> str:
        return formats.measure(figure.metric.unit, value, currency(), lang())

    return [(str(one.state), one.metric.label[lang()], read(one, one.value), read(one, one.target)) for one in off]
