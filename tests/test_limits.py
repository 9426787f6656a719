"""What somebody with less than all rights is kept from on pages that all may open: rows of others, the data in service, notes, names in lists."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import snapshots, state
from dashboard.access import Person, Scope
from dashboard.frame import Frame
from tests.conftest import Given

ROOT = Path(__file__).resolve().parents[1]
PEOPLE = """
[[person]]
id = "boss"
role = "manager"

[[person]]
id = "lead"
role = "leader"
teams = ["north"]

[[person]]
id = "project"
role = "project"

[[person]]
id = "w1"
role = "collector"
collector = "W1"
"""
CASES = "case_id | placed_on | placed_balance\nC1 | 2026-01-05 | 1000\nC2 | 2026-01-05 | 500"
STAFF = "collector_id | name | team\nW1 | Ann | north\nW2 | Zoe | south"
HELD = "case_id | collector_id | assigned_at\nC1 | W1 | 2026-01-05\nC2 | W2 | 2026-01-05"

Opened = Callable[..., AppTest]


@pytest.fixture
def shop(given: Callable[..., Given], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Given:
    """Two snapshots, the second with a promise put aside that names a collector of another team."""
    first = given(cases=CASES, collectors=STAFF, assignments=HELD, as_of="2026-01-31")
    promises = "\n".join(
        [
            "promise_id | case_id | made_at | due_on | amount | collector_id",
            *(f"R{n} | C1 | 2026-02-03 10:00:00 | 2026-02-05 | 10.00 | W1" for n in range(60)),
            "RX | C2 | 2026-02-03 10:00:00 | 2026-02-05 | ten | W2",
        ]
    )
    second = given(
        cases=CASES, collectors=STAFF, assignments=HELD, promises=promises, as_of="2026-02-28", home=first.home, settings={"reject_share": "0.5"}
    )
    (tmp_path / "people.toml").write_text(PEOPLE, encoding="utf-8")
    monkeypatch.setenv("COLLECTIONS_PEOPLE", str(tmp_path / "people.toml"))
    monkeypatch.setenv("COLLECTIONS_HOME", str(second.home.path))
    return second


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Opened:
    def open_page(who: str, page: str, **query: str) -> AppTest:
        monkeypatch.setenv("COLLECTIONS_USER", who)
        app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60)
        app.query_params["lang"] = "en"
        for name, value in query.items():
            app.query_params[name] = value
        app.switch_page(str(ROOT / "pages" / f"{page}.py"))
        app.run()
        assert not app.exception, [error.value for error in app.exception]
        return app

    return open_page


def test_only_who_may_upload_puts_an_older_snapshot_in_service(shop: Given, opened: Opened) -> None:
    older = next(one for one in shop.home.ids() if one != shop.load.snapshot)
    for who, may in (("boss", True), ("lead", False), ("project", False)):
        keys = [button.key for button in opened(who, "data").button]
        assert f"look_{older}" in keys and (f"back_{older}" in keys) is may, who
    frame = cast(Frame, SimpleNamespace(person=Person("lead", Scope("leader", ("north",)))))
    with pytest.raises(PermissionError, match="lead"):  # nor by any other way than the button
        snapshots.roll_back(frame, older)


@pytest.mark.parametrize(("who", "sees"), [("boss", True), ("lead", False), ("project", False)])
def test_rows_as_they_came_in_are_for_who_sees_all_of_them(shop: Given, opened: Opened, who: str, sees: bool) -> None:
    app = opened(who, "data")
    cells = [str(cell) for table in app.dataframe for cell in table.value.to_numpy().ravel()]
    assert any("W2" in cell for cell in cells) is sees and any("ten" in cell for cell in cells) is sees
    assert any("Rows as they came in" in text.value for text in app.info) is not sees


def test_notes_about_other_teams_alone_are_not_told(shop: Given, opened: Opened) -> None:
    kept = state.opened(state.address(shop.home.path))
    for text, teams in (("for all", ()), ("of the north", ("north",)), ("of the south", ("south",)), ("of both", ("north", "south"))):
        kept.add_note(shop.load.dataset, date(2026, 2, 3), text, scope={"team": teams} if teams else {})
    notes = {note.text: note for note in kept.notes(shop.load.dataset)}
    for scope, seen in (
        (Scope(), {"for all", "of the north", "of the south", "of both"}),
        (Scope("leader", ("north",)), {"for all", "of the north", "of both"}),
        (Scope("collector", None, False, "W1"), {"for all"}),
    ):
        assert {text for text, note in notes.items() if note.open_to(scope)} == seen
    for who, told in (("boss", True), ("lead", False)):
        assert any("of the south" in text.value for text in opened(who, "data").markdown) is told


def test_a_collector_is_offered_no_team_but_their_own(shop: Given, opened: Opened) -> None:
    for who, offered in (("boss", ["house", "north", "south"]), ("lead", ["north"]), ("w1", ["north"])):
        app = opened(who, "collector")
        teams = next(one for one in app.multiselect if one.label == "Team")
        assert teams.options == offered, who
