"""The target of soft actor-critic where actions can be counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.declare import read
from rlblocks.aggregates import Aggregate, Least
from rlblocks.targets.base import Target

if TYPE_CHECKING:
    from torch import Tensor


@block("discrete_soft_q")
class DiscreteSoftQ(Target):
    """The target of SAC over Discrete actions: y = r + γ Σ_a π(a|s′)(min_j q_j⁻(s′, a) − α log π(a|s′)).

    The mean over all actions, which SAC estimates from one (Christodoulou, 2019, eq. 10).

    Attributes:
        over: what several critics say as one number, action by action: the least.

    >>> import torch
    >>> DiscreteSoftQ().compute(
    ...     reward=torch.ones(2), discount=torch.tensor([0.5, 0.0]), logits=torch.zeros(2, 2),
    ...     q=torch.tensor([[2.0, 4.0], [7.0, 8.0]]), log_alpha=torch.tensor(0.0),  # V = 3 + log 2
    ... )
    tensor([2.8466, 1.0000])
    """

    equation = "y = r + γ·Σ_a π(a|s′)(min_j q_j⁻(s′, a) − α·log π(a|s′))"
    inputs = {
        "reward": read("reward"),
        "discount": read("discount"),
        "logits": read("next.logits@online", dims=("batch", "action")),
        "q": read("next.q@target", dims=("*", "batch", "action")),
        "log_alpha": read("log_alpha@online"),
        "action_mask": read("next.action_mask", default=None),
    }

    over: Aggregate = fields.slot("aggregates", Least)

    def compute(
        self, *, reward: Tensor, discount: Tensor, logits: Tensor, q: Tensor, log_alpha: Tensor,
        action_mask: Tensor | None = None,
    ) -> Tensor:  # fmt: skip
        """The target of each row, `[B]`, without gradient; `logits` is `[B, A]`, `q` `[*, B, A]`."""
        legal = logits if action_mask is None else functional.legal_logits(logits, action_mask)
        one = self.over.compute(q.flatten(-2)).unflatten(0, q.shape[-2:])  # [B, A]
        value = -functional.discrete_soft_policy_loss(legal, one, log_alpha)
        return functional.one_step_backup(reward, discount, value).detach()
