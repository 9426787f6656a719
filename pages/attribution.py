"""Which contact comes before cash, what it adds, what it costs: credit by the way to a payment, and beside it what a test shows."""

import streamlit as st

from dashboard import ui
from dashboard.attribution import credits, effect, figures, isolated, profile, segments, sentences
from dashboard.formats import plain

lang, currency, at, view, placed, say = ui.lang(), ui.currency(), ui.frame(), ui.view_filters(), ui.trailing(12), ui.say
split_by = ui.held("segment", ui.offered(effect.SEGMENTS) or ("",))
with st.container(horizontal=True, key="settings_attribution"):
    spans = {one: say("attribution.days", n=one) for one in (*credits.WINDOWS, *map(str, effect.LENGTHS))}
    window = ui.option("window", {one: spans[one] for one in credits.WINDOWS}, say("attribution.window"), credits.DEFAULT_WINDOW, listed=True)
    rule = ui.option("rule", rules := {one: say(f"code.{one}") for one in credits.RULES}, say("attribution.rule"), listed=True)
    method = ui.option("method", {one: credits.label(one, lang) for one in credits.METHODS}, say("attribution.method"), listed=True)
    days = int(ui.option("length", {str(one): spans[str(one)] for one in effect.LENGTHS}, say("arms.length"), listed=True))
    in_arms = at.warehouse.supplied("cases.strategy") and at.warehouse.supplied("payments")
    test, tests = effect.tests(ui.report("arms", **effect.parameters(placed, days, at.scope.teams, split_by)) if in_arms else ())
    arms = {name: name for name in sorted(test.sides)}
    control = ui.option("control", arms, say("arms.control"), effect.default_control(test.sides), listed=True) if arms else ""
st.info(sentences.decide(control, lang), icon=":material/gavel:")
compared, shared = effect.compare(test, control), credits.shared(())
with ui.panel("cash_by_touch", say("attribution.cash"), metric=f"attributed_{method if method in credits.STORED else 'last'}_amount") as panel:
    panel.subtitle(f"{say('attribution.cash_note', n=window, rule=rules[rule])} · {ui.period(view)}")
    shared = credits.shared(ui.measure(*credits.ASKED, by=credits.CUT, filters=credits.chosen(view, window, rule)).rows)
    panel.title(ui.unread(sentences.cash(shared, lang, currency)))
    panel.figure(figures.methods(shared, ui.names("channel", shared), lang, currency))
    panel.table(shared, credits.columns(lang, currency))
    with st.expander(say("attribution.methods"), icon=":material/menu_book:"):
        st.markdown("  \n".join(f"**{head}** {text}" if head else text for head, text in sentences.methods(lang)))

cohort, nothing = say("recovery.cohorts", period=ui.period(placed)), sentences.too_few(test, lang)
with ui.panel("effect", say("arms.share"), metric="followed_paid_rate") as panel:
    ui.supplied("cases.strategy", "payments")
    panel.subtitle(say("arms.note", n=days, control=plain(control), cohort=cohort))
    if compared:
        split = effect.split(ui.report("splits", **effect.split_parameters(placed, days, at.scope.teams)), placed.until)
        if broken := sentences.warning(split, lang):
            st.warning(broken, icon=":material/shuffle:")
        panel.title(sentences.found(compared, lang))
        panel.figure(figures.arms(compared, lang, currency))
        st.caption(" · ".join(sentences.conditions(compared, split, lang)))
    panel.table(sentences.arms(compared, days, lang), sentences.arm_columns(lang), placed, empty=nothing)

with ui.panel("beside", say("beside.title")) as panel:
    ui.supplied("cases.strategy", "payments", "contacts.case_id")
    panel.subtitle(ui.unread(say("beside.note", currency=currency, n=days, control=plain(control))))
    if rows := sentences.beside_rows(compared):
        panel.title(ui.unread(sentences.beside(compared, lang, currency) or ""))
        panel.figure(figures.beside(rows, lang, currency))
    panel.table(rows, sentences.beside_columns(lang), placed, empty=nothing)

with ui.panel("one_channel", say("alone.title")) as panel:
    ui.supplied("cases.strategy", "payments", "contacts.case_id")
    sent = ui.report("arm_channels", **effect.split_parameters(placed, days, at.scope.teams))
    panel.show(isolated.told(test, sent, days, lang, currency), placed, say("alone.nothing"))

with ui.panel("contact_pays", say("cost.title")) as panel:
    ui.supplied("cases.strategy", "payments", "contacts.case_id", "contacts.cost")
    panel.subtitle(ui.unread(say("cost.note", n=days, currency=currency)))
    if compared:
        panel.title(ui.unread(sentences.pays(compared, lang, currency)))
        panel.figure(figures.margins(compared, lang, currency))
    panel.table(sentences.cost_rows(compared), sentences.cost_columns(lang), placed, empty=nothing)

with ui.panel("channel_cost", say("cost.channels"), metric="cost_per_attributed") as panel:
    ui.supplied("payments", "contacts.case_id", "contacts.cost")
    panel.subtitle(f"{say('cost.channels_note', method=credits.label(method, lang))} · {ui.period(view)}")
    spent = credits.with_cost(shared, ui.measure("contact_cost", by=("channel",)).rows, method)
    panel.title(ui.unread(sentences.channel_costs(spent, lang, currency) or ""))
    panel.table(spent, sentences.channel_cost_columns(lang))

with ui.panel("segments", say("segment.title")) as panel:
    ui.supplied("payments", "contacts.case_id|cases.strategy")
    what = {each.arm.name: each.arm.name for each in compared} | ui.names("channel", credits.touched(shared))
    if not what:
        raise ui.NothingLeft
    with st.container(horizontal=True, key="settings_segment"):
        by = ui.choice("segment", effect.SEGMENTS)
        one = ui.option("what", what, say("segment.what"), listed=True)
        least = int(ui.option("least", {str(n): str(n) for n in (30, 50, 100)}, say("segment.least"), listed=True))
    order = at.warehouse.values("bucket") if by == "bucket" else ()
    if one in test.sides:
        found = effect.cells(tests, control, one, least, order)
        told = segments.of_arm(found, by, one, control, days, least, lang, currency)
    else:
        counts = ui.measure("touched_payments", by=("channel", by), filters=credits.chosen(view, window, rule)).rows
        told = segments.of_channel(profile.shares(counts, by, one, least, order), by, one, window, least, lang, currency)
    panel.show(told, empty=say("segment.all_hidden", least=least))
