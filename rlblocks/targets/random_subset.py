"""The target of randomized ensembled double Q-learning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.declare import draw, fn, read
from rlblocks.targets.base import DRAWN, Critic, Target

if TYPE_CHECKING:
    from torch import Tensor


@block("random_subset")
class RandomSubset(Target):
    """The target of REDQ: y = r + γ(min_{j∈M} q_j⁻(s′, ã) − α log π(ã|s′)), ã ~ π(·|s′).

    That of SAC for the least of a few critics, which are drawn anew from all of them for each learn step and are the
    same for all its rows (Chen et al., 2021, algorithm 1).

    Attributes:
        of: how many critics are drawn, |M|; at least 1 and at most all that there are.

    >>> import torch
    >>> RandomSubset(of=1).compute(
    ...     reward=torch.ones(2), discount=torch.tensor([0.5, 0.0]), action=torch.ones(2, 1),
    ...     log_prob=torch.tensor([-1.0, -1.0]), log_alpha=torch.tensor(0.0), u=torch.tensor([0.9, 0.2]),
    ...     q=lambda action: torch.stack((3 * action[:, 0], 5 * action[:, 0])),
    ... )
    tensor([4., 1.])
    """

    equation = "y = r + γ·(min_{j∈M} q_j⁻(s′, ã) − α·log π(ã|s′)), ã ~ π(·|s′), M ⊂ {1 … N} at random"
    inputs = {
        "reward": read("reward"),
        "discount": read("discount"),
        **DRAWN,
        "u": draw("uniform", over="member", like="next.q@target"),
        "q": fn("next.q@target"),
    }
    tags = {"members": "of"}

    of: int = fields.integer(2, ge=1)

    def compute(
        self, *, reward: Tensor, discount: Tensor, action: Tensor, log_prob: Tensor, log_alpha: Tensor, u: Tensor,
        q: Critic,
    ) -> Tensor:  # fmt: skip
        """The target of each row, `[B]`, without gradient; `action` is `[B, *shape]`, `u` `[N]`, `log_alpha` 0-dim."""
        least = functional.least_of_members(functional.subset_of_members(q(action), u, self.of))
        return functional.one_step_backup(reward, discount, functional.soft_value(least, log_prob, log_alpha)).detach()
