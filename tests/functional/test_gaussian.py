"""Gaussian policies as functions: numbers worked by hand, gradients, and what is refused."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from rlblocks.functional import (
    gaussian_entropy,
    gaussian_log_prob,
    gaussian_sample,
    squash,
    squash_log_slope,
    squashed_entropy,
    standard_log_prob,
    unsquash,
)

SETTINGS = settings(derandomize=True, deadline=None, max_examples=25)
LOG_ROOT_TAU = math.log(2 * math.pi) / 2


def of(*numbers):
    return torch.tensor([numbers], dtype=torch.float64)


def test_log_densities_worked_by_hand():
    """Two components, σ = 1 and 2, one and two σ away: −½ − 2 − log 2 − log 2π."""
    found = gaussian_log_prob(of(1.0, 4.0), of(0.0, 0.0), of(0.0, math.log(2.0)))

    assert_close(found, torch.tensor([-2.5 - math.log(2.0) - 2 * LOG_ROOT_TAU], dtype=torch.float64))
    assert_close(standard_log_prob(of(1.0, 2.0), of(0.0, math.log(2.0))), found)


def test_an_entropy_worked_by_hand():
    """½ log(2πe σ²), summed over components."""
    assert_close(gaussian_entropy(of(0.0, 1.0)), of(2 * (0.5 + LOG_ROOT_TAU) + 1.0)[0])


def test_a_sample_worked_by_hand():
    """μ + σε, whose gradients are 1 and σε."""
    mean, log_std = of(1.0).requires_grad_(), of(math.log(2.0)).requires_grad_()
    action = gaussian_sample(of(3.0), mean, log_std)

    assert_close(action, of(7.0))
    assert_close(torch.autograd.grad(action.sum(), [mean, log_std]), (of(1.0), of(6.0)))


@SETTINGS
@given(st.floats(-6, 6), st.floats(-3, 3), st.floats(0.1, 5))
def test_squashing_can_be_undone(u, low, width):
    """Artanh finds u again, and the slope is the difference quotient, for bounds of any place and width."""
    lows, highs, h = of(low), of(low + width), 1e-4
    quotient = (squash(of(u + h), lows, highs) - squash(of(u - h), lows, highs)) / (2 * h)

    assert_close(unsquash(squash(of(u), lows, highs), lows, highs), of(u), rtol=1e-8, atol=1e-8)
    assert_close(squash_log_slope(of(u), lows, highs), quotient.log(), rtol=1e-5, atol=1e-5)


def test_a_slope_far_out():
    """log(1 − tanh²u) is 2 log 2 − 2|u| far out, on both sides, in float32 too."""
    u = torch.tensor([[-1e4, -50.0, 50.0, 1e4]])

    assert_close(squash_log_slope(u, -torch.ones(1, 4), torch.ones(1, 4)), 2 * math.log(2) - 2 * u.abs())


@SETTINGS
@given(st.integers(0, 2**31))
def test_nothing_leaves_the_bounds_by_rounding(seed):
    """At u = ±10⁹ the action is the bound to a rounding, and never beyond, in float32."""
    low = torch.randn(2, 500, generator=torch.Generator().manual_seed(seed))
    high = low + torch.rand(2, 500, generator=torch.Generator().manual_seed(seed + 1)) + 1e-3
    found = squash(torch.tensor([[-1e9], [1e9]]).expand(2, 500), low, high)

    assert ((found >= low) & (found <= high)).all()
    assert_close(found, torch.stack([low[0], high[1]]), rtol=0, atol=1e-6)
    assert unsquash(found, low, high).isfinite().all()


@pytest.mark.parametrize(("mean", "std"), [(0.0, 0.1), (0.5, 1.0), (-2.0, 0.5), (0.0, 4.0)])
def test_a_squashed_entropy_is_that_of_many_samples(mean, std):
    """The mean of −log density over a fine grid of normal numbers."""
    grid = torch.special.ndtri((torch.arange(400_000, dtype=torch.float64) + 0.5) / 400_000)
    low, high = of(-1.0), of(3.0)
    u = mean + std * grid
    slopes = (2 / u.cosh().square()).log()  # half the width of the bounds, times 1 − tanh²
    due = gaussian_entropy(of(math.log(std))) + slopes.mean()

    assert_close(squashed_entropy(of(mean), of(math.log(std)), low, high), due, rtol=0, atol=2e-4)


def test_shapes_are_not_broadcast():
    """`[B, 1]` against `[B, 2]` is refused by each."""
    two, one = torch.zeros(3, 2), torch.zeros(3, 1)
    for call in (
        lambda: gaussian_log_prob(one, two, two),
        lambda: gaussian_log_prob(two, two, one),
        lambda: gaussian_sample(one, two, two),
        lambda: squash(one, two, two),
        lambda: unsquash(two, two, one),
        lambda: standard_log_prob(one, two),
        lambda: squashed_entropy(two, one, two, two),
    ):
        with pytest.raises(ValueError, match=r"has shape \(3, [12]\), but"):
            call()
