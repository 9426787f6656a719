"""Which cases may come out differently after a merge; Increment makes the model of those alone. Knows what hangs together, not what is made."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import duckdb

from dashboard import model
from dashboard.contract import contract
from dashboard.home import SnapshotInfo
from dashboard.merging import Merge

MOST = 0.25  # of all cases touched: beyond that a whole build is quicker


class Touched:
    """Temp tables of one merge: `touched` (case_id) and `reasons` (case_id, the one relation to look at it for, or null, and whether nothing but
    the day has changed there: then what hangs on the relation through others is looked at too); `orphans`: whether rows of no case are among them.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, merge: Merge, base: SnapshotInfo, as_of: date) -> None:
        self.con, self.merge, self.base, self.as_of = con, merge, base, as_of
        self.orphans = False

    def find(self) -> bool:
        """Find them. False if a whole build is better."""
        self.con.execute("create or replace temp table reasons (case_id varchar, relation varchar, by_day boolean)")
        for name in self.merge.supplied:
            columns = contract().tables[name].columns
            if "case_id" in columns:
                self.add(self._news(name, "case_id"), f"export.{name}")
        self._touch_plans()
        self._touch_customers()
        self._touch_reversals()
        self._touch_judged()
        whole, first = self._row("select count(*), min(placed_on) from base.export.cases")
        months = self._row("select min(month), max(month) from base.model.months")
        early = self._row(f"select min(placed_on) from (select placed_on from {self.merge.events('cases', 'placed_on')} as c)")[0]
        return bool(
            first is not None and early is not None and months[0] is not None and early.replace(day=1) == months[0] and self._gather() <= MOST * whole
        )

    def add(self, cases: str, relation: str | None = None, /, *, by_day: bool = False, **values: Any) -> None:
        """Add the cases of a select of one column; rows of no case are looked at together. `relation`: the one reason to look at them."""
        self.con.execute(
            f"insert into reasons select distinct case_id, $relation, $by_day from ({cases}) as f (case_id)",
            {"relation": relation, "by_day": by_day, **values},
        )

    def _gather(self) -> int:
        """Those of all reasons so far; how many they are."""
        self.con.execute("create or replace temp table touched as select distinct case_id from reasons where case_id is not null")
        self.orphans = self._row("select count(*) from reasons where case_id is null")[0] > 0
        return int(self._row("select count(*) from touched")[0])

    def _before(self, name: str, column: str) -> str:
        """What rows that changed were."""
        return f"select b.{column} from base.export.{name} as b inner join changed_{name} as c on b.rowid = c.base_id"

    def _news(self, name: str, column: str) -> str:
        """A column of the added rows and of the changed ones, before and after."""
        return f"select {column} from {self.merge.rows_of(name)} union all select {column} from changed_{name} union all {self._before(name, column)}"

    def _touch_plans(self) -> None:
        if "instalments" in self.merge.supplied:
            plans = "select plan_id, case_id from base.export.plans"
            if "plans" in self.merge.supplied:
                plans += f" union all select plan_id, case_id from {self.merge.rows_of('plans')} union all select plan_id, case_id from changed_plans"
            self.add(f"select case_id from ({plans}) as p where plan_id in ({self._news('instalments', 'plan_id')})", "export.instalments")

    def _touch_customers(self) -> None:
        if "customers" in self.merge.supplied:
            self.add(f"select case_id from base.export.cases where customer_id in ({self._news('customers', 'customer_id')})", "export.customers")

    def _touch_reversals(self) -> None:
        if "payments" in self.merge.supplied:
            self.add(f"select case_id from base.export.payments where payment_id in ({self._news('payments', 'reverses')})", "export.payments")
            self.add(f"select case_id from base.export.payments where reverses in ({self._news('payments', 'payment_id')})", "export.payments")
        if "contacts" in self.merge.supplied:
            # a contact that is new is none that a known promise could name
            self.add("select case_id from base.export.promises where contact_id in (select contact_id from changed_contacts)", "export.promises")

    def _touch_judged(self) -> None:
        """Cases in which a day came round: rows dated after the base's as-of day that no longer are, promises and instalments whose
        grace has ended, plans that have been observed long enough, follow-ups that are overdue."""
        days = {"low": self.base.as_of + timedelta(days=1), "high": self.as_of + timedelta(days=1)}
        if self.as_of == self.base.as_of:
            return
        for table in contract().tables.values():
            if not {"case_id", "plan_id"} & set(table.columns):
                continue
            rows = f"base.export.{table.id} as t" + (
                "" if "case_id" in table.columns else " inner join base.export.plans as p on t.plan_id = p.plan_id"
            )
            # column by column and without a cast: where rows came in the order of their days, most of a table is passed over
            dated = [f"t.{column.id} >= $low and t.{column.id} < $high" for column in table.loaded if column.type in ("date", "time")]
            if dated:
                came_round = " union all ".join(f"select case_id from {rows} where {reached}" for reached in dated)
                self.add(came_round, f"export.{table.id}", by_day=True, **days)
        self.add(
            "select p.case_id from base.export.promises as p, base.model.promise_graces as g "
            "where p.due_on + g.grace_days >= $low and p.due_on + g.grace_days < $high", "export.promises", by_day=True, **days,
        )  # fmt: skip
        self.add(
            "select p.case_id from base.export.instalments as t inner join base.export.plans as p on t.plan_id = p.plan_id, "
            "base.model.plan_settings as s where t.due_on + s.grace_days >= $low and t.due_on + s.grace_days < $high",
            "export.instalments", by_day=True, **days,
        )  # fmt: skip
        waits = model.in_force(self.as_of)
        for name, day, wait in (("plans", "last_day(agreed_on)", "plan_observed_days"), ("followups", "planned_on", "followup_days")):
            shifted = {bound: value - timedelta(days=waits[wait]) for bound, value in days.items()}
            self.add(f"select case_id from base.export.{name} where {day} >= $low and {day} < $high", f"export.{name}", by_day=True, **shifted)

    def close(self) -> None:
        """Add cases that come out together with touched ones: of a customer who has a case that is new or says otherwise, or tied by a
        reversal. `loose`: touched cases whose customers have the cases that they had."""
        customers = self._news("cases", "customer_id") if "cases" in self.merge.supplied else "select null"
        self.con.execute(
            f"create or replace temp table moved_customers as select distinct * from ({customers}) as m (customer_id) where m.customer_id is not null"
        )
        self.add("select case_id from export.cases where customer_id in (select customer_id from moved_customers)", "customer")
        self.con.execute(
            "create or replace temp table tied as select r.case_id as one, o.case_id as other from export.payments as r "
            "inner join export.payments as o on r.reverses = o.payment_id where r.reverses is not null and r.case_id != o.case_id"
        )
        self.close_tied()

    def close_tied(self) -> None:
        """Those tied by a reversal alone."""
        before = -1
        while before != (before := self._gather()):
            self.add("select other from tied where one in (select case_id from touched)")
            self.add("select one from tied where other in (select case_id from touched)")

    def find_later(self) -> None:
        """Temp table `later` (case_id): cases of which nothing has changed but that contacts came after the base's last day."""
        self.con.execute("create or replace temp table later (case_id varchar)")
        if self.orphans or "contacts" not in self.merge.supplied:
            return
        earlier = f"select case_id from {self.merge.rows_of('contacts')} where started_at < $until"
        others = f"{earlier} union all select case_id from changed_contacts union all {self._before('contacts', 'case_id')}"
        self.con.execute(
            "insert into later select case_id from reasons group by case_id "
            "having bool_and(relation is not distinct from 'export.contacts' and not by_day) "
            f"and case_id not in (select case_id from ({others}) as o where case_id is not null)",
            {"until": self.base.as_of + timedelta(days=1)},
        )

    def _row(self, sql: str) -> tuple[Any, ...]:
        row = self.con.execute(sql).fetchone()
        assert row is not None
        return tuple(row)
