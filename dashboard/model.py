"""Builds the `model` tables of a snapshot from its `export` tables (queries/model/*.sql), its flags and its tie-out."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from functools import cache
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb

from dashboard import jobs
from dashboard.compliance import rules as conduct
from dashboard.contract import CONTRACT, ROOT, contract
from dashboard.filters import EARLIEST, month_end, month_number, presets

MODEL = ROOT / "queries" / "model"
FLAGS = ROOT / "queries" / "flags"
MONEY = ROOT / "queries" / "macros" / "money.sql"
CONTACT = ROOT / "queries" / "macros" / "contact.sql"
ROLLUPS = ROOT / "queries" / "rollups.toml"
#: Credits are a relation, as most periods ask for few of them; over all postings they are a view, to be rolled up.
CREDITS = ROOT / "queries" / "relations" / "credits.sql"
CREDIT = ROOT / "queries" / "macros" / "credit.sql"
BUCKETS = ROOT / "data" / "rules" / "buckets.toml"
CONTACT_RULES = ROOT / "data" / "rules" / "contact.toml"
PROMISE_RULES = ROOT / "data" / "rules" / "promises.toml"
PLAN_RULES = ROOT / "data" / "rules" / "plans.toml"
SCORES = ROOT / "data" / "rules" / "score_bands.toml"
QUALITY = ROOT / "data" / "rules" / "quality.toml"
RULES = (BUCKETS, CONTACT_RULES, PROMISE_RULES, PLAN_RULES, SCORES, QUALITY, conduct.CONDUCT)
INSTALMENT_ROWS = (
    "select plans.case_id, list(instalments.rowid) as row_ids from export.instalments as instalments "
    "inner join export.plans as plans on instalments.plan_id = plans.plan_id group by plans.case_id order by plans.case_id"
)
READS = re.compile(r"\bmodel\.(\w+)")
NEVER = 2**31  # a load that there is none of
CALENDAR_MONTHS = 62  # months as bits of one whole number, so that the bits of all of them together are one too
#: What contacts counted by kind add up to, where it isn't what their kind counts for times their number.
COUNTED = {
    "early_count": "kinds.attempt_count * counted.early_count",
    "cost_amount": "case when kinds.attempt_count = 1 then counted.cost_amount end",
    "costed_count": "kinds.attempt_count * counted.costed_count",
    "handled_seconds": "case when kinds.automated = 0 and kinds.call_connected_count = 1 then counted.handled_seconds end",
    "party_known_count": "kinds.connected_count * counted.party_known_count",
    "third_party_count": "kinds.connected_count * counted.third_party_count",
    "handled_count": "case when kinds.automated = 0 then kinds.call_connected_count * counted.handled_count else 0 end",
}
FAR_DAYS = 60  # a last day this far behind nothing, with few rows, is a typing error and not the export's last day
FAR_ROWS = 1000


class TieOutError(AssertionError):
    """Money that doesn't add up inside a load: a defect of the product, never of the export."""


@cache
def version() -> str:
    """Fingerprint of everything that makes `model` tables; a snapshot of another version is rebuilt when loaded again."""
    digest = sha256()
    for path in [
        *sorted(MODEL.glob("*.sql")),
        *sorted(FLAGS.glob("*.sql")),
        MONEY,
        CONTACT,
        CREDIT,
        CREDITS,
        *RULES,
        ROLLUPS,
        CONTRACT,
        Path(__file__),
    ]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


@cache
def bucket_rules() -> dict[str, Any]:
    return tomllib.loads(BUCKETS.read_text(encoding="utf-8"))


@cache
def contact_rules() -> list[dict[str, Any]]:
    """The settings of what counts as contact, the earliest first."""
    return sorted(tomllib.loads(CONTACT_RULES.read_text(encoding="utf-8"))["setting"], key=lambda setting: setting["valid_from"])


def contact_setting(as_of: date) -> dict[str, Any]:
    """The setting of what counts as contact that is in force on a day (the first one before any)."""
    return next((setting for setting in reversed(contact_rules()) if setting["valid_from"] <= as_of), contact_rules()[0])


@cache
def promise_rules() -> dict[str, Any]:
    """When a promise is kept: the settings by date, and those a page may choose."""
    return tomllib.loads(PROMISE_RULES.read_text(encoding="utf-8"))


