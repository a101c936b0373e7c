"""Discounted sums of rewards (REINFORCE)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core.block import block
from rlblocks._core.declare import read
from rlblocks.returns.base import DIMS, REAL, STEPS, Return

if TYPE_CHECKING:
    from torch import Tensor


@block("monte_carlo")
class MonteCarlo(Return):
    """The discounted reward until the episode ends: G_t = Σ_k γᵏ·r_{t+k} (Sutton and Barto, 2018, eq. 3.11).

    The advantage is G_t − v(s_t), the baseline; where no network writes `value` it is G_t itself. Where the rows stop
    before the episode is over, at a truncated row and at the last one of the chunk, γ·v(s′) stands for what would have
    followed; where no network writes `value`, nothing does, and such returns are too small by that much.

    >>> import torch
    >>> rows = {"reward": torch.ones(3, 1), "discount": torch.tensor([[0.5], [0.0], [0.5]])}
    >>> flags = {"terminated": rows["discount"] == 0, "truncated": torch.zeros(3, 1, dtype=torch.bool)}
    >>> MonteCarlo().compute(**rows, **flags, value=torch.full((3, 1), 0.5), next_value=torch.full((3, 1), 4.0))
    (tensor([[1.5000],
            [1.0000],
            [3.0000]]), tensor([[1.0000],
            [0.5000],
            [2.5000]]))
    """

    equation = "G_t = Σ_k γᵏ·r_{t+k}, A_t = G_t − v(s_t)"
    inputs = {
        **STEPS,
        "value": read("value@online", default=0, dims=DIMS),
        "next_value": read("next.value@online", default=0, dims=DIMS),
        **REAL,
    }

    def compute(
        self, *, reward: Tensor, discount: Tensor, terminated: Tensor, truncated: Tensor,
        value: Tensor | float = 0, next_value: Tensor | float = 0, weight: Tensor | float = 1,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        """Returns and advantages; see the role."""
        functional.in_step(
            reward=reward, discount=discount, terminated=terminated, truncated=truncated, value=value,
            next_value=next_value, weight=weight,
        )  # fmt: skip
        found = functional.lambda_returns(reward, discount, next_value, end_t=terminated | truncated, lam=1.0)
        return functional.real_rows(weight, found, found - value)
