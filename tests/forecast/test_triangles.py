"""Chain ladder, Mack's error, Cape Cod and the calendar test: by hand, against published examples, and against chainladder."""

import warnings

import numpy as np
import pandas as pd
import pytest

from dashboard.methods.triangles import Array, calendar_test, cape_cod, factors, mack

#: Taylor & Ashe (1983), increments, as in Mack (1993).
TAYLOR_ASHE = """
357848 766940 610542 482940 527326 574398 146342 139950 227229 67948
352118 884021 933894 1183289 445745 320996 527804 266172 425046
290507 1001799 926219 1016654 750816 146923 495992 280405
310608 1108250 776189 1562400 272482 352053 206286
443160 693190 991983 769488 504851 470639
396132 937085 847498 805037 705960
440832 847631 1131398 1063269
359480 1061648 1443370
376686 986608
344014
"""
#: Reinsurance Association of America (1991), increments, as in Mack (1994).
RAA = """
5012 3257 2638 898 1734 2642 1828 599 54 172
106 4179 1111 5270 3116 1817 -103 673 535
3410 5582 4881 2268 2594 3479 649 603
5655 5900 4211 5500 2159 2658 984
1092 8473 6271 6333 3786 225
1513 4932 5257 1233 2917
557 3463 6926 1368
1351 5596 6165
3133 2262
2063
"""


def drawn(text: str) -> Array:
    rows = [[float(cell) for cell in line.split()] for line in text.split("\n") if line.strip()]
    made = np.full((len(rows), len(rows)), np.nan)
    for place, row in enumerate(rows):
        made[place, : len(row)] = np.cumsum(row)
    return made


def test_a_small_triangle_by_hand() -> None:
    """Increments 100 50 25 | 200 100 | 100: factors (150 + 300) ÷ (100 + 200) = 1.5 and 175 ÷ 150 = 7/6."""
    given = drawn("100 50 25\n200 100\n100")
    made = factors(given)
    assert made.ratio == pytest.approx([1.5, 7 / 6])
    assert made.developed() == pytest.approx([1 / 1.75, 6 / 7, 1])
    assert mack(given).to_come == pytest.approx([0, 50, 75])
    rate, to_come = cape_cod(given, np.array([1000.0, 2000.0, 1000.0]), made.developed())
    used = 1000 + 2000 * 6 / 7 + 1000 / 1.75  # cash so far is 175 + 300 + 100 of what that much exposure gives
    assert rate == pytest.approx(575 / used)
    assert to_come == pytest.approx([0, 2000 * rate / 7, 1000 * rate * (1 - 1 / 1.75)])


def test_taylor_ashe_as_mack_published_it() -> None:
    """Mack (1993), table: reserve 18,680,856 with standard error 2,447,095; by accident year in thousands."""
    found = mack(drawn(TAYLOR_ASHE))
    assert found.to_come.sum() == pytest.approx(18_680_856, abs=1)
    assert found.total_error == pytest.approx(2_447_095, abs=1)
    assert (found.to_come / 1000).round().tolist() == [0, 95, 470, 710, 985, 1419, 2178, 3920, 4279, 4626]
    assert (found.error / 1000).round().tolist() == [0, 76, 122, 134, 261, 411, 558, 875, 971, 1363]


def test_raa_as_mack_published_it() -> None:
    """Mack (1994): reserve 52,135, standard error 26,909; calendar test Z = 14 within 12.875 ± 2 × √3.978."""
    given = drawn(RAA)
    found, calendar = mack(given), calendar_test(given)
    assert found.to_come.sum() == pytest.approx(52_135, abs=1)
    assert found.total_error == pytest.approx(26_909, abs=1)
    assert found.error.round().tolist() == [0, 206, 623, 747, 1469, 2002, 2209, 5358, 6333, 24566]
    assert (calendar.statistic, calendar.expected) == (14, 12.875)
    assert calendar.variance == pytest.approx(3.978, abs=0.001)
    assert not calendar.unusual


@pytest.mark.parametrize("text", [TAYLOR_ASHE, RAA], ids=["taylor-ashe", "raa"])
def test_agrees_with_chainladder(text: str) -> None:
    """The same triangle through chainladder 0.10.1: reserves, errors by cohort and in total, Cape Cod, calendar test."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cl = pytest.importorskip("chainladder")
        given = drawn(text)
        size = len(given)
        rows = [
            {"origin": pd.Timestamp(2000 + row, 1, 1), "valued": pd.Timestamp(2000 + row + age, 12, 31), "paid": given[row, age]}
            for row in range(size)
            for age in range(size - row)
        ]
        other = cl.Triangle(pd.DataFrame(rows), origin="origin", development="valued", columns="paid", cumulative=True)
        theirs = cl.MackChainladder().fit(cl.Development(sigma_interpolation="mack").fit_transform(other)).summary_.to_frame()
        exposure = other.latest_diagonal * 0 + 1_000_000
        their_cape = cl.CapeCod().fit(other, sample_weight=exposure).ibnr_.to_frame().to_numpy(dtype=float).ravel()
        their_test = other.valuation_correlation(p_critical=0.1, total=True)
        their_z = float(np.ravel(their_test.z.to_numpy(dtype=float))[0])
        their_mean = float(np.ravel(their_test.z_expectation.to_numpy(dtype=float))[0])
    ours = mack(given)
    assert ours.to_come[1:] == pytest.approx(theirs["IBNR"].to_numpy(dtype=float)[1:], rel=1e-9)
    assert ours.error[1:] == pytest.approx(theirs["Mack Std Err"].to_numpy(dtype=float)[1:], rel=1e-6)
    _, cape = cape_cod(given, np.full(size, 1_000_000.0), factors(given).developed())
    assert cape[1:] == pytest.approx(their_cape[1:], rel=1e-9)
    assert (calendar_test(given).statistic, calendar_test(given).expected) == pytest.approx((their_z, their_mean))


def test_a_month_that_lifts_all_batches_is_noticed() -> None:
    """Every fourth calendar month brings twice the cash to all batches: the test says so, and not without it."""
    rng = np.random.default_rng(2)

    def made(lift: float) -> Array:
        shares = np.array([10, 8, 6, 5, 4, 3, 2.5, 2, 1.5, 1.2, 1, 0.8, 0.6, 0.5, 0.4, 0.3])
        came = shares * rng.gamma(60, 1 / 60, (16, 16))
        for row in range(16):
            for age in range(16):
                came[row, age] = np.nan if row + age > 15 else came[row, age] * (lift if (row + age) % 4 == 0 else 1)
        return np.cumsum(came, axis=1)

    assert calendar_test(made(2.5)).unusual
    assert not calendar_test(made(1.0)).unusual
