"""Saved views in the frame and notes on dates: what people write down, on a page; kept by state.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from dashboard import formats, frame, naming, state
from dashboard.formats import plain
from dashboard.frame import Frame
from dashboard.rollout import current, marks
from dashboard.rollout.marks import Mark
from dashboard.rollout.plan import Plan
from dashboard.state import LONGEST_NAME, LONGEST_TEXT, NameTaken, Note, State, StateTooNew, StateUnavailable
from dashboard.words import word


def book(at: Frame) -> State:
    """Where what people write is kept; raises StateTooNew or StateUnavailable."""
    return state.opened(state.address(at.home.path))


def in_view(at: Frame) -> list[Note | Mark]:
    """The notes and, if wanted, milestones that are about anything the filters leave, by day; no notes where they can't be read."""
    where = dict(at.view.filters.where)
    if "notes" not in at.remembered:
        try:
            found = [note for note in book(at).notes(at.view.dataset) if note.touches(where) and note.open_to(at.scope)]
        except (StateTooNew, StateUnavailable):
            found = []
        more = marks.marks(plan(at), where) if at.view.milestones else []
        at.remembered["notes"] = sorted([*found, *more], key=lambda one: one.on_date) if more else found
    return [*at.remembered["notes"]]


def plan(at: Frame) -> Plan:
    """The programme's milestones as they stand now, with what people wrote, as far as the person may see them."""
    kept: State | None
    try:
        kept = book(at)
    except (StateTooNew, StateUnavailable):
        kept = None
    return current.plan(at.warehouse, kept, at.view.dataset, at.scope.teams)


def lines(notes: Sequence[Note | Mark], lang: str) -> list[dict[str, Any]]:
    """Notes as rows of a table: when, what, about what."""
    labels = naming.dimension_labels(lang)
    colon, comma = ("：", "、") if lang == "zh" else (": ", ", ")
    return [
        {
            "day": formats.period(note.on_date, note.until_date or note.on_date, lang),
            "text": note.said(lang) if isinstance(note, Mark) else note.read(lang),
            "scope": " · ".join(
                f"{labels.get(name, name)}{colon}{comma.join(naming.value(name, value, lang) for value in values)}" for name, values in note.scope
            )
            or word("frame.no_limit", lang),
        }
        for note in notes
    ]


# --- saved views ------------------------------------------------------------------------------------------------------


def views(at: Frame, path: str, pages: Mapping[str, Any]) -> None:
    """A popover: save what is on screen under a name, and the views saved so far, to open or delete."""
    lang = at.view.lang
    with st.popover(word("saved.title", lang), icon=":material/bookmark:", type="tertiary", key="saved"):
        try:
            _save(at, path, book(at))
            for view in book(at).views():
                if view.path in pages:
                    _view(at, view, pages[view.path], book(at))
        except StateTooNew:
            st.warning(word("saved.too_new", lang), icon=":material/update:")
        except StateUnavailable as error:
            st.warning(word("saved.unavailable", lang, cause=plain(error)), icon=":material/error:")


def _save(at: Frame, path: str, kept: State) -> None:
    lang, turn = at.view.lang, st.session_state.get("saved_turn", 0)
    name, which = f"saved_name_{lang}_{turn}", f"saved_which_{lang}"

    def clicked() -> None:
        query = frame.link(at)
        if st.session_state[which] == "latest":
            query.pop("snapshot")
        try:
            kept.save_view(st.session_state[name], path, query, at.person.id)
        except NameTaken:
            st.session_state["saved_said"] = "saved.taken"
        except ValueError:
            st.session_state["saved_said"] = "saved.long_link" if st.session_state[name].strip() else "saved.unnamed"
        else:
            st.session_state["saved_said"] = "saved.done"
            st.session_state["saved_turn"] = turn + 1

    st.caption(word("saved.note", lang))
    st.text_input(word("saved.name", lang), key=name, max_chars=LONGEST_NAME, placeholder=word("saved.hint", lang))
    st.segmented_control(
        word("saved.which", lang), ("latest", "pinned"), default="latest", format_func=lambda one: word(f"saved.{one}", lang), key=which,
        required=True, help=word("saved.which_note", lang),
    )  # fmt: skip
    st.button(word("saved.save", lang), icon=":material/bookmark_add:", type="primary", key="saved_save", on_click=clicked)
    said = st.session_state.pop("saved_said", None)
    if said is not None:
        (st.success if said == "saved.done" else st.warning)(word(said, lang))


def _view(at: Frame, view: state.SavedView, page: Any, kept: State) -> None:
    """One saved view: its link, in the reader's own language, whose it is, and for them (or a manager) the way to delete it, asked once more."""
    lang, own = at.view.lang, view.author == at.person.id

    def asking(identifier: int | None) -> None:
        st.session_state["saved_asking"] = identifier

    def deleted() -> None:
        kept.delete_view(view.id, at.person.id)
        asking(None)

    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"view_{view.id}"):
        to = {**view.parameters(), "lang": lang}
        st.page_link(page, label=plain(view.name), icon=":material/bookmark:", query_params=to)
        kind = word("saved.pinned" if view.pinned else "saved.latest", lang)
        st.caption(kind if own else f"{kind} · {plain(view.author)}")
        if not own and at.person.scope.role != "manager":
            return
        if st.session_state.get("saved_asking") == view.id:
            st.button(word("saved.confirm", lang), key=f"view_delete_{view.id}", type="primary", on_click=deleted)
            st.button(word("saved.keep", lang), key=f"view_keep_{view.id}", on_click=asking, args=(None,))
        else:
            label = word("saved.delete", lang)
            st.button(label, key=f"view_ask_{view.id}", type="tertiary", icon=":material/delete:", on_click=asking, args=(view.id,))


