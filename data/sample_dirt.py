"""Plants the dirt of real exports in the text of a table, and counts it; knows the contract's words, not the simulation.

A rejected or flagged row is always an extra row with a key of its own, so the clean rows, their children and their totals stay as truth.json says.
An accepted variant rewrites a clean row's text without changing its meaning. A row is used for at most one kind.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

REJECT_SHARE = 0.028  # of a table's rows, at most
GB18030 = "complaints"  # the one file written in GB18030


@dataclass(frozen=True)
class Dirt:
    """One kind of dirt for one table: column -> SQL over the row's text; `where` limits the rows it may start from."""

    verdict: str  # rejected, folded, flagged, accepted_variants
    kind: str
    change: dict[str, str] = field(default_factory=dict)
    where: str = "true"
    copies: int = 1


@dataclass
class Ledger:
    """What was planted: verdict -> kind -> table -> rows, and the money of the flagged rows (CNY)."""

    counts: dict[str, dict[str, dict[str, int]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(dict)))
    rows_written: dict[str, int] = field(default_factory=dict)
    money: dict[str, Decimal] = field(default_factory=dict)

    def add(self, verdict: str, kind: str, table: str, rows: int) -> None:
        """Count `rows` more rows."""
        if rows:
            kinds = self.counts[verdict][kind]
            kinds[table] = kinds.get(table, 0) + rows

    def as_dict(self) -> dict[str, Any]:
        """For truth.json; the four verdicts are always present."""
        verdicts = {
            name: {kind: dict(tables) for kind, tables in self.counts[name].items()}
            for name in ("rejected", "folded", "flagged", "accepted_variants")
        }
        note = "counts of rows. key_twice counts both rows of each pair (same new key, different content). rows_written = all rows in the file"
        money = {kind: str(amount) for kind, amount in self.money.items()}
        return {"note": note, **verdicts, "flagged_amount": money, "rows_written": self.rows_written}


def _orphan(column: str) -> Dirt:
    return Dirt("rejected", "orphan", {column: f"'Z' || {column}"})


def _reject(kind: str, column: str, text: str | None, where: str = "true") -> Dirt:
    return Dirt("rejected", kind, {column: "null" if text is None else f"'{text}'"}, where)


def _offset(column: str, shift: str, name: str) -> Dirt:
    return Dirt("accepted_variants", "time_offset", {column: f"strftime({column}::timestamp + interval '{shift}', '%Y-%m-%dT%H:%M:%S') || '{name}'"})


def _variant(kind: str, column: str, sql: str, where: str = "true") -> Dirt:
    return Dirt("accepted_variants", kind, {column: sql}, where)


def _slash(column: str) -> Dirt:
    return _variant("slash_date", column, f"strftime({column}::date, '%Y/%-m/%-d')", f"{column} is not null")


def _serial(column: str) -> Dirt:
    return _variant("excel_serial_date", column, f"({column}::date - date '1899-12-30')::varchar", f"{column} is not null")


def _money_text(column: str) -> Dirt:
    return _variant("text_amount", column, f"'¥' || format('{{:,.2f}}', {column}::double)", f"{column}::double >= 1000")


