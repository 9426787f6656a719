"""Net cash of a period by the contact before it: five ways to share it, each adding up to net cash to the cent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from dashboard.downloads import Column
from dashboard.filters import Filters
from dashboard.methods.attribution import markov
from dashboard.metrics import dimensions, metrics
from dashboard.words import word

Rows = Sequence[Mapping[str, Any]]
WINDOWS, RULES = ("7", "14", "30", "60"), ("reached", "any")
#: The ways to share a payment; the chain's is worked out from the paths of what is on screen, the others stand with each payment.
METHODS = ("last", "first", "linear", "decay", "markov")
STORED = METHODS[:-1]
DEFAULT_WINDOW = "30"
#: What one question asks for, and how it is cut.
ASKED = (*(f"attributed_{method}_amount" for method in STORED), "path_starts", "path_steps", "touched_payments")
CUT = ("channel", "next_step", "touch_window", "touch_rule")
NONE, END = "none", "payment"


def chosen(filters: Filters, window: str, rule: str) -> Filters:
    """The view's filters with the window and what counts as a touch."""
    return filters.choosing("touch_window", (window,)).choosing("touch_rule", (rule,))


def shared(rows: Rows) -> list[dict[str, Any]]:
    """One row per channel, the most cash by last touch first and no touch last: what each method gives it.

    `rows` are of ASKED by CUT. The chain shares the cash that a touch came before in proportion to removal effects; where it has no path
    (nothing but reversals) it gives what the last touch gives.
    """
    found: dict[str, dict[str, Any]] = {}
    starts: dict[str, float] = {}
    steps: dict[tuple[str, str], float] = {}
    for row in rows:
        channel = row["channel"]
        cells = found.setdefault(channel, {"channel": channel, "touch_window": row["touch_window"], "touch_rule": row["touch_rule"]})
        for name in STORED:
            cells[name] = cells.get(name, Decimal(0)) + (row[f"attributed_{name}_amount"] or Decimal(0))
        cells["payments"] = cells.get("payments", 0) + (row["touched_payments"] or 0)
        if channel != NONE:
            starts[channel] = starts.get(channel, 0) + (row["path_starts"] or 0)
            steps[channel, row["next_step"]] = steps.get((channel, row["next_step"]), 0) + (row["path_steps"] or 0)
    touched = sum((cells["last"] for channel, cells in found.items() if channel != NONE), Decimal(0))
    paths = {channel: count for channel, count in starts.items() if count}
    by_chain = markov(touched, paths, {move: count for move, count in steps.items() if count}, END) if paths else {}
    for channel, cells in found.items():
        cells["markov"] = by_chain.get(channel, Decimal(0)) if channel != NONE and paths else cells["last"]
    return sorted(found.values(), key=lambda cells: (cells["channel"] == NONE, -cells["last"], cells["channel"]))


def total(rows: Rows, method: str) -> Decimal:
    """All of it: net cash, whatever the method."""
    return sum((row[method] for row in rows), Decimal(0))


def untouched(rows: Rows) -> Decimal:
    """What no touch came before."""
    return next((row["last"] for row in rows if row["channel"] == NONE), Decimal(0))


def columns(lang: str, currency: str) -> list[Column]:
    """The columns of the table; each method's adds up to net cash."""
    heads = [Column(name, dimensions()[name].label[lang]) for name in ("channel", "touch_window", "touch_rule")]
    amounts = [Column(name, f"{label(name, lang)} ({currency})", "amount", additive=True) for name in METHODS]
    return [*heads, *amounts, Column("payments", metrics()["touched_payments"].label[lang], "count", additive=True)]


def label(method: str, lang: str) -> str:
    """A method's short name."""
    return word(f"attribution.{method}", lang)


def with_cost(rows: Rows, costs: Rows, method: str) -> list[dict[str, Any]]:
    """Per channel: what contact cost in the period, the cash it came before by a method, and cost per 100 of it; None where unknown."""
    spent = {row["channel"]: row["contact_cost"] for row in costs}
    named = {row["channel"]: row[method] for row in rows if row["channel"] != NONE}
    made = []
    for channel in sorted({*spent, *named}, key=lambda one: (-(spent.get(one) or Decimal(0)), one)):
        cost, cash = spent.get(channel), named.get(channel, Decimal(0))
        per_100 = None if cost is None or cash <= 0 else float(cost) / float(cash) * 100
        made.append({"channel": channel, "spent": cost, "preceded": cash, "per_100": per_100})
    return made


def touched(rows: Rows) -> list[Mapping[str, Any]]:
    """The rows of channels, without the one of no touch."""
    return [row for row in rows if row["channel"] != NONE]
