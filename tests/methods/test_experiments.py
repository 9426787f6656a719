"""Arms compared: against statsmodels on the same rows, by hand, and by what must hold."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy.stats import ttest_ind
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, power_proportions_2indep

from dashboard.methods import experiments
from dashboard.methods.experiments import Arm

N, PAID, NET, PLACED = np.eye(4)


@pytest.fixture(scope="module")
def cases() -> Iterator[pd.DataFrame]:
    """Two arms of 900 cases over 60 collectors who serve both, with a collector's own level, and amounts with a long tail."""
    chance = np.random.default_rng(11)
    frame = pd.DataFrame({"arm": np.repeat([0, 1], 900), "cluster": chance.integers(0, 60, 1800)})
    level = chance.normal(0, 0.12, 60)[frame["cluster"]] * (0.3 + frame["arm"])
    frame["paid"] = (chance.random(1800) < np.clip(0.3 + 0.05 * frame["arm"] + level, 0, 1)).astype(float)
    frame["placed"] = np.exp(chance.normal(8, 0.7, 1800)).round(2)
    frame["net"] = (frame["paid"] * frame["placed"] * chance.random(1800)).round(2)
    yield frame


def arm(frame: pd.DataFrame) -> tuple[Arm, pd.DataFrame]:
    rows = frame.assign(n=1.0)[["cluster", "n", "paid", "net", "placed"]]
    sums = rows.groupby("cluster").sum()
    values = sums.to_numpy()
    return Arm(values.sum(axis=0), values.T @ values, len(sums)), sums


def both(frame: pd.DataFrame) -> tuple[Arm, Arm, np.ndarray, int]:
    one, ones = arm(frame[frame["arm"] == 1])
    two, twos = arm(frame[frame["arm"] == 0])
    shared = ones.index.intersection(twos.index)
    return one, two, ones.loc[shared].to_numpy().T @ twos.loc[shared].to_numpy(), len(shared)


@pytest.mark.parametrize(("name", "part"), [("paid", PAID), ("net", NET)])
def test_robust_difference_of_means_is_statsmodels(cases: pd.DataFrame, name: str, part: np.ndarray) -> None:
    fitted = smf.ols(f"{name} ~ arm", cases).fit(cov_type="cluster", cov_kwds={"groups": cases["cluster"]}, use_t=True)
    found = experiments.mean_effect(*both(cases), part, N)
    assert found is not None and found.clusters == 60
    assert found.value == pytest.approx(fitted.params["arm"])
    assert (found.low, found.high) == pytest.approx(tuple(fitted.conf_int().loc["arm"]))
    assert found.p == pytest.approx(fitted.pvalues["arm"])


def test_without_clusters_it_is_welch(cases: pd.DataFrame) -> None:
    single = cases.assign(cluster=range(len(cases)))
    found = experiments.mean_effect(*both(single), NET, N)
    welch = ttest_ind(cases.loc[cases["arm"] == 1, "net"], cases.loc[cases["arm"] == 0, "net"], equal_var=False).confidence_interval()
    assert found is not None and (found.low, found.high) == pytest.approx((welch.low, welch.high), rel=0.01)


def test_ratio_by_the_delta_method_is_the_bootstrap(cases: pd.DataFrame) -> None:
    """Cash ÷ placed balance: the interval against two thousand draws of whole clusters."""
    found = experiments.mean_effect(*both(cases), NET, PLACED)
    chance = np.random.default_rng(5)
    sums = cases.groupby(["arm", "cluster"])[["net", "placed"]].sum().unstack("arm", fill_value=0.0).to_numpy().reshape(60, 2, 2)
    picked = sums[chance.integers(0, 60, (2000, 60))].sum(axis=1)
    drawn = picked[:, 0, 1] / picked[:, 1, 1] - picked[:, 0, 0] / picked[:, 1, 0]
    assert found is not None and found.value == pytest.approx(
        cases.loc[cases["arm"] == 1, "net"].sum() / cases.loc[cases["arm"] == 1, "placed"].sum()
        - cases.loc[cases["arm"] == 0, "net"].sum() / cases.loc[cases["arm"] == 0, "placed"].sum()
    )
    assert found.width / 3.92 == pytest.approx(drawn.std(), rel=0.12)


def test_share_is_newcombe_at_what_clusters_leave(cases: pd.DataFrame) -> None:
    single = cases.assign(cluster=range(len(cases)))
    alone = experiments.share_effect(*both(single), PAID, N)
    counts = cases.groupby("arm")["paid"].agg(["sum", "count"])
    newcombe = confint_proportions_2indep(counts["sum"][1], 900, counts["sum"][0], 900, method="newcomb", compare="diff")
    assert alone is not None and alone.design == pytest.approx(1, abs=0.01)
    assert (alone.low, alone.high) == pytest.approx(newcombe, abs=2e-4)
    together = experiments.share_effect(*both(cases), PAID, N)
    robust = experiments.mean_effect(*both(cases), PAID, N)
    assert together is not None and robust is not None and together.design > 1.05
    assert together.width == pytest.approx(robust.width, rel=0.05)


