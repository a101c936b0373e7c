"""The value itself, for optimizers that keep a trace; its laws are asked in tests/test_laws.py."""

import torch

from rlblocks.losses import Eligibility


def test_hand_worked_values():
    """The mean of 1 and 2; errors of 3 and −1."""
    loss, td_error, error = Eligibility().compute(
        prediction=torch.tensor([1.0, 2.0]), td_target=torch.tensor([4.0, 1.0])
    )

    assert (loss.item(), td_error.tolist(), error.tolist()) == (1.5, [3.0, -1.0], [3.0, 1.0])


def test_its_gradient_is_that_of_the_value():
    """1 for one row, whatever the target is."""
    prediction = torch.tensor([7.0], requires_grad=True)
    (gradient,) = torch.autograd.grad(
        Eligibility().compute(prediction=prediction, td_target=torch.tensor([-3.0]))[0], prediction
    )

    assert gradient.tolist() == [1.0]
