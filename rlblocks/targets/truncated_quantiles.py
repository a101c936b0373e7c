"""The target of truncated quantile critics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.declare import fn, read
from rlblocks.targets.base import DRAWN, Critic, Target

if TYPE_CHECKING:
    from torch import Tensor


@block("truncated_quantiles")
class TruncatedQuantiles(Target):
    """The target of TQC: y_i = r + γ(z_(i)(s′, ã) − α log π(ã|s′)), ã ~ π(·|s′), for the kN least of all MN atoms.

    The atoms of N critics are pooled and sorted, and the greatest are left out (Kuznetsov et al., 2020, section 3):
    more of them for values that are believed less.

    Attributes:
        drop: how many atoms are left out for each critic, M − k; below M. They need not be its own.

    >>> import torch
    >>> TruncatedQuantiles(drop=1).compute(
    ...     reward=torch.ones(2), discount=torch.tensor([0.5, 0.0]), action=torch.ones(2, 1),
    ...     log_prob=torch.zeros(2), log_alpha=torch.tensor(0.0),
    ...     quantiles=lambda action: action * torch.tensor([[[4.0, 9.0]], [[2.0, 8.0]]]),
    ... )
    tensor([[2., 3.],
            [1., 1.]])
    """

    equation = "y_i = r + γ·(z_(i)(s′, ã) − α·log π(ã|s′)), i = 1 … kN, ã ~ π(·|s′)"
    inputs = {
        "reward": read("reward"),
        "discount": read("discount"),
        **DRAWN,
        "quantiles": fn("next.quantiles@target"),
    }
    tags = {"atoms": "drop"}

    drop: int = fields.integer(2, ge=0)

    def compute(
        self, *, reward: Tensor, discount: Tensor, action: Tensor, log_prob: Tensor, log_alpha: Tensor,
        quantiles: Critic,
    ) -> Tensor:  # fmt: skip
        """The target of each row, `[B, kN]`, without gradient; `action` is `[B, *shape]`, `log_alpha` 0-dim."""
        atoms = functional.least_quantiles(quantiles(action), self.drop)
        return functional.one_step_backup(reward, discount, functional.soft_value(atoms, log_prob, log_alpha)).detach()
