"""Every row of a load accounted for: counts per part, breaches with their places, and the `meta` tables that keep them."""

from __future__ import annotations

import json
from dataclasses import dataclass

import duckdb

from dashboard.breaches import Breach, LoadRefused
from dashboard.contract import contract
from dashboard.intake import Account

META = {
    "files": "load_number integer, number integer, name varchar, table_id varchar, encoding varchar, sha256 varchar, rows_read bigint, "
    "rows_loaded bigint, rows_rejected bigint, rows_folded bigint, rows_blank bigint, rows_used bigint, rows_unused bigint, "
    "ignored_headers varchar",
    "rejects": "load_number integer, table_id varchar, file varchar, line bigint, kinds varchar, column_id varchar, value varchar, "
    "expected varchar, details json, content json",
    "breaches": "load_number integer, table_id varchar, column_id varchar, kind varchar, file varchar, line bigint, value varchar, "
    "expected varchar, details json, occurrences bigint",
    "changes": "load_number integer, table_id varchar, added bigint, changed bigint, unchanged bigint",
}


@dataclass
class Changes:
    """What a load changed in one table against the snapshot it was merged into."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


def _counts(con: duckdb.DuckDBPyConnection, sql: str) -> dict[int, int]:
    return {int(part): int(count) for part, count in con.execute(sql).fetchall()}


def settle(con: duckdb.DuckDBPyConnection, accounts: list[Account], share: float, export: str) -> None:
    """Rows read = loaded + rejected + folded, per part. Raises LoadRefused where too many are rejected or none are there."""
    rejected = _counts(con, "select part, count(*) from put_aside group by part")
    folded = _counts(con, "select part, count(*) from folded group by part")
    not_records = _counts(con, "select part, count(*) from breach where kind in ('totals_row', 'header_row') group by part")
    sums: dict[tuple[str | None, str | None], list[int]] = {}
    for account in accounts:
        if account.table is not None:
            row = con.execute(f"select count(*) from export.incoming_{account.table} where part = {account.number}").fetchone()
            account.rows_loaded = int(row[0]) if row else 0
            account.rows_rejected += rejected.get(account.number, 0)
            account.rows_folded = folded.get(account.number, 0)
            total = account.rows_loaded + account.rows_rejected + account.rows_folded
            if total != account.rows_read:
                raise AssertionError(f"{account.name}: {account.rows_read} rows read, {total} accounted for")
        aside = not_records.get(account.number, 0)
        place = (account.table, None if account.table is not None else account.name)
        read, bad = sums.setdefault(place, [0, 0])
        sums[place] = [read + account.rows_read - aside, bad + account.rows_rejected - aside]
    refused = [
        Breach("too_many_rejects", table, file, value=f"{bad} / {read} = {bad / read:.1%}", expected="share", details={"share": f"{share:.0%}"})
        for (table, file), (read, bad) in sums.items()
        if read and bad > share * read
    ]
    if not any(read > bad for (table, _), (read, bad) in sums.items() if table is not None):
        refused.append(Breach("empty_export", file=export, expected="rows"))
    if refused:
        raise LoadRefused([*refused, *(breach for breach, _ in examples(con))])


def examples(con: duckdb.DuckDBPyConnection) -> list[tuple[Breach, int]]:
    """The first breaches of each kind per table and column, with how many there are."""
    rows = con.execute(
        "select table_id, name, source_line, column_id, kind, value, expected, details, n from (select *, "
        "row_number() over (partition by table_id, column_id, kind order by part, source_line) as rank, "
        "count(*) over (partition by table_id, column_id, kind) as n from breach "
        "left join part_name on coalesce(source_file, part) = number) "
        "where rank <= $shown order by table_id, kind, column_id, part, source_line",
        {"shown": contract().breaches_shown},
    ).fetchall()
    return [
        (Breach(kind, table, file, line, column, value, expected, json.loads(details or "{}")), int(count))
        for table, file, line, column, kind, value, expected, details, count in rows
    ]


def name_parts(con: duckdb.DuckDBPyConnection, accounts: list[Account]) -> None:
    """Create temp table `part_name`: number → name of a file or of a mapping's block."""
    con.execute("create or replace temp table part_name (number integer, name varchar)")
    if accounts:
        con.executemany("insert into part_name values (?, ?)", [(account.number, account.name) for account in accounts])


def keep(
    con: duckdb.DuckDBPyConnection, accounts: list[Account], changes: dict[str, Changes], supplied: dict[str, set[str]], *, merged: bool
) -> None:
    """Create the `meta` tables: this load's files, rejects, breaches and changes after those of the snapshot merged into."""
    number = 1
    for name, columns in META.items():
        con.execute(f"create or replace table meta.{name} as select * from base.meta.{name}" if merged else f"create table meta.{name} ({columns})")
    if merged:
        row = con.execute("select coalesce(max(load_number), 0) + 1 from meta.files").fetchone()
        number = int(row[0]) if row else 1
    con.executemany(
        "insert into meta.files values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                number, a.number, a.name, a.table, a.encoding, a.sha256, a.rows_read, a.rows_loaded, a.rows_rejected, a.rows_folded,
                a.rows_blank, a.rows_used, a.rows_unused, "; ".join(a.ignored_headers),
            )
            for a in accounts
        ],
    )  # fmt: skip
    con.execute(
        "insert into meta.rejects select $load, b.table_id, any_value(n.name), any_value(b.source_line), "
        "string_agg(distinct b.kind, ', ' order by b.kind), min_by(b.column_id, b.kind), min_by(b.value, b.kind), "
        "min_by(b.expected, b.kind), min_by(b.details, b.kind), any_value(o.content) "
        "from breach as b inner join part_name as n on coalesce(b.source_file, b.part) = n.number "
        "left join original as o on o.part = b.part and o.table_id is not distinct from b.table_id "
        "and case when b.row_id is null then o.row_id is null and o.source_line = b.source_line else o.row_id = b.row_id end "
        "group by b.table_id, b.part, b.row_id, case when b.row_id is null then b.source_line end "
        "order by b.table_id, b.part, any_value(b.source_line), b.row_id",
        {"load": number},
    )
    for breach, count in examples(con):
        con.execute(
            "insert into meta.breaches values ($load, $table, $column, $kind, $file, $line, $value, $expected, to_json($details), $n)",
            {
                "load": number, "table": breach.table, "column": breach.column, "kind": breach.kind, "file": breach.file,
                "line": breach.line, "value": breach.value, "expected": breach.expected, "details": breach.details, "n": count,
            },
        )  # fmt: skip
    if changes:
        rows = [(number, name, c.added, c.changed, c.unchanged) for name, c in changes.items()]
        con.executemany("insert into meta.changes values (?, ?, ?, ?, ?)", rows)
    con.execute("create or replace table meta.supplied (table_id varchar, column_id varchar)")
    pairs = [(table, column) for table, columns in sorted(supplied.items()) for column in sorted(columns)]
    tables, names = ([pair[side] for pair in pairs] for side in (0, 1))
    con.execute("insert into meta.supplied select unnest($tables), unnest($names)", {"tables": tables, "names": names})
