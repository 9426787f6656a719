"""What a person may see and do of pay: every statement, their team's, their own, or none. Whatever shows pay asks here; knows no Streamlit.

`all`: pay_all. `team`: a leader with pay_team. `progress`: a leader without it, who sees how far their team's people are, and no pay.
`own`: a collector, from approval on, and an estimate of the month that is open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from dashboard.access import Person
from dashboard.filters import month_end, shifted
from dashboard.home import SnapshotInfo
from dashboard.incentives import documents
from dashboard.incentives.documents import Behind, Paper
from dashboard.incentives.ledger import Dispute, Entry, Ledger, Record
from dashboard.incentives.looks import Look
from dashboard.incentives.plan import Plan
from dashboard.incentives.planfile import Plans
from dashboard.incentives.runs import compute as computed
from dashboard.incentives.statement import Run, Statement
from dashboard.warehouse import Warehouse

#: A run of these states is what people are, or will be, paid.
DECIDED = ("approved", "locked", "exported")
#: Months of pay that a page offers.
MONTHS = 13


class NotForYou(PermissionError):
    """Pay that a person may not see, asked for all the same."""


@dataclass(frozen=True)
class Shown:
    """A run as a person may see it: statements left out are not in it. `state` is the record's, or "estimate"; `whole` says nothing was left out."""

    run: Run
    plan: Plan
    state: str
    fingerprint: str
    record: Record | None
    whole: bool

    @property
    def estimate(self) -> bool:
        return self.record is None


def sight(person: Person) -> str:
    """How much of pay somebody sees: all, team, progress, own, or none."""
    if person.scope.collector is not None:
        return "own"
    if person.may("pay_all"):
        return "all"
    if person.scope.teams is not None:
        return "team" if person.may("pay_team") else "progress"
    return "none"


def visible(statement: Statement, person: Person) -> bool:
    """Whether somebody may see what a statement pays."""
    match sight(person):
        case "all":
            return True
        case "team":
            return statement.team in (person.scope.teams or ())
        case "own":
            return statement.collector == person.scope.collector
    return False


def limited(run: Run, person: Person) -> Run:
    """A run without the statements that somebody may not see, nor cash of teams that aren't theirs."""
    if sight(person) == "all":
        return run
    teams = person.scope.teams or ()
    return replace(
        run,
        statements=tuple(one for one in run.statements if visible(one, person)),
        uncredited=tuple(one for one in run.uncredited if one.team in teams),
        ties=tuple(one for one in run.ties if one.team in teams),
    )


def month_is_open(month: date, info: SnapshotInfo) -> bool:
    """Whether the data end before a month does."""
    return info.as_of < month_end(month)


def months(info: SnapshotInfo) -> list[date]:
    """The months of pay on offer, the latest first."""
    last = info.as_of.replace(day=1)
    offered = [shifted(last, -number) for number in range(MONTHS)]
    return [month for month in offered if month >= info.first_on.replace(day=1)]


Compute = Callable[[Plan, date], Run]


