"""The plain affine layer."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.testing import assert_close

from rlblocks.networks import Dense

SETTINGS = settings(derandomize=True, deadline=None, max_examples=30)
sizes = st.integers(1, 40)
seeds = st.integers(0, 2**31)


@SETTINGS
@given(sizes, sizes, seeds)
def test_it_starts_as_torchs_linear(inputs, outputs, seed):
    """With the same numbers it starts where `torch.nn.Linear` does."""
    made = Dense().build(inputs, outputs, torch.Generator().manual_seed(seed))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        linear = nn.Linear(inputs, outputs)

    assert_close(dict(made.state_dict()), dict(linear.state_dict()), rtol=1e-6, atol=0)


@SETTINGS
@given(sizes, sizes, seeds)
def test_it_computes_what_torchs_linear_computes(inputs, outputs, seed):
    """With the same parameters it is `torch.nn.Linear`, bit for bit."""
    generator = torch.Generator().manual_seed(seed)
    made = Dense().build(inputs, outputs, generator)
    linear = nn.Linear(inputs, outputs)
    linear.load_state_dict(made.state_dict())
    x = torch.randn(3, inputs, generator=generator)

    assert torch.equal(made(x), linear(x))
