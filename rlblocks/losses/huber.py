"""The Huber error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.declare import read
from rlblocks.losses.base import Loss

if TYPE_CHECKING:
    from torch import Tensor


@block("huber")
class Huber(Loss):
    """Mean Huber error: L = c·mean(w·Σ_j h(δ_j)), h = ½δ² where |δ| ≤ κ, else κ(|δ| − ½κ).

    Huber, 1964; its gradient is the TD error δ_j = y − q_j(s, a) clipped to [−κ, κ], as in Mnih et al., 2015, methods.
    Where several members predict, their losses are summed, and `error` is the mean of their |δ|.

    Attributes:
        delta: κ above 0, in units of q, where the parabola becomes a line.
        coefficient: c, at least 0.

    >>> import torch
    >>> prediction, td_target = torch.tensor([1.0, 2.0]), torch.tensor([4.0, 1.5])
    >>> Huber().compute(prediction=prediction, td_target=td_target)
    (tensor(1.3125), tensor([3.0000, 0.5000]))
    """

    equation = "L = c·mean(w·Σ_j h(δ_j)), h = ½δ² or κ(|δ| − ½κ) beyond κ, δ_j = y − q_j(s, a)"
    inputs = {
        "prediction": read("q@online", at="action", dims=("*", "batch")),
        "td_target": read("td_target"),
        "weight": read("weight", default=1),
    }
    outputs = ("loss", "error")

    delta: float = fields.number(1.0, gt=0.0)
    coefficient: float = fields.number(1.0, ge=0.0)

    def compute(self, *, prediction: Tensor, td_target: Tensor, weight: Tensor | float = 1) -> tuple[Tensor, Tensor]:
        """The loss, 0-dim, and |δ| of each row, `[B]`; `prediction` is `[*, B]`, the others are `[B]`."""
        target = functional.for_members("td_target", td_target.detach(), "prediction", prediction)
        rows = functional.total_of_members(functional.huber(prediction, target, self.delta))
        loss = functional.weighted_mean(rows, weight, self.coefficient)
        return loss, functional.mean_of_members((target - prediction.detach()).abs())
