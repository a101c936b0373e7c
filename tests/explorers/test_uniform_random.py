"""Any action; its laws are asked in tests/test_laws.py."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rlblocks import Spec
from rlblocks.explorers import UniformRandom

TWO = Spec(dtype="int64", n=2)

law = settings(derandomize=True, deadline=None, database=None, max_examples=60)


@law
@given(st.integers(1, 9), st.integers(1, 9))
def test_every_action_is_equally_likely(actions, times):
    """A grid of draws hits every action exactly equally often, however many there are."""
    grid = actions * times
    choice = (torch.arange(grid, dtype=torch.float64) + 0.5) / grid

    action = UniformRandom().compute(choice=choice, action=Spec(dtype="int64", n=actions))

    assert torch.bincount(action, minlength=actions).tolist() == [times] * actions


@law
@given(st.integers(1, 2000), st.integers(1, 64))
def test_the_greatest_draw_is_in_range(actions, below):
    """⌊u·A⌋ is below A for the numbers just below 1, where a rounding could reach it."""
    action = UniformRandom().compute(choice=torch.tensor([1 - below * 2.0**-24]), action=Spec(dtype="int64", n=actions))

    assert 0 <= action.item() < actions


def test_a_mask_of_other_rows_is_refused():
    """One row of a mask is not broadcast over three of draws."""
    with pytest.raises(ValueError, match=r"u has shape \(3,\)"):
        UniformRandom().compute(choice=torch.zeros(3), action=TWO, action_mask=torch.ones(1, 2, dtype=torch.bool))


def test_it_needs_no_network():
    """Warm-up reads no values."""
    assert "q" not in UniformRandom().inputs


def test_each_choice_is_drawn_by_itself():
    """A grid of draws hits every pair of entries of a MultiDiscrete action equally often, illegal ones never."""
    u = (torch.arange(6) + 0.5) / 6
    choice = torch.cartesian_prod(u[:2] * 3, u)

    action = UniformRandom().compute(choice=choice, action=Spec((2,), "int64", n=(2, 6)))
    legal = torch.tensor([[True, False] + [False] * 4, [True, False, True, True, False, False]])
    masked = UniformRandom().compute(
        choice=choice, action=Spec((2,), "int64", n=(2, 6)), action_mask=legal.expand(12, -1, -1)
    )

    assert {tuple(row) for row in action.tolist()} == {(i, j) for i in range(2) for j in range(6)}
    assert masked[:, 0].tolist() == [0] * 12
    assert torch.bincount(masked[:, 1]).tolist() == [4, 0, 4, 4]


def test_a_box_is_filled_evenly_between_its_own_bounds():
    """Each component between its least and its greatest value."""
    choice = torch.rand((4000, 2), generator=torch.Generator().manual_seed(0))

    action = UniformRandom().compute(choice=choice, action=Spec((2,), low=(-1.0, 2.0), high=(3.0, 2.5)))

    assert torch.allclose(action.mean(0), torch.tensor([1.0, 2.25]), atol=0.1)
    assert (action >= torch.tensor([-1.0, 2.0])).all()
    assert (action <= torch.tensor([3.0, 2.5])).all()
