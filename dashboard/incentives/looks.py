"""Who looked at whose statement, when and how: lines of the audit, ids only; knows neither pages nor pay."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from dashboard.access import Person
from dashboard.state import State

#: How a statement is looked at: on the page, as a file, by a command.
FORMS = ("page", "pdf", "xlsx", "command")
_WHAT = "pay.look"


@dataclass(frozen=True)
class Look:
    """Somebody saw a collector's statement of a month; `run` is None for an estimate."""

    at: datetime
    who: str
    collector: str
    dataset: str
    month: date
    plan: str
    run: int | None
    form: str


class Looks:
    """The looks in a state database, where the audit keeps what is written for ever."""

    def __init__(self, state: State) -> None:
        self._state = state

    def add(self, who: Person, form: str, dataset: str, month: date, plan: str, run: int | None, collectors: Iterable[str]) -> None:
        """Write that somebody saw these collectors' statements; all of them or, where the audit can't be written, none (StateUnavailable)."""
        if form not in FORMS:
            raise ValueError(f"form: got {form!r}, expected one of {', '.join(FORMS)}")
        about = {"dataset": dataset, "month": f"{month:%Y-%m}", "plan": plan, "run": run, "form": form}
        with self._state.writing() as connection:
            for collector in collectors:
                self._state.log(connection, who.id, _WHAT, {"collector": collector, **about})

    def of(self, dataset: str, month: date, plan: str) -> list[Look]:
        """The looks at a month's statements under a plan, newest first: of its runs and of the estimates before them."""
        found = []
        for one in self._state.entries(limit=None, what=_WHAT):
            said = one.detail
            if (said["dataset"], said["month"], said["plan"]) == (dataset, f"{month:%Y-%m}", plan):
                found.append(Look(one.at, one.who, said["collector"], dataset, month.replace(day=1), plan, said["run"], said["form"]))
        return found
