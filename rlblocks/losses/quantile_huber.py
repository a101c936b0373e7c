"""The quantile Huber error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.declare import Read, read
from rlblocks.losses.base import Loss

if TYPE_CHECKING:
    from torch import Tensor


@block("quantile_huber")
class QuantileHuber(Loss):
    """The error of quantiles: L = c·mean(w·Σ_j (1/MK) Σ_i Σ_k |τ̂_i − 1{u < 0}|·h_κ(u)/κ), u = y_k − θ_ji(s, a).

    Dabney et al., 2018, eq. 9 and 10, for the level τ̂_i = (2i − 1)/2M of each of M predicted quantiles, K numbers of
    the target in any order, and Huber's error h_κ. Where several members predict, their losses are summed. `error` is
    the distance between the mean of the target and that of the prediction, on average over members.

    Attributes:
        kappa: κ above 0, in units of q, where the parabola becomes a line.
        coefficient: c, at least 0.

    >>> import torch
    >>> prediction, td_target = torch.tensor([[0.0, 2.0]]), torch.tensor([[3.0]])
    >>> QuantileHuber().compute(prediction=prediction, td_target=td_target)  # (¼·2½ + ¾·½)/2, and 3 − 1
    (tensor(0.5000), tensor([2.]))

    Differs from the papers: the mean over i and k is that of Kuznetsov et al., 2020, section 3, for each member by
    itself; code that takes it over N members too is `coefficient=1/N`. Dabney et al., 2018, algorithm 1, sum over i,
    which is `coefficient=M`. The division by κ is that of Dabney et al., 2018b, eq. 3; at κ = 1 all agree.
    """

    equation = "L = c·mean(w·Σ_j (1/MK) Σ_i Σ_k |τ̂_i − 1{u < 0}|·h_κ(u)/κ), u = y_k − θ_ji(s, a)"
    inputs = {
        "prediction": Read("q@online", at="action", dims=("*", "batch", "quantile"), raw=True),
        "td_target": read("td_target"),
        "weight": read("weight", default=1),
    }
    outputs = ("loss", "error")

    kappa: float = fields.number(1.0, gt=0.0)
    coefficient: float = fields.number(1.0, ge=0.0)

    def compute(self, *, prediction: Tensor, td_target: Tensor, weight: Tensor | float = 1) -> tuple[Tensor, Tensor]:
        """The loss, 0-dim, and `error`, `[B]`; `prediction` is `[*, B, M]`, `td_target` `[B, K]`, `weight` `[B]`."""
        rows = functional.total_of_members(functional.quantile_huber(prediction, td_target, self.kappa))
        distance = td_target.detach().mean(-1) - prediction.detach().mean(-1)
        loss = functional.weighted_mean(rows, weight, self.coefficient)
        return loss, functional.mean_of_members(distance.abs())
