"""Files as they come: encodings, line ends, quotes, title rows, damage; every row keeps its physical line, nothing is lost silently."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dashboard import workbooks
from dashboard.breaches import StructuralBreach
from dashboard.reading import Opened, Options, detect_encoding, find_files, open_file, rewritten
from dashboard.workbooks import cell_text

HEADERS = {"id", "name", "编号", "姓名"}
TABLE = "id,name\nC1,王五\nC2,Ann\n"


def opened(path: Path, options: Options | None = None) -> tuple[Opened, list[tuple[Any, ...]]]:
    """The file and its rows with their lines, as intake reads them."""
    con = duckdb.connect()
    found = open_file(con, path, options or Options(), path.parent, 1, lambda text: text.strip() in HEADERS)
    rows = con.execute(found.sql, found.parameters).fetchall()
    if found.expected_rows not in (None, len(rows)):
        found = rewritten(found, path.parent, 2)
        rows = con.execute(found.sql, found.parameters).fetchall()
    assert found.expected_rows in (None, len(rows))
    return found, rows if found.carries_lines else [(*row, found.first_line + i) for i, row in enumerate(rows)]


def written(tmp_path: Path, content: str | bytes, name: str = "t.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refused(path: Path, options: Options | None = None) -> tuple[str, int | None, str | None]:
    with pytest.raises(StructuralBreach) as caught:
        opened(path, options)
    breach = caught.value.breach
    assert breach.message("en") and breach.message("zh") and breach.file == path.name
    assert str(path.parent) not in str(breach.value), "where on the server it lies is nobody's business"
    return breach.kind, breach.line, breach.value


@pytest.mark.parametrize(
    ("encoding", "found"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("utf-16", "utf-16"), ("utf-16-le", "utf-16-le"), ("utf-16-be", "utf-16-be"), ("gb18030", "gb18030"), ("gbk", "gb18030")],
)  # fmt: skip
def test_every_encoding_reads_the_same(tmp_path: Path, encoding: str, found: str) -> None:
    file, rows = opened(written(tmp_path, TABLE.encode(encoding)))
    assert (file.encoding, file.headers) == (found, ("id", "name"))
    assert rows == [("C1", "王五", 2), ("C2", "Ann", 3)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_gzip(tmp_path: Path, encoding: str) -> None:
    _, rows = opened(written(tmp_path, gzip.compress(TABLE.encode(encoding)), "t.csv.gz"))
    assert rows == [("C1", "王五", 2), ("C2", "Ann", 3)]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (TABLE.encode() + b"C3,\xff\n", 4),
        (b"id,name\nC1,caf\xe9\nC2,Ann\n", 2),
        ("id,name\nC1,王五三\n".encode() + "C2,张三\n".encode("gbk"), 3),
        (("id,name\n" + "C1,王五\n" * 50).encode("gb18030") + b"C2,\xff\xff\n", 52),
        ("id,name\nC1,王五\n".encode("utf-16") + b"\x00", 3),
        ("id,city\nC1,Bonn\nC2,Köln\nC3,München\n".encode("cp1252"), 3),  # as GB18030: K鰈n, M黱chen
        ("id,city\nC1,Mação\nC2,São Paulo\n".encode("cp1252"), 2),  # Ma玢o, S鉶 Paulo
    ],
)  # fmt: skip
def test_text_in_no_encoding_names_its_first_bad_line(tmp_path: Path, content: bytes, line: int) -> None:
    assert refused(written(tmp_path, content)) == ("undecodable", line, None)


@pytest.mark.parametrize(
    "table", ["id,逾期\nC1,A类客户\n", "id,name\nC1,玥\n", "编号,city\nC1,Köln\n", "id,产品\nC1,信用卡Gold级\nC2,M1逾期,车贷B\n"]
)
def test_chinese_beside_latin_letters_is_still_chinese(tmp_path: Path, table: str) -> None:
    assert detect_encoding(written(tmp_path, table.encode("gb18030"))) == "gb18030"


def test_a_named_encoding_is_held_to(tmp_path: Path) -> None:
    path = written(tmp_path, TABLE.encode("gb18030"))
    assert refused(path, Options(encoding="utf-8"))[:2] == ("undecodable", 2)
    assert opened(path, Options(encoding="GBK"))[1][0] == ("C1", "王五", 2)
    assert detect_encoding(path) == "gb18030"


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        ("id,name\r\nC1,a\r\nC2,b\r\n", [("C1", "a", 2), ("C2", "b", 3)]),
        ("id,name\rC1,a\rC2,b\r", [("C1", "a", 2), ("C2", "b", 3)]),
        ("id,name\rC1,a\rC2,b", [("C1", "a", 2), ("C2", "b", 3)]),
        ("id,name\nC1,a\nC2,b", [("C1", "a", 2), ("C2", "b", 3)]),
        ('id,name\nC1,"a\nb\nc"\nC2,d\n', [("C1", "a\nb\nc", 2), ("C2", "d", 5)]),
        ('id,name\r\nC1,"a\r\nb"\r\nC2,d\r\n', [("C1", "a\r\nb", 2), ("C2", "d", 4)]),
        ("id,name\n\nC1,a\n,\n\nC2,b\n\n\n", [("C1", "a", 3), ("C2", "b", 6)]),
        ("id,name,\nC1,a,\nC2,b,\n", [("C1", "a", None, 2), ("C2", "b", None, 3)]),
        ("id,name\nC1,a,\nC2,b,,,\n", [("C1", "a", 2), ("C2", "b", 3)]),
        ('id,"na\nme"\nC1,a\n', [("C1", "a", 3)]),
        ("还款明细表,\n2026年10月,\n\nid,name\nC1,a\n", [("C1", "a", 5)]),
        ("id;name\nC1;1,5,6\nC2;2,5,7\n", [("C1", "1,5,6", 2), ("C2", "2,5,7", 3)]),
        ("id\tname\nC1\ta,b\n", [("C1", "a,b", 2)]),
        ("id|name\nC1|a\n", [("C1", "a", 2)]),
        ('id,name\n="001",a\n"=""002""",b\n', [('="001"', "a", 2), ('="002"', "b", 3)]),
        ('id,name\nC1,5" pipe\n', [("C1", '5" pipe', 2)]),
        ('id,name\nC1,"a"b\nC2,c\n', [("C1", "ab", 2), ("C2", "c", 3)]),
        ("id,name\nC1,\x00\x00\nC2\x00,b\n", [("C1", None, 2), ("C2", "b", 3)]),
        ("id,name\n", []),
        ("id,name", []),
        ("id\nC1\n\nC2\n", [("C1", 2), (None, 3), ("C2", 4)]),
    ],
)
def test_rows_keep_their_physical_line(tmp_path: Path, content: str, rows: list[tuple[Any, ...]]) -> None:
    assert opened(written(tmp_path, content))[1] == rows


