"""The target of double Q-learning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core.block import block
from rlblocks._core.declare import fn, raw, read
from rlblocks.targets.base import Backup, Target

if TYPE_CHECKING:
    from torch import Tensor


@block("double_q")
class DoubleQ(Target):
    """Double Q-learning target: y = r + γ q⁻(s′, argmaxₐ q(s′, a)) (van Hasselt et al., 2016, eq. 4).

    The online network q chooses the action, the target network q⁻ says what it is worth.

    >>> import torch
    >>> reward, discount = torch.tensor([1.0, 1.0]), torch.tensor([0.5, 0.0])
    >>> online, target = torch.tensor([[9.0, 0.0], [0.0, 9.0]]), torch.tensor([[2.0, 4.0], [7.0, 8.0]])
    >>> DoubleQ().compute(reward=reward, discount=discount, q_select=online, q_evaluate=target)
    tensor([2., 1.])
    """

    equation = "y = r + γ·q⁻(s′, argmaxₐ q(s′, a))"
    inputs = {
        "reward": read("reward"),
        "discount": read("discount"),
        "q_select": read("next.q@online", dims=("batch", "action")),
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
