"""The loss of a deterministic policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.declare import fn, read
from rlblocks.aggregates import Aggregate, First
from rlblocks.losses.base import Loss

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor


@block("deterministic_policy_loss")
class DeterministicPolicyLoss(Loss):
    """The deterministic policy gradient's loss: L = −c·mean(w·q(s, μ(s))), where q is what the critics say together.

    Lillicrap et al., 2016, eq. 6 (Silver et al., 2014, eq. 9). Its gradient by the action is −∂q/∂a, and by the
    parameters of the policy −∂q/∂a·∂μ/∂θ; those of the critics are not trained by it.

    Attributes:
        over: what several members say as one number: the first, as in Fujimoto et al., 2018, algorithm 1.
        coefficient: c, at least 0.

    >>> import torch
    >>> mode = torch.tensor([[1.0], [2.0]])
    >>> DeterministicPolicyLoss().compute(mode=mode, q=lambda action: 3 * action.squeeze(1))
    tensor(-4.5000)
    """

    equation = "L = −c·mean(w·q(s, μ(s)))"
    inputs = {"mode": read("mode@online"), "q": fn("q@online"), "weight": read("weight", default=1)}
    outputs = ("loss",)

    over: Aggregate = fields.slot("aggregates", First)
    coefficient: float = fields.number(1.0, ge=0.0)

    def compute(self, *, mode: Tensor, q: Callable[[Tensor], Tensor], weight: Tensor | float = 1) -> Tensor:
        """The loss, 0-dim; `mode` is `[B, *shape]`, `q` takes such actions to `[*, B]`, `weight` is `[B]`."""
        rows = functional.only_counted(self.over.compute(q(mode)), weight)
        return functional.weighted_mean(rows, weight, -self.coefficient)
