"""Changes of the plan: laid over the export, kept for ever, never lost to somebody else's; the plan as it was on a day."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from dashboard import state
from dashboard.rollout.book import WHOLE, Book, ChangedMeanwhile, Edited, changes, laid_over
from dashboard.rollout.current import standing, told
from dashboard.rollout.plan import Plan, PlanRefused, Said, bundled
from dashboard.rollout.sentences import entries, history, merged, refusal
from dashboard.state import State, StateUnavailable
from tests.rollout.drawing import plan, plans

BASE = plan("""
    id | base         | actual       | percent | needs
    A  | 01-01..01-31 | 01-01..01-31 | 100     |
    B  | 02-01..03-31 | 02-01..      | 40      | A
    C  | 04-01..05-31 |              | 0       | B
""")


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[State]:
    opened = State(f"sqlite:///{tmp_path / 'state.db'}")
    yield opened
    opened.close()


@pytest.fixture
def book(kept: State) -> Book:
    return Book(kept, "sample")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    def at(moment: str) -> None:
        monkeypatch.setattr(state, "now", lambda: datetime.fromisoformat(moment))

    return at


def step(edited: Edited | Plan, name: str) -> object:
    return next(one for one in (edited.plan if isinstance(edited, Edited) else edited) if one.id == name)


def test_a_change_lies_over_the_export_with_who_when_before_and_after(book: Book, clock: Callable[[str], None]) -> None:
    clock("2026-04-02 09:30:00")
    later = replace(BASE[1], planned_end=date(2026, 4, 15), note="vendor late")
    assert book.save(BASE, later, 0, "li") == 2
    now = book.plan(BASE)
    assert step(now, "B") == later and now.versions == {"B": 1} and now.edited == {"B": {"planned_end", "note"}}
    told = [(one.at, one.who, one.milestone_id, one.field, one.before, one.after) for one in book.history()]
    assert told == [
        (datetime.fromisoformat("2026-04-02 09:30"), "li", "B", "planned_end", date(2026, 3, 31), date(2026, 4, 15)),
        (datetime.fromisoformat("2026-04-02 09:30"), "li", "B", "note", "", "vendor late"),
    ]
    rows = history(book.history(), "en")
    assert (rows[1]["what"], rows[1]["before"], rows[1]["after"]) == ("Planned end", "31 Mar 2026", "15 Apr 2026")
    assert book.save(BASE, later, 1, "li") == 0 and len(book.history()) == 2


def test_who_is_of_some_teams_neither_changes_nor_reads_what_is_others(kept: State) -> None:
    """A is for all, B the south's, C the north's. Somebody of the north doesn't see B: an id that is taken stays taken, a change of it is no news."""
    base = (BASE[0], replace(BASE[1], team="south"), replace(BASE[2], team="north", depends_on=()))
    everybody, north = Book(kept, "sample"), Book(kept, "sample", ("north",))
    everybody.save(base, replace(base[1], note="secret"), 0, "li")
    everybody.save(base, replace(base[2], note="known"), 0, "li")
    with pytest.raises(PlanRefused) as caught:
        north.save(base, replace(base[2], id="B"), 1, "wang")
    assert caught.value.reason == "bad_there"
    with pytest.raises(PlanRefused):
        north.merge(base, (replace(base[2], id="B"),), {"B": 1}, "wang")
    assert north.save(base, replace(base[2], note="ours"), 1, "wang") == 1
    seen = standing(base, north.history(), ("north",))
    assert [one.id for one in seen.plan] == ["A", "C"] and seen.lost == ()
    assert [(one.milestone_id, one.after) for one in told(base, north.history(), ("north",))] == [("C", "known"), ("C", "ours")]
    assert len(told(base, north.history(), None)) == 3
    everybody.save(base, replace(base[1], note="secret", team="north"), 1, "li")  # handed over: from now on it is the north's
    assert [one.id for one in standing(base, north.history(), ("north",)).plan] == ["A", "B", "C"]
    everybody.withdraw(base, "B", 2, "li")
    assert told(base, north.history(), ("north",))[-1].milestone_id == "B" and told(base, north.history(), ("south",)) == []


