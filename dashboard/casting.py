"""The SQL expression that turns a source cell into a contract column's value, and the one that says it failed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from dashboard.contract import Column, contract, spellings
from dashboard.mapping import DIVISORS, ColumnMap, Export

FLOATS = ("DOUBLE", "FLOAT")
WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT")
DATED = ("date", "time", "month")
#: A date format with numbers that follow each other without a mark, and how many digits each of them has.
PACKED = re.compile("%-?[YymdHIMSj]%-?[YymdHIMSj]")
WIDTHS = {"Y": 4, "y": 2, "m": 2, "d": 2, "H": 2, "I": 2, "M": 2, "S": 2, "j": 3}


@dataclass(frozen=True)
class Cell:
    """A source cell: its SQL name, its DuckDB type, and what a mapping says of it."""

    ref: str
    type: str
    map: ColumnMap = field(default_factory=ColumnMap)

    @property
    def is_text(self) -> bool:
        return self.type == "VARCHAR"

    @property
    def text(self) -> str:
        """SQL for the cell as text."""
        return self.ref if self.is_text else f"cast({self.ref} as varchar)"


def mapped(cell: Cell, parameters: dict[str, Any]) -> Cell:
    """The cell after its mapping's value map, which it adds to `parameters`; a value mapped to '' is nothing."""
    if not cell.map.codes:
        return cell
    name = f"codes_{len(parameters)}"
    parameters[name] = {"key": list(cell.map.codes), "value": list(cell.map.codes.values())}  # DuckDB's client makes this a map
    return Cell(f"coalesce(${name}[clean_text({cell.text})], {cell.text})", "VARCHAR", cell.map)


def present(cell: Cell) -> str:
    """SQL: the cell holds something (blank text and NaN are nothing)."""
    if cell.is_text:
        return f"({cell.ref} is not null and clean_text({cell.ref}) is not null)"
    if cell.type in FLOATS:
        return f"({cell.ref} is not null and not isnan({cell.ref}))"
    return f"({cell.ref} is not null)"


def bad(column: Column, cell: Cell) -> str:
    """SQL over the value (COLUMN__) and its mapped cell: required and missing, or present but unreadable."""
    if not column.optional:
        return f"{column.id}__ is null"
    return f"(case when {column.id}__ is null then {present(cell)} else false end)"


def within(column: Column, value: str, parameters: dict[str, Any]) -> str:
    """SQL for a value that was read, or null where it is out of its range. Adds to `parameters`.

    It stands in a select around the reading, so that the reading is evaluated once.
    """
    if column.type in DATED:
        parameters.setdefault("earliest", contract().earliest)
        parameters.setdefault("latest", contract().latest)
        limit = "cast($latest as date)" if column.type != "time" else "cast($latest as date) + interval 1 day"
        return f"(case when {value} between cast($earliest as date) and {limit} then {value} end)"
    if column.range is not None:
        low, high = (f"{column.id}_{end}" for end in ("low", "high"))
        parameters[low], parameters[high] = column.range
        return f"(case when {value} between ${low} and ${high} then {value} end)"
    return value


def readable(column: Column, cell: Cell, export: Export, parameters: dict[str, Any]) -> str:
    """SQL for the typed value of a mapped cell whatever its range; null where it is empty or unreadable. Adds to `parameters`."""
    kind, ref = column.type, cell.ref
    if kind == "amount":
        return _amount(cell, export)
    if kind in DATED:
        return _time(kind, cell, export, parameters)
    if kind == "id" and cell.type in FLOATS:  # a number this large has been rounded
        return f"(case when {ref} = trunc({ref}) and abs({ref}) < 1e15 then cast(cast({ref} as bigint) as varchar) end)"
    if kind in ("integer", "number"):
        return _number(kind, cell, export)
    if kind == "flag" and cell.type == "BOOLEAN":
        return ref
    if kind == "code":
        codes = ", ".join(f"'{code}'" for code in contract().codes[column.codes or ""])
        known = spellings(column.codes or "")
        # a map and no subquery: a join would lose the order of the file's rows, and with it their lines
        parameters[f"spelled_{column.codes}"] = {"key": list(known), "value": list(known.values())}
        return f"(case when list_position([{codes}], {cell.text}) is not null then {cell.text} else $spelled_{column.codes}[fold({cell.text})] end)"
    return f"read_{kind}({cell.text})"


