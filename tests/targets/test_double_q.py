"""The target of double Q-learning; its laws are asked in tests/test_laws.py."""

import pytest
import torch

from rlblocks.targets import DoubleQ


def test_hand_worked_values():
    """Online prefers action 0, whose target value is 2 although action 1 has 4: 1 + ½·2 = 2."""
    found = DoubleQ().compute(
        reward=torch.tensor([1.0]), discount=torch.tensor([0.5]),
        q_select=torch.tensor([[9.0, 0.0]]), q_evaluate=torch.tensor([[2.0, 4.0]]),
    )  # fmt: skip

    assert found.tolist() == [2.0]


def test_one_row_of_online_values_is_not_broadcast():
    """A table of one row beside three rows of transitions is refused."""
    rows = {"reward": torch.zeros(3), "discount": torch.ones(3)}
    with pytest.raises(ValueError, match=r"action has shape \(1,\)"):
        DoubleQ().compute(**rows, q_select=torch.zeros(1, 2), q_evaluate=torch.zeros(3, 2))
