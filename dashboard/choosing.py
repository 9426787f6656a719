"""What a person chooses on a page, kept in its link."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from dashboard import naming
from dashboard.asking import NotSupplied, frame, lang, say
from dashboard.formats import plain
from dashboard.frame import own, set_own


def let_go(files: Sequence[UploadedFile]) -> None:
    """Free the memory of what was uploaded; Streamlit keeps it until the browser goes away."""
    context = get_script_run_ctx()
    if context is not None and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        for file in files:
            context.uploaded_file_mgr.remove_file(context.session_id, file.file_id)


def picked(key: str, label: str, choices: Mapping[str, str], note: str) -> str:
    """One of some ids, chosen by its name."""
    return str(st.selectbox(label, list(choices), format_func=lambda one: choices[one], key=f"{key}_{lang()}", help=note))


def choice(key: str, options: Sequence[str], labels: Mapping[str, str] | None = None) -> str:
    """One of some dimensions (called as the registry says, or by other labels), those not supplied left out.

    Raises NotSupplied where none is left, naming what the first of them needs.
    """
    named = labels or naming.dimension_labels(lang())
    left = offered(options)
    if not left:
        raise NotSupplied(frame().warehouse.missing(options[0]))
    return option(key, {name: named[name] for name in left}, say("recovery.by"))


def offered(options: Sequence[str]) -> list[str]:
    """Those of some dimensions that are supplied."""
    return [name for name in options if not frame().warehouse.missing(name)]


def held(key: str, values: Collection[str], default: str | None = None) -> str:
    """The one of some values that the link holds, else the first, or another default; before its switch is drawn, too."""
    return next((value for value in own(key) if value in values), default or next(iter(values)))


def option(
    key: str, labels: Mapping[str, str], title: str, default: str | None = None, listed: bool = False, note: str | None = None,
    unknown: str | None = None,
) -> str:  # fmt: skip
    """One of some values by their labels, kept in the link as page.KEY; in a row without its title, or `listed` in a box with it.

    A link that names none of them is told so, in words of the page's own or general ones.
    """
    first = default or next(iter(labels))
    if (asked := own(key)) and not any(value in labels for value in asked):
        st.warning(unknown or say("frame.not_understood", names=plain(title)), icon=":material/link_off:")
    now = held(key, labels, first)
    widget = f"{key}_{lang()}_{now}"
    frame().remembered.setdefault("settings", {})[key] = (title, labels[now])  # for the files of what it decides

    def changed() -> None:
        value = st.session_state[widget]
        set_own(key, [] if value in (None, first) else [str(value)])

    if listed:
        values = list(labels)
        st.selectbox(title, values, index=values.index(now), format_func=labels.__getitem__, key=widget, on_change=changed, help=note)
    else:
        st.segmented_control(
            title, list(labels), format_func=labels.__getitem__, default=now, key=widget, required=True, label_visibility="collapsed",
            wrap=True, on_change=changed, help=note,
        )  # fmt: skip
    return now
