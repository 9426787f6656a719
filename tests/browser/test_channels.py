"""Channels in a browser: a choice stands in the link, the file holds the figure that is drawn, nothing is wider than a phone."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.driving import Open, settled


def test_a_channel_chosen_stands_in_the_link_and_in_the_file(opened: Open, tmp_path: Path) -> None:
    page = opened("/channels?lang=en")
    panel = page.locator(".st-key-panel_funnel")
    panel.get_by_role("radio", name="Phone", exact=True).or_(panel.get_by_role("button", name="Phone", exact=True)).first.click()
    settled(page)
    expect(page).to_have_url(re.compile(r"page\.channel=phone"))
    page.reload()
    settled(page)
    expect(panel.get_by_text("Phone · ", exact=False).first).to_be_visible()
    with page.expect_download() as waiting:
        panel.get_by_role("button", name="CSV").click()
    waiting.value.save_as(tmp_path / "funnel.csv")
    text = (tmp_path / "funnel.csv").read_bytes().decode("utf-8-sig")
    rows = [line for line in csv.reader(io.StringIO(text)) if not line[0].startswith("#")]
    assert [line[0] for line in rows[1:3]] == ["Attempts", "Attempts that got through"]
    drawn = "".join(panel.locator("svg text").all_text_contents()).replace(",", "")
    assert rows[1][1] in drawn and rows[2][1] in drawn
    assert "Channel: Phone" in text


def test_times_on_a_phone(opened: Open) -> None:
    page = opened("/intensity?lang=zh", locale="zh-CN", scheme="dark", width=375, height=900)
    expect(page.get_by_role("heading", name="触达时机与频次")).to_be_visible()
    wide = page.evaluate("() => document.querySelector('[data-testid=stMainBlockContainer]').scrollWidth")
    assert wide <= 375
