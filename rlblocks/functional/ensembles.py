"""What several networks say of the same rows, as one number for each row.

Values are `[*, B]`: the dims of members, one or several, stand before the batch B; `[B]` is one network's.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rlblocks.functional.value_learning import greedy_action, members_value_of_action, one_per_row

TWO = 2  # one chooses, the other one says what it is worth


def members(values: Tensor) -> Tensor:
    """All members one below the other: `[*, B] -> [N, B]`, and `[B] -> [1, B]`.

    >>> members(torch.zeros(2, 3, 5)).shape, members(torch.zeros(5)).shape
    (torch.Size([6, 5]), torch.Size([1, 5]))
    """
    return values.unsqueeze(0).flatten(0, -2)


def least_of_members(values: Tensor) -> Tensor:
    """The least member of each row: min_j q_j, `[*, B] -> [B]`.

    >>> least_of_members(torch.tensor([[1.0, 5.0], [3.0, 2.0]]))
    tensor([1., 2.])
    """
    return members(values).amin(0)


def first_of_members(values: Tensor) -> Tensor:
    """The first member: q_1, `[*, B] -> [B]`.

    >>> first_of_members(torch.tensor([[1.0, 5.0], [3.0, 2.0]]))
    tensor([1., 5.])
    """
    return members(values)[0]


def subset_of_members(values: Tensor, u: Tensor, count: int) -> Tensor:
    """The members with the least numbers, the same ones for all rows (Chen et al., 2021, algorithm 1).

    Args:
        values: `[N, B]` float.
        u: `[N]` float, no two the same: independent uniform numbers make every subset as probable as any other.
        count: M, how many to take, from 1 to N.

    Returns:
        `[M, B]` float.

    Raises:
        ValueError: there is not one number for each member, or there are fewer members than are to be taken.

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


def value_of_other_choice(q: Tensor, first: Tensor, action_mask: Tensor | None = None) -> Tensor:
    """What one of two members says of the action that the other one prefers (van Hasselt, 2010, algorithm 1).

    Args:
        q: `[2, B, A]` float.
        first: `[B]` bool, whether the first member chooses and the second one says; else the other way round.
        action_mask: `[B, A]` bool, True is legal; None says that all are.

    Returns:
        `[B]` float.

    Raises:
        ValueError: there are not two members, or the flags are not one a row.

    >>> q = torch.tensor([[[9.0, 0.0]], [[1.0, 5.0]]])
    >>> value_of_other_choice(q, torch.tensor([True])), value_of_other_choice(q, torch.tensor([False]))
    (tensor([1.]), tensor([0.]))
    """
    two_members("values", q)
    one_per_row(q.shape[1], first=first)
    one, other = q.unbind(0)
    chosen = greedy_action(one, action_mask).where(first, greedy_action(other, action_mask))
    of_one, of_other = members_value_of_action(q, chosen).unbind(0)
    return of_other.where(first, of_one)


def told_to_one(said: Tensor, first: Tensor, y: Tensor) -> Tensor:
    """A target for one of two members; the other one is told what it says.

    Args:
        said: `[2, B]` float.
        first: `[B]` bool, whether the first member is the one that is told y; else the second.
        y: `[B]` float.

    Returns:
        `[2, B]` float.

    Raises:
        ValueError: there are not two members, or y or the flags are not one a row.

    >>> told_to_one(torch.tensor([[7.0, 7.0], [8.0, 8.0]]), torch.tensor([True, False]), torch.tensor([1.0, 2.0]))
    tensor([[1., 7.],
            [8., 2.]])
    """
    two_members("what was said", said)
    one_per_row(said.shape[-1], first=first, y=y)
    return y.where(torch.stack((first, ~first)), said)


def two_members(name: str, values: Tensor) -> None:
    """Refuse what is not said by two.

    Raises:
        ValueError: says how many there are.

    >>> two_members("values", torch.zeros(3, 7))
    Traceback (most recent call last):
    ValueError: values have shape (3, 7), but must be those of 2 members; give the network members=2
    """
    if values.shape[0] != TWO:
        raise ValueError(
            f"{name} have shape {tuple(values.shape)}, but must be those of 2 members; give the network members=2"
        )
