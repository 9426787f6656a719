"""The bundled credit-card accounts: what the product says of them, against figures computed here from the published file alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dashboard.contract import ROOT
from dashboard.home import Home
from dashboard.load import load
from dashboard.mapping import read_mapping
from dashboard.warehouse import Warehouse
from tests.conftest import Given, close_all

FOLDER = ROOT / "data" / "real" / "cards"
MAPPING = ROOT / "data" / "mappings" / "cards.toml"

#: April to September, oldest first: the file's suffixes run the other way, and September's status is called PAY_0.
ENDS = [date(2005, 4, 30), date(2005, 5, 31), date(2005, 6, 30), date(2005, 7, 31), date(2005, 8, 31), date(2005, 9, 30)]
MONTHS = [end.replace(day=1) for end in ENDS]
BILLS = ["BILL_AMT6", "BILL_AMT5", "BILL_AMT4", "BILL_AMT3", "BILL_AMT2", "BILL_AMT1"]
PAID = ["PAY_AMT6", "PAY_AMT5", "PAY_AMT4", "PAY_AMT3", "PAY_AMT2", "PAY_AMT1"]
STATUSES = ["PAY_6", "PAY_5", "PAY_4", "PAY_3", "PAY_2", "PAY_0"]
BUCKETS = ["C", "M1", "M2", "M3", "M4", "M5", "M6", "M7+"]
LAST = len(BUCKETS) - 1
SPAN = {"start": ENDS[0].replace(day=1), "until": ENDS[-1]}
FOLLOWED = {"start": MONTHS[1], "until": ENDS[-1]}


def rate(part: int, whole: int) -> Any:
    return pytest.approx(part / whole, rel=0, abs=1e-12)


@pytest.fixture(scope="session")
def cards(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Given]:
    home = Home(tmp_path_factory.mktemp("cards"))
    outcome = load(FOLDER, home, mapping_path=MAPPING)
    yield Given(FOLDER, home, outcome, Warehouse(home.info(snapshot=outcome.snapshot)))
    close_all(home)


@pytest.fixture(scope="session")
def raw() -> pd.DataFrame:
    """The file as whole numbers: bill, paid and rank (bucket as a number) of month 0 = April … 5 = September."""
    cells = pd.read_csv(FOLDER / "UCI_Credit_Card.csv.gz", dtype=str)
    numbers = cells.map(lambda text: int(Decimal(text)))  # round amounts are written 5e+05
    table = pd.DataFrame({"id": cells["ID"], "age": numbers["AGE"]})
    for month in range(6):
        table[f"bill{month}"] = numbers[BILLS[month]]
        table[f"paid{month}"] = numbers[PAID[month]]
        table[f"rank{month}"] = numbers[STATUSES[month]].clip(0, LAST)
    return table


def moves(raw: pd.DataFrame) -> pd.DataFrame:
    """One row per client and month May … September: rank and balance at its start, rank at its end."""
    return pd.concat(
        pd.DataFrame({"month": MONTHS[month], "start": raw[f"rank{month - 1}"], "end": raw[f"rank{month}"], "balance": raw[f"bill{month - 1}"]})
        for month in range(1, 6)
    )


# --- what was taken in --------------------------------------------------------------------------------------------------


def test_every_row_is_loaded_and_accounted_for(cards: Given, raw: pd.DataFrame) -> None:
    accounts = cards.load.accounts
    assert [(a.table, a.rows_read, a.rows_loaded, a.rows_rejected, a.rows_folded) for a in accounts if a.table] == [
        ("customers", 30_000, 30_000, 0, 0),
        ("cases", 30_000, 30_000, 0, 0),
        ("balances", 180_000, 180_000, 0, 0),
        ("payments", payments := sum(int((raw[f"paid{month}"] > 0).sum()) for month in range(6)), payments, 0, 0),
    ]
    (file,) = [a for a in accounts if a.table is None]
    assert (file.name, file.rows_read, file.rows_used, file.rows_unused) == ("UCI_Credit_Card.csv.gz", 30_000, 30_000, 0)
    assert cards.rejects() == []
    assert cards.load.breaches == []
    assert cards.load.as_of == ENDS[-1]
    assert cards.warehouse.info.currency == "TWD"


def test_a_row_is_traced_to_its_line(cards: Given, raw: pd.DataFrame) -> None:
    """Client 30000 stands in line 30001; every row made of it says so."""
    for table in ("customers", "cases", "balances", "payments"):
        key = "customer_id" if table == "customers" else "case_id"
        assert cards.sql(f"select count(*) from export.{table} where source_line != cast({key} as integer) + 1") == [(0,)]
        assert cards.sql(f"select count(*) from export.{table} where source_file is null") == [(0,)]


def test_balances_are_those_of_the_file_row_by_row(cards: Given, raw: pd.DataFrame) -> None:
    loaded = cards.sql("select case_id, as_of, cast(balance as varchar), days_past_due from export.balances order by cast(case_id as integer), as_of")
    drawn = [
        (client, end, f"{bill}.00", rank)
        for row in raw[["id", *(f"bill{m}" for m in range(6)), *(f"rank{m}" for m in range(6))]].itertuples(index=False)
        for client, bills, ranks in [(row[0], row[1:7], row[7:13])]
        for end, bill, rank in zip(ENDS, bills, ranks, strict=True)
    ]
    assert [(case, end, balance, min(dpd // 30, LAST)) for case, end, balance, dpd in loaded] == drawn
    assert sum(1 for _, _, balance, _ in drawn if balance.startswith("-")) == 3_932  # credit balances stay as they are
    assert {dpd for *_, dpd in loaded} == {30 * status for status in range(9)}


def test_round_amounts_in_scientific_notation_are_read(cards: Given) -> None:
    """5e+05 is how the published file writes five hundred thousand."""
    text = pd.read_csv(FOLDER / "UCI_Credit_Card.csv.gz", dtype=str)
    round_ones = text[text["BILL_AMT5"].str.contains("e", regex=False)][["ID", "BILL_AMT5"]]
    assert len(round_ones) == 8
    for client, amount in round_ones.itertuples(index=False):
        found = cards.sql("select balance from export.balances where case_id = $client and as_of = $day", client=client, day=ENDS[1])
        assert found == [(Decimal(amount),)]


def test_loading_again_changes_nothing(cards: Given) -> None:
    again = load(FOLDER, cards.home, mapping_path=MAPPING)
    assert (again.identical, again.published, again.snapshot) == (True, False, cards.load.snapshot)
    assert {name: (c.added, c.changed) for name, c in again.changes.items()} == dict.fromkeys(("customers", "cases", "balances", "payments"), (0, 0))


def test_a_cell_that_is_missing_or_unreadable_is_put_aside_not_dropped(tmp_path: Path) -> None:
    """The same layout with three clients: a bill missing, a payment unreadable, a negative payment, a status of words."""
    header = pd.read_csv(FOLDER / "UCI_Credit_Card.csv.gz", dtype=str, nrows=40)
    header.loc[0, "BILL_AMT3"] = None
    header.loc[1, "PAY_AMT2"] = "none"
    header.loc[2, "PAY_AMT1"] = "-5"
    header.loc[3, "PAY_4"] = "late"
    (tmp_path / "export").mkdir()
    header.to_csv(tmp_path / "export" / "UCI_Credit_Card.csv", index=False)
    home = Home(tmp_path / "home")
    outcome = load(tmp_path / "export", home, mapping_path=MAPPING)
    given = Given(tmp_path, home, outcome, Warehouse(home.info(snapshot=outcome.snapshot)))
    assert given.rejects() == [
        ("balances", 2, "missing_value", "balance", None),
        ("balances", 5, "wrong_type", "days_past_due", "late"),
        ("payments", 3, "wrong_type", "amount", "none"),
        ("payments", 4, "wrong_sign", "amount", "-5.00 payment"),
    ]
    assert all(a.rows_read == a.rows_loaded + a.rows_rejected + a.rows_folded for a in outcome.accounts if a.table)
    close_all(home)


# --- cash and placement -------------------------------------------------------------------------------------------------


def test_placed(cards: Given, raw: pd.DataFrame) -> None:
    assert cards.value("placed_cases", **SPAN) == 30_000
    assert cards.value("placed_amount", **SPAN) == int(raw["bill0"].clip(lower=0).sum()) == 1_168_268_063
    by_bucket = {
        row["bucket"]: (row["placed_cases"], row["placed_amount"]) for row in cards.rows(("placed_cases", "placed_amount"), "bucket", **SPAN)
    }
    groups = raw.assign(placed=raw["bill0"].clip(lower=0)).groupby("rank0")["placed"].agg(["count", "sum"])
    assert by_bucket == {BUCKETS[rank]: (n, amount) for rank, n, amount in groups.itertuples()}


def test_net_cash_and_payments_by_month(cards: Given, raw: pd.DataFrame) -> None:
    rows = cards.rows(("net_amount", "gross_amount", "payment_count"), "month", **SPAN)
    drawn = [(MONTHS[m], int(raw[f"paid{m}"].sum()), int(raw[f"paid{m}"].sum()), int((raw[f"paid{m}"] > 0).sum())) for m in range(6)]
    assert [(r["month"], r["net_amount"], r["gross_amount"], r["payment_count"]) for r in rows] == drawn
    assert cards.value("net_amount", **SPAN) == sum(net for _, net, _, _ in drawn) == 949_541_777
    assert cards.value("tie_out_gap", **SPAN) == 0


def test_net_cash_by_bucket_adds_up_to_the_month(cards: Given, raw: pd.DataFrame) -> None:
    """Cash goes to the bucket its account opened the month in; in the month of placement it is `new`."""
    rows = {(r["month"], r["bucket"]): r["net_amount"] for r in cards.rows("net_amount", ("month", "bucket"), **SPAN) if r["net_amount"]}
    drawn = {(MONTHS[0], "new"): int(raw["paid0"].sum())}
    for month in range(1, 6):
        for rank, amount in raw.groupby(f"rank{month - 1}")[f"paid{month}"].sum().items():
            if amount:
                drawn[MONTHS[month], BUCKETS[rank]] = int(amount)
    assert rows == drawn


def test_net_cash_by_age_band(cards: Given, raw: pd.DataFrame) -> None:
    rows = {r["age_band"]: r["net_amount"] for r in cards.rows("net_amount", "age_band", **SPAN)}
    bands = raw["age"].map(lambda age: f"{age // 10 * 10}-{age // 10 * 10 + 9}")
    paid = raw[[f"paid{m}" for m in range(6)]].sum(axis=1)
    assert rows == paid.groupby(bands).sum().to_dict()
    assert set(rows) == {"20-29", "30-39", "40-49", "50-59", "60-69", "70-79"}


def test_liquidation_by_months_since_placement(cards: Given, raw: pd.DataFrame) -> None:
    rows = cards.rows("liquidation_rate", "months_since_placement", **SPAN)
    placed, so_far, drawn = int(raw["bill0"].clip(lower=0).sum()), 0, []
    for month in range(6):
        so_far += int(raw[f"paid{month}"].sum())
        drawn.append((month, so_far, placed, rate(so_far, placed)))
    columns = ("months_since_placement", "liquidation_rate_part", "liquidation_rate_whole", "liquidation_rate")
    assert [tuple(row[column] for column in columns) for row in rows] == drawn  # and no month 6: not observed


def test_liquidation_at_three_months_is_known_and_at_twelve_is_not(cards: Given, raw: pd.DataFrame) -> None:
    row = cards.rows(("liquidation_rate_3m", "liquidation_rate_12m"), **SPAN)[0]
    assert row["liquidation_rate_3m"] == rate(int(raw[[f"paid{m}" for m in range(4)]].sum().sum()), int(raw["bill0"].clip(lower=0).sum()))
    assert row["liquidation_rate_12m"] is None
    assert row["liquidation_rate_12m_whole"] is None


def test_paid_cases_and_time_to_first_payment(cards: Given, raw: pd.DataFrame) -> None:
    row = cards.rows(("paid_case_rate", "time_to_first_payment", "front_loading"), **SPAN)[0]
    payers = int((raw[[f"paid{m}" for m in range(6)]].sum(axis=1) > 0).sum())
    assert (row["paid_case_rate_part"], row["paid_case_rate_whole"]) == (payers, 30_000)
    assert row["paid_case_rate"] == rate(payers, 30_000)
    # nobody leaves, and all are followed to the same day: the estimate is the plain share who have paid by then
    share, days = 0, None
    unpaid = pd.Series(True, index=raw.index)
    for month, end in enumerate(ENDS):
        share += int((unpaid & (raw[f"paid{month}"] > 0)).sum())
        unpaid &= raw[f"paid{month}"] == 0
        if days is None and 2 * share >= 30_000:
            days = (end - ENDS[0]).days
    assert row["time_to_first_payment"] == days
    # 31 May is the 31st day: only April's payments are within 30 days
    assert row["front_loading"] == rate(int(raw["paid0"].sum()), 949_541_777)


# --- stock --------------------------------------------------------------------------------------------------------------


def test_opening_balance_and_recovery_rate_by_month(cards: Given, raw: pd.DataFrame) -> None:
    rows = cards.rows(("opening_amount", "opening_cases", "recovery_rate", "period_paid_rate"), "month", **FOLLOWED)
    assert len(rows) == 5
    for month, row in enumerate(rows, start=1):
        opening, cash = int(raw[f"bill{month - 1}"].sum()), int(raw[f"paid{month}"].sum())
        payers = int((raw[f"paid{month}"] > 0).sum())
        assert (row["month"], row["opening_amount"], row["opening_cases"]) == (MONTHS[month], opening, 30_000)
        assert (row["recovery_rate_part"], row["recovery_rate_whole"]) == (cash, opening)
        assert row["recovery_rate"] == rate(cash, opening)
        assert (row["period_paid_rate_part"], row["period_paid_rate"]) == (payers, rate(payers, 30_000))


def test_nothing_is_open_in_the_month_of_placement(cards: Given) -> None:
    row = cards.rows(("recovery_rate", "opening_amount"), start=MONTHS[0], until=ENDS[0])[0]
    assert row["recovery_rate"] is None
    assert row["opening_amount"] == 0


def test_recovery_rate_by_bucket_over_the_whole_period(cards: Given, raw: pd.DataFrame) -> None:
    """Bucket at the start of the period, 1 May, for cash and for the opening balance alike."""
    rows = {r["bucket"]: r for r in cards.rows("recovery_rate", "bucket", **FOLLOWED)}
    cash = raw[[f"paid{m}" for m in range(1, 6)]].sum(axis=1).groupby(raw["rank0"]).sum()
    opening = raw.groupby("rank0")["bill0"].sum()
    assert {bucket: (r["recovery_rate_part"], r["recovery_rate_whole"]) for bucket, r in rows.items()} == {
        BUCKETS[rank]: (int(cash[rank]), int(opening[rank])) for rank in opening.index
    }
    for rank in opening.index:
        assert rows[BUCKETS[rank]]["recovery_rate"] == rate(int(cash[rank]), int(opening[rank]))


# --- movement between buckets -------------------------------------------------------------------------------------------


def test_migration_matrix(cards: Given, raw: pd.DataFrame) -> None:
    rows = cards.rows(("moved_cases", "moved_amount"), ("start_state", "end_state"), **FOLLOWED)
    cells = moves(raw).groupby(["start", "end"])["balance"].agg(["count", "sum"])
    assert {(r["start_state"], r["end_state"]): (r["moved_cases"], r["moved_amount"]) for r in rows} == {
        (BUCKETS[start], BUCKETS[end]): (n, amount) for (start, end), n, amount in cells.itertuples()
    }
    assert sum(r["moved_cases"] for r in rows) == 150_000


def test_migration_matrix_of_one_month(cards: Given, raw: pd.DataFrame) -> None:
    """August: from July's status to August's."""
    rows = cards.rows("moved_cases", ("start_state", "end_state"), start=MONTHS[4], until=ENDS[4])
    assert {(r["start_state"], r["end_state"]): r["moved_cases"] for r in rows} == {
        (BUCKETS[start], BUCKETS[end]): n for (start, end), n in raw.groupby(["rank3", "rank4"]).size().items()
    }


def test_roll_rate_account_tracked_by_bucket_and_month(cards: Given, raw: pd.DataFrame) -> None:
    rows = {(r["month"], r["bucket"]): r for r in cards.rows(("roll_rate", "roll_back_rate"), ("month", "bucket"), **FOLLOWED)}
    tracked = moves(raw)
    for (month, start), group in tracked.groupby(["month", "start"]):
        row = rows[month, BUCKETS[start]]
        if start in (0, LAST):  # not past due can't roll; the last bucket can't roll further
            assert row["roll_rate"] is None
            continue
        whole = int(group["balance"].sum())
        worse, better = int(group.loc[group["end"] > start, "balance"].sum()), int(group.loc[group["end"] < start, "balance"].sum())
        assert (row["roll_rate_part"], row["roll_rate_whole"], row["roll_rate"]) == (worse, whole, rate(worse, whole))
        assert (row["roll_back_rate_part"], row["roll_back_rate"]) == (better, rate(better, whole))


def test_roll_rate_over_all_is_the_ratio_of_sums(cards: Given, raw: pd.DataFrame) -> None:
    due = moves(raw).query("start >= 1 and start < @LAST")
    row = cards.rows("roll_rate", **FOLLOWED)[0]
    assert row["roll_rate"] == rate(int(due.query("end > start")["balance"].sum()), int(due["balance"].sum()))


def test_roll_rate_as_a_ratio_of_snapshots(cards: Given, raw: pd.DataFrame) -> None:
    """Balance one bucket later at the end of each month, over the balance in the bucket at its start: no account is followed."""
    rows = {r["bucket"]: r for r in cards.rows("roll_rate_snapshot", "bucket", **FOLLOWED)}
    for rank in range(1, LAST - 1):
        start = sum(int(raw.loc[raw[f"rank{m - 1}"] == rank, f"bill{m - 1}"].sum()) for m in range(1, 6))
        into = sum(int(raw.loc[raw[f"rank{m}"] == rank + 1, f"bill{m}"].sum()) for m in range(1, 6))
        row = rows[BUCKETS[rank]]
        assert (row["roll_rate_snapshot_part"], row["roll_rate_snapshot_whole"]) == (into, start)
        assert row["roll_rate_snapshot"] == rate(into, start)
    assert set(rows) == set(BUCKETS[1 : LAST - 1])


def test_entry_rate_by_month(cards: Given, raw: pd.DataFrame) -> None:
    rows = {r["month"]: r for r in cards.rows("entry_rate", "month", **FOLLOWED)}
    for month in range(1, 6):
        current = raw[raw[f"rank{month - 1}"] == 0]
        entered, whole = int(current.loc[current[f"rank{month}"] >= 1, f"bill{month - 1}"].sum()), int(current[f"bill{month - 1}"].sum())
        row = rows[MONTHS[month]]
        assert (row["entry_rate_part"], row["entry_rate_whole"], row["entry_rate"]) == (entered, whole, rate(entered, whole))


def test_cure_rate_by_month(cards: Given, raw: pd.DataFrame) -> None:
    """At zero at the month's end and still a month later; September has no October to tell."""
    rows = {r["month"]: r for r in cards.rows("cure_rate", "month", **FOLLOWED)}
    for month in range(1, 5):
        due = raw[raw[f"rank{month - 1}"] >= 1]
        cured = int(((due[f"rank{month}"] == 0) & (due[f"rank{month + 1}"] == 0)).sum())
        row = rows[MONTHS[month]]
        assert (row["cure_rate_part"], row["cure_rate_whole"], row["cure_rate"]) == (cured, len(due), rate(cured, len(due)))
    assert rows.get(MONTHS[5], {}).get("cure_rate") is None


