"""What the figures of teams and collectors say, in words and rows of tables, in both languages; knows nothing of pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from dashboard import formats
from dashboard.collectors.people import DUE_DAYS, HEAVY, Load, Person, Reason, Stage, Standing
from dashboard.collectors.performance import FEWEST, Adjusted, Performance, Tallies, TooFew
from dashboard.formats import plain
from dashboard.methods import effects
from dashboard.words import word


def too_few(error: TooFew, lang: str) -> str:
    """Why there is nothing to compare with."""
    if not error.months:
        return word("team.no_month", lang)
    return word("team.too_few", lang, collectors=error.collectors, months=error.months, needed=FEWEST)


def flagged(found: Adjusted, ids: Iterable[str], lang: str) -> str:
    """How many of some collectors lie beyond the outer limits."""
    chosen = set(ids)
    people = [one for one in found.ranked if one.collector in chosen]
    sides = {side: sum(one.flag == side for one in people) for side in ("high", "low")}
    if not people:
        return word("team.nobody_known", lang)
    return word("team.some_flagged" if any(sides.values()) else "team.none_flagged", lang, n=len(people), **sides)


def best(people: Sequence[Performance], named: Mapping[str, str], lang: str) -> str:
    """Who is most likely among the best quarter, and how many differ from the house for sure."""
    if not people:
        return word("team.nobody_known", lang)
    first = max(people, key=lambda one: (one.top or 0.0, one.collector))
    sure = sum((one.shrunk_low or 0.0) > 1 or (one.shrunk_high or 2.0) < 1 for one in people)
    return word("team.best", lang, name=plain(named[first.collector]), chance=formats.rate(first.top), sure=sure, n=len(people))


def fit(found: Tallies, lang: str) -> str:
    """How close expected and seen are, and how well payers are told from the rest."""
    gap = max((abs(expected - seen) for expected, seen, _ in found.calibration), default=0.0)
    return word("team.model_found", lang, gap=formats.points(gap, lang).lstrip("+"), auc=formats.number(found.auc * 100, 0))


def profile(people: Sequence[Performance], named: Mapping[str, str], known: Mapping[str, Person], lang: str) -> list[dict[str, Any]]:
    """Collectors as rows."""
    return [
        {
            "who": named[one.collector],
            "team": known[one.collector].team if one.collector in known else None,
            "cases": one.cases,
            "raw": one.observed / one.cases,
            "observed": round(one.observed, 2),
            "expected": round(one.expected, 2),
            "ratio": one.ratio,
            "low": one.low,
            "high": one.high,
            "shrunk": one.shrunk,
            "shrunk_low": one.shrunk_low,
            "shrunk_high": one.shrunk_high,
            "top": one.top,
            "flag": word(f"team.flag_{one.flag}", lang) if one.flag else None,
        }
        for one in people
    ]


def teams(found: Tallies, known: Mapping[str, Person], ids: Iterable[str]) -> dict[str, list[tuple[date, Any]]]:
    """Observed ÷ expected of each team's collectors together, by month."""
    sums: dict[str, dict[date, list[float]]] = {}
    wanted = set(ids)
    for row in found.rows:
        if row.collector in wanted and row.collector in known:
            mine = sums.setdefault(known[row.collector].team, {}).setdefault(row.month, [0.0, 0.0])
            mine[0] += row.paid
            mine[1] += row.paid_expected
    return {team: [(month, paid / due if due else None) for month, (paid, due) in sorted(months.items())] for team, months in sorted(sums.items())}


