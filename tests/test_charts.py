"""Figures, tested on what they draw: values in one unit, ticks in the page's language, running months hollow, names as text."""

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from dashboard import charts, formats


@dataclass(frozen=True)
class Drawn:
    """As much of a metric as a figure needs."""

    id: str
    unit: str
    label: dict[str, str] = field(default_factory=lambda: {"en": "Recovery rate", "zh": "催回率"})


RATE, MONEY = Drawn("recovery_rate", "rate"), Drawn("net_amount", "amount")
MONTHS = [date(2026, 8, 1), date(2026, 9, 1), date(2026, 10, 1)]


def rows(metric: Drawn, *values: Any) -> list[dict[str, Any]]:
    return [{"month": month, metric.id: value} for month, value in zip(MONTHS, values, strict=True)]


def test_a_running_month_is_hollow_and_named() -> None:
    figure = charts.by_month(rows(RATE, 0.25, 0.30, 0.12), RATE, "zh", "CNY", {MONTHS[0]: 0.27, MONTHS[1]: 0.27}, {MONTHS[2]})
    target, dashes, complete, running = figure.data
    assert list(target.y) == [27.0, 27.0] and target.line.dash == "dot"
    assert list(complete.y) == [25.0, 30.0] and complete.marker.color == charts.ACTUAL
    assert list(dashes.y) == [30.0, 12.0] and dashes.line.dash == "dash"
    assert list(running.y) == [12.0] and running.marker.color == "rgba(0,0,0,0)"
    assert "未完" in [note.text for note in figure.layout.annotations]
    assert list(figure.layout.xaxis.ticktext) == ["2026年<br>8月", "9月", "10月"]


def test_unknown_is_a_gap_and_not_zero() -> None:
    figure = charts.by_month(rows(RATE, 0.25, None, 0.30), RATE, "en", "CNY")
    assert list(figure.data[0].y) == [25.0, None, 30.0]
    assert figure.data[0].text[1] == "Sep 2026<br>Recovery rate —"


def test_money_is_drawn_in_one_unit_and_told_in_full() -> None:
    bars = charts.bars(
        [{"team": "<b>A</b>", "net_amount": Decimal("12345678.90")}, {"team": None, "net_amount": None}], MONEY, "team", {}, "zh", "CNY"
    )
    assert list(bars.data[0].x) == [1234.56789, None]
    assert list(bars.data[0].text) == ["¥1,234.6 万", "—"]
    assert list(bars.layout.yaxis.ticktext) == ["&lt;b&gt;A&lt;/b&gt;", "—"]


def test_margins_hold_the_names_beside_the_axes() -> None:
    bars = charts.bars([{"team": "East"}, {"team": "A long name here"}], RATE, "team", {}, "en", "CNY")
    chinese = charts.bars([{"team": "一二三四五六七八"}], RATE, "team", {}, "zh", "CNY")
    months = charts.by_month(rows(RATE, 0.25, 0.30, 0.12), RATE, "en", "CNY", {MONTHS[0]: 0.27})
    for figure in (bars, chinese, months):
        charts.fitted(figure)
    assert (bars.layout.margin.l, bars.layout.margin.b) == (pytest.approx(18 + 16 * 6, abs=12), 8)  # the numbers of its own axis aren't shown
    assert chinese.layout.margin.l == 18 + 8 * 12
    assert (months.layout.margin.b, months.layout.margin.r) == (17 + 2 * 16, 52)  # a month over its year; what else was set stays


def test_bars_start_at_zero() -> None:
    figure = charts.bars([{"team": "A", "recovery_rate": 0.3}], RATE, "team", {}, "en", "CNY")
    assert figure.layout.xaxis.range[0] == 0


def test_ticks_below_zero_have_the_sign_before_the_currency() -> None:
    figure = charts.blank()
    charts.value_axis(figure, formats.scale("amount", [Decimal(2000)], "CNY", "en"), 2000, -1000)
    assert list(figure.layout.yaxis.ticktext) == ["−¥1,000", "¥0", "¥1,000", "¥2,000"]


def test_ticks_say_their_unit_as_texts_do() -> None:
    """A currency without a sign by its code and a space before the figure, days behind it."""
    figure = charts.blank()
    charts.value_axis(figure, formats.scale("amount", [Decimal(200000)], "JPY", "zh"), 20)
    assert [tick.replace("\N{NO-BREAK SPACE}", " ") for tick in figure.layout.yaxis.ticktext][:2] == ["JPY 0 万", "JPY 5 万"]
    charts.value_axis(figure, formats.scale("days", [Decimal(20)], "JPY", "zh"), 20)
    assert list(figure.layout.yaxis.ticktext)[:2] == ["0 天", "5 天"]


def test_names_at_the_ends_of_two_lines_do_not_meet() -> None:
    series = {f"team {n}": [(month, 1 + n / 100) for month in MONTHS] for n in range(9)}
    low, high = charts.lines(series, "ratio", "en", "CNY", months=True).layout.annotations
    assert (low.text, low.yshift, high.text, high.yshift) == ("team 0", -12, "team 8", 12)


def test_a_rate_tells_its_two_sides_and_interval() -> None:
    row = {
        "team": "A",
        "recovery_rate": 0.2,
        "recovery_rate_part": 300,
        "recovery_rate_whole": 1500,
        "recovery_rate_low": 0.18,
        "recovery_rate_high": 0.22,
    }
    figure = charts.bars([row], RATE, "team", {}, "en", "CNY")
    assert figure.data[0].customdata[0] == "A<br>300 / 1,500<br>95% interval 18.0%–22.0%"
    assert list(figure.data[0].error_x.array) == pytest.approx([2.0])
    assert figure.data[0].textposition == "none"  # the value is written beyond the interval's end
    assert list(figure.data[1].x) == pytest.approx([22.0]) and list(figure.data[1].text) == [" 20.0%"] and figure.layout.xaxis.range[1] > 22


