"""Targets and the milestones of the improvement programme in the synthetic sample; knows nothing of cases or payments."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import duckdb

from data.sample_world import TEAMS, fill, month_add, month_end, team_starts

# metric -> value in the first month of history, growth a month; shares are 0-1, net_amount is CNY of the whole shop
TARGETS = {
    "recovery_rate": (0.075, 0.0004),
    "right_party_rate": (0.16, 0.0008),
    "promise_kept_rate": (0.42, 0.002),
    "complaints_per_1000": (3.0, -0.03),
}
# measure, English, Chinese, owner, planned start and months from programme start, depends on (numbers)
STEPS: list[tuple[str, str, str, str, int, int, str]] = [
    ("team", "Recruit, train and certify the teams", "团队招聘、培训与持证", "运营总监 Head of operations", 0, 1, ""),
    ("channels", "Eight channels in one contact plan", "八渠道统一触达", "渠道经理 Channel manager", 0, 3, "M01"),
    ("customer_information", "One customer file and profiles", "客户统一档案与画像", "数据经理 Data manager", 0, 3, "M01"),
    ("process", "Standard process and progress board", "标准流程与进度看板", "流程经理 Process manager", 2, 3, "M02 M03"),
    ("relationship", "Care calls and hardship desk", "客户关怀与困难协助", "客户关系经理 Customer care lead", 3, 4, "M03"),
    ("legal_risk", "Complaint early warning", "投诉预警与法律风控", "法务 Legal counsel", 3, 3, "M04"),
    ("technology", "Bot dialler and quality speech checks", "智能外呼与语音质检", "技术负责人 Technology lead", 4, 7, "M02 M04"),
    ("incentives", "Incentives with quality gates", "含质量门槛的激励方案", "人力资源 Human resources", 7, 4, "M04 M06"),
]


def build(con: duckdb.DuckDBPyConnection, *, first: date, last: date, months: int) -> None:
    """Create tables target (month, scope, metric, value) and milestone (contract columns)."""
    teams = [row[0] for row in con.execute("select team from team order by team_no").fetchall()]
    _targets(con, teams, first, months)
    _milestones(con, len(teams), first, last, months)


def _targets(con: duckdb.DuckDBPyConnection, teams: list[str], first: date, months: int) -> None:
    con.execute("create table target (month date, scope varchar, metric varchar, value decimal(18, 4))")
    cash = con.execute("select coalesce(sum(cents), 0) from posting where status = 'posted' and kind in ('payment', 'reversal')").fetchone()
    monthly = int(cash[0]) / 100 / months if cash else 0.0
    rows: list[tuple[Any, ...]] = []
    for index in range(months):
        month = month_add(first, index)
        for number, scope in enumerate(["all", *(f"team:{team}" for team in teams)]):
            share = 1.0 if scope == "all" else 1 / len(teams)
            for metric, (base, growth) in TARGETS.items():
                rows.append((month, scope, metric, round(base + growth * index + (number % 3 - 1) * base * 0.03, 4)))
            rows.append((month, scope, "net_amount", round(monthly * share * (0.9 + 0.012 * index), -2)))
    fill(con, "target", rows)


def _milestones(con: duckdb.DuckDBPyConnection, teams: int, first: date, last: date, months: int) -> None:
    con.execute(
        """create table milestone (milestone_id varchar, measure varchar, name varchar, owner varchar, baseline_start date, baseline_end date,
            planned_start date, planned_end date, actual_start date, actual_end date, percent decimal(5, 1), depends_on varchar, evidence varchar,
            team varchar)"""
    )
    starts = team_starts(teams, months)
    programme = int(months * 0.6)
    rows = []
    for number, (measure, english, chinese, owner, offset, length, needs) in enumerate(STEPS, start=1):
        begin = month_add(first, programme + offset)
        end = month_end(month_add(begin, length - 1))
        # the first three were done in time; of the others every second one slips
        slip = 0 if number <= 3 else (number % 2) * 17
        rows.append(_row(f"M{number:02d}", measure, f"{chinese} {english}", owner, begin, end, slip, needs, None, last))
    for number, start in enumerate(starts):
        if start is None:
            continue
        name = TEAMS[number][0]
        begin = month_add(first, start)
        title, late = f"推广上线 Roll-out: {name}", number % 3 * 4
        rows.append(_row(f"T{number + 1:02d}", "process", title, "运营总监 Head of operations", begin, month_end(begin), late, "M01", name, last))
    fill(con, "milestone", rows)


def _row(
    key: str, measure: str, name: str, owner: str, begin: date, end: date, slip: int, needs: str, team: str | None, last: date
) -> tuple[Any, ...]:
    """One milestone; `slip` is days late. Baseline = as first planned; a step that hasn't started by `last` has no actual dates."""
    finish = end + timedelta(days=slip)
    begun, done = begin <= last, finish <= last
    share = 100.0 if done else (round(min(95.0, 100 * (last - begin).days / max(1, (finish - begin).days)), 1) if begun else 0.0)
    evidence = f"evidence/{key}-minutes.pdf" if done else None
    return (
        key,
        measure,
        name,
        owner,
        begin,
        end,
        begin,
        end,
        begin if begun else None,
        finish if done else None,
        share,
        needs or None,
        evidence,
        team,
    )
