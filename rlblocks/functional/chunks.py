"""A chunk in time order, and the same rows without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def rows(x: Tensor) -> Tensor:
    """Time flattened away: `[T, N, ...] -> [T·N, ...]`; row t·N + i is step t of environment i.

    >>> import torch
    >>> rows(torch.tensor([[1, 2], [3, 4], [5, 6]]))
    tensor([1, 2, 3, 4, 5, 6])
    """
    return x.flatten(0, 1)


def in_time(x: Tensor, like: Tensor) -> Tensor:
    """Rows put back in time: `[T·N, ...] -> [T, N, ...]`, T and N as in `like`.

    >>> import torch
    >>> in_time(torch.arange(6), torch.zeros(3, 2)).tolist()
    [[0, 1], [2, 3], [4, 5]]
    """
    found: Tensor = x.unflatten(0, like.shape[:2])  # type: ignore[no-untyped-call]  # torch's own omission
    return found
