"""What a pay run is: a statement a collector, ordered lines that explain it down to the payments, and how it ties to net cash. Only data.

How to read one: a `Run` holds `statements` (by collector) and `ties` (a row a team: credited + house + ineligible by reason = net cash).
A `Statement` is its `lines` in the plan's order. A line says which step it comes from, `amount` (what it adds to the total, not rounded;
zero for a line that only states a quantity), `total` (running, after it) and why: `key` is an entry of the words files and `values` fill
its places (`sentences.line(line, lang, currency)` does both). `parts` are its workings: each part's amount is base × its factors, the line's
amount their sum where `rule` is "sum"; other rules say how the amount follows from total before, as Excel would write it:

    sum    amount = Σ parts          min   amount = min(0, limit − before)       max   amount = max(0, limit − before)
    none   states `quantity`, 0      round amount = rounded(before) − before     carry amount = max(draw − before, 0)

`limit` and `draw` stand in `values`. A part's `ids` are those of payments (or reversals, complaints, adjustments: `kind` says which).
All money is Decimal and exact in JSON (`to_json`, `from_json`); equal runs have equal bytes.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date
from decimal import Decimal
from functools import cache, cached_property
from types import NoneType, UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin, get_type_hints

ZERO = Decimal(0)
#: How a line's amount follows from the total before it.
RULES = ("sum", "none", "min", "max", "round", "carry")
#: What the ids of a part are.
PART_KINDS = ("payments", "reversals", "complaints", "adjustments", "tier", "share", "none")
#: What a value is, for whoever writes it out.
VALUE_KINDS = ("amount", "rate", "number", "count", "text", "date", "month", "code", "quantity")


class Value(NamedTuple):
    """Something that fills a place in a line's words: `kind` is one of VALUE_KINDS (a code has words of its own: pay_code.NAME, a quantity too)."""

    name: str
    kind: str
    value: Decimal | int | str | None


class Part(NamedTuple):
    """One working of a line: amount = base × factors. `cut` says of what: (("bucket", "M1"), ("product", "card")), a tier's edges, an id."""

    cut: tuple[tuple[str, str], ...]
    base: Decimal
    factors: tuple[Decimal, ...]
    amount: Decimal
    kind: str = "none"
    ids: tuple[str, ...] = ()


class Line(NamedTuple):
    """One step of a plan, worked out for one collector. `quantity` is what the step defines (credited cash, a target), if anything."""

    step: str
    step_kind: str
    key: str
    values: tuple[Value, ...]
    amount: Decimal
    total: Decimal
    rule: str = "sum"
    parts: tuple[Part, ...] = ()
    quantity: tuple[str, Decimal] | None = None

    def value(self, name: str) -> Decimal | int | str | None:
        """A value by name; KeyError where the line has none of it."""
        return {value.name: value.value for value in self.values}[name]


class Credited(NamedTuple):
    """Cash of one kind credited to a collector: `cash` is share × amount of its payments; `base_rate` what a unit of it earned by rates and
    tiers, `paid_rate` after accelerator and gates too. Claw-back of a reversed payment of a locked month takes one of these back.
    """

    cut: tuple[tuple[str, str], ...]
    cash: Decimal
    payments: tuple[str, ...]
    shares: tuple[Decimal, ...]
    base_rate: Decimal
    paid_rate: Decimal


@dataclass(frozen=True)
class Statement:
    """What one collector is paid for a month and why; `amount` is rounded once, `carried` (never above zero) goes to the next month."""

    collector: str
    team: str
    grade: str
    month: date
    plan: str
    version: int
    lines: tuple[Line, ...]
    credited: tuple[Credited, ...]
    quantities: tuple[tuple[str, Decimal | None], ...]
    total: Decimal
    amount: Decimal
    carried: Decimal = ZERO

    def quantity(self, name: str) -> Decimal | None:
        """A quantity the plan defined (cash, credited, target, attainment, qa_score …), None where unknown."""
        return dict(self.quantities).get(name)

    def payments(self) -> tuple[str, ...]:
        """The ids of every payment credited in it."""
        return tuple(sorted({identifier for group in self.credited for identifier in group.payments}))


