"""What contact and promises say in words and rows of tables, in both languages; knows nothing of Streamlit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from statistics import NormalDist
from typing import Any

from dashboard import formats, naming
from dashboard.channels.caps import shares
from dashboard.channels.figures import STATES, Lane
from dashboard.channels.when import Cell
from dashboard.charts import ACTUAL, SERIES, TOTAL
from dashboard.compliance.rules import Rule
from dashboard.filters import Filters
from dashboard.formats import plain
from dashboard.methods.intervals import wilson
from dashboard.metrics import metrics
from dashboard.model import contact_setting, promise_rules, promise_setting
from dashboard.words import word

#: What the page's cards and panels show.
CARDS = (
    "coverage_rate", "connect_rate", "right_party_rate", "promise_rate", "promise_kept_rate", "first_attempt_rate", "lost_contact_rate",
    "cost_per_right_party",
)  # fmt: skip
STEPS = ("reached_rate", "connect_rate", "contact_rate", "right_party_rate", "promise_rate", "promise_kept_rate", "promise_kept_amount_rate")
REACH = ("coverage_rate", "intensity", "right_party_case_rate", "lost_contact_rate", "first_attempt_rate")
DIGITAL = ("delivery_rate", "open_rate", "click_rate", "opt_out_rate", "number_valid_rate")
MACHINES = (
    "automated_rate", "reminder_rate", "automated_reminder_rate", "early_attempt_rate", "containment_rate", "handover_rate",
    "after_hours_answer_rate", "hours_covered",
)  # fmt: skip
PROMISES = (
    "promise_kept_amount_rate", "promise_partly_rate", "promise_broken_rate", "promise_late_rate", "promise_slippage", "promise_shortfall_amount",
    "promise_shortfall_rate", "repromise_rate",
)  # fmt: skip
TRENDS = ("right_party_rate", *(name for name in STEPS if name != "right_party_rate"), "coverage_rate", "delivery_rate", "cost_per_attempt")
#: The stages of the funnel, each with the stage it is a share of; what counts the same kind of thing has an interval.
STAGES = (
    ("attempts", None), ("reached_attempts", "attempts"), ("right_parties", "live_attempts"), ("promises_made", "debtor_talks"),
    ("promises_made_kept", "promises_made"),
)  # fmt: skip
PARTS = frozenset({"reached_attempts", "right_parties", "promises_made_kept"})
FUNNEL = (
    "attempts",
    "reached_attempts",
    "live_attempts",
    "right_parties",
    "debtor_talks",
    "promises_made",
    "promises_made_kept",
    "promise_paid_amount",
)
#: A case placed counts as paid if it paid within so many days; it must have been followed that long.
PAID_WITHIN = 60
#: At most so many channels stand by themselves in the figure of sequences; fewer cases than this make a channel one of the others.
CHANNEL_COLOURS = dict(zip(("phone", "bot", "sms", "social", "email", "visit", "letter", "app"), (*SERIES, "#7A8B99", "#B8A88A"), strict=True))


def parameters(filters: Filters, teams: Sequence[str] | None) -> dict[str, Any]:
    """What the reports are asked of the view: period, chosen values, the person's teams."""
    chosen = {name: list(filters.chosen(name)) or None for name in ("product", "bucket", "region", "team", "batch")}
    return {"start": filters.start, "until": filters.until, **chosen, "teams": None if teams is None else list(teams)}


def settings(as_of: date, panel: str, lang: str) -> str:
    """The settings that decide a panel's figures, as printed beside them."""
    rules, promise = contact_setting(as_of), promise_setting(as_of)
    numbers = {name: value for name, value in rules.items() if isinstance(value, int)}
    return word(f"channels.set_{panel}", lang, grace=promise["grace_days"], tolerance=formats.rate(promise["tolerance"]), **numbers)


def stages(row: Mapping[str, Any], lang: str) -> list[tuple[str, Any, str]]:
    """The funnel's stages that are supplied: name, count, and the share of the stage before it with its interval."""
    found = []
    for name, of in STAGES:
        if row.get(name) is None:
            continue
        note = ""
        if of is not None and row.get(of):
            note = word(f"channels.of_{of}", lang, share=formats.rate(row[name] / row[of]))
            if name in PARTS:
                low, high = wilson(row[name], row[of])
                note += f" ({formats.rate(low)}–{formats.rate(high)})"
        found.append((metrics()[name].label[lang], row[name], note))
    return found


