"""Following slowly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.clocks import Clock, Updates
from rlblocks.target_updates.base import TargetUpdate

if TYPE_CHECKING:
    from torch import Tensor


@block("polyak")
class Polyak(TargetUpdate):
    """The target moves a share of the way to the online network: θ⁻ ← τθ + (1 − τ)θ⁻.

    Lillicrap et al., 2016, algorithm 1. Floating buffers move likewise; integer ones are copied.

    Attributes:
        tau: τ in [0, 1]; 1 copies, 0 keeps the target.
        every: how often, on a typed clock.

    >>> import torch
    >>> target = [torch.zeros(2)]
    >>> Polyak(0.25).compute(online=[torch.tensor([1.0, 2.0])], target=target)
    >>> target
    [tensor([0.2500, 0.5000])]
    """

    equation = "θ⁻ ← τθ + (1 − τ)θ⁻"
    tags = {"copies": "part"}

    tau: float = fields.number(0.005, ge=0.0, le=1.0)
    every: Clock = fields.duration(Updates(1))

    def compute(self, *, online: list[Tensor], target: list[Tensor]) -> None:
        """Move every floating tensor, copy the others."""
        functional.move_towards(target, online, self.tau)
