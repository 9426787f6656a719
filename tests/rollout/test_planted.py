"""What the sample plants is found: the generator run with and without the programme's effect on the same draws.

The truth on a KPI is the mean, over the team-months from each team's start on, of what happened less what would have happened; both are the
generator's own, as every draw is a hash of the seed and not of the effect. Twenty seeds of each case's first three periods here. Run apart:
of sixty such seeds 59 were covered, of twenty with 20,000 cases in full 18, and none of the eighty was called a success without an effect;
with 120,000 cases in 16 teams the effect was covered and found in twelve of twelve. Simulated panels: tests/methods/test_effects.py.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from dashboard.home import Home
from dashboard.load import load
from dashboard.methods import effects
from dashboard.methods.effects import Row, invert, staggered, two_stage
from dashboard.rollout import impact
from dashboard.warehouse import Warehouse
from data import make_sample, sample_world

MONTHS, CASES, PERIODS, SEEDS = 24, 2_000, 3, range(1, 21)
FIRST = sample_world.month_add(make_sample.LAST_DAY, 1 - MONTHS)
STARTS = sample_world.team_starts(8, MONTHS)


@cache
def rows(seed: int, rollout: bool) -> tuple[Row, ...]:
    """Share of cases paying in a 30-day period, by team and month in which the period starts."""
    with duckdb.connect() as con:
        con.execute("set threads = 1")
        make_sample.simulate_trail(
            con, cases=CASES, months=MONTHS, seed=seed, first=FIRST, last=make_sample.LAST_DAY, rollout=rollout, periods=PERIODS
        )
        cells = con.execute(
            """select team_no, month_no(start_on) - month_no(getvariable('first_on')) as month, count(*) filter (where paid), count(*)
            from trail where not on_plan and not cured group by all"""
        ).fetchall()
    return tuple(Row.of_rate(str(team), month, paid, cases, STARTS[team]) for team, month, paid, cases in cells)


def interval(found: tuple[Row, ...]) -> tuple[float, float]:
    panel, _ = effects._panel(found)
    on = (np.arange(panel.y.shape[1]) >= panel.starts[:, None]) * 1.0
    dealt = two_stage(effects._deals(panel.starts, 1)[0], panel.weight, panel.there, np.stack([panel.y, on], axis=2), [None])[:, 0]
    low, high, _ = invert(dealt[:, 0], dealt[:, 1])
    assert low is not None and high is not None
    return low, high


def truth(seed: int) -> float:
    """The mean effect on the share paying, over team-months from the start on, each team by its weight."""
    happened, (without, _) = effects._panel(rows(seed, True))[0], effects._panel(rows(seed, False))
    on = np.arange(happened.y.shape[1]) >= happened.starts[:, None]
    weight = np.broadcast_to(happened.weight[:, None], on.shape)
    return float(np.average((happened.y - without.y)[on], weights=weight[on]))


def test_the_planted_effect_is_covered() -> None:
    truths = [truth(seed) for seed in SEEDS]
    spans = [interval(rows(seed, True)) for seed in SEEDS]
    assert 0.015 < np.mean(truths) < 0.04 and min(truths) > 0
    assert sum(low <= value <= high for (low, high), value in zip(spans, truths, strict=True)) >= 18


def test_none_planted_is_rarely_called_a_success() -> None:
    assert sum(interval(rows(seed, False))[0] > 0 for seed in SEEDS) <= 1


def test_before_the_first_start_nothing_differs() -> None:
    early = min(start for start in STARTS if start is not None)
    with_it, without = ({(row.unit, row.period): row.outcome for row in rows(1, on) if row.period < early} for on in (True, False))
    assert with_it == without


def test_what_the_page_says_is_this_interval() -> None:
    found = staggered(rows(1, True), by_period=False).overall
    assert (found.low, found.high) == pytest.approx(interval(rows(1, True)), abs=1e-10)


def test_from_the_export_to_the_verdict(loaded_home: Path, tmp_path: Path) -> None:
    """The whole way: generate, load, measure by team and month, judge; the truth from the same seed without the effect."""
    make_sample.generate(tmp_path / "without", cases=600, months=15, seed=7, rollout=False)
    other = Home(tmp_path / "home")
    load(tmp_path / "without", other)
    happened, without = Warehouse(Home(loaded_home).info()), Warehouse(other.info())

    def table(warehouse: Warehouse, metric: str, even: bool) -> impact.Table:
        whole = impact.everything(impact.Filters(warehouse.info.first_on, warehouse.info.as_of), warehouse.info.first_on, warehouse.info.as_of)
        return impact.table(metric, warehouse, lambda by: warehouse.measure([metric], by, filters=whole), even)

    steps = impact.exported(happened.run("milestones"))
    event = next(one for one in impact.events(steps) if one.by_team)
    starts = {start.team: start.actual.replace(day=1) for start in event.starts if start.actual is not None}
    for metric, even in (("period_paid_rate", True), ("period_paid_rate", False), ("recovery_rate", True)):
        assert impact.cuts(metric, happened, even) == (("bucket",) if even else ())
        found = impact.judge(event, table(happened, metric, even))
        assert found.effect is not None and found.effect.overall.low is not None and found.effect.overall.high is not None
        cells: dict[Any, list[float]] = {}
        for place, warehouse in enumerate((happened, without)):
            for team, month, value, _ in impact.evened(table(warehouse, metric, False).by_team, {}):
                if team in starts and month >= starts[team]:
                    cells.setdefault((team, month), [0.0, 0.0])[place] = value
        true = float(np.mean([one - two for one, two in cells.values()]))
        assert found.effect.overall.low <= true <= found.effect.overall.high, metric
        assert found.effect.starters == 6 and found.effect.never == 2
