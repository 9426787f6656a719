"""How near contact comes to legal caps: the rules in force (dated data), and how much of each is used; knows nothing of Streamlit or SQL.

The calls of a period are fetched once for all rules (a month of a million cases: half a million calls), and each rule's days are counted
over them here: a window that rolls over days costs a query as much for every rule again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from dashboard.compliance import rules
from dashboard.compliance.rules import Rule
from dashboard.warehouse import Warehouse

NEEDS = {"debtor": ("cases", "contacts.case_id"), "number": ("contacts", "contacts.number_id"), "case": ("cases", "contacts.case_id")}


def in_force(day: date) -> list[Rule]:
    """The caps in force on a day, of each the latest version; one below a cap of one is nothing, so that none comes near it."""
    return [one for one in rules.in_force(day) if one.test == "count" and one.cap > 1]


def uses(warehouse: Warehouse, **chosen: Any) -> list[tuple[Rule, dict[str, Any] | None]]:
    """The rules in force at a period's end, each with how many units came within one of its cap, to it, and above it, at their most in the period.

    `chosen`: period, values and teams (sentences.parameters): which units are looked at; whoever called them counts. None where what a rule
    needs isn't supplied.
    """
    last = min(chosen["until"], warehouse.info.as_of)
    caps = [(cap, all(warehouse.supplied(need) for need in NEEDS[cap.unit])) for cap in in_force(last)]
    back = max((cap.days for cap, known in caps if known and cap.unit != "number"), default=None)
    by_case = any(chosen[name] is not None for name in ("product", "region", "batch")) or None  # None is no limit
    by_contact = any(chosen[name] is not None for name in ("bucket", "team", "teams")) or None
    calls = warehouse.arrays("cap_calls", {"days": back, "filtered": by_case or by_contact, **chosen}) if back is not None else {}
    found: list[tuple[Rule, dict[str, Any] | None]] = []
    for cap, known in caps:
        if not known:
            found.append((cap, None))
        elif cap.unit == "number":
            asked = {"counts": cap.counts, "cap": cap.cap, "by_case": by_case, "by_contact": by_contact, **chosen}
            row = warehouse.run("cap_use_numbers", {"least": cap.cap - 1, **asked})[0]
            if (row["most"] or 0) < cap.cap - 1:  # none came near it: then those with less in all tell how far they came
                row = warehouse.run("cap_use_numbers", {"least": 0, **asked})[0]
            found.append((cap, row))
        else:
            found.append((cap, use(calls[cap.unit], calls["day"], calls[cap.counts], cap.days, cap.cap, calls["chosen"])))
    return found


def use(
    units: npt.NDArray[Any], days: npt.NDArray[Any], counts: npt.NDArray[Any], length: int, cap: int, chosen: npt.NDArray[Any] | bool = True
) -> dict[str, Any]:
    """Units by the most that they came to in any `length` days up to a day with a call in the period, which begins on day 0.

    units: the key of each call's unit; days: its day, before the period negative; counts: whether the rule counts it; chosen: whether it is
    a call whose unit is looked at.
    """
    within = np.zeros(int(units.max(initial=0)) + 1, dtype=bool)
    within[units[(days >= 0) & chosen]] = True
    held = within[units] & (days > -length)
    units, days, counts = units[held], days[held].astype(np.int64), counts[held]
    totals = np.bincount(units[counts], minlength=len(within))
    # a unit's most is no more than its total: few totals reach the cap, and only where none comes near it do smaller ones matter
    most = np.zeros(0, dtype=np.int64)
    for least in (cap - 1, None):
        enough = within & (totals >= (max(int(most.max(initial=0)), 1) if least is None else least))
        most = _most(units, days, counts, enough, length)
        if most.max(initial=0) >= cap - 1:
            break
    return {
        "units": int(within.sum()), "near_cap": int((most == cap - 1).sum()), "at_cap": int((most == cap).sum()),
        "above_cap": int((most > cap).sum()), "most": int(most.max(initial=0)) if within.any() else None,
    }  # fmt: skip


def _most(units: npt.NDArray[Any], days: npt.NDArray[Any], counts: npt.NDArray[Any], chosen: npt.NDArray[Any], length: int) -> npt.NDArray[np.int64]:
    """Of each chosen unit the most that the days up to one of its days in the period came to."""
    held = chosen[units]
    units, days, counts = units[held], days[held], counts[held]
    # a unit's days stand in a row, so far from the next unit's that no window reaches over
    moments = units * (int(days.max(initial=0)) + 2 * length) + days + length
    counted, ends = np.sort(moments[counts]), np.unique(moments[days >= 0])
    came = np.searchsorted(counted, ends, "right") - np.searchsorted(counted, ends - length, "right")
    starts = np.flatnonzero(np.diff(ends // (int(days.max(initial=0)) + 2 * length), prepend=-1))
    return np.maximum.reduceat(came, starts) if len(ends) else came


def shares(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the report with its counts as shares of all units; no units, no shares."""
    units = row["units"]
    return {**row, **{f"{name}_share": (row[name] / units if units else None) for name in ("near_cap", "at_cap", "above_cap")}}
