"""The frame: navigation, filter bar, the page, the footer. Run with: python -m streamlit run dashboard/app.py"""

from pathlib import Path

import streamlit as st

from dashboard import ahead, frame, memory, saved
from dashboard.access import PEOPLE_FILE, PeopleError, may_upload
from dashboard.formats import plain
from dashboard.home import Home, NothingLoaded
from dashboard.words import word

PAGES = Path(__file__).resolve().parents[1] / "pages"
#: The mark in the browser's tab, drawn here because Streamlit would fetch its own icons from the network.
MARK = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#0072B2"/>'
    '<path d="M7 24V17h4v7zm7 0V12h4v12zm7 0V7h4v17z" fill="#fff"/></svg>'
)
#: How to add a page: a file in pages/, a line here, its title in words.toml under [page].
NAVIGATION = {
    "manage": (
        ("overview", "dashboard"),
        ("recovery", "trending_up"),
        ("channels", "call"),
        ("intensity", "schedule"),
        ("attribution", "call_split"),
        ("plans", "handshake"),
        ("forecast", "online_prediction"),
        ("timing", "timer"),
        ("conduct", "gavel"),
        ("cases", "folder_open"),
    ),
    "people": (("team", "groups"), ("collector", "person")),
    "pay": (("incentives", "payments"), ("whatif", "balance")),
    "project": (("rollout", "event_note"), ("effects", "experiment")),
    "data": (("data", "database"), ("upload", "upload_file"), ("definitions", "menu_book")),
}

memory.serve()
lang = frame.chosen_language()
st.set_page_config(page_title=word("app.title", lang), page_icon=MARK, layout="wide")
try:
    who = frame.somebody(Home())
except PeopleError as error:
    st.error(word("app.people_broken", lang, cause=plain(error)), icon=":material/error:")
    st.stop()
if who is None:
    st.title(word("app.unknown_person", lang), anchor=False)
    st.text(word("app.unknown_person_note", lang, file=PEOPLE_FILE))
    if st.secrets.load_if_toml_exists() and "auth" in st.secrets:
        st.button(word("app.log_in", lang), on_click=st.login)
    st.stop()
first = next(name for entries in NAVIGATION.values() for name, _ in entries if who.sees(name))
pages = {
    group: [
        st.Page(PAGES / f"{name}.py", title=word(f"page.{name}", lang), icon=f":material/{icon}:", url_path=name)
        for name, icon in entries
        if who.sees(name)
    ]
    for group, entries in NAVIGATION.items()
}
entries_by_path = {entry.url_path: entry for entries in pages.values() for entry in entries}
# The root shows the first page without being it: Streamlit serves its default page nowhere else, and a link to /overview must work too.
root = st.Page(PAGES / f"{first}.py", title=entries_by_path[first].title, icon=entries_by_path[first].icon, url_path="root", default=True)
page = st.navigation([root, *entries_by_path.values()], position="hidden")
try:
    at = frame.read(Home(), who)
except NothingLoaded:
    bringing = [entry for entry in pages["data"] if entry.url_path == "upload"] if may_upload(who) else []
    if bringing and page not in bringing:
        st.switch_page(bringing[0])
    st.title(word("app.nothing_loaded", lang), anchor=False)
    st.text(word("app.first_upload" if bringing else "app.nothing_loaded_note", lang))
    st.code("python -m dashboard load EXPORT", language=None)
    if bringing:
        st.session_state["frame"] = nothing = frame.unloaded(Home(), who)
        frame.language_switch(nothing)
        page.run()
    st.stop()
st.session_state["frame"] = at
with st.sidebar:
    st.markdown(f"**{word('app.title', lang)}**")
    frame.dataset(at)
    for group, entries in ((group, entries) for group, entries in pages.items() if entries):
        st.caption(word(f"group.{group}", lang))
        for entry in entries:
            # Links of our own, because Streamlit's navigation would drop the view from the address.
            here = page is root and entry.url_path == first
            st.page_link(root if here else entry, query_params=at.view.to_query(), width="stretch")
frame.bar(at, lambda: saved.views(at, page.url_path or first, entries_by_path))
st.title(page.title, anchor=False)
page.run()
frame.footer(at)
ahead.begin(at)
