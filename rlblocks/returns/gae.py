"""Generalized advantage estimation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks.returns.base import REAL, STEPS, VALUES, Return

if TYPE_CHECKING:
    from torch import Tensor


@block("gae")
class GAE(Return):
    """Generalized advantages: A_t = Σ_l (γλ)ˡ δ_{t+l} (Schulman et al., 2016, eq. 16).

    δ_t = r_t + γ·v(s_{t+1}) − v(s_t). The sum ends with the episode. The return is A_t + v(s_t), the λ-return.

    Attributes:
        lam: λ: 0 trusts the values, 1 the rewards.

    >>> import torch
    >>> rows = {"reward": torch.ones(2, 1), "discount": torch.full((2, 1), 0.5)}
    >>> flags = {key: torch.zeros(2, 1, dtype=torch.bool) for key in ("terminated", "truncated")}
    >>> values = {"value": torch.tensor([[0.0], [2.0]]), "next_value": torch.tensor([[2.0], [4.0]])}
    >>> [column.flatten().tolist() for column in GAE(0.5).compute(**rows, **flags, **values)]
    [[2.25, 3.0], [2.25, 1.0]]
    """

    equation = "A_t = Σ_l (γλ)ˡ δ_{t+l}, δ_t = r_t + γ·v(s_{t+1}) − v(s_t), G_t = A_t + v(s_t)"
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
        found = functional.generalized_advantages(
            reward, discount, value, next_value, end_t=terminated | truncated, lam=self.lam
        )
        return functional.real_rows(weight, found + value, found)
