"""How browser tests wait for a page."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page

Open = Callable[..., Page]


def settled(page: Page, most: int = 30_000) -> Page:
    """Wait until the page has been drawn and nothing runs any more, `most` milliseconds for each."""
    page.get_by_test_id("stMainBlockContainer").wait_for(timeout=most)
    page.wait_for_timeout(500)  # what was just clicked has to reach the server before the page can be seen to run
    for _ in range(2):  # and one run may ask for another
        _still(page, most)
        page.wait_for_timeout(400)
    return page


def _still(page: Page, most: int) -> None:
    page.wait_for_function(
        """() => {
            const app = document.querySelector('[data-testid="stApp"]');
            const main = document.querySelector('[data-testid="stMainBlockContainer"]');
            return app?.getAttribute('data-test-script-state') === 'notRunning' && main.innerText.length > 100
                && !document.querySelector('[data-stale="true"]');
        }""",
        timeout=most,
    )
