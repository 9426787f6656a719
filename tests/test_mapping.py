"""Any other layout through a mapping: data, not code; mistakes in it are told in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard.breaches import LoadRefused, StructuralBreach
from dashboard.mapping import read_mapping
from tests.taking import take

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
        ('source = "log"', 'source = "lag"', "expected one of log"), ('product = { value = "card" }', "", "not mapped: product"),
        ('{ value = "card" }', '{ value = "card", sql = "1" }', "exactly one"), ("reject_share = 1.0", "reject_share = 5", "from 0 to 1"),
        ('placed_on = "Tag"', "placed_on = 5", "expected a source header"), ("[export]", "[export", "Expected"), ('file = "*.txt"', "", "file"),
    ],
)  # fmt: skip
def test_mistakes_in_a_mapping_are_named(tmp_path: Path, found: str, put: str, says: str) -> None:
    assert found in WIDE
    path = tmp_path / "m.toml"
    path.write_text(WIDE.replace(found, put), encoding="utf-8")
    with pytest.raises(StructuralBreach, match=says):
        read_mapping(path)


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
    with pytest.raises(LoadRefused, match=says):
        take(tmp_path / "log.txt", tmp_path / "w", path)
