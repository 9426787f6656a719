"""Sentences made by rule: the same figures give the same finding in both languages, and none where there is none."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from dashboard import findings
from dashboard.filters import Filters

AUG, SEP, OCT = date(2026, 8, 1), date(2026, 9, 1), date(2026, 10, 1)


@pytest.mark.parametrize(
    ("value", "target", "better", "expected"),
    [
        (0.30, 0.30, "higher", "met"),
        (0.29, 0.30, "higher", "watch"),
        (0.28, 0.30, "higher", "missed"),
        (Decimal(10), Decimal(10), "lower", "met"),
        (10.4, 10, "lower", "watch"),
        (11, 10, "lower", "missed"),
        (None, 10, "lower", None),
        (11, None, "lower", None),
        (11, 10, "none", None),
    ],
)
def test_state(value: Any, target: Any, better: str, expected: str | None) -> None:
    assert findings.state(value, target, better) == expected


@pytest.mark.parametrize(
    ("values", "better", "en", "zh"),
    [
        ((0.2, 0.3, 0.3), "higher", "Rate at or above target since Sep 2026", "Rate自2026年9月起达到目标"),
        ((0.3, 0.3, 0.2), "higher", "Rate below target in Oct 2026", "2026年10月Rate低于目标"),
        ((0.2, 0.2, 0.2), "higher", "Rate below target since Aug 2026", "Rate自2026年8月起低于目标"),
        ((0.3, 0.2, 0.2), "lower", "Rate within its limit since Sep 2026", "Rate自2026年9月起未超上限"),
        ((0.2, 0.2, 0.3), "lower", "Rate over its limit in Oct 2026", "2026年10月Rate超过上限"),
    ],
)
def test_against_target(values: tuple[float, ...], better: str, en: str, zh: str) -> None:
    series, targets = list(zip((AUG, SEP, OCT), values, strict=True)), dict.fromkeys((AUG, SEP, OCT), 0.25)
    assert findings.against_target("Rate", series, targets, better, "en") == en
    assert findings.against_target("Rate", series, targets, better, "zh") == zh


@pytest.mark.parametrize(
    ("start", "until", "unit", "aim"),
    [
        ("2026-08-01", "2026-08-31", "rate", (10, True)),
        ("2026-08-01", "2026-09-30", "amount", (30, True)),
        ("2026-08-01", "2026-09-30", "rate", (None, False)),  # two months' rates have no target between them
        ("2026-10-01", "2026-10-31", "amount", (40, False)),  # the data end on the 15th
        ("2026-08-01", "2026-10-15", "amount", (None, False)),
        ("2026-08-10", "2026-08-31", "amount", (None, False)),
        ("2026-07-01", "2026-08-31", "amount", (None, False)),  # none was set for July
    ],
)
def test_the_target_of_a_period(start: str, until: str, unit: str, aim: tuple[Any, bool]) -> None:
    monthly = {AUG: 10, SEP: 20, OCT: 40}
    filters = Filters(date.fromisoformat(start), date.fromisoformat(until))
    assert findings.target(monthly, unit, filters, date(2026, 10, 15)) == aim


def test_a_running_month_is_not_judged() -> None:
    series = [(AUG, 0.3), (SEP, 0.3), (OCT, 0.1)]
    assert (
        findings.against_target("Rate", series, dict.fromkeys((AUG, SEP, OCT), 0.25), "higher", "en", {OCT})
        == "Rate at or above target since Aug 2026"
    )
    assert findings.trend("Rate", [(AUG, 1), (SEP, 2), (OCT, 3)], "en", {OCT}) is None


def test_trend() -> None:
    assert findings.trend("Rate", [(AUG, 1), (SEP, 2), (OCT, 3)], "en") == "Rate has risen 2 months running"
    assert findings.trend("Rate", [(AUG, 3), (SEP, 2), (OCT, 1)], "zh") == "Rate连续 2 个月下降"
    assert findings.trend("Rate", [(AUG, 3), (SEP, 2), (OCT, 4)], "en") is None


def test_spread_names_are_escaped() -> None:
    assert findings.spread("Rate", [("*A*", 0.3), ("B", 0.2), ("C", None)], "rate", "CNY", "en") == r"Rate: from 30.0% (\*A\*) down to 20.0% (B)"
    assert findings.spread("Rate", [("A", 0.3), ("B", 0.3)], "rate", "CNY", "en") is None


def test_moved_looks_only_at_moves_to_worse() -> None:
    rows = [
        {"start": "M1", "end": "M2", "share": 0.3},
        {"start": "M2", "end": "M1", "share": 0.6},
        {"start": "M2", "end": "M3", "share": 0.2},
        {"start": "M1", "end": "settled", "share": 0.9},
    ]
    assert findings.moved(rows, "start", "end", "share", ["M1", "M2", "M3"], {}, "en") == "30.0% of M1 moved to M2"


def test_targets_are_of_what_the_figures_are_of() -> None:
    """Who sees one team's figures alone isn't measured by the house's target."""
    year = Filters(date(2026, 1, 1), date(2026, 12, 31))
    assert findings.scope_of(year) == "all"
    assert findings.scope_of(year.choosing("team", ["A"])) == "team:A"
    assert findings.scope_of(year, ("A",)) == "team:A"
    assert findings.scope_of(year, ("A", "B")) is None
    assert findings.scope_of(year.choosing("team", ["B"]), ("A", "B")) == "team:B"
    assert findings.scope_of(year.choosing("product", ["card"]), ("A",)) is None
