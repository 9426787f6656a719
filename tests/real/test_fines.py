"""A real debt process (road traffic fines, 2000-2013) through its mapping: figures against ones computed here from the event log alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
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

FOLDER = ROOT.parent / "shared" / "real" / "fines"
MAPPING = ROOT / "data" / "mappings" / "fines.toml"
needs_data = pytest.mark.skipif(
    not (FOLDER / "fines_events.csv.gz").is_file(), reason=f"the fines log lies outside the project and is not in {FOLDER}"
)

AS_OF = date(2013, 6, 18)
YEARS = range(2000, 2014)
KINDS = ("Create Fine", "Send Fine", "Insert Fine Notification", "Add penalty", "Payment")


def rate(part: int, whole: int) -> Any:
    return pytest.approx(part / whole, rel=0, abs=1e-12)


def cents(amount: Decimal | None) -> int | None:
    """An amount of the product in cents; fails on a fraction of a cent."""
    if amount is None:
        return None
    assert amount * 100 == int(amount * 100)
    return int(amount * 100)


def number(day: date) -> int:
    """Months since year 0."""
    return day.year * 12 + day.month - 1


@pytest.fixture(scope="session")
def fines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Given]:
    home = Home(tmp_path_factory.mktemp("fines"))
    outcome = load(FOLDER, home, mapping_path=MAPPING)
    yield Given(FOLDER, home, outcome, Warehouse(home.info(snapshot=outcome.snapshot)))
    close_all(home)


@pytest.fixture(scope="session")
def log() -> pd.DataFrame:
    """The events in the file's order: case, event, day, amounts in cents (None where empty), line."""
    raw = pd.read_csv(FOLDER / "fines_events.csv.gz", dtype=str, keep_default_na=False)

    def money(column: str) -> list[int | None]:
        return [int(Decimal(text) * 100) if text else None for text in raw[column]]

    days = [date(int(text[6:]), int(text[3:5]), int(text[:2])) for text in raw["time:timestamp"]]
    return pd.DataFrame(
        {
            "case": raw["case_id"],
            "event": raw["concept:name"],
            "day": days,
            "amount": pd.array(money("amount"), dtype="Int64"),
            "expense": pd.array(money("expense"), dtype="Int64"),
            "payment": pd.array(money("paymentAmount"), dtype="Int64"),
            "line": range(2, len(raw) + 2),
        }
    )


@pytest.fixture(scope="session")
def cases(log: pd.DataFrame) -> pd.DataFrame:
    """One row per fine, event by event: face, placed on, payments as (day, cents), fees, and how and when it closed."""
    rows: dict[str, dict[str, Any]] = {}
    for event in log.itertuples(index=False):
        if event.event == "Create Fine":
            rows[event.case] = {
                "placed_on": event.day, "face": int(event.amount), "total": int(event.amount), "postage": 0,
                "payments": [], "fees": [], "notices": [], "referred_on": None,
            }  # fmt: skip
            continue
        case = rows[event.case]
        if event.event == "Send Fine":
            case["postage"] += int(event.expense)
            case["fees"].append((event.day, int(event.expense)))
        elif event.event == "Add penalty":  # the new total, not an increment
            case["fees"].append((event.day, int(event.amount) - case["total"]))
            case["total"] = int(event.amount)
        elif event.event == "Payment":
            case["payments"].append((event.day, int(event.payment)))
        elif event.event == "Insert Fine Notification":
            case["notices"].append(event.day)
        elif event.event == "Send for Credit Collection":
            case["referred_on"] = event.day
    for case in rows.values():
        paid = sum(amount for _, amount in case["payments"])
        covered = bool(case["payments"]) and paid >= case["total"] + case["postage"]
        case["paid"] = paid
        case["closed_on"] = case["payments"][-1][0] if covered else case["referred_on"]
        case["reason"] = "paid" if covered else "recalled" if case["referred_on"] else "open"
    return pd.DataFrame.from_dict(rows, orient="index")


def year_of(cases: pd.DataFrame) -> pd.Series:
    return cases["placed_on"].map(lambda day: day.year)


def postings(cases: pd.DataFrame, column: str) -> pd.DataFrame:
    """Payments or fees, one row each: case, placed_on, day, cents."""
    return pd.DataFrame(
        [
            (case, placed, day, amount)
            for case, placed, listed in zip(cases.index, cases["placed_on"], cases[column], strict=True)
            for day, amount in listed
        ],
        columns=["case", "placed_on", "day", "cents"],
    )


