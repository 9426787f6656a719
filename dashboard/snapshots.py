"""The snapshots of a data set on a page: open an older one, or put it back in service after asking once more."""

from __future__ import annotations

import streamlit as st

from dashboard import formats
from dashboard.access import may_upload
from dashboard.formats import plain
from dashboard.frame import Frame, show
from dashboard.home import SnapshotInfo
from dashboard.words import word


def listed(frame: Frame) -> None:
    """One line a snapshot, the newest first."""
    for info in frame.home.history(frame.view.dataset):
        with st.container(horizontal=True, vertical_alignment="center", key=f"snapshot_{info.id}"):
            _line(frame, info)


def _line(frame: Frame, info: SnapshotInfo) -> None:
    lang = frame.view.lang
    what = word("data.snapshot_line", lang, id=info.id, day=formats.day(info.as_of, lang), rows=formats.count(info.rows))
    st.markdown(plain(what), width="content")
    if info.id == frame.current:
        st.badge(word("data.in_service", lang), icon=":material/check:", color="blue")
    if info.id == frame.view.snapshot:
        st.badge(word("data.on_screen", lang), icon=":material/visibility:", color="gray")
    else:
        st.button(
            word("data.look", lang), key=f"look_{info.id}", type="tertiary", icon=":material/visibility:",
            on_click=show, args=(frame.view.replace(snapshot=info.id),),
        )  # fmt: skip
    if info.id != frame.current and may_upload(frame.person):
        with st.popover(word("data.roll_back", lang), type="tertiary", icon=":material/history:", key=f"ask_{info.id}"):
            st.markdown(plain(word("data.roll_back_note", lang, id=info.id, current=frame.current)))
            confirmed = word("data.roll_back_confirm", lang)
            st.button(confirmed, key=f"back_{info.id}", type="primary", on_click=roll_back, args=(frame, info.id))


def roll_back(frame: Frame, snapshot: str) -> None:
    """Put an older snapshot in service for everybody, and show it here; the newer one stays to be gone forward to.

    Raises PermissionError for somebody who may not put data in service.
    """
    if not may_upload(frame.person):
        raise PermissionError(frame.person.id)
    with frame.home.lock():
        front = frame.home.pointer().front == frame.view.dataset
        frame.home.point(frame.view.dataset, snapshot, front=front)
    show(frame.view.replace(snapshot=snapshot))