def promise_setting(as_of: date) -> dict[str, Any]:
    """The grace and tolerance in force on a day."""
    settings = sorted(promise_rules()["setting"], key=lambda setting: setting["valid_from"])
    return next((setting for setting in reversed(settings) if setting["valid_from"] <= as_of), settings[0])


@cache
def plan_rules() -> list[dict[str, Any]]:
    """The settings of when instalments are paid, plans broken and follow-ups in time, the earliest first."""
    return sorted(tomllib.loads(PLAN_RULES.read_text(encoding="utf-8"))["setting"], key=lambda setting: setting["valid_from"])


def plan_setting(as_of: date) -> dict[str, Any]:
    """The setting of plans and follow-ups that is in force on a day (the first one before any)."""
    return next((setting for setting in reversed(plan_rules()) if setting["valid_from"] <= as_of), plan_rules()[0])


def quality_setting(as_of: date) -> dict[str, Any]:
    """When a review fails and how long training stays valid, as in force on a day."""
    settings = sorted(tomllib.loads(QUALITY.read_text(encoding="utf-8"))["setting"], key=lambda setting: setting["valid_from"])
    return next((setting for setting in reversed(settings) if setting["valid_from"] <= as_of), settings[0])


def horizon(
    con: duckdb.DuckDBPyConnection, declared: date | None, events: Callable[[str, str], str] = lambda name, _: f"export.{name}"
) -> tuple[date, date]:
    """(as of, first day): the last complete day over the event tables, and the first day of any of them.

    `events`: the relation that holds a column of a table. Leaves temp table `source_day` (table_id, day, rows, last_time) and `far_later`
    (table_id, after).
    """
    con.execute("create temp table source_day (table_id varchar, day date, row_count bigint, last_time time)")
    con.execute("create temp table far_later (table_id varchar, after date)")
    dated = []
    for table in contract().tables.values():
        if table.event is not None:
            timed = table.columns[table.event].type == "time"
            latest = f"cast(max({table.event}) as time)" if timed else "cast(null as time)"
            dated.append(
                f"select '{table.id}', cast({table.event} as date) as day, count(*), {latest} "
                f"from {events(table.id, table.event)} as seen where {table.event} is not null group by all"
            )
    con.execute(f"insert into source_day {' union all '.join(dated)}")
    lasts: list[date] = []
    for (name,) in con.execute("select distinct table_id from source_day order by table_id").fetchall():
        days = con.execute("select day, row_count from source_day where table_id = $name order by day desc", {"name": name}).fetchall()
        last = _believable_last(days)
        if last != days[0][0]:
            con.execute("insert into far_later values ($name, $last)", {"name": name, "last": last})
        lasts.append(last)
    row = con.execute(
        "select coalesce(min(day) filter (where table_id in ('cases', 'payments', 'balances', 'contacts')), min(day)) from source_day"
    ).fetchone()
    if not lasts or row is None or row[0] is None:
        # collectors, targets or milestones alone: the plan's own dates are all there is
        row = con.execute(
            f"select max(d), min(d) from (select month as d from {events('targets', 'month')} as t "
            f"union all select baseline_start from {events('milestones', 'baseline_start')} as m "
            f"union all select hired_on from {events('collectors', 'hired_on')} as c "
            f"union all select relationship_since from {events('customers', 'relationship_since')} as u)"
        ).fetchone()
        last, first = (row[0], row[1]) if row and row[0] else (contract().earliest, contract().earliest)
        return declared or last, first
    if declared is not None:
        return declared, row[0]
    last = max(lasts)
    return (last - timedelta(days=1) if _breaks_off(con, last) else last), row[0]


def _believable_last(days: list[tuple[date, int]]) -> date:
    """The last day, unless it and a few others stand far behind all the rest."""
    total = sum(count for _, count in days)
    above = 0
    for (day, count), (before, _) in pairwise(days):
        above += count
        if above * FAR_ROWS > total:
            break
        if (day - before).days > FAR_DAYS:
            return before
    return days[0][0]


def _breaks_off(con: duckdb.DuckDBPyConnection, last: date) -> bool:
    """The last day's timed events stop more than an hour before any of the fourteen active days before it did."""
    rows = con.execute(
        "select day, max(last_time) from source_day where last_time is not null and day <= $last group by day order by day desc limit 15",
        {"last": last},
    ).fetchall()
    if len(rows) < 8 or rows[0][0] != last:
        return False
    earliest = min(moment for _, moment in rows[1:])
    final = rows[0][1]
    return bool(final.hour * 60 + final.minute < earliest.hour * 60 + earliest.minute - 60)


