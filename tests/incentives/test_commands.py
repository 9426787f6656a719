"""The month's job from the command line: an estimate, a draft, review, approval by another, lock, adjustment, dispute, verification."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dashboard.cli import app
from dashboard.home import Home
from tests.conftest import close_all
from tests.drawn import write_export
from tests.once import load_once

TABLES = {
    "cases": """
    case_id | placed_on  | placed_balance | days_past_due
    C1      | 2026-01-05 | 90000          | 20
    """,
    "collectors": """
    collector_id | team | hired_on
    W1           | A    | 2020-01-01
    """,
    "assignments": """
    case_id | assigned_at         | collector_id
    C1      | 2026-01-05 08:00:00 | W1
    """,
    "payments": """
        payment_id | case_id | paid_on    | amount   | posted_on  | reverses | kind     | status
        P1         | C1      | 2026-03-10 | 1000.00  | 2026-03-11 |          | payment  | posted
        R1         | C1      | 2026-03-12 | -200.00  | 2026-03-12 | P1       | reversal | posted
        P2         | C1      | 2026-03-31 | 500.00   | 2026-04-06 |          | payment  | posted
        V1         | C1      | 2026-03-10 | 5000.00  | 2026-03-11 |          | waiver   | posted
        P3         | C1      | 2026-03-20 | 700.00   |            |          | payment  | pending
        P4         | C1      | 2026-03-20 | 700.00   |            |          | payment  | failed
    """,
    "reviews": """
    collector_id | reviewed_on | score | critical
    W1           | 2026-03-15  | 90    | no
    """,
    "attendance": """
    collector_id | worked_on  | leave
    W1           | 2026-03-10 |
    """,
    "complaints": """
    collector_id | received_at         | upheld | resolved_at
    W1           | 2026-03-10 08:00:00 | no     | 2026-03-12 08:00:00
    """,
    "trainings": """
    collector_id | course | taken_on   | kind
    W1           | law    | 2026-03-01 | law
    """,
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    folder = tmp_path_factory.mktemp("pay")
    home = Home(folder / "home")
    load_once(write_export(folder / "export", TABLES, settings={"as_of": "2026-03-31"}), home)
    yield home
    close_all(home)


@pytest.fixture
def asked(place: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    """Run a command on the drawn export, with a ledger and people of the test's own."""
    monkeypatch.setenv("COLLECTIONS_STATE", f"sqlite:///{tmp_path / 'state.db'}")
    monkeypatch.setenv("COLLECTIONS_PEOPLE", str(tmp_path / "people.toml"))

    def ask(*arguments: str) -> tuple[int, str, str]:
        done = CliRunner().invoke(app, ["incentives", *arguments, "--home", str(place.path)])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.stdout, done.stderr

    return ask


def found(answer: tuple[int, str, str]) -> Any:
    assert answer[0] == 0, answer
    return json.loads(answer[1])