def _pointed(cell: Cell, export: Export) -> str:
    """SQL for text whose decimals stand after a point."""
    return f"translate({cell.ref}, '.,', ',.')" if export.decimal == "," else cell.ref


def _amount(cell: Cell, export: Export) -> str:
    ref = cell.ref
    if cell.map.divide not in (None, 1):
        return _divided(cell, export)
    if cell.is_text:
        return f"read_amount({_pointed(cell, export)}, '{export.currency}')"
    if cell.type in FLOATS:  # a float carries the cents only to within its rounding
        return f"(case when abs({ref} - round({ref}, 2)) < 1e-6 then try_cast(round({ref}, 2) as decimal(18, 2)) end)"
    if cell.type in WHOLE:
        return f"try_cast({ref} as decimal(18, 2))"
    if cell.type.startswith("DECIMAL"):
        return f"(case when {ref} = try_cast({ref} as decimal(18, 2)) then try_cast({ref} as decimal(18, 2)) end)"
    return f"read_amount({cell.text}, '{export.currency}')"


def _divided(cell: Cell, export: Export) -> str:
    """SQL for an amount written in a smaller unit, such as cents; one that leaves less than a cent is unreadable."""
    scaled = f"({_amount(Cell(cell.ref, cell.type), export)} * {DIVISORS[cell.map.divide or 1]})"
    cents = f"try_cast({scaled} as decimal(18, 2))"
    return f"(case when {scaled} = {cents} then {cents} end)"


def _number(kind: str, cell: Cell, export: Export) -> str:
    ref = cell.ref
    if cell.type in (*FLOATS, *WHOLE) or cell.type.startswith("DECIMAL"):
        if kind == "number":
            return f"(case when not isnan(cast({ref} as double)) then cast({ref} as double) end)"
        return f"(case when {ref} = trunc({ref}) then try_cast({ref} as bigint) end)"
    return f"read_{kind}({_pointed(cell, export) if cell.is_text else cell.text})"


def _time(kind: str, cell: Cell, export: Export, parameters: dict[str, Any]) -> str:
    ref = cell.ref
    if cell.type != "DATE" and (cell.type == "TIMESTAMP WITH TIME ZONE" or not cell.type.startswith("TIMESTAMP")):
        parameters["zone"] = export.timezone
    target = "timestamp" if kind == "time" else "date"
    if cell.is_text:
        read = f"read_{kind}({ref}, $zone)"
        pattern = cell.map.date_format or export.date_format
        if pattern is None:
            return read
        name = f"format_{len(parameters)}"
        parameters[name] = pattern
        parsed = f"try_strptime(clean_text({ref}), ${name})"
        if re.search("%[zZ]", pattern):  # told with its zone: turned into the export's wall clock
            parsed = f"timezone($zone, {parsed})"
        given = _truncated(kind, f"cast({parsed} as {target})")
        if PACKED.search(pattern) is None:
            return f"coalesce({given}, {read})"
        # digits without marks between them: a nought lost in front would shift them all, and a day number looks the same
        parameters[f"{name}_shape"] = _shape(pattern)
        given = f"case when regexp_full_match(clean_text({ref}), ${name}_shape) then {given} end"
        return f"coalesce({given}, case when not regexp_full_match(clean_text({ref}), '[0-9]+') then {read} end)"
    if cell.type == "TIMESTAMP WITH TIME ZONE":
        there, utc = f"timezone($zone, {ref})", f"timezone('UTC', {ref})"
        ref = there if kind == "time" else f"case when {utc} = date_trunc('day', {utc}) then {utc} else {there} end"
    elif not (cell.type.startswith("TIMESTAMP") or cell.type == "DATE"):
        return f"read_{kind}({cell.text}, $zone)"
    return _truncated(kind, f"cast({ref} as {target})")


def _shape(pattern: str) -> str:
    """A regular expression of texts that a date format reads whole: as many digits as it takes where numbers follow each other without a mark."""
    shape = ""
    for run in re.findall(r"(?:%-?[YymdHIMSj])+|%-?.|.", pattern, re.DOTALL):
        numbers = re.findall(r"%(-?)([YymdHIMSj])", run)
        for shortened, number in numbers:
            shape += rf"\d{{{1 if shortened or len(numbers) == 1 else WIDTHS[number]},{WIDTHS[number]}}}"
        if not numbers:
            shape += ".+" if run.startswith("%") else re.escape(run)
    return shape


def _truncated(kind: str, expression: str) -> str:
    return f"cast(date_trunc('month', {expression}) as date)" if kind == "month" else expression
