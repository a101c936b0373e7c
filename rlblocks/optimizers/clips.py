"""Limits of gradients."""

from __future__ import annotations

from torch import Tensor

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks.optimizers.base import Clip


@block("no_clip")
class NoClip(Clip):
    """Gradients as they are.

    >>> import torch
    >>> NoClip().compute([torch.tensor([30.0])])
    [tensor([30.])]
    """

    equation = "g ← g"

    def compute(self, grads: list[Tensor]) -> list[Tensor]:
        """The same tensors."""
        return grads


@block("clip_norm")
class ClipNorm(Clip):
    """All gradients scaled so that their joint norm is at most c: g ← g·min(1, c / ‖g‖) (Pascanu et al., 2013, algorithm 1).

    Attributes:
        max_norm: c above 0.

    >>> import torch
    >>> ClipNorm(1.0).compute([torch.tensor([3.0]), torch.tensor([4.0])])
    [tensor([0.6000]), tensor([0.8000])]

    Differs from the paper: 10⁻⁶ is added to the norm, as `torch.nn.utils.clip_grad_norm_` does.
    """

    equation = "g ← g·min(1, c / (‖g‖₂ + 10⁻⁶))"

    max_norm: float = fields.number(10.0, gt=0.0)

    def compute(self, grads: list[Tensor]) -> list[Tensor]:
        """New, scaled tensors."""
        return functional.clip_by_global_norm(grads, self.max_norm)


@block("clip_value")
class ClipValue(Clip):
    """Every component of every gradient clipped: g ← min(max(g, −c), c).

    Attributes:
        max_value: c above 0.

    >>> import torch
    >>> ClipValue(1.0).compute([torch.tensor([3.0, -0.5])])
    [tensor([ 1.0000, -0.5000])]
    """

    equation = "g ← min(max(g, −c), c)"

    max_value: float = fields.number(100.0, gt=0.0)

    def compute(self, grads: list[Tensor]) -> list[Tensor]:
        """New, clipped tensors."""
        return functional.clip_by_value(grads, self.max_value)