def whole_year(year: int) -> dict[str, date]:
    return {"start": date(year, 1, 1), "until": min(date(year, 12, 31), AS_OF)}


# --- what was taken in --------------------------------------------------------------------------------------------------


@needs_data
def test_every_row_is_accounted_for(fines: Given, log: pd.DataFrame) -> None:
    count = log["event"].value_counts()
    charged = int((log["expense"].fillna(0) > 0).sum())
    assert [(a.table, a.rows_read, a.rows_loaded, a.rows_rejected, a.rows_folded) for a in fines.load.accounts if a.table] == [
        ("cases", 15_050, 15_050, 0, 0),
        ("payments", count["Payment"], count["Payment"], 0, 0),
        ("payments", charged + count["Add penalty"], charged + count["Add penalty"], 0, 0),
        ("contacts", count["Insert Fine Notification"], count["Insert Fine Notification"], 0, 0),
    ]
    (file,) = [a for a in fines.load.accounts if a.table is None]
    # unused: referrals (they only date the closing), appeals, and postage of nothing
    free = int((log["expense"] == 0).sum())
    unused = free + int((~log["event"].isin(KINDS)).sum())
    assert (file.rows_read, file.rows_used, file.rows_unused) == (56_299, 56_299 - unused, unused)
    assert unused == free + count["Send for Credit Collection"] + count.filter(like="Appeal").sum()
    assert fines.rejects() == []
    assert fines.load.breaches == []


@needs_data
def test_rows_are_traced_to_their_lines(fines: Given, log: pd.DataFrame) -> None:
    lines = {
        ("cases", None): set(log.loc[log["event"] == "Create Fine", "line"]),
        ("payments", "payment"): set(log.loc[log["event"] == "Payment", "line"]),
        ("payments", "fee"): set(log.loc[(log["event"] == "Add penalty") | (log["expense"].fillna(0) > 0), "line"]),
        ("contacts", None): set(log.loc[log["event"] == "Insert Fine Notification", "line"]),
    }
    for (table, kind), expected in lines.items():
        where = f" where kind = '{kind}'" if kind else ""
        assert {line for (line,) in fines.sql(f"select source_line from export.{table}{where}")} == expected


@needs_data
def test_the_export_reaches_to_its_last_event(fines: Given, log: pd.DataFrame) -> None:
    assert fines.load.as_of == log["day"].max() == AS_OF
    assert fines.warehouse.info.first_on == log["day"].min()
    assert (fines.warehouse.info.currency, fines.warehouse.info.timezone) == ("EUR", "Europe/Rome")
    assert [kind for kind, _ in fines.flags()] == ["partial_last_month"]


@needs_data
def test_loading_again_changes_nothing(fines: Given) -> None:
    again = load(FOLDER, fines.home, mapping_path=MAPPING)
    assert (again.identical, again.published, again.snapshot) == (True, False, fines.load.snapshot)
    assert {name: (c.added, c.changed) for name, c in again.changes.items()} == dict.fromkeys(("cases", "payments", "contacts"), (0, 0))


@needs_data
def test_cases_and_postings_row_by_row(fines: Given, cases: pd.DataFrame) -> None:
    loaded = fines.sql("select case_id, placed_on, placed_balance, closed_on, close_reason from export.cases")
    assert {case: (placed, cents(face), closed, reason or "open") for case, placed, face, closed, reason in loaded} == {
        case.Index: (case.placed_on, case.face, case.closed_on, case.reason) for case in cases.itertuples()
    }
    for kind, column in (("payment", "payments"), ("fee", "fees")):
        rows = fines.sql("select case_id, paid_on, amount from export.payments where kind = $kind", kind=kind)
        drawn = postings(cases, column)
        drawn = drawn[drawn["cents"] != 0]
        assert sorted((case, day, cents(amount)) for case, day, amount in rows) == sorted(
            zip(drawn["case"], drawn["day"], drawn["cents"], strict=True)
        )
    assert fines.sql("select count(*), count(distinct payment_id) from export.payments where kind = 'payment'") == [(7_843, 7_843)]


@needs_data
def test_notifications_are_letters_delivered(fines: Given, cases: pd.DataFrame) -> None:
    kinds = fines.sql("select channel, direction, outcome, count(*), count(distinct contact_id) from export.contacts group by all")
    assert kinds == [("letter", "outbound", "delivered", 8_011, 8_011)]
    by_year = fines.sql("select year(started_at), count(*) from export.contacts group by all order by all")
    assert by_year == sorted(pd.Series([day.year for days in cases["notices"] for day in days]).value_counts().items())


