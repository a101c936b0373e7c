"""Which action to take, given values and numbers that were drawn uniformly in [0, 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks.functional.value_learning import one_per_row, only_legal

if TYPE_CHECKING:
    from torch import Tensor


COLDEST = 1e-30  # stands for T = 0: a difference of values over it is −∞ or as good as that


def uniform_action(u: Tensor, actions: int) -> Tensor:
    """One of `actions` actions, each equally likely: ⌊u·A⌋.

    It never is A: the greatest number below 1 of a binary format, times a whole A, rounds to a number below A.

    Args:
        u: `[B]` float in [0, 1).
        actions: A, at least 1.

    Returns:
        `[B]` int64 in [0, A).

    >>> import torch
    >>> uniform_action(torch.tensor([0.0, 0.4, 1 - 2**-24]), 3)
    tensor([0, 1, 2])
    """
    return (u * actions).long()


def uniform_legal_action(u: Tensor, action_mask: Tensor) -> Tensor:
    """One of the legal actions of each row, each equally likely: the ⌊u·n⌋-th of the n legal ones, counted from 0.

    Args:
        u: `[B]` float in [0, 1).
        action_mask: `[B, A]` bool, True is legal. A row without a legal action gives 0.

    Returns:
        `[B]` int64 in [0, A).

    Raises:
        ValueError: `u` is not `[B]`.

    >>> import torch
    >>> mask = torch.tensor([[False, True, False, True]])
    >>> uniform_legal_action(torch.tensor([0.2]), mask), uniform_legal_action(torch.tensor([0.5]), mask)
    (tensor([1]), tensor([3]))
    """
    one_per_row(action_mask.shape[0], u=u)
    legal = action_mask.cumsum(1)  # [B, A] how many actions up to here are legal
    rank = (u * legal[:, -1]).long()
    return (legal > rank.unsqueeze(1)).byte().argmax(1)


def categorical_action(u: Tensor, probabilities: Tensor) -> Tensor:
    """One action of each row by the inverse of its distribution function: the first a with p₀ + … + pₐ > u·Σp.

    Args:
        u: `[B]` float in [0, 1).
        probabilities: `[B, A]` float, not negative; they need not sum to 1. One of probability 0 is never taken.

    Returns:
        `[B]` int64 in [0, A).

    Raises:
        ValueError: `u` is not `[B]`.

    >>> import torch
    >>> categorical_action(torch.tensor([0.2, 0.3]), torch.tensor([[0.25, 0.75], [0.25, 0.75]]))
    tensor([0, 1])
    """
    one_per_row(probabilities.shape[0], u=u)
    cumulative = probabilities.cumsum(1)
    threshold = u * cumulative[:, -1]
    return (cumulative > threshold.unsqueeze(1)).byte().argmax(1)


def boltzmann(q: Tensor, temperature: Tensor, action_mask: Tensor | None = None) -> Tensor:
    """The Boltzmann distribution over actions: p(a) ∝ exp(q(a) / T) (Sutton and Barto, 1998, eq. 2.2).

    Args:
        q: `[B, A]` float.
        temperature: 0-dim float, at least 0, in units of q; at 0 the limit, equal shares of the greatest values.
        action_mask: `[B, A]` bool, True is legal; None says that all are.

    Returns:
        `[B, A]` float, each row sums to 1.

    >>> import torch
    >>> boltzmann(torch.tensor([[0.0, 1.0986123]]), torch.tensor(1.0))
    tensor([[0.2500, 0.7500]])
    >>> boltzmann(torch.tensor([[2.0, 1.0, 2.0]]), torch.tensor(0.0))
    tensor([[0.5000, 0.0000, 0.5000]])
    """
    legal = q if action_mask is None else only_legal(q, action_mask)
    below = legal - legal.amax(1, keepdim=True)  # the greatest is 0, so that it stays 0 whatever it is divided by
    return (below / temperature.clamp(min=COLDEST)).softmax(1)