def build(con: duckdb.DuckDBPyConnection, as_of: date, report: Callable[[str, float], None]) -> None:
    """Create schema `model` and all its tables, then `meta.flags`."""
    con.execute("create schema model")
    settings(con, as_of)
    nothing_known(con)
    source_days(con)
    _months(con, as_of)
    jobs.run(con, tables() | {name: rolled_up(name) for name in rollups()}, READS, report)
    con.execute("drop table model.known_cases; drop table model.known_postings; drop table model.last_keys")
    con.execute(
        "create table meta.tables (name varchar, of varchar, columns varchar[], months varchar[], row_count bigint, limited map(varchar, varchar))"
    )
    register(con)
    flag(con)


def model_files() -> dict[str, Path]:
    """Model table → its file, in the order they are built."""
    return {path.stem.split("_", 1)[1]: path for path in sorted(MODEL.glob("*.sql"))}


def tables() -> dict[str, str]:
    """The statement that makes each model table or view, in the order they are built."""
    view = re.sub(r"\brelation\.cash\b", "model.cash", CREDITS.read_text(encoding="utf-8"))
    return {name: path.read_text(encoding="utf-8") for name, path in model_files().items()} | {"credits": f"create view model.credits as {view}"}


def in_force(as_of: date) -> dict[str, int]:
    """The dated settings that hold on a day, by the name of the macro that says each."""
    values = {name: value for name, value in contact_setting(as_of).items() if isinstance(value, int)}
    values |= {name: int(quality_setting(as_of)[name]) for name in ("review_pass_mark", "training_valid_days")}
    return values | {name: int(plan_setting(as_of)[name]) for name in ("plan_observed_days", "followup_days")}


def settings(con: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """The macros and small tables that model files, relations and metrics read; kept in the snapshot, so that they mean what they meant."""
    con.execute(f"create or replace macro as_of_day() as cast('{as_of.isoformat()}' as date)")
    con.execute(f"create or replace macro calendar_months() as {CALENDAR_MONTHS}")
    con.execute(MONEY.read_text(encoding="utf-8"))
    con.execute(CREDIT.read_text(encoding="utf-8"))
    con.execute(f"create or replace macro charge_off_lag_months() as {int(bucket_rules()['charge_off_lag_months'])}")
    con.execute(f"create or replace macro stale_after_days() as {int(bucket_rules()['stale_after_days'])}")
    con.execute(f"create or replace macro repromise_days() as {int(promise_rules()['repromise_days'])}")
    for name, value in in_force(as_of).items():
        con.execute(f"create or replace macro {name}() as {value}")
    con.execute(CONTACT.read_text(encoding="utf-8"))
    _bucket_edges(con)
    _promise_settings(con)
    _plan_settings(con)
    _score_bands(con)
    con.execute(f"create or replace macro longest_rule_days() as {max(one.days for one in conduct.rules())}")
    con.execute(f"create or replace table model.contact_rules ({conduct.COLUMNS})")
    con.executemany(f"insert into model.contact_rules values ({', '.join('?' * len(conduct.rows()[0]))})", conduct.rows())
    _spans(con, as_of)


def nothing_known(con: duckdb.DuckDBPyConnection) -> None:
    """The keys of cases and postings that are known already: none."""
    con.execute("create table model.known_cases (case_id varchar, case_key bigint)")
    con.execute("create table model.known_postings (payment_id varchar, posting_key bigint)")
    con.execute("create table model.last_keys as select cast(0 as bigint) as case_key, cast(0 as bigint) as posting_key")


def source_days(con: duckdb.DuckDBPyConnection) -> None:
    # a source's usual silence is the longest in its last quarter: trainings come in bunches, calls every day
    con.execute(
        "create or replace table model.source_days as with seen as (select *, max(day) over (partition by table_id) as last_day, "
        "date_diff('day', lag(day) over (partition by table_id order by day), day) as gap from source_day where day <= as_of_day()) "
        "select table_id, sum(row_count) as row_count, min(day) as first_on, max(day) as last_on, "
        "count(*) filter (where day > last_day - 91) as recent_days, max(gap) filter (where day > last_day - 91) as longest_gap "
        "from seen group by table_id"
    )


def flags() -> dict[str, str]:
    """The select that finds each kind of flag."""
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(FLAGS.glob("*.sql"))}


