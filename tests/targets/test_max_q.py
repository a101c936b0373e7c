"""The target of Q-learning; its laws are asked in tests/test_laws.py."""

import pytest
import torch

from rlblocks.targets import DoubleQ, MaxQ


def test_hand_worked_values():
    """1 + ½·4 = 3; a terminated row is 1."""
    q = torch.tensor([[2.0, 4.0], [7.0, 8.0]])

    found = MaxQ().compute(reward=torch.ones(2), discount=torch.tensor([0.5, 0.0]), q_select=q, q_evaluate=q)

    assert found.tolist() == [3.0, 1.0]


@pytest.mark.parametrize("block", [MaxQ(), DoubleQ()])
@pytest.mark.parametrize("column", ["reward", "discount"])
def test_columns_are_refused_by_name(block, column):
    """`[B, 1]` in the place of `[B]` raises and names what has that shape."""
    given_rows = {"reward": torch.zeros(3), "discount": torch.ones(3)}
    given_rows[column] = given_rows[column].unsqueeze(1)
    q = torch.zeros(3, 2)

    with pytest.raises(ValueError, match=rf"{column} has shape \(3, 1\)"):
        block.compute(**given_rows, q_select=q, q_evaluate=q)
