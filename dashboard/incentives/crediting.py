"""Whose cash is it and does it count? Payments of a month by collector and kind, and the rest by reason, in whole cents; no money is rounded.

Columns are numpy arrays of codes and int64; a share is a whole number of millionths (`UNIT`), so that cents × share is exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from dashboard.filters import month_end
from dashboard.incentives.inputs import Collector, Payments
from dashboard.incentives.plan import Plan
from dashboard.incentives.statement import Tie, Uncredited

Array = np.ndarray[Any, Any]
#: A share of a payment is a whole number of these: plans' shares have at most six decimals in all.
UNIT = 1_000_000
CENT = Decimal("0.01")


class Kind(NamedTuple):
    """A collector's cash of one kind (bucket, product …): payments with the share credited of each."""

    cut: tuple[tuple[str, str], ...]
    cash: Decimal
    payments: tuple[str, ...]
    shares: tuple[Decimal, ...]


@dataclass(frozen=True)
class Allocation:
    """All cash of a month: credited by collector, the rest by reason, the tie to net cash by team; reversals of earlier months by position."""

    credited: dict[str, tuple[Kind, ...]]
    uncredited: tuple[Uncredited, ...]
    ties: tuple[Tie, ...]


def allocate(payments: Payments, collectors: Iterable[Collector], plan: Plan, month: date, clawed: frozenset[str]) -> Allocation:
    """Credit a month's payments under a plan. `clawed`: reversals that the claw-back step takes (their payment was paid for earlier)."""
    if not len(payments):
        return Allocation({}, (), ())
    paid_under = {one.id for one in collectors if plan.takes(one.team, one.grade, one.agency)}
    known = {one.id for one in collectors}
    first, last = month.toordinal(), month_end(month).toordinal()
    reasons = _Reasons(len(payments))
    paid, posted, cents = payments.numbers["paid_day"], payments.numbers["posted_day"], payments.numbers["cents"]
    in_month = (paid >= first) & (paid <= last)
    if plan.eligible.cutoff_days is not None:
        cut = plan.eligible.cutoff_days
        reasons.put("posted_late", in_month & (posted > last + cut))
        counted = in_month | (paid < first) & (posted > first - 1 + cut) & (posted <= last + cut)
    else:
        counted = in_month
    origin = np.where(payments.numbers["origin_day"] > 0, payments.numbers["origin_day"], paid)
    taken_back = cents < 0
    reasons.put("reversal_unknown", taken_back & (payments.numbers["origin_day"] <= 0))
    brought_in = frozenset(payments.ids[counted & (paid < first)].tolist())
    earlier = taken_back & (origin < first) & ~payments.texts["reverses"].among(brought_in)
    if clawed:
        reasons.put("clawed_back", earlier & pd.Index(payments.ids).isin([*clawed]))
    reasons.put("reversal_unpaid", earlier)
    share = np.full(len(payments), UNIT, dtype=np.int64)
    touch = _touches(payments, plan)
    open_to_rules = np.ones(len(payments), dtype=bool)
    for rule in plan.eligible.rules:
        fit = reasons.free & open_to_rules
        for name, values in rule.cut:
            fit &= np.isin(touch, list(values)) if name == "touch" else payments.texts[name].among(values)
        open_to_rules &= ~fit  # the first rule that fits decides
        part = _whole(rule.share)
        if part == 0:
            reasons.put(rule.reason, fit)
        elif part < UNIT:
            share[fit] = part
            reasons.part(rule.reason, fit)
    owners = _owners(payments, plan, paid)
    pieces: list[tuple[Array, Array, Array]] = []
    given = np.zeros(len(payments), dtype=np.int64)
    for number, (who, split) in enumerate(owners, start=1):
        who_code, names = pd.factorize(np.asarray(who, dtype=object))
        texts = [str(name) for name in names]
        house = np.array([name in ("", "house") for name in texts], dtype=bool)[who_code]
        strange = np.array([name not in known and name not in ("", "house") for name in texts], dtype=bool)[who_code]
        other = np.array([name in known and name not in paid_under for name in texts], dtype=bool)[who_code]
        weight = np.where(split > 0, share - given if number == len(owners) else share * split // UNIT, 0)  # the last takes what is left
        given = given + weight
        for reason, mask in (("house", house), ("no_such_collector", strange), ("other_plan", other)):
            reasons.piece(reason, counted & reasons.free & mask & (weight > 0), cents * weight)
        mine = counted & reasons.free & ~house & ~strange & ~other & (weight > 0)
        pieces.append((np.flatnonzero(mine), np.asarray(who, dtype=object)[mine], weight[mine]))
    left = counted & reasons.free & (share < UNIT)
    reasons.parts(left, cents * (UNIT - share))
    whole = counted & ~reasons.free
    reasons.wholes(whole, cents * UNIT)
    brought = counted & ~in_month
    reasons.piece("brought_forward", brought, -cents * UNIT)
    kinds = _grouped(payments, plan, pieces, touch)
    return Allocation(kinds, reasons.uncredited(payments), _ties(payments, pieces, reasons, cents, in_month))


class _Reasons:
    """Why cash isn't credited: the first reason holds; shares of payments and whole ones."""

    def __init__(self, size: int) -> None:
        self.free = np.ones(size, dtype=bool)
        self._whole: list[tuple[str, Array]] = []
        self._part: list[tuple[str, Array]] = []
        self.pieces: list[tuple[str, Array, Array]] = []

    def put(self, reason: str, mask: Array) -> None:
        """These rows are not credited at all."""
        mask = mask & self.free
        if mask.any():
            self._whole.append((reason, mask))
            self.free = self.free & ~mask

    def part(self, reason: str, mask: Array) -> None:
        """Of these rows a share isn't credited."""
        self._part.append((reason, mask.copy()))

    def piece(self, reason: str, mask: Array, value: Array) -> None:
        """An amount (cents × UNIT) of these rows isn't credited."""
        if mask.any():
            at = np.flatnonzero(mask)
            self.pieces.append((reason, at, value[at]))

    def parts(self, left: Array, value: Array) -> None:
        for reason, mask in self._part:
            self.piece(reason, mask & left, value)

    def wholes(self, whole: Array, value: Array) -> None:
        for reason, mask in self._whole:
            self.piece(reason, mask & whole, value)

    def uncredited(self, payments: Payments) -> tuple[Uncredited, ...]:
        """By reason and team, with the payments."""
        team, teams = payments.texts["team"]
        found: dict[tuple[str, str], tuple[int, list[int]]] = {}
        for reason, at, value in self.pieces:
            for code in np.unique(team[at]):
                mask = team[at] == code
                amount, rows = found.get((reason, teams[code]), (0, []))
                found[reason, teams[code]] = (amount + int(value[mask].sum()), rows + at[mask].tolist())
        return tuple(
            Uncredited(reason, name, _money(amount), tuple(payments.ids[at] for at in sorted(set(rows))))
            for (reason, name), (amount, rows) in sorted(found.items())
        )


def _touches(payments: Payments, plan: Plan) -> Array:
    """Whether the holder had touched the case within the plan's days before a payment."""
    days = plan.eligible.touch_days
    if plan.eligible.touch is None or days is None:
        return np.full(len(payments), "", dtype=object)
    touched = payments.numbers["touched_day"]
    origin = np.where(payments.numbers["origin_day"] > 0, payments.numbers["origin_day"], payments.numbers["paid_day"])
    return np.where((touched > 0) & (touched >= origin - days) & (touched <= origin), "worked", "self_cure").astype(object)


def _owners(payments: Payments, plan: Plan, paid: Array) -> list[tuple[Array, Array]]:
    """Who gets which share (millionths) of each payment, one pair of arrays a share."""
    holder, rule = payments.texts["holder"].rows(), plan.credit
    origin = np.where(payments.numbers["origin_day"] > 0, payments.numbers["origin_day"], paid)
    otherwise = holder if rule.otherwise == "holder" else np.full(len(payments), "", dtype=object)
    whole = np.full(len(payments), UNIT, dtype=np.int64)
    if rule.rule == "payment":
        own = payments.texts["own"].rows()
        owner = np.where(own != "", own, otherwise)
    elif rule.rule == "right_party":
        talked, within = payments.numbers["talked_day"], rule.within_days or 0
        recent = (talked > 0) & (talked >= origin - within) & (talked <= origin)
        owner = np.where(recent, payments.texts["talker"].rows(), otherwise)
    else:
        owner = holder
    if rule.transfer_days is None:
        return [(owner, whole)]
    moved, previous = payments.numbers["moved_day"], payments.texts["previous"].rows()
    shared = (moved > 0) & (origin - moved < rule.transfer_days) & (origin >= moved) & (previous != "") & (owner == holder)
    new = np.where(shared, _whole(rule.transfer_share), whole)
    return [(owner, new), (np.where(shared, previous, ""), whole - new)]


def _grouped(payments: Payments, plan: Plan, pieces: Sequence[tuple[Array, Array, Array]], touch: Array) -> dict[str, tuple[Kind, ...]]:
    """Credited cash by collector and cut, each with its payments and their shares."""
    at = np.concatenate([rows for rows, _, _ in pieces])
    if not len(at):
        return {}
    who_code, names = pd.factorize(np.concatenate([who for _, who, _ in pieces]))
    weight = np.concatenate([part for _, _, part in pieces])
    value = payments.numbers["cents"][at] * weight
    cuts: list[tuple[str, Array, Sequence[str] | Array]] = []
    for name in plan.cuts:
        if name == "touch":
            codes, values = pd.factorize(touch)
            cuts.append((name, codes[at], [str(text) for text in values]))
        else:
            cuts.append((name, payments.texts[name].codes[at], payments.texts[name].values))
    key = who_code.astype(np.int64)
    for _, codes, listed in cuts:
        key = key * len(listed) + codes
    order = np.argsort(key, kind="stable")
    key, at, weight, value = key[order], at[order], weight[order], value[order]
    starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
    sums = np.add.reduceat(value, starts).tolist()
    same = (np.minimum.reduceat(weight, starts) == np.maximum.reduceat(weight, starts)).tolist()
    edges = [*starts.tolist(), len(key)]
    first = order[starts]
    cut_of = list(zip(*([(name, listed[code]) for code in codes[first].tolist()] for name, codes, listed in cuts), strict=True))
    owners = np.asarray(names, dtype=object)[who_code[first]].tolist()
    ids = payments.ids[at].tolist()
    weights = weight.tolist()
    shares: dict[int, Decimal] = {part: Decimal(part) / UNIT for part in set(weights)}
    found: dict[str, list[Kind]] = {}
    for number, (begin, end) in enumerate(pairwise(edges)):
        if same[number]:
            parts = (shares[weights[begin]],) * (end - begin)
        else:
            parts = tuple([shares[part] for part in weights[begin:end]])
        found.setdefault(owners[number], []).append(Kind(cut_of[number], _money(sums[number]), tuple(ids[begin:end]), parts))
    return {name: tuple(sorted(kinds, key=_cut_of)) for name, kinds in sorted(found.items())}


def _cut_of(kind: Kind) -> tuple[tuple[str, str], ...]:
    return kind.cut


def _ties(payments: Payments, pieces: Sequence[tuple[Array, Array, Array]], reasons: _Reasons, cents: Array, in_month: Array) -> tuple[Tie, ...]:
    """By team of the holder at value date: net cash = credited + the rest by reason."""
    team, teams = payments.texts["team"]

    def by_team(at: Array, value: Array) -> list[int]:
        total = np.zeros(len(teams), dtype=np.int64)
        np.add.at(total, team[at], value)
        return [int(amount) for amount in total]

    net = by_team(np.flatnonzero(in_month), cents[in_month])
    credited = [0] * len(teams)
    for at, _, weight in pieces:
        credited = [before + more for before, more in zip(credited, by_team(at, cents[at] * weight), strict=True)]
    rest: list[dict[str, int]] = [{} for _ in teams]
    for reason, at, value in reasons.pieces:
        for place, amount in enumerate(by_team(at, value)):
            if amount:
                rest[place][reason] = rest[place].get(reason, 0) + amount
    return tuple(
        Tie(
            name,
            Decimal(net[place]) * CENT,
            _money(credited[place]),
            tuple((reason, _money(amount)) for reason, amount in sorted(rest[place].items())),
        )
        for place, name in enumerate(teams)
    )


def _whole(share: Decimal) -> int:
    return int(share * UNIT)


def _money(value: int) -> Decimal:
    """Cents × UNIT as an amount, exact."""
    whole, rest = divmod(value, UNIT)
    if not rest:
        return Decimal(whole).scaleb(-2)
    return Decimal(value).scaleb(-8).normalize()
