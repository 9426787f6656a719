"""The synthetic sample: same seed same bytes, the contract kept, the money identity, the planted truth, the counted dirt."""

from __future__ import annotations

import hashlib
import json
import sys
import tomllib
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from data.make_sample import generate  # noqa: E402

CONTRACT = tomllib.loads((ROOT / "data" / "contract.toml").read_text(encoding="utf-8"))
END = date(2026, 10, 31)
Tables = dict[str, pd.DataFrame]


def read(folder: Path, table: str, encoding: str = "utf-8") -> pd.DataFrame:
    return pd.read_csv(folder / f"{table}.csv", dtype=str, keep_default_na=False, encoding=encoding)


def truth_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    return found


def digests(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clean") / "out"
    generate(folder, cases=1500, months=18, seed=5)
    return folder


@pytest.fixture(scope="module")
def tables(clean: Path) -> Tables:
    return {name: read(clean, name) for name in CONTRACT["tables"]}


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dirty") / "out"
    generate(folder, cases=1500, months=18, seed=5, dirty=True)
    return folder


def cents(texts: pd.Series) -> pd.Series:
    """Whole cents, exactly."""
    return texts.map(lambda text: int(Decimal(text) * 100) if text else 0)


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_same_seed_same_bytes_whatever_the_threads(tmp_path: Path, file_format: str) -> None:
    for threads in (1, 2):
        generate(tmp_path / str(threads), cases=300, months=6, seed=3, threads=threads, file_format=file_format)
    assert digests(tmp_path / "1") == digests(tmp_path / "2")


def test_same_seed_same_dirt_and_another_seed_another_export(tmp_path: Path, dirty: Path) -> None:
    generate(tmp_path / "again", cases=1500, months=18, seed=5, dirty=True, threads=1)
    assert digests(tmp_path / "again") == digests(dirty)
    generate(tmp_path / "other", cases=300, months=6, seed=4)
    assert digests(tmp_path / "other")["payments.csv"] != digests(dirty)["payments.csv"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"cases": 49, "months": 6}, "cases: got 49; expected 50 or more"),
        ({"cases": 50, "months": 2}, "months: got 2; expected 3"),
        ({"cases": 50, "months": 6, "file_format": "xlsx"}, "expected one of csv, parquet"),
        ({"cases": 50, "months": 6, "file_format": "parquet", "dirty": True}, "expected 'csv'"),
        ({"cases": 50, "months": 6, "start": date(2026, 1, 2)}, "expected the first day of a month"),
    ],
)
def test_refuses_with_what_was_got_and_expected(tmp_path: Path, arguments: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        generate(tmp_path / "out", seed=1, **arguments)
    assert list(tmp_path.iterdir()) == []


def test_refuses_a_folder_that_holds_something_and_leaves_it(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ValueError, match="new or empty folder"):
        generate(tmp_path, cases=50, months=3, seed=1)
    assert [p.name for p in tmp_path.iterdir()] == ["note.txt"]


def test_a_failure_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("data.sample_truth.write", fail)
    with pytest.raises(OSError, match="disk full"):
        generate(tmp_path / "out", cases=50, months=3, seed=1)
    assert list(tmp_path.iterdir()) == []


def test_smallest_and_progress_and_start(tmp_path: Path) -> None:
    seen: list[float] = []
    generate(tmp_path / "out", cases=50, months=3, seed=1, start=date(2024, 1, 1), progress=lambda step, share: seen.append(share))
    assert seen == sorted(seen) and seen[-1] == 1.0
    facts = tomllib.loads((tmp_path / "out" / "export.toml").read_text(encoding="utf-8"))
    facts = {**facts["export"], **facts["sample"]}
    assert (facts["as_of"], facts["cases"], facts["title"]["zh"][:4]) == (date(2024, 3, 31), 50, "合成样例")
    assert len(read(tmp_path / "out", "cases")) == 50


def test_every_contract_column_and_only_valid_codes(tables: Tables) -> None:
    for name, spec in CONTRACT["tables"].items():
        expected = [column for column, facts in spec["columns"].items() if not facts.get("personal")]
        assert list(tables[name].columns) == expected, name
        assert len(tables[name]) > 0, name
        assert not tables[name].duplicated(spec["key"]).any(), name
        for column in expected:
            facts, values = spec["columns"][column], tables[name][column]
            if not facts.get("optional"):
                assert (values != "").all(), (name, column)
            if facts["type"] == "code":
                assert set(values) - {""} <= set(CONTRACT["codes"][facts["codes"]]), (name, column)
            if facts["type"] == "amount":
                assert values[values != ""].str.fullmatch(r"-?\d+\.\d\d").all(), (name, column)


def test_all_channels_reasons_kinds_and_measures_occur(tables: Tables) -> None:
    assert set(tables["contacts"]["channel"]) == set(CONTRACT["codes"]["channel"])
    assert set(tables["payments"]["kind"]) == set(CONTRACT["codes"]["payment_kind"])
    assert set(tables["payments"]["status"]) == set(CONTRACT["codes"]["payment_status"])
    assert set(tables["balances"]["state"]) == set(CONTRACT["codes"]["state"]) - {"paid"}  # settled by whichever way; the case says by which
    assert set(tables["milestones"]["measure"]) == set(CONTRACT["codes"]["programme_measure"])
    assert {"paid", "settled", "charged_off", "recalled", "sold"} <= set(tables["cases"]["close_reason"])


def test_references_hold(tables: Tables) -> None:
    for name, spec in CONTRACT["tables"].items():
        for column, facts in spec["columns"].items():
            if "parent" in facts:
                parent = tables[facts["parent"]][CONTRACT["tables"][facts["parent"]]["key"][0]]
                assert set(tables[name][column]) - {""} <= set(parent), (name, column)
    payments = tables["payments"]
    reversals = payments[payments["kind"] == "reversal"].merge(payments, left_on="reverses", right_on="payment_id", suffixes=("", "_of"))
    assert len(reversals) == (payments["kind"] == "reversal").sum() > 0
    assert (cents(reversals["amount"]) == -cents(reversals["amount_of"])).all()
    assert (reversals["kind_of"] == "payment").all() and (reversals["paid_on"] > reversals["paid_on_of"]).all()


def test_balance_is_placed_less_net_cash_less_waivers_plus_fees(tables: Tables) -> None:
    cases, payments, balances = tables["cases"], tables["payments"], tables["balances"]
    posted = payments[payments["status"] == "posted"].assign(cents=lambda f: cents(f["amount"]))
    posted["change"] = posted["cents"].where(posted["kind"] == "fee", -posted["cents"])
    rows = balances.merge(cases[["case_id", "placed_balance"]], on="case_id")
    moved = rows[["case_id", "as_of"]].merge(posted[["case_id", "paid_on", "change"]], on="case_id")
    moved = moved[moved["paid_on"] <= moved["as_of"]].groupby(["case_id", "as_of"], as_index=False)["change"].sum()
    rows = rows.merge(moved, on=["case_id", "as_of"], how="left").fillna({"change": 0})
    assert (cents(rows["balance"]) == cents(rows["placed_balance"]) + rows["change"].astype("int64")).all()
    assert (cents(rows["balance"]) >= 0).all()


def test_balances_rows_are_the_cases_open_at_each_month_end(tables: Tables) -> None:
    cases, balances = tables["cases"], tables["balances"]
    ends = sorted(set(balances["as_of"]))
    assert len(ends) == 18 and ends[-1] == str(END)
    for end in ends:
        is_open = (cases["placed_on"] <= end) & ((cases["closed_on"] == "") | (cases["closed_on"] >= end))
        assert set(balances.loc[balances["as_of"] == end, "case_id"]) == set(cases.loc[is_open, "case_id"]), end


def test_nothing_before_placement_or_after_closing_or_the_last_day(tables: Tables) -> None:
    cases = tables["cases"][["case_id", "placed_on", "closed_on"]].replace({"closed_on": {"": str(END)}})
    when = {"payments": "paid_on", "contacts": "started_at", "promises": "made_at", "balances": "as_of", "plans": "agreed_on"}
    when |= {"followups": "done_on", "complaints": "received_at", "assignments": "assigned_at"}
    for name, column in when.items():
        rows = tables[name][tables[name][column] != ""].merge(cases, on="case_id")
        day = rows[column].str[:10]
        assert (day >= rows["placed_on"]).all() and (day <= rows["closed_on"]).all(), name
    posted = tables["payments"][tables["payments"]["posted_on"] != ""]
    assert (posted["posted_on"] >= posted["paid_on"]).all() and (posted["posted_on"] <= str(END)).all()
    assert (posted["posted_on"] > posted["paid_on"]).mean() > 0.1


def test_contacts_attendance_and_holding_fall_inside_employment(tables: Tables) -> None:
    collectors = tables["collectors"][["collector_id", "hired_on", "left_on"]].replace({"left_on": {"": str(END)}})
    for name, column in {
        "contacts": "started_at",
        "attendance": "worked_on",
        "assignments": "assigned_at",
        "trainings": "taken_on",
    }.items():
        rows = tables[name].merge(collectors, on="collector_id")
        day = rows[column].str[:10]
        assert ((day >= rows["hired_on"]) & (day <= rows["left_on"])).all(), name
    spans = tables["assignments"].sort_values(["case_id", "assigned_at"])
    following = spans.groupby("case_id")["assigned_at"].shift(-1)
    assert ((spans["released_at"] < following) | following.isna()).all()


def test_holdout_has_no_outbound_contact_and_no_holder_in_its_first_30_days(tables: Tables) -> None:
    held_out = tables["cases"][tables["cases"]["strategy"] == "holdout"][["case_id", "placed_on"]]
    assert len(held_out) > 50
    free = pd.to_datetime(held_out["placed_on"]) + timedelta(days=30)
    held_out = held_out.assign(free_on=free.dt.strftime("%Y-%m-%d"))
    contacts = tables["contacts"].merge(held_out, on="case_id")
    early = contacts[contacts["started_at"].str[:10] < contacts["free_on"]]
    assert (early["direction"] == "inbound").all() and len(contacts) > len(early)
    holders = tables["assignments"].merge(held_out, on="case_id")
    assert (holders["assigned_at"].str[:10] >= holders["free_on"]).all()


def test_truth_totals_and_rows_equal_a_recomputation(clean: Path, tables: Tables) -> None:
    truth, payments = truth_of(clean), tables["payments"]
    assert truth["rows"] == {name: len(frame) for name, frame in sorted(tables.items())}

    def total(kinds: list[str], status: str = "posted") -> str:
        chosen = payments[payments["kind"].isin(kinds) & (payments["status"] == status)]
        return str(sum(map(Decimal, chosen["amount"]), Decimal("0.00")))

    assert truth["totals"] == {
        "placed": str(sum(map(Decimal, tables["cases"]["placed_balance"]))),
        "gross_posted": total(["payment"]),
        "failed": total(["payment"], "failed"),
        "pending": total(["payment"], "pending"),
        "reversed": total(["reversal"]),
        "net": total(["payment", "reversal"]),
        "waived": total(["waiver"]),
        "fees": total(["fee"]),
    }


def test_truth_arms_match_the_files_and_the_model(clean: Path, tables: Tables) -> None:
    cases = tables["cases"].assign(placed=pd.to_datetime(tables["cases"]["placed_on"]))
    cases = cases[cases["placed"] <= pd.Timestamp(END) - timedelta(days=29)]
    payments = tables["payments"][(tables["payments"]["kind"] == "payment") & (tables["payments"]["status"] == "posted")]
    joined = payments.merge(cases[["case_id", "placed"]], on="case_id")
    paid = set(joined.loc[(pd.to_datetime(joined["paid_on"]) - joined["placed"]).dt.days < 30, "case_id"])
    for arm in truth_of(clean)["arms"]:
        ids = set(cases.loc[cases["strategy"] == arm["arm"], "case_id"])
        assert (arm["cases"], arm["paid"]) == (len(ids), len(ids & paid))
        error = (arm["expected"] * (1 - arm["expected"]) / arm["cases"]) ** 0.5
        assert abs(arm["realised"] - arm["expected"]) < 4 * error
        assert (arm["incremental"] > 0) == (arm["arm"] != "holdout")


def test_plausible_shares(tables: Tables) -> None:
    contacts, payments = tables["contacts"], tables["payments"]
    calls = contacts[(contacts["channel"] == "phone") & (contacts["direction"] == "outbound")]
    assert 0.10 < ((calls["party"] == "debtor") & calls["outcome"].isin(["conversation", "answered"])).mean() < 0.30
    promises = tables["promises"][tables["promises"]["due_on"] <= str(END)]
    posted = payments[(payments["kind"] == "payment") & (payments["status"] == "posted")].assign(cents=lambda f: cents(f["amount"]))
    near = promises[["promise_id", "case_id", "made_at", "due_on"]].merge(posted[["case_id", "paid_on", "cents"]], on="case_id")
    near = near[(near["paid_on"] >= near["made_at"].str[:10]) & (near["paid_on"] <= near["due_on"])].groupby("promise_id")["cents"].sum()
    kept = promises["promise_id"].map(near).fillna(0) >= cents(promises["amount"])
    assert 0.35 < kept.mean() < 0.55
    assert not payments[payments["status"] == "posted"].duplicated(["case_id", "paid_on", "amount"]).any()


def test_dirt_is_counted_and_adds_up(dirty: Path) -> None:
    truth = truth_of(dirty)
    dirt = truth["dirt"]
    kinds = {"missing_required", "wrong_type", "unknown_code", "orphan", "key_twice", "sign_against_kind", "implausible_date"}
    kinds |= {"payment_before_placement", "closed_before_placed", "totals_row", "blank_row"}
    assert kinds <= set(dirt["rejected"])
    assert set(dirt["flagged"]) == {
        "same_case_amount_day",
        "reversal_without_payment",
        "reversed_more_than_paid",
        "contact_outside_employment",
        "last_month_partial",
    }
    for table, clean_rows in truth["rows"].items():
        extra = {verdict: sum(counts.get(table, 0) for counts in dirt[verdict].values()) for verdict in ("rejected", "folded", "flagged")}
        written = read(dirty, table, "gb18030" if table == "complaints" else "utf-8")
        assert len(written) == dirt["rows_written"][table] == clean_rows + sum(extra.values()), table
        assert extra["rejected"] <= 0.03 * len(written), table
        key = CONTRACT["tables"][table]["key"]
        twice = dirt["rejected"].get("key_twice", {}).get(table, 0) // 2 + dirt["folded"].get("exact_duplicate", {}).get(table, 0)
        blank = dirt["rejected"].get("blank_row", {}).get(table, 0)
        assert written[(written[key] != "").all(axis=1)].duplicated(key).sum() == twice, (table, blank)


def test_dirty_payments_look_as_described(dirty: Path) -> None:
    payments, dirt = read(dirty, "payments"), truth_of(dirty)["dirt"]
    assert payments.iloc[-1]["payment_id"] == "合计"
    assert payments["amount"].str.startswith("¥").sum() == dirt["accepted_variants"]["text_amount"]["payments"]
    assert payments["paid_on"].str.fullmatch(r"\d{5}").sum() == dirt["accepted_variants"]["excel_serial_date"]["payments"]
    assert (payments["paid_on"] == "1995-06-01").sum() == dirt["rejected"]["payment_before_placement"]["payments"]
    assert (payments["amount"] == "see note").sum() == dirt["rejected"]["wrong_type"]["payments"]
    assert (dirty / "complaints.csv").read_bytes().decode("gb18030").startswith("complaint_id")
    contacts = read(dirty, "contacts")
    assert contacts["started_at"].str.contains(r"\+0[058]:[03]0$").sum() == dirt["accepted_variants"]["time_offset"]["contacts"]
