"""Why the recovery rate changed, from the drawn export to the sentence on the page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import why
from dashboard.filters import Filters
from dashboard.methods.decomposition import decompose
from tests.conftest import Given

ROOT = Path(__file__).resolve().parents[1]
#: January: 1,000 card at 10%, 1,000 loan at 2%. February: 300 card at 20%, 900 loan at 2%, and 12 from a case placed then.
EXPORT = {
    "cases": """
        case_id | product | placed_on  | placed_balance | days_past_due
        C1      | card    | 2025-12-10 | 1000           | 10
        C2      | loan    | 2025-12-20 | 1000           | 40
        C3      | card    | 2026-02-10 | 500            | 5
    """,
    "balances": """
        case_id | as_of      | balance | days_past_due
        C1      | 2025-12-31 | 1000    | 31
        C2      | 2025-12-31 | 1000    | 51
        C1      | 2026-01-31 | 300     | 62
        C2      | 2026-01-31 | 900     | 82
        C3      | 2026-02-28 | 488     | 23
    """,
    "payments": """
        case_id | paid_on    | amount
        C1      | 2026-01-10 | 100
        C2      | 2026-01-11 | 20
        C1      | 2026-02-10 | 60
        C2      | 2026-02-11 | 18
        C3      | 2026-02-12 | 12
    """,
}


@pytest.fixture
def shop(given: Callable[..., Given]) -> Given:
    return given(**EXPORT, as_of="2026-02-28")


def split(shop: Given, by: str) -> Any:
    periods = [("2026-01-01", "2026-01-31"), ("2026-02-01", "2026-02-28")]
    before, now = (shop.rows("recovery_rate", by=by, start=start, until=until) for start, until in periods)
    return why.split(before, now, by, "recovery_rate")


@pytest.mark.parametrize("by", ["bucket", "product"])
def test_it_is_the_change_of_the_metric(shop: Given, by: str) -> None:
    found = split(shop, by)
    assert (found.before, found.now) == (Fraction(120, 2000), Fraction(90, 1200))
    assert float(found.now) == shop.value("recovery_rate", start="2026-02-01", until="2026-02-28")
    rows = why.table(found, by)
    assert float(sum(row["total_effect"] for row in rows)) == pytest.approx(1.5)
    assert all(row["total_effect"] == row["mix_effect"] + row["rate_effect"] + row["outside_effect"] for row in rows)


def test_cash_of_new_cases_stands_apart_by_bucket(shop: Given) -> None:
    effects = {effect.group: effect for effect in split(shop, "bucket").effects}
    assert effects["new"].outside == Fraction(12, 1200) and effects["new"].rate_now is None
    # M2 (card, loan) became M3: nobody is in the same bucket in both months, so all the rest is mix
    assert all(effect.rate == 0 for effect in effects.values())


def test_the_sentence_in_both_languages(shop: Given) -> None:
    found = split(shop, "product")
    told = {lang: why.sentence(found, label, {}, lang).replace("\\", "") for lang, label in (("en", "Recovery rate"), ("zh", "催回率"))}
    # card 10% → 24% at a mean share of 0.375; a quarter of the balance moved from card (17%) to loan (2%)
    assert told["en"] == "Recovery rate rose 1.5 pp, from 6.0% to 7.5%: card rate +5.3, mix −3.8"
    assert told["zh"] == "催回率上升 1.5 个百分点，由 6.0% 升至 7.5%：card 比率 +5.3、结构 −3.8"
    back = decompose({"a": (10, 100)}, {"a": (5, 100)})
    assert back is not None
    assert why.sentence(back, "Rate", {}, "en").replace("\\", "") == "Rate fell 5.0 pp, from 10.0% to 5.0%: a rate −5.0"


def test_what_did_not_move_held() -> None:
    same = {"a": (10, 100), "b": (1, 100)}
    found = decompose(same, same)
    assert found is not None
    said = why.sentence(found, "Rate", {}, "en").replace("\\", "")
    assert said == "Rate held at 5.5% (before: 5.5%): no single part moved it by as much as 0.1 points"


def test_two_decimals_where_one_would_not_add_up() -> None:
    """6.449% to 7.098% is 0.649 points: with one decimal 6.4% and 7.1% would differ by 0.7, not 0.6."""
    found = decompose({"a": (6449, 100000)}, {"a": (7098, 100000)})
    assert found is not None
    assert why.sentence(found, "Rate", {}, "en").replace("\\", "") == "Rate rose 0.65 pp, from 6.45% to 7.10%: a rate +0.65"
    found = decompose({"a": (786, 10000)}, {"a": (792, 10000)})
    assert found is not None
    assert why.sentence(found, "Rate", {}, "en").replace("\\", "") == "Rate rose 0.06 pp, from 7.86% to 7.92%: a rate +0.06"


def test_what_is_not_named_is_less_than_what_is() -> None:
    groups = "abcdefgh"
    found = decompose({g: (10, 100) for g in groups}, {g: (10 + 2**place, 100) for place, g in enumerate(groups)})
    assert found is not None
    said = why.sentence(found, "Rate", {}, "en").replace("\\", "")
    assert said.endswith(": h rate +16.0, g rate +8.0, everything else +7.9")


def test_the_steps_lead_from_one_rate_to_the_other() -> None:
    groups = [f"g{number}" for number in range(12)]
    found = decompose({g: (1, 100) for g in groups}, {g: (2 + place, 100 + place) for place, g in enumerate(groups)})
    assert found is not None
    steps = why.steps(found, {}, "en")
    assert len(steps) == 1 + why.DRAWN + 1 and sum(size for _, size in steps) == found.change
    figure = why.waterfall(found, {"g0": "<b>x</b>"}, "en")
    assert len(figure.data[0].y) == len(steps)


def opened(home: Path, monkeypatch: pytest.MonkeyPatch, lang: str, **query: str) -> AppTest:
    monkeypatch.setenv("COLLECTIONS_HOME", str(home))
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60)
    for name, value in {"lang": lang, **query}.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception, [error.value for error in app.exception]
    return app


def written(app: AppTest) -> str:
    return " ".join(text.value for text in [*app.markdown, *app.caption, *app.info]).replace("\\", "")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_on_the_page(shop: Given, monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
    app = opened(shop.home.path, monkeypatch, lang, **{"from": "2026-02-01", "to": "2026-02-28"})
    app.button_group(key=f"why_by_{lang}_bucket").set_value("product").run()
    assert ("card rate +5.3, mix −3.8" if lang == "en" else "card 比率 +5.3、结构 −3.8") in written(app)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_nothing_to_compare_with(shop: Given, monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
    month = {"from": "2026-02-01", "to": "2026-02-28"}
    for more, said in (
        ({**month, "compare": "none"}, {"en": "Nothing is compared.", "zh": "当前不对比"}),
        ({**month, "compare": "year"}, {"en": "does not reach back", "zh": "没有可对比的期间"}),
    ):
        assert said[lang] in written(opened(shop.home.path, monkeypatch, lang, **more))


def test_no_base_before(given: Callable[..., Given], monkeypatch: pytest.MonkeyPatch) -> None:
    """The first month opens with nothing: its cash has no balance under it, and nothing can be split."""
    shop = given(
        cases="case_id | placed_on | placed_balance\nC1 | 2026-01-01 | 1000",
        payments="case_id | paid_on | amount\nC1 | 2026-01-20 | 10\nC1 | 2026-02-20 | 20",
        as_of="2026-02-28",
    )
    assert shop.warehouse.info.first_on == date(2026, 1, 1)
    app = opened(shop.home.path, monkeypatch, "en", **{"from": "2026-02-01", "to": "2026-02-28"})
    assert "No balance was open at the start of 1–31 Jan 2026" in written(app)


def test_the_period_before_is_the_frames() -> None:
    """A month still running is compared over as many days: that is the frame's own rule, used as it is."""
    running = Filters(date(2026, 3, 1), date(2026, 3, 31))
    before = running.before(date(2026, 3, 10), date(2026, 1, 1))
    assert before is not None and (before.start, before.until) == (date(2026, 2, 1), date(2026, 2, 10))
    assert why.nothing(running, before, "en").startswith("No balance was open at the start of 1–10 Feb 2026")
