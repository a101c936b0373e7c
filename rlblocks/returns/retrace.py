"""Retrace(λ): values of actions under the present policy from the actions of an older one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks.returns.base import RATIOS, REAL, STEPS, VALUES, Return, timed

if TYPE_CHECKING:
    from torch import Tensor


@block("retrace")
class Retrace(Return):
    """Retrace(λ): G_t = q(s_t, a_t) + Σ_k γᵏ(Π_{i≤k} c_i)·δ_k, c = λ·min(1, π/μ) (Munos et al., 2016, eq. 3).

    δ_t = r_t + γ·v(s_{t+1}) − q(s_t, a_t); the product begins at the row after t, and the sum ends with the episode.
    The return is what q(s_t, a_t) is trained towards; the advantage is G_t − v(s_t) (Wang et al., 2017, section 3).

    Differs from the paper: the expectation Σₐ π(a|s)·q(s, a) is read as the key `value`, so that whatever network
    writes it fits, of discrete and continuous actions alike; a `value` learned apart is an estimate of it.

    Attributes:
        lam: λ.

    >>> import torch
    >>> rows = {"reward": torch.ones(2, 1), "discount": torch.full((2, 1), 0.5)}
    >>> flags = {key: torch.zeros(2, 1, dtype=torch.bool) for key in ("terminated", "truncated")}
    >>> values = {key: torch.zeros(2, 1) for key in ("value", "next_value", "q")}
    >>> policies = {"log_prob": torch.full((2, 1), 0.5).log(), "behaviour_log_prob": torch.zeros(2, 1)}
    >>> Retrace(1.0).compute(**rows, **flags, **values, **policies)[0].flatten()
    tensor([1.2500, 1.0000])
    """

    equation = "G_t = q(s_t, a_t) + Σ_k γᵏ(Π c)·(r_k + γ·v(s_{k+1}) − q(s_k, a_k)), A_t = G_t − v(s_t)"
    inputs = {**STEPS, **VALUES, "q": timed("q@online", at="action"), **RATIOS, **REAL}

    lam: float = fields.number(1.0, ge=0.0, le=1.0)

    def compute(
        self, *, reward: Tensor, discount: Tensor, terminated: Tensor, truncated: Tensor, value: Tensor,
        next_value: Tensor, q: Tensor, log_prob: Tensor, behaviour_log_prob: Tensor, weight: Tensor | float = 1,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        """Returns and advantages; see the role."""
        functional.in_step(
            reward=reward, discount=discount, terminated=terminated, truncated=truncated, value=value,
            next_value=next_value, q=q, log_prob=log_prob, behaviour_log_prob=behaviour_log_prob, weight=weight,
        )  # fmt: skip
        found = functional.retrace_returns(
            reward, discount, q, next_value, end_t=terminated | truncated,
            ratio_tm1=(log_prob - behaviour_log_prob).exp(), lam=self.lam,
        )  # fmt: skip
        return functional.real_rows(weight, found, found - value)
