"""Loading as a whole: every planted piece of dirt found, refusals that change nothing, merges, and exports of one table."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dashboard import warehouse
from dashboard.breaches import LoadRefused, breach_line
from dashboard.home import Home
from dashboard.load import load
from dashboard.reading import BUFFER
from data.make_sample import generate
from tests.conftest import Given, close_all
from tests.drawn import write_export

Draw = Callable[..., Given]
#: truth.json's kinds as the load names them; a pair of key_twice keeps its first row.
REJECTED = {
    "wrong_type": "wrong_type", "implausible_date": "out_of_range", "out_of_range": "out_of_range", "unknown_code": "unknown_code",
    "missing_required": "missing_value", "orphan": "orphan", "closed_before_placed": "closed_before_placed", "key_twice": "key_conflict",
    "sign_against_kind": "wrong_sign", "payment_before_placement": "paid_before_placement", "totals_row": "totals_row",
}  # fmt: skip
FLAGGED = {
    "same_case_amount_day": ("paid_twice", 2), "reversal_without_payment": ("reversal_without_payment", 1), "last_month_partial": ("partial_last_month", 1),
    "reversed_more_than_paid": ("reversed_more_than_paid", 1), "contact_outside_employment": ("outside_employment", 1),
}  # fmt: skip


def test_every_piece_of_planted_dirt_is_found(tmp_path: Path) -> None:
    folder, home = tmp_path / "dirty", Home(tmp_path / "home")
    generate(folder, cases=2000, months=18, seed=3, dirty=True)
    dirt = json.loads((folder / "truth.json").read_text(encoding="utf-8"))["dirt"]
    loaded = load(folder, home)
    con = warehouse.connect(home.info().path)
    expected: Counter[tuple[str, str]] = Counter()
    for kind, tables in dirt["rejected"].items():
        for table, count in tables.items():
            if kind != "blank_row":
                expected[table, REJECTED[kind]] += count // 2 if kind == "key_twice" else count
    found = {(t, k): n for t, k, n in con.execute("select table_id, kinds, count(*) from meta.rejects group by all").fetchall()}
    assert found == dict(expected)
    folded = dirt["folded"]["exact_duplicate"]
    assert {a.table: a.rows_folded for a in loaded.accounts if a.rows_folded} == folded
    assert {a.table: a.rows_blank for a in loaded.accounts if a.rows_blank} == dirt["rejected"]["blank_row"]
    assert {a.table: a.rows_read + a.rows_blank for a in loaded.accounts} == dirt["rows_written"]
    assert dict(loaded.flags) == {FLAGGED[kind][0]: FLAGGED[kind][1] * sum(t.values()) for kind, t in dirt["flagged"].items()}
    assert con.execute("select count(*) from meta.rejects where content is null or line is null").fetchone() == (0,)
    gb = next(a for a in loaded.accounts if a.table == "complaints")
    assert gb.encoding == "gb18030"
    close_all(home)


def refused(folder: Path, home: Home) -> list[str]:
    with pytest.raises(LoadRefused) as caught:
        load(folder, home)
    assert all(breach_line(breach, "zh") for breach in caught.value.breaches)
    return [breach_line(breach, "en") for breach in caught.value.breaches]


def test_a_refused_load_names_everything_and_leaves_the_old_snapshot(given: Draw, tmp_path: Path) -> None:
    shop = given(cases="case_id | placed_on\nC1 | 2026-01-05")
    folder = write_export(tmp_path / "bad", {"cases": "case_id | 案件号 | product\nC1 | C1 | card", "payments": "amount\n5"}, complete=False)
    said = "\n".join(refused(folder, shop.home))
    for what in ("two headers stand for the same column", "[placed_on]", "[placed_balance]", "[days_past_due]", "[payment_id]", "委案日期"):
        assert what in said
    assert shop.home.info().id == shop.load.snapshot
    assert [path.name for path in shop.home.snapshots.iterdir()] == [f"{shop.load.snapshot}.duckdb"]


def test_the_largest_amount_loads_and_larger_sums_are_refused_in_words(given: Draw, tmp_path: Path) -> None:
    most = "9999999999999999.99"
    case, paid = f"C1 | 2026-01-05 | {most}", f"P1 | C1 | 2026-01-31 | {most} | payment"
    tables = {"cases": f"case_id | placed_on | placed_balance\n{case}", "payments": f"payment_id | case_id | paid_on | amount | kind\n{paid}"}
    assert given(**tables).load.waterfall["net_amount"] == Decimal(most)
    folder = write_export(tmp_path / "two", {**tables, "cases": f"{tables['cases']}\nC2 | 2026-01-06 | {most}"})
    (said,) = refused(folder, Home(tmp_path / "home"))
    assert "amounts add up to more than can be kept exactly" in said


def test_too_many_rejects_stop_the_load_and_totals_do_not_count(given: Draw, tmp_path: Path) -> None:
    rows = "\n".join(f"C{i} | 2026-01-05 | 100" for i in range(20))
    shop = given(cases=f"case_id | placed_on | placed_balance\n{rows}\n合计 | '' | 2000")
    assert [(r[1], r[2]) for r in shop.rejects()] == [(22, "totals_row")]
    bad = write_export(tmp_path / "bad", {"cases": f"case_id | placed_on | placed_balance\n{rows}\nX1 | never | 1\nX2 | 2026-01-05 | much"})
    said = refused(bad, shop.home)
    assert "2 / 22 = 9.1%" in said[0] and any("cases.csv:22 [placed_on] got 'never'" in line for line in said)
    assert any("cases.csv:23 [placed_balance] got 'much'" in line for line in said)


@pytest.mark.parametrize("tables", [{}, {"cases": "case_id | placed_on"}])
def test_nothing_to_load_is_refused(tmp_path: Path, tables: dict[str, str]) -> None:
    folder = write_export(tmp_path / "none", tables)
    (folder / "readme.csv").write_text("x\n1\n")
    kinds = refused(folder, Home(tmp_path / "home"))
    assert kinds and not Home(tmp_path / "home").ids()
    assert "no such file or folder" in refused(tmp_path / "nowhere", Home(tmp_path / "home"))[0]


@pytest.mark.parametrize(
    "tables",
    [
        {"complaints": "complaint_id | received_at\nQ1 | 2026-01-05 10:00:00"}, {"contacts": "contact_id | started_at\nK1 | 2026-01-05 10:00:00"},
        {"targets": "month | scope | metric | value\n2026-01 | all | net_amount | 5"}, {"collectors": "collector_id | name\nW1 | Ann"},
        {"payments": "case_id | paid_on\nC1 | 2026-01-05"}, {"cases": "case_id | placed_on\nC1 | 2026-01-05", "payments": "case_id | paid_on"},
        {"customers": "customer_id\n001"},
    ],
)  # fmt: skip
def test_one_table_alone_and_tables_of_no_rows_load(given: Draw, tables: dict[str, str]) -> None:
    shop = given(**tables)
    assert shop.load.published and shop.home.info().rows == 1
    assert {a.table for a in shop.load.accounts} == set(tables)


def test_the_same_export_twice_changes_nothing_but_its_settings_may(given: Draw) -> None:
    tables = {"cases": "case_id | placed_on\nC1 | 2026-01-05"}
    shop = given(**tables, as_of="2026-01-31")
    again = given(**tables, as_of="2026-01-31", home=shop.home)
    assert (again.load.identical, again.load.snapshot) == (True, shop.load.snapshot)
    later = given(**tables, as_of="2026-02-28", home=shop.home)
    assert not later.load.identical and later.warehouse.info.as_of.isoformat() == "2026-02-28"
    again = given(cases="case_id | placed_on\nC1 | 2026-01-05\nC2 | '' ", as_of="2026-02-28", home=shop.home, settings={"reject_share": "1.0"})
    assert not again.load.identical and len(again.rejects()) == 1  # a reject is kept, though no row changed


def test_a_partial_export_merges_by_key(given: Draw) -> None:
    shop = given(
        cases="case_id | placed_on | region\nC1 | 2026-01-05 | 华东\nC2 | 2026-01-05 | 华东",
        payments="payment_id | case_id | paid_on | amount\nP1 | C1 | 2026-01-10 | 10.00\nP2 | C1 | 2026-01-11 | 20.00",
    )
    later = given(
        cases="case_id | placed_on | placed_balance\nC1 | 2026-01-05 | 900",
        payments="payment_id | case_id | paid_on | amount\nP2 | C1 | 2026-01-11 | 25.00\nP3 | C2 | 2026-02-01 | 5.00\nP1 | C1 | 2026-01-10 | 10.00",
        home=shop.home,
    )
    held = {row["table_id"]: row["row_count"] for row in later.warehouse.run("table_rows")}
    assert (held["cases"], held["payments"], held["contacts"]) == (2, 3, 0)  # of both loads together, not one after the other
    changes = {name: (c.added, c.changed, c.unchanged) for name, c in later.load.changes.items() if c.added or c.changed or c.unchanged}
    assert changes == {"cases": (0, 1, 0), "payments": (1, 1, 1)}
    assert later.sql("select payment_id, amount from export.payments order by 1") == [
        ("P1", Decimal("10.00")),
        ("P2", Decimal("25.00")),
        ("P3", Decimal("5.00")),
    ]
    # a column that the later export doesn't carry keeps what was known
    assert later.sql("select case_id, placed_balance, region from export.cases order by 1") == [
        ("C1", Decimal("900.00"), "华东"), ("C2", Decimal("1000.00"), "华东"),
    ]  # fmt: skip
    assert later.load.waterfall["net_amount"] == Decimal("40.00") and later.home.info().parent == shop.load.snapshot


def test_rows_that_came_before_their_parents_are_held_against_them_then(given: Draw) -> None:
    """Payments alone first: nothing to hold C9 against. When cases come, they have no C9: its payment stays, and is flagged ever after."""
    shop = given(payments="case_id | paid_on | amount\nC1 | 2026-01-20 | 10.00\nC9 | 2026-01-21 | 20.00", as_of="2026-01-31")
    assert shop.flags() == []
    cases = "case_id | placed_on | placed_balance\nC1 | 2026-01-05 | 100"
    for more in ({"cases": cases}, {"payments": "payment_id | case_id | paid_on | amount\nP7 | C1 | 2026-01-22 | 1.00"}):
        shop = given(home=shop.home, as_of="2026-01-31", **more)
        assert shop.flags() == [("orphan_in_service", "P2")]
    assert shop.value("net_amount") == Decimal("31.00")


@pytest.mark.parametrize(("as_of", "flagged"), [(None, [("closed_later", "B")]), ("2026-03-31", [])])
def test_a_case_that_closes_after_the_as_of_day_is_flagged(given: Draw, as_of: str | None, flagged: list[tuple[str, str]]) -> None:
    cases = """
        case_id | placed_on  | placed_balance | closed_on  | close_reason
        A       | 2026-01-10 | 100            | 2026-02-01 | paid
        B       | 2026-01-31 | 100            | 2026-03-20 | charged_off
    """
    shop = given(cases=cases, **({"as_of": as_of} if as_of else {}))
    assert shop.flags() == flagged and shop.value("charged_off_amount") == (0 if flagged else 100)


def test_another_currency_or_zone_is_not_merged(given: Draw, tmp_path: Path) -> None:
    tables = {"payments": "case_id | paid_on\nC1 | 2026-01-05"}
    shop = given(**tables)
    folder = write_export(tmp_path / "usd", tables, settings={"currency": '"USD"', "timezone": '"UTC"'})
    said = refused(folder, shop.home)
    assert "currency CNY" in said[0] and "timezone Asia/Shanghai" in said[1]


def test_files_no_table_reads_are_named(given: Draw, tmp_path: Path) -> None:
    folder = write_export(tmp_path / "e", {"payments": "case_id | paid_on\nC1 | 2026-01-05", "cases": "case_id\nC1"})
    (folder / "payment.csv").write_text("a\n1\n")
    home = Home(tmp_path / "home")
    dry = load(folder, home, dry_run=True)
    assert dry.ignored_files == ["payment.csv"] and not dry.published and home.ids() == []


def test_the_waterfall_ties_out_with_every_kind_of_posting(given: Draw) -> None:
    shop = given(
        cases="case_id | placed_on\nC1 | 2026-01-01",
        payments="""
            payment_id | case_id | paid_on    | amount  | kind     | status  | reverses
            P1         | C1      | 2026-01-05 | 100.10  | payment  | posted  |
            P1         | C1      | 2026-01-05 | 100.10  | payment  | posted  |
            P2         | C1      | 2026-01-06 | 50      | payment  | 待入账  |
            P3         | C1      | 2026-01-06 | 60      | 还款     | failed  |
            P4         | C1      | 2026-01-07 | 30.05   | 冲正     |         | P1
            P5         | C1      | 2026-01-07 | -20     | reversal | posted  | P1
            P6         | C1      | 2026-01-08 | 7       | waiver   |         |
            P7         | C1      | 2026-01-08 | 3       | fee      |         |
        """,
    )
    w: dict[str, Any] = shop.load.waterfall
    assert [w[f"{name}_amount"] for name in ("exported", "duplicate", "unposted", "reversed", "net", "waived", "fee")] == [
        Decimal(x) for x in ("310.20", "100.10", "110.00", "50.05", "50.05", "7.00", "3.00")
    ]
    assert shop.sql("select amount from export.payments where kind = 'reversal' order by 1") == [(Decimal("-30.05"),), (Decimal("-20.00"),)]


def test_one_reversal_of_a_payment_that_is_not_there_is_flagged(given: Draw) -> None:
    """Ids that begin alike and no payment among them: a sum over a window of such rows makes DuckDB 2.0.0 fail."""
    shop = given(
        cases="case_id | placed_on\nC1 | 2026-01-05",
        payments="payment_id | case_id | paid_on | amount | kind | reverses\nP000003261061R | C1 | 2026-01-09 | -5 | reversal | P000003261061none",
    )
    assert ("reversal_without_payment", "P000003261061R") in shop.flags()


def test_rows_of_a_large_file_keep_their_lines_and_are_found_by_case(tmp_path: Path) -> None:
    lines = 150_000  # several buffers, so that two threads read them
    said = {7: "telepathy", 90_001: "shout"}
    with (write_export(tmp_path / "e", {"collectors": "collector_id\nW1"}) / "contacts.csv").open("w", encoding="utf-8") as out:
        out.write("contact_id,case_id,started_at,channel,direction,outcome\n")
        for line in range(2, lines + 2):
            channel = said.get(line, "电话" if line % 3 else "phone")
            out.write(f"K{line},C{line % 999},{'soon' if line % 50 == 0 else '2026-01-15 10:00:00'},{channel},outbound,no_answer\n")
    home = Home(tmp_path / "home")
    load(tmp_path / "e", home)
    assert (tmp_path / "e" / "contacts.csv").stat().st_size > BUFFER
    con = warehouse.connect(home.info().path)
    assert con.execute("select count(*) from export.contacts where contact_id != 'K' || source_line").fetchone() == (0,)
    rejects = "select count(*), count(*) filter (where content->>'contact_id' != 'K' || line), count(*) filter (where kinds = 'wrong_type') from meta.rejects"
    assert con.execute(rejects).fetchone() == (lines // 50 + 2, 0, lines // 50)
    assert con.execute("select line, value from meta.rejects where kinds = 'unknown_code' order by line").fetchall() == sorted(said.items())
    found = "select case_id, unnest(row_ids) as row_id from rows_of_case.contacts"
    places = f"from ({found}) as places full join export.contacts as rows on places.row_id = rows.rowid"
    assert con.execute(f"select count(*), count(*) filter (where places.case_id is distinct from rows.case_id) {places}").fetchone() == (
        lines - lines // 50 - 2, 0,
    )  # fmt: skip
    close_all(home)
