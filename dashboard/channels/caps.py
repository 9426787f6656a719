"""How near contact comes to legal caps: the rules in force (dated data), what each needs and asks; knows nothing of Streamlit or SQL."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from dashboard.contract import ROOT

CAPS = ROOT / "data" / "rules" / "caps.toml"
NEEDS = {"debtor": ("cases", "contacts.case_id"), "number": ("contacts", "contacts.number_id"), "case": ("cases", "contacts.case_id")}


@dataclass(frozen=True)
class Cap:
    """One rule: at most `cap` of what it counts per unit in `days` days, and where that was read."""

    id: str
    valid_from: date
    unit: str
    counts: str
    days: int
    cap: int
    confidence: str
    source: str
    short: dict[str, str]
    label: dict[str, str]

    @property
    def needs(self) -> tuple[str, ...]:
        """What must be supplied to check it."""
        return NEEDS[self.unit]

    @property
    def report(self) -> str:
        """The report that counts it."""
        return "cap_use_numbers" if self.unit == "number" else "cap_use"

    def parameters(self, chosen: Mapping[str, Any]) -> dict[str, Any]:
        """What the report is asked: the rule, and what is chosen of the view."""
        if self.unit != "number":
            return {"unit": self.unit, "counts": self.counts, "days": self.days, "cap": self.cap, **chosen}
        filtered = any(value is not None for name, value in chosen.items() if name not in ("start", "until"))
        return {"counts": self.counts, "cap": self.cap, "filtered": filtered, **chosen}


@cache
def _all() -> tuple[Cap, ...]:
    made = tuple(Cap(**entry) for entry in tomllib.loads(CAPS.read_text(encoding="utf-8"))["cap"])
    for one in made:
        if one.days not in (1, 7) or one.unit not in NEEDS or (one.unit == "number" and one.days != 1):
            raise ValueError(f"{CAPS.name} [{one.id}]: days 1 or 7 (1 per number), unit one of {', '.join(NEEDS)}")
    return made


def in_force(day: date) -> list[Cap]:
    """The rules in force on a day, of each the latest version."""
    latest: dict[str, Cap] = {}
    for one in sorted(_all(), key=lambda one: one.valid_from):
        if one.valid_from <= day:
            latest[one.id] = one
    return list(latest.values())


def shares(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the report with its counts as shares of all units; no units, no shares."""
    units = row["units"]
    return {**row, **{f"{name}_share": (row[name] / units if units else None) for name in ("near_cap", "at_cap", "above_cap")}}
