"""Conduct in words and tables: whose rules are checked, each rule with what was found; knows nothing of Streamlit or SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from dashboard import formats, naming
from dashboard.compliance.rules import EVERYWHERE, in_force, regimes, rule
from dashboard.formats import plain
from dashboard.metrics import metrics
from dashboard.words import listed, word

ALWAYS = date(1900, 1, 1)
CARDS = ("complaints", "complaints_per_1000", "upheld_rate", "complaint_close_days", "third_party_rate", "review_critical_rate")
#: What rules and their breaches are told by, the first the one that they are compared by.
CHECKS = ("breaches_per_1000", "contacts_breaking", "contacts_checked", "contacts_unchecked", "contacts_agreed")
TRENDS = (
    "complaints", "complaints_per_1000", "upheld_rate", "complaint_close_days", "complaints_open", "third_party_rate", "review_critical_rate",
    "breaches_per_1000",
)  # fmt: skip
COMPLAINTS = ("complaints", "upheld_rate", "complaint_close_days", "complaints_open")


def held_against(rows: Sequence[Mapping[str, Any]], lang: str) -> str:
    """Whose rules are checked, and why those."""
    names = [regimes()[row["regime"]].label[lang] for row in rows if row["regime"] != EVERYWHERE]
    if not names:
        known = listed([one.id for one in regimes().values()], lang)
        return word("conduct.no_regime", lang, zone=plain(rows[0]["zone"]) if rows else "", section=plain("[export] regimes"), known=known)
    why = "conduct.named" if rows[0]["named"] else "conduct.by_zone"
    return word(why, lang, names=listed(names, lang), zone=plain(rows[0]["zone"]))


def rule_rows(rows: Sequence[Mapping[str, Any]], unchecked: Sequence[Mapping[str, Any]], lang: str) -> list[dict[str, Any]]:
    """Each rule with its counts, why some contacts can't be checked, and where it was read; the one broken most often first."""
    table = []
    for row in sorted(rows, key=lambda row: -(row["breaches_per_1000"] or 0.0)):
        one = rule(row["rule"])
        assert one is not None  # the snapshot's rules are those of the product's version that made it
        why = [(found["contacts_unchecked"], found["check_reason"]) for found in unchecked if found["rule"] == row["rule"] and found["check_reason"]]
        said = [f"{naming.value('check_reason', reason, lang)}: {formats.count(count)}" for count, reason in sorted(why, reverse=True)]
        since = one.valid_from if one.valid_from > ALWAYS else None
        about = {"said": one.label[lang], "strength": word(f"conduct.{one.strength}", lang), "confidence": one.confidence, "source": one.source[lang]}
        table.append({**row, "why": listed(said, lang), "since": since, **about})
    return table


def most_broken(rows: Sequence[Mapping[str, Any]], lang: str) -> str:
    """The rule broken most often of what it checks, by the lower limit of its rate so that few checks don't decide, or that none was."""
    broken = [row for row in rows if row["contacts_breaking"]]
    if not broken:
        return word("conduct.none_broken" if any(row["contacts_checked"] for row in rows) else "conduct.none_checked", lang)
    most = max(broken, key=lambda row: row["breaches_per_1000_low"])
    one = rule(most["rule"])
    assert one is not None
    rate = formats.measure(metrics()["breaches_per_1000"].unit, most["breaches_per_1000"], "", lang)
    return word("conduct.most_broken", lang, rule=one.label[lang], rate=rate, n=formats.count(most["contacts_breaking"]))


def rule_names(regime_rows: Sequence[Mapping[str, Any]], as_of: date, lang: str) -> dict[str, str]:
    """The rules that are checked, by name, after one entry for none of them and one for all."""
    held = {row["regime"] for row in regime_rows}
    whole = {"none": word("conduct.choose", lang), "all": word("conduct.every", lang)}
    return whole | {one.id: one.short[lang] for one in in_force(as_of) if one.regime in held}
