"""Opens one file of an export as a DuckDB relation of its cells with exact line numbers; knows nothing of the contract."""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import re
import shutil
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from json import JSONDecodeError
from pathlib import Path
from typing import IO, Any, cast

import duckdb

from dashboard import records, workbooks
from dashboard.breaches import Breach, StructuralBreach

CHUNK = 1 << 22
BUFFER = 1 << 23  # bytes of csv that one thread reads at a time
TEXT_SUFFIXES = (".csv", ".csv.gz", ".txt", ".tsv")
FORMS = {"text": TEXT_SUFFIXES, "parquet": (".parquet",), "workbook": workbooks.SUFFIXES, "records": records.SUFFIXES}
SUFFIXES = tuple(suffix for suffixes in FORMS.values() for suffix in suffixes)
DELIMITERS = (",", "\t", ";", "|")
HEADER_SEARCH = 10  # title rows that may stand above the header
MOST_LISTED = 12  # files that a message names
LONGEST_CELL = 50  # lines; a quoted cell with more is a quote that never closes
LONGEST_ROW = 1_900_000  # bytes; DuckDB reads rows of up to 2 million
BLANK = " \t\r\n\u3000\ufeff\u00a0\0"
#: How zip, gzip, 7z, rar, bzip2, xz, pdf and old Office files begin.
PACKED = (b"PK\x03\x04", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"BZh", b"\xfd7zXZ", b"%PDF", b"\xd0\xcf\x11\xe0")
JUDGED_CHUNKS, JUDGED_CHARACTERS = 8, 10_000  # of a file, and of each chunk, to tell whether its text is Chinese
LETTER = re.compile("[A-Za-z]")
END = "\0end of file\n"  # read after the last line: a quote still open there swallows it

csv.field_size_limit(1 << 30)


@dataclass(frozen=True)
class Options:
    """What a mapping may say of a file; None means: find out."""

    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    header_row: int | None = None
    decimal: str = "."  # how numbers in text are written; a workbook's own numbers are handed on in the same form


@dataclass(frozen=True)
class Broken:
    """A row that can't be told into cells: why, and what stands in it."""

    breach: Breach
    cells: tuple[str, ...]


@dataclass
class Opened:
    """A file as a relation.

    `sql` yields cells c0…cn in file order (text, or typed in Parquet), its values in `parameters`. If it `carries_lines`, the
    last column is source_line; otherwise lines are consecutive from `first_line`, provided that the relation has `expected_rows`
    rows: if not, ask `rewritten` for one that carries its lines.
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
    broken: list[Broken] = field(default_factory=list)
    blank_rows: int = 0
    ignored: tuple[str, ...] = ()


def form_of(path: Path) -> str | None:
    """text, parquet, workbook, records, or None for a file that isn't read."""
    return next((form for form, suffixes in FORMS.items() if path.name.lower().endswith(suffixes)), None)


def listed(export: Path) -> str:
    """The files of an export for a message, the first of them by name."""
    if export.is_file():
        return export.name
    names = sorted(str(path.relative_to(export)) for path in export.rglob("*") if path.is_file())
    return ", ".join(names[:MOST_LISTED]) + (" …" if len(names) > MOST_LISTED else "") or "–"


def find_files(folder: Path, name: str) -> list[Path]:
    """NAME.csv, NAME.csv.gz, NAME.parquet, NAME.xlsx in any case, or the parts in a folder NAME/.

    Raises StructuralBreach where a table is there twice or in parts of several kinds: its rows would count twice.
    """
    found: list[Path] = []
    parts: list[Path] = []
    for entry in sorted(folder.iterdir()):
        if entry.is_file() and entry.name.lower() in {f"{name}{suffix}" for suffix in SUFFIXES}:
            found.append(entry)
        elif entry.is_dir() and entry.name.lower() == name:
            parts += sorted(path for path in entry.iterdir() if path.is_file() and not path.name.startswith(".") and form_of(path))
    if len(found) + bool(parts) > 1 or len({form_of(path) for path in parts}) > 1:
        listed = " / ".join(sorted({str(path.relative_to(folder)) for path in [*found, *parts[:3]]}))
        raise StructuralBreach("supplied_twice", "one_form", table=name, file=folder.name, value=listed)
    return found + parts


