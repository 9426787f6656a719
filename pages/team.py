"""Who does well with the cases they have, who holds too much, who is new, whose training lapsed, and whom to coach for what reason."""

from dashboard import charts, desks, findings, formats, ui
from dashboard.collectors import figures, people, sentences

lang, currency, at = ui.lang(), ui.currency(), ui.frame()
parts = {name: ui.say(f"team.part_{name}") for name in ("performance", "workload", "quality", "training")}
part = ui.option("team_part", parts, ui.say("team.part"))
window, outcome = desks.settings("team") if part != "quality" else ("6", "paid")
found = None
with ui.guarded():
    found = desks.gathered(window, outcome) if part != "quality" else None

if part == "performance" and found:
    with ui.panel("funnel", ui.say("team.funnel")) as panel:
        panel.title(sentences.flagged(found.adjusted, found.ids, lang))
        tau = formats.number(found.adjusted.spread.tau2**0.5)
        panel.subtitle(ui.unread(ui.say(f"team.funnel_note_{outcome}", period=found.period, tau=tau)))
        panel.figure(figures.funnel(found.adjusted, found.named, lang, currency))
        moved, more = desks.moved(found)
        rows = sentences.profile(found.mine, found.named, found.known, lang)
        rows = [{**row, **moved.get(one.collector, {})} for row, one in zip(rows, found.mine, strict=True)]
        panel.table(rows, [*desks.profile_columns(found), *more], found.filters)
    with ui.panel("places", ui.say("team.places"), ui.say("team.places_note", period=found.period)) as panel:
        if len(found.ranked) > figures.MOST_PEOPLE:
            note = ui.say("team.places_ends", n=figures.MOST_PEOPLE // 2, all=len(found.ranked))
            panel.subtitle(f"{ui.say('team.places_note', period=found.period)} · {note}")
        panel.title(sentences.best(found.ranked, found.named, lang))
        panel.figure(figures.places(found.ranked, found.named, lang))
    with ui.panel("team_trend", ui.say("team.trend"), ui.say("team.trend_note", period=found.reach)) as panel:
        lines = sentences.teams(found.tallies, found.known, found.ids)
        drawn = sentences.ends(lines, figures.MOST_TEAMS)
        if len(drawn) < len(lines):
            note = ui.say("team.trend_ends", n=len(drawn), all=len(lines))
            panel.subtitle(f"{ui.say('team.trend_note', period=found.reach)} · {note}")
        panel.title(findings.spread(ui.say("team.trend"), [(team, points[-1][1]) for team, points in lines.items()], "number", currency, lang))
        panel.figure(charts.lines(drawn, "number", lang, currency, months=True))
    with ui.panel("model", ui.say("team.model")) as panel:
        panel.title(sentences.fit(found.tallies, lang))
        panel.subtitle(ui.say("team.model_note", n=formats.count(found.tallies.cases), folds=found.tallies.folds))
        panel.figure(figures.calibration(found.tallies.calibration, lang))

if part == "workload":
    with ui.panel("loads", ui.say("team.loads"), metric="caseload") as panel:
        known, ids, named = desks.staff()
        panel.subtitle(ui.say("team.loads_note", period=ui.period(ui.view_filters())))
        loads = desks.loads(known, ids)
        if loads:
            panel.title(sentences.heavy(loads, named, lang))
            panel.figure(figures.loads(loads, named, lang))
        numbers = dict.fromkeys(("caseload", "adjusted", "median"), "number")
        columns = ui.columns("team", who="text", team="text", **numbers, load_ratio="rate", state="text")
        panel.table(sentences.loads(loads, named, lang), columns, empty=ui.say("team.loads_none"))
    if found:
        with ui.panel("ramp", ui.say("team.ramp"), ui.say("team.ramp_note", months=len(found.tallies.months))) as panel:
            ui.supplied("collectors")
            chosen = ui.view_filters().chosen("team") or at.scope.teams or ()
            house, team = people.ramp(found.tallies, found.known), people.ramp(found.tallies, found.known, chosen) if chosen else []
            panel.title(sentences.growing(house, lang))
            panel.figure(figures.ramp(house, team, lang))
            columns = ui.columns("team", stage="count", people="count", cases="total", ratio="number", low="number", high="number")
            panel.table(sentences.stages(team or house), columns, found.all_months)
    for name, by in (("staff_end", "tenure_band"), ("attrition_rate", "month")):
        desks.headcount(name, by)

if part == "quality":
    desks.quality_panel()
    with ui.panel("handle", ui.say("team.handle"), metric="handle_time") as panel:
        answer = ui.measure("handle_time", by=("outcome",))
        rows = [row for row in answer.rows if row["handle_time"]]
        names = ui.names("outcome", rows)
        panel.subtitle(f"{ui.formula('handle_time')} · {ui.period(ui.view_filters())}")
        spread = [(names[row["outcome"]], row["handle_time"]) for row in rows]
        panel.title(findings.spread(ui.label("handle_time"), spread, "number", currency, lang))
        panel.figure(charts.bars(ui.ordered(rows, "outcome", "handle_time"), ui.metric("handle_time"), "outcome", names, lang, currency))
        panel.table(rows, ui.columns_of(answer, ("outcome",), ("handle_time",)))

if part == "training":
    desks.training_panel()
    if found:
        desks.effect_panel(found)
        desks.coaching_panel(found)
