"""Arms from the export to words: on drawn tables by hand, and the same figures from the warehouse as from pandas and statsmodels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import statsmodels.formula.api as smf

from dashboard.attribution import credits, effect, profile, sentences
from dashboard.home import Home
from dashboard.warehouse import Warehouse
from tests.conftest import Given

LENGTH = 30


@pytest.fixture(scope="module")
def warehouse(loaded_home: Path) -> Iterator[Warehouse]:
    yield Warehouse(Home(loaded_home).info())


def asked(warehouse: Warehouse, segment: str = "", **where: str) -> tuple[effect.Test, dict[str, effect.Test]]:
    whole = effect.Filters(start=warehouse.info.first_on, until=warehouse.info.as_of, where=tuple((key, (value,)) for key, value in where.items()))
    return effect.tests(warehouse.run("arms", effect.parameters(whole, LENGTH, None, segment)))


@pytest.fixture(scope="module")
def cases(sample: Path, warehouse: Warehouse) -> pd.DataFrame:
    """Every case from the export's own files, with what it paid in its first 30 days, by pandas."""
    frame = pd.read_csv(sample / "cases.csv", dtype={"case_id": str, "customer_id": str}, parse_dates=["placed_on"])
    frame = frame[frame["placed_on"] <= pd.Timestamp(warehouse.info.as_of) - pd.Timedelta(days=LENGTH - 1)]
    money = pd.read_csv(sample / "payments.csv", dtype=str, parse_dates=["paid_on"])
    money = money[money["kind"].isin(["payment", "reversal"]) & (money["status"] == "posted")].merge(frame[["case_id", "placed_on"]], on="case_id")
    money["amount"] = money["amount"].astype(float)
    taken = money.loc[money["kind"] == "reversal"].groupby("reverses")["amount"].sum()
    early = money[(money["paid_on"] - money["placed_on"]).dt.days < LENGTH]
    kept = early[(early["kind"] == "payment") & (early["amount"] + early["payment_id"].map(taken).fillna(0) > 0.004)]
    frame["net"] = frame["case_id"].map(early.groupby("case_id")["amount"].sum()).fillna(0.0)
    frame["paid"] = frame["case_id"].isin(kept["case_id"]).astype(float)
    return frame


def test_totals_and_robust_intervals_are_those_of_the_files(warehouse: Warehouse, cases: pd.DataFrame) -> None:
    test, _ = asked(warehouse)
    by_arm = cases.groupby("strategy")
    assert {name: side.cases for name, side in test.sides.items()} == by_arm.size().to_dict()
    assert {name: side.paid for name, side in test.sides.items()} == by_arm["paid"].sum().to_dict()
    assert {name: side.net for name, side in test.sides.items()} == pytest.approx(by_arm["net"].sum().to_dict())
    pair = cases[cases["strategy"].isin(["standard", "holdout"])].assign(arm=lambda frame: (frame["strategy"] == "standard").astype(float))
    for name, part in (("paid", effect.PAID), ("net", effect.NET)):
        groups = pd.factorize(pair["customer_id"])[0]
        fitted = smf.ols(f"{name} ~ arm", pair).fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
        both, shared = test.both.get(("customer", "standard", "holdout"), (0 * test.sides["standard"].by["customer"].products, 0))
        sides = (test.sides[arm].by["customer"] for arm in ("standard", "holdout"))
        found = effect.experiments.mean_effect(*sides, both, shared, part, effect.CASES)
        assert found is not None and (found.low, found.high) == pytest.approx(tuple(fitted.conf_int().loc["arm"]))


def test_segments_add_up_and_small_ones_are_hidden(warehouse: Warehouse) -> None:
    whole, parts = asked(warehouse, "bucket")
    for arm, side in whole.sides.items():
        assert sum(part.sides[arm].cases for part in parts.values() if arm in part.sides) == side.cases
    shown, hidden = effect.cells(parts, "holdout", "standard", 15, ["C", "M1", "M2", "M3", "M4", "M5", "M6", "M7+"])
    assert len(shown) + hidden == len(parts) and hidden > 0
    assert [cell.segment for cell in shown] == sorted(cell.segment for cell in shown)
    assert all(cell.adjusted >= cell.compared.share.p for cell in shown)
    one, _ = asked(warehouse, bucket="M1")
    assert one.sides["standard"].cases == parts["M1"].sides["standard"].cases


def test_the_wider_interval_counts_where_collectors_work_an_arm(warehouse: Warehouse) -> None:
    test, _ = asked(warehouse)
    compared = {one.arm.name: one for one in effect.compare(test, "holdout", 10, known=())}
    assert test.sides["holdout"].staffed == 0 and compared["standard"].arm.staffed > 0
    for one in compared.values():
        widths = {}
        for kind in ("customer", "collector"):
            alone = effect.Test(test.sides, {key: value for key, value in test.both.items() if key[0] == kind})
            sides = {name: replace(side, by={kind: side.by[kind]}) for name, side in test.sides.items()}
            only = {each.arm.name: each for each in effect.compare(effect.Test(sides, alone.both), "holdout", 10, known=())}
            widths[kind] = only[one.arm.name].share.width
        assert one.share.width == max(widths.values()) and widths[one.clusters] == one.share.width