def flag(con: duckdb.DuckDBPyConnection, instead: Mapping[str, str] | None = None) -> None:
    """Create `meta.flags`. `instead`: selects that come to the same as some of `flags()`."""
    con.execute(
        "create or replace table meta.flags (kind varchar, table_id varchar, source_file integer, source_line bigint, key varchar, detail varchar)"
    )
    for select in (flags() | dict(instead or {})).values():
        con.execute(f"insert into meta.flags {select}")
    con.execute("insert into meta.flags select 'far_later_date', table_id, null, null, null, cast(after as varchar) from far_later")
    _flag_orphans(con)


def _flag_orphans(con: duckdb.DuckDBPyConnection) -> None:
    """Rows that were taken in when the table they refer to was not supplied yet, and that it turned out not to have.

    Later rows are held against it when they come in (dashboard/checks.py).
    """
    first = dict(con.execute("select table_id, min(load_number) from meta.files where table_id is not null group by table_id").fetchall())
    for table in contract().tables.values():
        for column in table.loaded:
            if column.parent is not None and first.get(table.id, NEVER) < first.get(column.parent, 0):
                parent = contract().tables[column.parent]
                con.execute(
                    f"insert into meta.flags select 'orphan_in_service', $table, t.source_file, t.source_line, t.{table.key[0]}, "
                    f"$column || ' ' || t.{column.id} from export.{table.id} as t where t.{column.id} is not null "
                    f"and not exists (select 1 from export.{parent.id} as p where p.{parent.key[0]} = t.{column.id})",
                    {"table": table.id, "column": column.id},
                )


def index_cases(con: duckdb.DuckDBPyConnection) -> None:
    """Tables `rows_of_case.TABLE`: where each case's rows stand, in the order of cases, so that one case's story is no scan.

    Row ids move at a checkpoint that clears away deleted rows: the caller has made one, and writes nothing to `export` after it.
    """
    con.execute("create schema rows_of_case")
    for table in contract().tables.values():
        if "case_id" in table.columns:
            con.execute(
                f"create table rows_of_case.{table.id} as select case_id, list(rowid) as row_ids from export.{table.id} "
                "where case_id is not null group by case_id order by case_id"
            )
    con.execute("create table rows_of_case.instalments as " + INSTALMENT_ROWS)


@cache
def rollups() -> dict[str, dict[str, Any]]:
    """Roll-up → what it is of, its dims, months, sums and the values it is limited to (queries/rollups.toml)."""
    return tomllib.loads(ROLLUPS.read_text(encoding="utf-8"))


def summed(column: str, of: str | None = None) -> str:
    """The sum of a roll-up's column (`of` what, else of itself), as narrow as what it adds up: the database's own sums take twice the room."""
    kind = "decimal(18, 2)" if column.endswith(("_amount", "_share")) else "decimal(18, 4)" if column.endswith("_hours") else "bigint"
    return f"cast(sum({of or column}) as {kind})"


def grouped(name: str, relation: str, sign: int = 1) -> str:
    """The select that makes a roll-up of a relation with its table's columns; with a `sign` of -1, what taking those rows away changes."""
    entry = rollups()[name]
    months, minus = entry.get("months", []), "-" if sign < 0 else ""
    dims = ", ".join(f"cast(date_trunc('month', {dim}) as date) as {dim}" if dim in months else dim for dim in entry["dims"])
    sums = ", ".join(f"{minus}{summed(column)} as {column}" for column in entry["sums"])
    only = " and ".join(f"{column} = '{value}'" for column, value in entry.get("only", {}).items())
    return f"select {dims}, {sums}, {minus}count(*) as row_count from {relation}{f' where {only}' if only else ''} group by all"


def rolled_up(name: str) -> str:
    """The statement that makes a roll-up of its table. `row_count` tells a group that has no row left from one whose sums are nothing."""
    made = counted(name) if "counted" in rollups()[name] else grouped(name, f"model.{rollups()[name]['of']}")
    return f"create table model.{name} as {made} order by all"


