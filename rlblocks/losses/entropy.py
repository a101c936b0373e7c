"""The entropy bonus."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.declare import read, scheduled
from rlblocks._core.keys import Spec
from rlblocks.losses.base import Loss
from rlblocks.schedules import Schedule

if TYPE_CHECKING:
    from torch import Tensor


@block("entropy")
class Entropy(Loss):
    """The entropy bonus as a loss: L = −c·mean(w·H(π(·|s))) (Schulman et al., 2017, the last term of eq. 9).

    A step against its gradient makes the policy more random. Reported besides, as an average over rows by weight:
    `entropy`, in nats.

    Attributes:
        coefficient: c, at least 0; a schedule or a number.

    >>> import torch
    >>> Entropy().compute(entropy=torch.tensor([0.5, 1.5]), coefficient=torch.tensor(0.01))
    (tensor(-0.0100), tensor(1.))
    """

    equation = "L = −c·mean(w·H(π(·|s)))"
    inputs = {
        "entropy": read("entropy@online"),
        "coefficient": scheduled("coefficient"),
        "weight": read("weight", default=1),
    }
    outputs = ("loss", "entropy")
    specs = {"entropy": Spec(dims=())}

    coefficient: Schedule = fields.schedule(0.01, ge=0.0)

    def compute(
        self, *, entropy: Tensor, coefficient: Tensor, weight: Tensor | float = 1
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        """The loss and the average, each 0-dim; `entropy` in nats and `weight` are `[B]`, `coefficient` is 0-dim."""
        rows = functional.only_counted(entropy, weight)
        loss = functional.weighted_mean(rows * coefficient, weight, -1.0)
        return loss, functional.weighted_average(rows, weight)
