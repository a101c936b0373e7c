"""The best action that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core.block import block
from rlblocks._core.declare import read
from rlblocks.explorers.base import Explorer

if TYPE_CHECKING:
    from torch import Tensor


@block("greedy")
class Greedy(Explorer):
    """The legal action of the greatest value, the first of several: a = argmaxₐ q(s, a).

    >>> import torch
    >>> Greedy().compute(q=torch.tensor([[1.0, 3.0, 3.0], [9.0, 0.0, 1.0]]))
    tensor([1, 0])
    """

    equation = "a = argmaxₐ q(s, a)"
    inputs = {"q": read("q@online", dims=("batch", "action")), "action_mask": read("action_mask", default=None)}

    def compute(self, *, q: Tensor, action_mask: Tensor | None = None) -> Tensor:
        """The action of each row, `[B]` int64."""
        return functional.greedy_action(q, action_mask)

    def evaluation(self) -> Explorer:
        """Itself."""
        return self
