"""The role of losses: a scalar to minimise, and the error of each row."""

from __future__ import annotations

from typing import Any

from rlblocks._core.block import Block, role


@role("losses")
class Loss(Block):
    """A scalar to minimise, and how wrong each row was.

    `compute` returns `(loss, error)`: the loss 0-dim, times `coefficient`; the error `[B]`, |δ| ≥ 0 without gradient
    and without weight, which a prioritized store may read. `weight` `[B]` multiplies a row's loss and gradient, and 1
    is its identity; the mean is over the number of rows. Targets and weights are constants.
    """

    outputs = ("loss", "error")

    @property
    def coefficient(self) -> float:
        """What the loss is multiplied by, where several are added up."""
        raise NotImplementedError

    compute: Any
