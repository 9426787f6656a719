"""The frame around every page: what the URL asks for, the filter bar, the sentence that says what is on screen, the footer."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from dashboard import behind, formats, naming
from dashboard import filters as choices
from dashboard.access import Person, Scope, person
from dashboard.filters import DIMENSIONS, Filters, View
from dashboard.formats import plain
from dashboard.home import Home, NothingLoaded, SnapshotInfo
from dashboard.metrics import dimensions
from dashboard.model import version
from dashboard.state import OWN_PREFIX
from dashboard.warehouse import Unloaded, Warehouse
from dashboard.words import LANGUAGES, language, word

NAMES = {"en": "EN", "zh": "中文"}


@dataclass(frozen=True)
class Frame:
    """What one run shows: the view, where it is read from, and whose eyes it is for."""

    view: View
    warehouse: Warehouse
    home: Home
    current: str
    person: Person
    problems: tuple[str, ...] = ()
    remembered: dict[str, Any] = field(default_factory=dict, compare=False)  # what this run has looked up already

    @property
    def info(self) -> SnapshotInfo:
        return self.warehouse.info

    @property
    def scope(self) -> Scope:
        return self.person.scope


def login() -> str | None:
    """Who the log-in says it is: Streamlit's own, else the header that a proxy in front sets (COLLECTIONS_USER_HEADER), else COLLECTIONS_USER."""
    if st.user.get("is_logged_in"):
        return str(st.user.get("email") or st.user.get("sub") or "") or None
    if header := os.environ.get("COLLECTIONS_USER_HEADER"):
        return st.context.headers.get(header)
    return os.environ.get("COLLECTIONS_USER")


def somebody(home: Home) -> Person | None:
    """Who is looking; None for somebody that the file of people doesn't name."""
    return person(home.path, login())


@st.cache_resource(max_entries=16, show_spinner=False)
def opened(home: str, dataset: str, snapshot: str) -> Warehouse:
    """A snapshot, opened once per process; its file never changes."""
    return Warehouse(Home(Path(home)).info(dataset, snapshot))


@st.cache_data(max_entries=256, show_spinner=False)
def offered(home: str, dataset: str, snapshot: str, dimension: str, scope: Scope) -> tuple[list[str], bool]:
    """The values a filter offers, and whether the dimension was supplied at all."""
    warehouse = opened(home, dataset, snapshot)
    return [str(value) for value in warehouse.values(dimension, scope)], not warehouse.missing(dimension)


def asked() -> dict[str, list[str]]:
    """The parameters of the URL."""
    return {name: st.query_params.get_all(name) for name in st.query_params}


def chosen_language() -> str:
    """The language of the URL, else of this session, else of the browser."""
    remembered = st.session_state.get("frame_language") or language(st.context.locale)
    lang = choices.language_of(asked(), remembered)
    st.session_state["frame_language"] = lang
    return lang


def read(home: Home, who: Person) -> Frame:
    """The frame that the URL asks for; what can't be met falls back and is named in `problems`."""
    query, lang, problems = asked(), chosen_language(), []
    loaded = home.datasets()
    if not loaded:
        raise NothingLoaded(str(home.path))
    dataset = (query.get("data") or [next(iter(loaded))])[-1]
    if dataset not in loaded:
        problems.append("data")
        dataset = next(iter(loaded))
    current = loaded[dataset].id
    snapshot = (query.get("snapshot") or [current])[-1]
    if snapshot != current and ("data" in problems or snapshot not in {info.id for info in home.history(dataset)}):
        problems.append("snapshot")
        snapshot = current
    warehouse = opened(str(home.path), dataset, snapshot)
    info = warehouse.info
    chosen, unread = Filters.from_query(query, choices.default(info.first_on, info.as_of))
    for dimension, values in chosen.where:
        known, _ = offered(str(home.path), dataset, snapshot, dimension, who.scope)
        if not set(values) <= set(known):
            unread.append(dimension)
            chosen = chosen.choosing(dimension, [value for value in values if value in known])
    frame = Frame(
        View(dataset, snapshot, chosen, lang, choices.milestones_of(query)), warehouse, home, current, who, tuple(dict.fromkeys([*problems, *unread]))
    )
    if not st.session_state.get("frame_written"):
        # Once a session, so that the address itself is a link; writing again on "back" would trap the browser's back button.
        st.session_state["frame_written"] = True
        show(frame.view)
    return frame


