"""From a figure to its rows and to one case: rows add up to the figure, pages are whole, scope holds, and what is typed stays data."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import charts, state, story
from dashboard.access import LOCAL, Scope
from dashboard.behind import Behind, reach
from dashboard.filters import Filters
from dashboard.home import Home
from dashboard.metrics import UnknownName, dimension, metrics
from dashboard.state import State, address
from dashboard.warehouse import QueryFailed, Warehouse, contribution
from dashboard.words import word
from tests.conftest import Given
from tests.test_pages import CHINESE, LATIN, data_values, texts

ROOT = Path(__file__).resolve().parents[1]
PLAIN = [entry.id for entry in metrics().values() if entry.of]
ADDED_UP = [name for name in PLAIN if contribution(metrics()[name])[0] is not None]
#: Whole months, days that are none, one month.
PERIODS = [(date(2026, 3, 1), date(2026, 8, 31)), (date(2026, 3, 10), date(2026, 9, 20)), (date(2026, 8, 1), date(2026, 8, 31))]


@pytest.fixture(scope="module")
def shop(module_given: Callable[..., Given]) -> Given:
    return module_given(
        cases="""
            case_id | customer_id | product | region | batch | placed_on  | placed_balance | days_past_due | closed_on  | close_reason
            C1      | K1          | card    | north  | B1    | 2026-01-05 | 1000           | 35            |            |
            C2      | K2          | card    | south  | B1    | 2026-01-20 | 500            | 5             | 2026-03-10 | paid
            C3      | K1          | loan    | north  | B2    | 2026-02-03 | 800            | 65            | 2026-04-02 | charged_off
            C10     | K3          | loan    | ''     | B2    | 2026-03-15 | 300            | 10            |            |
        """,
        payments="""
            payment_id | case_id | paid_on    | posted_on  | amount  | kind
            P1         | C1      | 2026-02-10 | 2026-02-11 | 100.10  | payment
            P2         | C1      | 2026-03-10 | 2026-03-31 | 200.20  | payment
            P3         | C2      | 2026-03-10 | 2026-03-10 | 500.00  | payment
            P4         | C1      | 2026-03-12 | 2026-04-01 | -50.05  | reversal
            P5         | C10     | 2026-03-20 | 2026-03-20 | 30.00   | payment
            P6         | C3      | 2026-04-01 | 2026-04-01 | 20.00   | waiver
        """,
        balances="""
            case_id | as_of      | balance | days_past_due
            C1      | 2026-01-31 | 1000    | 61
            C2      | 2026-01-31 | 500     | 16
            C1      | 2026-02-28 | 899.90  | 89
            C2      | 2026-02-28 | 500     | 44
            C3      | 2026-02-28 | 800     | 90
            C1      | 2026-03-31 | 749.75  | 0
            C3      | 2026-03-31 | 800     | 121
            C10     | 2026-03-31 | 270     | 26
        """,
        assignments="""
            case_id | assigned_at         | collector_id | released_at
            C1      | 2026-01-05 09:00:00 | W1           | 2026-02-15 18:00:00
            C1      | 2026-02-16 09:00:00 | W2           |
            C3      | 2026-02-03 09:00:00 | W2           |
        """,
        collectors="""
            collector_id | name | team | grade
            W1           | Anna | A    | senior
            W2           | Ben  | B    | junior
        """,
        contacts="""
            contact_id | case_id | started_at          | channel | outcome  | collector_id
            T1         | C1      | 2026-02-01 10:30:00 | phone   | answered | W1
        """,
        promises="promise_id | case_id | made_at | due_on | amount\nR1 | C1 | 2026-02-01 10:31:00 | 2026-02-10 | 100",
        as_of="2026-05-31",
    )


@pytest.fixture(scope="module")
def sampled(loaded_home: Path) -> Warehouse:
    return Warehouse(Home(loaded_home).info())


@cache
def measured(warehouse: Warehouse, name: str, by: tuple[str, ...], filters: Filters, scope: Scope = LOCAL) -> list[dict[str, Any]]:
    """What a metric is measured at, asked once for all its groups."""
    return warehouse.measure([name], by, filters=filters, scope=scope).rows


def same(warehouse: Warehouse, name: str, filters: Filters, scope: Scope = LOCAL, by: dict[str, Any] | None = None) -> None:
    """The rows of a metric (or of a group) add up to what it is measured at, none is listed that adds nothing, and all are listed."""
    group = by or {}
    answer = measured(warehouse, name, tuple(group), filters, scope)
    figure = next((row[name] for row in answer if all(row[key] == value for key, value in group.items())), None)
    found = warehouse.rows(name, group, filters=filters, scope=scope)
    assert (found.total or 0) == (figure or 0), (name, filters, group)
    assert sum((row["counted"] for row in found.rows), Decimal(0)) == found.total and found.count == len(found.rows)
    assert all(row["counted"] for row in found.rows)


@pytest.mark.parametrize("name", ADDED_UP)
def test_rows_add_up_to_the_figure_drawn(shop: Given, name: str) -> None:
    if shop.warehouse.missing(name):
        with pytest.raises(QueryFailed, match="not supplied"):
            shop.warehouse.rows(name, filters=shop.filters())
        return
    for start, until in [(None, None), ("2026-03-01", "2026-03-31"), ("2026-02-07", "2026-04-20")]:
        same(shop.warehouse, name, shop.filters(start, until))
        same(shop.warehouse, name, shop.filters(start, until), Scope(teams=("B",)))
        if dimension("product").carried_by(metrics()[name].of or ""):  # rows of people don't know every attribute of a case
            same(shop.warehouse, name, shop.filters(start, until, product="card"))


def test_the_rows_of_net_cash_are_its_postings(shop: Given) -> None:
    found = shop.warehouse.rows("net_amount", filters=shop.filters("2026-03-01", "2026-03-31"), order="counted", descending=True)
    assert [(row["case_id"], row["counted"], row["payment_id"], row["file"], row["source_line"]) for row in found.rows] == [
        ("C2", Decimal("500.00"), "P3", "payments.csv", 4),
        ("C1", Decimal("200.20"), "P2", "payments.csv", 3),
        ("C10", Decimal("30.00"), "P5", "payments.csv", 6),
        ("C1", Decimal("-50.05"), "P4", "payments.csv", 5),
    ]
    assert (found.count, found.total, found.row) == (4, Decimal("680.15"), "posting")


@pytest.mark.parametrize("name", ADDED_UP)
def test_rows_add_up_to_the_figure_in_the_sample(sampled: Warehouse, name: str) -> None:
    """Also of the first and the last month, which the period's ends cut, and of another bucket each time."""
    warehouse = sampled
    if warehouse.missing(name):
        return
    product, team = warehouse.values("product")[0], warehouse.values("team")[0]
    for turn, (start, until) in enumerate(PERIODS):
        filters = Filters(start, until)
        same(warehouse, name, filters)
        if metrics()[name].unfiltered or metrics()[name].of == "sources":
            continue
        if not all(dimension(cut).carried_by(metrics()[name].of or "") for cut in ("product", "bucket")):  # as rows of people
            same(warehouse, name, filters, Scope(teams=(team,)))
            continue
        same(warehouse, name, filters.replace(where=(("product", (product,)), ("bucket", ("M1", "M2")))), Scope(teams=(team,)))
        months = {row["month"]: row for row in measured(warehouse, name, ("month", "product"), filters)}
        for month in {min(months), max(months)} if months else ():
            same(warehouse, name, filters, by={"month": month, "product": months[month]["product"]})
        buckets = measured(warehouse, name, ("bucket",), filters)
        if buckets:
            same(warehouse, name, filters, by={"bucket": buckets[(turn - 1) % len(buckets)]["bucket"]})