# --- notes ------------------------------------------------------------------------------------------------------------


def notes(at: Frame) -> None:
    """The notes of this data set, to add to, change and withdraw."""
    lang = at.view.lang
    try:
        kept = book(at)
        held = [note for note in kept.notes(at.view.dataset) if note.open_to(at.scope)]
    except StateTooNew:
        st.warning(word("saved.too_new", lang), icon=":material/update:")
        return
    except StateUnavailable as error:
        st.warning(word("saved.unavailable", lang, cause=plain(error)), icon=":material/error:")
        return
    if not held:
        st.markdown(f":gray[{word('note.none', lang)}]")
    editing = next((note for note in held if note.id == st.session_state.get("note_editing")), None)
    for note, line in zip(held, lines(held, lang), strict=True):
        with st.container(horizontal=True, vertical_alignment="center", key=f"note_{note.id}"):
            st.markdown(f"**{plain(line['day'])}** · {plain(line['text'])}  \n:small[:gray[{plain(line['scope'])}]]")
            _buttons(note, kept, at)
    _form(at, kept, editing)


def _buttons(note: Note, kept: State, at: Frame) -> None:
    lang = at.view.lang

    def put(name: str, identifier: int | None) -> None:
        st.session_state[name] = identifier

    def withdrawn() -> None:
        kept.withdraw_note(note.id, at.person.id)
        put("note_asking", None)

    if st.session_state.get("note_asking") == note.id:
        st.button(word("note.confirm", lang), key=f"note_withdraw_{note.id}", type="primary", on_click=withdrawn)
        st.button(word("saved.keep", lang), key=f"note_keep_{note.id}", on_click=put, args=("note_asking", None))
        return
    edit, ask = ("note_editing", note.id), ("note_asking", note.id)
    st.button(word("note.edit", lang), key=f"note_edit_{note.id}", type="tertiary", icon=":material/edit:", on_click=put, args=edit)
    st.button(word("note.withdraw", lang), key=f"note_ask_{note.id}", type="tertiary", icon=":material/delete:", on_click=put, args=ask)


def _form(at: Frame, kept: State, editing: Note | None) -> None:
    """The days come from lists in the page's language (Streamlit's own calendar speaks the browser's)."""
    lang, info = at.view.lang, at.info
    last = formats.month_end(info.as_of)
    days = [info.first_on.fromordinal(number) for number in range(last.toordinal(), info.first_on.toordinal() - 1, -1)]
    days = sorted({*days, *([editing.on_date, editing.until_date or editing.on_date] if editing else [])}, reverse=True)
    which = f"{lang}_{editing.id if editing else 'new'}_{st.session_state.get('note_turn', 0)}"
    on, until, text, english, about = (f"note_{name}_{which}" for name in ("on", "until", "text", "english", "about"))

    def written() -> None:
        scope = dict(at.view.filters.where) if st.session_state.get(about) else dict(editing.scope) if editing else {}
        try:
            kept.add_note(
                at.view.dataset, st.session_state[on], st.session_state[text], until_date=st.session_state[until],
                text_en=st.session_state[english], scope=scope, author=at.person.id,
                replaces=editing.id if editing else None,
            )  # fmt: skip
        except ValueError:
            st.session_state["note_said"] = "note.refused"
        else:
            st.session_state["note_said"] = "note.done"
            st.session_state["note_editing"] = None
            st.session_state["note_turn"] = st.session_state.get("note_turn", 0) + 1

    day: Callable[[Any], str] = lambda value: formats.day(value, lang)  # noqa: E731
    with st.container(horizontal=True, gap="small", key="note_days"):
        at_day = days.index(editing.on_date if editing else info.as_of)
        st.selectbox(word("note.on", lang), days, index=at_day, format_func=day, key=on, width=220)
        ended = days.index(editing.until_date) if editing and editing.until_date else None
        hint = word("note.one_day", lang)
        st.selectbox(word("note.until", lang), days, index=ended, format_func=day, key=until, width=220, placeholder=hint)
    st.text_input(
        word("note.text", lang),
        value=editing.text if editing else "",
        key=text,
        max_chars=LONGEST_TEXT,
        placeholder=word("note.hint", lang),
    )
    st.text_input(word("note.english", lang), value=(editing.text_en if editing else "") or "", key=english, max_chars=LONGEST_TEXT)
    if at.view.filters.where:
        st.checkbox(
            word("note.about", lang, scope=plain(" · ".join(at.view.filters.scope(lang, naming.dimension_labels(lang), naming.values(lang))))),
            key=about,
        )
    st.button(word("note.change" if editing else "note.add", lang), key="note_write", type="primary", icon=":material/note_add:", on_click=written)
    said = st.session_state.pop("note_said", None)
    if said is not None:
        (st.success if said == "note.done" else st.warning)(word(said, lang))
