"""Periods, comparison like for like, and the round trip through a URL."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from dashboard import filters
from dashboard.filters import COMPARISONS, DIMENSIONS, Filters, presets

FIRST, AS_OF = date(2025, 1, 10), date(2026, 10, 14)


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("start", "until", "as_of", "comparison", "expected"),
    [
        # whole months against whole months, whatever their length
        ("2026-09-01", "2026-09-30", "2026-10-14", "previous", ("2026-08-01", "2026-08-31")),
        ("2026-02-01", "2026-02-28", "2026-10-14", "previous", ("2026-01-01", "2026-01-31")),
        ("2026-07-01", "2026-09-30", "2026-10-14", "previous", ("2026-04-01", "2026-06-30")),
        # a month that runs, over as many elapsed days
        ("2026-10-01", "2026-10-14", "2026-10-14", "previous", ("2026-09-01", "2026-09-14")),
        ("2026-10-01", "2026-10-31", "2026-10-14", "previous", ("2026-09-01", "2026-09-14")),
        ("2026-03-01", "2026-03-30", "2026-03-30", "previous", ("2026-02-01", "2026-02-28")),
        ("2026-08-01", "2026-10-14", "2026-10-14", "previous", ("2026-05-01", "2026-07-14")),
        # any other span: as many days right before it
        ("2026-10-05", "2026-10-11", "2026-10-14", "previous", ("2026-09-28", "2026-10-04")),
        # the year before
        ("2026-09-01", "2026-09-30", "2026-10-14", "year", ("2025-09-01", "2025-09-30")),
        ("2026-10-01", "2026-10-31", "2026-10-14", "year", ("2025-10-01", "2025-10-14")),
        ("2024-02-01", "2024-02-29", "2026-10-14", "year", ("2023-02-01", "2023-02-28")),
        # nothing to compare
        ("2026-09-01", "2026-09-30", "2026-10-14", "none", None),
        ("2026-11-01", "2026-11-30", "2026-10-14", "previous", None),
    ],
)
def test_comparison_is_like_for_like(start: str, until: str, as_of: str, comparison: str, expected: tuple[str, str] | None) -> None:
    period = Filters(day(start), day(until), comparison).comparison_period(day(as_of))
    assert period == (None if expected is None else (day(expected[0]), day(expected[1])))


def test_no_comparison_with_days_before_the_data() -> None:
    assert Filters(day("2025-02-01"), day("2025-02-28")).comparison_period(AS_OF, FIRST) is None


def test_presets_follow_the_data_not_the_clock() -> None:
    assert presets(FIRST, AS_OF) == {
        "this_month": (day("2026-10-01"), AS_OF),
        "last_month": (day("2026-09-01"), day("2026-09-30")),
        "year": (day("2026-01-01"), AS_OF),
        "last_12": (day("2025-10-01"), day("2026-09-30")),
        "all": (FIRST, AS_OF),
    }  # the quarter began with this month, so it isn't offered twice


def test_at_a_month_end_the_month_is_the_last_complete_one() -> None:
    offered = presets(FIRST, day("2026-08-31"))
    assert offered["last_month"] == (day("2026-08-01"), day("2026-08-31"))
    assert "this_month" not in offered


def test_a_month_cut_short_is_partial() -> None:
    assert Filters(day("2026-10-01"), AS_OF).partial(AS_OF)
    assert Filters(day("2026-10-01"), day("2026-10-31")).partial(AS_OF)
    assert not Filters(day("2026-09-01"), day("2026-09-30")).partial(AS_OF)


def test_equal_choices_are_one_cache_key() -> None:
    one = Filters(FIRST, AS_OF, where=(("team", ("B", "A")), ("bucket", ("M1",)), ("region", ())))
    other = Filters(FIRST, AS_OF, where=(("bucket", ("M1",)), ("team", ("A", "B", "A"))))
    assert one == other and hash(one) == hash(other) and one.active == 2


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"from": ["2026-13-01"], "to": ["2026-10-01"]}, ["from"]),
        ({"from": ["2026-10-01"]}, ["to"]),
        ({"from": ["2026-10-02"], "to": ["2026-10-01"]}, ["to"]),
        ({"from": ["0001-01-01"], "to": ["9999-12-31"]}, ["from", "to"]),
        ({"compare": ["'; drop table x"]}, ["compare"]),
        ({"team": ["x" * 5000]}, ["team"]),
        ({"unknown": ["1"]}, []),
    ],
)
def test_an_address_that_makes_no_sense_falls_back_and_says_so(query: dict[str, list[str]], named: list[str]) -> None:
    default = filters.default(FIRST, AS_OF)
    assert Filters.from_query(query, default) == (default, named)


def test_words() -> None:
    chosen = Filters(day("2026-10-01"), day("2026-10-14"), where=(("bucket", ("M1", "M2")),))
    assert chosen.describe("en", AS_OF, FIRST, {"bucket": "Bucket"}) == "1–14 Oct 2026 · Bucket: M1, M2 · against 1–14 Sep 2026"
    assert chosen.describe("zh", AS_OF, FIRST, {"bucket": "账龄"}) == "2026年10月1–14日 · 账龄：M1、M2 · 对比 2026年9月1–14日"


days = some.dates(day("1990-01-01"), day("2060-12-31"))
names = some.text(min_size=1, max_size=20)


@given(
    days,
    some.integers(0, 4000),
    some.sampled_from(COMPARISONS),
    some.dictionaries(some.sampled_from(DIMENSIONS), some.lists(names, max_size=4)),
)
def test_a_link_says_the_same_again(start: date, length: int, comparison: str, where: dict[str, list[str]]) -> None:
    chosen = Filters(start, start + timedelta(days=length), comparison, tuple((name, tuple(values)) for name, values in where.items()))
    query = {name: [value] if isinstance(value, str) else value for name, value in chosen.to_query().items()}
    assert Filters.from_query(query, filters.default(FIRST, AS_OF)) == (chosen, [])


@given(some.dictionaries(some.sampled_from(("from", "to", "compare", *DIMENSIONS)), some.lists(some.text(max_size=30), max_size=3)))
def test_no_address_is_an_error(query: dict[str, Any]) -> None:
    Filters.from_query(query, filters.default(FIRST, AS_OF))


@given(days, some.integers(0, 400), days)
def test_the_period_compared_with_lies_before(start: date, length: int, as_of: date) -> None:
    chosen = Filters(start, start + timedelta(days=length))
    period = chosen.comparison_period(as_of)
    if period is not None:
        assert period[0] <= period[1] < start
        elapsed = (chosen.seen_until(as_of) - start).days
        assert abs((period[1] - period[0]).days - elapsed) <= 3 * (1 + length // 28)
