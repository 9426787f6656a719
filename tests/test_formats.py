"""How numbers, days and periods are written, as pictures: what goes in, what is read in each language."""

from datetime import date
from decimal import Decimal

import pytest

from dashboard import formats


@pytest.mark.parametrize(
    ("value", "en", "zh"),
    [
        (None, "—", "—"),
        (float("nan"), "—", "—"),
        (0, "¥0.00", "¥0.00"),
        (Decimal("9999.00"), "¥9,999.00", "¥9,999.00"),
        (Decimal("9999.995"), "¥10.0 k", "¥1.0 万"),
        (Decimal("12345678.90"), "¥12.35 m", "¥1,234.6 万"),
        (Decimal("999950"), "¥1.00 m", "¥100.0 万"),
        (Decimal("123456789"), "¥123.46 m", "¥1.23 亿"),
        (Decimal("99999999.99"), "¥100.00 m", "¥1.00 亿"),
        (Decimal("1999999999"), "¥2.00 bn", "¥20.00 亿"),
        (Decimal("-1234.5"), "−¥1,234.50", "−¥1,234.50"),
        (Decimal("-0.001"), "¥0.00", "¥0.00"),
    ],
)
def test_money(value: object, en: str, zh: str) -> None:
    assert (formats.amount(value, "CNY", "en"), formats.amount(value, "CNY", "zh")) == (en, zh)


@pytest.mark.parametrize(("currency", "text"), [("TWD", "NT$5.00"), ("EUR", "€5.00"), ("INR", "₹5.00"), ("CHF", "CHF 5.00")])
def test_currencies(currency: str, text: str) -> None:
    assert formats.amount(5, currency, "en") == text


@pytest.mark.parametrize(
    ("unit", "value", "en", "zh"),
    [
        ("rate", Decimal("0.1234"), "12.3%", "12.3%"),
        ("rate", 0.12349999, "12.3%", "12.3%"),
        ("rate", None, "—", "—"),
        ("rate", 0, "0.0%", "0.0%"),
        ("count", 1500, "1,500", "1,500"),
        ("days", 1, "1 day", "1 天"),
        ("days", 12.34, "12.3 days", "12.3 天"),
        ("ratio", 1.2, "1.20", "1.20"),
        ("number", 3, "3", "3"),
    ],
)
def test_measures(unit: str, value: object, en: str, zh: str) -> None:
    assert (formats.measure(unit, value, "CNY", "en"), formats.measure(unit, value, "CNY", "zh")) == (en, zh)


@pytest.mark.parametrize(
    ("unit", "now", "before", "en", "zh", "direction"),
    [
        ("rate", 0.314, 0.302, "+1.2 pp", "+1.2 个百分点", 1),
        ("rate", 0.30, 0.306, "−0.6 pp", "−0.6 个百分点", -1),
        ("rate", 0.3001, 0.30, "0.0 pp", "0.0 个百分点", 0),
        ("amount", Decimal(104), Decimal(100), "+4.0%", "+4.0%", 1),
        ("amount", Decimal(104), Decimal(0), "—", "—", 0),
        ("days", 3, 5, "−2 days", "−2 天", -1),
        ("rate", None, 0.3, "—", "—", 0),
    ],
)
def test_differences(unit: str, now: object, before: object, en: str, zh: str, direction: int) -> None:
    assert formats.difference(unit, now, before, "en") == (en, direction)
    assert formats.difference(unit, now, before, "zh") == (zh, direction)


@pytest.mark.parametrize(
    ("start", "until", "en", "zh"),
    [
        (date(2026, 10, 1), date(2026, 10, 31), "1–31 Oct 2026", "2026年10月1–31日"),
        (date(2026, 8, 1), date(2026, 10, 14), "1 Aug – 14 Oct 2026", "2026年8月1日–10月14日"),
        (date(2025, 12, 1), date(2026, 1, 14), "1 Dec 2025 – 14 Jan 2026", "2025年12月1日–2026年1月14日"),
        (date(2026, 10, 5), date(2026, 10, 5), "5 Oct 2026", "2026年10月5日"),
    ],
)
def test_periods(start: date, until: date, en: str, zh: str) -> None:
    assert (formats.period(start, until, "en"), formats.period(start, until, "zh")) == (en, zh)


def test_months_on_an_axis_say_the_year_once() -> None:
    months = [date(2025, 11, 1), date(2025, 12, 1), date(2026, 1, 1), date(2026, 2, 1)]
    assert formats.month_ticks(months, "en") == ["Nov<br>2025", "Dec", "Jan<br>2026", "Feb"]
    assert formats.month_ticks(months, "zh") == ["2025年<br>11月", "12月", "2026年<br>1月", "2月"]


def test_one_unit_for_a_column() -> None:
    scale = formats.scale("amount", [Decimal("150000000"), Decimal("20000"), None], "CNY", "zh")
    assert (scale.name, scale.text(Decimal("150000000")), scale.text(Decimal("20000")), scale.text(None)) == ("¥ 亿", "1.50", "0.00", "—")


def test_a_column_never_writes_something_as_nothing() -> None:
    values = [Decimal("10000"), Decimal("5.20"), Decimal("0"), None]
    scale = formats.column_scale("amount", values, "CNY", "zh")
    assert (scale.name, [scale.text(value) for value in values]) == ("¥", ["10,000.00", "5.20", "0.00", "—"])
    kept = formats.column_scale("amount", [Decimal("-30000"), Decimal("500")], "CNY", "zh")
    assert (kept.name, kept.text(Decimal("-30000")), kept.text(Decimal("500"))) == ("¥ 万", "−3.0", "0.1")
    assert formats.column_scale("rate", [0.0001], "CNY", "en").name == "%"


def test_an_amount_on_an_axis() -> None:
    assert [formats.edge(Decimal(size), "CNY", "en") for size in ("0", "500", "2.50", "12000")] == ["¥0", "¥500", "¥2.50", "¥12.0 k"]


def test_names_from_data_stay_text() -> None:
    assert formats.plain("*M1* [x](http://y) $a$ :red[b]") == r"\*M1\* \[x\]\(http\://y\) \$a\$ \:red\[b\]"
    assert formats.plain("Roll rate, account-tracked - a") == r"Roll rate, account-tracked \- a"
    turned = "W1\u202egnp.exe\u2066"
    assert formats.plain(turned) == r"W1gnp\.exe" and formats.drawn(turned) == "W1gnp.exe", "what stands beside a name is not turned with it"
    assert formats.drawn("<b>A & B</b>") == "&lt;b&gt;A &amp; B&lt;/b&gt;"
