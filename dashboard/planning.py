"""What the page of the rollout is made of: the plan as read and changed, its filters, cards, the forms that change it, and its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import streamlit as st

from dashboard import formats, printing, ui
from dashboard.filters import Filters
from dashboard.formats import plain
from dashboard.frame import Frame
from dashboard.rollout import current, exchange, impact, msproject, sentences
from dashboard.rollout import pack as pack_page
from dashboard.rollout.book import Book, Change, ChangedMeanwhile, Edited, Merge, compared
from dashboard.rollout.outlook import Outlook, TooFew, outlook
from dashboard.rollout.plan import NOTHING, Milestone, Plan, PlanRefused, Said, checked, clean, cleaned_id, items_of, measures
from dashboard.rollout.schedule import Schedule, Timed, schedule
from dashboard.state import StateTooNew, StateUnavailable, address, opened
from dashboard.warehouse import QueryFailed
from dashboard.words import word

#: Ways to look at the plan besides a day of its history.
NOW, EXPORTED = "now", "export"
NEW = ""
#: Stands for no day in a list of days.
UNSET = date.min
KINDS = ("csv", "xlsx", "xml")


@dataclass(frozen=True)
class Planning:
    """The plan of the view: as exported (all of it), as written on top, how it stands, what is chosen of it, and whether it may be changed."""

    base: Plan
    edited: Edited
    at: Schedule
    timed: tuple[Timed, ...]
    history: tuple[Change, ...]
    book: Book | None
    editable: bool
    past: bool
    version: str
    chosen: tuple[str, ...]

    @property
    def outlook(self) -> Outlook | TooFew | None:
        return _outlook(self.at.plan, self.at.today)


@st.cache_data(max_entries=64, show_spinner=False)
def _outlook(plan: Plan, today: date) -> Outlook | TooFew | None:
    return outlook(plan, today)


def read() -> Planning:
    """The plan as the address asks for it: now, as exported, or as it was at the end of a day."""
    at, say = ui.frame(), ui.say
    teams = at.scope.teams
    base = current.exported(at.warehouse)
    history: list[Change] = []
    book = None
    try:
        book = Book(opened(address(at.home.path)), at.view.dataset, teams)
        history = book.history()
    except StateTooNew:
        st.warning(ui.say("saved.too_new"), icon=":material/update:")
    except StateUnavailable as error:
        st.warning(say("rollout.broken_state", cause=plain(error)), icon=":material/error:")
    seen = current.told(base, history, teams)
    days = sorted({change.at.date() for change in seen}, reverse=True)
    which, today, lang = NOW, at.info.as_of, ui.lang()
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom", key="rollout_choice"):
        if seen:
            views = {NOW: say("rollout.now")} | {day.isoformat(): say("rollout.end_of", day=formats.day(day, lang)) for day in days[:60]}
            which = ui.option("plan", views | {EXPORTED: say("rollout.as_exported")}, say("rollout.as_it_was"), listed=True)
        if which not in (NOW, EXPORTED):
            until = date.fromisoformat(which)
            edited = current.standing(base, [change for change in history if change.at.date() <= until], teams)
            today = min(today, until)
        else:
            edited = current.standing(base, history if which == NOW else [], teams)
        found = schedule(edited.plan, today)
        chosen: dict[str, str] = {}
        labels = sentences.choices(found, lang) if found.timed else {}
        for name, texts in labels.items():
            chosen[name] = ui.option(name, texts, say(f"rollout.by_{name}"), listed=True)
    if found.timed:
        st.caption(say("rollout.whole"))
    if which == EXPORTED:
        st.info(say("rollout.only_export"), icon=":material/history:")
    elif which != NOW:
        st.info(say("rollout.then", day=formats.day(date.fromisoformat(which), lang), today=formats.day(today, lang)), icon=":material/history:")
    for text in sentences.warnings(found, edited, lang):
        st.warning(plain(text), icon=":material/link_off:")
    editable = at.person.may("rollout") and book is not None and which == NOW
    version = {NOW: say("rollout.now"), EXPORTED: say("rollout.as_exported")}.get(which) or say("rollout.end_of", day=which)
    picked = tuple(labels[name][value] for name, value in chosen.items() if value)
    return Planning(base, edited, found, found.only(**chosen), tuple(seen), book, editable, which != NOW, version, picked)


def about(now: Planning) -> tuple[tuple[str, str], ...]:
    """What a file of these panels holds: the plan is shown whole, whatever period and filters the rest of the dashboard has."""
    at, say, lang = ui.frame(), ui.say, ui.lang()
    return (
        (say("frame.dataset"), f"{at.info.title.get(lang) or at.info.dataset} ({at.info.dataset})"),
        (say("download.as_of"), str(now.at.today)),
        (say("download.snapshot"), at.info.id),
        (say("pack.version"), now.version),
        (say("frame.filters"), " · ".join(now.chosen) or say("frame.no_limit")),
    )


def said() -> None:
    """What became of the last thing somebody did here."""
    kind, text = st.session_state.pop("rollout_said", (None, ""))
    if kind is not None:
        getattr(st, kind)(plain(text), icon={"success": ":material/check:", "warning": ":material/sync_problem:"}.get(kind, ":material/block:"))


def _tell(kind: str, text: str) -> None:
    st.session_state["rollout_said"] = (kind, text)


def cards(now: Planning) -> None:
    """How the plan stands in five figures."""
    lang = ui.lang()
    shown = sentences.cards(now.at, now.timed, now.outlook, lang)
    with st.grid(3, min_column_width=ui.CARD_WIDTH[lang], gap="small", border=True, key="cards") as place:
        for number, (metric_id, label, value, note) in enumerate(shown):
            with place.cell(), st.container(gap="xsmall", key=f"card_{metric_id or number}"):
                name = plain(ui.label(metric_id)) if metric_id else label
                st.metric(name, value, help=ui.definition(metric_id) if metric_id else None)
                st.caption(plain(note))
        with place.cell(), st.container(gap="xsmall", key="card_rollout_coverage"), ui.guarded():
            _coverage(now.edited.plan)


def _coverage(plan: Plan) -> None:
    at = ui.frame()
    warehouse, filters = current.counted(at.warehouse, plan), Filters(at.info.first_on, at.info.as_of, comparison="none")
    if missing := warehouse.missing("rollout_coverage"):
        st.metric(plain(ui.label("rollout_coverage")), formats.MISSING, help=ui.definition("rollout_coverage"))
        raise ui.NotSupplied(missing)
    row = warehouse.measure(["rollout_coverage"], filters=filters, scope=at.scope).rows[0]
    st.metric(plain(ui.label("rollout_coverage")), formats.rate(row["rollout_coverage"]), help=ui.definition("rollout_coverage"))
    st.caption(ui.denominators(ui.metric("rollout_coverage"), row))


def rules() -> None:
    """The rules by which a state is told, printed."""
    lang = ui.lang()
    with st.expander(ui.say("rollout.rules"), icon=":material/rule:"):
        st.caption(ui.say("rollout.rules_note"))
        for icon, colour, name, text in sentences.rules(lang):
            st.markdown(f":{colour}[{icon} **{name}**] {plain(text)}")
        st.caption(plain(ui.say("rollout.slip_rule")))


# --- starting -----------------------------------------------------------------------------------------------------------------


def starter(now: Planning) -> None:
    """Where there is no plan: says what isn't supplied and, to those who may, offers the bundled one."""
    at, say, lang = ui.frame(), ui.say, ui.lang()
    with ui.panel("rollout_start", say("rollout.start"), say("rollout.start_note")):
        ui.not_supplied(["milestones"])
        if not now.editable or now.book is None:
            st.caption(say("rollout.read_only"))
            return
        book, base = now.book, now.base
        days = _days([at.info.as_of.replace(day=1)], before=800, after=400)
        key = f"rollout_start_on_{lang}"
        st.selectbox(
            say("rollout.start_on"), days, index=days.index(at.info.as_of.replace(day=1)), format_func=lambda day: formats.day(day, lang), key=key
        )

        def begun() -> None:
            on = st.session_state[key]
            try:
                book.start(base, on, at.person.id)
            except PlanRefused as error:
                _tell("error", sentences.refusal(error, lang))
            else:
                _tell("success", say("rollout.started", day=formats.day(on, lang)))

        st.button(say("rollout.start_do"), type="primary", icon=":material/flag:", key="rollout_start_do", on_click=begun)


