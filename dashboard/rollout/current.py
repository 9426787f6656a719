"""The plan as it stands now: the export's milestones with what people wrote laid over them; knows nothing of Streamlit."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from dashboard.rollout.book import Book
from dashboard.rollout.plan import Plan, of_export
from dashboard.state import State, StateTooNew, StateUnavailable
from dashboard.warehouse import Warehouse


@lru_cache(maxsize=32)
def _book(kept: State, dataset: str) -> Book:
    return Book(kept, dataset)


def plan(warehouse: Warehouse, kept: State | None, dataset: str, teams: Sequence[str] | None) -> Plan:
    """The milestones that a person of some teams (None: all) may see; as exported where nothing can be read that people wrote."""
    wanted = None if teams is None else list(teams)
    base = of_export(warehouse.run("milestones", {"teams": wanted})) if warehouse.supplied("milestones") else ()
    try:
        found = base if kept is None else _book(kept, dataset).plan(base).plan
    except (StateTooNew, StateUnavailable):
        found = base
    return tuple(one for one in found if teams is None or one.team in ("", *teams))
