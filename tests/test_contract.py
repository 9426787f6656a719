"""The contract and the words for its breaches are whole, bilingual and free of double meanings."""

from __future__ import annotations

import string
from pathlib import Path

import pytest

from dashboard import breaches
from dashboard.breaches import Breach, LoadRefused, breach_line
from dashboard.contract import CONTRACT, contract, folded, read_contract, spellings


def test_every_table_and_column_has_both_labels_and_a_known_type() -> None:
    for table in contract().tables.values():
        assert all(table.label[lang] and table.row[lang] for lang in ("en", "zh")), table.id
        assert set(table.key) <= set(table.columns)
        assert table.event is None or table.columns[table.event].type in ("date", "time")
        for column in table.columns.values():
            assert column.sql_type and column.label["en"] and column.label["zh"]
            assert column.id not in table.key or not (column.optional or column.personal)
            if column.parent is not None:
                assert len(contract().tables[column.parent].key) == 1


def test_personal_columns_never_reach_the_warehouse() -> None:
    personal = {column.id for column in contract().tables["customers"].columns.values() if column.personal}
    assert personal == {"name", "id_number", "phone", "address"}
    assert not personal & {column.id for column in contract().tables["customers"].loaded}


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("Case ID", "caseid"),
        ("case_id", "caseid"),
        ("\ufeff案件 编号", "案件编号"),
        ("ＣＡＳＥ－ＩＤ", "caseid"),
        ("Placed\nOn", "placedon"),
    ],
)
def test_headers_are_compared_without_case_width_and_spaces(written: str, compared: str) -> None:
    assert folded(written) == compared


def test_codes_are_known_by_label_and_alias_and_hinted_at() -> None:
    assert [contract().code_of("close_reason", text) for text in ("paid", "Paid in full", "结清", " PAID OFF ")] == ["paid"] * 4
    assert contract().code_of("close_reason", "escalated") is None
    assert contract().nearest_code("outcome", "converstaion") == "conversation"
    assert contract().nearest_code("outcome", "xyzzy") is None
    assert spellings("payment_kind")["冲正"] == "reversal"


@pytest.mark.parametrize(
    ("found", "put", "says"),
    [
        ('zh = "委案日期"', 'zh = "案件编号"', "stands for both case_id and placed_on"),
        ('sms = { en = "SMS"', 'sms = { en = "Phone"', "stands for both phone and sms"),
        ('codes = "state"', 'codes = "stat"', "unknown code list"),
    ],
)
def test_a_contract_that_means_two_things_is_refused(tmp_path: Path, found: str, put: str, says: str) -> None:
    changed = tmp_path / "contract.toml"
    text = CONTRACT.read_text(encoding="utf-8")
    assert found in text
    changed.write_text(text.replace(found, put), encoding="utf-8")
    with pytest.raises(ValueError, match=says):
        read_contract(changed)


def test_breaches_and_expectations_are_bilingual_and_name_the_same_things() -> None:
    words = breaches.words()
    for kind, entry in words["kinds"].items():
        assert entry["level"] in ("structural", "row", "flag"), kind
        assert entry["en"] and entry["zh"] and entry["en"] != entry["zh"]
    for name, entry in words["expected"].items():
        fields = [{field for _, field, _, _ in string.Formatter().parse(entry[lang]) if field} for lang in ("en", "zh")]
        assert fields[0] == fields[1], name


def test_a_breach_says_place_value_and_expectation_in_both_languages() -> None:
    breach = Breach("wrong_type", "payments", "payments.csv", 7, "amount", "see note", "amount")
    assert breach_line(breach, "en") == (
        "payments.csv:7 [amount] got 'see note': not readable as this type; an amount such as 1,234.50 with at most two decimals"
    )
    assert breach_line(breach, "zh").startswith("payments.csv:7 [amount] 实际为 'see note': 类型不符")
    assert str(LoadRefused([breach, breach])).count("see note") == 2