def open_file(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    options: Options,
    workdir: Path,
    number: int,
    known: Callable[[str], bool] | None,
    *,
    named: bool = False,
) -> Opened:
    """Open one file; `known` tells which header texts are recognised, to find the header row, the delimiter and the sheet.

    A file that somebody `named` is text if its suffix says nothing else.
    Raises StructuralBreach for a file that can't be read at all.
    """
    form = form_of(path) or ("text" if named and not _is_packed(path) else None)
    try:
        if form == "parquet":
            return _open_parquet(con, path, number)
        if form == "text":
            return _open_text(path, options, workdir, number, known)
        if form == "workbook":
            return _open_workbook(path, options, workdir, number, known)
        if form == "records":
            return _open_records(path, options, workdir, number)
    except (OSError, EOFError, zlib.error, csv.Error, duckdb.Error, JSONDecodeError, RecursionError) as error:
        raise unreadable(path, error) from error
    if _is_packed(path):
        raise StructuralBreach("unreadable_file", "unpacked", file=path.name, value=path.suffix)
    raise StructuralBreach("unreadable_file", "files", {"files": ", ".join(SUFFIXES)}, file=path.name, value=path.suffix)


def _is_packed(path: Path) -> bool:
    """An archive or another file that no text begins like."""
    with path.open("rb") as stream:
        start = stream.read(8)
    return start.startswith(PACKED) and not path.name.lower().endswith(".gz")


def unreadable(path: Path, error: BaseException | str) -> StructuralBreach:
    """The breach for a file that is damaged; the reader's own words say how, but not where on this machine."""
    detail = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    detail = detail.replace(str(path), path.name)
    return StructuralBreach("unreadable_file", "readable", {"format": path.suffix.lstrip(".")}, file=path.name, value=detail[:200])


def sha256_of(path: Path) -> str:
    """Fingerprint of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _open_parquet(con: duckdb.DuckDBPyConnection, path: Path, number: int) -> Opened:
    name = f"file_{number}"
    described = con.execute(f"describe select * from {_parquet(name)}", {name: str(path)}).fetchall()
    headers = tuple(str(row[0]) for row in described)
    return Opened(
        path=path,
        sql=_parquet_sql(name, headers),
        parameters={name: str(path)},
        headers=headers,
        types=tuple(str(row[1]) for row in described),
        first_line=1,
        encoding="parquet",
        sha256=sha256_of(path),
        carries_lines=True,
    )


def together(opened: Sequence[Opened], number: int) -> Opened:
    """Parquet files of the same columns as one relation, with the place of each row's file among them as c_file before its line."""
    name = f"file_{number}"
    sql, files = _parquet_sql(name, opened[0].headers, numbered=True), [str(one.path) for one in opened]
    return replace(opened[0], sql=sql, parameters={name: files})


def _parquet(name: str) -> str:
    return f"read_parquet(${name}, binary_as_string = true)"


def _parquet_sql(name: str, headers: Sequence[str], *, numbered: bool = False) -> str:
    cells = [f'"{header.replace(chr(34), chr(34) * 2)}" as c{index}' for index, header in enumerate(headers)]
    cells += ["file_index as c_file"] if numbered else []
    return f"select {', '.join(cells)}, file_row_number + 1 as source_line from {_parquet(name)}"


# --- text -----------------------------------------------------------------------------------------------------------


def _raw(path: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path, "rb")) if path.name.lower().endswith(".gz") else path.open("rb")


def _text(path: Path, encoding: str) -> IO[str]:
    return io.TextIOWrapper(_raw(path), encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="")


def _undecodable_line(path: Path, encoding: str) -> int | None:
    """The first line that isn't text in an encoding, None if all of it is."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="strict")
    read = 0
    try:
        with _raw(path) as stream:
            while chunk := stream.read(CHUNK):
                if not (encoding == "utf-8" and chunk.isascii() and decoder.getstate()[0] == b""):
                    decoder.decode(chunk)
                read += 1
            decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode(encoding, errors="ignore").count("\n")
        return 1 + before + _newlines(path, encoding, read)
    return None


def _newlines(path: Path, encoding: str, chunks: int) -> int:
    """Line ends in the first chunks of a file, as far as they can be decoded."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="strict")
    with _raw(path) as stream:
        return sum(decoder.decode(stream.read(CHUNK)).count("\n") for _ in range(chunks))


def _is_western(path: Path) -> bool:
    """Whether what decodes as GB18030 is Western text: its accented letters swallow the letter after them and stand inside words."""
    odd = foreign = 0
    with _text(path, "gb18030") as stream:
        for chunk in islice(iter(lambda: stream.read(CHUNK), ""), JUDGED_CHUNKS):
            for found in islice(re.finditer("[^\\x00-\\x7f]", chunk), JUDGED_CHARACTERS):
                beside = [LETTER.fullmatch(chunk[at : at + 1]) is not None for at in (max(found.start() - 1, 0), found.end())]
                swallowed = found[0].encode("gb18030")[1:].isalpha()
                odd += all(beside) or (swallowed and any(beside))
                foreign += 1
    return 2 * odd > foreign


