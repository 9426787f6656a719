"""What pages are made of: asking the engine (cached), cards, panels with downloads, and the states where there is no figure."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from dashboard import behind, charts, downloads, findings, formats, naming, saved
from dashboard.access import Scope
from dashboard.behind import Behind
from dashboard.contract import ROOT, contract
from dashboard.downloads import Column, Table
from dashboard.filters import Filters
from dashboard.formats import plain
from dashboard.frame import Frame, opened, own, set_own
from dashboard.metrics import Metric, dimensions, metrics
from dashboard.metrics import plain as measures
from dashboard.warehouse import Answer, QueryFailed, Rows
from dashboard.words import word

LOG = logging.getLogger(__name__)
#: The page that shows the rows behind a figure.
CASES = ROOT / "pages" / "cases.py"
#: How a state against target is shown: icon and colour, beside its word.
STATES = {"met": (":material/check_circle:", "blue"), "watch": (":material/warning:", "orange"), "missed": (":material/error:", "red")}
#: The narrowest a card may get, by language, so that no value and no label is ever cut.
CARD_WIDTH = {"en": 230, "zh": 230}
#: More bars than this are left to the table under them (the subtitle says so).
MOST_BARS = 25
#: Rows of a long report that are shown; its files hold all.
MOST_ROWS = 500
#: Tables longer than this scroll inside their frame instead of making the page long.
TALL_TABLE = 14


class NotSupplied(Exception):
    """What a figure needs is not in the data; names it as "table" or "table.column"."""

    def __init__(self, needs: Iterable[str]) -> None:
        self.needs = tuple(dict.fromkeys(needs))
        super().__init__(", ".join(self.needs))


class NothingLeft(Exception):
    """The filters leave no row to show."""


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


def measure(*metric_ids: str, by: Sequence[str] = (), filters: Filters | None = None) -> Answer:
    """Metrics over the view's filters (or others); raises NotSupplied when none of them can be had, QueryFailed on an error."""
    at = frame()
    chosen = filters or at.view.filters
    answer = _measured(str(at.home.path), at.view.dataset, at.view.snapshot, tuple(metric_ids), tuple(by), chosen, at.scope)
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
    return _work(opened(home, dataset, snapshot), **dict(parameters))


def computed(work: Callable[..., Any], **parameters: Any) -> Any:
    """What a capability makes of the whole snapshot (its first argument, a warehouse), once per snapshot and parameters.

    It is the same for everybody: what a person may see of it is for the page to choose. What it raises is not kept.
    """
    at, name = frame(), f"{work.__module__}.{work.__qualname__}"
    with st.spinner(say("state.computing")):
        return _computed(str(at.home.path), at.view.dataset, at.view.snapshot, name, tuple(sorted(parameters.items())), work)


def caption(text: str) -> None:
    """A small line of our own words."""
    st.caption(text)


def warn(text: str) -> None:
    """Something that was asked for and can't be met."""
    st.warning(text, icon=":material/link_off:")


def report(name: str, **parameters: Any) -> list[dict[str, Any]]:
    """Rows of a report; values go in as parameters only."""
    at = frame()
    return _reported(str(at.home.path), at.view.dataset, at.view.snapshot, name, tuple(sorted(parameters.items())))


def supplied(*needs: str) -> None:
    """Raises NotSupplied where a table or column is not in the data."""
    if missing := [need for need in needs if not frame().warehouse.supplied(need)]:
        raise NotSupplied(missing)


def not_supplied(needs: Iterable[str]) -> None:
    """Says by name what is missing."""
    st.info(say("state.not_supplied", names=word_list(plain(naming.need(need, lang())) for need in needs)), icon=":material/block:")


def word_list(items: Iterable[str]) -> str:
    """Names in a row, in the page's language."""
    return ("、" if lang() == "zh" else ", ").join(items)


def nothing_left() -> None:
    """Says why there is nothing and what to do."""
    names = frame().view.filters.scope(lang(), naming.dimension_labels(lang()), naming.values(lang()))
    st.info(say("state.nothing", filters=plain(" · ".join(names))), icon=":material/filter_alt_off:")


