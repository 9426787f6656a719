"""A running dashboard under use: its memory, what a browser waits for, and twenty people at once through Streamlit's own protocol."""

from __future__ import annotations

import asyncio
import os
import random
import resource
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlencode

import websockets
from playwright.sync_api import sync_playwright
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from dashboard.filters import View, default, presets
from dashboard.home import Home
from dashboard.warehouse import Warehouse
from tests.bench.pages import names
from tests.browser.conftest import ARGUMENTS
from tests.browser.driving import settled

PATIENCE = 240_000  # milliseconds: a page's first view at a million cases is measured elsewhere
ROOT = Path(__file__).resolve().parents[2]
DONE = ForwardMsg.ScriptFinishedStatus.Value("FINISHED_SUCCESSFULLY")
#: Clicks inside the page, so that the way from the test's process to the browser isn't measured: until the run has ended and been painted.
CLICK = """async button => {
    const app = document.querySelector('[data-testid="stApp"]'), state = () => app.getAttribute('data-test-script-state');
    const frame = () => new Promise(resolve => requestAnimationFrame(resolve));
    let ran = false;
    const watch = new MutationObserver(() => { ran = ran || state() === 'running'; });
    watch.observe(app, {attributes: true});
    const start = performance.now();
    button.click();
    while (!ran && performance.now() - start < 3000) await frame();
    while (state() !== 'notRunning' || document.querySelector('[data-stale="true"], [data-testid="stSkeleton"]')) await frame();
    await frame(); await frame();
    watch.disconnect();
    return [ran, performance.now() - start];
}"""


def memory(process: int) -> tuple[float, float]:
    """GiB that a process has in memory now and at most so far; nothing of one that has just ended."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines() if ":" in line)
    now, most = (int(lines.get(name, "0 kB").split()[0]) / 1024 / 1024 for name in ("VmRSS", "VmHWM"))
    return now, most


class Server:
    """The dashboard in a process of its own."""

    def __init__(self, address: str, process: subprocess.Popen[bytes]) -> None:
        self.address, self.process = address, process

    def memory(self) -> tuple[float, float]:
        """GiB in memory now and at most so far."""
        return memory(self.process.pid)

    def seconds(self) -> float:
        """Processor seconds used so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def serving(home: Path) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "dashboard/app.py", "--server.headless", "true", "--server.port", str(port)]
    process = subprocess.Popen(
        [*command, "--server.address", "127.0.0.1", "--server.fileWatcherType", "none"],
        cwd=ROOT, env={**os.environ, "COLLECTIONS_HOME": str(home)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _ in range(240):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1):
                    break
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                if process.poll() is not None:
                    raise SystemExit("the server ended") from None
                time.sleep(0.25)
        yield Server(f"127.0.0.1:{port}", process)
    finally:
        process.terminate()
        process.wait(timeout=30)


def painted(server: Server) -> dict[str, list[float]]:
    """Milliseconds from a click on another period to its paint, per page; every change asks for what nobody asked for before."""
    taken: dict[str, list[float]] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        for name in names():
            page = browser.new_page(viewport={"width": 1500, "height": 1000})
            page.goto(f"http://{server.address}/{'' if name == names()[0] else name}?lang=en")
            settled(page, PATIENCE)
            buttons = page.get_by_test_id("stButtonGroup").first.get_by_role("radio")
            for number in range(max(0, buttons.count() - 1)):  # the last one asks for days of one's own
                if buttons.nth(number).get_attribute("aria-checked") != "true":
                    ran, milliseconds = buttons.nth(number).evaluate(CLICK)
                    if ran:
                        taken.setdefault(name, []).append(milliseconds)
                    settled(page, PATIENCE)
            page.close()
        browser.close()
    return taken


@asynccontextmanager
async def _person(address: str) -> AsyncIterator[Callable[[str, str], Awaitable[dict[str, str]]]]:
    """Somebody with a session of their own: asks for a link on a page ("": the first) and waits for all of it; gets the pages there are."""
    async with websockets.connect(f"ws://{address}/_stcore/stream", subprotocols=["streamlit"], max_size=None) as socket_:  # type: ignore[list-item]

        async def asked(query: str, page: str) -> dict[str, str]:
            message = BackMsg()
            message.rerun_script.query_string, message.rerun_script.page_script_hash = query, page
            await socket_.send(message.SerializeToString())
            found: dict[str, str] = {}
            while True:
                answer = ForwardMsg()
                answer.ParseFromString(await socket_.recv())  # type: ignore[arg-type]
                if answer.WhichOneof("type") == "navigation":
                    found = {entry.url_pathname or names()[0]: entry.page_script_hash for entry in answer.navigation.app_pages}
                if answer.WhichOneof("type") == "script_finished" and answer.script_finished == DONE:
                    return found

        yield asked


async def _clicks(
    address: str, pages: list[str], queries: list[str], pause: tuple[float, float], draw: random.Random, start: asyncio.Event
) -> list[float]:
    """Milliseconds of each rerun of one person who looks at pages with filters of their own."""
    taken = []
    async with _person(address) as asked:
        known = await asked(queries[0], "")
        await start.wait()
        for query in queries[1:]:
            await asyncio.sleep(draw.uniform(*pause))
            page = draw.choice([name for name in pages if name in known])
            begun = time.perf_counter()
            await asked(query, known[page])
            taken.append((time.perf_counter() - begun) * 1000)
    return taken


def opened_once(server: Server) -> dict[str, float]:
    """Seconds that each page takes the first person who opens it on a server that has just begun."""

    async def everything() -> dict[str, float]:
        taken = {}
        async with _person(server.address) as asked:
            known = await asked("lang=en", "")
            for name in names():
                begun = time.perf_counter()
                await asked("lang=en", known[name])
                taken[name] = time.perf_counter() - begun
        return taken

    return asyncio.run(everything())


def together(server: Server, home: Path, people: int, clicks: int, pause: tuple[float, float]) -> tuple[list[float], float, float, float]:
    """Milliseconds of every click of several people at once; the seconds it took; processor seconds of the server and of the people."""
    info = Home(home).info()
    warehouse, draw = Warehouse(info), random.Random(7)
    products, periods = warehouse.values("product"), list(presets(info.first_on, info.as_of).values())
    pages = [name for name in names() if name not in ("upload", "definitions")]

    def query() -> str:
        first, until = draw.choice(periods)
        chosen = default(info.first_on, info.as_of).replace(start=first, until=until)
        chosen = chosen.choosing("product", sorted(draw.sample(products, draw.randint(1, len(products)))) if products else [])
        return urlencode(View(info.dataset, info.id, chosen, "en").to_query(), doseq=True)

    async def everyone() -> tuple[list[float], float]:
        start = asyncio.Event()
        asks = [_clicks(server.address, pages, [query() for _ in range(clicks + 1)], pause, random.Random(person), start) for person in range(people)]
        running = [asyncio.create_task(ask) for ask in asks]
        await asyncio.sleep(people)  # all have opened their first page
        start.set()
        begun = time.perf_counter()
        taken = [one for each in await asyncio.gather(*running) for one in each]
        return taken, time.perf_counter() - begun

    before = server.seconds(), resource.getrusage(resource.RUSAGE_SELF).ru_utime
    taken, seconds = asyncio.run(everyone())
    return taken, seconds, server.seconds() - before[0], resource.getrusage(resource.RUSAGE_SELF).ru_utime - before[1]
