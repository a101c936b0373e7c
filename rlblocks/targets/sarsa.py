"""The target of SARSA."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core.block import block
from rlblocks._core.declare import fn, raw, read
from rlblocks.targets.base import Backup, Target

if TYPE_CHECKING:
    from torch import Tensor


@block("sarsa")
class Sarsa(Target):
    """SARSA target: y = r + γ q⁻(s′, a′), a′ the action that was taken next (Sutton and Barto, 2018, eq. 6.7).

    What is learned is the value of the policy that acts, exploration included. The next action is a column of the store
    `WithNext`.

    >>> import torch
    >>> reward, discount = torch.tensor([1.0, 1.0]), torch.tensor([0.5, 0.0])
    >>> q = torch.tensor([[2.0, 4.0], [7.0, 8.0]])
    >>> Sarsa().compute(reward=reward, discount=discount, q=q, next_action=torch.tensor([0, 1]))
    tensor([2., 1.])
    """

    equation = "y = r + γ·q⁻(s′, a′)"
    inputs = {
        "reward": read("reward"),
        "discount": read("discount"),
        "q": raw("next.q@target"),
        "next_action": read("next.action"),
        "backup": fn("q.backup"),
    }

    def compute(
        self, *, reward: Tensor, discount: Tensor, q: Tensor, next_action: Tensor,
        backup: Backup = functional.one_step_backup,
    ) -> Tensor:  # fmt: skip
        """The target of each row, `[B, *form]`, without gradient; `next_action` is `[B]` int64."""
        return backup(reward, discount, functional.value_of_action(q, next_action)).detach()
