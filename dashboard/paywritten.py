"""What people write about pay, on a page: disputes and answers, comments, adjustments; what happened to runs, and who looked at statements."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard import formats, ui
from dashboard.downloads import Column
from dashboard.incentives import ledger as ledgers
from dashboard.incentives import sentences, telling
from dashboard.incentives.desk import Shown
from dashboard.incentives.ledger import ADJUSTMENTS, ANSWERS, Record
from dashboard.incentives.statement import ZERO
from dashboard.paywork import MOST_ROWS, Payday, columns, kept

#: In the session: the form that was refused last.
REFUSED = "pay_refused"


def _button(name: str, what: Callable[[], object], done: str, *texts: str) -> None:
    """The button of a form: what was written stays where it is refused, and its texts are emptied once it is kept."""

    def pressed() -> None:
        st.session_state[REFUSED] = name
        if kept(what, done):
            del st.session_state[REFUSED]
            for text in texts:
                st.session_state[text] = ""

    st.form_submit_button(ui.say(f"payday.{name}"), on_click=pressed)


def _folded(name: str, icon: str) -> DeltaGenerator:
    """What a form is folded into; open where it was refused, so that what was written is seen."""
    return st.expander(ui.say(f"payday.{name}"), icon=icon, expanded=st.session_state.get(REFUSED) == name)


def dispute(at: Payday, shown: Shown, collector: str) -> None:
    """Object to a statement, where there is a run to object to."""
    if shown.record is None:
        return
    record, lang = shown.record, ui.lang()
    steps = {"": ui.say("payday.whole_statement"), **{step.id: step.name(lang) for step in shown.plan.steps}}
    with st.form("pay_dispute"):
        st.selectbox(ui.say("payday.about_step"), list(steps), format_func=steps.__getitem__, key="pay_dispute_step")
        st.text_area(ui.say("payday.dispute_text"), key="pay_dispute_text", max_chars=ledgers.LONGEST_REASON)

        def sent() -> None:
            text, step = st.session_state["pay_dispute_text"], st.session_state["pay_dispute_step"]
            at.desk.ledger.dispute(record.run, collector, at.desk.person, text, step)

        _button("dispute", sent, "payday.done_dispute", "pay_dispute_text")


def comments(at: Payday, shown: Shown, collector: str) -> None:
    """What was said about a statement by those who see all pay."""
    if shown.record is None or at.sight != "all":
        return
    record = shown.record
    found = [one for one in at.desk.entries(record.run) if one.kind == "comment" and one.collector == collector]
    rows = [{"at": str(one.at), "who": one.who, "text": one.body["text"]} for one in found]
    with ui.panel("pay_comments", ui.say("payday.comments_title", n=formats.count(len(rows)))) as panel:
        panel.table(rows, columns(at="text", who="text", text="text"), empty=ui.say("payday.no_comments"))
        with st.form("pay_remark"):
            st.text_input(ui.say("payday.remark"), key="pay_remark_text", max_chars=ledgers.LONGEST_REASON)

            def sent() -> None:
                at.desk.ledger.comment(record.run, at.desk.person, st.session_state["pay_remark_text"], collector)

            _button("remark", sent, "payday.done_comment", "pay_remark_text")


def adjustments(at: Payday) -> None:
    """The month's adjustments, and a form for one more while the month is open."""
    if at.sight != "all" or at.old:
        return
    desk, lang = at.desk, ui.lang()
    found = desk.ledger.adjustments(desk.dataset, at.month, at.plan.id)
    known = desk.names()
    with ui.panel("pay_adjustments", ui.say("payday.adjust_title", n=formats.count(len(found))), ui.say("payday.adjust_note")) as panel:
        rows = [
            {
                "number": one.id, "collector": one.collector, "name": known.get(one.collector), "amount": one.amount,
                "kind": telling.adjustment(one.kind, lang), "reason": one.reason, "author": one.author,
            }
            for one in found
        ]  # fmt: skip
        shape = columns(number="text", collector="text", name="text", amount="money", kind="text", reason="text", author="text")
        panel.table(rows, shape, empty=ui.say("payday.no_adjustments"))
        locked = at.shown is not None and at.shown.record is not None and at.shown.record.is_locked
        if at.may("prepare") and not locked and at.shown is not None and at.shown.run.statements:
            _adjust(at, [one.collector for one in at.shown.run.statements], known)
            if found:
                _drop(at, [one.id for one in found])


