"""The policy gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.declare import read
from rlblocks.losses.base import Loss

if TYPE_CHECKING:
    from torch import Tensor


@block("policy_gradient")
class PolicyGradient(Loss):
    """The policy gradient's loss: L = −c·mean(w·A·log π(a|s)) (Schulman et al., 2017, eq. 2).

    REINFORCE (Williams, 1992) where A is a return. Its gradient estimates that of the expected return only on rows of
    the present policy: one update for each chunk.

    Attributes:
        coefficient: c, at least 0.

    >>> import torch
    >>> PolicyGradient().compute(log_prob=torch.tensor([-0.5, -2.0]), advantage=torch.tensor([2.0, -1.0]))
    tensor(-0.5000)
    """

    equation = "L = −c·mean(w·A·log π(a|s))"
    inputs = {
        "log_prob": read("log_prob@online", at="action"),
        "advantage": read("advantage"),
        "weight": read("weight", default=1),
    }
    outputs = ("loss",)

    coefficient: float = fields.number(1.0, ge=0.0)

    def compute(self, *, log_prob: Tensor, advantage: Tensor, weight: Tensor | float = 1) -> Tensor:
        """The loss, 0-dim; all three arguments are `[B]`, A in units of the return."""
        functional.same_shape("log_prob", log_prob, "advantage", advantage)
        rows = functional.policy_gradient(functional.only_counted(log_prob, weight), advantage)
        return functional.weighted_mean(functional.only_counted(rows, weight), weight, self.coefficient)
