"""Milestones as events, verdicts and their words, drawn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from dashboard.access import Scope
from dashboard.methods import effects
from dashboard.rollout import impact, impact_sentences
from dashboard.rollout.impact import Cell, Exported, Table, Verdict, evened, events, judge, verdicts
from dashboard.rollout.marks import marks
from dashboard.rollout.plan import Said
from dashboard.words import word

MONTHS = [date(2024 + month // 12, month % 12 + 1, 1) for month in range(24)]
TEAMS = [f"组{number} Team-{number}" for number in range(8)]
STARTED = {team: 14 + number % 4 for number, team in enumerate(TEAMS) if number not in (5, 7)}


def step(key: str, name: str, team: str = "", started: date | None = None, measure: str = "process", planned: date = date(2026, 6, 1)) -> Exported:
    return Exported(key, measure, Said.exported(name), team, planned, started)


def rollout() -> list[Exported]:
    return [step(f"T{place}", f"推广上线 Roll-out: {team}", team, MONTHS[STARTED[team]]) for place, team in enumerate(TEAMS) if team in STARTED]


def drawn(effect: float, metric: str = "recovery_rate", noise: float = 0.002, starts: dict[str, int] | None = None) -> Table:
    """A KPI of eight teams over two years, with an effect from each team's start on."""
    rng, begun = np.random.default_rng(3), STARTED if starts is None else starts
    cells = [
        Cell(
            team, month, None, 1_000 * (0.2 + 0.01 * place + effect * (team in begun and number >= begun[team]) + float(rng.normal(0, noise))), 1_000
        )
        for place, team in enumerate(TEAMS)
        for number, month in enumerate(MONTHS)
    ]
    months = tuple(Cell(None, month, None, sum(one.part for one in cells if one.month == month), 8_000) for month in MONTHS)
    return Table(metric, tuple(cells), lambda: months)


def shifted(table: Table, by: Callable[[str, int], float]) -> Table:
    """The same with something added to each team's months."""
    cells = [replace(one, part=one.part + 1_000 * by(one.team or "", MONTHS.index(one.month))) for one in table.by_team]
    return Table(table.metric, tuple(cells), table.by_month)


# --- events ---------------------------------------------------------------------------------------------------------------


def test_steps_of_one_name_but_for_the_team_are_one_event() -> None:
    held = events(
        [
            *rollout(),
            step("M1", "标准流程 Standard process", started=date(2025, 1, 1)),
            step("M2", "标准流程 Standard process"),
            step("X1", "Roll-out: North", "North", date(2025, 2, 1), measure="technology"),
        ]
    )
    assert [(one.id, one.read("en"), one.read("zh"), len(one.starts)) for one in held] == [
        ("M1", "Standard process", "标准流程", 1),
        ("X1", "Roll-out", "Roll-out", 1),
        ("T0", "Roll-out", "推广上线", 6),
        ("M2", "Standard process", "标准流程", 1),  # planned only: last
    ]
    assert held[2].by_team and not held[0].by_team and held[3].first is None


@pytest.mark.parametrize(
    ("text", "en", "zh"),
    [
        ("统一档案 One customer file", "One customer file", "统一档案"),
        ("M2 上线", "M2 上线", "M2 上线"),
        ("Only English", "Only English", "Only English"),
        ("华东一组 East-1", "East-1", "华东一组"),
    ],
)
def test_a_name_in_both_languages_is_read_in_one(text: str, en: str, zh: str) -> None:
    assert (Said.exported(text).read("en"), Said.exported(text).read("zh")) == (en, zh)


# --- verdicts -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("effect", "metric", "kind"),
    [(0.05, "recovery_rate", "works"), (-0.05, "recovery_rate", "harms"), (-0.05, "roll_rate", "works"), (0.0, "recovery_rate", "unclear")],
)
def test_better_is_what_the_metric_says(effect: float, metric: str, kind: str) -> None:
    found = judge(events(rollout())[0], drawn(effect, metric))
    assert found.kind == kind and not found.doubtful
    assert found.effect is not None and found.effect.overall.value == pytest.approx(effect, abs=0.004)


