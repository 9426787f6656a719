"""Milestones as marks on charts over time: those that start on one day are one mark; knows nothing of Streamlit or figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from dashboard.rollout.plan import Said
from dashboard.rollout.steps import Step, without_team
from dashboard.words import listed, word


@dataclass(frozen=True)
class Mark:
    """What started on a day (planned, where it hasn't yet), and in which teams (none: all)."""

    on_date: date
    planned: bool
    names: tuple[tuple[tuple[str, str], ...], ...]
    scope: tuple[tuple[str, tuple[str, ...]], ...]
    until_date: date | None = None

    def read(self, lang: str) -> str:
        """What fits on a chart: the first name, and how many more."""
        first = dict(self.names[0])[lang]
        return first if len(self.names) == 1 else word("mark.more", lang, name=first, n=len(self.names) - (lang == "en"))

    def said(self, lang: str) -> str:
        """All of it, for a table."""
        return word("mark.planned" if self.planned else "mark.started", lang, name=listed([dict(name)[lang] for name in self.names], lang))


def marks(steps: Iterable[Step], where: Mapping[str, tuple[str, ...]]) -> list[Mark]:
    """The starts of a plan's milestones that are about anything some filters leave, by day."""
    wanted = where.get("team")
    days: dict[tuple[date, bool], list[Step]] = {}
    for step in steps:
        if not step.team or wanted is None or step.team in wanted:
            days.setdefault((step.actual_start or step.planned_start, step.actual_start is None), []).append(step)
    made = []
    for (day, planned), held in sorted(days.items(), key=lambda item: item[0]):
        held.sort(key=lambda step: step.id)
        names = tuple(dict.fromkeys(_names(step) for step in held))
        teams = tuple(sorted({step.team for step in held if step.team})) if all(step.team for step in held) else ()
        made.append(Mark(day, planned, names, (("team", teams),) if teams else ()))
    return made


def _names(step: Step) -> tuple[tuple[str, str], ...]:
    return tuple((lang, Said.exported(without_team(step.name.read(lang), step.team)).read(lang)) for lang in ("en", "zh"))
