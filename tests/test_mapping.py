"""Any other layout through a mapping: data, not code; mistakes in it are told in words."""

from __future__ import annotations

import re
from pathlib import Path

import openpyxl
import pytest

from dashboard.breaches import LoadRefused, StructuralBreach
from dashboard.home import Home
from dashboard.load import load
from dashboard.mapping import read_mapping
from tests.taking import Taken, take

WIDE = """
[export]
decimal = ","
date_format = "%d.%m.%Y"
reject_share = 1.0

[sources.log]
file = "*.txt"
encoding = "gb18030"
delimiter = ";"

[[cases]]
source = "log"
where = "art = '委案'"
[cases.columns]
case_id = "Nr"
product = { value = "card" }
placed_on = "Tag"
placed_balance = { column = "Cent", divide = 100 }
days_past_due = { sql = "try_cast(dpd as integer) + 1" }
close_reason = { column = "Ende", codes = { X = "paid", "-" = "" } }

[[payments]]
select = "select Nr || '-' || source_line as payment_id, Nr as case_id, Tag as paid_on, Betrag as amount, 'payment' as kind, source_line from log where art = '还款'"
"""
HAN = re.compile(r"[\u4e00-\u9fff]")
LOG = "Nr;art;Tag;Cent;Betrag;dpd;Ende\n01;委案;05.01.2026;123456;;29;X\n01;还款;20.01.2026;;1.234,50;;\n02;委案;31.02.2026;5;;1;-\n03;备注;;;;;\n"


def test_an_event_log_in_one_file(tmp_path: Path) -> None:
    mapping = tmp_path / "m.toml"
    mapping.write_text(WIDE, encoding="utf-8")
    folder = tmp_path / "e"
    folder.mkdir()
    (folder / "log.txt").write_bytes(LOG.encode("gb18030"))
    found = take(folder, tmp_path / "w", mapping)
    assert found.rows("cases", "case_id, placed_on::varchar, placed_balance::varchar, days_past_due, close_reason, source_line") == [
        ("01", "2026-01-05", "1234.56", 30, "paid", 2)
    ]
    assert found.rows("payments", "payment_id, amount::varchar, source_line") == [("01-3", "1234.50", 3)]
    (breach,) = [breach for breach, _ in found.breaches()]
    assert (breach.file, breach.line, breach.column, breach.value) == ("log.txt", 4, "placed_on", "31.02.2026")
    log, cases, payments = found.accounts
    assert (log.rows_read, log.rows_used, log.rows_unused) == (4, 3, 1)
    assert (cases.rows_read, cases.rows_loaded, cases.rows_rejected, payments.rows_loaded) == (2, 1, 1, 1)


@pytest.mark.parametrize(
    ("found", "put", "says"),
    [
        ('decimal = ","', 'decimal = ";"', "decimal"), ("divide = 100", "divide = 7", "divide"), ('"gb18030"', '"gb99"', "encoding"),
        ('delimiter = ";"', 'delimiter = ";;"', "delimiter"), ('"%d.%m.%Y"', '"%Q"', "date_format"), ("[[cases]]", "[[case]]", "not a table"),
        ('source = "log"', 'source = "lag"', "expected one of log"), ("[sources.log]", "[sources.used]", "table of its own"), ('product = { value = "card" }', "", "not mapped: product"),
        ('{ value = "card" }', '{ value = "card", sql = "1" }', "exactly one"), ("reject_share = 1.0", "reject_share = 5", "from 0 to 1"),
        ('"%d.%m.%Y"', '"dd.mm.yyyy"', "date_format"), ('placed_on = "Tag"', "placed_on = 5", "expected a source header"), ("[export]", "[export", "Expected"), ('file = "*.txt"', "", "file"),
    ],
)  # fmt: skip
def test_mistakes_in_a_mapping_are_named(tmp_path: Path, found: str, put: str, says: str) -> None:
    assert found in WIDE
    path = tmp_path / "m.toml"
    path.write_text(WIDE.replace(found, put), encoding="utf-8")
    with pytest.raises(StructuralBreach, match=says) as wrong:
        read_mapping(path)
    assert HAN.search(wrong.value.breach.message("zh").split(";", 1)[1])


