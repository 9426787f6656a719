"""What every figure and every column means: all metrics and all contract columns, searchable."""

import streamlit as st

from dashboard import naming, ui
from dashboard.contract import contract
from dashboard.metrics import metrics, needs_of

lang = ui.lang()
sought = st.text_input(ui.say("definitions.search"), key="definitions_search", placeholder=ui.say("definitions.hint")).strip().casefold()


def found(*texts: str) -> bool:
    """Whether any text holds what is sought."""
    return any(sought in text.casefold() for text in texts)


with ui.panel("metrics", ui.say("definitions.metrics"), ui.say("definitions.metrics_note")) as panel:
    rows = [
        {
            "name": metric.label[lang],
            "formula": metric.formula[lang],
            "trap": metric.trap[lang],
            "basis": ui.say(f"basis.{metric.basis}"),
            "unit": ui.say(f"unit.{metric.unit}"),
            "better": ui.say(f"better.{metric.better}"),
            "needs": ui.word_list(naming.need(need, lang) for need in needs_of(metric.id)),
            "id": metric.id,
        }
        for metric in metrics().values()
        if found(metric.id, *metric.label.values(), *metric.formula.values(), *metric.trap.values())
    ]
    texts = dict.fromkeys(("name", "formula", "trap", "basis", "unit", "better", "needs", "id"), "text")
    panel.text_table(rows, ui.columns("definitions", **texts), empty=ui.say("definitions.nothing"))

with ui.panel("columns", ui.say("definitions.columns"), ui.say("definitions.columns_note")) as panel:
    fields = [
        {
            "table": table.label[lang],
            "name": column.label[lang],
            "kind": ui.say(f"type.{column.type}"),
            "required": ui.say("definitions.optional" if column.optional else "definitions.required"),
            "personal": ui.say("state.yes") if column.personal else None,
            "headers": ui.word_list(column.headers),
            "id": f"{table.id}.{column.id}",
        }
        for table in contract().tables.values()
        for column in table.columns.values()
        if found(f"{table.id}.{column.id}", *table.label.values(), *column.label.values(), *column.headers)
    ]
    texts = dict.fromkeys(("table", "name", "kind", "required", "personal", "headers", "id"), "text")
    panel.table(fields, ui.columns("definitions", **texts), empty=ui.say("definitions.nothing"))