# --- placed, cash and fees ----------------------------------------------------------------------------------------------


@needs_data
def test_placed_by_year(fines: Given, cases: pd.DataFrame) -> None:
    rows = {r["year"].year: (r["placed_cases"], cents(r["placed_amount"])) for r in fines.rows(("placed_cases", "placed_amount"), "year")}
    drawn = cases.groupby(year_of(cases))["face"].agg(["count", "sum"])
    assert {year: row for year, row in rows.items() if row[0]} == {year: (n, amount) for year, n, amount in drawn.itertuples()}
    assert fines.value("placed_cases") == 15_050
    assert cents(fines.value("placed_amount")) == int(cases["face"].sum()) == 67_168_348


@needs_data
def test_net_cash_by_year_and_by_month(fines: Given, cases: pd.DataFrame) -> None:
    paid = postings(cases, "payments")
    rows = {r["year"].year: (cents(r["net_amount"]), r["payment_count"]) for r in fines.rows(("net_amount", "payment_count"), "year")}
    drawn = paid.groupby(paid["day"].map(lambda day: day.year))["cents"].agg(["sum", "count"])
    assert rows == {year: (amount, n) for year, amount, n in drawn.itertuples()}
    monthly = {(r["month"].year, r["month"].month): cents(r["net_amount"]) for r in fines.rows("net_amount", "month") if r["net_amount"]}
    assert monthly == paid.groupby(paid["day"].map(lambda day: (day.year, day.month)))["cents"].sum().to_dict()
    assert cents(fines.value("net_amount")) == int(paid["cents"].sum()) == 36_805_905


@needs_data
def test_fees_are_never_cash(fines: Given, cases: pd.DataFrame) -> None:
    """Postage and what each penalty adds, by year; the tie-out leaves them out."""
    fees = postings(cases, "fees")
    rows = {r["year"].year: cents(r["fee_amount"]) for r in fines.rows("fee_amount", "year")}
    drawn = fees.groupby(fees["day"].map(lambda day: day.year))["cents"].sum()
    assert {year: amount for year, amount in rows.items() if amount} == {year: int(amount) for year, amount in drawn.items() if amount}
    assert cents(fines.value("fee_amount")) == int(fees["cents"].sum())
    assert fines.value("tie_out_gap") == 0
    assert fines.load.waterfall["net_amount"] == fines.value("net_amount")


@needs_data
@pytest.mark.parametrize("year", [2001, 2006, 2009])
def test_liquidation_of_a_year_by_months_since_placement(fines: Given, cases: pd.DataFrame, year: int) -> None:
    """All twelve monthly cohorts of the year, each counted from its own month."""
    chosen = cases[year_of(cases) == year]
    paid = postings(chosen, "payments")
    months = paid["day"].map(number) - paid["placed_on"].map(number)
    rows = {r["months_since_placement"]: r for r in fines.rows("liquidation_rate", "months_since_placement", **whole_year(year))}
    for month in (0, 1, 3, 6, 12, 24):
        so_far, placed = int(paid.loc[months <= month, "cents"].sum()), int(chosen["face"].sum())
        row = rows[month]
        assert (cents(row["liquidation_rate_part"]), cents(row["liquidation_rate_whole"])) == (so_far, placed)
        assert row["liquidation_rate"] == rate(so_far, placed)


@needs_data
def test_liquidation_of_one_monthly_cohort(fines: Given, cases: pd.DataFrame) -> None:
    month = date(2012, 3, 1)
    chosen = cases[cases["placed_on"].map(number) == number(month)]
    paid = postings(chosen, "payments")
    rows = {r["months_since_placement"]: r for r in fines.rows("liquidation_rate", "months_since_placement", start=month, until=date(2012, 3, 31))}
    for m in (1, 3, 6, 12):
        so_far = int(paid.loc[paid["day"].map(number) - number(month) <= m, "cents"].sum())
        assert rows[m]["liquidation_rate"] == rate(so_far, int(chosen["face"].sum()))
    # observed until 18 June 2013: May 2013 is the last whole month, the fourteenth after March 2012
    assert max(rows) == 14


