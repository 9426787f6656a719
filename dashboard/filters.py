"""What part of the data is on screen: one frozen value for period, comparison and scope, and its form in a URL."""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from dataclasses import replace as replaced
from datetime import date, timedelta
from typing import Any

from dashboard import formats
from dashboard.words import LANGUAGES, listed, word

COMPARISONS = ("previous", "year", "none")
PRESETS = ("this_month", "last_month", "quarter", "year", "last_12", "all")
#: The dimensions offered in the filter bar, in its order.
DIMENSIONS = ("product", "bucket", "region", "team", "batch")
#: No export holds days outside these (data/contract.toml refuses them).
EARLIEST, LATEST = date(1980, 1, 1), date(2100, 12, 31)
#: More characters than any name in an export needs; a longer value in a URL is not one of ours.
LONGEST_VALUE = 200


def shifted(day: date, months: int) -> date:
    """The same day some months away, or the last day of that month where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def month_end(day: date) -> date:
    """The last day of a day's month."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def last_complete(day: date) -> date:
    """The last day of the last month that has ended by a day."""
    return day if day == month_end(day) else day.replace(day=1) - timedelta(days=1)


def month_number(day: date) -> int:
    """Months counted from year 0, as the macro of that name does."""
    return day.year * 12 + day.month - 1


@dataclass(frozen=True)
class Filters:
    """Period (both ends included), comparison, and the chosen values of each dimension; empty where nothing is chosen."""

    start: date
    until: date
    comparison: str = "previous"
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def __post_init__(self) -> None:
        if self.start > self.until:
            raise ValueError(f"a period ends before it starts: {self.start} to {self.until}")
        if self.comparison not in COMPARISONS:
            raise ValueError(f"unknown comparison {self.comparison!r}; known: {', '.join(COMPARISONS)}")
        chosen = {dimension: tuple(sorted(set(values))) for dimension, values in self.where if values}
        object.__setattr__(self, "where", tuple(sorted(chosen.items())))

    def replace(self, **changes: Any) -> Filters:
        """A copy with some parts changed."""
        return replaced(self, **changes)

    def chosen(self, dimension: str) -> tuple[str, ...]:
        """The chosen values of a dimension, () for all."""
        return dict(self.where).get(dimension, ())

    def choosing(self, dimension: str, values: Iterable[str]) -> Filters:
        """A copy with other values chosen for one dimension."""
        return self.replace(where=tuple({**dict(self.where), dimension: tuple(values)}.items()))

    @property
    def active(self) -> int:
        """How many of the filters in the popover are set."""
        return len(self.where) + (self.comparison != "previous")

    def seen_until(self, as_of: date) -> date:
        """The last day of the period that the data reaches."""
        return min(self.until, as_of)

    def partial(self, as_of: date) -> bool:
        """Whether the period runs on after the data, or stops inside a month it started with day one of."""
        end = self.seen_until(as_of)
        return self.until > as_of or (self.start.day == 1 and end == as_of and end != month_end(end))

    def comparison_period(self, as_of: date, first_on: date | None = None) -> tuple[date, date] | None:
        """The period to compare with, like for like: whole months with whole months, a partial month over as many elapsed days.

        None where there is no comparison, nothing of the period is observed yet, or the data doesn't reach back far enough.
        """
        end = self.seen_until(as_of)
        if self.comparison == "none" or end < self.start:
            return None
        if self.comparison == "year":
            months = 12
        elif self.start.day == 1:
            months = (end.year - self.start.year) * 12 + end.month - self.start.month + 1
        else:
            length = end - self.start
            return self._observed(self.start - timedelta(days=1) - length, self.start - timedelta(days=1), first_on)
        before = shifted(end, -months)
        if end == month_end(end) and self.start.day == 1:
            before = month_end(before)
        return self._observed(shifted(self.start, -months), before, first_on)

    def _observed(self, start: date, until: date, first_on: date | None) -> tuple[date, date] | None:
        return None if first_on is not None and start < first_on else (start, until)

    def before(self, as_of: date, first_on: date | None = None) -> Filters | None:
        """These filters over the comparison period."""
        period = self.comparison_period(as_of, first_on)
        return None if period is None else self.replace(start=period[0], until=period[1])

    def trailing(self, months: int, first_on: date, as_of: date) -> Filters:
        """These filters over the last months up to the end of the period, for a series."""
        end = self.seen_until(as_of)
        start = max(first_on.replace(day=1), shifted(end.replace(day=1), 1 - months))
        return self.replace(start=min(start, end), until=end)

    def to_query(self) -> dict[str, str | list[str]]:
        """The parameters of a URL that says the same."""
        query: dict[str, str | list[str]] = {"from": self.start.isoformat(), "to": self.until.isoformat(), "compare": self.comparison}
        for dimension, values in self.where:
            query[dimension] = list(values)
        return query

    @staticmethod
    def from_query(query: Mapping[str, list[str]], default: Filters) -> tuple[Filters, list[str]]:
        """Filters from a URL's parameters; what can't be read falls back to the default and is named in the second part."""
        problems: list[str] = []
        start, until = default.start, default.until
        if "from" in query or "to" in query:
            first, last = _day(query, "from", problems), _day(query, "to", problems)
            if first is not None and last is not None and first <= last:
                start, until = first, last
            elif not problems:
                problems.append("to" if first is not None else "from")
        comparison = (query.get("compare") or [default.comparison])[-1]
        if comparison not in COMPARISONS:
            problems.append("compare")
            comparison = default.comparison
        where = []
        for dimension in DIMENSIONS:
            values = [value for value in query.get(dimension, []) if 0 < len(value) <= LONGEST_VALUE]
            if len(values) < len(query.get(dimension, [])):
                problems.append(dimension)
            where.append((dimension, tuple(values)))
        return Filters(start, until, comparison, tuple(where)), problems

    def describe(self, lang: str, as_of: date, first_on: date | None = None, labels: Mapping[str, str] | None = None) -> str:
        """What is chosen, in words: period, scope and comparison."""
        return " · ".join((formats.period(self.start, self.until, lang), *self.scope(lang, labels), self.compared(lang, as_of, first_on)))

    def scope(self, lang: str, labels: Mapping[str, str] | None = None, name: Callable[[str, str], str] | None = None) -> list[str]:
        """The chosen values of each dimension in words, or that there is no limit; labels name dimensions, name their values."""
        if not self.where:
            return [word("frame.no_limit", lang)]
        names = labels or {}
        colon = "：" if lang == "zh" else ": "
        return [
            f"{names.get(dimension, dimension)}{colon}{listed([name(dimension, value) if name else value for value in values], lang)}"
            for dimension, values in self.where
        ]

    def compared(self, lang: str, as_of: date, first_on: date | None = None) -> str:
        """The comparison in words."""
        period = self.comparison_period(as_of, first_on)
        if period is not None:
            return word("frame.against", lang, period=formats.period(*period, lang))
        return word("frame.not_compared" if self.comparison == "none" else "frame.nothing_before", lang)