def test_cells_of_a_triangle_and_of_a_matrix_open_too(sampled: Warehouse) -> None:
    warehouse = sampled
    filters = Filters(date(2026, 1, 1), date(2026, 8, 31))
    for name, by in (("cohort_net_amount", ("placed_month", "months_since_placement")), ("moved_amount", ("start_state", "end_state"))):
        rows = warehouse.measure([name], by, filters=filters).rows
        assert len(rows) > 5
        for row in rows[::3]:
            same(warehouse, name, filters, by={key: row[key] for key in by})


def test_what_is_no_sum_shows_all_its_rows(sampled: Warehouse) -> None:
    warehouse = sampled
    filters = Filters(date(2026, 3, 1), date(2026, 3, 31))
    found = warehouse.rows("time_to_first_payment", filters=filters)
    assert found.total is None and found.count == warehouse.measure(["placed_cases"], filters=filters).rows[0]["placed_cases"]
    with pytest.raises(UnknownName, match="net_amount, opening_amount"):
        warehouse.rows("recovery_rate", filters=filters)


@pytest.mark.parametrize("name", ["net_amount", "opening_amount", "cured_cases", "cohort_net_amount"])
def test_pages_are_whole_and_stay(sampled: Warehouse, name: str) -> None:
    warehouse, filters = sampled, Filters(date(2026, 3, 1), date(2026, 8, 31))
    columns = [column for column in warehouse.rows(name, filters=filters, limit=1).columns if column not in ("case_id", "file")]
    for order in columns:
        for descending in (False, True):
            every = warehouse.rows(name, filters=filters, order=order, descending=descending)
            size = every.count // 4 + 1
            pages = [
                warehouse.rows(name, filters=filters, order=order, descending=descending, limit=size, offset=offset)
                for offset in range(0, every.count + size, size)
            ]
            assert len(pages) == 5 and not pages[-1].rows
            assert [row for page in pages for row in page.rows] == every.rows
            assert {(page.count, page.total) for page in pages} == {(every.count, every.total)}
            known = [row[order] for row in every.rows if row[order] is not None]
            assert known == sorted(known, reverse=descending)


