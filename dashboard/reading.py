"""Opens one file of an export as a DuckDB relation of its cells with exact line numbers; knows nothing of the contract."""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import shutil
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import IO, Any, cast

import duckdb
import python_calamine

from dashboard.breaches import Breach, StructuralBreach

CHUNK = 1 << 22
TEXT_SUFFIXES = (".csv", ".csv.gz", ".txt", ".tsv")
WORKBOOK_SUFFIXES = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
SUFFIXES = (*TEXT_SUFFIXES, ".parquet", *WORKBOOK_SUFFIXES)
HEADER_SEARCH = 10  # title rows that may stand above the header
LONGEST_CELL = 50  # lines; a quoted cell with more is a quote that never closes
BLANK = " \t\r\n\u3000\ufeff\u00a0"


@dataclass(frozen=True)
class Options:
    """What a mapping may say of a file; None means: find out."""

    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    header_row: int | None = None


@dataclass
class Opened:
    """A file as a relation.

    `sql` yields cells c0…cn in file order (text, or typed in Parquet), its values in `parameters`. Lines are consecutive
    from `first_line` if the relation has `expected_rows` rows; otherwise ask `rewritten` for one that carries its lines.
    """

    path: Path
    sql: str
    parameters: dict[str, Any]
    headers: tuple[str, ...]
    types: tuple[str, ...]
    first_line: int
    encoding: str
    sha256: str
    expected_rows: int | None = None
    carries_lines: bool = False
    delimiter: str = ","
    header_end: int = 0
    broken: list[Breach] = field(default_factory=list)
    blank_rows: int = 0


def find_files(folder: Path, name: str) -> list[Path]:
    """NAME.csv, NAME.csv.gz, NAME.parquet, NAME.xlsx, or a folder NAME/ of parts."""
    found = [folder / f"{name}{suffix}" for suffix in SUFFIXES if (folder / f"{name}{suffix}").is_file()]
    parts = folder / name
    if parts.is_dir():
        found += sorted(path for path in parts.iterdir() if path.is_file() and path.name.lower().endswith(SUFFIXES))
    return found


def open_file(
    con: duckdb.DuckDBPyConnection, path: Path, options: Options, workdir: Path, number: int, known: Callable[[str], bool]
) -> Opened:
    """Open one file; `known` tells which header texts are recognised, to find the header row and the sheet.

    Raises StructuralBreach for a file that can't be read at all.
    """
    lower = path.name.lower()
    try:
        if lower.endswith(".parquet"):
            return _open_parquet(con, path, number)
        if lower.endswith(TEXT_SUFFIXES):
            return _open_text(path, options, workdir, number, known)
        if lower.endswith(WORKBOOK_SUFFIXES):
            return _open_workbook(path, options, workdir, number, known)
    except (OSError, EOFError, zlib.error, duckdb.Error, python_calamine.CalamineError) as error:
        detail = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise StructuralBreach(
            "unreadable_file", "readable", {"format": path.suffix.lstrip(".")}, file=path.name, value=detail
        ) from error
    raise StructuralBreach("unreadable_file", "files", {"files": ", ".join(SUFFIXES)}, file=path.name, value=path.suffix)


def sha256_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _open_parquet(con: duckdb.DuckDBPyConnection, path: Path, number: int) -> Opened:
    name = f"file_{number}"
    described = con.execute(f"describe select * from read_parquet(${name})", {name: str(path)}).fetchall()
    headers = tuple(str(row[0]) for row in described)
    aliases = ", ".join(f"c{index}" for index in range(len(headers)))
    return Opened(
        path=path,
        sql=f"select * from read_parquet(${name}) as cells ({aliases})",
        parameters={name: str(path)},
        headers=headers,
        types=tuple(str(row[1]) for row in described),
        first_line=1,
        encoding="parquet",
        sha256=sha256_of(path),
    )


# --- text -----------------------------------------------------------------------------------------------------------


def _raw(path: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path, "rb")) if path.name.lower().endswith(".gz") else path.open("rb")


def _text(path: Path, encoding: str) -> IO[str]:
    return io.TextIOWrapper(_raw(path), encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="")


def _decodes(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)(errors="strict")
    try:
        with _raw(path) as stream:
            while chunk := stream.read(CHUNK):
                if not (encoding == "utf-8" and chunk.isascii() and decoder.getstate()[0] == b""):
                    decoder.decode(chunk)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def detect_encoding(path: Path) -> str:
    """utf-8, utf-16 or gb18030, tried strictly in that order (GB18030 would decode UTF-8 bytes into rubbish)."""
    with _raw(path) as stream:
        marked = stream.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    for encoding in ("utf-16",) if marked else ("utf-8", "gb18030"):
        if _decodes(path, encoding):
            return encoding
    raise StructuralBreach("undecodable", "encoding", file=path.name, line=_first_bad_line(path))


