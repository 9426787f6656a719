"""Headers to columns, cells to values, and rejects that keep their row without anybody's personal data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dashboard.breaches import LoadRefused
from tests.drawn import write_export
from tests.taking import Taken, take


def taken(tmp_path: Path, **tables: str) -> Taken:
    folder = write_export(tmp_path / "e", tables, complete=False, settings={"reject_share": "1.0"})
    return take(folder, tmp_path / "w")


def test_headers_by_name_in_either_language_and_any_order(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        cases="逾期天数 | 备注 | Placed amount | 案件编号 | 产品 | 入催日期 | 结案原因\n30 | 无 | ¥1,234.50 | 00123 | 车贷 | 2026/1/5 | 结清\n",
    )
    assert found.rows("cases", "case_id, product, placed_on::varchar, placed_balance::varchar, days_past_due, close_reason, source_line") == [
        ("00123", "车贷", "2026-01-05", "1234.50", 30, "paid", 2)
    ]
    assert found.accounts[0].ignored_headers == ("备注",)


def test_personal_and_unknown_columns_are_in_no_reject(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        customers="customer_id | 姓名 | 手机号 | 联系电话 | 微信号 | monthly_income\n1 | 王五 | 13800000000 | 139 | wx1 | much\n2 | 张三 | 1 | 2 | 3 | 5\n",
    )
    (content,) = found.con.execute("select content from original").fetchone() or ("",)
    assert json.loads(content) == {"customer_id": "1", "monthly_income": "much"}
    assert found.rows("customers", "customer_id") == [("2",)]
    (tmp_path / "e" / "customers.csv").write_text("customer_id,姓名\n1,王五\n2,张,三\n", encoding="utf-8")
    broken = take(tmp_path / "e", tmp_path / "w2")
    assert broken.kinds() == [("broken_row", 3, None)]
    assert broken.con.execute("select count(*) from original").fetchone() == (0,)


def test_every_bad_cell_of_a_row_is_named_and_codes_are_hinted(tmp_path: Path) -> None:
    found = taken(
        tmp_path,
        cases="case_id | product | placed_on | placed_balance | days_past_due | close_reason\n"
        "'' | card | 1900-01-01 | n/a | M2 | payd\nC1 | card | 2026-01-05 | 5 | 1 | ''\n",
    )
    assert sorted(found.kinds(), key=str) == [
        ("missing_value", 2, "case_id"), ("out_of_range", 2, "placed_on"), ("unknown_code", 2, "close_reason"),
        ("wrong_type", 2, "days_past_due"), ("wrong_type", 2, "placed_balance"),
    ]  # fmt: skip
    hints = {breach.column: breach.message("en") for breach, _ in found.breaches()}
    assert hints["close_reason"].endswith("nearest: paid") and "1980-01-01" in hints["placed_on"]


def test_totals_and_repeated_headers_are_no_records(tmp_path: Path) -> None:
    found = taken(tmp_path, customers="customer_id | region\n1 | a\n合计 | ''\ncustomer_id | region\n2 | b\n")
    assert found.rows("customers", "customer_id") == [("1",), ("2",)]
    assert found.kinds() == [("header_row", 4, None), ("totals_row", 3, None)]


def test_every_structural_breach_at_once(tmp_path: Path) -> None:
    with pytest.raises(LoadRefused) as caught:
        taken(tmp_path, cases="case_id | 案件号\nC1 | C1", payments="payment_id\nP1")
    kinds = [(breach.kind, breach.table, breach.column) for breach in caught.value.breaches]
    assert ("duplicate_header", "cases", "case_id") in kinds and ("missing_column", "payments", "amount") in kinds and len(kinds) == 9
