"""Stopping when the policy has moved far enough."""

from __future__ import annotations

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.declare import read
from rlblocks.early_stops.base import EarlyStop


@block("kl_stop")
class KLStop(EarlyStop):
    """The epochs end where KL(π_old ‖ π) > limit.

    The default is 1.5 times a wished-for divergence of 0.01, the factor of Schulman et al., 2017, section 4. A NaN does
    not end them: the run itself stops at a loss that is no number.

    Attributes:
        limit: above 0, in nats.

    >>> KLStop(0.015).compute(kl=0.01), KLStop(0.015).compute(kl=0.02)
    (False, True)
    """

    equation = "stop where KL(π_old ‖ π) > limit"
    inputs = {"kl": read("kl")}

    limit: float = fields.number(0.015, gt=0.0, unit="nats")

    def compute(self, *, kl: float) -> bool:
        """Whether the last minibatch's divergence, at least 0, in nats, is above the limit."""
        return kl > self.limit
