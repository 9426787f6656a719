"""The life of a run, on SQLite and on PostgreSQL: who may take which step, what never changes, what tampering leaves behind, kills and races."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from dashboard.access import Person, Scope
from dashboard.incentives import engine, runs, sentences
from dashboard.incentives.inputs import Inputs, Remembered
from dashboard.incentives.ledger import Ledger, Record, Refused, Tampering, amount
from dashboard.incentives.plan import Plan
from dashboard.state import State, StateUnavailable
from tests.incentives.paying import d, inputs, paid, person, plan

ROOT = Path(__file__).resolve().parents[2]
ANNA, BO = Person("anna", Scope("hr")), Person("bo", Scope("hr"))
CLERK = Person("clerk", Scope("leader", teams=("A",)))
OWN = Person("w1", Scope("collector", collector="W1"))
RATE = '{ id = "rates", kind = "rate", table = [{ rate = "1%" }] }'
ADJUST = '{ id = "more", kind = "adjustments" }'
PLAN = plan(RATE, ADJUST, ends="carry round")
MARCH = date(2026, 3, 1)


@pytest.fixture
def state(database: str) -> Iterator[State]:
    made = State(database)
    yield made
    made.close()


@pytest.fixture
def ledger(state: State) -> Ledger:
    return Ledger(state)


def month(amount: int = 10_000, when: date = MARCH, ledger: Ledger | None = None) -> Inputs:
    known = Remembered(adjustments=ledger.adjustments("sample", when, "p")) if ledger else None
    return inputs([paid("P1", amount, paid_day=when.replace(day=10).isoformat())], [person()], month=when, remembered=known)


def drafted(ledger: Ledger, given: Inputs | None = None, using: Plan = PLAN, who: Person = ANNA) -> Record:
    given = given or month(ledger=ledger)
    return ledger.prepare(engine.run(using, given), given, using, who)


def locked(ledger: Ledger, given: Inputs | None = None, using: Plan = PLAN) -> Record:
    run = drafted(ledger, given, using).run
    ledger.review(run, ANNA)
    ledger.approve(run, BO)
    return ledger.lock(run, BO)


def test_a_run_goes_from_draft_to_export(ledger: Ledger) -> None:
    run = drafted(ledger).run
    assert [ledger.review(run, ANNA).status, ledger.approve(run, BO, "looks right").status, ledger.lock(run, BO).status] == [
        "reviewed",
        "approved",
        "locked",
    ]
    record = ledger.exported(run, ANNA, {"rows": 1, "total": "100.00"})
    assert record.status == "exported" and record.is_locked
    assert [(entry.kind, entry.who) for entry in record.entries] == [
        ("prepared", "anna"), ("reviewed", "anna"), ("approved", "bo"), ("locked", "bo"), ("exported", "anna"),
    ]  # fmt: skip
    assert record.entries[2].body == {"reason": "looks right"} and record.total == d("100.00") and record.people == 1
    assert ledger.exported(run, BO, {"rows": 1}).status == "exported"  # again, as often as asked
    assert ledger.verify() == []


def test_what_is_kept_is_of_its_inputs_and_plan(ledger: Ledger) -> None:
    run, other = engine.run(PLAN, month()), plan(RATE.replace("1%", "2%"), ADJUST, ends="carry round")
    for given, using in ((month(20_000), PLAN), (month(), other), (replace(month(), month=date(2026, 4, 1)), PLAN)):
        with pytest.raises(Refused) as caught:
            ledger.prepare(run, given, using, ANNA)
        assert caught.value.code == "not_of_these_inputs"
    assert ledger.records() == []


@pytest.mark.parametrize(
    ("taken", "step", "who", "code"),
    [
        ((), "approve", BO, "not_yet"),
        ((), "lock", BO, "not_yet"),
        ((), "exported", BO, "not_yet"),
        (("review",), "review", BO, "already_reviewed"),
        (("review",), "lock", BO, "not_yet"),
        (("review",), "approve", ANNA, "own_run"),
        (("review",), "approve", CLERK, "not_allowed"),
        (("review", "approve"), "approve", BO, "already_approved"),
        (("review", "approve"), "approve", Person("cy", Scope("hr")), "already_approved"),
        (("review", "approve", "lock"), "lock", BO, "already_locked"),
        (("review", "approve", "lock"), "withdraw", BO, "is_locked"),
        (("withdraw",), "review", BO, "is_withdrawn"),
    ],
)
def test_no_step_is_skipped_or_taken_twice_or_by_the_wrong_person(ledger: Ledger, taken: tuple[str, ...], step: str, who: Person, code: str) -> None:
    run = drafted(ledger).run

    def take(name: str, by: Person) -> None:
        getattr(ledger, name)(run, by, {"exported": {}, "withdraw": "because"}.get(name, ""))

    for name in taken:
        take(name, BO)
    before = ledger.entries()
    with pytest.raises(Refused) as caught:
        take(step, who)
    assert caught.value.code == code and ledger.entries() == before
    for lang in ("en", "zh"):
        assert "{" not in sentences.refusal(caught.value, lang)


def test_a_locked_month_is_never_run_again(ledger: Ledger) -> None:
    run = locked(ledger).run
    for attempt, code in (
        (lambda: drafted(ledger, month(20_000)), "month_locked"),
        (lambda: ledger.adjust("sample", MARCH, "p", "W1", d(5), ANNA, "late"), "month_locked"),
        (lambda: drafted(ledger, month(when=date(2026, 2, 1))), "later_locked"),
    ):
        with pytest.raises(Refused) as caught:
            attempt()
        assert caught.value.code == code
    assert ledger.live("sample", MARCH, "p") == ledger.record(run)


def test_a_month_that_is_not_over_stays_an_estimate(ledger: Ledger) -> None:
    with pytest.raises(Refused) as caught:
        drafted(ledger, replace(month(), as_of=date(2026, 3, 30)))
    assert sentences.refusal(caught.value, "en") == "The data end on 2026-03-30: 2026-03 is not complete, so this stays an estimate"


def test_months_are_locked_in_their_order(ledger: Ledger) -> None:
    february, march = drafted(ledger, month(when=date(2026, 2, 1))).run, drafted(ledger).run
    for run in (february, march):
        ledger.review(run, ANNA)
        ledger.approve(run, BO)
    with pytest.raises(Refused) as caught:
        ledger.lock(march, BO)
    assert caught.value.code == "earlier_open" and "2026-02 has run 1" in sentences.refusal(caught.value, "en")
    ledger.lock(february, BO)
    with pytest.raises(Refused) as caught:  # what February carries on is not in it
        ledger.lock(march, BO)
    assert caught.value.code == "earlier_changed"
    ledger.withdraw(march, BO, "February is locked now")
    assert locked(ledger).status == "locked"


def test_preparing_again_withdraws_the_draft_only(ledger: Ledger) -> None:
    first, second = drafted(ledger), drafted(ledger, month(20_000))
    assert (ledger.record(first.run).status, second.status, second.total) == ("withdrawn", "prepared", d("200.00"))
    ledger.review(second.run, BO)
    with pytest.raises(Refused) as caught:
        drafted(ledger)
    assert caught.value.code == "withdraw_first"
    ledger.withdraw(second.run, BO, "wrong month of targets")
    assert drafted(ledger).run == 3 and [one.status for one in ledger.records()] == ["withdrawn", "withdrawn", "prepared"]


def test_a_plan_in_use_is_never_edited(ledger: Ledger) -> None:
    drafted(ledger)
    changed = plan(RATE.replace("1%", "2%"), ADJUST, ends="carry round")
    with pytest.raises(Refused) as caught:
        drafted(ledger, using=changed)
    assert caught.value.code == "plan_changed" and "version 1 is not what it was" in sentences.refusal(caught.value, "en")
    assert drafted(ledger, using=plan(RATE.replace("1%", "2%"), ADJUST, ends="carry round", version=2)).total == d("200.00")
    assert ledger.plan("p", 1).hash == PLAN.hash and ledger.plan("p", 1) == PLAN


def test_a_stored_run_is_reproduced_bit_for_bit(ledger: Ledger) -> None:
    given = month()
    record = locked(ledger, given)
    assert ledger.inputs(record.run).to_json() == given.to_json()
    assert ledger.result_text(record.run) == engine.run(PLAN, given).to_json() == runs.again(ledger, record.run).to_json()
    assert record.result_hash == ledger.result(record.run).result_hash


def test_as_of_shows_what_stood_then(ledger: Ledger) -> None:
    run = locked(ledger).run
    written = ledger.record(run).entries[0].at
    assert ledger.records(as_of=written - timedelta(seconds=1)) == []
    assert ledger.records(as_of=ledger.record(run).entries[-1].at) == ledger.records()


def test_adjustments_have_a_reason_an_author_and_an_open_month(ledger: Ledger) -> None:
    number = ledger.adjust("sample", MARCH, "p", "W1", amount("1,250.50"), ANNA, "  missed   transfer ", "bonus")
    ledger.adjust("sample", MARCH, "p", "W1", d("-50"), ANNA, "desk phone", "deduction")
    assert [(one.amount, one.reason, one.kind, one.author) for one in ledger.adjustments("sample", MARCH, "p")] == [
        (d("1250.50"), "missed transfer", "bonus", "anna"), (d(-50), "desk phone", "deduction", "anna"),
    ]  # fmt: skip
    record = drafted(ledger)
    assert record.total == d("1300.50")
    statement = ledger.result(record.run).statement("W1")
    assert statement is not None and [part.ids for line in statement.lines if line.step == "more" for part in line.parts] == [("1",), ("2",)]
    ledger.drop_adjustment(number, ANNA, "counted twice")
    with pytest.raises(Refused) as caught:
        ledger.review(record.run, BO)
    assert caught.value.code == "adjustments_changed"
    assert drafted(ledger).total == d("50.00")
    for wrong, code in (
        (lambda: ledger.drop_adjustment(number, ANNA, "again"), "dropped_already"),
        (lambda: ledger.adjust("sample", MARCH, "p", "W1", d(5), ANNA, "  "), "no_reason"),
        (lambda: ledger.adjust("sample", MARCH, "p", "W1", d("0.001"), ANNA, "x"), "not_an_amount"),
        (lambda: ledger.adjust("sample", MARCH, "p", "W1", d(0), ANNA, "x"), "not_an_amount"),
        (lambda: ledger.adjust("sample", MARCH, "p", "W1", d("1" + 30 * "0"), ANNA, "x"), "not_an_amount"),
        (lambda: ledger.adjust("sample", MARCH, "p", "W1", d(5), CLERK, "x"), "not_allowed"),
        (lambda: ledger.adjust("sample", MARCH, "p", "W1", d(5), ANNA, "x", "gift"), "unknown_kind"),
        *((partial(amount, text), "not_an_amount") for text in ("five", "12,50", "1.250,00", "1,2345", "1e3", "", "nan")),
    ):
        with pytest.raises(Refused) as caught:
            wrong()
        assert caught.value.code == code


def test_an_amount_is_read_as_it_was_meant() -> None:
    assert [amount(text) for text in (" 1,250.50 ", "-0.5", "+12,000,000", "1250")] == [d("1250.50"), d("-0.5"), d(12_000_000), d(1250)]


def test_who_adjusts_does_not_approve(ledger: Ledger) -> None:
    ledger.adjust("sample", MARCH, "p", "W1", d(10), BO, "bonus for help")
    run = drafted(ledger).run
    ledger.review(run, BO)
    with pytest.raises(Refused) as caught:
        ledger.approve(run, BO)
    assert caught.value.code == "own_adjustment"
    assert ledger.approve(run, Person("cy", Scope("manager"))).status == "approved"


def test_a_dispute_is_answered_and_decided_once(ledger: Ledger) -> None:
    run = locked(ledger).run
    number = ledger.dispute(run, "W1", OWN, "P9 is mine", step="rates")
    assert [(one.status, one.text, one.step, one.who) for one in ledger.disputes("sample", "W1")] == [("open", "P9 is mine", "rates", "w1")]
    ledger.answer(number, "answered", ANNA, "looking into it")
    ledger.answer(number, "accepted", BO, "paid in April")
    (found,) = ledger.disputes("sample")
    assert found.status == "accepted" and [entry.body["text"] for entry in found.answers] == ["looking into it", "paid in April"]
    for wrong, code in (
        (lambda: ledger.answer(number, "rejected", BO, "no"), "decided_already"),
        (lambda: ledger.answer(number, "rejected", OWN, "no"), "not_allowed"),
        (lambda: ledger.answer(99, "rejected", BO, "no"), "no_entry"),
        (lambda: ledger.dispute(run, "W2", OWN, "theirs"), "not_yours"),
        (lambda: ledger.dispute(run, "W2", ANNA, "nobody"), "no_statement"),
        (lambda: ledger.answer(ledger.dispute(run, "W1", BO, "wrong"), "accepted", BO, "right"), "own_dispute"),
    ):
        with pytest.raises(Refused) as caught:
            wrong()
        assert caught.value.code == code
    ledger.comment(run, CLERK, "thanks", collector="W1")
    assert ledger.entries(run=run)[-1].body == {"text": "thanks"} and ledger.verify() == []


def test_nobody_is_paid_twice_for_a_month(ledger: Ledger) -> None:
    locked(ledger)
    other = plan(RATE, ADJUST, ends="carry round", name="q")
    run = drafted(ledger, using=other).run
    ledger.review(run, ANNA)
    ledger.approve(run, BO)
    with pytest.raises(Refused) as caught:
        ledger.lock(run, BO)
    assert caught.value.code == "paid_twice" and caught.value.values["collectors"] == "W1"


@pytest.mark.parametrize("statement", ["delete from pay_runs", "update pay_entries set who = 'x'", "delete from pay_plans"])
def test_the_database_itself_refuses_changes(ledger: Ledger, state: State, statement: str) -> None:
    locked(ledger)
    with pytest.raises((DBAPIError, StateUnavailable), match="append-only"), state.writing() as connection:
        connection.exec_driver_sql(statement)


def unlocked(state: State, table: str) -> None:
    """Take a table's guard off, as somebody with the keys to the database could."""
    with state.writing() as connection:
        if connection.dialect.name == "sqlite":
            for verb in ("update", "delete"):
                connection.exec_driver_sql(f"drop trigger {table}_no_{verb}")
        else:
            connection.exec_driver_sql(f"drop trigger {table}_kept on {table}")


