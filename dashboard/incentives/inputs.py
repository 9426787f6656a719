"""What a month's pay is computed from: cash by payment, people, days, quality, and what the ledger remembers. Data only, exact in JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from dashboard.incentives.statement import made, plain

#: Of a payment's row, in the order of the report.
TEXTS = ("payment_id", "team", "holder", "previous", "own", "talker", "bucket", "product", "method", "placement", "reverses")
NUMBERS = ("cents", "paid_day", "posted_day", "origin_day", "moved_day", "touched_day", "talked_day")


class Texts(NamedTuple):
    """A column of texts: the place of each row's among `values`, which are sorted and each in some row."""

    codes: npt.NDArray[np.unsignedinteger[Any]]
    values: npt.NDArray[np.object_]

    @staticmethod
    def of(column: Sequence[str] | npt.NDArray[Any]) -> Texts:
        """From the texts themselves."""
        codes, found = pd.factorize(np.asarray(column, dtype=object))
        order = np.argsort(found)
        rank = np.empty(len(found), dtype=np.min_scalar_type(len(found)))
        rank[order] = np.arange(len(found))
        return Texts(rank[codes], found[order])

    @staticmethod
    def numbered(numbers: npt.NDArray[np.integer[Any]], values: Sequence[str]) -> Texts:
        """From each row's place among sorted texts, of which some may be in no row."""
        there = np.bincount(numbers, minlength=len(values)) > 0
        rank = (np.cumsum(there) - 1).astype(np.min_scalar_type(max(len(values), 1)))
        return Texts(rank[numbers], np.array(values, dtype=object)[there])

    def rows(self) -> npt.NDArray[np.object_]:
        """The text of each row."""
        found: npt.NDArray[np.object_] = self.values[self.codes]
        return found

    def among(self, wanted: Iterable[str]) -> npt.NDArray[np.bool_]:
        """Which rows have one of some texts."""
        known = frozenset(wanted)
        return np.take(np.array([value in known for value in self.values], dtype=bool), self.codes)


class Payments:
    """Postings by column, by id: texts ("" where unknown) and whole numbers (days as ordinals, 0 where unknown; amounts in cents).

    `holder`, `previous`: who held the case at the value date, and before; `moved_day`: since when; `talker`, `talked_day`: the last talk with
    the debtor before it; `touched_day`: the holder's last touch before it; `own`: the collector on the payment; `origin_day`: the value
    date of the payment that a reversal (cents below 0) takes back.
    """

    def __init__(self, columns: Mapping[str, Sequence[Any] | npt.NDArray[Any] | Texts]) -> None:
        """From the columns there are; the others are unknown."""
        ids = np.asarray(columns["payment_id"], dtype=object)
        order = None if len(ids) < 2 or (ids[1:] > ids[:-1]).all() else np.argsort(ids, kind="stable")

        def ordered(name: str, kind: type, nothing: Any) -> npt.NDArray[Any]:
            column: npt.NDArray[Any] = np.asarray(columns[name], dtype=kind) if name in columns else np.full(len(ids), nothing, dtype=kind)
            return column if order is None else column[order]

        def told(name: str) -> Texts:
            column = columns.get(name)
            if not isinstance(column, Texts):
                return Texts.of(ordered(name, object, ""))
            return column if order is None else Texts(column.codes[order], column.values)

        self.ids: npt.NDArray[np.object_] = ordered("payment_id", object, "")
        self.texts = {name: told(name) for name in TEXTS if name != "payment_id"}
        self.numbers = {name: ordered(name, np.int64 if name == "cents" else np.int32, 0) for name in NUMBERS}

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, Any]]) -> Payments:
        """From rows; what a row doesn't have is unknown."""
        listed = list(rows)
        return cls(
            {
                **{name: [row.get(name) or "" for row in listed] for name in TEXTS},
                **{name: [int(row.get(name) or 0) for row in listed] for name in NUMBERS},
            }
        )

    def listed(self, name: str) -> list[Any]:
        """A column as plain texts or numbers."""
        if name in self.numbers:
            return list(self.numbers[name].tolist())
        return list((self.ids if name == "payment_id" else self.texts[name].rows()).tolist())

    def __len__(self) -> int:
        return len(self.ids)


class Collector(NamedTuple):
    """Who is paid, what they worked in the month, and how well; None where nothing is known of it."""

    id: str
    team: str
    grade: str
    agency: str = ""
    hired_on: date = date(1900, 1, 1)
    left_on: date | None = None
    worked_days: int | None = None
    leave_days: int | None = None
    hours: Decimal | None = None
    case_days: int = 0
    qa_score_sum: Decimal | None = None
    qa_weight_sum: Decimal | None = None
    qa_reviews: int = 0
    critical_reviews: int = 0
    trained_on: date | None = None


