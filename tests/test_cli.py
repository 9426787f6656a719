"""The command line as automation uses it: exit codes, JSON shape, both languages."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.drawn import write_export

ROOT = Path(__file__).resolve().parents[1]

EXPORT = {
    "cases": "case_id | product | placed_on | placed_balance | days_past_due\nC1 | card | 2026-01-10 | 1000 | 10\nC2 | loan | 2026-01-12 | 500 | 40",
    "payments": "payment_id | case_id | paid_on | amount | kind\nP1 | C1 | 2026-02-10 | 250.10 | payment\nP2 | C2 | 2026-02-11 | 50 | payment",
}


def run(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLLECTIONS_HOME": str(home), "NO_COLOR": "1", "COLUMNS": "200", "PYTHONUTF8": "1"}
    return subprocess.run(
        [sys.executable, "-m", "dashboard", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    write_export(folder / "export", EXPORT, settings={"as_of": "2026-02-28"})
    done = run("load", str(folder / "export"), home=folder / "home")
    assert done.returncode == 0, done.stderr
    assert "net cash 300.10 CNY" in done.stdout and "not supplied: Customers" in done.stdout
    return folder


@pytest.mark.parametrize(("lang", "more"), [("en", "… and 3 more: not readable as this type"), ("zh", "…… 另有 3 处:类型不符")])
def test_breaches_beyond_those_shown_are_counted_once(tmp_path: Path, lang: str, more: str) -> None:
    """Of 500 payments 23 are dated `soon`: 20 are shown, each with its line, and the other three as one."""
    days = ["soon" if number < 23 else "2026-02-10" for number in range(500)]
    payments = "\n".join(f"P{number} | C1 | {day} | 1.00 | payment" for number, day in enumerate(days))
    export = {**EXPORT, "payments": f"payment_id | case_id | paid_on | amount | kind\n{payments}"}
    write_export(tmp_path / "export", export, settings={"as_of": "2026-02-28"})
    said = run("load", str(tmp_path / "export"), "--dry-run", "--lang", lang, home=tmp_path / "home").stdout.splitlines()
    assert len([line for line in said if "'soon'" in line]) == 20
    assert [line for line in said if line.startswith("…")] == [more]


def test_measure_answers_as_json_with_amounts_as_text(place: Path) -> None:
    done = run("measure", "recovery_rate,net_amount", "--by", "product", "--from", "2026-02-01", "--format", "json", home=place / "home")
    answer = json.loads(done.stdout)
    assert set(answer) == {"snapshot", "as_of", "filters", "missing", "partial", "rows"}
    assert answer["as_of"] == "2026-02-28" and answer["filters"] == {"from": "2026-02-01", "to": "2026-02-28"}
    card = next(row for row in answer["rows"] if row["product"] == "card")
    assert card["net_amount"] == "250.10" and card["recovery_rate"] == pytest.approx(0.2501)
    assert card["recovery_rate_part"] == "250.10" and card["recovery_rate_whole"] == "1000.00"


def test_measure_answers_as_csv_and_table(place: Path) -> None:
    done = run("measure", "net_amount", "--by", "month", "--where", "product=card,loan", "--format", "csv", home=place / "home")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert rows == [{"month": "2026-01-01", "net_amount": "0.00"}, {"month": "2026-02-01", "net_amount": "300.10"}]
    done = run("measure", "recovery_rate,cure_rate", "--from", "2026-02-01", home=place / "home")
    assert "20.0%" in done.stdout and "—" in done.stdout and "cure_rate: not supplied: balances" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("measure", "nett"), "unknown metric 'nett'"),
        (("measure", "net_amount", "--by", "nope"), "unknown dimension 'nope'"),
        (("measure", "net_amount", "--from", "31/10/2026"), "--from: got '31/10/2026', expected a day"),
        (("measure", "net_amount", "--where", "product"), "--where: got 'product', expected DIM=V"),
        (("measure", "net_amount", "--where", "product=crad"), "--where product: got 'crad', which the data doesn't have; nearest: 'card'"),
        (("measure", "net_amount", "--where", "product=CARD"), "nearest: 'card'"),
        (("measure", "attempts", "--where", "channel=phon"), "nearest: 'phone'"),
        (("measure", "net_amount", "--where", "bucket=Z9"), "--where bucket: got 'Z9', which the data doesn't have"),
        (("measure", "net_amount", "--dataset", "nope"), "no data set 'nope'"),
        (("report", "nope"), "unknown report 'nope'"),
        (("metrics", "nope"), "unknown metric 'nope'"),
        (("snapshots", "--use", "nope"), "no snapshot 'nope'"),
        (("load", "/nowhere"), "no such file or folder"),
    ],
)
def test_mistakes_are_said_in_one_sentence_with_exit_code_1(place: Path, arguments: tuple[str, ...], says: str) -> None:
    done = run(*arguments, home=place / "home")
    assert done.returncode == 1 and says in done.stderr and "Traceback" not in done.stderr


def test_nothing_loaded_says_what_to_do(tmp_path: Path) -> None:
    done = run("measure", "net_amount", home=tmp_path)
    assert done.returncode == 1 and "nothing is loaded" in done.stderr and "python -m dashboard load" in done.stderr


def test_files_that_no_table_reads_are_named(place: Path, tmp_path: Path) -> None:
    write_export(tmp_path / "export", EXPORT)
    (tmp_path / "export" / "paymets.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    done = run("load", str(tmp_path / "export"), home=tmp_path / "home")
    assert done.returncode == 0 and "files no table reads: paymets.csv" in done.stdout


def test_dry_run_publishes_nothing(place: Path, tmp_path: Path) -> None:
    done = run("load", str(place / "export"), "--dry-run", "--lang", "zh", home=tmp_path)
    assert done.returncode == 0 and "试运行" in done.stdout and "净回款 300.10" in done.stdout
    assert not (tmp_path / "CURRENT").exists() and not list((tmp_path / "snapshots").glob("*.duckdb"))


def test_refused_load_lists_every_breach_and_keeps_the_old_snapshot(place: Path, tmp_path: Path) -> None:
    before = run("snapshots", home=place / "home").stdout
    write_export(tmp_path / "bad", {"cases": "case_id | product\nC1 | card", "payments": "payment_id | amount\nP1 | x"}, complete=False)
    done = run("load", str(tmp_path / "bad"), home=place / "home")
    assert done.returncode == 1
    for column in ("placed_on", "placed_balance", "days_past_due", "case_id", "paid_on", "kind"):
        assert f"[{column}]" in done.stderr, column
    assert run("snapshots", home=place / "home").stdout == before


def test_metrics_speak_both_languages(place: Path) -> None:
    assert json.loads(run("metrics", "recovery_rate", "--lang", "zh", "--format", "json", home=place).stdout)[0]["label"] == "催回率"
    assert json.loads(run("metrics", "recovery_rate", "--format", "json", home=place).stdout)[0]["label"] == "Recovery rate"


def test_a_report_answers(place: Path) -> None:
    rows = json.loads(run("report", "files", "--format", "json", home=place / "home").stdout)
    assert {row["name"]: row["rows_loaded"] for row in rows} == {"cases.csv": 2, "payments.csv": 2}


def test_sample_refuses_nonsense(tmp_path: Path) -> None:
    done = run("sample", str(tmp_path / "out"), "--cases", "3", home=tmp_path)
    assert done.returncode == 1 and "cases: got 3" in done.stderr


def test_serving_others_needs_to_know_who_they_are(place: Path) -> None:
    done = run("serve", "--host", "0.0.0.0", home=place / "home")
    assert done.returncode == 1
    assert "--host 0.0.0.0: others could reach every figure; expected" in done.stderr and "people.toml" in done.stderr
