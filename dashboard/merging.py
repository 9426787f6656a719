"""Incoming rows against those of the snapshot in service, the later row winning: what is new, what changed. Knows tables and rows, not meanings."""

from __future__ import annotations

from collections.abc import Mapping, Set

import duckdb

from dashboard.accounting import Changes
from dashboard.contract import Table, contract

FEW = 0.1  # incoming rows, of the base's


def are_few(con: duckdb.DuckDBPyConnection, incoming: str, table: Table) -> bool:
    """Whether little comes into a table beside what is in service."""
    return con.execute(f"select (select count(*) from {incoming}) < {FEW} * (select count(*) from base.export.{table.id})").fetchone() == (True,)


class Merge:
    """One merge of `export.incoming_TABLE` into what stands in `base.export.TABLE`.

    After `match`, an incoming table holds the added rows only, and temp table `changed_TABLE` (of every supplied table) the new content of
    each changed row with `base_id`, its row in the base, and `others`, the columns in which it is other than before. `incoming` is the
    catalog the incoming tables are in, `met` the tables whose rows of the same keys have been looked up: `known_TABLE` (base_id, key).
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, supplied: Mapping[str, Set[str]], incoming: str, met: Set[str] = frozenset()) -> None:
        self.con, self.supplied, self.incoming, self.met = con, supplied, incoming, met

    def rows_of(self, name: str) -> str:
        """The incoming table of a contract table, wherever the connection's names are looked up."""
        return f'"{self.incoming}".export.incoming_{name}'

    def match(self) -> dict[str, Changes]:
        """Tell added, changed and unchanged rows apart in every supplied table; an unchanged row stays the row it was."""
        return {name: self._match(contract().tables[name]) for name in contract().tables if name in self.supplied}

    def _match(self, table: Table) -> Changes:
        incoming, extra = self.rows_of(table.id), _extra(table.id)
        columns = [*(column.id for column in table.loaded), *extra]
        # a column that this export doesn't carry keeps what the snapshot knew
        told = {*self.supplied[table.id], *extra}
        match = " and ".join(f"i.{column} = b.{column}" for column in table.key)
        same = " and ".join(f"i.{column} is not distinct from b.{column}" for column in columns if column in told)
        other = ", ".join(f"case when i.{column} is distinct from b.{column} then '{column}' end" for column in columns if column in told)
        news = ", ".join(f"{'i' if column in told else 'b'}.{column}" for column in columns)
        total, both = self._count(f"select count(*) from {incoming}"), f"{incoming} as i inner join base.export.{table.id} as b on {match}"
        if are_few(self.con, incoming, table):  # few are looked for by their keys alone
            known = (
                f"(from known_{table.id})"
                if table.id in self.met
                else f"(select rowid as base_id, {', '.join(table.key)} from base.export.{table.id})"
            )
            pairs = f"select i.rowid as incoming_id, b.base_id from {incoming} as i inner join {known} as b on {match}"
            self.con.execute(f"create or replace temp table met as {pairs}")
            both = f"met inner join {incoming} as i on met.incoming_id = i.rowid inner join base.export.{table.id} as b on met.base_id = b.rowid"
        self.con.execute(
            f"create or replace temp table changed_{table.id} as select i.rowid as incoming_id, b.rowid as base_id, ({same}) as is_same, {news}, "
            f"case when not ({same}) then [{other}] end as others, i.source_file, i.source_line from {both}"
        )
        met, equal = (
            self._count(f"select count(*) from changed_{table.id}"),
            self._count(f"select count(*) from changed_{table.id} where is_same"),
        )
        if met:
            self.con.execute(f"delete from {incoming} where rowid in (select incoming_id from changed_{table.id})")
        if equal:
            self.con.execute(f"delete from changed_{table.id} where is_same")
        return Changes(added=total - met, changed=met - equal, unchanged=equal)

    def events(self, name: str, column: str) -> str:
        """A relation of one column: that of every row there will be."""
        base = f"base.export.{name}"
        if name not in self.supplied:
            return f"(select {column} from {base})"
        return (
            f"(select b.{column} from {base} as b where not exists (select 1 from changed_{name} as c where c.base_id = b.rowid) "
            f"union all select {column} from changed_{name} union all select {column} from {self.rows_of(name)})"
        )

    def whole(self) -> None:
        """The incoming tables take in the changed rows and the base's others."""
        for table in contract().tables.values():
            columns = _columns(table)
            others = f"select {columns} from base.export.{table.id} as b"
            if table.id in self.supplied:
                self.con.execute(f"insert into {self.rows_of(table.id)} ({columns}) select {columns} from changed_{table.id}")
                others += f" where not exists (select 1 from changed_{table.id} as c where c.base_id = b.rowid)"
            self.con.execute(f"insert into {self.rows_of(table.id)} ({columns}) {others}")

    def in_place(self) -> None:
        """A copy of the base, in use as the connection's catalog, takes in changed and added rows. No row is deleted: row ids stay."""
        for name in self.supplied:
            table = contract().tables[name]
            columns = _columns(table)
            if self._count(f"select count(*) from changed_{name}"):
                # a column in which nothing is other than it was is not written again
                rows = self.con.execute(f"select distinct unnest(others) from changed_{name}").fetchall()
                others = {*(row[0] for row in rows), "source_file", "source_line"}
                sets = ", ".join(f"{column} = changed.{column}" for column in columns.split(", ") if column in others)
                self.con.execute(f"update export.{name} as t set {sets} from changed_{name} as changed where t.rowid = changed.base_id")
            self.con.execute(f"insert into export.{name} ({columns}) select {columns} from {self.rows_of(name)}")

    def _count(self, sql: str) -> int:
        row = self.con.execute(sql).fetchone()
        return int(row[0]) if row else 0


def _extra(name: str) -> list[str]:
    return ["copies"] if name == "payments" else []


def _columns(table: Table) -> str:
    return ", ".join([*(column.id for column in table.loaded), *_extra(table.id), "source_file", "source_line"])
