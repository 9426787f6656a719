"""Checks of typed incoming rows against each other and the contract: keys, parents, signs, dates. Rows only; no files."""

from __future__ import annotations

from typing import Any

import duckdb

from dashboard.contract import Table, contract

#: Parents before children, so that a rejected parent's children are seen to be orphans.
ORDER = (
    "collectors",
    "customers",
    "cases",
    "balances",
    "payments",
    "assignments",
    "attendance",
    "contacts",
    "promises",
    "plans",
    "instalments",
    "followups",
    "complaints",
    "reviews",
    "trainings",
    "targets",
    "milestones",
)


def check_rows(con: duckdb.DuckDBPyConnection, table: Table, *, parents: dict[str, str]) -> int:
    """Put aside the rows of one incoming table that break the contract; fold exact duplicates. Returns rows folded.

    `parents`: contract table → SQL relation of its accepted keys (incoming and, if merging, those in service).
    """
    _remove_breached(con, table)
    folded = _keys(con, table)
    _signs(con, table)
    _dates(con, table, parents)
    _orphans(con, table, parents)
    _remove_breached(con, table)
    return folded


def _breach(con: duckdb.DuckDBPyConnection, table: Table, kind: str, column: str | None, value: str, expected: str, details: str, rows: str, **values: Any) -> None:
    """Record a breach of every row of `rows`, a relation with row_id, part, source_line and what `value` and `details` name."""
    con.execute(
        f"insert into breach select $table, part, row_id, source_line, $column, $kind, substr(cast({value} as varchar), 1, 200), "
        f"$expected, {details} from ({rows}) as breached",
        {"table": table.id, "column": column, "kind": kind, "expected": expected, **values},
    )


def _remove_breached(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    incoming = f"export.incoming_{table.id}"
    rows = "select distinct row_id from breach where table_id = $table and row_id is not null"
    if con.execute(f"select count(*) from ({rows})", {"table": table.id}).fetchone() == (0,):
        return
    con.execute(
        f"insert into original select $table, t.rowid, to_json(t) from {incoming} as t "
        f"where t.rowid in ({rows}) and t.rowid not in (select row_id from original where table_id = $table)",
        {"table": table.id},
    )
    con.execute(
        f"insert into put_aside select $table, t.rowid, t.part, t.source_file, t.source_line from {incoming} as t where t.rowid in ({rows})",
        {"table": table.id},
    )
    con.execute(f"delete from {incoming} where rowid in ({rows})", {"table": table.id})


def _keys(con: duckdb.DuckDBPyConnection, table: Table) -> int:
    """Exact copies are folded (payments count them); a key with different content keeps its first row only."""
    incoming = f"export.incoming_{table.id}"
    key = ", ".join(table.key)
    con.execute(f"create or replace temp table twice as select {key} from {incoming} group by {key} having count(*) > 1")
    if con.execute("select count(*) from twice").fetchone() == (0,):
        return 0
    content = ", ".join(f"t.{column.id}" for column in table.loaded)
    match = " and ".join(f"t.{column} = twice.{column}" for column in table.key)
    con.execute(
        f"create or replace temp table again as select t.rowid as row_id, t.part, t.source_line, {', '.join(f't.{c} as {c}' for c in table.key)}, "
        f"to_json(row({content})) as content from {incoming} as t inner join twice on {match}"
    )
    con.execute(
        f"create or replace temp table again_ranked as select *, "
        f"row_number() over (partition by {key} order by row_id) as occurrence, "
        f"first_value(content) over (partition by {key} order by row_id) as first_content, "
        f"first_value(source_line) over (partition by {key} order by row_id) as first_line, "
        f"first_value(row_id) over (partition by {key} order by row_id) as first_row from again"
    )
    value = " || ' / ' || ".join(f"cast({column} as varchar)" for column in table.key)
    _breach(
        con, table, "key_conflict", table.key[0], value, "same_content", "json_object('line', first_line)",
        "select * from again_ranked where occurrence > 1 and content != first_content",
    )  # fmt: skip
    copies = "select row_id, part, first_row from again_ranked where occurrence > 1 and content = first_content"
    con.execute(f"insert into folded select $table, part, row_id from ({copies})", {"table": table.id})
    if table.id == "payments":
        con.execute(
            f"update {incoming} as t set copies = 1 + copy.n from (select first_row, count(*) as n from ({copies}) group by first_row) as copy "
            "where t.rowid = copy.first_row"
        )
    con.execute(f"delete from {incoming} where rowid in (select row_id from ({copies}))")
    row = con.execute(f"select count(*) from ({copies})").fetchone()
    return int(row[0]) if row else 0


def _signs(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Payments, waivers and fees are not negative; a reversal takes cash away whichever sign it is written with."""
    incoming = f"export.incoming_{table.id}"
    if table.id == "payments":
        _breach(
            con, table, "wrong_sign", "amount", "amount || ' ' || kind", "not_negative", "'{}'",
            f"select rowid as row_id, * from {incoming} where kind != 'reversal' and amount < 0",
        )  # fmt: skip
        con.execute(f"update {incoming} set amount = -amount where kind = 'reversal' and amount > 0")
    for name, column in (("cases", "placed_balance"), ("promises", "amount"), ("instalments", "amount"), ("plans", "waived_amount"), ("contacts", "cost")):
        if table.id == name:
            _breach(
                con, table, "wrong_sign", column, column, "not_negative", "'{}'", f"select rowid as row_id, * from {incoming} where {column} < 0"
            )


def _dates(con: duckdb.DuckDBPyConnection, table: Table, parents: dict[str, str]) -> None:
    incoming = f"export.incoming_{table.id}"
    if table.id == "cases":
        _breach(
            con, table, "closed_before_placed", "closed_on", "closed_on", "after_placed", "json_object('placed_on', placed_on)",
            f"select rowid as row_id, * from {incoming} where closed_on < placed_on",
        )  # fmt: skip
    if table.id == "payments" and "cases" in parents:
        _breach(
            con, table, "paid_before_placement", "paid_on", "paid_on", "after_placement",
            "json_object('placed_on', placed_on, 'days', $grace)",
            f"select t.rowid as row_id, t.part, t.source_line, t.paid_on, c.placed_on from {incoming} as t "
            f"inner join ({parents['cases']}) as c on t.case_id = c.case_id where t.paid_on < c.placed_on - cast($grace as integer)",
            grace=contract().payment_before_placement_days,
        )  # fmt: skip


def _orphans(con: duckdb.DuckDBPyConnection, table: Table, parents: dict[str, str]) -> None:
    incoming = f"export.incoming_{table.id}"
    for column in table.loaded:
        if column.parent is None or column.parent not in parents:
            continue
        key = contract().tables[column.parent].key[0]
        _breach(
            con, table, "orphan", column.id, column.id, "parent", "json_object('parent', $parent)",
            f"select t.rowid as row_id, t.part, t.source_line, t.{column.id} from {incoming} as t where t.{column.id} is not null "
            f"and not exists (select 1 from ({parents[column.parent]}) as p where p.{key} = t.{column.id})",
            parent=column.parent,
        )  # fmt: skip
