"""No second network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks._core.block import block
from rlblocks._core.clocks import Clock, Updates
from rlblocks.target_updates.base import TargetUpdate

if TYPE_CHECKING:
    from torch import Tensor


@block("same_as_online")
class SameAsOnline(TargetUpdate):
    """The target network is the online network: θ⁻ = θ at all times. Nothing is copied and nothing kept.

    >>> SameAsOnline().compute(online=[], target=[])
    """

    equation = "θ⁻ = θ"
    tags = {"copies": "none"}

    @property
    def every(self) -> Clock:
        """Every update; it makes no difference."""
        return Updates(1)

    def compute(self, *, online: list[Tensor], target: list[Tensor]) -> None:
        """Nothing to do."""