def _adjust(at: Payday, people: Sequence[str], known: Mapping[str, str]) -> None:
    lang, desk = ui.lang(), at.desk
    kinds = {kind: telling.adjustment(kind, lang) for kind in ADJUSTMENTS}
    named = {one: f"{known[one]} ({one})" if one in known else one for one in sorted(people)}
    with _folded("adjust", ":material/add:"), st.form("pay_adjust"):
        st.selectbox(ui.say("payday.collector"), list(named), format_func=named.__getitem__, key="pay_adjust_who")
        st.text_input(ui.say("payday.amount_hint"), key="pay_adjust_amount")
        st.selectbox(ui.say("payday.kind"), list(kinds), format_func=kinds.__getitem__, key="pay_adjust_kind")
        st.text_input(ui.say("payday.reason"), key="pay_adjust_reason", max_chars=ledgers.LONGEST_REASON)

        def sent() -> None:
            held = {name: st.session_state[f"pay_adjust_{name}"] for name in ("who", "amount", "kind", "reason")}
            amount = ledgers.amount(held["amount"])
            desk.ledger.adjust(desk.dataset, at.month, at.plan.id, held["who"], amount, desk.person, held["reason"], held["kind"])

        _button("adjust", sent, "payday.done_adjust", "pay_adjust_amount", "pay_adjust_reason")


def _drop(at: Payday, numbers: Sequence[str]) -> None:
    with _folded("drop", ":material/remove:"), st.form("pay_drop"):
        st.selectbox(ui.say("payday.number"), numbers, key="pay_drop_number")
        st.text_input(ui.say("payday.reason"), key="pay_drop_reason")

        def sent() -> None:
            at.desk.ledger.drop_adjustment(int(st.session_state["pay_drop_number"]), at.desk.person, st.session_state["pay_drop_reason"])

        _button("drop", sent, "payday.done_drop", "pay_drop_reason")


def disputes(at: Payday) -> None:
    """Disputes with their answers and where they stand, and a form to answer one."""
    desk, lang = at.desk, ui.lang()
    found = desk.disputes()
    waiting = [one for one in found if one.status in ("open", "answered")]
    title = ui.say("payday.disputes_title", open=formats.count(len(waiting)), n=formats.count(len(found)))
    with ui.panel("pay_disputes", title, ui.say("payday.disputes_note")) as panel:
        rows = [
            {
                "number": str(one.number), "of_month": one.month, "collector": one.collector, "text": one.text, "who": one.who, "at": str(one.at),
                "status": sentences.status(one.status, lang), "answer": " · ".join(f"{line.who}: {line.body['text']}" for line in one.answers),
            }
            for one in reversed(found)
        ]  # fmt: skip
        shape = [
            Column("number", ui.say("payday.number")), Column("of_month", ui.say("payday.of_month"), "month"),
            Column("collector", ui.say("payday.collector")), Column("status", ui.say("payday.status")), Column("text", ui.say("payday.dispute_text")),
            Column("answer", ui.say("payday.answer_text")), Column("who", ui.say("payday.who")), Column("at", ui.say("payday.at")),
        ]  # fmt: skip
        panel.table(rows, shape, empty=ui.say("payday.no_disputes"))
        if waiting and at.sight == "all" and (at.may("prepare") or at.may("approve")):
            _answer(at, [str(one.number) for one in waiting])


def _answer(at: Payday, numbers: Sequence[str]) -> None:
    kinds = {kind: sentences.status(kind, ui.lang()) for kind in ANSWERS}
    with _folded("answer", ":material/reply:"), st.form("pay_answer"):
        st.selectbox(ui.say("payday.number"), numbers, key="pay_answer_number")
        st.selectbox(ui.say("payday.answer_as"), list(kinds), format_func=kinds.__getitem__, key="pay_answer_kind")
        st.text_input(ui.say("payday.answer_text"), key="pay_answer_text", max_chars=ledgers.LONGEST_REASON)

        def sent() -> None:
            held = {name: st.session_state[f"pay_answer_{name}"] for name in ("number", "kind", "text")}
            at.desk.ledger.answer(int(held["number"]), held["kind"], at.desk.person, held["text"])

        _button("answer", sent, "payday.done_answer", "pay_answer_text")


