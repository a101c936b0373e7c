"""Errors of several networks at once; their laws are asked in tests/test_laws.py."""

import pytest
import torch

from rlblocks.losses import Huber, SquaredError


def test_hand_worked_values():
    """Errors 3 and −1 of one member, 1 and 1 of the other: (4½ + ½ + ½ + ½)/2, and means of 2 and 1."""
    prediction, target = torch.tensor([[1.0, 2.0], [3.0, 0.0]]), torch.tensor([4.0, 1.0])

    loss, error = SquaredError().compute(prediction=prediction, td_target=target)

    assert (loss.item(), error.tolist()) == (3.0, [2.0, 1.0])
    assert Huber().compute(prediction=prediction, td_target=target)[0].item() == (2.5 + 0.5 + 0.5 + 0.5) / 2


@pytest.mark.parametrize("block", [SquaredError(), Huber()], ids=repr)
@pytest.mark.parametrize("column", ["prediction", "td_target", "weight"])
def test_columns_are_refused_by_shape(block, column):
    """Each of the three as `[..., 1]` raises."""
    rows = {"prediction": torch.zeros(2, 3), "td_target": torch.ones(3), "weight": torch.ones(3)}
    rows[column] = rows[column].unsqueeze(-1)

    with pytest.raises(ValueError, match="shape"):
        block.compute(**rows)


@pytest.mark.parametrize("block", [SquaredError(), Huber()], ids=repr)
def test_a_target_may_tell_each_member_its_own(block):
    """The gradient of each member is that of its own error alone, and an error of 0 leaves a member as it is."""
    prediction = torch.tensor([[1.0, 2.0], [3.0, 0.5]], requires_grad=True)
    target = torch.tensor([[0.5, 2.0], [3.0, 0.0]])

    loss, error = block.compute(prediction=prediction, td_target=target)
    (gradient,) = torch.autograd.grad(loss, prediction)

    assert gradient.tolist() == [[0.25, 0.0], [0.0, 0.25]]
    assert error.tolist() == [0.25, 0.25]


@pytest.mark.parametrize("block", [SquaredError(), Huber()], ids=repr)
@pytest.mark.parametrize("shape", [(3, 3), (1, 3), (2, 1), (2, 1, 3)])
def test_a_target_of_other_members_is_refused(block, shape):
    """It has the members of the prediction, or none."""
    with pytest.raises(ValueError, match=r"\(2, 3\)"):
        block.compute(prediction=torch.zeros(2, 3), td_target=torch.zeros(shape))
