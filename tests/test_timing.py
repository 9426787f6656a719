"""How long it takes: what is counted on which day, which groups stand by themselves, and the page in both languages."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import timing, touching
from dashboard.filters import Filters
from dashboard.home import Home
from dashboard.methods.survival import incidence, median_time
from dashboard.warehouse import Warehouse
from tests.conftest import Given

ROOT = Path(__file__).resolve().parents[1]
CASES = """
    case_id | product | placed_on  | days_past_due | closed_on  | close_reason
    C1      | card    | 2026-01-10 | 10            |            |
    C2      | card    | 2026-01-20 | 40            | 2026-04-15 | charged_off
    C3      | loan    | 2026-02-05 | 5             | 2026-02-25 | paid
    C4      | loan    | 2026-03-01 | 100           | 2026-05-20 | settled
    C5      | loan    | 2026-06-10 | 1             |            |
    C6      | card    | 2026-01-05 | 0             | 2026-04-02 | recalled
    C7      | card    | 2026-01-05 | 20            | 2026-03-10 | recalled
    C8      | card    | 2026-01-15 | 20            | 2026-02-28 | settled
    C9      | loan    | 2026-05-01 | 20            | 2026-07-05 | paid
"""
BALANCES = """
    case_id | as_of      | days_past_due
    C1      | 2026-01-31 | 0
    C1      | 2026-02-28 | 0
    C1      | 2026-03-31 | 15
    C1      | 2026-06-30 | 0
    C2      | 2026-01-31 | 51
    C2      | 2026-03-31 | 110
    C4      | 2026-03-31 | 130
    C5      | 2026-06-30 | 21
    C6      | 2026-01-31 | 0
    C6      | 2026-02-28 | 20
    C7      | 2026-01-31 | 0
    C7      | 2026-02-28 | 0
    C8      | 2026-01-31 | 36
    C8      | 2026-02-28 | 0
    C9      | 2026-06-30 | 80
"""
PAYMENTS = """
    payment_id | case_id | paid_on    | amount | kind     | reverses
    P1         | C1      | 2026-01-15 | 50     | payment  |
    P2         | C1      | 2026-01-18 | -50    | reversal | P1
    P3         | C1      | 2026-01-20 | 400    | payment  |
    P4         | C3      | 2026-02-25 | 500    | payment  |
    P5         | C4      | 2026-05-20 | 500    | payment  |
    P6         | C2      | 2026-05-01 | 10     | payment  |
    P7         | C9      | 2026-07-05 | 1000   | payment  |
