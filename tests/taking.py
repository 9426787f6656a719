"""Takes an export in and checks it, without building a model: the quick way to look at rows, breaches and accounting."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from dashboard import accounting
from dashboard.breaches import Breach, LoadRefused
from dashboard.checks import ORDER, check_rows
from dashboard.contract import contract
from dashboard.intake import Account, Taker, create_incoming
from dashboard.load import READING
from dashboard.mapped import MappedTaker
from dashboard.mapping import export_of, read_mapping


@dataclass
class Taken:
    """What became of an export."""

    con: duckdb.DuckDBPyConnection
    accounts: list[Account]

    def rows(self, table: str, columns: str = "*", order: str = "all") -> list[tuple[Any, ...]]:
        return self.con.execute(f"select {columns} from export.incoming_{table} order by {order}").fetchall()

    def breaches(self) -> list[tuple[Breach, int]]:
        return accounting.examples(self.con)

    def kinds(self) -> list[tuple[str, int | None, str | None]]:
        """(kind, line, column) of every breach."""
        return [(breach.kind, breach.line, breach.column) for breach, _ in self.breaches()]


def take(folder: Path, work: Path, mapping: Path | None = None) -> Taken:
    """Take in, check and account for an export (nothing is too much to reject). Raises LoadRefused with the structural breaches."""
    work.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect(config={"threads": 2, "temp_directory": str(work)})
    con.execute("set TimeZone = 'UTC'")
    con.execute(READING.read_text(encoding="utf-8"))
    create_incoming(con)
    taker: Taker
    if mapping is None:
        taker = Taker(con, work, export_of(folder))
        for table, path in taker.contract_files(folder):
            taker.take_file(table, path)
    else:
        described = read_mapping(mapping)
        taker = foreign = MappedTaker(con, work, described.export)
        foreign.take_sources(folder, described)
        for number, block in enumerate(described.blocks, start=1):
            foreign.take_block(described, block, number)
        foreign.settle_sources()
    if taker.result.structural:
        raise LoadRefused(taker.result.structural)
    accounting.name_parts(con, taker.result.accounts)
    parents: dict[str, str] = {}
    for name in ORDER:
        table = contract().tables[name]
        if name in taker.result.supplied:
            check_rows(con, table, parents=parents)
            parents[name] = f"select {table.key[0]}{', placed_on' if name == 'cases' else ''} from export.incoming_{name}"
    accounting.settle(con, taker.result.accounts, 1.0, folder.name)
    taker.keep_originals()
    return Taken(con, taker.result.accounts)