@needs_data
def test_a_cohort_not_observed_long_enough_has_no_value(fines: Given, cases: pd.DataFrame) -> None:
    triangle = fines.rows("liquidation_rate", ("placed_month", "months_since_placement"), start=date(2012, 1, 1))
    reached: dict[date, int] = {}
    for row in triangle:
        reached[row["placed_month"]] = max(reached.get(row["placed_month"], 0), row["months_since_placement"])
    placed = {day.replace(day=1) for day in cases["placed_on"] if day >= date(2012, 1, 1)}
    assert reached == {month: number(date(2013, 5, 1)) - number(month) for month in placed if month < date(2013, 6, 1)}
    rows = {r["placed_month"]: r["liquidation_rate_12m"] for r in fines.rows("liquidation_rate_12m", "placed_month", start=date(2012, 1, 1))}
    assert {month for month, value in rows.items() if value is not None} == {month for month in placed if month <= date(2012, 5, 1)}
    young = fines.rows(("liquidation_rate_3m", "liquidation_rate_12m"), start=date(2013, 3, 1))[0]
    assert (young["liquidation_rate_3m"], young["liquidation_rate_12m"]) == (None, None)


@needs_data
def test_liquidation_at_twelve_months_by_year_takes_observed_cohorts_only(fines: Given, cases: pd.DataFrame) -> None:
    rows = {r["year"].year: r for r in fines.rows("liquidation_rate_12m", "year")}
    last = number(date(2013, 5, 1))
    for year in YEARS:
        chosen = cases[(year_of(cases) == year) & (cases["placed_on"].map(number) + 12 <= last)]
        if chosen.empty:
            assert rows.get(year, {}).get("liquidation_rate_12m") is None
            continue
        paid = postings(chosen, "payments")
        within = paid["day"].map(number) - paid["placed_on"].map(number) <= 12
        so_far, placed = int(paid.loc[within, "cents"].sum()), int(chosen["face"].sum())
        assert (cents(rows[year]["liquidation_rate_12m_part"]), cents(rows[year]["liquidation_rate_12m_whole"])) == (so_far, placed)
        assert rows[year]["liquidation_rate_12m"] == rate(so_far, placed)


@needs_data
def test_paid_case_and_settled_rates_by_year(fines: Given, cases: pd.DataFrame) -> None:
    rows = {r["year"].year: r for r in fines.rows(("paid_case_rate", "settled_rate"), "year")}
    for year, group in cases.groupby(year_of(cases)):
        payers, settled = int((group["paid"] > 0).sum()), int((group["reason"] == "paid").sum())
        row = rows[year]
        assert (row["paid_case_rate_part"], row["paid_case_rate_whole"], row["paid_case_rate"]) == (
            payers,
            len(group),
            rate(payers, len(group)),
        )
        assert (row["settled_rate_part"], row["settled_rate"]) == (settled, rate(settled, len(group)))
    assert fines.rows("paid_case_rate")[0]["paid_case_rate_part"] == 7_025
    assert fines.rows("settled_rate")[0]["settled_rate_part"] == 6_079


@needs_data
def test_exits_by_reason(fines: Given, cases: pd.DataFrame) -> None:
    rows = {r["left_reason"]: r["placed_cases"] for r in fines.rows("placed_cases", "left_reason")}
    assert rows == cases["reason"].value_counts().to_dict()


@needs_data
def test_cash_after_the_exit_is_kept(fines: Given, cases: pd.DataFrame) -> None:
    """What is paid in a month that its case did not open (nor was placed in) is cash under `left`."""
    paid = postings(cases, "payments")
    closed = paid["case"].map(cases["closed_on"])
    late = paid[[end is not None and not pd.isna(end) and number(day) > number(end) for day, end in zip(paid["day"], closed, strict=True)]]
    rows = [r for r in fines.rows("net_amount", ("month", "bucket")) if r["bucket"] == "left" and r["net_amount"]]
    assert sum(cents(r["net_amount"]) for r in rows) == int(late["cents"].sum())


# --- time to first payment ----------------------------------------------------------------------------------------------


