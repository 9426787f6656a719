"""What the pages of pay are made of: the month and plan in the link, a run and its life, statements, forms; what may be seen is desk's to say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from decimal import Decimal
from functools import partial
from typing import Any, Literal

import streamlit as st

from dashboard import formats, naming, state, ui
from dashboard.access import Person
from dashboard.downloads import Column, file_name
from dashboard.formats import plain
from dashboard.frame import opened
from dashboard.home import Home
from dashboard.incentives import desk as desks
from dashboard.incentives import documents, figures, payroll, problems, runs, sentences, telling
from dashboard.incentives import ledger as ledgers
from dashboard.incentives.desk import Desk, NotForYou, Shown
from dashboard.incentives.documents import Paper
from dashboard.incentives.engine import RunRefused
from dashboard.incentives.gathering import NotSupplied, Untied
from dashboard.incentives.ledger import ADJUSTMENTS, ANSWERS, Ledger, Record, Refused, Tampering
from dashboard.incentives.plan import Plan
from dashboard.incentives.planfile import parse
from dashboard.incentives.problems import PlanError
from dashboard.incentives.statement import ZERO, Run, Statement
from dashboard.printing import NoFont, font_file
from dashboard.state import StateTooNew, StateUnavailable
from dashboard.warehouse import Warehouse

#: Without these nobody can be paid from collections at all.
NEEDED = ("payments", "cases", "assignments", "collectors")
#: Rows of a statement's payments on screen; its files hold all.
MOST_ROWS = 200


#: Writes that statements were seen: how, and whose.
Look = Callable[[str, Sequence[str]], None]


class NoPlan(LookupError):
    """No plan is valid in a month."""


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
        plans = valid(at, month)
        titles = {name: ui.say("payday.plan_option", title=plan.name(lang), version=plan.version) for name, plan in plans.items()}
        first = "bank" if "bank" in titles else next(iter(titles))
        plan = plans[ui.option("plan", titles, ui.say("payday.plan"), default=first, listed=True)]
    if (old := _old(at, plan)) is not None:
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
    try:
        what()
    except Refused as error:
        st.session_state["pay_said"] = ("error", sentences.refusal(error, ui.lang()))
    except StateUnavailable as error:
        st.session_state["pay_said"] = ("error", ui.say("saved.unavailable", cause=str(error)))
    else:
        st.session_state["pay_said"] = ("success", ui.say(done))


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
        raise Refused("not_of_these_inputs") from error


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


# --- statements -------------------------------------------------------------------------------------------------------


def _open(collector: str | None) -> None:
    st.session_state["pay_open"] = collector


def statements(at: Payday) -> None:
    """All statements a person may see, and how pay is spread; pressing one opens it."""
    shown, lang, currency = at.shown, ui.lang(), ui.currency()
    if shown is None:
        return
    chosen = st.session_state.get("pay_open")
    if chosen is not None and shown.run.statement(chosen) is not None:
        st.button(ui.say("payday.close"), key="pay_close", icon=":material/arrow_back:", type="tertiary", on_click=_open, args=(None,))
        statement(at, shown, chosen)
        return
    known = at.desk.names()
    with ui.panel("pay_statements", ui.say("payday.no_statements"), ui.say("payday.statements_note")) as panel:
        found = sorted(shown.run.statements, key=lambda one: (-one.amount, one.collector))
        if not found:
            return
        amounts = [one.amount for one in found]
        low, high, middle = (ui.money(value) for value in (amounts[-1], amounts[0], amounts[(len(amounts) - 1) // 2]))
        panel.title(ui.say("payday.statements_title", n=formats.count(len(found)), low=low, high=high, middle=middle))
        panel.figure(figures.spread({shown.plan.name(lang): amounts}, lang, currency))
        rows = [_row(one, known) for one in found]
        shape = columns(
            collector="text", name="text", team="text", grade="text", cash_credited="money", target="money", attainment="rate", qa_score="number",
            amount="money", carried="money",
        )  # fmt: skip
        ui.grid(rows, shape, key="pay_all", pressed=("collector", lambda place: _open(str(rows[place]["collector"]))))
        panel.table(rows, shape, shown=False)
        if _can_print():
            st.download_button(
                ui.say("payday.all_pdf"), _all_papers(at, shown, known), file_name(("statements", f"{at.month:%Y-%m}", shown.plan.id), "pdf"),
                "application/pdf", key="pay_all_pdf", icon=":material/print:", type="tertiary", on_click="ignore",
            )  # fmt: skip


def _row(one: Statement, known: Mapping[str, str]) -> dict[str, Any]:
    return {
        "collector": one.collector, "name": known.get(one.collector), "team": one.team, "grade": one.grade, "cash_credited": one.quantity("cash"),
        "target": one.quantity("target"), "attainment": one.quantity("attainment"), "qa_score": one.quantity("qa_score"), "amount": one.amount,
        "carried": one.carried,
    }  # fmt: skip


def _can_print() -> bool:
    try:
        font_file()
    except NoFont as error:
        st.caption(ui.say("payday.no_font", cause=plain(error)))
        return False
    return True


def _source(shown: Shown) -> Warehouse | None:
    """The snapshot a run was computed on, None where it is no longer kept."""
    at = ui.frame()
    if shown.run.snapshot == at.info.id:
        return at.warehouse
    home = Home(at.home.path)
    kept = {info.id for info in home.history(shown.run.dataset)}
    return opened(str(home.path), shown.run.dataset, shown.run.snapshot) if shown.run.snapshot in kept else None


def _all_papers(at: Payday, shown: Shown, known: Mapping[str, str]) -> Callable[[], bytes]:
    lang, source = ui.lang(), _source(shown)

    look = _looking(at, shown)

    def made() -> bytes:
        found = [one for one in shown.run.statements if desks.visible(one, at.desk.person)]
        look("pdf", [one.collector for one in found])
        behind = documents.behind(source, found) if source is not None else {}
        papers = [at.desk.paper(shown, one.collector, lang, known) for one in found]
        return documents.pdf_file([replace(paper, behind=behind) for paper in papers])

    return made


def statement(at: Payday, shown: Shown, collector: str) -> None:
    """One statement: in a sentence, as a waterfall, line by line, with the payments behind it and its files."""
    lang, currency = ui.lang(), ui.currency()
    paper = at.desk.paper(shown, collector, lang, at.desk.names(), _source(shown))
    one = paper.statement
    look = _looking(at, shown)
    look("page", [collector])
    with ui.panel(
        "pay_statement", plain(word_of(paper)), ui.say("payday.lines_note", plan=plain(shown.plan.name(lang)), n=formats.count(len(one.payments())))
    ) as panel:
        if paper.mark:
            st.warning(paper.mark, icon=":material/edit_note:")
        st.markdown(ui.unread(telling.summary(one, lang, currency)))
        panel.figure(figures.statement(telling.waterfall(one, shown.plan, lang), lang, currency))
        rows = [
            {
                "number": number, "step": telling.step(shown.plan, line.step, lang), "why": sentences.line(line, lang, currency, shown.plan),
                "adds": line.amount, "total": line.total,
            }
            for number, line in enumerate(one.lines)
        ]  # fmt: skip
        _in_words(rows)
        heads = {name: ui.say(f"pay.{name}") for name in ("number", "step", "why")}
        shape = [
            *(Column(name, head) for name, head in heads.items()),
            Column("adds", f"{ui.say('pay.adds')} · {currency}", "number", True), Column("total", f"{ui.say('pay.total')} · {currency}", "number"),
        ]  # fmt: skip
        panel.table(rows, shape)
        _files(paper, at, look)
        _workings(paper)
        with st.expander(ui.say("payday.order_title"), icon=":material/format_list_numbered:"):
            st.markdown("\n".join(f"{n}. **{plain(name)}** · {plain(says)}" for n, name, says in sentences.order(shown.plan, lang, currency)))
    _behind(paper)
    _comments(at, shown, collector)
    _dispute(at, shown, collector)


def _workings(paper: Paper) -> None:
    """Of what each step is made, base × factors."""
    currency = paper.currency
    rows = [{**row, "of": row["of"] or "Σ"} for row in documents.workings(paper)]
    if not rows:
        return
    with st.expander(ui.say("pay.workings"), icon=":material/calculate:"):
        shape = [
            Column("step", ui.say("pay.step")), Column("of", ui.say("pay.of")), Column("base", f"{ui.say('pay.base')} · {currency}", "number"),
            Column("factors", ui.say("pay.factors")), Column("amount", f"{ui.say('pay.amount')} · {currency}", "number"),
        ]  # fmt: skip
        ui.grid(rows, shape, key="pay_workings")


def _in_words(rows: Sequence[Mapping[str, Any]]) -> None:
    """Every step as a sentence, in the plan's order, with what it adds."""
    said = []
    for row in rows:
        moved = f" → **{ui.money(row['adds'])}**" if abs(row["adds"]) >= telling.CENT / 2 else ""
        said.append(f"{row['number']}\\. **{plain(row['step'])}** · {plain(row['why'])}{moved}")
    st.markdown("  \n".join(said))


