"""The loss of a policy over choices that is to have entropy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.declare import read
from rlblocks._core.keys import Spec
from rlblocks.aggregates import Aggregate, Least
from rlblocks.losses.base import Loss

if TYPE_CHECKING:
    from torch import Tensor


@block("discrete_soft_policy_loss")
class DiscreteSoftPolicyLoss(Loss):
    """The soft policy's loss over all actions: L = c·mean(w·Σ_a π(a|s)(α log π(a|s) − q(s, a))).

    Christodoulou, 2019, eq. 12: the expectation that `SoftPolicyLoss` estimates by one action. α and q are constants
    here. Reported besides, as an average over rows by weight: `policy_entropy`, in nats.

    Attributes:
        over: what several members say of each action as one number: the least.
        coefficient: c, at least 0.

    >>> import torch
    >>> logits, q = torch.zeros(1, 2), torch.tensor([[[1.0, 3.0]], [[1.0, 2.0]]])  # two members
    >>> DiscreteSoftPolicyLoss().compute(logits=logits, q=q, log_alpha=torch.tensor(0.0))  # −log 2 − 1½
    (tensor(-2.1931), tensor(0.6931))
    """

    equation = "L = c·mean(w·Σ_a π(a|s)(α log π(a|s) − q(s, a)))"
    inputs = {
        "logits": read("logits@online", dims=("batch", "action")),
        "q": read("q@online", dims=("*", "batch", "action")),
        "log_alpha": read("log_alpha@online"),
        "action_mask": read("action_mask", default=None),
        "weight": read("weight", default=1),
    }
    outputs = ("loss", "policy_entropy")
    specs = {"policy_entropy": Spec(dims=())}
    tags = {"constant": "q, log_alpha"}

    over: Aggregate = fields.slot("aggregates", Least)
    coefficient: float = fields.number(1.0, ge=0.0)

    def compute(
        self, *, logits: Tensor, q: Tensor, log_alpha: Tensor, action_mask: Tensor | None = None,
        weight: Tensor | float = 1,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        """The loss and the average, each 0-dim.

        `logits` and `action_mask` are `[B, A]`, `q` is `[*, B, A]`, `log_alpha` 0-dim, `weight` `[B]`.
        """
        legal = logits if action_mask is None else functional.legal_logits(logits, action_mask)
        together = self.over.compute(q.detach().flatten(-2)).view_as(logits)  # each action of each row for itself
        rows = functional.discrete_soft_policy_loss(legal, together, log_alpha)
        loss = functional.weighted_mean(functional.only_counted(rows, weight), weight, self.coefficient)
        entropy = functional.categorical_entropy(legal.detach())
        return loss, functional.weighted_average(functional.only_counted(entropy, weight), weight)
