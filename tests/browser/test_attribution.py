"""Attribution and effect in a browser: settings stand in the link, a file adds up, the page speaks Chinese on a phone."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.driving import Open, settled


def file_of(page: Page, key: str) -> list[list[str]]:
    with page.expect_download() as started:
        page.locator(f".st-key-csv_{key}").get_by_role("button").click()
    text = Path(started.value.path()).read_text(encoding="utf-8-sig")
    return [row for row in csv.reader(io.StringIO(text)) if row and not row[0].startswith("# ")]


def test_settings_stand_in_the_link_and_the_columns_add_up(opened: Open) -> None:
    page = opened("/attribution?lang=en&page.window=60&page.rule=any")
    panel = page.locator(".st-key-panel_cash_by_touch")
    expect(panel).to_contain_text("on the payment's day or in the 60 days before it")
    expect(panel).to_contain_text("any attempt")
    head, *rows = file_of(page, "cash_by_touch")
    amounts = [place for place, name in enumerate(head) if name.endswith("(CNY)")]
    assert len(amounts) == 5 and any("no touch" in row for row in rows)
    assert len({sum(Decimal(row[place]) for row in rows) for place in amounts}) == 1
    page.locator(".st-key-settings_attribution").get_by_role("combobox").first.click()
    page.get_by_role("option", name="7 days").click()
    settled(page)
    expect(panel).to_contain_text("on the payment's day or in the 7 days before it")
    assert "page.window=7" in page.url and "page.rule=any" in page.url


def test_effect_in_chinese_on_a_phone(opened: Open) -> None:
    page = opened("/attribution?lang=zh", scheme="dark", width=375)
    expect(page.locator(".st-key-panel_effect")).to_contain_text(re.compile("与零无法区分|增加|降低"))
    expect(page.get_by_text("决策请看各组相对 holdout 的增量")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
