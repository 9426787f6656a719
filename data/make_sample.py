"""Write a synthetic export of a personal-credit collections shop, with the truth planted in it beside it.

The simulation runs in DuckDB, 30-day period by 30-day period since placement, set-based; every draw is a hash of (seed, key, salt), so the same
seed gives the same bytes whatever the thread count. Parameters: sample_world.py; SQL: sample_sql/; dirt: sample_dirt.py; truth: sample_truth.py.

Identity, per case and month end M (value dates, posted rows only):
    balance(M) = placed_balance - sum(payment + reversal, reversals negative) - sum(waiver) + sum(fee)
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path

import duckdb

from data import sample_dirt, sample_programme, sample_truth, sample_world

SQL = Path(__file__).with_name("sample_sql")
LAST_DAY = date(2026, 10, 31)
FAR = date(2200, 1, 1)
PARTED = {"contacts": "contact", "payments": "posting", "balances": "balance"}
FORMATS = ("csv", "parquet")
CONTACT_RAW = """create table contact_raw (contact_no bigint, case_no bigint, k integer, started_at timestamp, channel varchar, inbound boolean,
    outcome varchar, party varchar, collector_no integer, seconds integer, burst boolean)"""
Progress = Callable[[str, float], None]


def generate(
    out: Path,
    *,
    cases: int,
    months: int,
    seed: int,
    dirty: bool = False,
    start: date | None = None,
    file_format: str = "csv",
    progress: Progress | None = None,
    threads: int | None = None,
    rollout: bool = True,
    skill_sd: float = sample_world.SKILL_SD,
) -> None:
    """Write an export of `cases` cases over `months` calendar months into the new or empty folder `out`.

    History ends on 2026-10-31, or starts on `start` (a first of month). `dirty` (CSV only) plants the dirt counted in truth.json and leaves the
    last month partial. `progress(step, share)` is called with a share from 0 to 1. Raises ValueError for arguments it can't serve. The folder
    appears whole or not at all: it is written beside `out` and renamed. Without `rollout` the programme has its milestones but no effect; every
    draw stays the same, so the two exports of a seed are what happened and what would have happened without it.
    `skill_sd` is how far collectors differ (0: not at all).
    """
    first, last = _history(out, cases=cases, months=months, dirty=dirty, start=start, file_format=file_format)
    tell = progress or (lambda step, share: None)
    out.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        export = work / "export"
        export.mkdir()
        with duckdb.connect(str(work / "sample.duckdb")) as con:
            _settings(con, work, threads)
            _simulate(con, cases=cases, months=months, seed=seed, first=first, last=last, rollout=rollout, tell=tell, skill_sd=skill_sd)
            dirt = _write_tables(con, export, file_format=file_format, dirty=dirty, months=months, first=first, tell=tell)
            facts = {"cases": cases, "months": months, "seed": seed, "dirty": dirty, "format": file_format}
            facts |= {} if rollout else {"rollout": False}
            sample_truth.write(con, export, facts=facts, first=first, last=last, dirt=dirt)
        _write_export_toml(export, cases=cases, months=months, seed=seed, last=last, dirty=dirty)
        if out.exists():
            out.rmdir()
        export.replace(out)
        tell("done", 1.0)
    finally:
        with suppress(OSError):
            shutil.rmtree(work)


def _history(out: Path, *, cases: int, months: int, dirty: bool, start: date | None, file_format: str) -> tuple[date, date]:
    """First and last day of history; ValueError says what was got and what was expected."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"out: got {out}, which exists and is not an empty folder; expected a new or empty folder")
    if cases < 50:
        raise ValueError(f"cases: got {cases}; expected 50 or more")
    if not 3 <= months <= 60:
        raise ValueError(f"months: got {months}; expected 3 to 60")
    if file_format not in FORMATS:
        raise ValueError(f"file_format: got {file_format!r}; expected one of {', '.join(FORMATS)}")
    if dirty and file_format != "csv":
        raise ValueError(f"dirty: got file_format {file_format!r}; expected 'csv' (dirt is text)")
    if start is not None and start.day != 1:
        raise ValueError(f"start: got {start}; expected the first day of a month")
    first = start or sample_world.month_add(LAST_DAY, 1 - months)
    last = sample_world.month_end(sample_world.month_add(first, months - 1))
    return first, last.replace(day=20) if dirty else last


def _settings(con: duckdb.DuckDBPyConnection, work: Path, threads: int | None) -> None:
    con.execute("set memory_limit = '8GB'")
    con.execute(f"set temp_directory = '{str(work / 'spill').replace(chr(39), chr(39) * 2)}'")
    con.execute("set timezone = 'UTC'")
    con.execute("set preserve_insertion_order = true")
    if threads is not None:
        con.execute(f"set threads = {int(threads)}")


def _variable(con: duckdb.DuckDBPyConnection, name: str, value: object) -> None:
    con.execute(f"set variable {name} = $value", {"value": value})


def _run(con: duckdb.DuckDBPyConnection, name: str) -> None:
    con.execute((SQL / f"{name}.sql").read_text(encoding="utf-8"))


