"""The registry of metrics and dimensions (queries/*.toml): what each is, never what it comes to."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from dashboard.contract import ROOT, contract

METRICS = ROOT / "queries" / "metrics.toml"
DIMENSIONS = ROOT / "queries" / "dimensions.toml"
RELATIONS = ROOT / "queries" / "relations"
ROWS = ROOT / "queries" / "rows.toml"

UNITS = ("amount", "rate", "count", "days", "ratio", "number")
BASES = ("calendar", "cohort", "snapshot", "event")
LANGUAGES = ("en", "zh")
GRAINS = ("day", "week", "month", "quarter", "year")


class UnknownName(KeyError):
    """A metric, dimension or report that isn't registered: says what was asked and what there is."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class Metric:
    """One metric. Exactly one of: `sql` over relation `of`; `part` ÷ `whole`; `terms` added up; `curve` over relation `of`.

    `empty_is_zero`: no row means none, as of complaints once any are on record.
    `one_of`: dimensions whose values would count the same thing again, each with the value that counts where nothing else is asked for.
    """

    id: str
    unit: str
    better: str
    basis: str
    label: dict[str, str]
    formula: dict[str, str]
    trap: dict[str, str]
    needs: tuple[str, ...] = ()
    of: str | None = None
    sql: str | None = None
    part: str | None = None
    whole: str | None = None
    terms: tuple[str, ...] = ()
    curve: tuple[tuple[str, str], ...] = ()
    interval: str | None = None
    last_of: str | None = None
    empty_is_unknown: bool = False
    empty_is_zero: bool = False
    unfiltered: bool = False
    one_of: tuple[tuple[str, str], ...] = ()

    @property
    def is_rate(self) -> bool:
        return self.part is not None

    @property
    def additive(self) -> bool:
        """Whether values of separate groups add up to the total."""
        return self.unit in ("amount", "count") and not self.curve and not self.is_rate

    @property
    def per(self) -> int:
        """How many times what it counts its part is: a rate per thousand has a thousand times as many above the line."""
        return 1000 if self.interval == "poisson" else 1

    @property
    def inputs(self) -> tuple[str, ...]:
        """The metrics this one is made of."""
        if self.part is not None and self.whole is not None:
            return (self.part, self.whole)
        return tuple(term.removeprefix("-") for term in self.terms)


@dataclass(frozen=True)
class Dimension:
    """One way to cut a metric. kind: time | text | code | month | number; `codes` names the list that translates values."""

    id: str
    kind: str
    label: dict[str, str]
    column: str
    needs: tuple[str, ...] = ()
    codes: str | None = None
    of: tuple[str, ...] = ()

    def needs_in(self, relation: str) -> tuple[str, ...]:
        """What must be supplied to cut rows of a relation: those that say themselves whose they are need no assignments."""
        return tuple(whose().get(relation, need) if need == "assignments" else need for need in self.needs)

    def carried_by(self, relation: str) -> bool:
        """Whether rows of a relation have this dimension (`of` empty: all but the sources and those that name their own, rows.toml)."""
        own = own_cuts().get(relation, (self.id,))
        if self.kind == "time":
            return self.id in own or not {*own} & {*GRAINS}
        if self.of:
            return relation in self.of
        return relation != "sources" and self.id in own


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def metrics() -> dict[str, Metric]:
    """All metrics by id, in the order of the file. A mistake in the file raises ValueError with the metric's name."""
    result: dict[str, Metric] = {}
    for name, entry in _read(METRICS).items():
        fields = {**entry}
        for key in ("needs", "terms"):
            fields[key] = tuple(fields.get(key, ()))
        for key in ("curve", "one_of"):
            fields[key] = tuple(fields.get(key, {}).items())
        metric = Metric(id=name, **fields)
        _check_metric(metric)
        result[name] = metric
    for metric in result.values():
        unknown = [name for name in metric.inputs if name not in result]
        if unknown:
            raise ValueError(f"{METRICS.name} [{metric.id}]: names unknown metrics {', '.join(unknown)}")
    return result


def _check_metric(metric: Metric) -> None:
    forms = [metric.sql is not None, metric.part is not None, bool(metric.terms), bool(metric.curve)]
    wrong = []
    if sum(forms) != 1:
        wrong.append("expected exactly one of sql, part and whole, terms, curve")
    if (metric.part is None) != (metric.whole is None):
        wrong.append("part and whole go together")
    if metric.unit not in UNITS or metric.basis not in BASES or metric.better not in ("higher", "lower", "none"):
        wrong.append(f"unit {metric.unit!r}, basis {metric.basis!r}, better {metric.better!r}")
    if (metric.sql or metric.curve) and not (RELATIONS / f"{metric.of}.sql").is_file():
        wrong.append(f"no relation {metric.of!r}")
    for name in ("label", "formula", "trap"):
        if set(getattr(metric, name)) != set(LANGUAGES) or not all(getattr(metric, name).values()):
            wrong.append(f"{name} needs en and zh")
    if wrong:
        raise ValueError(f"{METRICS.name} [{metric.id}]: {'; '.join(wrong)}")


@cache
def dimensions() -> dict[str, Dimension]:
    """All dimensions by id."""
    result = {}
    for name, entry in _read(DIMENSIONS).items():
        identifier = entry.get("id", name)
        result[identifier] = Dimension(
            id=identifier,
            kind=entry["kind"],
            label=entry["label"],
            column=entry.get("column", identifier),
            needs=tuple(entry.get("needs", ())),
            codes=entry.get("codes"),
            of=tuple(entry.get("of", ())),
        )
    return result


@cache
def own_cuts() -> dict[str, tuple[str, ...]]:
    """The dimensions of relations whose rows don't carry every one that cases have, such as days of attendance."""
    return {name: tuple(entry["cuts"]) for name, entry in _read(ROWS)["relations"].items() if "cuts" in entry}


@cache
def whose() -> dict[str, str]:
    """What tells whose the rows of a relation are, where they can say so themselves."""
    return {name: entry["whose"] for name, entry in _read(ROWS)["relations"].items() if "whose" in entry}


def metric(name: str) -> Metric:
    """A metric by id; UnknownName lists what there is."""
    if name not in metrics():
        raise UnknownName(f"unknown metric {name!r}; known: {', '.join(metrics())}")
    return metrics()[name]


def dimension(name: str) -> Dimension:
    """A dimension by id; UnknownName lists what there is."""
    if name not in dimensions():
        raise UnknownName(f"unknown dimension {name!r}; known: {', '.join(dimensions())}")
    return dimensions()[name]


def plain(names: tuple[str, ...]) -> list[Metric]:
    """The metrics that must be queried to answer these, each once."""
    found: dict[str, Metric] = {}

    def collect(name: str) -> None:
        entry = metric(name)
        if entry.inputs:
            for part in entry.inputs:
                collect(part)
        else:
            found[name] = entry

    for name in names:
        collect(name)
    return list(found.values())


def needs_of(name: str) -> tuple[str, ...]:
    """Everything that must be supplied for a metric, its inputs' needs included."""
    entry = metric(name)
    return tuple(dict.fromkeys([*entry.needs, *(need for part in entry.inputs for need in needs_of(part))]))


def table_label(name: str, lang: str) -> str:
    """The label of a contract table or `table.column`, for what is not supplied."""
    table, _, column = name.partition(".")
    label = contract().tables[table].label[lang]
    return f"{label} · {contract().tables[table].columns[column].label[lang]}" if column else label