def failed(error: QueryFailed) -> None:
    """Says that a query failed, which one, and under which id the log has the cause."""
    name, _, cause = str(error).partition(": ")
    number = f"{zlib.crc32(str(error).encode()):08x}"
    LOG.error("query %s failed, shown to the reader as %s: %s", name, number, cause)
    st.error(say("state.failed", name=plain(name), id=number), icon=":material/error:")


@contextmanager
def guarded() -> Iterator[None]:
    """Turns what a query raises into a message in its place; the rest of the page goes on."""
    try:
        yield
    except NotSupplied as error:
        not_supplied(error.needs)
    except NothingLeft:
        nothing_left()
    except QueryFailed as error:
        failed(error)


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
        self._drawn = False
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
            self._subtitle.caption(text)

    def counted(self, note: str, shown: int, count: int) -> None:
        """A subtitle that says so where not all rows are shown."""
        more = say("data.first_rows", shown=formats.count(shown), all=formats.count(count))
        self.subtitle(f"{note} · {more}" if shown < count else note)

    def figure(self, figure: go.Figure) -> None:
        """Draw a figure; one with a width of its own scrolls where the screen is narrower. A table that follows is folded away."""
        self._drawn = True
        width = figure.layout.width
        figure.update_layout(width=None)
        said = charts.noted(figure, saved.in_view(frame()), lang())
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
        rows = [{**row, **{name: naming.value(name, row[name], lang()) for name in _coded(columns)}} for row in rows]
        if shown:
            with st.expander(say("panel.figures"), icon=":material/table:") if self._drawn else nullcontext():
                grid(rows, columns, key=f"table_{self.key}")
        title, defined = self._text.replace("\\", ""), [self.metric] if self.metric else []
        save(self.key, title, every or (lambda: rows), columns, defined, filters, self.about, self._behind(columns, filters))

    def _behind(self, columns: Sequence[Column], filters: Filters | None) -> Behind | None:
        """The link to the rows behind this panel's figures: its metric, cut as its table is, over its own months."""
        if self.metric is None or self.about is not None or any(entry.unfiltered for entry in measures((self.metric,))):
            return None
        relations = {entry.of or "" for entry in measures((self.metric,))}
        by = [column.id for column in columns if column.id in dimensions()]
        by = [name for name in by if all(dimensions()[name].carried_by(relation) for relation in relations)]
        at = frame()
        return Behind(self.metric, tuple(by), reach=behind.reach(at.view.filters, filters, at.info.as_of))


