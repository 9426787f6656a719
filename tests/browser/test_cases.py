"""From a figure to one case in three clicks with the filters kept; a saved view opens again; a note stands on a chart."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect

from tests.browser.driving import Open, settled


def query(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def first_case(page: Page) -> None:
    """Press the button in the first row of the table."""
    table = page.locator(".st-key-panel_rows canvas").first
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 40, box["y"] + 52)


def test_figure_rows_story_with_filters_kept(opened: Open) -> None:
    page = opened("/?lang=en&bucket=M2")
    before = query(page)
    page.locator(".st-key-card_recovery_rate").get_by_role("link", name="Rows behind").click()
    expect(page.get_by_role("heading", name="Cases", exact=True)).to_be_visible()
    settled(page)
    asked = query(page)
    assert {name: asked[name] for name in before} == before and asked["metric"] == ["recovery_rate"]
    expect(page.get_by_text(re.compile("These rows add up to .*, the figure to the cent"))).to_be_visible()
    first_case(page)
    heading = page.get_by_role("heading", name=re.compile(r"^Case C\d+"))
    expect(heading).to_be_visible()
    settled(page)
    expect(page.locator(".st-key-panel_story .js-plotly-plot")).to_be_visible()
    case_id = heading.inner_text().split()[1]
    assert case_id not in page.url and query(page)["bucket"] == ["M2"]
    page.get_by_role("button", name="Back to the list").click()
    expect(page.get_by_text(re.compile("These rows add up"))).to_be_visible()


def test_a_panel_leads_to_the_rows_of_its_last_month(opened: Open) -> None:
    page = opened("/recovery?lang=zh", locale="zh-CN")
    page.locator(".st-key-panel_recovery_by").get_by_role("link", name="查看明细").click()
    expect(page.get_by_role("heading", name="案件明细")).to_be_visible()
    settled(page)
    assert query(page)["cut"] == ["month"] and query(page)["reach"] == ["13"]
    expect(page.get_by_text(re.compile("明细合计 .*与指标完全一致"))).to_be_visible()


def test_a_view_is_saved_opened_and_deleted(opened: Open) -> None:
    page = opened("/recovery?lang=en&bucket=M2")
    saved = query(page)
    page.get_by_text("Views", exact=True).click()
    page.get_by_label("Name", exact=True).fill("M2 in depth")
    page.get_by_label("Name", exact=True).press("Tab")
    settled(page)
    page.get_by_role("button", name="Save view").click()
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()

    other = opened("/?lang=en")
    other.get_by_text("Views", exact=True).click()
    expect(other.get_by_role("link", name="M2 in depth")).to_be_visible()
    settled(other)  # opening the list runs the page again; a click before that is lost
    other.get_by_role("link", name="M2 in depth").click()
    expect(other.get_by_role("heading", name="Recovery", exact=True)).to_be_visible()
    settled(other)
    asked = query(other)
    assert asked["bucket"] == ["M2"] and asked["from"] == saved["from"]
    if not other.get_by_role("button", name="Delete").is_visible():
        other.get_by_text("Views", exact=True).click()
        settled(other)
    other.get_by_role("button", name="Delete").click()
    expect(other.get_by_role("button", name="Yes, delete it")).to_be_visible()
    settled(other)
    other.get_by_role("button", name="Yes, delete it").click()
    expect(other.get_by_role("link", name="M2 in depth")).to_have_count(0)


def test_a_note_appears_on_a_chart_and_is_withdrawn(opened: Open) -> None:
    page = opened("/data?lang=en")
    page.get_by_label("What happened").fill("Dialler outage")
    page.get_by_label("What happened").press("Tab")
    settled(page)
    page.get_by_role("button", name="Add note").click()
    expect(page.get_by_text("Noted.", exact=True)).to_be_visible()
    try:
        chart = opened("/?lang=en&compare=none", scheme="dark")
        expect(chart.locator(".st-key-panel_recovery_by_month [data-unformatted*='Dialler outage']").first).to_be_visible()
        chart.get_by_text("Notes on this chart (1)").click()
        settled(chart)
    finally:
        page.get_by_role("button", name="Withdraw").click()
        page.get_by_role("button", name="Yes, withdraw it").click()
        expect(page.get_by_text("No notes yet.")).to_be_visible()
