"""Is recovery on course? The figures that matter against target and against the period before, and what needs attention."""

from dashboard import charts, findings, quality, ui

CARDS = ("net_amount", "recovery_rate", "period_paid_rate", "liquidation_rate_3m", "roll_rate", "cure_rate", "promise_kept_rate")

shown = []
with ui.guarded():
    shown = ui.figures(*CARDS)
    ui.cards(shown)

with ui.panel("recovery_by_month", metric="recovery_rate") as panel:
    chosen, metric, aims = ui.trailing(13), ui.metric("recovery_rate"), ui.targets("recovery_rate")
    answer = ui.measure("recovery_rate", "net_amount", by=("month",), filters=chosen)
    series, running = [(row["month"], row[metric.id]) for row in answer.rows], ui.running(answer)
    panel.title(
        findings.against_target(ui.label(metric.id), series, aims, metric.better, ui.lang(), running)
        or findings.trend(ui.label(metric.id), series, ui.lang(), running)
    )
    panel.subtitle(f"{ui.formula(metric.id)} · {ui.period(chosen)}")
    panel.figure(charts.by_month(answer.rows, metric, ui.lang(), ui.currency(), aims, running))
    panel.table(answer.rows, ui.columns_of(answer, ("month",), ("recovery_rate", "net_amount")), chosen, shown=False)

with ui.panel("alerts", ui.say("alert.title"), ui.say("alert.note")) as panel:
    rows = quality.alerts(ui.off_target(shown), ui.report("sources"), ui.frame().info.as_of, ui.lang())
    panel.text_table(rows, ui.columns("alert", what="text", size="text", where="text"), empty=ui.say("alert.none"))
