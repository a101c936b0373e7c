"""The policy gradient's loss; its laws are asked in tests/test_laws.py."""

import math

import pytest
import torch

from rlblocks.losses import PolicyGradient


def test_hand_worked_values():
    """(1 − 2)/2, and with weights (2·1 − 0·2)/2."""
    rows = {"log_prob": torch.tensor([-0.5, -2.0]), "advantage": torch.tensor([2.0, -1.0])}

    assert PolicyGradient().compute(**rows).item() == -0.5
    assert PolicyGradient().compute(**rows, weight=torch.tensor([2.0, 0.0])).item() == 1.0


def test_it_estimates_the_gradient_of_the_expected_return():
    """Over all actions, each as often as the policy takes it, it is −∇ Σ π(a)·A(a), exactly."""
    logits = torch.tensor([0.3, -0.2, 1.0], dtype=torch.float64, requires_grad=True)
    advantage = torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)
    (due,) = torch.autograd.grad(-(logits.softmax(0) * advantage).sum(), logits)

    log_prob = logits.log_softmax(0)
    loss = PolicyGradient().compute(log_prob=log_prob, advantage=advantage, weight=3 * log_prob.detach().exp())

    torch.testing.assert_close(torch.autograd.grad(loss, logits)[0], due)


@pytest.mark.parametrize("garbage", [math.nan, math.inf])
def test_padding_may_hold_anything(garbage):
    """NaN and infinity in rows of weight 0 touch neither value nor gradient."""
    log_prob = torch.tensor([-0.5, garbage], requires_grad=True)

    loss = PolicyGradient().compute(
        log_prob=log_prob, advantage=torch.tensor([1.0, garbage]), weight=torch.tensor([2.0, 0.0])
    )

    assert loss.item() == 0.5
    assert torch.autograd.grad(loss, log_prob)[0].tolist() == [-1.0, 0.0]


@pytest.mark.parametrize("column", ["log_prob", "advantage", "weight"])
def test_columns_are_refused_by_shape(column):
    """Each of the three as `[B, 1]` raises and shows both shapes."""
    rows = {"log_prob": torch.zeros(3), "advantage": torch.ones(3), "weight": torch.ones(3)}
    rows[column] = rows[column].unsqueeze(1)

    with pytest.raises(ValueError, match=r"\(3, 1\).*\(3,\)|\(3,\).*\(3, 1\)"):
        PolicyGradient().compute(**rows)
