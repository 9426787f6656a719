"""Worked examples of the rollout's metrics, by hand; and that the page's own figures are the engine's where nothing was changed here."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dashboard.cli import app
from dashboard.home import Home
from dashboard.rollout import current
from dashboard.rollout.book import Book
from dashboard.rollout.plan import Milestone, Said, of_export
from dashboard.rollout.schedule import kept, schedule
from dashboard.state import State
from dashboard.warehouse import Warehouse
from tests.conftest import Given, close_all
from tests.drawn import write_export
from tests.once import load_once

#: As of 31 March. Due by baseline up to then: A on time, B 4 days late, C open and 21 days over (it can end on 1 April at the earliest),
#: F done without a date (left out). D was put off, so by the latest plan it isn't due; E is due later, but done early.
MILESTONES = """
    milestone_id | measure  | baseline_start | baseline_end | planned_start | planned_end | actual_start | actual_end | percent | team
    A            | team     | 2026-01-01     | 2026-01-31   | 2026-01-01    | 2026-01-31  | 2026-01-01   | 2026-01-31 | 100     | north
    B            | channels | 2026-01-01     | 2026-02-28   | 2026-01-01    | 2026-03-02  | 2026-01-05   | 2026-03-04 | 100     |
    C            | channels | 2026-02-01     | 2026-03-11   | 2026-02-01    | 2026-03-11  | 2026-02-01   |            | 40      | south
    D            | process  | 2026-02-01     | 2026-03-20   | 2026-04-01    | 2026-05-20  |              |            | 0       | west
    E            | process  | 2026-02-01     | 2026-04-30   | 2026-02-01    | 2026-03-30  | 2026-02-01   | 2026-03-25 | 100     |
    F            | process  | 2026-02-01     | 2026-03-01   | 2026-02-01    | 2026-03-01  | 2026-02-01   |            | 100     |
"""
COLLECTORS = """
    collector_id | team
    W1           | north
    W2           | north
    W3           | south
    W4           | west
