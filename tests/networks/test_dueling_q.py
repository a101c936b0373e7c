"""The dueling head."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from network_cases import BOX, Samples, discrete
from torch.testing import assert_close

from rlblocks.networks import DuelingQ, NoisyDense, QValues

SETTINGS = settings(derandomize=True, deadline=None, max_examples=20)
batches = st.integers(1, 5)
action_counts = st.integers(2, 6)
hiddens = st.lists(st.integers(1, 6), max_size=2).map(tuple)
seeds = st.integers(0, 2**31)


def made(block, batch, actions, seed):
    generator = torch.Generator().manual_seed(seed)
    head = block.build(discrete(actions), generator).double()
    return head, torch.randn(batch, 3, generator=generator, dtype=torch.float64)


@SETTINGS
@given(batches, action_counts, hiddens, seeds)
def test_the_mean_of_q_is_the_value_stream(batch, actions, hidden, seed):
    """mean_a Q = V, row by row."""
    head, h = made(DuelingQ(hidden=hidden), batch, actions, seed)

    assert_close(head(h)["q"].mean(dim=1, keepdim=True), head.value(h))


@SETTINGS
@given(batches, action_counts, hiddens, seeds)
def test_the_mean_of_every_atom_is_the_value_streams_atom(batch, actions, hidden, seed):
    """With a form the mean over actions is taken per atom, and q is the mean of the form."""
    head, h = made(DuelingQ(form=Samples(), hidden=hidden), batch, actions, seed)
    written = head(h)

    assert_close(written["samples"].mean(dim=1, keepdim=True), head.value(h))
    assert_close(written["q"], written["samples"].mean(dim=-1))


@SETTINGS
@given(batches, action_counts, hiddens, seeds, st.floats(-50, 50))
def test_a_shift_of_the_advantages_changes_nothing(batch, actions, hidden, seed, shift):
    """A constant on the biases of the last advantage layer leaves Q as it was."""
    head, h = made(DuelingQ(hidden=hidden), batch, actions, seed)
    before = head(h)["q"]
    with torch.no_grad():
        head.get_parameter(f"advantage.{len(hidden)}.bias").add_(shift)

    assert_close(head(h)["q"], before)


@SETTINGS
@given(batches, action_counts, seeds)
def test_the_hidden_layers_are_not_affine(batch, actions, seed):
    """f(x) + f(−x) − 2 f(0) is 0 for affine maps, and not with hidden units."""
    bent, h = made(DuelingQ(hidden=(32,)), batch, actions, seed)
    straight, _ = made(DuelingQ(), batch, actions, seed)
    zero = torch.zeros_like(h)

    assert_close(straight(h)["q"] + straight(-h)["q"], 2 * straight(zero)["q"])
    assert (bent(h)["q"] + bent(-h)["q"] - 2 * bent(zero)["q"]).abs().max() > 1e-6


@SETTINGS
@given(st.lists(st.integers(16, 20), max_size=2).map(tuple), seeds)
def test_noise_reaches_every_layer_of_both_streams(hidden, seed):
    """Other noise for any one layer is another Q."""
    head, h = made(DuelingQ(layer=NoisyDense(), hidden=hidden), 4, 3, seed)
    noise = torch.randn(head.noise_size, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    shares = [sum(p.shape) for name, p in head.named_parameters() if name.endswith("weight_mu")]
    before = head(h, noise)["q"]

    assert len(shares) == 2 * (len(hidden) + 1)
    assert sum(shares) == head.noise_size
    for i in range(len(shares)):
        parts = list(noise.split(shares))
        parts[i] = parts[i] + 1
        assert not torch.equal(head(h, torch.cat(parts))["q"], before)


def test_it_writes_what_q_values_write():
    """The two heads may be swapped."""
    for form in ({}, {"form": Samples()}):
        assert DuelingQ(**form).writes(discrete(4)) == QValues(**form).writes(discrete(4))


def test_one_action_has_no_advantage():
    """A single action is refused, and so is a space without a number of actions."""
    assert "two or more" in DuelingQ().misfit(discrete(1))
    assert "not Discrete" in DuelingQ().misfit(BOX)
    assert DuelingQ().misfit(discrete(2)) == ""
