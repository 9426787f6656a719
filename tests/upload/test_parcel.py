"""What is sent is written within limits: every kind of refusal drawn, names cleaned, nothing ever outside the folder."""

from __future__ import annotations

import gzip
import io
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from dashboard.upload.parcel import Limits, ParcelRefused, Unpacked, cleaned, unpack
from dashboard.upload.shown import problem
from dashboard.words import words

CSV = b"case_id\nC1\n"
SMALL = Limits(received=1 << 20, unpacked=1 << 20, files=5, ratio=50, ratio_from=10_000, depth=3)


def zipped(entries: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return out


def taken(folder: Path, *files: tuple[str, bytes | io.BytesIO], limits: Limits = SMALL) -> Unpacked:
    target = folder / "in" / "export"
    target.mkdir(parents=True)
    return unpack([(name, io.BytesIO(content) if isinstance(content, bytes) else content) for name, content in files], target, limits)


def written(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_files_are_written_as_they_are(tmp_path: Path) -> None:
    done = taken(tmp_path, ("cases.csv", CSV), ("export.toml", b"[export]\n"), ("notes.docx", b"x"))
    assert written(done.root) == ["cases.csv", "export.toml"] and (done.root / "cases.csv").read_bytes() == CSV
    assert done.left_out == ("notes.docx",)


@pytest.mark.parametrize(
    ("entries", "root", "inside"),
    [
        ({"cases.csv": CSV}, "export", ["cases.csv"]),
        ({"My export 10/cases.csv": CSV, "My export 10/.DS_Store": b"x", "__MACOSX/._cases.csv": b"x"}, "My export 10", ["cases.csv"]),
        ({"payments/part1.csv": CSV, "payments/part2.csv": CSV}, "export", ["payments/part1.csv", "payments/part2.csv"]),
        ({"a/payments/part1.csv": CSV, "a/cases.csv": CSV}, "a", ["cases.csv", "payments/part1.csv"]),
        ({"a\\cases.csv": CSV, "b*?.csv": CSV}, "export", ["a/cases.csv", "b__.csv"]),
    ],
)
def test_a_zip_is_unpacked_to_the_folder_that_holds_the_tables(tmp_path: Path, entries: dict[str, bytes], root: str, inside: list[str]) -> None:
    done = taken(tmp_path, ("export.zip", zipped(entries)))
    assert done.root.name == root and written(done.root) == inside


def test_names_that_chinese_windows_wrote(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("XXXXXXXX/cases.csv", CSV)
    raw = io.BytesIO(out.getvalue().replace(b"XXXXXXXX", "催收数据".encode("gb18030")))
    assert taken(tmp_path, ("a.zip", raw)).root.name == "催收数据"


def linked() -> io.BytesIO:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        entry = zipfile.ZipInfo("cases.csv")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    return out


def locked() -> io.BytesIO:
    data = bytearray(zipped({"cases.csv": CSV}, zipfile.ZIP_STORED).getvalue())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return io.BytesIO(bytes(data))


def lying() -> io.BytesIO:
    """An archive whose own end says there are far more entries than it could hold."""
    data = bytearray(zipped({"cases.csv": CSV}).getvalue())
    end = data.rindex(b"PK\x05\x06")
    data[end + 10 : end + 12] = b"\xff\xff"
    return io.BytesIO(bytes(data))


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ([], "nothing"),
        ([("notes.pdf", b"x")], "nothing_readable"),
        ([("cases.csv", b"x" * (1 << 20)), ("payments.csv", CSV)], "received"),
        ([(f"t{n}.csv", CSV) for n in range(6)], "files"),
        ([("a.zip", zipped({f"t{n}.csv": CSV for n in range(6)}))], "files"),
        ([("a.zip", lying())], "files"),
        ([("a.zip", zipped({"cases.csv": CSV})), ("payments.csv", CSV)], "zip_and_files"),
        ([("cases.csv", CSV), ("Cases.csv", CSV)], "twice"),
        ([("a.zip", zipped({"cases.csv": CSV, "CASES.csv": CSV}))], "twice"),
        ([("a.zip", zipped({"x.csv": CSV, "x.csv/cases.csv": CSV}))], "twice"),
        ([("a.zip", zipped({"inner.zip": CSV}))], "nested"),
        ([("a.zip", zipped({"inner.tar.gz": CSV}))], "nested"),
        ([("inner.7z", CSV)], "nested"),
        ([("a.zip", zipped({"../cases.csv": CSV}))], "outside"),
        ([("a.zip", zipped({"a/../../cases.csv": CSV}))], "outside"),
        ([("a.zip", zipped({"/etc/cases.csv": CSV}))], "outside"),
        ([("a.zip", zipped({"C:\\cases.csv": CSV}))], "outside"),
        ([("a.zip", zipped({"..\\cases.csv": CSV}))], "outside"),
        ([("../cases.csv", CSV)], "outside"),
        ([("a.zip", zipped({"a/b/c/cases.csv": CSV}))], "deep"),
        ([("a.zip", linked())], "link"),
        ([("a.zip", locked())], "encrypted"),
        ([("a.zip", zipped({"cases.csv": CSV}, zipfile.ZIP_BZIP2))], "packing"),
        ([("a.zip", zipped({"cases.csv": CSV}, zipfile.ZIP_LZMA))], "packing"),
        ([("cases.xlsx", zipped({"xl/sheet1.xml": CSV}, zipfile.ZIP_BZIP2))], "packing"),
        ([("a.zip", b"no archive")], "not_a_zip"),
        ([("a.zip", io.BytesIO(zipped({"cases.csv": CSV * 99}).getvalue()[30:]))], "not_a_zip"),
        ([("a.zip", zipped({"cases.csv": b"0" * 900_000}))], "ratio"),
        ([("a.zip", zipped({f"t{n}.csv": bytes(range(256)) * 1500 for n in range(4)}))], "unpacked"),
        ([("cases.csv.gz", gzip.compress(b"0" * 900_000))], "ratio"),
        ([("cases.csv.gz", gzip.compress(b"0" * 3_000_000))], "unpacked"),
        ([("cases.xlsx", zipped({"xl/sheet1.xml": b"0" * 900_000}))], "ratio"),
    ],
)  # fmt: skip
def test_what_is_refused(tmp_path: Path, files: list[tuple[str, bytes | io.BytesIO]], kind: str) -> None:
    with pytest.raises(ParcelRefused) as refusal:
        taken(tmp_path, *files)
    assert refusal.value.kind == kind
    assert all(path.startswith("in/export/") for path in written(tmp_path))
    for lang in ("en", "zh"):
        assert "PK" not in problem(refusal.value, lang)  # what the program looked for says nothing to who sent it


def test_a_bomb_is_stopped_before_it_is_written(tmp_path: Path) -> None:
    """An archive that declares little and unpacks to much: only the bytes that come out count."""
    with pytest.raises(ParcelRefused):
        taken(tmp_path, ("a.zip", zipped({"cases.csv": b"0" * 50_000_000})), limits=Limits(unpacked=60 << 20, ratio_from=1 << 20))
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) < 11 << 20