FOLDED = Dirt("folded", "exact_duplicate")
PAID = "kind = 'payment' and status = 'posted'"
KINDS: dict[str, list[Dirt]] = {
    "customers": [
        FOLDED,
        _reject("wrong_type", "monthly_income", "unknown"),
        _reject("implausible_date", "relationship_since", "1900-01-01"),
        _reject("unknown_code", "preferred_channel", "pigeon"),
        _money_text("monthly_income"),
        _variant("alias_code", "vulnerable", "'否'", "vulnerable = 'false'"),
    ],
    "cases": [
        _reject("missing_required", "product", None),
        _reject("wrong_type", "placed_balance", "n/a"),
        _orphan("customer_id"),
        Dirt("rejected", "closed_before_placed", {"closed_on": "(placed_on::date - 20)::varchar", "close_reason": "'paid'"}),
        Dirt("rejected", "unknown_code", {"close_reason": "'ESCALATED'"}, "closed_on is not null"),
        Dirt("rejected", "key_twice", {"placed_balance": "(placed_balance::decimal(18, 2) + {copy})::varchar"}, copies=2),
        FOLDED,
        _slash("placed_on"),
        _money_text("placed_balance"),
        _variant("alias_code", "close_reason", "'结清'", "close_reason = 'paid'"),
    ],
    "balances": [
        _orphan("case_id"),
        _reject("wrong_type", "days_past_due", "M2"),
        FOLDED,
        _slash("as_of"),
        _money_text("balance"),
        _variant("alias_code", "state", "'在催'", "state = 'open'"),
    ],
    "payments": [
        _reject("missing_required", "amount", None, PAID),
        _reject("wrong_type", "amount", "see note", PAID),
        _reject("unknown_code", "status", "REVERSED", PAID),
        _reject("unknown_code", "kind", "PTP", PAID),
        Dirt("rejected", "orphan", {"case_id": "'Z' || case_id"}, PAID),
        Dirt("rejected", "sign_against_kind", {"amount": "'-' || amount"}, PAID),
        _reject("implausible_date", "paid_on", "2206-01-05", PAID),
        _reject("payment_before_placement", "paid_on", "1995-06-01", PAID),
        Dirt("rejected", "key_twice", {"amount": "(amount::decimal(18, 2) + {copy})::varchar"}, PAID, copies=2),
        Dirt("folded", "exact_duplicate", where=PAID),
        Dirt("flagged", "same_case_amount_day", {}, PAID),
        Dirt(
            "flagged",
            "reversal_without_payment",
            {"kind": "'reversal'", "amount": "'-' || (amount::decimal(18, 2) + 0.01)::varchar", "reverses": "'P999999999999'"},
            PAID,
        ),
        Dirt(
            "flagged",
            "reversed_more_than_paid",
            {"kind": "'reversal'", "amount": "'-' || (amount::decimal(18, 2) + 50)::varchar", "reverses": "payment_id"},
            f"{PAID} and not has_reversal",
        ),
        _money_text("amount"),
        _slash("paid_on"),
        _serial("paid_on"),
        _variant("alias_code", "kind", "' 还款 '", PAID),
        _variant("alias_code", "status", "'SUCCESS'", PAID),
        _variant("missing_collector", "collector_id", "null", "collector_id is not null"),
    ],
    "assignments": [_orphan("case_id"), _reject("missing_required", "collector_id", None), FOLDED],
    "collectors": [FOLDED, _reject("missing_required", "team", None)],
    "attendance": [_orphan("collector_id"), _reject("wrong_type", "productive_hours", "full day"), FOLDED, _slash("worked_on")],
    "contacts": [
        _reject("missing_required", "started_at", None),
        _reject("unknown_code", "outcome", "PROMISE_TO_PAY"),
        _orphan("case_id"),
        _reject("wrong_type", "duration_seconds", "two minutes"),
        Dirt("rejected", "key_twice", {"campaign": "'again {copy}'"}, copies=2),
        FOLDED,
        Dirt(
            "flagged",
            "contact_outside_employment",
            {"collector_id": "getvariable('late_collector')"},
            "collector_id is not null and started_at::date < getvariable('late_hired')",
        ),
        _offset("started_at", "0 hours", "+08:00"),
        _offset("started_at", "-8 hours", "+00:00"),
        _offset("started_at", "-150 minutes", "+05:30"),
        _variant("alias_code", "outcome", "'Conversation '", "outcome = 'conversation'"),
        _variant("alias_code", "outcome", "'有效通话'", "outcome = 'conversation'"),
        _variant("alias_code", "channel", "'电话'", "channel = 'phone'"),
        _variant("missing_collector", "collector_id", "null", "collector_id is not null and channel = 'phone'"),
    ],
    "promises": [_orphan("case_id"), _reject("missing_required", "due_on", None), FOLDED, _serial("due_on"), _money_text("amount")],
    "plans": [_orphan("case_id"), FOLDED],
    "instalments": [_orphan("plan_id"), FOLDED, _slash("due_on")],
    "followups": [_reject("unknown_code", "willingness", "maybe"), _orphan("case_id"), FOLDED],
    "complaints": [_orphan("case_id"), _reject("wrong_type", "received_at", "last Tuesday"), FOLDED],
    "reviews": [_reject("out_of_range", "score", "140"), _orphan("collector_id"), FOLDED],
    "trainings": [_reject("unknown_code", "kind", "yoga"), FOLDED],
    "targets": [_reject("wrong_type", "value", "high")],
    "milestones": [],
}
# the part of the key that an extra row gets new (a prefix, or another day or name for keys made of references)
NEW_KEY = {
    "customers": ("customer_id", "'Z' || customer_id"),
    "cases": ("case_id", "'Z' || case_id"),
    "payments": ("payment_id", "'Z' || payment_id"),
    "contacts": ("contact_id", "'Z' || contact_id"),
    "promises": ("promise_id", "'Z' || promise_id"),
    "plans": ("plan_id", "'Z' || plan_id"),
    "followups": ("followup_id", "'Z' || followup_id"),
    "complaints": ("complaint_id", "'Z' || complaint_id"),
    "reviews": ("review_id", "'Z' || review_id"),
    "collectors": ("collector_id", "'Z' || collector_id"),
    "balances": ("as_of", "(as_of::date - 1)::varchar"),
    "assignments": ("assigned_at", "(assigned_at::timestamp + interval 7 seconds)::varchar"),
    "attendance": ("worked_on", "(worked_on::date - 3650)::varchar"),
    "instalments": ("number", "(number::integer + 100)::varchar"),
    "trainings": ("course", "course || ' *'"),
    "targets": ("metric", "metric || '_x'"),
}


