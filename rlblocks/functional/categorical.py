"""Categorical policies: π(a) = exp(l_a) / Σ_b exp(l_b), for one choice a row or for several independent ones.

Logits are `[B, A]` for one choice, `[B, k, A]` for k choices; −∞ marks an entry that does not exist or is not legal.
Such an entry has probability 0, is never drawn, and gets no gradient. Each function sums over the choices of a row.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rlblocks.functional.exploration import categorical_action

if TYPE_CHECKING:
    from torch import Tensor


def total_of_row(x: Tensor) -> Tensor:
    """The sum of all numbers of each row: `[B, ...] -> [B]`.

    >>> import torch
    >>> total_of_row(torch.tensor([[1.0, 2.0], [3.0, 4.0]])), total_of_row(torch.tensor([5.0]))
    (tensor([3., 7.]), tensor([5.]))
    """
    return x.flatten(1).sum(1) if x.dim() > 1 else x


def legal_logits(logits: Tensor, action_mask: Tensor) -> Tensor:
    """The logits with −∞ in the place of illegal entries; what stood there, NaN included, is not used.

    Args:
        logits: `[B, A]` or `[B, k, A]` float.
        action_mask: bool of the same shape, True is legal. Where a choice has no legal entry, as in a padded row, all
            entries are: so the numbers stay finite, and a weight of 0 makes them nothing.

    Raises:
        ValueError: the shapes differ; a mask is never broadcast.

    >>> import torch
    >>> legal_logits(torch.tensor([[9.0, 0.0], [1.0, 2.0]]), torch.tensor([[False, True], [False, False]]))
    tensor([[-inf, 0.],
            [1., 2.]])
    """
    if action_mask.shape != logits.shape:
        raise ValueError(f"a mask of shape {tuple(action_mask.shape)} does not fit logits of {tuple(logits.shape)}")
    legal = action_mask & (logits != -math.inf)
    return logits.masked_fill(~(legal | ~legal.any(-1, keepdim=True)), -math.inf)


def _one_for_each_choice(logits: Tensor, name: str, value: Tensor) -> None:
    due = logits.shape[:-1]
    if value.shape != due:
        raise ValueError(f"{name} has shape {tuple(value.shape)}, but must be one for each choice, {tuple(due)}")


def categorical_sample(u: Tensor, logits: Tensor) -> Tensor:
    """An action of each row by the inverse of its distribution function; an entry of probability 0 is never taken.

    Args:
        u: `[B]` or `[B, k]` float in [0, 1).
        logits: `[B, A]` or `[B, k, A]` float.

    Returns:
        `[B]` or `[B, k]` int64 in [0, A).

    Raises:
        ValueError: `u` has not one number for each choice.

    >>> import torch
    >>> logits = torch.tensor([[0.0, 1.0986123], [0.0, 1.0986123]])  # π = ¼, ¾
    >>> categorical_sample(torch.tensor([0.2, 0.3]), logits)
    tensor([0, 1])
    """
    _one_for_each_choice(logits, "noise", u)
    probabilities = logits.softmax(-1).flatten(0, -2)  # [B·k, A]
    return categorical_action(u.flatten(), probabilities).view(u.shape)


def categorical_log_prob(logits: Tensor, action: Tensor) -> Tensor:
    """The log-probability of an action: log π(a) = Σ over choices of l_a − log Σ_b exp(l_b).

    Args:
        logits: `[B, A]` or `[B, k, A]` float.
        action: `[B]` or `[B, k]` integers in [0, A).

    Returns:
        `[B]` float, at most 0, in nats; −∞ for an action of probability 0.

    Raises:
        ValueError: `action` has not one number for each choice.

    >>> import torch
    >>> categorical_log_prob(torch.tensor([[0.0, 0.0], [0.0, -torch.inf]]), torch.tensor([1, 0])).exp()
    tensor([0.5000, 1.0000])
    """
    _one_for_each_choice(logits, "action", action)
    chosen = logits.log_softmax(-1).gather(-1, action.long().unsqueeze(-1))
    return total_of_row(chosen.squeeze(-1))


def categorical_entropy(logits: Tensor) -> Tensor:
    """The entropy: H = −Σ_a π(a) log π(a), where 0·log 0 = 0; over choices its sum.

    Args:
        logits: `[B, A]` or `[B, k, A]` float.

    Returns:
        `[B]` float, at least 0, in nats.

    >>> import torch
    >>> categorical_entropy(torch.tensor([[0.0, 0.0, -torch.inf], [1e4, 0.0, 0.0]]))
    tensor([0.6931, 0.0000])
    """
    log_probabilities = logits.log_softmax(-1)
    finite = log_probabilities.masked_fill(log_probabilities == -math.inf, 0.0)  # else 0·(−∞), and NaN as its gradient
    return total_of_row((log_probabilities.exp() * finite.neg()).sum(-1))


def categorical_mode(logits: Tensor) -> Tensor:
    """The action of the greatest probability, the first of several; choice by choice.

    Args:
        logits: `[B, A]` or `[B, k, A]` float.

    Returns:
        `[B]` or `[B, k]` int64 in [0, A).

    >>> import torch
    >>> categorical_mode(torch.tensor([[0.0, 2.0, 2.0]]))
    tensor([1])
    """
    return logits.argmax(-1)
