"""What every page asks of the warehouse, found by running it: the queries are written down and can be asked again by themselves."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard.warehouse import Warehouse

ROOT = Path(__file__).resolve().parents[2]
Query = tuple[str, dict[str, Any], str, str]  # SQL, values, name, the method it is fetched by


def names() -> list[str]:
    """The pages there are, the first one first."""
    found = sorted(path.stem for path in (ROOT / "pages").glob("*.py"))
    return ["overview", *(name for name in found if name != "overview")]


@contextmanager
def written_down() -> Iterator[list[Query]]:
    """Every query that any warehouse of this process is asked meanwhile."""
    asked: list[Query] = []
    with ExitStack() as stack:
        for method in ("_fetch", "_fetch_columns"):
            stack.enter_context(_listened(method, asked))
        yield asked


@contextmanager
def _listened(method: str, asked: list[Query]) -> Iterator[None]:
    inner = getattr(Warehouse, method)

    def fetch(self: Warehouse, sql: str, values: dict[str, Any], name: str, *more: Any) -> Any:
        asked.append((sql, values, name, method))
        return inner(self, sql, values, name, *more)

    setattr(Warehouse, method, fetch)
    try:
        yield
    finally:
        setattr(Warehouse, method, inner)


def opened(home: Path, page: str) -> tuple[list[Query], float, float]:
    """The queries of a page, and the seconds its whole script takes with nothing cached and with everything cached."""
    os.environ["COLLECTIONS_HOME"] = str(home)
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=600)
    app.query_params["lang"] = "en"
    app.run()
    st.cache_data.clear()
    with written_down() as asked:
        start = time.perf_counter()
        if page == names()[0]:
            app.run()
        else:
            app.switch_page(str(ROOT / "pages" / f"{page}.py")).run()
        cold = time.perf_counter() - start
    if app.exception:
        raise SystemExit(f"page {page}: {app.exception[0].value}")
    start = time.perf_counter()
    app.run()
    return asked, cold, time.perf_counter() - start


def replayed(warehouse: Warehouse, queries: list[Query], runs: int) -> list[float]:
    """Milliseconds that all queries of a page take together, per run after one that warms up."""
    taken = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        for sql, values, name, method in queries:
            getattr(warehouse, method)(sql, values, name)
        taken.append((time.perf_counter() - start) * 1000)
    return taken[1:]


def slowest(warehouse: Warehouse, queries: list[Query]) -> tuple[float, str]:
    """Milliseconds and name of the query that takes longest."""
    return max((statistics.median(replayed(warehouse, [query], 3)), query[2]) for query in queries) if queries else (0.0, "none")
