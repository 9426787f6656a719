"""A mapping file (TOML) as blocks that say where each contract column comes from; also an export's own export.toml."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from dashboard.breaches import StructuralBreach
from dashboard.compliance.rules import regimes
from dashboard.contract import contract
from dashboard.reading import Options

EXPORT_KEYS = {"name", "title", "note", "currency", "timezone", "as_of", "date_format", "decimal", "reject_share", "regimes"}
SOURCE_KEYS = {"file", "encoding", "delimiter", "sheet", "header_row", "optional"}
BLOCK_KEYS = {"source", "where", "columns", "select", "codes"}
COLUMN_KEYS = {"column", "value", "sql", "codes", "date_format", "divide"}
#: How many of the source's units make one of the contract's, and the factor that turns them.
DIVISORS = {1: "1", 10: "0.1", 100: "0.01", 1000: "0.001"}
#: Names that the load's own tables have while a mapping's SQL runs.
TAKEN = re.compile(r"used|cell(_\d+)?|selected|tried|failed|breach|put_aside|folded|original|part_name|source_part_\d+", re.IGNORECASE)
DATE_FORMAT = re.compile(r"(?:[^%]|%-?[dmyHIMSj]|%[aAbBcfgGnpxXYzZ%])+")


@dataclass(frozen=True)
class Export:
    """What an export says of itself: its data set, currency, time zone, the day it is complete to.

    regimes: whose rules of contact it is held against; None where it doesn't say, and its time zone does.
    """

    name: str = "default"
    title: dict[str, str] = field(default_factory=dict)
    note: dict[str, str] = field(default_factory=dict)
    currency: str = ""
    timezone: str = ""
    as_of: date | None = None
    date_format: str | None = None
    decimal: str = "."
    reject_share: float | None = None
    regimes: tuple[str, ...] | None = None


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


def _fail(path: Path, wanted: str, **details: Any) -> StructuralBreach:
    """What is wrong with a mapping, in the words of `mapping_WANTED` in data/breaches.toml."""
    return StructuralBreach("mapping_error", f"mapping_{wanted}", details, file=path.name)


def _unread(path: Path, error: Exception) -> StructuralBreach:
    """A mapping that can't be read as TOML at all, and from where on."""
    if isinstance(error, OSError):
        return _fail(path, "not_there", place=str(path))
    if isinstance(error, UnicodeDecodeError):
        return _fail(path, "utf8", position=error.start + 1)
    rows = path.read_text(encoding="utf-8-sig").split("\n")
    found = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
    line, column = (int(found[1]), int(found[2])) if found else (len(rows), len(rows[-1]) + 1)
    stands = rows[line - 1].strip()[:60] if line <= len(rows) else ""
    return _fail(path, "toml", place=path.name, line=line, column=column, stands=stands, cause=str(error).partition(" (at ")[0])


def _check_keys(path: Path, place: str, entry: dict[str, Any], known: set[str]) -> None:
    unknown = sorted(set(entry) - known)
    if unknown:
        raise _fail(path, "key", place=place, unknown=", ".join(unknown), known=", ".join(sorted(known)))


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _unread(path, error) from error


def _section(path: Path, place: str, entry: Any) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise _fail(path, "table", place=place, got=repr(entry))
    return entry


def _words(path: Path, place: str, entry: Any) -> dict[str, str]:
    """Text to text, such as a value map; numbers are read as the text they are written as."""
    return {str(key): value if isinstance(value, str) else str(value) for key, value in _section(path, place, entry).items()}


def _date_format(path: Path, place: str, value: Any) -> str | None:
    """A date format without blanks at its ends: those of a cell are taken off before it is read."""
    if value is not None and not (isinstance(value, str) and DATE_FORMAT.fullmatch(value) and "%" in value):
        raise _fail(path, "format", place=f"{place} date_format", got=repr(value))
    return None if value is None else value.strip()


