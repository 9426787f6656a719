"""How far does each channel get? From attempt to promise kept, by channel, bucket or team; messages, promises, reminders and machines."""

import streamlit as st

from dashboard import model, ui
from dashboard.channels import figures, sentences
from dashboard.channels.sentences import CARDS, DIGITAL, MACHINES, PROMISES, REACH, STEPS, TRENDS
from dashboard.comparing import by_month, side_by_side

lang, currency, at = ui.lang(), ui.currency(), ui.frame()
set_for = {name: ui.unread(sentences.settings(at.info.as_of, name, lang)) for name in ("steps", "reach", "machines", "promises")}


with ui.guarded():
    ui.supplied("contacts")
    ui.cards(ui.figures(*CARDS))
    st.caption(ui.say("channels.settings", text=" ".join(set_for[name] for name in ("steps", "reach", "machines"))))

with ui.panel("funnel", ui.say("channels.funnel"), metric="attempts") as panel:
    channels = {"all": ui.say("channels.all"), **sentences.channel_names(lang)}
    channel = ui.option("channel", channels, ui.say("channels.channel"))
    chosen = ui.view_filters() if channel == "all" else ui.view_filters().choosing("channel", [channel])
    row = ui.measure(*sentences.FUNNEL, filters=chosen).rows[0]
    panel.title(sentences.through(row, lang))
    panel.subtitle(f"{channels[channel]} · {ui.period(chosen)} · {ui.say('channels.funnel_note')}")
    panel.figure(figures.funnel(sentences.stages(row, lang), lang))
    if row["promise_paid_amount"] is not None:
        panel.facts((ui.label("promise_paid_amount"), ui.money(row["promise_paid_amount"])))
    st.caption(ui.say("channels.cash_note"))
    units = {"count": "count", "of": "text", "whole": "count", "share": "rate", "low": "rate", "high": "rate"}
    panel.table(sentences.funnel_table(row, lang), ui.columns("channels", stage="text", **units), chosen)

with ui.panel("steps", ui.say("channels.steps"), ui.say("channels.steps_note", settings=set_for["steps"]), metric="right_party_rate") as panel:
    side_by_side(panel, STEPS, ui.choice("steps_by", ("channel", "bucket", "team", "product", "region", "agency")), "right_party_rate")

with ui.panel("trend") as panel:
    by_month(panel, TRENDS, "trend_of")

with ui.panel("reach", ui.say("channels.reach"), ui.say("channels.reach_note", settings=set_for["reach"]), metric="right_party_case_rate") as panel:
    side_by_side(panel, REACH, ui.choice("reach_by", ("bucket", "team", "product", "region", "batch", "agency")), "right_party_case_rate")

with ui.panel("promises", ui.say("channels.promises"), metric="promise_kept_rate") as panel:
    ui.supplied("promises", "cases", "payments")
    grace, tolerance = sentences.in_force(at.info.as_of)
    grace = ui.option("grace", sentences.graces(lang), ui.say("channels.grace"), default=grace)
    tolerance = ui.option("tolerance", sentences.tolerances(lang), ui.say("channels.tolerance"), default=tolerance)
    span = ui.trailing(13)
    states = ui.report("promise_states", grace=int(grace), tolerance=tolerance, **sentences.parameters(span, at.scope.teams))
    panel.title(sentences.kept(states, lang))
    panel.subtitle(f"{ui.say('channels.promises_note', grace=grace, tolerance=sentences.tolerances(lang)[tolerance])} · {ui.period(span)}")
    panel.figure(figures.states(states, lang))
    st.caption(set_for["promises"])
    panel.facts(*sentences.facts(ui.measure(*PROMISES, filters=span).rows[0], PROMISES, currency, lang))
    counts = dict.fromkeys(("kept", "partly", "broken", "matured", "renegotiated", "undue"), "total")
    panel.table(sentences.kept_table(states), ui.columns("channels", month="month", **counts, share="rate", low="rate", high="rate"), span)
    ui.page_link("plans", ui.say("plans.link"))

with ui.panel("digital", ui.say("channels.digital"), ui.say("channels.digital_note"), metric="click_rate") as panel:
    side_by_side(panel, DIGITAL, "channel", "click_rate")

st.caption(f"**{ui.say('channels.numbers')}** · {ui.say('channels.numbers_note')}")
counted = ui.option("numbers", {"not": ui.say("channels.numbers_not"), "by": ui.say("channels.numbers_by")}, ui.say("channels.numbers"))
if counted == "by":
    with ui.panel("numbers", ui.say("channels.numbers"), metric="working_number_rate") as panel:
        side_by_side(panel, ("working_number_rate",), "channel", "working_number_rate")

with ui.panel(
    "machines", ui.say("channels.machines"), ui.say("channels.machines_note", settings=set_for["machines"]), metric="automated_rate"
) as panel:
    answer = ui.measure(*MACHINES)
    panel.title(sentences.machines(answer.rows[0], lang))
    panel.facts(*sentences.facts(answer.rows[0], MACHINES, currency, lang))
    by_hour = ui.measure("attempts", "inbound_contacts", by=("hour", "automation"))
    office = model.contact_setting(at.info.as_of)
    panel.figure(figures.hours(sentences.by_hour(by_hour.rows, "attempts", lang), (office["office_from"], office["office_until"]), lang))
    panel.table(by_hour.rows, ui.columns_of(by_hour, ("hour", "automation"), ("attempts", "inbound_contacts")))
