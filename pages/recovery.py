"""Where the money comes back and where it does not: by any cut, by placement cohort, and how cases move between buckets."""

from dashboard import charts, findings, ui

lang, currency = ui.lang(), ui.currency()

with ui.panel("recovery_by", metric="recovery_rate") as panel:
    by = ui.choice("recovery_by", ("month", "bucket", "product", "region", "batch", "team"))
    chosen = ui.trailing(13) if by == "month" else ui.view_filters()
    wanted, metric = ("recovery_rate", "net_amount", "opening_amount"), ui.metric("recovery_rate")
    answer = ui.measure(*wanted, by=(by,), filters=chosen, lead=metric.id)
    panel.subtitle(f"{ui.formula(metric.id)} · {ui.period(chosen)}")
    if by == "month":
        running, series = ui.running(answer), [(row["month"], row[metric.id]) for row in answer.rows]
        panel.title(findings.trend(ui.label(metric.id), series, lang, running))
        panel.figure(charts.by_month(answer.rows, metric, lang, currency, ui.targets(metric.id), running))
    else:
        rows = ui.ordered(answer.rows, by, metric.id)
        names = ui.names(by, rows)
        spread = [(names[str(row[by])], row[metric.id]) for row in rows]
        panel.title(findings.spread(ui.label(metric.id), spread, metric.unit, currency, lang))
        panel.counted(f"{ui.formula(metric.id)} · {ui.period(chosen)}", len(ui.highest(rows)), len(rows))
        panel.figure(charts.bars(ui.highest(rows), metric, by, names, lang, currency))
    panel.table(answer.rows, ui.columns_of(answer, (by,), wanted), chosen)

cohorts = ui.trailing(18)
across, down, rate = "months_since_placement", "placed_month", "liquidation_rate"
with ui.panel("curves", metric=rate) as panel:
    answer = ui.measure(rate, by=(down, across), filters=cohorts)
    panel.subtitle(f"{ui.formula(rate)} · {ui.say('recovery.cohorts', period=ui.period(cohorts))} · {ui.say('recovery.young')}")
    curves = ui.by_cohort(answer.rows, down, across, rate)
    third = [(month, dict(points).get(3)) for month, points in curves.items()]
    panel.title(findings.cohorts(ui.label(rate), 3, third, lang))
    panel.figure(charts.lines({ui.month(month): points for month, points in curves.items()}, "rate", lang, currency))
    panel.table(answer.rows, ui.columns_of(answer, (down, across), (rate,)), cohorts, shown=False)

with ui.panel("triangle", ui.say("recovery.triangle"), metric=rate) as panel:
    answer = ui.measure(rate, by=(down, across), filters=cohorts)
    panel.subtitle(f"{ui.formula(rate)} · {ui.say('recovery.cohorts', period=ui.period(cohorts))} · {ui.say('recovery.diagonal')}")
    diagonal = charts.running_diagonal(answer.rows, across, down, ui.frame().info.as_of)
    panel.figure(charts.triangle(answer.rows, across, down, rate, "rate", lang, currency, diagonal, ui.dark()))
    panel.table(answer.rows, ui.columns_of(answer, (down, across), (rate,)), cohorts, shown=False)

with ui.panel("migration", ui.say("recovery.migration"), ui.say("recovery.migration_note"), metric="moved_amount") as panel:
    moves = ui.measure("moved_amount", "moved_cases", by=("start_state", "end_state"))
    cells = findings.shares(moves.rows, "start_state", "moved_amount", "share")
    starts, ends = ui.states(cells, "start_state"), ui.states(cells, "end_state")
    names = ui.names("start_state", cells) | ui.names("end_state", cells)
    panel.title(findings.moved(cells, "start_state", "end_state", "share", starts, names, lang))
    beside = ui.cases_of(cells, "start_state", "moved_cases")
    panel.figure(charts.matrix(cells, "start_state", "end_state", "share", starts, ends, names, lang, currency, beside, ui.dark()))
    panel.table(cells, [*ui.columns_of(moves, ("start_state", "end_state"), ("moved_amount", "moved_cases")), ui.share_column()])

with ui.panel("roll", metric="roll_rate") as panel:
    both, chosen = ("roll_rate", "roll_rate_snapshot"), ui.trailing(13)
    answer = ui.measure(*both, by=("month",), filters=chosen)
    panel.subtitle(f"{ui.say('recovery.roll_note')} · {ui.period(chosen)}")
    lines = {ui.label(one): [(row["month"], row.get(one)) for row in answer.rows] for one in both if one not in answer.missing}
    panel.title(findings.trend(ui.label("roll_rate"), next(iter(lines.values())), lang, ui.running(answer)))
    panel.figure(charts.lines(lines, "rate", lang, currency, months=True))
    panel.table(answer.rows, ui.columns_of(answer, ("month",), both), chosen)