def test_the_running_diagonal_is_outlined_and_has_no_figure() -> None:
    cells = [
        {"cohort": MONTHS[0], "age": 0, "rate": 0.10},
        {"cohort": MONTHS[0], "age": 1, "rate": 0.15},
        {"cohort": MONTHS[1], "age": 0, "rate": 0.08},
        {"cohort": MONTHS[1], "age": 1, "rate": None},
    ]
    running = charts.running_diagonal(cells, "age", "cohort", date(2026, 10, 14))
    assert running == [(MONTHS[0], 2), (MONTHS[1], 1), (MONTHS[2], 0)]
    figure = charts.triangle(cells, "age", "cohort", "rate", "rate", "en", "CNY", running)
    assert [list(line) for line in figure.data[0].z] == [[10.0, 15.0, None], [8.0, None, None], [None, None, None]]
    assert [list(line) for line in figure.data[0].text] == [["10.0", "15.0", ""], ["8.0", "", ""], ["", "", ""]]
    assert len(figure.layout.shapes) == 3


def test_a_month_that_has_ended_is_not_running() -> None:
    assert charts.running_diagonal([{"cohort": MONTHS[0], "age": 0}], "age", "cohort", date(2026, 10, 31)) == []


def test_what_stayed_is_outlined_and_what_never_happened_is_empty() -> None:
    rows = [{"start": "M1", "end": "M1", "share": 0.4}, {"start": "M1", "end": "paid", "share": 0.6}]
    figure = charts.matrix(rows, "start", "end", "share", ["M1", "M2"], ["M1", "M2", "paid"], {"paid": "<还清>"}, "zh", "CNY")
    assert [list(line) for line in figure.data[0].z] == [[40.0, None, 60.0], [None, None, None]]
    assert list(figure.layout.xaxis.ticktext) == ["M1", "M2", "&lt;还清&gt;"] and len(figure.layout.shapes) == 2


def test_waterfall_steps_keep_their_sign() -> None:
    figure = charts.waterfall(
        [("Gross posted", Decimal(100), True), ("Reversals", Decimal(-30), False), ("Net cash", Decimal(70), True)], "en", "CNY"
    )
    assert list(figure.data[0].measure) == ["absolute", "relative", "total"]
    assert list(figure.data[0].text) == ["¥100.00", "−¥30.00", "¥70.00"]


def test_names_under_bars_break_between_words_and_never_inside_markup() -> None:
    figure = charts.waterfall(
        [("Failed and pending", Decimal(1), True), ("失败与待入账", Decimal(1), False), ("<b>x", Decimal(1), True)], "en", "CNY"
    )
    assert list(figure.data[0].x) == ["Failed and<br>pending", "失败与待<br>入账", "&lt;b&gt;x"]


def test_many_series_are_shades_with_the_ends_named() -> None:
    series = {f"C{number}": [(0, 0.0), (1, number / 100)] for number in range(12)}
    figure = charts.lines(series, "rate", "en", "CNY")
    assert [note.text for note in figure.layout.annotations] == ["C0", "C11"]
    assert figure.layout.showlegend is False


@pytest.mark.parametrize(("top", "ticks"), [(0.31, ("0%", "10%", "20%", "30%", "40%")), (0.012, ("0.0%", "0.5%", "1.0%", "1.5%"))])
def test_ticks_are_round_and_carry_the_unit(top: float, ticks: tuple[str, ...]) -> None:
    figure = charts.by_month(rows(RATE, top, top / 2, top), RATE, "en", "CNY")
    assert tuple(figure.layout.yaxis.ticktext) == ticks


def test_names_of_notes_never_meet_and_numbers_stay() -> None:
    @dataclass(frozen=True)
    class Said:
        on_date: date
        until_date: date | None = None

        def read(self, lang: str) -> str:
            return "a rather long name of something"

    rows = [{"month": date(2026, month, 1), "recovery_rate": 0.1} for month in range(1, 11)]
    figure = charts.by_month(rows, RATE, "en", "CNY")
    before = len(figure.layout.annotations)
    charts.noted(figure, [Said(date(2026, month, 1)) for month in range(2, 9)], "en")
    notes = figure.layout.annotations[before:]
    assert [note.text.split("</b>")[0] for note in notes] == [f"<b>{number}" for number in range(1, 8)]
    assert all(note.hovertext == "a rather long name of something" for note in notes)
    spans: dict[float, list[tuple[float, float]]] = {}
    for note in notes:
        at, size = (date.fromisoformat(note.x) - date(2026, 1, 1)).days / 303, (6 * len(re.sub("<.?b>", "", note.text))) / charts.EVENT_WIDTH
        spans.setdefault(note.yshift, []).append((at - size, at) if note.xanchor == "right" else (at, at + size))
    for row in spans.values():
        row.sort()
        assert all(one[1] <= other[0] + 1e-9 for one, other in pairwise(row))


def test_long_names_take_two_lines_and_stay_text() -> None:
    names = ["M1", "US: 7 calls in 7 d", "Australia: 3 in 7 d", "短信: sms_plus – standard", "<b>", "a" * 40]
    assert [charts.two_lines(name) for name in names] == [
        "M1", "US: 7 calls in 7 d", "Australia: 3 in 7<br>d", "短信: sms_plus –<br>standard", "&lt;b&gt;", f"{'a' * 18}<br>{'a' * 17}…",
    ]  # fmt: skip
    assert charts.two_lines("中国：每个号码每日未接通不超过六次") == "中国：每个号码每日未接<br>通不超过六次"
