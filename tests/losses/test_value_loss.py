"""The squared error of a value; its laws are asked in tests/test_laws.py."""

import torch

from rlblocks.losses import SquaredError, ValueLoss


def test_hand_worked_values():
    """Errors 3 and −1 with c = ½: ½·(4½ + ½)/2."""
    loss = ValueLoss().compute(value=torch.tensor([1.0, 2.0]), target=torch.tensor([4.0, 1.0]))

    assert loss.item() == 1.25


def test_it_halves_as_the_squared_error_does():
    """With one coefficient both are the same number, bit for bit."""
    value, target, weight = torch.randn(3, 20, generator=torch.Generator().manual_seed(0))
    weight = weight.abs()

    found = ValueLoss(0.7).compute(value=value, target=target, weight=weight)

    assert found == SquaredError(0.7).compute(prediction=value, td_target=target, weight=weight)[0]
