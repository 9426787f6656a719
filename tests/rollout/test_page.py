"""The page as people open it: who may change the plan, two sessions at once, the bundled plan, files, the plan as it was, the board pack."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import planning, state
from dashboard.home import Home
from dashboard.rollout import exchange, msproject
from dashboard.rollout.book import Book
from dashboard.rollout.plan import of_export
from dashboard.warehouse import Warehouse
from tests.conftest import close_all
from tests.drawn import write_export
from tests.once import load_once

ROOT = Path(__file__).resolve().parents[2]
#: As of 31 March: A in time, B due in two weeks, C (by another owner) blocked by B, whose baseline was to end before it.
MILESTONES = """
    milestone_id | measure  | name    | owner | baseline_start | baseline_end | planned_start | planned_end | actual_start | actual_end | percent | depends_on | team
    A            | team     | Hire    | Li    | 2026-01-01     | 2026-01-31   | 2026-01-01    | 2026-01-31  | 2026-01-01   | 2026-01-31 | 100     |            |
    B            | channels | *SMS*   | Li    | 2026-02-01     | 2026-03-10   | 2026-02-01    | 2026-04-14  | 2026-02-01   |            | 80      | A          |
    C            | process  | <b>x</b> | Wang | 2026-03-11     | 2026-05-31   | 2026-03-11    | 2026-05-31  |              |            | 0       | B          |
"""
CASES = "case_id | placed_on | placed_balance\nC1 | 2026-01-01 | 1000"
PEOPLE = """
[[person]]
id = "lead"
role = "project"
[[person]]
id = "boss"
role = "manager"
teams = ["north"]
[[person]]
id = "hr"
role = "hr"
"""
Open = Callable[..., AppTest]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Two data sets: one with milestones, one without."""
    place = tmp_path_factory.mktemp("rollout_page")
    home = Home(place / "home")
    load_once(write_export(place / "bare", {"cases": CASES}, settings={"as_of": "2026-03-31"}), home, dataset="bare")
    with_plan = {"cases": CASES, "milestones": MILESTONES}
    load_once(write_export(place / "plan", with_plan, settings={"as_of": "2026-03-31"}), home, dataset="plan")
    yield home
    close_all(home)