CASES = "\n".join(
    ["case_id | placed_on | placed_balance | strategy"]
    + [f"C{number} | 2026-01-{1 + number % 28:02d} | 1000 | {('test', 'holdout')[number % 2]}" for number in range(80)]
)
#: 30 of 40 in the test arm pay 100, 10 of 40 in the other; a text each in the test arm, on the day of placement, for 2.
PAYMENTS = "\n".join(
    ["case_id | paid_on | amount"]
    + [f"C{number} | 2026-02-05 | 100" for number in range(80) if number % 28 >= 10 and (number % 2 == 0 or number % 4 == 1)]
)
CONTACTS = "\n".join(
    ["case_id | started_at | channel | outcome | cost"]
    + [f"C{number} | 2026-01-{1 + number % 28:02d} 10:00:00 | sms | delivered | 2.00" for number in range(0, 80, 2)]
)


def test_clusters_in_both_arms_by_hand(given: Callable[..., Given]) -> None:
    """U1 has a case in one arm and two in the other, of which one is in another region; what isn't known of a case is the mean of the others."""
    shop = given(
        cases="""
            case_id | customer_id | strategy | region | placed_on  | placed_balance | days_past_due
            C1      | U1          | test     | N      | 2026-01-05 | 100            | 10
            C2      | U1          | holdout  | N      | 2026-01-05 | 200            | 10
            C3      | U1          | holdout  | S      | 2026-01-05 | 300            | 10
            C4      | U2          | test     | S      | 2026-01-05 | 400            | 10
        """,
        customers="customer_id | credit_score\nU1 | 700\nU2 |",
        payments="case_id | paid_on | amount\nC1 | 2026-01-10 | 10\nC4 | 2026-01-10 | 40",
        as_of="2026-06-30",
    )  # fmt: skip
    whole, regions = asked(shop.warehouse, "region")
    cases, paid, _, placed = range(4)
    products, shared = whole.both["customer", "holdout", "test"]
    assert shared == 1 and products[cases, cases] == 2 * 1 and products[placed, placed] == 500 * 100 and products[cases, paid] == 2 * 1
    products, shared = regions["N"].both["customer", "holdout", "test"]
    assert shared == 1 and products[cases, cases] == 1 and products[placed, placed] == 200 * 100
    assert regions["S"].both == {}, "in the south U1 has cases in one arm only"
    own = whole.sides["holdout"].by["customer"]
    assert own.clusters == 1 and own.products[cases, cases] == 4 and own.products[placed, placed] == 500**2
    score = {name: side.by["customer"].totals[6] for name, side in whole.sides.items()}
    assert score["holdout"] > 0 and score["test"] == score["holdout"], "U2's isn't known: the mean of the three that are"


@pytest.mark.parametrize("segment", ["", "region"])
def test_a_collectors_cases_are_one_cluster_and_nobodys_each_their_own(given: Callable[..., Given], segment: str) -> None:
    """W1 has two cases of one arm and one of the other; what nobody has holds together by its customer alone: U4's two do."""
    shop = given(
        cases="""
            case_id | customer_id | strategy | region | placed_on  | placed_balance
            C1      | U1          | test     | N      | 2026-01-05 | 100
            C2      | U2          | test     | N      | 2026-01-05 | 100
            C3      | U3          | holdout  | N      | 2026-01-05 | 100
            C4      | U4          | test     | N      | 2026-01-05 | 100
            C5      | U4          | test     | N      | 2026-01-05 | 100
            C6      | U6          | test     | N      | 2026-01-05 | 100
            C7      | U7          | test     | N      | 2026-01-05 | 100
        """,
        collectors="collector_id | team\nW1 | East",
        assignments="case_id | assigned_at | collector_id\nC1 | 2026-01-05 09:00:00 | W1\nC2 | 2026-01-05 09:00:00 | W1\nC3 | 2026-01-05 09:00:00 | W1",
        payments="case_id | paid_on | amount\nC1 | 2026-01-10 | 10",
        as_of="2026-06-30",
    )  # fmt: skip
    whole, regions = asked(shop.warehouse, segment)
    test = regions["N"] if segment else whole
    own = {kind: test.sides["test"].by[kind] for kind in ("collector", "customer")}
    assert {kind: (arm.clusters, arm.products[0, 0]) for kind, arm in own.items()} == {
        "collector": (4, 2**2 + 2**2 + 1 + 1),  # W1's two, U4's two, C6, C7
        "customer": (5, 1 + 1 + 2**2 + 1 + 1),
    }
    products, shared = test.both["collector", "holdout", "test"]
    assert (shared, products[0, 0]) == (1, 1 * 2) and ("customer", "holdout", "test") not in test.both


