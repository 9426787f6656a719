"""Rows as tables and files: columns named and in one unit, downloads with what must be known to read them, the link to the rows behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from dashboard import downloads, formats
from dashboard.asking import NothingLeft, frame, lang, report, say
from dashboard.behind import Behind
from dashboard.contract import ROOT
from dashboard.downloads import Column, Table
from dashboard.filters import Filters
from dashboard.formats import plain
from dashboard.frame import limits
from dashboard.metrics import dimensions, metrics
from dashboard.warehouse import Answer

#: The page that shows the rows behind a figure.
CASES = ROOT / "pages" / "cases.py"


#: Rows of a long report that are shown; its files hold all.
MOST_ROWS = 500


#: Tables longer than this scroll inside their frame instead of making the page long.
TALL_TABLE = 14


def entries(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> None:
    """Rows of sentences as entries of a glossary: the first column its head, the second its text, the others small below."""
    head, text, *rest = columns
    for row in rows:
        small = " · ".join(f"{plain(column.label)}: {plain(row[column.id])}" for column in rest if row[column.id])
        st.markdown(f"**{plain(row[head.id])}**  \n{plain(row[text.id])}  \n:small[:gray[{small}]]")


def coded(columns: Sequence[Column]) -> list[str]:
    """The columns of a table that hold values of a dimension with codes or blanks."""
    return [column.id for column in columns if column.id in dimensions() and dimensions()[column.id].kind in ("code", "text")]


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
            written = None
            if any(value is not None and value < 0 for value in data[column.id]):  # with a true minus sign, which the browser doesn't write
                how[column.id] = _cell(column.unit, scale)
            else:  # a cell written here costs a hundred times as much
                data[column.id] = [_settled(value, scale.decimals) for value in data[column.id]]
                written = f"%,.{scale.decimals}f{'%%' if column.unit == 'rate' else ''}"
            config[column.id] = st.column_config.NumberColumn(head, format=written)
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
    st.dataframe(
        table.style.format(how, na_rep=formats.MISSING) if how else table,
        hide_index=True,
        column_config=config,
        key=key,
        height=35 * (TALL_TABLE + 1) + 3 if len(rows) > TALL_TABLE else "content",
        placeholder=formats.MISSING,
        alt=" · ".join(column.label for column in columns),
    )


def _settled(value: float | None, decimals: int) -> float | None:
    """A number that the browser rounds as we do: a half, which as a binary number may lie below it, is rounded already."""
    if value is None:
        return None
    halves = abs(value) * 10**decimals * 2
    near = round(halves)
    if near % 2 == 0 or abs(halves - near) > 1e-6:
        return value
    exact = formats.exact(value)
    return value if exact is None else float(formats.fixed(exact, decimals).replace(",", ""))


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
    more: tuple[tuple[str, str], ...] = (),
) -> None:
    """Two buttons that make the file when clicked: all rows, with what must be known to read them (`about`, else the view; and `more`).

    With a figure, a link to the rows behind it stands beside them.
    """
    view, filters = frame().view, filters or frame().remembered.get("covered")
    span = filters or view.filters
    said = (tuple(columns), view.lang, (*(facts(filters) if about is None else about), *more), tuple(definitions_of(metric_ids, columns)))
    of_view = (view.dataset, span.start.isoformat(), span.until.isoformat(), view.snapshot)
    parts = (key.replace("_", "-"), *(of_view if about is None else downloads.ids(value for _, value in about)))
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


def page_link(page: str, label: str) -> None:
    """A link to another page, the view kept; nothing for somebody whom that page isn't for."""
    if frame().person.sees(page):
        st.page_link(f"../pages/{page}.py", label=label, icon=":material/arrow_forward:", query_params=frame().view.to_query())


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
    return (
        (say("frame.dataset"), f"{info.title.get(lang()) or info.dataset} ({info.dataset})"),
        (say("frame.period"), f"{formats.period(chosen.start, chosen.until, lang())} ({chosen.start} – {chosen.until})"),
        (say("frame.filters"), " · ".join(limits(at, chosen))),
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


def columns(section: str, **units: str) -> list[Column]:
    """Columns named in a section of words.toml, each with its unit; "total" is a count that adds up."""
    return [Column(name, say(f"{section}.{name}"), "count" if unit == "total" else unit, additive=unit == "total") for name, unit in units.items()]


def share_column() -> Column:
    """The column of shares within a row of the migration matrix."""
    return Column("share", say("recovery.share"), "rate")