def test_rows_stay_in_scope(shop: Given) -> None:
    found = shop.warehouse.rows("opening_cases", filters=shop.filters("2026-03-01", "2026-03-31"), scope=Scope(teams=("B",)))
    assert [(row["case_id"], row["team"]) for row in found.rows] == [("C1", "B"), ("C3", "B")]
    before = shop.warehouse.rows("opening_cases", filters=shop.filters("2026-02-01", "2026-02-28"), scope=Scope(teams=("B",)))
    assert before.rows == []


@pytest.mark.parametrize("order", ["counted; drop table model.cases", "1", "case_key desc, counted", "period", "counted desc", ""])
def test_a_column_to_sort_by_is_looked_up(shop: Given, order: str) -> None:
    with pytest.raises(UnknownName, match="can't be put in order"):
        shop.warehouse.rows("net_amount", filters=shop.filters(), order=order)


def test_values_are_data(shop: Given) -> None:
    hostile = "card' or '1'='1"
    assert shop.warehouse.rows("net_amount", {"product": hostile}, filters=shop.filters()).count == 0
    with pytest.raises(UnknownName):
        shop.warehouse.rows("net_amount", {"product = 'card' or region": "x"}, filters=shop.filters())
    for sought in ("' or 1=1 --", "%", "_", "C1'; drop table model.cases; --", "\\", "$sought", "c1"):
        assert shop.warehouse.run("case_find", {"sought": sought, "teams": None, "limit": 50}) == []
    assert shop.warehouse.run("case_facts", {"case_id": "C1' or '1'='1", "teams": None}) == []


def found(shop: Given, sought: str, teams: list[str] | None = None) -> list[str]:
    return [row["case_id"] for row in shop.warehouse.run("case_find", {"sought": sought, "teams": teams, "limit": 50})]


