"""The squared error of a state value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.declare import read
from rlblocks.losses.base import Loss

if TYPE_CHECKING:
    from torch import Tensor


@block("value_loss")
class ValueLoss(Loss):
    """Half the mean squared error of a value: L = c·mean(w·½(R − V(s))²) (Schulman et al., 2017, eq. 9, with ½).

    The ½ is that of `SquaredError`: a coefficient that was found with mean(δ²), without ½, is carried over as twice it.

    Attributes:
        coefficient: c, at least 0.

    >>> import torch
    >>> ValueLoss(coefficient=1.0).compute(value=torch.tensor([1.0, 2.0]), target=torch.tensor([4.0, 1.0]))
    tensor(2.5000)
    """

    equation = "L = c·mean(w·½(R − V(s))²)"
    inputs = {"value": read("value@online"), "target": read("return"), "weight": read("weight", default=1)}
    outputs = ("loss",)  # no `error`: beside a loss that pays a store with it, there would be two

    coefficient: float = fields.number(0.5, ge=0.0)

    def compute(self, *, value: Tensor, target: Tensor, weight: Tensor | float = 1) -> Tensor:
        """The loss, 0-dim; all three arguments are `[B]`, V and R in units of the return."""
        functional.same_shape("value", value, "return", target)
        rows = functional.squared_error(functional.only_counted(value, weight), target.detach())
        return functional.weighted_mean(functional.only_counted(rows, weight), weight, 0.5 * self.coefficient)
