"""The loss of a temperature over choices."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.declare import read, spec
from rlblocks.losses.base import Loss

if TYPE_CHECKING:
    from torch import Tensor

    from rlblocks._core.keys import Spec


@block("discrete_temperature_loss")
class DiscreteTemperatureLoss(Loss):
    """What holds the entropy of a policy at a share of the greatest one: L = −c·log α·mean(w·(x·log n − H(π(·|s)))).

    Christodoulou, 2019, eq. 11, where n is the number of legal actions in the state, and log n the entropy of a policy
    to which all of these are alike. Where the policy has less than its share, α grows. Of a MultiDiscrete action, the
    logarithms of all choices are summed.

    Attributes:
        share: x in [0, 1].
        coefficient: c, at least 0.

    >>> import torch
    >>> from rlblocks._core.keys import Spec
    >>> log_alpha, entropy, action = torch.tensor(1.0), torch.tensor([0.0, 0.5]), Spec((), "int64", n=4)
    >>> DiscreteTemperatureLoss(share=0.5).compute(log_alpha=log_alpha, entropy=entropy, action=action)  # ¼ − log 2
    tensor(-0.4431)

    Differs from the paper: log α multiplies in the place of α; the share, for which the paper has 0.98, is 0.89; and
    actions that are not legal do not count.
    """

    equation = "L = −c·log α·mean(w·(x·log n − H(π(·|s))))"
    inputs = {
        "log_alpha": read("log_alpha@online"),
        "entropy": read("entropy@online"),
        "action": spec("action"),
        "action_mask": read("action_mask", default=None),
        "weight": read("weight", default=1),
    }
    outputs = ("loss",)
    tags = {"constant": "entropy"}

    share: float = fields.number(0.89, ge=0.0, le=1.0)
    coefficient: float = fields.number(1.0, ge=0.0)

    def compute(
        self, *, log_alpha: Tensor, entropy: Tensor, action: Spec, action_mask: Tensor | None = None,
        weight: Tensor | float = 1,
    ) -> Tensor:  # fmt: skip
        """The loss, 0-dim, like `log_alpha`; `entropy`, in nats, and `weight` are `[B]`, `action_mask` is `[B, A]`.

        Raises:
            ValueError: the actions are no choices.
        """
        greatest = functional.greatest_entropy(action_mask) if action_mask is not None else _greatest(action)
        counted = functional.only_counted(entropy.detach(), weight)
        rows = functional.temperature_loss(log_alpha, counted, self.share * greatest)
        return functional.weighted_mean(rows, weight, self.coefficient)


def _greatest(action: Spec) -> float:
    counts = action.n if isinstance(action.n, tuple) else (action.n,) * math.prod(action.shape)
    if not all(counts):
        raise ValueError(
            f"the entropy is measured against the number of actions, and {action} has none; use TemperatureLoss"
        )
    return sum([math.log(count) for count in counts])