def first_payment_days(cases: pd.DataFrame) -> tuple[list[tuple[int, str]], int | None]:
    """(days, what happened) per case, and the day by which half have paid: Aalen-Johansen in exact fractions, by hand."""
    lived: list[tuple[int, str]] = []
    for case in cases.itertuples():
        first = case.payments[0][0] if case.payments else None
        end = case.closed_on if case.reason != "open" else None
        if first is not None and (end is None or first <= end):
            lived.append(((first - case.placed_on).days, "paid"))
        elif end is not None:
            lived.append(((end - case.placed_on).days, "left"))
        else:
            lived.append(((AS_OF - case.placed_on).days, "censored"))
    counts = pd.DataFrame(lived, columns=["days", "what"]).value_counts().unstack("what", fill_value=0).sort_index()
    at_risk, surviving, incidence = len(lived), Fraction(1), Fraction(0)
    for day, row in counts.iterrows():
        had, left = int(row.get("paid", 0)), int(row.get("left", 0))
        incidence += surviving * Fraction(had, at_risk)
        if 2 * incidence >= 1:
            return lived, int(day)
        surviving *= 1 - Fraction(had + left, at_risk)
        at_risk -= had + left + int(row.get("censored", 0))
    return lived, None


@needs_data
def test_median_days_to_first_payment_by_year(fines: Given, cases: pd.DataFrame) -> None:
    rows = {r["year"].year: r["time_to_first_payment"] for r in fines.rows("time_to_first_payment", "year")}
    drawn = {year: first_payment_days(group)[1] for year, group in cases.groupby(year_of(cases))}
    assert rows == {**dict.fromkeys(rows), **drawn}
    assert {None} < set(drawn.values())  # some years get there, some never do
    assert fines.value("time_to_first_payment") == first_payment_days(cases)[1]


@needs_data
@pytest.mark.filterwarnings("ignore")
def test_median_days_agrees_with_lifelines(fines: Given, cases: pd.DataFrame) -> None:
    """A second opinion. Lifelines parts ties by a small random shift, so its curve is read between days; and it loses an event at
    time zero, so days are counted from one."""
    lifelines = pytest.importorskip("lifelines")
    rows = {r["year"].year: r["time_to_first_payment"] for r in fines.rows("time_to_first_payment", "year")}
    for year in (2000, 2004, 2005, 2006, 2010):
        lived, _ = first_payment_days(cases[year_of(cases) == year])
        codes = {"censored": 0, "paid": 1, "left": 2}
        fitter = lifelines.AalenJohansenFitter(seed=7, calculate_variance=False)
        fitter.fit([days + 1 for days, _ in lived], [codes[what] for _, what in lived], event_of_interest=1)
        curve = fitter.cumulative_density_.iloc[:, 0]
        day = rows[year]
        if day is None:
            assert curve.iloc[-1] < 0.5
        else:  # not yet half before that day, half (to a rounding) once it is over
            assert curve[curve.index - 1 < day - 0.5].iloc[-1] < 0.5
            assert curve[curve.index - 1 < day + 0.5].iloc[-1] >= 0.5 - 1e-9


@needs_data
def test_front_loading_by_year(fines: Given, cases: pd.DataFrame) -> None:
    rows = {r["year"].year: r for r in fines.rows("front_loading", "year")}
    for year, group in cases.groupby(year_of(cases)):
        seen = group[group["placed_on"].map(lambda day: (AS_OF - day).days >= 30)]
        paid = postings(seen, "payments")
        early = int(paid.loc[[(day - placed).days < 30 for day, placed in zip(paid["day"], paid["placed_on"], strict=True)], "cents"].sum())
        assert (cents(rows[year]["front_loading_part"]), cents(rows[year]["front_loading_whole"])) == (early, int(paid["cents"].sum()))
        assert rows[year]["front_loading"] == rate(early, int(paid["cents"].sum()))


# --- stock --------------------------------------------------------------------------------------------------------------


def opened(cases: pd.DataFrame, start: date) -> pd.DataFrame:
    """Fines open when a month begins: face less what was paid before it (never below nothing), and their age the evening before."""
    there = cases[
        [placed < start and (pd.isna(end) or end is None or end >= start) for placed, end in zip(cases["placed_on"], cases["closed_on"], strict=True)]
    ]
    before = there["payments"].map(lambda paid: sum(amount for day, amount in paid if day < start))
    eve = start - timedelta(days=1)
    return pd.DataFrame({"balance": (there["face"] - before).clip(lower=0), "age": there["placed_on"].map(lambda day: (eve - day).days)})


