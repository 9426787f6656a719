"""python -m tests.bench [--cases 10000,100000,1000000] [--folder DIR]: load against its floor, pages and metrics against peers."""

from __future__ import annotations

import argparse
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from dashboard.contract import contract
from dashboard.filters import Filters
from dashboard.forecast import batches
from dashboard.home import Home
from dashboard.metrics import metrics
from dashboard.reading import find_files
from dashboard.warehouse import Warehouse
from data.make_sample import generate
from tests.bench import pay
from tests.bench.peers import PEERS, QUESTIONS

MONTHS = 24
PAGES: dict[str, tuple[tuple[tuple[str, ...], tuple[str, ...], int], ...]] = {
    "overview": (
        (("net_amount", "recovery_rate", "period_paid_rate", "liquidation_rate_3m", "roll_rate", "cure_rate"), (), 1),
        (("net_amount", "recovery_rate", "period_paid_rate", "liquidation_rate_3m", "roll_rate", "cure_rate"), (), 2),
        (("net_amount", "recovery_rate", "period_paid_rate", "liquidation_rate_3m", "roll_rate", "cure_rate"), ("month",), 13),
    ),
    "recovery": (
        (("recovery_rate",), ("month",), 13),
        (("liquidation_rate",), ("placed_month", "months_since_placement"), MONTHS),
        (("moved_cases", "moved_amount"), ("start_state", "end_state"), 1),
        (("roll_rate", "roll_rate_snapshot"), ("month",), 13),
    ),
    "recovery by team": ((("recovery_rate",), ("team",), 1),),
    "recovery by batch": ((("recovery_rate",), ("batch",), 1),),
    "recovery by bucket": ((("recovery_rate",), ("bucket",), 1),),
}


def timed(call: Callable[[], Any], runs: int = 7) -> list[float]:
    """Milliseconds of each run after one that warms up."""
    call()
    result = []
    for _ in range(runs):
        start = time.perf_counter()
        call()
        result.append((time.perf_counter() - start) * 1000)
    return result


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1] if len(values) > 1 else values[0]


def floor(export: Path, target: Path) -> float:
    """Seconds that DuckDB alone takes to read the same files into typed tables."""
    target.unlink(missing_ok=True)
    con = duckdb.connect(str(target))
    start = time.perf_counter()
    for table in contract().tables.values():
        files = [str(path) for path in find_files(export, table.id)]
        if files and files[0].endswith(".parquet"):
            con.execute(f"create table {table.id} as select * from read_parquet($files)", {"files": files})
        elif files:
            types = ", ".join(f"'{column.id}': '{column.sql_type}'" for column in table.loaded)
            con.execute(f"create table {table.id} as select * from read_csv($files, header = true, types = {{{types}}})", {"files": files})
    con.execute("checkpoint")
    seconds = time.perf_counter() - start
    con.close()
    target.unlink()
    return seconds


def loaded(export: Path, home: Path) -> tuple[float, float]:
    """Seconds and peak GiB of a load in a process of its own."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "dashboard", "load", str(export), "--home", str(home)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"load failed: {' '.join(command)}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024 / 1024


def ours(warehouse: Warehouse, question: str) -> dict[Any, tuple[float, ...]]:
    """A peer's question in our words."""
    info = warehouse.info
    everything = Filters(info.first_on.replace(day=1), info.as_of)
    if question == "recovery_by_month":
        rows = warehouse.measure(["recovery_rate"], ["month"], filters=everything).rows
        return {f"{r['month']:%Y-%m}": (float(r["recovery_rate_part"]), float(r["recovery_rate_whole"])) for r in rows}
    if question == "recovery_by_product":
        rows = warehouse.measure(["recovery_rate"], ["product"], filters=Filters(info.as_of.replace(day=1), info.as_of)).rows
        return {r["product"]: (float(r["recovery_rate_part"]), float(r["recovery_rate_whole"])) for r in rows}
    if question == "liquidation":
        rows = warehouse.measure(["liquidation_rate"], ["placed_month", "months_since_placement"], filters=everything).rows
        return {
            (f"{r['placed_month']:%Y-%m}", r["months_since_placement"]): (
                float(r["liquidation_rate_part"]),
                float(r["liquidation_rate_whole"]),
            )
            for r in rows
        }
    rows = warehouse.measure(["paid_case_rate"], ["placed_month"], filters=everything).rows
    return {f"{r['placed_month']:%Y-%m}": (float(r["paid_case_rate_part"]), float(r["paid_case_rate_whole"])) for r in rows}