def word_of(paper: Paper) -> str:
    """A statement's title."""
    return ui.say("pay.statement_of", name=paper.name, month=formats.month(paper.statement.month, ui.lang()))


def _looking(at: Payday, shown: Shown) -> Look:
    """Writes who saw which statement how: once a session, however often the page is drawn. Works where files are made too, without a session."""
    seen: set[tuple[str, ...]] = st.session_state.setdefault("pay_looks", set())
    of = (at.desk.person.id, at.desk.dataset, f"{shown.run.month:%Y-%m}", shown.run.plan, str(shown.record.run if shown.record else ""))

    def look(form: str, collectors: Sequence[str]) -> None:
        new = [one for one in collectors if (*of, form, one) not in seen]
        if new:
            at.desk.looked(shown, form, new)
            seen.update((*of, form, one) for one in new)

    return look


def _made(make: Callable[[Any], bytes], given: Any, look: Look, form: str, collector: str) -> bytes:
    """A file, once it is written that somebody took it."""
    look(form, [collector])
    return make(given)


def _files(paper: Paper, at: Payday, look: Look) -> None:
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="pay_files"):
        st.caption(ui.say("payday.files"))
        for lang, name in (("en", "EN"), ("zh", "中文")):
            of = replace(paper, lang=lang)
            who = paper.statement.collector
            printed = partial(_made, documents.pdf_file, [of], look, "pdf", who)
            sheets = partial(_made, documents.excel_file, of, look, "xlsx", who)
            parts = ("statement", who, f"{at.month:%Y-%m}", lang)
            if _can_print():
                st.download_button(
                    f"PDF {name}", printed, file_name(parts, "pdf"), "application/pdf", key=f"pay_pdf_{lang}",
                    type="tertiary", icon=":material/print:", on_click="ignore",
                )  # fmt: skip
            st.download_button(
                f"Excel {name}", sheets, file_name(parts, "xlsx"), payroll.MIME["xlsx"], key=f"pay_xlsx_{lang}",
                type="tertiary", icon=":material/table_view:", on_click="ignore", help=ui.say("pay.live"),
            )  # fmt: skip


