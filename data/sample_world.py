"""The parameters of the synthetic world and its small dimension tables; knows nothing of files or of the simulation's steps.

Effects are log-hazard: P(pay in 30 days) = 1 - exp(-exp(eta)), eta the sum of the parts below.
"""

from __future__ import annotations

import calendar
import tomllib
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb

CALENDAR = Path(__file__).with_name("sample_calendar.toml")

# name, site, agency (None: in-house); the first eight are used in a small sample
TEAMS: list[tuple[str, str, str | None]] = [
    ("华东一组 East-1", "上海 Shanghai", None),
    ("华东二组 East-2", "杭州 Hangzhou", None),
    ("华南一组 South-1", "广州 Guangzhou", None),
    ("华北一组 North-1", "天津 Tianjin", None),
    ("西南一组 Southwest-1", "成都 Chengdu", None),
    ("华中一组 Central-1", "武汉 Wuhan", None),
    ("衡信一组 Hengxin-1", "合肥 Hefei", "衡信示例 Hengxin (synthetic)"),
    ("远诚一组 Yuancheng-1", "长沙 Changsha", "远诚示例 Yuancheng (synthetic)"),
    ("华东三组 East-3", "上海 Shanghai", None),
    ("华东四组 East-4", "南京 Nanjing", None),
    ("华南二组 South-2", "深圳 Shenzhen", None),
    ("华北二组 North-2", "北京 Beijing", None),
    ("西南二组 Southwest-2", "重庆 Chongqing", None),
    ("华中二组 Central-2", "郑州 Zhengzhou", None),
    ("衡信二组 Hengxin-2", "合肥 Hefei", "衡信示例 Hengxin (synthetic)"),
    ("远诚二组 Yuancheng-2", "长沙 Changsha", "远诚示例 Yuancheng (synthetic)"),
]
SURNAMES = [
    "王 Wang",
    "李 Li",
    "张 Zhang",
    "刘 Liu",
    "陈 Chen",
    "杨 Yang",
    "赵 Zhao",
    "黄 Huang",
    "周 Zhou",
    "吴 Wu",
    "徐 Xu",
    "孙 Sun",
    "胡 Hu",
]
SURNAMES += ["朱 Zhu", "高 Gao", "林 Lin", "何 He", "郭 Guo", "马 Ma", "罗 Luo"]
GIVEN = [
    "敏 M.",
    "静 J.",
    "磊 L.",
    "洋 Y.",
    "勇 Y.",
    "艳 Y.",
    "杰 J.",
    "娟 J.",
    "涛 T.",
    "明 M.",
    "超 C.",
    "霞 X.",
    "平 P.",
    "刚 G.",
    "欣怡 X.Y.",
]
GIVEN += ["子涵 Z.H.", "雨桐 Y.T.", "浩然 H.R.", "思远 S.Y.", "佳宁 J.N.", "俊豪 J.H.", "晓彤 X.T."]