def write_table(con: duckdb.DuckDBPyConnection, export: Path, table: str, select: str, order: str, ledger: Ledger) -> None:
    """Write one table as text with its dirt and count it in `ledger`."""
    con.execute(f"create or replace temp table drawn as {select} limit 0")
    columns = [row[0] for row in con.execute("select column_name from (describe drawn)").fetchall()]
    texts = ", ".join(f'"{name}"::varchar as "{name}"' for name in columns)
    con.execute(
        f"""create or replace temp table dirty as
        select {texts}, (row_number() over (order by {order}))::double as row_no, false as used, false as has_reversal from ({select})"""
    )
    _prepare(con, table)
    total = int(_scalar(con, "select count(*) from dirty"))
    budget, extras = int(total * REJECT_SHARE), 0
    for number, dirt in enumerate(KINDS[table], start=1):
        want = min(200, max(1, total // 1500))
        if dirt.verdict == "rejected":
            want = min(want, budget // dirt.copies)
            budget -= want * dirt.copies
        planted = _plant(con, table, columns, dirt, number, want)
        extras += planted if dirt.verdict != "accepted_variants" else 0
        ledger.add(dirt.verdict, dirt.kind, table, planted)
        if dirt.verdict == "flagged" and table == "payments":
            ledger.money[dirt.kind] = Decimal(_scalar(con, "select coalesce(sum(amount::decimal(18, 2)), 0)::varchar from picked"))
    extras += _tail(con, table, columns, budget, ledger)
    if table == "customers":
        ledger.add("accepted_variants", "leading_zero_id", table, total)
    if table == "cases":
        ledger.add("flagged", "last_month_partial", "export", 1)
    ledger.rows_written[table] = total + extras
    _save(con, export, table, columns, ledger)


def _scalar(con: duckdb.DuckDBPyConnection, sql: str) -> Any:
    row = con.execute(sql).fetchall()[0]
    return row[0]


def _prepare(con: duckdb.DuckDBPyConnection, table: str) -> None:
    if table == "payments":
        con.execute("update dirty set has_reversal = true where payment_id in (select reverses from dirty where reverses is not null)")
    if table == "contacts":
        con.execute("set variable late_hired = (select max(hired_on) from occupant)")
        con.execute(
            """set variable late_collector =
            (select 'W' || lpad(min(collector_no)::varchar, 5, '0') from occupant where hired_on = getvariable('late_hired'))"""
        )


def _plant(con: duckdb.DuckDBPyConnection, table: str, columns: list[str], dirt: Dirt, number: int, want: int) -> int:
    """Change or add up to `want` rows (pairs count twice); the number of rows that carry the dirt."""
    con.execute(
        f"""create or replace temp table source as select * from dirty where not used and ({dirt.where})
        order by u(row_no::bigint * 64 + {number}, 'dirt'), row_no limit {want}"""
    )
    con.execute("update dirty set used = true where row_no in (select row_no from source)")
    if dirt.verdict == "accepted_variants":
        changes = ", ".join(f'"{name}" = {sql}' for name, sql in dirt.change.items())
        con.execute(f"update dirty set {changes} where row_no in (select row_no from source)")
        return int(_scalar(con, "select count(*) from source"))
    key, new_key = NEW_KEY.get(table, ("", ""))
    planted = 0
    for copy in range(dirt.copies):
        replaced = {name: sql.replace("{copy}", str(copy + 1)) for name, sql in dirt.change.items()}
        if dirt.verdict != "folded" and key not in replaced:
            replaced[key] = new_key.replace("'Z'", f"'Z{number:02d}'")
        items = ", ".join(f'{replaced[name]} as "{name}"' if name in replaced else f'"{name}"' for name in columns)
        con.execute(
            f"""create or replace temp table picked as
            select {items}, row_no + {0.1 * (copy + 1)} as row_no, true as used, false as has_reversal from source"""
        )
        con.execute("insert into dirty select * from picked")
        planted += int(_scalar(con, "select count(*) from picked"))
    return planted


def _tail(con: duckdb.DuckDBPyConnection, table: str, columns: list[str], budget: int, ledger: Ledger) -> int:
    """Blank rows and a totals row at the bottom of payments."""
    if table != "payments" or budget < 3:
        return 0
    empty = ", ".join("null" for _ in columns)
    con.execute(f"insert into dirty select {empty}, 1e15 + range, true, false from range(2)")
    ledger.add("rejected", "blank_row", table, 2)
    amount = _scalar(con, f"select sum(try_cast(amount as decimal(18, 2)))::varchar from dirty where {PAID}")
    values = {"payment_id": "合计", "amount": str(amount)}
    items = ", ".join(f"'{values[name]}'" if name in values else "null" for name in columns)
    con.execute(f"insert into dirty select {items}, 2e15, true, false")
    ledger.add("rejected", "totals_row", table, 1)
    return 3


def _save(con: duckdb.DuckDBPyConnection, export: Path, table: str, columns: list[str], ledger: Ledger) -> None:
    path = export / f"{table}.csv"
    target = str(path).replace("'", "''")
    names = ", ".join(f'"{name}"' for name in columns)
    con.execute(f"copy (select {names} from dirty order by row_no) to '{target}' (format csv, header true)")
    if table == GB18030:
        path.write_bytes(path.read_text(encoding="utf-8").encode("gb18030"))
        ledger.add("accepted_variants", "encoding_gb18030", table, int(_scalar(con, "select count(*) from dirty")))
