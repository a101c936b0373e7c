"""Limits of the gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks.optimizers.base import Clip

if TYPE_CHECKING:
    from torch import Tensor


@block("no_clip")
class NoClip(Clip):
    """The gradient as it is.

    >>> import torch
    >>> NoClip().compute(torch.tensor([30.0]))
    tensor([30.])
    """

    equation = "g ← g"

    def compute(self, grad: Tensor) -> Tensor:
        """The same tensor."""
        return grad


@block("clip_norm")
class ClipNorm(Clip):
    """The gradient of all parameters, shortened to length c where it is longer: g ← g·min(1, c / ‖g‖).

    Pascanu et al., 2013, algorithm 1.

    Attributes:
        max_norm: c above 0.

    >>> import torch
    >>> ClipNorm(1.0).compute(torch.tensor([3.0, 4.0]))
    tensor([0.6000, 0.8000])

    Differs from the paper: 10⁻⁶ is added to the norm, as `torch.nn.utils.clip_grad_norm_` does.
    """

    equation = "g ← g·min(1, c / (‖g‖₂ + 10⁻⁶))"

    max_norm: float = fields.number(10.0, gt=0.0)

    def compute(self, grad: Tensor) -> Tensor:
        """A new, shortened vector."""
        return functional.clip_by_norm(grad, self.max_norm)


@block("clip_value")
class ClipValue(Clip):
    """Every component of the gradient clipped: g ← min(max(g, −c), c).

    The DQN tutorials clip at 100.

    Attributes:
        max_value: c above 0.

    >>> import torch
    >>> ClipValue(1.0).compute(torch.tensor([3.0, -0.5]))
    tensor([ 1.0000, -0.5000])
    """

    equation = "g ← min(max(g, −c), c)"

    max_value: float = fields.number(100.0, gt=0.0)

    def compute(self, grad: Tensor) -> Tensor:
        """A new, clipped vector."""
        return functional.clip_by_value(grad, self.max_value)