def known(frame: pd.DataFrame) -> pd.DataFrame:
    """The cases with a sign known before: worth half of what decides a payment."""
    chance = np.random.default_rng(3)
    made = frame.assign(cluster=range(len(frame)), sign=chance.normal(0, 1, len(frame)))
    return made.assign(paid=(0.45 * made["sign"] + chance.normal(0, 0.5, len(made)) + 0.1 * made["arm"] > 0).astype(float))


def signed(frame: pd.DataFrame) -> Arm:
    values = frame.assign(n=1.0, same=7.0)[["n", "paid", "sign", "same"]].to_numpy()
    return Arm(values.sum(axis=0), values.T @ values, len(values))


def test_less_what_was_known_is_the_regression(cases: pd.DataFrame) -> None:
    """Value and width of a regression on arm and sign (by statsmodels); the variance falls by what the sign explains."""
    frame, apart = known(cases), np.zeros((4, 4))
    one, two = signed(frame[frame["arm"] == 1]), signed(frame[frame["arm"] == 0])
    sign, same = np.eye(4)[2:]
    less = experiments.less_known(one, two, apart, PAID, N, (sign, same))
    assert less is not None and less[3] == 0  # what is the same for every case tells nothing
    found = experiments.mean_effect(one, two, apart, 0, less, N)
    fitted = smf.ols("paid ~ arm + sign", frame).fit(cov_type="HC1", use_t=True)
    assert found is not None and found.value == pytest.approx(fitted.params["arm"], abs=0.002)
    assert found.width == pytest.approx(np.diff(fitted.conf_int().loc["arm"])[0], rel=0.01)
    plain = experiments.mean_effect(one, two, apart, 0, PAID, N)
    within = frame[["paid", "sign"]] - frame.groupby("arm")[["paid", "sign"]].transform("mean")
    explained = within.corr().iloc[0, 1] ** 2
    assert plain is not None and (found.width / plain.width) ** 2 == pytest.approx(1 - explained, rel=0.01)
    share = experiments.share_effect(one, two, apart, 0, PAID, N, less)
    assert share is not None and share.value == pytest.approx(found.value) and share.width == pytest.approx(found.width, rel=0.02)


def test_nothing_known_leaves_the_measure(cases: pd.DataFrame) -> None:
    frame = known(cases)
    one, two = signed(frame[frame["arm"] == 1]), signed(frame[frame["arm"] == 0])
    assert experiments.less_known(one, two, np.zeros((4, 4)), PAID, N, (np.eye(4)[3],)) is None
    assert experiments.less_known(one, two, np.zeros((4, 4)), PAID, N, ()) is None


def test_nothing_to_compare() -> None:
    empty = Arm(np.zeros(4), np.zeros((4, 4)), 0)
    assert experiments.mean_effect(empty, empty, np.zeros((4, 4)), 0, NET, N) is None
    assert experiments.share_effect(empty, empty, np.zeros((4, 4)), 0, PAID, N) is None
    paid = Arm(np.array([40.0, 40, 0, 0]), np.diag([40.0, 40, 0, 0]) + 0, 40)
    alike = experiments.share_effect(paid, paid, np.zeros((4, 4)), 0, PAID, N)
    assert alike is not None and alike.low < 0 < alike.high and alike.p == 1


def test_detectable_difference_has_the_power() -> None:
    size = experiments.detectable(0.18, 6036, 6036)
    assert size == pytest.approx(0.02, abs=0.0003)  # 18% against 20% takes 6,036 a side
    power = power_proportions_2indep(size, 0.18, 6036, ratio=1, alpha=0.05).power
    assert power == pytest.approx(0.80, abs=0.005)
    assert experiments.detectable(0.99, 5, 5) is None and experiments.detectable(1.0, 500, 500) is None


def test_adjustment_by_hand() -> None:
    assert experiments.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert experiments.false_discovery([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.04, 0.04])
    assert experiments.holm([]) == [] and experiments.false_discovery([]) == []
    random = np.random.default_rng(1)
    for size in (1, 2, 7, 40):
        values = random.random(size) ** 3
        assert experiments.holm(values.tolist()) == multipletests(values, method="holm")[1].tolist()
        assert experiments.false_discovery(values.tolist()) == multipletests(values, method="fdr_bh")[1].tolist()


def test_sample_ratio() -> None:
    """300 : 100 as planned, or not; a split that holds over months, and one that moves in the last."""
    assert experiments.split_as_planned([300, 100], [3, 1]) == pytest.approx(1)
    assert experiments.split_as_planned([330, 70], [0.75, 0.25]) < 0.001
    held = {"a": [90, 95, 88, 91], "b": [31, 28, 30, 29]}
    assert (experiments.split_held(held) or 0) > 0.9
    moved = {"a": [90, 95, 88, 40], "b": [31, 28, 30, 80]}
    assert (experiments.split_held(moved) or 1) < experiments.MISMATCH
    assert experiments.split_held({"a": [4, 3]}) is None and experiments.split_held({}) is None
    assert experiments.split_held({"a": [3, 2], "b": [1, 1]}) is None  # too few to tell


def test_shares_differ() -> None:
    assert experiments.shares_differ(30, 100, 30, 100) == 1
    assert experiments.shares_differ(45, 100, 30, 100) == pytest.approx(0.0285, abs=0.0005)
    assert experiments.shares_differ(0, 10, 0, 10) == 1
