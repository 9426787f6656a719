"""From the files of a foreign layout, through a mapping's blocks, to typed `incoming` tables."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path, PurePath
from typing import Any

import duckdb

from dashboard.breaches import Breach, StructuralBreach
from dashboard.casting import Cell
from dashboard.contract import contract, folded
from dashboard.intake import Account, Taker
from dashboard.mapping import Block, ColumnMap, Export, Mapping, Source
from dashboard.reading import MOST_LISTED, Opened, form_of, listed, open_file, rewritten, unreadable

#: What every source has besides its own columns: the number, the name and the line of the file a row is from.
RESERVED = ("source_file", "source_line", "source_name")


class MappedTaker(Taker):
    """Takes the sources of a mapping as temp tables, then its blocks into the incoming tables."""

    def __init__(self, con: duckdb.DuckDBPyConnection, workdir: Path, export: Export, last_number: int = 0) -> None:
        super().__init__(con, workdir, export, last_number)
        self._files: dict[str, list[Account]] = {}  # by source, none where it is optional and not there
        self._headers_of: dict[int, set[str]] = {}  # by file, in lower case
        self._joined: set[str] = set()  # sources that a SELECT reads whose rows are traced to others
        self._names_wanted = False
        self._spelled: set[str] = set()  # names that the mapping's SQL speaks of, in lower case

    def take_sources(self, folder: Path, mapping: Mapping) -> None:
        """Every source of a mapping as a temp table of its cells as text, with source_file, source_line and, where wanted, source_name."""
        self.con.execute("create temp table if not exists used (source_file integer, source_line bigint)")
        self._names_wanted = any("source_name" in text.casefold() for text in _sql_texts(mapping))
        self._spelled = {word.casefold() for text in _sql_texts(mapping) for word in _words(text)}
        for source in mapping.sources.values():
            self._files[source.name] = []
            paths = _source_files(folder, source, mapping)
            if not paths and not source.optional:
                details = {"source": source.name, "files": listed(folder)}
                self.result.structural.append(Breach("no_such_file", None, source.file, expected="source_file", details=details))
                continue
            known = _known_headers(mapping, source)
            for path in paths:
                try:
                    self._take_source_file(source, path, folder, known)
                except StructuralBreach as error:
                    self.result.structural.append(error.breach)

    def _take_source_file(self, source: Source, path: Path, folder: Path, known: Callable[[str], bool]) -> None:
        name = path.name if path == folder else path.relative_to(folder).as_posix()
        sheet = source.options.sheet if form_of(path) in ("workbook", "records") else None
        account = Account(self._next(), name if sheet is None else f"{name} [{sheet}]", None)
        options = replace(source.options, decimal=self.export.decimal)
        opened = open_file(self.con, path, options, self.workdir, account.number, known, named=True)
        temporary = f"source_part_{account.number}"
        try:
            opened, count = self._read_into(temporary, opened, account)
            kept = self._append(source, temporary, opened, account.number)
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
        self._files[source.name].append(account)

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

    def _append(self, source: Source, temporary: str, opened: Opened, number: int) -> int:
        """Add a file's rows, without the blank ones, to the temp table named like its source; the number of rows added."""
        headers = _unique(opened.headers)
        line = "source_line" if opened.carries_lines else f"rowid + {opened.first_line}"
        cells = [f"{'clean_text' if kind == 'VARCHAR' else ''}(c{index}) is null" for index, kind in enumerate(opened.types)]
        table = quoted(source.name)
        exists = self._one("select count(*) from duckdb_tables() where temporary and table_name = $name", {"name": source.name})[0]
        if exists:
            headers = self._aligned(headers, self._source_headers(source.name))
            there = {header.casefold() for header in self._source_headers(source.name)}
            for header, kind in zip(headers, opened.types, strict=True):
                if header.casefold() not in there:
                    self.con.execute(f"alter table {table} add column {quoted(header)} {kind}")
        self._headers_of[number] = {header.casefold() for header in headers}
        head = f"insert into {table} by name" if exists else f"create temp table {table} as"
        names = ", ".join(f"c{i} as {quoted(header)}" for i, header in enumerate(headers))
        name, values = (", $name as source_name", {"name": opened.path.name}) if self._names_wanted else ("", {})
        self.con.execute(
            f"{head} select {names}, {number} as source_file, {line} as source_line{name} from {temporary} where not ({' and '.join(cells)})",
            values,
        )
        return int(self._one(f"select count(*) from {table} where source_file = {number}")[0])

    def _aligned(self, headers: list[str], there: list[str]) -> list[str]:
        """A file's headers, each as an earlier file of its source spells it if only spaces and dashes differ and no SQL asks for this spelling."""
        own = {header.casefold() for header in headers}
        near = {folded(header): header for header in reversed(there) if header not in RESERVED and header.casefold() not in own}
        known = {header.casefold() for header in there} | self._spelled
        return [header if header.casefold() in known else near.pop(folded(header), header) for header in headers]

    def take_block(self, mapping: Mapping, block: Block, ordinal: int) -> None:
        """The rows of one block of a mapping."""
        table = contract().tables[block.table]
        account = Account(self._next(), f"{mapping.path.name} [[{block.table}]] {ordinal}", block.table, encoding="mapping")
        try:
            if block.source is not None and not self._files[block.source]:
                return  # an optional source that isn't there yields nothing
            cells = self._block_cells(block)
        except (duckdb.Error, StructuralBreach) as error:
            if isinstance(error, duckdb.CatalogException) and self._is_absent(block):
                return
            breach = error.breach if isinstance(error, StructuralBreach) else self._blamed(block, error)
            self.result.structural.append(replace(breach, table=block.table, file=account.name))
            return
        self.result.accounts.append(account)
        self.result.supplied.setdefault(block.table, set()).update(cells)
        sql = f"select * from cell_{account.number}"
        self.con.execute(f"alter table cell rename to cell_{account.number}")
        self._insert(table, sql, {}, cells, "source_file", "source_line", str(account.number))
        account.rows_read = self._one(f"select count(*) from cell_{account.number}")[0]
        self.con.execute(f"insert into used select distinct source_file, source_line from cell_{account.number} where source_file is not null")
        if block.select is not None:
            traced = {row[0] for row in self.con.execute(f"select distinct source_file from cell_{account.number}").fetchall()} - {None}
            named = self._sources_named(block.select) if traced else []
            self._joined |= {name for name in named if not traced & {file.number for file in self._files[name]}}
        self._remember(table, account, sql, {}, {column: cell.ref for column, cell in cells.items()})
        self._explain(table, cells, account, {})
        self._name_lacking(block, account.number)

    def _name_lacking(self, block: Block, part: int) -> None:
        """Say of values that are missing because a file has no such column, as others of its source do, that this is why."""
        headers = [] if block.source is None else self._source_headers(block.source)
        named = {column: _header(spec.column, headers, block) for column, spec in block.columns.items() if spec.column is not None}
        for file in self._files[block.source or ""] if named else ():
            for column, header in named.items():
                if header.casefold() not in self._headers_of[file.number]:
                    self.con.execute(
                        "update breach set expected = 'value_of_column', details = json_object('header', $header) "
                        "where part = $part and source_file = $file and column_id = $column and kind = 'missing_value'",
                        {"header": header, "part": part, "file": file.number, "column": column},
                    )

    def _source_headers(self, source: str) -> list[str]:
        return [str(row[0]) for row in self.con.execute(f"describe {quoted(source)}").fetchall()]

    def _is_absent(self, block: Block) -> bool:
        """Whether a SELECT that finds no table speaks of optional sources alone that aren't there."""
        named = _words(block.select or "") & set(self._files)
        return bool(named) and not any(self._files[name] for name in named)

    def _blamed(self, block: Block, error: duckdb.Error) -> Breach:
        """What DuckDB says of a block, with the expression it says it of where one alone fails."""
        place = f"[[{block.table}]]{' select' if block.select is not None else ''}"
        absent = sorted(name for name in _words(block.select or "") & set(self._files) if not self._files[name])
        if absent and isinstance(error, duckdb.CatalogException):
            return _wrong(block, "absent", place=place, absent=", ".join(absent)).breach
        where = f" where ({block.where})" if block.where else ""
        tried = {"where": "1"} if block.where else {}
        tried |= {f"columns.{name}": f"({spec.sql})" for name, spec in block.columns.items() if spec.sql is not None}
        for key, expression in tried.items():
            try:
                self.con.execute(f"create or replace temp table tried as select {expression} as x from {quoted(block.source or '')}{where}")
            except duckdb.Error as own:
                place, error = f"{place} {key}", own
                break
        kind = "sql_cell" if isinstance(error, duckdb.ConversionException | duckdb.InvalidInputException | duckdb.OutOfRangeException) else "sql"
        return _wrong(block, kind, place=place, detail=str(error).split("\n\n")[0]).breach

    def _block_cells(self, block: Block) -> dict[str, Cell]:
        """Build temp table `cell` (c0…, source_file, source_line) and say which column each cell feeds."""
        if block.select is not None:
            return self._select_cells(block)
        assert block.source is not None
        headers = self._source_headers(block.source)
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
        self._one_select(block, sql)
        self.con.execute(f"create or replace temp table cell as {sql}", values)
        types = {str(row[0]): str(row[1]) for row in self.con.execute("describe cell").fetchall()}
        return {column: Cell(f"c{i}", types[f"c{i}"], spec) for i, (column, spec) in enumerate(wanted.items())}

    def _select_cells(self, block: Block) -> dict[str, Cell]:
        assert block.select is not None
        self._one_select(block, block.select)
        self.con.execute(f"create or replace temp table selected as {block.select.rstrip().rstrip(';')}")
        types = {str(row[0]): str(row[1]) for row in self.con.execute("describe selected").fetchall()}
        known = contract().tables[block.table].columns
        unknown = [name for name in types if name not in known and name not in RESERVED]
        missing = [column.id for column in known.values() if not column.optional and column.id not in types]
        if unknown or missing:
            lists = {"unknown": ", ".join(unknown) or "—", "missing": ", ".join(missing) or "—", "known": ", ".join(known)}
            raise _wrong(block, "select", place=f"[[{block.table}]] select", **lists)
        columns = [name for name in types if name in known and not known[name].personal]
        named = self._sources_named(block.select)
        files = [account for name in named for account in self._files[name]]
        traced = "source_line" in types
        if traced and "source_file" not in types and len(files) > 1:
            listed = ", ".join(dict.fromkeys(account.name for account in files[:MOST_LISTED]))
            raise _wrong(block, "which_file", place=f"[[{block.table}]] select", files=listed)
        file = "source_file" if "source_file" in types else str(files[0].number) if files and traced else "null"
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

    def _sources_named(self, select: str) -> list[str]:
        """The sources that a SELECT which could be run reads."""
        try:
            names = self.con.get_table_names(select)
        except duckdb.Error:  # DuckDB can run an UNPIVOT but not tell what it reads
            names = _words(select)
        read = {str(name).strip('"').casefold() for name in names}
        return [name for name in self._files if name.casefold() in read]

    def _one_select(self, block: Block, sql: str) -> None:
        statements = self.con.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise _wrong(block, "one_select", place=f"[[{block.table}]]")

    def settle_sources(self) -> None:
        """Count the source rows that some block used: of a source that is only joined, which ones can't be told, so all."""
        counts = dict(self.con.execute("select source_file, count(distinct source_line) from used group by source_file").fetchall())
        joined = {file.number for name in self._joined for file in self._files[name] if not any(file.number in counts for file in self._files[name])}
        for account in self.result.accounts:
            if account.rows_used is not None:
                used = account.rows_read - account.rows_rejected if account.number in joined else counts.get(account.number, 0)
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
    raise _wrong(block, "no_header", place=f"[[{block.table}]]", source=block.source, got=repr(wanted), known=listed)


