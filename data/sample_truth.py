"""truth.json: what was planted in a synthetic export, in stated units, so that estimators can be checked against it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from data import sample_world
from data.sample_dirt import Ledger

Rows = list[dict[str, Any]]
TABLE_ROWS = {
    "cases": "base_case",
    "balances": "balance",
    "payments": "posting",
    "assignments": "holding",
    "collectors": "occupant",
    "attendance": "attendance",
    "contacts": "contact",
    "promises": "promise",
    "plans": "plan",
    "followups": "followup",
    "complaints": "complaint",
    "reviews": "review",
    "trainings": "training",
    "targets": "target",
    "milestones": "milestone",
}


def write(con: duckdb.DuckDBPyConnection, export: Path, *, facts: dict[str, Any], first: date, last: date, dirt: Ledger | None) -> None:
    """Write truth.json. Amounts are strings with two decimals in CNY; shares and probabilities 0-1; effects log hazard per 30 days."""
    counts = {table: int(_one(con, f"select count(*) from {source}")) for table, source in TABLE_ROWS.items()}
    counts["customers"] = int(_one(con, "select count(distinct customer_no) from base_case"))
    counts["instalments"] = int(_one(con, "select coalesce(sum(new_n), 0) from plan"))
    truth: dict[str, Any] = {
        "made_with": facts | {"first_day": str(first), "last_day": str(last)},
        "units": {
            "amount": "CNY, text with two decimals",
            "effect": "log hazard of paying per 30 days: p = 1 - exp(-exp(eta)); exp(effect) multiplies the hazard",
            "probability": "share 0-1",
            "dpd": "days",
        },
        "identity": "balance at a month end = placed_balance - (payments + reversals, posted; reversals negative) - waivers + fees, by paid_on",
        "rows": dict(sorted(counts.items())),
        "totals": _totals(con),
        "collectors": _rows(con, COLLECTORS),
        "collector_note": "skill is added to eta of every period the collector holds at its start (never for the hold-out's first 30 days); "
        "log_ramp is added in the 1st to 4th 30 days of employment",
        "log_ramp": sample_world.RAMP,
        "channels": _channels(con),
        "arms": arms(con),
        "arms_note": "cases whose days 0..29 are all observed. paid = a posted payment with paid_on - placed_on in 0..29, reversed later or not. "
        "expected = mean model probability of the arm's own cases; expected_all = of all cases had they been in the arm; self_cure = the arm's own "
        "cases, untouched (no contact, no collector). incremental = expected - self_cure; itt_against_holdout = expected_all - that of holdout",
        "rollout": _rollout(con, first, bool(facts.get("rollout", True))),
        "rolls": _rows(con, ROLLS),
        "rolls_note": "account-tracked from one month end's balances row to the next; to_bucket 0-7 by days past due (7 = over 180), or "
        "left:<reason> for a case closed in between or on that month end. cured = dpd 0, or closed paid or settled",
        "model": {
            "base_hazard_by_bucket": sample_world.BASE_HAZARD,
            "fade_per_30_days": sample_world.FADE,
            "momentum": sample_world.MOMENTUM,
            "note": sample_world.POSTED_SHARE_NOTE,
        },
    }
    if dirt is not None:
        truth["dirt"] = dirt.as_dict()
    (export / "truth.json").write_text(json.dumps(truth, ensure_ascii=False, indent=1, default=str) + "\n", encoding="utf-8")


def _one(con: duckdb.DuckDBPyConnection, sql: str) -> Any:
    row = con.execute(sql).fetchone()
    assert row is not None
    return row[0]


def _rows(con: duckdb.DuckDBPyConnection, sql: str) -> Rows:
    cursor = con.execute(sql)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _totals(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Clean rows only (dirt is counted apart). reversed is negative, as written."""
    return {name: str(value) for name, value in _rows(con, TOTALS)[0].items()}


def _channels(con: duckdb.DuckDBPyConnection) -> Rows:
    """Per channel: effect of one planned contact, and the rise of the 30-day paid share at the standard arm's dose, against no contact."""
    standard = sample_world.ARM_DOSE["standard"]
    rows: Rows = []
    for channel, effect in sample_world.CHANNEL_EFFECT.items():
        dose = standard.get(channel) or max(arm.get(channel, 0.0) for arm in sample_world.ARM_DOSE.values()) or 1.0
        rise = con.execute(RISE, {"lift": effect * dose}).fetchone()
        rows.append({"channel": channel, "effect_per_contact": effect, "dose": dose, "incremental_paid_30_days": rise[0] if rise else None})
    return rows


