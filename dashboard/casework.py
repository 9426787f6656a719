"""What the page of cases is made of: which figure's rows, a page of them, the search for a case, and one case's story."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from dashboard import charts, formats, naming, story, ui
from dashboard.behind import Behind, misread
from dashboard.downloads import Column
from dashboard.filters import Filters
from dashboard.formats import plain
from dashboard.frame import asked
from dashboard.metrics import dimensions, metrics
from dashboard.warehouse import Rows
from dashboard.words import has, word

ROWS_A_PAGE = 50
FOUND = 50
#: Shown when no link named a figure.
FIRST = "opening_amount"
UNITS = {
    "placed_on": "date", "paid_on": "date", "posted_on": "date", "left_on": "date", "first_paid_on": "date", "month": "month",
    "placed_month": "month", "months_since_placement": "count", "days_past_due": "count", "opening_amount": "amount",
    "placed_amount": "amount", "net_amount": "amount", "lag_days": "days",
    "contacted_on": "date", "made_on": "date", "due_on": "date", "kept_on": "date", "promised_amount": "amount", "paid_amount": "amount",
    "worked_on": "date", "productive_hours": "number", "talk_hours": "number", "reviewed_on": "date", "score": "number", "fell_on": "date",
    "received_on": "date", "resolved_on": "date", "close_days": "count",
    "taken_on": "date", "hired_on": "date", "law_passed_on": "date", "employed_days": "count", "held_from_on": "date", "held_days": "count",
    "moved_on": "date", "moved_amount": "amount",
    "agreed_on": "date", "exit_on": "date", "instalment_count": "count", "scheduled_amount": "amount", "balance_amount": "amount",
    "waived_amount": "amount", "number": "count", "instalment_amount": "amount", "planned_on": "date", "done_on": "date", "late_days": "count",
    "cost_amount": "amount", "duration_seconds": "count", "attempt_count": "count", "first_attempt_days": "count",
}  # fmt: skip
#: Columns of rows that are dimensions under another name, and those that hold a code of the contract.
DIMENSION_OF = {"collector_id": "collector", "table_id": "table", "reason": "check_reason"}


def figure() -> Behind:
    """The figure that the address names."""
    return Behind.from_query(asked(), FIRST)


def filters_of(figure: Behind) -> Filters:
    """The view's filters over the figure's own months."""
    return ui.trailing(figure.reach) if figure.reach else ui.view_filters()


def show(figure: Behind) -> None:
    """Put another figure in the address, the view kept."""
    st.query_params.from_dict({**ui.frame().view.to_query(), **figure.to_query()})


def chosen(figure: Behind) -> tuple[Behind, Any]:
    """Which figure, which of its groups and which side of a rate, chosen by the person; and the value of what is shown."""
    at, lang, lost = ui.frame(), ui.lang(), misread(asked(), figure)
    offered = [entry.id for entry in metrics().values() if not entry.unfiltered and not at.warehouse.missing(entry.id)]
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom", key="rows_choice"):
        _select("metric", ui.say("rows.metric"), offered, figure.metric, ui.label, lambda name: show(Behind(name, reach=figure.reach)))
        if figure.by:
            answer = ui.measure(figure.metric, by=figure.by, filters=filters_of(figure))
            groups = [tuple(row[name] for name in figure.by) for row in answer.rows if row.get(figure.metric) is not None]
            read = {tuple(row[name] for name in figure.by): row.get(figure.metric) for row in answer.rows}
            timed = any(dimensions()[name].kind == "time" for name in figure.by)
            options: list[tuple[Any, ...] | None] = [*([] if timed else [None]), *reversed(groups)]
            values = figure.values if figure.values in options else options[0] if options else None
            lost += ["value"] if figure.values not in (None, values) else []
            figure = replace(figure, values=values)

            def text(group: tuple[Any, ...] | None) -> str:
                return ui.say("rows.all") if group is None else f"{_group(figure.by, group)} · {_value(figure.metric, read[group])}"

            _select("group", ui.say("rows.group"), options, values, text, lambda group: show(replace(figure, values=group)))
        if len(figure.sides) > 1:
            sides = {name: ui.label(name) for name in figure.sides}
            key = f"rows_side_{lang}_{figure.metric}_{figure.shown}"
            st.segmented_control(
                ui.say("rows.side"), figure.sides, default=figure.shown, format_func=sides.__getitem__, key=key, required=True, wrap=True,
                on_change=lambda: show(replace(figure, side=st.session_state[key])),
            )  # fmt: skip
    if lost:
        names = ui.word_list(ui.say(f"problem.{name}") for name in lost)
        st.warning(ui.say("frame.not_understood", names=names), icon=":material/link_off:")
    return figure, _figure_value(figure)


def _figure_value(figure: Behind) -> Any:
    """The figure that the rows must add up to, asked as a page asks it."""
    group = grouped(figure)
    answer = ui.measure(figure.shown, by=tuple(group), filters=filters_of(figure))
    return next((row[figure.shown] for row in answer.rows if all(row[name] == value for name, value in group.items())), None)


def grouped(figure: Behind) -> dict[str, Any]:
    """Dimension → value of the group chosen, empty for all."""
    return dict(zip(figure.by, figure.values, strict=True)) if figure.values is not None else {}


def _select(name: str, label: str, options: Sequence[Any], value: Any, text: Callable[[Any], str], changed: Callable[[Any], None]) -> None:
    """A list of its own for each value, so that what it shows is what the address says."""
    place = options.index(value) if value in options else 0
    read = {option: text(option) for option in options}
    key = f"rows_{name}_{ui.lang()}_{place}_{len(options)}"
    st.selectbox(label, options, index=place, format_func=read.__getitem__, key=key, width=420, on_change=lambda: changed(st.session_state[key]))


def _group(by: Sequence[str], values: Sequence[Any]) -> str:
    return " · ".join(_dimension(name, value) for name, value in zip(by, values, strict=True))


def _dimension(name: str, value: Any) -> str:
    kind = dimensions()[name].kind
    if kind in ("time", "month") and value is not None:
        return ui.shown(value, "month" if name in ("month", "placed_month") else "date")
    if kind == "number":
        return f"{dimensions()[name].label[ui.lang()]} {value}"
    return naming.value(name, value, ui.lang())


def _value(metric_id: str, value: Any) -> str:
    return formats.measure(metrics()[metric_id].unit, value, ui.currency(), ui.lang())


def exact(metric_id: str, value: Any) -> str:
    """A figure to the cent or the case, as it is checked against the rows."""
    if metrics()[metric_id].unit == "amount":
        return ui.money(value or 0)
    return formats.MISSING if value is None else _value(metric_id, value)


def columns(found: Rows, metric_id: str) -> list[Column]:
    """The columns of rows as read, what each adds to the figure last and adding up."""
    made = []
    for name in found.columns:
        other = DIMENSION_OF.get(name, name)
        if name == "counted":
            unit = metrics()[metric_id].unit
            made.append(Column(name, ui.say("rows.counted", label=ui.label(metric_id)), unit, additive=found.total is not None))
        elif has(f"rows.{name}"):
            made.append(Column(name, ui.say(f"rows.{name}"), UNITS.get(name, "text")))
        else:
            made.append(Column(name, dimensions()[other].label[ui.lang()], UNITS.get(name, "text")))
    return made


def to_the_cent(shown: Sequence[Column]) -> list[Column]:
    """Columns for a screen where every amount is read in full: one row's money isn't a figure to be rounded."""
    return [replace(one, unit="number", label=f"{one.label} ({ui.currency()})") if one.unit == "amount" else one for one in shown]


def worded(found: Rows, lang: str) -> list[dict[str, Any]]:
    """Rows with their codes in words."""
    made = []
    for row in found.rows:
        told = dict(row)
        for name, value in row.items():
            other = DIMENSION_OF.get(name, name)
            if name == "left_reason" and value == "open":
                told[name] = None
            elif name == "handed" and value is not None:
                told[name] = word(f"handed.{value}", lang)
            elif name == "kind" and value is not None:
                told[name] = story.code("payment_kind", value, lang)
            elif other in dimensions() and dimensions()[other].kind in ("code", "text"):
                told[name] = naming.value(other, value, lang)
        made.append(told)
    return made


def rows(panel: ui.Panel, figure: Behind, value: Any) -> None:
    """A page of the rows, how many there are and what they add up to against the figure, and the files of all of them."""
    at, lang = ui.frame(), ui.lang()  # the files are made when asked for, after this run
    metric_id, filters, group = figure.shown, filters_of(figure), grouped(figure)
    held = ui.rows_behind(metric_id, group, filters, "counted", True, ROWS_A_PAGE, 0)
    shown = columns(held, metric_id)
    names = {column.id: column.label for column in shown if column.id not in ("case_id", "file")}
    order, descending = _order(names)
    key = f"rows_page_{abs(hash((figure, at.view, order, descending)))}"
    pages = max(1, -(-held.count // ROWS_A_PAGE))
    number = min(int(st.session_state.get(key) or 1), pages)
    found = ui.rows_behind(metric_id, group, filters, order, descending, ROWS_A_PAGE, (number - 1) * ROWS_A_PAGE)
    panel.title(ui.say("rows.title", label=plain(ui.label(metric_id)), n=formats.count(found.count), row=ui.say(f"row.{found.row}")))
    parts = [_group(figure.by, figure.values)] if figure.values is not None else []
    panel.subtitle(" · ".join([ui.formula(metric_id), *map(plain, parts), ui.period(filters)]))
    if found.total is not None:
        equal = (found.total or 0) == (value or 0)
        said = {"total": exact(metric_id, found.total), "figure": exact(metric_id, value)}
        (st.success if equal else st.error)(ui.say("rows.equal" if equal else "rows.unequal", **said), icon=":material/balance:")
    else:
        st.caption(ui.say("rows.not_added", figure=exact(metric_id, value)))
    if not found.rows:
        raise ui.NothingLeft
    table = worded(found, lang)
    opens = ("case_id", lambda place: open_case(found.rows[place]["case_id"])) if "case_id" in found.columns else None
    ui.grid(table, to_the_cent(shown), key=f"{key}_{number}", pressed=opens)
    if pages > 1:
        st.pagination(pages, key=key, max_visible_pages=5)
        first = (number - 1) * ROWS_A_PAGE + 1
        st.caption(ui.say("rows.page", first=formats.count(first), last=formats.count(first + len(table) - 1), all=formats.count(found.count)))

    def every() -> list[dict[str, Any]]:
        return worded(at.warehouse.rows(metric_id, group, filters=filters, scope=at.scope, order=order, descending=descending), lang)

    ui.save(
        "rows", ui.label(metric_id), every, shown,
        [metric_id], filters, more=panel.counted_how(),
    )  # fmt: skip


def _order(names: Mapping[str, str]) -> tuple[str, bool]:
    lang = ui.lang()
    ways = {"down": ui.say("rows.down"), "up": ui.say("rows.up")}
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom", key="rows_order"):
        options = ["counted", *(name for name in names if name != "counted")]
        order = st.selectbox(ui.say("rows.order"), options, format_func=names.__getitem__, key=f"rows_order_{lang}_{len(options)}", width=300)
        way = st.segmented_control(
            ui.say("rows.way"), ("down", "up"), default="down", format_func=ways.__getitem__, key=f"rows_way_{lang}",
            required=True, label_visibility="collapsed",
        )  # fmt: skip
    return str(order), way != "up"


# --- one case ---------------------------------------------------------------------------------------------------------


def open_case(case_id: str | None) -> None:
    """Show one case's story, or none; kept in the session, as an address is written down in many places."""
    st.session_state["case_open"] = (ui.frame().view.dataset, case_id) if case_id else None


