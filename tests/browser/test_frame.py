"""The frame in a real browser: what a person chooses is in the address, and the address brings it back."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.driving import Open, settled

PAGES = ("/", "/recovery", "/forecast", "/timing", "/cases", "/data", "/upload", "/definitions")


def query(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def sentence(page: Page) -> str:
    return page.get_by_test_id("stMarkdown").filter(has_text=re.compile("as of|数据截至")).first.inner_text()


def card(page: Page, place: int = 0) -> str:
    return page.get_by_test_id("stMetricValue").nth(place).inner_text()


def test_the_first_view_is_a_link_of_its_own(opened: Open) -> None:
    page = opened()
    asked = query(page)
    assert {"data", "snapshot", "from", "to", "compare", "lang"} <= set(asked)
    assert asked["lang"] == ["en"] and asked["snapshot"][0] in sentence(page)
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()


def test_a_filter_goes_into_the_address_and_survives_reload_and_page_change(opened: Open) -> None:
    page = opened()
    before = card(page)
    page.get_by_text("Filters", exact=True).click()
    page.get_by_test_id("stMultiSelect").filter(has_text="Bucket").locator("input").click()
    page.get_by_role("option", name="M2").click()
    settled(page)
    assert query(page)["bucket"] == ["M2"] and "M2" in sentence(page)
    chosen, said = card(page), sentence(page)
    assert chosen != before
    page.reload()
    settled(page)
    assert (card(page), sentence(page)) == (chosen, said)
    page.keyboard.press("Escape")
    page.get_by_test_id("stSidebar").get_by_text("Recovery", exact=True).click()
    expect(page.get_by_role("heading", name="Recovery", exact=True)).to_be_visible()
    settled(page)
    assert query(page)["bucket"] == ["M2"] and sentence(page) == said
    other = opened(urlsplit(page.url).path + "?" + urlsplit(page.url).query)
    assert sentence(other) == said


def test_back_undoes_and_forward_brings_again(opened: Open) -> None:
    page = opened()
    first, said = query(page), sentence(page)
    page.get_by_test_id("stButtonGroup").get_by_text("12 months", exact=True).click()
    settled(page)
    later, told = query(page), sentence(page)
    assert later["from"] != first["from"] and told != said
    page.go_back()
    expect(page.get_by_text(told)).to_have_count(0)
    assert query(settled(page)) == first and sentence(page) == said
    page.go_forward()
    expect(page.get_by_text(said)).to_have_count(0)
    assert query(settled(page)) == later and sentence(page) == told


def test_the_first_page_has_an_address_of_its_own(opened: Open) -> None:
    """The link that others are sent: no dialog before it, the view kept, and its entry is the one that is marked as open."""
    for path in ("/overview?bucket=M2&lang=en", "/?bucket=M2&lang=en"):
        page = opened(path)
        expect(page.get_by_role("heading", name="Overview", exact=True)).to_be_visible()
        expect(page.get_by_role("dialog")).to_have_count(0)
        assert query(page)["bucket"] == ["M2"] and "M2" in sentence(page)
        assert urlsplit(page.url).path == path.partition("?")[0]
        links = page.get_by_test_id("stSidebar").get_by_test_id("stPageLink-NavLink")
        expect(links.filter(has_text="Overview")).not_to_have_css("background-color", "rgba(0, 0, 0, 0)")
        expect(links.filter(has_text="Recovery")).to_have_css("background-color", "rgba(0, 0, 0, 0)")
    page.get_by_test_id("stSidebar").get_by_text("Recovery", exact=True).click()
    expect(page.get_by_role("heading", name="Recovery", exact=True)).to_be_visible()
    settled(page)
    page.get_by_test_id("stSidebar").get_by_text("Overview", exact=True).click()
    expect(page.get_by_role("heading", name="Overview", exact=True)).to_be_visible()
    assert urlsplit(settled(page).url).path == "/overview" and query(page)["bucket"] == ["M2"]
    page.go_back()
    expect(page.get_by_role("heading", name="Recovery", exact=True)).to_be_visible()


def test_back_leaves_the_first_view(opened: Open) -> None:
    page = opened()
    page.go_back()
    settled(page)
    page.go_back()
    assert page.url == "about:blank"


def test_a_filter_from_a_link_stays_when_the_popover_opens(opened: Open) -> None:
    page = opened("/?bucket=M2&compare=year&lang=en")
    said = sentence(page)
    page.get_by_text("Filters · 2", exact=True).click()
    page.get_by_test_id("stMultiSelect").filter(has_text="Bucket").locator("input").click()
    page.get_by_role("option", name="M3").click()
    settled(page)
    assert query(page)["bucket"] == ["M2", "M3"] and query(page)["compare"] == ["year"]
    assert "M2, M3" in sentence(page) and sentence(page) != said
    page.get_by_role("option", name="M4").click()  # the list stays open
    settled(page)
    assert query(page)["bucket"] == ["M2", "M3", "M4"]


def test_reset(opened: Open) -> None:
    page = opened("/?bucket=M1&compare=year&lang=en")
    assert "M1" in sentence(page)
    page.get_by_text("Reset", exact=True).click()
    settled(page)
    assert "bucket" not in query(page) and query(page)["compare"] == ["previous"]


def test_custom_days_in_both_languages(opened: Open) -> None:
    page = opened(locale="zh-CN")
    assert query(page)["lang"] == ["zh"]
    page.get_by_test_id("stButtonGroup").get_by_text("自定义", exact=True).click()
    settled(page)
    box = page.get_by_test_id("stSelectbox").filter(has_text="自")
    box.locator("input").click()
    option = page.get_by_role("option").nth(1)
    day = option.inner_text()
    assert re.fullmatch(r"\d{4}年\d+月\d+日", day)
    option.click()
    settled(page)
    year, month, number = map(int, re.findall(r"\d+", day))
    assert query(page)["from"] == [f"{year}-{month:02}-{number:02}"]


def test_language_switch_changes_every_word_and_stays(opened: Open) -> None:
    page = opened()
    page.get_by_test_id("stButtonGroup").get_by_text("中文", exact=True).click()
    expect(page.get_by_role("heading", name="经营总览")).to_be_visible()
    settled(page)
    assert query(page)["lang"] == ["zh"]
    assert not re.search(r"\b(Overview|Filters|Reset|against|as of)\b", page.locator("body").inner_text())
    page.get_by_test_id("stSidebar").get_by_text("回收分析", exact=True).click()
    expect(page.get_by_role("heading", name="回收分析")).to_be_visible()


def test_an_address_that_makes_no_sense_says_so(opened: Open) -> None:
    page = opened("/?from=yesterday&to=2026-01-01&bucket=M99&snapshot=../../etc/passwd&data=%3Cscript%3E&lang=xx")
    expect(page.get_by_text("Part of the address could not be used")).to_be_visible()


@pytest.mark.parametrize("path", PAGES)
def test_a_phone_shows_everything(opened: Open, path: str) -> None:
    whole(opened(f"{path}?lang=en", width=375, height=812))


def whole(page: Page) -> None:
    wide = page.evaluate("() => { const m = document.querySelector('[data-testid=stMain]'); return m.scrollWidth - m.clientWidth }")
    assert wide <= 0
    assert not cut(page)


@pytest.mark.parametrize("path", PAGES)
def test_a_phone_shows_everything_in_chinese_and_no_other_language(opened: Open, path: str) -> None:
    """Words that Streamlit itself would add ("required", "Choose options") are on no page."""
    page = opened(f"{path}?lang=zh&from=2026-08-03&to=2026-09-20", locale="zh-CN", width=375, height=812)
    whole(page)
    text = page.get_by_test_id("stMainBlockContainer").inner_text()
    for own in page.get_by_test_id("stFileUploaderDropzone").all():  # Streamlit's own button and its limit; it takes no words of ours
        text = text.replace(own.inner_text(), "")
    assert not re.search(r"\b(required|choose|options?|select|search|from|to|all|none|clear|upload)\b", text, re.IGNORECASE)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_figure_is_ever_cut(opened: Open, lang: str) -> None:
    page = opened(f"/?lang={lang}", width=1920)
    for width in (1920, 1500, 1280, 1024, 768, 640):
        page.set_viewport_size({"width": width, "height": 1000})
        page.wait_for_timeout(400)
        if cut(page):
            page.wait_for_timeout(2_000)  # on busy cores it may still be finding its places
        assert not cut(page), width
    page.evaluate("() => { document.querySelector('.st-key-card_net_amount').style.width = '50px' }")
    assert cut(page), "the check must see a figure that is cut"


def cut(page: Page) -> list[str]:
    """Labels, values and changes on cards that do not fit in their place."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('[data-testid^="stMetric"], [data-testid^="stMetric"] *')]
            .filter(e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflow !== 'visible' && e.clientWidth > 0)
            .map(e => e.innerText)"""
    )
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_themes_follow_the_system_and_can_be_read(opened: Open, scheme: str) -> None:
    page = opened(scheme=scheme)
    colours = page.evaluate(
        """() => {
            const of = (e, name) => getComputedStyle(e)[name].match(/\\d+/g).slice(0, 3).map(Number);
            const light = c => { const l = c.map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
                return 0.2126 * l[0] + 0.7152 * l[1] + 0.0722 * l[2] };
            const ground = light(of(document.querySelector('[data-testid=stApp]'), 'backgroundColor'));
            const ratio = e => { const a = light(of(e, 'color')); return (Math.max(a, ground) + 0.05) / (Math.min(a, ground) + 0.05) };
            const chosen = ['stMetricValue', 'stMarkdown', 'stCaptionContainer'].map(id => `[data-testid=${id}]`).join();
            const texts = [...document.querySelectorAll(chosen)].map(e => e.querySelector('p') ?? e);
            return { ground, worst: Math.min(...texts.map(ratio)) };
        }"""
    )
    assert (colours["ground"] > 0.9) if scheme == "light" else (colours["ground"] < 0.05)
    assert colours["worst"] >= 4.5