def counted(name: str) -> str:
    """The select that makes a roll-up of all contacts, the same as `grouped`: their number of each kind times what the kind counts for."""
    entry = rollups()[name]
    each = {column: COUNTED.get(column, f"kinds.{column} * counted.touch_count") for column in entry["sums"]}
    sums = ", ".join(f"{summed(column, of)} as {column}" for column, of in each.items())
    return (
        f"select {', '.join(entry['dims'])}, {sums}, cast(sum(counted.touch_count) as bigint) as row_count from ({entry['counted']}) as counted "
        "inner join model.contact_kinds as kinds on counted.kind = kinds.kind group by all"
    )


def register(con: duckdb.DuckDBPyConnection) -> None:
    """Fill meta.tables: what each roll-up and the tables they are of hold, and how large they are."""
    entries = {name: (entry["of"], entry.get("months", []), "count(*)", name) for name, entry in rollups().items()}
    of_which: dict[str, str] = {}
    for name, entry in rollups().items():
        of_which.setdefault(entry["of"], name)
    for of, name in of_which.items():  # a roll-up knows how many rows it is made of: a view would have to count
        entries[of] = (of, [], "coalesce(sum(row_count), 0)", name)
    for name, of, months in (("reach_spans", "reach_spans", []), ("holdings", "holdings", []), ("held_months", "holdings", ["month"])):
        entries[name] = (of, months, "count(*)", name)
    con.execute("delete from meta.tables")
    counts = " union all ".join(
        f"select '{name}' as name, {count} as row_count from model.{counted}" for name, (*_, count, counted) in entries.items()
    )
    con.execute(
        "insert into meta.tables by name select named.name, named.of, columns.names as columns, named.months, counts.row_count "
        f"from ({counts}) as counts "
        "inner join (select unnest($names) as name, unnest($of) as of, unnest($months::varchar[][]) as months) as named using (name) "
        "inner join (select table_name, list(column_name order by column_index) as names from duckdb_columns() "
        "where schema_name = 'model' and database_name = current_database() group by table_name) as columns on named.name = columns.table_name "
        "order by named.name",
        {"names": [*entries], "of": [of for of, *_ in entries.values()], "months": [months for _, months, *_ in entries.values()]},
    )
    for name, entry in rollups().items():
        if only := entry.get("only"):
            limits = {"name": name, "names": [*only], "values": [*only.values()]}
            con.execute("update meta.tables set limited = map($names::varchar[], $values::varchar[]) where name = $name", limits)
    con.execute(
        "update meta.tables set limited = (select map(list(cast(start_on as varchar)), list(cast(last_month_number as varchar))) from model.spans) "
        "where name = 'reach_spans'"
    )