def opened() -> str | None:
    """The case that is open in the data set on screen."""
    held = st.session_state.get("case_open")
    return held[1] if held and held[0] == ui.frame().view.dataset else None


def teams() -> list[str] | None:
    """The teams whose cases a person may see, None for all."""
    limited = ui.frame().scope.teams
    return None if limited is None else list(limited)


def search() -> None:
    """Cases whose id, or whose customer's id, is or starts with what is written; raises NotSupplied without cases."""
    ui.supplied("cases")
    sought = st.text_input(ui.say("case.search"), key="case_sought", placeholder=ui.say("case.hint"), max_chars=100).strip()
    if not sought:
        return
    warehouse = ui.frame().warehouse
    found = warehouse.run("case_find", {"sought": sought, "teams": teams(), "limit": FOUND})  # never cached: what was sought is personal
    if not found:
        st.info(ui.say("case.not_found", sought=plain(sought)), icon=":material/search_off:")
        return
    count = found[0]["all_rows"]
    more = ui.say("data.first_rows", shown=formats.count(len(found)), all=formats.count(count)) if count > len(found) else ""
    st.caption(" · ".join(filter(None, [ui.say("case.found", n=formats.count(count)), more])))
    lang = ui.lang()
    table = [{**row, "region": naming.value("region", row["region"], lang), "left_reason": story.reason(row["left_reason"], lang)} for row in found]
    shown = ui.columns(
        "rows", case_id="text", customer_id="text", product_name="text", region_name="text", placed_on="date", placed_amount="amount",
        net_amount="amount", left_on="date", left_reason="text",
    )  # fmt: skip
    for row in table:
        row["product_name"], row["region_name"] = row["product"], row["region"]
        row["net_amount"] = row["net_amount"] if warehouse.supplied("payments") else None
    ui.grid(
        table,
        to_the_cent(shown),
        key=f"case_found_{abs(hash(sought))}",
        pressed=("case_id", lambda place: open_case(found[place]["case_id"])),
    )


