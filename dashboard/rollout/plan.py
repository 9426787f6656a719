"""The plan of the programme as data: milestones of the eight measures, and where they come from; knows nothing of states or pages."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from itertools import pairwise
from typing import Any

from dashboard.contract import ROOT, contract
from dashboard.filters import shifted

PROGRAMME = ROOT / "data" / "rules" / "programme.toml"
#: Where a milestone comes from.
EXPORTED, STARTED, ADDED = "export", "started", "added"
#: Parts two languages of one text where a file has a single cell for them; it never stands in a text itself.
BOTH = "‖"
LONGEST_TEXT, LONGEST_ID = 500, 40
_ITEM = re.compile(r"\[([ xX])\] ?(?:(\d{1,6}(?:\.\d{1,3})?) ?× ?)?(.*)")
_CHINESE_ENGLISH = re.compile(r"(?P<zh>[^A-Za-z]*[\u4e00-\u9fff][^A-Za-z]*?) (?P<en>[A-Za-z][^\u4e00-\u9fff]*)")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")


class PlanRefused(ValueError):
    """A plan, a change to one, or a file of one can't be used; `reason` is a word's key (rollout.bad_…) with its values."""

    def __init__(self, reason: str, **values: object) -> None:
        super().__init__(f"{reason}: {values}")
        self.reason, self.values = reason, values


@dataclass(frozen=True)
class Said:
    """A text in both languages; one that was written in one language stands for both."""

    en: str
    zh: str

    @classmethod
    def of(cls, text: str) -> Said:
        """A text as somebody wrote it."""
        return cls(clean(text), clean(text))

    @classmethod
    def parted(cls, text: str) -> Said:
        """A text as a single cell of ours holds it."""
        en, parted, zh = text.partition(BOTH)
        return cls(clean(en), clean(zh)) if parted else cls.of(text)

    @classmethod
    def exported(cls, text: str) -> Said:
        """A text of an export: where it says the same in Chinese and then in English ("法务 Legal counsel"), each for its readers."""
        both = _CHINESE_ENGLISH.fullmatch(clean(text))
        return cls(both["en"], both["zh"]) if both else cls.parted(text)

    def read(self, lang: str) -> str:
        return self.zh if lang == "zh" else self.en

    def cell(self) -> str:
        """Both languages in one cell."""
        return self.en if self.en == self.zh else f"{self.en}{BOTH}{self.zh}"

    def __bool__(self) -> bool:
        return bool(self.en or self.zh)


NOTHING = Said("", "")


@dataclass(frozen=True)
class Item:
    """One thing that must be there for a milestone to be done."""

    text: Said
    weight: Decimal
    done: bool


@dataclass(frozen=True)
class Milestone:
    """One step. `percent` is as stated (0–100); where it has evidence items they say how much is complete (`complete`)."""

    id: str
    measure: str
    name: Said
    owner: Said
    baseline_start: date
    baseline_end: date
    planned_start: date
    planned_end: date
    actual_start: date | None = None
    actual_end: date | None = None
    percent: Decimal = Decimal(0)
    depends_on: tuple[str, ...] = ()
    document: str = ""
    items: tuple[Item, ...] = ()
    team: str = ""
    note: str = ""
    timetable: str = ""
    source: str = EXPORTED

    @property
    def complete(self) -> Decimal:
        """Per cent complete, by evidence where there are items."""
        whole = sum((item.weight for item in self.items), Decimal(0))
        if not whole:
            return self.percent
        return 100 * sum((item.weight for item in self.items if item.done), Decimal(0)) / whole

    @property
    def done(self) -> bool:
        """Whether it is finished: a finish date, or all of it where no date is known."""
        return self.actual_end is not None or self.complete >= 100

    @property
    def baseline_days(self) -> int:
        return (self.baseline_end - self.baseline_start).days + 1

    @property
    def planned_days(self) -> int:
        return (self.planned_end - self.planned_start).days + 1


Plan = tuple[Milestone, ...]


def percent_complete(plan: Iterable[Milestone]) -> Decimal | None:
    """Per cent complete of several milestones, each by its planned days."""
    every = list(plan)
    whole = sum(one.baseline_days for one in every)
    return sum((one.complete * one.baseline_days for one in every), Decimal(0)) / whole if whole else None


def clean(text: object) -> str:
    """A text on one line, without what no file can carry."""
    plain = _CONTROL.sub("", str(text or "")).replace(BOTH, "|")
    return " ".join(plain.split())[:LONGEST_TEXT].strip()


def cleaned_id(text: object) -> str:
    """An id: no spaces or separators in it, so that lists of ids can be read again."""
    return re.sub(r"[\s,;，；、|‖]+", "-", clean(text))[:LONGEST_ID].strip("-")


# --- rules and the bundled plan -----------------------------------------------------------------------------------------


@cache
def programme() -> dict[str, Any]:
    """data/rules/programme.toml."""
    return tomllib.loads(PROGRAMME.read_text(encoding="utf-8"))


def rule(name: str) -> int:
    """One number of the rules."""
    return int(programme()["rules"][name])


def measures(lang: str) -> dict[str, str]:
    """The eight measures by their names."""
    return {code.id: code.label[lang] for code in contract().codes["programme_measure"].values()}


def bundled(start: date) -> Plan:
    """The plan that comes with the product, from a start date."""
    made = []
    for entry in programme()["milestone"]:
        first, last = entry["months"]
        begins, ends = shifted(start, first), shifted(start, last) - timedelta(days=1)
        items = tuple(Item(Said(item["en"], item["zh"]), Decimal(item["weight"]), False) for item in entry["evidence"])
        made.append(
            Milestone(
                entry["id"], entry["measure"], Said(**entry["name"]), Said(**entry["owner"]), begins, ends, begins, ends,
                depends_on=tuple(entry["depends_on"]), items=items, timetable=entry["timetable"], source=STARTED,
            )
        )  # fmt: skip
    return tuple(made)


def of_export(rows: Iterable[Mapping[str, Any]]) -> Plan:
    """Milestones as the export has them; ids it gives no meaning to are kept in `depends_on` (see `unknown`)."""
    made = []
    for row in rows:
        document, items = evidence_of(row["evidence"] or "")
        made.append(
            Milestone(
                str(row["milestone_id"]), row["measure"], Said.exported(row["name"]), Said.exported(row["owner"]), row["baseline_start"],
                row["baseline_end"], row["planned_start"], row["planned_end"], row["actual_start"], row["actual_end"],
                Decimal(str(row["percent"] or 0)), ids_of(row["depends_on"] or ""), document, items, row["team"] or "",
            )
        )  # fmt: skip
    return tuple(made)


# --- evidence and dependencies as text ----------------------------------------------------------------------------------


def evidence_of(text: str) -> tuple[str, tuple[Item, ...]]:
    """(document, items) of a cell: a line "[x] 2 × minutes signed" is an item done that weighs 2, other lines name documents."""
    documents, items = [], []
    for line in text.splitlines():
        found = _ITEM.fullmatch(line.strip())
        if found is not None and clean(found[3]):
            items.append(Item(Said.parted(found[3]), Decimal(found[2] or 1), found[1] != " "))
        elif clean(line):
            documents.append(clean(line))
    return clean(" ".join(documents)), tuple(items)


def evidence_text(milestone: Milestone) -> str:
    """What `evidence_of` reads again."""
    lines = [f"[{'x' if item.done else ' '}] {item.weight:f} × {item.text.cell()}" for item in milestone.items]
    return "\n".join([*([milestone.document] if milestone.document else []), *lines])


def items_of(text: str, before: Sequence[Item], done: Iterable[str]) -> tuple[Item, ...]:
    """Items as a person lists them, one a line ("2 × …" weighs double); one that was there keeps its other language."""
    ticked, known = set(done), {item.text.cell(): item.text for item in before}
    known |= {text.read(lang): text for text in known.values() for lang in ("en", "zh")}
    made: dict[str, Item] = {}
    for line in text.splitlines():
        _, parsed = evidence_of(f"[ ] {line.strip()}")
        for item in parsed:
            said = known.get(item.text.cell(), item.text)
            made[said.cell()] = Item(said, item.weight, said.cell() in ticked)
    return tuple(made.values())


def ids_of(text: str) -> tuple[str, ...]:
    """Ids of a list, as exports write them: M01 M02, or M01, M02, or M01；M02."""
    return tuple(dict.fromkeys(part for part in re.split(r"[\s,;，；、]+", text) if part))


# --- what may not be ------------------------------------------------------------------------------------------------------


def unknown(plan: Plan) -> list[tuple[str, str]]:
    """Dependencies on milestones that aren't there: (milestone, the id it names)."""
    known = {one.id for one in plan}
    return [(one.id, other) for one in plan for other in one.depends_on if other not in known]


