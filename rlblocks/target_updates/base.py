"""The role of target updates: how a target network follows the online one."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rlblocks._core.block import Block, role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from rlblocks._core.clocks import Clock


@role("target_updates")
class TargetUpdate(Block):
    """Writes the online network into its target, in place; the online one is only read.

    Both lists hold every named tensor of the network, parameters and buffers, in one order, each tensor once.

    Attributes:
        handed: the arguments of `compute` that the run hands over beside the declared inputs.

    Tags: `copies` is "all" where the target is an exact copy after each update, "part" where it moves a part of the
    way, and "none" where the target is the online network itself and no copy is made.
    """

    handed: ClassVar[tuple[str, ...]] = ("online", "target")
    tags: ClassVar[Mapping[str, str]] = {"copies": "all"}

    @property
    def every(self) -> Clock:
        """How often; counted by crossings, so that no grouping of steps skips one."""
        raise NotImplementedError

    def compute(self, *, online: list[Tensor], target: list[Tensor]) -> None:
        """Write into `target`.

        Raises:
            ValueError: the lists do not have the same shapes.
        """
        raise NotImplementedError
