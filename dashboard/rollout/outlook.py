"""When the open milestones will be done: a simulation over the project's own slips; knows nothing of words or pages.

Each draw gives every open milestone a ratio of actual to baseline days that one of the project's finished milestones had (bootstrap), and
lets it run through the dependencies. One in progress takes its planned days times the share not yet complete times the ratio, from tomorrow.
Ratios are drawn independently: a cause common to all steps would make the true spread wider.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from dashboard.rollout.plan import Milestone, Plan, rule
from dashboard.rollout.schedule import Days, day, expected, network


@dataclass(frozen=True)
class TooFew:
    """Too few milestones are finished to tell how long such steps take here."""

    finished: int
    needed: int


@dataclass(frozen=True)
class Finish:
    """When one milestone, or the whole plan, is done: in half of the draws, in four of five; `planned` as the latest plan has it."""

    p50: date
    p80: date
    planned: date
    by_plan: float


@dataclass(frozen=True)
class Outlook:
    """Finish dates by milestone and of the whole; `ratios` are the finished milestones' actual ÷ baseline days."""

    whole: Finish
    each: Mapping[str, Finish]
    ratios: tuple[float, ...]
    draws: int


def ratios(plan: Plan) -> list[float]:
    """Actual ÷ baseline days of every milestone that is finished and says from when to when it ran."""
    return [
        ((one.actual_end - one.actual_start).days + 1) / one.baseline_days
        for one in plan
        if one.actual_start is not None and one.actual_end is not None and one.actual_end >= one.actual_start
    ]


def outlook(plan: Plan, today: date, draws: int | None = None, seed: int | None = None) -> Outlook | TooFew | None:
    """When open milestones (and the last of all) will be done; None where none is open. `plan` has no rings (Schedule.plan)."""
    going = [place for place, one in enumerate(plan) if not one.done]
    if not going:
        return None
    own = ratios(plan)
    if len(own) < rule("least_finished"):
        return TooFew(len(own), rule("least_finished"))
    count = draws or rule("draws")
    random = np.random.default_rng(rule("seed") if seed is None else seed)
    floors, durations, waits = expected(plan, today)
    many = np.repeat(durations[:, None], count, axis=1)
    drawn = random.choice(np.array(own), size=(len(plan), count))
    for place in going:
        many[place] = _days(plan[place], drawn[place], today)
    _, ends = network(plan).forward(np.repeat(floors[:, None], count, axis=1), many, waits)
    ends = np.ceil(ends - 1e-9) - 1  # the last day itself
    return Outlook(
        _finish(ends.max(axis=0), max(one.planned_end for one in plan)),
        {plan[place].id: _finish(ends[place], plan[place].planned_end) for place in going},
        tuple(sorted(own)),
        count,
    )


def _days(one: Milestone, drawn: Days, today: date) -> Days:
    """Days from its first to its last, at least until tomorrow for one that runs."""
    if one.actual_start is None:
        return _at_least_a_day(one.planned_days * drawn)
    passed = today.toordinal() + 1 - one.actual_start.toordinal()
    left = one.planned_days * float(100 - one.complete) / 100
    return _at_least_a_day(passed + _at_least_a_day(left * drawn))


def _at_least_a_day(days: Days) -> Days:
    return np.asarray(np.maximum(1.0, days))


def _finish(ends: Days, planned: date) -> Finish:
    half, most = (float(np.quantile(ends, share, method="inverted_cdf")) for share in (0.5, 0.8))
    return Finish(day(half), day(most), planned, float(np.mean(ends <= planned.toordinal())))


def spread(own: Sequence[float]) -> tuple[float, float, float]:
    """Lowest, middle and highest ratio."""
    return float(min(own)), float(np.median(own)), float(max(own))