@dataclass(frozen=True)
class Uncredited:
    """Cash that no collector is credited with: why (a code: pay_code.REASON), in which team's cases, which payments."""

    reason: str
    team: str
    cash: Decimal
    payments: tuple[str, ...]


@dataclass(frozen=True)
class Tie:
    """Net cash of a team's cases in the month = credited (to whomever) + house + the rest by reason; `difference` is zero or the run is refused."""

    team: str
    net_cash: Decimal
    credited: Decimal
    uncredited: tuple[tuple[str, Decimal], ...]

    @property
    def difference(self) -> Decimal:
        return self.net_cash - self.credited - sum((amount for _, amount in self.uncredited), ZERO)


@dataclass(frozen=True)
class Run:
    """A month's pay under one plan on one snapshot."""

    month: date
    dataset: str
    snapshot: str
    as_of: date
    currency: str
    plan: str
    version: int
    plan_hash: str
    inputs_hash: str
    statements: tuple[Statement, ...]
    uncredited: tuple[Uncredited, ...]
    ties: tuple[Tie, ...]
    notes: tuple[tuple[str, str], ...] = field(default=())

    @property
    def total(self) -> Decimal:
        """What is paid out: the sum of its statements."""
        return sum((statement.amount for statement in self.statements), ZERO)

    @cached_property
    def result_hash(self) -> str:
        """Of everything in it: two runs with the same hash say the same."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def statement(self, collector: str) -> Statement | None:
        """A collector's statement."""
        return next((statement for statement in self.statements if statement.collector == collector), None)

    def to_json(self) -> str:
        """Exact and the same for equal runs."""
        return json.dumps(plain(self), default=_text, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Run:
        """What to_json wrote."""
        found: Run = made(cls, json.loads(text))
        return found


def plain(value: Any) -> Any:
    """As JSON carries it: records as lists of their fields, money and days as text.

    Workings and what is credited stay as they are, tuples whose amounts `_text` writes: of a large company's month that is nearly everything.
    """
    if isinstance(value, Part | Credited):
        return value
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Value):  # its own kind of value decides how it is read back
        return [value.name, value.kind, plain(value.value), type(value.value).__name__]
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if is_dataclass(value):
        return [plain(getattr(value, name)) for name in _names(value.__class__)]
    return value


def _text(value: Any) -> str:
    """An amount inside what `plain` leaves as it is."""
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} in a statement")


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(one.name for one in fields(kind)) if is_dataclass(kind) else kind._fields


@cache
def _hints(kind: Any) -> tuple[Any, ...]:
    hints = get_type_hints(kind)
    return tuple(hints[name] for name in _names(kind))


_READ: dict[str, Any] = {"Decimal": Decimal, "int": int, "str": str, "NoneType": lambda _: None}


def made(kind: Any, data: Any) -> Any:
    """The reverse of `plain`, by the declared types."""
    if kind is Value:
        name, sort, value, type_name = data
        return Value(name, sort, _READ[type_name](value))
    if is_dataclass(kind) or hasattr(kind, "_fields"):
        return kind(*(made(hint, item) for hint, item in zip(_hints(kind), data, strict=True)))
    origin = get_origin(kind)
    if origin is tuple:
        inner = get_args(kind)
        if len(inner) == 2 and inner[1] is Ellipsis:
            return tuple(made(inner[0], item) for item in data)
        return tuple(made(hint, item) for hint, item in zip(inner, data, strict=True))
    if origin in (Union, UnionType):
        return None if data is None else made(next(one for one in get_args(kind) if one is not NoneType), data)
    if kind is date:
        return date.fromisoformat(data)
    return kind(data)
