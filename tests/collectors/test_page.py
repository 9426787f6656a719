"""The pages as people open them: every part in both languages, who sees whom, too few to compare, tables not supplied."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import formats, ui
from dashboard.collectors import performance, sentences
from dashboard.home import Home
from dashboard.warehouse import Warehouse

ROOT = Path(__file__).resolve().parents[2]
CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff]")
Open = Callable[..., AppTest]
PEOPLE = """
    [[person]]
    id = "own"
    role = "collector"
    collector = "W00003"

    [[person]]
    id = "lead"
    role = "leader"
    teams = ["{team}"]

    [[person]]
    id = "project"
    role = "project"
"""


@pytest.fixture(scope="module")
def shop(loaded_home: Path) -> Warehouse:
    return Warehouse(Home(loaded_home).info())


def first_team(shop: Warehouse) -> str:
    return str(min(row["team"] for row in shop.run("collectors")))


@pytest.fixture
def opened(loaded_home: Path, shop: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    monkeypatch.setenv("COLLECTIONS_HOME", str(loaded_home))

    def open_page(page: str, lang: str = "en", who: str | None = None, **settings: str) -> AppTest:
        if who is not None:
            path = tmp_path / "people.toml"
            path.write_text(PEOPLE.format(team=first_team(shop)), encoding="utf-8")
            monkeypatch.setenv("COLLECTIONS_PEOPLE", str(path))
            monkeypatch.setenv("COLLECTIONS_USER", who)
        app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60)
        app.query_params["lang"] = lang
        app.switch_page(str(ROOT / "pages" / f"{page}.py"))
        for name, value in settings.items():
            app.query_params[name if name in ("product", "team", "from", "to") else f"page.{name}"] = value
        app.run()
        assert not app.exception, [error.value for error in app.exception]
        assert not app.error, [error.value for error in app.error]
        return app

    return open_page


def said(app: AppTest) -> str:
    return "\n".join(part.value for part in [*app.main.markdown, *app.main.caption, *app.main.info, *app.main.warning])


def everything(app: AppTest) -> str:
    """Every text sent to be read: sentences, figures with their hover texts, tables, choices."""
    parts = [said(app)]
    for element in app.main:
        parts += list(_sent(element))
    return "\n".join(parts)


def _sent(element: Any) -> Iterator[str]:
    if element.type == "plotly_chart":
        yield json.dumps(json.loads(element.proto.spec), ensure_ascii=False)
    elif element.type == "arrow_data_frame":
        yield element.value.to_string()
    elif hasattr(element, "options"):
        yield from map(str, element.options)
    for child in getattr(element, "children", {}).values():
        yield from _sent(child)


@pytest.mark.parametrize("part", ["performance", "workload", "quality", "training"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_part_speaks_one_language(opened: Open, shop: Warehouse, part: str, lang: str) -> None:
    text = said(opened("team", lang, team_part=part, team_window="12"))
    names = {str(row[name]) for row in shop.run("collectors") for name in ("name", "team", "collector_id")}
    names |= {row["course"] for who in shop.values("collector") for row in shop.run("courses", {"collector": who})}
    for name in sorted({*names, *shop.values("product")}, key=len, reverse=True):
        text = text.replace(formats.plain(name), "")
    assert "nan" not in text and "None" not in text
    if lang == "en":
        assert not CHINESE.search(text.replace(formats.plain(shop.info.title["zh"]), ""))
    else:
        assert not re.search(r"\b(the|and|collectors|expected|of|house)\b", text.replace(formats.plain(shop.info.title["zh"]), ""))


def test_what_the_page_says_is_what_was_found(opened: Open, shop: Warehouse) -> None:
    found = performance.tallied(shop, shop.info.as_of)
    profile = performance.summed(found, found.months[-6:])
    app = opened("team")
    text = said(app)
    ranked, best = len(profile.ranked), max(profile.ranked, key=lambda one: (one.top or 0, one.collector))
    assert f"No collector of {ranked} lies beyond" in text or f"of {ranked} collectors lie above" in text
    assert f"among the best quarter ({formats.rate(best.top)})" in text
    assert f"{found.auc * 100:.0f} times in 100" in text


def test_the_settings_stand_in_the_link(opened: Open) -> None:
    app = opened("team", team_window="12", team_outcome="cash")
    assert "cash expected of such cases" in said(app)
    other = opened("collector", collector="W00005")
    assert "W00005" in everything(other)
    assert "is not among the collectors" in said(opened("collector", collector="nobody"))


def test_a_collector_sees_themselves_and_nobody_else(opened: Open, shop: Warehouse) -> None:
    """No id, no name, no point of anybody else; the distribution holds only how many lie where."""
    app = opened("collector", who="own", collector="W00005")
    text = everything(app)
    assert "You" in text and "Place among all" not in text  # the title states the finding
    others = [row for row in shop.run("collectors") if row["collector_id"] != "W00003"]
    assert others and not any(row["collector_id"] in text for row in others)
    assert not any(row["name"] in text for row in others)
    found = performance.summed(performance.tallied(shop, shop.info.as_of), performance.tallied(shop, shop.info.as_of).months[-6:])
    exact = {repr(one.ratio) for one in found.people if one.collector != "W00003"} | {
        repr(one.shrunk) for one in found.ranked if one.collector != "W00003"
    }
    assert not any(value in text for value in exact if len(value) > 6)
    assert not [page for page in app.main if getattr(page, "type", "") == "page_link"]


def test_a_leader_sees_names_of_the_own_team_only(opened: Open, shop: Warehouse) -> None:
    team = first_team(shop)
    text = "".join(everything(opened("team", who="lead", team_part=part)) for part in ("performance", "workload", "training"))
    mine = [row for row in shop.run("collectors") if row["team"] == team]
    others = [row for row in shop.run("collectors") if row["team"] != team]
    assert any(row["collector_id"] in text for row in mine) and not any(row["collector_id"] in text for row in others)


def test_who_may_not_see_names_sees_numbers(opened: Open, shop: Warehouse) -> None:
    text = everything(opened("team", who="project"))
    assert "No. 1" in text
    assert not any(row["collector_id"] in text or row["name"] in text for row in shop.run("collectors"))


@pytest.mark.parametrize(("page", "lang"), [("team", "en"), ("collector", "zh")])
def test_too_few_say_so_and_what_is_missing_is_named(
    given: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, opened: Open, page: str, lang: str
) -> None:
    shop = given(
        cases="case_id | placed_on | placed_balance\nC1 | 2026-01-05 | 1000",
        payments="case_id | paid_on | amount\nC1 | 2026-02-20 | 250.00",
        assignments="case_id | assigned_at | collector_id\nC1 | 2026-01-05 09:00:00 | W1",
        as_of="2026-02-28",
    )
    monkeypatch.setenv("COLLECTIONS_HOME", str(shop.home.path))
    text = said(opened(page, lang))
    assert ("Too few to compare: 1 collectors" if lang == "en" else "仅 1 名催收员") in text
    if page == "collector":
        assert ("Not supplied in this data" if lang == "en" else "未提供") in text and "trainings" in text
    else:
        for part in ("workload", "training"):
            assert "collectors" in said(opened(page, lang, team_part=part))


def test_where_nobody_took_a_case_over_the_collectors_stay_in_their_table(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = ui.measure

    def none_moved(*names: str, **how: Any) -> Any:
        if names[0] == "transferred_in_cases":
            raise ui.NothingLeft
        return measured(*names, **how)

    monkeypatch.setattr(ui, "measure", none_moved)
    app = opened("team")
    assert len(app.dataframe[0].value) > 0 and not any("Nothing is left" in text.value for text in app.info)


def test_of_many_teams_the_highest_and_the_lowest_are_drawn() -> None:
    """A last month that is unknown is neither."""
    day = date(2026, 10, 1)
    lines = {"a": [(day, 3.0)], "b": [(day, 1.0)], "c": [(day, None)], "d": [(day, 2.0)], "e": [(day, 0.5)], "f": [(day, 9.0)]}
    assert list(sentences.ends(lines, 4)) == ["a", "b", "e", "f"]
    assert list(sentences.ends(lines, 5)) == ["a", "b", "d", "e", "f"] and sentences.ends(lines, 6) == lines
