"""What a segment panel shows: an arm's effect, or a channel's share of payments, cut by who the borrower is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import plotly.graph_objects as go

from dashboard import naming
from dashboard.attribution import figures, sentences
from dashboard.attribution.effect import Cell
from dashboard.attribution.profile import Share
from dashboard.downloads import Column
from dashboard.formats import plain
from dashboard.words import word


class Shown(NamedTuple):
    """A panel's title (None: nothing found), subtitle, rows and columns, and how to draw its figure."""

    title: str | None
    subtitle: str
    rows: list[dict[str, Any]]
    columns: list[Column]
    figure: Callable[[], go.Figure]


def of_arm(found: tuple[Sequence[Cell], int], by: str, arm: str, control: str, days: int, least: int, lang: str, currency: str) -> Shown:
    """One arm's effect in each segment; `found`: the cells and how many are hidden."""
    cells, hidden = found
    names = {cell.segment: naming.value(by, cell.segment, lang) for cell in cells}
    note = word("segment.note", lang, arm=plain(arm), control=plain(control), n=days)
    return Shown(
        sentences.segments(cells, names, lang),
        f"{note} · {sentences.counted(len(cells), hidden, least, lang)}",
        sentences.segment_rows(cells, names, lang),
        sentences.segment_columns(True, lang),
        lambda: figures.segments(cells, names, lang, currency),
    )


def of_channel(found: tuple[Sequence[Share], int], by: str, channel: str, window: str, least: int, lang: str, currency: str) -> Shown:
    """One channel's share of each segment's payments; `found`: the shares and how many are hidden."""
    shares, hidden = found
    names = {share.segment: naming.value(by, share.segment, lang) for share in shares}
    note = word("segment.channel_note", lang, channel=sentences.channel(channel, lang), n=window)
    return Shown(
        sentences.channel_title(shares, channel, names, lang),
        f"{note} · {sentences.counted(len(shares), hidden, least, lang)}",
        sentences.share_rows(shares, names, lang),
        sentences.segment_columns(False, lang),
        lambda: figures.shares(shares, names, lang, currency),
    )
