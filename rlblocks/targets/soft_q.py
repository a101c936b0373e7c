"""The target of soft actor-critic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.declare import fn, read
from rlblocks.aggregates import Aggregate, Least
from rlblocks.targets.base import DRAWN, Critic, Target

if TYPE_CHECKING:
    from torch import Tensor


@block("soft_q")
class SoftQ(Target):
    """The target of SAC: y = r + γ(min_j q_j⁻(s′, ã) − α log π(ã|s′)), ã ~ π(·|s′) (Haarnoja et al., 2018b, eq. 2, 3).

    The next action and its log-probability are those of the online policy; there is no target of it.

    Attributes:
        over: what several critics say as one number: the least.

    >>> import torch
    >>> SoftQ().compute(
    ...     reward=torch.ones(2), discount=torch.tensor([0.5, 0.0]), action=torch.ones(2, 1),
    ...     log_prob=torch.tensor([-1.0, -1.0]), log_alpha=torch.tensor(0.0), q=lambda action: 3 * action[:, 0],
    ... )
    tensor([3., 1.])
    """

    equation = "y = r + γ·(min_j q_j⁻(s′, ã) − α·log π(ã|s′)), ã ~ π(·|s′)"
    inputs = {
        "reward": read("reward"),
        "discount": read("discount"),
        **DRAWN,
        "q": fn("next.q@target"),
    }

    over: Aggregate = fields.slot("aggregates", Least)

    def compute(
        self, *, reward: Tensor, discount: Tensor, action: Tensor, log_prob: Tensor, log_alpha: Tensor, q: Critic
    ) -> Tensor:
        """The target of each row, `[B]`, without gradient; `action` is `[B, *shape]`, `log_alpha` 0-dim."""
        value = functional.soft_value(self.over.compute(q(action)), log_prob, log_alpha)
        return functional.one_step_backup(reward, discount, value).detach()
