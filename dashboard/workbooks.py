"""Reads the sheets of a workbook as text, as they look, within bounds of size; knows nothing of tables."""

from __future__ import annotations

import re
import struct
import zipfile
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path

import python_calamine

from dashboard.breaches import StructuralBreach

SUFFIXES = (".xlsx", ".xlsm", ".xls")
MOST_BYTES = 1 << 30  # of a workbook's parts, unpacked
MOST_CELLS = 25_000_000  # of a sheet's rectangle, which the reader holds whole: a million rows of 25 columns
CELL = re.compile(rb'\br="([A-Z]{1,3})(\d{1,7})"')
ENCRYPTED = b"E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0"  # a stream of the container that Office puts a protected file in
CHUNK = 1 << 22


@dataclass(frozen=True)
class Sheet:
    """A sheet's name and all its rows as text, from its first row and column on."""

    name: str
    rows: list[list[str]]


def sheets(path: Path, named: str | None, decimal: str = ".") -> list[Sheet]:
    """The visible sheets, or the one named; numbers with the decimal mark that the export's text has.

    Raises StructuralBreach for a workbook that is damaged, locked or too large.
    """
    try:
        _within_bounds(path)
        with python_calamine.load_workbook(str(path)) as book:
            visible = python_calamine.SheetVisibleEnum.Visible
            chosen = [meta.name for meta in book.sheets_metadata if (meta.visible == visible if named is None else meta.name == named)]
            found = [(name, book.get_sheet_by_name(name).to_python(skip_empty_area=False)) for name in chosen]
            return [Sheet(name, [[cell_text(cell, decimal) for cell in row] for row in rows]) for name, rows in found]
    # an archive says of damaged bytes too that it needs a later version, or a password
    except (zipfile.BadZipFile, RuntimeError, ValueError, struct.error, python_calamine.CalamineError) as error:
        raise _broken(path, str(error)) from error


def _broken(path: Path, detail: str) -> StructuralBreach:
    return StructuralBreach("unreadable_file", "readable", {"format": path.suffix.lstrip(".")}, file=path.name, value=detail[:200])


def _within_bounds(path: Path) -> None:
    with path.open("rb") as stream:
        start = stream.read(8)
        if start == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
            if ENCRYPTED in stream.read():
                raise StructuralBreach("unreadable_file", "unlocked", file=path.name)
            return  # a true .xls: at most 65,536 rows of 256 columns
    with zipfile.ZipFile(path) as archive:
        size = sum(entry.file_size for entry in archive.infolist())
        if size > MOST_BYTES:
            raise StructuralBreach("too_large", "size", {"most": f"{MOST_BYTES >> 20} MB"}, file=path.name, value=f"{size >> 20} MB")
        for entry in archive.infolist():
            if entry.filename.startswith("xl/worksheets/") and entry.filename.endswith(".xml"):
                rows, columns = _reach(archive, entry)
                if rows * columns > MOST_CELLS:
                    found = f"{rows:,} × {columns:,}"
                    raise StructuralBreach("too_large", "cells_most", {"most": f"{MOST_CELLS:,}"}, file=path.name, value=found)


def _reach(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> tuple[int, int]:
    """Last row and column that a sheet of an .xlsx uses: one stray cell in a far corner makes a rectangle of billions."""
    rows = columns = unpacked = 0
    tail = b""
    with archive.open(entry) as stream:
        while chunk := stream.read(CHUNK):
            unpacked += len(chunk)
            if unpacked > MOST_BYTES:  # the archive's own table of sizes may lie
                return MOST_CELLS + 1, 1
            for letters, digits in set(CELL.findall(tail + chunk)):
                rows, columns = max(rows, int(digits)), max(columns, _column_number(letters))
            tail = chunk[-32:]
    return rows, columns


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def cell_text(value: object, decimal: str = ".") -> str:
    """A workbook's cell as the text it shows: whole numbers without .0, dates as ISO, fifteen digits as in the sheet."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        if value != value:  # not a number
            return ""
        # beyond fifteen digits the sheet has rounded: leave the exponent, so that an identifier is refused
        if abs(value) >= 1e15:
            return f"{value:.14E}"
        return str(int(value)) if value == int(value) else f"{value:.15g}".replace(".", decimal)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds") if value.time() != time() else value.date().isoformat()
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value).replace("\0", "")
