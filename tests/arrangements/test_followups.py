"""When a follow-up is in time, late, overdue or none: hand-worked, with what is told of the borrower."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dashboard.access import Scope
from tests.conftest import Given

CASES = """
    case_id | placed_on  | placed_balance | closed_on  | close_reason
    C1      | 2026-01-01 | 1000           | ''         | ''
    C2      | 2026-01-01 | 1000           | 2026-02-10 | paid
"""
FOLLOWUPS = """
    followup_id | case_id | planned_on | done_on    | collector_id | willingness | ability  | difficulty
    ON_DAY      | C1      | 2026-02-02 | 2026-02-02 | W1           | willing     | able     | ''
    EARLY       | C1      | 2026-02-03 | 2026-02-01 | W1           | willing     | strained | Job loss
    LATE        | C1      | 2026-02-04 | 2026-02-06 | W1           | refusing    | unknown  | Job loss
    OVERDUE     | C1      | 2026-02-05 | ''         | W1           | ''          | ''       | ''
    TODAY       | C1      | 2026-02-28 | ''         | W2           | ''          | ''       | ''
    COMING      | C1      | 2026-03-01 | ''         | W2           | ''          | ''       | ''
    AHEAD_DONE  | C1      | 2026-03-02 | 2026-02-27 | W2           | unknown     | ''       | ''
    DONE_LATER  | C1      | 2026-02-20 | 2026-03-01 | W2           | willing     | able     | ''
    UNDONE      | C2      | 2026-02-05 | ''         | ''           | ''          | ''       | ''
    DROPPED     | C2      | 2026-02-10 | ''         | ''           | ''          | ''       | ''
    DONE_BEFORE | C2      | 2026-02-11 | 2026-02-09 | ''           | wavering    | unable   | ''
"""


@pytest.fixture(scope="module")
def shop(module_given: Callable[..., Given]) -> Given:
    """Eleven follow-ups as of the last of February."""
    return module_given(
        cases=CASES,
        followups=FOLLOWUPS,
        collectors="collector_id | team\nW1 | A\nW2 | B",
        assignments="case_id | assigned_at | collector_id\nC1 | 2026-01-01 09:00:00 | W2\nC2 | 2026-01-01 09:00:00 | W2",
        as_of="2026-02-28",
    )


def test_what_becomes_of_each(shop: Given) -> None:
    assert dict(shop.sql("select followup_id, followup_state from model.followups")) == {
        "ON_DAY": "in_time",
        "EARLY": "in_time",
        "LATE": "late",
        "OVERDUE": "overdue",
        "TODAY": "overdue",  # the as-of day is over
        "COMING": "coming",
        "AHEAD_DONE": "in_time",
        "DONE_LATER": "overdue",  # what is dated after the as-of day hasn't happened yet
        "UNDONE": "undone",  # overdue when its case was closed
        "DROPPED": "dropped",
        "DONE_BEFORE": "in_time",
    }


def test_rates_count_what_fell_due_while_the_case_was_open(shop: Given) -> None:
    """February: nine were planned; DROPPED and DONE_BEFORE fell due when the case was closed; of the seven others two were in time."""
    (row,) = shop.rows(("followups_planned", "followups_done", "followups_due", "followups_in_time", "followup_in_time_rate", "followups_overdue"))
    assert (row["followups_planned"], row["followups_done"]) == (9, 4)
    assert (row["followups_due"], row["followups_in_time"], row["followups_overdue"]) == (7, 2, 3)
    assert row["followup_in_time_rate"] == 2 / 7 and row["followup_in_time_rate_low"] < 2 / 7 < row["followup_in_time_rate_high"]


def test_whose_they_are(shop: Given) -> None:
    """The collector's on the record, else the holder's of the case."""
    assert {row["team"]: row["followups_due"] for row in shop.rows("followups_due", by="team")} == {"A": 4, "B": 3}
    seen = shop.warehouse.measure(("followups_planned",), filters=shop.filters(), scope=Scope("collector", None, False, "W1")).rows[0]
    assert seen["followups_planned"] == 4


def test_willingness_and_ability_leave_the_unknown_out(shop: Given) -> None:
    """Four were done of those planned in February: willing twice, refusing, wavering; ability is told of three."""
    (row,) = shop.rows(("willing_rate", "able_rate"))
    assert (row["willing_rate_part"], row["willing_rate_whole"]) == (2, 4)
    assert (row["able_rate_part"], row["able_rate_whole"]) == (1, 3)
    table = {(r["willingness"], r["ability"]): r["followups_done"] for r in shop.rows("followups_done", by=("willingness", "ability"))}
    assert {key: n for key, n in table.items() if n} == {
        ("willing", "able"): 1, ("willing", "strained"): 1, ("refusing", "unknown"): 1, ("wavering", "unable"): 1,
    }  # fmt: skip
    assert {r["difficulty"]: r["followups_done"] for r in shop.rows("followups_done", by="difficulty")}["Job loss"] == 2


def test_without_days_done_nothing_is_said_of_what_was_done(given: Callable[..., Given]) -> None:
    bare = given(cases=CASES, followups="followup_id | case_id | planned_on\nF1 | C1 | 2026-02-02", as_of="2026-02-28")
    assert bare.value("followups_planned") == 1 and bare.value("followups_due") == 1
    assert bare.value("followup_in_time_rate") is None and bare.warehouse.missing("followup_in_time_rate") == ("followups.done_on",)
    assert bare.warehouse.missing("willing_rate") == ("followups.done_on", "followups.willingness")


def test_rows_behind(shop: Given) -> None:
    found = shop.warehouse.rows("followups_overdue", filters=shop.filters())
    assert found.total == found.count == 3 and found.row == "followup"
    assert {"planned_on", "followup_state", "case_id"} <= {*found.columns}