def test_a_drawn_test_in_words(given: Callable[..., Given]) -> None:
    shop = given(cases=CASES, payments=PAYMENTS, contacts=CONTACTS, as_of="2026-06-30")
    test, _ = asked(shop.warehouse)
    paid = {name: side.paid for name, side in test.sides.items()}
    early = [number for number in range(80) if 5 + 31 - (1 + number % 28) < LENGTH and number % 28 >= 10]
    assert paid == {"test": sum(n % 2 == 0 for n in early), "holdout": sum(n % 4 == 1 for n in early)}
    (one,) = effect.compare(test, effect.default_control(test.sides))
    assert one.control.name == "holdout" and one.clear and one.adjusted == one.share.p
    assert one.extra_cost == 2.0 and one.break_even == pytest.approx(0.02)  # 2 a case, 100 from each who pays
    assert one.back == pytest.approx((one.cash.value - 2) / 2) and one.cost_per_cash == pytest.approx(2 / one.cash.value)  # type: ignore[union-attr]
    share = (paid["test"] - paid["holdout"]) / 40 * 100
    assert sentences.found([one], "en").startswith(f"test adds {share:.1f} pp (")
    assert sentences.found([one], "zh").startswith(f"test 增加 {share:.1f} 个百分点（")
    assert effect.claimed(one.arm) == paid["test"] * 100 / 40
    (row,) = sentences.cost_rows([one])
    assert row["per_preceded"] == pytest.approx(80 / (paid["test"] * 100) * 100)


def test_what_cannot_be_told_from_zero_says_so(given: Callable[..., Given]) -> None:
    half = "\n".join(["case_id | paid_on | amount", *(f"C{number} | 2026-01-29 | 100" for number in range(80) if number % 4 < 2)])
    shop = given(cases=CASES, payments=half, as_of="2026-06-30")
    test, _ = asked(shop.warehouse)
    (one,) = effect.compare(test, "holdout")
    assert not one.clear and one.cost_per_cash is None
    assert sentences.found([one], "en") == "test: not distinguishable from zero"
    assert sentences.verdict(one, "zh").startswith("与零无法区分（")
    assert effect.compare(test, "nobody") == [] and effect.compare(test, "holdout", 41) == []
    assert effect.default_control({name: side for name, side in test.sides.items() if name == "test"}) == "test"


def test_split_against_plan_and_months() -> None:
    rows: list[dict[str, Any]] = [
        {"placed_month": date(2026, month, 1), "arm": arm, "customers": count}
        for month in (1, 2, 3)
        for arm, count in {"standard": 500, "holdout": 100, "sms_only": 100, "sms_plus": 150, "bot_first": 150}.items()
    ]
    good = effect.split(rows, date(2026, 3, 31))
    assert good.planned == pytest.approx(1) and good.steady == pytest.approx(1) and not good.broken
    assert sentences.warning(good, "en") is None
    for row in rows:
        row["customers"] += 80 * (row["arm"] == "holdout")
    off = effect.split(rows, date(2026, 3, 31))
    assert off.broken and off.steady == pytest.approx(1) and "not split over the arms as planned" in str(sentences.warning(off, "en"))
    rows[-1]["customers"] = 700
    assert "changed from month to month" in str(sentences.warning(effect.split(rows, date(2026, 3, 31)), "en"))
    assert effect.split(rows[:2], date(2026, 3, 31)) == effect.Split(None, None)


def test_channel_shares_by_segment() -> None:
    rows = [
        {"channel": channel, "region": region, "touched_payments": count}
        for region, counts in {"East": (60, 40), "West": (30, 70), "North": (3, 4)}.items()
        for channel, count in zip(("sms", "none"), counts, strict=True)
    ]
    shown, hidden = profile.shares(rows, "region", "sms", 30)
    assert hidden == 1 and [(one.segment, one.part, one.whole) for one in shown] == [("East", 60, 100), ("West", 30, 100)]
    assert shown[0].rest == pytest.approx(0.3) and all(one.clear for one in shown)
    names = {one.segment: one.segment for one in shown}
    assert sentences.channel_title(shown, "sms", names, "en") == "SMS is the last touch before 60.0% of payments in East, 30.0% in West"
    assert sentences.channel_title(shown[:1], "sms", names, "en") is None and credits.shared(()) == []


def test_markov_column_adds_up_like_the_others(warehouse: Warehouse) -> None:
    whole = effect.Filters(start=warehouse.info.first_on, until=warehouse.info.as_of)
    net = warehouse.measure(["net_amount"], filters=whole).rows[0]["net_amount"]
    for window in credits.WINDOWS:
        for rule in credits.RULES:
            rows = credits.shared(warehouse.measure(credits.ASKED, credits.CUT, filters=credits.chosen(whole, window, rule)).rows)
            assert {credits.total(rows, method) for method in credits.METHODS} == {net}
            assert rows[-1]["channel"] == credits.NONE and len({rows[-1][method] for method in credits.METHODS}) == 1
