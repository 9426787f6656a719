"""Is recovery on course? The figures that matter against target and against the period before, and what needs attention."""

from dashboard import charts, findings, quality, ui, why

CARDS = ("net_amount", "recovery_rate", "period_paid_rate", "liquidation_rate_3m", "roll_rate", "cure_rate", "promise_kept_rate")

shown = []
with ui.guarded():
    shown = ui.figures(*CARDS)
    ui.cards(shown)

with ui.panel("recovery_by_month", metric="recovery_rate") as panel:
    chosen, metric, aims = ui.trailing(13), ui.metric("recovery_rate"), ui.targets("recovery_rate")
    answer = ui.measure("recovery_rate", "net_amount", by=("month",), filters=chosen, lead=metric.id)
    series, running = [(row["month"], row[metric.id]) for row in answer.rows], ui.running(answer)
    panel.title(
        findings.against_target(ui.label(metric.id), series, aims, metric.better, ui.lang(), running)
        or findings.trend(ui.label(metric.id), series, ui.lang(), running)
    )
    panel.subtitle(f"{ui.formula(metric.id)} · {ui.period(chosen)}")
    panel.figure(charts.by_month(answer.rows, metric, ui.lang(), ui.currency(), aims, running))
    panel.table(answer.rows, ui.columns_of(answer, ("month",), ("recovery_rate", "net_amount")), chosen, shown=False)

with ui.panel("why", ui.say("why.title"), metric="recovery_rate") as panel:
    by, lang, rate = ui.choice("why_by", why.DIMENSIONS), ui.lang(), "recovery_rate"
    now, before = ui.view_filters(), ui.view_filters().before(ui.frame().info.as_of, ui.frame().info.first_on)
    answer = ui.measure(rate, by=(by,))
    found = None
    if before is not None and ui.measure(rate, filters=before).rows[0][rate] is not None:
        earlier = ui.measure(rate, by=(by,), filters=before)
        found = why.split(earlier.rows, answer.rows, by, rate)
        names = ui.names(by, [*earlier.rows, *answer.rows])
    if found is not None and before is not None:
        panel.title(why.sentence(found, ui.label(rate), names, lang))
        panel.subtitle(ui.say("why.note", period=ui.period(now), before=ui.period(before)))
        panel.figure(why.waterfall(found, names, lang))
    rows = why.table(found, by) if found is not None else []
    panel.table(rows, [*ui.columns_of(answer, (by,), ()), *why.columns(lang)], empty=why.nothing(now, before, lang))

with ui.panel("alerts", ui.say("alert.title"), ui.say("alert.note")) as panel:
    rows = quality.alerts(ui.off_target(shown), ui.report("sources"), ui.frame().info.as_of, ui.lang())
    panel.text_table(rows, ui.columns("alert", what="text", size="text", where="text"), empty=ui.say("alert.none"))
