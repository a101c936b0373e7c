"""The target of double Q-learning with two tables; its laws are asked in tests/test_laws.py."""

import pytest
import torch

from rlblocks.targets import DoubleEstimator

ROWS = {
    "reward": torch.tensor([1.0, 1.0, 1.0]),
    "discount": torch.tensor([0.5, 0.5, 0.0]),
    "said": torch.tensor([[7.0, 7.0, 7.0], [8.0, 8.0, 8.0]]),
    "q": torch.tensor([[[9.0, 0.0]] * 3, [[2.0, 4.0]] * 3]),
    "u": torch.tensor([0.49, 0.5, 0.0]),
}


def test_hand_worked_values():
    """The first prefers action 0, worth 2 to the second: 1 + ½·2; the second action 1, worth 0: 1 + ½·0."""
    found = DoubleEstimator().compute(**ROWS)

    assert found.tolist() == [[2.0, 7.0, 1.0], [8.0, 1.0, 8.0]]


def test_illegal_actions_are_not_chosen():
    """With action 0 illegal the first prefers action 1, worth 4 to the second."""
    mask = torch.tensor([[False, True]] * 3)

    assert DoubleEstimator().compute(**ROWS, action_mask=mask)[0, 0].item() == 3.0


@pytest.mark.parametrize("count", [1, 3])
def test_there_must_be_two(count):
    """One table cannot judge another's choice; of three nobody says which one does."""
    rows = {**ROWS, "q": torch.zeros(count, 3, 2), "said": torch.zeros(count, 3)}

    with pytest.raises(ValueError, match="members=2"):
        DoubleEstimator().compute(**rows)


@pytest.mark.parametrize("name", ["reward", "discount", "u"])
def test_columns_are_refused_by_shape(name):
    """`[B, 1]` is never broadcast."""
    with pytest.raises(ValueError, match="shape"):
        DoubleEstimator().compute(**{**ROWS, name: ROWS[name].unsqueeze(1)})
