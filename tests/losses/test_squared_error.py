"""The squared error."""

import torch
from hypothesis import given
from loss_laws import batches, law

from rlblocks.losses import SquaredError


@law
@given(batches())
def test_its_gradient_is_the_error(rows):
    """With ½ in front the gradient is −w·δ/B."""
    expected = -rows.weight * (rows.target - rows.prediction) / len(rows.weight)

    torch.testing.assert_close(rows.gradient(SquaredError()), expected, rtol=1e-12, atol=0)


@law
@given(batches())
def test_a_coefficient_of_two_is_the_mean_squared_error(rows):
    """What minimises mean(δ²) elsewhere is SquaredError(coefficient=2.0) here, gradient included."""
    prediction = rows.prediction.detach().requires_grad_()
    (expected,) = torch.autograd.grad(torch.nn.functional.mse_loss(prediction, rows.target), prediction)

    loss, _ = SquaredError(2.0).compute(prediction=prediction, td_target=rows.target)

    torch.testing.assert_close(torch.autograd.grad(loss, prediction)[0], expected, rtol=1e-12, atol=0)


def test_hand_worked_values():
    """Errors 3 and −1: (4½ + ½) / 2."""
    loss, error = SquaredError().compute(prediction=torch.tensor([1.0, 2.0]), td_target=torch.tensor([4.0, 1.0]))

    assert loss.item() == 2.5
    assert error.tolist() == [3.0, 1.0]
