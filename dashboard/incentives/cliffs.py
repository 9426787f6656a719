"""Where a plan's pay jumps: thresholds at which one more unit of cash moves pay by more than its own rate. Knows no data."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from dashboard.incentives import plan as plans
from dashboard.incentives.plan import Plan


@dataclass(frozen=True)
class Cliff:
    """A threshold of whole-amount tiers. `edge`: where it lies, in units of `by`; `jump`: what pay moves by there.

    Where the threshold is a multiple of another quantity (`of`), or decides over another than its own, edge and jump are for one unit of it.
    """

    step: str
    by: str
    edge: Decimal
    jump: Decimal
    of: str | None = None


def cliffs(plan: Plan) -> list[Cliff]:
    """The cliffs of a plan's whole-amount tiers; marginal tiers have none."""
    found: list[Cliff] = []
    for step in plan.steps:
        if not isinstance(step, plans.Tiers) or step.mode != "whole":
            continue
        rate = Decimal(0)
        for level in step.levels:
            edge = level.start.times
            base = edge if step.by == step.of else Decimal(1)
            if edge > 0 and level.rate != rate:
                scaled = level.start.of or (step.of if step.by != step.of else None)
                found.append(Cliff(step.id, step.by, edge, base * (level.rate - rate), scaled))
            rate = level.rate
    return found
