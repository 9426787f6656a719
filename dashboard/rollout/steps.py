"""What must be known of a milestone to say that it began: light enough to stand on every page."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from dashboard.rollout.plan import Said

_EDGES = " :：-–—·,，/|()（）"


class Named(Protocol):
    """A name in both languages."""

    def read(self, lang: str) -> str: ...


class Step(Protocol):
    """What must be known of a milestone."""

    @property
    def id(self) -> str: ...
    @property
    def measure(self) -> str: ...
    @property
    def name(self) -> Named: ...
    @property
    def team(self) -> str: ...
    @property
    def planned_start(self) -> date: ...
    @property
    def actual_start(self) -> date | None: ...


def without_team(name: str, team: str) -> str:
    """A name without its team's, as written or either language of it."""
    for part in (team, Said.exported(team).read("en"), Said.exported(team).read("zh")):
        name = name.replace(part, "") if part else name
    return " ".join(name.split()).strip(_EDGES)
