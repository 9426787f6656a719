"""A statement opens down to its payments and downloads in both kinds; a draft is tried and its effect is seen."""

from __future__ import annotations

from pathlib import Path

import pypdfium2
from playwright.sync_api import Page, expect

from tests.browser.driving import Open, settled


def first_row(page: Page, panel: str) -> None:
    """Press the button in the first row of a panel's table."""
    table = page.locator(f".st-key-panel_{panel} canvas").first
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 40, box["y"] + 52)


def test_a_statement_is_explained_down_to_its_payments_and_printed(opened: Open, tmp_path: Path) -> None:
    page = opened("/incentives?lang=zh", locale="zh-CN", scheme="dark")
    first_row(page, "pay_statements")
    heading = page.get_by_role("heading", name="奖金结算单")
    expect(heading).to_be_visible()
    settled(page)
    expect(page.locator(".st-key-panel_pay_statement .js-plotly-plot")).to_be_visible()
    expect(page.get_by_role("heading", name="支撑还款")).to_be_visible()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="PDF 中文").click()
    file = tmp_path / "statement.pdf"
    waiting.value.save_as(file)
    with pypdfium2.PdfDocument(file) as document:
        assert "奖金结算单" in document[0].get_textpage().get_text_range()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Excel EN").click()
    assert waiting.value.suggested_filename.endswith(".xlsx")
    page.get_by_role("button", name="返回全部结算单").click()
    expect(page.get_by_role("heading", name="份结算单")).to_be_visible()


def test_a_draft_is_tried(opened: Open) -> None:
    page = opened("/whatif?lang=en", width=1200)
    expect(page.get_by_role("heading", name="Nothing changes for any")).to_be_visible()
    field = page.get_by_label("rate · M2", exact=True)
    field.fill("5%")
    field.press("Tab")
    page.get_by_role("button", name="Try it").first.click()
    settled(page)
    expect(page.get_by_role("heading", name="0 lose")).to_be_visible()
    expect(page.get_by_role("heading", name="Keep the draft as version 2")).to_be_visible()


def test_what_was_written_stays_when_it_is_refused(opened: Open) -> None:
    """Emptied, the form would be back at the first collector of the list, and the next try would be theirs."""
    page = opened("/incentives?lang=en")
    form = page.locator(".st-key-panel_pay_adjustments")
    form.get_by_text("Add an adjustment").first.click()
    who = form.get_by_role("combobox", name="Collector")
    first = who.input_value()
    who.click()
    page.get_by_role("option").nth(2).click(force=True)  # the list grows into place while it is clicked
    expect(who).not_to_have_value(first)
    chosen = who.input_value()
    form.get_by_label("Amount").fill("ten")
    form.get_by_label("Reason").fill("posted late")
    form.get_by_role("button", name="Add an adjustment").click()
    expect(page.get_by_text("“ten” is not an amount")).to_be_visible()
    settled(page)
    expect(who).to_have_value(chosen)
    expect(form.get_by_label("Amount")).to_have_value("ten")
    expect(form.get_by_label("Reason")).to_have_value("posted late")