def _days(marks: list[date | None], before: int = 120, after: int = 500) -> list[date]:
    """Days to choose from, around those that matter and holding each of them (Streamlit's own calendar speaks the browser's language)."""
    known = [mark for mark in marks if mark is not None]
    first, last = min(known) - timedelta(days=before), max(known) + timedelta(days=after)
    return [date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1)]


# --- changing -----------------------------------------------------------------------------------------------------------------


def editor(now: Planning) -> None:
    """A form that changes one milestone, or adds one."""
    say, lang = ui.say, ui.lang()
    with ui.panel("rollout_edit", say("rollout.edit"), say("rollout.edit_note")):
        steps = {one.milestone.id: one.milestone for one in now.at.timed}
        labels = {**sentences.labels(now.timed or now.at.timed, lang), NEW: say("rollout.new")}
        which = st.selectbox(
            say("rollout.which"), list(labels), format_func=lambda one: plain(labels[one]) if one else labels[one], key=f"rollout_which_{lang}"
        )
        step = steps.get(which)
        _form(now, step)
        if step is not None:
            _taking_out(now, step)


def _form(now: Planning, step: Milestone | None) -> None:
    """The fields of a milestone; what is saved carries the version that was shown."""
    say, lang, today = ui.say, ui.lang(), now.at.today
    version = now.edited.versions.get(step.id, 0) if step else 0
    mark = f"{lang}_{step.id if step else 'new'}_{version}_{st.session_state.get('rollout_turn', 0)}"
    days = _days([today, *(getattr(one.milestone, name) for one in now.at.timed for name in sentences.DATES)])
    unset = say("rollout.unset")
    key: Any = lambda name: f"rollout_{name}_{mark}"  # noqa: E731

    def day(name: str, value: date | None, needed: bool) -> None:
        offered = days if needed else [UNSET, *days]  # a finish entered by mistake must go away again
        st.selectbox(
            say(f"rollout.{name}"), offered, index=offered.index(value or UNSET), key=key(name), width=220,
            format_func=lambda one: unset if one == UNSET else formats.day(one, lang),
        )  # fmt: skip

    with st.form(key("form"), border=False):
        if step is None:
            st.text_input(say("rollout.milestone_id"), key=key("id"), max_chars=40)
            named = measures(lang)
            st.selectbox(say("rollout.measure"), list(named), format_func=named.__getitem__, key=key("measure"))
        st.text_input(say("rollout.field_name"), value=step.name.read(lang) if step else "", key=key("name"), max_chars=200)
        st.text_input(say("rollout.owner"), value=step.owner.read(lang) if step else "", key=key("owner"), max_chars=120)
        with st.container(horizontal=True, gap="small"):
            day("planned_start", step.planned_start if step else today, True)
            day("planned_end", step.planned_end if step else today, True)
            day("actual_start", step.actual_start if step else None, False)
            day("actual_end", step.actual_end if step else None, False)
        others = [one.milestone.id for one in now.at.timed if step is None or one.milestone.id != step.id]
        held = [other for other in step.depends_on if other in others] if step else []
        st.multiselect(
            say("rollout.depends_on"), others, default=held, key=key("depends_on"), placeholder=say("rollout.depends_hint"), select_all=False
        )
        if step and step.items:
            st.markdown(f":small[{say('rollout.items_done', percent=sentences.percent(step.complete))}]")
            for number, item in enumerate(step.items):
                st.checkbox(plain(sentences.item_text(item, lang)), value=item.done, key=key(f"item{number}"))
        else:
            st.number_input(say("rollout.percent_stated"), 0.0, 100.0, float(step.percent) if step else 0.0, 5.0, key=key("percent"))
        lines = "\n".join(sentences.item_text(item, lang) for item in step.items) if step else ""
        st.text_area(say("rollout.items_list"), value=lines, key=key("items"), height="content")
        st.text_input(say("rollout.note"), value=step.note if step else "", key=key("note"), max_chars=500)
        st.form_submit_button(
            say("rollout.save"), type="primary", icon=":material/save:", key=key("save"), on_click=_saved, args=(now, step, version, key)
        )