def _first_bad_line(path: Path) -> int:
    def readable(line: bytes, encoding: str) -> bool:
        try:
            line.decode(encoding)
        except UnicodeDecodeError:
            return False
        return True

    with _raw(path) as stream:
        for number, line in enumerate(stream, start=1):
            if not readable(line, "utf-8") and not readable(line, "gb18030"):
                return number
    with _raw(path) as stream:  # each line is one of the two, but not all are the same
        return next((number for number, line in enumerate(stream, start=1) if not readable(line, "gb18030")), 1)


def _delimiter(line: str) -> str:
    """The separator that occurs most often outside quotes."""
    bare = "".join(part for index, part in enumerate(line.split('"')) if index % 2 == 0)
    return max((",", "\t", ";", "|"), key=bare.count)


def _is_blank(row: Sequence[str]) -> bool:
    return not any(cell.strip(BLANK) for cell in row)


def _find_header(rows: Sequence[Sequence[str]], known: Callable[[str], bool], header_row: int | None) -> int | None:
    """Index of the header among the first rows: the one named, else the one with most recognised cells."""
    if header_row is not None:
        return header_row - 1 if header_row <= len(rows) else None
    candidates = [index for index, row in enumerate(rows) if not _is_blank(row)]
    return max(candidates, key=lambda index: (sum(known(cell) for cell in rows[index]), -index), default=None)


def _open_text(path: Path, options: Options, workdir: Path, number: int, known: Callable[[str], bool]) -> Opened:
    if options.encoding is None:
        encoding = detect_encoding(path)
    else:
        encoding = codecs.lookup(options.encoding).name
        encoding = "gb18030" if encoding in ("gbk", "gb2312") else encoding
        if not _decodes(path, encoding):
            raise StructuralBreach("undecodable", "encoding", file=path.name, line=_first_bad_line(path), value=options.encoding)
    with _text(path, encoding) as stream:
        sniffed = "".join(line for _, line in zip(range(HEADER_SEARCH), stream, strict=False))
    delimiter = options.delimiter or _delimiter(max(sniffed.splitlines(), key=lambda line: len(line.split(_delimiter(line))), default=""))
    head: list[list[str]] = []
    ends: list[int] = []
    with _text(path, encoding) as stream:
        rows = csv.reader(stream, delimiter=delimiter)
        for row in rows:
            head.append(row)
            ends.append(rows.line_num)
            if len(head) >= max(HEADER_SEARCH, options.header_row or 0):
                break
    at = _find_header(head, known, options.header_row)
    if at is None:
        raise StructuralBreach("empty_file", "rows", file=path.name)
    headers = tuple(cell.strip(BLANK) for cell in head[at])
    plain = path if encoding in ("utf-8", "ascii") else _as_utf8(path, encoding, workdir, number)
    return Opened(
        path=path,
        sql=_csv_sql(f"file_{number}", len(headers), ends[at], delimiter),
        parameters={f"file_{number}": str(plain)},
        headers=headers,
        types=("VARCHAR",) * len(headers),
        first_line=ends[at] + 1,
        encoding=encoding,
        sha256=sha256_of(path),
        expected_rows=_count_lines(plain) - ends[at],
        delimiter=delimiter,
        header_end=ends[at],
    )


def _csv_sql(name: str, width: int, skip: int, delimiter: str, *, with_line: bool = False) -> str:
    columns = [f"'c{index}': 'VARCHAR'" for index in range(width)] + (["'source_line': 'BIGINT'"] if with_line else [])
    separator = {"\t": "chr(9)", ",": "','", ";": "';'", "|": "'|'"}.get(delimiter, f"chr({ord(delimiter)})")
    return (
        f"select * from read_csv(${name}, header = false, auto_detect = false, skip = {skip}, delim = {separator}, quote = '\"', "
        f"escape = '\"', columns = {{{', '.join(columns)}}}, max_line_size = 16000000, store_rejects = true, "
        f"rejects_table = 'reject_errors_{name}', rejects_scan = 'reject_scans_{name}')"
    )


def _as_utf8(path: Path, encoding: str, workdir: Path, number: int) -> Path:
    """A UTF-8 copy of a file in another encoding (DuckDB's own decoders are a download)."""
    target = workdir / f"{number}.csv"
    with _text(path, encoding) as reader, target.open("w", encoding="utf-8", newline="") as writer:
        shutil.copyfileobj(reader, writer, CHUNK)
    return target


