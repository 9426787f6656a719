"""Reads pay plans from TOML files, one a version, and checks them whole: every problem at once, with what was expected; knows no data.

Sections `[plan]` (who, from when), `[eligible]`, `[credit]`, `[conduct]` and an ordered list of `[[step]]`. Numbers are written as they are
(0.004, 1200) or as text with a per cent sign ("0.4%") and are Decimal, exact.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

from dashboard.contract import ROOT
from dashboard.incentives.plan import (
    CONTACTS,
    GIVEN,
    OF_CASH,
    OF_PEOPLE,
    PREVIOUS,
    TEAM,
    Adjustments,
    Carry,
    Clawback,
    Conduct,
    Corrections,
    Credit,
    Deduct,
    Eligible,
    Gate,
    Limit,
    Plan,
    Rate,
    Round,
    Rule,
    Step,
    Target,
    Tiers,
    Weigh,
    defined_by,
    pays,
    read_by,
)
from dashboard.incentives.plansteps import STEPS
from dashboard.incentives.planvalues import Values, nearest, one_of
from dashboard.incentives.problems import NoSuchPlan, PlanError, Problem, not_toml, phrase, unreadable, written

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


class _Reader(Values):
    """Reads a plan's parts and remembers every problem."""

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

    def section(self, data: dict[str, Any], key: str, optional: bool = False) -> dict[str, Any]:
        given = data.get(key, {} if optional else None)
        if given is None or not self.is_table(given, key):
            if given is None:
                self.wrong(key, written(None), phrase("section", name=f"[{key}]"))
            return {}
        self.only(given, key, _KEYS[key])
        return dict(given)

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
                self.wrong(where, phrase("no_condition"), one_of(OF_CASH))
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
            if kind not in STEPS:
                self.wrong(f"{where}.kind", written(kind), one_of(STEPS), nearest(str(kind), STEPS))
                continue
            keys, build = STEPS[kind]
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
                self.wrong(f"{where}.{part}", name, phrase("quantity", names=tuple(sorted(known))), nearest(bare, known))
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