def test_a_case_is_found_by_its_id_or_its_customers(shop: Given) -> None:
    assert found(shop, "C1") == ["C1", "C10"]
    assert found(shop, "C10") == ["C10"]
    assert found(shop, "K1") == ["C1", "C3"]
    assert found(shop, "K") == ["C1", "C10", "C2", "C3"]
    assert found(shop, "1") == []


def test_only_cases_a_team_held_are_found_and_told(shop: Given) -> None:
    assert found(shop, "C", ["A"]) == ["C1"] and found(shop, "C", ["B"]) == ["C1", "C3"] and found(shop, "C2", ["A"]) == []
    for name, more in (("case_facts", {}), ("case_events", {"names": True})):
        assert shop.warehouse.run(name, {"case_id": "C3", "teams": ["A"], **more}) == []
        assert shop.warehouse.run(name, {"case_id": "C3", "teams": ["B"], **more}) != []
        assert shop.warehouse.run(name, {"case_id": "C2", "teams": ["A", "B"], **more}) == []


def test_the_whole_story_in_order(shop: Given) -> None:
    rows = shop.warehouse.run("case_events", {"case_id": "C1", "teams": None, "names": True})
    told = story.told(rows, "en", "CNY")
    assert [(event["day"], event["what"]) for event in told] == [
        ("5 Jan 2026", "Placed"),
        ("5 Jan 2026 09:00", "Assigned"),
        ("31 Jan 2026", "Balance"),
        ("1 Feb 2026 10:30", "Contact"),
        ("1 Feb 2026 10:31", "Promise to pay"),
        ("10 Feb 2026", "Posting"),
        ("16 Feb 2026 09:00", "Assigned"),
        ("28 Feb 2026", "Balance"),
        ("10 Mar 2026", "Posting"),
        ("12 Mar 2026", "Posting"),
        ("31 Mar 2026", "Balance"),
    ]
    by_line = {(event["file"], event["line"]) for event in told}
    assert ("contacts.csv", 2) in by_line and ("payments.csv", 5) in by_line
    contact = told[3]
    assert contact["detail"] == "Phone · Answered" and contact["who"] == "Anna W1 · A"
    assert told[4]["detail"] == "due 10 Feb 2026" and told[9]["detail"].startswith("Reversal")
    assert sum(event["money"] for event in told if event["what"] == "Posting" and event["money"] is not None) == Decimal("250.25")
    hidden = story.told(shop.warehouse.run("case_events", {"case_id": "C1", "teams": None, "names": False}), "zh", "CNY")
    assert "Anna" not in str(hidden) and hidden[3]["detail"] == "电话 · 已接听" and hidden[3]["who"] == "W1 · A"
    lanes = story.lanes(told, "en", shop.warehouse.info.as_of)
    assert [name for _, name, _ in lanes] == ["Held by", "Case", "Balances", "Contacts", "Promises", "Payments"]
    assert lanes[0][2][1][1].date() == date(2026, 5, 31)
    figure = charts.timeline(lanes, shop.warehouse.info.as_of, "en")
    assert list(figure.layout.yaxis.ticktext) == [name for _, name, _ in lanes]


# --- links ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "figure",
    [
        Behind("net_amount"),
        Behind("recovery_rate", ("bucket",), ("M2",), "opening_amount"),
        Behind("recovery_rate", ("month",), (date(2026, 3, 1),), reach=13),
        Behind("liquidation_rate", ("placed_month", "months_since_placement"), (date(2026, 1, 1), 3), reach=18),
        Behind("net_amount", ("region",), ("",)),
        Behind("net_amount", ("placed_month",), (None,)),
    ],
)
def test_a_link_says_the_figure(figure: Behind) -> None:
    query = {name: [value] if isinstance(value, str) else value for name, value in figure.to_query().items()}
    assert Behind.from_query(query, "opening_amount") == figure


