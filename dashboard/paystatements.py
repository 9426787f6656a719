"""Statements of pay on a page, in words, figures and files, with who looked at them written down; a leader's and a collector's views."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from dashboard import formats, ui
from dashboard.downloads import Column, file_name
from dashboard.formats import plain
from dashboard.frame import opened
from dashboard.home import Home
from dashboard.incentives import desk as desks
from dashboard.incentives import documents, figures, payroll, sentences, telling
from dashboard.incentives.desk import Shown
from dashboard.incentives.documents import Paper
from dashboard.incentives.statement import Statement
from dashboard.paywork import MOST_ROWS, Payday, columns, guarded
from dashboard.paywritten import comments, dispute
from dashboard.printing import NoFont, font_file
from dashboard.warehouse import Warehouse

#: Writes that statements were seen: how, and whose.
Look = Callable[[str, Sequence[str]], None]


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
    comments(at, shown, collector)
    dispute(at, shown, collector)


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
