"""A merge that leaves most cases as they are: the model tables are made for the touched cases alone and laid over a copy of the snapshot.

Every model file whose table has a case's or posting's key is a function of its own case's rows (and of tables that are made as a whole): run
over the touched cases it gives their rows after the merge; those of the base that differ are taken out, the new ones put in. Roll-ups and
tables of sums change by what touched cases came to before and come to now. Tables of no single case are made again if anything they read has
changed. What can't be done so (another month, other settings, a change of collectors) is left to a whole build: `fits` says which.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from copy import copy
from datetime import date, timedelta
from functools import cache
from typing import Any

import duckdb

from dashboard import jobs, model
from dashboard.accounting import Changes
from dashboard.contract import Table, contract
from dashboard.filters import month_end
from dashboard.hanging import READS, asked_for, behind, narrower, reads_of
from dashboard.home import SnapshotInfo
from dashboard.merging import Merge
from dashboard.touching import Touched

FEW = 10_000
KEYS = ("case_key", "posting_key", "case_id")


@cache
def _named() -> set[str]:
    """Every word in what makes tables and flags."""
    return {word for sql in [*model.tables().values(), *model.flags().values()] for word in re.findall(r"\w+", sql)}


def fits(con: duckdb.DuckDBPyConnection, base: SnapshotInfo, changes: Mapping[str, Changes], supplied: set[str], as_of: date) -> bool:
    """Whether the model of a merge can be made from the base's: same version, month and settings, no change of collectors, every case known."""
    news = changes.get("collectors", Changes())
    known = {str(row[0]) for row in con.execute("select distinct table_id from base.meta.supplied").fetchall()}
    ends = as_of == month_end(as_of)
    return (
        base.model == model.version()
        and known == supplied
        and "cases" in known
        and con.execute("select count(*) from base.meta.flags where kind = 'orphan_in_service'").fetchone() == (0,)
        and not (news.added or news.changed)
        and base.as_of <= as_of
        and (base.as_of == as_of or ((base.as_of.year, base.as_of.month) == (as_of.year, as_of.month) and not ends))
        and model.in_force(base.as_of) == model.in_force(as_of)
    )


