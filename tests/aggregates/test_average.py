"""The mean of several values; its laws are asked in tests/test_laws.py."""

import torch

from rlblocks.aggregates import Average


def test_hand_worked_values():
    """(1 + 3)/2 and (5 + 2)/2."""
    assert Average().compute(torch.tensor([[1.0, 5.0], [3.0, 2.0]])).tolist() == [2.0, 3.5]


def test_every_member_has_its_share():
    """The gradient by each of four is a quarter."""
    values = torch.zeros(4, 1, requires_grad=True)
    Average().compute(values).sum().backward()

    assert values.grad.tolist() == [[0.25]] * 4
