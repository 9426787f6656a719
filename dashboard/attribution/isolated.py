"""What one channel adds: pairs of arms that differ in the attempts of a single channel, told from what was sent; knows nothing of Streamlit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import permutations
from typing import Any

import plotly.graph_objects as go

from dashboard import formats
from dashboard.attribution import effect, figures, sentences
from dashboard.attribution.effect import LEAST, Compared, Test
from dashboard.attribution.segments import Shown
from dashboard.downloads import Column
from dashboard.formats import plain
from dashboard.methods import experiments
from dashboard.words import word

#: A channel sets two arms apart if they differ by so many attempts a case in it, and by no more than this share of them in all others.
LEAST_APART, MOST_ELSEWHERE = 0.25, 0.10


@dataclass(frozen=True)
class Alone:
    """An arm beside another that had fewer attempts a case on one channel and as many on all others."""

    channel: str
    more: str
    fewer: str
    extra: float
    elsewhere: float


def pairs(rows: Sequence[Mapping[str, Any]]) -> list[Alone]:
    """The pairs of arms that one channel sets apart, from attempts by arm and channel (report arm_channels)."""
    each: dict[str, dict[str, float]] = {}
    for row in rows:
        sent = each.setdefault(row["arm"], {})
        if row["channel"] is not None:
            sent[row["channel"]] = row["attempts"] / row["cases"]
    found = []
    for more, fewer in permutations(sorted(each), 2):
        apart = {name: each[more].get(name, 0.0) - each[fewer].get(name, 0.0) for name in sorted({*each[more], *each[fewer]})}
        most = max(apart, key=lambda name: apart[name], default="")
        elsewhere = sum(abs(size) for name, size in apart.items() if name != most)
        if most and apart[most] >= LEAST_APART and elsewhere <= MOST_ELSEWHERE * apart[most]:
            found.append(Alone(most, more, fewer, apart[most], elsewhere))
    return found


def compare(test: Test, found: Sequence[Alone], least: int = LEAST) -> list[tuple[Alone, Compared]]:
    """What each such pair shows, adjusted for their number (Holm); pairs with an arm of few cases are left out."""
    made = []
    for one in found:
        two = Test({name: side for name, side in test.sides.items() if name in (one.more, one.fewer)}, test.both)
        made += [(one, compared) for compared in effect.compare(two, one.fewer, least)]
    adjusted = experiments.holm([compared.share.p for _, compared in made])
    return [(one, replace(compared, adjusted=p)) for (one, compared), p in zip(made, adjusted, strict=True)]


def told(test: Test, sent: Sequence[Mapping[str, Any]], days: int, lang: str, currency: str) -> Shown:
    """The panel: pairs of arms that one channel sets apart, and what they show."""
    found = compare(test, pairs(sent))
    note = word("alone.note", lang, n=days, least=formats.number(LEAST_APART), most=formats.rate(MOST_ELSEWHERE))
    return Shown(title(found, lang), note, table(found, lang), columns(lang), lambda: figure(found, lang, currency))


def _name(one: Alone, lang: str) -> str:
    return f"{sentences.channel(one.channel, lang)}: {one.more} – {one.fewer}"


def figure(found: Sequence[tuple[Alone, Compared]], lang: str, currency: str) -> go.Figure:
    """What each pair shows of the paid share, with its interval."""
    return figures.forest([figures.line(_name(one, lang), compared, compared.clear, lang) for one, compared in found], "points", lang, currency)


def title(found: Sequence[tuple[Alone, Compared]], lang: str) -> str:
    """What more attempts on a channel added, or that it cannot be told from zero."""
    said = []
    for one, compared in found[:2]:
        name, extra = sentences.channel(one.channel, lang), formats.fixed(Decimal(repr(one.extra)), 1)
        what = sentences.effect_words(compared, lang)
        said.append(word("alone.found", lang, channel=name, extra=extra, what=what, more=plain(one.more), fewer=plain(one.fewer)))
    return ("；" if lang == "zh" else "; ").join(said)


def table(found: Sequence[tuple[Alone, Compared]], lang: str) -> list[dict[str, Any]]:
    """One row per pair."""
    rows = []
    for one, compared in found:
        share = compared.share
        row = {"channel": one.channel, "more": one.more, "fewer": one.fewer, "attempts": one.extra, "elsewhere": one.elsewhere}
        row |= {"difference": share.value * 100, "low": share.low * 100, "high": share.high * 100, "p": compared.adjusted}
        if compared.cash is not None:
            row |= {"extra": compared.cash.value, "extra_low": compared.cash.low, "extra_high": compared.cash.high}
        rows.append({**row, "extra_cost": compared.extra_cost, "verdict": sentences.effect_words(compared, lang)})
    return rows


def columns(lang: str) -> list[Column]:
    """The columns of pairs."""
    units = {"more": "text", "fewer": "text", "verdict": "text", "attempts": "number", "elsewhere": "number", "difference": "number"}
    units |= {"low": "number", "high": "number", "p": "number", "extra": "amount", "extra_low": "amount", "extra_high": "amount"}
    return [sentences.channel_column(lang), *sentences.named_columns("alone", lang, **units, extra_cost="amount")]
