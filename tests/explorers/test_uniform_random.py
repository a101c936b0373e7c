"""Any action; its laws are asked in tests/test_laws.py."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rlblocks.explorers import UniformRandom

law = settings(derandomize=True, deadline=None, database=None, max_examples=60)


@law
@given(st.integers(1, 9), st.integers(1, 9))
def test_every_action_is_equally_likely(actions, times):
    """A grid of draws hits every action exactly equally often, however many there are."""
    grid = actions * times
    choice = (torch.arange(grid, dtype=torch.float64) + 0.5) / grid

    action = UniformRandom().compute(choice=choice, actions=actions)

    assert torch.bincount(action, minlength=actions).tolist() == [times] * actions


@law
@given(st.integers(1, 2000), st.integers(1, 64))
def test_the_greatest_draw_is_in_range(actions, below):
    """⌊u·A⌋ is below A for the numbers just below 1, where a rounding could reach it."""
    action = UniformRandom().compute(choice=torch.tensor([1 - below * 2.0**-24]), actions=actions)

    assert 0 <= action.item() < actions


def test_a_mask_of_other_rows_is_refused():
    """One row of a mask is not broadcast over three of draws."""
    with pytest.raises(ValueError, match=r"u has shape \(3,\)"):
        UniformRandom().compute(choice=torch.zeros(3), actions=2, action_mask=torch.ones(1, 2, dtype=torch.bool))


def test_it_needs_no_network():
    """Warm-up reads no values."""
    assert "q" not in UniformRandom().inputs
