"""What plans and follow-ups say in words and rows of tables, in both languages; knows nothing of Streamlit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from dashboard import formats, naming, timing
from dashboard.arrangements.expected import Month
from dashboard.contract import contract
from dashboard.formats import plain
from dashboard.methods.survival import Curve
from dashboard.metrics import dimensions
from dashboard.model import plan_setting
from dashboard.words import listed, word

#: What the page's cards and panels show.
CARDS = (
    "plans_agreed", "arrangement_rate", "first_instalment_rate", "instalment_paid_rate", "plan_broken_rate", "plan_coverage_rate",
    "affordability_rate", "followup_in_time_rate",
)  # fmt: skip
STEPS = ("first_instalment_rate", "instalment_paid_rate", "instalment_paid_amount_rate", "plan_broken_rate", "affordability_rate")
FACTS = ("plan_scheduled_amount", "plan_balance_amount", "plan_waived_amount", "plan_waived_rate")
AFFORDABLE = ("first_instalment_rate", "instalment_paid_rate", "plan_broken_rate")
TALKS = ("followup_in_time_rate", "willing_rate", "able_rate")
TALK_FACTS = ("followups_planned", "followups_done", "followups_due", "followups_in_time", "followups_overdue")
TRENDS = (
    "plans_agreed", "first_instalment_rate", "instalment_paid_rate", "plan_broken_rate", "plan_coverage_rate", "arrangement_rate",
    "affordability_rate", "followup_in_time_rate", "followups_planned",
)  # fmt: skip
#: States in the order they are drawn.
STATES = ("completed", "running", "replaced", "ended", "closed", "unscheduled", "broken")
#: What the curve may be cut by (queries/reports/plan_times.sql), all as they were at the agreement.
CURVES = ("all", "affordability", "bucket", "product", "region", "team", "agency")
#: The amounts of a coming month (arrangements.expected.Month).
AHEAD = ("scheduled", "expected", "low", "high", "beyond")
#: So many difficulties are named.
MOST_REASONS = 5


def settings(as_of: date, lang: str) -> str:
    """The settings that decide the page's figures, as printed beside them."""
    rule = plan_setting(as_of)
    return word("plans.settings", lang, **{**rule, "tolerance": formats.rate(rule["tolerance"])})


def labels(lang: str) -> dict[str, str]:
    """What the curve may be cut by, as read."""
    return {by: word("plans.all", lang) if by == "all" else dimensions()[by].label[lang] for by in CURVES}


def anytime(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What a report is asked that looks at no period."""
    return {name: value for name, value in asked.items() if name not in ("start", "until")}


def names(found: Mapping[str | None, Curve], by: str, lang: str) -> dict[str | None, str]:
    """Each group of the curve as read."""
    return {"": word("plans.all", lang)} if by == "all" else timing.names(dict(found), by, lang)


def by_state(rows: Sequence[Mapping[str, Any]]) -> dict[date, dict[str, int]]:
    """Month of agreement → state → plans."""
    found: dict[date, dict[str, int]] = {}
    for row in rows:
        if row["plans_agreed"]:
            found.setdefault(row["month"], dict.fromkeys(STATES, 0))[row["plan_state"]] = int(row["plans_agreed"])
    return found


def became(found: Mapping[date, Mapping[str, int]], lang: str) -> str | None:
    """What became of all plans agreed."""
    total = sum(sum(states.values()) for states in found.values())
    if not total:
        return None
    shares = {state: formats.rate(sum(states[state] for states in found.values()) / total) for state in ("broken", "completed", "running")}
    return word("plans.states_found", lang, n=formats.count(total), **shares)


def coming(found: Sequence[Month], lang: str, currency: str) -> str | None:
    """What running plans have scheduled, and what of it may be expected."""
    if not found:
        return None
    sums = {name: sum((getattr(month, name) for month in found), Decimal(0)) for name in ("scheduled", "expected", "low", "high")}
    return word("plans.ahead_found", lang, **{name: formats.amount(value, currency, lang) for name, value in sums.items()})


def unknown(found: Sequence[Month], lang: str, currency: str) -> str | None:
    """What is scheduled beyond the ages that plans have been followed to."""
    beyond = sum((month.beyond for month in found), Decimal(0))
    return word("plans.beyond_found", lang, amount=formats.amount(beyond, currency, lang), least=timing.LEAST) if beyond else None


def moods(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Follow-ups done by willingness and ability, in the order of their codes, with the share of all."""
    total = sum(row["followups_done"] or 0 for row in rows)
    places = [{code: place for place, code in enumerate([*contract().codes[name], ""])} for name in ("willingness", "ability")]
    known = [row for row in rows if row["followups_done"]]
    known.sort(key=lambda row: (places[0].get(row["willingness"], 9), places[1].get(row["ability"], 9)))
    return [
        {"willingness": row["willingness"], "ability": row["ability"], "done": row["followups_done"], "share": row["followups_done"] / total}
        for row in known
    ]


def mood(rows: Sequence[Mapping[str, Any]], lang: str) -> str | None:
    """How many are willing and able, and how many would but can't."""
    total = sum(row["done"] for row in rows)
    if not total:
        return None
    both, hard = (
        formats.rate(sum(row["done"] for row in rows if row["willingness"] == "willing" and row["ability"] in abilities) / total)
        for abilities in (("able",), ("strained", "unable"))
    )
    return word("plans.mood_found", lang, both=both, willing=hard, n=formats.count(total))


def reasons(rows: Sequence[Mapping[str, Any]], lang: str) -> str | None:
    """The difficulties named most often, with their share of all named."""
    known = [
        (naming.value("difficulty", row["difficulty"], lang), row["followups_done"]) for row in rows if row["difficulty"] and row["followups_done"]
    ]
    total = sum(count for _, count in known)
    first = sorted(known, key=lambda pair: (-pair[1], pair[0]))[:MOST_REASONS]
    return listed([f"{plain(name)} {formats.rate(count / total)}" for name, count in first], lang) if known else None
