"""What running plans may be expected to bring: what is scheduled × the share of plans as old that last until then. Knows rows, no SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from dashboard.methods.survival import Survival, survival

CENT = Decimal("0.01")
METHOD = "Kaplan-Meier"


@dataclass(frozen=True)
class Month:
    """A coming month: instalments of running plans and what is left of them; what may be expected and its 95% limits.

    The limits are those of the curve alone. `beyond`: the part of what is scheduled that falls due at an age no plan has been followed to:
    nothing is expected of it, and nothing said against it.
    """

    month: date
    instalments: int
    scheduled: Decimal
    expected: Decimal
    low: Decimal
    high: Decimal
    beyond: Decimal


def lasting(rows: Sequence[Mapping[str, Any]], least: int) -> Survival:
    """How long plans go on being paid: broken, replaced, ended or closed ends it; running and completed ones are followed as far as they went."""
    ends: dict[int, int] = {}
    seen: dict[int, int] = {}
    for row in rows:
        day, ended = int(row["day"]), int(row["events"]) + int(row["gone"])
        followed = int(row["censored"]) + int(row["competing"]) - int(row["gone"])
        if ended:
            ends[day] = ends.get(day, 0) + ended
        if followed:
            seen[day] = seen.get(day, 0) + followed
    return survival(ends, seen, least)


def months(ahead: Sequence[Mapping[str, Any]], lasts: Survival) -> list[Month]:
    """The coming months: each instalment's rest × the share of plans that last from the age theirs has today to the day it is judged."""
    found: dict[date, list[tuple[int, Decimal, tuple[float, float, float] | None]]] = {}
    for row in ahead:
        share = lasts.between(int(row["age_days"]), int(row["judged_days"]))
        found.setdefault(row["month"], []).append((int(row["instalments"]), Decimal(row["left_amount"]), share))
    return [_month(month, parts) for month, parts in sorted(found.items())]


def _month(month: date, parts: Sequence[tuple[int, Decimal, tuple[float, float, float] | None]]) -> Month:
    known = [(left, share) for _, left, share in parts if share is not None]
    expected, low, high = (Decimal(sum(float(left) * share[place] for left, share in known)).quantize(CENT) for place in range(3))
    scheduled = sum((left for _, left, _ in parts), Decimal(0))
    beyond = sum((left for _, left, share in parts if share is None), Decimal(0))
    return Month(month, sum(count for count, *_ in parts), scheduled, expected, low, high, beyond)
