"""Any action."""

import pytest
import torch
from explorer_laws import calls, law
from hypothesis import given
from hypothesis import strategies as st

from rlblocks.explorers import UniformRandom


@law
@given(st.integers(1, 9), st.integers(1, 9))
def test_every_action_is_equally_likely(actions, times):
    """EXP-3: a grid of draws hits every action equally often."""
    grid = actions * times
    choice = (torch.arange(grid, dtype=torch.float64) + 0.5) / grid

    action = UniformRandom().compute(choice=choice, actions=actions)

    assert torch.bincount(action, minlength=actions).tolist() == [times] * actions


@law
@given(calls(), st.integers(1, 5))
def test_every_legal_action_is_equally_likely(call, times):
    """EXP-3: with a mask the grid hits every legal action equally often and no other."""
    mask = torch.ones_like(call.q, dtype=torch.bool) if call.mask is None else call.mask
    grid = int(mask[0].sum()) * times
    choice = (torch.arange(grid, dtype=torch.float64) + 0.5) / grid

    action = UniformRandom().compute(choice=choice, actions=mask.shape[1], action_mask=mask[:1].expand(grid, -1))

    assert torch.bincount(action, minlength=mask.shape[1]).tolist() == (mask[0] * times).tolist()


@law
@given(calls(masks=False))
def test_a_mask_of_ones_is_no_mask(call):
    """Where every action is legal, the mask changes no action."""
    arguments = call.arguments(UniformRandom())
    ones = torch.ones_like(call.q, dtype=torch.bool)

    assert torch.equal(
        UniformRandom().compute(**arguments), UniformRandom().compute(**(arguments | {"action_mask": ones}))
    )


def test_a_mask_of_other_rows_is_refused():
    """GEN-11: one row of a mask is not broadcast over three of draws."""
    with pytest.raises(ValueError, match=r"u has shape \(3,\)"):
        UniformRandom().compute(choice=torch.zeros(3), actions=2, action_mask=torch.ones(1, 2, dtype=torch.bool))


def test_it_needs_no_network():
    """Warm-up reads no values."""
    assert "q" not in UniformRandom().inputs
