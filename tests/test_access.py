"""People and roles: who is let in, what they see, and that a file that can't be read lets nobody in."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.access import EVERY_PAGE, LOCAL_PERSON, ROLES, PeopleError, Scope, people, person
from tests.conftest import Given

ROOT = Path(__file__).resolve().parents[1]
PEOPLE = """
[[person]]
id = "boss@example.com"
role = "manager"

[[person]]
id = "lead@example.com"
role = "leader"
teams = ["B", "A"]

[[person]]
id = "w1@example.com"
role = "collector"
collector = "W1"

[[person]]
id = "hr@example.com"
role = "hr"
rights = ["rollout"]
"""


def test_without_a_file_the_person_at_the_keyboard_is_the_manager(tmp_path: Path) -> None:
    assert person(tmp_path, None) is LOCAL_PERSON and person(tmp_path, "anybody") is LOCAL_PERSON


def test_people_are_who_the_file_says(tmp_path: Path) -> None:
    (tmp_path / "people.toml").write_text(PEOPLE, encoding="utf-8")
    assert person(tmp_path, None) is None and person(tmp_path, "stranger") is None
    lead, collector, hr = (person(tmp_path, f"{name}@example.com") for name in ("lead", "w1", "hr"))
    assert lead and collector and hr
    assert lead.scope == Scope("leader", ("A", "B"), True, None) and not lead.may("pay_all")
    assert collector.scope == Scope("collector", None, False, "W1") and not collector.sees("overview") and collector.sees("incentives")
    assert hr.may("rollout") and hr.may("approve") and not hr.may("upload")
    assert hr.sees("rollout") and not hr.sees("upload") and not lead.sees("rollout")  # a right of one's own brings its page


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[person]]\nrole = 'hr'", "person 1: id"),
        ("[[person]]\nid = 'a'\nrole = 'boss'", "role: got 'boss', expected one of manager, hr"),
        ("[[person]]\nid = 'a'\nrole = 'leader'", "a leader needs teams"),
        ("[[person]]\nid = 'a'\nrole = 'collector'", "a collector needs collector"),
        ("[[person]]\nid = 'a'\nrole = 'hr'\nteam = ['x']", "unknown team"),
        ("[[person]]\nid = 'a'\nrole = 'hr'\n[[person]]\nid = 'a'\nrole = 'hr'", "person 2: 'a' is there twice"),
        ("[[person]]\nid = 'a'\nrole = 'hr'\nrights = ['all']", "rights: unknown all"),
        ("[[person]]\nid = 'a'\nrole = 'hr'\nrights = 'upload'", "person 1: rights: got 'upload', expected a list of"),
        ("[[person]]\nid = 'a'\nrole = 'hr'\nrights = [['upload']]", "person 1: rights: got"),
        ("[[person]]\nid = 'a'\nrole = ['hr']", "person 1: role: got"),
        ("[person]\nid = 'a'\nrole = 'hr'", "person: expected one .* for each"),
        ("not toml", "people.toml:"),
    ],
)
def test_a_mistake_says_where(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "people.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PeopleError, match=said):
        people(path)


def test_roles_name_pages_that_there_may_be() -> None:
    assert all(role.pages <= EVERY_PAGE for role in ROLES.values())
    assert {path.stem for path in (ROOT / "pages").glob("*.py")} <= EVERY_PAGE


def test_a_collector_s_scope_limits_every_row(given: Callable[..., Given]) -> None:
    shop = given(
        cases="case_id | placed_on\nC1 | 2026-01-01\nC2 | 2026-01-01",
        collectors="collector_id | team\nA | north\nB | north",
        assignments="case_id | assigned_at | collector_id\nC1 | 2026-01-01 | A\nC2 | 2026-01-01 | B",
        payments="case_id | paid_on | amount\nC1 | 2026-01-20 | 10\nC2 | 2026-01-20 | 7",
        as_of="2026-02-28",
    )
    scope = Scope("collector", None, False, "A")
    for start, until in (("2026-01-01", "2026-01-31"), ("2026-01-05", "2026-02-11")):
        rows = shop.warehouse.measure(["net_amount", "placed_amount"], filters=shop.filters(start, until), scope=scope).rows
        assert rows[0]["net_amount"] == 10
    assert [row["case_id"] for row in shop.warehouse.rows("net_amount", filters=shop.filters(), scope=scope).rows] == ["C1"]


@pytest.mark.parametrize(("login", "title"), [("stranger@example.com", "You are not on the list of people"), ("lead@example.com", "Overview")])
def test_only_the_people_named_are_let_in(loaded_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, login: str, title: str) -> None:
    path = tmp_path / "people.toml"
    path.write_text(PEOPLE, encoding="utf-8")
    monkeypatch.setenv("COLLECTIONS_HOME", str(loaded_home))
    monkeypatch.setenv("COLLECTIONS_PEOPLE", str(path))
    monkeypatch.setenv("COLLECTIONS_USER", login)
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60)
    app.query_params["lang"] = "en"
    app.run()
    assert not app.exception and app.title[0].value == title


def test_a_right_of_one_s_own_opens_its_page(loaded_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "people.toml"
    path.write_text('[[person]]\nid = "li"\nrole = "leader"\nteams = ["A"]\nrights = ["upload", "rollout"]', encoding="utf-8")
    for name, value in {"HOME": str(loaded_home), "PEOPLE": str(path), "USER": "li", "STATE": f"sqlite:///{tmp_path / 'state.db'}"}.items():
        monkeypatch.setenv(f"COLLECTIONS_{name}", value)
    for page, title in (("upload", "Upload"), ("rollout", "Rollout")):
        app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60)
        app.query_params["lang"] = "en"
        app.switch_page(str(ROOT / "pages" / f"{page}.py")).run()
        assert not app.exception and not app.error and app.title[0].value == title
        assert title in [link.proto.label for link in app.sidebar.get("page_link")]
        assert page != "upload" or app.file_uploader


def test_a_broken_file_lets_nobody_in(loaded_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "people.toml"
    path.write_text("[[person]]\nid = 'a'", encoding="utf-8")
    monkeypatch.setenv("COLLECTIONS_HOME", str(loaded_home))
    monkeypatch.setenv("COLLECTIONS_PEOPLE", str(path))
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60)
    app.query_params["lang"] = "en"
    app.run()
    assert len(app.title) == 0 and "got None, expected one of manager" in app.error[0].value


def test_the_page_on_people_says_what_is_so(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "people.md").read_text(encoding="utf-8")
    (tmp_path / "people.toml").write_text(re.findall(r"```toml\n(.*?)```", text, flags=re.DOTALL)[0], encoding="utf-8")
    assert {person.scope.role for person in people(tmp_path / "people.toml").values()} == {"manager", "leader", "collector"}
    assert set(re.findall(r"^\| `(\w+)` \|", text, flags=re.MULTILINE)) == set(ROLES)
    listed = re.search(r"Rights that can be added to a person: (.*?)\. A file", text)
    assert listed and set(re.findall(r"`(\w+)`", listed.group(1))) == {right for role in ROLES.values() for right in role.rights} | {"pay_team"}
