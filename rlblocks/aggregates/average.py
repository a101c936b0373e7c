"""The mean of several values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core.block import block
from rlblocks.aggregates.base import Aggregate

if TYPE_CHECKING:
    from torch import Tensor


@block("average")
class Average(Aggregate):
    """The mean of all N members: (1/N) Σ_j q_j, as the policy of REDQ has it (Chen et al., 2021, algorithm 1).

    >>> import torch
    >>> Average().compute(torch.tensor([[1.0, 5.0], [3.0, 2.0]]))
    tensor([2.0000, 3.5000])
    """

    equation = "(1/N) Σ_j q_j"

    def compute(self, values: Tensor) -> Tensor:
        """`[*, B] -> [B]`."""
        return functional.mean_of_members(values)