@pytest.mark.parametrize(
    ("found", "put", "says"),
    [
        ('"Nr"\n', '"Nummer"\n', "no header 'Nummer'"), ("art = '委案'", "art = ", "mapping"), ("art = '委案'", "true); drop table x; select (1", "mapping"),
        ("Nr || '-' || source_line as payment_id", "1 as other", "unknown columns: other"), ("select Nr", "delete from log; select Nr", "one SELECT"),
    ],
)  # fmt: skip
def test_mistakes_met_while_mapping_are_named(tmp_path: Path, found: str, put: str, says: str) -> None:
    path = tmp_path / "m.toml"
    path.write_text(WIDE.replace(found, put), encoding="utf-8")
    (tmp_path / "log.txt").write_bytes(LOG.encode("gb18030"))
    with pytest.raises(LoadRefused, match=says) as wrong:
        take(tmp_path / "log.txt", tmp_path / "w", path)
    assert all("无法应用" in breach.message("zh") for breach in wrong.value.breaches)


CASES = """
[[cases]]
source = "accounts"
columns = { case_id = "id", product = "kind", placed_on = "from", placed_balance = "owed", days_past_due = "late" }
"""
PAID = """
select {file} source_line, ref as payment_id, id as case_id, day as paid_on, sum as amount, 'payment' as kind from receipts
"""


def taken(tmp_path: Path, mapping: str, **files: str | bytes) -> Taken:
    """What becomes of files (two underscores for a point in their names) through a mapping."""
    folder, path = tmp_path / "e", tmp_path / "m.toml"
    folder.mkdir()
    path.write_text(mapping, encoding="utf-8")
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_bytes(content if isinstance(content, bytes) else content.encode())
    return take(folder, tmp_path / "w", path)


def refusal(tmp_path: Path, mapping: str, **files: str | bytes) -> str:
    with pytest.raises(LoadRefused) as wrong:
        taken(tmp_path, mapping, **files)
    assert all(HAN.search(breach.message("zh")) for breach in wrong.value.breaches)
    return str(wrong.value)


def receipts(select: str) -> str:
    return f'[sources.receipts]\nfile = "r*.csv"\n[[payments]]\nselect = """{select}"""\n'


MONTHS = {"r01__csv": "ref,id,day,sum\n1,A,2026-01-05,1\n2,A,2026-01-06,x\n", "r02__csv": "ref,id,day,sum\n3,A,2026-02-05,3\n"}


def test_rows_of_several_files_are_traced_to_their_own(tmp_path: Path) -> None:
    found = taken(tmp_path, receipts(PAID.format(file="source_file,")), **MONTHS)
    assert [(account.name, account.rows_used, account.rows_unused) for account in found.accounts[:2]] == [("r01.csv", 2, 0), ("r02.csv", 1, 0)]
    (breach,) = [breach for breach, _ in found.breaches()]
    assert (breach.file, breach.line) == ("r01.csv", 3)


def test_a_select_that_mixes_lines_of_several_files_says_what_to_add(tmp_path: Path) -> None:
    said = refusal(tmp_path, receipts(PAID.format(file="")), **MONTHS)
    assert "several files (r01.csv, r02.csv) without source_file" in said


def test_one_file_among_sources_of_like_names_is_traced(tmp_path: Path) -> None:
    mapping = receipts(PAID.format(file="")) + '[sources.receipt]\nfile = "other.csv"\n'
    found = taken(tmp_path, mapping, r01__csv=MONTHS["r01__csv"], other__csv="a,b\n1,2\n")
    used = {account.name: account.rows_used for account in found.accounts if account.table is None}
    assert used == {"r01.csv": 2, "other.csv": 0}


@pytest.mark.parametrize("name", ["used", "cell", "selected", "breach", "failed", "Folded", "original", "put_aside", "part_name", "cell_3", "tried"])
def test_a_source_may_not_be_called_like_a_table_of_the_load(tmp_path: Path, name: str) -> None:
    path = tmp_path / "m.toml"
    path.write_text(receipts(PAID.format(file="")).replace("receipts", name), encoding="utf-8")
    with pytest.raises(StructuralBreach, match="table of its own"):
        read_mapping(path)


@pytest.mark.parametrize("name", ["payments", "cases", "twice", "again", "amount", "known_cases"])
def test_any_other_name_will_do(tmp_path: Path, name: str) -> None:
    found = taken(tmp_path, receipts(PAID.format(file="source_file,")).replace("receipts", name), **MONTHS)
    assert len(found.rows("payments")) == 2 and found.accounts[0].rows_used == 2


