"""The page as a person opens it: a verdict with its interval, all at once, too few, not supplied; milestones on other pages."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.charts import EVENT

ROOT = Path(__file__).resolve().parents[2]
Open = Callable[..., AppTest]


@pytest.fixture
def opened(loaded_home: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    def open_page(page: str, lang: str, home: Path = loaded_home, **query: str) -> AppTest:
        monkeypatch.setenv("COLLECTIONS_HOME", str(home))
        app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60)
        for name, value in {"lang": lang, **query}.items():
            app.query_params[name] = value
        if page != "overview":
            app.switch_page(str(ROOT / "pages" / f"{page}.py"))
        app.run()
        assert not app.exception, [error.value for error in app.exception]
        return app

    return open_page


def said(app: AppTest) -> str:
    return "\n".join(part.value for part in [*app.markdown, *app.caption, *app.info, *app.warning]).replace("\\", "")


def figures(app: AppTest) -> list[dict[str, Any]]:
    found = []
    for element in app.get("plotly_chart"):
        found.append(json.loads(element.proto.spec))  # type: ignore[attr-defined]
    return found


@pytest.mark.parametrize(
    ("lang", "steps", "series"),
    [
        (
            "en",
            ("6 teams started, 2 had not", "Smallest effect", "5,040 ways", "Few teams"),
            ("nothing to compare with", "also started", "interrupted series"),
        ),
        ("zh", ("6 个团队已启动，2 个", "最小可检出效果", "5,040 种分配", "团队少时"), ("没有对照", "同月启动的还有", "中断序列")),
    ],
)
def test_the_verdict_and_what_it_rests_on(opened: Open, lang: str, steps: tuple[str, ...], series: tuple[str, ...]) -> None:
    app = opened("effects", lang)
    assert all(part in said(app) for part in steps) and not app.error
    study = figures(app)[0]
    assert len(study["data"]) == 2 and all(trace["error_y"]["array"] for trace in study["data"])
    app.query_params["page.event"] = "M05"
    app.run()
    assert all(part in said(app) for part in series)
    assert "nan" not in said(app) and "None" not in said(app)


def test_the_choice_is_in_the_link(opened: Open) -> None:
    app = opened("effects", "en")
    next(box for box in app.selectbox if box.label == "Judged by").set_value("roll_rate").run()
    assert app.query_params["page.kpi"] in ("roll_rate", ["roll_rate"])
    assert "Roll rate" in said(app).split("####")[1]


def test_no_milestones_are_named_as_not_supplied(opened: Open, given: Callable[..., Any]) -> None:
    shop = given(cases="case_id | placed_on | placed_balance\nC1 | 2026-01-05 | 1000", as_of="2026-02-28")
    app = opened("effects", "en", home=shop.home.path)
    assert any("Milestones" in info.value for info in app.info) and not figures(app)


def test_too_little_is_no_number(opened: Open, given: Callable[..., Any]) -> None:
    shop = given(
        cases="case_id | placed_on | placed_balance\nC1 | 2026-01-05 | 1000",
        payments="case_id | paid_on | amount\nC1 | 2026-02-20 | 250.00",
        milestones="""
            milestone_id | measure | name    | owner | baseline_start | baseline_end | planned_start | planned_end | actual_start | percent
            M1           | process | Process | Ann   | 2026-02-01     | 2026-02-28   | 2026-02-01    | 2026-02-28  | 2026-02-01   | 50
        """,
        as_of="2026-03-31",
    )
    app = opened("effects", "en", home=shop.home.path)
    assert "cannot be told: too few months before the start" in said(app) and not figures(app)


def test_milestones_are_drawn_where_wanted(opened: Open) -> None:
    def lines(app: AppTest) -> int:
        shapes = [shape for figure in figures(app) for shape in figure["layout"].get("shapes", [])]
        return sum(shape["line"].get("color") == EVENT for shape in shapes if shape["type"] == "line")

    app = opened("overview", "en", **{"from": "2026-10-01", "to": "2026-10-31"})
    assert not app.get("toggle")[0].value and lines(app) == 0
    app.get("toggle")[0].set_value(True).run()
    assert app.query_params["milestones"] in ("1", ["1"]) and lines(app) > 3
    tables = [frame.value for frame in app.dataframe]
    assert any(text.startswith("Milestone: ") for table in tables for column in table.select_dtypes("object") for text in table[column])
    every = lines(app)
    app.switch_page(str(ROOT / "pages" / "recovery.py"))
    app.run()
    assert lines(app) > 0
    one = opened("overview", "zh", milestones="1", team="华中一组 Central-1", **{"from": "2026-10-01", "to": "2026-10-31"})
    assert 0 < lines(one) < every  # a team that never got it: only what is for all teams
    app.switch_page(str(ROOT / "pages" / "overview.py"))
    app.run()