@needs_data
def test_opening_balance_and_recovery_rate_by_month(fines: Given, cases: pd.DataFrame) -> None:
    paid = postings(cases, "payments")
    columns = ("opening_cases", "opening_amount", "recovery_rate", "period_paid_rate")
    rows = fines.rows(columns, "month", start=date(2008, 1, 1), until=date(2008, 12, 31))
    assert len(rows) == 12
    for row in rows:
        stock = opened(cases, row["month"])
        of_month = paid[paid["day"].map(number) == number(row["month"])]
        opening, cash = int(stock["balance"].sum()), int(of_month["cents"].sum())
        assert (row["opening_cases"], cents(row["opening_amount"])) == (len(stock), opening)
        assert (cents(row["recovery_rate_part"]), row["recovery_rate"]) == (cash, rate(cash, opening))
        assert row["period_paid_rate_part"] == of_month["case"].isin(stock.index).groupby(of_month["case"]).first().sum()


def bucket(age: int) -> str:
    """Days since creation → bucket, by the contract's edges: C = 0, M1 = 1-30 … M6 = 151-180, M7+."""
    return "C" if age <= 0 else "M7+" if age > 180 else f"M{(age - 1) // 30 + 1}"


@needs_data
@pytest.mark.parametrize("month", [date(2002, 7, 1), date(2009, 3, 1), date(2013, 6, 1)])
def test_opening_balance_and_cash_by_age_of_the_fine(fines: Given, cases: pd.DataFrame, month: date) -> None:
    until = min((month + timedelta(days=31)).replace(day=1) - timedelta(days=1), AS_OF)
    rows = {r["bucket"]: r for r in fines.rows(("opening_amount", "opening_cases", "net_amount"), "bucket", start=month, until=until)}
    stock = opened(cases, month)
    stock["bucket"] = stock["age"].map(bucket)
    drawn = stock.groupby("bucket")["balance"].agg(["sum", "count"])
    assert {name: (cents(r["opening_amount"]), r["opening_cases"]) for name, r in rows.items() if r["opening_cases"]} == {
        name: (amount, n) for name, amount, n in drawn.itertuples()
    }
    paid = postings(cases, "payments")
    paid = paid[[month <= day <= until for day in paid["day"]]]
    held = paid["case"].map(stock["bucket"]).fillna(paid["placed_on"].map(lambda day: "new" if day >= month else "left"))
    assert {name: cents(r["net_amount"]) for name, r in rows.items() if r["net_amount"]} == paid.groupby(held)["cents"].sum().to_dict()


@needs_data
def test_a_month_that_breaks_off_is_marked(fines: Given) -> None:
    answer = fines.warehouse.measure(["net_amount"], ["month"], filters=fines.filters(start=date(2013, 1, 1)))
    assert answer.partial == {date(2013, 6, 1)}


# --- what there isn't ---------------------------------------------------------------------------------------------------


@needs_data
def test_what_is_not_supplied_says_so(fines: Given) -> None:
    house = fines.warehouse
    assert set(fines.load.missing_tables) >= {"customers", "balances", "collectors", "assignments", "promises", "plans"}
    names = ("roll_rate", "roll_rate_snapshot", "cure_rate", "redefault_rate", "entry_rate", "moved_cases")
    answer = house.measure([*names, "net_amount"], ["year"], filters=fines.filters())
    assert answer.missing == dict.fromkeys(names, ("balances",))
    assert all(row[name] is None for row in answer.rows for name in names)
    assert all(row["net_amount"] is not None for row in answer.rows)
    for cut, lacking in {
        "region": ("cases.region|customers.region",),
        "team": ("assignments", "collectors.team"),
        "batch": ("cases.batch",),
        "age_band": ("customers.age_band",),
        "method": ("payments.method",),
    }.items():
        assert house.missing(cut) == lacking
    assert house.missing("reconciliation_gap") == ("payments.posted_on",)


# --- the mapping on other logs of the same layout (drawn here: these run everywhere) ---------------------------------------

HEADER = (
    "case_id,concept:name,time:timestamp,org:resource,amount,expense,paymentAmount,totalPaymentAmount,"
    "dismissal,vehicleClass,article,points,notificationType,lastSent"
)


