"""The export contract (data/contract.toml) as typed tables; knows columns and codes, nothing of files or SQL."""

from __future__ import annotations

import difflib
import re
import tomllib
import unicodedata
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
CONTRACT = ROOT / "data" / "contract.toml"

#: What a column of each type is in DuckDB.
SQL_TYPES = {
    "id": "varchar",
    "text": "varchar",
    "code": "varchar",
    "date": "date",
    "month": "date",
    "time": "timestamp",
    "amount": "decimal(18,2)",
    "integer": "bigint",
    "number": "double",
    "flag": "boolean",
}


@dataclass(frozen=True)
class Code:
    """One code of a list with its labels and the spellings accepted for it."""

    id: str
    label: dict[str, str]
    spellings: tuple[str, ...]


@dataclass(frozen=True)
class Column:
    """One column of a contract table; one to be `filled` that holds nothing in any row was not supplied."""

    table: str
    id: str
    type: str
    label: dict[str, str]
    headers: tuple[str, ...]
    optional: bool = False
    personal: bool = False
    parent: str | None = None
    codes: str | None = None
    range: tuple[float, float] | None = None
    filled: bool = False

    @property
    def sql_type(self) -> str:
        return SQL_TYPES[self.type]


@dataclass(frozen=True)
class Table:
    """One table of the contract: its key, its event column (dates that say how far the export reaches), its columns."""

    id: str
    label: dict[str, str]
    row: dict[str, str]
    key: tuple[str, ...]
    event: str | None
    columns: dict[str, Column]

    @property
    def loaded(self) -> tuple[Column, ...]:
        """The columns that reach the warehouse: all but the personal ones."""
        return tuple(column for column in self.columns.values() if not column.personal)


@dataclass(frozen=True)
class Contract:
    """All tables, code lists and the settings an export may override."""

    tables: dict[str, Table]
    codes: dict[str, dict[str, Code]]
    currency: str
    timezone: str
    reject_share: float
    earliest: date
    latest: date
    payment_before_placement_days: int
    breaches_shown: int

    def code_of(self, codes: str, text: str) -> str | None:
        """The code that a spelling stands for, or None."""
        return spellings(codes).get(folded(text))

    def nearest_code(self, codes: str, text: str) -> str | None:
        """The accepted spelling nearest to an unknown one, for the hint in a breach."""
        near = difflib.get_close_matches(folded(text), list(spellings(codes)), n=1, cutoff=0.6)
        return spellings(codes)[near[0]] if near else None


def folded(text: str) -> str:
    """A header or code as it is compared: width and case folded, without spaces, underscores and hyphens."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[\s_\-\u200b\ufeff]+", "", plain)


@cache
def contract() -> Contract:
    """The contract as shipped. Errors in the file itself raise ValueError with the place."""
    return read_contract(CONTRACT)


def read_contract(path: Path) -> Contract:
    """Read a contract file; refuses a header that stands for two columns, or a spelling for two codes (ValueError)."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    codes = {
        name: {
            code: Code(code, {"en": entry["en"], "zh": entry["zh"]}, (code, entry["en"], entry["zh"], *entry.get("also", ())))
            for code, entry in entries.items()
        }
        for name, entries in data["codes"].items()
    }
    for name, entries in codes.items():
        meant: dict[str, str] = {}
        for code in entries.values():
            for text in code.spellings:
                if meant.setdefault(folded(text), code.id) != code.id:
                    raise ValueError(f"{path.name}: {text!r} of codes.{name} stands for both {meant[folded(text)]} and {code.id}")
    tables = {name: _table(name, entry) for name, entry in data["tables"].items()}
    for table in tables.values():
        seen: dict[str, str] = {}
        for column in table.columns.values():
            if column.codes is not None and column.codes not in codes:
                raise ValueError(f"{path.name}: {table.id}.{column.id} names an unknown code list {column.codes!r}")
            for header in column.headers:
                other = seen.setdefault(folded(header), column.id)
                if other != column.id:
                    raise ValueError(f"{path.name}: header {header!r} of {table.id} stands for both {other} and {column.id}")
    export = data["export"]
    return Contract(
        tables=tables,
        codes=codes,
        currency=export["currency"],
        timezone=export["timezone"],
        reject_share=export["reject_share"],
        earliest=export["earliest"],
        latest=export["latest"],
        payment_before_placement_days=export["payment_before_placement_days"],
        breaches_shown=export["breaches_shown"],
    )


def _table(name: str, entry: dict[str, Any]) -> Table:
    columns = {
        column: Column(
            table=name,
            id=column,
            type=spec["type"],
            label={"en": spec["en"], "zh": spec["zh"]},
            headers=(column, spec["en"], spec["zh"], *spec.get("headers", ())),
            optional=spec.get("optional", False),
            personal=spec.get("personal", False),
            parent=spec.get("parent"),
            codes=spec.get("codes"),
            range=tuple(spec["range"]) if "range" in spec else None,
            filled=spec.get("filled", False),
        )
        for column, spec in entry["columns"].items()
    }
    return Table(
        id=name,
        label={"en": entry["en"], "zh": entry["zh"]},
        row=entry["row"],
        key=tuple(entry["key"]),
        event=entry.get("event"),
        columns=columns,
    )


@cache
def spellings(codes: str) -> dict[str, str]:
    """Folded spelling → code, of one code list."""
    return {folded(text): code.id for code in contract().codes[codes].values() for text in code.spellings}
