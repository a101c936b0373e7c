"""The Huber error."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from loss_laws import batches, law

from rlblocks._core.errors import FieldError
from rlblocks.losses import Huber, SquaredError


@law
@given(batches(), st.sampled_from([0.25, 1.0, 4.0]))
def test_its_gradient_is_the_clipped_error(rows, kappa):
    """LOS-5: −w·clip(δ, −κ, κ)/B, so that a great error still pulls, with the force κ."""
    expected = -rows.weight * (rows.target - rows.prediction).clamp(-kappa, kappa) / len(rows.weight)

    torch.testing.assert_close(rows.gradient(Huber(kappa)), expected, rtol=1e-12, atol=0)


@law
@given(batches())
def test_it_becomes_the_squared_error(rows):
    """LOS-5: for κ beyond all errors it is half the squared error, and finite."""
    torch.testing.assert_close(rows.of(Huber(1e30))[0], rows.of(SquaredError())[0], rtol=1e-12, atol=0)


def test_it_is_smooth_where_the_parabola_becomes_a_line():
    """LOS-5: at |δ| = κ value and slope of both pieces agree."""
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


@pytest.mark.parametrize("delta", [0.0, -1.0, float("inf"), True])
def test_a_delta_that_makes_no_sense_is_refused(delta):
    """It must be finite and above 0."""
    with pytest.raises(FieldError, match=r"Huber\.delta"):
        Huber(delta=delta)
