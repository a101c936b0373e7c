"""Per-row errors of a prediction, of one network or of several, and their weighted mean."""

from __future__ import annotations

from torch import Tensor, dot
from torch.nn.functional import huber_loss, mse_loss

from rlblocks.functional.value_learning import same_shape


def squared_error(prediction: Tensor, target: Tensor) -> Tensor:
    """The squared error of each row: (y − q)².

    Args:
        prediction: `[B]` float, q.
        target: `[B]` float, y.

    Returns:
        `[B]` float, at least 0.

    >>> import torch
    >>> squared_error(torch.tensor([1.0, 2.0]), torch.tensor([4.0, 2.0]))
    tensor([9., 0.])
    """
    return mse_loss(prediction, target, reduction="none")


def huber(prediction: Tensor, target: Tensor, delta: float) -> Tensor:
    """Huber's error of each row: ½e² where |e| ≤ δ, else δ(|e| − ½δ), for e = y − q (Huber, 1964).

    Its slope is −e, clipped to [−δ, δ].

    Args:
        prediction: `[B]` float, q.
        target: `[B]` float, y.
        delta: δ above 0, in units of q.

    Returns:
        `[B]` float, at least 0.

    >>> import torch
    >>> huber(torch.tensor([0.0, 0.0]), torch.tensor([0.5, 3.0]), 1.0)
    tensor([0.1250, 2.5000])
    """
    return huber_loss(prediction, target, reduction="none", delta=delta)


def total_of_members(x: Tensor) -> Tensor:
    """The sum over all dims before the batch, such as `member`: `[*, B] -> [B]`; a `[B]` is itself.

    >>> import torch
    >>> total_of_members(torch.tensor([[1.0, 2.0], [3.0, 4.0]])), total_of_members(torch.tensor([5.0]))
    (tensor([4., 6.]), tensor([5.]))
    """
    return x.flatten(0, -2).sum(0) if x.dim() > 1 else x


def mean_of_members(x: Tensor) -> Tensor:
    """The mean over all dims before the batch: `[*, B] -> [B]`; a `[B]` is itself.

    >>> import torch
    >>> mean_of_members(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([2., 3.])
    """
    return x.flatten(0, -2).mean(0) if x.dim() > 1 else x


def weighted_mean(rows: Tensor, weight: Tensor | float, coefficient: float = 1.0) -> Tensor:
    """The mean c·Σ wᵢxᵢ / B over all rows: it is divided by the number of rows, not by the sum of the weights.

    Args:
        rows: `[B]` float, x, at least one.
        weight: `[B]`, w at least 0, or one number for all rows. A constant: no gradient reaches it.
        coefficient: c.

    Returns:
        0-dim, in the dtype of `rows`.

    Raises:
        ValueError: the weights have another shape than the rows.

    >>> import torch
    >>> weighted_mean(torch.tensor([1.0, 3.0]), torch.tensor([1.0, 0.5])), weighted_mean(torch.tensor([1.0, 3.0]), 1)
    (tensor(1.2500), tensor(2.))
    """
    if isinstance(weight, Tensor):
        same_shape("weight", weight, "row", rows)
        return dot(weight.detach().to(rows.dtype), rows) * (coefficient / rows.numel())
    factor = coefficient * weight
    return rows.mean() if factor == 1 else rows.sum() * (factor / rows.numel())


def for_members(name: str, value: Tensor, other_name: str, other: Tensor) -> Tensor:
    """One number a row, `[B]`, as often as there are members: in the shape of what they say, `[*, B]`.

    What is in that shape already, one number for each member, is handed back.

    Args:
        name: of `value`, for an error.
        value: `[B]`, or `[*, B]`.
        other_name: of `other`.
        other: `[*, B]`.

    Returns:
        A view `[*, B]`.

    Raises:
        ValueError: with both shapes; a `[B, 1]` is never broadcast.

    >>> import torch
    >>> for_members("target", torch.tensor([1.0, 2.0]), "prediction", torch.zeros(3, 2)).shape
    torch.Size([3, 2])
    >>> for_members("target", torch.zeros(3, 1), "prediction", torch.zeros(3))
    Traceback (most recent call last):
    ValueError: target has shape (3, 1), but prediction has shape (3,)
    """
    if value.shape == other.shape:
        return value
    if value.dim() != 1 or other.shape[-1:] != value.shape:
        raise ValueError(f"{name} has shape {tuple(value.shape)}, but {other_name} has shape {tuple(other.shape)}")
    return value.expand_as(other)
