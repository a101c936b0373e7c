"""What several networks say of the same rows, as one number for each row.

Values are `[*, B]`: the dims of members, one or several, stand before the batch B; `[B]` is one network's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def members(values: Tensor) -> Tensor:
    """All members one below the other: `[*, B] -> [N, B]`, and `[B] -> [1, B]`.

    >>> import torch
    >>> members(torch.zeros(2, 3, 5)).shape, members(torch.zeros(5)).shape
    (torch.Size([6, 5]), torch.Size([1, 5]))
    """
    return values.unsqueeze(0).flatten(0, -2)


def least_of_members(values: Tensor) -> Tensor:
    """The least member of each row: min_j q_j, `[*, B] -> [B]`.

    >>> import torch
    >>> least_of_members(torch.tensor([[1.0, 5.0], [3.0, 2.0]]))
    tensor([1., 2.])
    """
    return members(values).amin(0)


def first_of_members(values: Tensor) -> Tensor:
    """The first member: q_1, `[*, B] -> [B]`.

    >>> import torch
    >>> first_of_members(torch.tensor([[1.0, 5.0], [3.0, 2.0]]))
    tensor([1., 5.])
    """
    return members(values)[0]


def subset_of_members(values: Tensor, u: Tensor, count: int) -> Tensor:
    """The members with the least numbers, the same ones for all rows (Chen et al., 2021, algorithm 1, line 6).

    Args:
        values: `[N, B]` float.
        u: `[N]` float, no two the same: independent uniform numbers make every subset as probable as any other.
        count: M, how many to take, from 1 to N.

    Returns:
        `[M, B]` float.

    Raises:
        ValueError: there is not one number for each member, or there are fewer members than are to be taken.

    >>> import torch
    >>> subset_of_members(torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([0.7, 0.1, 0.4]), 2)
    tensor([[2.],
            [3.]])
    """
    if u.shape != values.shape[:1]:
        raise ValueError(f"numbers of shape {tuple(u.shape)} are not one for each of {values.shape[0]} members")
    if count > values.shape[0]:
        there = values.shape[0]
        raise ValueError(f"{count} of {there} members cannot be taken; take {there} at most, or have more members")
    return values[u.argsort()[:count]]
