"""The least of several values; its laws are asked in tests/test_laws.py."""

import torch

from rlblocks.aggregates import Least


def test_hand_worked_values():
    """The least of each row, whoever says it, over all dims before the batch."""
    values = torch.tensor([[[1.0, 5.0]], [[3.0, 2.0]]])

    assert Least().compute(values).tolist() == [1.0, 2.0]


def test_a_tie_shares_the_gradient():
    """Members that say the same are moved alike."""
    values = torch.tensor([[1.0], [1.0], [4.0]], requires_grad=True)
    Least().compute(values).sum().backward()

    assert values.grad.tolist() == [[0.5], [0.5], [0.0]]