@pytest.mark.parametrize(
    "query",
    [
        {"metric": ["net_amount; drop table x"]},
        {"metric": []},
        {"cut": ["product; --"], "value": ["x"]},
        {"cut": ["month"], "value": ["yesterday"], "metric": ["opening_amount"], "reach": ["-1"]},
        {"cut": ["product", "product"], "value": ["a", "b"], "side": ["net_amount"], "reach": ["9e9"]},
    ],
)
def test_a_link_that_makes_no_sense_falls_back(query: dict[str, list[str]]) -> None:
    made = Behind.from_query(query, "opening_amount")
    assert made.metric == "opening_amount" and made.values is None and made.side is None and made.reach == 0


def test_how_far_a_panel_reaches_back() -> None:
    view = Filters(date(2026, 8, 1), date(2026, 8, 31))
    assert reach(view, None, date(2026, 10, 31)) == 0 and reach(view, view, date(2026, 10, 31)) == 0
    chosen = view.trailing(13, date(2020, 1, 1), date(2026, 10, 31))
    assert reach(view, chosen, date(2026, 10, 31)) == 13


# --- the page ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def opened(loaded_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., AppTest]:
    monkeypatch.setenv("COLLECTIONS_HOME", str(loaded_home))
    monkeypatch.setenv("COLLECTIONS_STATE", f"sqlite:///{tmp_path / 'state.db'}")

    def open_page(page: str, lang: str, case: str | None = None, home: Path = loaded_home, **query: str | list[str]) -> AppTest:
        monkeypatch.setenv("COLLECTIONS_HOME", str(home))
        app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60)
        app.query_params["lang"] = lang
        for name, value in query.items():
            app.query_params[name] = value
        if case is not None:
            app.session_state["case_open"] = (Home(home).info().dataset, case)
        if page != "overview":
            app.switch_page(str(ROOT / "pages" / f"{page}.py"))
        app.run()
        assert not app.exception, [error.value for error in app.exception]
        return app

    return open_page


def in_one_language(app: AppTest, lang: str, home: Path, *known: str) -> None:
    names = sorted({*data_values(Home(home)), *known}, key=len, reverse=True)
    for text in texts(app):
        rest = (text or "").replace("\\", "")
        for name in names:
            rest = rest.replace(name.replace("\\", ""), "")
        rest = rest.replace("中文", "")
        assert not (lang == "en" and CHINESE.search(rest)), rest
        assert not (lang == "zh" and re.search(r"[A-Za-z]{2,}", LATIN.sub("", rest))), rest


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(
    "query",
    [
        {"metric": "net_amount"},
        {"metric": "recovery_rate", "side": "opening_amount", "cut": "month", "reach": "13"},
        {"metric": "liquidation_rate", "cut": ["placed_month", "months_since_placement"], "reach": "18"},
        {"metric": "moved_amount", "cut": ["start_state", "end_state"]},
        {"metric": "time_to_first_payment"},
        {"metric": "cure_rate", "from": "2026-08-01", "to": "2026-08-31"},
    ],
    ids=lambda query: query["metric"],
)
def test_the_page_shows_rows_that_are_the_figure(opened: Callable[..., AppTest], loaded_home: Path, lang: str, query: dict[str, Any]) -> None:
    app = opened("cases", lang, **query)
    in_one_language(app, lang, loaded_home)
    assert not app.error
    assert len(app.success) == (0 if query["metric"] == "time_to_first_payment" else 1)
    assert len(app.dataframe) == 1 and 0 < len(app.dataframe[0].value) <= 50


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_tells_a_case(opened: Callable[..., AppTest], loaded_home: Path, lang: str) -> None:
    warehouse = Warehouse(Home(loaded_home).info())
    case_id = warehouse.rows("net_amount", filters=Filters(date(2026, 3, 1), date(2026, 8, 31)), limit=1).rows[0]["case_id"]
    app = opened("cases", lang, case_id)
    assert any(case_id in text.value for text in app.markdown)
    arms = {row["strategy"] for row in warehouse.run("case_facts", {"case_id": case_id, "teams": None})}
    people = {event["who"] for event in story.told(warehouse.run("case_events", {"case_id": case_id, "teams": None, "names": True}), lang, "CNY")}
    rows = warehouse.run("case_events", {"case_id": case_id, "teams": None, "names": True})
    methods = {str(row[name]) for row in rows for name in ("method", "note") if row[name]}
    parts = {part for who in people if who for part in who.split(" · ")}
    in_one_language(app, lang, loaded_home, case_id, *arms, *parts, *methods)
    figure = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert len(figure["layout"]["yaxis"]["ticktext"]) > 2
    assert len(app.dataframe[0].value) == len(warehouse.run("case_events", {"case_id": case_id, "teams": None, "names": True}))
    assert not any(case_id in str(value) for value in app.query_params.values())
    app.button(key="case_close").click().run()
    assert app.success and not app.exception


