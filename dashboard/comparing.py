"""Rates side by side over one dimension, in a panel: those supplied as a figure and a table, the others named. Beside ui, below the pages."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard import findings, ui
from dashboard.channels import figures, sentences
from dashboard.filters import Filters
from dashboard.metrics import metrics


def side_by_side(panel: ui.Panel, wanted: Sequence[str], by: str, lead: str, filters: Filters | None = None) -> None:
    """Some measures by one dimension with their intervals, over the view's filters or others; the title says where `lead` is highest and lowest."""
    lang, currency = ui.lang(), ui.currency()
    answer = ui.measure(*wanted, by=(by,), filters=filters)
    rows = [row for row in answer.rows if any(row.get(name) is not None for name in wanted)]
    shown = ui.ordered(rows, by, lead)[: figures.MOST]
    names, kept = ui.names(by, shown), [name for name in wanted if any(row.get(name) is not None for row in shown)]
    if metrics()[lead].unit == "rate":
        panel.title(sentences.best(rows, by, lead, lang))
    else:
        panel.title(findings.spread(ui.label(lead), [(names[str(row[by])], row[lead]) for row in shown], metrics()[lead].unit, currency, lang))
    panel.figure(figures.lanes([names[str(row[by])] for row in shown], sentences.lanes(shown, kept, currency, lang), lang, currency))
    panel.table(answer.rows, ui.columns_of(answer, (by,), wanted), filters)
    if answer.missing:
        ui.not_supplied(dict.fromkeys(need for needs in answer.missing.values() for need in needs))
