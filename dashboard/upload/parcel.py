"""What a person sends, written to a folder within limits: names cleaned, archives never trusted; knows nothing of what files mean."""

from __future__ import annotations

import gzip
import re
import shutil
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

import pyarrow
import pyarrow.parquet

from dashboard.contract import contract
from dashboard.reading import form_of

CHUNK = 1 << 20
KINDS = ("zip", "csv", "gz", "txt", "tsv", "parquet", "xlsx", "xlsm", "xls", "json", "jsonl", "ndjson", "toml")
#: Endings that hold other files: an archive within an archive (or beside files) is never opened.
ARCHIVES = (".zip", ".7z", ".rar", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst", ".lz4")
#: What systems add to folders and archives, of no meaning here.
JUNK = ("__MACOSX", "Thumbs.db", "desktop.ini")
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
DIRECTORY = 4 << 20  # bytes of an archive's table of contents
END_RECORD = 65_557  # bytes from its end in which an archive says where that table is
#: Ways of packing that are unpacked piece by piece; of any other a few bytes could fill the memory before they are counted.
PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
NAME_BYTES = 200  # of a file's name before its ending; no file system takes more than 255 in all


class Readable(Protocol):
    """Bytes to be read in pieces."""

    def read(self, size: int, /) -> bytes: ...


class ParcelRefused(ValueError):
    """What was sent is not taken in: `kind` names the sentence that says why, `values` fill it in."""

    def __init__(self, kind: str, **values: object) -> None:
        self.kind, self.values = kind, values
        super().__init__(f"{kind}: {values}")


@dataclass(frozen=True)
class Limits:
    """Bytes received, bytes unpacked, files, how many times larger than packed, folders deep."""

    received: int = 600 << 20
    unpacked: int = 8_000 << 20
    files: int = 2000
    ratio: int = 200
    ratio_from: int = 20 << 20  # bytes; a small file may be packed as tightly as it likes
    depth: int = 4


@dataclass(frozen=True)
class Unpacked:
    """The folder to load from, and the names of files that are of no kind that is read."""

    root: Path
    left_out: tuple[str, ...]


def megabytes(size: int) -> str:
    """A size as read."""
    return f"{size / (1 << 20):,.0f} MB"


class _Meter:
    """Counts what is unpacked, over all files and for one, and stops where it is too much."""

    def __init__(self, limits: Limits) -> None:
        self.limits, self.total = limits, 0

    def chunks(self, stream: Readable, name: str, packed: int | None) -> Iterator[bytes]:
        """The bytes of one file; `packed` is its packed size, None where it isn't packed."""
        size = 0
        while chunk := stream.read(CHUNK):
            size, self.total = size + len(chunk), self.total + len(chunk)
            if self.total > self.limits.unpacked:
                raise ParcelRefused("unpacked", name=name, limit=megabytes(self.limits.unpacked))
            if packed is not None and size > self.limits.ratio_from and size > self.limits.ratio * max(packed, 1):
                raise ParcelRefused("ratio", name=name, limit=self.limits.ratio)
            yield chunk


def unpack(files: Sequence[tuple[str, IO[bytes]]], folder: Path, limits: Limits) -> Unpacked:
    """Write files, or the content of one zip, below a folder that exists and is empty. Raises ParcelRefused; never writes outside."""
    if not files:
        raise ParcelRefused("nothing")
    sizes = [_size(stream) for _, stream in files]
    if sum(sizes) > limits.received:
        raise ParcelRefused("received", size=megabytes(sum(sizes)), limit=megabytes(limits.received))
    zips = [name for name, _ in files if name.lower().endswith(".zip")]
    if zips and len(files) > 1:
        raise ParcelRefused("zip_and_files", name=zips[0])
    meter, taken = _Meter(limits), _Taken(folder, limits)
    if zips:
        _unpack_zip(files[0][1], taken, meter)
    else:
        if len(files) > limits.files:
            raise ParcelRefused("files", count=len(files), limit=limits.files)
        _room(folder, sum(sizes))
        for name, stream in files:
            if (target := taken.place(name)) is not None:
                _write(target, meter.chunks(stream, name, None))
    for path in taken.written.values():
        _check_packed(path, meter)
    if not any(form_of(path) for path in taken.written.values()):
        raise ParcelRefused("nothing_readable", names=", ".join(taken.left_out[:5]) or "–")
    return Unpacked(_root(folder), tuple(taken.left_out))


class _Taken:
    """Where each file goes, under a clean name that no other has."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.folder, self.limits = folder, limits
        self.written: dict[str, Path] = {}
        self.left_out: list[str] = []

    def place(self, name: str) -> Path | None:
        """Where a file is to be written; None for one that is left out."""
        clean = cleaned(name, self.limits.depth)
        if clean is None:
            return None
        last = clean.name.lower()
        if form_of(Path(last)) is None and last.endswith(ARCHIVES):
            raise ParcelRefused("nested", name=name)
        if form_of(Path(last)) is None and last != "export.toml":
            self.left_out.append(str(clean))
            return None
        if str(clean).lower() in self.written:
            raise ParcelRefused("twice", name=str(clean))
        target = self.folder.joinpath(*clean.parts)
        if not target.resolve().is_relative_to(self.folder.resolve()):
            raise ParcelRefused("outside", name=name)
        self.written[str(clean).lower()] = target
        return target


def cleaned(name: str, depth: int) -> PurePosixPath | None:
    """A relative path of plain characters; None for a system's hidden files. Raises ParcelRefused for one that leads elsewhere."""
    text = unicodedata.normalize("NFC", name).replace("\\", "/")
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if text.startswith("/") or re.match(r"[A-Za-z]:", text) or ".." in parts or "\0" in text or not parts:
        raise ParcelRefused("outside", name=name)
    if any(part in JUNK or part.startswith(".") for part in parts):
        return None
    if len(parts) > depth:
        raise ParcelRefused("deep", name=name, limit=depth)
    clean = []
    for part in parts:
        plain = re.sub(r"[^\w.\- ]", "_", part).strip(". ") or "_"
        stem, dot, ending = plain.rpartition(".")
        plain = f"{_short(stem[:80], NAME_BYTES)}{dot}{_short(ending[:20], 40)}"
        clean.append(f"_{plain}" if RESERVED.fullmatch(plain) else plain)
    return PurePosixPath(*clean)


def _short(text: str, size: int) -> str:
    """As much of a text as so many bytes hold."""
    return text.encode()[:size].decode(errors="ignore")


def _unpack_zip(stream: IO[bytes], taken: _Taken, meter: _Meter) -> None:
    limits = meter.limits
    _check_directory(stream, limits)
    try:
        with zipfile.ZipFile(stream) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(archive.infolist()) > limits.files:
                raise ParcelRefused("files", count=len(archive.infolist()), limit=limits.files)
            for entry in entries:
                if entry.flag_bits & 0x1:
                    raise ParcelRefused("encrypted", name=_name(entry))
                if stat.S_ISLNK(entry.external_attr >> 16):
                    raise ParcelRefused("link", name=_name(entry))
                _check_packing(entry)
            declared = sum(entry.file_size for entry in entries)
            if declared > limits.unpacked:
                raise ParcelRefused("unpacked", name=taken.folder.name, limit=megabytes(limits.unpacked))
            targets = [(entry, taken.place(_name(entry))) for entry in entries]  # every name is looked at before anything is written
            _room(taken.folder, declared)
            for entry, target in targets:
                if target is not None:
                    with archive.open(entry) as content:
                        _write(target, meter.chunks(content, _name(entry), entry.compress_size))
    except ParcelRefused:
        raise
    except (zipfile.BadZipFile, NotImplementedError, zlib.error, EOFError, RuntimeError, ValueError, struct.error) as error:
        raise ParcelRefused("not_a_zip") from error


def _check_packing(entry: zipfile.ZipInfo) -> None:
    if entry.compress_type not in PACKED:
        raise ParcelRefused("packing", name=_name(entry))


def _check_directory(stream: IO[bytes], limits: Limits) -> None:
    """Look at an archive's own count of its entries before its table of contents is read into memory."""
    size = _size(stream)
    stream.seek(max(0, size - END_RECORD))
    end = stream.read(END_RECORD)
    at = end.rfind(b"PK\x05\x06")
    if at < 0 or at + 22 > len(end):
        raise ParcelRefused("not_a_zip")
    count, length = int.from_bytes(end[at + 10 : at + 12], "little"), int.from_bytes(end[at + 12 : at + 16], "little")
    if count > limits.files or length > DIRECTORY:
        raise ParcelRefused("files", count=count, limit=limits.files)
    stream.seek(0)


def _name(entry: zipfile.ZipInfo) -> str:
    """An entry's name; one not marked as UTF-8 is what Chinese Windows writes, where it can be read so."""
    if entry.flag_bits & 0x800 or entry.filename.isascii():
        return entry.filename
    raw = entry.orig_filename.encode("cp437", errors="replace")
    for encoding in ("utf-8", "gb18030"):
        with suppress(UnicodeDecodeError):
            return raw.decode(encoding)
    return entry.filename


def _write(target: Path, chunks: Iterator[bytes]) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as out:
            for chunk in chunks:
                out.write(chunk)
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise ParcelRefused("twice", name=target.name) from error


def _check_packed(path: Path, meter: _Meter) -> None:
    """Go through a file that is packed itself, without keeping it; one that can't be read is left for the load to refuse."""
    name, packed = path.name, path.stat().st_size
    with suppress(gzip.BadGzipFile, EOFError, zlib.error, zipfile.BadZipFile, NotImplementedError, RuntimeError, pyarrow.ArrowException):
        if name.lower().endswith(".gz"):
            with gzip.open(path) as stream:
                _drain(meter.chunks(stream, name, packed))
        elif form_of(path) == "workbook" and zipfile.is_zipfile(path):
            with path.open("rb") as raw:
                _check_directory(raw, meter.limits)
            with zipfile.ZipFile(path) as book:
                for entry in book.infolist():
                    _check_packing(entry)
                    with book.open(entry) as content:
                        _drain(meter.chunks(content, name, entry.compress_size))
        elif form_of(path) == "parquet":
            with pyarrow.parquet.ParquetFile(path) as file:
                groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
            if meter.total + sum(group.total_byte_size for group in groups) > meter.limits.unpacked:
                raise ParcelRefused("unpacked", name=name, limit=megabytes(meter.limits.unpacked))


def _drain(chunks: Iterator[bytes]) -> None:
    for _ in chunks:
        pass


def _size(stream: IO[bytes]) -> int:
    size = stream.seek(0, 2)
    stream.seek(0)
    return size


def _room(folder: Path, size: int) -> None:
    """Refuse what the disk can't hold three times over: the files, the snapshot, and the room to build it in."""
    if shutil.disk_usage(folder).free < 3 * size:
        raise ParcelRefused("no_room", size=megabytes(3 * size))


def _root(folder: Path) -> Path:
    """The folder that holds the tables: one folder around everything is stepped into, unless it is a table of parts."""
    entries = list(folder.iterdir())
    if len(entries) == 1 and entries[0].is_dir() and entries[0].name.lower() not in contract().tables:
        return _root(entries[0])
    return folder
