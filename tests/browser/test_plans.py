"""Plans in a browser: a choice stands in the link, the file holds what is drawn, a figure leads to its rows, a phone shows it whole."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.driving import Open, settled


def test_a_cut_of_the_curve_stands_in_the_link_and_in_the_file(opened: Open, tmp_path: Path) -> None:
    page = opened("/plans?lang=en")
    panel = page.locator(".st-key-panel_break")
    panel.scroll_into_view_if_needed()
    name = "Affordability checked"
    panel.get_by_role("radio", name=name, exact=True).or_(panel.get_by_role("button", name=name, exact=True)).first.click()
    settled(page)
    expect(page).to_have_url(re.compile(r"page\.curve_by=affordability"))
    page.reload()
    settled(page)
    panel.scroll_into_view_if_needed()
    with page.expect_download() as waiting:
        panel.get_by_role("button", name="CSV").click()
    waiting.value.save_as(tmp_path / "curve.csv")
    text = (tmp_path / "curve.csv").read_bytes().decode("utf-8-sig")
    rows = [line for line in csv.reader(io.StringIO(text)) if not line[0].startswith("#")]
    assert rows[0][0] == name and {row[0] for row in rows[1:]} <= {"checked", "not checked"}
    assert f"{name}" in text and "Aalen-Johansen" in text


def test_from_a_card_to_the_rows_behind_it(opened: Open) -> None:
    page = opened("/plans?lang=en")
    card = page.locator(".st-key-card_plans_agreed")
    number = card.get_by_test_id("stMetricValue").inner_text()
    card.get_by_role("link", name="Rows behind").click()
    settled(page)
    expect(page.get_by_text(f"Plans agreed: {number} plans", exact=False).first).to_be_visible()
    expect(page.get_by_text(f"add up to {number}", exact=False).first).to_be_visible()


def test_plans_on_a_phone(opened: Open) -> None:
    page = opened("/plans?lang=zh", locale="zh-CN", scheme="dark", width=375, height=900)
    expect(page.get_by_role("heading", name="还款计划与回访")).to_be_visible()
    wide = page.evaluate("() => document.querySelector('[data-testid=stMainBlockContainer]').scrollWidth")
    assert wide <= 375