@pytest.fixture
def opened(loaded: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    monkeypatch.setenv("COLLECTIONS_HOME", str(loaded.path))
    monkeypatch.setenv("COLLECTIONS_STATE", f"sqlite:///{tmp_path / 'state.db'}")

    def open_page(lang: str = "en", data: str = "plan", **query: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60)
        app.query_params["lang"], app.query_params["data"] = lang, data
        for name, value in query.items():
            app.query_params[f"page.{name}"] = value
        return checked(app.switch_page(str(ROOT / "pages" / "rollout.py")).run())

    return open_page


def checked(app: AppTest) -> AppTest:
    assert not app.exception, [error.value for error in app.exception]
    return app


def said(app: AppTest) -> str:
    shown = [text.value for kind in (app.markdown, app.caption, app.info, app.warning, app.error, app.success) for text in kind]
    return "\n".join([*shown, *(f"{card.label} {card.value}" for card in app.metric)]).replace("\\", "")


def widget(app: AppTest, kind: str, name: str) -> Any:
    return next(one for one in app.get(kind) if str(one.key).startswith(f"rollout_{name}_"))


def chosen(app: AppTest, milestone: str) -> AppTest:
    return checked(widget(app, "selectbox", "which").set_value(milestone).run())


def saved(app: AppTest) -> AppTest:
    return checked(widget(app, "button", "save").click().run())


def editable(app: AppTest) -> bool:
    return any(str(one.key).startswith("rollout_save_") for one in app.button)


def people(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, who: str) -> None:
    file = tmp_path / "people.toml"
    file.write_text(PEOPLE, encoding="utf-8")
    monkeypatch.setenv("COLLECTIONS_PEOPLE", str(file))
    monkeypatch.setenv("COLLECTIONS_USER", who)


def test_the_cards_and_titles_say_how_the_plan_stands(opened: Open) -> None:
    app = opened()
    text = said(app)
    cards = {card.label: card.value for card in app.metric}
    assert cards["Milestones on time"] == "50.0%" and cards["Slip against baseline"] == "+17.5 days" and cards["Next due"] == "14 Apr 2026"
    assert "1 of 3 milestones done: 1 blocked, 1 on track" in text
    assert "Critical path: B → C" in text
    assert "1 due in the next 30 days, 0 of them overdue" in text and "1 finished, 5 needed to tell" in text
    assert "waits for B" in str([table.value.to_dict() for table in app.dataframe])
    assert "<b>x</b>" not in "\n".join(one.value for one in app.markdown)


def test_the_rules_are_printed_in_both_languages(opened: Open) -> None:
    assert "more than 20 points less than the share of planned days gone by" in said(opened())
    chinese = said(opened("zh"))
    assert "超过 20 个百分点" in chinese and "3 个里程碑中 1 个已完成：受阻 1 个、正常 1 个" in chinese


def test_filters_of_the_link_narrow_the_plan(opened: Open) -> None:
    assert "0 of 1 milestones done: 1 on track" in said(opened(measure="channels"))
    assert "1 of 2 milestones done: 1 on track" in said(opened(owner="Li"))
    assert "0 of 1 milestones done: 1 blocked" in said(opened(state="blocked"))
    app = opened(owner="Wang", state="on_track")
    assert "Nothing is left" in said(app) and len(app.metric) == 0


def test_a_lead_changes_a_date_and_it_stands_in_the_history(opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    people(monkeypatch, tmp_path, "lead")
    app = chosen(opened(), "B")
    widget(app, "selectbox", "planned_end").set_value(date(2026, 5, 20))
    widget(app, "text_input", "note").set_value("vendor late")
    app = saved(app)
    text = said(app)
    assert "Saved: B *SMS*, 2 changed." in text and "2 changes, the last by lead on" in text
    assert {card.label: card.value for card in app.metric}["Next due"] == "20 May 2026"
    history = app.dataframe[-1].value
    assert [tuple(row) for row in history.fillna("").to_numpy()[:, 1:]] == [
        ("lead", "B", "Note", "", "vendor late"),
        ("lead", "B", "Planned end", "14 Apr 2026", "20 May 2026"),
    ]
    assert "Nothing was changed." in said(saved(chosen(app, "B")))


def test_a_finish_entered_by_mistake_is_taken_back(opened: Open) -> None:
    app = chosen(opened(), "A")
    widget(app, "selectbox", "actual_end").set_value(planning.UNSET)
    widget(app, "number_input", "percent").set_value(90.0)
    app = saved(app)
    assert "Saved: A Hire, 2 changed." in said(app) and "0 of 3 milestones done: 1 late, 1 blocked, 1 on track" in said(app)


def test_two_sessions_at_once_the_second_is_told_and_loses_nothing(opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    people(monkeypatch, tmp_path, "lead")
    mine = chosen(opened(), "B")
    people(monkeypatch, tmp_path, "boss")
    theirs = chosen(opened(), "B")
    widget(theirs, "selectbox", "planned_end").set_value(date(2026, 5, 1))
    assert "Saved: B" in said(saved(theirs))
    people(monkeypatch, tmp_path, "lead")
    widget(mine, "selectbox", "planned_end").set_value(date(2026, 6, 1))
    mine = saved(mine)
    text = said(mine)
    assert "Not saved: boss changed B" in text and "(Planned end)" in text and "Planned end → 1 Jun 2026" in text
    assert widget(mine, "selectbox", "planned_end").value == date(2026, 5, 1)
    widget(mine, "selectbox", "planned_end").set_value(date(2026, 6, 1))
    mine = saved(mine)
    assert "Saved: B" in said(mine) and "2 changes, the last by lead" in said(mine)


def test_who_may_not_change_the_plan_sees_it_only(opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dashboard import access

    people(monkeypatch, tmp_path, "boss")
    reader = access.Role(access.EVERY_PAGE, frozenset({"notes"}), True)
    monkeypatch.setitem(access.ROLES, "manager", reader)
    app = opened()
    assert "1 of 3 milestones done" in said(app)
    assert not editable(app) and not app.get("file_uploader")
    bare = opened(data="bare")
    assert "Milestones" in said(bare) and "Only project leads change the plan." in said(bare)
    assert not [one for one in bare.button if one.key == "rollout_start_do"]


def test_the_page_is_not_for_everybody(opened: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    people(monkeypatch, tmp_path, "hr")
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60)
    app.run()
    assert not [link for link in app.get("page_link") if "rollout" in str(link)]


def test_the_bundled_plan_is_offered_where_there_is_none(opened: Open) -> None:
    app = opened(data="bare")
    assert "Not supplied in this data: Milestones" in said(app)
    app.selectbox(key="rollout_start_on_en").set_value(date(2026, 2, 1))
    app = checked(app.button(key="rollout_start_do").click().run())
    text = said(app)
    assert "The plan was started from 1 Feb 2026." in text and "0 of 8 milestones done" in text
    assert "lead" not in text and "8 changes, the last by local" in text
    assert "八项措施" in said(opened("zh", data="bare")) and not re.search(r"Professional team", said(opened("zh", data="bare")))
    app = chosen(opened(data="bare"), "P01")
    for number in range(3):
        widget(app, "checkbox", f"item{number}").set_value(True)
    app = saved(app)
    assert "1 of 8 milestones done" in said(app)
    kept = Book(state.opened(state.address(Path())), "bare")
    assert kept.plan(()).plan[0].complete == 100


def test_a_milestone_is_added_and_taken_out(opened: Open) -> None:
    app = chosen(opened(), "")
    widget(app, "text_input", "id").set_value("D 1")
    widget(app, "text_input", "name").set_value("Audit")
    widget(app, "text_input", "owner").set_value("Zhao")
    widget(app, "multiselect", "depends_on").set_value(["C"])
    widget(app, "text_area", "items").set_value("2 × report signed\nfindings closed")
    app = saved(app)
    assert "Saved: D-1 Audit" in said(app) and "1 of 4 milestones done" in said(app)
    app = chosen(app, "C")
    app = checked(app.button(key="rollout_ask").click().run())
    app = checked(app.button(key="rollout_gone").click().run())
    assert "D-1 wait for C" in said(app)
    app = chosen(app, "D-1")
    app = checked(app.button(key="rollout_ask").click().run())
    app = checked(app.button(key="rollout_gone").click().run())
    assert "D-1 was taken out." in said(app) and "1 of 3 milestones done" in said(app)


def test_what_cannot_be_is_refused_in_words(opened: Open) -> None:
    app = chosen(opened(), "C")
    widget(app, "selectbox", "planned_end").set_value(date(2026, 1, 5))
    app = saved(app)
    assert "Not possible: C ends (5 Jan 2026) before it starts (11 Mar 2026)" in said(app)
    app = chosen(opened(), "B")
    widget(app, "multiselect", "depends_on").set_value(["A", "C"])
    assert "would wait for each other" in said(saved(app))


def test_the_plan_as_it_was_and_as_exported(opened: Open, monkeypatch: pytest.MonkeyPatch, loaded: Home) -> None:
    base = of_export(Warehouse(loaded.info("plan")).run("milestones"))
    kept = Book(state.opened(state.address(Path())), "plan")
    for moment, percent in (("2026-02-15T10:00:00", 30), ("2026-03-20T10:00:00", 90)):
        monkeypatch.setattr(state, "now", lambda moment=moment: datetime.fromisoformat(moment))
        step = next(one for one in kept.plan(base).plan if one.id == "B")
        kept.save(base, replace(step, percent=Decimal(percent)), kept.plan(base).versions.get("B", 0), "li")
    app = opened(plan="2026-02-15")
    assert "plan as it stood at the end of 15 Feb 2026" in said(app) and "as of 15 Feb 2026" in said(app).replace("told as", "as")
    assert not editable(app)
    percents = {row["milestone_id"]: row["percent"] for row in app.dataframe[1].value.to_dict("records")}
    assert percents["B"] == 30
    assert "plan of the export alone" in said(opened(plan="export"))
    assert "2 changes" in said(opened())


@pytest.mark.parametrize("kind", ["csv", "xlsx", "xml"])
def test_a_plan_goes_out_and_comes_back_changed(opened: Open, loaded: Home, kind: str) -> None:
    base = of_export(Warehouse(loaded.info("plan")).run("milestones"))
    moved = (base[0], replace(base[1], planned_end=date(2026, 6, 30)), base[2])
    makers = {"csv": exchange.csv_file, "xlsx": exchange.excel_file}
    content = msproject.xml_file(moved, {}, "en", "x", "CNY") if kind == "xml" else makers[kind](moved, {}, "en")
    app = opened()
    app.file_uploader[0].set_value([(f"plan.{kind}", content, "application/octet-stream")])
    app = checked(app.run())
    assert "0 to add, 1 to change, 2 as they are" in said(app)
    app = checked(app.button(key="rollout_take_over").click().run())
    assert "Taken over: 0 added, 1 changed." in said(app) and "local, from a file" in str(app.dataframe[-1].value.to_dict())


def test_a_file_made_before_somebody_elses_change_is_not_taken_over(opened: Open, loaded: Home) -> None:
    base = of_export(Warehouse(loaded.info("plan")).run("milestones"))
    stale = exchange.csv_file((base[0], replace(base[1], note="old"), base[2]), {"B": 0}, "en")
    Book(state.opened(state.address(Path())), "plan").save(base, replace(base[1], percent=Decimal(85)), 0, "li")
    app = opened()
    app.file_uploader[0].set_value([("plan.csv", stale, "text/csv")])
    app = checked(checked(app.run()).button(key="rollout_take_over").click().run())
    assert "Not saved: li changed B" in said(app)
    app.file_uploader[0].set_value([("plan.xml", b"<!DOCTYPE x><Project/>", "text/xml")])
    assert "files with a document type" in said(checked(app.run()))