def unloaded(home: Home, who: Person) -> Frame:
    """The frame of a home without any data: enough for the page that brings some in."""
    nothing = Unloaded(home.path)
    filters = choices.default(nothing.info.first_on, nothing.info.as_of)
    return Frame(View(nothing.info.dataset, nothing.info.id, filters, chosen_language()), nothing, home, nothing.info.id, who)


def show(view: View) -> None:
    """Put a view in the URL: the next run reads it from there, and the browser's back button leads to the one before."""
    wanted: dict[str, str | list[str]] = {**view.to_query(), **_own()}
    if asked() != {name: [value] if isinstance(value, str) else value for name, value in wanted.items()}:
        st.query_params.from_dict(wanted)


def link(frame: Frame) -> dict[str, str | list[str]]:
    """The parameters of a link to what is on screen, with those of the page's own."""
    return {**frame.view.to_query(), **_own()}


def _own() -> dict[str, list[str]]:
    """The parameters in the URL that are the page's own: a change of filters keeps them, another page drops them."""
    return {name: values for name, values in asked().items() if name in behind.PARAMETERS or name.startswith(OWN_PREFIX)}


def own(name: str) -> list[str]:
    """The values of one of the page's own settings in the URL, [] where it doesn't say."""
    return asked().get(f"{OWN_PREFIX}{name}", [])


def set_own(name: str, values: Sequence[str]) -> None:
    """Put one of the page's own settings in the URL; none takes it out."""
    if values:
        st.query_params[f"{OWN_PREFIX}{name}"] = list(values)
    else:
        st.query_params.pop(f"{OWN_PREFIX}{name}", None)