def test_cure_rate_by_bucket(cards: Given, raw: pd.DataFrame) -> None:
    rows = {r["bucket"]: (r["cure_rate_part"], r["cure_rate_whole"]) for r in cards.rows("cure_rate", "bucket", **FOLLOWED)}
    drawn = {bucket: [0, 0] for bucket in BUCKETS[1:]}
    for month in range(1, 5):
        for rank in range(1, LAST + 1):
            due = raw[raw[f"rank{month - 1}"] == rank]
            drawn[BUCKETS[rank]][0] += int(((due[f"rank{month}"] == 0) & (due[f"rank{month + 1}"] == 0)).sum())
            drawn[BUCKETS[rank]][1] += len(due)
    assert rows == {bucket: tuple(counts) for bucket, counts in drawn.items()}


def test_redefault_needs_three_months_of_following(cards: Given, raw: pd.DataFrame) -> None:
    rows = {r["month"]: r for r in cards.rows("redefault_rate", "month", **FOLLOWED)}
    for month in (1, 2):  # May and June: July, August, September can be seen
        due = raw[raw[f"rank{month - 1}"] >= 1]
        cured = due[(due[f"rank{month}"] == 0) & (due[f"rank{month + 1}"] == 0)]
        again = int((cured[[f"rank{month + 2}", f"rank{month + 3}"]] >= 1).any(axis=1).sum())
        row = rows[MONTHS[month]]
        assert (row["redefault_rate_part"], row["redefault_rate_whole"]) == (again, len(cured))
        assert row["redefault_rate"] == rate(again, len(cured))
    for month in (3, 4, 5):
        assert rows.get(MONTHS[month], {}).get("redefault_rate") is None