def _wrong(block: Block, wanted: str, **details: Any) -> StructuralBreach:
    """What is wrong with a block, in the words of `mapping_WANTED` in data/breaches.toml."""
    return StructuralBreach("mapping_error", f"mapping_{wanted}", details, table=block.table)


def keys_that_move(mapping: Mapping) -> list[Breach]:
    """Keys made of source_file, which counts on with every load: rows that are in service already would count again under another key."""
    found = []
    for block in mapping.blocks:
        for column in contract().tables[block.table].key:
            spec = block.columns.get(column)
            named = rf"\bsource_file\b[^,]*?\bas\s+\"?{column}\b"
            if (spec and spec.sql and "source_file" in _words(spec.sql)) or (block.select and re.search(named, block.select, re.IGNORECASE)):
                found.append(replace(_wrong(block, "key_moves", place=f"[[{block.table}]] {column}").breach, file=mapping.path.name))
    return found


def _sql_texts(mapping: Mapping, source: Source | None = None) -> list[str]:
    """Every piece of SQL of a mapping, or of the blocks that may speak of one source."""
    blocks = [block for block in mapping.blocks if source is None or block.source in (None, source.name)]
    texts = [text for block in blocks for text in (block.select, block.where, *(spec.sql for spec in block.columns.values()))]
    return [text for text in texts if text]


