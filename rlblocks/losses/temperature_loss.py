"""The loss of a temperature over real actions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.declare import read, spec
from rlblocks.distributions._actions import bounds
from rlblocks.losses.base import Loss

if TYPE_CHECKING:
    from torch import Tensor

    from rlblocks._core.keys import Spec


@block("temperature_loss")
class TemperatureLoss(Loss):
    """What holds the entropy of a policy at its target: L = −c·log α·mean(w·(log π(ã|s) + H̄)), H̄ = Σ_i (e + log d_i).

    Haarnoja et al., 2018b, eq. 18, for half the width d_i of the bounds of each component of an action: the target is e
    for each component in units in which its bounds are −1 and 1. Where the policy has less entropy, α grows.

    Attributes:
        per_component: e, in nats; −1, as there, is H̄ = −dim(A) in such units.
        coefficient: c, at least 0.

    >>> import torch
    >>> from rlblocks._core.keys import Spec
    >>> log_alpha, action = torch.tensor(0.5), Spec((3,), low=-1.0, high=1.0)
    >>> TemperatureLoss().compute(log_alpha=log_alpha, log_prob=torch.tensor([1.0, 2.0]), action=action)
    tensor(0.7500)

    Differs from the paper: log α, which is what is learned, multiplies in the place of α, so that a step does not
    shrink with α. The target is the same.
    """

    equation = "L = −c·log α·mean(w·(log π(ã|s) + H̄)), H̄ = Σ_i (e + log d_i)"
    inputs = {
        "log_alpha": read("log_alpha@online"),
        "log_prob": read("log_prob@online"),
        "action": spec("action"),
        "weight": read("weight", default=1),
    }
    outputs = ("loss",)
    tags = {"constant": "log_prob"}

    per_component: float = fields.number(-1.0)
    coefficient: float = fields.number(1.0, ge=0.0)

    def compute(self, *, log_alpha: Tensor, log_prob: Tensor, action: Spec, weight: Tensor | float = 1) -> Tensor:
        """The loss, 0-dim, like `log_alpha`; `log_prob`, in nats, and `weight` are `[B]`.

        Raises:
            ValueError: the actions have no bounds.
        """
        entropy = functional.only_counted(-log_prob.detach(), weight)
        rows = functional.temperature_loss(log_alpha, entropy, _target(self.per_component, action))
        return functional.weighted_mean(rows, weight, self.coefficient)


def _target(per_component: float, action: Spec) -> float:
    if action.n:
        raise ValueError(f"the entropy is measured against bounds, and {action} has none; use DiscreteTemperatureLoss")
    low, high = bounds(action)
    if not all(-math.inf < least < top < math.inf for least, top in zip(low, high, strict=True)):
        raise ValueError(
            f"the entropy is measured against the bounds of an action, and {action} has none; use an environment with "
            "bounded actions"
        )
    return functional.box_entropy(per_component, low, high)
