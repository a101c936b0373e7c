"""The squared error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.declare import read
from rlblocks.losses.base import Loss

if TYPE_CHECKING:
    from torch import Tensor


@block("squared_error")
class SquaredError(Loss):
    """Half the mean squared TD error: L = c·mean(w·Σ_j ½δ_j²), δ_j = y − q_j(s, a) (Mnih et al., 2015, eq. 2, with ½).

    Where several members predict, their losses are summed, so that each learns as it would alone, and `error` is the
    mean of their |δ|; a target may tell each its own y_j. The ½ makes the gradient −w·δ/B. Code that minimises
    mean(δ²), without ½, has gradients twice as long: a setting that was found there is carried over by
    `SquaredError(coefficient=2.0)`.

    Attributes:
        coefficient: c, at least 0.

    >>> import torch
    >>> prediction, td_target = torch.tensor([1.0, 2.0]), torch.tensor([4.0, 1.0])
    >>> SquaredError().compute(prediction=prediction, td_target=td_target)
    (tensor(2.5000), tensor([3., 1.]))
    """

    equation = "L = c·mean(w·Σ_j ½δ_j²), δ_j = y − q_j(s, a)"
    inputs = {
        "prediction": read("q@online", at="action", dims=("*", "batch")),
        "td_target": read("td_target"),
        "weight": read("weight", default=1),
    }
    outputs = ("loss", "error")

    coefficient: float = fields.number(1.0, ge=0.0)

    def compute(self, *, prediction: Tensor, td_target: Tensor, weight: Tensor | float = 1) -> tuple[Tensor, Tensor]:
        """The loss, 0-dim, and |δ| of each row, `[B]`; `prediction` is `[*, B]`, weights `[B]`, `td_target` either."""
        target = functional.for_members("td_target", td_target.detach(), "prediction", prediction)
        rows = functional.total_of_members(functional.squared_error(prediction, target))
        loss = functional.weighted_mean(rows, weight, 0.5 * self.coefficient)
        return loss, functional.mean_of_members((target - prediction.detach()).abs())
