"""A day that nothing but itself brings: instalments, plans and follow-ups of cases without news come out as in a whole build."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard.connection import connect
from tests.conftest import close_all
from tests.drawn import write_export
from tests.test_increment import same_as_built

CASES = "case_id | placed_on | placed_balance\n" + "\n".join(f"C{n} | 2026-01-01 | 1000" for n in range(1, 21))
#: C1's instalment of the 26th has grace to the 29th; C3's plan broke in March, and February ended 90 days before the 29th of May.
BEFORE = {
    "cases": CASES,
    "plans": "plan_id | case_id | agreed_on\nL1 | C1 | 2026-04-20\nL3 | C3 | 2026-02-10",
    "instalments": "plan_id | number | due_on | amount\nL1 | 1 | 2026-05-26 | 100\nL3 | 1 | 2026-03-10 | 100",
    "followups": "followup_id | case_id | planned_on | done_on\nF2 | C2 | 2026-05-29 | ''\nF9 | C9 | 2026-05-01 | 2026-05-01",
    "payments": "payment_id | case_id | paid_on | amount\nP9 | C9 | 2026-05-02 | 10",
}
AFTER = {"payments": "payment_id | case_id | paid_on | amount\nP10 | C9 | 2026-05-30 | 10"}


def test_days_that_come_round_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = write_export(tmp_path / "before", BEFORE, settings={"as_of": "2026-05-28", "name": '"shop"'})
    after = write_export(tmp_path / "after", AFTER, settings={"as_of": "2026-05-30", "name": '"shop"'})
    home, share = same_as_built(before, after, tmp_path, monkeypatch)
    assert share == 4 / 20  # C9, and those whose day came: C1, C2, C3
    cursor = connect(home.info().path).cursor()
    assert cursor.execute("select instalment_state from model.instalments where plan_id = 'L1'").fetchall() == [("missed",)]
    assert cursor.execute("select observed_count, broken_count from model.plans where plan_id = 'L3'").fetchall() == [(1, 1)]
    assert cursor.execute("select followup_state from model.followups where followup_id = 'F2'").fetchall() == [("overdue",)]
    cursor.close()
    close_all(home)


def test_plans_and_followups_that_come_late_and_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second plan takes C1's place, L3 ends, its instalment is another's, a follow-up is done, and cash of before the agreement comes late."""
    before = write_export(tmp_path / "before", BEFORE, settings={"as_of": "2026-05-28", "name": '"shop"'})
    news = {
        "plans": "plan_id | case_id | agreed_on | ended_on\nL1B | C1 | 2026-05-27 | ''\nL3 | C3 | 2026-02-10 | 2026-03-05",
        "instalments": "plan_id | number | due_on | amount\nL3 | 1 | 2026-03-11 | 90\nL1B | 1 | 2026-06-27 | 50",
        "followups": "followup_id | case_id | planned_on | done_on\nF2 | C2 | 2026-05-29 | 2026-05-29",
        "payments": "payment_id | case_id | paid_on | amount\nP11 | C1 | 2026-04-19 | 40",
    }
    after = write_export(tmp_path / "after", news, settings={"as_of": "2026-05-29", "name": '"shop"'})
    same_as_built(before, after, tmp_path, monkeypatch)
