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

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

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


@pytest.fixture
def opened(server: str, browser: Browser) -> Iterator[Open]:
    """Opens a path in a fresh browser profile; at the end no page may have written an error to the console."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def noted(message: ConsoleMessage) -> None:
        if message.type == "error" and not any(expected in f"{message.text} {message.location}" for expected in EXPECTED_ERRORS):
            errors.append(message.text)

    def open_page(path: str = "/", locale: str = "en-GB", scheme: str = "light", width: int = 1500, height: int = 1000) -> Page:
        context = browser.new_context(
            locale=locale,
            color_scheme=scheme,  # type: ignore[arg-type]
            viewport={"width": width, "height": height},
            accept_downloads=True,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", noted)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{server}{path}")
        return settled(page)

    yield open_page
    for context in contexts:
        context.close()
    assert not errors