def funnel_table(row: Mapping[str, Any], lang: str) -> list[dict[str, Any]]:
    """The funnel as rows: stage, count, what it is a share of, share and limits."""
    table = []
    for name, of in STAGES:
        whole = row.get(of) if of else None
        known = row.get(name) is not None and bool(whole)
        low, high = wilson(row[name], whole) if known and name in PARTS else (None, None)
        table.append(
            {
                "stage": metrics()[name].label[lang], "count": row.get(name), "of": metrics()[of].label[lang] if of else None, "whole": whole,
                "share": row[name] / whole if known and whole else None, "low": low, "high": high,
            }
        )  # fmt: skip
    return table


def through(row: Mapping[str, Any], lang: str) -> str | None:
    """How much of what was tried got through and to the debtor."""
    if not row.get("attempts") or row.get("reached_attempts") is None:
        return None
    share = formats.rate(row["reached_attempts"] / row["attempts"])
    if not row.get("live_attempts") or row.get("right_parties") is None:
        return word("channels.through", lang, share=share)
    return word("channels.through_right", lang, share=share, right=formats.rate(row["right_parties"] / row["live_attempts"]))


def lanes(rows: Sequence[Mapping[str, Any]], names: Sequence[str], currency: str, lang: str) -> list[Lane]:
    """Rates of some rows for a figure, each with its limits and its two sides."""
    made = []
    for name in names:
        metric = metrics()[name]
        values = []
        for row in rows:
            part, whole = row.get(f"{name}_part"), row.get(f"{name}_whole")
            units = [metrics()[side].unit for side in (metric.part, metric.whole) if side is not None]
            if metric.per > 1 and part is not None:
                part, units = part // metric.per, ["count", *units[1:]]
            said = " / ".join(formats.measure(unit, side, currency, lang) for unit, side in zip(units, (part, whole), strict=False))
            values.append((row.get(name), row.get(f"{name}_low"), row.get(f"{name}_high"), said if whole is not None else ""))
        made.append(Lane(metric.label[lang], metric.unit, values))
    return made


def best(rows: Sequence[Mapping[str, Any]], by: str, name: str, lang: str) -> str | None:
    """Where a rate is highest and lowest, said as certain only where the intervals, widened for so many comparisons, do not touch."""
    known = sorted((row for row in rows if row.get(name) is not None), key=lambda row: row[name])
    if len(known) < 2:
        return None
    low, high, z = known[0], known[-1], among(len(known))
    wide = [wilson(row.get(f"{name}_part"), row.get(f"{name}_whole"), z) for row in (low, high)]
    apart = metrics()[name].interval == "wilson" and (wide[1][0] or 0.0) > (wide[0][1] or 0.0)
    return word(
        "channels.apart" if apart else "channels.alike", lang, label=metrics()[name].label[lang], best=plain(naming.value(by, high[by], lang)),
        high=formats.rate(high[name]), worst=plain(naming.value(by, low[by], lang)), low=formats.rate(low[name]), n=len(known),
    )  # fmt: skip


def among(groups: int) -> float:
    """How many standard errors an interval takes to hold for all of some groups at once (Bonferroni, 95%)."""
    return NormalDist().inv_cdf(1 - 0.025 / max(groups, 1))


def graces(lang: str) -> dict[str, str]:
    """The lengths of grace that may be chosen."""
    return {str(days): word("channels.grace_days", lang, n=days) for days in promise_rules()["grace_choices"]}


def tolerances(lang: str) -> dict[str, str]:
    """The shares of a promise that may count as kept."""
    return {f"{share:.2f}": word("channels.tolerance_of", lang, share=formats.rate(share)) for share in promise_rules()["tolerance_choices"]}


def in_force(as_of: date) -> tuple[str, str]:
    """The grace and tolerance in force, as options of the page."""
    rule = promise_setting(as_of)
    return str(rule["grace_days"]), f"{rule['tolerance']:.2f}"


def kept(rows: Sequence[Mapping[str, Any]], lang: str) -> str | None:
    """The share kept of all matured promises of some months, with its interval."""
    matured = sum(row[state] for row in rows for state in STATES)
    if not matured:
        return None
    done = sum(row["kept"] for row in rows)
    low, high = map(formats.rate, wilson(done, matured))
    return word(
        "channels.kept_found", lang, share=formats.rate(done / matured), low=low, high=high, n=formats.count(done), all=formats.count(matured)
    )


