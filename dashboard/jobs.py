"""Statements that wait for each other's tables, run as soon as they can be, a few at a time; knows nothing of what they make."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing
from queue import SimpleQueue

import duckdb

#: So many statements at a time: one alone leaves a core idle wherever it sorts, merges or writes.
AT_ONCE = 2


def run(
    con: duckdb.DuckDBPyConnection,
    statements: Mapping[str, str],
    reads: re.Pattern[str],
    begun: Callable[[str, float], None],
    do: Callable[[duckdb.DuckDBPyConnection, str, str], object] = lambda con, _, text: con.execute(text),
) -> None:
    """Run each statement once those before it that it reads have run; `reads` finds the names in its text, in a group. In their order otherwise.

    `do`: what is done with a connection, a statement's name and its text, where that is not to run it.

    Each has a connection to itself with the current database and time zone of `con`, and commits by itself; temporary tables of `con`
    aren't seen. The first error is raised when what runs beside it has ended; nothing is begun after it.
    """
    row = con.execute("select current_database(), current_setting('TimeZone')").fetchone()
    assert row is not None
    database, zone = row
    waits: dict[str, set[str]] = {}
    for name, text in statements.items():
        waits[name] = {found for found in reads.findall(text) if found in waits}

    free: SimpleQueue[duckdb.DuckDBPyConnection] = SimpleQueue()

    def one(name: str) -> None:
        cursor = free.get()
        try:
            do(cursor, name, statements[name])
        finally:
            free.put(cursor)

    running: dict[Future[None], str] = {}
    with ExitStack() as stack:
        for _ in range(AT_ONCE):
            cursor = stack.enter_context(closing(con.cursor()))
            cursor.execute(f'use "{database}"')
            cursor.execute(f"set TimeZone = '{zone}'")
            free.put(cursor)
        pool = stack.enter_context(ThreadPoolExecutor(AT_ONCE))  # entered last, left first: nothing runs when the cursors close
        while waits or running:
            for name in [name for name, left in waits.items() if not left][: AT_ONCE - len(running)]:
                del waits[name]
                begun(name, 1 - (len(waits) + len(running) + 1) / len(statements))
                running[pool.submit(one, name)] = name
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                name = running.pop(future)
                future.result()
                for left in waits.values():
                    left.discard(name)
