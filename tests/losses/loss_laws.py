"""The laws of losses as functions of one loss, and the rows to ask them with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np
import torch
from hypothesis import settings
from hypothesis import strategies as st
from torch import Tensor

if TYPE_CHECKING:
    from collections.abc import Callable

    from rlblocks.losses import Loss

law = settings(derandomize=True, deadline=None, database=None, max_examples=60)


@attrs.frozen
class Rows:
    """Predictions, targets and weights of some rows."""

    prediction: Tensor
    target: Tensor
    weight: Tensor

    def of(self, block: Loss) -> tuple[Tensor, Tensor]:
        """Loss and error, weighted."""
        return block.compute(prediction=self.prediction, td_target=self.target, weight=self.weight)

    def gradient(self, block: Loss) -> Tensor:
        """The gradient of the loss with respect to the predictions."""
        prediction = self.prediction.detach().requires_grad_()
        loss, _ = attrs.evolve(self, prediction=prediction).of(block)
        return torch.autograd.grad(loss, prediction)[0]

    def take(self, index: list[int]) -> Rows:
        """Some of the rows."""
        return Rows(self.prediction[index], self.target[index], self.weight[index])


@st.composite
def batches(draw: st.DrawFn, dtype: torch.dtype = torch.float64) -> Rows:
    """1 to 5 rows of small and great errors, weights in [0, 2) with zeros among them."""
    rows = draw(st.sampled_from([1, 2, 3, 5]))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    weight = generator.uniform(0, 2, rows) * (generator.random(rows) < 0.8)
    numbers = (
        generator.normal(size=rows),
        generator.normal(size=rows) * draw(st.sampled_from([0.1, 3.0, 100.0])),
        weight,
    )
    return Rows(*(torch.from_numpy(part).to(dtype) for part in numbers))


def los_1_oracle(block: Loss, rows: Rows, row_error: Callable[[float], float]) -> None:
    """It is the mean of weight times the error of a row, by a loop in double precision; a 0-dim tensor."""
    loss, _ = rows.of(block)
    parts = zip(rows.prediction.tolist(), rows.target.tolist(), rows.weight.tolist(), strict=True)
    expected = block.coefficient * sum(w * row_error(y - q) for q, y, w in parts) / len(rows.weight)
    assert loss.shape == ()
    assert np.isclose(loss.item(), expected, rtol=1e-12)


def los_2_gradient(block: Loss, rows: Rows) -> None:
    """Its gradient is its difference quotient."""

    def loss(prediction: Tensor) -> Tensor:
        return attrs.evolve(rows, prediction=prediction).of(block)[0]

    assert torch.autograd.gradcheck(loss, (rows.prediction.detach().requires_grad_(),))


def los_3_weights(block: Loss, rows: Rows, scale: float) -> None:
    """Weights of 1 are no weights; a weight of 0 stops a row's gradient; the gradient scales with the weights."""
    ones = attrs.evolve(rows, weight=torch.ones_like(rows.weight))
    bare, _ = block.compute(prediction=rows.prediction, td_target=rows.target)
    torch.testing.assert_close(ones.of(block)[0], bare, rtol=1e-12, atol=0)
    assert (rows.gradient(block)[rows.weight == 0] == 0).all()
    scaled = attrs.evolve(rows, weight=rows.weight * scale)
    torch.testing.assert_close(scaled.gradient(block), rows.gradient(block) * scale, rtol=1e-12, atol=1e-15)


def los_4_error(block: Loss, rows: Rows) -> None:
    """The error of a row is |δ|, without weight and without gradient."""
    _, error = attrs.evolve(rows, prediction=rows.prediction.detach().requires_grad_()).of(block)
    assert not error.requires_grad
    assert torch.equal(error, (rows.target - rows.prediction).abs())


def los_12_constants(block: Loss, rows: Rows) -> None:
    """The gradient stops at the target."""
    prediction, target = (part.detach().requires_grad_() for part in (rows.prediction, rows.target))
    loss, _ = block.compute(prediction=prediction, td_target=target)
    assert torch.autograd.grad(loss, target, allow_unused=True) == (None,)


def los_13_parts(block: Loss, rows: Rows) -> None:
    """The loss of a batch is the mean of the losses of its rows, in any order."""
    alone = [rows.take([row]).of(block)[0].item() for row in range(len(rows.weight))]
    assert np.isclose(rows.of(block)[0].item(), np.mean(alone), rtol=1e-12)
