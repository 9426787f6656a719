"""Uploads from begin to end, each in a child process: what is published, refused, overtaken, cancelled, and that nothing stays."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from dashboard.access import LOCAL_PERSON, Person, Scope
from dashboard.home import STAGED, Busy, Home, NothingLoaded, Overtaken
from dashboard.load import load
from dashboard.upload import parcel, runs, shown
from dashboard.upload.figures import common_month
from tests.conftest import close_all
from tests.drawn import write_export
from tests.once import load_once

ROOT = Path(__file__).resolve().parents[2]
CASES = "case_id | placed_on | placed_balance\nC1 | 2026-01-05 | 1000"
PAID = b"payment_id,case_id,paid_on,amount,kind\nP1,C1,2026-01-20,250.00,payment\n"
AS_OF = {"as_of": "2026-01-31"}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    place = Home(tmp_path / "home")
    load_once(write_export(tmp_path / "first", {"cases": CASES}, settings=AS_OF), place)
    return place


def ended(run: runs.Run) -> runs.Run:
    for _ in range(600):
        if run.state != "running":
            return run
        time.sleep(0.1)
    raise AssertionError(f"still at {run.step}")


def sent(home: Home, name: str = "payments.csv", content: bytes = PAID, **more: Any) -> runs.Run:
    files = [(name, io.BytesIO(content)), ("export.toml", io.BytesIO(b"[export]\nas_of = 2026-01-31\n"))]
    return runs.begin(LOCAL_PERSON, home, files, more.pop("dataset", "default"), **more)


def leftovers(home: Home) -> list[str]:
    patterns = ("uploads/*/**", "collections-*", f"snapshots/{STAGED}*", "snapshots/.building-*", f"snapshots/.{STAGED}*", ".CURRENT.*")
    return sorted({str(path.relative_to(home.path)) for pattern in patterns for path in home.path.glob(pattern)})


def test_published_after_a_look(home: Home) -> None:
    before = home.info()
    run = ended(sent(home))
    assert run.state == "ready", run.outcome
    assert home.info().id == before.id and home.ids() == [before.id]  # nobody sees it yet
    rows = {row["metric"]: (row["before"], row["after"]) for row in run.outcome["figures"]["rows"]}
    assert rows["net_amount"] == (None, "250.00")  # no payments were in service
    assert run.outcome["changes"] == [{"table_id": "payments", "added": 1, "changed": 0, "unchanged": 0}]
    assert run.outcome["waterfall"]["net_amount"] == "250.00" and run.outcome["parent"] == before.id
    assert run.outcome["accounting"][0]["rows_read"] == run.outcome["accounting"][0]["rows_loaded"] == 1
    run.publish(LOCAL_PERSON)
    assert run.state == "published" and home.info().id == run.outcome["snapshot"]
    assert leftovers(home) == []
    close_all(home)


def test_discarded(home: Home) -> None:
    before = home.info().id
    run = ended(sent(home))
    run.discard(LOCAL_PERSON)
    assert run.state == "discarded" and home.info().id == before and leftovers(home) == []


def test_refused_keeps_what_is_in_service(home: Home) -> None:
    before = home.info().id
    run = ended(sent(home, "cases.csv", b"case_id,product\nC2,card\n"))
    assert run.state == "refused" and home.info().id == before and leftovers(home) == []
    for lang, said in (("en", "required column missing"), ("zh", "缺")):
        (sheet,) = shown.tables(run, lang)
        assert len(sheet.rows) == 3 and all(said in row["kind"] for row in sheet.rows)


def test_unchanged_keeps_nothing(home: Home) -> None:
    run = ended(sent(home))
    run.publish(LOCAL_PERSON)
    again = ended(sent(home))
    assert again.state == "unchanged" and leftovers(home) == []
    close_all(home)


def test_somebody_else_published_meanwhile(home: Home, tmp_path: Path) -> None:
    run = ended(sent(home))
    other = load(
        write_export(tmp_path / "other", {"payments": "case_id | paid_on | amount | payment_id\nC1 | 2026-01-09 | 5.00 | X"}, settings=AS_OF),
        home,
    )
    assert run.state == "ready" and (home.snapshots / f"{STAGED}{run.outcome['snapshot']}.duckdb").exists()  # kept through another's load
    run.publish(LOCAL_PERSON)
    assert run.state == "overtaken" and home.info().id == other.snapshot
    run.again(LOCAL_PERSON)
    ended(run)
    assert run.state == "ready" and run.outcome["parent"] == other.snapshot
    assert {row["metric"]: row["after"] for row in run.outcome["figures"]["rows"]}["net_amount"] == "255.00"
    run.publish(LOCAL_PERSON)
    assert run.state == "published" and leftovers(home) == []
    close_all(home)


def test_a_last_day_that_moves_back_is_said(home: Home) -> None:
    run = ended(runs.begin(LOCAL_PERSON, home, [("payments.csv", io.BytesIO(PAID))], "default"))
    assert run.outcome["as_of"] == "2026-01-20"
    assert [kind for kind, _ in shown.said(run, "en")] == ["warning"] and "less far" in shown.said(run, "en")[0][1]
    run.discard(LOCAL_PERSON)


def test_a_new_data_set_does_not_come_to_the_front(home: Home) -> None:
    export = {"cases.csv": b"case_id,product,placed_on,placed_balance,days_past_due\nC1,card,2026-01-05,1000,3\n"}
    run = ended(runs.begin(LOCAL_PERSON, home, [(name, io.BytesIO(text)) for name, text in export.items()], "other"))
    assert run.state == "ready" and run.outcome["figures"]["as_of_before"] is None
    run.publish(LOCAL_PERSON)
    assert run.state == "published" and home.pointer().front == "default" and set(home.pointer().datasets) == {"default", "other"}
    close_all(home)


def test_files_alone_take_the_settings_of_what_they_join(tmp_path: Path) -> None:
    settings = {"currency": '"TWD"', "timezone": '"Asia/Taipei"', "title.en": '"A \\"name\\""', **AS_OF}
    home = Home(tmp_path / "home")
    load(write_export(tmp_path / "first", {"cases": CASES}, settings=settings), home)
    run = ended(runs.begin(LOCAL_PERSON, home, [("payments.csv", io.BytesIO(PAID))], "default"))
    assert run.state == "ready" and run.outcome["currency"] == "TWD"
    run.publish(LOCAL_PERSON)
    assert home.info().title == {"en": 'A "name"'}
    close_all(home)


def test_only_who_may(home: Home) -> None:
    collector, deputy = Person("w1", Scope(role="collector")), Person("li", Scope("leader", ("A",)), frozenset({"upload"}))
    with pytest.raises(runs.NotAllowed):
        runs.begin(collector, home, [("payments.csv", io.BytesIO(PAID))], "default")
    assert not (home.path / "uploads").exists()
    run = ended(sent(home))
    assert runs.find(collector, run.token) is None and runs.open_runs(collector, home) == []
    for act in (run.publish, run.discard, run.again):
        with pytest.raises(runs.NotAllowed):
            act(collector)
    assert run.state == "ready" and runs.find(LOCAL_PERSON, run.token) is run
    assert runs.open_runs(deputy, home) == [run] and runs.find(deputy, run.token) is run  # what one began, another may decide on
    run.discard(deputy)
    assert run.state == "discarded"


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"dataset": "../x"}, "dataset_name"),
        ({"dataset": ""}, "dataset_name"),
        ({"mapping": "../cards"}, "mapping"),
        ({"mapping": b"not = a mapping"}, "mapping"),
        ({"mapping": b"x" * (2 << 20)}, "mapping"),
        ({"mapping": b"[sources.a]\nfile = '../../secret.csv'\n[[complaints]]\nselect = 'select 1'"}, "outside"),
        ({"mapping": b"[sources.a]\nfile = '/etc/passwd'\n[[complaints]]\nselect = 'select 1'"}, "outside"),
        ({"name": "../payments.csv"}, "outside"),
    ],
)
def test_what_is_not_begun(home: Home, change: dict[str, Any], kind: str) -> None:
    with pytest.raises(parcel.ParcelRefused) as refusal:
        sent(home, **change)
    assert refusal.value.kind == kind and leftovers(home) == []


def test_a_mapping_of_ones_own(home: Home) -> None:
    mapping = b"""