class Complaint(NamedTuple):
    """An upheld complaint of the month."""

    id: str
    collector: str
    category: str = ""
    severity: str = ""
    channel: str = ""


class Supply(NamedTuple):
    """A value of the targets table for the month: scope is all, team:NAME or collector:ID."""

    scope: str
    metric: str
    value: Decimal


class Earned(NamedTuple):
    """What a payment that is reversed now had earned somebody in a locked month."""

    payment: str
    collector: str
    month: date
    share: Decimal
    base_rate: Decimal
    paid_rate: Decimal


class Difference(NamedTuple):
    """What a locked month, worked out again on today's data, pays a collector more or less than was paid for it so far."""

    collector: str
    month: date
    paid: Decimal
    due: Decimal


class Adjustment(NamedTuple):
    """An amount that somebody adds or takes, with the reason."""

    id: str
    collector: str
    amount: Decimal
    kind: str
    reason: str
    author: str


class Moved(NamedTuple):
    """A balance in `Remembered.carried` that comes from a month paid under another plan."""

    collector: str
    plan: str
    month: date


@dataclass(frozen=True)
class Remembered:
    """What the ledger brings into a month."""

    carried: tuple[tuple[str, Decimal], ...] = ()
    previous: tuple[tuple[str, str, Decimal], ...] = ()
    earned: tuple[Earned, ...] = ()
    differences: tuple[Difference, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()


@dataclass(frozen=True)
class Inputs:
    """Everything a run depends on besides its plan."""

    month: date
    dataset: str
    snapshot: str
    as_of: date
    currency: str
    payments: Payments
    collectors: tuple[Collector, ...]
    complaints: tuple[Complaint, ...] = ()
    supplied: tuple[Supply, ...] = ()
    remembered: Remembered = field(default_factory=Remembered)
    moved: tuple[Moved, ...] = ()

    def to_json(self) -> str:
        """Exact, the same for the same inputs in any order."""
        ordered = self.ordered()
        data = {name: plain(getattr(ordered, name)) for name in ordered.named() if name != "payments"}
        return json.dumps(
            {**data, "payments": {name: ordered.payments.listed(name) for name in (*TEXTS, *NUMBERS)}},
            ensure_ascii=False,
            separators=(",", ":"),
            sort_keys=True,
        )

    @classmethod
    def from_json(cls, text: str) -> Inputs:
        """What to_json wrote."""
        data = json.loads(text)
        payments = Payments(data.pop("payments"))
        hints = {one.name: one.type for one in fields(cls)}
        types = {
            "month": date, "as_of": date, "collectors": tuple[Collector, ...], "complaints": tuple[Complaint, ...],
            "supplied": tuple[Supply, ...], "remembered": Remembered, "moved": tuple[Moved, ...],
        }  # fmt: skip
        return cls(payments=payments, **{name: made(types.get(name, str), data[name]) for name in hints if name in data})

    def named(self) -> list[str]:
        """The names of its fields; moved balances only where there are any, so that what was sealed before they were known stays as it was."""
        return [one.name for one in fields(self) if one.name != "moved" or self.moved]

    def ordered(self) -> Inputs:
        """The same with its rows in one order."""
        known = self.remembered
        remembered = Remembered(*(tuple(sorted(getattr(known, one.name))) for one in fields(known)))
        return Inputs(
            self.month, self.dataset, self.snapshot, self.as_of, self.currency, self.payments, tuple(sorted(self.collectors, key=_id)),
            tuple(sorted(self.complaints)), tuple(sorted(self.supplied)), remembered, tuple(sorted(self.moved)),
        )  # fmt: skip

    @cached_property
    def hash(self) -> str:
        """Of everything in it, in whatever order it came."""
        ordered = self.ordered()
        sealed = hashlib.sha256()
        known = ordered.remembered
        rest = [getattr(ordered, name) for name in ordered.named() if name not in ("payments", "remembered")]
        rest += [getattr(known, one.name) for one in fields(known)]
        sealed.update(json.dumps(rest, default=str).encode() + b"\n")
        for name in TEXTS:
            sealed.update("\n".join([json.dumps(text) if "\n" in text else text for text in ordered.payments.listed(name)]).encode() + b"\n\n")
        for name in NUMBERS:
            sealed.update(",".join(map(str, ordered.payments.listed(name))).encode() + b"\n")
        return sealed.hexdigest()


def _id(collector: Collector) -> str:
    return collector.id
