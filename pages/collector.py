"""One collector, fairly: place among all, trend, what is behind the gap, effort and quality, training, cases taken over, credit, cases held."""

from dashboard import desks, formats, one_desk, ui
from dashboard.collectors import figures, sentences

lang, at = ui.lang(), ui.frame()
who = None
with ui.guarded():
    who = one_desk.chosen()
if who:
    window, outcome = desks.settings("collector")
    found = None
    with ui.guarded():
        found = desks.gathered(window, outcome, all_teams=True)
    mine = found.adjusted.of(who.id) if found else None
    if found:
        with ui.panel("standing", ui.say("collector.standing"), ui.say("collector.standing_note", period=found.period)) as panel:
            panel.title(one_desk.standing(mine, who.name))
            panel.figure(figures.spread(found.adjusted, mine, lang))
            if mine:
                panel.facts(*one_desk.facts(mine))
                rows = sentences.profile([mine], {who.id: who.name}, found.known, lang)
                panel.table(rows, desks.profile_columns(found), found.filters)
        with ui.panel("own_trend", ui.say("collector.trend")) as panel:
            months = one_desk.by_month(found, who.id)
            panel.subtitle(ui.say("collector.trend_note"))
            panel.title(one_desk.run(months))
            panel.figure(figures.trend(months, lang))
            numbers = dict.fromkeys(("observed", "expected", "ratio", "low", "high"), "number")
            panel.table(one_desk.months(months), ui.columns("collector", month="month", cases="total", **numbers), found.all_months)
        with ui.panel("drivers", ui.say("collector.drivers"), ui.say("collector.drivers_note", period=found.period)) as panel:
            steps = one_desk.drivers(found, who.id)
            panel.title(one_desk.biggest(steps))
            if steps:
                panel.figure(figures.drivers(steps, lang))
            columns = ui.columns("collector", step="text", own="number", house="number", effect="number")
            panel.table(one_desk.steps(steps), columns, found.filters, empty=ui.say("collector.no_steps"))
    with ui.panel("own_quality", ui.say("team.quality"), ui.say("collector.quality_note", period=ui.period(ui.view_filters()))) as panel:
        rows = one_desk.quality(who.id)
        panel.table(rows, ui.columns("collector", measure="text", own_value="text", house_value="text", between="text"))
        ui.caption(ui.say("team.conduct_none"))
    with ui.panel("own_training", ui.say("collector.training")) as panel:
        rows, state = one_desk.training(who.id)
        panel.title(state)
        panel.subtitle(ui.say("collector.training_note", day=formats.day(at.info.as_of, lang)))
        panel.table(rows, ui.columns("collector", course="text", kind="text", taken_on="date", score="number", passed="text"), ui.unfiltered())
    with ui.panel("credit", ui.say("collector.credit"), ui.say("collector.credit_note", period=ui.period(ui.view_filters()))) as panel:
        rows = one_desk.credits(who.id)
        panel.title(one_desk.credited(rows))
        money = dict.fromkeys(("own_amount", "house_amount", "all_amount"), "amount")
        panel.table(rows, ui.columns("collector", rule="text", **money, share="rate"))
    with ui.panel("own_moved", ui.say("collector.moved"), ui.say("collector.moved_note", period=ui.period(ui.trailing(12)))) as panel:
        rows, columns = one_desk.moved(who.id)
        panel.table(rows, columns, ui.trailing(12))
    with ui.panel("held", ui.say("collector.held"), ui.say("collector.held_note", day=formats.day(at.info.as_of, lang))) as panel:
        one_desk.held(panel, who.id)