def detect_encoding(path: Path) -> str:
    """utf-8, utf-16 or gb18030, tried strictly in that order (GB18030 would decode UTF-8 bytes into rubbish).

    Raises StructuralBreach with the first line that none of them can read; GB18030 can't read what it would turn from Köln into K鰈n.
    """
    with _raw(path) as stream:
        start = stream.read(4096)
    if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        candidates: tuple[str, ...] = ("utf-16",)
    elif start.count(b"\0") * 4 > len(start):  # every other byte of Latin text in UTF-16
        candidates = ("utf-16-le",) if start[1::2].count(0) > start[::2].count(0) else ("utf-16-be",)
    else:
        candidates = ("utf-8", "gb18030")
    lines: list[int] = []
    for encoding in candidates:
        line = _undecodable_line(path, encoding)
        if line is None and not (encoding == "gb18030" and _is_western(path)):
            return encoding
        lines.append(line or 0)
    raise StructuralBreach("undecodable", "encoding", file=path.name, line=max(lines))


def _encoding(path: Path, named: str | None) -> str:
    if named is None:
        return detect_encoding(path)
    encoding = codecs.lookup(named).name
    encoding = "gb18030" if encoding in ("gbk", "gb2312") else "utf-8" if encoding in ("utf-8-sig", "ascii") else encoding
    line = _undecodable_line(path, encoding)
    if line is not None:
        raise StructuralBreach("undecodable", "encoding_named", {"encoding": named}, file=path.name, line=line)
    return encoding


def _is_blank(row: Sequence[str]) -> bool:
    return not any(cell.strip(BLANK) for cell in row)


