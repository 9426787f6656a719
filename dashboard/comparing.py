"""Rates side by side over one dimension, or one of them by month, in a panel; what isn't supplied is named. Beside ui, below the pages."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard import charts, findings, ui
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


def by_month(panel: ui.Panel, wanted: Sequence[str], key: str) -> None:
    """One of some metrics, chosen, over thirteen months against its targets; raises NotSupplied where none of them can be had."""
    at, lang = ui.frame(), ui.lang()
    labels = {name: ui.label(name) for name in wanted if not at.warehouse.missing(name)}
    if not labels:
        raise ui.NotSupplied(at.warehouse.missing(wanted[0]))
    shown = ui.metric(ui.option(key, labels, ui.say("channels.measure"), listed=True))
    span, aims = ui.trailing(13), ui.targets(shown.id)
    answer = ui.measure(shown.id, by=("month",), filters=span)
    series, running = [(row["month"], row[shown.id]) for row in answer.rows], ui.running(answer)
    panel.metric = shown.id
    against = findings.against_target(ui.label(shown.id), series, aims, shown.better, lang, running)
    panel.title(against or findings.trend(ui.label(shown.id), series, lang, running) or ui.label(shown.id))
    panel.subtitle(f"{ui.formula(shown.id)} · {ui.period(span)}")
    panel.figure(charts.by_month(answer.rows, shown, lang, ui.currency(), aims, running))
    panel.table(answer.rows, ui.columns_of(answer, ("month",), (shown.id,)), span)
