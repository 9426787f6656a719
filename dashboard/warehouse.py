"""Answers measures and reports of a snapshot; the only module that runs queries for pages."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from operator import itemgetter
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow

from dashboard.access import LOCAL, Scope
from dashboard.connection import QueryFailed, close, connect
from dashboard.contract import ROOT, contract
from dashboard.filters import Filters, month_end
from dashboard.home import NothingLoaded, SnapshotInfo
from dashboard.measuring import (
    UNRECORDED,
    Period,
    aggregate,
    answer_column,
    answer_row,
    bucket_ranks,
    contribution,
    first_day,
    is_partial,
    measured_value,
    next_start,
    row_columns,
    single_valued,
)
from dashboard.metrics import GRAINS, Dimension, Metric, UnknownName, dimension, dimensions, metric, metrics, needs_of, plain
from dashboard.model import version
from dashboard.relating import Tables

__all__ = [
    "REPORTS",
    "Answer",
    "QueryFailed",
    "Rows",
    "Unloaded",
    "Warehouse",
    "close",
    "connect",
    "contribution",
    "reports",
]

REPORTS = ROOT / "queries" / "reports"


@dataclass(frozen=True)
class Answer:
    """Rows of a measure. A rate's row also has NAME_part and NAME_whole, and NAME_low and NAME_high where it has an interval."""

    rows: list[dict[str, Any]]
    metrics: tuple[str, ...]
    by: tuple[str, ...]
    filters: Filters
    snapshot: str
    as_of: date
    missing: dict[str, tuple[str, ...]] = field(default_factory=dict)
    partial: frozenset[date] = frozenset()


@dataclass(frozen=True)
class Rows:
    """A page of the rows that make a figure; `counted` in each is what it adds. `count` and `total` are of all rows, not the page.

    `row`: what a row is (queries/rows.toml). `total` is None where the metric doesn't add up its rows (a median).
    """

    rows: list[dict[str, Any]]
    columns: tuple[str, ...]
    row: str
    count: int
    total: Any
    snapshot: str


