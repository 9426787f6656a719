"""Snapshots on disk: which one serves, rolling back, what stays, and damage that must not spread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dashboard import home as homes
from dashboard.home import Home, NothingLoaded
from dashboard.warehouse import Unloaded
from tests.conftest import Given

Draw = Callable[..., Given]


def export(day: int) -> dict[str, str]:
    return {"payments": f"payment_id | case_id | paid_on\nP{day} | C1 | 2026-01-{day:02d}"}


ASKED = [
    lambda house: house.run("collectors"), lambda house: house.lasting("mix_levels"), lambda house: house.arrays("held_mix", {"first": 0, "last": 1}),
]  # fmt: skip


@pytest.mark.parametrize("ask", ASKED)
def test_before_the_first_load_every_question_says_so(tmp_path: Path, ask: Callable[[Unloaded], object]) -> None:
    with pytest.raises(NothingLoaded):
        ask(Unloaded(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_nothing_loaded_says_what_to_do(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert (home.ids(), home.datasets(), home.pointer().front) == ([], {}, None)
    with pytest.raises(NothingLoaded, match="dashboard load"):
        home.info()
    with pytest.raises(NothingLoaded, match="no snapshot"), home.lock():
        home.point("default", "20260101-abcdef00")


def test_snapshots_roll_back_and_the_last_few_stay(given: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(homes, "KEPT", 2)
    first = given(**export(1))
    home = first.home
    for day in (2, 3, 4):
        given(**export(day), home=home)
    assert [info.as_of.day for info in home.history("default")] == [4, 3, 2]  # swept when the next load starts
    old = home.history("default")[1]
    with home.lock():
        home.point("default", old.id)
    assert home.info().id == old.id
    with pytest.raises(NothingLoaded):
        home.info(snapshot="../CURRENT")
    with pytest.raises(NothingLoaded, match="no data set 'x'"):
        home.info("x")


def test_a_damaged_file_among_the_snapshots_stops_nothing(given: Draw) -> None:
    shop = given(**export(1))
    (shop.home.snapshots / "20250101-00000000.duckdb").write_bytes(b"not a database at all")
    (shop.home.path / "collections-left").mkdir()
    (shop.home.path / ".CURRENT.99").write_text("half")
    (shop.home.snapshots / ".building-99.duckdb").write_bytes(b"half")
    assert [info.id for info in shop.home.history("default")] == [shop.load.snapshot]
    later = given(**export(2), home=shop.home)
    assert later.load.published
    assert not list(shop.home.path.glob("collections-*")) and not (shop.home.path / ".CURRENT.99").exists()
    assert not list(shop.home.snapshots.glob(".building*"))
    with pytest.raises(NothingLoaded, match="damaged"):
        shop.home.info(snapshot="20250101-00000000")


def test_writing_durably_replaces_the_whole_text(tmp_path: Path) -> None:
    target = tmp_path / "CURRENT"
    for text in ("one\n" * 1000, "two\n"):
        homes.write_durably(target, text)
        assert target.read_text() == text
    assert [path.name for path in tmp_path.iterdir()] == ["CURRENT"]