def _filled(step: Milestone | None, key: Any, lang: str, offered: set[str]) -> Milestone:
    """The milestone as the form has it."""
    held = st.session_state

    def text(name: str, before: Said) -> Said:
        return before if clean(held[key(name)]) == before.read(lang) else Said.of(held[key(name)])

    def day(name: str) -> date | None:
        return None if held[key(name)] == UNSET else held[key(name)]

    items = step.items if step else ()
    ticked = [item.text.cell() for number, item in enumerate(items) if held.get(key(f"item{number}"))]
    begins, ends = held[key("planned_start")], held[key("planned_end")]
    before = step or Milestone(cleaned_id(held[key("id")]), held[key("measure")], NOTHING, NOTHING, begins, ends, begins, ends)
    stated = held.get(key("percent"))
    chosen = held[key("depends_on")]
    kept = [one for one in before.depends_on if one in chosen or one not in offered]  # what isn't there can't be chosen, and stays
    return replace(
        before,
        name=text("name", before.name),
        owner=text("owner", before.owner),
        planned_start=begins,
        planned_end=ends,
        actual_start=day("actual_start"),
        actual_end=day("actual_end"),
        depends_on=(*kept, *(one for one in chosen if one not in kept)),
        percent=before.percent if stated is None or float(before.percent) == stated else Decimal(str(stated)).normalize(),
        items=items_of(held[key("items")], items, ticked),
        note=clean(held[key("note")]),
    )