"""
#: Due A 0, B 4, C 21, D 61 days (20 March to 20 May): on time 1 of 4. By the latest plan due A 0, B 2, C 21, E −5.
WORKED: dict[str, Any] = {
    "milestones_due": 4,
    "milestones_on_time": 1,
    "milestone_on_time_rate": 0.25,
    "milestone_slipped_days": 0 + 4 + 21 + 61,
    "milestone_slip": 21.5,
    "milestones_plan_due": 4,
    "milestone_plan_slipped_days": 0 + 2 + 21 - 5,
    "milestone_plan_slip": 4.5,
    "rollout_teams": 3,
    "rollout_teams_begun": 2,
    "rollout_coverage": 2 / 3,
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Given]:
    place = tmp_path_factory.mktemp("rollout")
    tables = {"milestones": MILESTONES, "collectors": COLLECTORS, "cases": "case_id | placed_on | placed_balance\nC1 | 2026-01-01 | 1000"}
    folder, home = write_export(place / "export", tables, settings={"as_of": "2026-03-31"}), Home(place / "home")
    outcome = load_once(folder, home)
    yield Given(folder, home, outcome, Warehouse(home.info(snapshot=outcome.snapshot)))
    close_all(home)


def test_every_metric_of_the_rollout(shop: Given) -> None:
    row = shop.rows(list(WORKED), start="2026-01-01", until="2026-03-31")[0]
    assert {name: row[name] for name in WORKED} == pytest.approx(WORKED)


def test_each_month_has_what_fell_due_in_it(shop: Given) -> None:
    rows = shop.rows(["milestones_due", "milestones_on_time", "rollout_teams_begun"], "month", start="2026-01-01", until="2026-03-31")
    assert [tuple(row.values()) for row in rows] == [(date(2026, 1, 1), 1, 1, 1), (date(2026, 2, 1), 1, 0, 2), (date(2026, 3, 1), 2, 0, 2)]


def test_the_page_counts_as_the_engine_does(shop: Given) -> None:
    plan = of_export(shop.warehouse.run("milestones"))
    found = kept(schedule(plan, shop.warehouse.info.as_of).timed, shop.warehouse.info.as_of)
    row = shop.rows(list(WORKED), start="2026-01-01", until="2026-03-31")[0]
    assert (found.due, found.on_time, found.rate) == (row["milestones_due"], row["milestones_on_time"], row["milestone_on_time_rate"])
    assert (found.slipped, found.slip) == (row["milestone_slipped_days"], row["milestone_slip"])
    assert (found.plan_due, found.plan_slipped, found.plan_slip) == (
        row["milestones_plan_due"],
        row["milestone_plan_slipped_days"],
        row["milestone_plan_slip"],
    )
    assert found.undated == 1


def test_without_finish_dates_it_is_not_supplied(given: Callable[..., Given]) -> None:
    shop = given(
        milestones="""
            milestone_id | measure | baseline_start | baseline_end | planned_start | planned_end | percent
            A            | team    | 2026-01-01     | 2026-01-31   | 2026-01-01    | 2026-01-31  | 100
        """,
        as_of="2026-03-31",
    )
    assert shop.warehouse.missing("milestone_on_time_rate") == ("milestones.actual_end",)
    assert shop.warehouse.missing("rollout_coverage") == ("collectors.team", "milestones.team", "milestones.actual_start")


def test_a_team_sees_its_own_milestones_and_those_of_all(shop: Given) -> None:
    assert [one.id for one in current.plan(shop.warehouse, None, "sample", ["south"])] == ["B", "C", "E", "F"]


def test_the_command_line_counts_what_was_edited_as_the_page_does(shop: Given, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """B was done on its last day after all (4 days late in the export), N1 is new, in the west, due and done on 28 February: 3 of 5."""
    url = f"sqlite:///{tmp_path / 'state.db'}"
    monkeypatch.setenv("COLLECTIONS_STATE", url)
    base = current.exported(shop.warehouse)

    def told(*more: str) -> dict[str, Any]:
        names = "milestones_due,milestones_on_time,milestone_on_time_rate,rollout_coverage"
        asked = ["measure", names, "--from", "2026-01-01", "--to", "2026-03-31", "--home", str(shop.home.path), "--format", "json", *more]
        done = CliRunner().invoke(app, asked)
        assert done.exit_code == 0, done.output
        row: dict[str, Any] = json.loads(done.stdout)["rows"][0]
        return row

    before = told()
    assert (before["milestones_due"], before["milestones_on_time"], before["milestone_on_time_rate"]) == (4, 1, 0.25)
    kept_state = State(url)
    book = Book(kept_state, shop.warehouse.info.dataset)
    late = next(one for one in base if one.id == "B")
    book.save(base, replace(late, actual_end=late.baseline_end), 0, "ann")
    day = date(2026, 2, 28)
    new = Milestone(
        "N1", late.measure, Said.of("New"), Said.of("Ann"), date(2026, 2, 1), day, date(2026, 2, 1), day, date(2026, 2, 1), day, team="west"
    )
    book.save(base, new, 0, "ann")
    after = told()
    assert (after["milestones_due"], after["milestones_on_time"], after["milestone_on_time_rate"]) == (5, 3, 0.6)
    assert (before["rollout_coverage"], after["rollout_coverage"]) == (pytest.approx(2 / 3), 1.0)  # west has begun now
    plan = current.plan(shop.warehouse, kept_state, shop.warehouse.info.dataset, None)
    page = kept(schedule(plan, shop.warehouse.info.as_of).timed, shop.warehouse.info.as_of)
    assert (page.due, page.on_time, page.rate) == (5, 3, 0.6)
    assert told("--snapshot", shop.warehouse.info.id) == before  # an older snapshot by name answers as it was exported
    kept_state.close()
