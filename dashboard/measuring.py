"""How a measure is put together: periods, the SQL of its relation and column, its value from its parts. Knows no connection."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from dashboard.contract import ROOT, contract
from dashboard.filters import Filters, shifted
from dashboard.metrics import Dimension, Metric, metric
from dashboard.model import bucket_rules

RELATIONS = ROOT / "queries" / "relations"


ROWS = ROOT / "queries" / "rows.toml"


@dataclass(frozen=True)
class Period:
    """One period of a series, both ends included; `label` is the first day of its month (…) even where filters cut it short."""

    label: date
    start: date
    until: date


def single_valued(filters: Filters, one_of: Iterable[tuple[str, str]], by: Iterable[str]) -> Filters:
    """Filters that leave one value of each dimension that would count things again, unless they or the cut say which."""
    for name, value in one_of:
        if name not in by and not filters.chosen(name):
            filters = filters.choosing(name, (value,))
    return filters


@cache
def relation_sql(name: str) -> str:
    sql = (RELATIONS / f"{name}.sql").read_text(encoding="utf-8")
    return re.sub(r"^--.*\n", "", sql, flags=re.MULTILINE).rstrip().rstrip(";")


@cache
def _row_registry() -> dict[str, Any]:
    return tomllib.loads(ROWS.read_text(encoding="utf-8"))


def row_columns(relation: str, held: Sequence[str]) -> tuple[list[str], str, list[str]]:
    """Of a relation's rows: the columns shown, what a row is, and the columns that put rows in one order always."""
    registry = _row_registry()
    shown = [name for name in registry["columns"]["shown"] if name in held]
    entry = registry["relations"].get(relation, {})
    key = [name for name in entry.get("key", ["case_key", *shown]) if name in held]
    return shown, entry.get("row", "other"), key


_SUM = re.compile(r"(?:(?P<times>\d+) \* )?(?:sum\((?P<summed>.+?)\)|count\(\*\))(?: filter \(where (?P<condition>.+)\))?")


#: What is no sum of its rows, but is made of some of them alone.
_OF_SOME = re.compile(r"median\((?P<known>\w+)\)|count\(distinct case when (?P<condition>.+) then \w+ end\)")


def contribution(entry: Metric) -> tuple[str | None, str | None]:
    """What one row adds to a plain metric, and which rows count, both as SQL over the row; None where there is no such thing."""
    if some := _OF_SOME.fullmatch(entry.sql or ""):
        return None, some["condition"] or f"{some['known']} is not null"
    found = _SUM.fullmatch(entry.sql or "")
    if found is None or not _balanced(found["summed"] or "") or not _balanced(found["condition"] or ""):
        return None, None
    summed = f"({found['summed'] or '1'})"
    return (f"{found['times']} * {summed}" if found["times"] else summed), (f"({found['condition']})" if found["condition"] else None)


def _balanced(text: str) -> bool:
    depth = 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if depth < 0:
            return False
    return depth == 0


def aggregate(entry: Metric) -> str:
    """The column that answers a plain metric; no rows is unknown, rows without anything to add up are zero."""
    if entry.curve:
        curve = dict(entry.curve)
        origin, event, leaving = curve["origin"], curve["duration"], curve["exit"]
        had = f"({event} is not null and ({leaving} is null or {event} <= {leaving}))"

        def days(until: str, rows: str) -> str:
            return f"histogram(greatest(date_diff('day', {origin}, {until}), 0)) filter (where {rows})"

        return (
            f"struct_pack(events := {days(event, had)}, competing := {days(leaving, f'not {had} and {leaving} is not null')}, "
            f"censored := {days('as_of_day()', f'not {had} and {leaving} is null')}) as {entry.id}"
        )
    # the database adds whole numbers up in twice the width, which takes six times as long to hand over
    value = f"cast({entry.sql} as bigint)" if entry.unit == "count" else entry.sql
    if entry.empty_is_unknown:
        return f"{value} as {entry.id}"
    return f"case when count(*) > 0 then coalesce({value}, 0) end as {entry.id}"


def measured_value(entry: Metric, value: Any) -> Any:
    if entry.curve and value is not None:
        from dashboard.methods.survival import median_time  # here: what it stands on takes long to read in

        counts = {name: {int(day): int(n) for day, n in (value[name] or {}).items()} for name in ("events", "competing", "censored")}
        return median_time(counts["events"], counts["competing"], counts["censored"])
    return value


