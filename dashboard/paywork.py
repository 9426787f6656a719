"""What the pages of pay are made of: the month and plan in the link, a run and its life; what may be seen is desk's to say."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

import streamlit as st

from dashboard import formats, memory, naming, state, ui
from dashboard.access import Person
from dashboard.downloads import Column
from dashboard.filters import month_end
from dashboard.formats import plain
from dashboard.frame import opened
from dashboard.incentives import desk as desks
from dashboard.incentives import ledger as ledgers
from dashboard.incentives import payroll, problems, runs, sentences, telling
from dashboard.incentives.desk import Desk, NotForYou, Shown
from dashboard.incentives.engine import RunRefused
from dashboard.incentives.gathering import NotSupplied, Untied
from dashboard.incentives.ledger import Ledger, Record, Refused, Tampering
from dashboard.incentives.plan import Plan
from dashboard.incentives.planfile import parse
from dashboard.incentives.problems import PlanError
from dashboard.incentives.statement import ZERO, Run
from dashboard.state import StateTooNew, StateUnavailable

#: Without these nobody can be paid from collections at all.
NEEDED = ("payments", "cases", "assignments", "collectors")
#: Rows of a statement's payments on screen; its files hold all.
MOST_ROWS = 200


class NoPlan(LookupError):
    """No plan is valid in a month."""


class Unready(ValueError):
    """A month can't be prepared; says why in the page's language."""


def nothing_for(person: Person) -> None:
    """Raises NotForYou: who sees neither others' pay nor has any of their own."""
    raise NotForYou(person.id)


@dataclass(frozen=True)
class Payday:
    """What a page of pay shows: whose eyes, which month, which plan; the run as they may see it, or why there is none."""

    desk: Desk
    month: date
    plan: Plan
    shown: Shown | None
    old: bool = False

    @property
    def sight(self) -> str:
        return desks.sight(self.desk.person)

    def may(self, right: str) -> bool:
        """Whether the person has a right."""
        return self.desk.person.may(right)


@st.cache_resource(max_entries=4, show_spinner=False)
def _ledger(address: str) -> Ledger:
    return Ledger(state.opened(address))


@st.cache_resource(max_entries=48, show_spinner=False)
def _computed(home: str, dataset: str, snapshot: str, text: str, month: date, address: str, head: str) -> Run:
    """A month's run for everybody; whoever shows it leaves out what a person may not see (desk.limited)."""
    with memory.growing():
        return runs.compute(opened(home, dataset, snapshot), parse(text), month, _ledger(address))[0]


@st.cache_data(ttl=300, max_entries=8, show_spinner=False)
def _verified(address: str, head: str) -> list[Tampering]:
    return _ledger(address).verify()


def _head(ledger: Ledger, dataset: str) -> str:
    entries = ledger.entries(dataset)
    return entries[-1].hash if entries else ""


def at_desk() -> Desk:
    """Pay as the person who looks sees it."""
    at = ui.frame()
    address = state.address(at.home.path)
    ledger = _ledger(address)
    head = _head(ledger, at.view.dataset)

    def computed(plan: Plan, month: date) -> Run:
        return _computed(str(at.home.path), at.view.dataset, at.view.snapshot, plan.text, month, address, head)

    return Desk(at.warehouse, ledger, runs.known_plans(at.home.path), at.person, computed)


@contextmanager
def guarded() -> Iterator[None]:
    """Turns what pay can't be shown for into a message in its place."""
    try:
        with ui.guarded():
            yield
    except NotSupplied as error:
        ui.not_supplied(error.needs)
    except PlanError as error:
        st.error("\n".join([ui.say("payday.plan_broken"), *(f"- {plain(line)}" for line in problems.lines(error.problems, ui.lang()))]))
    except Untied as error:
        st.error(ui.say("payday.untied", cause=plain(error)), icon=":material/balance:")
    except NoPlan as error:
        st.info(ui.say("payday.no_plan", month=str(error)), icon=":material/event_busy:")
    except NotForYou:
        st.info(ui.say("payday.no_money"), icon=":material/lock:")
    except StateTooNew:
        st.warning(ui.say("saved.too_new"), icon=":material/update:")
    except StateUnavailable as error:
        st.warning(ui.say("saved.unavailable", cause=plain(error)), icon=":material/error:")


