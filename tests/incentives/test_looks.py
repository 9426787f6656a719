"""Who looked at whose statement: written once for all, in ids only, on SQLite and on PostgreSQL; nothing is written where it can't be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from dashboard.access import Person, Scope
from dashboard.incentives.ledger import Ledger
from dashboard.state import State

MARCH = date(2026, 3, 1)
ANNA, OWN = Person("anna", Scope("hr")), Person("w1", Scope("collector", collector="W1"))


@pytest.fixture
def state(database: str) -> Iterator[State]:
    made = State(database)
    yield made
    made.close()


def seen(ledger: Ledger, month: date = MARCH, plan: str = "p") -> list[tuple[str, str, int | None, str]]:
    return [(one.who, one.collector, one.run, one.form) for one in ledger.looks.of("sample", month, plan)]


def test_who_looked_at_whose_statement(state: State) -> None:
    ledger = Ledger(state)
    ledger.looks.add(ANNA, "page", "sample", MARCH, "p", None, ["W1"])
    ledger.looks.add(ANNA, "pdf", "sample", MARCH, "p", 7, ["W1", "W2"])
    ledger.looks.add(OWN, "page", "sample", MARCH, "p", 7, ["W1"])
    ledger.looks.add(OWN, "xlsx", "sample", date(2026, 4, 1), "p", 8, ["W1"])
    ledger.looks.add(OWN, "page", "other", MARCH, "p", 7, ["W1"])
    assert seen(ledger) == [("w1", "W1", 7, "page"), ("anna", "W2", 7, "pdf"), ("anna", "W1", 7, "pdf"), ("anna", "W1", None, "page")]
    assert seen(ledger, date(2026, 4, 1)) == [("w1", "W1", 8, "xlsx")] and seen(ledger, plan="q") == []
    assert state.entries(1, "pay.look")[0].detail == {
        "collector": "W1", "dataset": "other", "month": "2026-03", "plan": "p", "run": 7, "form": "page"
    }  # fmt: skip


def test_looks_can_t_be_taken_back(state: State) -> None:
    ledger = Ledger(state)
    ledger.looks.add(ANNA, "page", "sample", MARCH, "p", 1, ["W1"])
    for statement in ("delete from audit", "update audit set who = 'bo'"):
        with pytest.raises(DBAPIError, match="append-only"), state._engine.begin() as connection:
            connection.execute(text(statement))
    assert seen(ledger) == [("anna", "W1", 1, "page")]


def test_all_or_none_is_written_of_a_known_form(state: State) -> None:
    ledger = Ledger(state)
    with pytest.raises(ValueError, match="got 'fax', expected one of page, pdf, xlsx, command"):
        ledger.looks.add(ANNA, "fax", "sample", MARCH, "p", 1, ["W1"])

    def cut() -> Iterator[str]:
        yield "W1"
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        ledger.looks.add(ANNA, "pdf", "sample", MARCH, "p", 1, cut())
    assert seen(ledger) == []


def test_the_ledger_s_proof_is_not_moved_by_looks(state: State) -> None:
    ledger = Ledger(state)
    ledger.looks.add(ANNA, "page", "sample", MARCH, "p", 1, ["W1"])
    assert ledger.verify() == [] and ledger.entries() == []