def test_broken_rows_are_set_aside_with_line_and_cells(tmp_path: Path) -> None:
    file, rows = opened(written(tmp_path, 'id,name\nC1,a\nC2\n\nC3,"x\ny",c\nC4,d\nC5,\x00e\x00f\n'))
    assert rows == [("C1", "a", 2), ("C4", "d", 7)]
    assert [(b.breach.line, b.breach.value, b.cells) for b in file.broken] == [
        (3, "1", ("C2",)),
        (5, "3", ("C3", "x\ny", "c")),
        (8, "NUL", ("C5", "\0e\0f")),
    ]
    assert file.blank_rows == 1


@pytest.mark.parametrize("content", ['id,name\nC1,a\nC2,"b\nC3,c\n', 'id,name\nC1,a\nC2,"b', 'id,name\nC1,a\nC2,"b\n' + "C3,c\n" * 200])
def test_a_quote_that_never_closes_names_its_line(tmp_path: Path, content: str) -> None:
    assert refused(written(tmp_path, content))[:2] == ("unclosed_quote", 3)


def test_very_long_cells(tmp_path: Path) -> None:
    file, rows = opened(written(tmp_path, f"id,name\nC1,{'x' * 500_000}\nC2,{'y' * 3_000_000}\nC3,c\n"))
    assert [(row[0], row[2]) for row in rows] == [("C1", 2), ("C3", 4)]
    assert [(b.breach.kind, b.breach.line, b.breach.expected) for b in file.broken] == [("broken_row", 3, "row_length")]


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.xlsx", "t.parquet"])
@pytest.mark.parametrize("content", [b"", b"\x1f\x8b\x08\x00broken", b"PK\x03\x04 this is no archive", b"PAR1 neither", b"\n\n"])
def test_empty_and_damaged_files_are_refused_in_words(tmp_path: Path, name: str, content: bytes) -> None:
    path = written(tmp_path, content, name)
    if name == "t.csv" and content[:2] in (b"PK", b"PA"):
        return  # readable text of one column, refused by its headers
    assert refused(path)[0] in ("unreadable_file", "empty_file", "undecodable")


