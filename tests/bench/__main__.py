"""python -m tests.bench [--cases …] [--folder DIR] [--sections load,day,…] [--resume]: load against its floor, pages against peers, people at once."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

from dashboard import ahead, frame
from dashboard.contract import contract
from dashboard.filters import Filters
from dashboard.forecast import batches
from dashboard.home import Home, NothingLoaded, SnapshotInfo
from dashboard.metrics import metrics
from dashboard.model import version
from dashboard.reading import find_files
from dashboard.warehouse import Warehouse
from data.make_sample import generate
from tests.bench import pages, pay, serving
from tests.bench.day import cut, last_day
from tests.bench.peers import PEERS, QUESTIONS

MONTHS = 24
Line = tuple[str, str, str, str]


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
    process, peak = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL), 0.0
    # the system's own account of a process that has ended begins with the memory of the one that started it
    while process.poll() is None:
        with suppress(OSError):
            peak = max(peak, serving.memory(process.pid)[1])
        time.sleep(0.1)
    if process.returncode:
        raise SystemExit(f"load failed: {' '.join(command)}")
    return time.perf_counter() - start, peak


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


def section_load(where: Place) -> Iterator[Line]:
    lowest = floor(where.export, where.folder / "floor.duckdb")
    shutil.rmtree(where.home, ignore_errors=True)
    seconds, peak = loaded(where.export, where.home)
    size = Home(where.home).info().path.stat().st_size / 1024**3
    yield (
        f"load, {where.file_format}",
        f"{seconds:.1f} s",
        f"{seconds / lowest:.1f} × the floor of {lowest:.1f} s",
        f"peak {peak:.1f} GiB, file {size:.2f} GiB",
    )
    where.note("load", seconds)


def section_day(where: Place) -> Iterator[Line]:
    """The sample up to the middle of its last month, and then its next day by itself: against a whole load of the same size."""
    parts, home = where.folder / f"day_{where.cases}", where.folder / f"home_{where.cases}_day"
    day = last_day(where.export).replace(day=14)
    before, after = cut(where.export, parts, day, day + timedelta(days=1), where.file_format)
    shutil.rmtree(home, ignore_errors=True)
    whole, _ = loaded(before, home)
    start = time.perf_counter()
    shutil.copyfile(Home(home).info().path, parts / "copy")
    copying = time.perf_counter() - start
    seconds, peak = loaded(after, home)
    changes = Warehouse(Home(home).info())._fetch(
        "select sum(added), sum(changed) from meta.changes where load_number = (select max(load_number) from meta.changes)", {}, "changes"
    )[1][0]
    share = f"{(seconds - copying) / whole:.0%} of a whole load of {whole:.1f} s, beside the copy"
    yield (
        f"one day more, {changes[0]:,} rows added and {changes[1]:,} changed",
        f"{seconds:.1f} s",
        share,
        f"copy of the snapshot {copying:.1f} s, peak {peak:.1f} GiB",
    )
    shutil.rmtree(home)
    shutil.rmtree(parts)


def section_pages(where: Place) -> Iterator[Line]:
    """Every page: the queries it asks by themselves, and its whole script with nothing cached but what a server works out as it begins."""
    info = Home(where.home).info()
    warehouse, start = Warehouse(info), time.perf_counter()
    ahead.expect(frame.opened(str(where.home), info.dataset, info.id))
    yield "what collectors are compared with, as a server begins", f"{time.perf_counter() - start:.1f} s", "", ""
    for name in pages.names():
        queries, cold, warm = pages.opened(where.home, name)
        times = pages.replayed(warehouse, queries, 20)
        worst, slow = pages.slowest(warehouse, queries)
        yield (
            f"page data: {name}, {len(queries)} queries", f"{statistics.median(times):.0f} ms, p95 {p95(times):.0f} ms",
            f"slowest {slow} {worst:.0f} ms", f"whole script {cold * 1000:.0f} ms, again {warm * 1000:.0f} ms",
        )  # fmt: skip


def section_case(where: Place) -> Iterator[Line]:
    """One case's story, by its facts and its events, over cases of all ages."""
    warehouse = Warehouse(Home(where.home).info())
    every = warehouse._fetch("select case_id from model.cases order by case_key", {}, "cases")[1]
    ids = [row[0] for row in every[:: max(1, len(every) // 40)]]
    times, events = [], 0
    for number, case_id in enumerate([ids[0], *ids]):
        start = time.perf_counter()
        warehouse.run("case_facts", {"case_id": case_id, "teams": None})
        events += len(warehouse.run("case_events", {"case_id": case_id, "teams": None, "names": True}))
        times += [(time.perf_counter() - start) * 1000] if number else []
    yield (
        "one case's story",
        f"{statistics.median(times):.0f} ms, p95 {p95(times):.0f} ms",
        f"{len(ids)} cases",
        f"{events / len(times):.0f} events each",
    )
    odd = Filters(where.info.as_of.replace(day=1) - timedelta(days=17), where.info.as_of)
    times = timed(lambda: warehouse.rows("opening_amount", filters=odd, limit=50), 5)
    yield "rows behind a stock figure on an odd day", f"{statistics.median(times):.0f} ms, p95 {p95(times):.0f} ms", "", ""


def section_metrics(where: Place) -> Iterator[Line]:
    warehouse = Warehouse(where.info)
    month = Filters(where.info.as_of.replace(day=1), where.info.as_of)
    slow = sorted(((statistics.median(timed(lambda n=name: warehouse.measure([n], filters=month), 3)), name) for name in metrics()), reverse=True)  # type: ignore[misc]
    yield (
        f"{len(slow)} metrics over a month",
        f"median {statistics.median(ms for ms, _ in slow):.0f} ms",
        f"slowest {slow[0][1]} {slow[0][0]:.0f} ms",
        "",
    )
    cells = tuple(
        batches.Cell(batches.shifted(date(2024, 1, 1), row), age, 100.0 * (age + 1) ** 0.5 * (1 + (row * 7 + age) % 5 / 10), 1000.0)
        for row in range(24)
        for age in range(24 - row)
    )
    times = timed(lambda: batches.outlook.__wrapped__(cells))  # uncached
    yield "forecast of 24 batches", f"{statistics.median(times):.0f} ms, p95 {p95(times):.0f} ms", "", ""


def section_peers(where: Place) -> Iterator[Line]:
    warehouse = Warehouse(where.info)
    raw = where.export if where.file_format == "parquet" else where.exported("parquet")
    for peer in PEERS:
        them = peer(raw)
        for question in QUESTIONS:
            answer = getattr(them, question)
            same = agree(ours(warehouse, question), answer())
            theirs = statistics.median(timed(answer, 3))
            mine = statistics.median(timed(lambda q=question: ours(warehouse, q), 7))  # type: ignore[misc]
            yield question, f"{mine:.0f} ms", f"{them.name} {theirs:.0f} ms: {theirs / mine:.0f} ×", "equal" if same else "DIFFERS"
        del them


def section_browser(where: Place) -> Iterator[Line]:
    """A browser of its own on the same machine: what it draws costs the same two cores."""
    with serving.serving(where.home) as server:
        empty, _ = server.memory()
        taken = serving.painted(server)
        every = [one for times in taken.values() for one in times]
        each = ", ".join(f"{name} {statistics.median(times):.0f}" for name, times in taken.items())
        yield f"filter change to paint, {len(every)} changes", f"{statistics.median(every):.0f} ms, p95 {p95(every):.0f} ms", f"medians: {each}", ""
        now, most = server.memory()
        yield "memory of the server, one person on every page", f"{now:.2f} GiB", f"at most {most:.2f} GiB", f"{empty:.2f} GiB before"


def section_people(where: Place) -> Iterator[Line]:
    """Twenty people by Streamlit's own protocol, without browsers: what they draw would be on their machines."""
    with serving.serving(where.home) as server:
        first = serving.opened_once(server)
        each = ", ".join(f"{name} {seconds:.1f}" for name, seconds in first.items())
        yield "every page for the first time on a server just begun", f"{sum(first.values()):.0f} s in all", each, ""
        for what, pause, clicks in (("20 people, a click every 5 to 15 s", (5.0, 15.0), 8), ("20 people clicking at the same moment", (0.0, 0.0), 3)):
            times, seconds, server_seconds, people_seconds = serving.together(server, where.home, 20, clicks, pause)
            busy = f"server {server_seconds / seconds:.1f} and people {people_seconds / seconds:.1f} of {os.cpu_count()} cores"
            yield what, f"{statistics.median(times):.0f} ms, p95 {p95(times):.0f} ms", f"{len(times)} clicks in {seconds:.0f} s", busy
        now, most = server.memory()
        yield "memory of the server, 20 people", f"{now:.2f} GiB", f"at most {most:.2f} GiB", ""


def section_pay(where: Place) -> Iterator[Line]:
    seconds, statements, payments = pay.measured()
    yield f"pay: {statements:,} statements of {payments:,} payments, engine", f"{seconds:.1f} s", "goal 5 s", ""


SECTIONS: dict[str, Callable[[Place], Iterator[Line]]] = {
    "load": section_load, "day": section_day, "pages": section_pages, "case": section_case, "metrics": section_metrics, "peers": section_peers,
    "pay": section_pay,
    "browser": section_browser, "people": section_people,
}  # fmt: skip


class Place:
    """Where the export, the home and the results of one size are; whatever is there already is used again."""

    def __init__(self, cases: int, folder: Path, file_format: str) -> None:
        self.cases, self.folder, self.file_format = cases, folder, file_format
        self.home, self._results = folder / f"home_{cases}", folder / f"results_{cases}.json"
        self.export = self.exported(file_format)

    def exported(self, file_format: str) -> Path:
        export = self.folder / f"export_{self.cases}_{file_format}"
        if not export.exists():
            generate(export, cases=self.cases, months=MONTHS, seed=1, file_format=file_format)
        return export

    @property
    def info(self) -> SnapshotInfo:
        return Home(self.home).info()

    def results(self) -> dict[str, Any]:
        return json.loads(self._results.read_text(encoding="utf-8")) if self._results.exists() else {"sections": {}, "notes": {}}

    def keep(self, section: str, lines: list[Line]) -> None:
        known = self.results()
        known["sections"][section] = lines
        self._results.write_text(json.dumps(known, indent=1), encoding="utf-8")

    def note(self, name: str, value: float) -> None:
        known = self.results()
        known["notes"][name] = value
        self._results.write_text(json.dumps(known, indent=1), encoding="utf-8")

    def noted(self, name: str) -> float | None:
        return self.results()["notes"].get(name)

    def ready(self) -> bool:
        """Whether a snapshot of this version is loaded."""
        try:
            return self.info.model == version()
        except NothingLoaded:
            return False


def bench(where: Place, wanted: list[str], resume: bool) -> None:
    if "load" not in wanted and not where.ready():
        shutil.rmtree(where.home, ignore_errors=True)
        loaded(where.export, where.home)
    for name in wanted:
        if resume and name in where.results()["sections"] and where.ready():
            continue
        print(f"{where.cases:,} cases: {name} …", file=sys.stderr, flush=True)
        where.keep(name, list(SECTIONS[name](where)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", default="10000,100000,1000000")
    parser.add_argument("--folder", type=Path, default=Path(".collections") / "bench", help="exports, homes and results; used again if there")
    parser.add_argument("--file-format", default="csv", choices=("csv", "parquet"))
    parser.add_argument("--sections", default=",".join(SECTIONS), help="some of them, each run by itself")
    parser.add_argument("--resume", action="store_true", help="leave out the sections whose results are there")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    places = [Place(int(cases), arguments.folder.resolve(), arguments.file_format) for cases in arguments.cases.split(",")]
    for where in places:
        bench(where, arguments.sections.split(","), arguments.resume)
    print(f"{machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, DuckDB {duckdb.__version__}, {MONTHS} months of history\n")
    print("| cases | what | ours | against | besides |\n|---|---|---|---|---|")
    for where in places:
        for name in SECTIONS:
            for line in where.results()["sections"].get(name, []):
                print(f"| {where.cases:,} | {' | '.join(line)} |")


def machine() -> str:
    """The processor's own name, else the kind of machine."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    main()