def bar(frame: Frame, more: Callable[[], None] | None = None) -> None:
    """One row: period, filters, reset, link, what more there is, language; then the sentence that says what is on screen."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="frame_bar"):
        _period(frame)
        _popover(frame)
        _button(frame, "reset", "restart_alt", lambda view: view.replace(filters=choices.default(frame.info.first_on, frame.info.as_of)))
        with st.popover(word("frame.link", frame.view.lang), icon=":material/link:", type="tertiary", key="frame_link"):
            st.caption(word("frame.link_note", frame.view.lang))
            st.code(f"{(st.context.url or '').partition('?')[0]}?{urlencode(link(frame), doseq=True)}", language=None, wrap_lines=True)
        if more is not None:
            more()
        st.space("stretch")
        language_switch(frame)
    if st.session_state.get("frame_custom") or choices.preset_of(frame.view.filters, frame.info.first_on, frame.info.as_of) is None:
        _custom(frame)
    sentence(frame)


def limits(frame: Frame, filters: Filters) -> list[str]:
    """What some filters leave of the data for the person who looks, in words: their own teams or cases, where that is all they see."""
    scope, lang = frame.scope, frame.view.lang
    if scope.teams is not None and not filters.chosen("team"):
        filters = filters.choosing("team", scope.teams)
    said = filters.scope(lang, naming.dimension_labels(lang), naming.values(lang))
    if scope.collector is None:
        return said
    return [word("frame.own_cases", lang), *(said if filters.where else [])]


def sentence(frame: Frame) -> None:
    """Exactly what is on screen, in words; then whatever must be known about it."""
    lang, chosen, info = frame.view.lang, frame.view.filters, frame.info
    period = formats.period(chosen.start, chosen.until, lang)
    scope = " · ".join(plain(part) for part in [period, *limits(frame, chosen)])
    rest = (
        chosen.compared(lang, info.as_of, info.first_on),
        word("frame.as_of", lang, day=formats.day(info.as_of, lang)),
        word("frame.snapshot", lang, id=info.id),
    )
    st.markdown(f":small[**{scope}** · :gray[{' · '.join(plain(part) for part in rest)}]]")
    if frame.problems:
        labels = naming.dimension_labels(lang)
        names = [word(f"problem.{name}", lang) if name not in labels else labels[name] for name in frame.problems]
        st.warning(word("frame.not_understood", lang, names=plain(", ".join(names))), icon=":material/link_off:")
    if frame.view.snapshot != frame.current:
        with st.container(horizontal=True, vertical_alignment="center"):
            text = word("frame.old_snapshot", lang, id=plain(info.id), current=plain(frame.current))
            st.warning(text, icon=":material/history:")
            _button(frame, "to_current", "update", lambda view: view.replace(snapshot=frame.current))
    if info.model != version():
        st.warning(word("frame.earlier_version", lang), icon=":material/update:")


def footer(frame: Frame) -> None:
    """Where the figures come from, under every page."""
    lang, info = frame.view.lang, frame.info
    st.caption(
        word(
            "frame.footer", lang, title=plain(info.title.get(lang) or info.dataset), day=plain(formats.day(info.as_of, lang)),
            id=plain(info.id), rows=formats.count(info.rows),
        )
    )  # fmt: skip


def _keyed(frame: Frame, name: str, value: object) -> str:
    """The key of a widget that starts with the value the URL says; one that holds another by now gives way to a new one.

    Assigning to its state instead would be lost on widgets inside a popover that is still closed. A language has widgets of its own,
    as their options read differently.
    """
    turns = f"frame_turns_{name}"
    key = f"frame_{name}_{frame.view.lang}_{st.session_state.get(turns, 0)}"
    held = st.session_state.get(key, value)
    if (sorted(held) if isinstance(held, list) else held) != value:
        st.session_state[turns] = st.session_state.get(turns, 0) + 1
        key = f"frame_{name}_{frame.view.lang}_{st.session_state[turns]}"
    return key


def _now(frame: Frame) -> View:
    """The view as the URL has it by now: several widgets may report to one run, and none may undo another."""
    query = asked()
    filters, _ = Filters.from_query(query, frame.view.filters)
    return frame.view.replace(filters=filters, lang=choices.language_of(query, frame.view.lang), milestones=choices.milestones_of(query))


def _change(frame: Frame, **parts: object) -> None:
    """Put the view with some parts of its filters changed in the URL."""
    view = _now(frame)
    show(view.replace(filters=view.filters.replace(**parts)))


def _button(frame: Frame, name: str, icon: str, change: Callable[[View], View]) -> None:
    def clicked() -> None:
        st.session_state["frame_custom"] = False
        show(change(_now(frame)))

    st.button(word(f"frame.{name}", frame.view.lang), icon=f":material/{icon}:", type="tertiary", key=f"frame_{name}", on_click=clicked)


def dataset(frame: Frame) -> None:
    """Which data set to look at, where there is more than one."""
    loaded = frame.home.datasets()
    if len(loaded) < 2:
        return

    lang = frame.view.lang
    key = _keyed(frame, "dataset", frame.view.dataset)

    def changed() -> None:
        info = loaded[st.session_state[key]]
        st.session_state["frame_custom"] = False
        show(View(info.dataset, info.id, choices.default(info.first_on, info.as_of), lang, frame.view.milestones))

    st.radio(
        word("frame.dataset", lang),
        list(loaded),
        index=list(loaded).index(frame.view.dataset),
        format_func=lambda name: plain(loaded[name].title.get(lang) or name),
        key=key,
        on_change=changed,
    )


def _period(frame: Frame) -> None:
    lang, info, filters = frame.view.lang, frame.info, frame.view.filters
    periods = choices.presets(info.first_on, info.as_of)
    preset = choices.preset_of(filters, info.first_on, info.as_of)
    shown = "custom" if preset is None or st.session_state.get("frame_custom") else preset
    key = _keyed(frame, "period", shown)

    def changed() -> None:
        name = st.session_state[key]
        st.session_state["frame_custom"] = name == "custom"
        if name in periods:
            _change(frame, start=periods[name][0], until=periods[name][1])

    st.segmented_control(
        word("frame.period", lang),
        [*periods, "custom"],
        default=shown,
        format_func=lambda name: word(f"preset.{name}", lang),
        key=key,
        required=True,
        label_visibility="collapsed",
        on_change=changed,
        wrap=True,
    )


def _custom(frame: Frame) -> None:
    """Two days from lists in the page's language (Streamlit's own calendar speaks the browser's)."""
    lang, info, filters = frame.view.lang, frame.info, frame.view.filters
    last = formats.month_end(info.as_of)
    days = [info.first_on.fromordinal(number) for number in range(info.first_on.toordinal(), last.toordinal() + 1)]
    days = sorted({*days, filters.start, filters.until})
    chosen = {"from": filters.start, "to": filters.until}
    keys = {end: _keyed(frame, end, day) for end, day in chosen.items()}

    def changed(end: str) -> None:
        start, until = (st.session_state[keys[name]] or chosen[name] for name in ("from", "to"))
        if start > until:
            start, until = (start, start) if end == "from" else (until, until)
        st.session_state["frame_custom"] = True
        _change(frame, start=start, until=until)

    with st.container(horizontal=True, key="frame_days"):
        for end, key in keys.items():
            st.selectbox(
                word(f"frame.{end}", lang),
                days,
                index=days.index(chosen[end]),
                format_func=lambda day: formats.day(day, lang),
                key=key,
                on_change=changed,
                args=(end,),
                width=220,
            )


