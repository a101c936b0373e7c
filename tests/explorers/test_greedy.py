"""The best action that is known; its laws are asked in tests/test_laws.py."""

import pytest
import torch

from rlblocks.explorers import Greedy


def test_hand_worked_values():
    """The greatest value, the first of two, and the greatest legal one."""
    q = torch.tensor([[1.0, 3.0, 2.0], [5.0, 5.0, 0.0]])
    legal = torch.tensor([[True, False, True], [False, True, True]])

    assert Greedy().compute(q=q).tolist() == [1, 0]
    assert Greedy().compute(q=q, action_mask=legal).tolist() == [2, 1]


def test_a_mask_is_not_broadcast():
    """A mask `[B, 1]` is refused, with both shapes."""
    with pytest.raises(ValueError, match=r"\(2, 1\) does not fit values of shape \(2, 3\)"):
        Greedy().compute(q=torch.zeros(2, 3), action_mask=torch.ones(2, 1, dtype=torch.bool))