class Warehouse:
    """One snapshot, open for questions."""

    def __init__(self, info: SnapshotInfo) -> None:
        self.info = info
        self._written: dict[str, tuple[str, list[dict[str, Any]]]] = {}
        self._values: dict[tuple[str, Scope], list[str]] = {}
        self._held: dict[str, list[str]] = {}
        self._first_of: dict[str, date | None] = {}
        self._lasting: dict[str, list[dict[str, Any]]] = {}
        self._supplied: dict[str, set[str]] = {}
        for table, column in self._fetch("select table_id, column_id from meta.supplied", {}, "supplied")[1]:
            self._supplied.setdefault(table, set()).add(column)
        heads, found = self._fetch("from meta.tables", {}, "tables")
        tables = [dict(zip(heads, row, strict=True)) for row in found]
        self._tables = Tables(info, tables, self._dated_ahead({table["of"] for table in tables}))

    def _dated_ahead(self, held: set[str]) -> bool:
        """Whether rows of the as-of day's month are dated after it, as where an export was taken before the day was over."""
        days = {"as_of": self.info.as_of, "until": month_end(self.info.as_of)}
        columns = [(table, column) for table, column in _DATED if table in held]
        if days["as_of"] == days["until"] or not columns:
            return False
        found = " or ".join(f"exists (from model.{table} where {column} > $as_of and {column} <= $until)" for table, column in columns)
        return bool(self._fetch(f"select {found}", days, "ahead")[1][0][0])

    def written(self, table: str, columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> Warehouse:
        """The same snapshot with a table of the export as people wrote it since: rows of columns, each of an SQL type."""
        other = copy(self)
        other._supplied = self._supplied | ({table: {*columns}} if rows else {})
        kind = f"struct({', '.join(f'{name} {sort}' for name, sort in columns.items())})[]"
        other._written = {**self._written, table: (kind, [dict(row) for row in rows])}
        other._held = {}
        return other

    # --- what there is ----------------------------------------------------------------------------------------------

    def supplied(self, need: str) -> bool:
        """Whether `table`, `table.column`, or one of several joined by | is supplied."""
        for choice in need.split("|"):
            table, _, column = choice.partition(".")
            if table in self._supplied and (not column or column in self._supplied[table]):
                return True
        return False

    def missing(self, name: str) -> tuple[str, ...]:
        """What a dimension or metric needs that was not supplied."""
        if name in metrics():
            needs = needs_of(name)
        else:
            needs = dimension(name).needs if name in dimensions() else ()
        return tuple(need for need in needs if not self.supplied(need))

    def values(self, name: str, scope: Scope = LOCAL) -> list[str]:
        """The values of a dimension that a person may filter by, sorted; buckets in their order."""
        if (name, scope) not in self._values:
            self._values[name, scope] = self._find_values(name, scope)
        return [*self._values[name, scope]]

    def choices(self, name: str) -> list[str]:
        """Every value that rows may have of a dimension, as text; none where they can't be listed or it is not supplied. Raises UnknownName."""
        cut = dimension(name)
        if name in ("product", "region", "batch", "placement_number", "strategy", "age_band", "team", "collector", "agency"):
            own = [] if not self.values(name) else ["", "house"] if cut.codes == "holder" else [""]
            return [*self.values(name), *own]
        if name == "bucket" and self.values(name):
            return [*self.values(name), "new", "left", ""]
        return [*contract().codes[cut.codes], ""] if cut.codes in ("channel", "direction", "outcome", "training_kind") else []

    def _find_values(self, name: str, scope: Scope) -> list[str]:
        chosen = dimension(name)
        if self.missing(name):
            return []
        if name == "bucket":
            return [row[0] for row in self._fetch("select bucket from model.bucket_edges group by bucket order by min(rank)", {}, name)[1]]
        if name in ("team", "collector", "agency"):
            own, by_desk = "($collector is null or collector_id = $collector)", {"collector": scope.collector}
            sql = f"select distinct {chosen.column} from model.holders where {own} and ($teams is null or list_contains($teams, team))"
            extra = ["house"] if scope.teams is None and scope.collector is None and name != "agency" else []
        else:
            sql = f"select distinct {chosen.column} from model.cases where $teams is null or list_contains($teams, team)"
            extra, by_desk = [], {}
        rows = self._fetch(sql, {"teams": _listed(scope.teams), **by_desk}, name)[1]
        return sorted({str(row[0]) for row in rows} | set(extra))

    # --- questions --------------------------------------------------------------------------------------------------

    def measure(self, names: Sequence[str], by: Sequence[str] = (), *, filters: Filters, scope: Scope = LOCAL) -> Answer:
        """Answer metrics over a period, cut by dimensions.

        At most one time dimension makes each month (…) a period of its own, clipped to the filters' period. Raises UnknownName,
        or QueryFailed with the metric's name.
        """
        cuts = [dimension(name) for name in by]
        times = [cut for cut in cuts if cut.kind == "time"]
        if len(times) > 1:
            raise UnknownName(f"at most one time dimension, got {', '.join(cut.id for cut in times)}")
        wanted = tuple(dict.fromkeys(names))
        missing = {name: self._missing(name, cuts, filters, scope) for name in wanted}
        answered = tuple(name for name in wanted if not missing[name])
        periods = self._periods(times[0].id if times else None, filters)
        table: dict[tuple[Any, ...], dict[str, Any]] = {}
        groups: dict[tuple[str, str | None, bool, tuple[tuple[str, str], ...]], list[Metric]] = {}
        for entry in plain(answered):
            last = entry.last_of if entry.last_of not in by else None
            body = self._tables.related(entry, cuts, self._observed(periods), filters, scope)
            groups.setdefault((body, last, entry.unfiltered, entry.one_of), []).append(entry)
        for (body, last, unfiltered, one_of), entries in groups.items():
            self._gather(table, body, last, entries, cuts, periods, single_valued(filters, one_of, by), scope, unfiltered)
        if answered and len(cuts) == len(times):  # a period in which nothing happened is still a period
            for period in self._observed(periods):
                table.setdefault((period.label,) if times else (), {})
        self._mark_unrecorded(table, answered, cuts.index(times[0]) if times else None, periods)
        columns = [answer_column(name, name in answered) for name in wanted]
        rows = [answer_row(key, values, cuts, columns) for key, values in table.items()]
        for cut in reversed(cuts):  # sorting by the last cut first leaves each order within the next
            self._sort(rows, cut)
        if not cuts and not rows:
            rows = [answer_row((), {}, cuts, [answer_column(name, False) for name in wanted])]
        return Answer(
            rows=rows,
            metrics=wanted,
            by=tuple(by),
            filters=filters,
            snapshot=self.info.id,
            as_of=self.info.as_of,
            missing={name: what for name, what in missing.items() if what},
            partial=frozenset(p.label for p in periods if is_partial(times[0].id if times else None, p, self.info.as_of)),
        )

    def rows(
        self,
        name: str,
        by: Mapping[str, Any] | None = None,
        *,
        filters: Filters,
        scope: Scope = LOCAL,
        order: str | None = None,
        descending: bool = False,
        limit: int | None = None,
        offset: int = 0,
    ) -> Rows:
        """The rows behind one plain metric, or behind the group of it that `by` names (dimension → value, a period by its first day).

        They come from the metric's own relation, over the row-level table instead of a roll-up, so they add up to the figure; rows that
        add nothing are left out. `order` is one of the columns returned, "counted" for what a row adds; ties go by the row's key.
        Raises UnknownName for a metric that is made of others, a dimension its rows don't carry, or a column there isn't.
        """
        entry, values = metric(name), dict(by or {})
        if entry.of is None:
            raise UnknownName(f"{name} is made of {', '.join(entry.inputs)}: ask for the rows of one of them")
        cuts = [dimension(key) for key in values]
        if lacking := self._missing(name, cuts, filters, scope):
            raise QueryFailed(f"{name}: not supplied: {', '.join(lacking)}")
        times = [cut for cut in cuts if cut.kind == "time"]
        periods = self._observed(self._periods(times[0].id if times else None, filters))
        last = entry.last_of if entry.last_of not in values else None
        body = self._tables.related(entry, cuts, periods, filters, scope, by_row=True)
        periods = [period for period in periods if not times or period.label == values[times[0].id]]
        chosen, parameters = self._chosen(body, last, periods, single_valued(filters, entry.one_of, values), scope, entry.unfiltered)
        if chosen not in self._held:  # what columns there are depends on nothing but the text
            self._held[chosen] = self._fetch(f"{chosen} select * from chosen limit 0", parameters, name)[0]
        held = self._held[chosen]
        adds, condition = contribution(entry)
        where = [condition] if condition else []
        where += [f"{adds} <> 0"] if adds else []
        for cut in cuts:
            if cut.kind != "time":
                where.append(f"{cut.column} is not distinct from $by_{cut.id}")
                parameters[f"by_{cut.id}"] = values[cut.id]
        counted = f"select *, {adds or 'null'} as counted from chosen{' where ' + ' and '.join(where) if where else ''}"
        shown, kind, key = row_columns(entry.of, held)
        if self.missing("net_amount"):  # without payments a row's cash is unknown, not zero
            shown = [column for column in shown if column != "net_amount"]
        # nor is what a plan came to, or a promise, without what would tell
        shown = [column for column in shown if not (column in dimensions() and dimension(column).of and self.missing(column))]
        wanted = ["counted", *shown]
        if order is not None and order not in wanted:
            raise UnknownName(f"{name}: its rows can't be put in order by {order!r}; known: {', '.join(wanted)}")
        sort = [f"{order}{' desc' if descending else ''} nulls last"] if order else []
        sort = [*sort, *key] or ["counted"]
        case_id = [] if "case_key" not in held else ["page.case_id"] if "case_id" in held else ["cases.case_id"]
        named = ["files.name as file"] if "source_file" in held else []
        joins = " left join model.cases as cases on page.case_key = cases.case_key" if case_id == ["cases.case_id"] else ""
        joins += " left join meta.files as files on page.source_file = files.number" if named else ""
        selected = [*case_id, "page.counted", *(f"page.{column}" for column in shown), *named]
        ((count, total),) = self._fetch(f"{chosen}, counted as ({counted}) select count(*), sum(counted) from counted", parameters, name)[1]
        columns, rows = self._fetch(
            f"{chosen}, counted as ({counted}), page as (select * from counted order by {', '.join(sort)} limit $limit offset $offset) "
            f"select {', '.join(selected)} from page{joins} order by {', '.join(f'page.{column}' for column in sort)}",
            {**parameters, "limit": limit, "offset": offset},
            name,
        )
        page = [dict(zip(columns, row, strict=True)) for row in rows]
        return Rows(page, tuple(columns), kind, count, (total or 0) if adds else None, self.info.id)

    def run(self, report: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Rows of queries/reports/NAME.sql. Missing or surplus parameters raise QueryFailed with both names."""
        names, rows = self._fetch(*self._report(report, parameters or {}), report)
        return [dict(zip(names, row, strict=True)) for row in rows]

    def lasting(self, report: str) -> list[dict[str, Any]]:
        """Rows of a report that asks for nothing and reads nothing people write, read once: a snapshot stays as it is. Not to be changed."""
        if report not in self._lasting:
            self._lasting[report] = self.run(report)
        return self._lasting[report]

    def arrays(self, report: str, parameters: Mapping[str, Any] | None = None, absent: str | None = None) -> dict[str, npt.NDArray[Any]]:
        """The columns of a report as arrays, for reports of millions of rows. Raises as `run` does.

        A number that isn't there is NaN, a text that isn't there is `absent`.
        """
        return self._fetch_columns(*self._report(report, parameters or {}), report, absent)

    def _report(self, report: str, parameters: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """A report's text and values: limits that aren't set are left out, and rolled.NAME is the smallest table that then answers."""
        if report not in reports():
            raise UnknownName(f"unknown report {report!r}; known: {', '.join(reports())}")
        sql, values = _report_text(report), dict(parameters)
        unset = {name for name, value in values.items() if value is None}
        sql = _LIMIT.sub(lambda found: f"{found['start']}true" if found["name"] in unset else found[0], sql)
        for name in unset:
            if not re.search(rf"\${name}\b", sql) and re.search(rf"\${name}\b", _report_text(report)):
                del values[name]
        if isinstance(values.get("start"), date):
            values["start"] = self._since(values["start"])
        start, until = values.get("start"), values.get("until")
        whole = isinstance(start, date) and isinstance(until, date) and self._tables.whole(start, until)
        words = set(re.findall(r"[a-z_0-9]+", sql))
        return self._tables.rolled(sql, words, whole, values), values

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        # asked for anew each time: another user of this snapshot may have closed it since
        return connect(self.info.path).cursor()

    def _fetch_columns(self, sql: str, values: dict[str, Any], name: str, absent: str | None = None) -> dict[str, npt.NDArray[Any]]:
        cursor = self._cursor()
        try:
            table = cursor.sql(sql, params=values).to_arrow_table()
            return {column: _array(table[column].combine_chunks(), absent) for column in table.column_names}
        except duckdb.Error as error:
            raise self._failed(name, error) from error
        finally:
            cursor.close()

    def _fetch(self, sql: str, values: dict[str, Any], name: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        cursor = self._cursor()
        for table, (kind, rows) in self._written.items():
            if f"export.{table}" in sql:
                sql = re.sub(rf"\bexport\.{table}\b", f"(select unnest(cast($written_{table} as {kind}), recursive := true))", sql)
                values = {**values, f"written_{table}": rows}
        try:
            cursor.execute(sql, values)
            return [column[0] for column in cursor.description or ()], cursor.fetchall()
        except duckdb.Error as error:
            raise self._failed(name, error) from error
        finally:
            cursor.close()

    def _failed(self, name: str, error: duckdb.Error) -> QueryFailed:
        """What went wrong; of a snapshot that lacks something only today's version makes, what to do."""
        if isinstance(error, duckdb.CatalogException | duckdb.BinderException) and self.info.model != version():
            return QueryFailed(f"{name}: snapshot {self.info.id} was made by an earlier version, which made less of it: load its export again")
        return QueryFailed(f"{name}: {error}")

    # --- how a measure is answered ------------------------------------------------------------------------------------

    def _missing(self, name: str, cuts: list[Dimension], filters: Filters, scope: Scope) -> tuple[str, ...]:
        lacking = list(self.missing(name))
        relations = {entry.of or "" for entry in plain((name,)) if not entry.unfiltered}
        limits = [dimension(key) for key, _ in filters.where]
        if times := [limit.id for limit in limits if limit.kind == "time"]:
            raise UnknownName(f"{name} can't be limited by {', '.join(times)}: a period is its first and last day")
        used = [*cuts, *limits]
        for cut in used:
            lacking += [need for relation in sorted(relations) or [""] for need in cut.needs_in(relation) if not self.supplied(need)]
            away = [relation for relation in relations if not cut.carried_by(relation)]
            if away and cut in cuts:
                raise UnknownName(f"{name} can't be cut by {cut.id}: its rows ({', '.join(away)}) don't carry it")
            lacking += [f"{relation}.{cut.id}" for relation in sorted(away)]
        if scope.collector is not None:  # rows that don't say whose they are can't be limited to one person's
            lacking += [f"{relation}.collector" for relation in sorted(relations) if not dimension("collector").carried_by(relation)]
        return tuple(dict.fromkeys(lacking))

    def _periods(self, grain: str | None, filters: Filters) -> list[Period]:
        """The filters' period, or its days, weeks, months, quarters or years; never before the data's first month or after the as-of day."""
        start, until = self._since(filters.start), filters.until
        if grain is None:
            return [Period(filters.start, start, until)]
        if grain not in GRAINS:
            raise UnknownName(f"unknown time dimension {grain!r}; known: {', '.join(GRAINS)}")
        start, last = max(start, self.info.first_on.replace(day=1)), min(until, self.info.as_of)
        result = []
        day = first_day(grain, start)
        while day <= last:
            following = next_start(grain, day)
            result.append(Period(day, max(day, start), min(following - timedelta(days=1), until)))
            day = following
        return result

    def _since(self, start: date) -> date:
        """The first of the data's first month instead of its first day: all of it is whole months, which add up to it and which roll-ups answer."""
        first = self.info.first_on.replace(day=1)
        return first if first < start <= self.info.first_on else start

    def _gather(
        self,
        table: dict[tuple[Any, ...], dict[str, Any]],
        body: str,
        last: str | None,
        entries: list[Metric],
        cuts: list[Dimension],
        periods: list[Period],
        filters: Filters,
        scope: Scope,
        unfiltered: bool,
    ) -> None:
        """Run one query over one relation and put its values into the table of groups."""
        seen = self._observed(periods)
        if not seen:
            return
        words = {word for entry in entries for word in re.findall(r"[a-z_0-9]+", entry.sql or "")}
        chosen, values = self._chosen(
            _JOINED.sub(lambda found: found[0] if found["name"] in words else "", body), last, seen, filters, scope, unfiltered
        )
        group = ["period" if cut.kind == "time" else cut.column for cut in cuts]
        keys = ", ".join(f"{column} as key_{index}" for index, column in enumerate(group))
        columns = [aggregate(entry) for entry in entries]
        sql = f"{chosen} select {keys + ', ' if keys else ''}{', '.join(columns)} from chosen{' group by all' if keys else ''}"
        _, rows = self._fetch(sql, values, ", ".join(entry.id for entry in entries))
        for row in rows:
            key = row[: len(group)]
            cells = table.setdefault(key, {})
            for entry, value in zip(entries, row[len(group) :], strict=True):
                cells[entry.id] = measured_value(entry, value)

    def _chosen(
        self, body: str, last: str | None, periods: list[Period], filters: Filters, scope: Scope, unfiltered: bool
    ) -> tuple[str, dict[str, Any]]:
        """The start of a query that leaves `chosen`, the rows of a relation over some periods that filters and scope let through."""
        values: dict[str, Any] = {
            "labels": [p.label for p in periods],
            "starts": [p.start for p in periods],
            "untils": [min(p.until, self.info.as_of) for p in periods],
        }
        where = ["is_last"] if last is not None else []
        if not unfiltered:
            for name, chosen in filters.where:
                where.append(f"list_contains($only_{name}, {dimension(name).column})")
                values[f"only_{name}"] = list(chosen)
            if scope.teams is not None:
                where.append("list_contains($scope_teams, team)")
                values["scope_teams"] = list(scope.teams)
            if scope.collector is not None:
                where.append("collector_id = $scope_collector")
                values["scope_collector"] = scope.collector
        sql = (
            "with period as (select unnest($labels::date[]) as period, unnest($starts::date[]) as start_on, "
            "unnest($untils::date[]) as until_on), "
            f"chosen as (select * from ({body}) as related{' where ' + ' and '.join(where) if where else ''})"
        )
        return sql, values

    def _observed(self, periods: list[Period]) -> list[Period]:
        """The periods that the data reaches at all."""
        return [p for p in periods if p.start <= self.info.as_of and p.until >= self.info.first_on]

    def _mark_unrecorded(self, table: dict[tuple[Any, ...], dict[str, Any]], names: tuple[str, ...], at: int | None, periods: list[Period]) -> None:
        """What contacts or complaints tell is not known of a time before the first on record; `at`: where a key has its period.

        Credits are: what no contact came before is a share of the cash like any other, and with it they add up.
        """
        for source in _FIRST_OF:
            marked = [entry.id for entry in plain(names) if entry.of != "credits" and any(need.split(".")[0] == source for need in entry.needs)]
            first = self._since_first(source) if marked else None
            early = {period.label for period in periods if first is not None and period.until < first}
            for key, values in table.items() if early else ():
                if at is None or key[at] in early:
                    values.update(dict.fromkeys(marked, UNRECORDED))

    def _since_first(self, source: str) -> date | None:
        if source not in self._first_of:
            self._first_of[source] = self._fetch(_FIRST_OF[source], {}, "sources")[1][0][0]
        return self._first_of[source]

    @staticmethod
    def _sort(rows: list[dict[str, Any]], cut: Dimension) -> None:
        """Put rows in the order of a cut: buckets and states by their rank, others by value, unknown ones last."""
        if cut.codes in ("bucket", "state"):
            ranks = bucket_ranks()
            rows.sort(key=lambda row: (ranks.get(row[cut.id], len(ranks)), str(row[cut.id])))
        elif any(row[cut.id] is None for row in rows):
            rows.sort(key=lambda row: (row[cut.id] is None, row[cut.id]))
        else:
            rows.sort(key=itemgetter(cut.id))


class Unloaded(Warehouse):
    """What stands in for a snapshot before the first load: nothing is supplied, and a question raises NothingLoaded."""

    def __init__(self, home: Path) -> None:
        spec = contract()
        self.info = SnapshotInfo("default", "none", home, spec.earliest, spec.earliest, spec.currency, spec.timezone, "", None, "", 0)
        self._supplied, self._values, self._held, self._lasting = {}, {}, {}, {}
        self._tables = Tables(self.info, ())

    def _fetch_columns(self, sql: str, values: dict[str, Any], name: str, absent: str | None = None) -> dict[str, npt.NDArray[Any]]:
        raise NothingLoaded(f"nothing is loaded in {self.info.path}: no {name}")

    def _fetch(self, sql: str, values: dict[str, Any], name: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        raise NothingLoaded(f"nothing is loaded in {self.info.path}: no {name}")


def _array(column: pyarrow.Array, absent: str | None) -> npt.NDArray[Any]:
    """A column as an array; of texts each one there is made once, and every row that holds it holds the same."""
    if not pyarrow.types.is_string(column.type):
        return np.asarray(column.to_numpy(zero_copy_only=False))
    found: npt.NDArray[Any] = np.full(len(column), absent, dtype=object)
    there, texts = np.asarray(column.is_valid()), column.drop_null() if column.null_count else column
    first = texts[:_FEW]
    if len(first.unique()) == len(first) == _FEW:  # of ids no two rows hold the same
        found[there] = texts.to_numpy(zero_copy_only=False)
    else:
        numbered = texts.dictionary_encode()
        found[there] = np.take(np.array(numbered.dictionary.to_pylist(), dtype=object), np.asarray(numbered.indices))
    return found


#: The first day of which a table tells anything: of complaints that of an incident, which may be before any was received.
_FIRST_OF = {
    "contacts": "select min(first_on) from model.sources where table_id = 'contacts'",
    "complaints": "select min(fell_on) from model.complaints",
}
#: The days of rows that may be dated after the as-of day (contacts and promises made then aren't among the model tables' rows).
_DATED = (("cash", "paid_on"), ("cash", "posted_on"), ("workdays", "worked_on"))
#: Rows that tell whether a column of texts is one of ids.
_FEW = 1000


def _listed(values: Sequence[str] | None) -> list[str] | None:
    return None if values is None else list(values)


#: A column of a relation that is looked up in other rows: one line. Where nobody asks for it, it is left out, which the engine wouldn't do.
_JOINED = re.compile(r"^    [^\n]* in \(select [^\n]*\)\) as (?P<name>\w+),\n", flags=re.MULTILINE)
#: A limit of a report that may be left open: one line `($name is null or …)`.
_LIMIT = re.compile(r"^(?P<start>\s*(?:where |and |))\(\$(?P<name>\w+) is null or (?:(?!is null).)*\)$", flags=re.MULTILINE)


@cache
def _report_text(name: str) -> str:
    return re.sub(r"^--.*\n", "", (REPORTS / f"{name}.sql").read_text(encoding="utf-8"), flags=re.MULTILINE)


@cache
def reports() -> tuple[str, ...]:
    """The reports there are."""
    return tuple(sorted(path.stem for path in REPORTS.glob("*.sql")))