def _bucket_edges(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("create or replace table model.bucket_edges (bucket varchar, rank integer, low bigint, high bigint, valid_from date, valid_to date)")
    schemes = sorted(bucket_rules()["scheme"], key=lambda scheme: scheme["valid_from"])
    ends = [scheme["valid_from"] for scheme in schemes[1:]] + [date(9999, 12, 31)]
    for scheme, valid_to in zip(schemes, ends, strict=True):
        rows = [(b["id"], rank, b["low"], b["high"], scheme["valid_from"], valid_to) for rank, b in enumerate(scheme["buckets"])]
        con.executemany("insert into model.bucket_edges values (?, ?, ?, ?, ?, ?)", rows)
    # the edges day by day, for large tables: found by equality, where ranges would have to be sorted and merged
    first, last = min(scheme["buckets"][0]["high"] for scheme in schemes), max(scheme["buckets"][-1]["low"] for scheme in schemes)
    con.execute(
        "create or replace table model.bucket_days as select days.day, edges.* from range($first, $last + 1) as days (day) "
        "inner join model.bucket_edges as edges on days.day between greatest(edges.low, $first) and least(edges.high, $last)",
        {"first": first, "last": last},
    )
    con.execute(f"create or replace macro bucket_day(days) as least(greatest(days, {first}), {last})")


def _promise_settings(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("create or replace table model.promise_settings (grace_days integer, tolerance decimal(4, 2), valid_from date, valid_to date)")
    settings = sorted(promise_rules()["setting"], key=lambda setting: setting["valid_from"])
    ends = [setting["valid_from"] for setting in settings[1:]] + [date(9999, 12, 31)]
    for setting, valid_to in zip(settings, ends, strict=True):
        row = [setting["grace_days"], setting["tolerance"], setting["valid_from"], valid_to]
        con.execute("insert into model.promise_settings values (?, ?, ?, ?)", row)
    graces = sorted({*promise_rules()["grace_choices"], *(setting["grace_days"] for setting in settings)})
    con.execute("create or replace table model.promise_graces as select unnest($graces)::integer as grace_days", {"graces": graces})


def _plan_settings(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("create or replace table model.plan_settings (grace_days integer, tolerance decimal(4, 2), valid_from date, valid_to date)")
    settings = plan_rules()
    ends = [setting["valid_from"] for setting in settings[1:]] + [date(9999, 12, 31)]
    for setting, valid_to in zip(settings, ends, strict=True):
        row = [setting["grace_days"], setting["tolerance"], setting["valid_from"], valid_to]
        con.execute("insert into model.plan_settings values (?, ?, ?, ?)", row)


def _score_bands(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("create or replace table model.score_bands (score_band varchar, low bigint, high bigint, valid_from date, valid_to date)")
    schemes = sorted(tomllib.loads(SCORES.read_text(encoding="utf-8"))["scheme"], key=lambda scheme: scheme["valid_from"])
    ends = [scheme["valid_from"] for scheme in schemes[1:]] + [date(9999, 12, 31)]
    for scheme, valid_to in zip(schemes, ends, strict=True):
        rows = [(band["id"], band["low"], band["high"], scheme["valid_from"], valid_to) for band in scheme["bands"]]
        con.executemany("insert into model.score_bands values (?, ?, ?, ?, ?)", rows)


def spans(as_of: date) -> list[tuple[date, int]]:
    """The periods of several whole months that a filter bar offers, by first day and number of the last month; not all there is."""
    offered = [period for name, period in presets(EARLIEST, as_of).items() if name != "all"]
    return [(start, month_number(until)) for start, until in offered if until > month_end(start)]


def _spans(con: duckdb.DuckDBPyConnection, as_of: date) -> None:
    con.execute("create or replace table model.spans (start_on date, last_month_number integer)")
    for span in spans(as_of):
        con.execute("insert into model.spans values (?, ?)", span)


def _months(con: duckdb.DuckDBPyConnection, as_of: date) -> None:
    """Months from the first placement to the as-of day; a closing month follows if that day is a month's last."""
    con.execute(
        "create table model.months (month date, month_number integer, last_on date, is_complete boolean, is_closing boolean, is_seen boolean)"
    )
    row = con.execute("select min(placed_on) from export.cases where placed_on <= as_of_day()").fetchone()
    first = row[0] if row and row[0] else as_of
    number, end = first.year * 12 + first.month - 1, as_of.year * 12 + as_of.month - 1
    last_complete = as_of == month_end(as_of)
    rows = []
    while number <= end + (1 if last_complete else 0):
        month = date(number // 12, number % 12 + 1, 1)
        rows.append((month, number, month_end(month), month_end(month) <= as_of, month > as_of))
        number += 1
    con.executemany("insert into model.months values (?, ?, ?, ?, ?, false)", rows)
    see_months(con, "export.balances")


def see_months(con: duckdb.DuckDBPyConnection, balances: str) -> None:
    """Mark the months of which some balances are known: in any other, all that is known of cases is how some of them left."""
    con.execute(f"update model.months set is_seen = true where month_number in (select month_number(as_of) from {balances})")


def tie_out(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """The money waterfall of the whole load, checked against the export's own postings to the cent."""
    row = con.execute(
        "select coalesce(sum(exported_amount), 0), coalesce(sum(duplicate_amount), 0), coalesce(sum(unposted_amount), 0), "
        "coalesce(sum(reversed_amount), 0), coalesce(sum(net_amount), 0), coalesce(sum(waived_amount), 0), coalesce(sum(fee_amount), 0), "
        "count(*) from model.cash"
    ).fetchone()
    assert row is not None
    names = ("exported_amount", "duplicate_amount", "unposted_amount", "reversed_amount", "net_amount", "waived_amount", "fee_amount")
    waterfall = dict(zip(names, row, strict=False))
    direct = con.execute("select coalesce(sum(net_of(kind, status, amount)), 0), count(*) from export.payments").fetchone()
    assert direct is not None
    exported, duplicate, unposted, reversed_, net = row[:5]
    if exported - duplicate - unposted - reversed_ != net or direct != (net, row[7]):
        raise TieOutError(f"waterfall {waterfall}, postings {row[7]}; export {direct}")
    return waterfall
