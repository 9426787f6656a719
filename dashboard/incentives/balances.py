"""A balance carried on belongs to the person, not to the plan: where each stands after the locked months. Knows no database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from dashboard.incentives.inputs import Inputs, Moved
from dashboard.incentives.statement import Run


@dataclass(frozen=True)
class Balances:
    """What some collectors bring into a month: their balances, those of them that come from another plan, and who settled one later already."""

    carried: dict[str, Decimal]
    moved: tuple[Moved, ...]
    settled: tuple[str, ...]

    def brought_by(self, inputs: Inputs, people: Iterable[str]) -> bool:
        """Whether a run's inputs hold just these balances of its people."""
        mine = set(people)
        stored = {name: value for name, value in inputs.remembered.carried if name in mine and value}
        return stored == {name: value for name, value in self.carried.items() if name in mine} and set(inputs.moved) == {
            one for one in self.moved if one.collector in mine
        }


def followed(plan: str, wanted: Iterable[str], earlier: Iterable[Run], later: Iterable[Inputs]) -> Balances:
    """Where collectors' balances stand for a plan's month.

    `earlier`: locked runs of earlier months whose plans carry balances, the last month first: a person's last statement says what is carried.
    `later`: inputs of locked runs of later months of other plans: what they took from before this month isn't there any more.
    """
    missing, found = set(wanted), dict[str, tuple[Decimal, str, date]]()
    for run in earlier:
        if not missing:
            break
        for one in run.statements:
            if one.collector in missing:
                missing.discard(one.collector)
                if one.carried:
                    found[one.collector] = (one.carried, run.plan, run.month)
    taken = {(one.collector, one.plan, one.month) for inputs in later for one in inputs.moved}
    settled = sorted(name for name, (_, of, month) in found.items() if (name, of, month) in taken)
    stand = {name: value for name, value in sorted(found.items()) if name not in settled}
    moved = tuple(Moved(name, of, month) for name, (_, of, month) in stand.items() if of != plan)
    return Balances({name: value for name, (value, _, _) in stand.items()}, moved, tuple(settled))
