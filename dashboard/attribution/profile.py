"""Who pays after a touch of which channel: a channel's share of payments by segment, cells that are too small hidden, tests adjusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.methods import experiments
from dashboard.methods.experiments import ALPHA
from dashboard.methods.intervals import wilson

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Share:
    """A channel's share of one segment's payments, its interval, its difference to all other segments and that one's adjusted p-value."""

    segment: str
    part: int
    whole: int
    low: float
    high: float
    rest: float | None
    adjusted: float

    @property
    def value(self) -> float:
        return self.part / self.whole

    @property
    def clear(self) -> bool:
        return self.adjusted < ALPHA


def shares(rows: Rows, by: str, channel: str, least: int, order: Sequence[str] = ()) -> tuple[list[Share], int]:
    """`rows`: touched_payments by channel and segment. One share per segment with enough payments, and how many are hidden."""
    wholes: dict[str, int] = {}
    parts: dict[str, int] = {}
    for row in rows:
        segment, count = str(row[by]), int(row["touched_payments"] or 0)
        wholes[segment] = wholes.get(segment, 0) + count
        parts[segment] = parts.get(segment, 0) + (count if row["channel"] == channel else 0)
    places = {name: place for place, name in enumerate(order)}
    shown = sorted((name for name, whole in wholes.items() if whole >= least), key=lambda name: (places.get(name, len(places)), name))
    all_parts, all_wholes = (sum(values[segment] for segment in shown) for values in (parts, wholes))
    made = []
    for segment in shown:
        part, whole = parts[segment], wholes[segment]
        rest = (all_parts - part) / (all_wholes - whole) if all_wholes > whole else None
        p = experiments.shares_differ(part, whole, all_parts - part, all_wholes - whole) if rest is not None else 1.0
        low, high = wilson(part, whole)
        made.append(Share(segment, part, whole, low or 0.0, 1.0 if high is None else high, None if rest is None else part / whole - rest, p))
    adjusted = experiments.false_discovery([one.adjusted for one in made])
    named = [Share(one.segment, one.part, one.whole, one.low, one.high, one.rest, p) for one, p in zip(made, adjusted, strict=True)]
    return named, len(wholes) - len(shown)
