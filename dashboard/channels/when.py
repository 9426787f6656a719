"""The right-party rate by weekday and hour, adjusted for how often a case had been tried before; knows nothing of Streamlit or SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from dashboard.methods.intervals import Z95

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
BANDS = ("1", "2", "3", "4-5", "6-10", "11+")
#: From placement on: what was tried before it says nothing of how long a case has been worked.
DAYS = ("0-1", "2-3", "4-7", "8-14", "15-30", "31-60", "61-90", "91+")
#: A cell with fewer attempts is hidden, and so is one whose attempt numbers stand for less of all attempts than this.
LEAST, LEAST_WEIGHT = 30, 0.8


@dataclass(frozen=True)
class Cell:
    """One weekday and hour: attempts, crude rate, adjusted rate, its limits (None where hidden) and standard error."""

    weekday: str
    hour: int
    attempts: int
    crude: float
    rate: float | None
    low: float | None
    high: float | None
    error: float = 0.0


def standardised(rows: Sequence[Mapping[str, Any]], part: str, whole: str) -> list[Cell]:
    """Direct standardisation: each cell's rates by attempt number, weighted by how all attempts divide over attempt numbers.

    A cell's missing attempt numbers leave their weight to the others. The variance is that of a stratified proportion, each stratum's share
    drawn in by one success and one failure so that 0 of 3 is not taken as certain.
    """
    totals: dict[str, int] = {}
    cells: dict[tuple[str, int], dict[str, tuple[int, int]]] = {}
    for row in rows:
        count, done = int(row[whole] or 0), int(row[part] or 0)
        if not count or row["attempt_band"] not in BANDS:
            continue
        totals[row["attempt_band"]] = totals.get(row["attempt_band"], 0) + count
        strata = cells.setdefault((row["weekday"], int(row["hour"])), {})
        before = strata.get(row["attempt_band"], (0, 0))
        strata[row["attempt_band"]] = (before[0] + done, before[1] + count)
    every = sum(totals.values())
    return [_cell(weekday, hour, strata, {band: count / every for band, count in totals.items()}) for (weekday, hour), strata in cells.items()]


def _cell(weekday: str, hour: int, strata: Mapping[str, tuple[int, int]], weights: Mapping[str, float]) -> Cell:
    attempts = sum(count for _, count in strata.values())
    crude = sum(done for done, _ in strata.values()) / attempts
    present = sum(weights[band] for band in strata)
    if attempts < LEAST or present < LEAST_WEIGHT:
        return Cell(weekday, hour, attempts, crude, None, None, None)
    rate = sum(weights[band] * done / count for band, (done, count) in strata.items()) / present
    spread = 0.0
    for band, (done, count) in strata.items():
        share = (done + 1) / (count + 2)
        spread += (weights[band] / present) ** 2 * share * (1 - share) / count
    half = Z95 * sqrt(spread)
    return Cell(weekday, hour, attempts, crude, rate, max(0.0, rate - half), min(1.0, rate + half), sqrt(spread))
