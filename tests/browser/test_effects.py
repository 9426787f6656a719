"""Does it work, in a real browser: a verdict for each choice, in its own link; milestones switched on in the frame go along."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import expect

from tests.browser.driving import Open, settled


def test_a_choice_gives_its_verdict_and_its_link(opened: Open) -> None:
    page = opened("/effects?lang=en")
    title = page.locator(".st-key-panel_effect h4").first
    expect(title).to_contain_text("Roll-out")
    before = title.inner_text()
    page.get_by_test_id("stSelectbox").filter(has_text="Judged by").locator("input").click()
    page.get_by_role("option", name=re.compile("Roll rate, account")).click()
    settled(page)
    assert parse_qs(urlsplit(page.url).query)["page.kpi"] == ["roll_rate"]
    expect(title).not_to_have_text(before)
    said = title.inner_text()
    assert re.search(r"pp|cannot be told", said)
    again = opened(urlsplit(page.url).path + "?" + urlsplit(page.url).query)
    expect(again.locator(".st-key-panel_effect h4").first).to_have_text(said)


def test_milestones_are_switched_on_in_the_frame_and_go_along(opened: Open) -> None:
    page = opened("/?lang=en")
    marks = page.locator(".st-key-figure_recovery_by_month .annotation-text")
    plain = marks.count()
    page.get_by_text("Filters", exact=True).click()
    page.get_by_text("Milestones on charts", exact=True).click()
    settled(page)
    assert parse_qs(urlsplit(page.url).query)["milestones"] == ["1"]
    assert marks.count() > plain
    page.keyboard.press("Escape")
    expect(page.locator(".st-key-notes_recovery_by_month")).to_be_visible()
    page.get_by_test_id("stSidebar").get_by_text("Recovery", exact=True).click()
    expect(page.get_by_role("heading", name="Recovery", exact=True)).to_be_visible()
    settled(page)
    assert parse_qs(urlsplit(page.url).query)["milestones"] == ["1"]
    expect(page.locator(".st-key-notes_recovery_by")).to_be_visible()