[sources.paid]
file = "cash*.csv"
[[payments]]
source = "paid"
columns = { payment_id = "id", case_id = "case", paid_on = "day", amount = "sum", kind = { value = "payment" } }
"""
    run = ended(sent(home, "cash 1.csv", b"id,case,day,sum\nP1,C1,2026-01-20,250.00\n", mapping=mapping))
    assert run.state in ("ready", "refused"), run.outcome
    if run.state == "ready":
        assert run.outcome["waterfall"]["net_amount"] == "250.00"
        run.discard(LOCAL_PERSON)
    assert leftovers(home) == []


def test_cancelled(home: Home) -> None:
    before = home.info().id
    with home.lock():  # the child waits for the lock
        run = sent(home)
        for _ in range(200):
            if run.step == "wait":
                break
            time.sleep(0.05)
        assert run.step == "wait" and "another" in shown.step(run.step, "en")
        run.cancel()
        ended(run)
    assert run.state == "cancelled" and home.info().id == before
    runs.sweep(home)
    assert leftovers(home) == []


def test_no_more_than_a_few_wait_for_a_decision(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "MOST_OPEN", 1)
    run = ended(sent(home))
    with pytest.raises(parcel.ParcelRefused, match="too_many_open"):
        sent(home)
    monkeypatch.setattr(runs, "IDLE_SECONDS", -1)  # nobody looks at it any more
    runs.sweep(home)
    assert run.state == "discarded" and leftovers(home) == []


def test_a_load_that_takes_too_long_is_stopped(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "RUN_SECONDS", 0.1)
    run = ended(sent(home))
    assert run.state == "late" and leftovers(home) == []
    assert shown.said(run, "en") and shown.said(run, "zh")


def test_publishing_gives_way_to_a_load_under_way(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.home.LOCK_SECONDS", 0.1)
    run = ended(sent(home))
    with home.lock():
        run.publish(LOCAL_PERSON)
        assert run.state == "ready" and run.busy
        with pytest.raises(Busy):
            home.publish(run.outcome["snapshot"])
    run.publish(LOCAL_PERSON)
    assert run.state == "published"
    close_all(home)


def test_a_staged_snapshot_nobody_keeps_goes_with_the_next_load(home: Home, tmp_path: Path) -> None:
    export = write_export(tmp_path / "second", {"payments": "case_id | paid_on | amount\nC1 | 2026-01-20 | 9.00"}, settings=AS_OF)
    staged = load(export, home, stage=True)
    assert staged.staged and not staged.published and home.ids() == [home.info().id]
    with pytest.raises(NothingLoaded):
        home.info(snapshot=f"{STAGED}{staged.snapshot}")
    load(
        write_export(tmp_path / "third", {"payments": "case_id | paid_on | amount\nC1 | 2026-01-20 | 8.00"}, settings=AS_OF),
        home,
        dry_run=True,
    )
    with pytest.raises(NothingLoaded):
        home.publish(staged.snapshot)
    assert leftovers(home) == []


def test_publish_refuses_where_the_pointer_moved(home: Home, tmp_path: Path) -> None:
    export = write_export(tmp_path / "second", {"payments": "case_id | paid_on | amount\nC1 | 2026-01-20 | 9.00"}, settings=AS_OF)
    first = home.info().id
    staged = load(export, home, stage=True)
    with home.lock():
        home.point("default", first)  # the same one: nothing moved
    assert home.publish(staged.snapshot) == "default" and home.info().id == staged.snapshot
    with home.lock():
        home.point("default", first)
    again = load(export, home, stage=True)
    assert again.snapshot == staged.snapshot
    assert home.publish(again.snapshot) == "default" and home.info().id == again.snapshot  # published, rolled back, published again
    with home.lock():
        home.point("default", first)
    late = load(export, home, stage=True)
    with home.lock():
        home.point("default", staged.snapshot)
    with pytest.raises(Overtaken):
        home.publish(late.snapshot)
    home.discard(late.snapshot)
    assert leftovers(home) == []
    close_all(home)


def test_the_command_line_stages_reports_and_publishes(home: Home, tmp_path: Path) -> None:
    export = write_export(tmp_path / "second", {"payments": "case_id | paid_on | amount\nC1 | 2026-01-20 | 9.00"}, settings=AS_OF)
    report = tmp_path / "report.json"

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "dashboard", *arguments, "--home", str(home.path)], cwd=ROOT, capture_output=True, text=True, timeout=120
        )

    done = run("load", str(export), "--stage", "--report", str(report), "--progress", "json")
    assert done.returncode == 0, done.stderr
    steps = [json.loads(line) for line in done.stderr.splitlines()]
    assert steps[0]["step"] == "wait" and steps[-1]["step"] == "publish" and all(0 <= step["share"] <= 1 for step in steps)
    outcome = json.loads(report.read_text(encoding="utf-8"))
    assert outcome["outcome"] == "staged" and outcome["as_of"] == "2026-01-31"
    assert set(outcome) >= {"accounting", "breaches", "flags", "changes", "waterfall", "snapshot", "as_of", "figures"}
    assert run("snapshots", "--publish", outcome["snapshot"]).returncode == 0
    assert home.info().id == outcome["snapshot"]
    done = run("snapshots", "--discard", outcome["snapshot"])
    assert done.returncode == 1 and "no staged snapshot" in done.stderr
    done = run("load", str(export), "--dry-run", "--report", str(report))
    assert json.loads(report.read_text(encoding="utf-8"))["outcome"] == "identical"
    close_all(home)


def test_the_month_that_both_hold_whole() -> None:
    def info(first_on: str, as_of: str) -> Any:
        return type("Info", (), {"first_on": date.fromisoformat(first_on), "as_of": date.fromisoformat(as_of)})()

    old, new = info("2025-01-01", "2026-09-30"), info("2025-01-01", "2026-10-20")
    assert common_month(old, new) == (date(2026, 9, 1), date(2026, 9, 30))
    assert common_month(new) == (date(2026, 9, 1), date(2026, 9, 30))
    assert common_month(info("2026-10-02", "2026-10-20")) is None


SERVER = """
import io, sys, time
from pathlib import Path
from dashboard.access import LOCAL_PERSON
from dashboard.home import Home
from dashboard.upload import runs
home, export = Home(Path(sys.argv[1])), Path(sys.argv[2])
run = runs.begin(LOCAL_PERSON, home, [(path.name, path.open('rb')) for path in export.iterdir() if path.suffix in ('.csv', '.toml')], 'sample')
while True:
    print(run._process.pid, run.state, run.step, run.share, flush=True)
    time.sleep(0.02)