@pytest.mark.parametrize(
    ("table", "statement", "found"),
    [
        ("pay_runs", "update pay_runs set result = inputs where run = 2", [Tampering("result_changed", 2, 5)]),
        ("pay_runs", "update pay_runs set inputs = result where run = 1", [Tampering("inputs_changed", 1, 1)]),
        ("pay_runs", "delete from pay_runs where run = 2", [Tampering("run_missing", 2, 5)]),
        ("pay_entries", "update pay_entries set who = 'bo' where number = 5", [Tampering("entry_changed", 2, 5)]),
        ("pay_entries", "update pay_entries set body = '{\"reason\":\"x\"}' where number = 3", [Tampering("entry_changed", 1, 3)]),
        ("pay_entries", "delete from pay_entries where number = 6", [Tampering("entry_missing", 2, 7), Tampering("entry_missing", None, 6)]),
        ("pay_entries", "delete from pay_entries where number = 8", [Tampering("entry_missing", None, 8)]),
        ("pay_plans", "update pay_plans set text = replace(text, '1%', '9%')", [Tampering("plan_changed", 1, 1), Tampering("plan_changed", 2, 5)]),
    ],
)  # fmt: skip
def test_tampering_is_found_and_names_the_run(ledger: Ledger, state: State, table: str, statement: str, found: list[Tampering]) -> None:
    locked(ledger)
    locked(ledger, month(when=date(2026, 4, 1)))
    assert ledger.verify() == []
    unlocked(state, table)
    with state.writing() as connection:
        connection.exec_driver_sql(statement.replace("%", "%%") if connection.dialect.name == "postgresql" else statement)
    assert ledger.verify() == found
    assert all("{" not in sentences.tampering(one, lang) for one in found for lang in ("en", "zh"))