def test_a_bare_before_and_after_is_no_effect() -> None:
    """Everybody rises by 5 points in the month in which the last team starts: nothing that the event did."""
    assert judge(events(rollout())[0], shifted(drawn(0.0), lambda team, month: 0.05 * (month >= 16))).kind == "unclear"


def test_an_even_mix_by_hand() -> None:
    """
    team | month | M1 paid of cases | M2 paid of cases | plain | expected at M1 0.4, M2 0.1 | at an even mix
    A    | Jan   | 40 of 100        | 10 of 100        | 0.25  | 50 of 200                  | 0.25
    A    | Feb   | 12 of 20         | 36 of 180        | 0.24  | 26 of 200                  | 0.24 − 0.13 + mean
    B    | Jan   | 20 of 50         | 5 of 50          | 0.25  | 25 of 100                  | 0.25
    A starts in Feb, so what is usual (0.4 and 0.1) is learnt from Jan and from B; the mean is 101 of 500 = 0.202 expected.
    """
    jan, feb = date(2026, 1, 1), date(2026, 2, 1)
    cells = [
        Cell("A", jan, "M1", 40, 100), Cell("A", jan, "M2", 10, 100), Cell("A", feb, "M1", 12, 20), Cell("A", feb, "M2", 36, 180),
        Cell("B", jan, "M1", 20, 50), Cell("B", jan, "M2", 5, 50),
    ]  # fmt: skip
    found = {(team, month): value for team, month, value, _ in evened(cells, {"A": effects.month_number(feb)})}
    assert found == {("A", jan): pytest.approx(0.202), ("A", feb): pytest.approx(0.24 - 0.13 + 0.202), ("B", jan): pytest.approx(0.202)}
    plain = evened([replace(one, bucket=None) for one in cells], {"A": effects.month_number(feb)})
    assert [value for *_, value, _ in plain] == pytest.approx([0.25, 0.24, 0.25])


def test_a_mix_that_shifts_is_no_effect() -> None:
    """Teams that start get older cases month by month: their plain rate falls, at an even mix nothing happened."""
    rng = np.random.default_rng(1)
    cells = []
    for place, team in enumerate(TEAMS):
        for number, month in enumerate(MONTHS):
            old = 200 + 15 * max(0, number - 13) * (team in STARTED)
            for bucket, count, rate in (("M1", 1000 - old, 0.4), ("M2", old, 0.1)):
                cells.append(Cell(team, month, bucket, count * (rate + 0.005 * place + float(rng.normal(0, 0.004))), count))
    even = judge(events(rollout())[0], Table("recovery_rate", tuple(cells), tuple, True))
    plain = judge(events(rollout())[0], Table("recovery_rate", tuple(replace(one, bucket=None) for one in cells), tuple))
    assert even.kind == "unclear" and plain.kind == "harms"


def test_all_at_once_has_nothing_to_compare_with() -> None:
    same = dict.fromkeys(TEAMS, 14)
    everywhere = [step("M1", "流程 Process", started=MONTHS[14])]
    each = [step(f"T{place}", f"Go {team}", team, MONTHS[14]) for place, team in enumerate(TEAMS)]
    for held in (everywhere, each):
        found = judge(events(held)[0], drawn(0.05, starts=same))
        assert found.effect is not None and found.effect.kind == "interrupted" and "alone" in found.effect.warnings
        assert found.effect.overall.value == pytest.approx(0.05, abs=0.005)


