"""What people write survives, is told apart, is never changed in the audit, and takes two processes at once."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from dashboard import state
from dashboard.state import NameTaken, State, StateTooNew, StateUnavailable

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def kept(database: str) -> Iterator[State]:
    made = State(database)
    yield made
    made.close()


def told(kept: State, statement: str) -> None:
    """Run SQL by hand, past the product."""
    with kept.writing() as connection:
        connection.exec_driver_sql(statement)


def test_a_view_is_its_link(kept: State) -> None:
    kept.save_view("  Card in  the north ", "recovery", {"data": "sample", "from": "2026-09-01", "product": ["card", "cash & carry"], "lang": "zh"})
    (view,) = kept.views()
    assert (view.name, view.path, view.pinned) == ("Card in the north", "recovery", False)
    assert view.parameters() == {"data": ["sample"], "from": ["2026-09-01"], "product": ["card", "cash & carry"], "lang": ["zh"]}


def test_nothing_but_the_view_gets_into_a_link(kept: State) -> None:
    kept.save_view("v", "cases", {"metric": "net_amount", "case": "C1", "customer_id": "K9", "snapshot": "s1"})
    assert kept.views()[0].parameters() == {"metric": ["net_amount"], "snapshot": ["s1"]} and kept.views()[0].pinned
    assert "C1" not in str(kept.entries()) and "K9" not in str(kept.entries())


def test_a_name_is_taken_once(kept: State) -> None:
    kept.save_view("v", "overview", {})
    with pytest.raises(NameTaken):
        kept.save_view("v", "recovery", {})
    kept.save_view("v", "recovery", {}, author="somebody else")
    assert len(kept.views()) == 2
    for wrong in ("", "  ", "x" * 121):
        with pytest.raises(ValueError, match="characters"):
            kept.save_view(wrong, "overview", {})
    with pytest.raises(ValueError, match="page"):
        kept.save_view("w", "../../etc", {})


def test_deleting_is_in_the_audit(kept: State) -> None:
    number = kept.save_view("v'); drop table saved_views; --", "overview", {"lang": "en"})
    kept.delete_view(number)
    kept.delete_view(number)
    assert kept.views() == []
    assert [entry.what for entry in kept.entries()] == ["view.delete", "view.save"]
    assert kept.entries()[0].detail["name"] == "v'); drop table saved_views; --" and kept.entries()[0].who == "local"


def test_a_note_is_edited_by_a_new_one(kept: State) -> None:
    first = kept.add_note("sample", date(2026, 3, 1), "新策略", text_en="New strategy", scope={"team": ["B", "A"], "product": []})
    second = kept.add_note("sample", date(2026, 3, 2), "新策略上线", replaces=first)
    kept.add_note("other", date(2026, 3, 2), "elsewhere")
    (note,) = kept.notes("sample")
    assert (note.id, note.on_date, note.read("en"), note.read("zh")) == (second, date(2026, 3, 2), "新策略上线", "新策略上线")
    assert [entry.what for entry in kept.entries()] == ["note.add", "note.add", "note.withdraw", "note.add"]
    kept.withdraw_note(second)
    kept.withdraw_note(second)
    assert kept.notes("sample") == [] and len(kept.notes("other")) == 1
    assert kept.entries()[0].what == "note.withdraw" and len(kept.entries()) == 5


def test_a_note_is_about_its_scope(kept: State) -> None:
    kept.add_note("sample", date(2026, 3, 1), "甲", text_en="A", until_date=date(2026, 3, 4), scope={"team": ["B", "A"]})
    (note,) = kept.notes("sample")
    assert note.read("en") == "A" and note.read("zh") == "甲" and note.until_date == date(2026, 3, 4)
    assert note.touches({}) and note.touches({"team": ("A", "C")}) and note.touches({"product": ("card",)})
    assert not note.touches({"team": ("C",)})


def test_a_note_that_makes_no_sense_is_refused(kept: State) -> None:
    for text, until in (("", None), (" ", None), ("x" * 501, None), ("x", date(2026, 2, 28))):
        with pytest.raises(ValueError, match="note"):
            kept.add_note("sample", date(2026, 3, 1), text, until_date=until)
    assert kept.entries() == []


@pytest.mark.parametrize("statement", ["delete from audit", "update audit set who = 'nobody'"])
def test_the_audit_only_grows(kept: State, statement: str) -> None:
    kept.add_note("sample", date(2026, 3, 1), "x")
    with pytest.raises((DBAPIError, StateUnavailable), match="append-only"):
        told(kept, statement)
    assert kept.entries()[0].who == "local"


def test_a_newer_database_is_left_alone(kept: State, database: str) -> None:
    told(kept, "update schema_version set version = 99")
    with pytest.raises(StateTooNew, match=r"version 99.*up to 1"):
        State(database)


def test_an_older_database_is_brought_up(kept: State, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.save_view("v", "overview", {})
    monkeypatch.setattr(state, "VERSION", 2)
    monkeypatch.setattr(state, "MIGRATIONS", {2: ("alter table saved_views add column colour varchar",)})
    again = State(database)
    assert [view.name for view in again.views()] == ["v"]
    again.close()
    State(database).close()


def test_a_database_that_cannot_be_opened_says_which(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_text("this is no database, and it is long enough to be looked at as one " * 20)
    with pytest.raises(StateUnavailable, match=r"state\.db"):
        State(f"sqlite:///{tmp_path / 'state.db'}")


def test_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLLECTIONS_STATE", raising=False)
    assert state.address(tmp_path) == f"sqlite:///{tmp_path / 'state.db'}"
    monkeypatch.setenv("COLLECTIONS_STATE", "sqlite:////elsewhere.db")
    assert state.address(tmp_path) == "sqlite:////elsewhere.db"


def test_a_server_that_is_not_there_is_named_without_its_password() -> None:
    with pytest.raises(StateUnavailable, match=r"127\.0\.0\.1:1/") as caught:
        State("postgresql://someone:secret@127.0.0.1:1/nowhere")
    assert "secret" not in str(caught.value)


def test_many_start_at_once_on_an_empty_database(database: str) -> None:
    ready = threading.Barrier(4)

    def start() -> State:
        ready.wait(20)
        return State(database)

    with ThreadPoolExecutor(4) as pool:
        made = [one.result(60) for one in [pool.submit(start) for _ in range(4)]]
    made[0].add_note("sample", date(2026, 3, 1), "x")
    assert [len(one.notes("sample")) for one in made] == [1] * 4
    for one in made:
        one.close()


def test_who_begins_with_a_new_file_asks_again_until_another_has_switched_it_over() -> None:
    """SQLite doesn't wait for that by itself."""
    asked: list[str] = []

    class Busy:
        def execute(self, statement: str) -> sqlite3.Cursor:
            asked.append(statement)
            if statement.startswith("pragma journal_mode") and len(asked) < 6:
                raise sqlite3.OperationalError("database is locked")
            return sqlite3.connect(":memory:").execute("select 1")

    state._for_two_processes(Busy(), None)
    assert asked[3:] == ["pragma journal_mode = wal"] * 3


def test_two_processes_write_at_once(kept: State, database: str) -> None:
    code = (
        "import sys; from datetime import date; from dashboard.state import State\n"
        "state = State(sys.argv[1])\n"
        "for number in range(40): state.add_note('sample', date(2026, 3, 1), f'{sys.argv[2]} {number}')\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", code, database, name], cwd=ROOT, stderr=subprocess.PIPE) for name in ("a", "b")]
    for process in both:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors.decode()
    assert len(kept.notes("sample")) == 80 and len(kept.entries()) == 80
