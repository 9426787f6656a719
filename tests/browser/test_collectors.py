"""The pages of people in a browser: the funnel is drawn, a part and a collector stand in the address, nobody's table breaks the page."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import expect

from tests.browser.driving import Open, settled


def test_a_team_and_one_of_its_collectors(opened: Open) -> None:
    page = opened("/team?lang=en")
    expect(page.locator(".st-key-panel_funnel .js-plotly-plot")).to_be_visible()
    page.get_by_text("Workload and people", exact=True).click()
    expect(page.locator(".st-key-panel_loads")).to_be_visible()
    settled(page)
    assert parse_qs(urlsplit(page.url).query)["page.team_part"] == ["workload"]
    page.get_by_role("link", name="Collector", exact=True).click()
    expect(page.get_by_role("heading", name="Collector", exact=True)).to_be_visible()
    expect(page.locator(".st-key-panel_standing .js-plotly-plot")).to_be_visible()
    expect(page.locator(".st-key-panel_held")).to_be_visible()
