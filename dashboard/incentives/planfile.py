"""Reads pay plans from TOML files, one a version, and checks them whole: every problem at once, with what was expected; knows no data.

Sections `[plan]` (who, from when), `[eligible]`, `[credit]`, `[conduct]` and an ordered list of `[[step]]`. Numbers are written as they are
(0.004, 1200) or as text with a per cent sign ("0.4%") and are Decimal, exact.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from itertools import pairwise
from itertools import product as crossed
from pathlib import Path
from typing import Any

from dashboard.contract import ROOT
from dashboard.incentives.plan import (
    COMPARISONS,
    CONTACTS,
    CUTS,
    GIVEN,
    OF_CASH,
    OF_PEOPLE,
    PREVIOUS,
    ROUNDINGS,
    TEAM,
    TOUCHES,
    Accelerator,
    Adjustments,
    Band,
    Bands,
    Carry,
    Charge,
    Clawback,
    Conduct,
    Corrections,
    Credit,
    Deduct,
    Eligible,
    Fixed,
    Gate,
    Level,
    Limit,
    Plan,
    Pool,
    Rate,
    Round,
    Row,
    Rule,
    Scaled,
    Step,
    Sum,
    Supplied,
    Table,
    Target,
    Tiers,
    Weigh,
    Words,
    defined_by,
    pays,
    read_by,
)
from dashboard.incentives.problems import NoSuchPlan, Phrase, PlanError, Problem, not_toml, phrase, unreadable, written

PLANS = ROOT / "data" / "rules" / "incentives"


def read(path: Path) -> Plan:
    """A plan file; PlanError for everything that is wrong with it."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PlanError([unreadable(path.name, error)]) from error
    return parse(text, path.name)


def parse(text: str, name: str = "plan") -> Plan:
    """A plan's text; PlanError for everything that is wrong with it."""
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise PlanError([not_toml(name, text, error)]) from error
    reader = _Reader(name)
    made = reader.plan(data, text)
    if reader.problems or made is None:
        raise PlanError(reader.problems)
    return made