def test_searching_on_the_page(opened: Callable[..., AppTest]) -> None:
    app = opened("cases", "en")
    app.text_input(key="case_sought").set_value("C0000").run()
    assert any("found" in text.value for text in app.caption) and len(app.dataframe) == 2
    app.text_input(key="case_sought").set_value("' or 1=1 --").run()
    assert any("No case you may see" in text.value for text in app.info) and not app.exception


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_says_what_is_not_supplied(opened: Callable[..., AppTest], given: Callable[..., Given], lang: str) -> None:
    bare = given(cases="case_id | placed_on | placed_balance\nC1 | 2026-01-05 | 1000", as_of="2026-02-28")
    app = opened("cases", lang, home=bare.home.path, metric="net_amount")
    assert any("payments" in text.value for text in app.info)
    told = opened("cases", lang, "C1", home=bare.home.path)
    assert any("contacts" in text.value and "payments" in text.value and "instalments" in text.value for text in told.info)
    said = [text.value for text in told.caption]
    assert not any("¥0" in text for text in said)  # no cash supplied is not none paid
    assert not any(word("case.open", lang) in text for text in said)  # nor is an unknown end none
    told.text_input(key="case_sought").set_value("C1").run()
    assert told.dataframe[0].value["net_amount"].isna().all()
    nobody = opened("cases", lang, "C99", home=bare.home.path)
    assert not nobody.exception and not nobody.get("plotly_chart")


def test_rows_say_nothing_of_cash_that_is_not_supplied(given: Callable[..., Given]) -> None:
    bare = given(cases="case_id | placed_on | placed_balance\nC1 | 2026-01-05 | 1000", as_of="2026-02-28")
    for name in ("placed_amount", "cohort_placed_amount"):
        found = bare.warehouse.rows(name, filters=bare.filters())
        assert found.total == 1000 and "net_amount" not in found.columns and "placed_amount" in found.columns


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_without_cases_none_is_said_to_be_unknown(opened: Callable[..., AppTest], given: Callable[..., Given], lang: str) -> None:
    paid = given(payments="case_id | paid_on | amount\nC1 | 2026-01-09 | 10", as_of="2026-02-28")
    app = opened("cases", lang, "C1", home=paid.home.path)
    assert len([text for text in app.info if "cases" in text.value]) == 3 and len(app.info) == 3
    assert not any(one.key == "case_sought" for one in app.text_input) and len(app.dataframe[0].value) == 1


def test_every_panel_with_a_figure_leads_to_its_rows(opened: Callable[..., AppTest]) -> None:
    links = [link.proto for page in ("overview", "recovery") for link in opened(page, "en").get("page_link")]
    behind = [link for link in links if link.label == "Rows behind"]
    assert len(behind) >= 12
    assert all("metric=" in link.query_string and "from=" in link.query_string and "case" not in link.query_string for link in behind)


