"""Kinds of case as numbers (queries/model/55_held_mix.sql packs them) and the design matrix that a model of recovery is fitted on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

Ints = npt.NDArray[np.int64]
Vector = npt.NDArray[np.float64]

#: What is in a kind, from the lowest digit up, with its base; the last has no base.
DIGITS = (("bucket", 32), ("vintage", 8), ("prior", 4), ("score", 16), ("balance", 32), ("placement_number", 64), ("product", 64), ("region", 0))
ATTRIBUTES = tuple(name for name, _ in DIGITS)
#: Attributes whose effects depend on each other.
TOGETHER = (("bucket", "prior"), ("vintage", "prior"), ("product", "bucket"))


@dataclass(frozen=True)
class Mix:
    """Cases held at the start of each month by collector and kind: how many, how many paid within it, and their (capped) cash."""

    month: Ints
    collector: Ints
    kind: Ints
    cases: Vector
    paid: Vector
    cash: Vector
    square: Vector

    @staticmethod
    def of(columns: Mapping[str, Any]) -> Mix:
        """From the arrays of the report held_mix, put in the order of month, collector and kind where they aren't."""
        ints = (np.asarray(columns[name], dtype=np.int64) for name in ("month_number", "collector_no", "kind"))
        floats = (np.asarray(columns[name], dtype=np.float64) for name in ("case_count", "paid_count", "capped_amount", "capped_square"))
        month, collector, kind = ints
        cases, paid, cash, square = floats
        mix = Mix(month, collector, kind, cases, paid, cash, square)
        later = np.diff(month) > 0
        further = later | ((np.diff(month) == 0) & ((np.diff(collector) > 0) | ((np.diff(collector) == 0) & (np.diff(kind) > 0))))
        return mix if further.all() else mix.only(np.lexsort((kind, collector, month)))

    def only(self, keep: npt.NDArray[np.bool_] | Ints) -> Mix:
        """The rows chosen, by whether they are or by their places."""
        parts = (self.month, self.collector, self.kind, self.cases, self.paid, self.cash, self.square)
        return Mix(*(part[keep] for part in parts))  # type: ignore[arg-type]

    def __len__(self) -> int:
        return len(self.kind)


def unpacked(kind: Ints) -> dict[str, Ints]:
    """The attributes of kinds, each as a number."""
    found, rest = {}, kind
    for name, base in DIGITS:
        found[name] = rest % base if base else rest
        rest = rest // base if base else rest
    return found


def packed(**attributes: Ints) -> Ints:
    """Kinds from their attributes; what isn't given is 0."""
    kind: Ints = np.zeros(np.broadcast(*attributes.values()).shape, dtype=np.int64)
    for name, base in reversed(DIGITS):
        kind = kind * (base or 1) + attributes.get(name, np.int64(0))
    return kind


@dataclass(frozen=True)
class Design:
    """Which columns the matrix has: for each group of attributes the combinations seen often enough, each a column."""

    groups: tuple[tuple[tuple[str, ...], Ints], ...]

    @staticmethod
    def of(attributes: Mapping[str, Ints], weight: Vector, least: float = 30.0) -> Design:
        """Columns for every value, and every combination of TOGETHER, that at least so many cases have; the rest are the base."""
        groups = []
        for names in [*((name,) for name in attributes), *(pair for pair in TOGETHER if set(pair) <= set(attributes))]:
            codes = _coded(attributes, names)
            values, place = np.unique(codes, return_inverse=True)
            seen = np.bincount(place, weights=weight)
            kept = values[seen >= least]
            if len(names) == 1 and len(kept) < 2:
                continue
            groups.append((names, kept))
        return Design(tuple(groups))

    def matrix(self, attributes: Mapping[str, Ints]) -> sparse.csr_matrix:
        """One row per kind, ones in the columns that it belongs to."""
        count = len(next(iter(attributes.values())))
        rows, columns, width = [], [], 0
        for names, values in self.groups:
            codes = _coded(attributes, names)
            place = np.searchsorted(values, codes)
            found = (place < len(values)) & (values[np.minimum(place, len(values) - 1)] == codes) if len(values) else np.zeros(count, dtype=bool)
            rows.append(np.flatnonzero(found))
            columns.append(place[found] + width)
            width += len(values)
        at = np.concatenate(rows) if rows else np.zeros(0, dtype=np.int64)
        to = np.concatenate(columns) if columns else np.zeros(0, dtype=np.int64)
        return sparse.csr_matrix((np.ones(len(at)), (at, to)), shape=(count, width))


def _coded(attributes: Mapping[str, Ints], names: Sequence[str]) -> Ints:
    codes: Ints = attributes[names[0]].astype(np.int64)
    for name in names[1:]:
        codes = codes * 4096 + attributes[name]
    return codes
