"""The squared error; its laws are asked in tests/test_laws.py."""

import torch

from rlblocks.losses import SquaredError


def test_a_coefficient_of_two_is_the_mean_squared_error():
    """What minimises mean(δ²) elsewhere is SquaredError(coefficient=2.0) here, gradient included."""
    generator = torch.Generator().manual_seed(0)
    prediction, target = torch.randn(2, 50, generator=generator, dtype=torch.float64)
    prediction.requires_grad_()
    (expected,) = torch.autograd.grad(torch.nn.functional.mse_loss(prediction, target), prediction)

    loss, _ = SquaredError(2.0).compute(prediction=prediction, td_target=target)

    torch.testing.assert_close(torch.autograd.grad(loss, prediction)[0], expected, rtol=1e-12, atol=0)


def test_hand_worked_values():
    """Errors 3 and −1: (4½ + ½) / 2."""
    loss, error = SquaredError().compute(prediction=torch.tensor([1.0, 2.0]), td_target=torch.tensor([4.0, 1.0]))

    assert loss.item() == 2.5
    assert error.tolist() == [3.0, 1.0]