# --- notes and views on pages -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_note_stands_on_charts_over_time_and_in_a_table(opened: Callable[..., AppTest], loaded_home: Path, lang: str) -> None:
    kept = State(address(loaded_home))
    kept.add_note("sample", date(2026, 5, 10), "系统故障", text_en="Outage", until_date=date(2026, 5, 12))
    kept.add_note("sample", date(2026, 5, 20), "x", scope={"team": ["somebody else's"]})
    kept.close()
    team = Warehouse(Home(loaded_home).info()).values("team")[0]
    app = opened("overview", lang, team=team)
    figures = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    said = [note["text"] for figure in figures for note in figure["layout"].get("annotations", [])]
    assert [text for text in said if text.startswith("<b>1</b>")] == [f"<b>1</b> {'Outage' if lang == 'en' else '系统故障'}"]
    assert not any(text.startswith("<b>2</b>") for text in said)
    assert any("Outage" in str(table.value.values) or "系统故障" in str(table.value.values) for table in app.dataframe)


def test_a_note_on_other_teams_stands_on_nobody_s_charts_but_theirs(
    opened: Callable[..., AppTest], loaded_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, other = Warehouse(Home(loaded_home).info()).values("team")[:2]
    (tmp_path / "people.toml").write_text(f'[[person]]\nid = "li"\nrole = "leader"\nteams = ["{own}"]', encoding="utf-8")
    monkeypatch.setenv("COLLECTIONS_PEOPLE", str(tmp_path / "people.toml"))
    monkeypatch.setenv("COLLECTIONS_USER", "li")
    kept = State(address(loaded_home))
    for day, team in ((10, own), (20, other)):
        kept.add_note("sample", date(2026, 5, day), f"note {day}", scope={"team": [team]})
    kept.close()
    charts = "".join(chart.proto.spec for chart in opened("overview", "en").get("plotly_chart"))
    assert "note 10" in charts and "note 20" not in charts


def test_notes_on_a_figure_stay_in_it() -> None:
    def note(on: date, until: date | None = None) -> Any:
        return SimpleNamespace(on_date=on, until_date=until, read=lambda lang: "<b>bold</b>")

    rows = [{"month": date(2026, month, 1), "net_amount": month} for month in (1, 2, 3)]
    figure = charts.by_month(rows, metrics()["net_amount"], "en", "CNY")
    before, inside, last, after = note(date(2025, 12, 1)), note(date(2026, 2, 3)), note(date(2026, 3, 30)), note(date(2026, 4, 1))
    lasting = note(date(2025, 11, 1), date(2026, 1, 5))
    assert charts.noted(figure, [lasting, before, inside, last, after], "en") == [lasting, inside, last]
    assert "&lt;b&gt;bold" in figure.layout.annotations[-1].text
    assert len([shape for shape in figure.layout.shapes if shape.type == "line"]) == 3
    other = charts.bars([{"product": "card", "net_amount": 1}], metrics()["net_amount"], "product", {}, "en", "CNY")
    assert charts.noted(other, [inside], "en") == [] and not other.layout.shapes


def test_writing_changing_and_withdrawing_a_note(opened: Callable[..., AppTest], loaded_home: Path) -> None:
    app = opened("data", "en")
    app.text_input(key="note_text_en_new_0").set_value("New strategy").run()
    app.button(key="note_write").click().run()
    kept = State(address(loaded_home))
    (note,) = kept.notes("sample")
    assert note.text == "New strategy" and note.on_date == Home(loaded_home).info().as_of
    app.button(key=f"note_edit_{note.id}").click().run()
    app.text_input(key=f"note_text_en_{note.id}_1").set_value("New plan").run()
    app.button(key="note_write").click().run()
    (changed,) = kept.notes("sample")
    assert changed.text == "New plan" and changed.id != note.id
    app.button(key=f"note_ask_{changed.id}").click().run()
    assert kept.notes("sample")
    app.button(key=f"note_withdraw_{changed.id}").click().run()
    assert kept.notes("sample") == [] and not app.exception
    app.button(key="note_write").click().run()
    assert any("needs a text" in warning.value for warning in app.warning)
    kept.close()


def test_saving_and_deleting_a_view(opened: Callable[..., AppTest], loaded_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened("recovery", "en", bucket="M2")
    app.text_input(key="saved_name_en_0").set_value("*M2* [a](b)").run()
    app.button(key="saved_save").click().run()
    kept = State(address(loaded_home))
    (view,) = kept.views()
    assert view.path == "recovery" and view.parameters()["bucket"] == ["M2"] and not view.pinned
    app.text_input(key="saved_name_en_1").set_value("*M2* [a](b)").run()
    app.button(key="saved_save").click().run()
    assert any("already" in warning.value for warning in app.warning)
    monkeypatch.setattr(state, "LONGEST_LINK", 10)
    app.text_input(key="saved_name_en_1").set_value("Another").run()
    app.button(key="saved_save").click().run()
    assert any("too long" in warning.value for warning in app.warning)
    app.text_input(key="saved_name_en_1").set_value(" ").run()
    app.button(key="saved_save").click().run()
    assert any("needs a name" in warning.value for warning in app.warning)
    app.button(key=f"view_ask_{view.id}").click().run()
    assert kept.views()
    app.button(key=f"view_delete_{view.id}").click().run()
    assert kept.views() == [] and not app.exception
    kept.close()


@pytest.mark.parametrize(("role", "more", "may"), [("manager", "", True), ("leader", 'teams = ["A"]', False)])
def test_a_view_of_somebody_else_s_says_whose_it_is(
    opened: Callable[..., AppTest], loaded_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: str, more: str, may: bool
) -> None:
    (tmp_path / "people.toml").write_text(f'[[person]]\nid = "me"\nrole = "{role}"\n{more}', encoding="utf-8")
    monkeypatch.setenv("COLLECTIONS_PEOPLE", str(tmp_path / "people.toml"))
    monkeypatch.setenv("COLLECTIONS_USER", "me")
    kept = State(address(loaded_home))
    mine, theirs = (kept.save_view("North", "recovery", {}, author=who) for who in ("me", "li@example.com"))
    app = opened("recovery", "en")
    buttons = {button.key for button in app.button}
    assert f"view_ask_{mine}" in buttons and (f"view_ask_{theirs}" in buttons) == may
    assert [text.value.replace("\\", "") for text in app.caption if text.value.startswith("newest")] == ["newest", "newest · li@example.com"]
    kept.close()


def test_a_state_that_cannot_be_read_does_not_stop_a_page(opened: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_text("no database " * 500)
    app = opened("overview", "en")
    monkeypatch.setenv("COLLECTIONS_STATE", f"sqlite:///{tmp_path / 'broken.db'}")
    app.run()
    assert not app.exception and app.metric and any("can't be reached" in warning.value for warning in app.warning)


def test_a_figure_keeps_its_side() -> None:
    figure = Behind("recovery_rate")
    assert figure.sides == ("net_amount", "opening_amount") and figure.shown == "net_amount"
    assert replace(figure, side="opening_amount").shown == "opening_amount"


def test_what_is_no_sum_opens_to_the_rows_it_is_made_of(sampled: Warehouse) -> None:
    """The hours that machines answered in, and the median delay of promises kept late: not every contact and every promise."""
    filters = Filters(date(2026, 3, 1), date(2026, 5, 31))
    covered = sampled.rows("hours_covered", filters=filters)
    hours = {row["started_at"].hour for row in covered.rows}
    assert len(hours) == sampled.measure(["hours_covered"], filters=filters).rows[0]["hours_covered"]
    assert {row["automation"] for row in covered.rows} == {"automated"} and covered.total is None
    late = sampled.rows("promise_slippage", filters=filters)
    assert late.count == sampled.measure(["late_promises"], filters=filters).rows[0]["late_promises"]
    assert all(row["kept_on"] > row["due_on"] for row in late.rows)