def drawn_log(folder: Path, *events: str) -> Given:
    """Load events written as `case | event | day | amount | expense | payment | running total`, with a share of rejects allowed."""
    lines = [HEADER]
    for event in events:
        case, name, day, amount, expense, paid, total = (cell.strip() for cell in event.split("|"))
        lines.append(f"{case},{name},{day},,{amount},{expense},{paid},{total},,,,,,")
    (folder / "export").mkdir()
    (folder / "export" / "any_name.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    lenient = folder / "fines.toml"
    lenient.write_text(MAPPING.read_text(encoding="utf-8").replace('currency = "EUR"', 'currency = "EUR"\nreject_share = 0.9'), encoding="utf-8")
    home = Home(folder / "home")
    outcome = load(folder / "export", home, mapping_path=lenient)
    return Given(folder, home, outcome, Warehouse(home.info(snapshot=outcome.snapshot)))


def test_events_of_one_day_stand_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Two penalties on the day of creation, and two equal payments: each adds to the one written before it."""
    given = drawn_log(
        tmp_path,
        "A1 | Create Fine | 01/02/2010 | 30.0 |      |      | 0.0",
        "A1 | Add penalty | 01/02/2010 | 70.0 |      |      |",
        "A1 | Send Fine   | 01/02/2010 |      | 10.5 |      |",
        "A1 | Add penalty | 01/02/2010 | 90.0 |      |      |",
        "A1 | Payment     | 01/03/2010 |      |      | 50.0 | 50.0",
        "A1 | Payment     | 01/03/2010 |      |      | 50.0 | 100.0",
        "A1 | Payment     | 02/03/2010 |      |      | 0.5  | 100.5",
    )
    rows = given.sql("select payment_id, paid_on, cast(amount as varchar), source_line from export.payments order by source_line")
    assert [(row[0], row[2], row[3]) for row in rows] == [
        ("A1-F1", "40.00", 3),
        ("A1-F2", "10.50", 4),
        ("A1-F3", "20.00", 5),
        ("A1-P1", "50.00", 6),
        ("A1-P2", "50.00", 7),
        ("A1-P3", "0.50", 8),
    ]
    assert given.sql("select closed_on, close_reason from export.cases") == [(date(2010, 3, 2), "paid")]  # 90 + 10.50, to the cent
    close_all(given.home)


def test_an_exact_copy_of_an_event_counts_once(tmp_path: Path) -> None:
    """A second payment would raise the running total; the copy doesn't, and 20 of 30 is not paid in full."""
    given = drawn_log(
        tmp_path,
        "A1 | Create Fine | 01/02/2010 | 30.0 |  |      | 0.0",
        "A1 | Create Fine | 01/02/2010 | 30.0 |  |      | 0.0",
        "A1 | Payment     | 01/03/2010 |      |  | 10.0 | 10.0",
        "A1 | Payment     | 01/03/2010 |      |  | 10.0 | 20.0",
        "A1 | Payment     | 01/03/2010 |      |  | 10.0 | 20.0",
    )
    assert given.value("net_amount") == Decimal("20.00")
    assert given.value("duplicate_amount") == Decimal("10.00")
    assert given.sql("select closed_on, close_reason from export.cases") == [(None, None)]
    assert [(a.table, a.rows_read, a.rows_loaded, a.rows_folded) for a in given.load.accounts if a.table in ("cases",)] == [("cases", 2, 1, 1)]
    close_all(given.home)


def test_a_charge_that_is_missing_is_put_aside_and_nothing_is_called_paid_on_it(tmp_path: Path) -> None:
    given = drawn_log(
        tmp_path,
        "A1 | Create Fine | 01/02/2010 |      |    |      | 0.0",  # no face: the case and what hangs on it are put aside
        "A1 | Payment     | 02/02/2010 |      |    | 10.0 | 10.0",
        "A2 | Create Fine | 01/02/2010 | 30.0 |    |      | 0.0",
        "A2 | Payment     | 02/02/2010 |      |    | 99.0 | 99.0",
        "A2 | Add penalty | 03/02/2010 |      |    |      |",  # what is owed is unknown from here
        "A2 | Add penalty | 04/02/2010 | 60.0 |    |      |",  # adds to the last total that is known
        "A3 | Create Fine | 01/02/2010 | 30.0 |    |      | 0.0",
        "A3 | Send Fine   | 02/02/2010 |      | no |      |",
        "A3 | Payment     | 03/02/2010 |      |    |      | 0.0",
        "A3 | Send for Credit Collection | 05/03/2011 | | | |",
    )
    assert given.rejects() == [
        ("cases", 2, "missing_value", "placed_balance", None),
        ("payments", 3, "orphan", "case_id", "A1"),
        ("payments", 6, "missing_value", "amount", None),
        ("payments", 9, "wrong_type", "amount", "no"),
        ("payments", 10, "missing_value", "amount", None),
    ]
    assert given.sql("select case_id, closed_on, close_reason from export.cases order by case_id") == [
        ("A2", None, None),
        ("A3", date(2011, 3, 5), "recalled"),
    ]
    assert given.value("fee_amount") == Decimal("30.00")
    assert all(a.rows_read == a.rows_loaded + a.rows_rejected + a.rows_folded for a in given.load.accounts if a.table)
    close_all(given.home)


def test_a_log_in_parts_is_one_log(tmp_path: Path) -> None:
    """The folder's files are united, in the order of their names."""
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / "log_1.csv").write_text(f"{HEADER}\nA1,Create Fine,01/02/2010,,30.0,,,0.0,,,,,,\n", encoding="utf-8")
    (folder / "log_2.csv").write_text(
        f"{HEADER}\nA1,Add penalty,01/04/2010,,70.0,,,,,,,,,\nA1,Payment,02/04/2010,,,,70.0,70.0,,,,,,\n", encoding="utf-8"
    )
    home = Home(tmp_path / "home")
    outcome = load(folder, home, mapping_path=MAPPING)
    given = Given(folder, home, outcome, Warehouse(home.info(snapshot=outcome.snapshot)))
    assert given.sql("select cast(amount as varchar), source_line from export.payments order by kind") == [("40.00", 2), ("70.00", 3)]
    assert given.sql("select closed_on, close_reason from export.cases") == [(date(2010, 4, 2), "paid")]
    assert [(a.rows_read, a.rows_used, a.rows_unused) for a in outcome.accounts if a.table is None] == [(1, 1, 0), (2, 2, 0)]
    close_all(home)


