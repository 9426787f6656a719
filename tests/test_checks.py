"""Rows against each other: keys, parents, signs and dates."""

from __future__ import annotations

from pathlib import Path

from tests.drawn import write_export
from tests.taking import Taken, take

CASES = "case_id | placed_on\nC1 | 2026-01-10\nC2 | 2026-01-10\n"


def taken(tmp_path: Path, **tables: str) -> Taken:
    return take(write_export(tmp_path / "e", tables, settings={"reject_share": "1.0"}), tmp_path / "w")


def test_copies_are_folded_and_of_conflicting_rows_the_first_stays(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        payments="payment_id | case_id | paid_on | amount\nP1 | C1 | 2026-01-20 | 5\nP1 | C1 | 2026/1/20 | 5.00\nP1 | C1 | 2026-01-20 | 6\nP1 | C1 | 2026-01-20 | 5\n",
    )
    assert found.rows("payments", "payment_id, amount::varchar, copies, source_line") == [("P1", "5.00", 3, 2)]
    assert found.kinds() == [("key_conflict", 4, "payment_id")]
    assert "payments.csv:2" in found.breaches()[0][0].message("en")
    assert (found.accounts[0].rows_folded, found.accounts[0].rows_rejected) == (2, 1)


def test_composite_keys(tmp_path: Path) -> None:
    found = taken(tmp_path, balances="case_id | as_of | balance\nC1 | 2026-01-31 | 5\nC1 | 2026-02-28 | 5\nC1 | 2026-01-31 | 6\n")
    assert found.kinds() == [("key_conflict", 4, "case_id")]
    assert found.breaches()[0][0].value == "C1 / 2026-01-31"


def test_orphans_cascade_from_rejected_parents(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        cases="case_id | placed_on\nC1 | 2026-01-10\nC2 | never\n",
        plans="plan_id | case_id | agreed_on\nL1 | C1 | 2026-01-12\nL2 | C2 | 2026-01-12\n",
        instalments="plan_id | number | due_on\nL1 | 1 | 2026-02-01\nL2 | 1 | 2026-02-01\n",
        contacts="contact_id | case_id\nK1 | ''\nK2 | C9\n",
    )
    assert [(b.table, b.kind, b.line) for b, _ in found.breaches()] == [
        ("cases", "wrong_type", 3), ("contacts", "orphan", 3), ("instalments", "orphan", 3), ("plans", "orphan", 3),
    ]  # fmt: skip


def test_signs_reversals_and_dates(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        cases="case_id | placed_on | closed_on\nC1 | 2026-01-10 | ''\nC2 | 2026-01-10 | 2026-01-09\n",
        payments="""
            payment_id | case_id | paid_on    | amount | kind
            P1         | C1      | 2026-01-07 | 5      | payment
            P2         | C1      | 2026-01-06 | 5      | payment
            P3         | C1      | 2026-01-20 | -5     | payment
            P4         | C1      | 2026-01-20 | 4      | reversal
            P5         | C1      | 2026-01-20 | -3     | 冲正
            P6         | C1      | 2026-01-20 | -2     | waiver
            P7         | C1      | 2026-01-20 | -1     | fee
        """,
    )
    assert [(b.kind, b.line) for b, _ in found.breaches()] == [
        ("closed_before_placed", 3), ("paid_before_placement", 3), ("wrong_sign", 4), ("wrong_sign", 7), ("wrong_sign", 8),
    ]  # fmt: skip
    assert found.rows("payments", "payment_id, amount::varchar") == [("P1", "5.00"), ("P4", "-4.00"), ("P5", "-3.00")]
    rows = found.con.execute("select content ->> '$.amount' from original where content ->> '$.payment_id' = 'P3'").fetchall()
    assert rows == [("-5",)]


def test_no_parent_table_no_orphans(tmp_path: Path) -> None:
    assert taken(tmp_path, payments="case_id | paid_on\nC9 | 2026-01-20\n").kinds() == []
