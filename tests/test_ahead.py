"""What the first to ask would wait for is worked out once a snapshot, beside the pages, and only where there is a server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from streamlit import runtime

from dashboard import ahead
from dashboard.collectors import performance
from dashboard.home import Home
from dashboard.warehouse import Warehouse


def test_whoever_asks_afterwards_finds_it_done(loaded_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    warehouse = Warehouse(Home(loaded_home).info())
    ahead.expect(warehouse)
    monkeypatch.setattr(performance, "expectation", lambda mix: pytest.fail("fitted again"))
    assert performance.tallied(warehouse, warehouse.info.as_of).rows


def test_too_few_collectors_or_no_assignments_are_for_the_page_to_say(given: Callable[..., Any]) -> None:
    cases = """
        case_id | placed_on  | placed_balance | days_past_due
        C1      | 2026-01-05 |           1000 |            40
    """
    payments = """
        payment_id | case_id | paid_on    | amount
        P1         | C1      | 2026-02-01 |    100
    """
    assignments = """
        case_id | assigned_at         | collector_id
        C1      | 2026-01-05 09:00:00 | W1
    """
    shop = given(cases=cases, payments=payments, assignments=assignments, as_of="2026-03-10")
    with pytest.raises(performance.TooFew):
        performance.tallied(shop.warehouse, shop.warehouse.info.as_of)
    ahead.expect(shop.warehouse)
    ahead.expect(given(cases=cases, payments=payments, as_of="2026-03-10").warehouse)


def test_it_begins_once_a_snapshot_and_only_in_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(ahead, "opened", lambda *where: where)
    monkeypatch.setattr(ahead, "expect", asked.append)
    views = [SimpleNamespace(home=SimpleNamespace(path="h"), view=SimpleNamespace(dataset="d", snapshot=name)) for name in ("one", "one", "two")]
    for at in views:
        ahead.begin(at)  # type: ignore[arg-type]
    assert asked == []
    monkeypatch.setattr(runtime, "exists", lambda: True)
    monkeypatch.setattr(runtime, "get_instance", lambda: MagicMock(spec=runtime.Runtime))
    ahead.begin(views[0])  # type: ignore[arg-type]
    assert asked == []
    monkeypatch.setattr(runtime, "get_instance", lambda: object.__new__(runtime.Runtime))
    ahead._begun.clear()
    for at in views:
        ahead.begin(at)  # type: ignore[arg-type]
    for thread in (ahead._begun("h", "d", "one"), ahead._begun("h", "d", "two")):
        thread.join(timeout=10)
    ahead._begun.clear()
    assert sorted(asked) == [("h", "d", "one"), ("h", "d", "two")]
