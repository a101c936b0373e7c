"""Stratified points, importance weights and accumulated returns."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rlblocks.functional.replay import accumulate, importance_weights, stratified

LAW = settings(max_examples=150, deadline=None, derandomize=True)
MASSES = hnp.arrays(np.float64, st.integers(1, 40), elements=st.floats(1e-9, 1e9))


@LAW
@given(st.integers(1, 300), st.floats(1e-12, 1e12), st.integers(0, 999))
def test_one_point_of_each_part(size, total, seed):
    """Point j lies in [j, j + 1)/B of the total, also for the ends of the unit interval (PER-13)."""
    random = np.random.default_rng(seed)
    uniform = random.choice([0.0, 2.0**-53, 0.5, 1 - 2.0**-53, 0.3], size)
    points = stratified(uniform, total)
    edges = np.arange(size + 1) / size * total

    assert (edges[:-1] <= points).all()
    assert (points < edges[1:]).all()
    assert points[-1] < total


def test_points_by_hand():
    """Half of each of four parts of 8."""
    assert stratified(np.full(4, 0.5), 8.0).tolist() == [1.0, 3.0, 5.0, 7.0]


@LAW
@given(MASSES, st.floats(0, 1), st.integers(1, 10**6))
def test_weights_are_those_of_the_paper(masses, beta, rows):
    """They equal (N·P(i))^−β divided by the largest, whatever N and the total are (PER-5)."""
    probability = masses / (masses.sum() * 3)
    weights = (rows * probability) ** -beta

    assert importance_weights(masses, beta) == pytest.approx(weights / weights.max(), rel=1e-9)
    assert importance_weights(masses, beta).max() == 1.0


@LAW
@given(MASSES, st.integers(0, 999))
def test_full_correction_gives_the_plain_mean(masses, seed):
    """At β = 1, Σ P(i)·w(i)·f(i) is the mean of f up to one factor for all f (PER-6, by enumeration)."""
    f = np.random.default_rng(seed).normal(size=masses.size)
    weighted = masses / masses.sum() * importance_weights(masses, 1.0)

    assert (weighted * f).sum() / weighted.sum() == pytest.approx(f.mean(), abs=1e-9)


@pytest.mark.parametrize("masses", [[5e-324, 1e308], [1e-300, 1.0, 1e300], [1e300] * 3])
@pytest.mark.parametrize("beta", [0.0, 0.4, 1.0])
def test_extreme_priorities_give_finite_weights(masses, beta):
    """Weights lie in [0, 1] for any positive priorities."""
    weights = importance_weights(np.array(masses), beta)

    assert np.isfinite(weights).all()
    assert ((weights >= 0) & (weights <= 1)).all()


def test_accumulate_by_hand():
    """1 + 0.5·2 + 0.5·0.25·8 = 3, and the discounts multiply to 0.125·0.5."""
    total, discount = accumulate(*accumulate(1.0, 0.5, 2.0, 0.25), 8.0, 0.5)

    assert (total, discount) == (3.0, 0.0625)
