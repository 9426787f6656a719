"""Every page, in both languages, run as a person would open it: with data, with nothing left, with tables not supplied."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard import formats
from dashboard.drawing import shortened
from dashboard.filters import Filters
from dashboard.home import Home
from dashboard.metrics import metrics
from dashboard.warehouse import QueryFailed, Warehouse

ROOT = Path(__file__).resolve().parents[1]
PAGES = (
    "overview",
    "recovery",
    "team",
    "collector",
    "forecast",
    "timing",
    "cases",
    "data",
    "upload",
    "definitions",
    "rollout",
    "effects",
    "channels",
    "intensity",
    "conduct",
    "incentives",
    "whatif",
    "attribution",
    "plans",
)
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff]")
#: Latin words that Chinese pages hold too: file kinds, units, encodings, buckets, and what stands in code spans or brackets (ids).
LATIN = re.compile(
    r"`[^`]*`|:[a-z-]+(?:/[a-z_]+:|\[)|CSV|Excel|EN|UTC|utf-8|\b(?:zip|csv|gz|txt|tsv|parquet|xlsx|xlsm|xls|json|jsonl|ndjson|toml|MB)\b|Asia/\w+|\b[A-Z]{3}\b|\bM\d\b|\bid\b|\([a-z_.|]+\)|\b[a-z]+_[a-z_0-9]+\b|[\w.-]+\.(?:csv|json|parquet)"
)

Open = Callable[..., AppTest]


@pytest.fixture
def home(loaded_home: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("COLLECTIONS_HOME", str(loaded_home))
    return Home(loaded_home)


@pytest.fixture
def opened(home: Home) -> Open:
    def open_page(page: str = "overview", lang: str = "en", **query: str | list[str]) -> AppTest:
        app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60)
        app.query_params["lang"] = lang
        for name, value in query.items():
            app.query_params[name] = value
        if page != "overview":  # as a link opens it, without the first page before it
            app.switch_page(str(ROOT / "pages" / f"{page}.py"))
        app.run()
        assert not app.exception, [error.value for error in app.exception]
        return app

    return open_page


def texts(app: AppTest) -> Iterator[str]:
    """Every text the server sends to be read, figures and table heads included."""
    for element in app.main:
        yield from _texts(element)
    for element in app.sidebar:
        yield from _texts(element)


def _texts(element: Any) -> Iterator[str]:
    if element.type == "metric":
        yield from (element.label, element.value, element.delta, element.help)
    elif element.type in ("markdown", "caption", "title", "subheader", "header", "info", "warning", "error", "text"):
        yield element.value
        yield getattr(element, "help", "") or ""
    elif element.type in ("button", "selectbox", "multiselect", "button_group", "radio", "text_input"):
        yield element.label
        if hasattr(element, "options"):
            yield from (str(option) for option in element.options)
        yield getattr(element, "placeholder", "") or ""
    elif element.type == "plotly_chart":
        yield from _drawn(json.loads(element.proto.spec))
    for child in getattr(element, "children", {}).values():
        yield from _texts(child)


def _drawn(part: Any, key: str = "") -> Iterator[str]:
    """Every text in a figure that a reader sees: labels, ticks, notes, hover texts."""
    if isinstance(part, dict):
        for name, value in part.items():
            if name != "template":
                yield from _drawn(value, name)
    elif isinstance(part, list):
        for value in part:
            yield from _drawn(value, key)
    elif isinstance(part, str) and key in ("text", "ticktext", "name", "customdata"):
        yield re.sub(r"<[^<>]*>|%\{\w+\}", " ", part)


def data_values(home: Home) -> set[str]:
    """Names that stand in the data itself and stay as they are."""
    warehouse = Warehouse(home.info())
    found = {value for name in ("product", "region", "team", "batch", "strategy") for value in warehouse.values(name)}
    info = warehouse.info
    found |= {str(row[name]) for row in warehouse.run("collectors") for name in ("name", "site", "agency", "grade", "collector_id")}
    found |= {row["course"] for who in warehouse.values("collector") for row in warehouse.run("courses", {"collector": who})}
    found |= {text for row in warehouse.run("milestones") for text in (row["name"], row["owner"], row["milestone_id"])}
    found |= {row["name"] for row in warehouse.run("pay_names", {"names": True, "teams": None, "collector": None})}
    everything = Filters(info.first_on, info.as_of)
    found |= {row["complaint_category"] for row in warehouse.measure(["complaints"], ["complaint_category"], filters=everything).rows}
    found |= {row["difficulty"] for row in warehouse.measure(["followups_done"], ["difficulty"], filters=everything).rows if row["difficulty"]}
    return {
        *found,
        *metrics(),
        "Aalen-Johansen",
        "Kaplan-Meier",
        *info.title.values(),
        *info.note.values(),
        info.id,
        info.dataset,
        *(formats.plain(value) for value in found),
        *(shortened(value) for value in found),
    }


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_word_is_left_in_the_other_language(opened: Open, home: Home, page: str, lang: str) -> None:
    mappings = {path.stem for path in (ROOT / "data" / "mappings").glob("*.toml")}
    known = sorted(data_values(home) | mappings, key=len, reverse=True)
    found = []
    for text in texts(opened(page, lang)):
        rest = (text or "").replace("\\", "")
        for value in known:
            rest = rest.replace(value.replace("\\", ""), "")
        rest = rest.replace("中文", "")
        if lang == "en" and CHINESE.search(rest):
            found.append(rest)
        if lang == "zh" and re.search(r"[A-Za-z]{2,}", LATIN.sub("", rest)):
            found.append(rest)
    assert not found


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_filters_that_leave_nothing_say_what_to_do(opened: Open, home: Home, page: str, lang: str) -> None:
    warehouse = Warehouse(home.info())
    batch = warehouse.values("batch")[-1]
    app = opened(page, lang, batch=batch, **{"from": str(warehouse.info.first_on), "to": str(warehouse.info.first_on)})
    shown = " ".join(filter(None, texts(app)))
    assert formats.plain(batch) in shown
    assert not re.search(r"\b(nan|None)\b", shown)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_tables_not_supplied_are_named(given: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, opened: Open, page: str, lang: str) -> None:
    shop = given(
        cases="""
            case_id | placed_on  | placed_balance | product
            C1      | 2026-01-05 | 1000.00        | <b>x</b>
            C2      | 2026-02-05 | 500.00         | *Card* [a](http://b)
        """,
        payments="""
            case_id | paid_on    | amount
            C1      | 2026-01-20 | 250.00
            C2      | 2026-02-20 | 50.00
        """,
        as_of="2026-02-28",
    )
    monkeypatch.setenv("COLLECTIONS_HOME", str(shop.home.path))
    app = opened(page, lang, product="*Card* [a](http://b)")
    shown = " ".join(filter(None, texts(app)))
    if page in ("overview", "recovery", "data"):
        assert ("Balances" if lang == "en" else "余额") in shown and "balances" in shown
    assert not re.search(r"\b(nan|None)\b", shown)
    written = [text.value for text in [*app.markdown, *app.caption, *app.info]]
    assert not any("[a](http://b)" in text or "<b>x</b>" in text for text in written)


@pytest.mark.parametrize("cut", ["month", "product"])
def test_without_payments_no_rate_of_them_is_drawn(given: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, opened: Open, cut: str) -> None:
    shop = given(cases="case_id | placed_on | placed_balance\nC1 | 2026-01-05 | 1000.00", as_of="2026-02-28")
    monkeypatch.setenv("COLLECTIONS_HOME", str(shop.home.path))
    app = opened("recovery", "en", **{"page.recovery_by": cut})
    assert not app.get("plotly_chart")
    assert sum("Payments (payments)" in text.value.replace("\\", "") for text in app.info) == 3


@pytest.mark.parametrize(("lang", "said"), [("en", "No status"), ("zh", "未提供还款状态")])
def test_nought_failed_payments_are_none_where_nobody_says_which_failed(
    given: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, opened: Open, lang: str, said: str
) -> None:
    cases = "case_id | placed_on | placed_balance\nC1 | 2026-01-05 | 1000.00"
    for head, row, expected in (("", "", True), (" | status", " | posted", False)):
        shop = given(cases=cases, payments=f"case_id | paid_on | amount{head}\nC1 | 2026-02-05 | 10.00{row}", as_of="2026-02-28")
        monkeypatch.setenv("COLLECTIONS_HOME", str(shop.home.path))
        assert any(said in caption.value for caption in opened("data", lang).caption) == expected


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("table", ["complaints", "contacts", "attendance", "promises"])
def test_one_table_without_cases_opens_every_page(
    given: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, opened: Open, table: str, page: str
) -> None:
    drawn = {
        "complaints": "received_at\n2026-01-05 10:00:00\n2026-02-25 11:00:00",
        "contacts": "started_at | collector_id\n2026-01-05 10:00:00 | W1\n2026-02-25 11:00:00 | W2",
        "attendance": "collector_id | worked_on\nW1 | 2026-01-05\nW2 | 2026-02-25",
        "promises": "case_id | made_at | due_on\nC1 | 2026-02-05 10:00:00 | 2026-02-07",
    }
    shop = given(**{table: drawn[table]}, as_of="2026-02-28")
    monkeypatch.setenv("COLLECTIONS_HOME", str(shop.home.path))
    shown = " ".join(filter(None, texts(opened(page))))
    if page in ("overview", "recovery", "timing"):
        assert "Not supplied in this data" in shown and "(cases)" in shown.replace("\\", "")
    assert not re.search(r"\b(nan|None)\b", shown)


def test_the_card_shows_what_the_engine_says(opened: Open, home: Home) -> None:
    app = opened("overview", "en", **{"from": "2026-09-01", "to": "2026-09-30"})
    warehouse = Warehouse(home.info())
    now = warehouse.measure(["recovery_rate", "net_amount"], filters=Filters(date(2026, 9, 1), date(2026, 9, 30))).rows[0]
    cards = {card.label: card for card in app.metric}
    assert cards["Recovery rate"].value == formats.rate(now["recovery_rate"])
    assert cards["Net cash"].value == formats.amount(now["net_amount"], "CNY", "en")


def test_what_falls_points_down(opened: Open, home: Home) -> None:
    """Streamlit takes only an ASCII minus for a fall, so the arrow is set apart from the text."""
    seen = set()
    for month in ("2026-06", "2026-07", "2026-08", "2026-09"):
        last = formats.month_end(date.fromisoformat(f"{month}-01"))
        for card in opened("overview", "en", **{"from": f"{month}-01", "to": str(last)}).metric:
            if card.delta:
                sign = card.delta[0]
                arrow = {0: "down", 1: "up", 2: "none"}.get(int(card.proto.direction), "?")
                seen.add((sign, arrow))
    assert {("−", "down"), ("+", "up")} <= seen
    assert not seen & {("−", "up"), ("+", "down")}


def test_a_query_that_fails_is_an_error_with_its_name(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: Warehouse, names: Any, by: Any = (), **_: Any) -> Any:
        raise QueryFailed(f"{', '.join(names)}: Binder Error: no such column")

    st.cache_data.clear()
    monkeypatch.setattr(Warehouse, "measure", fails)
    app = opened("overview", "zh")
    assert any("recovery" in error.value and "编号" in error.value for error in app.error)
    assert not any("Binder" in error.value for error in app.error)
    assert not app.metric
    st.cache_data.clear()


def test_a_snapshot_not_in_service_says_so_and_leads_back(opened: Open, given: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    cases = """
        case_id | placed_on  | placed_balance
        C1      | 2026-01-05 | 1000
    """
    first = given(cases=cases, as_of="2026-01-31")
    second = given(cases=cases, payments="case_id | paid_on | amount\nC1 | 2026-02-20 | 250.00", as_of="2026-02-28", home=first.home)
    monkeypatch.setenv("COLLECTIONS_HOME", str(first.home.path))
    app = opened("overview", "en", snapshot=first.load.snapshot)
    assert second.load.snapshot != first.load.snapshot
    assert any("not in service" in warning.value for warning in app.warning)
    next(button for button in app.button if button.label == "Go to the one in service").click().run()
    assert not app.warning
    first.home.point(first.load.dataset, first.load.snapshot)  # rolled back: the other one is newer now, and neither older nor the one in service
    app = opened("overview", "en", snapshot=second.load.snapshot)
    assert any("not in service" in warning.value and "older" not in warning.value for warning in app.warning)


@pytest.mark.parametrize(
    ("page", "query", "named"),
    [
        ("team", {"page.team_window": "99"}, "Months"),
        ("incentives", {"page.month": "2031-01"}, "Month"),
        ("collector", {"page.collector": "W0" * 2000}, None),
        ("cases", {"metric": "no_such"}, "figure"),
        ("cases", {"metric": "opening_cases", "cut": "team", "value": "nowhere"}, "group"),
        ("cases", {"metric": "opening_cases", "cut": "junk", "reach": "soon"}, "cut by, months back"),
        ("cases", {"metric": "opening_cases", "cut": "bucket", "value": "M2", "side": "opening_cases", "reach": "0"}, ""),
        ("team", {"page.team_window": "12", "page.team_part": "workload"}, ""),
    ],
)
def test_a_link_that_asks_for_what_is_not_there_is_told_so(opened: Open, page: str, query: dict[str, str], named: str | None) -> None:
    told = [warning.value for warning in opened(page, **query).warning]
    if named is None:
        assert len(told) == 1 and "not among the collectors you may see" in told[0] and len(told[0]) < 200
    else:
        assert told == ([f"Part of the address could not be used and was replaced: {named}."] if named else [])


def test_nothing_loaded_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLLECTIONS_HOME", str(tmp_path / "empty"))
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60)
    app.run()
    assert not app.exception and app.title[0].value == "Nothing is loaded yet"


def test_rolling_back_asks_first(opened: Open, given: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    cases = "case_id | placed_on | placed_balance\nC1 | 2026-01-05 | 1000"
    first = given(cases=cases, as_of="2026-01-31")
    second = given(cases=cases, payments="case_id | paid_on | amount\nC1 | 2026-02-20 | 250.00", as_of="2026-02-28", home=first.home)
    monkeypatch.setenv("COLLECTIONS_HOME", str(first.home.path))
    app = opened("data", "en")
    assert next(iter(first.home.datasets().values())).id == second.load.snapshot
    app.button(key=f"back_{first.load.snapshot}").click().run()
    assert not app.exception
    assert next(iter(first.home.datasets().values())).id == first.load.snapshot


def test_definitions_are_searched_in_both_languages(opened: Open) -> None:
    app = opened("definitions", "en")
    everything = len(app.markdown)
    app.text_input(key="definitions_search").set_value("催回率").run()
    found = [text.value for text in app.markdown if "recovery\\_rate" in text.value]
    assert found and len(app.markdown) < everything
    assert len(metrics()) > 30


def test_exact_money_reaches_the_page(given: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, opened: Open) -> None:
    shop = given(
        cases="case_id | placed_on | placed_balance\nC1 | 2026-01-05 | 1000",
        payments="case_id | paid_on | amount\nC1 | 2026-01-20 | 0.10\nC1 | 2026-01-21 | 0.20",
        as_of="2026-01-31",
    )
    monkeypatch.setenv("COLLECTIONS_HOME", str(shop.home.path))
    assert shop.value("net_amount") == Decimal("0.30")
    card = next(card for card in opened("overview", "en").metric if card.label == "Net cash")
    assert card.value.replace("\\", "") == "¥0.30"


def test_a_snapshot_of_an_earlier_version_says_so(given: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, opened: Open) -> None:
    shop = given(cases="case_id | placed_on | placed_balance\nC1 | 2026-01-05 | 1000", as_of="2026-01-31")
    monkeypatch.setenv("COLLECTIONS_HOME", str(shop.home.path))
    assert not any("earlier version" in warning.value for warning in opened("overview", "en").warning)
    monkeypatch.setattr("dashboard.frame.version", lambda: "later")
    assert any("earlier version" in warning.value for warning in opened("overview", "en").warning)


@pytest.mark.parametrize("page", ["overview", "recovery"])
@pytest.mark.parametrize(
    ("export", "missing"),
    [
        ({"cases": "case_id | placed_on | placed_balance\nC1 | 2026-01-05 | 1000"}, "Payments"),
        ({"payments": "case_id | paid_on | amount\nC1 | 2026-01-20 | 10"}, "Cases"),
    ],
)
def test_a_rate_that_lacks_one_side_is_not_drawn(
    given: Callable[..., Any], opened: Open, monkeypatch: pytest.MonkeyPatch, page: str, export: dict[str, str], missing: str
) -> None:
    shop = given(**export, as_of="2026-02-28")
    monkeypatch.setenv("COLLECTIONS_HOME", str(shop.home.path))
    shown = [text for text in texts(opened(page)) if text]
    assert any("Not supplied in this data" in text and missing in text for text in shown)
    assert not any("Recovery rate —" in text for text in shown)