"""


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")
@pytest.mark.parametrize(("until", "who"), [(0.2, "child"), (0.2, "server"), (0.7, "server"), (0.9, "child"), (2.0, "server")])
def test_a_kill_leaves_the_old_snapshot_and_nothing_after_the_next_sweep(
    home: Home, sample: Path, until: float, who: str, alone: Callable[[int], None]
) -> None:
    before = home.info().id
    close_all(home)
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(home.path), str(sample)], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert server.stdout is not None
    child, states = 0, set()
    try:
        for line in server.stdout:
            pid, state, *rest = line.split()
            child = int(pid)
            states.add(state)
            share = float(rest[-1])
            if state == "failed":
                break
            if state == "ready" or share >= until:
                if who == "child" and state == "running":
                    os.kill(child, signal.SIGKILL)
                    until = 9
                    continue
                break
    finally:
        server.kill()
        server.wait(timeout=20)
        server.stdout.close()
    alone(child)
    assert leftovers(home) != [] or who == "child"
    assert home.info().id == before and home.ids() == [before]
    runs.sweep(home)
    assert leftovers(home) == []
    assert home.info().id == before and home.ids() == [before]
    close_all(home)


@pytest.fixture
def alone() -> Callable[[int], None]:
    """Wait until a process whose parent was killed has ended too: its next word of progress reaches nobody."""

    def wait(pid: int) -> None:
        for _ in range(300):
            try:
                os.kill(pid, 0)
                state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
            except (ProcessLookupError, FileNotFoundError):
                return
            if state == "Z":
                return
            time.sleep(0.1)
        raise AssertionError(f"process {pid} goes on alone")

    return wait
