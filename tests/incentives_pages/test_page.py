"""The page of incentives by role: who sees which pay, who may take which step, and that a request past the widgets is refused too."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import streamlit as st
from click.testing import Result
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from dashboard import state
from dashboard.access import LOCAL_PERSON, Person, Scope, people
from dashboard.contract import ROOT
from dashboard.home import Home
from dashboard.incentives import commands, payroll, runs
from dashboard.incentives import desk as desks
from dashboard.incentives.desk import Desk, NotForYou
from dashboard.incentives.engine import Refusal, RunRefused
from dashboard.incentives.gathering import NotSupplied, Untied
from dashboard.incentives.ledger import Ledger, Record, Refused, Tampering
from dashboard.warehouse import Warehouse
from tests.conftest import Given

MONTH = date(2026, 9, 1)
PEOPLE = """
[[person]]
id = "hr1"
role = "hr"

[[person]]
id = "hr2"
role = "hr"

[[person]]
id = "lead"
role = "leader"
teams = ["{team}"]

[[person]]
id = "payer"
role = "leader"
teams = ["{team}"]
rights = ["pay_team"]

[[person]]
id = "worker"
role = "collector"
collector = "{worker}"

[[person]]
id = "project"
role = "project"
"""
Open = Callable[..., AppTest]


class World:
    """A home with the sample, people of every role, and a ledger of its own."""

    def __init__(self, home: Path, place: Path) -> None:
        self.home, self.warehouse = Home(home), Warehouse(Home(home).info("sample"))
        self.ledger = Ledger(state.State(f"sqlite:///{place / 'state.db'}"))
        self.plan = runs.known_plans(home).at("bank", MONTH)
        run = runs.compute(self.warehouse, self.plan, MONTH)[0]
        self.total = run.total
        best = max(run.statements, key=lambda one: (one.amount, one.collector))
        self.worker, self.team, self.amount = best.collector, best.team, best.amount
        self.other = next(one.collector for one in run.statements if one.team != self.team)
        self.file = place / "people.toml"
        self.file.write_text(PEOPLE.format(team=self.team, worker=self.worker), encoding="utf-8")
        self.people = people(self.file)

    def desk(self, who: str) -> Desk:
        return Desk(self.warehouse, self.ledger, runs.known_plans(self.home.path), self.people[who])

    def locked(self) -> Record:
        """The month's run, locked (once)."""
        first, second = self.people["hr1"], self.people["hr2"]
        record = self.ledger.live("sample", MONTH, "bank") or runs.prepare(self.warehouse, self.plan, MONTH, self.ledger, first)
        if record.status == "prepared":
            self.ledger.review(record.run, first)
            self.ledger.approve(record.run, second)
            record = self.ledger.lock(record.run, second)
        return record


@pytest.fixture(scope="module")
def world(loaded_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(loaded_home, tmp_path_factory.mktemp("pay"))
    yield made
    made.ledger._state.close()


@pytest.fixture
def opened(world: World, monkeypatch: pytest.MonkeyPatch) -> Open:
    def open_page(who: str, lang: str = "en", **session: Any) -> AppTest:
        monkeypatch.setenv("COLLECTIONS_HOME", str(world.home.path))
        monkeypatch.setenv("COLLECTIONS_PEOPLE", str(world.file))
        monkeypatch.setenv("COLLECTIONS_USER", who)
        monkeypatch.setenv("COLLECTIONS_STATE", f"sqlite:///{world.file.parent / 'page.db'}")
        app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60)
        app.query_params["lang"] = lang
        for name, value in session.items():
            app.session_state[name] = value
        app.switch_page(str(ROOT / "pages" / "incentives.py"))
        app.query_params["page.month"] = f"{MONTH:%Y-%m}"
        app.run()
        assert not app.exception, [error.value for error in app.exception]
        return app

    return open_page


def read(app: AppTest) -> str:
    """Everything on the page, tables included."""
    said = [str(element.value) for kind in (app.markdown, app.caption, app.info, app.error, app.warning, app.success) for element in kind]
    return " ".join([*said, *(frame.value.to_csv() for frame in app.dataframe)]).replace("\\", "")


