"""Bring an export in by hand: send files, see what they would change, then publish or discard."""

import streamlit as st

from dashboard import access, charts, filters, frame, ui
from dashboard.formats import count, plain
from dashboard.upload import parcel, runs, shown

at, lang, say, state = ui.frame(), ui.lang(), ui.say, st.session_state


def choose() -> None:
    for run in runs.open_runs(at.person, at.home):
        st.button(say("upload.waiting", dataset=plain(run.dataset)), key=run.token, on_click=state.update, args=({"upload": run.token},))
    with ui.panel("upload", say("upload.choose"), say("upload.choose_note")):
        st.caption(shown.limits(lang))
        turn = state.setdefault("upload_turn", 0)  # new widgets each time, so that what was sent leaves the memory
        sent = st.file_uploader(say("upload.files"), type=parcel.KINDS, accept_multiple_files=True, key=f"upload_files_{turn}")
        offered = shown.datasets(at.home.datasets(), at.view.dataset, lang)
        name = ui.picked("upload_dataset", say("upload.dataset"), offered, say("upload.dataset_help"))
        name = st.text_input(say("upload.name"), key="upload_name").strip() if name == shown.NEW else name
        layout = ui.picked("upload_mapping", say("upload.mapping"), shown.layouts(lang), say("upload.mapping_help"))
        own = st.file_uploader(say("upload.own_file"), type="toml", key=f"upload_own_{turn}") if layout == shown.OWN else None
        mapping = own.getvalue() if own else layout or None
        if st.button(say("upload.start"), type="primary", key="upload_start", disabled=not sent or mapping == shown.OWN):
            try:
                with st.spinner(say("upload.unpacking")):
                    run = runs.begin(at.person, at.home, [(file.name, file) for file in sent], name, mapping)
            except parcel.ParcelRefused as refusal:
                st.error(shown.problem(refusal, lang), icon=":material/block:")
            else:
                ui.let_go(sent)
                state.update(upload=run.token, upload_turn=turn + 1)
                st.rerun()


@st.fragment(run_every=1)
def wait(run: runs.Run) -> None:
    if run.state != "running":
        st.rerun()
    with ui.panel("upload_running", say("upload.running", dataset=plain(run.dataset)), say("upload.running_note")):
        st.progress(min(1.0, run.share), say("upload.progress", step=plain(shown.step(run.step, lang)), seconds=count(int(run.elapsed))))
        st.button(say("upload.cancel"), icon=":material/stop_circle:", key="upload_cancel", on_click=run.cancel)


def publish(run: runs.Run) -> None:
    run.publish(at.person)
    if run.state == "published":
        info = at.home.info(run.dataset)
        frame.show(at.view.replace(dataset=run.dataset, snapshot=info.id, filters=filters.default(info.first_on, info.as_of)))


def answer(run: runs.Run) -> None:
    for kind, text in shown.said(run, lang):
        getattr(st, kind)(text)
    with ui.panel("upload_answer", *shown.heading(run, lang)):
        ui.moved(shown.figures(run, lang))
        acts = {"publish": lambda: publish(run), "again": lambda: run.again(at.person), "discard": lambda: run.discard(at.person)}
        with st.container(horizontal=True):
            for name, label, kind in shown.actions(run, lang):
                st.button(label, type=kind, key=f"upload_{name}", on_click=acts.get(name, lambda: state.pop("upload")))
            if run.state == "published":
                st.page_link("../pages/overview.py", label=say("upload.to_overview"), query_params=at.view.to_query())
    if run.state == "ready":
        with ui.panel("upload_waterfall", metric="net_amount", subtitle=say("upload.waterfall_note")) as panel:
            panel.figure(charts.waterfall(ui.waterfall(shown.money(run.outcome), shown.STEPS), lang, run.outcome["currency"]))
    for table in shown.tables(run, lang):
        with ui.panel(f"upload_{table.key}", table.title, table.note) as panel:
            panel.about = shown.about(run, lang)
            panel.table(table.rows, ui.columns("data", **table.units), empty=table.empty)


if not access.may_upload(at.person):
    st.error(say("upload.not_allowed"), icon=":material/lock:")
elif (found := runs.find(at.person, state.get("upload"))) is None:
    choose()
else:
    (wait if found.state == "running" else answer)(found)
