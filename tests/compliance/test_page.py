"""The page Conduct as a person opens it: the rules that are checked, what breaks them, and what a data set without calls or complaints says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dashboard.compliance.sentences import most_broken
from dashboard.filters import Filters
from dashboard.home import Home
from dashboard.warehouse import Warehouse
from tests.channels.test_page import page_of, said
from tests.compliance.test_metrics import CASES, COMPLAINTS, CONTACTS
from tests.conftest import Given


@pytest.mark.parametrize(
    ("lang", "wanted"),
    [
        ("en", ("Rules of China, by the export's time zone Asia/Shanghai", "no legal judgement", "per 1,000 checks")),
        ("zh", ("按导出数据时区 Asia/Shanghai 适用 中国 的规则", "不作法律判断", "每千次核查")),
    ],
)
def test_whose_rules_and_what_breaks_them(loaded_home: Path, monkeypatch: pytest.MonkeyPatch, lang: str, wanted: tuple[str, ...]) -> None:
    text = said(page_of(loaded_home, monkeypatch, "conduct", lang=lang))
    assert all(part in text for part in wanted) and "None" not in text and "nan" not in text


def test_few_checks_do_not_decide_which_rule_is_broken_most() -> None:
    """One breach of five checks is 200 per 1,000, but may be chance; thirty of two hundred are 150 and are not."""
    rows = [
        {"rule": "stop", "contacts_breaking": 1, "breaches_per_1000": 200.0, "breaches_per_1000_low": 5.1},
        {"rule": "cn_hours", "contacts_breaking": 30, "breaches_per_1000": 150.0, "breaches_per_1000_low": 101.2},
    ]
    assert most_broken(rows, "en") == "China: no contact from 22:00 to 08:00 without consent: 150 breaches per 1,000 checks, 30 in all"


def test_a_rule_by_hour_is_what_was_measured(loaded_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every breach of China's hours in the sample is at 7 or at 22 o'clock, as its generator plants them."""
    app = page_of(loaded_home, monkeypatch, "conduct", lang="en", **{"page.rule": "cn_hours", "page.where_by": "hour"})
    table = next(frame.value for frame in app.dataframe if "hour" in frame.value.columns)
    warehouse = Warehouse(Home(loaded_home).info())
    chosen = Filters(warehouse.info.as_of.replace(day=1), warehouse.info.as_of, where=(("rule", ("cn_hours",)),))
    rows = {str(row["hour"]): row["contacts_breaking"] for row in warehouse.measure(["contacts_breaking"], ["hour"], filters=chosen).rows}
    assert dict(zip(table["hour"].astype(int).astype(str), table["contacts_breaking"].astype(int), strict=True)) == rows
    assert {hour for hour, count in rows.items() if count} == {"7", "22"}


def test_the_rows_behind_a_rules_teams_can_be_told_by_rule(loaded_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = page_of(loaded_home, monkeypatch, "conduct", lang="en", **{"page.rule": "cn_hours", "page.where_by": "team"})
    links = [link.proto.query_string for link in app.get("page_link") if "breaches_per_1000" in link.proto.query_string]
    assert any("cut=rule&cut=team" in link for link in links)


def test_without_contacts_complaints_are_told_and_rules_are_not_supplied(given: Callable[..., Given], monkeypatch: pytest.MonkeyPatch) -> None:
    shop = given(cases=CASES, complaints=COMPLAINTS, as_of="2026-03-31")
    app = page_of(shop.home.path, monkeypatch, "conduct", lang="en")
    assert "Not supplied in this data: Contacts" in said(app)
    assert {metric.label: metric.value for metric in app.metric}["Complaints"] == "4"
    table = next(frame.value for frame in app.dataframe if "complaint_category" in frame.value.columns)
    assert dict(zip(table["complaint_category"], table["complaints"].astype(int), strict=True)) == {"leak": 2, "noise": 2}


def test_without_complaints_rules_are_told(given: Callable[..., Given], monkeypatch: pytest.MonkeyPatch) -> None:
    shop = given(cases=CASES, contacts=CONTACTS, settings={"timezone": '"Europe/Rome"'}, as_of="2026-03-31")
    text = said(page_of(shop.home.path, monkeypatch, "conduct", lang="en"))
    assert "No country's rules belong to the time zone Europe/Rome" in text and "Not supplied in this data: Complaints" in text
    assert "No contact by a channel the debtor opted out of: 333.33 breaches per 1,000 checks, 1 in all" in text
