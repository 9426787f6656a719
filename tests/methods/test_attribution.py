"""Removal effects against a hand-worked chain, a simulated one and ChannelAttribution's figures; cents that add up."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.methods.attribution import dealt, markov, removal_effects

END = "payment"
PATHS = {("sms", "phone"): 3, ("phone",): 2, ("sms", "bot", "phone"): 1, ("bot", "sms"): 2}


def counted(paths: dict[tuple[str, ...], int]) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    starts: Counter[str] = Counter()
    steps: Counter[tuple[str, str]] = Counter()
    for path, count in paths.items():
        starts[path[0]] += count
        for one, other in zip(path, (*path[1:], END), strict=True):
            steps[one, other] += count
    return starts, steps


def test_by_hand() -> None:
    """Start: sms 1/2, phone 1/4, bot 1/4. sms → phone 1/2, bot 1/6, end 1/3; bot → phone 1/3, sms 2/3; phone → end.

    Without phone only sms and bot are left: s = 1/3 + b/6, b = 2s/3, so s = 3/8, b = 1/4; reached s/2 + b/4 = 1/4.
    Without sms: 1/4 + 1/4 · 1/3 = 1/3. Without bot: 1/4 + 1/2 · (1/2 + 1/3) = 2/3.
    """
    assert removal_effects(*counted(PATHS), END) == pytest.approx({"phone": 3 / 4, "sms": 2 / 3, "bot": 1 / 3})


def test_like_channelattribution() -> None:
    """ChannelAttribution 2.2.5 (`markov_model(order=1, out_more=True, seed=1)`) simulates: sms 0.660, phone 0.754, bot 0.321 of these paths,
    and shares 8 conversions as sms 3.046, phone 3.475, bot 1.479."""
    ours = removal_effects(*counted(PATHS), END)
    assert ours == pytest.approx({"sms": 0.660441, "phone": 0.753515, "bot": 0.320575}, abs=0.015)
    shared = markov(Decimal("8.00"), *counted(PATHS), END)
    assert {name: float(value) for name, value in shared.items()} == pytest.approx({"sms": 3.046, "phone": 3.475, "bot": 1.479}, abs=0.07)
    assert sum(shared.values()) == Decimal("8.00")


def test_like_a_walk_through_the_chain() -> None:
    """Random paths walked a hundred thousand times over the same chain, each channel in turn closed."""
    chance = np.random.default_rng(3)
    names = ["a", "b", "c", "d"]
    paths: Counter[tuple[str, ...]] = Counter()
    for _ in range(400):
        paths[tuple(names[n] for n in chance.integers(0, 4, size=chance.integers(1, 6)))] += 1
    starts, steps = counted(dict(paths))
    moves = np.zeros((5, 4 + 1))
    for (one, other), count in steps.items():
        moves[names.index(one), 4 if other == END else names.index(other)] += count
    moves[4, :4] = [starts[name] for name in names]
    moves = (moves.T / moves.sum(axis=1)).T.cumsum(axis=1)
    walks = 100_000
    touched = np.zeros((walks, 4), dtype=bool)
    at = np.full(walks, 4)
    for step in range(200):
        going = (at != 4) | (step == 0)
        if not going.any():
            break
        draw = chance.random(going.sum())
        there = (draw[:, None] > moves[at[going]]).sum(axis=1)
        at[going] = there
        inside = there < 4
        touched[np.flatnonzero(going)[inside], there[inside]] = True
    # taking a channel out loses just the paths that come to it
    assert removal_effects(starts, steps, END) == pytest.approx(dict(zip(names, touched.mean(axis=0), strict=True)), abs=0.006)


def test_repeats_change_nothing() -> None:
    """A channel called twice in a row only stays where it is."""
    twice = {("sms", "sms", "phone"): 3, ("phone", "phone"): 2, ("sms", "bot", "phone"): 1, ("bot", "sms"): 2}
    assert removal_effects(*counted(twice), END)["phone"] == pytest.approx(3 / 4)
    assert removal_effects({}, {}, END) == {} and removal_effects({"sms": 2}, {("sms", END): 2}, END) == {"sms": 1.0}


def test_largest_remainders_by_hand() -> None:
    assert dealt(Decimal("0.10"), {"a": 1, "b": 1, "c": 1}) == {"a": Decimal("0.04"), "b": Decimal("0.03"), "c": Decimal("0.03")}
    assert dealt(Decimal("-100.01"), {"x": 2, "y": 1}) == {"x": Decimal("-66.67"), "y": Decimal("-33.34")}
    assert dealt(Decimal("0.00"), {}) == {} and dealt(Decimal("5.00"), {"only": 0.1, "none": 0}) == {"only": Decimal("5.00")}
    with pytest.raises(ValueError, match="no weight"):
        dealt(Decimal("1.00"), {"a": 0})
    with pytest.raises(ValueError, match="whole cents"):
        dealt(Decimal("1.001"), {"a": 1})


@settings(max_examples=60, deadline=None)
@given(st.integers(-(10**12), 10**12), st.lists(st.floats(0.001, 1e6), min_size=1, max_size=9))
def test_cents_add_up_and_none_is_far(cents: int, weights: list[float]) -> None:
    amount = Decimal(cents) / 100
    parts = dealt(amount, {str(number): weight for number, weight in enumerate(weights)})
    assert sum(parts.values()) == amount
    for number, weight in enumerate(weights):
        assert abs(float(parts[str(number)]) - float(amount) * weight / sum(weights)) <= 0.0101 + abs(float(amount)) * 1e-12
