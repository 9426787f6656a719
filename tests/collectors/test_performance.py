"""The expectation of a case: what it is made of, that a collector never shapes their own, and that the figures tie to the metrics."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from dashboard.collectors import performance
from dashboard.collectors.cells import Mix, packed, unpacked
from dashboard.filters import Filters
from dashboard.home import Home
from dashboard.warehouse import Warehouse
from tests.conftest import Given


@pytest.fixture(scope="module")
def small(loaded_home: Path) -> Warehouse:
    return Warehouse(Home(loaded_home).info())


@pytest.fixture(scope="module")
def tallies(small: Warehouse) -> performance.Tallies:
    return performance.tallied(small, small.info.as_of)


def mix_of(small: Warehouse) -> Mix:
    return Mix.of(small.arrays("held_mix", {"first": 0, "last": 99_999}))


def test_kinds_are_what_the_cases_are(given: Callable[..., Given]) -> None:
    """In March: C1 is in its second month, M2, 900 owed, paid in February; C2 is new, M1; C3 is not past due and C4 with nobody."""
    shop = given(
        cases="""
            case_id | customer_id | product | placed_on  | placed_balance | days_past_due | placement_number
            C1      | U1          | card    | 2026-01-10 | 1000           | 10            | 2
            C2      | U2          | loan    | 2026-02-20 | 500            | 5             | 1
            C3      | U1          | card    | 2026-01-10 | 100            | 0             | 1
            C4      | U2          | card    | 2026-01-10 | 100            | 9             | 1
        """,
        customers="""
            customer_id | region | credit_score
            U1          | East   | 700
            U2          | South  | 600
        """,
        balances="""
            case_id | as_of      | balance | days_past_due
            C1      | 2026-02-28 | 900     | 59
            C2      | 2026-02-28 | 500     | 13
            C3      | 2026-02-28 | 100     | 0
            C4      | 2026-02-28 | 100     | 58
        """,
        payments="""
            case_id | paid_on    | amount
            C1      | 2026-02-10 | 100
            C1      | 2026-03-10 | 50
            C2      | 2026-03-11 | 25
        """,
        assignments="""
            case_id | assigned_at         | collector_id
            C1      | 2026-01-10 09:00:00 | W1
            C2      | 2026-02-20 09:00:00 | W2
            C3      | 2026-01-10 09:00:00 | W1
        """,
        collectors="""
            collector_id | team
            W1           | A
            W2           | A
        """,
        as_of="2026-03-31",
    )
    mix = Mix.of(shop.warehouse.arrays("held_mix", {"first": 2026 * 12 + 2, "last": 2026 * 12 + 2}))
    levels = {(row["dimension"], row["number"]): row["value"] for row in shop.warehouse.run("mix_levels")}
    found = {}
    parts = unpacked(mix.kind)
    for place in range(len(mix)):
        who = levels["collector", int(mix.collector[place])]
        found[who] = {name: int(values[place]) for name, values in parts.items()}
        for name in ("product", "region", "placement_number"):
            found[who][name] = levels[name, found[who][name]]
    assert found == {
        "W1": {"bucket": 2, "vintage": 2, "prior": 1, "score": 2, "balance": 9, "placement_number": "2", "product": "card", "region": "East"},
        "W2": {"bucket": 1, "vintage": 1, "prior": 0, "score": 1, "balance": 8, "placement_number": "1", "product": "loan", "region": "South"},
    }
    assert mix.paid.tolist() == [1.0, 1.0] and sorted(mix.cash.tolist()) == [25.0, 50.0]


def test_packing_is_undone() -> None:
    parts = {"bucket": np.array([7, 1]), "vintage": np.array([6, 0]), "prior": np.array([2, 1]), "score": np.array([8, 0])}
    parts |= {"balance": np.array([31, 3]), "placement_number": np.array([63, 1]), "product": np.array([63, 0]), "region": np.array([300, 2])}
    assert {name: values.tolist() for name, values in unpacked(packed(**parts)).items()} == {name: v.tolist() for name, v in parts.items()}


def test_what_was_seen_ties_to_the_metrics(small: Warehouse, tallies: performance.Tallies) -> None:
    month = tallies.months[-1]
    due = [bucket for bucket in small.values("bucket") if bucket != "C"]
    chosen = Filters(month, small.info.as_of, where=(("bucket", tuple(due)),))
    rows = small.measure(("paid_open_cases", "opening_cases"), ("collector",), filters=chosen).rows
    told = {row["collector"]: (row["opening_cases"], row["paid_open_cases"]) for row in rows if row["collector"] != "house"}
    assert {row.collector: (row.cases, row.paid) for row in tallies.rows if row.month == month} == told


def test_every_month_comes_to_one_over_the_house(tallies: performance.Tallies) -> None:
    for month in tallies.months:
        rows = [row for row in tallies.rows if row.month == month]
        assert sum(row.paid_expected for row in rows) == pytest.approx(sum(row.paid for row in rows))
        assert sum(row.cash_expected for row in rows) == pytest.approx(sum(row.cash for row in rows))


def test_nobody_shapes_their_own_expectation(small: Warehouse) -> None:
    """However one collector's cases had paid, what is expected of them moves only as their fold's does, by the month's common scale."""
    mix = mix_of(small)
    names = {place: str(place) for place in range(int(mix.collector.max()) + 1)}
    one = int(np.bincount(mix.collector).argmax())
    mine = mix.collector == one
    turned = replace(mix, paid=np.where(mine, mix.cases, mix.paid), cash=np.where(mine, mix.cash + 500, mix.cash))
    before, after = (performance.tally(each, names) for each in (mix, turned))
    people = np.unique(mix.collector)
    fold = np.empty(len(people), dtype=int)
    fold[np.random.default_rng(performance.SEED).permutation(len(people))] = np.arange(len(people)) % performance.FOLDS
    mates = {str(who) for who, part in zip(people, fold, strict=True) if part == fold[list(people).index(one)]}
    last = before.months[-1]
    moved = {row.collector: row.cash_expected / other.cash_expected for row, other in zip(after.rows, before.rows, strict=True) if row.month == last}
    assert len({round(moved[name], 6) for name in mates if name in moved}) == 1  # expectations are kept to seven digits


