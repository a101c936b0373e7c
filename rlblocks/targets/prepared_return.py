"""The return that was estimated when the chunk was handed over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core.block import block
from rlblocks._core.declare import read
from rlblocks.targets.base import Target

if TYPE_CHECKING:
    from torch import Tensor


@block("prepared_return")
class PreparedReturn(Target):
    """What a block of returns made of the chunk, for losses that are trained towards a target: y = G.

    So the values of actions learn from `Retrace`, `MonteCarlo` or any other estimate in the recipe's `prepare`, by the
    losses that learn from `MaxQ`.

    >>> import torch
    >>> PreparedReturn().compute(prepared=torch.tensor([1.0, 2.0]))
    tensor([1., 2.])
    """

    equation = "y = G"
    inputs = {"prepared": read("return", dims=("batch",))}

    def compute(self, *, prepared: Tensor) -> Tensor:
        """The return of each row, `[B]`, in units of reward."""
        functional.one_per_row(len(prepared), prepared=prepared)
        return prepared.detach().clone()
