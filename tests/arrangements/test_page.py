"""The page of plans as a person opens it: figures as measured, settings in the link, what isn't supplied by name, a leader's teams alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from dashboard import formats
from dashboard.access import Scope
from dashboard.filters import Filters
from dashboard.home import Home
from dashboard.warehouse import Warehouse
from tests.channels.test_page import page_of, said
from tests.conftest import Given


def test_cards_and_panels_show_what_was_measured(loaded_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page_of(loaded_home, monkeypatch, "plans", lang="en", **{"page.steps_by": "bucket", "page.curve_by": "affordability"})
    warehouse = Warehouse(Home(loaded_home).info())
    month = Filters(warehouse.info.as_of.replace(day=1), warehouse.info.as_of)
    row = warehouse.measure(["plans_agreed", "first_instalment_rate", "followup_in_time_rate"], filters=month).rows[0]
    cards = {card.label: card.value for card in app.metric}
    assert cards["Plans agreed"] == formats.count(row["plans_agreed"])
    assert cards["First-instalment-paid rate"] == formats.rate(row["first_instalment_rate"])
    assert cards["Follow-ups in time"] == formats.rate(row["followup_in_time_rate"])
    text = said(app)
    assert "its due date + 3 days" in text and "not the check's effect" in text and "may be expected" in text
    assert "Broken within" in text and "checked" in text and "None" not in text and "nan" not in text
    drawn = [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]
    ahead = next(figure for figure in drawn if any(trace.get("name") == "Expected" for trace in figure["data"]))
    scheduled, expected = (trace["y"] for trace in ahead["data"])
    assert all(0 <= part <= whole for part, whole in zip(expected, scheduled, strict=True)) and sum(expected) > 0


def test_in_chinese(loaded_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = said(page_of(loaded_home, monkeypatch, "plans", lang="zh"))
    assert all(part in text for part in ("份计划中", "预期可收", "愿意且有能力", "回访按时率"))


def test_what_is_not_supplied_is_named_in_its_place(given: Callable[..., Given], monkeypatch: pytest.MonkeyPatch) -> None:
    cases = "case_id | placed_on | placed_balance\nC1 | 2026-01-01 | 1000"
    none = given(cases=cases, payments="case_id | paid_on\nC1 | 2026-01-20", as_of="2026-02-28")
    app = page_of(none.home.path, monkeypatch, "plans", lang="en")
    assert "Not supplied in this data: Plans (plans) or Follow-ups (followups)" in app.info[0].value.replace("\\", "") and not app.metric
    alone = given(cases=cases, followups="followup_id | case_id | planned_on | done_on\nF1 | C1 | 2026-02-02 | 2026-02-02", as_of="2026-02-28")
    app = page_of(alone.home.path, monkeypatch, "plans", lang="en")
    assert {card.label: card.value for card in app.metric}["Follow-ups in time"] == "100.0%"
    assert "Plans (plans)" in said(app).replace("\\", "") and "Willingness (followups.willingness)" in said(app).replace("\\", "")


def test_a_leader_sees_the_teams_they_lead(loaded_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    warehouse = Warehouse(Home(loaded_home).info())
    month = Filters(warehouse.info.as_of.replace(day=1), warehouse.info.as_of)
    team = max(warehouse.measure(["plans_agreed"], ["team"], filters=month).rows, key=lambda row: row["plans_agreed"] or 0)["team"]
    people = tmp_path / "people.toml"
    people.write_text(f'[[person]]\nid = "lead"\nrole = "leader"\nteams = ["{team}"]\n', encoding="utf-8")
    monkeypatch.setenv("COLLECTIONS_PEOPLE", str(people))
    monkeypatch.setenv("COLLECTIONS_USER", "lead")
    app = page_of(loaded_home, monkeypatch, "plans", lang="en")
    own = warehouse.measure(["plans_agreed"], filters=month, scope=Scope("leader", (team,))).rows[0]["plans_agreed"]
    assert {card.label: card.value for card in app.metric}["Plans agreed"] == formats.count(own)


def test_other_pages_lead_here(loaded_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for page in ("channels", "rollout"):
        links = [link.proto.label for link in page_of(loaded_home, monkeypatch, page, lang="en").get("page_link")]
        assert any("Plans and follow-ups" in label or "repayment plans" in label for label in links), page
