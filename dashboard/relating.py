"""Which relation answers a metric over some periods, and over which table: the smallest roll-up that holds enough, or single rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from dashboard.access import Scope
from dashboard.connection import QueryFailed
from dashboard.filters import Filters, month_end, month_number
from dashboard.home import SnapshotInfo
from dashboard.measuring import Period, relation_sql, single_valued
from dashboard.metrics import Dimension, Metric, dimension
from dashboard.model import CALENDAR_MONTHS

#: A line of a relation that looks up what a case has: where nobody asks for that it is left out, which the engine wouldn't do.
_LOOKED_UP = re.compile(r"^.*\battributes\b.*(?:\n|$)", flags=re.MULTILINE)
_ATTRIBUTES = {"product", "region", "batch", "placement_number", "strategy", "age_band", "placed_month"}
NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Table:
    """A model table or a roll-up of one: its columns, those that say the month alone, its rows, and the values it is limited to.

    One that has any of those answers whole months only.
    """

    name: str
    columns: frozenset[str]
    months: frozenset[str]
    rows: int
    only: Mapping[str, str]

    def answers(self, needed: set[str] | frozenset[str], whole_months: bool, asked: Mapping[str, Any]) -> bool:
        """Whether it holds the columns needed, and every row that has the values asked for."""
        limited = all(asked.get(name) == value for name, value in self.only.items())
        return needed <= self.columns and limited and (whole_months or not self.months)


class Tables:
    """The model tables of a snapshot that stand for each other, from the rows of meta.tables (an older snapshot's have fewer columns).

    `ahead`: whether there are rows dated after the as-of day in its month, which tables by month hold too.
    """

    def __init__(self, info: SnapshotInfo, rows: Iterable[Mapping[str, Any]], ahead: bool = False) -> None:
        self._info, self._ahead = info, ahead
        self._of: dict[str, list[Table]] = {}
        for row in rows:
            table = Table(row["name"], frozenset(row["columns"]), frozenset(row["months"]), row["row_count"], row.get("limited") or {})
            self._of.setdefault(row["of"], []).append(table)

    def related(
        self, entry: Metric, cuts: Sequence[Dimension], periods: Sequence[Period], filters: Filters, scope: Scope, by_row: bool = False
    ) -> str:
        """The relation of a metric for these periods, over the smallest table that holds every column it needs, or over single rows."""
        relation = entry.of or ""
        uses = [cut.column for cut in cuts if cut.kind != "time"]
        if not entry.unfiltered:
            uses += [dimension(name).column for name, _ in filters.where] + (["team"] if scope.teams is not None else [])
            uses += ["collector_id"] if scope.collector is not None else []
        words = set(re.findall(r"[a-z_0-9]+", entry.sql or ""))
        whole = all(self.whole(p.start, p.until) for p in periods)
        single = whole and all(p.until <= month_end(p.start) for p in periods)
        # what of several months no sum says (who paid, who was reached) the cases' calendars do, as far back as they go
        marked = whole and all(month_number(p.start) > month_number(self._info.as_of) - CALENDAR_MONTHS for p in periods)
        if relation == "stock":
            if not all(p.start.day == 1 for p in periods):
                relation = "stock_any_day"
            elif "paid_count" in words and not all(p.until == month_end(p.start) for p in periods):
                relation = "stock_months" if marked else "stock_part_month"
        elif relation == "planned_stock" and not all(p.start.day == 1 for p in periods):
            relation = "planned_stock_any_day"
        elif relation == "reach":
            attempts = "attempt_count" in words
            if not whole:
                relation = "reach_any_period"
            # of single months a roll-up answers, but not the rows of all months under it: they would be put together for every month there is
            elif not single or by_row or self.smallest("reach", words | {"month", *uses}, True) == "reach":
                one_by_one = (attempts and by_row) or not marked
                if not by_row and self._spanned(words | set(uses), periods):
                    relation = "reach_spans"
                else:
                    relation = "reach_any_period" if one_by_one else "reach_months_attempts" if attempts else "reach_months"
        elif relation == "holdings":
            ended = whole and all(p.until <= self._info.as_of for p in periods)
            if not by_row and self.smallest("holdings", words | set(uses), ended) == "held_months":
                relation = "held_months"
        elif relation == "cash":
            relation = _cash("bucket" in uses, periods)
        elif relation == "cohort" and by_row:
            relation = "cohort_by_case"  # the cohort's own table has no cases in it
        sql = relation_sql(relation)
        if "relation.cash" in sql:
            cash = _cash("bucket" in uses, periods)
            asked = single_valued(filters, entry.one_of, [cut.id for cut in cuts])
            if cash == "cash" and not by_row and (kept := self._kept(relation, words | set(uses), whole, asked)):
                return self._over(relation_sql("cash"), "cash", self._named(relation, kept), single)
            sql = sql.replace("relation.cash", f"({relation_sql(cash)}) as cash")
        if not by_row and not _ATTRIBUTES & (words | set(uses)):
            sql = _LOOKED_UP.sub("", sql)
        words |= set(re.findall(r"[a-z_0-9]+", sql))
        return re.sub(r"\brolled\.", "model.", sql) if by_row else self.rolled(sql, words | set(uses), whole, single=single)

    def whole(self, start: date, until: date) -> bool:
        """Whether tables by month answer a period: of whole months, the running one among them unless rows of it are dated after the as-of day."""
        if until >= self._info.as_of:
            until = self._info.as_of if self._ahead else month_end(until)
        return start.day == 1 and until == month_end(until)

    def _spanned(self, words: set[str], periods: Sequence[Period]) -> bool:
        """Whether model.reach_spans, which holds some periods alone, has these and every column they need."""
        for table in self._of.get("reach_spans", ()):
            known = next(other.columns for other in self._of["reach"] if other.name == "reach")
            lasts = [table.only.get(p.start.isoformat()) == str(month_number(min(p.until, self._info.as_of))) for p in periods]
            return words & known <= table.columns and all(lasts)
        return False

    def rolled(self, sql: str, words: set[str], whole_months: bool, asked: Mapping[str, Any] = NOTHING, single: bool = False) -> str:
        """rolled.NAME is the model table of that name, or the roll-up of it that answers as well."""
        for base in set(re.findall(r"\brolled\.(\w+)", sql)):
            sql = self._over(sql, base, self._named(base, self.smallest(base, words, whole_months, asked)), single)
        return sql

    @staticmethod
    def _over(sql: str, base: str, table: Table, single: bool) -> str:
        """The text with rolled.BASE a table. Of `single` months each month is one period's: that is found sooner than what lies between days."""
        aliases = re.findall(rf"\brolled\.{base} as (\w+)", sql) if single and table.months else []
        for alias in aliases:
            between = rf"\b{alias}\.({'|'.join(sorted(table.months))}) >= period\.start_on and {alias}\.\1 <= period\.until_on\b"
            sql = re.sub(between, rf"{alias}.\1 = period.start_on", sql)
        return re.sub(rf"\brolled\.{base}\b", f"model.{table.name}", sql)

    def _named(self, base: str, name: str) -> Table:
        return next(table for table in self._of[base] if table.name == name)

    def smallest(self, base: str, words: set[str], whole_months: bool, asked: Mapping[str, Any] = NOTHING) -> str:
        """The smallest of a model table and its roll-ups that holds all columns named; one by months only answers whole months."""
        tables = self._of.get(base)
        if tables is None:
            raise QueryFailed(f"{base}: snapshot {self._info.id} was made before there was such a table: load its export again")
        needed = words & next(table.columns for table in tables if table.name == base)
        fit = [(table.rows, table.name) for table in tables if table.answers(needed, whole_months, asked)]
        return min(fit)[1]

    def _kept(self, relation: str, words: set[str], whole_months: bool, filters: Filters) -> str | None:
        """The smallest roll-up of a relation itself that answers, if one does: some hold the rows of a filter's usual values alone."""
        tables = self._of.get(relation, [])
        needed = words & next((table.columns for table in tables if table.name == relation), frozenset())
        one_valued = {name: chosen[0] for name, chosen in filters.where if len(chosen) == 1}
        fit = [(table.rows, table.name) for table in tables if table.name != relation and table.answers(needed, whole_months, one_valued)]
        return min(fit)[1] if fit else None


def _cash(by_bucket: bool, periods: Sequence[Period]) -> str:
    """The relation of postings: one that finds the bucket in which a case began the period, unless that is the month's, which stands in the row."""
    if not by_bucket or all(p.start.day == 1 and p.until <= month_end(p.start) for p in periods):
        return "cash"
    return "cash_months" if all(p.start.day == 1 for p in periods) else "cash_any_period"
