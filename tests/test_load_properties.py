"""What must hold for any export: every row accounted for, money tied out, and no matter how the same rows are cut, ordered or written."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some

from dashboard.home import Home
from dashboard.load import Loaded, load
from tests.conftest import close_all
from tests.taking import Taken, take

Row = tuple[str, ...]
CASES = ("case_id", "product", "placed_on", "placed_balance", "days_past_due", "region", "closed_on")
PAYMENTS = ("payment_id", "case_id", "paid_on", "amount", "kind", "reverses", "status", "method")
phases = [Phase.explicit, Phase.reuse, Phase.generate]  # an example costs a load: not shrunk
quick = settings(max_examples=12, deadline=None, phases=phases, suppress_health_check=list(HealthCheck))
whole = settings(max_examples=4, deadline=None, phases=phases, suppress_health_check=list(HealthCheck))

keys = some.sampled_from(["1", "02", "003", "C4", "110101199003070123", "案5"])
days = some.sampled_from(["2026-01-05", "2026/1/9", "46050", "2026年2月3日", "20260214"])
amounts = some.one_of(
    some.decimals(0, 99999, places=2).map(str),
    some.decimals(1000, 99999, places=2).map(lambda x: f"¥{x:,}"),
    some.sampled_from(["0", "7.5", "１２"]),
)
dirt = some.sampled_from(["", " ", "n/a", "合计", "1.10101E+17", "-5", "1900-01-01", "#N/A", "x\ny", 'q"q', "a,b", "非法"])


def messy(clean: some.SearchStrategy[str]) -> some.SearchStrategy[str]:
    return some.one_of(clean, clean, clean, clean, clean, clean, dirt)


def tables(cell: Callable[[some.SearchStrategy[str]], some.SearchStrategy[str]]) -> some.SearchStrategy[dict[str, list[Row]]]:
    case = some.tuples(
        cell(keys), some.just("card"), cell(days), cell(amounts), cell(some.integers(0, 400).map(str)),
        some.sampled_from(["", "华东", " 华南 "]), some.sampled_from(["", "", "2026-03-01", "2025-12-01"]),
    )  # fmt: skip
    payment = some.tuples(
        cell(some.integers(1, 12).map(lambda n: f"P{n}")), cell(keys), cell(days), cell(amounts),
        cell(some.sampled_from(["payment", "还款", "reversal", "冲正", "waiver", "fee"])), some.sampled_from(["", "P1", "P2", "P99"]),
        cell(some.sampled_from(["", "posted", "成功", "pending", "failed"])), some.sampled_from(["", "bank", "支付宝"]),
    )  # fmt: skip
    sure = ("P0", "C0", "2026-01-05", "1.00", "payment", "", "", "")  # an export is never empty
    return some.builds(
        lambda cases, payments: {"cases": [("C0", "card", "2026-01-01", "10.00", "1", "", ""), *cases], "payments": [sure, *payments]},
        some.lists(case, max_size=8),
        some.lists(payment, max_size=14),
    )


def plain(cell: some.SearchStrategy[str]) -> some.SearchStrategy[str]:
    return cell


@contextmanager
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def save(path: Path, header: Row, rows: list[Row], encoding: str = "utf-8") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding=encoding, newline="") as stream:
        csv.writer(stream).writerows([header, *rows])


def export(folder: Path, data: dict[str, list[Row]], encoding: str = "utf-8") -> Path:
    save(folder / "cases.csv", CASES, data["cases"], encoding)
    save(folder / "payments.csv", PAYMENTS, data["payments"], encoding)
    (folder / "export.toml").write_text("[export]\nreject_share = 1.0\n", encoding="utf-8")
    return folder


def content(taken: Taken) -> list[list[tuple[Any, ...]]]:
    return [
        taken.rows("cases", "* exclude (source_file, source_line, part)"),
        taken.rows("payments", "* exclude (source_file, source_line, part)"),
    ]


@quick
@given(tables(messy))
def test_every_row_is_loaded_rejected_or_folded_and_has_its_line(data: dict[str, list[Row]]) -> None:
    with scratch() as folder:
        taken = take(export(folder / "e", data), folder / "w")
        for account, (name, rows) in zip(taken.accounts, data.items(), strict=True):
            assert account.table == name
            assert account.rows_read == account.rows_loaded + account.rows_rejected + account.rows_folded
            assert account.rows_read + account.rows_blank == len(rows)
            starts, line = {}, 2
            for row in rows:
                starts[line] = row
                line += 1 + sum(cell.count("\n") for cell in row)
            found = taken.con.execute(f"select source_line, {PAYMENTS[0] if name == 'payments' else CASES[0]} from export.incoming_{name}").fetchall()
            assert len({line for line, _ in found}) == len(found)
            assert all(starts[line][0].strip() == key for line, key in found)
            aside = taken.con.execute(
                "select p.source_line, o.content ->> $key from put_aside as p left join original as o using (table_id, row_id) where table_id = $name",
                {"key": f"$.{CASES[0] if name == 'cases' else PAYMENTS[0]}", "name": name},
            ).fetchall()
            assert len(aside) == account.rows_rejected
            assert all((starts[line][0] or None) == key for line, key in aside)  # the row as it was, not as it was read
        taken.con.close()


@quick
@given(tables(messy), some.integers(1, 4), some.randoms(use_true_random=False))
def test_parts_and_order_change_nothing_that_matters(data: dict[str, list[Row]], count: int, shuffle: Any) -> None:
    """Of rows with one key and different content the first stays, so keys are made distinct or their rows alike first."""
    data = {name: list({row[0].strip(): row for row in rows}.values()) for name, rows in data.items()}
    with scratch() as folder:
        one = take(export(folder / "one", data), folder / "w1")
        many = folder / "many"
        for name, header in (("cases", CASES), ("payments", PAYMENTS)):
            rows = list(data[name])
            shuffle.shuffle(rows)
            for part in range(count):
                save(many / name / f"part{part}.csv", header, rows[part::count])
        other = take(many, folder / "w2")
        assert content(one) == content(other)
        totals = [
            (sum(a.rows_read for a in t.accounts), sum(a.rows_rejected for a in t.accounts), sum(a.rows_folded for a in t.accounts))
            for t in (one, other)
        ]
        assert totals[0] == totals[1]
        kinds = [sorted((breach.table or "", breach.kind, breach.column or "", n) for breach, n in t.breaches()) for t in (one, other)]
        assert set(kinds[0]) == set(kinds[1])


@quick
@given(tables(messy), some.sampled_from(["utf-8-sig", "utf-16", "gb18030", "utf-16-le"]), some.sampled_from(["xlsx", "parquet"]))
def test_neither_encoding_nor_form_change_anything(data: dict[str, list[Row]], encoding: str, form: str) -> None:
    with scratch() as folder:
        one = take(export(folder / "one", data), folder / "w1")
        other = take(export(folder / "encoded", data, encoding), folder / "w2")
        assert content(one) == content(other), encoding
        assert one.kinds() == other.kinds(), encoding
        assert content(one) == content(take(written(folder / form, data, form), folder / "w3")), form


def written(folder: Path, data: dict[str, list[Row]], form: str) -> Path:
    """An export as workbooks or Parquet files."""
    folder.mkdir()
    for name, header in (("cases", CASES), ("payments", PAYMENTS)):
        if form == "xlsx":
            book = openpyxl.Workbook()
            for row in (header, *data[name]):
                book.active.append([cell or None for cell in row])
            book.save(folder / f"{name}.xlsx")
        else:
            con = duckdb.connect()
            con.execute(f"create table t ({', '.join(f'{column} varchar' for column in header)})")
            con.executemany(f"insert into t values ({', '.join('?' * len(header))})", [[c or None for c in row] for row in data[name]])
            con.execute(f"copy t to '{folder / name}.parquet' (format parquet)")
            con.close()
    return folder


def loaded(folder: Path, home: Home) -> Loaded:
    result = load(folder, home)
    close_all(home)
    return result


def kept(home: Home, sql: str) -> list[tuple[Any, ...]]:
    path = home.info().path
    close_all(home)
    with duckdb.connect(str(path), read_only=True) as con:
        return con.execute(sql).fetchall()


@whole
@given(tables(messy))
def test_money_ties_out_and_loading_again_is_a_no_op(data: dict[str, list[Row]]) -> None:
    with scratch() as folder:
        home = Home(folder / "home")
        first = loaded(export(folder / "e", data), home)
        w = first.waterfall
        gross = w["exported_amount"] - w["duplicate_amount"] - w["unposted_amount"]
        assert gross - w["reversed_amount"] == w["net_amount"]
        row = kept(
            home,
            "select coalesce(sum(amount) filter (kind in ('payment', 'reversal') and coalesce(status, 'posted') = 'posted'), 0) from export.payments",
        )
        assert row == [(w["net_amount"],)]
        again = loaded(folder / "e", home)
        assert (again.identical, again.published, again.snapshot) == (True, False, first.snapshot)
        assert home.ids() == [first.snapshot]


@whole
@given(tables(plain), some.data())
def test_loading_a_then_a_later_part_is_loading_them_merged(data: dict[str, list[Row]], draw: some.DataObject) -> None:
    """Keys are unique within each export; parents come with the first, so that nothing is orphaned by the cut."""
    cases = list({row[0]: (*row[:6], "") for row in data["cases"]}.values())
    known = {row[0] for row in cases}
    payments = list({row[0]: row for row in data["payments"] if row[1] in known}.values())
    cut = draw.draw(some.integers(0, len(payments)))
    changed = [(*row[:3], draw.draw(amounts), *row[4:]) for row in payments[:cut] if draw.draw(some.booleans())]
    late = payments[cut:] + changed
    with scratch() as folder:
        home, straight = Home(folder / "home"), Home(folder / "straight")
        loaded(export(folder / "a", {"cases": cases, "payments": payments[:cut]}), home)
        save(folder / "b" / "payments.csv", PAYMENTS, late)
        (folder / "b" / "export.toml").write_text("[export]\nreject_share = 1.0\n", encoding="utf-8")
        if late:
            part = loaded(folder / "b", home)
            before = {row[0]: row for row in payments[:cut]}
            counts = part.changes["payments"]
            assert counts.added + counts.changed + counts.unchanged == sum(a.rows_loaded for a in part.accounts)
            assert counts.added <= sum(row[0] not in before for row in late)
        merged = list({row[0]: row for row in [*payments[:cut], *late]}.values())
        loaded(export(folder / "m", {"cases": cases, "payments": merged}), straight)
        for table in ("cases", "payments"):
            sql = f"select * exclude (source_file, source_line) from export.{table} order by all"
            assert kept(home, sql) == kept(straight, sql)
        sql = "select * exclude (source_file, source_line) from model.cash order by all"
        assert kept(home, sql) == kept(straight, sql)
        assert kept(home, "select coalesce(sum(net_amount), 0) from model.cash")[0][0] >= Decimal("-1e9")
