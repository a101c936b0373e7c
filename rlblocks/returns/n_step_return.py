"""Returns of n steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks.returns.base import REAL, STEPS, VALUES, Return

if TYPE_CHECKING:
    from torch import Tensor


@block("n_step_return")
class NStepReturn(Return):
    """Rewards of n steps, then a value: G_t = Σ_{k<n} γᵏ·r_{t+k} + γⁿ·v(s_{t+n}) (Sutton and Barto, 2018, eq. 7.1).

    n is less where the episode or the chunk ends before. The advantage is G_t − v(s_t) (Mnih et al., 2016, section 4).

    Differs from Mnih et al.: there, n falls from the first row of a chunk to the last, which `TDLambda(1.0)` computes;
    here it is the same for all rows that have as many behind them.

    Attributes:
        n: steps of reward at most, at least 1.

    >>> import torch
    >>> rows = {"reward": torch.ones(3, 1), "discount": torch.full((3, 1), 0.5)}
    >>> flags = {key: torch.zeros(3, 1, dtype=torch.bool) for key in ("terminated", "truncated")}
    >>> values = {"value": torch.zeros(3, 1), "next_value": torch.tensor([[8.0], [8.0], [4.0]])}
    >>> NStepReturn(2).compute(**rows, **flags, **values)[0].flatten()
    tensor([3.5000, 2.5000, 3.0000])
    """

    equation = "G_t = Σ_{k<n} γᵏ·r_{t+k} + γⁿ·v(s_{t+n}), A_t = G_t − v(s_t)"
    inputs = {**STEPS, **VALUES, **REAL}

    n: int = fields.integer(5, ge=1, unit="steps")

    def compute(
        self, *, reward: Tensor, discount: Tensor, terminated: Tensor, truncated: Tensor, value: Tensor,
        next_value: Tensor, weight: Tensor | float = 1,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        """Returns and advantages; see the role."""
        functional.in_step(
            reward=reward, discount=discount, terminated=terminated, truncated=truncated, value=value,
            next_value=next_value, weight=weight,
        )  # fmt: skip
        found = functional.n_step_returns(reward, discount, next_value, end_t=terminated | truncated, n=self.n)
        return functional.real_rows(weight, found, found - value)
