"""No target: for objectives that bootstrap from nothing."""

from __future__ import annotations

from rlblocks._core.block import block
from rlblocks.targets.base import Target


@block("no_target")
class NoTarget(Target):
    """Computes nothing: what the losses minimise needs no bootstrapped value, or finds it prepared in the chunk.

    >>> NoTarget().outputs
    ()
    """

    outputs = ()

    def compute(self) -> tuple[()]:
        """Nothing."""
        return ()
