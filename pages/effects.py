"""Does what was rolled out work? Its effect on a KPI with its interval, or that none can be told, and why."""

from contextlib import suppress

import streamlit as st

from dashboard import saved, ui
from dashboard.formats import plain
from dashboard.rollout import impact, impact_figures, impact_sentences

lang, currency, at = ui.lang(), ui.currency(), ui.frame()
whole = impact.everything(at.view.filters, at.info.first_on, at.info.as_of)
events: list[impact.Event] = []
with ui.guarded():
    events = impact.events(saved.plan(at))
    if not events:
        ui.supplied("milestones")
        st.info(ui.say("effect.no_event"), icon=":material/event_busy:")


def judged(metric_id: str, by_period: bool) -> impact.Verdict:
    """The chosen event by a KPI."""
    table = impact.table(metric_id, at.warehouse, lambda by: ui.measure(metric_id, by=by, filters=whole), even)
    return impact.judge(event, table, by_period)


if events:
    kpis = impact.kpis(at.warehouse)
    first = next((event.id for event in events if event.by_team), events[0].id)
    with st.container(horizontal=True, gap="small", key="effects_choice"):
        chosen = ui.option("event", {event.id: event.read(lang) for event in events}, ui.say("effect.event"), first, listed=True)
        labels = {metric.id: metric.label[lang] for metric in kpis}
        kpi = ui.option("kpi", labels, ui.say("effect.kpi"), listed=True, note=ui.say("effect.kpi_note")) if kpis else ""
    mixes = {"even": ui.say("effect.mix_even"), "own": ui.say("effect.mix_own")}
    even = ui.option("mix", mixes, ui.say("effect.mix")) == "even"
    event = next(one for one in events if one.id == chosen)
    found: impact.Verdict | None = None
    every: list[impact.Verdict] = []
    with ui.panel("effect", plain(event.read(lang)), metric=kpi or None) as panel:
        if not kpi:
            raise ui.NotSupplied(need for name in ui.known(*impact.KPIS) for need in at.warehouse.missing(name))
        held = []
        for metric in kpis:
            with suppress(ui.NothingLeft):
                held.append(judged(metric.id, metric.id == kpi))
        every = impact.together(held)
        found = next((one for one in every if one.metric == kpi), None)
        if found is None:
            raise ui.NothingLeft
        mix = mixes["even" if impact.cuts(kpi, at.warehouse, even) else "own"]
        panel.title(ui.unread(plain(impact_sentences.title(found, lang, currency))))
        if found.effect is not None:
            panel.subtitle(f"{ui.formula(kpi)} · {impact_sentences.basis(found.effect, lang)} · {mix} · {ui.period(whole)}")
            if whole.where != at.view.filters.where:
                st.caption(ui.say("effect.team_filter"))
            for warning in impact_sentences.warnings(found, events, lang, currency):
                st.warning(plain(warning), icon=":material/warning:")
            panel.figure(impact_figures.event_study(kpi, found.effect, lang, currency))
            panel.facts(*impact_sentences.facts(found, lang, currency))
            unit = ui.metric(kpi).unit
            columns = ui.columns("effects", since="count", effect=unit, low=unit, high=unit, p="ratio", units="count")
            panel.table(impact_sentences.points(found.effect), columns, whole)
        with st.expander(ui.say("effect.methods"), icon=":material/menu_book:"):
            for head, text in impact_sentences.methods(found.effect, lang):
                st.markdown(f"**{head}**  \n{text}")

    if found is not None and found.effect is not None:
        with ui.panel("paths", ui.say("effect.paths"), metric=kpi) as panel:
            panel.title(ui.unread(impact_sentences.paths_title(found, lang, currency)))
            note = "effect.paths_series" if found.effect.kind == "interrupted" else "effect.paths_note"
            panel.subtitle(f"{ui.say(note, formula=ui.formula(kpi))} · {mix}")
            panel.figure(impact_figures.paths(kpi, found.effect, lang, currency))
            unit = ui.metric(kpi).unit
            columns = ui.columns("effects", started="month", month="month", units="count", actual=unit, expected=unit, gain=unit)
            panel.table(impact_sentences.cells(found.effect), columns, whole)

    with ui.panel("kpis", ui.say("effect.kpis", event=plain(event.read(lang)))) as panel:
        panel.title(plain(impact_sentences.of_kpis_title(every, lang) or "") or None)
        panel.subtitle(ui.say("effect.kpis_note", n=sum(one.effect is not None for one in every)))
        texts = dict.fromkeys(("kpi", "verdict", "effect", "low", "high", "detectable", "p", "corrected", "why"), "text")
        panel.table(impact_sentences.of_kpis(every, lang, currency), ui.columns("effects", **texts), whole)

    with ui.panel("events", ui.say("effect.events"), ui.say("effect.events_note")) as panel:
        texts = dict.fromkeys(("event", "measure", "where", "when"), "text")
        panel.table(impact_sentences.events(events, lang), ui.columns("effects", **texts), whole)