def test_a_new_export_moves_what_nobody_changed(book: Book) -> None:
    book.save(BASE, replace(BASE[1], planned_end=date(2026, 4, 15)), 0, "li")
    newer = (BASE[0], replace(BASE[1], percent=Decimal(70), planned_end=date(2026, 4, 1)), BASE[2])
    seen = step(book.plan(newer), "B")
    assert (seen.percent, seen.planned_end) == (70, date(2026, 4, 15))  # type: ignore[attr-defined]
    assert book.plan((BASE[0],)).lost == ("B",)


def test_who_saves_over_somebody_elses_change_is_told_and_nothing_is_lost(book: Book, kept: State) -> None:
    """Li and Wang open B at the same version; Li saves first."""
    seen = book.plan(BASE).versions.get("B", 0)
    wang = Book(kept, "sample")
    book.save(BASE, replace(BASE[1], planned_end=date(2026, 4, 15)), seen, "li")
    mine = replace(BASE[1], planned_end=date(2026, 5, 1), note="mine")
    with pytest.raises(ChangedMeanwhile) as told:
        wang.save(BASE, mine, seen, "wang")
    assert (told.value.who, told.value.milestone_id, told.value.changed) == ("li", "B", ("planned_end",))
    assert step(wang.plan(BASE), "B").planned_end == date(2026, 4, 15)  # type: ignore[attr-defined]
    assert entries(BASE[1], mine, "en") == "Planned end → 1 May 2026; Note → mine"
    wang.save(BASE, replace(BASE[1], planned_end=date(2026, 4, 15), note="mine"), seen + 1, "wang")
    assert len(wang.history()) == 2
    assert wang.save(BASE, replace(BASE[0], note="other milestone"), 0, "wang") == 1


