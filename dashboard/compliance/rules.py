"""The dated rules of contact (data/rules/conduct.toml): which there are, where they hold, and as rows for the snapshot; knows no SQL of theirs."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, time
from functools import cache
from typing import Any

from dashboard.contract import ROOT

CONDUCT = ROOT / "data" / "rules" / "conduct.toml"
#: Rules of this regime are checked in every export.
EVERYWHERE = "all"
TESTS = ("hours", "count", "gap", "stop")
UNITS = ("debtor", "number", "case")
COUNTS = ("contact", "conversation", "unanswered", "call", "connected")
CLOCKS = ("export", "consumer")
STRENGTHS = ("ban", "presumption", "should")
#: What each test asks for beside what every rule has.
ASKED = {"hours": {"from", "until", "clock"}, "count": {"unit", "counts", "days", "cap"}, "gap": {"counts", "days"}, "stop": set[str]()}
MORE = {"hours": {"until_included", "rest"}, "count": set[str](), "gap": set[str](), "stop": set[str]()}
EVERY = {"id", "regime", "valid_from", "test", "channels", "strength", "confidence", "source", "short", "label"}
NOTHING = (time(0), time(0))


@dataclass(frozen=True)
class Rule:
    """One rule of contact by us: what it looks at, and where that was read. What its test doesn't use is empty.

    hours, rest: allowed from and until, on working days and on Saturdays and Sundays. cap: so many of what it `counts` in `days` days.
    """

    id: str
    regime: str
    valid_from: date
    test: str
    channels: tuple[str, ...]
    strength: str
    confidence: str
    source: dict[str, str] = field(hash=False)
    short: dict[str, str] = field(hash=False)
    label: dict[str, str] = field(hash=False)
    unit: str = ""
    counts: str = "contact"
    days: int = 0
    cap: int = 0
    hours: tuple[time, time] = NOTHING
    rest: tuple[time, time] = NOTHING
    until_included: bool = False
    clock: str = ""
    consent: bool = False
    agencies: bool = False


@dataclass(frozen=True)
class Regime:
    """A country's rules, and the time zones of the exports that they are checked in."""

    id: str
    zones: frozenset[str]
    label: dict[str, str] = field(hash=False)


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(CONDUCT.read_text(encoding="utf-8"))


@cache
def regimes() -> dict[str, Regime]:
    """The regimes by id, as they stand in the file."""
    return {entry["id"]: Regime(entry["id"], frozenset(entry["zones"]), entry["label"]) for entry in _data()["regime"]}


@cache
def rules() -> tuple[Rule, ...]:
    """All rules, as they stand in the file. ValueError says which entry is wrong, and what was expected."""
    return tuple(rule_of(entry, regimes()) for entry in _data()["rule"])


def rule_of(entry: Mapping[str, Any], known: Mapping[str, Regime]) -> Rule:
    """An entry of the file as a rule."""
    where = f"{CONDUCT.name} [{entry.get('id', '?')}]"
    test = entry.get("test")
    if test not in TESTS:
        raise ValueError(f"{where}: test: got {test!r}, expected one of {', '.join(TESTS)}")
    asked, allowed = EVERY | ASKED[test], EVERY | ASKED[test] | MORE[test] | {"consent", "agencies"}
    if asked - set(entry) or set(entry) - allowed:
        raise ValueError(f"{where}: got {', '.join(sorted(entry))}; expected {', '.join(sorted(asked))}, and of {', '.join(sorted(allowed - asked))}")
    listed: dict[str, tuple[str, ...]] = {"unit": UNITS, "counts": COUNTS, "clock": CLOCKS, "strength": STRENGTHS, "regime": (*known, EVERYWHERE)}
    for key, values in listed.items():
        if key in entry and entry[key] not in values:
            raise ValueError(f"{where}: {key}: got {entry[key]!r}, expected one of {', '.join(values)}")
    if any(entry.get(name, 1) < 1 for name in ("days", "cap")):
        raise ValueError(f"{where}: days and cap: expected 1 or more")
    if entry.get("unit") == "number" and entry["days"] != 1:
        raise ValueError(f"{where}: days: got {entry['days']}, expected 1 for a number")
    own = {item.name for item in fields(Rule)} & set(entry) - {"rest", "channels"}
    hours = (entry["from"], entry["until"]) if test == "hours" else NOTHING
    rest = entry.get("rest")
    return Rule(
        **{name: entry[name] for name in own},
        channels=tuple(entry["channels"]),
        hours=hours,
        rest=hours if rest is None else (rest["from"], rest["until"]) if rest else NOTHING,
    )


def in_force(day: date) -> list[Rule]:
    """The rules in force on a day, of each the latest version."""
    latest: dict[str, Rule] = {}
    for one in sorted(rules(), key=lambda one: one.valid_from):
        if one.valid_from <= day:
            latest[one.id] = one
    return list(latest.values())


def rule(name: str) -> Rule | None:
    """The latest version of a rule, if there is such a one."""
    return max((one for one in rules() if one.id == name), key=lambda one: one.valid_from, default=None)


def applying(zone: str) -> tuple[str, ...]:
    """The regimes that are checked in an export of a time zone that names none itself."""
    return tuple(one.id for one in regimes().values() if zone in one.zones)


def rows() -> list[tuple[Any, ...]]:
    """The rules as rows of `model.contact_rules`: each with the days it holds, up to the day before the next version."""
    made = []
    for number, one in enumerate(rules(), start=1):
        later = [other.valid_from for other in rules() if other.id == one.id and other.valid_from > one.valid_from]
        row = (number, one.id, one.regime, one.test, one.valid_from, min(later, default=date.max), list(one.channels), one.unit, one.counts)
        made.append((*row, one.days, one.cap, *one.hours, *one.rest, one.until_included, one.clock, one.consent, one.agencies))
    return made


#: The columns of `model.contact_rules`, as `rows` gives them; a rule holds from valid_from up to the day before valid_to.
COLUMNS = (
    "rule_number integer, rule varchar, regime varchar, test varchar, valid_from date, valid_to date, channels varchar[], unit varchar, "
    "counts varchar, day_count integer, cap integer, work_from time, work_until time, rest_from time, rest_until time, until_included boolean, "
    "clock varchar, consent boolean, agencies boolean"
)
