"""The squared error of a state value that is kept near the value it had."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.declare import read, scheduled
from rlblocks.losses.base import Loss
from rlblocks.schedules import Schedule

if TYPE_CHECKING:
    from torch import Tensor


@block("clipped_value_loss")
class ClippedValueLoss(Loss):
    """A value's error, clipped: L = c·mean(w·½max((R − V)², (R − V_clip)²)), V_clip = V_old + clip(V − V_old, ±ε).

    Engstrom et al., 2020, section 3, in the form with max, which is that of the code of Schulman et al., 2017. V_old is
    the value before anything was learned from the row: the column `value`, which `Keep("value")` in the recipe's
    `prepare` writes. A row whose value has moved by more than ε, and is nearer to its return than V_clip is, has no
    gradient.

    Attributes:
        clip: ε at least 0, in units of the return; a schedule or a number.
        coefficient: c, at least 0; with the ½ of `ValueLoss`.

    >>> import torch
    >>> value, old_value, target = torch.ones(2), torch.zeros(2), torch.tensor([3.0, 1.0])
    >>> ClippedValueLoss(coefficient=1.0).compute(
    ...     value=value, old_value=old_value, target=target, clip=torch.tensor(0.5)
    ... )
    tensor(1.6250)
    """

    equation = "L = c·mean(w·½max((R − V)², (R − V_clip)²)), V_clip = V_old + clip(V − V_old, ±ε)"
    inputs = {
        "value": read("value@online"),
        "old_value": read("value"),
        "target": read("return"),
        "clip": scheduled("clip"),
        "weight": read("weight", default=1),
    }
    outputs = ("loss",)

    clip: Schedule = fields.schedule(0.2, ge=0.0)
    coefficient: float = fields.number(0.5, ge=0.0)

    def compute(
        self, *, value: Tensor, old_value: Tensor, target: Tensor, clip: Tensor, weight: Tensor | float = 1
    ) -> Tensor:
        """The loss, 0-dim; all arguments but `clip`, 0-dim, are `[B]`."""
        functional.same_shape("value", value, "return", target)
        functional.same_shape("value", value, "stored value", old_value)
        counted = functional.only_counted(value, weight)
        rows = functional.clipped_value_error(counted, old_value, target, clip)
        return functional.weighted_mean(functional.only_counted(rows, weight), weight, 0.5 * self.coefficient)
