"""SIGKILL a load at many moments: the old or the new snapshot serves, never neither; the next load works and tidies up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dashboard import warehouse
from dashboard.home import Home
from dashboard.load import load
from tests.conftest import close_all
from tests.drawn import write_export

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL on Windows")
#: A load that stops dead at the n-th call of one step, or tells how often each is reached.
CHILD = """
import os, signal, sys
from pathlib import Path
from dashboard import home as homes, load as loads
folder, place, step, number = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
count = 0
def reached(name, *_):
    global count
    if step == 'list':
        print(name, flush=True)
    elif name == step:
        count += 1
        if count == number:
            os.kill(os.getpid(), signal.SIGKILL)
def before(owner, attribute, name):
    inner = getattr(owner, attribute)
    def wrapped(*given, **more):
        reached(name)
        return inner(*given, **more)
    setattr(owner, attribute, wrapped)
before(loads, '_sync_file', 'sync file')
before(Path, 'replace', 'rename')
before(loads, 'sync_folder', 'after rename')
before(homes.Home, 'point', 'before pointer')
before(homes, 'write_durably', 'pointer text')
before(homes, 'sync_folder', 'after pointer')
before(homes.Home, 'sweep', 'sweep')
loads.load(folder, homes.Home(place), progress=lambda name, share: reached('step ' + name))
"""


def start(folder: Path, place: Path, step: str, number: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder), str(place), step, str(number)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def leftovers(place: Path) -> list[str]:
    return sorted(
        str(path.relative_to(place)) for pattern in ("collections-*", "snapshots/.building-*", ".CURRENT.*") for path in place.glob(pattern)
    )


def test_a_kill_at_any_moment_leaves_the_old_or_the_new_snapshot(tmp_path: Path) -> None:
    cases = "case_id | placed_on\nC1 | 2026-01-05\n"
    first = write_export(tmp_path / "first", {"cases": cases, "payments": "case_id | paid_on | amount\nC1 | 2026-01-20 | 10.00"})
    place = tmp_path / "home"
    home = Home(place)
    load(first, home)
    close_all(home)
    listing = tmp_path / "listing"
    child = start(first, listing, "list", 0)
    output, errors = child.communicate(timeout=60)
    assert child.returncode == 0, errors
    reached = output.splitlines()
    moments = sorted({(name, reached[: at + 1].count(name)) for at, name in enumerate(reached)}, key=lambda item: reached.index(item[0]))
    named = [moment for moment in moments if not moment[0].startswith("step ")]
    steps = [moment for moment in moments if moment[0].startswith("step ")]
    chosen = steps[:: max(1, len(steps) // 8)] + named  # while it builds all moments are alike, while it publishes none is
    assert len(chosen) >= 16 and {name for name, _ in named} >= {
        "rename",
        "after rename",
        "before pointer",
        "pointer text",
        "after pointer",
    }

    killed, seen_leftovers, outcomes = 0, 0, {"old": 0, "new": 0}
    amount = 10
    for turn, (step, number) in enumerate(chosen, start=1):
        before = home.info().id
        close_all(home)
        target = f"case_id | paid_on | payment_id | amount\nC1 | 2026-01-21 | K{turn} | {turn}.00"
        second = write_export(tmp_path / f"second{turn}", {"payments": target})
        child = start(second, place, step, number)
        child.communicate(timeout=60)
        killed += child.returncode == -signal.SIGKILL
        seen_leftovers += bool(leftovers(place))
        info = home.info()
        con = warehouse.connect(info.path)
        total = con.execute("select sum(amount) from export.payments").fetchone()
        modelled = con.execute("select sum(net_amount) from model.cash").fetchone()
        assert total == modelled and total is not None, (step, number)
        assert int(total[0]) == (amount if info.id == before else amount + turn), (step, number)
        outcomes["old" if info.id == before else "new"] += 1
        close_all(home)
        if turn % 4 == 0 or turn == len(chosen):  # the next load works whatever was left, and tidies up
            load(second, home)
            assert leftovers(place) == []
            amount += turn
        elif info.id != before:
            amount += turn
        close_all(home)
    print(f"{killed} kills of {len(chosen)}, {seen_leftovers} left files behind, {outcomes}")
    assert killed >= 16 and outcomes["old"] >= 10 and outcomes["new"] >= 1


def test_a_kill_by_the_clock(tmp_path: Path, sample: Path) -> None:
    """Blind moments spread over a bigger load: nothing is in service before it is whole."""
    place = tmp_path / "home"
    home = Home(place)
    for delay in (0.7, 1.4, 2.1):
        child = start(sample, place, "none", 0)
        time.sleep(delay)
        child.kill()
        child.communicate()
        pointer = home.pointer()
        assert pointer.front is None or home.info().rows > 0
        close_all(home)
    assert load(sample, home).snapshot == home.info().id
    assert leftovers(place) == []
    close_all(home)