def test_a_truncated_gzip_is_refused(tmp_path: Path) -> None:
    whole = gzip.compress((TABLE * 5000).encode())
    assert refused(written(tmp_path, whole[:-20], "t.csv.gz"))[0] == "unreadable_file"
    spoilt = bytearray(whole)
    spoilt[-6] ^= 0xFF
    assert refused(written(tmp_path, bytes(spoilt), "t.csv.gz"))[0] == "unreadable_file"


# --- parquet and workbooks --------------------------------------------------------------------------------------------


def test_parquet_keeps_types_and_reads_bytes_as_text(tmp_path: Path) -> None:
    table = pa.table({"id": pa.array([b"C1", "王".encode()], pa.binary()), "name": pa.array([1.5, None])})
    pq.write_table(table, tmp_path / "t.parquet")
    file, rows = opened(tmp_path / "t.parquet")
    assert file.types == ("VARCHAR", "DOUBLE")
    assert rows == [("C1", 1.5, 1), ("王", None, 2)]


def book(path: Path, sheets: dict[str, list[list[Any]]], hidden: tuple[str, ...] = ()) -> Path:
    made = openpyxl.Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
        sheet.sheet_state = "hidden" if name in hidden else "visible"
    made.save(path)
    return path


def test_a_workbook_with_a_title_blank_rows_a_hidden_sheet_and_notes(tmp_path: Path) -> None:
    rows = [["还款明细", None], [None, None], ["id", "name"], ["00123", "a"], [None, None], [110101199003070123, 12.5], [7, None]]
    path = book(tmp_path / "t.xlsx", {"说明": [["读我"]], "data": rows, "old": [["id", "name"], ["x", "y"]]}, hidden=("old",))
    file, found = opened(path)
    assert found == [("00123", "a", 4), ("1.10101199003070E+17", "12.5", 6), ("7", None, 7)]
    assert (file.blank_rows, file.ignored) == (1, ("[说明]",))
    assert opened(path, Options(sheet="old"))[1] == [("x", "y", 2)]
    assert refused(path, Options(sheet="none"))[0] == "unreadable_file"


def test_two_sheets_with_the_table_are_not_chosen_between(tmp_path: Path) -> None:
    path = book(tmp_path / "t.xlsx", {"一月": [["id", "name"], ["1", "a"]], "二月": [["id", "name"], ["2", "b"]]})
    assert refused(path) == ("several_sheets", None, "一月 / 二月")


