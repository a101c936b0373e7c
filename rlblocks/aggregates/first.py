"""One of several values, always the same one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core.block import block
from rlblocks.aggregates.base import Aggregate

if TYPE_CHECKING:
    from torch import Tensor


@block("first")
class First(Aggregate):
    """The first member: q_1, by which TD3 trains its policy (Fujimoto et al., 2018, algorithm 1).

    >>> import torch
    >>> First().compute(torch.tensor([[1.0, 5.0], [3.0, 2.0]]))
    tensor([1., 5.])
    """

    equation = "q_1"
    tags = {"order": "matters"}

    def compute(self, values: Tensor) -> Tensor:
        """`[*, B] -> [B]`."""
        return functional.first_of_members(values)
