"""Which action to take, given values and numbers that were drawn uniformly in [0, 1)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

from rlblocks.functional.value_learning import greedy_action, one_per_row, only_legal, same_shape

if TYPE_CHECKING:
    from torch import Tensor


Bound: TypeAlias = "float | tuple[float, ...]"  # of all components, or of each in flat order

COLDEST = 1e-30  # stands for T = 0: a difference of values over it is −∞ or as good as that


def uniform_action(u: Tensor, actions: int) -> Tensor:
    """One of `actions` actions, each equally likely: ⌊u·A⌋.

    It never is A: the greatest number below 1 of a binary format, times a whole A, rounds to a number below A.

    Args:
        u: `[B]` float in [0, 1).
        actions: A, at least 1.

    Returns:
        `[B]` int64 in [0, A).

    Raises:
        ValueError: `u` is not `[B]`.

    >>> import torch
    >>> uniform_action(torch.tensor([0.0, 0.4, 1 - 2**-24]), 3)
    tensor([0, 1, 2])
    """
    one_per_row(u.shape[0], u=u)
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


def epsilon_greedy_action(
    q: Tensor, epsilon: Tensor, explore: Tensor, choice: Tensor, action_mask: Tensor | None = None
) -> Tensor:
    """A uniform legal action where `explore` < ε, else the greedy one (Sutton and Barto, 2018, section 2.2).

    Args:
        q: `[B, A]` float.
        epsilon: 0-dim float in [0, 1].
        explore: `[B]` float in [0, 1).
        choice: `[B]` float in [0, 1), which picks the action of those that explore.
        action_mask: `[B, A]` bool, True is legal; None says that all are.

    Returns:
        `[B]` int64 in [0, A).

    Raises:
        ValueError: the numbers drawn are not one a row.

    >>> import torch
    >>> q, u = torch.tensor([[0.0, 5.0, 1.0], [0.0, 5.0, 1.0]]), torch.tensor([0.05, 0.5])
    >>> epsilon_greedy_action(q, torch.tensor(0.1), u, torch.tensor([0.9, 0.9]))
    tensor([2, 1])
    """
    one_per_row(q.shape[0], explore=explore, choice=choice)
    random = uniform_action(choice, q.shape[1]) if action_mask is None else uniform_legal_action(choice, action_mask)
    return random.where(explore < epsilon, greedy_action(q, action_mask))


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


def uniform_choices(u: Tensor, counts: tuple[int, ...], action_mask: Tensor | None = None) -> Tensor:
    """One entry of each of several choices, each legal entry equally likely.

    Args:
        u: `[B, k]` float in [0, 1).
        counts: how many entries each of the k choices has.
        action_mask: `[B, k, A]` bool, True is legal, for the A entries of the longest choice; None says that all are.

    Returns:
        `[B, k]` int64.

    Raises:
        ValueError: `u` is not `[B, k]`.

    >>> import torch
    >>> uniform_choices(torch.tensor([[0.9, 0.1]]), (2, 3))
    tensor([[1, 0]])
    >>> uniform_choices(torch.tensor([[0.9, 0.1]]), (2, 3), torch.tensor([[[True, False, False], [False, True, True]]]))
    tensor([[0, 1]])
    """
    if u.shape[1:] != (len(counts),):
        raise ValueError(
            f"u has shape {tuple(u.shape)}, but must be one number for each of {len(counts)} choices a row"
        )
    if action_mask is None:
        return (u * u.new_tensor(counts)).long()
    return uniform_legal_action(u.flatten(), action_mask.flatten(0, 1)).view_as(u)


def between(u: Tensor, low: Bound, high: Bound) -> Tensor:
    """Points between two bounds, and never beyond them, however it rounds: low + u·(high − low).

    Args:
        u: `[B, *shape]` float in [0, 1).
        low: the least values, one number or one for each component in flat order.
        high: the greatest values, likewise.

    Returns:
        `[B, *shape]`.

    >>> import torch
    >>> between(torch.tensor([[0.5, 0.5]]), (-1.0, 0.0), 1.0)
    tensor([[0.0000, 0.5000]])
    """
    return bound_like(u, low).lerp(bound_like(u, high), u)


def moved_action(action: Tensor, share: Tensor, low: Bound, high: Bound) -> Tensor:
    """An action moved by shares of half the width of its bounds, and cut to them: a + share·(high − low)/2.

    Args:
        action: `[B, *shape]` float, in units of the environment.
        share: `[B, *shape]` float, without a unit: in units in which the bounds are −1 and 1.
        low: the least values, one number or one for each component in flat order.
        high: the greatest values, likewise.

    Returns:
        `[B, *shape]`.

    Raises:
        ValueError: the shapes differ.

    >>> import torch
    >>> moved_action(torch.tensor([[0.0, 0.0]]), torch.tensor([[0.5, 2.0]]), -2.0, (4.0, 1.0))
    tensor([[1.5000, 1.0000]])
    """
    same_shape("action", action, "share", share)
    least, greatest = bound_like(share, low), bound_like(share, high)
    return (action + share * (0.5 * (greatest - least))).clamp(least, greatest)


def bound_like(x: Tensor, bound: Bound) -> Tensor:
    """A bound as a tensor that stands beside `[B, *shape]`."""
    made = x.new_tensor(bound)
    return made.view(x.shape[1:]) if made.dim() else made


def ornstein_uhlenbeck(x: Tensor, noise: Tensor, theta: float, dt: float, sigma: Tensor) -> Tensor:
    """One step of noise that forgets slowly: x + θ(0 − x)·dt + σ√dt·ε (Uhlenbeck and Ornstein, 1930).

    Args:
        x: `[B, *shape]` float, where the noise was.
        noise: `[B, *shape]` float, ε, standard normal.
        theta: θ at least 0, how fast it returns to 0, per unit of time.
        dt: the length of a step, in units of time.
        sigma: 0-dim float, σ at least 0.

    Returns:
        `[B, *shape]`.

    Raises:
        ValueError: the shapes differ.

    >>> import torch
    >>> ornstein_uhlenbeck(torch.tensor([[1.0]]), torch.tensor([[1.0]]), 0.5, 0.25, torch.tensor(0.2))
    tensor([[0.9750]])
    """
    same_shape("x", x, "noise", noise)
    return x * (1 - theta * dt) + sigma * noise * math.sqrt(dt)
