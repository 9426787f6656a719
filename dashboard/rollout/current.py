"""The plan as it stands: the export's milestones with what people wrote laid over them, for pages and figures; knows nothing of Streamlit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import ROUND_DOWN, Decimal
from functools import lru_cache

from dashboard.rollout.book import WHOLE, Book, Change, Edited, laid_over
from dashboard.rollout.plan import Plan, of_export
from dashboard.state import State, StateTooNew, StateUnavailable
from dashboard.warehouse import Warehouse

#: The relations that count milestones.
RELATIONS = ("milestones", "rollout_teams")
#: What is counted of milestones, and as what.
COLUMNS = {
    "milestone_id": "varchar", "measure": "varchar", "baseline_start": "date", "baseline_end": "date", "planned_start": "date",
    "planned_end": "date", "actual_start": "date", "actual_end": "date", "percent": "decimal(18, 6)", "team": "varchar",
}  # fmt: skip


@lru_cache(maxsize=32)
def _book(kept: State, dataset: str) -> Book:
    return Book(kept, dataset)


def plan(warehouse: Warehouse, kept: State | None, dataset: str, teams: Sequence[str] | None) -> Plan:
    """The milestones that a person of some teams (None: all) may see; as exported where nothing can be read that people wrote."""
    base = exported(warehouse)
    try:
        made = [] if kept is None else _book(kept, dataset).history()
    except (StateTooNew, StateUnavailable):
        made = []
    return standing(base, made, teams).plan


def exported(warehouse: Warehouse) -> Plan:
    """All milestones of the export: what people wrote is laid over the whole, whoever looks (`standing` says what they see of it)."""
    return of_export(warehouse.run("milestones")) if warehouse.supplied("milestones") else ()


def standing(base: Plan, made: Iterable[Change], teams: Sequence[str] | None) -> Edited:
    """The export's milestones with changes laid over them, as far as a person of some teams may see them."""
    edited = laid_over(base, made)
    # whose a milestone was that is in no export any more nobody can say
    return edited if teams is None else replace(edited, plan=tuple(one for one in edited.plan if one.team in ("", *teams)), lost=())


def told(base: Plan, made: Sequence[Change], teams: Sequence[str] | None) -> list[Change]:
    """The changes that a person of some teams may read: of milestones that they see, or would had they not been taken out."""
    if teams is None:
        return [*made]
    team = {one.id: one.team for one in laid_over(base, made).plan}
    for change in made:
        if change.field == WHOLE and change.after is None and change.before is not None:
            team.setdefault(change.milestone_id, change.before.team)
    return [change for change in made if team.get(change.milestone_id) in ("", *teams)]


def counted(warehouse: Warehouse, plan: Plan) -> Warehouse:
    """The same snapshot whose figures of milestones are counted on a plan, as the page of the rollout shows it."""
    rows = [
        {
            "milestone_id": one.id, "measure": one.measure, "baseline_start": one.baseline_start, "baseline_end": one.baseline_end,
            "planned_start": one.planned_start, "planned_end": one.planned_end, "actual_start": one.actual_start, "actual_end": one.actual_end,
            "percent": one.complete.quantize(Decimal("0.0001"), ROUND_DOWN), "team": one.team or None,
        }
        for one in plan
    ]  # fmt: skip
    return warehouse.written("milestones", COLUMNS, rows)
