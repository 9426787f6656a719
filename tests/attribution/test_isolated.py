"""Arms that one channel sets apart: told from what was sent, and compared."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from dashboard.attribution import effect, isolated
from dashboard.home import Home
from dashboard.warehouse import Warehouse
from data.make_sample import first_periods
from tests.conftest import Given


def rows(**arms: dict[str, int]) -> list[dict[str, object]]:
    """Attempts by arm and channel, of 100 cases an arm."""
    return [
        {"arm": arm, "cases": 100, "channel": channel, "attempts": count}
        for arm, sent in arms.items()
        for channel, count in (sent or {None: 0}).items()
    ]


def test_a_pair_differs_in_one_channel_alone() -> None:
    """Texts 1.0 and 3.0 a case, calls 4.0 and 4.1: apart in texts by 2, elsewhere by 0.1. With calls at 4.3 it is no longer texts alone."""
    (one,) = isolated.pairs(rows(plus={"sms": 300, "phone": 410}, standard={"sms": 100, "phone": 400}))
    assert (one.channel, one.more, one.fewer) == ("sms", "plus", "standard")
    assert one.extra == pytest.approx(2.0) and one.elsewhere == pytest.approx(0.1)
    assert isolated.pairs(rows(plus={"sms": 300, "phone": 430}, standard={"sms": 100, "phone": 400})) == []
    assert isolated.pairs(rows(plus={"sms": 120}, standard={"sms": 100})) == []  # a fifth of a text is no difference
    (none,) = isolated.pairs(rows(texts={"sms": 100}, holdout={}))
    assert (none.channel, none.more, none.fewer, none.extra) == ("sms", "texts", "holdout", 1.0)
    assert isolated.pairs([]) == []


CASES = "\n".join(
    ["case_id | placed_on | placed_balance | strategy"]
    + [f"C{number} | 2026-01-{1 + number % 28:02d} | 1000 | {('texts', 'holdout')[number % 2]}" for number in range(120)]
)
PAYMENTS = "\n".join(["case_id | paid_on | amount", *(f"C{n} | 2026-01-29 | 100" for n in range(120) if n % 2 == 0 or n % 4 == 1)])
CONTACTS = "\n".join(
    ["case_id | started_at | channel | outcome | cost"]
    + [f"C{number} | 2026-01-{1 + number % 28:02d} 10:00:00 | sms | delivered | 0.50" for number in range(0, 120, 2)]
)


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", "SMS, texts beside holdout: 1.0 more attempts a case add 50.0 pp"),
        ("zh", "短信，texts 对 holdout：件均多 1.0 次触达，增加 50.0 个百分点"),
    ],
)
def test_from_the_export_to_words(given: Callable[..., Given], lang: str, said: str) -> None:
    shop = given(cases=CASES, payments=PAYMENTS, contacts=CONTACTS, as_of="2026-06-30")
    whole = effect.Filters(start=shop.warehouse.info.first_on, until=shop.warehouse.info.as_of)
    sent = shop.warehouse.run("arm_channels", effect.split_parameters(whole, 30, None))
    assert sent == [
        {"arm": "holdout", "cases": 60, "channel": None, "attempts": 0},
        {"arm": "texts", "cases": 60, "channel": "sms", "attempts": 60},
    ]
    test, _ = effect.tests(shop.warehouse.run("arms", effect.parameters(whole, 30, None)))
    told = isolated.told(test, sent, 30, lang, "CNY")
    assert told.title is not None and told.title.startswith(said) and "texts" in told.title and "holdout" in told.title
    (row,) = told.rows
    assert (row["channel"], row["more"], row["fewer"], row["attempts"], row["difference"]) == ("sms", "texts", "holdout", 1.0, 50.0)
    assert row["extra"] == pytest.approx(50) and row["extra_cost"] == pytest.approx(0.5)
    assert {column.id for column in told.columns} <= {*row} and told.figure().data


@pytest.mark.parametrize(("days", "attempts"), [(30, 2), (60, 4), (90, 6)])
def test_attempts_of_so_many_days_from_placement_on(given: Callable[..., Given], days: int, attempts: int) -> None:
    """Texts a day before placement, on its day, and on the last and the first day of each length."""
    placed = date(2026, 1, 5)
    texts = [placed + timedelta(days=number) for number in (-1, 0, 29, 30, 59, 60, 89, 90)]
    shop = given(
        cases="case_id | placed_on | placed_balance | strategy\nC1 | 2026-01-05 | 1000 | texts",
        contacts="\n".join(["case_id | started_at | channel | outcome", *(f"C1 | {day} 10:00:00 | sms | delivered" for day in texts)]),
        as_of="2026-06-30",
    )
    whole = effect.Filters(start=placed, until=date(2026, 1, 31))
    (row,) = shop.warehouse.run("arm_channels", effect.split_parameters(whole, days, None))
    assert row == {"arm": "texts", "cases": 1, "channel": "sms", "attempts": attempts}


def test_no_pair_says_nothing(given: Callable[..., Given]) -> None:
    told = isolated.told(effect.Test({}, {}), [], 30, "en", "CNY")
    assert told.rows == [] and told.title == ""


def test_attempts_by_arm_of_the_sample_against_pandas(sample: Path, loaded_home: Path) -> None:
    """The attempts by arm and channel as pandas counts them; 60 cases an arm differ by chance in more than one channel."""
    warehouse = Warehouse(Home(loaded_home).info())
    as_of = warehouse.info.as_of
    whole = effect.Filters(start=warehouse.info.first_on, until=as_of)
    sent = warehouse.run("arm_channels", effect.split_parameters(whole, 30, None))
    cases = pd.read_csv(sample / "cases.csv", dtype=str, parse_dates=["placed_on"])
    cases = cases[cases["placed_on"] <= pd.Timestamp(as_of) - pd.Timedelta(days=29)]
    contacts = pd.read_csv(sample / "contacts.csv", dtype=str, parse_dates=["started_at"]).merge(cases[["case_id", "placed_on", "strategy"]])
    age = (contacts["started_at"].dt.normalize() - contacts["placed_on"]).dt.days
    counted = contacts[(contacts["direction"] == "outbound") & (age < 30)].groupby(["strategy", "channel"]).size().to_dict()
    assert {(row["arm"], row["channel"]): row["attempts"] for row in sent if row["channel"]} == counted
    assert {row["arm"]: row["cases"] for row in sent} == cases.groupby("strategy").size().to_dict()
    assert isolated.pairs(sent) == []


ATTEMPTS = """
select trail.arm, arms.cases, contact_raw.channel, count(contact_raw.channel) as attempts
from trail
inner join (select arm, count(*) as cases from trail group by arm) as arms on trail.arm = arms.arm
left join contact_raw on trail.case_no = contact_raw.case_no and not contact_raw.inbound
where contact_raw.channel is not null or trail.arm = 'holdout'
group by all
"""


def test_the_world_of_the_sample_sets_text_messages_apart() -> None:
    """Of 4,000 cases, sms_plus and standard differ in texts alone, and no other two arms in one channel."""
    with duckdb.connect() as con:
        first_periods(con, cases=4_000, months=12, seed=5)
        sent = con.execute(ATTEMPTS).df().replace({np.nan: None}).to_dict("records")
    assert [(one.channel, one.more, one.fewer) for one in isolated.pairs(sent)] == [("sms", "sms_plus", "standard")]
