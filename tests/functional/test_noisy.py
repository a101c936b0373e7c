"""Factorised noise: hand-worked numbers, a loop and its rank."""

import math

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from rlblocks.functional.noisy import factorised_noise, signed_sqrt

SETTINGS = settings(derandomize=True, deadline=None, max_examples=30)
layers = st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(0, 2**31))


def numbers(layer):
    inputs, outputs, seed = layer
    return torch.randn(inputs + outputs, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_by_hand():
    """ε_in = (1, −4), ε_out = (9, −16): f gives (1, −2) and (3, −4), and the weights' noise is their product."""
    weight, bias = factorised_noise(torch.tensor([1.0, -4.0, 9.0, -16.0]), inputs=2)

    assert weight.tolist() == [[3.0, -6.0], [-4.0, 8.0]]
    assert bias.tolist() == [3.0, -4.0]


@SETTINGS
@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=9))
def test_signed_sqrt_is_odd_and_its_square_is_the_argument(xs):
    """f(−x) = −f(x), and |f(x)|² = |x| with the sign of x."""
    x = torch.tensor(xs, dtype=torch.float64)
    f = signed_sqrt(x)

    assert torch.equal(signed_sqrt(-x), -f)
    assert_close(f * f.abs(), x, rtol=1e-12, atol=1e-300)


@SETTINGS
@given(layers)
def test_it_is_the_loop_over_weights(layer):
    """ε^w[j, i] = f(ε_i)·f(ε_j) and ε^b[j] = f(ε_j), number by number."""
    inputs, outputs, _ = layer
    noise = numbers(layer)
    f = [math.copysign(math.sqrt(abs(x)), x) for x in noise.tolist()]

    weight, bias = factorised_noise(noise, inputs)

    assert_close(weight.tolist(), [[f[inputs + j] * f[i] for i in range(inputs)] for j in range(outputs)])
    assert_close(bias.tolist(), f[inputs:])


@SETTINGS
@given(layers)
def test_the_weights_noise_has_rank_one(layer):
    """A matrix of factorised noise has rank 1."""
    weight, _ = factorised_noise(numbers(layer), layer[0])

    assert torch.linalg.matrix_rank(weight) == 1