def simulate_trail(
    con: duckdb.DuckDBPyConnection,
    *,
    cases: int,
    months: int,
    seed: int,
    first: date,
    last: date,
    rollout: bool,
    periods: int,
    tell: Progress = lambda step, share: None,
    skill_sd: float = sample_world.SKILL_SD,
) -> None:
    """Fill base_case and trail over each case's first `periods` periods: who works it, what the model says, whether it is paid."""
    teams = 8 if cases < 100_000 else 16
    seats = max(24, min(2400, round(cases / 420))) // teams * teams
    scalars: dict[str, object] = {"seed": seed, "cases": cases, "months": months, "first_on": first, "end_on": last, "far_on": FAR}
    scalars |= {"teams": teams, "seats": seats, "skill_sd": skill_sd, "ramp": sample_world.RAMP}
    scalars |= {"fade": sample_world.FADE, "momentum": sample_world.MOMENTUM, "part": None}
    for name, value in scalars.items():
        _variable(con, name, value)
    sample_world.build_world(con, first=first, last=last, months=months, teams=teams, seats=seats, rollout=rollout)
    _run(con, "people")
    con.execute(
        """create table state as
        select case_no, placed_cents as bal, placed_on - dpd as anchor, 0 as plan_left, 0::bigint as plan_cents, 0::bigint as plan_waive,
            0 as plan_off, 0 as plan_miss, false as paid_before
        from base_case"""
    )
    step = (SQL / "period.sql").read_text(encoding="utf-8")
    for period in range(periods):
        _variable(con, "k", period)
        statement = step if period else step.replace("insert into trail by name select * from step", "create table trail as select * from step")
        con.execute(statement)
        tell("payments and balances", 0.02 + 0.23 * (period + 1) / periods)


def first_periods(con: duckdb.DuckDBPyConnection, *, cases: int, months: int, seed: int) -> None:
    """Only the first 30 days of every case, in `con`: tables base_case, trail (one row per case) and contact_raw, as a whole export has them.

    For proofs over many seeds: what comes after, and everything that is written, is left out.
    """
    _settings(con, Path(tempfile.gettempdir()), 1)
    first = sample_world.month_add(LAST_DAY, 1 - months)
    simulate_trail(con, cases=cases, months=months, seed=seed, first=first, last=LAST_DAY, rollout=True, periods=1)
    _variable(con, "k", 0)
    con.execute(CONTACT_RAW)
    _run(con, "contacts")


def true_effects(con: duckdb.DuckDBPyConnection) -> dict[str, float]:
    """What each arm adds to the paid share of the first 30 days against the hold-out, as planted."""
    return {row["arm"]: row["itt_against_holdout"] for row in sample_truth.arms(con)}


def _simulate(
    con: duckdb.DuckDBPyConnection, *, cases: int, months: int, seed: int, first: date, last: date, rollout: bool, tell: Progress, skill_sd: float
) -> None:
    """Fill the working tables: base_case, trail (one row per case and period), posting, segment, balance, contact, promise and the rest."""
    tell("people and cases", 0.01)
    periods = (last - first).days // 30 + 1
    span = {"first": first, "last": last}
    simulate_trail(con, cases=cases, months=months, seed=seed, **span, rollout=rollout, periods=periods, tell=tell, skill_sd=skill_sd)
    _run(con, "ledger")
    tell("ledger", 0.33)
    con.execute(CONTACT_RAW)
    step = (SQL / "contacts.sql").read_text(encoding="utf-8")
    for period in range(periods):
        _variable(con, "k", period)
        con.execute(step)
        tell("contacts", 0.33 + 0.27 * (period + 1) / periods)
    _run(con, "promises")
    _run(con, "conduct")
    sample_programme.build(con, first=first, last=last, months=months)
    tell("promises, conduct, programme", 0.65)


def selects() -> dict[str, tuple[str, str]]:
    """Contract table -> (select without its order, order columns), from outputs.sql."""
    found: dict[str, tuple[str, str]] = {}
    for block in re.split(r"^-- table: ", (SQL / "outputs.sql").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        head, body = block.split("\n", 1)
        name, order = (part.strip() for part in head.split("|"))
        found[name] = (body[: body.rindex("order by")].strip(), order)
    return found


def _write_tables(
    con: duckdb.DuckDBPyConnection, export: Path, *, file_format: str, dirty: bool, months: int, first: date, tell: Progress
) -> sample_dirt.Ledger | None:
    ledger = sample_dirt.Ledger() if dirty else None
    tables = selects()
    for number, (table, (select, order)) in enumerate(tables.items()):
        if ledger is not None:
            sample_dirt.write_table(con, export, table, select, order, ledger)
        elif file_format == "parquet" and table in PARTED:
            (export / table).mkdir()
            for index in range(months):
                month = sample_world.month_add(first, index)
                _variable(con, "part", month.year * 12 + month.month)
                _copy(con, f"{select} order by {order}", export / table / f"{month:%Y-%m}.parquet")
            _variable(con, "part", None)
        else:
            _copy(con, f"{select} order by {order}", export / f"{table}.{file_format}")
        tell(f"writing {table}", 0.65 + 0.33 * (number + 1) / len(tables))
    return ledger


def _copy(con: duckdb.DuckDBPyConnection, select: str, path: Path) -> None:
    target = str(path).replace("'", "''")
    options = "format csv, header true, timestampformat '%Y-%m-%d %H:%M:%S'" if path.suffix == ".csv" else "format parquet, compression zstd"
    con.execute(f"copy ({select}) to '{target}' ({options})")


def _write_export_toml(export: Path, *, cases: int, months: int, seed: int, last: date, dirty: bool) -> None:
    kind_en, kind_zh = (", with planted dirt", ",含预置脏数据") if dirty else ("", "")
    (export / "export.toml").write_text(
        f"""[export]
name = "sample"
currency = "CNY"
timezone = "Asia/Shanghai"
as_of = {last.isoformat()}
title.en = "Synthetic sample: {cases:,} cases, {months} months{kind_en}"
title.zh = "合成样例:{cases:,} 件案件,{months} 个月{kind_zh}"
note.en = "Every person, agency and amount is invented. truth.json holds what was planted."
note.zh = "人员、机构与金额均为虚构;预置的真值见 truth.json。"

[sample]
seed = {seed}
cases = {cases}
months = {months}
dirty = {str(dirty).lower()}
""",
        encoding="utf-8",
    )
