"""Uploading in a real browser: a zip that changes a figure for everybody, and a broken file that changes nothing."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from dashboard.home import Home
from tests.browser.driving import Open, settled
from tests.drawn import write_export
from tests.once import load_once

ROOT = Path(__file__).resolve().parents[2]
AS_OF = {"as_of": "2026-02-28"}


TABLES = {
    "cases": "case_id | placed_on | placed_balance\nC1 | 2026-01-05 | 1000",
    "payments": "payment_id | case_id | paid_on | amount\nP1 | C1 | 2026-02-10 | 100.00",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home of its own, empty at first: what is published here must not reach the other tests."""
    return Home(tmp_path_factory.mktemp("upload") / "home")


@pytest.fixture
def loaded(place: Home, tmp_path: Path) -> Home:
    if not place.datasets():
        load_once(write_export(tmp_path / "export", TABLES, settings=AS_OF), place)
    return place


def zipped(export: Path, archive: Path) -> Path:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for path in export.iterdir():
            out.write(path, f"{export.name}/{path.name}")
    return archive


@pytest.fixture(scope="module")
def server(place: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "dashboard/app.py", "--server.headless", "true", "--server.port", str(port)]
    with (tmp_path_factory.mktemp("server") / "log.txt").open("w") as log:
        process = subprocess.Popen(
            [*command, "--server.address", "127.0.0.1", "--server.fileWatcherType", "none"],
            cwd=ROOT, env={**os.environ, "COLLECTIONS_HOME": str(place.path)}, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            address = f"http://127.0.0.1:{port}"
            for _ in range(120):
                try:
                    with urllib.request.urlopen(f"{address}/_stcore/health", timeout=1):
                        break
                except (urllib.error.URLError, ConnectionError, TimeoutError):
                    assert process.poll() is None, "the server ended"
                    time.sleep(0.25)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=20)


def net_cash(page: Page) -> str:
    card = page.get_by_test_id("stMetric").filter(has_text="Net cash").first
    return card.get_by_test_id("stMetricValue").inner_text()


def send(page: Page, *files: Path) -> None:
    page.locator('input[type="file"]').first.set_input_files([str(file) for file in files])
    start = page.get_by_role("button", name="Try it")
    expect(start).to_be_enabled(timeout=30_000)
    settled(page)
    start.click()


def test_the_first_load_of_all_is_made_here(opened: Open, place: Home, tmp_path: Path) -> None:
    page = opened("/?lang=en")
    expect(page.get_by_role("heading", name="Nothing is loaded yet")).to_be_visible()
    send(page, zipped(write_export(tmp_path / "first", TABLES, settings=AS_OF), tmp_path / "first.zip"))
    publish = page.get_by_role("button", name="Publish for everyone")
    expect(publish).to_be_visible(timeout=60_000)
    settled(page)
    publish.click()
    expect(page.get_by_text("Published")).to_be_visible(timeout=30_000)
    settled(page)
    page.get_by_role("link", name="See the figures").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    assert net_cash(settled(page)) == "¥100.00"


def test_a_zip_is_tried_published_and_seen_by_everyone(opened: Open, loaded: Home, tmp_path: Path) -> None:
    place, old = loaded, loaded.info().id
    watching = opened("/?lang=en")
    assert net_cash(watching) == "¥100.00"
    export = write_export(tmp_path / "more", {"payments": "payment_id | case_id | paid_on | amount\nP2 | C1 | 2026-02-11 | 150.00"}, settings=AS_OF)
    page = opened("/upload?lang=en")
    send(page, zipped(export, tmp_path / "more.zip"))
    publish = page.get_by_role("button", name="Publish for everyone")
    expect(publish).to_be_visible(timeout=60_000)
    settled(page)
    assert net_cash(page) == "¥250.00" and page.get_by_text("was ¥100.00").is_visible()
    watching.reload()
    assert net_cash(settled(watching)) == "¥100.00"
    publish.click()
    expect(page.get_by_text("Published")).to_be_visible(timeout=30_000)
    settled(page)
    page.get_by_role("link", name="See the figures").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    assert net_cash(settled(page)) == "¥250.00"
    new = place.pointer().datasets["default"]
    assert new != old and parse_qs(urlsplit(page.url).query)["snapshot"] == [new]
    assert net_cash(opened("/?lang=en")) == "¥250.00"
    watching.reload()
    expect(settled(watching).get_by_text("not in service (")).to_be_visible()
    assert [path for path in (place.path / "uploads").iterdir() if path.is_dir()] == []


def test_a_broken_file_lists_its_breaches_and_changes_nothing(opened: Open, loaded: Home, tmp_path: Path) -> None:
    place = loaded
    before = place.pointer().datasets["default"]
    broken = tmp_path / "payments.csv"
    broken.write_text("payment_id,amount\nP9,x\n", encoding="utf-8")
    page = opened("/upload?lang=zh", locale="zh-CN")
    page.locator('input[type="file"]').first.set_input_files(str(broken))
    start = page.get_by_role("button", name="试运行")
    expect(start).to_be_enabled(timeout=30_000)
    settled(page)
    start.click()
    expect(page.get_by_text("已拒绝：使用中的数据保持不变")).to_be_visible(timeout=60_000)
    settled(page)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").last.click()
    text = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert text.count("缺少必填") >= 3 and "payments.csv" in text
    assert place.pointer().datasets["default"] == before