def _saved(now: Planning, step: Milestone | None, version: int, key: Any) -> None:
    say, lang, person = ui.say, ui.lang(), ui.frame().person
    if now.book is None or not person.may("rollout"):
        return
    filled = None
    try:
        filled = checked(_filled(step, key, lang, {one.milestone.id for one in now.at.timed}))
        if step is None and filled.id in {one.id for one in now.edited.plan}:
            raise PlanRefused("bad_there", id=filled.id)
        changed = now.book.save(now.base, filled, version, person.id)
    except PlanRefused as error:
        _tell("error", sentences.refusal(error, lang))
    except ChangedMeanwhile as error:
        fields = ", ".join(say(f"rollout.field_{name}") for name in error.changed)
        yours = sentences.entries(step, filled, lang) if filled else formats.MISSING
        at = error.at.isoformat(sep=" ", timespec="minutes")
        _tell("warning", say("rollout.meanwhile", who=error.who, id=error.milestone_id, at=at, fields=fields, yours=yours))
    except StateUnavailable as error:
        _tell("error", say("saved.unavailable", cause=str(error)))
    else:
        st.session_state["rollout_turn"] = st.session_state.get("rollout_turn", 0) + 1
        done = say("rollout.saved", name=f"{filled.id} {filled.name.read(lang)}", n=changed)
        _tell("success" if changed else "info", done if changed else say("rollout.unchanged"))


