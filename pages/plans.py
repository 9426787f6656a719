"""Do plans hold? Plans agreed and paid, how long they last, what they should bring, and whether talks with borrowers happen when planned."""

import streamlit as st

from dashboard import timing, ui
from dashboard.arrangements import expected, figures, sentences
from dashboard.arrangements.sentences import AFFORDABLE, CARDS, FACTS, STEPS, TALK_FACTS, TALKS, TRENDS
from dashboard.channels.sentences import facts, parameters
from dashboard.comparing import by_month, side_by_side

lang, currency, at = ui.lang(), ui.currency(), ui.frame()
year, followed, paid = ui.trailing(12), ui.trailing(24), ("plans", "instalments", "cases", "payments")
asked = parameters(followed, at.scope.teams)

with ui.guarded():
    ui.supplied("plans|followups", "cases")
    ui.cards(ui.figures(*CARDS))
    st.caption(ui.unread(sentences.settings(at.info.as_of, lang)))

with ui.panel("trend") as panel:
    by_month(panel, TRENDS, "trend_of")

with ui.panel("steps", ui.say("plans.steps"), metric="first_instalment_rate") as panel:
    ui.supplied("plans", "cases")
    panel.subtitle(ui.say("plans.agreed_in", period=ui.period(year)))
    by = ui.choice("steps_by", ("team", "bucket", "product", "region", "batch", "agency", *(("collector",) if at.scope.names else ())))
    side_by_side(panel, STEPS, by, "first_instalment_rate", year)
    panel.facts(*facts(ui.measure(*FACTS, filters=year).rows[0], FACTS, currency, lang))

with ui.panel("states", ui.say("plans.states"), ui.say("plans.states_note"), metric="plans_agreed") as panel:
    ui.supplied(*paid)
    answer = ui.measure("plans_agreed", by=("month", "plan_state"), filters=followed)
    became = sentences.by_state(answer.rows)
    if not became:
        raise ui.NothingLeft
    panel.title(sentences.became(became, lang))
    panel.figure(figures.states(became, lang))
    panel.table(answer.rows, ui.columns_of(answer, ("month", "plan_state"), ("plans_agreed",)), followed)

with ui.panel("break", ui.say("plans.curve")) as panel:
    ui.supplied(*paid)
    panel.subtitle(ui.say("plans.curve_note", period=ui.period(followed), method=timing.METHOD, least=timing.LEAST))
    by = ui.choice("curve_by", sentences.CURVES, sentences.labels(lang))
    curves = timing.curves(ui.report("plan_times", dimension=by, most=timing.MOST, **asked), at.warehouse.values(by) if by == "bucket" else ())
    names = sentences.names(curves, by, lang)
    if curves:
        panel.title(timing.finding("break", curves, names, lang))
        panel.figure(timing.figure("break", curves, names, lang))
        panel.facts((ui.say("timing.medians"), " · ".join(f"{name} {text}" for name, text in timing.medians(curves, names, lang))))
    columns = timing.columns(by, lang, sentences.labels(lang)[by])
    panel.table(timing.table(curves, names), columns, followed, empty=ui.say("plans.too_few", least=timing.LEAST))

with ui.panel("ahead", ui.say("plans.ahead")) as panel:
    ui.supplied(*paid)
    panel.subtitle(ui.say("plans.ahead_note", period=ui.period(followed), method=expected.METHOD))
    lasts = expected.lasting(ui.report("plan_times", dimension="all", most=timing.MOST, **asked), timing.LEAST)
    found = expected.months(ui.report("plan_ahead", **sentences.anytime(asked)), lasts)
    if found:
        panel.title(ui.unread(sentences.coming(found, lang, currency) or ""))
        panel.figure(figures.ahead(found, lang, currency))
        ui.caption(ui.unread(sentences.unknown(found, lang, currency) or ""))
    money = ui.columns("plans", month="month", instalments="total", **dict.fromkeys(sentences.AHEAD, "amount"))
    panel.table([vars(month) for month in found], money, followed, empty=ui.say("plans.ahead_none"))

with ui.panel("afford", ui.say("plans.afford"), ui.say("plans.afford_note", period=ui.period(followed)), metric="plan_broken_rate") as panel:
    ui.supplied("plans.affordability_checked", *paid)
    side_by_side(panel, AFFORDABLE, "affordability", "plan_broken_rate", followed)

with ui.panel("talks", ui.say("plans.talks"), ui.say("plans.talks_note", period=ui.period(year)), metric="followup_in_time_rate") as panel:
    ui.supplied("followups", "cases")
    by = ui.choice("talks_by", ("team", "bucket", "product", "region", "agency", *(("collector",) if at.scope.names else ())))
    side_by_side(panel, TALKS, by, "followup_in_time_rate", year)
    panel.facts(*facts(ui.measure(*TALK_FACTS, filters=year).rows[0], TALK_FACTS, currency, lang))

with ui.panel("mood", ui.say("plans.mood"), ui.say("plans.mood_note", period=ui.period(year)), metric="followups_done") as panel:
    ui.supplied("followups.willingness", "followups.ability", "followups.done_on", "cases")
    told = sentences.moods(ui.measure("followups_done", by=("willingness", "ability"), filters=year).rows)
    if not told:
        raise ui.NothingLeft
    panel.title(sentences.mood(told, lang))
    panel.figure(figures.moods(told, lang, ui.dark()))
    if at.warehouse.supplied("followups.difficulty"):
        named = ui.measure("followups_done", by=("difficulty",), filters=year).rows
        panel.facts((ui.say("plans.reasons"), sentences.reasons(named, lang)))
    panel.table(told, ui.columns("plans", willingness="text", ability="text", done="total", share="rate"), year)