def _behind(paper: Paper) -> None:
    rows = documents.rows_behind(paper)
    if not rows:
        return
    with ui.panel("pay_payments", ui.say("payday.payments_title", n=formats.count(len(rows))), ui.say("payday.payments_note")) as panel:
        currency = ui.currency()
        texts = {"payment_id": "text", "case_id": "text", "paid_on": "date", "posted_on": "date", "kind": "text"}
        shape = [
            *(Column(name, ui.say(f"pay.{name}"), unit) for name, unit in texts.items()),
            Column("amount", f"{ui.say('pay.amount')} · {currency}", "number", True), Column("share", ui.say("pay.share"), "rate"),
            Column("credited", f"{ui.say('pay.credited')} · {currency}", "number", True),
        ]  # fmt: skip
        if any(row["amount"] is None for row in rows):
            st.caption(ui.say("pay.payments_gone"))
        panel.counted(ui.say("payday.payments_note"), min(len(rows), MOST_ROWS), len(rows))
        ui.grid(rows[:MOST_ROWS], shape, key="pay_behind")
        panel.table(rows[:MOST_ROWS], shape, shown=False, every=lambda: rows)


# --- what people write ------------------------------------------------------------------------------------------------


def _dispute(at: Payday, shown: Shown, collector: str) -> None:
    """Object to a statement, where there is a run to object to."""
    if shown.record is None:
        return
    record, lang = shown.record, ui.lang()
    steps = {"": ui.say("payday.whole_statement"), **{step.id: step.name(lang) for step in shown.plan.steps}}
    with st.form("pay_dispute", clear_on_submit=True):
        st.selectbox(ui.say("payday.about_step"), list(steps), format_func=steps.__getitem__, key="pay_dispute_step")
        st.text_area(ui.say("payday.dispute_text"), key="pay_dispute_text", max_chars=ledgers.LONGEST_REASON)

        def sent() -> None:
            text, step = st.session_state["pay_dispute_text"], st.session_state["pay_dispute_step"]
            at.desk.ledger.dispute(record.run, collector, at.desk.person, text, step)

        st.form_submit_button(ui.say("payday.dispute"), on_click=acted, args=(sent, "payday.done_dispute"))


