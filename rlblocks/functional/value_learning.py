"""Values of actions: which action, which value, and what one step of reward adds to it.

Time indices: `r_t`, `discount_t` and `v_t` belong to the arrival at time t, after the action of t − 1. Actions are
indices in [0, A). B is the batch; a value has the trailing dims of its form, none for scalars.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def greedy_action(q: Tensor, action_mask: Tensor | None = None) -> Tensor:
    """The first action of the greatest value: argmaxₐ q(·, a), over legal actions where a mask says which are.

    Args:
        q: `[B, A]` float.
        action_mask: `[B, A]` bool, True is legal; None says that all are. A row without a legal action gives 0.

    Returns:
        `[B]` int64 in [0, A).

    >>> import torch
    >>> greedy_action(torch.tensor([[1.0, 3.0, 3.0], [9.0, 0.0, 1.0]]))
    tensor([1, 0])
    >>> greedy_action(torch.tensor([[9.0, 0.0, 1.0]]), torch.tensor([[False, True, True]]))
    tensor([2])
    """
    return (q if action_mask is None else only_legal(q, action_mask)).argmax(1)


def only_legal(q: Tensor, action_mask: Tensor) -> Tensor:
    """The values with −∞ in the place of illegal actions; what stood there, NaN included, is not used.

    Args:
        q: `[B, A]` float.
        action_mask: `[B, A]` bool, True is legal.

    Raises:
        ValueError: the shapes differ; a mask is never broadcast.

    >>> import torch
    >>> only_legal(torch.tensor([[9.0, 0.0]]), torch.tensor([[False, True]]))
    tensor([[-inf, 0.]])
    """
    if action_mask.shape != q.shape:
        raise ValueError(f"a mask of shape {tuple(action_mask.shape)} does not fit values of shape {tuple(q.shape)}")
    return q.masked_fill(~action_mask, -math.inf)


def one_per_row(rows: int, **values: Tensor) -> None:
    """Refuse what is not one number a row, and would broadcast in silence: `[B, 1]` against `[B]` to `[B, B]`.

    Raises:
        ValueError: says which, and its shape.

    >>> import torch
    >>> one_per_row(3, reward=torch.zeros(3), discount=torch.zeros(3, 1))
    Traceback (most recent call last):
    ValueError: discount has shape (3, 1), but must be one number for each of 3 rows, (3,)
    """
    for name, value in values.items():
        if value.shape != (rows,):
            raise ValueError(
                f"{name} has shape {tuple(value.shape)}, but must be one number for each of {rows} rows, ({rows},)"
            )


def value_of_action(q: Tensor, a: Tensor) -> Tensor:
    """The value of one action in each row, in its own form.

    Args:
        q: `[B, A, *form]` float.
        a: `[B]` int64 in [0, A).

    Returns:
        `[B, *form]`.

    Raises:
        ValueError: `a` is not `[B]`.

    >>> import torch
    >>> value_of_action(torch.tensor([[1.0, 3.0], [9.0, 0.0]]), torch.tensor([1, 0]))
    tensor([3., 9.])
    """
    one_per_row(q.shape[0], action=a)
    if q.dim() == 2:  # noqa: PLR2004  batch and action: the scalar form needs no expanded index
        return q.gather(1, a.unsqueeze(1)).squeeze(1)
    index = a.view(-1, *[1] * (q.dim() - 1)).expand(-1, 1, *q.shape[2:])
    return q.gather(1, index).squeeze(1)


def members_value_of_action(q: Tensor, a: Tensor) -> Tensor:
    """The value of one action in each row, of each member of an ensemble.

    Args:
        q: `[N, B, A, *form]` float.
        a: `[B]` int64 in [0, A).

    Returns:
        `[N, B, *form]`.

    Raises:
        ValueError: `a` is not `[B]`.

    >>> import torch
    >>> members_value_of_action(torch.tensor([[[1.0, 3.0]], [[9.0, 0.0]]]), torch.tensor([1]))
    tensor([[3.],
            [0.]])
    """
    return value_of_action(q.movedim(0, -1), a).movedim(-1, 0)


def one_step_backup(r_t: Tensor, discount_t: Tensor, v_t: Tensor) -> Tensor:
    """One step of reward and the discounted value after it: r_t + γ_t·v_t (Sutton and Barto, 2018, eq. 6.3).

    Where γ_t is 0, at a terminal state, the result is r_t exactly, whatever v_t is, NaN and ∞ included.

    Args:
        r_t: `[B]` float, in units of reward.
        discount_t: `[B]` float in [0, 1].
        v_t: `[B, *form]` float: a scalar, or quantiles, each backed up alike.

    Returns:
        `[B, *form]` float.

    Raises:
        ValueError: reward or discount are not `[B]`; `[B, 1]` is never broadcast against `[B]`.

    >>> import torch
    >>> one_step_backup(torch.tensor([1.0, 1.0]), torch.tensor([0.5, 0.0]), torch.tensor([4.0, torch.nan]))
    tensor([3., 1.])
    """
    one_per_row(v_t.shape[0], reward=r_t, discount=discount_t)
    if v_t.dim() > 1:
        ones = [1] * (v_t.dim() - 1)
        r_t, discount_t = r_t.view(-1, *ones), discount_t.view(-1, *ones)
    return r_t.addcmul(discount_t, v_t).where(discount_t != 0, r_t)


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
