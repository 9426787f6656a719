"""The SQL expression that turns a source cell into a contract column's value, and the one that says it failed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dashboard.contract import Column, contract
from dashboard.mapping import ColumnMap, Export

FLOATS = ("DOUBLE", "FLOAT")
WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT")
DIVISORS = {1: "1", 10: "0.1", 100: "0.01", 1000: "0.001"}


@dataclass(frozen=True)
class Cell:
    """A source cell: its SQL name, its DuckDB type, and what a mapping says of it."""

    ref: str
    type: str
    map: ColumnMap = field(default_factory=ColumnMap)

    @property
    def is_text(self) -> bool:
        return self.type == "VARCHAR"


def present(cell: Cell) -> str:
    """SQL: the cell holds something (blank text and NaN are nothing)."""
    if cell.is_text:
        return f"({cell.ref} is not null and clean_text({cell.ref}) is not null)"
    if cell.type in FLOATS:
        return f"({cell.ref} is not null and not isnan({cell.ref}))"
    return f"({cell.ref} is not null)"


def bad(column: Column, cell: Cell) -> str:
    """SQL over the inserted value (named like the column) and the cell: required and missing, or present but unreadable."""
    if not column.optional:
        return f"{column.id}__ is null"
    return f"({column.id}__ is null and {present(cell)})"


def value_of(column: Column, cell: Cell, export: Export, parameters: dict[str, Any]) -> str:
    """SQL for the typed value; null where the cell is empty or unreadable. Adds what it needs to `parameters`."""
    text = cell
    if cell.map.codes:
        name = f"codes_{len(parameters)}"
        parameters[name] = {"key": list(cell.map.codes), "value": list(cell.map.codes.values())}
        plain = cell.ref if cell.is_text else f"cast({cell.ref} as varchar)"
        text = Cell(f"coalesce(map(${name}['key'], ${name}['value'])[clean_text({plain})], {plain})", "VARCHAR", cell.map)
    expression = _typed(column, text, export, parameters)
    if column.type in ("date", "time", "month"):
        parameters.setdefault("earliest", contract().earliest)
        parameters.setdefault("latest", contract().latest)
        limit = "cast($latest as date)" if column.type != "time" else "cast($latest as date) + interval 1 day"
        return f"(case when {expression} between cast($earliest as date) and {limit} then {expression} end)"
    if column.range is not None:
        low, high = (f"{column.id}_{end}" for end in ("low", "high"))
        parameters[low], parameters[high] = column.range
        return f"(case when {expression} between ${low} and ${high} then {expression} end)"
    return expression


def _typed(column: Column, cell: Cell, export: Export, parameters: dict[str, Any]) -> str:
    kind, ref = column.type, cell.ref
    if kind == "amount":
        return _amount(cell, export)
    if kind in ("date", "time", "month"):
        return _time(kind, cell, export, parameters)
    if kind == "id" and cell.type in FLOATS:  # a number this large has been rounded
        return f"(case when {ref} = trunc({ref}) and abs({ref}) < 1e15 then cast(cast({ref} as bigint) as varchar) end)"
    if kind in ("integer", "number") and (cell.type in (*FLOATS, *WHOLE) or cell.type.startswith("DECIMAL")):
        if kind == "number":
            return f"(case when not isnan(cast({ref} as double)) then cast({ref} as double) end)"
        return f"(case when {ref} = trunc({ref}) then try_cast({ref} as bigint) end)"
    if kind == "flag" and cell.type == "BOOLEAN":
        return ref
    text = ref if cell.is_text else f"cast({ref} as varchar)"
    if kind == "code":
        codes = ", ".join(f"'{code}'" for code in contract().codes[column.codes or ""])
        known = f"(select map(list(spelling), list(code)) from spelling where codes = '{column.codes}')[fold({text})]"
        return f"(case when {text} in ({codes}) then {text} else {known} end)"
    return f"read_{kind}({text})"


def _amount(cell: Cell, export: Export) -> str:
    ref = cell.ref
    if cell.is_text:
        if export.decimal == ",":
            ref = f"translate({ref}, '.,', ',.')"
        expression = f"read_amount({ref})"
    elif cell.type in FLOATS:  # a float carries the cents only to within its rounding
        expression = f"(case when abs({ref} - round({ref}, 2)) < 1e-6 then try_cast(round({ref}, 2) as decimal(18, 2)) end)"
    elif cell.type in WHOLE:
        expression = f"try_cast({ref} as decimal(18, 2))"
    else:
        expression = f"(case when {ref} = try_cast({ref} as decimal(18, 2)) then try_cast({ref} as decimal(18, 2)) end)"
    if cell.map.divide not in (None, 1):
        scaled = f"({expression} * {DIVISORS[cell.map.divide or 1]})"
        return f"(case when {scaled} = cast({scaled} as decimal(18, 2)) then cast({scaled} as decimal(18, 2)) end)"
    return expression


def _time(kind: str, cell: Cell, export: Export, parameters: dict[str, Any]) -> str:
    ref = cell.ref
    parameters["zone"] = export.timezone
    target = "timestamp" if kind == "time" else "date"
    if cell.is_text:
        read = f"read_{kind}({ref}, $zone)"
        pattern = cell.map.date_format or export.date_format
        if pattern is None:
            return read
        name = f"format_{len(parameters)}"
        parameters[name] = pattern
        return f"coalesce(cast(try_strptime(clean_text({ref}), ${name}) as {target}), {read})"
    if cell.type == "TIMESTAMP WITH TIME ZONE":
        ref = f"timezone($zone, {ref})"
    elif not (cell.type.startswith("TIMESTAMP") or cell.type == "DATE"):
        return f"read_{kind}(cast({ref} as varchar), $zone)"
    if kind == "month":
        return f"cast(date_trunc('month', {ref}) as date)"
    return f"cast({ref} as {target})"