def entries(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> None:
    """Rows of sentences as entries of a glossary: the first column its head, the second its text, the others small below."""
    head, text, *rest = columns
    for row in rows:
        small = " · ".join(f"{plain(column.label)}: {plain(row[column.id])}" for column in rest if row[column.id])
        st.markdown(f"**{plain(row[head.id])}**  \n{plain(row[text.id])}  \n:small[:gray[{small}]]")


def _coded(columns: Sequence[Column]) -> list[str]:
    """The columns of a table that hold values of a dimension with codes or blanks."""
    return [column.id for column in columns if column.id in dimensions() and dimensions()[column.id].kind in ("code", "text")]


@contextmanager
def panel(key: str, title: str | None = None, subtitle: str | None = None, metric: str | None = None) -> Iterator[Panel]:
    """A panel; with a metric, its name is the title and its formula the subtitle until told otherwise."""
    if metric is not None:
        title = title or plain(label(metric))
        subtitle = formula(metric) if subtitle is None else subtitle
    made = Panel(key, title or "", subtitle or "", metric)
    with made.box, guarded():
        yield made


def formula(metric_id: str) -> str:
    """Measure ÷ measure and unit in one line."""
    metric = metrics()[metric_id]
    unit = {"amount": frame().info.currency, "rate": "%", "days": say("unit.days")}.get(metric.unit, "")
    return plain(metric.formula[lang()]) + (f" · {plain(unit)}" if unit else "")


def definition(metric_id: str) -> str:
    """A metric's formula, basis and trap, for a tooltip."""
    metric = metrics()[metric_id]
    basis = say("definition.basis", name=say(f"basis.{metric.basis}"))
    lines = [f"**{plain(metric.label[lang()])}**", plain(metric.formula[lang()]), plain(basis)]
    lines.append(plain(say("definition.trap", text=metric.trap[lang()])))
    return "\n\n".join(lines)


def columns_of(answer: Answer, by: Sequence[str], metric_ids: Sequence[str]) -> list[Column]:
    """Columns of an answer as read and downloaded; a rate brings its two sides."""
    registry, currency = metrics(), frame().info.currency
    columns = [_dimension_column(name) for name in by]
    for metric_id in metric_ids:
        if metric_id in answer.missing:
            continue
        metric = registry[metric_id]
        unit = f" ({currency})" if metric.unit == "amount" else ""
        columns.append(Column(metric_id, metric.label[lang()] + unit, metric.unit, metric.additive))
        for side, other in (("part", metric.part), ("whole", metric.whole)):
            if other is not None and other in registry:
                below = registry[other]
                unit = f" ({currency})" if below.unit == "amount" else ""
                columns.append(Column(f"{metric_id}_{side}", below.label[lang()] + unit, below.unit, below.additive))
    seen: dict[str, Column] = {}
    for column in columns:
        if not any(other.label == column.label and other.unit == column.unit for other in seen.values()):
            seen[column.id] = column
    return list(seen.values())


def _dimension_column(name: str) -> Column:
    dimension = dimensions()[name]
    unit = "month" if name in ("month", "placed_month") else {"time": "date", "number": "count"}.get(dimension.kind, "text")
    return Column(name, dimension.label[lang()], unit)


def shown(value: Any, unit: str) -> str:
    """A cell as read."""
    if value is None:
        return formats.MISSING
    if isinstance(value, bool):
        return say("state.yes" if value else "state.no")
    if isinstance(value, date):
        return formats.month(value, lang()) if unit == "month" else formats.day(value, lang())
    if unit == "amount":
        return formats.amount(value, frame().info.currency, lang())
    if unit in ("rate", "count", "days", "ratio", "number"):
        return formats.measure(unit, value, frame().info.currency, lang())
    return str(value)


def grid(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column], key: str, pressed: tuple[str, Callable[[int], None]] | None = None) -> None:
    """Rows as a table: numbers right-aligned and sortable, one unit per column, named in its head; missing is a dash.

    `pressed` makes one column buttons and is told the place of the row whose button was pressed.
    """
    if not rows:
        raise NothingLeft
    data: dict[str, list[Any]] = {}
    how: dict[str, Any] = {}
    config: dict[str, Any] = {}
    for column in columns:
        values = [row.get(column.id) for row in rows]
        if column.id not in metrics() and column.id not in dimensions() and all(value is None for value in values):
            continue  # said by nobody in this data; the files keep the column
        head = column.label
        if column.unit in ("amount", "rate", "count", "days", "ratio", "number"):
            scale = formats.column_scale(column.unit, values, frame().info.currency, lang())
            head = f"{column.label.removesuffix(f' ({frame().info.currency})')}" + (
                f" ({scale.name})" if scale.name and column.unit != "rate" else ""
            )
            data[column.id] = [scale.of(value) for value in values]
            how[column.id] = _cell(column.unit, scale)
            config[column.id] = st.column_config.NumberColumn(head)
        else:
            data[column.id] = [shown(value, column.unit) if value is not None else None for value in values]
            config[column.id] = st.column_config.TextColumn(head)
    if pressed is not None:
        column_id, told = pressed
        click = f"{key}_click"
        head = next(column.label for column in columns if column.id == column_id)
        config[column_id] = st.column_config.ButtonColumn(
            head, type="tertiary", key=click, on_click=lambda: told(st.session_state[click]["row"]), pinned=True, alignment="left"
        )
    table = pd.DataFrame(data)
    styled = table.style.format({name: cell for name, cell in how.items()}, na_rep=formats.MISSING)
    st.dataframe(
        styled,
        hide_index=True,
        column_config=config,
        key=key,
        height=35 * (TALL_TABLE + 1) + 3 if len(rows) > TALL_TABLE else "content",
        placeholder=formats.MISSING,
        alt=" · ".join(column.label for column in columns),
    )


def _cell(unit: str, scale: formats.Scale) -> Any:
    def text(value: Any) -> str:
        number = formats.exact(value)
        return formats.MISSING if number is None else formats.fixed(number, scale.decimals) + ("%" if unit == "rate" else "")

    return text