def arms(con: duckdb.DuckDBPyConnection) -> Rows:
    """Per arm: cases, paid, and what was to be expected of it with and without contact."""
    found = _rows(con, ARMS)
    holdout = next((row["expected_all"] for row in found if row["arm"] == "holdout"), None)
    for row in found:
        row["itt_against_holdout"] = None if holdout is None else round(row["expected_all"] - holdout, 9)
        row["planned_contacts"] = sample_world.ARM_DOSE[row["arm"]]
    return found


def _rollout(con: duckdb.DuckDBPyConnection, first: date, works: bool) -> dict[str, Any]:
    teams = _rows(con, "select team, start_month from team order by team_no")
    return {
        "effect_by_month_since_start": sample_world.ROLLOUT_EFFECT if works else [0.0] * len(sample_world.ROLLOUT_EFFECT),
        "note": "log hazard added in the team's 1st, 2nd and 3rd-and-later calendar month of the programme; start null = never (a comparison team); "
        "applies by the calendar month in which a case's 30-day period starts",
        "teams": [
            {"team": row["team"], "start": None if row["start_month"] is None else str(sample_world.month_add(first, row["start_month"]))}
            for row in teams
        ],
    }


TOTALS = """
select
    (select money(sum(placed_cents)) from base_case) as placed,
    money(coalesce(sum(cents) filter (kind = 'payment' and status = 'posted'), 0)) as gross_posted,
    money(coalesce(sum(cents) filter (kind = 'payment' and status = 'failed'), 0)) as failed,
    money(coalesce(sum(cents) filter (kind = 'payment' and status = 'pending'), 0)) as pending,
    money(coalesce(sum(cents) filter (kind = 'reversal'), 0)) as reversed,
    money(coalesce(sum(cents) filter (kind in ('payment', 'reversal') and status = 'posted'), 0)) as net,
    money(coalesce(sum(cents) filter (kind = 'waiver'), 0)) as waived,
    money(coalesce(sum(cents) filter (kind = 'fee'), 0)) as fees,
from posting"""

COLLECTORS = """
with worked as (select collector_no, count(*) as n from trail where k > 0 or arm <> 'holdout' group by all)
select
    'W' || lpad(o.collector_no::varchar, 5, '0') as collector_id, t.team, round(o.skill, 6) as skill, round(exp(o.skill), 6) as hazard_multiplier,
    round(0.45 * o.conduct, 6) as log_complaint_rate, coalesce(w.n, 0) as case_periods_held,
from occupant as o inner join team as t using (team_no) left join worked as w using (collector_no)
order by collector_id"""

RISE = """
select round(avg((exp(-exp(eta_self)) - exp(-exp(eta_self + $lift)))::decimal(18, 12))::double, 9)
from trail where k = 0"""

ARMS = """
with whole as (
    select t.*, t.start_on + 29 <= getvariable('end_on') as seen from trail as t where k = 0
),

own as (
    select
        arm, count(*) as cases, count(*) filter (paid) as paid,
        sum(p_pay::decimal(18, 12)) as expected_paid,
        sum((1 - exp(-exp(eta_self)))::decimal(18, 12)) as self_cured,
    from whole where seen group by all
),

everyone as (
    select
        a.arm,
        sum((1 - exp(-exp(w.eta_self + a.first_lift + case when a.arm = 'holdout' then 0 when w.arm = 'holdout' then s.staff else w.eta_staff end)))
            ::decimal(18, 12)) as expected_paid,
        count(*) as n,
    from whole as w cross join arm as a
    -- the hold-out's own collectors are not drawn: the mean of the others stands for them
    cross join (select avg(eta_staff::decimal(18, 12))::double as staff from whole where seen and arm <> 'holdout') as s
    where w.seen group by all
)

select
    arm, cases, paid, round(paid / cases, 9) as realised, round((o.expected_paid / cases)::double, 9) as expected,
    round((e.expected_paid / n)::double, 9) as expected_all, round((self_cured / cases)::double, 9) as self_cure,
    round(((o.expected_paid - self_cured) / cases)::double, 9) as incremental,
from own as o inner join everyone as e using (arm)
order by arm"""

ROLLS = """
with pairs as (
    select
        bucket_of(b.dpd) as bucket, b.balance_cents,
        case
            when c.closed_on <= month_last(month_no(b.as_of) + 1) then 'left:' || c.close_reason
            else bucket_of(n.dpd)::varchar
        end as to_bucket,
    from balance as b
    left join balance as n on b.case_no = n.case_no and n.as_of = month_last(month_no(b.as_of) + 1)
    left join closing as c on b.case_no = c.case_no
    where month_last(month_no(b.as_of) + 1) <= getvariable('end_on') and (c.closed_on is null or c.closed_on > b.as_of)
)

select
    bucket, to_bucket, count(*) as cases, money(sum(balance_cents))::varchar as opening_balance,
    to_bucket in ('0', 'left:paid', 'left:settled') as cured,
from pairs
group by all order by bucket, to_bucket"""