# --- what there isn't ---------------------------------------------------------------------------------------------------


def test_what_is_not_supplied_says_so(cards: Given) -> None:
    house = cards.warehouse
    assert set(cards.load.missing_tables) >= {"assignments", "collectors", "contacts", "promises", "plans", "complaints"}
    assert house.missing("reconciliation_gap") == ("payments.posted_on",)
    assert house.missing("region") == ("cases.region|customers.region",)
    assert house.missing("team") == ("assignments", "collectors.team")
    assert house.missing("batch") == ("cases.batch",)
    assert house.missing("method") == ("payments.method",)
    answer = house.measure(["net_amount", "reconciliation_gap"], ["month"], filters=cards.filters(**SPAN))
    assert answer.missing == {"reconciliation_gap": ("payments.posted_on",)}
    assert {row["reconciliation_gap"] for row in answer.rows} == {None}
    by_region = house.measure(["net_amount"], ["region"], filters=cards.filters(**SPAN))
    assert by_region.missing == {"net_amount": ("cases.region|customers.region",)}
    assert by_region.rows == []


def test_the_note_says_what_was_taken_for_what() -> None:
    export = read_mapping(MAPPING).export
    assert (export.name, export.currency, export.timezone) == ("cards", "TWD", "Asia/Taipei")
    assert set(export.title) == set(export.note) == {"en", "zh"}
    for words in (("payments by month only", "Days past due", "Not in the file"), ("仅有各月还款总额", "逾期天数", "数据中没有")):
        assert any(all(word in note for word in words) for note in export.note.values())


def test_the_months_are_those_of_the_file() -> None:
    """A guard on this test's own table of columns: months follow each other and every column is named once."""
    assert all(late.month == early.month + 1 for early, late in pairwise(ENDS))
    header = list(pd.read_csv(FOLDER / "UCI_Credit_Card.csv.gz", nrows=0).columns)
    assert set(BILLS + PAID + STATUSES) == {name for name in header if name.startswith(("BILL", "PAY"))}