def circle(plan: Plan) -> list[str]:
    """The ids of milestones that wait for each other in a ring, in order; [] where none do."""
    before = {one.id: [other for other in one.depends_on] for one in plan}
    state: dict[str, int] = {}
    for start in before:
        trail: list[tuple[str, int]] = [(start, 0)]
        while trail:
            node, place = trail.pop()
            if place == 0 and state.get(node) == 2:
                continue
            state[node] = 1
            waiting = before.get(node, [])
            if place >= len(waiting):
                state[node] = 2
                continue
            trail.append((node, place + 1))
            following = waiting[place]
            if state.get(following) == 1:
                path = [one for one, _ in trail]
                return path[path.index(following) :]
            if state.get(following) is None and following in before:
                trail.append((following, 0))
    return []


def untied(plan: Plan) -> tuple[Plan, list[list[str]]]:
    """The plan without the dependencies that run in rings or lead nowhere, and the rings there were."""
    rings = []
    known = {one.id for one in plan}
    plan = tuple(replace(one, depends_on=tuple(other for other in one.depends_on if other in known)) for one in plan)
    while ring := circle(plan):
        rings.append(ring)
        cut = {(one, other) for one, other in pairwise([*ring, ring[0]])}
        plan = tuple(replace(one, depends_on=tuple(other for other in one.depends_on if (one.id, other) not in cut)) for one in plan)
    return plan, rings


