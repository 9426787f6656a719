"""The rates of contact on the sample, worked out again from its files with pandas alone."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from dashboard.filters import Filters
from dashboard.home import Home
from dashboard.warehouse import Warehouse

PERSON = ["answered", "conversation", "transferred", "abandoned"]
ARRIVED = ["delivered", "opened", "clicked", "opted_out", "answered", "conversation", "transferred"]
LIVE, MESSAGES = ["phone", "bot", "visit", "social"], ["sms", "email", "social", "letter", "app"]


@pytest.fixture(scope="module")
def warehouse(loaded_home: Path) -> Warehouse:
    return Warehouse(Home(loaded_home).info())


@pytest.fixture(scope="module")
def contacts(sample: Path) -> pd.DataFrame:
    """Contacts with month, and what they count for, by pandas."""
    table = pd.read_csv(sample / "contacts.csv", parse_dates=["started_at"])
    out = table["direction"] == "outbound"
    live, message = table["channel"].isin(LIVE), table["channel"].isin(MESSAGES)
    answered = live & (table["outcome"].isin(PERSON) | ((table["outcome"] == "opted_out") & (table["channel"] != "social")))
    dialled = table["channel"].isin(["phone", "bot"])
    talk = table["outcome"].isin(["conversation", "transferred"]) & (table["party"] == "debtor")
    return table.assign(
        month=table["started_at"].dt.to_period("M").dt.start_time.dt.date,
        attempts=out, live_attempts=out & live, dialled_attempts=out & dialled, connected_calls=out & dialled & answered,
        contact_calls=out & dialled & answered & (table["duration_seconds"] >= 15), right_parties=out & live & talk, debtor_talks=talk,
        messages_sent=out & message, messages_delivered=out & message & table["outcome"].isin(ARRIVED),
        messages_clicked=out & (table["channel"] != "letter") & message & (table["outcome"] == "clicked"),
        opt_outs=out & (table["outcome"] == "opted_out"), automated_attempts=out & table["collector_id"].isna(),
        number_attempts=out & table["channel"].isin(["phone", "bot", "sms"]),
        valid_number_attempts=out & table["channel"].isin(["phone", "bot", "sms"]) & ~table["outcome"].isin(["not_in_service", "undelivered"]),
        contact_cost=table["cost"].where(out, 0.0),
    )  # fmt: skip


COUNTS = (
    "attempts", "live_attempts", "dialled_attempts", "connected_calls", "contact_calls", "right_parties", "debtor_talks", "messages_sent",
    "messages_delivered", "messages_clicked", "opt_outs", "automated_attempts", "number_attempts", "valid_number_attempts",
)  # fmt: skip


@pytest.mark.parametrize("by", ["month", "channel"])
def test_counts_and_rates(warehouse: Warehouse, contacts: pd.DataFrame, by: str) -> None:
    filters = Filters(warehouse.info.first_on, warehouse.info.as_of)
    rates = {"connect_rate": ("connected_calls", "dialled_attempts"), "contact_rate": ("contact_calls", "dialled_attempts"),
             "right_party_rate": ("right_parties", "live_attempts"), "delivery_rate": ("messages_delivered", "messages_sent"),
             "automated_rate": ("automated_attempts", "attempts"), "number_valid_rate": ("valid_number_attempts", "number_attempts")}  # fmt: skip
    rows = {row[by]: row for row in warehouse.measure([*COUNTS, *rates, "contact_cost"], (by,), filters=filters).rows}
    expected = contacts.groupby(by)[[*COUNTS, "contact_cost"]].sum()
    assert set(rows) == set(expected.index)
    for group, wanted in expected.iterrows():
        row = rows[group]
        assert {name: row[name] for name in COUNTS} == {name: int(wanted[name]) for name in COUNTS}, group
        assert float(row["contact_cost"]) == pytest.approx(wanted["contact_cost"])
        for name, (part, whole) in rates.items():
            assert row[name] == (pytest.approx(wanted[part] / wanted[whole]) if wanted[whole] else None), (group, name)


def test_cases_reached(warehouse: Warehouse, contacts: pd.DataFrame, sample: Path) -> None:
    """Coverage, intensity, right-party per case and lost contact of one month, from cases, balances and contacts alone."""
    start, until = date(2026, 9, 1), date(2026, 9, 30)
    cases = pd.read_csv(sample / "cases.csv", parse_dates=["placed_on", "closed_on"])
    balances = pd.read_csv(sample / "balances.csv", parse_dates=["as_of"])
    gone = balances[balances["state"].isin(["settled", "charged_off", "sold", "recalled"])].groupby("case_id")["as_of"].min()
    left = cases["closed_on"].fillna(cases["case_id"].map(gone))
    stock = set(cases[(cases["placed_on"] < pd.Timestamp(start)) & (left.isna() | (left >= pd.Timestamp(start)))]["case_id"])
    month = contacts[(contacts["month"] == start) & contacts["case_id"].isin(stock)]
    by_case = month.groupby("case_id").agg(attempts=("attempts", "sum"), live=("live_attempts", "sum"), talks=("debtor_talks", "sum"))
    answered = month["live_attempts"] & (month["outcome"].isin(PERSON) | ((month["outcome"] == "opted_out") & (month["channel"] != "social")))
    heard = set(month[answered | (month["direction"] == "inbound")]["case_id"])
    tried = month[month["live_attempts"]].assign(day=month["started_at"].dt.date).groupby("case_id")["day"].nunique()
    silent = by_case[(by_case["live"] >= 3) & (by_case.index.map(tried).fillna(0) >= 2) & ~by_case.index.isin(list(heard))]
    names = ("coverage_rate", "intensity", "right_party_case_rate", "lost_contact_rate")
    row = warehouse.measure(names, filters=Filters(start, until)).rows[0]
    assert row["coverage_rate_whole"] == len(stock) > 100
    assert row["coverage_rate_part"] == (by_case["attempts"] > 0).sum()
    assert row["intensity_part"] == by_case["attempts"].sum()
    assert row["right_party_case_rate_part"] == (by_case["talks"] > 0).sum()
    assert (row["lost_contact_rate_part"], row["lost_contact_rate_whole"]) == (len(silent), (by_case["live"] > 0).sum())


def test_first_attempts_in_time(warehouse: Warehouse, contacts: pd.DataFrame, sample: Path) -> None:
    cases = pd.read_csv(sample / "cases.csv", parse_dates=["placed_on"])
    first = contacts[contacts["attempts"]].groupby("case_id")["started_at"].min().dt.normalize()
    wait = (cases["case_id"].map(first) - cases["placed_on"]).dt.days
    seen = cases["placed_on"] <= pd.Timestamp(warehouse.info.as_of) - pd.Timedelta(days=3)
    row = warehouse.measure(["first_attempt_rate"], filters=Filters(warehouse.info.first_on, warehouse.info.as_of)).rows[0]
    assert (row["first_attempt_rate_part"], row["first_attempt_rate_whole"]) == ((seen & (wait <= 3)).sum(), seen.sum())


def test_bot_sessions_contained(warehouse: Warehouse, contacts: pd.DataFrame) -> None:
    sessions = contacts[(contacts["channel"] == "bot") & contacts["outcome"].isin([*PERSON, "opted_out"])]
    human = contacts[contacts["collector_id"].notna() | (contacts["direction"] == "inbound")][["case_id", "started_at"]]
    both = sessions.reset_index().merge(human, on="case_id", suffixes=("", "_later"))
    after = both["started_at_later"] - both["started_at"]
    returned = set(both[(after > pd.Timedelta(0)) & (after <= pd.Timedelta(hours=48))]["index"])
    end = pd.Timestamp(warehouse.info.as_of) + pd.Timedelta(days=1)
    followed = sessions[sessions["started_at"] + pd.Timedelta(hours=48) <= end]
    contained = followed[(followed["outcome"] == "conversation") & ~followed.index.isin(list(returned))]
    row = warehouse.measure(["containment_rate"], filters=Filters(warehouse.info.first_on, warehouse.info.as_of)).rows[0]
    assert (row["containment_rate_part"], row["containment_rate_whole"]) == (len(contained), len(followed))
