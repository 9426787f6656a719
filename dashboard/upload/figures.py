"""The main figures of a staged snapshot beside those in service, over a month that both hold whole."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from dashboard import warehouse
from dashboard.filters import Filters, last_complete
from dashboard.home import SnapshotInfo, read_info

METRICS = ("net_amount", "recovery_rate", "opening_amount", "placed_amount", "paid_case_rate", "roll_rate")


def common_month(*infos: SnapshotInfo) -> tuple[date, date] | None:
    """First and last day of the last month that every snapshot holds to its end; None where there is none."""
    as_of, first_on = min(info.as_of for info in infos), max(info.first_on for info in infos)
    last = last_complete(as_of)
    return None if last < first_on else (last.replace(day=1), last)


def compared(staged: Path, live: Path | None) -> dict[str, Any]:
    """Month, as-of days and, per metric, the value in service and the staged one (None: unknown) with what either lacks for it."""
    try:
        new = warehouse.Warehouse(read_info(staged))
        old = None if live is None else warehouse.Warehouse(read_info(live))
        month = common_month(new.info, *([old.info] if old else []))
        rows: list[dict[str, Any]] = []
        if month is not None:
            filters = Filters(*month, comparison="none")
            after = new.measure(METRICS, filters=filters)
            before = old.measure(METRICS, filters=filters) if old else None
            rows = [
                {
                    "metric": name,
                    "before": before.rows[0][name] if before else None,
                    "after": after.rows[0][name],
                    "missing": list(after.missing.get(name, ())),
                }
                for name in METRICS
            ]
        return {
            "from": month[0] if month else None,
            "to": month[1] if month else None,
            "as_of_before": old.info.as_of if old else None,
            "as_of_after": new.info.as_of,
            "rows": rows,
        }
    finally:
        for path in filter(None, (staged, live)):
            warehouse.close(path)
