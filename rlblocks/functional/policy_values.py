"""What a policy over counted actions does and expects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks.functional.value_learning import greedy_action, one_per_row, same_shape

if TYPE_CHECKING:
    from torch import Tensor


def epsilon_greedy_probabilities(q: Tensor, epsilon: Tensor, action_mask: Tensor | None = None) -> Tensor:
    """How probable each action is: ε/n for each of n legal ones, and 1 − ε besides for the first of the greatest value.

    Sutton and Barto, 2018, section 2.2.

    Args:
        q: `[B, A]` float.
        epsilon: `[B]` float in [0, 1].
        action_mask: `[B, A]` bool, True is legal; None says that all are.

    Returns:
        `[B, A]` float; a row sums to 1, and illegal actions have 0.

    Raises:
        ValueError: ε is not one number a row.

    >>> import torch
    >>> epsilon_greedy_probabilities(torch.tensor([[1.0, 3.0, 2.0, 0.0]]), torch.tensor([0.5]))
    tensor([[0.1250, 0.6250, 0.1250, 0.1250]])
    """
    one_per_row(q.shape[0], epsilon=epsilon)
    legal = q.new_ones(()).expand_as(q) if action_mask is None else action_mask.to(q.dtype)
    share = epsilon.to(q.dtype).unsqueeze(1)
    uniform = share * legal / legal.sum(1, keepdim=True).clamp(min=1)
    return uniform.scatter_add(1, greedy_action(q, action_mask).unsqueeze(1), 1 - share)


def expected_value(q: Tensor, probabilities: Tensor) -> Tensor:
    """The mean of the values under a policy, Σ_a π(a)·q(a); what is never taken is not used, NaN and ∞ included.

    Args:
        q: `[B, A]` float.
        probabilities: `[B, A]` float, each row sums to 1.

    Returns:
        `[B]` float.

    Raises:
        ValueError: the shapes differ.

    >>> import torch
    >>> expected_value(torch.tensor([[2.0, 4.0, torch.nan]]), torch.tensor([[0.5, 0.5, 0.0]]))
    tensor([3.])
    """
    same_shape("probabilities", probabilities, "values", q)
    return (probabilities * q.where(probabilities != 0, 0)).sum(1)
