"""The roles of optimizers and of the clips that go before them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from rlblocks._core.block import Block, role

if TYPE_CHECKING:
    from torch import Tensor

    from rlblocks.schedules import Schedule

Carry = dict[str, "list[Tensor]"]


@role("clips")
class Clip(Block):
    """Limits the gradient before a step."""

    def compute(self, grad: Tensor) -> Tensor:
        """The limited gradient; both are one vector `[P]` of all parameters, and what is handed over is only read."""
        raise NotImplementedError


@role("optimizers")
class Optimizer(Block):
    """Gradients to steps. What it remembers between steps is its carry, which the run owns.

    `compute(*, params, grads, carry, **numbers)` writes into `params` and `carry` in place and only reads `grads`; the
    caller has switched gradients off. It is traced whole by a compiler, so numbers that change from step to step arrive
    as 0-dim tensors; its declared inputs name them. It may read keys besides: columns, and what the losses of its
    objective wrote. Where its tag `rows` says "one by one", every learn step must be on one new row, in the order of
    time. All parameters of one optimizer have one dtype and one device.

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
        """How the gradient is limited before the step."""
        raise NotImplementedError

    def init(self, params: list[Tensor]) -> Carry:
        """The carry before the first step: new tensors by name, with the device and the dtype of `params`."""
        raise NotImplementedError

    compute: Any


def zeros(params: list[Tensor]) -> list[Tensor]:
    """A vector of zeros as long as all parameters together, in a list of its own as a carry holds it.

    Raises:
        ValueError: the parameters differ in dtype or device, so that they do not make one vector.
    """
    if len({(param.dtype, param.device) for param in params}) > 1:
        kinds = sorted({f"{param.dtype} on {param.device}" for param in params})
        raise ValueError(
            f"the parameters of one optimizer must have one dtype and one device, but are {', '.join(kinds)}"
        )
    return [params[0].new_zeros(sum(param.numel() for param in params))]
