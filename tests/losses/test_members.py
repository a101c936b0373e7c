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
def test_a_target_has_no_members(block):
    """All members learn from the same one."""
    with pytest.raises(ValueError, match=r"\(2, 3\)"):
        block.compute(prediction=torch.zeros(2, 3), td_target=torch.zeros(2, 3))
