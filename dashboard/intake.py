"""From the files of an export to typed `incoming` tables: casts every cell, and records what could not be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from dashboard.breaches import Breach, StructuralBreach
from dashboard.casting import DATED, Cell, bad, mapped, present, readable, within
from dashboard.contract import Column, Table, contract, folded
from dashboard.mapping import Export
from dashboard.reading import Opened, Options, find_files, form_of, open_file, rewritten, together, unreadable

#: A cell that says that its row sums others up; `is_totals` in reading.sql holds the same words for keys.
TOTALS = (
    r"(合计|总计|小计|汇总|总数|grand ?total|sub-?total|totals?|sum|(gesamt|end|zwischen)?summe|gesamt|totale|total général|suma)\s*([:：(（].*)?"
)
#: What DuckDB raises over a file that is damaged inside, besides errors without a class of their own.
DAMAGED = (duckdb.InvalidInputException, duckdb.IOException, duckdb.SerializationException)


@dataclass
class Account:
    """What became of one part: a file's rows read, or a mapping block's rows yielded = loaded + rejected + folded.

    A file read through a mapping has no table of its own: its rows are used or unused.
    """

    number: int
    name: str
    table: str | None
    encoding: str = ""
    sha256: str = ""
    rows_read: int = 0
    rows_loaded: int = 0
    rows_rejected: int = 0
    rows_folded: int = 0
    rows_blank: int = 0
    rows_used: int | None = None
    rows_unused: int | None = None
    ignored_headers: tuple[str, ...] = ()


@dataclass
class Intake:
    """All that was taken in so far."""

    accounts: list[Account] = field(default_factory=list)
    supplied: dict[str, set[str]] = field(default_factory=dict)
    structural: list[Breach] = field(default_factory=list)


@dataclass(frozen=True)
class Part:
    """The cells that the rows of one part came from, in the order they were inserted, to look rejected rows up in."""

    table: str
    number: int
    first_row: int
    sql: str
    parameters: dict[str, Any]
    shown: dict[str, str]  # header → cell, none of them personal


def create_incoming(con: duckdb.DuckDBPyConnection) -> None:
    """Empty `export.incoming_TABLE` for every contract table, and the tables that breaches are written to.

    A row of an incoming table is known by its rowid until it is accepted or put aside.
    """
    con.execute("create schema if not exists export")
    for table in contract().tables.values():
        columns = ", ".join(f"{column.id} {column.sql_type}" for column in table.loaded)
        copies = ", copies integer default 1" if table.id == "payments" else ""
        con.execute(
            f"create table export.incoming_{table.id} ({columns}{copies}, source_file integer, source_line bigint, part integer, bad boolean)"
        )
    con.execute(
        "create temp table breach (table_id varchar, part integer, source_file integer, row_id bigint, source_line bigint, "
        "column_id varchar, kind varchar, value varchar, expected varchar, details json)"
    )
    con.execute("create temp table put_aside (table_id varchar, row_id bigint, part integer, source_file integer, source_line bigint)")
    con.execute("create temp table folded (table_id varchar, part integer, row_id bigint)")
    con.execute("create temp table original (table_id varchar, part integer, row_id bigint, source_line bigint, content json)")


def _part_name(table_id: str, path: Path) -> str:
    return f"{table_id}/{path.name}" if path.parent.name.lower() == table_id else path.name


def _is_header(table: Table) -> Callable[[str], bool]:
    accepted = {folded(header) for column in table.columns.values() for header in column.headers}
    return lambda text: folded(text) in accepted


class Taker:
    """Takes files into the incoming tables of one connection; `result` grows as it goes."""

    def __init__(self, con: duckdb.DuckDBPyConnection, workdir: Path, export: Export, last_number: int = 0) -> None:
        self.con = con
        self.workdir = workdir
        self.export = export
        self.result = Intake()
        self._number = last_number
        self._parts: list[Part] = []

    def _next(self) -> int:
        self._number += 1
        return self._number

    # --- an export in the contract's own layout -------------------------------------------------------------------

    def contract_files(self, folder: Path) -> list[tuple[str, Path]]:
        """Every (table, file) that the folder holds; a table supplied twice is recorded as a breach."""
        found: list[tuple[str, Path]] = []
        for table in contract().tables:
            try:
                found += [(table, path) for path in find_files(folder, table)]
            except StructuralBreach as error:
                self.result.structural.append(error.breach)
        return found

    def take_files(self, table_id: str, paths: list[Path], told: Callable[[Path], None]) -> None:
        """All files of one contract table; `told` hears of each. Parquet parts of the same columns are read in one go."""
        first, rest = self._number, paths
        if len(paths) > 1 and all(form_of(path) == "parquet" for path in paths):
            told(paths[0])
            rest = self._take_together(table_id, paths)
            self._number = first + len(paths) - len(rest)
        for path in rest:
            told(path)
            self.take_file(table_id, path)

    def take_file(self, table_id: str, path: Path) -> None:
        """One file of one contract table, headers matched by name. What makes it unusable is recorded in `result.structural`."""
        table = contract().tables[table_id]
        account = Account(self._next(), _part_name(table_id, path), table_id)
        try:
            opened = self._opened(path, account, table)
            cells = self._match(table, opened, account)
            if cells is None:
                return
            self.result.accounts.append(account)
            self.result.supplied.setdefault(table_id, set()).update(cells)
            opened = self._insert_file(table, opened, cells, account)
        except StructuralBreach as error:
            self.result.structural.append(error.breach)
            return
        self._taken(table, opened, cells, account)

    def _opened(self, path: Path, account: Account, table: Table) -> Opened:
        return open_file(self.con, path, Options(decimal=self.export.decimal), self.workdir, account.number, _is_header(table))

    def _taken(self, table: Table, opened: Opened, cells: dict[str, Cell], account: Account) -> None:
        """Remember where a file's rows came from and record why some of them failed."""
        shown = {opened.headers[int(cell.ref[1:])]: cell.ref for cell in cells.values()}
        self._remember(table, account, opened.sql, opened.parameters, shown)
        self._explain(table, cells, account, {cell.ref: header for header, cell in zip(shown, cells.values(), strict=True)})

    def _take_together(self, table_id: str, paths: list[Path]) -> list[Path]:
        """Read Parquet parts in one statement; the paths left to be read one by one: all, if they differ or one is damaged."""
        table = contract().tables[table_id]
        parts: list[tuple[Opened, Account]] = []
        try:
            for path in paths:
                account = Account(self._next(), _part_name(table_id, path), table_id)
                parts.append((self._opened(path, account, table), account))
        except StructuralBreach:
            return paths
        opened, account = parts[0]
        if any((one.headers, one.types) != (opened.headers, opened.types) for one, _ in parts):
            return paths
        cells = self._match(table, opened, account)
        if cells is None:
            self.result.structural = [breach for breach in self.result.structural if breach.file != account.name]
            return paths
        whole = together([one for one, _ in parts], account.number)
        number = f"{account.number} + cast(c_file as integer)"
        try:
            self._insert(table, whole.sql, whole.parameters, cells, number, "source_line", number, self._headers(opened, cells))
        except duckdb.Error as error:
            if type(error) is not duckdb.Error and not isinstance(error, DAMAGED):
                raise
            return paths
        self.result.supplied.setdefault(table_id, set()).update(cells)
        counts = dict(
            self.con.execute(f"select part, count(*) from export.incoming_{table.id} where part >= {account.number} group by part").fetchall()
        )
        for opened, account in parts:
            self.result.accounts.append(account)
            account.encoding, account.sha256, account.rows_read = opened.encoding, opened.sha256, counts.get(account.number, 0)
            account.ignored_headers = parts[0][1].ignored_headers
            self._taken(table, opened, cells, account)
        return []

    @staticmethod
    def _headers(opened: Opened, cells: dict[str, Cell]) -> dict[str, str]:
        return {column: opened.headers[int(cell.ref[1:])] for column, cell in cells.items()}

    def _match(self, table: Table, opened: Opened, account: Account) -> dict[str, Cell] | None:
        """Headers → contract columns, None if they don't fit. Personal columns are matched and left behind."""
        accepted = {folded(header): column for column in table.columns.values() for header in column.headers}
        found: dict[str, str] = {}
        cells: dict[str, Cell] = {}
        wrong: list[Breach] = []
        account.ignored_headers = opened.ignored
        for index, header in enumerate(opened.headers):
            column = accepted.get(folded(header)) if header else None
            if column is None:
                account.ignored_headers += (header,) if header else ()
                continue
            if column.id in found and not column.personal:
                both = f"{found[column.id]} / {header}"
                wrong.append(Breach("duplicate_header", table.id, account.name, None, column.id, both, "one_header"))
            found[column.id] = header
            if not column.personal:
                cells[column.id] = Cell(f"c{index}", opened.types[index])
        for column in table.columns.values():
            if not column.optional and column.id not in found:
                headers = {"headers": " / ".join(dict.fromkeys(column.headers))}
                wrong.append(Breach("missing_column", table.id, account.name, None, column.id, None, "header", headers))
        self.result.structural += wrong
        return None if wrong else cells

    def _insert_file(self, table: Table, opened: Opened, cells: dict[str, Cell], account: Account) -> Opened:
        """Insert a file's rows with their lines; read it again row by row if rows and lines don't match one to one."""
        where = f"from export.incoming_{table.id} where part = {account.number}"
        headers = self._headers(opened, cells)
        line = "source_line" if opened.carries_lines else "null"
        count: int | None = None
        try:
            self._insert(table, opened.sql, opened.parameters, cells, str(account.number), line, str(account.number), headers)
            count = self._one(f"select count(*) {where}")[0]
        except duckdb.Error as error:
            if type(error) is not duckdb.Error and not isinstance(error, DAMAGED):
                raise
            if opened.carries_lines or opened.expected_rows is None:
                raise unreadable(opened.path, error) from error
        if opened.expected_rows not in (None, count):
            if opened.carries_lines:
                raise unreadable(opened.path, f"{opened.expected_rows} rows written, {count} read")
            self.con.execute(f"delete {where}")
            return self._insert_file(table, rewritten(opened, self.workdir, account.number), cells, account)
        if not opened.carries_lines and count:
            first = self._one(f"select min(rowid) {where}")[0]
            self.con.execute(
                f"update export.incoming_{table.id} set source_line = rowid - $offset where part = {account.number}",
                {"offset": first - opened.first_line},
            )
        account.encoding, account.sha256 = opened.encoding, opened.sha256
        account.rows_blank = opened.blank_rows
        account.rows_rejected = len(opened.broken)
        account.rows_read = (count or 0) + len(opened.broken)
        # cells of a broken row can't be told apart: kept only where none of the file's columns is personal or unknown
        self._record_broken(table.id, account, opened, keep=len(cells) == len(opened.headers))
        return opened

    def _insert(
        self,
        table: Table,
        sql: str,
        parameters: dict[str, Any],
        cells: dict[str, Cell],
        file: str,
        line: str,
        part: str,
        headers: dict[str, str] | None = None,
    ) -> None:
        """Insert the rows of `sql`, typed, `bad` where a value is missing or unreadable or the row is no record."""
        values = dict(parameters)
        columns = [column for column in table.loaded if column.id in cells]
        sources = {column.id: mapped(cells[column.id], values) for column in columns}
        read = ", ".join(f"{readable(column, sources[column.id], self.export, values)} as {column.id}__" for column in columns)
        kept = [(f"{column.id}__", within(column, f"{column.id}__", values)) for column in columns]
        limited = ", ".join(f"{value} as {name}" for name, value in kept if value != name)
        checks = [bad(column, sources[column.id]) for column in columns]
        for key in (column for column in table.key if sources[column].is_text):
            checks.append(f"coalesce(is_totals({sources[key].ref}), false)")
            if headers is not None:
                values[f"header_{key}"] = headers[key]
                checks.append(f"coalesce({sources[key].ref} = $header_{key}, false)")
        self.con.execute(
            f"insert into export.incoming_{table.id} ({', '.join(c.id for c in columns)}, source_file, source_line, part, bad) "
            f"select {', '.join(f'{c.id}__' for c in columns)}, {file}, {line}, {part}, {' or '.join(checks)} "
            f"from (select *{f' replace ({limited})' if limited else ''} from (select *, {read} from ({sql}) as source_cells) as read_cells) "
            "as typed_cells",
            values,
        )

    def _record_broken(self, table_id: str | None, account: Account, opened: Opened, *, keep: bool) -> None:
        """Rows that can't be told into cells have a line but never were rows of a table."""
        for broken in opened.broken:
            breach = broken.breach
            place = {"table": table_id, "part": account.number, "line": breach.line}
            self.con.execute(
                "insert into breach values ($table, $part, $part, null, $line, null, $kind, $value, $expected, to_json($details))",
                {**place, "kind": breach.kind, "value": breach.value, "expected": breach.expected, "details": breach.details},
            )
            if keep:
                cells = {str(number): cell[:1000] for number, cell in enumerate(broken.cells, start=1)}
                self.con.execute("insert into original values ($table, $part, null, $line, to_json($cells))", {**place, "cells": cells})

    def _one(self, sql: str, parameters: dict[str, Any] | None = None) -> tuple[Any, ...]:
        row = self.con.execute(sql, parameters).fetchone()
        assert row is not None
        return row

    # --- what could not be read -----------------------------------------------------------------------------------

    def _remember(self, table: Table, account: Account, sql: str, parameters: dict[str, Any], shown: dict[str, str]) -> None:
        first = self._one(f"select min(rowid) from export.incoming_{table.id} where part = {account.number}")[0]
        if first is not None:
            self._parts.append(Part(table.id, account.number, first, sql, parameters, shown))

    def keep_originals(self) -> None:
        """Keep each row put aside as it was in its source, looked up by its place; personal columns stay behind."""
        for part in self._parts:
            rows = (
                f"select row_id, source_line from put_aside where table_id = '{part.table}' and part = {part.number} "
                f"and row_id not in (select row_id from original where table_id = '{part.table}' and row_id is not null)"
            )
            if self._one(f"select count(*) from ({rows})")[0]:
                self.con.execute(f"create or replace temp table cell as {part.sql}", part.parameters)
                self._keep(part, rows)

    def _keep(self, part: Part, rows: str) -> None:
        """Original cells of `rows` (row_id, source_line) from temp table `cell`."""
        pairs = ", ".join(f"$h{i}, cell.{ref}" for i, ref in enumerate(part.shown.values()))
        self.con.execute(
            f"insert into original select '{part.table}', {part.number}, chosen.row_id, chosen.source_line, json_object({pairs}) "
            f"from ({rows}) as chosen inner join cell on chosen.row_id = cell.rowid + {part.first_row}",
            {f"h{i}": header for i, header in enumerate(part.shown)},
        )

    def _explain(self, table: Table, cells: dict[str, Cell], account: Account, headers: dict[str, str]) -> None:
        """Record why rows of the part remembered last failed; rows without any content leave as blank."""
        incoming = f"export.incoming_{table.id}"
        if not self._one(f"select count(*) > 0 from {incoming} where part = {account.number} and bad")[0]:
            return
        part = self._parts[-1]
        self.con.execute(f"create or replace temp table cell as {part.sql}", part.parameters)
        every = [cell.text for cell in cells.values()]
        words = [f"regexp_full_match(lower(clean_text({text})), $totals)" for text in every]
        again = [f"coalesce({cell.text} = $h{i}, {cell.ref} is null)" for i, cell in enumerate(cells.values()) if cell.ref in headers]
        whole = [str(row[0]) for row in self.con.execute("describe cell").fetchall() if row[0] not in ("source_line", "source_file")]
        content = " or ".join(f"clean_text(cast(cell.{ref} as varchar)) is not null" for ref in whole)
        self.con.execute(
            f"create or replace temp table failed as select t.rowid as row_id, t.source_file, t.source_line, t.part, "
            f"not coalesce({content}, false) as blank, coalesce({' or '.join(words)}, false) as totals, "
            f"{' and '.join(again) if again else 'false'} as header, "
            f"{', '.join(f'cell.{cell.ref} as {cell.ref}' for cell in cells.values())}, "
            f"{', '.join(f't.{column} as {column}__' for column in cells)} "
            f"from {incoming} as t inner join cell on t.rowid = cell.rowid + {part.first_row} where t.part = {account.number} and t.bad",
            {"totals": TOTALS, **{f"h{i}": headers[cell.ref] for i, cell in enumerate(cells.values()) if cell.ref in headers}},
        )
        blank = self._one("select count(*) from failed where blank")[0]
        if blank:
            account.rows_blank += blank
            account.rows_read -= blank
            self.con.execute(f"delete from {incoming} where rowid in (select row_id from failed where blank)")
            self.con.execute("delete from failed where blank")
        self._keep(part, "select row_id, source_line from failed")
        for kind, expected in (("header", "no_header"), ("totals", "record")):
            self.con.execute(
                f"insert into breach select $table, part, source_file, row_id, source_line, null, '{kind}_row', null, '{expected}', '{{}}' "
                f"from failed where {kind} {'and not header' if kind == 'totals' else ''}",
                {"table": table.id},
            )
        self.con.execute("delete from failed where totals or header")
        for column in table.loaded:
            if column.id in cells:
                self._explain_column(table, column, cells[column.id])

    def _explain_column(self, table: Table, column: Column, cell: Cell) -> None:
        values: dict[str, Any] = {}
        source = mapped(cell, values)
        details: dict[str, Any] = {}
        limits, kind, expected = "false", "wrong_type", column.type
        if column.type == "code":
            kind = "unknown_code"
            details = {"codes": ", ".join(contract().codes[column.codes or ""])}
        elif column.range is not None:
            limits = f"{readable(column, source, self.export, values)} is not null"
            details = {"low": column.range[0], "high": column.range[1]}
        elif column.type in DATED:
            limits = f"{readable(column, source, self.export, values)} is not null"
            details = {"earliest": contract().earliest.isoformat(), "latest": contract().latest.isoformat()}
            if pattern := cell.map.date_format or self.export.date_format:
                expected, details = "date_as", {**details, "format": pattern}
        elif column.type == "amount":
            expected = "amount_comma" if self.export.decimal == "," else "amount_point"
            details = {"currency": self.export.currency}
        self.con.execute(
            f"insert into breach select $table, part, source_file, row_id, source_line, $column, "
            f"case when not {present(source)} then 'missing_value' when {limits} then 'out_of_range' else $kind end, "
            f"substr({cell.text}, 1, 200), case when not {present(source)} then 'value' when {limits} then $limited else $expected end, "
            f"to_json($details) from failed where {bad(column, source)}",
            {
                **values, "table": table.id, "column": column.id, "kind": kind, "details": details,
                "limited": "range" if column.range else column.type, "expected": expected,
            },
        )  # fmt: skip
        if column.type == "code":
            self._hint(table.id, column)

    def _hint(self, table_id: str, column: Column) -> None:
        """Add the nearest known code to each unknown one."""
        place = {"table": table_id, "column": column.id}
        where = "table_id = $table and column_id = $column and kind = 'unknown_code'"
        for (value,) in self.con.execute(f"select distinct value from breach where {where} limit 1000", place).fetchall():
            near = contract().nearest_code(column.codes or "", value)
            if near is not None:
                self.con.execute(
                    "update breach set expected = 'code_near', details = json_merge_patch(details, json_object('near', $near)) "
                    f"where {where} and value = $value",
                    {**place, "near": near, "value": value},
                )