def test_a_source_that_is_only_joined_counts_as_used(tmp_path: Path) -> None:
    select = """
    select receipts.source_file, receipts.source_line, ref as payment_id, acct as case_id, day as paid_on, sum as amount, 'payment' as kind
    from receipts inner join names using (id) where sum != 'x'"""
    mapping = receipts(select) + '[sources.names]\nfile = "names.csv"\n[sources.other]\nfile = "other.csv"\n'
    found = taken(tmp_path, mapping, **MONTHS, names__csv="id,acct\nA,1\nB,2\n", other__csv="z\n1\n")
    used = {account.name: (account.rows_used, account.rows_unused) for account in found.accounts if account.table is None}
    assert used == {"r01.csv": (1, 1), "r02.csv": (1, 0), "names.csv": (2, 0), "other.csv": (0, 1)}


def test_a_month_that_only_the_name_of_a_file_says(tmp_path: Path) -> None:
    select = PAID.format(file="source_file,").replace("day as", "regexp_extract(source_name, '\\\\d{6}') || lpad(day, 2, '0') as")
    files = {"r202601__csv": "ref,id,day,sum\n1,A,5,1\n", "r202602__csv": "ref,id,day,sum\n2,A,5,3\n"}
    found = taken(tmp_path, receipts(select), **files)
    assert found.rows("payments", "payment_id, paid_on::varchar") == [("1", "2026-01-05"), ("2", "2026-02-05")]


@pytest.mark.parametrize("name", ["a__dat", "a__psv", "a__asc", "a"])
def test_a_file_that_is_named_is_text_whatever_its_suffix(tmp_path: Path, name: str) -> None:
    mapping = f'[sources.accounts]\nfile = "{name.replace("__", ".")}"\n{CASES}'
    found = taken(tmp_path, mapping, **{name: "id|kind|from|owed|late\n01|card|2026-01-05|10.00|3\n"})
    assert found.rows("cases", "case_id, placed_balance::varchar") == [("01", "10.00")]
    assert found.accounts[0].rows_used == 1


def test_an_archive_is_no_text(tmp_path: Path) -> None:
    assert "a.dat" in refusal(tmp_path, f'[sources.accounts]\nfile = "a.dat"\n{CASES}', a__dat=b"PK\x03\x04 and so on")


def test_the_header_is_the_row_of_the_headers_looked_for(tmp_path: Path) -> None:
    content = "Run 1,000,of,5,parts,more,words\nid,kind,from,owed,late\n01,card,2026-01-05,10.00,3\n02,card,2026-01-05,1,000.00,3\n"
    found = taken(tmp_path, f'[sources.accounts]\nfile = "a.csv"\n{CASES}', a__csv=content)
    assert found.rows("cases", "case_id, source_line") == [("01", 3)]
    assert found.kinds() == [("broken_row", 4, None)]


@pytest.mark.parametrize("ending", ["txt", "xlsx"])
def test_columns_of_a_file_without_a_header_go_by_number(tmp_path: Path, ending: str) -> None:
    rows = [["01", "card", "2026-01-05", "10.00", "3"], ["02", "card", "2026-01-06", "1", "3"]]
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    book.save(tmp_path / "a.xlsx")
    content = {"txt": "\n".join("|".join(row) for row in rows).encode(), "xlsx": (tmp_path / "a.xlsx").read_bytes()}[ending]
    block = '[[cases]]\nsource = "a"\ncolumns = { case_id = "1", product = "2", placed_on = "3", placed_balance = { sql = "\\"4\\"" }, days_past_due = "5" }\n'
    found = taken(tmp_path, f'[sources.a]\nfile = "a.*"\nheader_row = 0\n{block}', **{f"a__{ending}": content})
    assert found.rows("cases", "case_id, placed_balance::varchar, source_line") == [("01", "10.00", 1), ("02", "1.00", 2)]


def test_a_row_of_numbers_that_sql_speaks_of_is_no_header(tmp_path: Path) -> None:
    select = "select source_line, a || b as payment_id, a as case_id, c as paid_on, 1 + 0 * 2 as amount, 'fee' as kind from receipts"
    found = taken(tmp_path, receipts(select), r__csv="a,b,c,d,e,f,g\n01,9,2026-01-05,0,1,2,1\n")
    assert found.rows("payments", "payment_id, source_line") == [("019", 2)]


