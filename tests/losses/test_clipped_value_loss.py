"""The clipped error of a value; its laws are asked in tests/test_laws.py."""

import math

import pytest
import torch

from rlblocks.losses import ClippedValueLoss, ValueLoss


def test_hand_worked_values():
    """V = 1, V_old = 0, ε = ½: errors 2½² for R = 3 and ½² for R = 1, halved, averaged, and times ½."""
    found = ClippedValueLoss().compute(
        value=torch.ones(2), old_value=torch.zeros(2), target=torch.tensor([3.0, 1.0]), clip=torch.tensor(0.5)
    )

    assert found.item() == pytest.approx(0.8125)


def test_a_wide_clip_is_none():
    """Where nothing leaves the clip it is the plain loss, in value and gradient."""
    value, old, target = torch.randn(3, 20, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    value.requires_grad_()
    plain = ValueLoss().compute(value=value, target=target)

    found = ClippedValueLoss().compute(value=value, old_value=old, target=target, clip=torch.tensor(100.0))

    torch.testing.assert_close(found, plain)
    torch.testing.assert_close(torch.autograd.grad(found, value), torch.autograd.grad(plain, value))


@pytest.mark.parametrize("column", ["value", "old_value", "target"])
def test_padding_may_hold_anything(column):
    """NaN in rows of weight 0 touches neither value nor gradient."""
    given = {"value": torch.ones(2), "old_value": torch.ones(2), "target": torch.zeros(2)}
    given[column][1] = math.nan
    value = given["value"].requires_grad_()

    loss = ClippedValueLoss(coefficient=1.0).compute(**given, clip=torch.tensor(0.2), weight=torch.tensor([2.0, 0.0]))

    assert loss.item() == 0.5
    assert torch.autograd.grad(loss, value)[0].tolist() == [1.0, 0.0]