def press(app: AppTest, key: str) -> AppTest:
    app.button(key=key).click().run()
    assert not app.exception, [error.value for error in app.exception]
    return app


def test_a_month_from_draft_to_payroll_by_two_people(opened: Open, world: World) -> None:
    app = opened("hr1")
    assert "nothing is prepared yet" in read(app)
    press(app, "pay_prepare")
    assert "Run 1 is draft" in read(app) and f"{world.total:,.2f}" in read(app)
    press(app, "pay_review")
    press(app, "pay_approve")
    assert "hr1 prepared run 1 of 2026-09: somebody else has to approve it" in read(app)
    other = opened("hr2")
    press(other, "pay_approve")
    press(other, "pay_lock")
    press(other, "pay_export")
    assert "Run 1 is exported" in read(other) and "25 rows" not in read(other) and "SHA-256" in read(other)
    assert "Everything stored is as it was written" in read(other)
    late = press(opened("hr1"), "pay_export")
    assert "Made before; these are the same bytes." in read(late)
    zh = read(opened("hr1", "zh"))
    assert "第 1 号已导出" in zh and "编制: **hr1**" in zh


def test_why_a_month_is_not_prepared_is_said(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where other data came into service since the draft: said in words, whatever it is."""
    app = opened("hr1")
    app.query_params["page.month"] = "2026-08"
    app.run()
    for error, told in (
        (NotSupplied(("attendance",)), "Not supplied in this data: Attendance"),
        (RunRefused([Refusal("commission", "no_rate", "bucket=M9")]), "bucket=M9"),
        (Untied("net cash by team {}"), "nothing may be paid on it. net cash by team"),
    ):

        def prepared(*_: object, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(runs, "prepare", prepared)
        press(app, "pay_prepare")
        assert told in app.error[0].value.replace("\\", ""), told


@pytest.mark.parametrize(("who", "sees"), [("hr1", "all"), ("payer", "team"), ("lead", "progress"), ("worker", "own"), ("project", "none")])
def test_what_each_role_may_fetch(world: World, who: str, sees: str) -> None:
    """Asked of the functions that fetch, not of widgets."""
    record, desk = world.locked(), world.desk(who)
    assert desks.sight(desk.person) == sees
    shown = desk.shown("bank", MONTH)
    seen = {one.collector for one in shown.run.statements}
    everybody = {one.collector for one in world.ledger.result(record.run).statements}
    own_team = {one.collector for one in world.ledger.result(record.run).statements if one.team == world.team}
    assert seen == {"all": everybody, "team": own_team, "progress": set(), "own": {world.worker}, "none": set()}[sees]
    assert shown.whole == (sees == "all") and shown.fingerprint == record.result_hash
    told = {one.team for one in (*shown.run.ties, *shown.run.uncredited)}
    assert len(told) > 1 if sees == "all" else told <= ({world.team} if sees in ("team", "progress") else set())
    known = desk.names()
    if sees != "all":
        with pytest.raises(NotForYou):
            desk.paper(shown, world.other, "en", known)
        with pytest.raises(NotForYou):  # nor by way of a run that somebody else was shown
            desk.paper(world.desk("hr1").shown("bank", MONTH), world.other, "en", known)
        with pytest.raises(NotForYou):
            desk.records()
        with pytest.raises(NotForYou):
            desk.entries(record.run)
    if sees in ("own", "none"):
        assert world.other not in known
        with pytest.raises(NotForYou):
            desk.progress(world.plan, MONTH)
    else:
        rows = desk.progress(world.plan, MONTH)
        assert {row["collector"] for row in rows} == (everybody if sees == "all" else own_team) and "amount" not in rows[0]


def test_no_right_lets_a_collector_see_others_pay() -> None:
    assert desks.sight(Person("w", Scope("collector", None, False, "W1"), frozenset({"pay_all", "pay_team"}))) == "own"


def test_a_month_is_open_until_the_data_hold_its_last_day(world: World) -> None:
    def open_on(day: int) -> bool:
        return desks.month_is_open(MONTH, replace(world.warehouse.info, as_of=date(2026, 9, day)))

    assert open_on(29) and not open_on(30)


def test_looks_are_told_of_one_run_and_of_estimates(world: World) -> None:
    record, payer = world.locked(), world.people["payer"]
    for run in (record.run, record.run + 100, None):
        world.ledger.looks.add(payer, "page", "sample", MONTH, "bank", run, [world.worker])
    assert {one.run for one in world.desk("hr1").looks(record)} == {record.run, None}


def test_a_draft_is_for_hr_only(world: World) -> None:
    month = date(2026, 10, 1)
    record = runs.prepare(world.warehouse, world.plan, month, world.ledger, world.people["hr1"])
    with pytest.raises(NotForYou):
        world.desk("worker").kept(record)
    shown = world.desk("worker").shown("bank", month)
    assert shown.estimate and {one.collector for one in shown.run.statements} <= {world.worker}
    assert [row[0].month for row in world.desk("worker").own()] in ([], [MONTH])
    world.ledger.withdraw(record.run, world.people["hr1"], "only looked at")


def test_a_leader_s_page_shows_no_pay(opened: Open, world: World) -> None:
    text = read(opened("lead"))
    assert "How far your people are" in text and world.worker in text and world.other not in text
    assert f"{world.amount:.2f}" not in text and f"{world.amount:,.2f}" not in text
    paid = read(opened("payer"))
    assert f"{world.amount:.2f}" in paid and world.other not in paid


def test_a_collector_s_page_shows_their_own_and_no_other(opened: Open, world: World) -> None:
    text = read(opened("worker"))
    assert f"¥{world.amount:,.2f} is paid" in text and world.other not in text
    opened_other = read(opened("worker", pay_open=world.other))
    assert world.other not in opened_other
    assert "Pay statement" in text and "Order" not in text.split("Your months")[1]


def looks(world: World) -> list[tuple[str, str, str]]:
    kept = state.State(f"sqlite:///{world.file.parent / 'page.db'}")
    found = [(one.who, one.collector, one.form) for one in reversed(Ledger(kept).looks.of("sample", MONTH, "bank"))]
    kept.close()
    return found


def test_a_look_at_a_statement_is_written_once_a_session_and_shown_to_hr(opened: Open, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    made: dict[str, Callable[[], bytes]] = {}
    monkeypatch.setattr(st, "download_button", lambda label, data, *_, key, **__: made.update({key: data}))
    kept = state.State(f"sqlite:///{world.file.parent / 'page.db'}")
    if (ledger := Ledger(kept)).live("sample", MONTH, "bank") is None:
        runs.prepare(world.warehouse, world.plan, MONTH, ledger, world.people["hr1"])
    kept.close()
    before = len(looks(world))
    app = opened("payer")
    assert looks(world)[before:] == []  # the list of a team is no statement
    app.session_state["pay_open"] = world.worker
    app.run()
    app.run()
    assert looks(world)[before:] == [("payer", world.worker, "page")]
    assert made["pay_pdf_en"]().startswith(b"%PDF") and made["pay_pdf_zh"]().startswith(b"%PDF") and made["pay_xlsx_en"]().startswith(b"PK")
    assert looks(world)[before + 1 :] == [("payer", world.worker, "pdf"), ("payer", world.worker, "xlsx")]
    opened("payer", pay_open=world.worker)  # another session
    opened("payer", pay_open=world.other)  # not theirs: nothing is seen
    assert looks(world)[before + 3 :] == [("payer", world.worker, "page")]
    shown = next(frame.value for frame in opened("hr1").dataframe if "form" in frame.value)
    assert list(shown.columns) == ["at", "who", "collector", "form", "run"] and len(shown) == len(looks(world))
    assert set(shown["form"]) == {"on the page", "as a PDF", "as a workbook"} and world.worker in set(shown["collector"])
    with pytest.raises(NotForYou):
        world.desk("payer").looks(world.locked())


def test_a_statement_isn_t_shown_where_the_look_can_t_be_written(opened: Open, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise state.StateUnavailable("disk full")

    monkeypatch.setattr("dashboard.incentives.looks.Looks.add", broken)
    text = read(opened("worker"))
    assert "disk full" in text and f"{world.amount:,.2f}" not in text


def test_the_payroll_file_is_one_and_the_same(world: World) -> None:
    record, hr = world.locked(), world.people["hr2"]
    names = {**world.desk("hr2").names(), world.worker: "=cmd|' /C calc'!A0"}
    layout = payroll.layout()
    first, again = payroll.export(world.ledger, record, names, layout, hr)
    assert not again
    text = first.content.decode("utf-8-sig").splitlines()
    assert text[0] == "Employee ID,Name,Team,Period,Variable pay,Currency,Run"
    total = sum((Decimal(line.split(",")[4]) for line in text[1:-1]), Decimal(0))
    assert total == world.total == first.total and len(text) == first.rows + 2
    assert text[-1] == f"TOTAL,{first.rows},,,{world.total:.2f},,"
    assert f"{world.worker},'=cmd|' /C calc'!A0," in "\n".join(text)
    other = payroll.Layout((("collector", "No"), ("amount", "Pay")), "xlsx", "")
    second, again = payroll.export(world.ledger, record, {}, other, hr)  # another layout and other names by now: still the file that was made
    assert again and second == first
    made = [entry for entry in world.ledger.entries(run=record.run) if entry.kind == "exported"]
    assert [entry.body["sha256"] for entry in made] == [first.sha256] * 2 and world.ledger.verify() == []


def test_a_layout_says_everything_that_is_wrong() -> None:
    text = '[file]\nformat = "pdf"\n[[column]]\nvalue = "salary"\nhead = ""\nwidth = 3\n[[column]]\nvalue = "amount"\nhead = "A"'
    with pytest.raises(payroll.PlanError) as error:
        payroll.parsed(text)
    said = str(error.value)
    for part in ('file.format: got "pdf"', 'column 1.value: got "salary"', 'column 1.head: got ""', "column 1: got width", "0 columns of collector"):
        assert part in said


def test_excel_for_payroll_holds_control_totals(world: World) -> None:
    record = world.locked()
    layout = payroll.Layout((("collector", "ID"), ("amount", "Pay")), "xlsx", "")
    file = payroll.made(world.ledger.result(record.run), record, {}, layout)
    book = openpyxl.load_workbook(io.BytesIO(file.content))
    about = {row[0].value: row[1].value for row in book["About 说明"].iter_rows()}
    assert str(world.total) in about.values() and record.result_hash in about.values() and file.rows == book.worksheets[0].max_row - 1


def test_tampering_is_said_on_the_page(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's own ledger holds the run of the first test."""
    monkeypatch.setattr(Ledger, "verify", lambda self: [Tampering("result_changed", 1, 1)])
    st.cache_data.clear()
    text = read(opened("hr1"))
    st.cache_data.clear()
    assert "What is stored isn't what was written" in text and "The stored result of run 1 was altered" in text


def test_adjustments_disputes_and_comments_are_written_with_author_and_reason(world: World) -> None:
    """What the forms of the page call, on the ledger of this module."""
    record, worker = world.locked(), world.people["worker"]
    number = world.ledger.dispute(record.run, world.worker, worker, "one payment is missing", "commission")
    world.ledger.dispute(record.run, world.other, world.people["hr1"], "said by telephone: two payments are missing")
    assert [one.number for one in world.desk("worker").disputes()] == [number] and world.desk("lead").disputes() == []
    world.ledger.answer(number, "rejected", world.people["hr2"], "it was reversed")
    found = next(one for one in world.desk("hr1").disputes() if one.number == number)
    assert (found.status, found.answers[-1].body["text"], found.answers[-1].who) == ("rejected", "it was reversed", "hr2")
    world.ledger.adjust("sample", date(2026, 10, 1), "bank", world.worker, Decimal("50"), world.people["hr1"], "welcome bonus", "bonus")
    shown = world.desk("worker").estimate(world.plan, date(2026, 10, 1))
    line = next(line for line in shown.run.statements[0].lines if line.step == "adjustments")
    assert line.amount == 50 and dict(line.parts[0].cut) == {"kind": "bonus", "author": "hr1", "reason": "welcome bonus"}


def test_files_from_the_command_line(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = world.locked()
    monkeypatch.setenv("COLLECTIONS_HOME", str(world.home.path))
    monkeypatch.setenv("COLLECTIONS_STATE", f"sqlite:///{world.file.parent / 'state.db'}")
    monkeypatch.setenv("COLLECTIONS_PEOPLE", str(world.file))
    run = CliRunner()

    def asked(*words: str) -> Result:
        return run.invoke(commands.app, [*words, "--out", str(tmp_path)])

    first = asked("export", str(record.run), "--as", "hr1")
    assert first.exit_code == 0 and f"¥{world.total:,.2f}" in first.output
    (file,) = tmp_path.glob("*.csv")
    content = file.read_bytes()
    assert asked("export", str(record.run), "--as", "hr2").exit_code == 0 and file.read_bytes() == content
    assert asked("papers", str(record.run), "--as", "hr1", "--lang", "zh").exit_code == 0
    assert len(list(tmp_path.glob("statement_bank_2026-09_zh.pdf"))) == 1
    assert asked("papers", str(record.run), "--as", "worker", "--kind", "xlsx").exit_code == 0
    assert [path.name for path in tmp_path.glob("*.xlsx")] == [f"statement_bank_2026-09_{world.worker}_en.xlsx"]
    looks = [one for one in reversed(world.ledger.looks.of("sample", MONTH, "bank")) if one.form != "page"]
    seen = [(one.who, one.collector, one.form) for one in looks]
    everybody = [one.collector for one in world.ledger.result(record.run).statements]
    assert seen == [*(("hr1", one, "pdf") for one in everybody), ("worker", world.worker, "xlsx")]
    for words in (("papers", str(record.run), "--as", "lead"), ("papers", str(record.run), "--as", "worker", "--collector", world.other)):
        refused = asked(*words)
        assert refused.exit_code == 1 and "may not do this" in refused.output
    assert asked("export", str(record.run), "--as", "worker").exit_code == 1


def test_the_open_month_is_an_estimate_as_of_its_last_day(given: Callable[..., Given], tmp_path: Path) -> None:
    shop = given(
        cases="case_id | placed_on\nC1 | 2026-01-01", collectors="collector_id | team | grade\nW1 | A | x\nW2 | A | x",
        assignments="case_id | assigned_at | collector_id\nC1 | 2026-01-01 | W1", attendance="collector_id | worked_on | productive_hours\nW1 | 2026-02-02 | 7",
        payments="payment_id | case_id | paid_on | amount | kind | reverses\nP1 | C1 | 2026-02-03 | 10000 | payment |",
        reviews="collector_id | reviewed_on | score | critical\nW1 | 2026-02-02 | 90 | false",
        trainings="collector_id | course | taken_on | kind | passed\nW1 | law | 2026-01-05 | law | true",
        complaints="complaint_id | received_at | collector_id | category | upheld | resolved_at\nK1 | 2026-01-03 10:00:00 | W2 | x | false | 2026-01-09",
        as_of="2026-02-15",
    )  # fmt: skip
    kept = state.State(f"sqlite:///{tmp_path / 'state.db'}")
    ledger, known = Ledger(kept), runs.known_plans()
    assert desks.months(shop.warehouse.info)[0] == date(2026, 2, 1) and desks.month_is_open(date(2026, 2, 1), shop.warehouse.info)
    worker = Desk(shop.warehouse, ledger, known, Person("w", Scope("collector", None, False, "W1")))
    shown = worker.shown("bank", date(2026, 2, 1))
    (mine,) = shown.run.statements
    assert shown.estimate and mine.collector == "W1" and mine.payments() == ("P1",) and mine.amount > 0
    paper = worker.paper(shown, "W1", "en", worker.names(), shop.warehouse)
    assert paper.mark == "ESTIMATE for the open month as of 15 Feb 2026: it will change." and paper.name == "W1"
    with pytest.raises(Refused, match="month_incomplete"):
        runs.prepare(shop.warehouse, known.at("bank", date(2026, 2, 1)), date(2026, 2, 1), ledger, LOCAL_PERSON)
    kept.close()