def facts(case_id: str) -> Mapping[str, Any]:
    """What a case is; raises NotSupplied without cases, NothingLeft where there is none that the person may see."""
    ui.supplied("cases")
    found = ui.frame().warehouse.run("case_facts", {"case_id": case_id, "teams": teams()})
    if not found:
        raise ui.NothingLeft
    return found[0]


def events(case_id: str) -> list[dict[str, Any]]:
    """What happened to a case, in words; raises NothingLeft where there is none that the person may see."""
    parameters = {"case_id": case_id, "teams": teams(), "names": ui.frame().scope.names}
    rows = ui.frame().warehouse.run("case_events", parameters)
    if not rows:
        raise ui.NothingLeft
    return story.told(rows, ui.lang(), ui.currency())


def head(panel: ui.Panel, case: Mapping[str, Any]) -> None:
    """What a case is and where it stands, in three lines."""
    lang = ui.lang()
    day = {name: ui.shown(case[name], "date") for name in ("placed_on", "left_on", "balance_on", "originated_on", "first_paid_on")}
    panel.title(ui.say("case.title", id=plain(case["case_id"])))
    described = [name for name in ("product", "region", "batch", "placement_number", "strategy", "age_band") if case[name]]
    panel.facts((ui.say("rows.customer_id"), case["customer_id"]), *((dimensions()[name].label[lang], case[name]) for name in described))
    placed = f"{day['placed_on']}, {formats.full_amount(case['placed_amount'], ui.currency())}"
    aged = formats.measure("days", case["placed_dpd"], "", lang)
    panel.facts((ui.say("event.placed"), placed), (ui.say("case.past_due"), f"{aged} ({naming.value('bucket', case['bucket'], lang)})"))
    known = ui.frame().warehouse.supplied
    paid = formats.full_amount(case["net_amount"], ui.currency()) if known("payments") else None
    first = day["first_paid_on"] if case["first_paid_on"] else None
    balance = f"{formats.full_amount(case['balance_amount'], ui.currency())} ({day['balance_on']})" if case["balance_on"] else None
    left = f"{day['left_on']}, {story.reason(case['left_reason'], lang)}" if case["left_on"] else None
    if left is None and known("cases.closed_on"):
        left = ui.say("case.open")
    panel.facts(
        (ui.say("case.paid"), paid),
        (ui.say("case.first_paid"), first),
        (ui.say("case.balance"), balance),
        (ui.say("event.left"), left),
    )


def timeline(panel: ui.Panel, told: Sequence[Mapping[str, Any]]) -> None:
    """The events on their lanes; what could not be among them is named."""
    at = ui.frame()
    if absent := [table for table in story.TABLES if not at.warehouse.supplied(table)]:
        ui.not_supplied(absent)
    panel.figure(charts.timeline(story.lanes(told, ui.lang(), at.info.as_of), at.info.as_of, ui.lang()))


def listed(panel: ui.Panel, told: Sequence[Mapping[str, Any]]) -> None:
    """The events one by one, the newest first, each with its place in the export."""
    panel.title(ui.say("story.listed", n=formats.count(len(told))))
    shown = ui.columns("story", day="text", what="text", money="amount", detail="text", who="text", file="text", line="count")
    panel.table(list(reversed(told)), shown)
