"""No early stop."""

from __future__ import annotations

from rlblocks._core.block import block
from rlblocks.early_stops.base import EarlyStop


@block("no_early_stop")
class NoEarlyStop(EarlyStop):
    """All epochs, to the end.

    >>> NoEarlyStop().compute()
    False
    """

    equation = "never"

    def compute(self) -> bool:
        """False."""
        return False
