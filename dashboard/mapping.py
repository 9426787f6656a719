"""A mapping file (TOML) as blocks that say where each contract column comes from; also an export's own export.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from dashboard.breaches import StructuralBreach
from dashboard.contract import contract
from dashboard.reading import Options

EXPORT_KEYS = {"name", "title", "note", "currency", "timezone", "as_of", "date_format", "decimal", "reject_share"}
SOURCE_KEYS = {"file", "encoding", "delimiter", "sheet", "header_row", "optional"}
BLOCK_KEYS = {"source", "where", "columns", "select", "codes"}
COLUMN_KEYS = {"column", "value", "sql", "codes", "date_format", "divide"}


@dataclass(frozen=True)
class Export:
    """What an export says of itself: its data set, currency, time zone, and the day it is complete to."""

    name: str = "default"
    title: dict[str, str] = field(default_factory=dict)
    note: dict[str, str] = field(default_factory=dict)
    currency: str = ""
    timezone: str = ""
    as_of: date | None = None
    date_format: str | None = None
    decimal: str = "."
    reject_share: float | None = None


@dataclass(frozen=True)
class Source:
    """A file (or pattern of files) of a foreign layout, under the name that blocks use."""

    name: str
    file: str
    options: Options
    optional: bool = False


@dataclass(frozen=True)
class ColumnMap:
    """Where one contract column comes from: a source header, a constant or an SQL expression, then a value map."""

    column: str | None = None
    value: Any = None
    sql: str | None = None
    codes: dict[str, str] = field(default_factory=dict)
    date_format: str | None = None
    divide: int | None = None


@dataclass(frozen=True)
class Block:
    """Rows of one contract table: a source with an optional filter and column maps, or one SELECT over the sources."""

    table: str
    source: str | None
    where: str | None
    columns: dict[str, ColumnMap]
    select: str | None


@dataclass(frozen=True)
class Mapping:
    """A whole mapping file."""

    path: Path
    export: Export
    sources: dict[str, Source]
    blocks: tuple[Block, ...]


def _fail(path: Path, detail: str) -> StructuralBreach:
    return StructuralBreach("mapping_error", "mapping", {"detail": detail}, file=path.name)


def _check_keys(path: Path, place: str, entry: dict[str, Any], known: set[str]) -> None:
    unknown = sorted(set(entry) - known)
    if unknown:
        raise _fail(path, f"{place}: unknown key {', '.join(unknown)}; known: {', '.join(sorted(known))}")


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _fail(path, str(error)) from error


def read_export(path: Path, entry: dict[str, Any]) -> Export:
    """The [export] section. Missing currency and time zone come from the contract."""
    _check_keys(path, "[export]", entry, EXPORT_KEYS)
    as_of = entry.get("as_of")
    if as_of is not None and not isinstance(as_of, date):
        raise _fail(path, f"[export] as_of: got {as_of!r}, expected a date such as 2026-10-31")
    if entry.get("decimal", ".") not in (".", ","):
        raise _fail(path, f"[export] decimal: got {entry['decimal']!r}, expected '.' or ','")
    name = str(entry.get("name", "default"))
    if not name.replace("-", "").replace("_", "").isalnum():
        raise _fail(path, f"[export] name: got {name!r}, expected letters, digits, - and _")
    return Export(
        name=name,
        title=dict(entry.get("title", {})),
        note=dict(entry.get("note", {})),
        currency=str(entry.get("currency", contract().currency)),
        timezone=str(entry.get("timezone", contract().timezone)),
        as_of=as_of,
        date_format=entry.get("date_format"),
        decimal=entry.get("decimal", "."),
        reject_share=entry.get("reject_share"),
    )


def export_of(folder: Path) -> Export:
    """export.toml of an export in the contract's own layout, or the contract's defaults."""
    path = folder / "export.toml"
    if not path.is_file():
        return Export(currency=contract().currency, timezone=contract().timezone)
    return read_export(path, _read_toml(path).get("export", {}))


def read_mapping(path: Path) -> Mapping:
    """Read a mapping file; every mistake is a StructuralBreach that names the place."""
    data = _read_toml(path)
    export = read_export(path, data.pop("export", {}))
    sources = {name: _source(path, name, entry) for name, entry in data.pop("sources", {}).items()}
    if not sources:
        raise _fail(path, "no [sources.NAME] given; expected at least one with file = …")
    blocks: list[Block] = []
    for table, entries in data.items():
        if table not in contract().tables:
            raise _fail(path, f"[[{table}]]: not a table of the contract; known: {', '.join(contract().tables)}")
        for entry in entries if isinstance(entries, list) else [entries]:
            blocks.append(_block(path, table, entry, sources))
    if not blocks:
        raise _fail(path, "no table is mapped; expected at least one [[TABLE]] block")
    return Mapping(path=path, export=export, sources=sources, blocks=tuple(blocks))


def _source(path: Path, name: str, entry: dict[str, Any]) -> Source:
    if not name.isidentifier():
        raise _fail(path, f"[sources.{name}]: expected a name of letters, digits and _")
    _check_keys(path, f"[sources.{name}]", entry, SOURCE_KEYS)
    if "file" not in entry:
        raise _fail(path, f"[sources.{name}]: file = … is missing")
    options = Options(entry.get("encoding"), entry.get("delimiter"), entry.get("sheet"), entry.get("header_row"))
    return Source(name=name, file=str(entry["file"]), options=options, optional=bool(entry.get("optional", False)))


def _block(path: Path, table: str, entry: dict[str, Any], sources: dict[str, Source]) -> Block:
    place = f"[[{table}]]"
    _check_keys(path, place, entry, BLOCK_KEYS)
    known = contract().tables[table].columns
    if ("select" in entry) == ("source" in entry):
        raise _fail(path, f"{place}: expected either source = … with columns, or select = …")
    columns: dict[str, ColumnMap] = {}
    for column, spec in {**entry.get("columns", {}), **{name: {} for name in entry.get("codes", {}) if "select" in entry}}.items():
        if column not in known:
            raise _fail(path, f"{place} columns.{column}: not a column of {table}; known: {', '.join(known)}")
        columns[column] = _column(path, f"{place} columns.{column}", spec, entry.get("codes", {}).get(column, {}), "select" in entry)
    if "source" in entry:
        if entry["source"] not in sources:
            raise _fail(path, f"{place} source: got {entry['source']!r}, expected one of {', '.join(sources)}")
        missing = [c.id for c in contract().tables[table].columns.values() if not c.optional and c.id not in columns]
        if missing:
            raise _fail(path, f"{place}: required columns not mapped: {', '.join(missing)}")
    return Block(table=table, source=entry.get("source"), where=entry.get("where"), columns=columns, select=entry.get("select"))


def _column(path: Path, place: str, spec: Any, codes: dict[str, str], of_select: bool) -> ColumnMap:
    if isinstance(spec, str):
        return ColumnMap(column=spec, codes=codes)
    if not isinstance(spec, dict):
        raise _fail(path, f"{place}: got {spec!r}, expected a source header or a table such as {{ value = … }}")
    _check_keys(path, place, spec, COLUMN_KEYS)
    if not of_select and sum(key in spec for key in ("column", "value", "sql")) != 1:
        raise _fail(path, f"{place}: expected exactly one of column, value, sql")
    merged = {str(key): str(value) for key, value in {**codes, **spec.get("codes", {})}.items()}
    return ColumnMap(
        column=spec.get("column"),
        value=spec.get("value"),
        sql=spec.get("sql"),
        codes=merged,
        date_format=spec.get("date_format"),
        divide=spec.get("divide"),
    )
