"""The rules as data: each says what its test needs, in both languages, and a wrong entry is told by name."""

from __future__ import annotations

import re
from datetime import date, time
from typing import Any

import pytest

from dashboard.compliance import rules


def entry(**more: Any) -> dict[str, Any]:
    given = {
        "id": "x", "regime": "cn", "valid_from": date(2026, 1, 1), "test": "count", "channels": ["phone"], "unit": "case", "counts": "call", "days": 7,
        "cap": 7, "strength": "ban", "confidence": "A", "source": {}, "short": {}, "label": {},
    }  # fmt: skip
    return {name: value for name, value in {**given, **more}.items() if value is not None}


def test_every_rule_is_told_in_both_languages_with_its_source() -> None:
    for one in rules.rules():
        assert one.confidence in ("A", "B") and one.strength in rules.STRENGTHS
        for words in (one.source, one.short, one.label):
            assert set(words) == {"en", "zh"} and re.search("[一-鿿]", words["zh"]), one.id


def test_a_day_off_has_no_hours_and_a_weekend_those_of_the_week_unless_said() -> None:
    known = {one.id: one for one in rules.rules()}
    assert known["gr_hours"].rest == rules.NOTHING and known["cn_hours"].rest == known["cn_hours"].hours == (time(8), time(22))
    assert known["au_hours"].rest == (time(9), time(21))


def test_no_time_zone_is_of_two_regimes() -> None:
    zones = [zone for regime in rules.regimes().values() for zone in regime.zones]
    assert len(zones) == len(set(zones))
    assert rules.applying("Asia/Shanghai") == ("cn",) and rules.applying("Europe/Rome") == ()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"test": "guess"}, "test: got 'guess', expected one of hours, count, gap, stop"),
        ({"cap": None}, "expected cap, channels"),
        ({"clock": "export"}, "got cap, channels, clock"),
        ({"unit": "house"}, "unit: got 'house', expected one of debtor, number, case"),
        ({"regime": "xx"}, "regime: got 'xx', expected one of cn"),
        ({"unit": "number"}, "days: got 7, expected 1 for a number"),
        ({"cap": 0}, "days and cap: expected 1 or more"),
    ],
)
def test_a_wrong_entry_is_told_by_name(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape("conduct.toml [x]")) as told:
        rules.rule_of(entry(**wrong), rules.regimes())
    assert said in str(told.value)


def test_a_rule_holds_up_to_the_day_before_its_next_version(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = tuple(rules.rule_of(entry(valid_from=day, cap=cap), rules.regimes()) for day, cap in ((date(2025, 1, 1), 7), (date(2026, 1, 1), 5)))
    monkeypatch.setattr(rules, "rules", lambda: versions)
    names = [column.split()[0] for column in rules.COLUMNS.split(", ")]
    rows = [dict(zip(names, row, strict=True)) for row in rules.rows()]
    assert [(row["rule_number"], row["cap"], row["valid_from"], row["valid_to"]) for row in rows] == [
        (1, 7, date(2025, 1, 1), date(2026, 1, 1)), (2, 5, date(2026, 1, 1), date.max),
    ]  # fmt: skip
    assert [one.cap for one in rules.in_force(date(2025, 6, 1))] == [7] and [one.cap for one in rules.in_force(date(2026, 6, 1))] == [5]