def test_numbers_of_a_workbook_beside_amounts_with_a_comma(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (
        ["id", "kind", "from", "owed", "late"],
        ["1", "card", "2026-01-05", 1234.5, 3],
        ["2", "card", 46027.5, "(1.234,50)", 3],
        ["3", "card", 46027, 12.345, 3],
    ):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    mapping = f'[export]\ncurrency = "EUR"\ndecimal = ","\n[sources.accounts]\nfile = "a.xlsx"\n{CASES}'
    found = taken(tmp_path, mapping, a__xlsx=(tmp_path / "a.xlsx").read_bytes())
    assert found.rows("cases", "case_id, placed_on::varchar, placed_balance::varchar") == [("1", "2026-01-05", "1234.50")]
    wrong = {breach.line: breach for breach, _ in found.breaches()}
    assert wrong[3].kind == "wrong_sign" and wrong[4].value == "12,345"
    assert "1.234,50" in wrong[4].message("en") and "1.234,50" in wrong[4].message("zh")


def test_text_in_another_encoding_is_told_how_to_be_named(tmp_path: Path) -> None:
    text = "id,kind,from,owed,late\n01,Kölner Kredit,2026-01-05,£10.00,3\n".encode("cp1252")
    mapping = f'[export]\ncurrency = "GBP"\n[sources.accounts]\nfile = "a.csv"\n{CASES}'
    (tmp_path / "unnamed").mkdir()
    said = refusal(tmp_path / "unnamed", mapping, a__csv=text)
    assert "a.csv:2" in said and "name another in a mapping" in said and "windows-1252" in said
    named = mapping.replace('"a.csv"', '"a.csv"\nencoding = "windows-1252"')
    assert taken(tmp_path, named, a__csv=text).rows("cases", "product, placed_balance::varchar") == [("Kölner Kredit", "10.00")]


def test_sheets_of_one_workbook_are_told_apart(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for title, rows in {
        "Loans": [["id", "kind", "from", "owed", "late"], ["1", "card", "2026-01-05", "10.00", "3"], ["2", "card", "soon", "10.00", "3"]],
        "Cash": [["ref", "id", "day", "sum"], ["P1", "1", "2026-01-06", "much"], ["P2", "1", "2026-01-07", "4.00"]],
    }.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    cash = 'columns = { payment_id = { sql = "source_name || ref" }, case_id = "id", paid_on = "day", amount = "sum", kind = { value = "fee" } }'
    sources = '[sources.accounts]\nfile = "a.xlsx"\nsheet = "Loans"\n[sources.cash]\nfile = "a.xlsx"\nsheet = "Cash"\n'
    found = taken(tmp_path, f'{sources}{CASES}\n[[payments]]\nsource = "cash"\n{cash}\n', a__xlsx=(tmp_path / "a.xlsx").read_bytes())
    assert [(account.name, account.rows_read) for account in found.accounts[:2]] == [("a.xlsx [Loans]", 2), ("a.xlsx [Cash]", 2)]
    assert [(breach.file, breach.line, breach.value) for breach, _ in found.breaches()] == [
        ("a.xlsx [Loans]", 3, "soon"),
        ("a.xlsx [Cash]", 2, "much"),
    ]
    assert found.rows("payments", "payment_id") == [("a.xlsxP2",)]  # the file's own name is the file's alone


@pytest.mark.parametrize("first", ["a", "b"])
def test_headers_spelled_otherwise_from_file_to_file(tmp_path: Path, first: str) -> None:
    """Whichever file comes first, `Opened on`, `OPENED_ON` and `opened-on` are one column; what SQL asks for by name stays apart."""
    heads = {
        first: "id,kind,Opened on,owed,late,Part 1",
        {"a": "b", "b": "a"}[first]: "id,kind,OPENED_ON,owed,late,part_1",
        "c": "id,kind,opened-on,owed,late,x",
    }
    files = {f"{name}__csv": f"{head}\n{name},card,2026-01-05,10.00,3,north\n" for name, head in heads.items()}
    block = CASES.replace('"from"', '"Opened on"').replace('"late" }', '"late", region = { sql = \'coalesce("Part 1", part_1)\' } }')
    found = taken(tmp_path, f'[sources.accounts]\nfile = "*.csv"\n{block}', **files)
    assert found.rows("cases", "case_id, placed_on::varchar, region") == [(name, "2026-01-05", None if name == "c" else "north") for name in "abc"]


def test_a_file_that_calls_a_column_otherwise_is_named(tmp_path: Path) -> None:
    for month, headers in {"05": "id,kind,from,owed,late", "06": "id,zone,from,owed,late"}.items():
        (tmp_path / "e" / month).mkdir(parents=True)
        (tmp_path / "e" / month / "a.csv").write_text(f"{headers}\n{month},card,2026-01-05,10.00,3\n{month}b,,2026-01-05,10.00,3\n", encoding="utf-8")
    mapping = tmp_path / "m.toml"
    mapping.write_text(f'[sources.accounts]\nfile = "*/a.csv"\n{CASES}', encoding="utf-8")
    found = take(tmp_path / "e", tmp_path / "w", mapping)
    assert [account.name for account in found.accounts[:2]] == ["05/a.csv", "06/a.csv"]
    said = {(breach.file, breach.line): breach for breach, _ in found.breaches()}
    assert sorted(said) == [("05/a.csv", 3), ("06/a.csv", 2), ("06/a.csv", 3)]
    assert "no column" not in said["05/a.csv", 3].message("en")
    for line in (2, 3):
        assert "this file has no column kind" in said["06/a.csv", line].message("en") and "kind" in said["06/a.csv", line].message("zh")


def test_blanks_at_the_ends_of_a_date_are_in_no_ones_way(tmp_path: Path) -> None:
    block = CASES.replace('"from"', '{ column = "from", date_format = "%d/%m/%Y  %H:%M: " }')
    content = "id,kind,from,owed,late\n01,card,01/03/2026  00:11: ,10.00,3\n"
    assert taken(tmp_path, f'[sources.accounts]\nfile = "a.csv"\n{block}', a__csv=content).rows("cases", "placed_on::varchar") == [("2026-03-01",)]


def test_a_source_whose_file_is_not_there(tmp_path: Path) -> None:
    mapping = f'[sources.accounts]\nfile = "a.csv"\n[sources.receipts]\nfile = "r*.csv"\n{CASES}'
    said = refusal(tmp_path, mapping, a__csv="id,kind,from,owed,late\n", b__csv="x\n")
    assert "r*.csv: no file for a source of the mapping" in said and "which holds: a.csv, b.csv" in said and "[sources.receipts]" in said


@pytest.mark.parametrize(
    ("block", "said"),
    [
        (
            'source = "receipts"\ncolumns = {{ payment_id = "ref", case_id = "id", paid_on = "day", amount = "sum", kind = {{ value = "fee" }} }}',
            None,
        ),
        ('select = """{paid}"""', None),
        ('select = """{paid} union all select 0, 1, id, id, "from", owed, \'fee\' from accounts"""', "receipts, an optional source"),
    ],
)
def test_an_optional_source_that_is_not_there_yields_nothing(tmp_path: Path, block: str, said: str | None) -> None:
    mapping = f'[sources.accounts]\nfile = "a.csv"\n[sources.receipts]\nfile = "r*.csv"\noptional = true\n{CASES}[[payments]]\n'
    mapping += block.format(paid=PAID.format(file="source_file,"))
    file = {"a__csv": "id,kind,from,owed,late\n01,card,2026-01-05,10.00,3\n"}
    if said is not None:
        assert said in refusal(tmp_path, mapping, **file)
        return
    found = taken(tmp_path, mapping, **file)
    assert found.rows("cases", "case_id") == [("01",)]
    assert [account.table for account in found.accounts] == [None, "cases"]


@pytest.mark.parametrize(
    ("late", "said"),
    [
        ('{ sql = "cast(kind as integer)" }', "columns.days_past_due: Conversion Error: .*try_cast"),
        ('{ sql = "lates" }', "columns.days_past_due: Binder Error"),
        ('{ value = 1 }\nwhere = "kind + 1 = 2"', "where: "),
    ],
)
def test_sql_that_fails_is_told_with_its_place(tmp_path: Path, late: str, said: str) -> None:
    block, where = CASES.replace('"late"', late.partition("\n")[0]), late.partition("\n")[2]
    mapping = f'[sources.accounts]\nfile = "a.csv"\n{block}{where}\n'
    assert re.search(said, refusal(tmp_path, mapping, a__csv="id,kind,from,owed,late\n01,card,2026-01-05,10.00,3\n"))


def test_an_export_of_one_file_is_the_source_that_means_it(tmp_path: Path) -> None:
    path, file = tmp_path / "m.toml", tmp_path / "a.csv"
    path.write_text(f'[sources.accounts]\nfile = "a.csv"\n[sources.receipts]\nfile = "r.csv"\noptional = true\n{CASES}', encoding="utf-8")
    file.write_text("id,kind,from,owed,late\n01,card,2026-01-05,10.00,3\n", encoding="utf-8")
    assert [account.name for account in take(file, tmp_path / "w", path).accounts if account.table is None] == ["a.csv"]


def test_dates_are_asked_for_as_the_mapping_says(tmp_path: Path) -> None:
    row = "id,kind,from,owed,late\n01,card,25/13/2026,10.00,3\n02,card,25/12/2026,10.00,3\n"
    found = taken(tmp_path, f'[export]\ndate_format = "%d/%m/%Y"\n[sources.accounts]\nfile = "a.csv"\n{CASES}', a__csv=row)
    (breach,) = [breach for breach, _ in found.breaches()]
    assert "%d/%m/%Y" in breach.message("en") and "%d/%m/%Y" in breach.message("zh")


def test_an_export_of_which_no_row_is_left_is_refused_whatever_share_may_be_rejected(tmp_path: Path) -> None:
    rows = "id,kind,from,owed,late\n01,card,,10.00,3\n"
    said = refusal(tmp_path, f'[export]\nreject_share = 1.0\n[sources.accounts]\nfile = "a.csv"\n{CASES}', a__csv=rows)
    assert "every table is empty" in said and "a.csv:2 [placed_on]" in said


@pytest.mark.parametrize("name", ["a__jsonl", "a__json"])
def test_records_of_json(tmp_path: Path, name: str) -> None:
    records = [
        '{"id": "01", "kind": "card", "from": "2026-01-05", "owed": 1234.50, "late": {"days": 3}, "tags": ["x", "y"]}',
        '{"id": 18446744073709551617, "kind": "a\\nb", "from": "2026-01-05", "owed": null, "late": {"days": 4, "sure": true}}',
    ]
    content = "\n\n".join(records) if name == "a__jsonl" else f"[{', '.join(records)}]"
    mapping = f'[export]\ncurrency = "EUR"\ndecimal = ","\n[sources.accounts]\nfile = "a.*"\n{CASES}'.replace('"late"', '"late.days"')
    found = taken(tmp_path, mapping.replace('product = "kind"', 'product = { sql = "coalesce(tags, kind)" }'), **{name: content})
    assert found.rows("cases", "case_id, product, placed_balance::varchar, days_past_due") == [("01", '["x", "y"]', "1234.50", 3)]
    (breach,) = [breach for breach, _ in found.breaches()]
    assert (breach.kind, breach.line, breach.column) == ("missing_value", 3 if name == "a__jsonl" else 2, "placed_balance")


ONE = '{"id": "01", "kind": "card", "from": "2026-01-05", "owed": 1, "late": 3}'
TWO = ONE.replace("01", "02", 1)


@pytest.mark.parametrize(
    ("content", "sheet", "found"),
    [
        (f'{{"took": 5, "hits": {{"total": {{"value": 2}}, "hits": [{ONE},\n{TWO}]}}}}', None, ["01", "02"]),
        (f'{{\n"next": null,\n"results": [{ONE}]\n}}\n', None, ["01"]),
        (ONE.replace(", ", ",\n"), None, ["01"]),
        (ONE, None, ["01"]),
        (f'{{"a": {{"new": [{ONE}], "old": [{TWO}]}}}}', "a.old", ["02"]),
        (f'{{"a": {{"new": [{ONE}], "old": [{TWO}]}}}}', None, "several lists of records; one list; name it in a mapping as its source's sheet"),
        (f'{{"a": {{"new": [{ONE}]}}}}', "new", "a list of records under this name, of: a.new"),
        (f'{{\n"results": [{ONE}\n}}', None, "a.json:3"),
    ],
)  # fmt: skip
def test_the_list_of_records_in_what_wraps_it(tmp_path: Path, content: str, sheet: str | None, found: list[str] | str) -> None:
    mapping = f'[sources.accounts]\nfile = "a.json"\n{f"sheet = {sheet!r}" if sheet else ""}\n{CASES}'
    if isinstance(found, str):
        assert found in refusal(tmp_path, mapping, a__json=content)
    else:
        rows = taken(tmp_path, mapping, a__json=content).rows("cases", "case_id, source_line")
        assert rows == [(case, line) for line, case in enumerate(found, start=1)]


@pytest.mark.parametrize("content", ["{", '{"a": 1}\n[2]', "[[1]]", '{"rows":\n[[]', "[]", "", "\n \n"])
def test_what_is_no_record_of_json_is_refused_in_words(tmp_path: Path, content: str) -> None:
    assert "a.json" in refusal(tmp_path, f'[sources.accounts]\nfile = "a.json"\n{CASES}', a__json=content)


@pytest.mark.parametrize(
    "block",
    [
        'source = "receipts"\ncolumns = { payment_id = { sql = "KEY" }, case_id = "id", paid_on = "day", amount = "sum", kind = { value = "fee" } }',
        "select = \"select source_file, source_line, KEY as payment_id, id as case_id, day as paid_on, sum as amount, 'fee' as kind from receipts\"",
    ],
)
def test_a_key_that_every_load_makes_anew_is_not_merged(tmp_path: Path, block: str) -> None:
    export, mapping, home = tmp_path / "e", tmp_path / "m.toml", Home(tmp_path / "home")
    export.mkdir()
    (export / "r01.csv").write_text("ref,id,day,sum\n1,A,2026-01-05,1\n", encoding="utf-8")
    for key, twice in (("source_file || '-' || source_line", False), ("source_name || source_line", True)):
        text = f'[export]\nname = "{"b" if twice else "a"}"\n[sources.receipts]\nfile = "r*.csv"\n[[payments]]\n{block.replace("KEY", key)}\n'
        mapping.write_text(text, encoding="utf-8")
        load(export, home, mapping_path=mapping)
        (export / "r01.csv").write_text("ref,id,day,sum\n1,A,2026-01-05,1\n2,A,2026-01-06,2\n", encoding="utf-8")
        if twice:
            assert load(export, home, mapping_path=mapping).changes["payments"].added == 0
        else:
            with pytest.raises(LoadRefused, match="payment_id: made of source_file") as wrong:
                load(export, home, mapping_path=mapping)
            assert HAN.search(wrong.value.breaches[0].message("zh"))


def test_an_archive_and_a_folder_without_tables_say_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "e").mkdir()
    (tmp_path / "e" / "abc.csv").write_text("a\n1\n", encoding="utf-8")
    for export, said in (("none", "no such file or folder"), ("e", "got: abc.csv; an archive is unpacked first, another layout needs a mapping")):
        with pytest.raises(LoadRefused, match=said) as wrong:
            load(tmp_path / export, Home(tmp_path / "home"))
        assert HAN.search(wrong.value.breaches[0].message("zh"))
    (tmp_path / "e.zip").write_bytes(b"PK\x03\x04")
    with pytest.raises(LoadRefused, match="unpack it first"):
        (tmp_path / "m.toml").write_text(f'[sources.accounts]\nfile = "*.csv"\n{CASES}', encoding="utf-8")
        load(tmp_path / "e.zip", Home(tmp_path / "home"), mapping_path=tmp_path / "m.toml")


@pytest.mark.parametrize(
    ("text", "said", "in_chinese"),
    [
        (
            b"not = [toml",
            "m.toml: not TOML from line 1, column 8 on: not = [toml (Invalid value)",
            "m.toml:第 1 行第 8 列起不是合法的 TOML:not = [toml(Invalid value)",
        ),
        (
            b"[export]\nname = 'x",
            "m.toml: not TOML from line 2, column 10 on: name = 'x (Expected \"'\")",
            "m.toml:第 2 行第 10 列起不是合法的 TOML:name = 'x(Expected \"'\")",
        ),
        ("名称".encode("gb18030"), "not text in UTF-8, from byte 1 on", "不是 UTF-8 文本,自第 1 个字节起"),
    ],
)
def test_a_mapping_that_cannot_be_read_is_told_in_the_page_s_language(tmp_path: Path, text: bytes, said: str, in_chinese: str) -> None:
    path = tmp_path / "m.toml"
    path.write_bytes(text)
    with pytest.raises(StructuralBreach) as caught:
        read_mapping(path)
    assert (caught.value.breach.message("en"), caught.value.breach.message("zh")) == (
        f"the mapping cannot be applied; {said}",
        f"映射无法应用; {in_chinese}",
    )
