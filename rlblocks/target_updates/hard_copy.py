"""Copying now and then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.clocks import Clock, EnvSteps
from rlblocks.target_updates.base import TargetUpdate

if TYPE_CHECKING:
    from torch import Tensor


@block("hard_copy")
class HardCopy(TargetUpdate):
    """The target becomes the online network every so often: θ⁻ ← θ (Mnih et al., 2015, algorithm 1).

    Attributes:
        every: how often, on a typed clock.

    >>> import torch
    >>> target = [torch.zeros(2)]
    >>> HardCopy(every=EnvSteps(500)).compute(online=[torch.tensor([1.0, 2.0])], target=target)
    >>> target
    [tensor([1., 2.])]

    Differs from the paper: the default is 500 environment steps instead of 10,000 updates.
    """

    equation = "θ⁻ ← θ"

    every: Clock = fields.duration(EnvSteps(500))

    def compute(self, *, online: list[Tensor], target: list[Tensor]) -> None:
        """Copy every tensor, bit for bit."""
        functional.copy_into(target, online)
