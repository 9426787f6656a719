"""Snapshots opened read-only, once a process, closed to files and settings."""

from __future__ import annotations

import threading
from pathlib import Path

import duckdb

TIMEOUT_MS = 60_000


MEMORY = "1GB"  # what a snapshot's pages and running questions may hold; more is read again, or spilt beside the snapshot


_open: dict[Path, duckdb.DuckDBPyConnection] = {}


_opening = threading.Lock()


class QueryFailed(RuntimeError):
    """A query that failed, by name; the cause says why."""


def connect(path: Path) -> duckdb.DuckDBPyConnection:
    """The one read-only connection of this process to a snapshot, closed to files and settings. Use a cursor per call."""
    with _opening:
        if path not in _open:
            con = duckdb.connect(
                str(path),
                read_only=True,
                config={
                    "enable_external_access": "false",
                    "autoinstall_known_extensions": "false",
                    "autoload_known_extensions": "false",
                    "allow_community_extensions": "false",
                    "python_enable_replacements": "false",
                    "memory_limit": MEMORY,
                },
            )
            con.execute("set global TimeZone = 'UTC'")
            con.execute(f"set max_execution_time = {TIMEOUT_MS}")
            con.execute("set lock_configuration = true")
            _open[path] = con
        return _open[path]


def close(path: Path) -> None:
    """Let go of a snapshot file."""
    with _opening:
        con = _open.pop(path, None)
        if con is not None:
            con.close()