def asked() -> Payday:
    """The month and plan of the link, offered to be changed, and the run of them as this person may see it."""
    ui.supplied(*NEEDED)
    at, lang = at_desk(), ui.lang()
    info = ui.frame().info
    offered = desks.months(info)
    named = {
        f"{month:%Y-%m}": ui.say("payday.month_open", month=formats.month(month, lang))
        if desks.month_is_open(month, info)
        else formats.month(month, lang)
        for month in offered
    }
    whole = next((f"{month:%Y-%m}" for month in offered if not desks.month_is_open(month, info)), next(iter(named)))
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom", key="pay_choice"):
        month = date.fromisoformat(f"{ui.option('month', named, ui.say('payday.month'), default=whole, listed=True)}-01")
        ui.covers(month, month_end(month))
        plans = valid(at, month)
        titles = {name: ui.say("payday.plan_option", title=plan.name(lang), version=plan.version) for name, plan in plans.items()}
        first = "bank" if "bank" in titles else next(iter(titles))
        plan = plans[ui.option("plan", titles, ui.say("payday.plan"), default=first, listed=True)]
    if (old := _old(at, plan)) is not None:
        ui.covers(old.month, month_end(old.month))
        return Payday(at, old.month, at.ledger.plan(old.plan, old.version), at.kept(old), old=True)
    try:
        shown = at.shown(plan.id, month) if desks.sight(at.person) in ("all", "team", "own") else None
    except RunRefused as error:
        st.error("\n".join([ui.say("payday.refused_title"), *(f"- {plain(sentences.refused(one, plan, lang))}" for one in error.refusals)]))
        shown = None
    return Payday(at, month, plan, shown)


def valid(at: Desk, month: date) -> dict[str, Plan]:
    """The plans that hold in a month, by id; raises NoPlan."""
    found = {}
    for name in at.plans.names():
        versions = [plan for plan in at.plans if plan.id == name and plan.valid_from <= month]
        if versions:
            found[name] = max(versions, key=lambda plan: plan.valid_from)
    if not found:
        raise NoPlan(formats.month(month, ui.lang()))
    return found


def _old(at: Desk, plan: Plan) -> Record | None:
    """A run of the history that was opened in this session; only for who sees all pay."""
    number = st.session_state.get("pay_run")
    if number is None or desks.sight(at.person) != "all":
        return None
    record = next((one for one in at.records() if one.run == number), None)
    return record if record is not None and record.plan == plan.id else None


def columns(**units: str) -> list[Column]:
    """Columns of pay; "money" is written to the cent and adds up."""
    made = []
    for name, unit in units.items():
        head = ui.say(f"payday.{name}")
        made.append(Column(name, f"{head} · {ui.currency()}", "number", True) if unit == "money" else Column(name, head, unit))
    return made


def acted(what: Callable[[], object], done: str) -> None:
    """Do something the ledger may refuse, and remember what to say of it on the next run."""
    kept(what, done)


def kept(what: Callable[[], object], done: str) -> bool:
    """The same, and whether it was done."""
    try:
        what()
    except Refused as error:
        st.session_state["pay_said"] = ("error", sentences.refusal(error, ui.lang()))
    except Unready as error:
        st.session_state["pay_said"] = ("error", str(error))
    except StateUnavailable as error:
        st.session_state["pay_said"] = ("error", ui.say("saved.unavailable", cause=str(error)))
    else:
        st.session_state["pay_said"] = ("success", ui.say(done))
        return True
    return False


def said() -> None:
    """What the last action led to."""
    if held := st.session_state.pop("pay_said", None):
        kind, text = held
        (st.error if kind == "error" else st.success)(plain(text), icon=":material/error:" if kind == "error" else ":material/check_circle:")


def _button(name: str, what: Callable[[], object], weight: Literal["primary", "secondary"] = "secondary", help: str | None = None) -> None:
    st.button(ui.say(f"payday.{name}"), key=f"pay_{name}", type=weight, help=help, on_click=acted, args=(what, f"payday.done_{name}"))


