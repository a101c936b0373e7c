"""Exponential decay."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schedule_cases import law

from rlblocks._core.clocks import EnvSteps
from rlblocks.schedules import Exponential


@law
@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 1000), st.integers(0, 500), st.integers(0, 500))
def test_equal_times_shrink_the_distance_by_equal_factors(start, end, tau, s, t):
    """The distance to the end at s + t is the product of the shares left after s and after t."""
    decay = Exponential(start, end, over=EnvSteps(tau))

    left = math.exp(-s / tau) * math.exp(-t / tau)

    assert decay.at(s + t) - end == pytest.approx((start - end) * left, abs=1e-14)


def test_it_is_the_decay_of_the_tutorials():
    """End 0.05, start 0.9 and decay 1,000 give 0.05 + 0.85·e⁻¹ after 1,000 steps."""
    assert Exponential(0.9, 0.05, over=EnvSteps(1_000)).at(1_000) == pytest.approx(0.36269752, abs=1e-8)


def test_it_approaches_its_end_without_overflow():
    """After ten thousand time constants the end is reached in floating point."""
    assert Exponential(0.9, 0.05, over=EnvSteps(1)).at(10_000) == 0.05