def _popover(frame: Frame) -> None:
    lang, chosen, home = frame.view.lang, frame.view.filters, str(frame.home.path)
    label = word("frame.filters", lang) + (f" · {chosen.active}" if chosen.active else "")
    with st.popover(label, icon=":material/filter_alt:", key="frame_filters"):
        for dimension in DIMENSIONS:
            known, supplied = offered(home, frame.view.dataset, frame.view.snapshot, dimension, frame.scope)
            _choice(frame, dimension, known, supplied)

        key = _keyed(frame, "compare", chosen.comparison)

        def compared() -> None:
            _change(frame, comparison=st.session_state[key])

        st.segmented_control(
            word("frame.comparison", lang),
            choices.COMPARISONS,
            default=chosen.comparison,
            format_func=lambda name: word(f"comparison.{name}", lang),
            key=key,
            required=True,
            on_change=compared,
            wrap=True,
        )
        _milestones(frame)


def _milestones(frame: Frame) -> None:
    """Whether charts over time bear the starts of the programme's milestones."""
    lang, key = frame.view.lang, _keyed(frame, "milestones", frame.view.milestones)

    def changed() -> None:
        show(_now(frame).replace(milestones=bool(st.session_state[key])))

    note = word("mark.toggle_note", lang)
    st.toggle(word("mark.toggle", lang), value=frame.view.milestones, key=key, on_change=changed, help=note)


def _choice(frame: Frame, dimension: str, known: Sequence[str], supplied: bool) -> None:
    lang, key = frame.view.lang, _keyed(frame, dimension, list(frame.view.filters.chosen(dimension)))

    def changed() -> None:
        _change(frame, where=_now(frame).filters.choosing(dimension, st.session_state[key]).where)

    st.multiselect(
        dimensions()[dimension].label[lang],
        known,
        default=list(frame.view.filters.chosen(dimension)),
        format_func=lambda value: naming.value(dimension, value, lang),
        key=key,
        on_change=changed,
        select_all=False,
        disabled=not supplied,
        placeholder=word("frame.everything" if supplied else "frame.dimension_missing", lang),
    )


def language_switch(frame: Frame) -> None:
    key = _keyed(frame, "lang", frame.view.lang)

    def changed() -> None:
        st.session_state["frame_language"] = st.session_state[key]
        if isinstance(frame.warehouse, Unloaded):
            st.query_params["lang"] = st.session_state[key]
        else:
            show(_now(frame).replace(lang=st.session_state[key]))

    st.segmented_control(
        word("frame.language", frame.view.lang), LANGUAGES, default=frame.view.lang, format_func=NAMES.__getitem__, key=key, required=True,
        label_visibility="collapsed", on_change=changed,
    )  # fmt: skip
