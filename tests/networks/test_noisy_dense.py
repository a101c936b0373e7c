"""The affine layer with learned noise."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from rlblocks._core.errors import FieldError
from rlblocks.functional.noisy import factorised_noise
from rlblocks.networks import Dense, NoisyDense

SETTINGS = settings(derandomize=True, deadline=None, max_examples=30)
sizes = st.integers(1, 12)
seeds = st.integers(0, 2**31)


def made(inputs, outputs, seed, sigma=0.5):
    generator = torch.Generator().manual_seed(seed)
    layer = NoisyDense(sigma).build(inputs, outputs, generator)
    x = torch.randn(3, inputs, generator=generator)
    return layer, x, torch.randn(layer.noise_size, generator=generator)


@SETTINGS
@given(sizes, sizes, seeds, st.floats(0, 2))
def test_it_starts_as_in_the_paper(inputs, outputs, seed, sigma):
    """μ lies in ±1/√p, and every σ is σ₀/√p."""
    layer, _, _ = made(inputs, outputs, seed, sigma)
    state = layer.state_dict()

    for name in ("weight_mu", "bias_mu"):
        assert state[name].abs().max() <= 1 / math.sqrt(inputs)
    for name in ("weight_sigma", "bias_sigma"):
        assert_close(state[name], torch.full_like(state[name], sigma / math.sqrt(inputs)))


@SETTINGS
@given(sizes, sizes, seeds)
def test_one_number_per_input_and_output(inputs, outputs, seed):
    """A pass takes p + q numbers, not p·q + q."""
    layer, _, _ = made(inputs, outputs, seed)

    assert layer.noise_size == inputs + outputs


@SETTINGS
@given(sizes, sizes, seeds)
def test_the_noise_adds_sigma_times_factorised_noise(inputs, outputs, seed):
    """y(ε) − y = x (σ^w ⊙ ε^w)ᵀ + σ^b ⊙ ε^b, with parameters that differ from the start."""
    layer, x, noise = made(inputs, outputs, seed)
    layer, x, noise = layer.double(), x.double(), noise.double()
    state = {name: torch.randn_like(value) for name, value in layer.state_dict().items()}
    layer.load_state_dict(state)
    weight_noise, bias_noise = factorised_noise(noise, inputs)

    expected = x @ (state["weight_sigma"] * weight_noise).T + state["bias_sigma"] * bias_noise

    assert_close(layer(x, noise) - layer(x), expected)


@SETTINGS
@given(sizes, sizes, seeds)
def test_without_noise_it_is_the_mean_layer(inputs, outputs, seed):
    """The mean weights start as a Dense layer of the same generator does, and a pass is bit-stable."""
    layer, x, noise = made(inputs, outputs, seed)
    dense = Dense().build(inputs, outputs, torch.Generator().manual_seed(seed))
    before = layer(x)
    layer(x, noise)

    assert torch.equal(before, dense(x))
    assert torch.equal(layer(x), before)


@SETTINGS
@given(sizes, sizes, seeds)
def test_noise_of_zeros_or_sigma_zero_is_no_noise(inputs, outputs, seed):
    """ε = 0 and σ₀ = 0 both give the mean layer."""
    layer, x, noise = made(inputs, outputs, seed)
    quiet, _, _ = made(inputs, outputs, seed, sigma=0.0)

    assert_close(layer(x, torch.zeros_like(noise)), layer(x))
    assert_close(quiet(x, noise), layer(x))


@pytest.mark.parametrize("sigma", [-0.1, float("nan"), True, "0.5"])
def test_sigma_is_a_number_from_0(sigma):
    """Anything else is refused when the block is made."""
    with pytest.raises(FieldError, match=r"NoisyDense\.sigma"):
        NoisyDense(sigma)
