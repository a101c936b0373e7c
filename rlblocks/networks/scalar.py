"""The plainest value form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks._core.block import block
from rlblocks.networks.base import ValueForm

if TYPE_CHECKING:
    from torch import Tensor


@block("scalar")
class Scalar(ValueForm):
    """The value of an action as one number, its expectation.

    Equation: r + γ·v (Sutton and Barto, 2018, eq. 6.3), and exactly r where the discount is 0, whatever v is.

    >>> import torch
    >>> one, none = torch.tensor([1.0, 1.0]), torch.tensor([0.9, 0.0])
    >>> Scalar().backup(one, none, torch.tensor([10.0, float("nan")]))
    tensor([10.,  1.])
    """

    equation = "r + γ·v"

    def width(self) -> int:
        """One number."""
        return 1

    def dims(self) -> tuple[str, ...]:
        """No dim of its own."""
        return ()

    def mean(self, value: Tensor) -> Tensor:
        """The value itself, `[B, A] -> [B, A]`."""
        return value

    def backup(self, reward: Tensor, discount: Tensor, value: Tensor) -> Tensor:
        """One step, `[B], [B], [B] -> [B]`."""
        from rlblocks.functional.value_learning import one_step_backup

        return one_step_backup(reward, discount, value)
