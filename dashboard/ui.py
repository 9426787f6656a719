"""What pages are made of: panels, and everything else a page draws with, by one name (asking, messages, grids, cards, choosing)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import date
from typing import Any, Protocol

import plotly.graph_objects as go
import streamlit as st

from dashboard import behind, charts, formats, naming, saved
from dashboard.asking import (
    NothingLeft,
    NotSupplied,
    Withheld,
    computed,
    covers,
    currency,
    dark,
    frame,
    known,
    label,
    lang,
    measure,
    metric,
    moment,
    money,
    month,
    period,
    report,
    rows_behind,
    running,
    say,
    supplied,
    targets,
    trailing,
    unfiltered,
    unread,
    view_filters,
)
from dashboard.behind import Behind
from dashboard.cards import CARD_WIDTH, cards, denominators, figures, moved, off_target
from dashboard.choosing import choice, held, let_go, offered, option, picked
from dashboard.contract import contract
from dashboard.downloads import Column
from dashboard.filters import Filters
from dashboard.formats import plain
from dashboard.grids import (
    coded,
    columns,
    columns_of,
    definition,
    entries,
    facts,
    formula,
    grid,
    page_link,
    paged,
    rows_link,
    save,
    share_column,
    shown,
)
from dashboard.messages import caption, guarded, not_supplied, nothing_left, word_list
from dashboard.metrics import dimensions
from dashboard.metrics import plain as measures

__all__ = [
    "CARD_WIDTH",
    "MOST_BARS",
    "NotSupplied",
    "NothingLeft",
    "Panel",
    "Told",
    "Withheld",
    "by_cohort",
    "caption",
    "cards",
    "cases_of",
    "choice",
    "columns",
    "columns_of",
    "computed",
    "covers",
    "currency",
    "dark",
    "definition",
    "denominators",
    "facts",
    "figures",
    "formula",
    "frame",
    "grid",
    "guarded",
    "held",
    "highest",
    "known",
    "label",
    "lang",
    "let_go",
    "measure",
    "metric",
    "moment",
    "money",
    "month",
    "moved",
    "names",
    "not_supplied",
    "nothing_left",
    "off_target",
    "offered",
    "option",
    "ordered",
    "page_link",
    "paged",
    "panel",
    "period",
    "picked",
    "report",
    "rows_behind",
    "rows_link",
    "running",
    "save",
    "say",
    "share_column",
    "shown",
    "states",
    "supplied",
    "targets",
    "trailing",
    "unfiltered",
    "unread",
    "view_filters",
    "waterfall",
    "word_list",
]

#: More bars than this are left to the table under them (the subtitle says so).
MOST_BARS = 25


class Told(Protocol):
    """A panel's title (None: the panel's own stays), subtitle, rows and columns, and how to draw its figure."""

    @property
    def title(self) -> str | None: ...
    @property
    def subtitle(self) -> str: ...
    @property
    def rows(self) -> Sequence[Mapping[str, Any]]: ...
    @property
    def columns(self) -> Sequence[Column]: ...
    @property
    def figure(self) -> Callable[[], go.Figure]: ...


class Panel:
    """A bordered box with a title that states the finding, a subtitle, the definition, the content and its downloads."""

    def __init__(self, key: str, title: str, subtitle: str = "", metric: str | None = None) -> None:
        self.key, self.metric = key, metric
        self.about: tuple[tuple[str, str], ...] | None = None  # what the files say they hold, where it isn't the view
        self._drawn, self._noted = False, ""
        self.box = st.container(border=True, key=f"panel_{key}", height="stretch")
        with self.box:
            self._title, self._subtitle = st.empty(), st.empty()
        self.title(title)
        self.subtitle(subtitle)

    def title(self, text: str | None) -> None:
        """Replace the title; None keeps it."""
        if text:
            self._text = text
            self._title.markdown(f"#### {text}", help=definition(self.metric) if self.metric else None)

    def subtitle(self, text: str) -> None:
        """Replace the line under the title."""
        if text:
            self._noted = text.replace("\\", "")
            self._subtitle.caption(text)

    def counted(self, note: str, shown: int, count: int) -> None:
        """A subtitle that says so where not all rows are shown."""
        more = say("data.first_rows", shown=formats.count(shown), all=formats.count(count))
        self.subtitle(f"{note} · {more}" if shown < count else note)

    def figure(self, figure: go.Figure) -> None:
        """Draw a figure; one with a width of its own scrolls where the screen is narrower. A table that follows is folded away."""
        self._drawn = True
        width = figure.layout.width
        figure.layout.width = None
        said = charts.noted(figure, saved.in_view(frame()), lang())
        charts.fitted(figure)
        with st.grid(1, wrap=False, min_column_width=int(width), key=f"scroll_{self.key}") if width else nullcontext():
            st.plotly_chart(figure, config=charts.CONFIG, key=f"figure_{self.key}", alt=self._text.replace("\\", ""))
        if said:
            with st.expander(say("note.on_chart", n=len(said)), icon=":material/sticky_note_2:", key=f"notes_{self.key}"):
                numbered = [{"number": number, **line} for number, line in enumerate(saved.lines(said, lang()), start=1)]
                grid(numbered, columns("note", number="text", day="text", text="text", scope="text"), key=f"notes_table_{self.key}")

    def show(self, told: Told, filters: Filters | None = None, empty: str = "") -> None:
        """What a capability tells: title and subtitle, its figure if there are rows, the table."""
        self.title(told.title)
        self.subtitle(told.subtitle)
        if told.rows:
            self.figure(told.figure())
        self.table(told.rows, told.columns, filters, empty=empty)

    def facts(self, *pairs: tuple[str, str | None]) -> None:
        """A few things to be known, on one line."""
        st.caption(" · ".join(f"{plain(name)}: **{plain(text)}**" for name, text in pairs if text))

    def text_table(self, rows: Sequence[Mapping[str, Any]], columns: Sequence[Column], empty: str) -> None:
        """Rows of sentences as entries, with their downloads."""
        entries(rows, columns)
        self.table(rows, columns, shown=False, empty=empty)

    def table(
        self,
        rows: Sequence[Mapping[str, Any]],
        columns: Sequence[Column],
        filters: Filters | None = None,
        shown: bool = True,
        empty: str = "",
        every: Callable[[], Sequence[Mapping[str, Any]]] | None = None,
    ) -> None:
        """Rows as a table (if shown) with their downloads; the files hold all rows (`every`, where only some are shown)."""
        if not rows and empty:
            st.markdown(f":gray[{empty}]")
            return
        if codes := coded(columns):
            language = lang()
            rows = [{**row, **{name: naming.value(name, row[name], language) for name in codes}} for row in rows]
        if shown:
            with st.expander(say("panel.figures"), icon=":material/table:") if self._drawn else nullcontext():
                grid(rows, columns, key=f"table_{self.key}")
        title, defined = self._text.replace("\\", ""), [self.metric] if self.metric else []
        figure = self._behind(columns, filters)
        save(self.key, title, every or (lambda: rows), columns, defined, filters, self.about, figure, self.counted_how())

    def counted_how(self) -> tuple[tuple[str, str], ...]:
        """What a file must say besides the view: the line under the title, and the page's and the panel's own settings."""
        noted = ((say("download.note"), self._noted),) if self._noted else ()
        settings = frame().remembered.get("settings", {}) if self.about is None else {}
        return (*noted, *settings.values())

    def _behind(self, columns: Sequence[Column], filters: Filters | None) -> Behind | None:
        """The link to the rows behind this panel's figures: its metric, cut as its table is, over its own months."""
        if self.metric is None or self.about is not None or any(entry.unfiltered for entry in measures((self.metric,))):
            return None
        relations = {entry.of or "" for entry in measures((self.metric,))}
        by = [column.id for column in columns if column.id in dimensions()]
        at = frame()
        # what the panel alone is limited to is a group of its rows
        own = [name for name, _ in (filters.where if filters is not None else ()) if name not in dict(at.view.filters.where)]
        by = [name for name in (*own, *by) if all(dimensions()[name].carried_by(relation) for relation in relations)]
        return Behind(self.metric, tuple(by), reach=behind.reach(at.view.filters, filters, at.info.as_of))