#: Stands for a value of a time that the export has no record of: neither a number nor nought.
UNRECORDED: Any = object()


def value_of(entry: Metric, values: dict[str, Any]) -> Any:
    """A metric's value in one group, or UNRECORDED; in a group that has cash but no stock (or the reverse) the absent side is zero."""
    if entry.part is not None and entry.whole is not None:
        return ratio(value_of(metric(entry.part), values), value_of(metric(entry.whole), values))
    if entry.terms:
        total: Any = None
        for term in entry.terms:
            value = value_of(metric(term.removeprefix("-")), values)
            if value is UNRECORDED:
                return UNRECORDED
            if value is not None:
                total = (total or 0) + (-value if term.startswith("-") else value)
        return total
    value = values.get(entry.id)
    if value is None and entry.additive and (entry.basis == "calendar" or entry.empty_is_zero):
        return Decimal("0.00") if entry.unit == "amount" else 0
    return value


def ratio(part: Any, whole: Any) -> float | None:
    """A rate from its two sides: unknown without a denominator, or where one of them is not on record."""
    if part is UNRECORDED or whole is UNRECORDED:
        return None
    return float(part or 0) / float(whole) if whole else None


@dataclass(frozen=True)
class Column:
    """A metric of an answer, looked up once for all its rows: a rate with its two sides and the limits it has; `known`: whether it was asked."""

    entry: Metric
    known: bool
    part: Metric | None = None
    whole: Metric | None = None
    limits: Callable[[Any, Any], tuple[Any, Any]] | None = None


def answer_column(name: str, known: bool) -> Column:
    """A metric as a column of an answer; UnknownName where there is none."""
    entry = metric(name)
    if entry.part is None or entry.whole is None:
        return Column(entry, known)
    if entry.interval is None:
        return Column(entry, known, metric(entry.part), metric(entry.whole))
    from dashboard.methods.intervals import poisson, wilson  # here: they take half as long to read in as a command to run

    return Column(entry, known, metric(entry.part), metric(entry.whole), {"wilson": wilson, "poisson": poisson}[entry.interval])


def answer_row(key: tuple[Any, ...], values: dict[str, Any], cuts: list[Dimension], columns: Sequence[Column]) -> dict[str, Any]:
    """One group of an answer: its values of the cuts, then each metric, a rate with its sides and limits."""
    row: dict[str, Any] = {cut.id: value for cut, value in zip(cuts, key, strict=True)}
    for column in columns:
        name, known = column.entry.id, column.known
        if column.part is None or column.whole is None:
            value = value_of(column.entry, values) if known else None
            row[name] = None if value is UNRECORDED else value
            continue
        part, whole = (value_of(column.part, values), value_of(column.whole, values)) if known else (None, None)
        if part is None and whole:  # nothing of the kind where there was something to count it against
            part = Decimal("0.00") if column.part.unit == "amount" else 0
        row[name] = ratio(part, whole)
        part, whole = (None if side is UNRECORDED else side for side in (part, whole))
        row[f"{name}_part"], row[f"{name}_whole"] = part, whole
        if column.limits is not None:
            row[f"{name}_low"], row[f"{name}_high"] = column.limits(part, whole) if known else (None, None)
    return row


@cache
def bucket_ranks() -> dict[str, int]:
    scheme = max(bucket_rules()["scheme"], key=lambda entry: entry["valid_from"])
    order = [bucket["id"] for bucket in scheme["buckets"]]
    exits = ["plan", *contract().codes["close_reason"], "unrecorded", "unobserved"]
    return {name: rank for rank, name in enumerate([*order, *exits])}


def first_day(grain: str, day: date) -> date:
    if grain == "day":
        return day
    if grain == "week":
        return day - timedelta(days=day.weekday())
    if grain == "month":
        return day.replace(day=1)
    if grain == "quarter":
        return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)
    return date(day.year, 1, 1)


def next_start(grain: str, day: date) -> date:
    if grain in ("day", "week"):
        return day + timedelta(days=1 if grain == "day" else 7)
    return shifted(day, {"month": 1, "quarter": 3, "year": 12}[grain])


def is_partial(grain: str | None, period: Period, as_of: date) -> bool:
    """A period that runs beyond the as-of day, or a calendar period cut short by the filters or by it."""
    if period.until > as_of:
        return True
    if grain is None:
        return False
    return period.start != first_day(grain, period.start) or period.until + timedelta(days=1) != next_start(grain, first_day(grain, period.start))
