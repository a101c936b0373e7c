"""The target of Q-learning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core.block import block
from rlblocks._core.declare import fn, raw, read
from rlblocks.targets.base import Backup, Target

if TYPE_CHECKING:
    from torch import Tensor


@block("max_q")
class MaxQ(Target):
    """Q-learning target: y = r + γ maxₐ q⁻(s′, a) (Watkins, 1989; with a target network q⁻ Mnih et al., 2015, eq. 1).

    >>> import torch
    >>> reward, discount = torch.tensor([1.0, 1.0]), torch.tensor([0.5, 0.0])
    >>> q = torch.tensor([[2.0, 4.0], [7.0, 8.0]])
    >>> MaxQ().compute(reward=reward, discount=discount, q_select=q, q_evaluate=q)
    tensor([3., 1.])
    """

    equation = "y = r + γ·maxₐ q⁻(s′, a)"
    inputs = {
        "reward": read("reward"),
        "discount": read("discount"),
        "q_select": read("next.q@target", dims=("batch", "action")),
        "q_evaluate": raw("next.q@target"),
        "backup": fn("q.backup"),
        "action_mask": read("next.action_mask", default=None),
    }
    tags = {"values": "the best action"}

    def compute(
        self, *, reward: Tensor, discount: Tensor, q_select: Tensor, q_evaluate: Tensor,
        backup: Backup = functional.one_step_backup, action_mask: Tensor | None = None,
    ) -> Tensor:  # fmt: skip
        """The target of each row, `[B, *form]`, without gradient."""
        best = functional.greedy_action(q_select, action_mask)
        return backup(reward, discount, functional.value_of_action(q_evaluate, best)).detach()