# Log hazard of paying added by one planned contact of the channel in a 30-day period (the true incremental effect).
CHANNEL_EFFECT = {"phone": 0.08, "sms": 0.05, "bot": 0.05, "social": 0.04, "app": 0.02, "email": 0.01, "letter": 0.03, "visit": 0.15}
ARM_SHARE = {"standard": 0.50, "holdout": 0.10, "sms_only": 0.10, "sms_plus": 0.15, "bot_first": 0.15}
# planned contacts per case in the first 30 days, by arm; afterwards every arm gets LATER_DOSE
ARM_DOSE: dict[str, dict[str, float]] = {
    "standard": {"phone": 4.0, "sms": 2.0, "app": 0.5, "social": 0.3, "email": 0.2},
    "holdout": {},
    "sms_only": {"sms": 4.0, "app": 1.0},
    "sms_plus": {"phone": 4.0, "sms": 5.0, "app": 0.5, "social": 0.3, "email": 0.2},
    "bot_first": {"bot": 4.0, "phone": 1.5, "sms": 1.5, "app": 0.5},
}
LATER_DOSE = {"phone": 1.5, "sms": 0.8, "bot": 0.35, "app": 0.2, "social": 0.15, "email": 0.1, "letter": 0.06, "visit": 0.04}
# outcome shares per channel in 200ths; better payers draw towards the end of the list
OUTCOMES: dict[str, list[tuple[str, int]]] = {
    "phone": [
        ("not_in_service", 16),
        ("no_answer", 96),
        ("busy", 16),
        ("voicemail", 8),
        ("abandoned", 4),
        ("answered", 24),
        ("conversation", 36),
    ],
    "bot": [
        ("not_in_service", 16),
        ("no_answer", 84),
        ("busy", 14),
        ("opted_out", 2),
        ("abandoned", 24),
        ("answered", 34),
        ("conversation", 18),
        ("transferred", 8),
    ],
    "sms": [("undelivered", 14), ("failed", 2), ("opted_out", 1), ("delivered", 167), ("clicked", 16)],
    "email": [("undelivered", 22), ("opted_out", 2), ("delivered", 116), ("opened", 48), ("clicked", 12)],
    "social": [("failed", 8), ("opted_out", 2), ("delivered", 110), ("opened", 52), ("conversation", 28)],
    "letter": [("undelivered", 46), ("delivered", 154)],
    "visit": [("failed", 20), ("no_answer", 96), ("answered", 24), ("conversation", 60)],
    "app": [("failed", 10), ("opted_out", 2), ("delivered", 120), ("opened", 50), ("clicked", 18)],
}
SKILL_SD = 0.18  # log hazard, standard deviation over collectors
RAMP = [-0.35, -0.25, -0.15, -0.05]  # log hazard in a collector's 1st..4th month of employment
ROLLOUT_EFFECT = [0.05, 0.10, 0.15]  # log hazard in a team's 1st, 2nd and 3rd-and-later month of the programme
BASE_HAZARD = [0.50, 0.29, 0.17, 0.10, 0.075, 0.06, 0.035]  # expected payments per 30 days without contact, M1..M7+, at placement
FADE = -0.03  # log hazard per 30 days since placement
MOMENTUM = 0.65  # log hazard added when the case paid in its previous period
POSTED_SHARE_NOTE = "every modelled payment is posted; failed and pending rows are extra attempts that change no state"


def month_add(first: date, months: int) -> date:
    """First day of the month `months` after the month of `first`."""
    index = first.year * 12 + first.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def month_end(day: date) -> date:
    """Last day of the month of `day`."""
    return date(day.year, day.month, calendar.monthrange(day.year, day.month)[1])


def team_starts(teams: int, months: int) -> list[int | None]:
    """Month index (0 = first month of history) at which the programme starts for each team; None: never (a comparison team)."""
    programme = int(months * 0.6)
    return [None if number % 8 in (5, 7) else programme + number % 4 for number in range(teams)]


def mix_slots(shares: dict[str, float], slots: int) -> list[str]:
    """`slots` names in proportion to `shares` (largest remainder by running total)."""
    total = sum(shares.values())
    names: list[str] = []
    running = 0.0
    for name, share in shares.items():
        running += share / total * slots
        names += [name] * (round(running) - len(names))
    return names


