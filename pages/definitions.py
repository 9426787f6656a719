"""What every figure and every column means: all metrics and all contract columns, searchable."""

import streamlit as st

from dashboard import ui
from dashboard.contract import contract
from dashboard.downloads import Column
from dashboard.metrics import metrics

lang = ui.lang()
sought = st.text_input(ui.say("definitions.search"), key="definitions_search", placeholder=ui.say("definitions.hint"))


def found(*texts: str | None) -> bool:
    """Whether any text holds what is sought."""
    return any(sought.strip().casefold() in text.casefold() for text in texts if text)


with ui.panel("metrics", ui.say("definitions.metrics")) as panel:
    rows = [
        {
            "name": metric.label[lang],
            "formula": metric.formula[lang],
            "basis": ui.say(f"basis.{metric.basis}"),
            "unit": ui.say(f"unit.{metric.unit}"),
            "better": ui.say(f"better.{metric.better}"),
            "trap": metric.trap.get(lang),
            "needs": ui.word_list(metric.needs) or None,
            "id": metric.id,
        }
        for metric in metrics().values()
        if found(metric.id, *metric.label.values(), *metric.formula.values(), *metric.trap.values())
    ]
    panel.table(rows, [Column(name, ui.say(f"definitions.{name}")) for name in ("name", "formula", "basis", "unit", "better", "trap", "needs", "id")])

with ui.panel("columns", ui.say("definitions.columns"), ui.say("definitions.columns_note")) as panel:
    rows = [
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
    panel.table(rows, [Column(name, ui.say(f"definitions.{name}")) for name in ("table", "name", "kind", "required", "personal", "headers", "id")])