def _day(query: Mapping[str, list[str]], name: str, problems: list[str]) -> date | None:
    text = (query.get(name) or [""])[-1]
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or not EARLIEST <= day <= LATEST:
        problems.append(name)
        return None
    return day


def presets(first_on: date, as_of: date) -> dict[str, tuple[date, date]]:
    """Period of each preset, all relative to the data's last day; one that would repeat an earlier one is left out."""
    month = as_of.replace(day=1)
    complete = last_complete(as_of)
    quarter = as_of.replace(month=(as_of.month - 1) // 3 * 3 + 1, day=1)
    periods = {
        "last_month": (complete.replace(day=1), complete),
        "this_month": (month, as_of),
        "quarter": (quarter, as_of),
        "year": (as_of.replace(month=1, day=1), as_of),
        "last_12": (shifted(complete.replace(day=1), -11), complete),
        "all": (first_on, as_of),
    }
    seen: dict[tuple[date, date], str] = {}
    for name, period in periods.items():
        if period[1] >= first_on:
            seen.setdefault(period, name)
    kept = {name: period for period, name in seen.items()}
    return {name: kept[name] for name in PRESETS if name in kept}


def preset_of(filters: Filters, first_on: date, as_of: date) -> str | None:
    """The preset whose period is chosen, if any."""
    chosen = (filters.start, filters.until)
    return next((name for name, period in presets(first_on, as_of).items() if period == chosen), None)


def default(first_on: date, as_of: date) -> Filters:
    """What a person sees first: the last complete month, or all there is when there is no complete one."""
    periods = presets(first_on, as_of)
    return Filters(*periods.get("last_month", (first_on, as_of)))


@dataclass(frozen=True)
class View:
    """All that a link must say to show the same again: data set, snapshot, filters, language, and whether charts bear milestones."""

    dataset: str
    snapshot: str
    filters: Filters
    lang: str
    milestones: bool = False

    def replace(self, **changes: Any) -> View:
        """A copy with some parts changed."""
        return replaced(self, **changes)

    def to_query(self) -> dict[str, str | list[str]]:
        """The parameters of a URL that says the same."""
        marked: dict[str, str | list[str]] = {"milestones": "1"} if self.milestones else {}
        return {"data": self.dataset, "snapshot": self.snapshot, **self.filters.to_query(), "lang": self.lang, **marked}


def milestones_of(query: Mapping[str, list[str]]) -> bool:
    """Whether a URL asks for milestones on charts."""
    return query.get("milestones", [])[-1:] == ["1"]


def language_of(query: Mapping[str, list[str]], fallback: str) -> str:
    """The language a URL asks for, if it is one of ours."""
    asked = (query.get("lang") or [fallback])[-1]
    return asked if asked in LANGUAGES else fallback