@contextmanager
def panel(key: str, title: str | None = None, subtitle: str | None = None, metric: str | None = None) -> Iterator[Panel]:
    """A panel; with a metric, its name is the title and its formula the subtitle until told otherwise."""
    if metric is not None:
        title = title or plain(label(metric))
        subtitle = formula(metric) if subtitle is None else subtitle
    made = Panel(key, title or "", subtitle or "", metric)
    settings = dict(frame().remembered.get("settings", {}))
    with made.box, guarded():
        yield made
    frame().remembered["settings"] = settings  # those drawn in the panel decide nothing outside of it


def waterfall(row: Mapping[str, Any], steps: Sequence[str]) -> list[tuple[str, Any, bool]]:
    """Steps of a waterfall from a row of amounts: totals stand, the rest is taken off."""
    totals = ("exported_amount", "gross_amount", "net_amount")
    return [(label(step), row[step] if step in totals or row[step] is None else -row[step], step in totals) for step in steps]


def names(dimension: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Each value of a dimension in some rows, as read."""
    return {str(row[dimension]): naming.value(dimension, row[dimension], lang()) for row in rows}


def highest(rows: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """As many rows as a chart of bars holds."""
    return rows[:MOST_BARS]


def ordered(rows: Sequence[Mapping[str, Any]], by: str, metric_id: str) -> list[Mapping[str, Any]]:
    """Rows for bars: buckets in their order, anything else from the highest value down, unknown last."""
    if by == "bucket":
        return list(rows)
    return sorted(rows, key=lambda row: (row[metric_id] is None, -float(row[metric_id] or 0), str(row[by])))


def by_cohort(rows: Sequence[Mapping[str, Any]], down: str, across: str, value: str) -> dict[date, list[tuple[int, Any]]]:
    """Rows of a triangle as one curve per cohort, each ending where its observation ends."""
    curves: dict[date, list[tuple[int, Any]]] = {}
    for row in sorted(rows, key=lambda row: (row[down], row[across])):
        curves.setdefault(row[down], []).append((row[across], row[value]))
    return curves


def states(rows: Sequence[Mapping[str, Any]], key: str) -> list[str]:
    """The states there are: buckets from best to worst, then plans and exits."""
    order = [*frame().warehouse.values("bucket", frame().scope), "plan", *contract().codes["close_reason"]]
    return sorted({str(row[key]) for row in rows}, key=lambda state: (order.index(state) if state in order else len(order), state))


def cases_of(rows: Sequence[Mapping[str, Any]], group: str, count: str) -> dict[str, str]:
    """How many cases stand behind each group, as read: n = 1,500."""
    totals: dict[str, int] = {}
    for row in rows:
        totals[str(row[group])] = totals.get(str(row[group]), 0) + (row[count] or 0)
    return {name: f"n = {formats.count(total)}" for name, total in totals.items()}