def read_export(path: Path, entry: Any) -> Export:
    """The [export] section. Missing currency and time zone come from the contract."""
    entry = _section(path, "[export]", entry)
    _check_keys(path, "[export]", entry, EXPORT_KEYS)
    as_of = entry.get("as_of")
    if as_of is not None and (not isinstance(as_of, date) or isinstance(as_of, datetime)):
        raise _fail(path, "date", place="[export] as_of", got=repr(as_of))
    decimal = entry.get("decimal", ".")
    if decimal not in (".", ","):
        raise _fail(path, "decimal", place="[export] decimal", got=repr(decimal))
    name = entry.get("name", "default")
    if not isinstance(name, str) or not name.replace("-", "").replace("_", "").isalnum():
        raise _fail(path, "name", place="[export] name", got=repr(name))
    currency = entry.get("currency", contract().currency)
    if not isinstance(currency, str) or not re.fullmatch("[A-Z]{3}", currency):
        raise _fail(path, "currency", place="[export] currency", got=repr(currency))
    share = entry.get("reject_share")
    if share is not None and (isinstance(share, bool) or not isinstance(share, (int, float)) or not 0 <= share <= 1):
        raise _fail(path, "share", place="[export] reject_share", got=repr(share))
    named = entry.get("regimes")
    if named is not None and not (isinstance(named, list) and all(one in regimes() for one in named)):
        raise _fail(path, "regimes", place="[export] regimes", got=repr(named), known=", ".join(regimes()))
    return Export(
        name=name,
        title=_words(path, "[export] title", entry.get("title", {})),
        note=_words(path, "[export] note", entry.get("note", {})),
        currency=currency,
        timezone=str(entry.get("timezone", contract().timezone)),
        as_of=as_of,
        date_format=_date_format(path, "[export]", entry.get("date_format")),
        decimal=decimal,
        reject_share=share,
        regimes=None if named is None else tuple(named),
    )


def export_of(folder: Path) -> Export:
    """export.toml of an export in the contract's own layout, or the contract's defaults."""
    path = folder / "export.toml"
    if not path.is_file():
        return Export(currency=contract().currency, timezone=contract().timezone)
    return read_export(path, _read_toml(path).get("export", {}))  # other sections are the exporting system's own


def read_mapping(path: Path) -> Mapping:
    """Read a mapping file; every mistake is a StructuralBreach that names the place."""
    data = _read_toml(path)
    export = read_export(path, data.pop("export", {}))
    sources = {name: _source(path, name, entry) for name, entry in _section(path, "[sources]", data.pop("sources", {})).items()}
    if not sources:
        raise _fail(path, "no_source")
    blocks: list[Block] = []
    for table, entries in data.items():
        if table not in contract().tables:
            raise _fail(path, "no_such_table", place=f"[[{table}]]", known=", ".join(contract().tables))
        for entry in entries if isinstance(entries, list) else [entries]:
            blocks.append(_block(path, table, _section(path, f"[[{table}]]", entry), sources))
    if not blocks:
        raise _fail(path, "no_block")
    return Mapping(path=path, export=export, sources=sources, blocks=tuple(blocks))