def checked(one: Milestone) -> Milestone:
    """The milestone if it can be kept; raises PlanRefused with the reason else."""
    if not one.id or one.id != cleaned_id(one.id):
        raise PlanRefused("bad_id", id=one.id)
    if not one.name:
        raise PlanRefused("bad_name", id=one.id)
    if not one.owner:
        raise PlanRefused("bad_owner", id=one.id)
    if one.measure not in contract().codes["programme_measure"]:
        raise PlanRefused("bad_measure", id=one.id, value=one.measure)
    for first, last in (("baseline_start", "baseline_end"), ("planned_start", "planned_end"), ("actual_start", "actual_end")):
        start, end = getattr(one, first), getattr(one, last)
        if start is not None and end is not None and start > end:
            raise PlanRefused("bad_order", id=one.id, start=start, end=end)
    if one.actual_end is not None and one.actual_start is None:
        raise PlanRefused("bad_unstarted", id=one.id)
    for day in (one.baseline_start, one.baseline_end, one.planned_start, one.planned_end, one.actual_start, one.actual_end):
        if day is not None and not contract().earliest <= day <= contract().latest:
            raise PlanRefused("bad_day", id=one.id, day=day)
    if not 0 <= one.percent <= 100:
        raise PlanRefused("bad_percent", id=one.id, value=one.percent)
    if any(item.weight <= 0 for item in one.items):
        raise PlanRefused("bad_weight", id=one.id)
    return one