def kept_table(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Months with the share kept and its limits."""
    table = []
    for row in rows:
        matured = sum(row[state] for state in STATES)
        low, high = wilson(row["kept"], matured)
        table.append({**row, "matured": matured, "share": row["kept"] / matured if matured else None, "low": low, "high": high})
    return table


def machines(row: Mapping[str, Any], lang: str) -> str | None:
    """How much is done by machines, and how much of it needed nobody."""
    if row.get("automated_rate") is None:
        return None
    share = formats.rate(row["automated_rate"])
    if row.get("containment_rate") is None:
        return word("channels.automated", lang, share=share)
    return word("channels.automated_contained", lang, share=share, contained=formats.rate(row["containment_rate"]))


def by_hour(rows: Sequence[Mapping[str, Any]], name: str, lang: str) -> dict[str, dict[int, int]]:
    """A count by hour for collectors and for machines."""
    found: dict[str, dict[int, int]] = {naming.value("automation", one, lang): {} for one in ("human", "automated")}
    for row in rows:
        if row["automation"] in ("human", "automated"):
            found[naming.value("automation", row["automation"], lang)][int(row["hour"])] = row[name] or 0
    return found


def pattern(cells: Sequence[Cell], lang: str) -> str | None:
    """When the adjusted rate is highest and lowest, and whether the two can be told apart."""
    known = sorted((cell for cell in cells if cell.rate is not None), key=lambda cell: cell.rate or 0.0)
    if len(known) < 2:
        return None
    low, high = known[0], known[-1]

    def when(cell: Cell) -> str:
        return f"{word(f'code.{cell.weekday}', lang)} {cell.hour}:00"

    z = among(len(known))
    apart = (high.rate or 0.0) - z * high.error > (low.rate or 0.0) + z * low.error
    return word(
        "intensity.apart" if apart else "intensity.alike", lang, best=when(high), high=formats.rate(high.rate), worst=when(low),
        low=formats.rate(low.rate), n=len(known),
    )  # fmt: skip


def heat_table(cells: Sequence[Cell], lang: str) -> list[dict[str, Any]]:
    """Cells as rows, hidden ones with their number of attempts only."""
    return [
        {
            "weekday": cell.weekday, "hour": cell.hour, "attempts": cell.attempts, "crude": None if cell.rate is None else cell.crude,
            "rate": cell.rate, "low": cell.low, "high": cell.high,
        }
        for cell in sorted(cells, key=lambda cell: (list(CELL_ORDER).index(cell.weekday), cell.hour))
    ]  # fmt: skip


CELL_ORDER = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def bands(rows: Sequence[Mapping[str, Any]], by: str, order: Sequence[str], name: str) -> list[tuple[str, Any, Any, Any, int]]:
    """A rate by band in its order: band, rate, limits, attempts."""
    found = {row[by]: row for row in rows}
    return [
        (band, found[band][name], found[band][f"{name}_low"], found[band][f"{name}_high"], found[band][f"{name}_whole"])
        for band in order
        if band in found and found[band][name] is not None
    ]


def diminishing(points: Sequence[tuple[str, Any, Any, Any, int]], along: str, lang: str) -> str | None:
    """From the first band to the last, and whether the difference can be told from chance."""
    if len(points) < 2:
        return None
    (first, before, low_before, high_before, _), (last, after, low_after, high_after, _) = points[0], points[-1]
    name = "falls" if high_after < low_before else "rises" if low_after > high_before else "flat"
    return word(f"intensity.{name}", lang, along=along, first=first, before=formats.rate(before), last=last, after=formats.rate(after))


def flows(rows: Sequence[Mapping[str, Any]], lang: str) -> tuple[list[tuple[str, str, int]], dict[str, tuple[str, int, str]]]:
    """The links and nodes of the sequences: first, second, third touch, then cash or none; a sequence ends where its touches end."""
    links: dict[tuple[str, str], int] = {}
    nodes: dict[str, tuple[str, int, str]] = {}
    for row in rows:
        path = []
        for step, key in enumerate(("first_channel", "second_channel", "third_channel")):
            if row[key] is None:
                if step == 0:
                    nodes["0:none"] = (word("intensity.no_touch", lang), 0, TOTAL)
                    path.append("0:none")
                break
            node = f"{step}:{row[key]}"
            nodes[node] = (naming.value("channel", row[key], lang), step, CHANNEL_COLOURS.get(row[key], TOTAL))
            path.append(node)
        end = "3:paid" if row["paid"] else "3:unpaid"
        nodes[end] = (word("intensity.paid" if row["paid"] else "intensity.unpaid", lang, n=PAID_WITHIN), 3, ACTUAL if row["paid"] else TOTAL)
        path.append(end)
        for start, stop in pairwise(path):
            links[start, stop] = links.get((start, stop), 0) + row["cases"]
    return [(start, stop, count) for (start, stop), count in sorted(links.items())], dict(sorted(nodes.items()))


def sequences(rows: Sequence[Mapping[str, Any]], lang: str) -> list[dict[str, Any]]:
    """Every sequence with its cases and the share that paid, the most frequent first."""
    found: dict[tuple[Any, ...], list[int]] = {}
    for row in rows:
        key = tuple(row[name] for name in ("first_channel", "second_channel", "third_channel"))
        counts = found.setdefault(key, [0, 0])
        counts[0] += row["cases"] if row["paid"] else 0
        counts[1] += row["cases"]
    table = []
    for key, (paid, cases) in sorted(found.items(), key=lambda pair: (-pair[1][1], str(pair[0]))):
        low, high = wilson(paid, cases)
        name = " → ".join(naming.value("channel", one, lang) for one in key if one is not None) or word("intensity.no_touch", lang)
        table.append({"sequence": name, "cases": cases, "paid_cases": paid, "share": paid / cases, "low": low, "high": high})
    return table


def untouched(rows: Sequence[Mapping[str, Any]], lang: str) -> str | None:
    """How many of the cases that paid had not been touched before."""
    paid = sum(row["cases"] for row in rows if row["paid"])
    if not paid:
        return None
    alone = sum(row["cases"] for row in rows if row["paid"] and row["first_channel"] is None)
    return word("intensity.untouched", lang, share=formats.rate(alone / paid), n=PAID_WITHIN)


def cap_rows(found: Sequence[tuple[Rule, Mapping[str, Any] | None]], lang: str) -> list[dict[str, Any]]:
    """The rules with their counts and shares; one whose data is not supplied says that it can't be checked."""
    table = []
    for cap, row in found:
        said = {"rule": cap.label[lang], "short": cap.short[lang], "source": cap.source[lang], "confidence": cap.confidence, "since": cap.valid_from}
        unit = word(f"intensity.unit_{cap.unit}", lang)
        if row is None or not row["units"]:
            table.append({**said, "checked": word("intensity.unchecked", lang), "unit": unit})
            continue
        limits = {}
        for name in ("near_cap", "at_cap", "above_cap"):
            limits[f"{name}_low"], limits[f"{name}_high"] = wilson(row[name], row["units"])
        table.append({**said, **shares(row), **limits, "checked": word("intensity.checked", lang), "unit": unit})
    return table


def cap_lanes(rows: Sequence[Mapping[str, Any]], lang: str) -> list[Lane]:
    """Shares within one of a cap, at it and above it, for a figure."""
    return [
        Lane(
            word(f"intensity.{name}", lang),
            "rate",
            [
                (row[f"{name}_share"], row[f"{name}_low"], row[f"{name}_high"], f"{formats.count(row[name])} / {formats.count(row['units'])}")
                for row in rows
            ],
        )
        for name in ("near_cap", "at_cap", "above_cap")
    ]


def above(rows: Sequence[Mapping[str, Any]], lang: str) -> str:
    """Whether any rule's cap was exceeded."""
    over = [row for row in rows if row.get("above_cap")]
    if not over:
        return word("intensity.none_above", lang)
    most = max(over, key=lambda row: row["above_cap_share"])
    return word(
        "intensity.some_above",
        lang,
        share=formats.rate(most["above_cap_share"]),
        n=formats.count(most["above_cap"]),
        unit=most["unit"],
        rule=most["rule"],
    )


def channel_names(lang: str, live: bool = False) -> dict[str, str]:
    """The channels by name; only those that can be answered, if told so."""
    codes = ("phone", "bot", "visit", "social") if live else tuple(CHANNEL_COLOURS)
    return {code: naming.value("channel", code, lang) for code in codes}


def facts(row: Mapping[str, Any], names: Sequence[str], currency: str, lang: str) -> list[tuple[str, str | None]]:
    """Some figures in one line: name, value with its interval and sides; None where it isn't known."""
    made: list[tuple[str, str | None]] = []
    for name in names:
        metric, value = metrics()[name], row.get(name)
        if value is None:
            made.append((metric.label[lang], None))
            continue
        text = formats.measure(metric.unit, value, currency, lang)
        low, high, whole = row.get(f"{name}_low"), row.get(f"{name}_high"), row.get(f"{name}_whole")
        if low is not None and high is not None and whole is not None:
            text += f" ({formats.rate(low)}–{formats.rate(high)}, n = {formats.count(whole)})"
        made.append((metric.label[lang], text))
    return made