def _source(path: Path, name: str, entry: Any) -> Source:
    place = f"[sources.{name}]"
    if not (name.isidentifier() and name.isascii()):
        raise _fail(path, "source_name", place=place)
    if TAKEN.fullmatch(name):
        raise _fail(path, "source_taken", place=place)
    entry = _section(path, place, entry)
    _check_keys(path, place, entry, SOURCE_KEYS)
    for key in ("file", "encoding", "delimiter", "sheet"):
        if key in entry and not isinstance(entry[key], str):
            raise _fail(path, "text", place=f"{place} {key}", got=repr(entry[key]))
    if "file" not in entry:
        raise _fail(path, "no_file", place=place)
    delimiter, header_row = entry.get("delimiter"), entry.get("header_row")
    if delimiter is not None and (len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n'):
        raise _fail(path, "delimiter", place=f"{place} delimiter", got=repr(delimiter))
    if header_row is not None and (isinstance(header_row, bool) or not isinstance(header_row, int) or header_row < 0):
        raise _fail(path, "row", place=f"{place} header_row", got=repr(header_row))
    encoding = entry.get("encoding")
    try:
        "".encode(encoding or "utf-8")
    except LookupError as error:
        raise _fail(path, "encoding", place=f"{place} encoding", got=repr(encoding)) from error
    options = Options(encoding, delimiter, entry.get("sheet"), header_row)
    return Source(name=name, file=entry["file"], options=options, optional=bool(entry.get("optional", False)))


def _block(path: Path, table: str, entry: dict[str, Any], sources: dict[str, Source]) -> Block:
    place = f"[[{table}]]"
    _check_keys(path, place, entry, BLOCK_KEYS)
    known = contract().tables[table].columns
    if ("select" in entry) == ("source" in entry):
        raise _fail(path, "either", place=place)
    for key in ("source", "where", "select"):
        if key in entry and not isinstance(entry[key], str):
            raise _fail(path, "text", place=f"{place} {key}", got=repr(entry[key]))
    selected = "select" in entry
    codes = _section(path, f"{place} codes", entry.get("codes", {}))
    specs = _section(path, f"{place} columns", entry.get("columns", {}))
    columns: dict[str, ColumnMap] = {}
    for column in dict.fromkeys([*specs, *codes]):
        if column not in known:
            raise _fail(path, "no_such_column", place=f"{place} columns.{column}", table=table, known=", ".join(known))
        if column not in specs and not selected:
            raise _fail(path, "codes", place=f"{place} codes.{column}")
        value_map = _words(path, f"{place} codes.{column}", codes.get(column, {}))
        columns[column] = _column(path, f"{place} columns.{column}", specs.get(column, {}), value_map, selected)
    if "source" in entry:
        if entry["source"] not in sources:
            raise _fail(path, "one_of", place=f"{place} source", got=repr(entry["source"]), known=", ".join(sources))
        missing = [column.id for column in known.values() if not column.optional and column.id not in columns]
        if missing:
            raise _fail(path, "required", place=place, missing=", ".join(missing))
    return Block(table=table, source=entry.get("source"), where=entry.get("where"), columns=columns, select=entry.get("select"))


def _column(path: Path, place: str, spec: Any, codes: dict[str, str], of_select: bool) -> ColumnMap:
    if isinstance(spec, str) and not of_select:
        return ColumnMap(column=spec, codes=codes)
    if not isinstance(spec, dict):
        raise _fail(path, "column", place=place, got=repr(spec))
    _check_keys(path, place, spec, COLUMN_KEYS)
    if not of_select and sum(key in spec for key in ("column", "value", "sql")) != 1:
        raise _fail(path, "exactly_one", place=place)
    if of_select and set(spec) & {"column", "value", "sql"}:
        raise _fail(path, "of_select", place=place)
    for key in ("column", "sql"):
        if key in spec and not isinstance(spec[key], str):
            raise _fail(path, "text", place=f"{place} {key}", got=repr(spec[key]))
    if isinstance(spec.get("value"), (dict, list)):
        raise _fail(path, "value", place=f"{place} value", got=repr(spec["value"]))
    divide = spec.get("divide")
    if divide is not None and divide not in DIVISORS:
        raise _fail(path, "one_of", place=f"{place} divide", got=repr(divide), known=", ".join(map(str, DIVISORS)))
    return ColumnMap(
        column=spec.get("column"),
        value=spec.get("value"),
        sql=spec.get("sql"),
        codes={**codes, **_words(path, f"{place} codes", spec.get("codes", {}))},
        date_format=_date_format(path, place, spec.get("date_format")),
        divide=divide,
    )