def save(
    key: str,
    title: str,
    rows: Callable[[], Sequence[Mapping[str, Any]]],
    columns: Sequence[Column],
    metric_ids: Sequence[str | None] = (),
    filters: Filters | None = None,
    about: tuple[tuple[str, str], ...] | None = None,
    figure: Behind | None = None,
) -> None:
    """Two buttons that make the file when clicked: all rows, with what must be known to read them (`about`, else the view).

    With a figure, a link to the rows behind it stands beside them.
    """
    view = frame().view
    span = filters or view.filters
    said = (tuple(columns), view.lang, facts(filters) if about is None else about, tuple(definitions_of(metric_ids, columns)))
    of_view = (view.dataset, span.start.isoformat(), span.until.isoformat(), view.snapshot)
    parts = (key.replace("_", "-"), *(of_view if about is None else (value for _, value in about)))
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key=f"save_{key}"):
        for name, ending, make, mime in (
            ("CSV", "csv", downloads.csv_file, "text/csv"),
            ("Excel", "xlsx", downloads.excel_file, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ):
            st.download_button(
                name, data=_later(make, title, rows, *said), file_name=downloads.file_name(parts, ending), mime=mime, key=f"{ending}_{key}",
                type="tertiary", icon=":material/download:", on_click="ignore", help=say("download.help"),
            )  # fmt: skip
        if figure is not None:
            rows_link(figure)


def rows_link(figure: Behind) -> None:
    """A link to the rows behind a figure, filters kept; whoever comes by it wants the list, not a case opened before.

    Nothing for somebody whom that page isn't for.
    """
    if not frame().person.sees("cases"):
        return
    st.session_state.pop("case_open", None)
    to = {**frame().view.to_query(), **figure.to_query()}
    st.page_link(CASES, label=say("rows.link"), icon=":material/table_rows:", help=say("rows.link_help"), query_params=to)


def _later(make: Callable[[Table], bytes], title: str, rows: Callable[[], Sequence[Mapping[str, Any]]], *said: Any) -> Callable[[], bytes]:
    columns, lang, known_facts, known_definitions = said
    return lambda: make(Table(title, columns, rows(), lang, known_facts, known_definitions))


def paged(
    name: str, shape: Callable[..., list[dict[str, Any]]], **parameters: Any
) -> tuple[list[dict[str, Any]], int, Callable[[], list[dict[str, Any]]]]:
    """The first rows of a report that has pages, put into words; how many there are; and a way to all of them, for a file."""
    warehouse, language = frame().warehouse, lang()
    rows = report(name, limit=MOST_ROWS, offset=0, **parameters)
    count = rows[0]["all_rows"] if rows else 0
    return shape(rows, language), count, lambda: shape(warehouse.run(name, {"limit": count, "offset": 0, **parameters}), language)


def facts(filters: Filters | None = None) -> tuple[tuple[str, str], ...]:
    """What is on screen, for a file: data set, period, scope, comparison, as of, snapshot, currency."""
    at = frame()
    info, chosen = at.info, filters or at.view.filters
    labels = naming.dimension_labels(lang())
    return (
        (say("frame.dataset"), f"{info.title.get(lang()) or info.dataset} ({info.dataset})"),
        (say("frame.period"), f"{formats.period(chosen.start, chosen.until, lang())} ({chosen.start} – {chosen.until})"),
        (say("frame.filters"), " · ".join(chosen.scope(lang(), labels, naming.values(lang())))),
        (say("frame.comparison"), chosen.compared(lang(), info.as_of, info.first_on)),
        (say("download.as_of"), str(info.as_of)),
        (say("download.snapshot"), info.id),
        (say("download.currency"), info.currency),
    )


def definitions_of(metric_ids: Sequence[str | None], columns: Sequence[Column]) -> Iterable[tuple[str, str]]:
    """Name and formula of every metric in a table."""
    registry = metrics()
    wanted = [metric_id for metric_id in [*metric_ids, *(column.id for column in columns)] if metric_id in registry]
    for metric_id in dict.fromkeys(wanted):
        metric = registry[str(metric_id)]
        yield metric.label[lang()], f"{metric.formula[lang()]} ({say(f'basis.{metric.basis}')})"


def targets(metric_id: str) -> dict[date, Any]:
    """A metric's monthly targets for what the filters leave, empty where none was set for just that."""
    scope = findings.scope_of(frame().view.filters)
    rows = report("targets", scope=scope) if scope else []
    return {row["month"]: row["value"] for row in rows if row["metric"] == metric_id}


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
    st.plotly_chart(
        charts.spark([value for _, value in figure.series], [aims.get(month) for month, _ in figure.series], end != formats.month_end(end)),
        config={**charts.CONFIG, "staticPlot": True},
        key=f"spark_{metric.id}",
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
    part_unit, whole_unit = registry[metric.part].unit, registry[metric.whole].unit
    currency = frame().info.currency
    return unread(
        say(
            "card.sides",
            part=formats.measure(part_unit, row.get(f"{metric.id}_part"), currency, lang()),
            whole=formats.measure(whole_unit, whole, currency, lang()),
        )
    )


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


def cards(shown: Sequence[Figure]) -> None:
    """Cards of equal height, as many a row as fit without cutting a value."""
    with st.grid(3 if len(shown) in (3, 5, 6) else 4, min_column_width=CARD_WIDTH[lang()], gap="small", border=True, key="cards") as place:
        for figure in shown:
            with place.cell(), st.container(gap="xsmall", key=f"card_{figure.metric.id}"):
                card(figure)


def let_go(files: Sequence[UploadedFile]) -> None:
    """Free the memory of what was uploaded; Streamlit keeps it until the browser goes away."""
    context = get_script_run_ctx()
    if context is not None and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        for file in files:
            context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)


def picked(key: str, label: str, choices: Mapping[str, str], note: str) -> str:
    """One of some ids, chosen by its name."""
    return str(st.selectbox(label, list(choices), format_func=lambda one: choices[one], key=f"{key}_{lang()}", help=note))


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


def columns(section: str, **units: str) -> list[Column]:
    """Columns named in a section of words.toml, each with its unit; "total" is a count that adds up."""
    return [Column(name, say(f"{section}.{name}"), "count" if unit == "total" else unit, additive=unit == "total") for name, unit in units.items()]


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


def waterfall(row: Mapping[str, Any], steps: Sequence[str]) -> list[tuple[str, Any, bool]]:
    """Steps of a waterfall from a row of amounts: totals stand, the rest is taken off."""
    totals = ("exported_amount", "gross_amount", "net_amount")
    return [(label(step), row[step] if step in totals or row[step] is None else -row[step], step in totals) for step in steps]


def view_filters() -> Filters:
    """The filters of the view."""
    return frame().view.filters


def choice(key: str, options: Sequence[str], labels: Mapping[str, str] | None = None) -> str:
    """One of some dimensions (called as the registry says, or by other labels), those not supplied left out."""
    offered = [name for name in options if not frame().warehouse.missing(name)]
    named = labels or naming.dimension_labels(lang())
    return option(key, {name: named[name] for name in offered}, say("recovery.by"))


def option(key: str, labels: Mapping[str, str], title: str, default: str | None = None, listed: bool = False, note: str | None = None) -> str:
    """One of some values by their labels, kept in the link as page.KEY; in a row without its title, or `listed` in a box with it."""
    first = default or next(iter(labels))
    held = next((value for value in own(key) if value in labels), first)
    widget = f"{key}_{lang()}_{held}"

    def changed() -> None:
        value = st.session_state[widget]
        set_own(key, [] if value in (None, first) else [str(value)])

    if listed:
        values = list(labels)
        st.selectbox(title, values, index=values.index(held), format_func=labels.__getitem__, key=widget, on_change=changed, help=note)
    else:
        st.segmented_control(
            title, list(labels), format_func=labels.__getitem__, default=held, key=widget, required=True, label_visibility="collapsed",
            wrap=True, on_change=changed, help=note,
        )  # fmt: skip
    return held


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


def month(value: date) -> str:
    """A month as read."""
    return formats.month(value, lang())


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


def share_column() -> Column:
    """The column of shares within a row of the migration matrix."""
    return Column("share", say("recovery.share"), "rate")
