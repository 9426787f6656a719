"""Cash to come from stock by hand, and which of two forecasts did better."""

from datetime import date

import pytest

from dashboard.filters import Filters, shifted
from dashboard.forecast.backtest import Trial
from dashboard.forecast.batches import Cell
from dashboard.forecast.migration import Move, compared, expectation, moves, of_buckets, parameters
from dashboard.forecast.sentences import better

FIRST = date(2026, 1, 1)


def steady(months: int) -> tuple[tuple[Move, ...], tuple[Cell, ...]]:
    """One batch. A (1,000 at each start) pays 10%: 400 stays in A, 300 go to B, 300 leave. B (500) pays 2%: 250 stay, 250 leave.
    Each month 600 new come to A and 0 to B, and bring 20 in their first month; B's 550 shrink to 500 as they pay."""
    made = []
    for place in range(months + 1):
        month, known = shifted(FIRST, place), place < months
        for new, amount in ((False, 400.0), (True, 600.0)):
            share = amount / 1000
            for end, part, cash in (("A", 400, 0), ("B", 300, 40), ("paid", 300, 60)):
                made.append(Move(month, "A", end if known else "unobserved", new, part * share, cash * share if known else 0.0))
        for end, part, cash in (("B", 250, 10), ("recalled", 250, 0)):
            made.append(Move(month, "B", end if known else "unobserved", False, float(part), float(cash) if known else 0.0))
    cells = tuple(Cell(FIRST, age, 130.0 * (age + 1), 10_000.0) for age in range(months))
    return tuple(made), cells


def test_stock_pays_and_moves_as_it_did() -> None:
    """A month brings 100 from A, 10 from B and 20 besides; of A 400 stay + 600 new; into B 300 + 250 = 550, which are 500 at the start."""
    found = expectation(*steady(4))
    assert found is not None
    assert found.other == pytest.approx(20)
    assert found.months == pytest.approx((130, 130, 130))
    assert {state: (amount, round(rate, 9)) for state, amount, rate in found.stock} == {"A": (1000, 0.1), "B": (500, 0.02)}


def test_a_stock_that_was_larger_pays_more_then_moves_on() -> None:
    """Today A holds 2,000: 200 + 10 + 20; then A 800 + 600 = 1,400 and B (600 + 250) × 500/550: 140 + 15.45 + 20."""
    given, cells = steady(4)
    last = shifted(FIRST, 4)
    more = (*given, Move(last, "A", "unobserved", False, 1000.0, 0.0))
    found = expectation(more, cells)
    assert found is not None
    # the last month's closing stock is in the mean of three by which balances grow: 400, 400 and 1,400 of old A where 400 were carried
    grown = (400 + 400 + 1400) / 1200
    second = (2000 * 0.4 * grown + 600) * 0.1 + (2000 * 0.3 + 500 * 0.5) * 500 / 550 * 0.02 + 20
    assert found.months[:2] == pytest.approx((230, second))


def test_two_months_of_stock_are_not_long_enough() -> None:
    assert expectation(*steady(2)) is None
    assert expectation((), steady(4)[1]) is None


def test_the_back_test_knows_nothing_later() -> None:
    given, cells = steady(6)
    changed = tuple(
        Move(move.month, move.start, "paid" if move.month == shifted(FIRST, 5) else move.end, move.new, move.opening, move.cash * 9)
        if move.month >= shifted(FIRST, 5)
        else move
        for move in given
    )
    made = of_buckets(given, cells)
    assert [(trial.made, trial.ahead) for trial in made][:3] == [(shifted(FIRST, 2), 1), (shifted(FIRST, 2), 2), (shifted(FIRST, 2), 3)]
    assert all(trial.expected == pytest.approx(trial.actual) for trial in made)
    early = [trial for trial in of_buckets(changed, cells) if trial.made < shifted(FIRST, 5)]
    assert [trial.expected for trial in early] == pytest.approx([trial.expected for trial in made if trial.made < shifted(FIRST, 5)])


def test_the_better_one_is_named_over_the_months_both_have() -> None:
    """Of the two months both have, batches are off by 10 of 200 and stock by 40; the third month only batches have."""

    def trial(month: int, said: float) -> Trial:
        return Trial(shifted(FIRST, month - 1), shifted(FIRST, month), 1, said, None, None, 100.0)

    batch, stock = [trial(1, 105), trial(2, 95), trial(3, 500)], [trial(1, 120), trial(2, 80)]
    one, other = compared(batch, stock, 1)
    assert (one.count, one.wape, other.wape) == (2, 0.05, 0.2)
    assert better(batch, stock, "en") == (
        "From batches did better in the back-test: error 5.0% of the cash one month ahead, from stock 20.0%; "
        "2 months are few: a small lead can be chance"
    )
    assert "按批次更准" in str(better(batch, stock, "zh"))
    assert better(batch, [], "en") is None


def test_the_report_follows_the_same_cases(given) -> None:  # type: ignore[no-untyped-def]
    """C1 rolls from M1 to M2 and pays 100 in February; the stock after the last month is there for the months ahead."""
    shop = given(
        cases="""
            case_id | placed_on  | placed_balance | product
            C1      | 2026-01-05 | 1000           | card
            C2      | 2026-02-05 | 500            | loan
        """,
        balances="""
            case_id | as_of      | days_past_due | balance
            C1      | 2026-01-31 | 20            | 1000
            C1      | 2026-02-28 | 48            | 900
            C2      | 2026-02-28 | 10            | 500
        """,
        payments="""
            case_id | paid_on    | amount
            C1      | 2026-02-10 | 100.00
        """,
        as_of="2026-02-28",
    )
    found = moves(shop.warehouse.run("state_months", parameters(shop.filters(), None)))
    assert found == (
        Move(date(2026, 2, 1), "M1", "M2", True, 1000.0, 100.0),
        Move(date(2026, 3, 1), "M1", "unobserved", True, 500.0, 0.0),
        Move(date(2026, 3, 1), "M2", "unobserved", False, 900.0, 0.0),
    )
    only = moves(shop.warehouse.run("state_months", parameters(shop.filters(product="loan"), None)))
    assert [move.opening for move in only] == [500.0]
    assert moves(shop.warehouse.run("state_months", parameters(Filters(FIRST, FIRST), ("nobody",)))) == ()
