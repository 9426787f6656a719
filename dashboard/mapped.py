"""From the files of a foreign layout, through a mapping's blocks, to typed `incoming` tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from dashboard.breaches import Breach, StructuralBreach
from dashboard.casting import Cell
from dashboard.contract import contract, folded
from dashboard.intake import Account, Taker
from dashboard.mapping import Block, ColumnMap, Mapping, Source
from dashboard.reading import Opened, open_file, rewritten, unreadable

RESERVED = ("source_file", "source_line")


class MappedTaker(Taker):
    """Takes the sources of a mapping as temp tables, then its blocks into the incoming tables."""

    def take_sources(self, folder: Path, mapping: Mapping) -> None:
        """Every source of a mapping as a temp table of its cells as text, with source_file and source_line."""
        for source in mapping.sources.values():
            paths = _source_files(folder, source)
            if not paths and not source.optional:
                self.result.structural.append(Breach("unreadable_file", None, source.file, expected="files", details={"files": source.file}))
                continue
            for path in paths:
                try:
                    self._take_source_file(source, path)
                except StructuralBreach as error:
                    self.result.structural.append(error.breach)

    def _take_source_file(self, source: Source, path: Path) -> None:
        account = Account(self._next(), path.name, None)
        opened = open_file(self.con, path, source.options, self.workdir, account.number, None)
        temporary = f"source_part_{account.number}"
        try:
            opened, count = self._read_into(temporary, opened, account)
            kept = self._append(source, temporary, opened, account)
        except duckdb.Error as error:  # these statements hold nothing but the file's own rows
            raise unreadable(path, error) from error
        self.con.execute(f"drop table {temporary}")
        account.encoding, account.sha256 = opened.encoding, opened.sha256
        account.rows_blank = opened.blank_rows + count - kept
        account.rows_read = kept + len(opened.broken)
        account.rows_rejected = len(opened.broken)
        account.rows_used = 0
        account.ignored_headers = opened.ignored
        self._record_broken(None, account, opened, keep=False)
        self.result.accounts.append(account)

    def _read_into(self, temporary: str, opened: Opened, account: Account) -> tuple[Opened, int]:
        """Create a temp table of a file's cells; row by row if its rows and lines don't match one to one."""
        try:
            self.con.execute(f"create or replace temp table {temporary} as {opened.sql}", opened.parameters)
            count = int(self._one(f"select count(*) from {temporary}")[0])
        except duckdb.InvalidInputException:
            if opened.carries_lines or opened.expected_rows is None:
                raise
            count = -1
        if opened.expected_rows in (None, count):
            return opened, count
        if opened.carries_lines:
            raise unreadable(opened.path, f"{opened.expected_rows} rows written, {count} read")
        return self._read_into(temporary, rewritten(opened, self.workdir, account.number), account)

    def _append(self, source: Source, temporary: str, opened: Opened, account: Account) -> int:
        """Add a file's rows, without the blank ones, to the temp table named like its source; the number of rows added."""
        headers = _unique(opened.headers)
        line = "source_line" if opened.carries_lines else f"rowid + {opened.first_line}"
        cells = [f"{'clean_text' if kind == 'VARCHAR' else ''}(c{index}) is null" for index, kind in enumerate(opened.types)]
        table = quoted(source.name)
        exists = self._one("select count(*) from duckdb_tables() where temporary and table_name = $name", {"name": source.name})[0]
        if exists:
            there = {str(row[0]).casefold() for row in self.con.execute(f"describe {table}").fetchall()}
            for header, kind in zip(headers, opened.types, strict=True):
                if header.casefold() not in there:
                    self.con.execute(f"alter table {table} add column {quoted(header)} {kind}")
        head = f"insert into {table} by name" if exists else f"create temp table {table} as"
        names = ", ".join(f"c{i} as {quoted(header)}" for i, header in enumerate(headers))
        self.con.execute(
            f"{head} select {names}, {account.number} as source_file, {line} as source_line from {temporary} where not ({' and '.join(cells)})"
        )
        return int(self._one(f"select count(*) from {table} where source_file = {account.number}")[0])

    def take_block(self, mapping: Mapping, block: Block, ordinal: int) -> None:
        """The rows of one block of a mapping."""
        table = contract().tables[block.table]
        account = Account(self._next(), f"{mapping.path.name} [[{block.table}]] {ordinal}", block.table, encoding="mapping")
        try:
            cells = self._block_cells(mapping, block)
        except (duckdb.Error, StructuralBreach) as error:
            detail = error.breach.details["detail"] if isinstance(error, StructuralBreach) else str(error).split("\n\n")[0]
            self.result.structural.append(Breach("mapping_error", block.table, account.name, None, None, None, "mapping", {"detail": detail}))
            return
        self.result.accounts.append(account)
        self.result.supplied.setdefault(block.table, set()).update(cells)
        sql = f"select * from cell_{account.number}"
        self.con.execute(f"alter table cell rename to cell_{account.number}")
        self._insert(table, sql, {}, cells, "source_file", "source_line", str(account.number))
        account.rows_read = self._one(f"select count(*) from cell_{account.number}")[0]
        self.con.execute(f"insert into used select distinct source_file, source_line from cell_{account.number} where source_file is not null")
        self._remember(table, account, sql, {}, {column: cell.ref for column, cell in cells.items()})
        self._explain(table, cells, account, {})

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
        sql = f"select {', '.join(parts)}, source_file, source_line from {quoted(block.source)}{where}"
        self._one_select(mapping, block, sql)
        self.con.execute(f"create or replace temp table cell as {sql}", values)
        types = {str(row[0]): str(row[1]) for row in self.con.execute("describe cell").fetchall()}
        return {column: Cell(f"c{i}", types[f"c{i}"], spec) for i, (column, spec) in enumerate(wanted.items())}

    def _select_cells(self, mapping: Mapping, block: Block) -> dict[str, Cell]:
        assert block.select is not None
        self._one_select(mapping, block, block.select)
        self.con.execute(f"create or replace temp table selected as {block.select.rstrip().rstrip(';')}")
        types = {str(row[0]): str(row[1]) for row in self.con.execute("describe selected").fetchall()}
        known = contract().tables[block.table].columns
        unknown = [name for name in types if name not in known and name not in RESERVED]
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

    def _one_select(self, mapping: Mapping, block: Block, sql: str) -> None:
        statements = self.con.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise _mapping_error(mapping, f"[[{block.table}]]: expected one SELECT statement, or expressions of it")

    def settle_sources(self) -> None:
        """Count the source rows that some block used."""
        for account in self.result.accounts:
            if account.rows_used is not None:
                used = self._one("select count(distinct source_line) from used where source_file = $file", {"file": account.number})[0]
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
        while name.casefold() in {other.casefold() for other in result} | set(RESERVED):
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
    listed = ", ".join(header for header in headers if header not in RESERVED)
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
