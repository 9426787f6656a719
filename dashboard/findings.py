"""What the figures say in one sentence, by rule, in both languages; None where the rule finds nothing worth a title."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

from dashboard import formats
from dashboard.filters import Filters, month_end, shifted
from dashboard.formats import exact, plain
from dashboard.words import word

#: Within this share of the target a value is "watch", not "missed"; the same margin on either direction of better.
WATCH = Decimal("0.05")


def state(value: Any, target: Any, better: str) -> str | None:
    """met, watch or missed against a target; None where either is unknown or the metric has no better direction."""
    now, aim = exact(value), exact(target)
    if now is None or aim is None or better not in ("higher", "lower"):
        return None
    gap = now - aim if better == "higher" else aim - now
    if gap >= 0:
        return "met"
    return "watch" if -gap <= abs(aim) * WATCH else "missed"


def scope_of(filters: Filters, teams: Sequence[str] | None = None) -> str | None:
    """The scope whose targets apply: the house, or the one team on screen; None where the filters cut across.

    `teams`: those a person may see (None: all), which is all that the figures are of.
    """
    shown = filters.chosen("team") or teams
    if any(dimension != "team" for dimension, _ in filters.where):
        return None
    if shown is None:
        return "all"
    return f"team:{shown[0]}" if len(shown) == 1 else None


def target(monthly: Mapping[date, Any], unit: str, filters: Filters, as_of: date) -> tuple[Any, bool]:
    """The target of a period and whether the period may be judged by it.

    One month's own target; over several whole months the sum for amounts and counts, none for rates. A month still running has its
    target but isn't judged.
    """
    months, month = [], filters.start.replace(day=1)
    while month <= filters.until:
        months.append(month)
        month = shifted(month, 1)
    if filters.start.day != 1 or any(month not in monthly for month in months):
        return None, False
    whole = filters.until == month_end(filters.until) and filters.until <= as_of
    if len(months) == 1:
        return monthly[months[0]], whole
    if unit in ("amount", "count") and whole:
        return sum((exact(monthly[month]) or Decimal(0) for month in months), Decimal(0)), True
    return None, False


def against_target(
    label: str, series: Sequence[tuple[date, Any]], targets: Mapping[date, Any], better: str, lang: str, running: set[date] | None = None
) -> str | None:
    """Since when a monthly series has stood on one side of its target, judged on complete months."""
    known = [
        (month, state(value, targets[month], better) == "met")
        for month, value in sorted(series)
        if month in targets and value is not None and month not in (running or set())
    ]
    if not known or better not in ("higher", "lower"):
        return None
    above = known[-1][1]
    since = known[-1][0]
    for month, side in reversed(known):
        if side != above:
            break
        since = month
    once = since == known[-1][0]
    sides = ("above_target", "below_target") if better == "higher" else ("within_limit", "over_limit")
    return word(f"finding.{sides[0] if above else sides[1]}{'_in' if once else '_since'}", lang, label=label, month=formats.month(since, lang))


def trend(label: str, series: Sequence[tuple[date, Any]], lang: str, running: set[date] | None = None) -> str | None:
    """The run of rises or falls that a monthly series ends on, from two months on."""
    values = [(month, exact(value)) for month, value in sorted(series) if value is not None and month not in (running or set())]
    run, direction = 0, 0
    for (_, before), (_, after) in reversed(list(pairwise(values))):
        step = ((after or 0) > (before or 0)) - ((after or 0) < (before or 0))
        if step == 0 or (direction and step != direction):
            break
        run, direction = run + 1, step
    if run < 2:
        return None
    return word("finding.rose" if direction > 0 else "finding.fell", lang, label=label, n=run)


def spread(label: str, rows: Sequence[tuple[str, Any]], unit: str, currency: str, lang: str) -> str | None:
    """The highest and the lowest of some groups, where there are two and they differ."""
    known = sorted(((exact(value), name) for name, value in rows if value is not None), key=lambda pair: (pair[0] or 0, pair[1]))
    if len(known) < 2:
        return None
    (low, worst), (high, best) = known[0], known[-1]
    texts = [formats.measure(unit, value, currency, lang) for value in (high, low)]
    if texts[0] == texts[1]:
        return None
    return word("finding.spread", lang, label=label, best=plain(best), high=texts[0], worst=plain(worst), low=texts[1])


def cohorts(label: str, at: int, series: Sequence[tuple[date, Any]], lang: str) -> str | None:
    """The latest cohort that has been observed so many months against the one a year (or as far as there is) before it."""
    known = [(month, exact(value)) for month, value in sorted(series) if value is not None]
    if len(known) < 2:
        return None
    (first, before), (last, now) = known[max(0, len(known) - 13)], known[-1]
    return word(
        "finding.cohorts", lang, label=label, n=at, now=formats.rate(now), last=formats.month(last, lang), before=formats.rate(before),
        first=formats.month(first, lang),
    )  # fmt: skip


def leaks(gross: Any, net: Any, lang: str) -> str | None:
    """How much of the gross amount counts as net cash."""
    whole, kept = exact(gross), exact(net)
    if not whole or kept is None:
        return None
    return word("finding.leaks", lang, share=formats.rate(kept / whole))


def moved(
    rows: Sequence[Mapping[str, Any]], start: str, end: str, value: str, states: Sequence[str], names: Mapping[str, str], lang: str
) -> str | None:
    """The largest single move to a worse bucket among states listed from best to worst."""
    order = {state: place for place, state in enumerate(states)}
    worse = [row for row in rows if order.get(row[end], -1) > order.get(row[start], len(states)) and row[value] is not None]
    if not worse:
        return None
    most = max(worse, key=lambda row: row[value])
    one, other = (plain(names.get(most[key], most[key])) for key in (start, end))
    return word("finding.moved", lang, start=one, end=other, share=formats.rate(most[value]))


def shares(rows: Sequence[Mapping[str, Any]], group: str, value: str, name: str) -> list[dict[str, Any]]:
    """Rows with each one's share of its group's total and the two sides; unknown where the total is nothing."""
    totals: dict[Any, Decimal] = {}
    for row in rows:
        totals[row[group]] = totals.get(row[group], Decimal(0)) + (exact(row[value]) or Decimal(0))
    return [
        {**row, name: (exact(row[value]) or Decimal(0)) / totals[row[group]] if totals[row[group]] else None,
         f"{name}_part": row[value], f"{name}_whole": totals[row[group]]}
        for row in rows
    ]  # fmt: skip
