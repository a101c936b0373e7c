"""Better actions more often."""

import attrs
import numpy as np
import pytest
import torch
from explorer_laws import calls, law
from hypothesis import given
from hypothesis import strategies as st

from rlblocks.explorers import Boltzmann, Greedy
from rlblocks.functional import boltzmann


@law
@given(calls(), st.floats(0.05, 50.0))
def test_frequencies_follow_the_exponentials(call, temperature):
    """EXP-3: the share of a fine grid of draws that takes an action is its probability, from a float64 loop."""
    q, grid = call.q[:1].double(), 4_000
    mask = np.ones(q.shape[1], bool) if call.mask is None else call.mask[0].numpy()
    weights = np.where(mask, np.exp((q[0].numpy() - q[0].numpy()[mask].max()) / temperature), 0.0)

    action = Boltzmann().compute(
        q=q.expand(grid, -1), temperature=torch.tensor(temperature, dtype=torch.float64),
        choice=(torch.arange(grid, dtype=torch.float64) + 0.5) / grid,
        action_mask=torch.from_numpy(mask).expand(grid, -1),
    )  # fmt: skip

    found = np.bincount(action.numpy(), minlength=q.shape[1]) / grid
    np.testing.assert_allclose(found, weights / weights.sum(), atol=1.5 / grid)


@law
@given(calls(ties=False))
def test_it_becomes_greedy_in_the_cold(call):
    """EXP-10: at T = 0, the limit, and just above it the greatest value is taken."""
    for temperature in (0.0, 1e-40, 1e-4):
        cold = attrs.evolve(call, number=torch.tensor(temperature))
        assert torch.equal(cold.act(Boltzmann()), call.act(Greedy()))


@law
@given(calls())
def test_it_becomes_uniform_in_the_heat(call):
    """EXP-10: towards T = ∞ all legal actions are equally likely."""
    probability = boltzmann(call.q, torch.tensor(1e12), call.mask)

    legal = torch.ones_like(call.q) if call.mask is None else call.mask.float()
    torch.testing.assert_close(probability, legal / legal.sum(1, keepdim=True))


@law
@given(calls(), st.sampled_from([-1024.0, 8.0]))
def test_the_zero_of_values_does_not_matter(call, shift):
    """EXP-10: the same draws give the same actions for q + c."""
    warm = attrs.evolve(call, number=call.number + 0.5)

    assert torch.equal(warm.act(Boltzmann()), attrs.evolve(warm, q=warm.q + shift).act(Boltzmann()))


def test_great_values_stay_finite():
    """EXP-10: values of ±10⁴ give probabilities of 0 and 1, not NaN."""
    found = boltzmann(torch.tensor([[1e4, -1e4]]), torch.tensor(1.0))

    assert found.tolist() == [[1.0, 0.0]]


def test_ties_share_in_the_cold():
    """At T = 0 two greatest values have ½ each."""
    found = boltzmann(torch.tensor([[1.0, 1.0, 0.0]]), torch.tensor(0.0))

    assert found.tolist() == [[0.5, 0.5, 0.0]]


def test_a_column_of_draws_is_refused():
    """GEN-11: a draw `[B, 1]` would make actions `[B, B]`."""
    with pytest.raises(ValueError, match=r"u has shape \(3, 1\)"):
        Boltzmann().compute(q=torch.zeros(3, 2), temperature=torch.tensor(1.0), choice=torch.zeros(3, 1))
