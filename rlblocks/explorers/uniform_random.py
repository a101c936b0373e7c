"""Any action."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core.block import block
from rlblocks._core.declare import draw, read, size
from rlblocks.explorers.base import Explorer

if TYPE_CHECKING:
    from torch import Tensor


@block("uniform_random")
class UniformRandom(Explorer):
    """Every legal action equally likely, whatever its value: p(a) = 1/n. It reads no network.

    >>> import torch
    >>> UniformRandom().compute(choice=torch.tensor([0.1, 0.6, 0.9]), actions=3)
    tensor([0, 1, 2])
    """

    equation = "p(a) = 1/n over the n legal actions"
    inputs = {
        "choice": draw("uniform"),
        "actions": size("action"),
        "action_mask": read("action_mask", default=None),
    }
    tags = {"ties": "first", "evaluation": "stochastic"}

    def compute(self, *, choice: Tensor, actions: int, action_mask: Tensor | None = None) -> Tensor:
        """The action of each row, `[B]` int64."""
        if action_mask is None:
            return functional.uniform_action(choice, actions)
        return functional.uniform_legal_action(choice, action_mask)

    def evaluation(self) -> Explorer:
        """Itself: what is evaluated is a policy that does not look at values."""
        return self