def differences(at: Payday) -> None:
    """What locked months would be paid more or less today, as it comes into this one."""
    shown = at.shown
    if shown is None or at.sight != "all":
        return
    rows: list[dict[str, Any]] = []
    for one in shown.run.statements:
        for line in one.lines:
            for part in line.parts if line.step_kind == "corrections" else ():
                cut = dict(part.cut)
                month, paid, due = date.fromisoformat(f"{cut['month']}-01"), Decimal(cut["paid"]), Decimal(cut["due"])
                rows.append({"collector": one.collector, "of_month": month, "was_paid": paid, "is_due": due, "difference": part.amount})
    total = sum((row["difference"] for row in rows), ZERO)
    title = ui.say("payday.differences_title", n=formats.count(len(rows)), total=ui.money(total))
    with ui.panel("pay_differences", title, ui.say("payday.differences_note")) as panel:
        shape = columns(collector="text", of_month="month", was_paid="money", is_due="money", difference="money")
        panel.table(rows, shape, empty=ui.say("payday.no_differences"))


def _moment(at: Payday) -> datetime | None:
    """The end of a day of the ledger, to see the runs as they stood then; None for now."""
    days = sorted({entry.at.date() for record in at.desk.records(at.plan.id) for entry in record.entries}, reverse=True)
    if len(days) < 2:
        return None
    named = {"": ui.say("payday.now"), **{str(day): formats.day(day, ui.lang()) for day in days}}
    chosen = ui.option("ledger", named, ui.say("payday.stood"), listed=True)
    return datetime.combine(date.fromisoformat(chosen), time.max) if chosen else None


def history(at: Payday) -> None:
    """The runs there were, what happened to the one on screen, and a place for comments."""
    if at.sight != "all":
        return
    desk, lang = at.desk, ui.lang()
    found = list(reversed(desk.records(at.plan.id, as_of=_moment(at))))
    with ui.panel("pay_history", ui.say("payday.history_title", n=formats.count(len(found))), ui.say("payday.history_note")) as panel:
        rows = [
            {
                "run": str(one.run), "of_month": one.month, "status": sentences.status(one.status, lang), "amount": one.total,
                "people": one.people, "version": str(one.version), "as_of": one.as_of, "snapshot": one.snapshot, "who": one.by("prepared"),
                "at": str(one.entries[0].at),
            }
            for one in found
        ]  # fmt: skip
        shape = columns(
            run="text", of_month="month", status="text", amount="money", people="count", version="text", as_of="date", snapshot="text", who="text",
            at="text",
        )  # fmt: skip
        if not rows:
            st.markdown(f":gray[{ui.say('payday.no_history')}]")
            return
        ui.grid(rows, shape, key="pay_runs", pressed=("run", lambda place: st.session_state.update(pay_run=found[place].run)))
        panel.table(rows, shape, shown=False)
    record = at.shown.record if at.shown is not None else None
    if record is not None:
        _entries(at, record)


def _entries(at: Payday, record: Record) -> None:
    lang = ui.lang()
    with ui.panel("pay_entries", ui.say("payday.entries_title", run=record.run)) as panel:
        rows = [
            {"at": str(one.at), "who": one.who, "what": telling.happened(one, lang), "text": telling.detail(one, lang, record.currency)}
            for one in at.desk.entries(record.run)
        ]
        panel.table(rows, columns(at="text", who="text", what="text", text="text"))
        with st.form("pay_comment"):
            st.text_input(ui.say("payday.comment"), key="pay_comment_text", max_chars=ledgers.LONGEST_REASON)

            def sent() -> None:
                at.desk.ledger.comment(record.run, at.desk.person, st.session_state["pay_comment_text"])

            _button("comment", sent, "payday.done_comment", "pay_comment_text")
    _looks(at, record)


def _looks(at: Payday, record: Record) -> None:
    """Who saw whose statement of the month, on the page, as a file, or by a command."""
    found = at.desk.looks(record)
    with ui.panel("pay_looks", ui.say("payday.looks_title", n=formats.count(len(found))), ui.say("payday.looks_note")) as panel:
        rows = [
            {"at": str(one.at), "who": one.who, "collector": one.collector, "form": ui.say(f"pay_look.{one.form}"), "run": str(one.run or "—")}
            for one in found
        ]
        shape = columns(at="text", who="text", collector="text", form="text", run="text")
        panel.counted(ui.say("payday.looks_note"), min(len(rows), MOST_ROWS), len(rows))
        panel.table(rows[:MOST_ROWS], shape, every=lambda: rows, empty=ui.say("payday.no_looks"))