def _taking_out(now: Planning, step: Milestone) -> None:
    """The way to take a milestone out of the plan, after asking once more."""
    say, lang = ui.say, ui.lang()
    version = now.edited.versions.get(step.id, 0)

    def asking(identifier: str | None) -> None:
        st.session_state["rollout_asking"] = identifier

    def gone() -> None:
        asking(None)
        person = ui.frame().person
        if now.book is None or not person.may("rollout"):
            return
        try:
            now.book.withdraw(now.base, step.id, version, person.id)
        except PlanRefused as error:
            _tell("error", sentences.refusal(error, lang))
        except ChangedMeanwhile as error:
            fields = ", ".join(say(f"rollout.field_{name}") for name in error.changed)
            at = error.at.isoformat(sep=" ", timespec="minutes")
            _tell("warning", say("rollout.meanwhile", who=error.who, id=step.id, at=at, fields=fields, yours=say("rollout.withdraw")))
        else:
            _tell("success", say("rollout.withdrawn", id=step.id))

    with st.container(horizontal=True, vertical_alignment="center"):
        if st.session_state.get("rollout_asking") == step.id:
            st.caption(say("rollout.withdraw_note"))
            st.button(say("rollout.withdraw_sure"), type="primary", key="rollout_gone", on_click=gone)
            st.button(say("rollout.keep"), key="rollout_kept", on_click=asking, args=(None,))
        else:
            st.button(say("rollout.withdraw"), type="tertiary", icon=":material/delete:", key="rollout_ask", on_click=asking, args=(step.id,))


# --- board pack -------------------------------------------------------------------------------------------------------------


def pack(now: Planning) -> None:
    """The board pack of the whole plan as files, made when asked for."""
    say, at, lang = ui.say, ui.frame(), ui.lang()
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="rollout_pack"):
        st.markdown(f"**{say('rollout.pack')}**", help=say("rollout.pack_note"))
        for name, ending, mime, make in (
            ("PDF", "pdf", "application/pdf", lambda: pack_page.pdf(lambda most: _document(now, at, lang, most))),
            (say("rollout.web_page"), "html", "text/html", lambda: printing.html_file(_document(now, at, lang)).encode()),
        ):
            st.download_button(
                name, data=make, file_name=f"programme_{at.view.dataset}_{now.at.today}_{lang}.{ending}", mime=mime, type="tertiary",
                icon=":material/download:", on_click="ignore", key=f"rollout_pack_{ending}",
            )  # fmt: skip


def _document(now: Planning, at: Frame, lang: str, most: int = pack_page.LINES[0]) -> printing.Document:
    """The board pack of the whole plan, with figures before and after and the verdicts on the measures' events."""
    info, warehouse = at.info, at.warehouse
    windows: dict[str, pack_page.Window | None] = {}
    compared: dict[str, list[pack_page.Compared]] = {}
    for measure in measures(lang):
        steps = [one for one in now.at.plan if one.measure == measure]
        name = next((name for name in pack_page.kpis(measure) if not warehouse.missing(name)), None)
        if not steps or name is None:
            continue
        over = windows[measure] = pack_page.window(steps, info.first_on, info.as_of)
        sides: dict[str, Any] = {"before": None, "after": None}
        try:
            for side, span in (("before", over and over.before), ("after", over and over.after)):
                if span:
                    answer = warehouse.measure([name], filters=Filters(*span, comparison="none"), scope=at.scope)
                    sides[side] = answer.rows[0][name]
            found = impact.verdicts(warehouse, steps, scope=at.scope, metric_ids=(name,))
        except QueryFailed:
            compared[measure] = [pack_page.Compared(name, failed=True)]
            continue
        verdict, events = pack_page.chosen(found, measure, name)
        compared[measure] = [pack_page.Compared(name, sides["before"], sides["after"], verdict, events)]
    pack_page.corrected(compared)
    title = info.title.get(lang) or info.dataset
    facts = [(word("frame.dataset", lang), f"{title} · {word('frame.as_of', lang, day=formats.day(now.at.today, lang))} · {info.id}")]
    return pack_page.document(now.at, now.outlook, windows, compared, facts, lang, info.currency, most)


