"""The pages as a person opens them: findings in words, settings in the link, and what a data set without calls says."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.contract import ROOT
from dashboard.filters import Filters
from dashboard.home import Home
from dashboard.warehouse import Warehouse
from tests.conftest import Given
from tests.real.test_fines import fines, log, needs_data  # noqa: F401


def page_of(home: Path, monkeypatch: pytest.MonkeyPatch, page: str, **query: str) -> AppTest:
    monkeypatch.setenv("COLLECTIONS_HOME", str(home))
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    app.switch_page(str(ROOT / "pages" / f"{page}.py"))
    app.run()
    assert not app.exception and not app.error, [error.value for error in [*app.exception, *app.error]]
    return app


def said(app: AppTest) -> str:
    return "\n".join(part.value for part in [*app.markdown, *app.caption, *app.info])


def test_the_funnel_of_a_channel_is_what_was_measured(loaded_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page_of(loaded_home, monkeypatch, "channels", lang="en", **{"page.channel": "phone", "page.steps_by": "bucket", "page.grace": "7"})
    warehouse = Warehouse(Home(loaded_home).info())
    month = Filters(warehouse.info.as_of.replace(day=1), warehouse.info.as_of, where=(("channel", ("phone",)),))
    row = warehouse.measure(["attempts", "reached_attempts", "right_parties"], filters=month).rows[0]
    bars = next(json.loads(chart.proto.spec) for chart in app.get("plotly_chart") if '"orientation":"h"' in chart.proto.spec)
    written = bars["data"][0]["text"]
    assert [text.split("  ")[0] for text in written[:3]] == [f"{row[name]:,}" for name in ("attempts", "reached_attempts", "right_parties")]
    text = said(app)
    assert "7 days of grace" in text and "of matured promises were kept" in text
    assert "lasts 15 s or more" in text and "not what the contact caused" in text and "Opens are unreliable" in text


@pytest.mark.parametrize(
    ("lang", "wanted"), [("en", ("can't be told apart", "had not been touched", "cap")), ("zh", ("无法区分", "此前未被触达", "上限"))]
)
def test_when_and_how_often(loaded_home: Path, monkeypatch: pytest.MonkeyPatch, lang: str, wanted: tuple[str, ...]) -> None:
    text = said(page_of(loaded_home, monkeypatch, "intensity", lang=lang))
    assert all(part in text for part in wanted) and "None" not in text and "nan" not in text


@pytest.mark.parametrize(("lang", "told"), [("en", "No cap was in force on 31 Mar 2010"), ("zh", "2010年3月31日尚无生效的上限")])
def test_calls_of_a_time_before_any_cap_and_cases_placed_before_any_call(
    given: Callable[..., Given], monkeypatch: pytest.MonkeyPatch, lang: str, told: str
) -> None:
    """All caps on file are younger than these calls; of C1, placed before the first call on record, nobody knows whether it was touched."""
    shop = given(
        cases="case_id | placed_on\nC1 | 2009-10-01\nC2 | 2010-01-05",
        payments="case_id | paid_on | amount\nC1 | 2009-10-20 | 5",
        contacts="case_id | started_at | channel\nC2 | 2010-01-10 10:00:00 | phone\nC2 | 2010-03-10 10:00:00 | phone",
        as_of="2010-03-31",
    )
    assert told in said(page_of(shop.home.path, monkeypatch, "intensity", lang=lang))
    nothing = dict.fromkeys(("product", "bucket", "region", "team", "batch", "teams"))
    rows = shop.warehouse.run("touch_sequences", {"days": 60, "start": date(2009, 1, 1), "until": date(2010, 3, 31), **nothing})
    assert [(row["first_channel"], row["paid"], row["cases"]) for row in rows] == [("phone", False, 1)]


def test_letters_alone(fines: Given, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """The fines: 8,011 letters, all delivered; whom they reached, what they cost and promises are not supplied, by name."""
    filters = Filters(fines.warehouse.info.first_on, fines.warehouse.info.as_of)
    row = fines.warehouse.measure(["attempts", "messages_sent", "delivery_rate", "live_attempts"], filters=filters).rows[0]
    assert (row["attempts"], row["messages_sent"], row["delivery_rate"], row["live_attempts"]) == (8011, 8011, 1.0, 0)
    by_channel = fines.warehouse.measure(["attempts"], ("channel",), filters=filters).rows
    assert by_channel == [{"channel": "letter", "attempts": 8011}]
    text = said(page_of(fines.home.path, monkeypatch, "channels", lang="en"))
    assert "Contacts · Party" in text and "Promises to pay" in text and "Contacts · Cost" in text


test_letters_alone = needs_data(test_letters_alone)


@pytest.mark.parametrize("page", ["channels", "intensity"])
def test_without_contacts_it_says_so_by_name(given: Callable[..., Given], monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    shop = given(cases="case_id | placed_on\nC1 | 2026-01-01", payments="case_id | paid_on\nC1 | 2026-01-20", as_of="2026-02-28")
    app = page_of(shop.home.path, monkeypatch, page, lang="en")
    assert "Not supplied in this data: Contacts" in app.info[0].value and not app.metric