# --- a run ------------------------------------------------------------------------------------------------------------


def run(at: Payday) -> None:
    """Where the month's run stands, what it comes to, and what may be done with it."""
    shown, lang = at.shown, ui.lang()
    if shown is None:
        return
    total, n = ui.money(shown.run.total), formats.count(len(shown.run.statements))
    record = shown.record
    title = (
        ui.say("payday.run_title", run=record.run, status=sentences.status(record.status, lang), total=total, n=n)
        if record
        else ui.say("payday.estimate_title", total=total, n=n)
    )
    note = ui.say("payday.run_note", plan=plain(shown.plan.name(lang)), month=formats.month(at.month, lang))
    with ui.panel("pay_run", title, note) as panel:
        if at.old and record is not None:
            text = ui.say("payday.old_run", run=record.run, at=str(record.entries[0].at), status=sentences.status(record.status, lang))
            st.warning(text, icon=":material/history:")
            st.button(ui.say("payday.to_standing"), key="pay_to_standing", on_click=lambda: st.session_state.pop("pay_run", None))
        elif mark := telling.mark(shown.state, shown.run.month, shown.run.as_of, lang):
            st.info(mark, icon=":material/edit_note:")
        cash = sum((one.net_cash for one in shown.run.ties), ZERO)
        panel.facts(
            (ui.say("payday.total"), formats.full_amount(shown.run.total, ui.currency())), (ui.say("payday.people"), n),
            (ui.say("payday.cash"), formats.full_amount(cash, ui.currency())),
            (ui.say("payday.cost"), formats.rate(shown.run.total / cash if cash > 0 else None)),
        )  # fmt: skip
        if record is not None:
            steps = [(ui.say(f"payday.{kind}_by"), record.by(kind)) for kind in ledgers.STEPS]
            panel.facts(*steps, (ui.say("payday.snapshot"), record.snapshot), (ui.say("payday.as_of"), str(record.as_of)))
            _moved(at, record)
        _life(at, record)
        _verify(at)
        for line in shown.run.notes:
            st.caption(plain(sentences.note(line, lang)))
        st.caption(f":material/balance: {plain(telling.tied(shown.run, lang, ui.currency()))}")


def _moved(at: Payday, record: Record) -> None:
    """Whether the data on screen would pay otherwise."""
    if at.old or record.snapshot == ui.frame().info.id:
        return
    try:
        now = at.desk.estimate(at.desk.ledger.plan(record.plan, record.version), at.month).run.total
    except (RunRefused, NotSupplied):
        return
    if now != record.total:
        said = {"amount": ui.money(now), "difference": ui.money(now - record.total)}
        more = ui.say("payday.moved_locked" if record.is_locked else "payday.moved_draft")
        st.warning(f"{ui.say('payday.moved_on', **said)} {more}", icon=":material/update:")


def _life(at: Payday, record: Record | None) -> None:
    """The next steps of a run, for those who may take them."""
    if at.old or not (at.may("prepare") or at.may("approve")):
        return
    desk, status = at.desk, record.status if record else ""
    who, ledger = desk.person, desk.ledger
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="pay_life"):
        if at.may("prepare") and status in ("", "prepared", "withdrawn") and not desks.month_is_open(at.month, ui.frame().info):
            name = "prepare_again" if status == "prepared" else "prepare"
            st.button(
                ui.say(f"payday.{name}"), key="pay_prepare", type="secondary" if status else "primary", on_click=acted,
                args=(lambda: _prepare(at), "payday.done_prepare"),
            )  # fmt: skip
        if record is not None:
            if status == "prepared":
                _button("review", lambda: ledger.review(record.run, who), "primary")
            if status == "reviewed" and at.may("approve"):
                _button("approve", lambda: ledger.approve(record.run, who), "primary")
            if status == "approved" and at.may("approve"):
                _button("lock", lambda: ledger.lock(record.run, who), "primary", ui.say("payday.lock_note"))
            if status in ("prepared", "reviewed", "approved"):
                _withdraw(at, record)
            if record.is_locked:
                _export(at, record)
    if record is not None and status in ("prepared", "reviewed") and record.by("prepared") == who.id:
        st.caption(f":material/group: {ui.say('payday.alone')}")
    _file()


