"""A running dashboard and a real browser. Without a Chromium the tests are skipped loudly, unless CI says one must be there."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, expect, sync_playwright

from tests.browser.driving import Open, settled

#: Two busy cores draw a page slowly; what a test waits for must come, not come fast.
expect.set_options(timeout=20_000)

ROOT = Path(__file__).resolve().parents[2]
ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
#: Streamlit probes the page's own folder for its server first, which answers 404 on every page but the first.
EXPECTED_ERRORS = ("_stcore/health", "_stcore/host-config", "404 (Not Found)")


@pytest.fixture(scope="session")
def server(loaded_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a dashboard over the loaded home."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("server") / "log.txt"
    command = [sys.executable, "-m", "streamlit", "run", "dashboard/app.py", "--server.headless", "true", "--server.port", str(port)]
    with log.open("w") as stream:
        process = subprocess.Popen(
            [*command, "--server.address", "127.0.0.1", "--server.fileWatcherType", "none"],
            cwd=ROOT, env={**os.environ, "COLLECTIONS_HOME": str(loaded_home)}, stdout=stream, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            address = f"http://127.0.0.1:{port}"
            for _ in range(120):
                try:
                    with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):
                        break
                except (urllib.error.URLError, ConnectionError, TimeoutError):
                    if process.poll() is not None:
                        pytest.fail(f"the server ended: {log.read_text()}")
                    time.sleep(0.25)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=20)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium: the system's, else Playwright's own."""
    system = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
        if system is None and not own.exists():
            if os.environ.get("CI"):
                pytest.fail("no Chromium found: apt-get install chromium, or python -m playwright install chromium")
            pytest.skip("NO BROWSER TESTS: no Chromium found (apt-get install chromium, or python -m playwright install chromium)")
        browser = playwright.chromium.launch(executable_path=system or str(own), args=ARGUMENTS)
        yield browser
        browser.close()


class Tabs:
    """Tabs of one browser that test after test opens its pages in: a profile of its own for each would compile all of Streamlit's scripts again.

    A tab comes back without a cookie and without anything stored, at about:blank.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._contexts: dict[tuple[str, str], BrowserContext] = {}
        self._free: dict[BrowserContext, list[Page]] = {}

    def take(self, locale: str, scheme: str) -> Page:
        context = self._contexts.get((locale, scheme))
        if context is None:
            context = self._browser.new_context(
                locale=locale,
                color_scheme=scheme,  # type: ignore[arg-type]
                accept_downloads=True,
            )
            self._contexts[locale, scheme] = context
        free = self._free.setdefault(context, [])
        return free.pop() if free else context.new_page()

    def give_back(self, page: Page) -> None:
        address = urlsplit(page.url)
        if address.netloc:  # what a page has stored can only be cleared from its own place
            page.goto(f"{address.scheme}://{address.netloc}/_stcore/health")
            page.evaluate("() => { localStorage.clear(); sessionStorage.clear() }")
        page.goto("about:blank")
        page.context.clear_cookies()
        self._free[page.context].append(page)


@pytest.fixture(scope="session")
def tabs(browser: Browser) -> Tabs:
    return Tabs(browser)


@pytest.fixture
def opened(server: str, tabs: Tabs) -> Iterator[Open]:
    """Opens a path in a tab that remembers nothing; at the end no page may have written an error to the console."""
    taken: list[Page] = []
    errors: list[str] = []

    def noted(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(expected in f"{message.text} {message.location}" for expected in EXPECTED_ERRORS):
            errors.append(message.text)

    def failed(error: Error) -> None:
        errors.append(str(error))

    def open_page(path: str = "/", locale: str = "en-GB", scheme: str = "light", width: int = 1500, height: int = 1000) -> Page:
        page = tabs.take(locale, scheme)
        taken.append(page)
        page.on("console", noted)
        page.on("pageerror", failed)
        page.set_viewport_size({"width": width, "height": height})
        page.goto(f"{server}{path}")
        return settled(page)

    yield open_page
    for page in taken:
        page.remove_listener("console", noted)
        page.remove_listener("pageerror", failed)
        tabs.give_back(page)
    assert not errors