def _delimiter(lines: list[str], known: Callable[[str], bool] | None) -> str:
    """The separator that yields most recognised headers, then most rows of the same width, then most cells."""

    def score(delimiter: str) -> tuple[int, int, int]:
        rows = [row for row in csv.reader(lines, delimiter=delimiter) if row]
        recognised = max((sum(known(cell) for cell in row) for row in rows), default=0) if known else 0
        widths = Counter(len(row) for row in rows if len(row) > 1)
        width, count = max(widths.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
        return recognised, count, width

    return max(DELIMITERS, key=score)


def find_header(rows: Sequence[Sequence[str]], known: Callable[[str], bool] | None, header_row: int | None) -> int | None:
    """Index of the header among the first rows: the one named (-1 if there is said to be none), else the one with most recognised or filled cells."""
    candidates = [index for index, row in enumerate(rows) if not _is_blank(row)]
    if header_row is not None:
        return header_row - 1 if header_row <= len(rows) and candidates else None
    return max(candidates, key=lambda index: (*recognised(rows[index], known), -index), default=None)


def headers_at(rows: Sequence[Sequence[str]], at: int) -> tuple[str, ...]:
    """The headers in a row; without a header row, the columns' numbers, as many as most rows have cells."""
    if at >= 0:
        return tuple(cell.strip(BLANK) for cell in rows[at])
    widths = Counter(len(row) for row in rows if not _is_blank(row))
    width = max(widths, key=lambda width: (widths[width], width), default=0)
    return tuple(str(number) for number in range(1, width + 1))


def recognised(row: Sequence[str], known: Callable[[str], bool] | None) -> tuple[int, int]:
    """How much of a row is headers: the cells recognised, and, where it is not known what is looked for or nothing of it is there, the filled."""
    count = sum(known(cell) for cell in row) if known else 0
    return count, 0 if count else sum(bool(cell.strip(BLANK)) for cell in row)


def _open_text(path: Path, options: Options, workdir: Path, number: int, known: Callable[[str], bool] | None) -> Opened:
    encoding = _encoding(path, options.encoding)
    search = max(HEADER_SEARCH, options.header_row or 0)
    with _text(path, encoding) as stream:
        delimiter = options.delimiter or _delimiter(list(islice(stream, search)), known if options.header_row != 0 else None)
    head: list[list[str]] = []
    ends: list[int] = []
    with _text(path, encoding) as stream:
        rows = csv.reader(stream, delimiter=delimiter)
        for row in islice(rows, search):
            head.append(row)
            ends.append(rows.line_num)
    at = find_header(head, known, options.header_row)
    if at is None:
        raise StructuralBreach("empty_file", "header_row", file=path.name)
    headers, header_end = headers_at(head, at), ends[at] if at >= 0 else 0
    plain = path if encoding == "utf-8" else _as_utf8(path, encoding, workdir, number)
    lines = _lines(plain)
    opened = Opened(
        path=path,
        sql=_csv_sql(f"file_{number}", len(headers), header_end, delimiter),
        parameters={f"file_{number}": str(plain)},
        headers=headers,
        types=("VARCHAR",) * len(headers),
        first_line=header_end + 1,
        encoding=encoding,
        sha256=sha256_of(path),
        expected_rows=None if lines is None else lines - header_end,
        delimiter=delimiter,
        header_end=header_end,
    )
    return opened if lines is not None and header_end == at + 1 else rewritten(opened, workdir, number)


def _csv_sql(name: str, width: int, skip: int, delimiter: str, *, with_line: bool = False) -> str:
    row_ends = "parallel = false, new_line = '\\n', " if with_line else ""  # a file of our own, line breaks in its cells
    columns = [f"'c{index}': 'VARCHAR'" for index in range(width)] + (["'source_line': 'BIGINT'"] if with_line else [])
    return (
        f"select * from read_csv(${name}, header = false, auto_detect = false, skip = {skip}, delim = chr({ord(delimiter)}), quote = '\"', "
        f"escape = '\"', columns = {{{', '.join(columns)}}}, store_rejects = true, buffer_size = {BUFFER}, max_line_size = 2000000, {row_ends}"
        f"rejects_table = 'reject_errors_{name}', rejects_scan = 'reject_scans_{name}')"
    )


def _as_utf8(path: Path, encoding: str, workdir: Path, number: int) -> Path:
    """A UTF-8 copy of a file in another encoding (DuckDB's own decoders are a download)."""
    target = workdir / f"{number}.csv"
    with _text(path, encoding) as reader, target.open("w", encoding="utf-8", newline="") as writer:
        shutil.copyfileobj(reader, writer, CHUNK)
    return target


def _lines(path: Path) -> int | None:
    """Physical lines of a text file (a last line without a newline counts); None if it must be read row by row.

    That is a file with NULs, or with line ends of a carriage return alone.
    """
    lines, last = 0, b"\n"
    with _raw(path) as stream:
        while chunk := stream.read(CHUNK):
            returns = int(last == b"\r" and chunk[:1] != b"\n")
            if b"\r" in chunk:
                returns += chunk.count(b"\r") - chunk.count(b"\r\n") - (chunk[-1:] == b"\r")
            if returns or b"\0" in chunk:
                return None
            lines += chunk.count(b"\n")
            last = chunk[-1:]
    return None if last == b"\r" else lines + (last != b"\n")


def rewritten(opened: Opened, workdir: Path, number: int) -> Opened:
    """The same text file, read row by row: blank rows left out, broken rows set aside, each row with its line.

    Needed where rows and lines don't match one to one (line breaks in quotes, blank lines, rows of another width).
    Raises StructuralBreach for a quote that never closes.
    """
    name = f"file_{number}"
    target = workdir / f"{number}.rows.csv"
    broken: list[Broken] = []
    blank = written = 0
    with _text(opened.path, opened.encoding) as stream, target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        for line, row in _numbered(opened, stream):
            if _is_blank(row):
                blank += 1
                continue
            breach = _row_breach(opened, line, row)
            if breach is not None:
                broken.append(Broken(breach, tuple(row[:200])))
            else:
                writer.writerow([*(cell.strip("\0") for cell in row[: len(opened.headers)]), line])
                written += 1
    return Opened(
        path=opened.path,
        sql=_csv_sql(name, len(opened.headers), 0, ",", with_line=True),
        parameters={name: str(target)},
        headers=opened.headers,
        types=opened.types,
        first_line=opened.first_line,
        encoding=opened.encoding,
        sha256=opened.sha256,
        expected_rows=written,
        carries_lines=True,
        broken=broken,
        blank_rows=blank,
    )


def _numbered(opened: Opened, stream: IO[str]) -> Iterator[tuple[int, list[str]]]:
    """The rows after the header with the physical line each starts on."""
    rows = csv.reader(chain(stream, [END]), delimiter=opened.delimiter)
    start = 1
    for row in rows:
        line, start = start, rows.line_num + 1
        if row == [END.rstrip("\n")]:
            return
        if rows.line_num - line > LONGEST_CELL or (row and row[-1].endswith(END)):
            raise StructuralBreach("unclosed_quote", "quote", file=opened.path.name, line=line)
        if line > opened.header_end:
            yield line, row


def _row_breach(opened: Opened, line: int, row: list[str]) -> Breach | None:
    width = len(opened.headers)
    name = opened.path.name
    if len(row) != width and (len(row) < width or not _is_blank(row[width:])):
        return Breach("broken_row", file=name, line=line, value=str(len(row)), expected="cells", details={"count": width})
    if any("\0" in cell.strip("\0") for cell in row):
        return Breach("broken_row", file=name, line=line, value="NUL", expected="no_nul")
    if sum(len(cell.encode()) for cell in row) + 4 * len(row) > LONGEST_ROW:
        most = {"most": f"{LONGEST_ROW:,}"}
        return Breach("broken_row", file=name, line=line, value=f"{sum(map(len, row)):,}", expected="row_length", details=most)
    return None


def _written(target: Path, numbered: Iterable[tuple[int, Sequence[str]]]) -> tuple[int, int]:
    """Write rows as csv, each with its line at the end; how many were written, and how many blank ones were not."""
    blank = written = 0
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        for line, row in numbered:
            if _is_blank(row):
                blank += 1
            else:
                writer.writerow([*row, line])
                written += 1
    return written, blank


def _open_workbook(path: Path, options: Options, workdir: Path, number: int, known: Callable[[str], bool] | None) -> Opened:
    """The sheet named, else the visible sheet with most recognised headers, as a relation that carries its row numbers."""
    search = max(HEADER_SEARCH, options.header_row or 0)
    found: list[tuple[tuple[int, int], int, workbooks.Sheet]] = []
    sheets = workbooks.sheets(path, options.sheet, options.decimal)
    for sheet in sheets:
        at = find_header(sheet.rows[:search], known, options.header_row)
        if at is not None:
            found.append((recognised(sheet.rows[max(at, 0)], known), at, sheet))
    if not found:
        expected = ("unreadable_file", "sheet") if options.sheet is not None else ("empty_file", "header_row")
        raise StructuralBreach(*expected, file=path.name, value=options.sheet)
    score, at, chosen = max(found, key=lambda item: item[0])
    at_least = 4 * (score[0] or score[1])
    alike = [sheet.name for (names, filled), _, sheet in found if 5 * (names if score[0] else filled) >= at_least]
    if len(alike) > 1:
        raise StructuralBreach("several_sheets", "one_sheet", file=path.name, value=" / ".join(alike))
    headers = headers_at(chosen.rows[:search], at)
    target = workdir / f"{number}.rows.csv"
    written, blank = _written(target, enumerate(chosen.rows[at + 1 :], start=at + 2))
    return Opened(
        path=path,
        sql=_csv_sql(f"file_{number}", len(headers), 0, ",", with_line=True),
        parameters={f"file_{number}": str(target)},
        headers=headers,
        types=("VARCHAR",) * len(headers),
        first_line=at + 2,
        encoding=path.suffix.lstrip(".").lower(),
        sha256=sha256_of(path),
        expected_rows=written,
        carries_lines=True,
        blank_rows=blank,
        ignored=tuple(f"[{sheet.name}]" for sheet in sheets if sheet is not chosen and sheet.rows),
    )


def _open_records(path: Path, options: Options, workdir: Path, number: int) -> Opened:
    """Records of JSON as a relation under all the keys that any of them has, in the order they are met."""
    encoding = _encoding(path, options.encoding)
    headers: dict[str, int] = {}
    with _text(path, encoding) as stream:
        for _, record in records.read(stream, path, options.decimal, options.sheet):
            for key in record:
                headers.setdefault(key, len(headers))
    if not headers:
        raise StructuralBreach("empty_file", "records", file=path.name)
    target = workdir / f"{number}.rows.csv"
    with _text(path, encoding) as stream:
        told = records.read(stream, path, options.decimal, options.sheet)
        written, blank = _written(target, ((line, [record.get(key, "") for key in headers]) for line, record in told))
    return Opened(
        path=path,
        sql=_csv_sql(f"file_{number}", len(headers), 0, ",", with_line=True),
        parameters={f"file_{number}": str(target)},
        headers=tuple(key.strip(BLANK) for key in headers),
        types=("VARCHAR",) * len(headers),
        first_line=1,
        encoding="json",
        sha256=sha256_of(path),
        expected_rows=written,
        carries_lines=True,
        blank_rows=blank,
    )
