"""λ-returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks.returns.base import REAL, STEPS, VALUES, Return

if TYPE_CHECKING:
    from torch import Tensor


@block("td_lambda")
class TDLambda(Return):
    """λ-returns: G_t = r_t + γ((1 − λ)·v(s_{t+1}) + λ·G_{t+1}) (Sutton, 1988; Sutton and Barto, 2018, eq. 12.18).

    Where the episode or the chunk ends, G_t = r_t + γ·v(s_{t+1}). The advantage is G_t − v(s_t), that of `GAE` with the
    same λ up to rounding.

    Attributes:
        lam: λ: 0 is one step, 1 the whole rest of the episode.

    >>> import torch
    >>> rows = {"reward": torch.ones(2, 1), "discount": torch.full((2, 1), 0.5)}
    >>> flags = {key: torch.zeros(2, 1, dtype=torch.bool) for key in ("terminated", "truncated")}
    >>> values = {"value": torch.zeros(2, 1), "next_value": torch.tensor([[2.0], [4.0]])}
    >>> TDLambda(0.5).compute(**rows, **flags, **values)[0].flatten()
    tensor([2.2500, 3.0000])
    """

    equation = "G_t = r_t + γ((1 − λ)·v(s_{t+1}) + λ·G_{t+1}), A_t = G_t − v(s_t)"
    inputs = {**STEPS, **VALUES, **REAL}

    lam: float = fields.number(0.95, ge=0.0, le=1.0)

    def compute(
        self, *, reward: Tensor, discount: Tensor, terminated: Tensor, truncated: Tensor, value: Tensor,
        next_value: Tensor, weight: Tensor | float = 1,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        """Returns and advantages; see the role."""
        functional.in_step(
            reward=reward, discount=discount, terminated=terminated, truncated=truncated, value=value,
            next_value=next_value, weight=weight,
        )  # fmt: skip
        found = functional.lambda_returns(reward, discount, next_value, end_t=terminated | truncated, lam=self.lam)
        return functional.real_rows(weight, found, found - value)
