"""Per-row errors of a prediction, and their weighted mean."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import huber_loss, mse_loss


def half_squared_error(prediction: Tensor, target: Tensor) -> Tensor:
    """Half the squared error of each row: ½(y − q)².

    Args:
        prediction: `[B]` float, q.
        target: `[B]` float, y.

    Returns:
        `[B]` float, at least 0.

    >>> import torch
    >>> half_squared_error(torch.tensor([1.0, 2.0]), torch.tensor([4.0, 2.0]))
    tensor([4.5000, 0.0000])
    """
    return 0.5 * mse_loss(prediction, target, reduction="none")


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


def weighted_mean(rows: Tensor, weight: Tensor | float) -> Tensor:
    """The mean of weight · row over all rows; it is divided by the number of rows, not by the sum of the weights.

    Args:
        rows: `[B]` float.
        weight: `[B]` float, at least 0, or one number for all rows.

    Raises:
        ValueError: the weights have another shape than the rows.

    >>> import torch
    >>> weighted_mean(torch.tensor([1.0, 3.0]), torch.tensor([1.0, 0.5]))
    tensor(1.2500)
    """
    if isinstance(weight, Tensor):
        same_shape("weight", weight, "row", rows)
        return (weight * rows).mean()
    return rows.mean() * weight


def same_shape(name: str, value: Tensor, other_name: str, other: Tensor) -> None:
    """Refuse two tensors of different shapes, which would broadcast in silence: `[B, 1]` against `[B]` to `[B, B]`.

    Raises:
        ValueError: with both shapes.

    >>> import torch
    >>> same_shape("prediction", torch.zeros(3, 1), "target", torch.zeros(3))
    Traceback (most recent call last):
    ValueError: prediction has shape (3, 1), but target has shape (3,)
    """
    if value.shape != other.shape:
        raise ValueError(f"{name} has shape {tuple(value.shape)}, but {other_name} has shape {tuple(other.shape)}")
