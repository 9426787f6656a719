"""What a page asks: the run's frame and words, and the engine's answers, kept for everybody who asks the same. Draws nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import streamlit as st

from dashboard import findings, formats, memory
from dashboard.access import Scope
from dashboard.filters import Filters
from dashboard.frame import Frame, opened
from dashboard.metrics import Metric, metrics
from dashboard.warehouse import Answer, Rows
from dashboard.words import word


class NotSupplied(Exception):
    """What a figure needs is not in the data; names it as "table" or "table.column"."""

    def __init__(self, needs: Iterable[str]) -> None:
        self.needs = tuple(dict.fromkeys(needs))
        super().__init__(", ".join(self.needs))


class NothingLeft(Exception):
    """The filters leave no row to show."""


class Withheld(Exception):
    """The rows are not for the person who looks."""


def frame() -> Frame:
    """The frame of this run, put there by app.py."""
    current: Frame = st.session_state["frame"]
    return current


def lang() -> str:
    """The page's language."""
    return frame().view.lang


def say(key: str, **values: object) -> str:
    """A word in the page's language."""
    return word(key, lang(), **values)


def label(metric_id: str) -> str:
    """A metric's name in the page's language."""
    return metrics()[metric_id].label[lang()]


def known(*metric_ids: str) -> list[str]:
    """Those of some metrics that the registry has."""
    return [metric_id for metric_id in metric_ids if metric_id in metrics()]


@st.cache_data(max_entries=512, show_spinner=False)
def _measured(home: str, dataset: str, snapshot: str, metric_ids: tuple[str, ...], by: tuple[str, ...], filters: Filters, scope: Scope) -> Answer:
    return opened(home, dataset, snapshot).measure(metric_ids, by, filters=filters, scope=scope)


@st.cache_data(max_entries=256, show_spinner=False)
def _reported(home: str, dataset: str, snapshot: str, report: str, parameters: tuple[tuple[str, Any], ...]) -> list[dict[str, Any]]:
    return opened(home, dataset, snapshot).run(report, dict(parameters))


def measure(*metric_ids: str, by: Sequence[str] = (), filters: Filters | None = None, lead: str | None = None) -> Answer:
    """Metrics over the view's filters (or others); raises NotSupplied when none of them, or not the `lead`, can be had, QueryFailed on an error."""
    at = frame()
    chosen = filters or at.view.filters
    answer = _measured(str(at.home.path), at.view.dataset, at.view.snapshot, tuple(metric_ids), tuple(by), chosen, at.scope)
    if lead in answer.missing:
        raise NotSupplied(answer.missing[lead])
    if answer.missing and set(answer.missing) >= set(metric_ids):
        raise NotSupplied(need for needs in answer.missing.values() for need in needs)
    if by and all(row.get(metric_id) is None for row in answer.rows for metric_id in metric_ids):
        raise NothingLeft
    return answer


@st.cache_data(max_entries=128, show_spinner=False)
def _rows(
    home: str, dataset: str, snapshot: str, name: str, by: tuple[tuple[str, Any], ...], filters: Filters, scope: Scope,
    order: str, descending: bool, limit: int | None, offset: int,
) -> Rows:  # fmt: skip
    warehouse, group = opened(home, dataset, snapshot), dict(by)
    return warehouse.rows(name, group, filters=filters, scope=scope, order=order, descending=descending, limit=limit, offset=offset)


def rows_behind(name: str, by: Mapping[str, Any], filters: Filters, order: str, descending: bool, limit: int, offset: int = 0) -> Rows:
    """A page of the rows behind a plain metric or a group of it."""
    at, group = frame(), tuple(sorted(by.items()))
    where = (str(at.home.path), at.view.dataset, at.view.snapshot)
    return _rows(*where, name, group, filters, at.scope, order, descending, limit, offset)


@st.cache_resource(max_entries=64, show_spinner=False)
def _computed(home: str, dataset: str, snapshot: str, name: str, parameters: tuple[tuple[str, Any], ...], _work: Callable[..., Any]) -> Any:
    with memory.growing():
        return _work(opened(home, dataset, snapshot), **dict(parameters))


def computed(work: Callable[..., Any], **parameters: Any) -> Any:
    """What a capability makes of the whole snapshot (its first argument, a warehouse), once per snapshot and parameters.

    It is the same for everybody: what a person may see of it is for the page to choose. What it raises is not kept.
    """
    at, name = frame(), f"{work.__module__}.{work.__qualname__}"
    with st.spinner(say("state.computing")):
        return _computed(str(at.home.path), at.view.dataset, at.view.snapshot, name, tuple(sorted(parameters.items())), work)


def report(name: str, **parameters: Any) -> list[dict[str, Any]]:
    """Rows of a report; values go in as parameters only."""
    at = frame()
    return _reported(str(at.home.path), at.view.dataset, at.view.snapshot, name, tuple(sorted(parameters.items())))


def supplied(*needs: str) -> None:
    """Raises NotSupplied where a table or column is not in the data."""
    if missing := [need for need in needs if not frame().warehouse.supplied(need)]:
        raise NotSupplied(missing)


def targets(metric_id: str) -> dict[date, Any]:
    """A metric's monthly targets for what the filters leave, empty where none was set for just that."""
    scope = findings.scope_of(frame().view.filters, frame().scope.teams)
    rows = report("targets", scope=scope) if scope else []
    return {row["month"]: row["value"] for row in rows if row["metric"] == metric_id}


def metric(metric_id: str) -> Metric:
    """A metric of the registry."""
    return metrics()[metric_id]


def currency() -> str:
    """The currency of this data."""
    return frame().info.currency


def period(filters: Filters) -> str:
    """A period in words, safe in markdown."""
    return unread(formats.period(filters.start, filters.seen_until(frame().info.as_of), lang()))


def trailing(months: int) -> Filters:
    """The view's filters over the last months up to the end of its period."""
    at = frame()
    return at.view.filters.trailing(months, at.info.first_on, at.info.as_of)


def running(answer: Answer) -> set[date]:
    """The months of an answer that are not complete."""
    return {key for key in answer.partial if isinstance(key, date)}


def dark() -> bool:
    """Whether the page is shown in the dark theme, as far as is known yet."""
    return bool(st.context.theme.type == "dark")


def money(value: Any) -> str:
    """An amount as read, to the cent, safe in markdown."""
    return unread(formats.full_amount(value, currency()))


def unread(text: str) -> str:
    """Our own text with figures, kept from being read as mathematics where a currency is written with a dollar sign."""
    return text.replace("$", "\\$")


def moment(value: str) -> str:
    """A time of loading as read."""
    return value.replace("T", " ").replace("+00:00", " UTC")


def covers(start: date, until: date) -> None:
    """Say which days the page's figures are of, and that the view's filters leave nothing out of them: so its files say it."""
    frame().remembered["covered"] = Filters(start, until, "none")


def unfiltered() -> Filters:
    """All days of the data and nothing left out: what figures go by that the filters don't move."""
    info = frame().info
    return Filters(min(info.first_on, info.as_of), info.as_of, "none")


def view_filters() -> Filters:
    """The filters of the view."""
    return frame().view.filters


def month(value: date) -> str:
    """A month as read."""
    return formats.month(value, lang())