def build_world(con: duckdb.DuckDBPyConnection, *, first: date, last: date, months: int, teams: int, seats: int, rollout: bool = True) -> None:
    """Create the dimension tables the SQL reads: day, team, team_month, arm, arm_mix, outcome_mix, surname, given, base_hazard.

    Without `rollout` the programme starts in the same months and adds nothing.
    """
    _days(con, first, last)
    starts = team_starts(teams, months)
    _table(con, "team(team_no int, team varchar, site varchar, agency varchar, seats int, start_month int)")
    rows: list[tuple[Any, ...]] = [(i, *TEAMS[i], seats // teams, starts[i]) for i in range(teams)]
    fill(con, "team", rows)
    _table(con, "team_month(team_no int, month_on date, rollout double)")
    rows = []
    for number, start in enumerate(starts):
        for index in range(months + 1):
            lift = 0.0 if not rollout or start is None or index < start else ROLLOUT_EFFECT[min(index - start, len(ROLLOUT_EFFECT) - 1)]
            rows.append((number, month_add(first, index), lift))
    fill(con, "team_month", rows)
    _table(
        con,
        "arm(arm_no int, arm varchar, low double, high double, first_dose double, first_lift double, later_dose double, later_lift double)",
    )
    low = 0.0
    rows = []
    for number, (arm, share) in enumerate(ARM_SHARE.items()):
        rows.append((number, arm, low, low + share, *_dose(ARM_DOSE[arm]), *_dose(LATER_DOSE)))
        low += share
    rows[-1] = (*rows[-1][:3], 1.0, *rows[-1][4:])
    fill(con, "arm", rows)
    _table(con, "arm_mix(arm_no int, first boolean, slot int, channel varchar)")
    rows = []
    for number, arm in enumerate(ARM_SHARE):
        for first_period, dose in ((True, ARM_DOSE[arm]), (False, LATER_DOSE)):
            rows += [(number, first_period, slot, name) for slot, name in enumerate(mix_slots(dose, 400) if dose else [])]
    fill(con, "arm_mix", rows)
    _table(con, "outcome_mix(channel varchar, slot int, outcome varchar)")
    rows = []
    for channel, shares in OUTCOMES.items():
        rows += [(channel, slot, name) for slot, name in enumerate(mix_slots({n: float(s) for n, s in shares}, 200))]
    fill(con, "outcome_mix", rows)
    for name, values in (("surname", SURNAMES), ("given", GIVEN)):
        _table(con, f"{name}(number int, text varchar)")
        fill(con, name, list(enumerate(values)))
    _table(con, "base_hazard(bucket int, hazard double)")
    fill(con, "base_hazard", [(i + 1, hazard) for i, hazard in enumerate(BASE_HAZARD)])


def fill(con: duckdb.DuckDBPyConnection, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert rows (tuples in the table's column order) in one statement, a list parameter per column."""
    columns = {f"c{number}": list(values) for number, values in enumerate(zip(*rows, strict=True))}
    con.execute(f"insert into {table} select {', '.join(f'unnest(${name})' for name in columns)}", columns)


def _dose(dose: dict[str, float]) -> tuple[float, float]:
    return sum(dose.values()), sum(CHANNEL_EFFECT[name] * n for name, n in dose.items())


def _table(con: duckdb.DuckDBPyConnection, definition: str) -> None:
    con.execute(f"create table {definition}")


def _days(con: duckdb.DuckDBPyConnection, first: date, last: date) -> None:
    """Table day: day_on, working, pay_weight, call_weight, season (multiplier of the hazard)."""
    facts = tomllib.loads(CALENDAR.read_text(encoding="utf-8"))
    off: set[date] = set()
    working: set[date] = set()
    for year in facts["years"].values():
        for start, end in year["off"]:
            day, stop = date.fromisoformat(start), date.fromisoformat(end)
            off |= {day + timedelta(days=i) for i in range((stop - day).days + 1)}
        working |= {date.fromisoformat(text) for text in year["working"]}
    weights = facts["days"]
    rows = []
    day = first
    while day <= last + timedelta(days=62):
        pay = weights["pay_weekday"][day.weekday()] * weights["pay_days"].get(str(day.day), 1.0)
        call = weights["call_weekday"][day.weekday()]
        if day == month_end(day):
            pay *= weights["month_end"]
        if day in off:
            pay, call = pay * weights["pay_off"], call * weights["call_off"]
        rows.append((day, day in working or (day.weekday() < 5 and day not in off), pay, call, facts["seasonality"]["month"][day.month - 1]))
        day += timedelta(days=1)
    _table(con, "day(day_on date, working boolean, pay_weight double, call_weight double, season double)")
    fill(con, "day", rows)