def test_of_many_who_save_at_once_one_wins(tmp_path: Path) -> None:
    address, results = f"sqlite:///{tmp_path / 'state.db'}", []
    Book(State(address), "sample")

    def save(number: int) -> None:
        mine = Book(State(address), "sample")
        try:
            results.append(mine.save(BASE, replace(BASE[1], note=f"note {number}"), 0, f"p{number}"))
        except ChangedMeanwhile:
            results.append(None)

    threads = [threading.Thread(target=save, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results, key=str) == [1, None, None, None, None, None]
    assert len(Book(State(address), "sample").history()) == 1


def test_the_plan_as_it_was_on_a_day(book: Book, clock: Callable[[str], None]) -> None:
    for moment, day in (("2026-04-02 23:59:59", 5), ("2026-04-03 00:00:00", 10), ("2026-04-07 12:00:00", 20)):
        clock(moment)
        book.save(BASE, replace(BASE[1], planned_end=date(2026, 4, day)), book.plan(BASE).versions.get("B", 0), "li")
    seen = {day: step(book.plan(BASE, date(2026, 4, day)), "B").planned_end for day in (1, 2, 3, 6, 7)}  # type: ignore[attr-defined]
    assert seen == {1: date(2026, 3, 31), 2: date(2026, 4, 5), 3: date(2026, 4, 10), 6: date(2026, 4, 10), 7: date(2026, 4, 20)}


def test_the_bundled_plan_is_started_once_and_can_be_changed(book: Book) -> None:
    assert book.start((), date(2026, 1, 15), "li") == 8
    now = book.plan(())
    assert {replace(one, source="") for one in now.plan} == {replace(one, source="") for one in bundled(date(2026, 1, 15))}
    assert all(one.source == "started" for one in now.plan)
    with pytest.raises(PlanRefused, match="bad_started"):
        book.start((), date(2026, 2, 1), "wang")
    first = now.plan[0]
    done = tuple(replace(item, done=True) for item in first.items)
    book.save((), replace(first, items=done), 1, "wang")
    assert book.plan(()).plan[0].complete == 100
    assert next(row["after"] for row in history(book.history(), "zh")).count("☑") == 3
    assert not Book(book._kept, "other").history()


def test_a_file_adds_changes_and_leaves_and_a_stale_one_is_refused(book: Book) -> None:
    book.save(BASE, replace(BASE[2], note="seen"), 0, "li")
    added = plan("id | base | needs\nD | 06-01..06-30 | C")[0]
    filed = (replace(BASE[1], owner=Said.of("Zhao")), added)
    done = book.merge(BASE, filed, {"B": 0, "D": 0}, "wang")
    assert ([one.id for one in done.added], [after.id for _, after in done.changed], done.same) == (["D"], ["B"], 0)
    now = book.plan(BASE)
    assert [one.id for one in now.plan] == ["A", "B", "C", "D"] and step(now, "C").note == "seen"  # type: ignore[attr-defined]
    assert {one.action for one in book.history()} == {"edit", "import"}
    assert [row["what"] for row in merged(done, "en")] == ["The milestone", "Owner"]
    with pytest.raises(ChangedMeanwhile):
        book.merge(BASE, (replace(BASE[1], note="old"),), {"B": 0}, "zhao")
    assert len(book.history()) == 3


def test_what_cannot_be_is_refused_and_nothing_is_kept(book: Book) -> None:
    for wrong, reason in (
        (replace(BASE[1], depends_on=("C",)), "bad_ring"),
        (replace(BASE[1], planned_end=date(2026, 1, 1)), "bad_order"),
        (replace(BASE[2], actual_end=date(2026, 5, 1)), "bad_unstarted"),
        (replace(BASE[2], name=Said.of(" ")), "bad_name"),
        (replace(BASE[2], owner=Said.of("")), "bad_owner"),
        (replace(BASE[2], percent=Decimal(101)), "bad_percent"),
        (replace(BASE[2], id="a b"), "bad_id"),
        (replace(BASE[2], measure="none"), "bad_measure"),
        (replace(BASE[2], planned_end=date(2999, 1, 1)), "bad_day"),
    ):
        with pytest.raises(PlanRefused) as refused:
            book.save(BASE, wrong, 0, "li")
        assert refused.value.reason == reason and refusal(refused.value, "en") != refusal(refused.value, "zh")
    with pytest.raises(PlanRefused, match="bad_needed"):
        book.withdraw(BASE, "B", 0, "li")
    assert book.history() == []


def test_a_milestone_taken_out_is_gone_but_not_its_history(book: Book) -> None:
    book.save(BASE, replace(BASE[2], note="x"), 0, "li")
    with pytest.raises(ChangedMeanwhile):
        book.withdraw(BASE, "C", 0, "wang")
    book.withdraw(BASE, "C", 1, "wang")
    assert [one.id for one in book.plan(BASE).plan] == ["A", "B"]
    last = book.history()[-1]
    assert (last.field, last.before.id, last.before.note, last.after, last.version) == (WHOLE, "C", "x", None, 2)
    book.save(BASE, BASE[2], 2, "li")
    assert [one.id for one in book.plan(BASE).plan] == ["A", "B", "C"]


def test_the_history_cannot_be_rewritten(book: Book, kept: State) -> None:
    book.save(BASE, replace(BASE[1], note="x"), 0, "li")
    for statement in (f"update {changes.name} set who = 'wang'", f"delete from {changes.name}"):
        with pytest.raises((StateUnavailable, DBAPIError), match="append-only"), kept.writing() as connection:
            connection.execute(text(statement))
    assert [one.who for one in book.history()] == ["li"]
    assert kept.entries()[0].what == "rollout.edit"


@given(plans(3), plans(3))
@settings(max_examples=25, deadline=None)
def test_any_plan_written_over_another_is_read_back(before: Plan, after: Plan) -> None:
    opened = State("sqlite://")
    held = Book(opened, "x")
    held.merge((), before, {}, "li")
    held.merge((), after, {}, "wang")
    wanted = {one.id: one for one in (*before, *after)}
    assert {one.id: one for one in held.plan(()).plan} == wanted
    assert laid_over((), held.history()).plan == held.plan(()).plan
    opened.close()
