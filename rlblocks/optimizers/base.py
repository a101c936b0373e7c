"""The roles of optimizers and of the clips that go before them."""

from __future__ import annotations

from typing import Any, ClassVar

from torch import Tensor

from rlblocks._core.block import Block, role
from rlblocks.schedules import Schedule

Carry = dict[str, list[Tensor]]


@role("clips")
class Clip(Block):
    """Limits gradients before a step."""

    def compute(self, grads: list[Tensor]) -> list[Tensor]:
        """The limited gradients, in the same order; what is handed over is only read."""
        raise NotImplementedError


@role("optimizers")
class Optimizer(Block):
    """Gradients to steps. What it remembers between steps is its carry, which the run owns.

    `compute(*, params, grads, carry, **numbers)` writes into `params` and `carry` in place, without gradient, and only reads
    `grads`. It is traced whole by a compiler, so numbers that change from step to step arrive as 0-dim tensors. Their
    names are its declared inputs.

    Attributes:
        handed: the arguments of `compute` that the run hands over beside the declared inputs.
    """

    handed: ClassVar[tuple[str, ...]] = ("params", "grads", "carry")

    @property
    def lr(self) -> Schedule:
        """The learning rate, a schedule."""
        raise NotImplementedError

    @property
    def clip(self) -> Clip:
        """How gradients are limited before the step."""
        raise NotImplementedError

    def init(self, params: list[Tensor]) -> Carry:
        """The carry before the first step: new tensors, by name, on the devices and in the types of `params`."""
        raise NotImplementedError

    compute: Any
