"""Is the programme on time? Its timetable by measure, critical path, what is due, when it will be done, and who changed what."""

from dashboard import planning, ui
from dashboard.rollout import figures, pack, schedule, sentences
from dashboard.rollout.outlook import TooFew
from dashboard.rollout.plan import rule

lang, say, soon = ui.lang(), ui.say, rule("due_days")
planning.said()
now = planning.read()
if not now.at.timed and not now.past:
    planning.starter(now)
if now.at.timed and not now.timed:
    ui.nothing_left(narrowed=True)
if now.timed:
    day = ui.shown(now.at.today, "date")
    planning.cards(now)
    planning.pack(now)
    with ui.panel("rollout_measures", say("pack.measures"), say("pack.measures_note")) as panel:
        panel.about = planning.about(now)
        columns = ui.columns("rollout", measure="text", state="text", percent="rate", slip="days", planned_end="date", expected_end="date")
        panel.table(pack.by_measure(now.at, lang, now.timed), columns)
        ui.page_link("plans", say("plans.link_measure"))
    with ui.panel("rollout_gantt", sentences.found(now.at, now.timed, lang), say("rollout.gantt_note", day=day)) as panel:
        panel.figure(figures.gantt(now.timed, now.at.today, lang))
        panel.facts((say("rollout.gantt"), sentences.critical(now.timed, lang)))
        planning.rules()

    with ui.panel("rollout_table", sentences.slipped(now.at, now.timed, lang), say("rollout.table_note"), metric="milestone_slip") as panel:
        panel.about = planning.about(now)
        text = dict.fromkeys(("why", "measure"), "text")
        spans = dict.fromkeys(("baseline_start", "baseline_end", "planned_start", "actual_start", "actual_end"), "date")
        more = dict.fromkeys(("critical", "depends_on", "team", "evidence", "note", "timetable", "edited"), "text")
        columns = ui.columns(
            "rollout", milestone_id="text", name="text", state="text", percent="rate", planned_end="date", expected_end="date", slip="days",
            plan_slip="days", owner="text", **text, **spans, float_days="days", **more,
        )  # fmt: skip
        panel.table(sentences.table(now.timed, now.edited, lang), columns)
    if now.editable:
        planning.editor(now)

    coming = schedule.due_soon(now.timed, now.at.today, soon)
    with ui.panel("rollout_due", say("rollout.due", n=soon), say("rollout.due_note")) as panel:
        panel.about = planning.about(now)
        panel.title(sentences.due_found(coming, now.at.today, soon, lang))
        columns = ui.columns("rollout", planned_end="date", milestone_id="text", name="text", owner="text", state="text", percent="rate", why="text")
        panel.table(sentences.due(coming, lang), columns, empty=say("rollout.due_none", n=soon))

    with ui.panel("rollout_load", say("rollout.load"), say("rollout.load_note")) as panel:
        panel.about = planning.about(now)
        held = schedule.loads(now.timed, now.at.today, soon)
        panel.title(sentences.load_found(held, lang))
        if any(load.open for load in held):
            panel.figure(figures.loads(held, lang))
        counts = dict.fromkeys(("late", "blocked", "at_risk", "on_track", "done", "soon", "most"), "count")
        panel.table(sentences.loads(held, lang), ui.columns("rollout", owner="text", open="total", **counts, most_on="date"))

    with ui.panel("rollout_burn", say("rollout.burn"), say("rollout.burn_note", day=day)) as panel:
        panel.about = planning.about(now)
        lines = schedule.burn_up(now.timed, now.at.today)
        panel.title(sentences.burn_found(lines, now.at.today, lang))
        panel.figure(figures.burn_up(lines, now.at.today, lang))
        panel.table(sentences.burn(lines, lang), ui.columns("rollout", line="text", day="date", cumulated="count"))

    with ui.panel("rollout_forecast", say("rollout.forecast")) as panel:
        panel.about = planning.about(now)
        ahead = now.outlook
        if ahead is None or isinstance(ahead, TooFew):
            panel.subtitle(sentences.no_forecast(ahead, lang))
        else:
            panel.title(sentences.forecast(ahead, lang)[0])
            panel.subtitle(sentences.forecast(ahead, lang)[1])
            panel.figure(figures.finishes(ahead, now.timed, now.at.today, lang))
            columns = ui.columns("rollout", milestone_id="text", name="text", planned_end="date", p50="date", p80="date", by_plan="rate")
            panel.table(sentences.finishes(ahead, now.timed, lang), columns)

if now.history:
    with ui.panel("rollout_history", sentences.history_found(now.history, lang), say("rollout.history_note")) as panel:
        panel.about = planning.about(now)
        columns = ui.columns("rollout", at="text", who="text", milestone_id="text", what="text", before="text", after="text")
        panel.table(sentences.history(now.history, lang), columns)
if now.at.timed or now.editable:
    planning.files(now)
