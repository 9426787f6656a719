"""Statements run as soon as what they read is there: never before, two at a time, and none after an error."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from dashboard import jobs, model

READS = re.compile(r"\bmade\.(\w+)")


@pytest.fixture
def con(tmp_path: Path) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(f"attach '{tmp_path / 'made.duckdb'}' as elsewhere; use elsewhere; create schema made; set TimeZone = 'Asia/Shanghai'")
    return con


def test_each_statement_finds_what_it_reads(con: duckdb.DuckDBPyConnection) -> None:
    """a ← b ← d, a ← c ← d: whatever comes first of b and c, d has both; the comment's made.later is nothing to wait for.

    `a` takes long enough for who doesn't wait to find nothing.
    """
    statements = {
        "a": "create table made.a as select 1 + count(*) filter (hash(i) = 0 and i < 0) as n from range(50000000) as r (i)",
        "b": "create table made.b as select n + 1 as n from made.a -- made.later",
        "c": "create table made.c as select n + 10 as n from made.a",
        "d": "create table made.d as select b.n + c.n as n from made.b as b, made.c as c",
        "later": "create table made.later as select current_setting('TimeZone') as zone",
    }
    told: list[tuple[str, float]] = []
    jobs.run(con, statements, READS, lambda name, share: told.append((name, share)))
    assert con.execute("select d.n, later.zone from made.d as d, made.later as later").fetchall() == [(13, "Asia/Shanghai")]
    assert sorted(name for name, _ in told) == sorted(statements) and told[0][0] == "a"
    shares = [share for _, share in told]
    assert shares == sorted(shares) and shares[0] >= 0 and shares[-1] < 1


def test_an_error_ends_it(con: duckdb.DuckDBPyConnection) -> None:
    statements = {"a": "create table made.a as select error('broken')", "b": "create table made.b as select * from made.a"}
    with pytest.raises(duckdb.Error, match="broken"):
        jobs.run(con, statements, READS, lambda name, share: None)
    assert con.execute("select count(*) from duckdb_tables() where table_name = 'b'").fetchone() == (0,)


def test_the_model_files_read_only_what_comes_before_them() -> None:
    """A file that read a table made after it would find nothing to wait for."""
    seen: set[str] = set()
    files = model.model_files()
    for name, path in files.items():
        text = re.sub(r"--.*", "", path.read_text(encoding="utf-8"))
        assert set(model.READS.findall(text)) & set(files) <= seen | {name}, name
        seen.add(name)
