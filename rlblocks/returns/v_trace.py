"""V-trace: values of the present policy from the actions of an older one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks.returns.base import RATIOS, REAL, STEPS, VALUES, Return

if TYPE_CHECKING:
    from torch import Tensor


@block("v_trace")
class VTrace(Return):
    """V-trace: v̂_t = v(s_t) + Σ_k γᵏ(Π_{i<k} c_i)·ρ_k·δ_k (Espeholt et al., 2018, eq. 1).

    δ_t = r_t + γ·v(s_{t+1}) − v(s_t), ρ = min(ρ̄, π/μ), c = λ·min(c̄, π/μ); the sum ends with the episode. The return
    is v̂. The advantage is that of their section 4.2, with the ratio, as the policy gradient takes it:
    ρ_t·(r_t + γ·v̂_{t+1} − v(s_t)), where v̂_{t+1} is v(s_{t+1}) if the episode or the chunk ends.

    On-policy the return is that of `GAE` with the same λ; the advantage is so at λ = 1, because the paper's takes the
    whole of v̂_{t+1}.

    Attributes:
        lam: λ.
        rho_max: ρ̄: towards which policy the values go; π as it grows, μ as it falls to 0.
        c_max: c̄: how far a later row counts.

    >>> import torch
    >>> rows = {"reward": torch.ones(2, 1), "discount": torch.full((2, 1), 0.5)}
    >>> flags = {key: torch.zeros(2, 1, dtype=torch.bool) for key in ("terminated", "truncated")}
    >>> values = {"value": torch.zeros(2, 1), "next_value": torch.zeros(2, 1)}
    >>> policies = {"log_prob": torch.zeros(2, 1), "behaviour_log_prob": torch.full((2, 1), 0.5).log()}
    >>> [x.flatten().tolist() for x in VTrace(1.0, rho_max=4.0).compute(**rows, **flags, **values, **policies)]
    [[3.0, 2.0], [4.0, 2.0]]
    """

    equation = "v̂_t = v(s_t) + Σ_k γᵏ(Π c)·ρ_k·δ_k, A_t = ρ_t(r_t + γ·v̂_{t+1} − v(s_t))"
    inputs = {**STEPS, **VALUES, **RATIOS, **REAL}

    lam: float = fields.number(1.0, ge=0.0, le=1.0)
    rho_max: float = fields.number(1.0, ge=0.0)
    c_max: float = fields.number(1.0, ge=0.0)

    def compute(
        self, *, reward: Tensor, discount: Tensor, terminated: Tensor, truncated: Tensor, value: Tensor,
        next_value: Tensor, log_prob: Tensor, behaviour_log_prob: Tensor, weight: Tensor | float = 1,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        """Returns and advantages; see the role."""
        functional.in_step(
            reward=reward, discount=discount, terminated=terminated, truncated=truncated, value=value,
            next_value=next_value, log_prob=log_prob, behaviour_log_prob=behaviour_log_prob, weight=weight,
        )  # fmt: skip
        found, advantage = functional.vtrace(
            reward, discount, value, next_value, end_t=terminated | truncated,
            ratio_tm1=(log_prob - behaviour_log_prob).exp(), lam=self.lam, rho_max=self.rho_max, c_max=self.c_max,
        )  # fmt: skip
        return functional.real_rows(weight, found, advantage)