"""


def times(shop: Given, event: str) -> dict[str, tuple[int | None, str | None]]:
    # whoever has not paid yet has been waited for until the as-of day: as queries/reports/times.sql counts
    day = "coalesce(payment_days, date_diff('day', t.placed_on, as_of_day()))" if event == "payment" else f"{event}_days"
    rows = shop.sql(f"select case_id, {day}, {event}_end from model.case_times as t join model.cases using (case_key) order by case_id")
    return {case: (days, end) for case, days, end in rows if end is not None}


def test_what_is_counted_on_which_day(given: Callable[..., Given]) -> None:
    """Balances end on 30 June, the export on 10 July."""
    shop = given(cases=CASES, balances=BALANCES, payments=PAYMENTS, as_of="2026-07-10")
    assert times(shop, "payment") == {
        "C1": (10, "event"),  # the payment that was reversed is none
        "C2": (85, "left"),  # what came after it was charged off is too late
        "C3": (20, "event"),
        "C4": (80, "event"),
        "C5": (30, "open"),
        "C6": (87, "left"),
        "C7": (64, "left"),
        "C8": (44, "left"),
        "C9": (65, "event"),
    }
    assert times(shop, "cure") == {
        "C1": (21, "event"),
        "C2": (85, "left"),
        "C3": (20, "event"),  # paid in full is seen on its day
        "C4": (80, "left"),  # settled with a waiver is no cure
        "C5": (20, "open"),  # as far as the last balances
        "C7": (26, "event"),
        "C8": (44, "left"),  # at zero on the day it left: how it left counts
        "C9": (60, "open"),  # paid in full after the last balances: those still open then weren't seen either
    }  # C6 wasn't past due when placed
    assert times(shop, "redefault") == {"C1": (59, "event"), "C7": (38, "left")}


def test_balances_alone_tell_paid_in_full_from_settled(given: Callable[..., Given]) -> None:
    cases = """
        case_id | product | placed_on  | placed_balance | days_past_due
        A       | Loan    | 2026-01-05 | 100            | 10
        B       | Loan    | 2026-01-05 | 100            | 10
        C       | Loan    | 2026-01-05 | 100            | 10
    """
    balances = """
        case_id | as_of      | balance | days_past_due | state
        A       | 2026-01-31 | 100     | 36            | open
        A       | 2026-02-28 | 0       | 0             | paid off
        B       | 2026-01-31 | 100     | 36            | open
        B       | 2026-02-28 | 0       | 0             | settled
        C       | 2026-01-31 | 100     | 36            | open
        C       | 2026-02-28 | 100     | 64            | open
        C       | 2026-03-31 | 100     | 95            | open
    """
    shop = given(cases=cases, balances=balances)
    (month,) = shop.rows(["cured_cases", "past_due_cases"], start="2026-02-01", until="2026-02-28")
    assert (month["cured_cases"], month["past_due_cases"]) == (1, 3)
    assert {row["left_reason"]: row["settled_cases"] for row in shop.rows("settled_cases", "left_reason")} == {"paid": 1, "settled": 1, "open": 0}
    assert times(shop, "cure") == {"A": (54, "event"), "B": (54, "left"), "C": (85, "open")}


@pytest.mark.parametrize("most", [0.0, 1.0])  # the late ones by a whole build, or laid over the base
def test_months_without_any_balances_tell_of_no_moves(given: Callable[..., Given], monkeypatch: pytest.MonkeyPatch, most: float) -> None:
    """One balance a case, at the as-of day: of February only those that left would be known, and all of them were paid in full."""
    cases = """
        case_id | placed_on  | placed_balance | days_past_due | closed_on  | close_reason
        A       | 2026-01-05 | 100            | 10            | 2026-02-10 | paid
        B       | 2026-01-05 | 100            | 10            |            |
        C       | 2026-01-05 | 100            | 10            | 2026-04-10 | paid
    """
    monkeypatch.setattr(touching, "MOST", most)
    shop = given(cases=cases, balances="case_id | as_of | balance | days_past_due\nB | 2026-04-30 | 100 | 125", as_of="2026-04-30")
    names = ("moved_cases", "past_due_cases", "cured_cases", "cure_rate")
    rows = {str(row["month"])[5:7]: tuple(row[name] for name in names) for row in shop.rows(names, by="month")}
    assert rows["02"] == (None, None, None, None) and rows["04"][0] == 2
    late = "case_id | as_of | balance | days_past_due\nB | 2026-02-28 | 100 | 64\nB | 2026-03-31 | 100 | 95"
    shop = given(home=shop.home, balances=late, as_of="2026-04-30")
    rows = {str(row["month"])[5:7]: tuple(row[name] for name in names) for row in shop.rows(names, by="month")}
    assert (rows["02"], rows["03"]) == ((2, 2, 1, 0.5), (1, 1, 0, 0.0))


def test_without_balances_or_payments(given: Callable[..., Given]) -> None:
    shop = given(cases=CASES, as_of="2026-07-10")
    assert times(shop, "cure") == {} and times(shop, "redefault") == {}
    assert times(shop, "payment")["C1"] == (181, "open")


def asked(shop: Given, event: str, by: str, teams: tuple[str, ...] | None = None, most: int = 6, **filters: Any) -> list[dict[str, Any]]:
    return shop.warehouse.run("times", {**timing.parameters(event, by, shop.filters(**filters), teams), "most": most})


def test_groups_filters_and_scope(given: Callable[..., Given]) -> None:
    shop = given(
        cases="\n".join(
            ["case_id | product | region | placed_on"]
            + [
                f"{product}{number} | {product} | East | 2026-01-01"
                for product, many in zip("abcde", (5, 4, 3, 2, 1), strict=True)
                for number in range(many)
            ]
        ),
        collectors="collector_id | team\nW1 | North",
        assignments="case_id | collector_id | assigned_at\na0 | W1 | 2026-01-01",
        as_of="2026-03-01",
    )

    def sizes(rows: list[dict[str, Any]]) -> Mapping[Any, int]:
        return {row["value"]: row["censored"] for row in rows}

    assert sizes(asked(shop, "payment", "product", most=5)) == {"a": 5, "b": 4, "c": 3, "d": 2, "e": 1}
    assert sizes(asked(shop, "payment", "product", most=3)) == {"a": 5, "b": 4, None: 6}
    assert sizes(asked(shop, "payment", "product", product=("b", "e"))) == {"b": 4, "e": 1}
    assert sizes(asked(shop, "payment", "product", region="South")) == {}
    assert sizes(asked(shop, "payment", "team")) == {"North": 1, "house": 14}
    assert sizes(asked(shop, "payment", "product", teams=("North",))) == {"a": 1}
    assert asked(shop, "payment", "product", start="2026-01-02") == []


def test_the_counts_give_the_metrics_median(loaded_home: Path) -> None:
    warehouse = Warehouse(Home(loaded_home).info())
    placed = Filters(date(2026, 1, 1), date(2026, 6, 30))
    rows = warehouse.run("times", {**timing.parameters("payment", "product", placed, None), "most": 100})
    for answer in warehouse.measure(["time_to_first_payment"], ["product"], filters=placed).rows:
        mine = [row for row in rows if row["value"] == answer["product"]]
        assert mine
        kinds = ({row["day"]: row[name] for row in mine} for name in ("events", "competing", "censored"))
        assert median_time(*kinds) == answer["time_to_first_payment"]


def rows_of(**groups: list[tuple[int, int, int, int]]) -> list[dict[str, Any]]:
    return [
        {"value": value, "day": day, "events": events, "competing": competing, "censored": censored}
        for value, counted in groups.items()
        for day, events, competing, censored in counted
    ]


def test_curves_in_order_and_none_of_too_few() -> None:
    others = {"value": None, "day": 5, "events": 40, "competing": 0, "censored": 0}
    rows = [*rows_of(M1=[(5, 6, 1, 5)], M2=[(5, 20, 0, 0)], few=[(5, 9, 0, 0)]), others]
    assert list(timing.curves(rows)) == ["M2", "M1", None]
    assert list(timing.curves(rows, ("M1", "M2"))) == ["M1", "M2", None]
    assert timing.names(timing.curves(rows), "bucket", "zh") == {"M2": "M2", "M1": "M1", None: "其他"}


def test_marks_table_and_title() -> None:
    found = timing.curves(rows_of(a=[(10, 30, 0, 0), (95, 0, 0, 70)], b=[(20, 10, 30, 0), (95, 0, 0, 60)]))
    named: dict[str | None, str] = {"a": "a", "b": "b"}
    assert timing.marks(found) == [0, 30, 60, 90]
    table = timing.table(found, named)
    assert [(row["group"], row["day"], row["at_risk"], row["share"]) for row in table[:2]] == [("a", 0, 100, 0.0), ("a", 30, 70, 0.3)]
    assert table[1]["low"] < 0.3 < table[1]["high"] and table[1]["median"] is None
    assert (timing.finding("payment", found, named, "en") or "").replace("\\", "") == "Paid within 90 days: from 30.0% (a) down to 10.0% (b)"
    alone = timing.curves(rows_of(a=[(10, 30, 0, 0), (95, 0, 0, 70)]))
    assert timing.finding("cure", alone, named, "en") == "Cured within 90 days: 30.0% (95% interval 21.4%–39.1%)"
    assert timing.finding("cure", timing.curves(rows_of(a=[(10, 30, 0, 0)])), named, "en") is None


def test_the_figure_holds_curves_bands_and_numbers_at_risk() -> None:
    found = timing.curves(rows_of(a=[(10, 30, 0, 0), (95, 0, 0, 70)], b=[(20, 10, 30, 0), (95, 0, 0, 60)]))
    figure = timing.figure("payment", found, {"a": "<b>a</b>", "b": "b"}, "en")
    texts = [trace.text for trace in figure.data if trace.mode == "text"]
    assert [list(text) for text in texts] == [["100", "70", "70", "70"], ["100", "60", "60", "60"]]
    assert not any("<b>a</b>" in str(trace.name) for trace in figure.data)
    bands = [trace for trace in figure.data if trace.fill == "tonexty"]
    assert len(bands) == 2 and all(
        low <= high for band, top in zip(figure.data[1::4], figure.data[0::4], strict=True) for low, high in zip(band.y, top.y, strict=True)
    )
    ends = [max(trace.x) for trace in figure.data if trace.mode == "lines"]
    assert set(ends) == {95}


def test_thinning_leaves_the_curve_where_it_was() -> None:
    events = {day: 1 for day in range(1, 2001)}
    curve = incidence(events, {}, {3000: 2000})
    points = timing._drawn(curve)
    assert len(points) < 600 and points[-1][0] == 3000 and points[-1][1] == pytest.approx(0.5)
    for day, share, _, _ in points[1:-1]:
        at = curve.at(day)
        assert at is not None and at.incidence == share


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    def open_page(home: Path, lang: str, **query: str) -> AppTest:
        monkeypatch.setenv("COLLECTIONS_HOME", str(home))
        app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60)
        for name, value in {"lang": lang, **query}.items():
            app.query_params[name] = value
        app.switch_page(str(ROOT / "pages" / "timing.py"))
        app.run()
        assert not app.exception, [error.value for error in app.exception]
        return app

    return open_page


def written(app: AppTest) -> str:
    return " ".join(text.value for text in [*app.markdown, *app.caption, *app.info]).replace("\\", "")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_three_curves_with_their_words(opened: Callable[..., AppTest], loaded_home: Path, lang: str) -> None:
    app = opened(loaded_home, lang)
    said = written(app)
    for text in (
        ("Paid within 90 days", "Cured within 90 days", "month ends", "Aalen-Johansen") if lang == "en" else ("90 天内已还款", "90 天内治愈", "月末")
    ):
        assert text in said
    charts = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    assert len(charts) == 3
    app.button_group(key=f"timing_by_{lang}_bucket").set_value("product").run()
    assert not app.exception
    values = Warehouse(Home(loaded_home).info()).values("product")
    shown = {trace.get("name") for trace in json.loads(app.get("plotly_chart")[0].proto.spec)["data"]}
    assert shown & set(values)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_nothing_left(opened: Callable[..., AppTest], loaded_home: Path, lang: str) -> None:
    info = Warehouse(Home(loaded_home).info()).info
    batch = Warehouse(info).values("batch")[-1]
    app = opened(loaded_home, lang, batch=batch, **{"from": str(info.first_on), "to": str(info.first_on)})
    assert written(app).count("Nothing is left" if lang == "en" else "没有数据") == 3
    assert not app.get("plotly_chart")


@pytest.mark.parametrize(
    ("lang", "says", "advice"), [("en", "The data holds nothing of this", "Take one away"), ("zh", "没有此类数据", "请减少筛选条件")]
)
def test_nothing_of_the_kind_is_not_blamed_on_filters(
    given: Callable[..., Given], opened: Callable[..., AppTest], lang: str, says: str, advice: str
) -> None:
    shop = given(
        cases="case_id | placed_on | placed_balance | days_past_due\nA | 2026-01-05 | 100 | 0",
        balances="case_id | as_of | days_past_due\nA | 2026-01-31 | 0",
    )
    said = written(opened(shop.home.path, lang))
    assert says in said and advice not in said


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_not_supplied_and_too_few(opened: Callable[..., AppTest], given: Callable[..., Given], lang: str) -> None:
    shop = given(
        cases="case_id | placed_on\nC1 | 2026-01-05\nC2 | 2026-01-06",
        payments="case_id | paid_on | amount\nC1 | 2026-01-20 | 250.00",
        as_of="2026-02-28",
    )
    said = written(opened(shop.home.path, lang))
    assert said.count("Balances" if lang == "en" else "余额") >= 2
    assert ("Fewer than 10 cases" if lang == "en" else "均少于 10 件") in said
    alone = given(cases="case_id | placed_on\nC1 | 2026-01-05", as_of="2026-02-28")
    assert ("Payments (payments)" if lang == "en" else "(payments)") in written(opened(alone.home.path, lang))
