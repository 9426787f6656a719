"""From any figure to the rows behind it, to one case and everything that happened to it."""

import streamlit as st

from dashboard import casework, ui

with ui.panel("search", ui.say("case.find"), ui.say("case.find_note")):
    casework.search()

if case_id := casework.opened():
    with ui.panel("case", ui.say("case.find")) as panel:
        st.button(ui.say("case.close"), icon=":material/arrow_back:", key="case_close", on_click=casework.open_case, args=(None,))
        casework.head(panel, casework.facts(case_id))
    with ui.panel("story", ui.say("story.title"), ui.say("story.note")) as panel:
        casework.timeline(panel, casework.events(case_id))
    with ui.panel("events", ui.say("story.title"), ui.say("story.source")) as panel:
        casework.listed(panel, casework.events(case_id))
else:
    with ui.panel("rows", ui.say("rows.panel"), ui.say("rows.note")) as panel:
        figure, value = casework.chosen(casework.figure())
        casework.rows(panel, figure, value)
