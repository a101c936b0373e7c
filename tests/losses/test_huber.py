"""The Huber error; its laws are asked in tests/test_laws.py."""

import pytest
import torch

from rlblocks._core.errors import FieldError
from rlblocks.losses import Huber, SquaredError


def test_it_is_smooth_where_the_parabola_becomes_a_line():
    """At |δ| = κ value and slope of both pieces agree."""
    for delta in (1 - 1e-9, 1.0, 1 + 1e-9):
        prediction = torch.tensor([-delta], dtype=torch.float64, requires_grad=True)
        loss, _ = Huber().compute(prediction=prediction, td_target=torch.zeros(1, dtype=torch.float64))
        assert loss.item() == pytest.approx(0.5, abs=2e-9)
        assert torch.autograd.grad(loss, prediction)[0].item() == pytest.approx(-1.0, abs=2e-9)


def test_hand_worked_values():
    """Errors ½ and 3 with κ = 1: (⅛ + 2½) / 2."""
    loss, error = Huber().compute(prediction=torch.tensor([1.0, 1.0]), td_target=torch.tensor([1.5, 4.0]))

    assert loss.item() == 1.3125
    assert error.tolist() == [0.5, 3.0]


@pytest.mark.parametrize("block", [Huber(), SquaredError()], ids=repr)
@pytest.mark.parametrize("column", ["prediction", "td_target", "weight"])
def test_columns_are_refused_by_shape(block, column):
    """Each of the three as `[B, 1]` raises and shows both shapes."""
    rows = {"prediction": torch.zeros(3), "td_target": torch.ones(3), "weight": torch.ones(3)}
    rows[column] = rows[column].unsqueeze(1)

    with pytest.raises(ValueError, match=r"\(3, 1\).*\(3,\)|\(3,\).*\(3, 1\)"):
        block.compute(**rows)


@pytest.mark.parametrize("delta", [0.0, -1.0, float("inf"), True])
def test_a_delta_that_makes_no_sense_is_refused(delta):
    """It must be finite and above 0."""
    with pytest.raises(FieldError, match=r"Huber\.delta"):
        Huber(delta=delta)