def agree(mine: dict[Any, tuple[float, ...]], theirs: dict[Any, tuple[float, ...]]) -> bool:
    """Every group the peer answers, to the cent."""
    return all(key in mine and all(abs(a - b) < 0.01 for a, b in zip(mine[key], value, strict=True)) for key, value in theirs.items())


def page(warehouse: Warehouse, asks: tuple[tuple[tuple[str, ...], tuple[str, ...], int], ...]) -> None:
    last = warehouse.info.as_of.replace(day=1)
    for names, by, months in asks:
        start = last
        for _ in range(months - 1):
            start = (start - timedelta(days=1)).replace(day=1)
        warehouse.measure(names, by, filters=Filters(start, warehouse.info.as_of))


def bench(cases: int, folder: Path, file_format: str) -> None:
    export, home = folder / f"export_{cases}_{file_format}", folder / f"home_{cases}"
    if not export.exists():
        generate(export, cases=cases, months=MONTHS, seed=1, file_format=file_format)
    lowest = floor(export, folder / "floor.duckdb")
    shutil.rmtree(home, ignore_errors=True)
    seconds, peak = loaded(export, home)
    print(f"| {cases:,} | load, {file_format} | {seconds:.1f} s | {seconds / lowest:.1f} × the floor of {lowest:.1f} s | peak {peak:.1f} GiB |")
    warehouse = Warehouse(Home(home).info())
    for name, asks in PAGES.items():
        times = timed(lambda asks=asks: page(warehouse, asks), 20)  # type: ignore[misc]
        print(f"| {cases:,} | page data: {name} | {statistics.median(times):.0f} ms | p95 {p95(times):.0f} ms | |")
    cells = tuple(
        batches.Cell(batches.shifted(date(2024, 1, 1), row), age, 100.0 * (age + 1) ** 0.5 * (1 + (row * 7 + age) % 5 / 10), 1000.0)
        for row in range(24)
        for age in range(24 - row)
    )
    times = timed(lambda: batches.outlook.__wrapped__(cells))  # uncached
    print(f"| {cases:,} | forecast of 24 batches | {statistics.median(times):.0f} ms | p95 {p95(times):.0f} ms | |")
    month = Filters(warehouse.info.as_of.replace(day=1), warehouse.info.as_of)
    slowest = max((statistics.median(timed(lambda n=name: warehouse.measure([n], filters=month), 3)), name) for name in metrics())  # type: ignore[misc]
    print(f"| {cases:,} | slowest metric: {slowest[1]} | {slowest[0]:.0f} ms | | |")
    print(
        f"| {cases:,} | memory of this process with the snapshot open | {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024:.1f} GiB | | |"
    )
    raw = export
    if file_format != "parquet":
        raw = folder / f"export_{cases}_parquet"
        if not raw.exists():
            generate(raw, cases=cases, months=MONTHS, seed=1, file_format="parquet")
    for peer in PEERS:
        them = peer(raw)
        for question in QUESTIONS:
            answer = getattr(them, question)
            same = agree(ours(warehouse, question), answer())
            theirs = statistics.median(timed(answer, 3))
            mine = statistics.median(timed(lambda q=question: ours(warehouse, q), 7))  # type: ignore[misc]
            print(
                f"| {cases:,} | {question} | {mine:.0f} ms | {them.name} {theirs:.0f} ms: {theirs / mine:.0f} × | {'equal' if same else 'DIFFERS'} |"
            )
        del them


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", default="10000,100000,1000000")
    parser.add_argument("--folder", type=Path, default=Path(".collections") / "bench")
    parser.add_argument("--file-format", default="csv")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, DuckDB {duckdb.__version__}")
    print("| cases | what | ours | against | |\n|---|---|---|---|---|")
    seconds, statements, payments = pay.measured()
    print(f"| — | pay: {statements:,} statements of {payments:,} payments, engine | {seconds:.1f} s | goal 5 s | |")
    for cases in arguments.cases.split(","):
        bench(int(cases), arguments.folder, arguments.file_format)


if __name__ == "__main__":
    main()
