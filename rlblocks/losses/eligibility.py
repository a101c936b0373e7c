"""The value itself, for optimizers that keep an eligibility trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.declare import read
from rlblocks.losses.base import Loss

if TYPE_CHECKING:
    from torch import Tensor


@block("eligibility")
class Eligibility(Loss):
    """Leaves the gradient of the value, ∇q(s, a), and hands the TD error over beside it: L = c·mean(w·q(s, a)).

    Nothing is minimised by this alone: it is what the trace of `Traces` sums up, z ← γλz + ∇q, and its optimizer steps
    by δ·z (Sutton and Barto, 2018, section 12.7). Under a squared error the trace would sum up −δ∇q, which is another
    algorithm.

    Attributes:
        coefficient: c, at least 0.

    >>> import torch
    >>> Eligibility().compute(prediction=torch.tensor([1.0, 2.0]), td_target=torch.tensor([4.0, 1.0]))
    (tensor(1.5000), tensor([ 3., -1.]), tensor([3., 1.]))
    """

    equation = "L = c·mean(w·q(s, a)), δ = y − q(s, a)"
    inputs = {
        "prediction": read("q@online", at="action", dims=("batch",)),
        "td_target": read("td_target"),
        "weight": read("weight", default=1),
    }
    outputs = ("loss", "td_error", "error")
    debts = ("td_error",)

    coefficient: float = fields.number(1.0, ge=0.0)

    def compute(
        self, *, prediction: Tensor, td_target: Tensor, weight: Tensor | float = 1
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The loss, 0-dim, δ and |δ| of each row, `[B]`; all arguments are `[B]`."""
        functional.same_shape("prediction", prediction, "td_target", td_target)
        delta = td_target.detach() - prediction.detach()
        return functional.weighted_mean(prediction * self.coefficient, weight), delta, delta.abs()
