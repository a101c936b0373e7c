"""Columns in units of statistics that are known before: affine maps of every entry, with a limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def scaled(x: Tensor, scale: Tensor, limit: float) -> Tensor:
    """x·scale, cut to [−limit, limit], in float32.

    >>> import torch
    >>> scaled(torch.tensor([1.0, -9.0]), torch.tensor(0.5), 2.0)
    tensor([ 0.5000, -2.0000])
    """
    return (x * scale).float().clamp(-limit, limit)


def standardised(x: Tensor, centre: Tensor, scale: Tensor, offset: Tensor, limit: float) -> Tensor:
    """(x − centre)·scale + offset, cut to [−limit, limit], in float32.

    Args:
        x: `[..., *shape]` float.
        centre: `[*shape]` float32, the mean rounded to a number that x can be.
        scale: `[*shape]` float32, in units of 1/x.
        offset: `[*shape]` float32, minus what that rounding left over, times the scale: next to a mean of 10⁶, float32
            has no numbers closer than 1/16, and x − centre is exact.
        limit: above 0.

    >>> import torch
    >>> centre, scale, offset = torch.tensor([10.0, 0.0]), torch.tensor([2.0, 1.0]), torch.tensor([0.0, 0.25])
    >>> standardised(torch.tensor([[11.0, 1.0], [0.0, 1.0]]), centre, scale, offset, 5.0)
    tensor([[ 2.0000,  1.2500],
            [-5.0000,  1.2500]])
    """
    return offset.addcmul((x - centre).float(), scale).clamp(-limit, limit)
