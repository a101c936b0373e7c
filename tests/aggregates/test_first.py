"""One of several values; its laws are asked in tests/test_laws.py."""

import torch

from rlblocks.aggregates import First


def test_hand_worked_values():
    """The first row of the table, whatever the others say."""
    assert First().compute(torch.tensor([[1.0, 5.0], [torch.nan, 2.0]])).tolist() == [1.0, 5.0]


def test_only_the_first_is_moved():
    """No gradient reaches the second."""
    values = torch.zeros(2, 1, requires_grad=True)
    First().compute(values).sum().backward()

    assert values.grad.tolist() == [[1.0], [0.0]]
