"""The loss of a policy that is to have entropy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.declare import fn, read
from rlblocks._core.keys import Spec
from rlblocks.aggregates import Aggregate, Least
from rlblocks.losses.base import Loss

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor


@block("soft_policy_loss")
class SoftPolicyLoss(Loss):
    """The soft policy's loss: L = c·mean(w·(α log π(ã|s) − q(s, ã))), ã ~ π(·|s), where q is what the critics say.

    Haarnoja et al., 2018b, eq. 7 and 9, with the gradient through the drawn action. α is a constant here, and the
    critics are not trained by it. Reported besides, as an average over rows by weight: `policy_entropy`, which is that
    of −log π(ã|s), in nats.

    Attributes:
        over: what several members say as one number: the least.
        coefficient: c, at least 0.

    >>> import torch
    >>> sample, log_prob, log_alpha = torch.tensor([[1.0], [2.0]]), torch.tensor([-1.0, 0.5]), torch.tensor(0.0)
    >>> SoftPolicyLoss().compute(
    ...     sample=sample, log_prob=log_prob, log_alpha=log_alpha, q=lambda action: 3 * action.squeeze(1)
    ... )
    (tensor(-4.7500), tensor(0.2500))
    """

    equation = "L = c·mean(w·(α log π(ã|s) − q(s, ã)))"
    inputs = {
        "sample": read("sample@online"),
        "log_prob": read("log_prob@online"),
        "log_alpha": read("log_alpha@online"),
        "q": fn("q@online"),
        "weight": read("weight", default=1),
    }
    outputs = ("loss", "policy_entropy")
    specs = {"policy_entropy": Spec(dims=())}
    tags = {"constant": "log_alpha"}

    over: Aggregate = fields.slot("aggregates", Least)
    coefficient: float = fields.number(1.0, ge=0.0)

    def compute(
        self, *, sample: Tensor, log_prob: Tensor, log_alpha: Tensor, q: Callable[[Tensor], Tensor],
        weight: Tensor | float = 1,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        """The loss and the average, each 0-dim.

        `sample` is `[B, *shape]`, `q` takes such actions to `[*, B]`, `log_alpha` is 0-dim, the others are `[B]`.
        """
        rows = functional.soft_policy_loss(log_prob, self.over.compute(q(sample)), log_alpha)
        loss = functional.weighted_mean(functional.only_counted(rows, weight), weight, self.coefficient)
        return loss, functional.weighted_average(functional.only_counted(-log_prob, weight), weight)
