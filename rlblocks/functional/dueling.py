"""The dueling combination of a state value and advantages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def dueling(v: Tensor, a: Tensor) -> Tensor:
    """Action values from a state value and advantages, made unique by centring the advantages.

    Equation: Q(s, a) = V(s) + (A(s, a) − 1/|A| Σ_a' A(s, a')) (Wang et al., 2016, eq. 9). So mean_a Q = V, and a
    constant added to all advantages of a row changes nothing. With atoms or quantiles it holds for each of them.

    Args:
        v: `[B, 1, *form]`, float: the state value, its action dim kept.
        a: `[B, A, *form]`, float: one advantage per action.

    Returns:
        `[B, A, *form]`: the action values.

    >>> import torch
    >>> dueling(torch.tensor([[10.0]]), torch.tensor([[1.0, 2.0, 6.0]]))
    tensor([[ 8.,  9., 13.]])
    """
    return v + a - a.mean(dim=1, keepdim=True)