class Increment:
    """One merge into a copy of the base; `merge` has matched."""

    def __init__(self, con: duckdb.DuckDBPyConnection, merge: Merge, base: SnapshotInfo, as_of: date) -> None:
        self.con, self.merge, self.base, self.as_of = con, merge, base, as_of
        self.touched = Touched(con, merge, base, as_of)
        self._changed: set[str] = set()  # relations (export.x, model.x) in which something changed
        self._whole: set[str] = set()  # model tables of which more than touched rows may have changed
        self._laid: dict[str, tuple[str, list[str]]] = {}  # table laid over the base's → its key and columns
        self._sided: set[str] = set()  # tables and views whose rows taken out and put in are in removed_NAME and added_NAME
        self._known_columns: dict[str, dict[tuple[str, str], list[str]]] = {}  # catalog → (schema, table) → columns
        self._narrowed, self._here_of = False, ""
        # tables of which all that touched cases have is asked for once more
        self._read_again = {read.removeprefix("model.") for reads in reads_of().values() for read in reads if read.startswith("model.")}

    # --- the model --------------------------------------------------------------------------------------------------

    def build(self, report: Callable[[str, float], None]) -> None:
        """Bring the model tables, roll-ups, flags and case index of the connection's catalog, a copy of the base whose `export` has taken the
        merge in, up to it."""
        target = self._row("select current_database()")[0]
        for name in self.merge.supplied:
            if self._row(f"select (select count(*) from changed_{name}) + (select count(*) from {self.merge.rows_of(name)})")[0]:
                self._changed.add(f"export.{name}")
        self.touched.close()
        self._index()
        model.settings(self.con, self.as_of)
        model.source_days(self.con)
        self._changed.add("model.source_days")
        if "balances" in self.merge.supplied:
            model.see_months(self.con, self.merge.rows_of("balances"))
        # in memory: a file of its own would be written out when it is left
        self.con.execute("attach ':memory:' as part")
        self._export_part(target)
        self.con.execute("attach ':memory:' as past; use past; create schema model")
        model.settings(self.con, self.base.as_of)
        self.con.execute("create view model.months as select * from base.model.months")
        self.con.execute("use part")
        self.con.execute("create schema model")
        model.settings(self.con, self.as_of)
        for name in ("months", "source_days"):
            self.con.execute(f'create view model.{name} as select * from "{target}".model.{name}')
        for name in ("touched", "reasons", "later", "moved_customers", *(f"changed_{name}" for name in self.merge.supplied)):
            self.con.execute(f"create table {name} as from temp.{name}")  # where other connections see them too
        self._known()
        rolled = {name: model.grouped(name, f"model.{entry['of']}") + model.rolled_up(name) for name, entry in model.rollups().items()}
        jobs.run(self.con, model.tables() | rolled, model.READS, report, lambda con, name, sql: self._one(con, target, name, sql))
        self.con.execute(f'use "{target}"')
        model.register(self.con)
        model.flag(self.con, self._flagged())
        self.con.execute("detach part; detach past")

    def _one(self, con: duckdb.DuckDBPyConnection, target: str, name: str, sql: str) -> None:
        """One table, view or roll-up by a connection of its own; what has changed is everybody's."""
        own = copy(self)
        own.con = con
        if name in model.rollups():
            own._roll_up(target, name)
        else:
            own._table(target, name, sql)

    @staticmethod
    def _flagged() -> dict[str, str]:
        """Flags of which each is a matter of its own case: those of touched cases again, the others as they are in the base."""
        flagged = {}
        for name, sql in model.flags().items():
            if name in narrower():
                table, kinds = contract().tables[narrower()[name]["flags"]], ", ".join(f"'{kind}'" for kind in narrower()[name]["kinds"])
                known = f"from base.meta.flags where kind in ({kinds})"
                gone = f"select {table.key[0]} from part.export.{table.id} where {table.key[0]} in (select key {known})"
                again = re.sub(r"\bexport\.", "part.export.", sql)
                flagged[name] = f"{known} and key not in ({gone}) union all select * from ({again}\n) as again"
        return flagged

    def _export_part(self, target: str) -> None:
        """The rows of touched cases, and of what is no case's, in part.export; with every contact that their promises name."""
        self.con.execute("create schema part.export")
        before: tuple[int, bool] | None = None
        while before != (before := (self._row("select count(*) from touched")[0], self.touched.orphans)):
            self.touched.find_later()
            for table in contract().tables.values():
                kind = "table" if self._split(table) else "view"
                self.con.execute(f"create or replace {kind} part.export.{table.id} as {self._rows_of_part(target, table)}")
            self.con.execute(
                "create or replace temp table told as select contact_id from part.export.promises where contact_id is not null "
                "and case_id not in (from later) and contact_id not in (select contact_id from part.export.contacts)"
            )
            if self._row("select count(*) from told")[0]:
                self.touched.add("select case_id from export.contacts where contact_id in (select contact_id from told)")
                self.touched.close_tied()

    @staticmethod
    def _split(table: Table) -> bool:
        return bool({"case_id", "plan_id"} & set(table.columns))

    def _rows_of_part(self, target: str, table: Table) -> str:
        rows = f'"{target}".export.{table.id}'
        if not self._split(table):
            return f"select * from {rows}"
        cases, relations = "select case_id from touched", {}
        if not self.touched.orphans:
            cases = "select case_id from reasons where relation is null or list_contains($relations, relation)"
            relations = {"relations": asked_for(f"export.{table.id}")}
        if table.id == "contacts":
            cases += " except select case_id from later"
        ids = f'select unnest(row_ids) from "{target}".rows_of_case.{table.id} where case_id in ({cases})'
        if self.touched.orphans and "case_id" in table.columns:
            ids += f" union all select rowid from {rows} where case_id is null"
        if table.id == "contacts":
            since = self._row("select coalesce(max(rowid), -1) from base.export.contacts")[0]
            ids += f" union all select rowid from {rows} where rowid > {since} and case_id in (from later)"
        # columns that no statement names are left behind
        columns = [column for column in self._columns(target, table.id, "export") if column in _named()]
        self.con.execute(f"create or replace temp table ids as {ids}", relations)
        return f"select {', '.join(columns)} from {rows} where rowid in (from ids)"

    def _known(self) -> None:
        """The keys that touched cases and their postings have; new ones go on from the last."""
        self.con.execute(
            "create table model.known_cases as select case_id, case_key from base.model.cases where case_id in (select case_id from touched)"
        )
        self.con.execute(
            f"create table model.known_postings as select payment_id, posting_key, case_key from base.model.cash where {self._chosen('case_key')}"
        )
        self.con.execute("create or replace table named as select case_id, case_key from model.known_cases")
        self.con.execute("create or replace table posted as select posting_key, case_key from model.known_postings")
        self.con.execute(
            "create or replace table loose as select case_key from base.model.cases where case_id in (select case_id from touched) "
            "and customer_id not in (select customer_id from moved_customers)"
        )
        self.con.execute(
            "create table model.last_keys as select (select coalesce(max(case_key), 0) from base.model.cases) as case_key, "
            "(select coalesce(max(posting_key), 0) from base.model.cash) as posting_key"
        )

    def _chosen(self, key: str) -> str:
        """A condition: rows of the base that stand for touched cases."""
        if key == "posting_key":
            return "posting_key in (select posting_key from part.model.known_postings)"
        if key == "case_id":
            return "case_id in (select case_id from touched)"
        return "(case_key in (select case_key from part.model.known_cases)" + (" or case_key is null)" if self.touched.orphans else ")")

    def _asked(self, name: str, key: str) -> str:
        """A condition: rows of the base that a table, or what is made of it, may be made again for."""
        if self.touched.orphans:
            return self._chosen(key)
        relations = ", ".join(f"'{relation}'" for relation in {*asked_for(f"model.{name}"), *behind()[name]})
        cases = f"select case_id from reasons where relation is null or relation in ({relations})"
        if key == "case_id":
            return f"case_id in ({cases})"
        keys = f"select case_key from named where case_id in ({cases})"
        return f"posting_key in (select posting_key from posted where case_key in ({keys}))" if key == "posting_key" else f"case_key in ({keys})"

    def _table(self, target: str, name: str, sql: str) -> None:
        """One model file, in the order of files: its part laid over the base's table, or the whole table again."""
        reads = reads_of()[name]
        columns = self._columns(target, name)
        key = next((key for key in KEYS if key in columns), None)
        if f"create view model.{name} as" in sql:
            self.con.execute(sql)
            self._view(name, sql, reads)
        elif "dims" in narrower().get(name, {}) and not reads & self._whole:
            if self._differs(name, reads) or self.as_of != self.base.as_of:
                self._add_up(target, name, sql, reads)
        elif "rows_of" in narrower().get(name, {}) and self._only_added(narrower()[name]["rows_of"], reads):
            self._add_rows(target, name, sql, columns)
        elif key is None or reads & self._whole:
            if self._other_values(name, sql, reads) or ("as_of_day()" in sql and self.as_of != self.base.as_of):
                self.con.execute(f'use "{target}"; drop table model.{name}')
                self.con.execute(sql)
                self.con.execute("use part")
                if not self._equal(f'"{target}".model.{name}', f"base.model.{name}"):
                    self._changed.add(f"model.{name}")
                    self._whole.add(f"model.{name}")
            self.con.execute(f'create view model.{name} as select * from "{target}".model.{name}')
        else:
            self._narrow(name, sql, reads)
            self._make(name, sql)
            self._keep(name, columns)
            self._lay(target, name, key, columns, self._judge_again(name, sql))
            self._laid[name] = key, columns
            self._name(name)

    def _only_added(self, source: str, reads: set[str]) -> bool:
        """Whether of all that a file reads one table alone is other than it was, and no row of it says otherwise than before."""
        return reads & self._changed == {f"export.{source}"} and not self._row(f"select count(*) from changed_{source}")[0]

    def _add_rows(self, target: str, name: str, sql: str, columns: list[str]) -> None:
        """A table of which each row is made of one row of a source: those of the added rows."""
        source, listed = narrower()[name]["rows_of"], ", ".join(columns)
        select = sql.partition(f"create table model.{name} as")[2].replace(f"export.{source} ", f"{self.merge.rows_of(source)} ")
        self.con.execute(f'create view model.{name} as select * from "{target}".model.{name}')
        self.con.execute(f"create or replace table added_{name} as {select}")
        self.con.execute(f"create or replace table removed_{name} as from added_{name} limit 0")
        self.con.execute(f'insert into "{target}".model.{name} ({listed}) select {listed} from added_{name}')
        self._changed.add(f"model.{name}")
        self._sided.add(name)

    def _other_values(self, name: str, sql: str, reads: set[str]) -> bool:
        """Whether a table may be other than it was; of one that lists values only if one comes that isn't there, or one may have gone."""
        values, changed = narrower().get(name, {}).get("values"), reads & self._changed
        if not self._differs(name, reads):
            return False
        if values is None or changed & self._whole or changed - {f"model.{source}" for source in self._sided}:
            return True
        keys = ", ".join(values)

        def of(side: str) -> str:
            rows = {read: f"(from {side}_{read.removeprefix('model.')})" if read in changed else f"(from base.{read} limit 0)" for read in reads}
            select = READS.sub(lambda found: rows.get(found[0], found[0]), sql.partition(f"create table model.{name} as")[2])
            return f"select {keys} from ({select})"

        news = f"(({of('added')}) except (select {keys} from base.model.{name})) union all (({of('removed')}) except ({of('added')}))"
        return bool(self._row(f"select count(*) from ({news})")[0])

    def _equal(self, one: str, other: str) -> bool:
        """Whether two tables hold the same rows; large ones are not looked through."""
        if self._row(f"select count(*) from {one}")[0] > FEW:
            return False
        return bool(self._row(f"select count(*) from ((from {one} except all from {other}) union all (from {other} except all from {one}))")[0] == 0)

    def _view(self, name: str, sql: str, reads: set[str]) -> None:
        """A view is what it reads; where only its driver has changed, its rows are those of the driver's rows."""
        for known in (self._changed, self._whole):
            if reads & known:
                known.add(f"model.{name}")
        driver = narrower().get(name, {}).get("driver")
        others = reads - {f"model.{driver}"}
        if driver is None or f"model.{driver}" not in self._changed or reads & self._whole or self._differs(name, others):
            return
        select = sql[sql.index("select") :]
        for side, catalog in (("removed", "base"), ("added", "part")):
            joined = re.sub(r"\b(model|export)\.", rf"{catalog}.\1.", select.replace(f"model.{driver}", f"{side}_{driver}"))
            self.con.execute(f"create or replace table {side}_{name} as {joined}")
        self._sided.add(name)

    def _narrow(self, name: str, sql: str, reads: set[str]) -> None:
        """Find the touched cases in which anything that a file reads differs: `here`. `_narrowed`: it is made of them alone."""
        self._narrowed, self._here_of = False, f"part.here_{name}"
        if self.touched.orphans:
            return
        narrow = narrower().get(name, {})
        told, hung = (
            ", ".join(f"'{relation}'" for relation in relations)
            for relations in (reads - {f"export.{source}" for source in narrow.get("apart", [])}, behind()[name])
        )
        differing = [f"select case_id from reasons where relation is null or relation in ({told}) or (by_day and relation in ({hung}))"]
        for source in sorted(self._laid):
            if f"model.{source}" in reads:
                key, where = self._laid[source][0], narrow.get(source, {}).get("where", "true")
                keys = f"(select t.{key} from removed_{source} as t where {where} union all select t.{key} from added_{source} as t where {where})"
                if key == "posting_key":
                    key, keys = "case_key", f"(select case_key from posted where posting_key in {keys})"
                differing.append(f"select case_id from named where {key} in {keys}")
        cases = f"select distinct case_id from ({' union all '.join(differing)})"
        self.con.execute(f"create or replace table {self._here_of} as select case_id, case_key from ({cases}) left join named using (case_id)")
        self._narrowed = True

    def _name(self, name: str) -> None:
        """Remember which cases the keys stand for, now that new ones have theirs."""
        if name == "cases":
            self.con.execute("create or replace table named as select case_id, case_key from part.model.cases")
        if name == "cash":
            self.con.execute("insert into posted select posting_key, case_key from part.model.cash")

    def _here(self, key: str) -> str:
        """A condition: rows that stand for the cases that a file is made of."""
        if not self._narrowed:
            return self._chosen(key)
        if key == "posting_key":
            return f"posting_key in (select posting_key from posted where case_key in (select case_key from {self._here_of}))"
        return f"{key} in (select {key} from {self._here_of})"

    def _make(self, name: str, sql: str) -> None:
        """A file's rows of the cases it is made of; where it counts contacts, those that came last are made besides and counted on in `_lay`."""
        late = self._narrowed and "counted" in narrower().get(name, {})
        if late:
            self.con.execute(f"insert into {self._here_of} select case_id, case_key from named where case_id in (from later)")
        self.con.execute(self._of_here(name, sql))
        if late:
            self.con.execute(f"delete from {self._here_of} where case_id in (from later)")

    def _count_on(self, name: str) -> None:
        for column, most in narrower().get(name, {}).get("counted", {}).items():
            self.con.execute(
                f"update part.model.{name} as t set {column} = least(t.{column} + b.known, {most}) from "
                f"(select case_key, max(cast({column} as integer)) as known from before_{name} where case_key in "
                "(select case_key from named where case_id in (from later)) group by case_key) as b "
                f"where t.case_key = b.case_key and t.{column} is not null and b.known is not null"
            )

    def _of_here(self, name: str, sql: str) -> str:
        if not self._narrowed:
            return sql
        apart = narrower().get(name, {}).get("apart", [])
        rows = {f"model.{name}": f"* from part.model.{name} where {self._here(key)}" for name, (key, _) in list(self._laid.items())}
        rows |= {
            f"export.{table.id}": f"rowid, * from part.export.{table.id} where {self._here('case_id')}"
            for table in contract().tables.values()
            if "case_id" in table.columns and table.id not in apart
        }
        return READS.sub(lambda found: f"(select {rows[found[0]]})" if found[0] in rows else found[0], sql)

    def _of_before(self, sql: str, only: str = "") -> str:
        """SQL over what touched cases had in the base, instead of what they have."""
        return self._over(sql, lambda name: f"(select {', '.join(self._laid[name][1])} from part.before_{name}{only})")

    def _of_now(self, sql: str, only: str) -> str:
        return self._over(sql, lambda name: f"(select * from part.model.{name}{only})")

    def _over(self, sql: str, rows: Callable[[str], str]) -> str:
        return re.sub(r"\bmodel\.(\w+)", lambda found: rows(found[1]) if found[1] in self._laid else found[0], sql)

    def _add_up(self, target: str, name: str, sql: str, reads: set[str]) -> None:
        """A table of sums over touched cases, as it was and as it is: the difference changes the base's."""
        self._narrow(name, sql, reads)
        self.con.execute("use past")
        self.con.execute(self._of_before(sql, f" where {self._here('case_key')}"))
        self.con.execute("use part")
        self.con.execute(self._of_here(name, sql))
        narrow: dict[str, Any] = narrower()[name]
        sums = [column for column in self._columns(target, name) if column not in narrow["dims"]]
        added = ", ".join(f"sum({column}) as {column}" for column in sums)
        minus = ", ".join(f"-{column} as {column}" for column in sums)
        listed = ", ".join([*narrow["dims"], *sums])
        signed = f"select {', '.join(narrow['dims'])}, {minus} from past.model.{name} union all select {listed} from part.model.{name}"
        self._shift(
            target, name, narrow["dims"], sums, f"select {', '.join(narrow['dims'])}, {added} from ({signed}) as sides group by all", narrow["count"]
        )

    def _keep(self, name: str, columns: list[str]) -> None:
        """What hangs on the customer's other cases, which are not here, stays as it is in the base."""
        kept = narrower().get(name, {}).get("kept")
        if kept == ["*"]:
            self.con.execute(f"delete from part.model.{name} where case_key in (select case_key from loose)")
            self.con.execute(
                f"insert into part.model.{name} by name select {', '.join(columns)} from base.model.{name} "
                f"where case_key in (select case_key from loose) and {self._here('case_key')}"
            )
        elif kept:
            self.con.execute(
                f"update part.model.{name} as t set {', '.join(f'{column} = b.{column}' for column in kept)} from "
                f"(select * from base.model.{name} where case_key in (select case_key from loose)) as b where t.case_key = b.case_key"
            )

    def _judge_again(self, name: str, sql: str) -> str:
        """Make the rows of the last days of all other cases too, where the as-of day decides what becomes of them; a condition that says which."""
        again = narrower().get(name, {}).get("again")
        if again is None or self.as_of == self.base.as_of:
            return ""
        since = self.base.as_of - timedelta(hours=model.in_force(self.as_of)[again["hours"]])
        self.con.execute("create or replace table since as select cast($since as date) as day", {"since": since})
        rows = f"{again['day']} >= (select day from since) and not coalesce({self._here('case_key')}, false)"
        recent = f"(select * from base.model.{again['of']} where {rows})"
        select = sql.partition(f"create table model.{name} as")[2].replace(f"model.{again['of']}", recent)
        self.con.execute(f"insert into part.model.{name} by name " + re.sub(r"(?<![\w.])(model|export)\.", r"base.\1.", select))
        return f" or ({rows})"

    def _lay(self, target: str, name: str, key: str, columns: list[str], also: str = "") -> None:
        """Put the part's rows in the place of the base's, as far as they differ. Leaves before_NAME, removed_NAME and added_NAME."""
        listed, before, made, rows = ", ".join(columns), f"part.before_{name}", f"part.model.{name}", f'"{target}".model.{name}'
        here = f"coalesce({self._here(key)}, false)" if self._narrowed else "true"
        self.con.execute(
            f"create or replace table {before} as select rowid as row_id, {listed}, {here}{also} as is_here from base.model.{name} "
            f"where {self._asked(name, key) if name in self._read_again else self._here(key)}{also}"
        )
        self._count_on(name)
        # most rows are as they were: only contents that are there more often before or after are looked at row by row
        old, new = f"select *, hash({listed}) as content from {before} where is_here", f"select *, hash({listed}) as content from {made}"
        self.con.execute(
            f"create or replace table uneven_{name} as select {key}, content, sum(row_count) as more from "
            f"(select {key}, content, 1 as row_count from ({old}) as o union all select {key}, content, -1 from ({new}) as n) "
            f"as sides group by {key}, content having more != 0"
        )
        differing = f"inner join uneven_{name} as u on s.{key} is not distinct from u.{key} and s.content = u.content"
        nth, told = f"qualify row_number() over (partition by s.{key}, s.content) <=", ", ".join(f"s.{column}" for column in columns)
        self.con.execute(
            f"create or replace table removed_{name} as select s.row_id, {told} from ({old}) as s {differing} where u.more > 0 {nth} u.more"
        )
        self.con.execute(f"create or replace table added_{name} as select {told} from ({new}) as s {differing} where u.more < 0 {nth} -u.more")
        self._sided.add(name)
        removed, added = self._row(f"select (select count(*) from removed_{name}), (select count(*) from added_{name})")
        if removed:
            self.con.execute(f"delete from {rows} where rowid in (select row_id from removed_{name})")
        if added:
            self.con.execute(f"insert into {rows} ({listed}) select {listed} from added_{name}")
        if removed or added:
            self._changed.add(f"model.{name}")
        if name not in self._read_again:
            self.con.execute(f"drop table {before}")
        elif self._narrowed:
            self.con.execute(f"alter table {made} rename to made_{name}")
            self.con.execute(
                f"create view {made} as select {listed} from part.model.made_{name} union all select {listed} from {before} where not is_here"
            )

    def _differs(self, name: str, reads: set[str]) -> bool:
        """Whether anything that a file reads has changed, as far as it makes use of it."""
        return any(self._matters(name, relation) for relation in reads & self._changed)

    def _matters(self, name: str, relation: str) -> bool:
        schema, _, source = relation.partition(".")
        narrow = narrower().get(name, {}).get(source)
        if narrow is None or "columns" not in narrow or relation in self._whole:
            return True
        columns = ", ".join(narrow["columns"])
        if columns == "*":
            columns = ", ".join(self._columns("base", source, schema))
        where = narrow.get("where", "true")
        if schema == "model":
            old, new = f"select {columns} from removed_{source} where {where}", f"select {columns} from added_{source} where {where}"
        else:
            listed = "".join(f", b.{column}" for column in columns.split(", "))[2:]
            old = f"select {listed} from base.export.{source} as b inner join changed_{source} as c on b.rowid = c.base_id where b.{where}"
            new = f"select {columns} from changed_{source} where {where} union all select {columns} from {self.merge.rows_of(source)} where {where}"
        return bool(self._row(f"select count(*) from ((({old}) except ({new})) union all (({new}) except ({old})))")[0])

    def _roll_up(self, target: str, name: str) -> None:
        """A roll-up changes by the rows taken out and put in; one of a table that was made again is made again."""
        entry = model.rollups()[name]
        of = f"model.{entry['of']}"
        if of not in self._changed:
            return
        if of in self._whole:
            self.con.execute(f'use "{target}"; drop table model.{name}')
            self.con.execute(model.rolled_up(name))
            self.con.execute("use part")
            return
        if entry["of"] in self._sided:
            old, new = f"removed_{entry['of']}", f"added_{entry['of']}"
        else:
            old, new = self._sides(name, entry["of"])
        moved = (
            f"select {', '.join(entry['dims'])}, {', '.join(f'sum({column}) as {column}' for column in (*entry['sums'], 'row_count'))} from "
            f"(({model.grouped(name, old, -1)}) union all by name ({model.grouped(name, new)})) as sides group by all"
        )
        self._shift(target, name, entry["dims"], [*entry["sums"], "row_count"], moved, "row_count")

    def _sides(self, rollup: str, name: str) -> tuple[str, str]:
        """A view's rows before and after: of the keys of which any row that it reads differs, or of all touched cases."""
        view, key = model.tables()[name], narrower().get(name, {}).get("key")
        select = view.partition(f"create view model.{name} as")[2]
        if key is None:
            return f"({self._of_before(select)}\n) as old", f"part.model.{name}"
        read = [read for read in READS.findall(view) if read[0] == "model" and read[1] in self._laid]
        differing = " union ".join(f"select {key} from {side}_{table}" for _, table in read for side in ("removed", "added"))
        self.con.execute(f"create table differing_{rollup} as {differing}")
        only = f" semi join differing_{rollup} using ({key})"
        return f"({self._of_before(select, only)}\n) as old", f"({self._of_now(select, only)}\n) as new"

    def _shift(self, target: str, name: str, dims: list[str], sums: list[str], moved: str, count: str) -> None:
        """Add signed sums to a table of sums; a group of which `count` leaves nothing goes. Leaves removed_NAME and added_NAME."""
        rows, match = f'"{target}".model.{name}', " and ".join(f"r.{dim} is not distinct from m.{dim}" for dim in dims)
        listed = ", ".join([*dims, *sums])
        zero = " and ".join(f"coalesce({column}, 0) = 0" for column in sums)
        self.con.execute(f"create or replace table moved_{name} as select * from ({moved}) where not ({zero})")
        self.con.execute(
            f"create or replace table removed_{name} as select r.rowid as row_id, r.* from {rows} as r inner join moved_{name} as m on {match}"
        )
        self.con.execute(
            f"create or replace table added_{name} as select {', '.join(dims)}, {', '.join(f'sum({column}) as {column}' for column in sums)} "
            f"from (select {listed} from removed_{name} union all select {listed} from moved_{name}) as together "
            f"group by all having sum({count}) > 0 order by all"
        )
        self.con.execute(f"delete from {rows} where rowid in (select row_id from removed_{name})")
        self.con.execute(f"insert into {rows} ({listed}) select {listed} from added_{name}")
        self._changed.add(f"model.{name}")
        self._sided.add(name)

    # --- one case's rows --------------------------------------------------------------------------------------------

    def _index(self) -> None:
        """Where the added rows of each case stand, after those known; a table in which a row went to another case is looked through again."""
        for table in contract().tables.values():
            if f"export.{table.id}" not in self._changed:
                continue
            if "case_id" not in table.columns:
                continue
            rows = (
                f"select case_id, list(rowid) as row_ids from export.{table.id} "
                "where case_id is not null and rowid > $since group by case_id order by case_id"
            )
            moved = (
                f"changed_{table.id} as c inner join base.export.{table.id} as b on b.rowid = c.base_id where b.case_id is distinct from c.case_id"
            )
            if self._row(f"select count(*) from {moved}")[0]:
                self.con.execute(f"create or replace table rows_of_case.{table.id} as {rows}", {"since": -1})
            else:
                since = self._row(f"select coalesce(max(rowid), -1) from base.export.{table.id}")[0]
                self.con.execute(f"insert into rows_of_case.{table.id} {rows}", {"since": since})
        if "export.instalments" in self._changed or "export.plans" in self._changed:
            self._index_instalments()

    def _index_instalments(self) -> None:
        moved = "changed_plans as c inner join base.export.plans as b on b.rowid = c.base_id where b.case_id is distinct from c.case_id"
        if "export.plans" in self._changed and self._row(f"select count(*) from {moved}")[0]:
            self.con.execute("create or replace table rows_of_case.instalments as " + model.INSTALMENT_ROWS)
            return
        # a plan's instalments may have come before it did
        since = {name: self._row(f"select coalesce(max(rowid), -1) from base.export.{name}")[0] for name in ("instalments", "plans")}
        late = "where instalments.rowid > $instalments or plans.rowid > $plans group by"
        self.con.execute("insert into rows_of_case.instalments " + model.INSTALMENT_ROWS.replace("group by", late), since)

    # --- the connection ---------------------------------------------------------------------------------------------

    def _columns(self, catalog: str, name: str, schema: str = "model") -> list[str]:
        if catalog not in self._known_columns:
            tables: dict[tuple[str, str], list[str]] = {}
            for of, table, column in self.con.execute(
                "select schema_name, table_name, column_name from duckdb_columns() where database_name = $catalog order by column_index",
                {"catalog": catalog},
            ).fetchall():
                tables.setdefault((of, table), []).append(column)
            self._known_columns[catalog] = tables
        return self._known_columns[catalog][schema, name]

    def _row(self, sql: str, **values: Any) -> tuple[Any, ...]:
        row = self.con.execute(sql, values).fetchone()
        assert row is not None
        return tuple(row)