class Desk:
    """Pay as one person sees it: a snapshot, the plans there are, the ledger. `compute` may be given to keep runs between calls."""

    def __init__(self, warehouse: Warehouse, ledger: Ledger, plans: Plans, person: Person, compute: Compute | None = None) -> None:
        self.warehouse, self.ledger, self.plans, self.person = warehouse, ledger, plans, person
        self._compute = compute or (lambda plan, month: computed(warehouse, plan, month, ledger)[0])

    @property
    def dataset(self) -> str:
        return self.warehouse.info.dataset

    def estimate(self, plan: Plan, month: date) -> Shown:
        """A month worked out on the snapshot as it stands; nothing of it is kept."""
        run = self._compute(plan, month)
        return Shown(limited(run, self.person), plan, "estimate", run.result_hash, None, sight(self.person) == "all")

    def kept(self, record: Record) -> Shown:
        """A run of the ledger, bit for bit as it was written, less what somebody may not see."""
        if sight(self.person) != "all" and record.status not in DECIDED:
            raise NotForYou(f"run {record.run} isn't approved yet")
        run = self.ledger.result(record.run)
        plan = self.ledger.plan(record.plan, record.version)
        return Shown(limited(run, self.person), plan, record.status, record.result_hash, record, sight(self.person) == "all")

    def shown(self, plan: str, month: date) -> Shown:
        """The run of a month that stands if this person may see it, else an estimate."""
        record = self.ledger.live(self.dataset, month, plan)
        if record is not None and (sight(self.person) == "all" or record.status in DECIDED):
            return self.kept(record)
        return self.estimate(self.plans.at(plan, month), month)

    def records(self, plan: str | None = None, month: date | None = None, as_of: datetime | None = None) -> list[Record]:
        """The runs there are, as they stand or stood at a moment; only for who sees all pay, as their totals are in them."""
        if sight(self.person) != "all":
            raise NotForYou("the list of runs")
        return self.ledger.records(self.dataset, month, plan, as_of)

    def progress(self, plan: Plan, month: date) -> list[dict[str, Any]]:
        """How far a team's people are, without any pay: cash, what is asked, how far they reach it, quality."""
        scope = self.person.scope
        if sight(self.person) not in ("all", "team", "progress"):
            raise NotForYou("others' progress")
        run = self._compute(plan, month)
        mine = [one for one in run.statements if scope.teams is None or one.team in scope.teams]
        known = self.names()
        return [
            {
                "collector": one.collector, "name": known.get(one.collector), "team": one.team, "grade": one.grade,
                "cash_credited": one.quantity("cash"),
                "target": one.quantity("target"), "attainment": one.quantity("attainment"), "qa_score": one.quantity("qa_score"),
            }
            for one in sorted(mine, key=lambda one: (one.team, -(one.quantity("cash") or Decimal(0)), one.collector))
        ]  # fmt: skip

    def names(self) -> dict[str, str]:
        """What collectors are called, as far as this person may know it."""
        scope = self.person.scope
        asked = {"names": scope.names, "teams": list(scope.teams) if scope.teams is not None else None, "collector": scope.collector}
        return {row["collector_id"]: row["name"] for row in self.warehouse.run("pay_names", asked) if row["name"]}

    def paper(self, shown: Shown, collector: str, lang: str, known: Mapping[str, str], warehouse: Warehouse | None = None) -> Paper:
        """A statement with the payments behind it (of the snapshot it was computed on, None where that is gone); NotForYou for one not theirs."""
        statement = shown.run.statement(collector)
        if statement is None or not visible(statement, self.person):
            raise NotForYou(collector)
        postings: dict[str, Behind] = documents.behind(warehouse, [statement]) if warehouse is not None else {}
        run_id = str(shown.record.run) if shown.record is not None else ""
        return Paper(statement, shown.run, shown.plan, known.get(collector, collector), shown.state, lang, postings, run_id, shown.fingerprint)

    def looked(self, shown: Shown, form: str, collectors: Iterable[str]) -> None:
        """Write in the audit that this person saw statements of a run, before they do: what can't be written isn't shown."""
        run = shown.record.run if shown.record is not None else None
        self.ledger.looks.add(self.person, form, shown.run.dataset, shown.run.month, shown.run.plan, run, collectors)

    def looks(self, record: Record) -> list[Look]:
        """Who looked at statements of a run's month, the run's and estimates of it; only for who sees all pay."""
        if sight(self.person) != "all":
            raise NotForYou("who looked at statements")
        return [one for one in self.ledger.looks.of(record.dataset, record.month, record.plan) if one.run in (None, record.run)]

    def disputes(self) -> list[Dispute]:
        """The disputes this person may read: all, or their own."""
        match sight(self.person):
            case "all":
                return self.ledger.disputes(self.dataset)
            case "own":
                return self.ledger.disputes(self.dataset, self.person.scope.collector)
        return []

    def entries(self, run: int) -> list[Entry]:
        """What happened to a run."""
        if sight(self.person) != "all":
            raise NotForYou("the ledger")
        return self.ledger.entries(run=run)

    def own(self) -> list[tuple[Record, Statement]]:
        """A collector's own statements of decided months, the latest first."""
        mine = self.person.scope.collector
        if mine is None:
            raise NotForYou("somebody's own statements")
        return [pair for pair in reversed(self.ledger.statements(mine, self.dataset)) if pair[0].status in DECIDED]
