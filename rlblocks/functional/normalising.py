"""Columns in units of their own statistics."""

from __future__ import annotations

import torch
from torch import Tensor


def normalise(x: Tensor, weight: Tensor | float, eps: float) -> Tensor:
    """Mean 0 and standard deviation 1: (x − mean(x)) / (std(x) + ε), over the rows whose weight is not 0.

    The standard deviation divides by the number of those rows. Other rows come out as 0, whatever stood there; so do
    rows that all agree, because the mean is kept between the least and the greatest of them, which rounding may leave.

    Args:
        x: float, of any shape.
        weight: of the same shape, or one number that stands for all rows; only 0 is told from the rest.
        eps: ε above 0.

    >>> normalise(torch.tensor([1.0, 3.0, torch.nan]), torch.tensor([1.5, 1.5, 0.0]), 1e-8)
    tensor([-1.,  1.,  0.])
    """
    if not isinstance(weight, Tensor):
        centred = x - x.mean().clamp(x.amin(), x.amax())
        return centred / (centred.square().mean().sqrt() + eps)
    padding = weight == 0
    count = (~padding).sum().clamp(min=1)
    known, least, greatest = (x.masked_fill(padding, empty) for empty in (0.0, torch.inf, -torch.inf))
    mean = (known.sum() / count).clamp(least.amin(), greatest.amax())
    centred = (known - mean).masked_fill(padding, 0.0)
    return centred / ((centred.square().sum() / count).sqrt() + eps)
