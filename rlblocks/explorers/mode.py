"""What a policy does where nothing is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks._core.block import block
from rlblocks._core.declare import read
from rlblocks.explorers.base import Explorer

if TYPE_CHECKING:
    from torch import Tensor


@block("mode")
class Mode(Explorer):
    """The most probable action of a policy, or the one that its family takes for it: a = mode π(·|s).

    >>> import torch
    >>> Mode().compute(mode=torch.tensor([1, 0]))
    tensor([1, 0])
    """

    equation = "a = mode π(·|s)"
    inputs = {"mode": read("mode@online")}

    def compute(self, *, mode: Tensor) -> Tensor:
        """The action of each row, `[B, *shape]`."""
        return mode.detach().clone()

    def evaluation(self) -> Explorer:
        """Itself."""
        return self
