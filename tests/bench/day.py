"""One more day: a later partial export, cut from a full one, loaded into what is in service."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb

from dashboard.contract import contract
from dashboard.home import Home
from dashboard.reading import find_files

SHARE = 600


def day_after(export: Path, target: Path, file_format: str) -> None:
    """Write the day after an export's last: one in 600 of its contacts, payments and promises again under new ids and moved to that day."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    shutil.copy(export / "export.toml", target / "export.toml")
    text = (target / "export.toml").read_text(encoding="utf-8")
    (target / "export.toml").write_text("\n".join(line for line in text.splitlines() if not line.startswith("as_of")) + "\n", encoding="utf-8")
    con = duckdb.connect()
    for name in ("contacts", "payments", "promises"):
        table = contract().tables[name]
        files = [str(path) for path in find_files(export, name)]
        types = ", ".join(f"'{column.id}': '{column.sql_type}'" for column in table.loaded)
        source = f"read_csv($files, header = true, types = {{{types}}})" if file_format == "csv" else "read_parquet($files)"
        key, event = table.key[0], table.event
        where = f"where hash({key}) % {SHARE} = 0"
        where += " and kind = 'payment' and coalesce(status, 'posted') = 'posted'" if name == "payments" else ""
        more = ", contact_id = null" if name == "promises" else ", reverses = null, posted_on = null" if name == "payments" else ""
        replaced = f"{key} || '-d' as {key}, cast(last_day + 1 as {'timestamp' if table.columns[event or ''].type == 'time' else 'date'})"
        replaced += " + (started_at - date_trunc('day', started_at)) as started_at" if name == "contacts" else f" as {event}"
        replaced += "".join(f", null as {column.split(' = ')[0].strip(', ')}" for column in more.split(", ") if column)
        replaced += ", cast(last_day + 8 as date) as due_on" if name == "promises" else ""
        con.execute(
            f"copy (select * exclude (last_day) replace ({replaced}) from {source}, (select cast(max({event}) as date) as last_day from {source}) {where} "
            f"order by 1) to '{target / f'{name}.{file_format}'}' ({'header, ' if file_format == 'csv' else ''}format {file_format})",
            {"files": files},
        )


def copied(home: Path, target: Path) -> Path:
    """A home of its own with what is in service in another."""
    shutil.rmtree(target, ignore_errors=True)
    (target / "snapshots").mkdir(parents=True)
    shutil.copy(home / "CURRENT", target / "CURRENT")
    info = Home(home).info()
    shutil.copy(info.path, target / "snapshots" / info.path.name)
    return target