def ends(lines: Mapping[str, list[tuple[date, Any]]], most: int) -> dict[str, list[tuple[date, Any]]]:
    """Lines that can be told apart: all, or of more than `most` half of it with the highest and half with the lowest last value."""
    known = [name for name, points in lines.items() if points and points[-1][1] is not None]
    if len(lines) <= most or len(known) <= most:
        return dict(lines) if len(lines) <= most else {name: lines[name] for name in known}
    order = sorted(known, key=lambda name: lines[name][-1][1], reverse=True)
    kept = {*order[: most // 2], *order[-(most // 2) :]}
    return {name: points for name, points in lines.items() if name in kept}


def heavy(found: Sequence[Load], named: Mapping[str, str], lang: str) -> str:
    """Who holds too much."""
    share, over = f"{HEAVY:.0%}", [one for one in found if one.state == "heavy"]
    if not over:
        return word("team.loads_even", lang, share=share)
    first = over[0]
    most = f"{formats.number(first.ratio * 100, 0)}%"
    return word("team.loads_heavy", lang, n=len(over), all=len(found), share=share, name=plain(named[first.collector]), most=most)


def loads(found: Sequence[Load], named: Mapping[str, str], lang: str) -> list[dict[str, Any]]:
    """Loads as rows."""
    return [
        {
            "who": named[one.collector], "team": one.team, "caseload": one.caseload, "adjusted": one.adjusted, "median": one.median,
            "load_ratio": one.ratio, "state": word(f"team.state_{one.state}", lang),
        }
        for one in found
    ]  # fmt: skip


def tenure(rows: Sequence[Mapping[str, Any]], lang: str) -> str | None:
    """How many are new."""
    counts = {row["tenure_band"]: row["staff_end"] or 0 for row in rows}
    total = sum(counts.values())
    return word("team.tenure_found", lang, share=formats.rate((counts.get("0-2", 0) + counts.get("3-5", 0)) / total)) if total else None


def growing(stages: Sequence[Stage], lang: str) -> str | None:
    """What new hires bring in their first three months, and those of a year or more."""
    early = [stage for stage in stages if stage.months < 3]
    late = [stage for stage in stages if stage.months >= 12]
    if not early or not late:
        return None
    mean = sum(stage.ratio * stage.cases for stage in early) / sum(stage.cases for stage in early)
    return word("team.ramp_found", lang, early=formats.number(mean), late=formats.number(late[-1].ratio))


def stages(found: Sequence[Stage]) -> list[dict[str, Any]]:
    """Months of employment as rows."""
    return [{"stage": one.months, "people": one.people, "cases": one.cases, "ratio": one.ratio, "low": one.low, "high": one.high} for one in found]


def training(found: Sequence[Standing], lang: str) -> str:
    """How many have no valid law training, and how many are due."""
    states = [one.state for one in found]
    lapsed = states.count("lapsed") + states.count("never")
    return word("team.training_found", lang, lapsed=lapsed, n=len(found), due=states.count("due"), days=DUE_DAYS)


def standings(found: Sequence[Standing], named: Mapping[str, str], known: Mapping[str, Person], lang: str) -> list[dict[str, Any]]:
    """Law training as rows."""
    return [
        {
            "who": named[one.collector], "team": known[one.collector].team, "passed_on": one.passed_on, "until": one.until,
            "state": word(f"team.training_{one.state}", lang),
        }
        for one in found
    ]  # fmt: skip


def effect(found: effects.Effect, lang: str) -> tuple[str, list[str]]:
    """What a course did to performance, and what must be known to read it."""
    value, low, high = (formats.number(one, 2, signed=True) for one in (found.overall.value, found.overall.low, found.overall.high))
    sides = {"value": value, "low": low, "high": high}
    sure = word("team.effect_sure", lang, **sides)
    text = sure if found.overall.sign else word("team.effect_unsure", lang, **sides, detectable=formats.number(found.detectable, 2, signed=True))
    notes = [word("team.effect_units", lang, starters=found.starters, never=found.never)]
    notes += [word(f"team.effect_{name}", lang) for name in ("season", "drift", "short") if name in found.warnings]
    return text, notes


def few_effect(error: effects.TooFew, lang: str) -> str:
    """Why nothing can be said of a course."""
    return word(f"team.few_{error.reason}", lang, found=error.found, needed=error.needed)


def reason(one: Reason, lang: str) -> str:
    """A reason to coach somebody, in words."""

    def text(value: Any) -> str:
        return formats.MISSING if value is None else formats.day(value, lang) if isinstance(value, date) else formats.number(value, 2)

    figures = [text(value) for value in one.figures]
    if one.rule in ("critical", "review"):
        figures[0] = formats.rate(one.figures[0])
    if one.rule == "low":
        figures[3:] = [formats.number(value, 1) for value in one.figures[3:]]
    return word(f"team.reason_{one.rule}", lang, **{f"n{place}": figure for place, figure in enumerate(figures)})
