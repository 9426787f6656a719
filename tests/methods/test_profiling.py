"""Profiling of providers against other libraries, closed forms and hand-worked tables."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score
from statsmodels.stats.meta_analysis import combine_effects
from statsmodels.stats.rates import confint_poisson

from dashboard.methods import profiling


def drawn(seed: int = 3, count: int = 40) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    expected = random.uniform(15, 120, count)
    variance = expected * 0.8
    observed = np.round(expected * random.normal(1, 0.15, count) + random.normal(0, np.sqrt(variance)))
    return observed, expected, variance


def test_between_variance_is_dersimonian_and_laird() -> None:
    for seed in range(5):
        observed, expected, variance = drawn(seed)
        found = profiling.spread(observed, expected, variance)
        other = combine_effects(observed / expected, variance / expected**2, method_re="dl")
        assert found.tau2_all == pytest.approx(max(0.0, other.tau2), rel=1e-9)
        assert found.tau2 <= found.tau2_all  # outliers are pulled in before it is measured
        assert profiling.spread(observed, expected, variance, trim=0.0).tau2 == pytest.approx(found.tau2_all)


def test_trimmed_z_scores_by_hand() -> None:
    """Ten providers of 100 expected and variance 100: z = (O − mean) ÷ 10; a tenth at either end becomes its neighbour."""
    observed = np.array([100.0, 100, 100, 100, 100, 100, 100, 90, 110, 200])
    expected = variance = np.full(10, 100.0)
    z = (observed - 110) / 10
    pulled = np.clip(z, np.sort(z)[0], np.sort(z)[8])
    found = profiling.spread(observed, expected, variance)
    assert found.phi == pytest.approx(float((pulled**2).mean()))
    # weights 1 ÷ s² are 100 each: Σw − Σw² ÷ Σw = 1000 − 100
    assert found.tau2 == pytest.approx(max(0.0, (float((pulled**2).sum()) - 9) / 900))
    assert found.tau2_all == pytest.approx((float((z**2).sum()) - 9) / 900)


def test_limits_of_a_poisson_count_are_exact() -> None:
    observed = np.array([0.0, 1.0, 7.0, 40.0])
    low, high = profiling.ratio_interval(observed, np.full(4, 10.0), np.full(4, 10.0))
    for place, count in enumerate(observed):
        exact = confint_poisson(count, 10.0, method="exact-c")
        assert (low[place], high[place]) == pytest.approx(exact, abs=1e-9)


def test_limits_of_yes_and_no_are_narrower_than_poisson() -> None:
    low, high = profiling.ratio_interval(np.array([30.0]), np.array([30.0]), np.array([30.0 * 0.7]))
    wide = profiling.ratio_interval(np.array([30.0]), np.array([30.0]), np.array([30.0]))
    assert wide[0][0] < low[0] < 1 < high[0] < wide[1][0]


def test_funnel_lines_and_scores_agree() -> None:
    """A provider on the line has exactly that z-score."""
    expected = np.array([20.0, 80.0, 320.0])
    for tau2 in (0.0, 0.01):
        low, high = profiling.limits(expected, 0.8, tau2, profiling.Z998)
        assert np.all(low < 1) and np.all(np.diff(high) < 0)
        assert profiling.scores(high * expected, expected, expected * 0.8, tau2) == pytest.approx(np.full(3, profiling.Z998))
    assert profiling.limits(np.array([1.0]), 1.0, 0.0, profiling.Z998)[0][0] == 0.0
    assert pytest.approx(float(stats.norm.ppf(0.999))) == profiling.Z998


def test_shrinkage_keeps_the_share_that_is_not_chance() -> None:
    """An effect of 0.2 of which chance has variance 0.01; with τ² = 0.01 half of it is kept, with τ² = 0 nothing."""
    mean, deviation = profiling.shrunk(np.array([0.2]), np.array([0.01]), tau2=0.01)
    assert mean[0] == pytest.approx(0.1) and deviation[0] == pytest.approx(np.sqrt(0.005))
    mean, deviation = profiling.shrunk(np.array([0.2]), np.array([0.01]), tau2=0.0)
    assert mean[0] == 0.0 and deviation[0] == 0.0


def test_effect_on_the_odds_is_petos_step() -> None:
    """100 cases with a chance of 0.5 each, 60 paid: (60 − 50) ÷ 25 = 0.4 ± 1 ÷ 5; the exact log odds ratio is ln(60 ÷ 40) = 0.405."""
    effect, variance = profiling.odds_effect(np.array([60.0]), np.array([50.0]), np.array([25.0]))
    assert (effect[0], variance[0]) == (0.4, 0.04)
    assert effect[0] == pytest.approx(np.log(60 / 40), abs=0.01)


def test_belief_averages_over_how_far_they_may_differ() -> None:
    """Against a sum over a fine grid written out."""
    observed, expected, variance = drawn(2)
    own, chance = observed / expected - 1, variance / expected**2
    found = profiling.believed(own, chance)
    grid = np.linspace(0, 3 * np.sqrt(np.mean(own**2)), 2000)
    logs = np.array([stats.norm.logpdf(own, 0, np.sqrt(chance + tau**2)).sum() for tau in grid])
    weight = np.exp(logs - logs.max()) / np.exp(logs - logs.max()).sum()
    mean = sum(w * tau**2 / (tau**2 + chance) * own for w, tau in zip(weight, grid, strict=True))
    assert found.mean == pytest.approx(mean, abs=2e-3)
    assert np.all(found.deviation < np.sqrt(chance)) and np.all(found.deviation > 0)
    assert np.all(np.abs(found.mean) <= np.abs(own))


def test_chance_of_the_top_is_the_closed_form_for_two() -> None:
    one = np.array([1.0])
    belief = profiling.Belief(np.array([0.1, 0.0]), np.array([0.1, 0.05]), one * 1e6, one, np.array([0.1, 0.0]), np.array([0.01, 0.0025]))
    found = profiling.top_chance(belief, share=0.5, draws=40_000)
    assert found[0] == pytest.approx(stats.norm.cdf(0.1 / np.hypot(0.1, 0.05)), abs=0.01)
    assert found.sum() == pytest.approx(1.0)
    assert np.array_equal(found, profiling.top_chance(belief, share=0.5, draws=40_000))
    equal = profiling.believed(np.zeros(8), np.full(8, 0.02))
    assert profiling.top_chance(equal) == pytest.approx(np.full(8, 0.25), abs=0.03)
    assert len(profiling.top_chance(profiling.believed(np.zeros(0), np.zeros(0)))) == 0


def test_discrimination_is_the_area_under_the_curve() -> None:
    random = np.random.default_rng(5)
    chance = np.round(random.uniform(0, 1, 300), 2)  # with ties
    count = random.integers(1, 4, 300).astype(float)
    events = random.binomial(count.astype(int), chance).astype(float)
    single = [(p, 1) for p, e in zip(chance, events, strict=True) for _ in range(int(e))]
    single += [(p, 0) for p, n, e in zip(chance, count, events, strict=True) for _ in range(int(n - e))]
    assert profiling.discrimination(chance, count, events) == pytest.approx(roc_auc_score([y for _, y in single], [p for p, _ in single]))
    assert np.isnan(profiling.discrimination(chance, count, count))


def test_calibration_by_tenths_by_hand() -> None:
    """Four kinds of case in two halves: 10 + 10 cases of 0.1 and 0.3, 15 + 5 of 0.5 and 0.9."""
    rows = profiling.calibration(np.array([0.5, 0.1, 0.9, 0.3]), np.array([15.0, 10, 5, 10]), np.array([8.0, 2, 4, 2]), parts=2)
    assert rows == [(pytest.approx(0.2), pytest.approx(0.2), 20), (pytest.approx(0.6), pytest.approx(0.6), 20)]