def _prepare(at: Payday) -> None:
    try:
        runs.prepare(at.desk.warehouse, at.plan, at.month, at.desk.ledger, at.desk.person)
    except RunRefused as error:
        told = [ui.say("payday.refused_title"), *(sentences.refused(one, at.plan, ui.lang()) for one in error.refusals)]
        raise Unready(" · ".join(told)) from error
    except NotSupplied as error:
        names = ui.word_list(naming.need(need, ui.lang()) for need in error.needs)
        raise Unready(ui.say("state.not_supplied", names=names)) from error
    except Untied as error:
        raise Unready(ui.say("payday.untied", cause=str(error))) from error


def _withdraw(at: Payday, record: Record) -> None:
    with st.popover(ui.say("payday.withdraw"), key="pay_withdraw_box"):
        text = st.text_input(ui.say("payday.reason"), key="pay_withdraw_reason")
        _button("withdraw", lambda: at.desk.ledger.withdraw(record.run, at.desk.person, text))


def _export(at: Payday, record: Record) -> None:
    before = payroll.exported(at.desk.ledger, record)
    label = ui.say("payday.export_again" if before else "payday.export")

    def exported() -> None:
        file, known = payroll.export(at.desk.ledger, record, at.desk.names(), payroll.layout(ui.frame().home.path), at.desk.person)
        st.session_state["pay_file"] = (record.run, file, known)

    st.button(
        label, key="pay_export", type="secondary" if before else "primary", help=ui.say("payday.export_note"), on_click=acted,
        args=(exported, "payday.done_export"),
    )  # fmt: skip


def _file() -> None:
    """The file for payroll that was just made."""
    if held := st.session_state.get("pay_file"):
        _, file, known = held
        total = ui.money(file.total)
        text = ui.say("payday.exported", name=plain(file.name), rows=formats.count(file.rows), total=total, sha=file.sha256[:16])
        st.caption(f"{text} {ui.say('payday.exported_before') if known else ''}")
        st.download_button(
            ui.say("payday.download_file"), file.content, file.name, file.mime, key="pay_download_file", icon=":material/download:", on_click="ignore"
        )  # fmt: skip


def _verify(at: Payday) -> None:
    """Whether everything stored is as it was written."""
    ledger, address = at.desk.ledger, state.address(ui.frame().home.path)
    if not (entries := ledger.entries(at.desk.dataset)):
        return
    found = _verified(address, entries[-1].hash)
    if found:
        st.error("\n".join([ui.say("payday.tampered"), *(f"- {plain(sentences.tampering(one, ui.lang()))}" for one in found[:20])]))
    else:
        st.caption(f":material/verified: {ui.say('payday.intact', n=formats.count(len(entries)))}")


def ties(at: Payday) -> None:
    """Pay and cash by team, to the cent."""
    shown, lang, currency = at.shown, ui.lang(), ui.currency()
    if shown is None or not shown.run.ties:
        return
    paid: dict[str, Decimal] = {}
    for one in shown.run.statements:
        paid[one.team] = paid.get(one.team, ZERO) + one.amount
    rows = [
        {
            "team": naming.value("team", tie.team, lang), "net_cash": tie.net_cash, "credited": tie.credited,
            "uncredited": sum((amount for _, amount in tie.uncredited), ZERO), "difference": tie.difference, "paid": paid.get(tie.team, ZERO),
            "reasons": " · ".join(
                f"{sentences.code(name, lang)} {formats.full_amount(amount, currency)}" for name, amount in tie.uncredited if amount
            ),
        }
        for tie in shown.run.ties
    ]  # fmt: skip
    with ui.panel("pay_ties", ui.say("payday.tie_title"), ui.say("payday.tie_note")) as panel:
        panel.table(
            rows,
            columns(team="text", net_cash="money", credited="money", uncredited="money", difference="money", paid="money", reasons="text"),
        )