def test_the_note_says_what_was_taken_for_what() -> None:
    export = read_mapping(MAPPING).export
    assert (export.name, export.currency, export.timezone, export.date_format) == ("fines", "EUR", "Europe/Rome", "%d/%m/%Y")
    assert set(export.title) == set(export.note) == {"en", "zh"}
    for words in (("no due date", "credit collection", "fees", "Not in the file"), ("没有到期日", "强制征收", "费用", "数据中没有")):
        assert any(all(word in note for word in words) for note in export.note.values())


def test_the_data_is_not_part_of_the_project() -> None:
    """Its terms were not checked for redistribution."""
    assert not list((ROOT / "data").rglob("fines*.csv*"))


@pytest.fixture(scope="session")
def noticed() -> pd.DataFrame:
    """One row per payment and notice of its case in the sixty days up to it, by pandas from the log: cents, age of the notice in days."""
    raw = pd.read_csv(FOLDER / "fines_events.csv.gz", dtype=str, keep_default_na=False).drop_duplicates()
    raw["day"] = pd.to_datetime(raw["time:timestamp"], format="%d/%m/%Y")
    paid = raw[raw["concept:name"] == "Payment"].reset_index(names="payment")
    paid["cents"] = [int(Decimal(text) * 100) for text in paid["paymentAmount"]]
    sent = raw[raw["concept:name"] == "Insert Fine Notification"][["case_id", "day"]].rename(columns={"day": "sent_on"})
    both = paid[["payment", "case_id", "day", "cents"]].merge(sent, on="case_id", how="left")
    both["age"] = (both["day"] - both["sent_on"]).dt.days
    return both


@needs_data
@pytest.mark.parametrize("window", [7, 14, 30, 60])
def test_cash_after_a_notice_is_the_logs(fines: Given, noticed: pd.DataFrame, window: int) -> None:
    """Letters are the only contacts: last touch, first touch and equal parts all give them the payments within the window, to the cent."""
    touched = noticed[noticed["age"].between(0, window)].drop_duplicates("payment")
    whole = noticed.drop_duplicates("payment")
    due = {"letter": int(touched["cents"].sum()), "none": int(whole["cents"].sum() - touched["cents"].sum())}
    names = [f"attributed_{method}_amount" for method in ("last", "first", "linear", "decay")]
    rows = fines.rows([*names, "touched_payments"], by="channel", touch_window=str(window))
    for name in names:
        assert {row["channel"]: cents(row[name]) for row in rows} == due
    assert {row["channel"]: row["touched_payments"] for row in rows} == {"letter": len(touched), "none": len(whole) - len(touched)}
    by_year = touched.groupby(touched["day"].dt.year)["cents"].sum().to_dict()
    found = {
        row["year"].year: cents(row[names[0]])
        for row in fines.rows(names[0], by=("year", "channel"), touch_window=str(window))
        if row["channel"] == "letter"
    }
    assert found == by_year
