"""From the files of an export to typed `incoming` tables: casts every cell, and records what could not be read."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from dashboard.breaches import Breach, StructuralBreach
from dashboard.casting import Cell, bad, present, value_of
from dashboard.contract import Column, Table, contract, folded
from dashboard.mapping import Block, ColumnMap, Export, Mapping, Source
from dashboard.reading import Opened, Options, find_files, open_file, rewritten

TOTALS = "(合计|总计|小计|汇总|total|totals|grand total|subtotal|sum)[:：]?"


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
        "create temp table breach (table_id varchar, part integer, row_id bigint, source_line bigint, column_id varchar, kind varchar, "
        "value varchar, expected varchar, details json)"
    )
    con.execute("create temp table original (table_id varchar, row_id bigint, content json)")
    con.execute("create temp table spelling (codes varchar, spelling varchar, code varchar)")
    con.executemany(
        "insert into spelling values (?, ?, ?)",
        sorted(
            {
                (codes, folded(text), code.id)
                for codes, entries in contract().codes.items()
                for code in entries.values()
                for text in code.spellings
            }
        ),
    )


class Taker:
    """Takes files into the incoming tables of one connection; `result` grows as it goes."""

    def __init__(self, con: duckdb.DuckDBPyConnection, workdir: Path, export: Export, last_number: int = 0) -> None:
        self.con = con
        self.workdir = workdir
        self.export = export
        self.result = Intake()
        self._number = last_number

    def _next(self) -> int:
        self._number += 1
        return self._number

    # --- an export in the contract's own layout -------------------------------------------------------------------

    def contract_files(self, folder: Path) -> list[tuple[str, Path]]:
        """Every (table, file) that the folder holds."""
        return [(table, path) for table in contract().tables for path in find_files(folder, table)]

    def take_file(self, table_id: str, path: Path) -> None:
        """One file of one contract table, headers matched by name."""
        table = contract().tables[table_id]
        accepted = {folded(header): column for column in table.columns.values() for header in column.headers}
        account = Account(self._next(), f"{table_id}/{path.name}" if path.parent.name == table_id else path.name, table_id)
        try:
            opened = open_file(self.con, path, Options(), self.workdir, account.number, lambda text: folded(text) in accepted)
            cells = self._match(table, opened, account)
            self.result.accounts.append(account)
            self.result.supplied.setdefault(table_id, set()).update(cells)
            opened = self._insert_file(table, opened, cells, account)
        except StructuralBreach as error:
            self.result.structural.append(error.breach)
            return
        if self._has_bad(table, account):
            self.con.execute(f"create or replace temp table cell as {opened.sql}", opened.parameters)
            hidden = {folded(header) for column in table.columns.values() if column.personal for header in column.headers}
            shown = {header: f"c{i}" for i, header in enumerate(opened.headers) if header and folded(header) not in hidden}
            self._explain(table, cells, shown, account)

    def _match(self, table: Table, opened: Opened, account: Account) -> dict[str, Cell]:
        """Headers → contract columns. Personal columns are matched and left behind."""
        accepted = {folded(header): column for column in table.columns.values() for header in column.headers}
        found: dict[str, str] = {}
        cells: dict[str, Cell] = {}
        wrong: list[Breach] = []
        for index, header in enumerate(opened.headers):
            column = accepted.get(folded(header)) if header else None
            if column is None:
                account.ignored_headers += (header,) if header else ()
                continue
            if column.id in found:
                both = f"{found[column.id]} / {header}"
                wrong.append(Breach("duplicate_header", table.id, account.name, None, column.id, both, "one_header"))
            found[column.id] = header
            if not column.personal:
                cells[column.id] = Cell(f"c{index}", opened.types[index])
        for column in table.columns.values():
            if not column.optional and column.id not in found:
                headers = {"headers": " / ".join(dict.fromkeys(column.headers))}
                wrong.append(Breach("missing_column", table.id, account.name, None, column.id, None, "header", headers))
        if wrong:
            self.result.structural += wrong[:-1]
            last = wrong[-1]
            raise StructuralBreach(
                last.kind, last.expected, last.details, table=last.table, file=last.file, column=last.column, value=last.value
            )
        return cells

    def _insert_file(self, table: Table, opened: Opened, cells: dict[str, Cell], account: Account) -> Opened:
        """Insert a file's rows with their lines; read it again row by row if rows and lines don't match one to one."""
        number = str(account.number)
        self._insert(table, opened.sql, opened.parameters, cells, number, "source_line" if opened.carries_lines else "null", number)
        where = f"from export.incoming_{table.id} where part = {number}"
        count, first = self._one(f"select count(*), min(rowid) {where}")
        if not opened.carries_lines and opened.expected_rows not in (None, count):
            self.con.execute(f"delete {where}")
            return self._insert_file(table, rewritten(opened, self.workdir, account.number), cells, account)
        if not opened.carries_lines and count:
            self.con.execute(
                f"update export.incoming_{table.id} set source_line = rowid - $offset where part = {number}",
                {"offset": first - opened.first_line},
            )
        account.encoding, account.sha256 = opened.encoding, opened.sha256
        account.rows_blank = opened.blank_rows
        account.rows_read = count + len(opened.broken)
        self._record_broken(table.id, account, opened)
        return opened

    def _insert(
        self, table: Table, sql: str, parameters: dict[str, Any], cells: dict[str, Cell], file: str, line: str, part: str
    ) -> None:
        values = dict(parameters)
        columns = [column for column in table.loaded if column.id in cells]
        typed = ", ".join(f"{value_of(column, cells[column.id], self.export, values)} as {column.id}__" for column in columns)
        checks = " or ".join(bad(column, cells[column.id]) for column in columns)
        self.con.execute(
            f"insert into export.incoming_{table.id} ({', '.join(c.id for c in columns)}, source_file, source_line, part, bad) "
            f"select {', '.join(f'{c.id}__' for c in columns)}, {file}, {line}, {part}, {checks} "
            f"from (select *, {typed} from ({sql}) as source_cells) as typed_cells",
            values,
        )

    def _record_broken(self, table_id: str | None, account: Account, opened: Opened) -> None:
        """Rows whose structure can't be read have a line but never were rows of a table."""
        for breach in opened.broken:
            self.con.execute(
                "insert into breach values ($table, $part, null, $line, null, $kind, $value, $expected, to_json($details))",
                {
                    "table": table_id,
                    "part": account.number,
                    "line": breach.line,
                    "kind": breach.kind,
                    "value": breach.value,
                    "expected": breach.expected,
                    "details": breach.details,
                },
            )

    def _one(self, sql: str, parameters: dict[str, Any] | None = None) -> tuple[Any, ...]:
        row = self.con.execute(sql, parameters).fetchone()
        assert row is not None
        return row

    # --- what could not be read -----------------------------------------------------------------------------------

    def _has_bad(self, table: Table, account: Account) -> bool:
        return bool(self._one(f"select count(*) > 0 from export.incoming_{table.id} where part = {account.number} and bad")[0])

    def _explain(self, table: Table, cells: dict[str, Cell], shown: dict[str, str], account: Account) -> None:
        """Record why rows failed, from the original cells in temp table `cell` (in the order they were inserted)."""
        incoming = f"export.incoming_{table.id}"
        first = self._one(f"select min(rowid) from {incoming} where part = {account.number}")[0]
        every = list(cells.values())
        text = " || ' ' || ".join(f"coalesce(cast({cell.ref} as varchar), '')" for cell in every)
        totals = " or ".join(f"regexp_full_match(lower(clean_text(cast({cell.ref} as varchar))), '{TOTALS}')" for cell in every)
        pairs = ", ".join(f"${f'h{i}'}, {ref}" for i, ref in enumerate(shown.values()))
        self.con.execute(
            f"create or replace temp table failed as select t.rowid as row_id, t.source_line, t.part, "
            f"clean_text({text}) is null as blank, coalesce({totals}, false) as totals, "
            f"json_object({pairs}) as content, {', '.join(f'cell.{cell.ref} as {cell.ref}' for cell in every)}, "
            f"{', '.join(f't.{column} as {column}__' for column in cells)} "
            f"from {incoming} as t inner join cell on t.rowid = cell.rowid + {first} where t.part = {account.number} and t.bad",
            {f"h{i}": header for i, header in enumerate(shown)},
        )
        blank = self._one("select count(*) from failed where blank")[0]
        if blank:
            account.rows_blank += blank
            account.rows_read -= blank
            self.con.execute(f"delete from {incoming} where rowid in (select row_id from failed where blank)")
            self.con.execute("delete from failed where blank")
        self.con.execute("insert into original select $table, row_id, content from failed", {"table": table.id})
        self.con.execute(
            "insert into breach select $table, part, row_id, source_line, null, 'totals_row', null, 'record', '{}' from failed where totals",
            {"table": table.id},
        )
        for column in table.loaded:
            if column.id in cells:
                self._explain_column(table, column.id, cells[column.id])

    def _explain_column(self, table: Table, column_id: str, cell: Cell) -> None:
        column = table.columns[column_id]
        kind = "unknown_code" if column.type == "code" else "out_of_range" if column.range else "wrong_type"
        expected = "range" if column.range else column.type
        details: dict[str, Any] = {}
        if column.type == "code":
            details = {"codes": ", ".join(contract().codes[column.codes or ""])}
        elif column.range is not None:
            details = {"low": column.range[0], "high": column.range[1]}
        elif column.type in ("date", "time", "month"):
            details = {"earliest": contract().earliest.isoformat(), "latest": contract().latest.isoformat()}
        missing = "" if not column.optional else f" and {present(cell)}"
        self.con.execute(
            f"insert into breach select $table, part, row_id, source_line, $column, "
            f"case when {present(cell)} then $kind else 'missing_value' end, substr(cast({cell.ref} as varchar), 1, 200), "
            f"case when {present(cell)} then $expected else 'value' end, to_json($details) "
            f"from failed where not totals and {column_id}__ is null{missing}",
            {"table": table.id, "column": column_id, "kind": kind, "expected": expected, "details": details},
        )
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

    # --- any other layout, through a mapping ----------------------------------------------------------------------

    def take_sources(self, folder: Path, mapping: Mapping) -> None:
        """Every source of a mapping as a temp table of its cells as text, with source_file and source_line."""
        for source in mapping.sources.values():
            paths = _source_files(folder, source)
            if not paths and not source.optional:
                self.result.structural.append(
                    Breach("unreadable_file", None, source.file, expected="files", details={"files": source.file})
                )
                continue
            for path in paths:
                try:
                    self._take_source_file(source, path)
                except StructuralBreach as error:
                    self.result.structural.append(error.breach)

    def _take_source_file(self, source: Source, path: Path) -> None:
        account = Account(self._next(), path.name, None)
        opened = open_file(self.con, path, source.options, self.workdir, account.number, lambda text: bool(text.strip()))
        headers = _unique(opened.headers)
        names = ", ".join(f"c{i} as {quoted(header)}" for i, header in enumerate(headers))
        temporary = f"source_part_{account.number}"
        self.con.execute(f"create temp table {temporary} as {opened.sql}", opened.parameters)
        count = self._one(f"select count(*) from {temporary}")[0]
        if not opened.carries_lines and opened.expected_rows not in (None, count):
            opened = rewritten(opened, self.workdir, account.number)
            self.con.execute(f"create or replace temp table {temporary} as {opened.sql}", opened.parameters)
            count = self._one(f"select count(*) from {temporary}")[0]
        line = "source_line" if opened.carries_lines else f"rowid + {opened.first_line}"
        blank = " and ".join(f"{'clean_text' if opened.types[i] == 'VARCHAR' else ''}(c{i}) is null" for i in range(len(headers)))
        exists = self._one("select count(*) from duckdb_tables() where temporary and table_name = $name", {"name": source.name})[0]
        head = f"insert into {quoted(source.name)} by name" if exists else f"create temp table {quoted(source.name)} as"
        self.con.execute(
            f"{head} select {names}, {account.number} as source_file, {line} as source_line from {temporary} where not ({blank})"
        )
        kept = self._one(f"select count(*) from {quoted(source.name)} where source_file = {account.number}")[0]
        self.con.execute(f"drop table {temporary}")
        account.encoding, account.sha256 = opened.encoding, opened.sha256
        account.rows_blank = opened.blank_rows + count - kept
        account.rows_read = kept + len(opened.broken)
        account.rows_rejected = len(opened.broken)
        account.rows_used = 0
        self._record_broken(None, account, opened)
        self.result.accounts.append(account)

    def take_block(self, mapping: Mapping, block: Block, ordinal: int) -> None:
        """The rows of one block of a mapping."""
        table = contract().tables[block.table]
        account = Account(self._next(), f"{mapping.path.name} [[{block.table}]] {ordinal}", block.table, encoding="mapping")
        try:
            cells = self._block_cells(mapping, block)
        except (duckdb.Error, StructuralBreach) as error:
            detail = error.breach.details["detail"] if isinstance(error, StructuralBreach) else str(error).split("\n\n")[0]
            self.result.structural.append(
                Breach("mapping_error", block.table, account.name, None, None, None, "mapping", {"detail": detail})
            )
            return
        self.result.accounts.append(account)
        self.result.supplied.setdefault(block.table, set()).update(cells)
        self._insert(table, "select * from cell", {}, cells, "source_file", "source_line", str(account.number))
        account.rows_read = self._one("select count(*) from cell")[0]
        self.con.execute("insert into used select distinct source_file, source_line from cell where source_file is not null")
        if self._has_bad(table, account):
            self._explain(table, cells, {column: cell.ref for column, cell in cells.items()}, account)

    def _block_cells(self, mapping: Mapping, block: Block) -> dict[str, Cell]:
        """Build temp table `cell` (c0…, source_file, source_line) and say which column each cell feeds."""
        self.con.execute("create temp table if not exists used (source_file integer, source_line bigint)")
        if block.select is not None:
            return self._select_cells(mapping, block)
        assert block.source is not None
        headers = [str(row[0]) for row in self.con.execute(f"describe {quoted(block.source)}").fetchall()]
        values: dict[str, Any] = {}
        parts: list[str] = []
        wanted = {name: spec for name, spec in block.columns.items() if not contract().tables[block.table].columns[name].personal}
        for index, spec in enumerate(wanted.values()):
            if spec.column is not None:
                expression = quoted(_header(spec.column, headers, block))
            elif spec.sql is not None:
                expression = f"({spec.sql})"
            else:
                values[f"v{index}"] = spec.value
                expression = f"${f'v{index}'}"
            parts.append(f"{expression} as c{index}")
        where = f" where ({block.where})" if block.where else ""
        self.con.execute(
            f"create or replace temp table cell as select {', '.join(parts)}, source_file, source_line from {quoted(block.source)}{where}",
            values,
        )
        types = {str(row[0]): str(row[1]) for row in self.con.execute("describe cell").fetchall()}
        return {column: Cell(f"c{i}", types[f"c{i}"], spec) for i, (column, spec) in enumerate(wanted.items())}

    def _select_cells(self, mapping: Mapping, block: Block) -> dict[str, Cell]:
        assert block.select is not None
        statements = self.con.extract_statements(block.select)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise _mapping_error(mapping, f"[[{block.table}]] select: expected one SELECT statement")
        self.con.execute(f"create or replace temp table selected as {block.select.rstrip().rstrip(';')}")
        types = {str(row[0]): str(row[1]) for row in self.con.execute("describe selected").fetchall()}
        known = contract().tables[block.table].columns
        unknown = [name for name in types if name not in known and name not in ("source_file", "source_line")]
        missing = [column.id for column in known.values() if not column.optional and column.id not in types]
        if unknown or missing:
            wrong = [f"unknown columns: {', '.join(unknown)}"] if unknown else []
            wrong += [f"required columns missing: {', '.join(missing)}"] if missing else []
            raise _mapping_error(mapping, f"[[{block.table}]] select: {'; '.join(wrong)}")
        columns = [name for name in types if name in known and not known[name].personal]
        named = _sources_named(block.select, list(mapping.sources))
        traced = "source_line" in types
        if "source_file" in types:
            file = "source_file"
        elif len(named) == 1 and traced:
            file = f"(select min(source_file) from {quoted(named[0])})"
        else:
            file = "null"
        line = "source_line" if traced else "null"
        parts = ", ".join(f"{quoted(name)} as c{index}" for index, name in enumerate(columns))
        self.con.execute(
            f"create or replace temp table cell as select {parts}, cast({file} as integer) as source_file, "
            f"cast({line} as bigint) as source_line from selected"
        )
        if not traced:  # a SELECT that doesn't say which lines it used has used all of the sources it names
            for name in named:
                self.con.execute(f"insert into used select source_file, source_line from {quoted(name)}")
        return {name: Cell(f"c{i}", types[name], block.columns.get(name, ColumnMap())) for i, name in enumerate(columns)}

    def settle_sources(self) -> None:
        """Count the source rows that some block used."""
        for account in self.result.accounts:
            if account.rows_used is not None:
                used = self._one(
                    "select count(distinct source_line) from used where source_file = $file", {"file": account.number}
                )[0]
                account.rows_used = used
                account.rows_unused = account.rows_read - account.rows_rejected - used


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _unique(headers: tuple[str, ...]) -> list[str]:
    """Headers of a foreign layout, made distinct: an empty one is column_N, a repeated one gets _2, _3 …"""
    result: list[str] = []
    for index, header in enumerate(headers, start=1):
        name, again = header or f"column_{index}", 2
        while name.casefold() in {other.casefold() for other in result} | {"source_file", "source_line"}:
            name, again = f"{header or f'column_{index}'}_{again}", again + 1
        result.append(name)
    return result


def _header(wanted: str, headers: list[str], block: Block) -> str:
    """The source header meant: exact, else the one that is the same but for case and spaces."""
    if wanted in headers:
        return wanted
    near = [header for header in headers if folded(header) == folded(wanted)]
    if len(near) == 1:
        return near[0]
    listed = ", ".join(header for header in headers if header not in ("source_file", "source_line"))
    raise StructuralBreach(
        "mapping_error", "mapping", {"detail": f"[[{block.table}]]: source {block.source} has no header {wanted!r}; it has: {listed}"}
    )


def _mapping_error(mapping: Mapping, detail: str) -> StructuralBreach:
    return StructuralBreach("mapping_error", "mapping", {"detail": detail}, file=mapping.path.name)


def _sources_named(select: str, sources: list[str]) -> list[str]:
    lowered = select.casefold()
    return [name for name in sources if name.casefold() in lowered]


def _source_files(folder: Path, source: Source) -> list[Path]:
    """The files a source means: the export itself if it is one file, else the pattern within the folder."""
    if folder.is_file():
        return [folder]
    return sorted(path for path in folder.glob(source.file) if path.is_file())
