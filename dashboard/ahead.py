"""What the first to ask would wait for, worked out while they look at something else; beside the pages, draws nothing."""

from __future__ import annotations

from contextlib import suppress
from threading import Thread

import streamlit as st
from streamlit import runtime

from dashboard import memory
from dashboard.filters import last_complete
from dashboard.frame import Frame, opened
from dashboard.warehouse import Warehouse


def begin(at: Frame) -> None:
    """Begin once a snapshot, where there is a server: a page run by itself waits for what it asks."""
    if runtime.exists() and type(runtime.get_instance()) is runtime.Runtime:  # a page under test has something that stands in for one
        _begun(str(at.home.path), at.view.dataset, at.view.snapshot)


@st.cache_resource(max_entries=16, show_spinner=False)
def _begun(home: str, dataset: str, snapshot: str) -> Thread:
    thread = Thread(target=expect, args=(opened(home, dataset, snapshot),), name=f"ahead of {snapshot}", daemon=True)
    thread.start()
    return thread


def expect(warehouse: Warehouse) -> None:
    """Fit what collectors are compared with, up to the last complete month; whoever asks for it meanwhile waits for this fit."""
    from dashboard.collectors import performance  # seconds of libraries that no page has to wait for

    if not all(map(warehouse.supplied, performance.NEEDED)):
        return
    with suppress(performance.TooFew), memory.growing():  # the page says that there are too few
        performance.tallied(warehouse, last_complete(warehouse.info.as_of))