def _count_lines(path: Path) -> int:
    """Physical lines of a text file; a last line without a newline counts."""
    lines, last = 0, b"\n"
    with _raw(path) as stream:
        while chunk := stream.read(CHUNK):
            lines += chunk.count(b"\n")
            last = chunk[-1:]
    return lines + (last != b"\n")


def rewritten(opened: Opened, workdir: Path, number: int) -> Opened:
    """The same text file, read row by row: blank rows left out, rows of another width set aside, each row with its line.

    Needed where rows and lines don't match one to one (line breaks in quotes, blank lines, broken rows).
    """
    name = f"file_{number}"
    target = workdir / f"{number}.rows.csv"
    width = len(opened.headers)
    broken: list[Breach] = []
    blank = 0
    with _text(opened.path, opened.encoding) as stream, target.open("w", encoding="utf-8", newline="") as out:
        csv.field_size_limit(1 << 30)
        rows = csv.reader(stream, delimiter=opened.delimiter)
        writer = csv.writer(out)
        start = 1
        for row in rows:
            line, start = start, rows.line_num + 1
            if line <= opened.header_end:
                continue
            if rows.line_num - line > LONGEST_CELL:
                raise StructuralBreach("unclosed_quote", "quote", file=opened.path.name, line=line)
            if _is_blank(row):
                blank += 1
            elif len(row) != width:
                broken.append(
                    Breach("broken_row", file=opened.path.name, line=line, value=str(len(row)), expected="cells", details={"count": width})
                )
            else:
                writer.writerow([*row, line])
    return Opened(
        path=opened.path,
        sql=_csv_sql(name, width, 0, ",", with_line=True),
        parameters={name: str(target)},
        headers=opened.headers,
        types=opened.types,
        first_line=opened.first_line,
        encoding=opened.encoding,
        sha256=opened.sha256,
        carries_lines=True,
        broken=broken,
        blank_rows=blank,
    )


# --- workbooks ------------------------------------------------------------------------------------------------------


def cell_text(value: object) -> str:
    """A workbook's cell as the text it shows: whole numbers without .0, dates as ISO, fifteen digits as in the sheet."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        # beyond fifteen digits the sheet has rounded: leave the exponent, so that an identifier is refused
        return f"{value:.14E}" if abs(value) >= 1e15 else f"{value:.15g}"
    if isinstance(value, int):
        return str(value) if abs(value) < 10**15 else f"{float(value):.14E}"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds") if value.time() != time() else value.date().isoformat()
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    return str(value)


def _sheets(path: Path, sheet: str | None) -> Iterator[tuple[str, list[list[Any]]]]:
    with python_calamine.load_workbook(str(path)) as book:
        for meta in book.sheets_metadata:
            if sheet is None and meta.visible != python_calamine.SheetVisibleEnum.Visible:
                continue
            if sheet is None or meta.name == sheet:
                yield meta.name, book.get_sheet_by_name(meta.name).to_python(skip_empty_area=False)


def _open_workbook(path: Path, options: Options, workdir: Path, number: int, known: Callable[[str], bool]) -> Opened:
    """The sheet named, else the visible sheet with most recognised headers, as a relation that carries its row numbers."""
    best: tuple[int, int, list[list[str]]] | None = None
    for _, cells in _sheets(path, options.sheet):
        rows = [[cell_text(cell) for cell in row] for row in cells]
        at = _find_header(rows[: max(HEADER_SEARCH, options.header_row or 0)], known, options.header_row)
        if at is None:
            continue
        score = sum(known(cell) for cell in rows[at])
        if best is None or score > best[0]:
            best = (score, at, rows)
    if best is None:
        detail = {"format": path.suffix.lstrip(".")}
        raise StructuralBreach("empty_file" if options.sheet is None else "unreadable_file", "readable", detail, file=path.name, value=options.sheet)
    _, at, rows = best
    headers = tuple(cell.strip(BLANK) for cell in rows[at])
    target = workdir / f"{number}.rows.csv"
    blank = 0
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        for line, row in enumerate(rows[at + 1 :], start=at + 2):
            if _is_blank(row):
                blank += 1
            else:
                writer.writerow([*row, line])
    return Opened(
        path=path,
        sql=_csv_sql(f"file_{number}", len(headers), 0, ",", with_line=True),
        parameters={f"file_{number}": str(target)},
        headers=headers,
        types=("VARCHAR",) * len(headers),
        first_line=at + 2,
        encoding=path.suffix.lstrip(".").lower(),
        sha256=sha256_of(path),
        carries_lines=True,
        blank_rows=blank,
    )