def test_a_disk_without_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 10})())
    with pytest.raises(ParcelRefused) as refusal:
        taken(tmp_path, ("cases.csv", CSV))
    assert refusal.value.kind == "no_room" and not written(tmp_path)


def test_a_file_that_cannot_be_looked_into_is_left_to_the_load(tmp_path: Path) -> None:
    done = taken(tmp_path, ("cases.csv.gz", b"no gzip"), ("payments.parquet", b"no parquet"), ("contacts.xlsx", b"no workbook"))
    assert len(written(done.root)) == 3


def test_long_names_of_many_bytes_are_shortened(tmp_path: Path) -> None:
    name = "催" * 90 + "." + "收" * 90
    done = taken(tmp_path, ("a.zip", zipped({f"{name}/cases.csv": CSV, f"{'𠀀' * 90}/payments.csv": CSV})))
    assert [path.rpartition("/")[2] for path in written(done.root)] == ["cases.csv", "payments.csv"]
    assert all(len(part.encode()) < 256 for path in written(done.root) for part in path.split("/"))


@pytest.mark.parametrize(
    ("name", "clean"), [("con.csv", "_con.csv"), ("a b-c_1.csv", "a b-c_1.csv"), ("a'; drop.csv", "a__ drop.csv"), (".hidden.csv", None)]
)
def test_names_are_cleaned(name: str, clean: str | None) -> None:
    found = cleaned(name, 3)
    assert (None if found is None else str(found)) == clean


def test_every_refusal_has_its_words() -> None:
    code = Path("dashboard/upload/parcel.py").read_text(encoding="utf-8") + Path("dashboard/upload/runs.py").read_text(encoding="utf-8")
    for key in words():
        section, _, kind = key.partition(".")
        assert section != "upload_refused" or f'ParcelRefused("{kind}"' in code, key
