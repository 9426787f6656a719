"""Why a rate changed: the parts add up exactly, and each means what it says."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.methods.decomposition import Decomposition, Sides, decompose, largest

F = Fraction
AMOUNT = st.decimals(min_value=0, max_value=10**9, places=2)
#: In one period a group may have both sides, cash alone, or nothing at all.
SIDES: st.SearchStrategy[Sides] = st.one_of(st.tuples(AMOUNT, AMOUNT), st.tuples(AMOUNT, st.just(Decimal(0))), st.tuples(st.none(), st.none()))
PERIOD = st.dictionaries(st.sampled_from(["M1", "M2", "M3", "new", "left"]), SIDES, max_size=5)
WHOLE = st.integers(min_value=1, max_value=10**9)


def total(period: dict[str, Sides]) -> Fraction | None:
    parts = sum((F(part) for part, _ in period.values() if part is not None), F(0))
    whole = sum((F(whole) for _, whole in period.values() if whole is not None), F(0))
    return parts / whole if whole else None


def effects(found: Decomposition | None) -> dict[str, tuple[Fraction, Fraction, Fraction]]:
    assert found is not None
    return {effect.group: (effect.mix, effect.rate, effect.outside) for effect in found.effects}


def test_by_hand() -> None:
    """M1: half of the balance at 10%, then a quarter at 12%; M2: half at 2%, then three quarters at 2%. New cash: 1, then 3, of 100."""
    found = decompose({"M1": (5, 50), "M2": (1, 50), "new": (1, 0)}, {"M1": (3, 25), "M2": (F(3, 2), 75), "new": (3, 0)})
    assert found is not None
    assert (found.before, found.now) == (F(7, 100), F(75, 1000))
    middle = (F(6, 100) + F(45, 1000)) / 2
    assert effects(found) == {
        "M1": (F(-1, 4) * (F(11, 100) - middle), F(3, 8) * F(2, 100), 0),
        "M2": (F(1, 4) * (F(2, 100) - middle), 0, 0),
        "new": (0, 0, F(2, 100)),
    }
    assert found.mix == F(-1, 4) * F(9, 100)  # a quarter of the balance moved from 11% to 2%
    assert found.change == F(5, 1000)


@settings(deadline=None)
@given(PERIOD, PERIOD)
def test_the_parts_are_the_change(before: dict[str, Sides], now: dict[str, Sides]) -> None:
    found = decompose(before, now)
    first, last = total(before), total(now)
    if first is None or last is None:
        assert found is None
        return
    assert found is not None
    assert (found.before, found.now) == (first, last)
    assert sum(sum(parts) for parts in effects(found).values()) == last - first


@settings(deadline=None)
@given(PERIOD, PERIOD)
def test_swapping_the_periods_flips_every_sign(before: dict[str, Sides], now: dict[str, Sides]) -> None:
    there, back = decompose(before, now), decompose(now, before)
    assert (there is None) == (back is None)
    if there is not None:
        assert effects(back) == {group: tuple(-part for part in parts) for group, parts in effects(there).items()}


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from("abcde"), st.tuples(st.fractions(0, 1), WHOLE, WHOLE), min_size=1))
def test_the_same_rates_leave_only_mix(groups: dict[str, tuple[Fraction, int, int]]) -> None:
    found = decompose({g: (r * w, w) for g, (r, w, _) in groups.items()}, {g: (r * w, w) for g, (r, _, w) in groups.items()})
    assert found is not None
    assert all(rate == outside == 0 for _, rate, outside in effects(found).values())
    assert found.mix == found.change


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from("abcde"), st.tuples(WHOLE, st.fractions(0, 1), st.fractions(0, 1)), min_size=1), WHOLE)
def test_the_same_mix_leaves_only_rates(groups: dict[str, tuple[int, Fraction, Fraction]], larger: int) -> None:
    found = decompose({g: (r * w, w) for g, (w, r, _) in groups.items()}, {g: (r * w * larger, w * larger) for g, (w, _, r) in groups.items()})
    assert found is not None
    assert all(mix == outside == 0 for mix, _, outside in effects(found).values())
    whole = sum(w for w, _, _ in groups.values())
    assert {g: rate for g, (_, rate, _) in effects(found).items()} == {g: F(w, whole) * (r1 - r0) for g, (w, r0, r1) in groups.items()}


def test_a_group_in_one_period_only_is_mix() -> None:
    found = decompose({"M1": (10, 100), "gone": (9, 100)}, {"M1": (10, 100), "came": (1, 100)})
    assert found is not None
    assert all(rate == outside == 0 for _, rate, outside in effects(found).values())
    shares = {effect.group: (effect.share_before, effect.share_now, effect.rate_before, effect.rate_now) for effect in found.effects}
    assert shares["gone"] == (F(1, 2), F(0), F(9, 100), None) and shares["came"] == (F(0), F(1, 2), None, F(1, 100))


def test_a_group_that_turns_from_cash_alone_to_a_balance() -> None:
    """Its cash before had no balance under it, its rate now is its only one: the first goes outside, the second is mix."""
    found = decompose({"M1": (10, 100), "x": (5, 0)}, {"M1": (10, 100), "x": (5, 100)})
    assert found is not None
    assert effects(found)["x"][1:] == (F(0), F(-5, 100))
    assert found.change == F(15, 200) - F(15, 100)


def test_no_whole_no_rate() -> None:
    assert decompose({"new": (5, 0)}, {"M1": (1, 10)}) is None
    assert decompose({}, {"M1": (1, 10)}) is None
    assert decompose({"M1": (0, 0)}, {"M1": (0, 0)}) is None


def test_half_known_is_unknown() -> None:
    assert decompose({"M1": (None, 10)}, {"M1": (1, 10)}) is None
    assert decompose({"M1": (1, 10)}, {"M1": (1, None)}) is None


def test_the_largest_by_size_and_nothing_of_nothing() -> None:
    assert largest([("a", F(1)), ("b", F(-3)), ("c", F(0)), ("d", F(2))], 2) == ([("b", F(-3)), ("d", F(2))], [("a", F(1))])
