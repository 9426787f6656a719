"""Checks of typed incoming rows against each other and the contract: keys, parents, signs, dates. Rows only; no files."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True)
class Wrong:
    """What a check found: the kind of breach, its column, and SQL for the value shown and the details of what was expected."""

    kind: str
    column: str
    expected: str
    value: str
    details: str = "'{}'"


def check_rows(con: duckdb.DuckDBPyConnection, table: Table, *, parents: dict[str, str]) -> None:
    """Put aside the rows of one incoming table that break the contract; fold exact duplicates.

    `parents`: contract table → SQL relation of its accepted keys (incoming and, if merging, those in service).
    """
    _remove_breached(con, table)
    _keys(con, table)
    _signs(con, table)
    _dates(con, table, parents)
    _orphans(con, table, parents)
    _remove_breached(con, table)


def _breach(con: duckdb.DuckDBPyConnection, table: Table, wrong: Wrong, rows: str, **values: Any) -> None:
    """Record a breach of every row of `rows`: row_id, part, source_file, source_line and what `wrong` names."""
    con.execute(
        f"insert into breach select $table, part, source_file, row_id, source_line, $column, $kind, "
        f"substr(cast({wrong.value} as varchar), 1, 200), $expected, {wrong.details} from ({rows}) as breached",
        {"table": table.id, "column": wrong.column, "kind": wrong.kind, "expected": wrong.expected, **values},
    )


def _remove_breached(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    incoming = f"export.incoming_{table.id}"
    rows = "select distinct row_id from breach where table_id = $table and row_id is not null"
    if con.execute(f"select count(*) from ({rows})", {"table": table.id}).fetchone() == (0,):
        return
    con.execute(
        f"insert into put_aside select $table, t.rowid, t.part, t.source_file, t.source_line from {incoming} as t where t.rowid in ({rows})",
        {"table": table.id},
    )
    con.execute(f"delete from {incoming} where rowid in ({rows})", {"table": table.id})


def _keys(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Exact copies are folded (payments count them); a key with different content keeps its first row only."""
    incoming = f"export.incoming_{table.id}"
    key = ", ".join(table.key)
    con.execute(f"create or replace temp table twice as select {key} from {incoming} group by {key} having count(*) > 1")
    if con.execute("select count(*) from twice").fetchone() == (0,):
        return
    content = ", ".join(f"t.{column.id}" for column in table.loaded)
    match = " and ".join(f"t.{column} = twice.{column}" for column in table.key)
    keys = ", ".join(f"t.{column} as {column}" for column in table.key)
    con.execute(
        f"create or replace temp table again as select t.rowid as row_id, t.part, t.source_file, t.source_line, {keys}, "
        f"to_json(row({content})) as content from {incoming} as t inner join twice on {match}"
    )
    con.execute(
        f"create or replace temp table again_ranked as select *, "
        f"row_number() over (partition by {key} order by row_id) as occurrence, "
        f"first_value(content) over (partition by {key} order by row_id) as first_content, "
        f"first_value(source_line) over (partition by {key} order by row_id) as first_line, "
        f"first_value(coalesce(source_file, part)) over (partition by {key} order by row_id) as first_file, "
        f"first_value(row_id) over (partition by {key} order by row_id) as first_row from again"
    )
    value = " || ' / ' || ".join(f"cast({column} as varchar)" for column in table.key)
    _breach(
        con,
        table,
        Wrong("key_conflict", table.key[0], "same_content", value, "json_object('line', first_line, 'file', first_name)"),
        "select again_ranked.*, part_name.name as first_name from again_ranked inner join part_name on first_file = part_name.number "
        "where occurrence > 1 and content != first_content",
    )
    copies = "select row_id, part, first_row from again_ranked where occurrence > 1 and content = first_content"
    con.execute(f"insert into folded select $table, part, row_id from ({copies})", {"table": table.id})
    if table.id == "payments":
        con.execute(
            f"update {incoming} as t set copies = 1 + copy.n "
            f"from (select first_row, count(*) as n from ({copies}) group by first_row) as copy where t.rowid = copy.first_row"
        )
    con.execute(f"delete from {incoming} where rowid in (select row_id from ({copies}))")


#: Amounts that are never negative, besides payments.
NOT_NEGATIVE = {
    "cases": ("placed_balance",),
    "promises": ("amount",),
    "plans": ("waived_amount",),
    "instalments": ("amount",),
    "contacts": ("cost",),
}


def _signs(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Payments, waivers and fees are not negative; a reversal takes cash away whichever sign it is written with."""
    incoming = f"export.incoming_{table.id}"
    for column in NOT_NEGATIVE.get(table.id, ()):
        wrong = Wrong("wrong_sign", column, "not_negative", column)
        _breach(con, table, wrong, f"select rowid as row_id, * from {incoming} where {column} < 0")
    if table.id == "payments":
        wrong = Wrong("wrong_sign", "amount", "not_negative_kind", "amount || ' ' || kind")
        _breach(con, table, wrong, f"select rowid as row_id, * from {incoming} where kind != 'reversal' and amount < 0")
        con.execute(f"update {incoming} set amount = -amount where kind = 'reversal' and amount > 0")


def _dates(con: duckdb.DuckDBPyConnection, table: Table, parents: dict[str, str]) -> None:
    incoming = f"export.incoming_{table.id}"
    if table.id == "cases":
        wrong = Wrong("closed_before_placed", "closed_on", "after_placed", "closed_on", "json_object('placed_on', placed_on)")
        _breach(con, table, wrong, f"select rowid as row_id, * from {incoming} where closed_on < placed_on")
    if table.id == "payments" and "cases" in parents:
        details = "json_object('placed_on', placed_on, 'days', $grace)"
        _breach(
            con,
            table,
            Wrong("paid_before_placement", "paid_on", "after_placement", "paid_on", details),
            f"select t.rowid as row_id, t.part, t.source_file, t.source_line, t.paid_on, c.placed_on from {incoming} as t "
            f"inner join ({parents['cases']}) as c on t.case_id = c.case_id where t.paid_on < c.placed_on - cast($grace as integer)",
            grace=contract().payment_before_placement_days,
        )


def _orphans(con: duckdb.DuckDBPyConnection, table: Table, parents: dict[str, str]) -> None:
    incoming = f"export.incoming_{table.id}"
    for column in table.loaded:
        if column.parent is None or column.parent not in parents:
            continue
        key = contract().tables[column.parent].key[0]
        _breach(
            con,
            table,
            Wrong("orphan", column.id, "parent", column.id, "json_object('parent', $parent)"),
            f"select t.rowid as row_id, t.part, t.source_file, t.source_line, t.{column.id} from {incoming} as t "
            f"where t.{column.id} is not null and not exists (select 1 from ({parents[column.parent]}) as p where p.{key} = t.{column.id})",
            parent=column.parent,
        )
