"""The least of several values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core.block import block
from rlblocks.aggregates.base import Aggregate

if TYPE_CHECKING:
    from torch import Tensor


@block("least")
class Least(Aggregate):
    """The least member: min_j q_j, which errs on the low side where each member alone errs on the high one.

    Clipped double Q-learning (Fujimoto et al., 2018, eq. 10) takes it of two.

    >>> import torch
    >>> Least().compute(torch.tensor([[1.0, 5.0], [3.0, 2.0]]))
    tensor([1., 2.])
    """

    equation = "min_j q_j"

    def compute(self, values: Tensor) -> Tensor:
        """`[*, B] -> [B]`."""
        return functional.least_of_members(values)