def test_two_people_approve_at_once(ledger: Ledger, database: str) -> None:
    run = drafted(ledger).run
    ledger.review(run, ANNA)
    said: list[str] = []
    both = threading.Barrier(2)

    def approve(name: str) -> None:
        own = State(database)
        desk = Ledger(own)
        both.wait(20)
        try:
            said.append(desk.approve(run, Person(name, Scope("hr"))).status)
        except Refused as error:
            said.append(sentences.refusal(error, "en"))
        own.close()

    people = [threading.Thread(target=approve, args=(name,)) for name in ("bo", "cy")]
    for one in people:
        one.start()
    for one in people:
        one.join(30)
    winner = ledger.record(run).by("approved")
    assert sorted(said) == [f"Run {run} of 2026-03 was approved already by {winner}", "approved"]
    assert len(ledger.record(run).entries) == 3 and ledger.verify() == []


KILLED = """
import sys, time
from dashboard.access import Person, Scope
from dashboard.incentives.ledger import Ledger
from dashboard.state import State
state = State(sys.argv[1])
ledger = Ledger(state)
log = State.log
def slow(self, *told):
    log(self, *told)  # the entry and its audit stand in the transaction
    print("in", flush=True)
    time.sleep(60)
State.log = slow
ledger.approve(int(sys.argv[2]), Person("bo", Scope("hr")))
"""


def test_a_kill_during_approval_loses_nothing(ledger: Ledger, database: str) -> None:
    run = drafted(ledger).run
    ledger.review(run, ANNA)
    before, stored = ledger.entries(), ledger.result_text(run)
    process = subprocess.Popen([sys.executable, "-c", KILLED, database, str(run)], cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"in\n"
    process.send_signal(signal.SIGKILL)
    process.wait(20)
    process.stdout.close()
    assert ledger.entries() == before and ledger.result_text(run) == stored and ledger.verify() == []
    assert ledger.approve(run, BO).status == "approved" and ledger.verify() == []


def test_a_balance_is_carried_and_settled(ledger: Ledger) -> None:
    ledger.adjust("sample", MARCH, "p", "W1", d(-150), ANNA, "advance", "settlement")
    record = locked(ledger)
    statement = ledger.result(record.run).statement("W1")
    assert statement is not None and (statement.amount, statement.carried) == (Decimal("0.00"), d(-50))
