"""Why a ratio of sums changed: mix and rate of each group, adding up exactly. Numbers in, fractions out; no SQL, no Streamlit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

Number = int | float | Decimal | Fraction
#: Part and whole of one group in one period; both None (or the group absent) where it isn't in that period.
Sides = tuple[Number | None, Number | None]


@dataclass(frozen=True)
class Effect:
    """One group: its share of the whole and its rate in both periods, and what it did to the total.

    A rate is None where the group has no whole in that period. `mix` + `rate` + `outside` over all groups is the change.
    """

    group: str
    share_before: Fraction
    share_now: Fraction
    rate_before: Fraction | None
    rate_now: Fraction | None
    mix: Fraction
    rate: Fraction
    outside: Fraction


@dataclass(frozen=True)
class Decomposition:
    """The total rate in both periods and what each group did to it."""

    before: Fraction
    now: Fraction
    effects: tuple[Effect, ...]

    @property
    def change(self) -> Fraction:
        return self.now - self.before

    @property
    def mix(self) -> Fraction:
        """What the shares alone did."""
        return sum((effect.mix for effect in self.effects), Fraction(0))


def decompose(before: Mapping[str, Sides], now: Mapping[str, Sides]) -> Decomposition | None:
    """Split the change of Σ part ÷ Σ whole between two periods into mix and rate effects per group.

    With w a group's share of the whole, r its rate, and bars the plain means of both periods:

        rate effect = w̄ · (r₁ − r₀)        mix effect = (w₁ − w₀) · (r̄ − R̄)

    These are Kitagawa's (1955, JASA 50:1168) components, i.e. weights halfway between the periods (Marshall–Edgeworth), so there is no
    interaction left over and swapping the periods flips every sign. R̄ is the mean of the two periods' rates of all groups that have
    a whole. As shares add up to one in both periods it takes nothing from the sum; it only makes more of a group worse than the
    whole count as a loss.

    A group with a whole in one period only (it entered or left) has just that period's rate: all of it is mix. What a group's part
    adds in a period in which it has no whole (cash of cases placed after the start) has no rate: its part ÷ the total whole is set apart as
    `outside`. None where the total whole of a period is zero, or one side of a group is known and the other isn't.
    """
    groups = list(dict.fromkeys([*before, *now]))
    sides = [[_sides(period.get(group)) for group in groups] for period in (before, now)]
    if any(side is None for period in sides for side in period):
        return None
    known = [[side for side in period if side is not None] for period in sides]
    wholes = [sum((whole for _, whole in period), Fraction(0)) for period in known]
    if not all(wholes):
        return None
    rated = [sum((part for part, whole in period if whole), Fraction(0)) / total for period, total in zip(known, wholes, strict=True)]
    middle = sum(rated, Fraction(0)) / 2
    effects = tuple(_effect(group, one, other, wholes, middle) for group, one, other in zip(groups, *known, strict=True))
    totals = [sum((part for part, _ in period), Fraction(0)) / total for period, total in zip(known, wholes, strict=True)]
    return Decomposition(totals[0], totals[1], effects)


def _effect(group: str, before: tuple[Fraction, Fraction], now: tuple[Fraction, Fraction], wholes: list[Fraction], middle: Fraction) -> Effect:
    shares = [whole / total for (_, whole), total in zip((before, now), wholes, strict=True)]
    rates = [part / whole if whole else None for part, whole in (before, now)]
    apart = [part / total if not whole else Fraction(0) for (part, whole), total in zip((before, now), wholes, strict=True)]
    first = rates[0] if rates[0] is not None else rates[1]
    last = rates[1] if rates[1] is not None else rates[0]
    mix = rate = Fraction(0)
    if first is not None and last is not None:
        mix = (shares[1] - shares[0]) * ((first + last) / 2 - middle)
        rate = (shares[0] + shares[1]) / 2 * (last - first)
    return Effect(group, shares[0], shares[1], rates[0], rates[1], mix, rate, apart[1] - apart[0])


def _sides(given: Sides | None) -> tuple[Fraction, Fraction] | None:
    """Both sides as exact fractions; zero for a group that isn't there, None where only one side is known."""
    if given is None or given == (None, None):
        return Fraction(0), Fraction(0)
    part, whole = given
    if part is None or whole is None:
        return None
    return Fraction(part), Fraction(whole)


def largest(effects: Iterable[tuple[str, Fraction]], most: int) -> tuple[list[tuple[str, Fraction]], list[tuple[str, Fraction]]]:
    """The effects of the largest size, in that order, and the rest; what is exactly zero is in neither."""
    ordered = sorted((effect for effect in effects if effect[1]), key=lambda effect: -abs(effect[1]))
    return ordered[:most], ordered[most:]