def meaning(data: Any) -> str:
    """A plan's data as one text: the same for the same meaning."""

    def plain(value: Any) -> Any:
        if isinstance(value, Decimal):
            return format(value.normalize(), "f")
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int):
            return str(value)
        if isinstance(value, date | datetime):
            return value.isoformat()
        if isinstance(value, Mapping):
            return {key: plain(item) for key, item in value.items()}
        return [plain(item) for item in value] if isinstance(value, list) else value

    return json.dumps(plain(data), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


class Plans:
    """The plans of some folders, every version of each. PlanError for a file that can't be read, or versions that contradict each other."""

    def __init__(self, *folders: Path) -> None:
        problems: list[Problem] = []
        found: dict[str, dict[int, Plan]] = {}
        for path in sorted(path for folder in folders for path in folder.glob("*.toml")):
            try:
                plan = read(path)
            except PlanError as error:
                problems += error.problems
                continue
            versions = found.setdefault(plan.id, {})
            if plan.version in versions:
                problems.append(Problem(f"{path.name}: plan.version", phrase("twice", what=f"{plan.id} {plan.version}"), phrase("new_number")))
            versions[plan.version] = plan
        for name, versions in found.items():
            ordered = [versions[number] for number in sorted(versions)]
            for before, after in pairwise(ordered):
                if after.valid_from <= before.valid_from:
                    where = f"{name} {after.version}: plan.valid_from"
                    expected = phrase("later_than", version=before.version, day=before.valid_from)
                    problems.append(Problem(where, str(after.valid_from), expected))
        if problems:
            raise PlanError(problems)
        self._found = found

    def __iter__(self) -> Iterator[Plan]:
        return iter(plan for _, versions in sorted(self._found.items()) for _, plan in sorted(versions.items()))

    def names(self) -> tuple[str, ...]:
        """The plans' ids."""
        return tuple(sorted(self._found))

    def version(self, name: str, number: int) -> Plan:
        """A version of a plan; NoSuchPlan says which there are."""
        versions = self._versions(name)
        if number not in versions:
            raise NoSuchPlan(phrase("no_version", name=name, version=number, versions=tuple(map(str, sorted(versions)))))
        return versions[number]

    def last(self, name: str) -> Plan:
        """The newest version of a plan; NoSuchPlan where there is none."""
        versions = self._versions(name)
        return versions[max(versions)]

    def at(self, name: str, month: date) -> Plan:
        """The version that holds in a month: the last one valid from its first day or before; NoSuchPlan where there is none."""
        valid = [plan for plan in self._versions(name).values() if plan.valid_from <= month.replace(day=1)]
        if not valid:
            first = min(plan.valid_from for plan in self._versions(name).values())
            raise NoSuchPlan(phrase("not_valid_yet", name=name, day=first, month=f"{month:%Y-%m}"))
        return max(valid, key=lambda plan: plan.valid_from)

    def _versions(self, name: str) -> dict[int, Plan]:
        if name not in self._found:
            raise NoSuchPlan(phrase("unknown_plan", name=name, names=self.names()))
        return self._found[name]


_KEYS = {
    "plan": {"id", "version", "valid_from", "title", "note", "applies"},
    "eligible": {"cutoff_days", "touch", "touch_days", "rule"},
    "rule": {"share", "reason", *OF_CASH},
    "credit": {"rule", "within_days", "otherwise", "transfer_days", "transfer_share"},
    "conduct": {"training_kind", "training_months", "complaint_day"},
}
REASONS = ("client_direct", "self_cure", "method", "product", "bucket", "policy")


class _Reader:
    """Reads a plan's parts and remembers every problem."""

    def __init__(self, name: str) -> None:
        self.file = name
        self.problems: list[Problem] = []

    # --- the parts ----------------------------------------------------------------------------------------------------

    def plan(self, data: dict[str, Any], text: str) -> Plan | None:
        self.only(data, "", {"plan", "eligible", "credit", "conduct", "step"})
        head = self.section(data, "plan")
        made: dict[str, Any] = {
            "id": self.name(head, "id", "plan"),
            "version": self.whole(head, "version", "plan", 1),
            "valid_from": self.first_of_month(head, "plan"),
            "title": self.words(head, "title", "plan"),
            "note": self.words(head, "note", "plan", optional=True),
            "applies": self.applies(head.get("applies", {})),
            "eligible": self.eligible(self.section(data, "eligible", optional=True)),
            "credit": self.credit(self.section(data, "credit", optional=True)),
            "conduct": self.conduct(self.section(data, "conduct", optional=True)),
        }
        steps = self.steps(data.get("step"))
        return None if self.problems else Plan(**made, steps=steps, hash=hashlib.sha256(meaning(data).encode()).hexdigest(), text=text)

    def applies(self, given: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
        if not self.is_table(given, "plan.applies"):
            return ()
        self.only(given, "plan.applies", set(OF_PEOPLE))
        return tuple((name, tuple(self.texts(given, name, "plan.applies"))) for name in OF_PEOPLE if name in given)

    def eligible(self, given: dict[str, Any]) -> Eligible:
        touch = self.choice(given, "touch", "eligible", CONTACTS, None)
        days = self.whole(given, "touch_days", "eligible", 0) if touch or "touch_days" in given else None
        if days is not None and touch is None:
            self.wrong("eligible.touch_days", phrase("no_touch", touch="touch"), phrase("touch_with", touch="touch", names=CONTACTS))
        rules: list[Rule] = []
        for where, entry in self.entries(given, "rule", "eligible"):
            self.only(entry, where, _KEYS["rule"])
            cut = tuple((name, frozenset(self.texts(entry, name, where))) for name in OF_CASH if name in entry)
            if not cut:
                self.wrong(where, phrase("no_condition"), _one_of(OF_CASH))
            reason = self.choice(entry, "reason", where, REASONS) or ""
            rules.append(Rule(cut, self.share(entry, "share", where), reason))
        if touch is None and any(name == "touch" for rule in rules for name, _ in rule.cut):
            self.wrong("eligible.rule", "touch", phrase("touch_said", one="eligible.touch", other="touch_days"))
        cutoff = self.whole(given, "cutoff_days", "eligible", 0) if "cutoff_days" in given else None
        return Eligible(cutoff, touch, days, tuple(rules))

    def credit(self, given: dict[str, Any]) -> Credit:
        rule = self.choice(given, "rule", "credit", ("holder", "payment", "right_party"), "holder") or "holder"
        within = self.whole(given, "within_days", "credit", 0) if rule == "right_party" or "within_days" in given else None
        otherwise = self.choice(given, "otherwise", "credit", ("holder", "house"), "holder") or "holder"
        days = self.whole(given, "transfer_days", "credit", 1) if "transfer_days" in given else None
        share = self.share(given, "transfer_share", "credit") if days is not None else Decimal(1)
        if days is None and "transfer_share" in given:
            self.wrong("credit.transfer_share", phrase("no_transfer_days", name="transfer_days"), phrase("transfer_days", name="transfer_days"))
        return Credit(rule, within, otherwise, days, share)

    def conduct(self, given: dict[str, Any]) -> Conduct:
        kinds = self.texts(given, "training_kind", "conduct") if "training_kind" in given else ["law"]
        months = self.whole(given, "training_months", "conduct", 1, 12)
        day = self.choice(given, "complaint_day", "conduct", ("resolved_at", "received_at", "incident_on"), "resolved_at")
        return Conduct(tuple(kinds), months or 12, day or "resolved_at")

    # --- the steps ----------------------------------------------------------------------------------------------------

    def steps(self, given: Any) -> tuple[Step, ...]:
        if not isinstance(given, list) or not given:
            self.wrong("step", written(given), phrase("steps", step="[[step]]"))
            return ()
        known, groups, ids = {*GIVEN}, {"cash"}, set[str]()
        made: list[Step] = []
        for number, entry in enumerate(given, start=1):
            where = f"step {number}"
            if not self.is_table(entry, where):
                continue
            identifier = self.name(entry, "id", where)
            where = f"step {number} {identifier}".rstrip()
            if identifier in ids:
                self.wrong(f"{where}.id", identifier, phrase("own_id"))
            ids.add(identifier)
            kind = entry.get("kind")
            if kind not in _STEPS:
                self.wrong(f"{where}.kind", written(kind), _one_of(_STEPS), _nearest(str(kind), _STEPS))
                continue
            keys, build = _STEPS[kind]
            self.only(entry, where, {"id", "kind", "label", *keys})
            step = build(self, entry, where, {"id": identifier, "label": self.words(entry, "label", where, optional=True)})
            if step is None:
                continue
            self.reads(step, where, known, groups, {one.id for one in made if pays(one)})
            for name in defined_by(step):
                if name in known:
                    self.wrong(f"{where}.as", name, phrase("free_name"))
            known |= {*defined_by(step)}
            if isinstance(step, Weigh):
                groups.add(step.defines)
            made.append(step)
        self.ending(made)
        return tuple(made)

    def reads(self, step: Step, where: str, known: set[str], groups: set[str], before: set[str]) -> None:
        """Everything a step names must be there by then."""
        for name, part in read_by(step):
            bare = name.removeprefix(TEAM).removeprefix(PREVIOUS)
            if isinstance(step, Weigh | Rate):
                if name not in groups:
                    self.wrong(f"{where}.{part}", name, phrase("weighed", names=tuple(sorted(groups))))
            elif name.startswith(PREVIOUS):
                continue
            elif bare not in known:
                self.wrong(f"{where}.{part}", name, phrase("quantity", names=tuple(sorted(known))), _nearest(bare, known))
        if isinstance(step, Gate):
            for name in step.only:
                if name not in before:
                    self.wrong(f"{where}.only", name, phrase("paying", names=tuple(sorted(before))))
        if isinstance(step, Tiers) and step.mode == "marginal" and step.by != step.of and step.by != "attainment":
            expected = phrase("whole_or_by", mode="whole", by="by", names=(written(step.of), written("attainment")))
            self.wrong(f"{where}.mode", phrase("marginal_by", mode="marginal", by=step.by), expected)

    def ending(self, made: list[Step]) -> None:
        """One rounding, last; a balance is carried just before it, or never."""
        rounds = [step.id for step in made if isinstance(step, Round)]
        if len(rounds) != 1 or not isinstance(made[-1], Round):
            got = phrase("rounds", count=len(rounds), kind="round") if rounds else phrase("no_round", kind="round")
            self.wrong("step", got, phrase("one_round"))
        for kind in (Target, Carry, Adjustments, Clawback, Corrections):
            same = [step.id for step in made if isinstance(step, kind)]
            if len(same) > 1:
                self.wrong("step", ", ".join(same), phrase("at_most_once", kind=kind.kind))
        takes = [step.id for step in made if isinstance(step, Deduct | Clawback | Corrections | Adjustments)]
        if takes and not any(isinstance(step, Carry) or (isinstance(step, Limit) and step.least is not None) for step in made):
            self.wrong("step", phrase("takes_more", steps=tuple(takes)), phrase("floor_after", carry="carry", limit="limit", least="least"))
        if any(isinstance(step, Carry) for step in made[:-2]):
            self.wrong("step", phrase("carry_early", kind="carry"), phrase("carry_last", kind="carry"))

    def table(self, entry: dict[str, Any], key: str, where: str, of: str, cuts: Iterable[str]) -> Table:
        """Rows with cuts (a value or a list of them) and one number; that one row always wins is checked."""
        rows: list[Row] = []
        for place, row in self.entries(entry, key, where):
            self.only(row, place, {of, *cuts})
            value = self.number(row, of, place)
            named = [name for name in cuts if name in row]
            for values in crossed(*(self.texts(row, name, place) for name in named)):
                rows.append(Row(tuple(zip(named, values, strict=True)), value))
            for one in self.texts(row, "touch", place) if "touch" in row else ():
                if one not in TOUCHES:
                    self.wrong(f"{place}.touch", written(one), _one_of(TOUCHES))
        if not rows:
            self.wrong(f"{where}.{key}", phrase("no_row"), phrase("row_with", name=of))
        self.clear(rows, f"{where}.{key}")
        return Table(tuple(rows))

    def clear(self, rows: list[Row], where: str) -> None:
        """No kind of cash may have two rows that are equally specific."""
        there = {frozenset(row.cut) for row in rows}
        seen: set[frozenset[tuple[str, str]]] = set()
        for row in rows:
            cut = frozenset(row.cut)
            if cut in seen:
                self.wrong(where, phrase("twice", what=_cut(row.cut)), phrase("one_each"))
            seen.add(cut)
        told: set[frozenset[tuple[str, str]]] = set()
        for number, one in enumerate(rows):
            for other in rows[number + 1 :]:
                if len(one.cut) != len(other.cut) or frozenset(one.cut) == frozenset(other.cut):
                    continue
                first, second = dict(one.cut), dict(other.cut)
                if any(second.get(name, value) != value for name, value in first.items()):
                    continue
                both = frozenset({**first, **second}.items())
                if both not in there and both not in told:
                    told.add(both)
                    got = phrase("equally_specific", one=_cut(one.cut), other=_cut(other.cut))
                    self.wrong(where, got, phrase("deciding_row", what=_cut(tuple(sorted(both)))))

    def levels(self, entry: dict[str, Any], where: str, value: str) -> tuple[Level, ...]:
        made: list[Level] = []
        for place, row in self.entries(entry, "levels", where):
            self.only(row, place, {"from", value})
            made.append(Level(self.scaled(row, "from", place), self.number(row, value, place)))
        if not made:
            self.wrong(f"{where}.levels", phrase("none"), phrase("levels", example=f'{{ from = 0, {value} = "1%" }}'))
        plain = [level.start.times for level in made if level.start.of is None]
        if plain != sorted(set(plain)):
            self.wrong(f"{where}.levels", ", ".join(map(str, plain)), phrase("rising", name="from"))
        return tuple(made)

    def bands(self, entry: dict[str, Any], where: str) -> tuple[Band, ...]:
        made: list[Band] = []
        rows = list(self.entries(entry, "bands", where))
        for number, (place, row) in enumerate(rows, start=1):
            self.only(row, place, {*COMPARISONS, "factor"})
            named = [name for name in COMPARISONS if name in row]
            if len(named) > 1 or (not named and number < len(rows)):
                self.wrong(place, ", ".join(named) or phrase("no_comparison"), phrase("comparison", names=COMPARISONS))
            made.append(
                Band(
                    named[0] if named else None,
                    self.number(row, named[0], place) if named else Decimal(0),
                    self.number(row, "factor", place),
                )
            )
        if not made or made[-1].compare is not None:
            self.wrong(f"{where}.bands", phrase("no_rest"), phrase("last_band", name="factor"))
        return tuple(made)

    # --- single values ------------------------------------------------------------------------------------------------

    def wrong(self, where: str, got: str | Phrase, expected: Phrase, near: str = "") -> None:
        self.problems.append(Problem(f"{self.file}: {where}" if where else self.file, got, expected, near))

    def only(self, entry: Mapping[str, Any], where: str, known: set[str]) -> None:
        for key in entry:
            if key not in known:
                self.wrong(f"{where}.{key}".strip("."), phrase("unknown_name"), _one_of(sorted(known)), _nearest(key, known))

    def section(self, data: dict[str, Any], key: str, optional: bool = False) -> dict[str, Any]:
        given = data.get(key, {} if optional else None)
        if given is None or not self.is_table(given, key):
            if given is None:
                self.wrong(key, written(None), phrase("section", name=f"[{key}]"))
            return {}
        self.only(given, key, _KEYS[key])
        return dict(given)

    def is_table(self, given: Any, where: str) -> bool:
        if not isinstance(given, Mapping):
            self.wrong(where, written(given), phrase("names_values"))
            return False
        return True

    def entries(self, entry: Mapping[str, Any], key: str, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
        given = entry.get(key, [])
        if not isinstance(given, list):
            self.wrong(f"{where}.{key}", written(given), phrase("list", example="{ … }"))
            return
        for number, row in enumerate(given, start=1):
            if self.is_table(row, f"{where}.{key} {number}"):
                yield f"{where}.{key} {number}", dict(row)

    def text(self, entry: Mapping[str, Any], key: str, where: str, default: str | None = None) -> str:
        value = entry.get(key, default)
        if not isinstance(value, str) or not value.strip():
            self.wrong(f"{where}.{key}", written(value), phrase("text"))
            return ""
        return value

    def name(self, entry: Mapping[str, Any], key: str, where: str) -> str:
        value = self.text(entry, key, where)
        if value and not (value.isascii() and value.replace("_", "a").isalnum() and value[0].islower()):
            self.wrong(f"{where}.{key}", written(value), phrase("identifier"))
        return value

    def texts(self, entry: Mapping[str, Any], key: str, where: str) -> list[str]:
        value = entry.get(key)
        listed: list[Any] = value if isinstance(value, list) else [value]
        if not listed or not all(isinstance(item, str) for item in listed):
            self.wrong(f"{where}.{key}", written(value), phrase("texts"))
            return []
        return listed

    def words(self, entry: Mapping[str, Any], key: str, where: str, optional: bool = False) -> Words:
        value = entry.get(key)
        if value is None and optional:
            return ()
        if not isinstance(value, Mapping) or set(value) != {"en", "zh"} or not all(isinstance(item, str) for item in value.values()):
            self.wrong(f"{where}.{key}", written(value), phrase("example", example='{ en = "…", zh = "…" }'))
            return ()
        return tuple(sorted(value.items()))

    def choice(self, entry: Mapping[str, Any], key: str, where: str, known: Iterable[str], default: str | None = "") -> str | None:
        value = entry.get(key, default)
        if value is None and default is None:
            return None
        if value not in known:
            self.wrong(f"{where}.{key}", written(entry.get(key)), _one_of(known))
            return None
        return str(value)

    def whole(self, entry: Mapping[str, Any], key: str, where: str, least: int, default: int | None = None) -> int | None:
        value = entry.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            self.wrong(f"{where}.{key}", written(value), phrase("whole", least=least))
            return None
        return value

    def flag(self, entry: Mapping[str, Any], key: str, where: str, default: bool) -> bool:
        value = entry.get(key, default)
        if not isinstance(value, bool):
            self.wrong(f"{where}.{key}", written(value), _one_of(("true", "false")))
            return default
        return value

    def first_of_month(self, entry: Mapping[str, Any], where: str) -> date | None:
        value = entry.get("valid_from")
        if isinstance(value, datetime) or not isinstance(value, date) or value.day != 1:
            self.wrong(f"{where}.valid_from", written(value), phrase("first_of_month", example="2026-01-01"))
            return None
        return value

    def number(self, entry: Mapping[str, Any], key: str, where: str) -> Decimal:
        value = entry.get(key)
        found = decimal(value)
        if found is None:
            self.wrong(f"{where}.{key}", written(value), phrase("number", names=("0.004", "1200", '"0.4%"')))
            return Decimal(0)
        return found

    def share(self, entry: Mapping[str, Any], key: str, where: str) -> Decimal:
        found = self.number(entry, key, where)
        if not 0 <= found <= 1:
            self.wrong(f"{where}.{key}", written(entry.get(key)), phrase("share"))
        elif found * 1_000_000 != int(found * 1_000_000):
            self.wrong(f"{where}.{key}", written(entry.get(key)), phrase("decimals"))
        return found

    def scaled(self, entry: Mapping[str, Any], key: str, where: str, default: Any = None) -> Scaled:
        value = entry.get(key, default)
        if isinstance(value, Mapping):
            self.only(value, f"{where}.{key}", {"times", "of"})
            return Scaled(self.number(value, "times", f"{where}.{key}"), self.text(value, "of", f"{where}.{key}"))
        found = decimal(value)
        if found is None:
            self.wrong(f"{where}.{key}", written(value), phrase("amount", example='{ times = …, of = "…" }'))
            return Scaled(Decimal(0))
        return Scaled(found)


def decimal(value: Any) -> Decimal | None:
    """A number as a plan writes it, exact; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Decimal):
        found = Decimal(value)
    elif isinstance(value, str):
        try:
            found = Decimal(value.strip().removesuffix("%").strip()) / (100 if value.strip().endswith("%") else 1)
        except InvalidOperation:
            return None
    else:
        return None
    return found if found.is_finite() else None


def _one_of(names: Iterable[str]) -> Phrase:
    return phrase("one_of", names=tuple(names))


def _nearest(name: str, known: Iterable[str]) -> str:
    return next(iter(get_close_matches(name, [*known], n=1)), "")


def _cut(cut: Iterable[tuple[str, str]]) -> str | Phrase:
    return " ".join(f"{name} {value}" for name, value in cut) or phrase("everything")


Built = Step | None
Builder = Callable[[_Reader, dict[str, Any], str, dict[str, Any]], Built]


def _fixed(r: _Reader, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    defines = r.name(entry, "as", where) if "as" in entry else None
    pays = r.flag(entry, "pay", where, True)
    if not pays and defines is None:
        r.wrong(f"{where}.pay", phrase("unnamed", value="false"), phrase("named", example='as = "…"'))
    table = r.table(entry, "table", where, "amount", OF_PEOPLE)
    return Fixed(**head, table=table, defines=defines, pays=pays, prorated=r.flag(entry, "prorate", where, False))


def _supplied(r: _Reader, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    otherwise = r.number(entry, "otherwise", where) if "otherwise" in entry else None
    return Supplied(**head, metric=r.text(entry, "metric", where), defines=r.name(entry, "as", where), otherwise=otherwise)


def _weigh(r: _Reader, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    table = r.table(entry, "table", where, "weight", CUTS)
    return Weigh(**head, of=r.text(entry, "of", where, "cash"), defines=r.name(entry, "as", where), table=table)


def _rate(r: _Reader, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    return Rate(**head, of=r.text(entry, "of", where, "cash"), table=r.table(entry, "table", where, "rate", CUTS))


def _sum(r: _Reader, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    terms = []
    for place, row in r.entries(entry, "terms", where):
        r.only(row, place, {"times", "of"})
        terms.append(Scaled(r.number(row, "times", place), r.text(row, "of", place) if "of" in row else None))
    if not terms:
        r.wrong(f"{where}.terms", phrase("none"), phrase("example", example='{ times = 1, of = "…" }'))
    return Sum(**head, defines=r.name(entry, "as", where), terms=tuple(terms))


def _target(r: _Reader, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    sources = tuple(r.texts(entry, "from", where)) if "from" in entry else ()
    for source in sources:
        if source not in ("collector", "team"):
            r.wrong(f"{where}.from", written(source), phrase("sources", names=("collector", "team")))
    metric = r.text(entry, "metric", where) if sources or "metric" in entry else None
    table = r.table(entry, "table", where, "amount", OF_PEOPLE) if "table" in entry else None
    if not sources and table is None:
        r.wrong(where, phrase("no_target"), phrase("target", example='from = ["collector"]', metric="metric", table="table"))
    caseload = r.number(entry, "caseload", where) if "caseload" in entry else None
    if caseload is not None and caseload <= 0:
        r.wrong(f"{where}.caseload", written(caseload), phrase("caseload"))
    ramp = entry.get("ramp", [])
    shares = tuple(r.share({"ramp": one}, "ramp", where) for one in ramp) if isinstance(ramp, list) else ()
    if not isinstance(ramp, list):
        r.wrong(f"{where}.ramp", written(ramp), phrase("ramp", example='["25%", "50%"]'))
    return Target(
        **head, of=r.text(entry, "of", where), metric=metric, sources=sources, table=table, leave=r.flag(entry, "leave", where, False),
        caseload=caseload, ramp=shares, missing=r.choice(entry, "missing", where, ("refuse", "none"), "refuse") or "refuse",
    )  # fmt: skip


def _tiers(r: _Reader, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    of = r.text(entry, "of", where)
    mode = r.choice(entry, "mode", where, ("marginal", "whole"), "marginal") or "marginal"
    return Tiers(**head, of=of, by=r.text(entry, "by", where, of or " "), mode=mode, levels=r.levels(entry, where, "rate"))


def _accelerator(r: _Reader, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    levels = r.levels(entry, where, "factor")
    return Accelerator(**head, of=r.text(entry, "of", where), levels=levels)


def _gate(r: _Reader, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    only = tuple(r.texts(entry, "only", where)) if "only" in entry else ()
    return Gate(**head, on=r.text(entry, "on", where), bands=r.bands(entry, where), missing=r.number(entry, "missing", where), only=only)


def _bands(r: _Reader, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    amount = r.scaled(entry, "amount", where)
    return Bands(**head, on=r.text(entry, "on", where), amount=amount, bands=r.bands(entry, where), missing=r.number(entry, "missing", where))


def _limit(r: _Reader, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    named = [name for name in ("most", "least") if name in entry]
    if len(named) != 1:
        got = phrase("both", one="most", other="least") if named else phrase("neither")
        r.wrong(where, got, phrase("cap_or_floor", most="most", least="least"))
        return None
    at = r.scaled(entry, named[0], where)
    return Limit(**head, most=at) if named[0] == "most" else Limit(**head, least=at)


def _pool(r: _Reader, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    on = r.text(entry, "on", where) if "on" in entry else None
    bands = r.bands(entry, where) if on or "bands" in entry else ()
    if on is None and bands:
        r.wrong(f"{where}.bands", phrase("no_quantity"), phrase("banded", example='on = "team.attainment"'))
    return Pool(**head, amount=r.scaled(entry, "amount", where), share=r.text(entry, "share", where, "equal"), on=on, bands=bands)


def _deduct(r: _Reader, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    cuts = ("category", "severity", "channel")
    table = r.table(entry, "table", where, "amount", cuts)
    for row in table.rows:
        if row.value < 0:
            r.wrong(f"{where}.table", written(row.value), phrase("cost"))
    return Deduct(**head, charges=tuple(Charge(row.cut, row.value) for row in table.rows))


def _clawback(r: _Reader, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    return Clawback(**head, at=r.choice(entry, "at", where, ("base", "paid"), "paid") or "paid")


def _corrections(r: _Reader, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    return Corrections(**head, months=r.whole(entry, "months", where, 1, 12) or 12)


def _adjustments(r: _Reader, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    return Adjustments(**head)


def _carry(r: _Reader, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    return Carry(**head, draw=r.scaled(entry, "draw", where, 0))


def _round(r: _Reader, entry: dict[str, Any], where: str, head: dict[str, Any]) -> Built:
    rule = r.choice(entry, "rule", where, tuple(ROUNDINGS)) or "half_up"
    to = r.number(entry, "to", where)
    if to not in (Decimal(1), Decimal("0.1"), Decimal("0.01"), Decimal(10), Decimal(100)):
        r.wrong(f"{where}.to", written(entry.get("to")), _one_of(("0.01", "0.1", "1", "10", "100")))
    return Round(**head, rule=rule, to=to)


#: The kinds of step: the names each knows, and what makes it.
_STEPS: dict[str, tuple[set[str], Builder]] = {
    "fixed": ({"as", "pay", "table", "prorate"}, _fixed),
    "supplied": ({"metric", "as", "otherwise"}, _supplied),
    "weigh": ({"of", "as", "table"}, _weigh),
    "rate": ({"of", "table"}, _rate),
    "sum": ({"as", "terms"}, _sum),
    "target": ({"of", "metric", "from", "table", "leave", "caseload", "ramp", "missing"}, _target),
    "tiers": ({"of", "by", "mode", "levels"}, _tiers),
    "accelerator": ({"of", "levels"}, _accelerator),
    "gate": ({"on", "bands", "missing", "only"}, _gate),
    "bands": ({"on", "amount", "bands", "missing"}, _bands),
    "limit": ({"most", "least"}, _limit),
    "pool": ({"amount", "share", "on", "bands"}, _pool),
    "deduct": ({"table"}, _deduct),
    "clawback": ({"at"}, _clawback),
    "corrections": ({"months"}, _corrections),
    "adjustments": (set(), _adjustments),
    "carry": ({"draw"}, _carry),
    "round": ({"rule", "to"}, _round),
}