def _comments(at: Payday, shown: Shown, collector: str) -> None:
    """What was said about a statement by those who see all pay."""
    if shown.record is None or at.sight != "all":
        return
    record = shown.record
    found = [one for one in at.desk.entries(record.run) if one.kind == "comment" and one.collector == collector]
    rows = [{"at": str(one.at), "who": one.who, "text": one.body["text"]} for one in found]
    with ui.panel("pay_comments", ui.say("payday.comments_title", n=formats.count(len(rows)))) as panel:
        panel.table(rows, columns(at="text", who="text", text="text"), empty=ui.say("payday.no_comments"))
        with st.form("pay_remark", clear_on_submit=True):
            st.text_input(ui.say("payday.remark"), key="pay_remark_text", max_chars=ledgers.LONGEST_REASON)

            def sent() -> None:
                at.desk.ledger.comment(record.run, at.desk.person, st.session_state["pay_remark_text"], collector)

            st.form_submit_button(ui.say("payday.remark"), on_click=acted, args=(sent, "payday.done_comment"))


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
    with st.expander(ui.say("payday.adjust"), icon=":material/add:"), st.form("pay_adjust", clear_on_submit=True):
        st.selectbox(ui.say("payday.collector"), list(named), format_func=named.__getitem__, key="pay_adjust_who")
        st.text_input(ui.say("payday.amount_hint"), key="pay_adjust_amount")
        st.selectbox(ui.say("payday.kind"), list(kinds), format_func=kinds.__getitem__, key="pay_adjust_kind")
        st.text_input(ui.say("payday.reason"), key="pay_adjust_reason", max_chars=ledgers.LONGEST_REASON)

        def sent() -> None:
            held = {name: st.session_state[f"pay_adjust_{name}"] for name in ("who", "amount", "kind", "reason")}
            amount = ledgers.amount(held["amount"])
            desk.ledger.adjust(desk.dataset, at.month, at.plan.id, held["who"], amount, desk.person, held["reason"], held["kind"])

        st.form_submit_button(ui.say("payday.adjust"), on_click=acted, args=(sent, "payday.done_adjust"))


def _drop(at: Payday, numbers: Sequence[str]) -> None:
    with st.expander(ui.say("payday.drop"), icon=":material/remove:"), st.form("pay_drop", clear_on_submit=True):
        st.selectbox(ui.say("payday.number"), numbers, key="pay_drop_number")
        st.text_input(ui.say("payday.reason"), key="pay_drop_reason")

        def sent() -> None:
            at.desk.ledger.drop_adjustment(int(st.session_state["pay_drop_number"]), at.desk.person, st.session_state["pay_drop_reason"])

        st.form_submit_button(ui.say("payday.drop"), on_click=acted, args=(sent, "payday.done_drop"))


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
    with st.expander(ui.say("payday.answer"), icon=":material/reply:"), st.form("pay_answer", clear_on_submit=True):
        st.selectbox(ui.say("payday.number"), numbers, key="pay_answer_number")
        st.selectbox(ui.say("payday.answer_as"), list(kinds), format_func=kinds.__getitem__, key="pay_answer_kind")
        st.text_input(ui.say("payday.answer_text"), key="pay_answer_text", max_chars=ledgers.LONGEST_REASON)

        def sent() -> None:
            held = {name: st.session_state[f"pay_answer_{name}"] for name in ("number", "kind", "text")}
            at.desk.ledger.answer(int(held["number"]), held["kind"], at.desk.person, held["text"])

        st.form_submit_button(ui.say("payday.answer"), on_click=acted, args=(sent, "payday.done_answer"))


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
        with st.form("pay_comment", clear_on_submit=True):
            st.text_input(ui.say("payday.comment"), key="pay_comment_text", max_chars=ledgers.LONGEST_REASON)

            def sent() -> None:
                at.desk.ledger.comment(record.run, at.desk.person, st.session_state["pay_comment_text"])

            st.form_submit_button(ui.say("payday.comment"), on_click=acted, args=(sent, "payday.done_comment"))
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


# --- a leader's and a collector's views -------------------------------------------------------------------------------


def progress(at: Payday) -> None:
    """How far a leader's people are, without any pay."""
    with ui.panel("pay_progress", ui.say("payday.progress_title"), ui.say("payday.progress_note")) as panel, guarded():
        rows = at.desk.progress(at.plan, at.month)
        shape = columns(
            collector="text", name="text", team="text", grade="text", cash_credited="money", target="money", attainment="rate", qa_score="number"
        )  # fmt: skip
        panel.table(rows, shape, empty=ui.say("payday.no_statements"))


def own(at: Payday) -> None:
    """A collector's own statement of the month, and the months before."""
    lang, mine = ui.lang(), at.desk.person.scope.collector or ""
    if at.shown is None or at.shown.run.statement(mine) is None:
        st.info(ui.say("payday.own_none", month=formats.month(at.month, lang)))
    else:
        statement(at, at.shown, mine)
    found = at.desk.own()
    with ui.panel("pay_own", ui.say("payday.own_history"), ui.say("payday.own_history_note")) as panel:
        rows = [
            {
                "of_month": one.month, "status": sentences.status(record.status, lang), "cash_credited": one.quantity("cash"), "amount": one.amount,
                "carried": one.carried,
            }
            for record, one in found
        ]  # fmt: skip
        panel.table(
            rows, columns(of_month="month", status="text", cash_credited="money", amount="money", carried="money"), empty=ui.say("payday.no_history")
        )
