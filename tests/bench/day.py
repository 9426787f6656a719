"""An export cut in two: what was exported on a day, and what the export of a later day has besides or otherwise."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import duckdb

from dashboard.contract import contract
from dashboard.reading import find_files

#: A case that closes later has not closed yet.
STILL_OPEN = "case when closed_on <= $day then closed_on end as closed_on, case when closed_on <= $day then close_reason end as close_reason"


def last_day(export: Path) -> date:
    """The as-of day that an export's description names."""
    line = next(line for line in (export / "export.toml").read_text(encoding="utf-8").splitlines() if line.startswith("as_of"))
    return date.fromisoformat(line.partition("=")[2].strip())


def cut(
    export: Path,
    folder: Path,
    day: date,
    next_day: date,
    file_format: str,
    *,
    said: Mapping[str, str] | None = None,
    late: Mapping[str, str] | None = None,
) -> tuple[Path, Path]:
    """(the export of `day`, the rows of that of `next_day` that are new or say something else), both below `folder`.

    `said`: what the first export says otherwise, per table, as SQL for `select * replace (…)`, `$day` being its day; `late`: a condition per
    table on rows that only the second has. Rows are dated by their table's event; what has none is in both.
    """
    before, after = folder / "before", folder / "after"
    con = duckdb.connect()
    shutil.rmtree(folder, ignore_errors=True)
    for target, as_of in ((before, day), (after, next_day)):
        target.mkdir(parents=True)
        lines = (export / "export.toml").read_text(encoding="utf-8").splitlines()
        lines = [f"as_of = {as_of}" if line.startswith("as_of") else line for line in lines]
        (target / "export.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    otherwise = {"cases": STILL_OPEN, **(said or {})}
    for table in contract().tables.values():
        files = [str(path) for path in find_files(export, table.id)]
        if not files:
            continue
        dated = known = f"cast({table.event} as date) <= $day" if table.event else "$day is not null"
        if table.id == "instalments":
            dated, known = (f"{known} and plan_id in (select plan_id from {plans})" for plans in ("true_plans", "told_plans"))
        known += f" and not ({late[table.id]})" if late and table.id in late else ""
        types = ", ".join(f"'{column.id}': '{column.sql_type}'" for column in table.loaded)
        source = f"read_csv($files, header = true, types = {{{types}}})" if file_format == "csv" else "read_parquet($files)"
        replaced = f"replace ({otherwise[table.id]})".replace("$day", f"date '{day}'") if table.id in otherwise else ""
        open_still = f"replace ({STILL_OPEN})".replace("$day", f"date '{next_day}'") if table.id == "cases" else ""
        con.execute(f"create table true_{table.id} as select * {open_still} from {source} where {dated}", {"files": files, "day": next_day})
        con.execute(f"create table told_{table.id} as select * {replaced} from true_{table.id} where {known}", {"day": day})
        written = f"({'header, ' if file_format == 'csv' else ''}format {file_format})"
        con.execute(f"copy told_{table.id} to '{before / table.id}.{file_format}' {written}")
        con.execute(f"copy (from true_{table.id} except from told_{table.id}) to '{after / table.id}.{file_format}' {written}")
        if table.id not in ("plans", "cases"):
            con.execute(f"drop table true_{table.id}; drop table told_{table.id}")
    con.close()
    return before, after