def _words(sql: str) -> set[str]:
    """The names that SQL speaks of, quoted or not; what stands in strings and comments is none, nor is a number."""
    bare = re.sub(r"'(?:[^']|'')*'|--[^\n]*", " ", sql)
    return {word.replace('""', '"') for word in re.findall(r'"((?:[^"]|"")+)"', bare)} | set(re.findall(r"\b[^\W\d]\w*", bare))


def _known_headers(mapping: Mapping, source: Source) -> Callable[[str], bool]:
    """Tells the headers that a mapping looks for in a source."""
    asked = {spec.column for block in mapping.blocks if block.source == source.name for spec in block.columns.values() if spec.column}
    known = {folded(name) for name in asked.union(*(_words(text) for text in _sql_texts(mapping, source)))} - {""}
    return lambda cell: folded(cell) in known


def _source_files(folder: Path, source: Source, mapping: Mapping) -> list[Path]:
    """The files a source means: what its pattern finds in the folder. An export of one file is the source whose pattern fits, else every one."""
    if folder.is_file():
        fits = {other.name for other in mapping.sources.values() if fnmatch(folder.name, PurePath(other.file).name)}
        return [folder] if not fits or source.name in fits else []
    try:
        return sorted(path for path in folder.glob(source.file) if path.is_file())
    except (NotImplementedError, ValueError):  # no pattern of files below the folder
        return []
