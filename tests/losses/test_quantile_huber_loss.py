"""The error of quantiles; its laws are asked in tests/test_laws.py."""

import pytest
import torch

from rlblocks._core.errors import FieldError
from rlblocks.losses import QuantileHuber


def test_hand_worked_values():
    """θ = (0, 2), y = 3 and κ = 1: (¼·2½ + ¾·½)/2; the means are 2 apart."""
    loss, error = QuantileHuber().compute(prediction=torch.tensor([[0.0, 2.0]]), td_target=torch.tensor([[3.0]]))

    assert (loss.item(), error.tolist()) == (0.5, [2.0])


def test_members_may_have_another_number_of_quantiles_than_the_target():
    """As in truncated quantile critics, whose target pools what members say."""
    generator = torch.Generator().manual_seed(0)
    prediction, target = torch.randn(5, 4, 25, generator=generator), torch.randn(4, 115, generator=generator)

    loss, error = QuantileHuber().compute(prediction=prediction, td_target=target)

    assert (loss.shape, error.shape) == ((), (4,))
    torch.testing.assert_close(error, (target.mean(1) - prediction.mean(2)).abs().mean(0))


def test_a_coefficient_of_m_sums_over_quantiles():
    """As in QR-DQN, whose gradient by a quantile does not depend on how many there are."""
    target = torch.tensor([[1.0, -2.0]])
    for count in (1, 4):
        theta = torch.zeros(1, count, requires_grad=True)
        loss, _ = QuantileHuber(coefficient=float(count)).compute(prediction=theta, td_target=target)
        levels = (torch.arange(count) + 0.5) / count
        due = -(levels * 1 - (1 - levels) * 1) / 2
        torch.testing.assert_close(torch.autograd.grad(loss, theta)[0][0], due)


@pytest.mark.parametrize("shape", [(3,), (3, 1, 1), (1, 3), (2, 2)])
def test_a_target_of_another_shape_is_refused(shape):
    """It has numbers for each row."""
    with pytest.raises(ValueError, match="numbers for each row"):
        QuantileHuber().compute(prediction=torch.zeros(3, 4), td_target=torch.zeros(shape))


@pytest.mark.parametrize("kappa", [0.0, -1.0, float("inf")])
def test_a_kappa_that_makes_no_sense_is_refused(kappa):
    """It must be finite and above 0."""
    with pytest.raises(FieldError, match=r"QuantileHuber\.kappa"):
        QuantileHuber(kappa)
