"""A project lead changes a date, sees it and its history, and takes the board pack along; the timetable is readable on a phone."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest
from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as TookTooLong

from tests.browser.driving import Open, settled


def choose(page: Page, label: str, value: str, within: str) -> None:
    """Pick a value of a list by typing the start of it; on a busy machine the list may close while it narrows, then it is opened again."""
    box = page.locator(within).get_by_role("combobox", name=re.compile(f"^{label}|{label}"))
    option = page.get_by_role("option", name=re.compile(value)).first
    for _ in range(3):
        box.last.click()
        box.last.fill(value)
        page.wait_for_timeout(300)  # the rows move while the list narrows
        try:
            option.click(timeout=5000)
            return
        except TookTooLong:
            page.keyboard.press("Escape")
    raise AssertionError(f"{label}: {value} could not be picked")


@pytest.fixture
def clean(loaded_home: Path) -> Iterator[None]:
    """Other tests read this home's plan as it was exported: what is written here is gone afterwards."""
    yield
    with sqlite3.connect(loaded_home / "state.db") as connection:
        connection.execute("drop trigger rollout_changes_no_delete")
        connection.execute("delete from rollout_changes")


@pytest.mark.usefixtures("clean")
def test_a_date_is_changed_and_its_history_stands_there(opened: Open, tmp_path: Path) -> None:
    page = opened("/rollout?lang=en")
    form = ".st-key-panel_rollout_edit"
    choose(page, "Milestone", "M08", form)
    settled(page)
    choose(page, "Planned end", "14 Jan 2027", form)
    page.locator(form).get_by_label("Note").fill("waits for the works council")
    page.locator(form).get_by_role("button", name="Save").click()
    expect(page.get_by_text(re.compile("Saved: M08 .*2 changed"))).to_be_visible()
    expect(page.get_by_text(re.compile("2 changes, the last by local on"))).to_be_visible()
    settled(page)
    with page.expect_download() as coming:
        page.locator(".st-key-rollout_pack").get_by_role("button", name="PDF").click()
    file = tmp_path / "pack.pdf"
    coming.value.save_as(file)
    with pypdfium2.PdfDocument(file) as document:
        assert len(document) == 1 and "14 Jan 2027" in document[0].get_textpage().get_text_range()


def test_the_timetable_on_a_phone(opened: Open) -> None:
    page = opened("/rollout?lang=en", width=375, height=800)
    chart = page.locator(".st-key-panel_rollout_gantt .js-plotly-plot")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None and box["width"] >= 690  # it scrolls in its panel and is not squeezed
    wide = page.evaluate("() => document.documentElement.scrollWidth")
    assert wide <= 380  # the page itself doesn't scroll sideways
    expect(page.get_by_text("Milestones on time", exact=True)).to_be_visible()
