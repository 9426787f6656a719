"""What a page's files say of themselves: the days, the limits and the settings that their rows are of, in the page's language."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import openpyxl  # type: ignore[import-untyped]
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.conftest import Given

ROOT = Path(__file__).resolve().parents[1]
PEOPLE = """
[[person]]
id = "lead@example.com"
role = "leader"
teams = ["华东一组 East-1"]
"""

Files = Callable[..., Mapping[str, bytes]]


@pytest.fixture
def files(loaded_home: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """Opens a page and gives what its buttons would save, by the buttons' keys."""
    monkeypatch.setenv("COLLECTIONS_HOME", str(loaded_home))
    made: dict[str, Any] = {}

    def button(label: str, data: Any, file_name: str = "", mime: str = "", key: str = "", **_: Any) -> bool:
        made[key] = data
        return False

    monkeypatch.setattr(st, "download_button", button)

    def opened(page: str, lang: str = "en", **query: str | list[str]) -> Mapping[str, bytes]:
        made.clear()
        app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60)
        app.query_params["lang"] = lang
        for name, value in query.items():
            app.query_params[name.replace("__", ".")] = value
        app.switch_page(str(ROOT / "pages" / f"{page}.py"))
        app.run()
        assert not app.exception, [error.value for error in app.exception]
        return {key: data() if callable(data) else data for key, data in made.items()}  # made on a click, when the run is over

    return opened


def read(content: bytes) -> tuple[dict[str, str], list[list[str]]]:
    """What a CSV says of itself, and its rows without their head."""
    lines = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    notes = [line[0].removeprefix("# ").split(": ", 1) for line in lines if line and line[0].startswith("# ")]
    return {name: text for name, text in notes}, lines[len(notes) + 1 :]


def test_months_compared_are_the_period_of_the_file(files: Files) -> None:
    """Collectors are compared over six months whichever month is on screen, pay is of its month, plans are tried on theirs."""
    october = {"from": "2026-10-01", "to": "2026-10-31"}
    notes, _ = read(files("team", **october)["csv_funnel"])
    assert "(2026-05-01 – 2026-10-31)" in notes["Period"] and (notes["Months"], notes["Outcome"]) == ("6 months", "Payers")
    made = files("collector", page__collector="W00002", **october)
    for name, days in {
        "standing": "2026-05-01 – 2026-10-31",
        "own_moved": "2025-11-01 – 2026-10-31",
        "own_quality": "2026-10-01 – 2026-10-31",
    }.items():
        notes, _ = read(made[f"csv_{name}"])
        assert f"({days})" in notes["Period"] and notes["Collector"].endswith("W00002"), name
    notes, _ = read(files("incentives", page__month="2026-08", bucket="M2", **october)["csv_pay_ties"])
    assert "(2026-08-01 – 2026-08-31)" in notes["Period"] and notes["Filters"] == "everything" and notes["Plan"], "filters don't move pay"
    notes, _ = read(files("whatif", page__months="6", **october)["csv_whatif_total"])
    assert "(2026-05-01 – 2026-10-31)" in notes["Period"] and notes["Over the last"] == "6 months"


def test_settings_of_a_panel_and_its_line_of_method_are_in_its_file_alone(files: Files) -> None:
    made = files("channels", page__grace="7", page__steps_by="team")
    notes, _ = read(made["csv_promises"])
    assert notes["Grace"] == "grace 7 d" and "7 days of grace" in notes["How it is counted"] and "Cut by" not in notes
    book = openpyxl.load_workbook(io.BytesIO(made["xlsx_steps"]))
    about = {line[0].value: line[1].value for line in book["About 说明"].iter_rows()}
    assert about["Cut by"] == "Team" and "Grace" not in about
    assert "口径说明" in read(files("channels", "zh")["csv_promises"])[0]


def test_rows_behind_a_group_say_which_group(files: Files) -> None:
    notes, rows = read(files("cases", metric="opening_cases", cut="bucket", value="M2", **{"from": "2026-09-01", "to": "2026-09-30"})["csv_rows"])
    assert "M2" in notes["How it is counted"] and notes["Rows"] == str(len(rows))


def test_somebody_s_own_teams_are_the_limit_of_their_files_and_page(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loaded_home: Path
) -> None:
    (tmp_path / "people.toml").write_text(PEOPLE, encoding="utf-8")
    monkeypatch.setenv("COLLECTIONS_PEOPLE", str(tmp_path / "people.toml"))
    monkeypatch.setenv("COLLECTIONS_USER", "lead@example.com")
    notes, _ = read(files("overview")["csv_why"])
    assert notes["Filters"] == "Team: 华东一组 East-1"
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60)
    app.query_params["lang"] = "en"
    app.run()
    assert any("Team: 华东一组 East-1" in text.value.replace("\\", "") for text in app.markdown)


def test_yes_and_no_are_words_of_the_page(files: Files) -> None:
    made = files("rollout", "zh")
    book = openpyxl.load_workbook(io.BytesIO(made["xlsx_rollout_table"]))
    cells = {cell.value for line in book["数据"].iter_rows() for cell in line}
    assert cells & {"是", "否"} and not cells & {"True", "False"}


def test_all_cases_held_are_in_the_file(files: Files, given: Callable[..., Given], monkeypatch: pytest.MonkeyPatch) -> None:
    many = range(1, 521)
    shop = given(
        cases="\n".join(["case_id | placed_on | placed_balance", *(f"C{n} | 2026-01-05 | {1000 + n}" for n in many)]),
        collectors="collector_id | name | team\nW1 | Ann | A",
        assignments="\n".join(["case_id | collector_id | assigned_at", *(f"C{n} | W1 | 2026-01-05" for n in many)]),
        as_of="2026-02-28",
    )
    monkeypatch.setenv("COLLECTIONS_HOME", str(shop.home.path))
    notes, rows = read(files("collector")["csv_held"])
    assert notes["Table"].endswith(": 520") and len(rows) == 520 and notes["Rows"] == "520"
