"""The page as a person opens it: both languages, filtered, too short, without balances."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.filters import Filters
from dashboard.forecast import backtest, batches, migration
from dashboard.home import Home
from dashboard.warehouse import Warehouse

ROOT = Path(__file__).resolve().parents[2]
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff]")


@pytest.fixture
def opened(loaded_home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AppTest]:
    monkeypatch.setenv("COLLECTIONS_HOME", str(loaded_home))

    def open_page(lang: str, **query: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60)
        app.query_params["lang"] = lang
        for name, value in query.items():
            app.query_params[name] = value
        app.switch_page(str(ROOT / "pages" / "forecast.py"))
        app.run()
        assert not app.exception, [error.value for error in app.exception]
        return app

    return open_page


def said(app: AppTest) -> str:
    return "\n".join(part.value for part in [*app.title, *app.markdown, *app.caption, *app.info, *app.warning, *app.error])


@pytest.mark.parametrize(
    ("lang", "wanted"),
    [
        ("en", ("four times in five between", "fell inside the band", "still to come of what is placed", "did", "Cape Cod")),
        ("zh", ("五次中有四次落在", "落在区间内", "已委案部分预计还将回款", "回测中", "委案金额法")),
    ],
)
def test_the_page_says_what_is_expected_and_how_well_it_would_have_done(opened: Callable[..., AppTest], lang: str, wanted: tuple[str, ...]) -> None:
    app = opened(lang)
    text = said(app)
    assert all(part in text for part in wanted)
    assert "nan" not in text and "None" not in text and not app.error
    main = "\n".join(part.value for part in [*app.main.markdown, *app.main.caption])
    if lang == "en":
        assert not CHINESE.search(main.replace("中文", ""))
    else:
        assert not re.search(r"\b(the|month|batch|expected|from)\b", main)


def test_a_filter_narrows_the_forecast(opened: Callable[..., AppTest], loaded_home: Path) -> None:
    product = Warehouse(Home(loaded_home).info()).values("product")[0]
    assert said(opened("en", product=product)) != said(opened("en"))
    assert "clear that filter" in said(opened("en", bucket="M1"))
    batch = Warehouse(Home(loaded_home).info()).values("batch")[0]
    assert "Choose more batches" in said(opened("en", batch=batch)) and "请多选批次" in said(opened("zh", batch=batch))


def test_too_few_batches_say_so(given: Callable[..., Any], opened: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch) -> None:
    cases = "\n".join(["case_id | placed_on | placed_balance", *(f"C{n} | 2026-0{n}-05 | 1000" for n in range(1, 5))])
    shop = given(cases=cases, payments="case_id | paid_on | amount\nC1 | 2026-01-20 | 250.00", as_of="2026-04-30")
    monkeypatch.setenv("COLLECTIONS_HOME", str(shop.home.path))
    assert "placement months complete so far: 4," in said(opened("en"))
    assert "观察时间不足：目前仅有 4 个" in said(opened("zh"))


def test_without_payments_the_page_names_them(given: Callable[..., Any], opened: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch) -> None:
    shop = given(cases="case_id | placed_on | placed_balance\nC1 | 2026-01-05 | 1000", as_of="2026-02-28")
    monkeypatch.setenv("COLLECTIONS_HOME", str(shop.home.path))
    assert "Payments" in said(opened("en"))


def test_without_balances_only_the_stock_is_missing(
    given: Callable[..., Any], opened: Callable[..., AppTest], monkeypatch: pytest.MonkeyPatch
) -> None:
    cases, payments = ["case_id | placed_on | placed_balance"], ["case_id | paid_on | amount"]
    for n in range(1, 9):
        cases.append(f"C{n} | 2026-0{n}-05 | 1000")
        payments += [f"C{n} | 2026-0{month}-20 | {100 + 7 * (n * month % 5)}" for month in range(n, 9)]
    shop = given(cases="\n".join(cases), payments="\n".join(payments), as_of="2026-08-31")
    monkeypatch.setenv("COLLECTIONS_HOME", str(shop.home.path))
    text = said(opened("en"))
    assert "fell inside the band" in text and "Balances" in text


def test_the_page_shows_what_the_engine_says(opened: Callable[..., AppTest], loaded_home: Path) -> None:
    warehouse = Warehouse(Home(loaded_home).info())
    whole = Filters(warehouse.info.first_on, warehouse.info.as_of)
    names, by = ("cohort_net_amount", "cohort_placed_amount"), ("placed_month", "months_since_placement")
    cells = batches.cells(warehouse.measure(names, by, filters=whole).rows)
    one = backtest.score(backtest.of_batches(cells), 1)
    assert f"{one.inside} of {one.count} months fell inside the band" in said(opened("en"))
    stock = migration.moves(warehouse.run("state_months", migration.parameters(whole, None)))
    net = {row["month"]: float(row["net_amount"]) for row in warehouse.measure(("net_amount",), ("month",), filters=whole).rows}
    for trial in migration.of_buckets(stock, cells):
        assert trial.actual == pytest.approx(net[trial.month], rel=0.02)  # all net cash but what belongs to no case