def test_the_same_again_and_a_limit_to_some_cases(small: Warehouse, tallies: performance.Tallies) -> None:
    assert performance.tallied(small, small.info.as_of) == tallies
    assert performance.tallied(Warehouse(small.info), small.info.as_of) == tallies  # fitted anew
    early, *late = small.values("bucket")[1:]
    parts = [performance.tallied(small, small.info.as_of, {"bucket": buckets}) for buckets in ((early,), late)]
    some = parts[0]
    assert (some.auc, some.calibration, some.cases) == (tallies.auc, tallies.calibration, tallies.cases)  # the expectation is the house's
    for name in ("paid", "paid_expected", "cash", "cash_expected"):
        total = sum(getattr(row, name) for one in parts for row in one.rows)
        assert total == pytest.approx(sum(getattr(row, name) for row in tallies.rows))


def test_one_alone_is_what_they_are_among_all_but_for_the_chance_of_the_top(tallies: performance.Tallies) -> None:
    every = performance.summed(tallies, tallies.months)
    for one in every.people[::5]:
        assert performance.summed(tallies, tallies.months, only=one.collector).people == (replace(one, top=None),)
    assert any(one.top for one in every.people)


def test_a_limit_asks_for_no_second_fit(small: Warehouse, tallies: performance.Tallies, monkeypatch: pytest.MonkeyPatch) -> None:
    performance.tallied(small, small.info.as_of)
    monkeypatch.setattr(performance, "expectation", lambda mix: pytest.fail("fitted again"))
    assert performance.tallied(small, small.info.as_of, {"bucket": small.values("bucket")[1:]}).rows == tallies.rows
    assert performance.tallied(small, small.info.as_of) == tallies


def test_months_add_up(small: Warehouse, tallies: performance.Tallies) -> None:
    two = tallies.months[-2:]
    found = performance.adjusted(small, two[0], small.info.as_of)
    assert found == performance.summed(tallies, two) and found.months == tuple(two)
    person = found.people[0]
    rows = [row for row in tallies.rows if row.collector == person.collector and row.month in two]
    assert person.observed == sum(row.paid for row in rows)
    assert person.expected == pytest.approx(sum(row.paid_expected for row in rows))
    assert all(one.shrunk is None for one in found.people if one.expected**2 / one.variance < 10)


def test_too_few_say_so(given: Callable[..., Given]) -> None:
    shop = given(cases="case_id | placed_on | placed_balance\nC1 | 2026-01-05 | 1000", as_of="2026-02-28")
    with pytest.raises(performance.TooFew):
        performance.adjusted(shop.warehouse, date(2026, 1, 1), date(2026, 2, 28))