# --- files --------------------------------------------------------------------------------------------------------------------


def files(now: Planning) -> None:
    """The plan as files, and a changed one taken over after it was compared."""
    at, say, lang = ui.frame(), ui.say, ui.lang()
    plan, versions = now.at.plan, now.edited.versions
    whole = now.edited.plan
    with ui.panel("rollout_files", say("rollout.files"), say("rollout.files_note")):
        title = at.info.title.get(lang) or at.info.dataset
        makers: Mapping[str, tuple[str, Any]] = {
            "CSV": ("text/csv", lambda: exchange.csv_file(whole, versions, lang)),
            "Excel": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", lambda: exchange.excel_file(whole, versions, lang)),
            "XML": ("application/xml", lambda: msproject.xml_file(whole, versions, lang, title, at.info.currency)),
        }
        with st.container(horizontal=True, gap="small"):
            for name, (mime, make) in makers.items():
                ending = {"Excel": "xlsx"}.get(name, name.lower())
                file = f"rollout_{at.view.dataset}_{now.at.today}.{ending}"
                st.download_button(
                    name, data=make, file_name=file, mime=mime, type="tertiary", icon=":material/download:", on_click="ignore",
                    key=f"rollout_{ending}", disabled=not plan,
                )  # fmt: skip
        if now.editable:
            _import(now)


def _import(now: Planning) -> None:
    say, lang = ui.say, ui.lang()
    turn = st.session_state.setdefault("rollout_file_turn", 0)
    sent = st.file_uploader(
        say("rollout.file", kinds=", ".join(kind.upper() for kind in KINDS)),
        type=list(KINDS),
        key=f"rollout_file_{turn}",
        max_upload_size=exchange.MOST_BYTES >> 20,
    )
    if sent is None:
        return
    try:
        content = sent.getvalue()
        known = now.edited.plan
        filed = (
            msproject.read_xml(content, lang, known) if sent.name.lower().endswith(".xml") else exchange.read_table(content, sent.name, lang, known)
        )
    except PlanRefused as error:
        st.error(plain(sentences.refusal(error, lang)), icon=":material/block:")
        return
    would = compared(now.edited.plan, filed.plan)
    st.markdown(plain(say("rollout.would", added=len(would.added), changed=len(would.changed), same=would.same)))
    if rows := sentences.merged(would, lang):
        ui.grid(rows, ui.columns("rollout", milestone_id="text", name="text", what="text", before="text", after="text"), key="rollout_would")

    def over() -> None:
        person = ui.frame().person
        if now.book is None or not person.may("rollout"):
            return
        seen = {one.id: now.edited.versions.get(one.id, 0) for one in filed.plan} | dict(filed.versions)
        try:
            done: Merge = now.book.merge(now.base, filed.plan, seen, person.id)
        except PlanRefused as error:
            _tell("error", sentences.refusal(error, lang))
        except ChangedMeanwhile as error:
            fields = ", ".join(say(f"rollout.field_{name}") for name in error.changed)
            at, yours = error.at.isoformat(sep=" ", timespec="minutes"), say("rollout.files")
            _tell("warning", say("rollout.meanwhile", who=error.who, id=error.milestone_id, at=at, fields=fields, yours=yours))
        else:
            st.session_state["rollout_file_turn"] = turn + 1
            _tell("success", say("rollout.taken_over", added=len(done.added), changed=len(done.changed)))

    def dropped() -> None:
        st.session_state["rollout_file_turn"] = turn + 1

    with st.container(horizontal=True):
        st.button(say("rollout.take_over"), type="primary", key="rollout_take_over", on_click=over, disabled=not would.added and not would.changed)
        st.button(say("rollout.discard"), key="rollout_discard", on_click=dropped)