@pytest.mark.parametrize(
    ("starts", "reason"),
    [
        ({}, "unstarted"),
        ({"elsewhere": 14}, "starters"),
        ({TEAMS[0]: 1, TEAMS[1]: 2}, "before"),
        ({TEAMS[0]: 14}, "ways"),
        ({TEAMS[0]: 30}, "starters"),
    ],
)
def test_too_few_is_said_and_no_number(starts: dict[str, int], reason: str) -> None:
    days = [date(2024 + number // 12, number % 12 + 1, 1) for number in range(36)]
    held = [step(f"T{place}", f"Go {team}", team, days[start]) for place, (team, start) in enumerate(starts.items())] or [step("T", "Go", TEAMS[0])]
    found = judge(events(held)[0], drawn(0.05))
    assert found.kind == "cannot" and found.effect is None and found.few is not None and found.few[0] == reason
    for lang, start in (("en", "cannot be told: "), ("zh", "无法判断：")):
        text = impact_sentences.short(found, lang, "CNY")
        assert text.startswith(start) and not any(digit in text for digit in "%")
        assert impact_sentences.title(found, lang, "CNY")


def test_what_it_says_in_words() -> None:
    found = judge(events(rollout())[0], drawn(0.05))
    assert found.effect is not None and found.effect.overall.low is not None and found.effect.overall.high is not None
    value, low, high = (f"{100 * end:.1f}" for end in (found.effect.overall.value, found.effect.overall.low, found.effect.overall.high))
    assert impact_sentences.short(found, "en", "CNY") == f"adds {value} pp ({low} to {high})"
    assert impact_sentences.short(found, "zh", "CNY") == f"提高 {value} 个百分点（{low} 至 {high}）"
    assert impact_sentences.title(found, "en", "CNY").startswith(
        f"Roll-out works: it adds {value} pp of Recovery rate (95% interval {low} to {high})"
    )
    none = judge(events(rollout())[0], drawn(0.0))
    assert none.effect is not None
    smallest = f"{100 * none.effect.detectable:.1f} pp"
    assert impact_sentences.short(none, "en", "CNY").endswith(f"an effect under {smallest} could not have been seen")
    assert impact_sentences.chance(0.0004) == "<0.001" and impact_sentences.chance(0.25) == "0.250"


def with_p(metric: str, p: float, value: float = 0.02) -> Verdict:
    """A verdict with a p value of one's own."""
    found = judge(events(rollout())[0], drawn(0.05, metric))
    assert found.effect is not None
    low, high = (value / 2, value * 2) if p <= 0.05 else (-value, value * 3)
    overall = effects.Estimate(value, low, high, p)
    return replace(found, effect=replace(found.effect, overall=overall), kind="works" if p <= 0.05 else "unclear", corrected=p)


def test_verdicts_shown_together_are_corrected_for_their_number() -> None:
    """
    p     | × Holm | corrected | alone   | together
    0.004 | 4      | 0.016     | works   | works
    0.015 | 3      | 0.045     | works   | works
    0.030 | 2      | 0.060     | works   | may be chance
    0.040 | 1      | 0.060     | works   | may be chance (never below the one before)
    and one that can't be told is no look.
    """
    names = ("period_paid_rate", "recovery_rate", "cure_rate", "right_party_rate")
    alone = [with_p(name, p) for name, p in zip(names, (0.03, 0.004, 0.04, 0.015), strict=True)]
    told = impact.together([*alone, Verdict(alone[0].event, "roll_rate", "cannot", few=("ways", 4, 20))])
    assert [(one.kind, one.chance, one.family) for one in told] == [
        ("unclear", True, 4), ("works", False, 4), ("unclear", True, 4), ("works", False, 4), ("cannot", False, 1),
    ]  # fmt: skip
    assert [one.corrected for one in told] == [*(pytest.approx(p) for p in (0.06, 0.016, 0.06, 0.045)), None]
    assert impact.together(told[-1:]) == told[-1:] and impact.together([]) == []
    said = impact_sentences.title(told[0], "en", "CNY")
    assert said.endswith("adds 2.0 pp of Share of open cases paying (95% interval 1.0 to 4.0) if looked at alone; "
                         "among 4 looked at this may be chance (corrected p 0.060)")  # fmt: skip
    assert impact_sentences.short(told[0], "zh", "CNY") == "提高 2.0 个百分点（1.0 至 4.0），但同时查看 4 项，可能只是偶然（校正后显著性 0.060）"
    assert [(row["verdict"], row["p"], row["corrected"]) for row in impact_sentences.of_kpis(told, "en", "CNY")] == [
        ("may be chance", "0.030", "0.060"), ("works", "0.004", "0.016"), ("may be chance", "0.040", "0.060"), ("works", "0.015", "0.045"),
        ("cannot be told", None, None),
    ]  # fmt: skip
    assert ("p value, corrected", "0.060 for 4 looked at together") in impact_sentences.facts(told[0], "en", "CNY")


def test_looked_at_alone_nothing_is_corrected() -> None:
    (one,) = impact.together([judge(events(rollout())[0], drawn(0.05))])
    assert one.kind == "works" and one.effect is not None and one.corrected == one.effect.overall.p


def test_with_no_effect_hardly_any_page_says_works() -> None:
    """Two thousand pages of nine indicators without any effect, that hang together (correlation 0.3): alone a quarter of the pages says
    something once at least, told together one in twenty at most. Twenty of them go through `together` and say just what is counted here."""
    rng, kpis = np.random.default_rng(11), len(impact.KPIS)
    z = np.sqrt(0.3) * rng.normal(size=(2_000, 1)) + np.sqrt(0.7) * rng.normal(size=(2_000, kpis))
    p = 2 * norm.sf(np.abs(z))
    assert (p.min(axis=1) <= 0.05).mean() > 0.25 and (p.min(axis=1) <= 0.05 / kpis).mean() <= 0.05
    first = judge(events(rollout())[0], drawn(0.05), by_period=False)
    assert first.effect is not None
    pages = [*np.argsort(p.min(axis=1))[:10].tolist(), *range(10)]  # the ten with the strongest look of an effect, and ten others
    for page in pages:
        found = []
        for metric, value, chance in zip(impact.KPIS, z[page].tolist(), p[page].tolist(), strict=True):
            effect = replace(first.effect, overall=effects.Estimate(value, value - 1.96, value + 1.96, chance))
            found.append(Verdict(first.event, metric, "unclear", effect))
        said = any(one.kind in ("works", "harms") for one in impact.together(found))
        assert said == (p[page].min() <= 0.05 / kpis)


def test_a_drift_before_the_start_takes_the_weight_away() -> None:
    found = judge(events(rollout())[0], shifted(drawn(0.02), lambda team, month: 0.004 * month * (team in STARTED)))
    assert found.kind == "works" and found.doubtful
    assert "drifting away" in impact_sentences.title(found, "en", "CNY") and "doubtful" in impact_sentences.kind(found, "en")
    assert any("moved away from the others" in text for text in impact_sentences.warnings(found, [], "en", "CNY"))


def test_teams_picked_because_they_were_bad_are_told() -> None:
    table = drawn(0.05, noise=0.001)
    found = judge(events(rollout())[0], shifted(table, lambda team, _: -0.15 * (team in STARTED)))
    assert any("because they were bad" in text for text in impact_sentences.warnings(found, [], "en", "CNY"))
    found = judge(events(rollout())[0], shifted(table, lambda team, _: 0.3 * (team in STARTED)))
    assert any("need not work for the rest" in text for text in impact_sentences.warnings(found, [], "en", "CNY"))


def test_what_else_started_in_the_month_is_named() -> None:
    held = events([step("M1", "甲 One", started=MONTHS[14]), step("M2", "乙 Two", started=MONTHS[14]), step("M3", "丙 Three", started=MONTHS[15])])
    found = judge(held[0], drawn(0.05, starts=dict.fromkeys(TEAMS, 14)))
    said = impact_sentences.warnings(found, held, "en", "CNY")
    assert any("also started: Two." in text for text in said) and not any("Three" in text for text in said)


def test_tables_say_the_same() -> None:
    found = judge(events(rollout())[0], drawn(0.05))
    assert found.effect is not None
    points = impact_sentences.points(found.effect)
    assert [row["since"] for row in points] == [*range(-6, 0), *range(10)]
    cells = impact_sentences.cells(found.effect)
    assert len(cells) == sum(24 - start for start in range(14, 18)) and min(row["started"] for row in cells) == MONTHS[14]
    assert all(row["gain"] == pytest.approx(row["actual"] - row["expected"]) for row in cells)
    paths = impact_sentences.paths(found.effect, "en")
    assert [month for month, _ in paths[word("effect.actual", "en")]] == MONTHS[14:]
    assert [
        row["verdict"] for row in impact_sentences.of_kpis([found, Verdict(found.event, "roll_rate", "cannot", few=("ways", 4, 20))], "en", "CNY")
    ] == [
        "works",
        "cannot be told",
    ]


def test_verdicts_of_a_warehouse(given: Callable[..., Any]) -> None:
    """Fourteen months of two cases: teams aren't supplied, so only what is for all teams can be judged at all."""
    payments = "\n".join(f"C{1 + month % 2} | {day.replace(day=10)} | {10 + month % 3}" for month, day in enumerate(MONTHS[:14]))
    shop = given(
        cases="""
            case_id | placed_on  | placed_balance
            C1      | 2023-12-01 | 1000
            C2      | 2023-12-01 | 1000
        """,
        payments=f"case_id | paid_on | amount\n{payments}",
        milestones="""
            milestone_id | measure | name    | owner | baseline_start | baseline_end | planned_start | planned_end | actual_start | percent | team
            M1           | process | Process | Ann   | 2024-10-01     | 2024-12-31   | 2024-10-01    | 2024-12-31  | 2024-10-01   | 50      |
            T1           | process | Go East | Ann   | 2024-10-01     | 2024-12-31   | 2024-10-01    | 2024-12-31  | 2024-10-01   | 50      | East
        """,
        as_of="2025-02-28",
    )
    steps = impact.exported(shop.warehouse.run("milestones"))
    found = verdicts(shop.warehouse, steps, scope=Scope(), metric_ids=("recovery_rate", "promise_kept_rate"))
    assert [(one.event.id, one.metric) for one in found] == [("M1", "recovery_rate"), ("T1", "recovery_rate")]
    assert found[0].effect is not None and found[0].effect.kind == "interrupted"
    assert found[1].kind == "cannot" and found[1].few is not None and found[1].few[0] == "starters"


# --- marks ----------------------------------------------------------------------------------------------------------------


def test_marks_are_by_day_and_for_the_teams_chosen() -> None:
    steps = [
        step("M1", "甲 One", started=date(2026, 1, 1)),
        step("T1", "上线 Go: 东 East", "东 East", date(2026, 1, 1)),
        step("T2", "上线 Go: 西 West", "西 West", date(2026, 2, 1)),
        step("T3", "上线 Go: 南 South", "南 South", date(2026, 2, 1)),
        step("M2", "乙 Two", planned=date(2026, 3, 1)),
    ]
    found = marks(steps, {})
    assert [(one.on_date, one.read("en"), one.read("zh"), one.scope) for one in found] == [
        (date(2026, 1, 1), "One +1", "甲 等2项", ()),
        (date(2026, 2, 1), "Go", "上线", (("team", ("南 South", "西 West")),)),
        (date(2026, 3, 1), "Two", "乙", ()),
    ]
    assert found[0].said("en") == "Milestone: One, Go" and found[2].said("zh") == "里程碑（计划）：乙"
    east = marks(steps, {"team": ("东 East",)})
    assert [one.on_date.month for one in east] == [1, 3] and east[0].said("en") == "Milestone: One, Go"
    assert [one.said("en") for one in marks(steps, {"team": ("none",)})] == ["Milestone: One", "Milestone, planned: Two"]


@pytest.mark.parametrize(
    ("metric", "value", "signed", "text"),
    [
        ("recovery_rate", 0.0194, False, "1.9 pp"),
        ("recovery_rate", -0.0194, True, "−1.9 pp"),
        ("cost_per_right_party", 1.05, True, "+¥1.05"),
        ("cost_per_right_party", -1.05, False, "¥1.05"),
        ("recovery_rate", None, True, "—"),
        ("recovery_rate", float("nan"), True, "—"),
    ],
)
def test_a_size_has_its_unit_and_its_sign(metric: str, value: float | None, signed: bool, text: str) -> None:
    assert impact_sentences.size(metric, value, "en", "CNY", signed) == text