def test_merged_title_and_formula_cells(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.append(["report"])
    sheet.merge_cells("A1:B1")
    sheet.append(["id", "name"])
    sheet.append(["C1", "=1+1"])
    made.save(tmp_path / "t.xlsx")
    assert opened(tmp_path / "t.xlsx")[1] == [("C1", None, 3)]  # a formula never calculated has no value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (12.0, "12"),
        (0.1 + 0.2, "0.3"),
        (1234.5600000000002, "1234.56"),
        (None, ""),
        (1e15, "1.00000000000000E+15"),
        (float("nan"), ""),
    ],
)
def test_cells_read_as_they_look(value: object, text: str) -> None:
    assert cell_text(value) == text


def test_a_stray_cell_in_a_far_corner_is_no_bomb(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    made.active.append(["id", "name"])
    made.active["XFD1048576"] = "x"
    made.save(tmp_path / "t.xlsx")
    assert refused(tmp_path / "t.xlsx") == ("too_large", None, "1,048,576 × 16,384")


def test_a_workbook_that_unpacks_to_more_than_the_cap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 30_000_000)
    monkeypatch.setattr(workbooks, "MOST_BYTES", 20_000_000)
    assert refused(path)[0] == "too_large"


def test_a_locked_workbook_says_so(tmp_path: Path) -> None:
    content = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504 + "EncryptedPackage".encode("utf-16-le") + b"\0" * 512
    with pytest.raises(StructuralBreach) as caught:
        opened(written(tmp_path, content, "t.xlsx"))
    assert "password" in caught.value.breach.message("en")


def test_damage_anywhere_in_a_workbook_or_parquet_is_a_clear_refusal(tmp_path: Path) -> None:
    book(tmp_path / "t.xlsx", {"data": [["id", "name"], *([str(i), "x"] for i in range(200))]})
    pq.write_table(pa.table({"id": [str(i) for i in range(500)], "name": ["x"] * 500}), tmp_path / "t.parquet")
    for name in ("t.xlsx", "t.parquet"):
        whole = (tmp_path / name).read_bytes()
        # an archive's table of contents begins with what version it needs: every byte of its first entry, and some of all
        start = whole.find(b"PK\x01\x02")
        for at in sorted({*range(8, len(whole), len(whole) // 25), *(range(start, start + 46) if start > 0 else ())}):
            spoilt = bytearray(whole)
            spoilt[at : at + 4] = b"\xff\xfe\xfd\xfc"
            path = written(tmp_path, bytes(spoilt), f"{at}.{name}")
            try:
                opened(path)
            except StructuralBreach as error:
                assert error.breach.kind in ("unreadable_file", "empty_file", "too_large")
            except duckdb.Error:
                assert name == "t.parquet"  # met while reading rows: intake turns these into the same breach


# --- which files ------------------------------------------------------------------------------------------------------


def test_files_are_found_in_any_case_alone_or_in_parts(tmp_path: Path) -> None:
    for name in ("Cases.CSV", "payments/a.csv", "payments/b.csv.gz", "payments/notes.md", "other.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in find_files(tmp_path, "cases")] == ["Cases.CSV"]
    assert [path.name for path in find_files(tmp_path, "payments")] == ["a.csv", "b.csv.gz"]
    assert find_files(tmp_path, "plans") == []


@pytest.mark.parametrize("names", [("cases.csv", "cases.parquet"), ("cases.csv", "cases/a.csv"), ("cases/a.csv", "cases/b.parquet")])
def test_a_table_there_twice_is_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(StructuralBreach) as caught:
        find_files(tmp_path, "cases")
    assert caught.value.breach.kind == "supplied_twice"


def test_other_suffixes_are_not_read(tmp_path: Path) -> None:
    assert refused(written(tmp_path, TABLE, "t.docx"))[0] == "unreadable_file"


def test_the_row_by_row_copy_holds_what_the_file_held(tmp_path: Path) -> None:
    rows = [[f"C{i}", f'a "quoted", cell\nover {i} lines\r\n'] for i in range(2000)]
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["id", "name"], *rows])
    _, found = opened(written(tmp_path, text.getvalue()))
    assert [list(row[:2]) for row in found] == rows
    assert [row[2] for row in found][:3] == [2, 5, 8]