def test_the_months_job(asked: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    estimate = found(asked("run", "--plan", "bank", "--format", "json"))
    # 800 of bucket M3 at 2%; 500 was posted after the cut-off; what is waived, pending or failed is no cash at all
    assert (estimate["status"], estimate["month"], estimate["total"]) == ("estimate", "2026-03", "16.00")
    assert estimate["ties"] == [{"team": "A", "net_cash": "1300.00", "credited": "800.00", "uncredited": "500.00", "difference": "0.00"}]
    assert found(asked("runs", "--format", "json")) == []
    draft = found(asked("run", "--plan", "bank", "--month", "2026-03", "--as", "anna", "--format", "json"))
    assert (draft["run"], draft["total"], draft["result_hash"]) == (1, "16.00", estimate["result_hash"])
    assert asked("approve", "1", "--as", "bo") == (1, "", "Run 1 of 2026-03 is draft; it must be reviewed first\n")
    assert asked("review", "1", "--as", "anna")[:2] == (0, "1 2026-03 bank: reviewed\n")
    assert asked("approve", "1", "--as", "anna")[2] == "anna prepared run 1 of 2026-03: somebody else has to approve it\n"
    assert asked("adjust", "W1", "12.50", "--plan", "bank", "--month", "2026-03", "--reason", "phone", "--as", "anna")[0] == 0
    assert "prepare it again" in asked("approve", "1", "--as", "bo")[2]
    assert asked("withdraw", "1", "--reason", "adjusted", "--as", "bo")[1] == "1 2026-03 bank: withdrawn\n"
    again = found(asked("run", "--plan", "bank", "--month", "2026-03", "--as", "anna", "--format", "json"))
    assert (again["run"], again["total"]) == (2, "28.50")
    for step in ("review", "approve", "lock"):
        assert asked(step, "2", "--as", "bo", "--lang", "zh")[0] == 0
    assert "第 2 号" in asked("adjust", "W1", "5", "--plan", "bank", "--month", "2026-03", "--reason", "x", "--as", "anna", "--lang", "zh")[2]
    statement = found(asked("statement", "W1", "--format", "json"))
    assert (statement["run"], statement["amount"]) == (2, "28.50")
    assert found(asked("statement", "W1", "--run", "2", "--as", "bo", "--format", "json"))["amount"] == "28.50"
    looked = [line.split(" ", 2)[2] for line in asked("show", "2")[2].splitlines() if "by a command" in line]
    assert looked == ["local: W1 by a command", "bo: W1 by a command"]
    assert [row["amount"] for row in statement["rows"] if row["step"] in ("commission", "adjustments")] == ["16.0000", "12.50"]
    assert asked("dispute", "2", "W1", "--text", "P2 is mine", "--as", "w1")[0] == 0
    number = str(found(asked("disputes", "--format", "json"))[0]["dispute"])
    assert asked("answer", number, "rejected", "--text", "posted late: counts in April", "--as", "bo")[0] == 0
    assert [(one["status"], one["answer"]) for one in found(asked("disputes", "--format", "json"))] == [("rejected", "posted late: counts in April")]
    assert asked("verify")[:2] == (0, "Runs checked: 2. All are as they were written, and each comes out again bit for bit\n")
    assert [one["status"] for one in found(asked("runs", "--format", "json"))] == ["withdrawn", "locked"]
    assert asked("export", "1", "--out", str(tmp_path), "--as", "bo")[2] == "Run 1 of 2026-03 was withdrawn by bo\n"
    made = [asked("export", "2", "--out", str(tmp_path / folder), "--as", who) for folder, who in (("out", "bo"), ("again", "anna"))]
    assert [code for code, _, _ in made] == [0, 0] and all(": 1, ¥28.50, SHA-256 " in said for _, said, _ in made)
    first, second = (path.read_bytes() for folder in ("out", "again") for path in (tmp_path / folder).iterdir())
    assert first == second and b"W1" in first and b"28.50" in first
    assert [one["status"] for one in found(asked("runs", "--format", "json"))] == ["withdrawn", "exported"] and asked("verify")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "--plan", "nope"), "unknown plan nope; known: agency, bank, flat"),
        (("run", "--plan", "nope", "--lang", "zh"), "没有方案 nope；现有：agency、bank、flat"),
        (("plans", "bank", "--version", "9"), "plan bank has no version 9; it has 1"),
        (("run", "--plan", "bank", "--month", "March"), "--month: got 'March', expected a month such as 2026-10"),
        (("run", "--plan", "bank", "--as-of", "2020-01-01"), "--as-of: got '2020-01-01', expected a snapshot or its day"),
        (("run", "--plan", "agency"), "not supplied: contacts"),
        (("review", "1"), "--as: say who does it"),
        (("review", "7", "--as", "bo"), "There is no run 7"),
        (("statement", "W1"), "W1: no statement in any run that stands"),
        (("adjust", "W1", "five", "--plan", "bank", "--reason", "x", "--as", "bo"), "“five” is not an amount"),
        (("runs", "--as-of", "soon"), "--as-of: got 'soon', expected a moment"),
        (("plans", "bank", "--format", "xml"), "--format: got 'xml', expected one of table, csv, json"),
        (("run", "--plan", "bank", "--month", "March", "--lang", "zh"), "--month：收到 'March'，应为月份，例如 2026-10"),
        (("review", "1", "--lang", "zh"), "--as：请说明由谁操作"),
        (("plans", "bank", "--lang", "de"), "--lang: got 'de', expected one of en, zh"),
    ],
)
def test_what_goes_wrong_is_said(asked: Callable[..., tuple[int, str, str]], arguments: tuple[str, ...], said: str) -> None:
    code, _, error = asked(*arguments)
    assert code == 1 and said in error and "Traceback" not in error


def test_people_are_those_of_the_file(asked: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    people = '[[person]]\nid = "hr1"\nrole = "hr"\n[[person]]\nid = "lead"\nrole = "leader"\nteams = ["A"]\n'
    (tmp_path / "people.toml").write_text(people, encoding="utf-8")
    assert "got 'anna', expected an id of people.toml" in asked("run", "--plan", "bank", "--as", "anna")[2]
    assert asked("run", "--plan", "bank", "--as", "lead")[2] == "lead may not do this: it takes the right to prepare\n"
    assert asked("run", "--plan", "bank", "--as", "hr1")[0] == 0
    assert asked("statement", "W1")[2] == "--as: say who does it\n"
    assert asked("statement", "W1", "--as", "lead")[2] == "lead may not do this: it takes the right to see all pay\n"
    assert asked("statement", "W1", "--as", "hr1")[0] == 0


def test_plans_of_a_home_are_found_and_checked(asked: Callable[..., tuple[int, str, str]], place: Home, tmp_path: Path) -> None:
    text = (Path(__file__).resolve().parents[2] / "data" / "rules" / "incentives" / "flat_1.toml").read_text(encoding="utf-8")
    (place.path / "incentives").mkdir(exist_ok=True)
    (place.path / "incentives" / "ours_1.toml").write_text(text.replace('id = "flat"', 'id = "ours"'), encoding="utf-8")
    assert "ours" in asked("plans", "--format", "csv")[1]
    assert asked("plans", "ours", "--format", "csv", "--lang", "zh")[1].splitlines()[1].startswith("1,固定薪酬,")
    (place.path / "incentives" / "ours_1.toml").unlink()
    bad = tmp_path / "bad.toml"
    bad.write_text(text.replace("version = 1", "version = 0"), encoding="utf-8")
    done = CliRunner().invoke(app, ["incentives", "validate", str(bad)])
    assert (done.exit_code, done.stderr) == (
        1, "bad.toml: plan.version: got 0, expected a whole number, 1 or more\nCorrect the places named and try again.\n"
    )  # fmt: skip
    done = CliRunner().invoke(app, ["incentives", "validate", str(bad), "--lang", "zh"])
    assert done.stderr == "bad.toml: plan.version：现为 0，应为 不小于 1 的整数\n请按所列位置更正后重试。\n"
