"""What targets of continuous control bootstrap from: the value of an action that a policy chose, smoothed or softened.

Time indices: what is of the next state s′ arrives at time t. B is the batch, N the members of an ensemble of critics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks.functional.exploration import moved_action
from rlblocks.functional.value_learning import one_per_row

if TYPE_CHECKING:
    from torch import Tensor

    from rlblocks.functional.exploration import Bound


def smoothed_action(
    action: Tensor, noise: Tensor, low: Bound | None, high: Bound | None, *, scale: float, limit: float
) -> Tensor:
    """An action near another one: clip(μ_i + h_i·clip(σε_i, −c, c), low_i, high_i), for half the width h of the bounds.

    Fujimoto et al., 2018, eq. 15, in units in which every bound is −1 or 1: σ and c are shares of h.

    Args:
        action: μ, `[B, *shape]` float, in units of the environment.
        noise: ε, likewise, standard normal.
        low: the least value, one number or one for each component in flat order.
        high: the greatest, likewise.
        scale: σ, at least 0.
        limit: c, at least 0.

    Returns:
        `[B, *shape]`, within the bounds.

    Raises:
        ValueError: the shapes differ, or the actions are not bounded.

    >>> import torch
    >>> smoothed_action(torch.tensor([[0.0], [3.0]]), torch.tensor([[-9.0], [1.0]]), -1.0, 3.0, scale=0.25, limit=0.5)
    tensor([[-1.],
            [ 3.]])
    """
    if low is None or high is None:
        raise ValueError("actions without bounds have no width by which they could be smoothed; bound them")
    return moved_action(action, (scale * noise).clamp(-limit, limit), low, high)


def soft_value(q: Tensor, log_prob: Tensor, log_alpha: Tensor) -> Tensor:
    """The value of an action, and of the entropy of the policy that drew it: Q(s, a) − α log π(a|s).

    Haarnoja et al., 2018b, eq. 3.

    Args:
        q: `[B, *form]` float: a scalar, or quantiles, each of which is moved alike.
        log_prob: `[B]` float, log π(a|s), in nats.
        log_alpha: 0-dim float, the logarithm of the temperature α, which is in units of reward per nat.

    Returns:
        `[B, *form]` float.

    Raises:
        ValueError: `log_prob` is not `[B]`.

    >>> import torch
    >>> soft_value(torch.tensor([3.0]), torch.tensor([-1.0]), torch.tensor(0.5).log())
    tensor([3.5000])
    """
    one_per_row(q.shape[0], log_prob=log_prob)
    return q - (log_alpha.exp() * log_prob).view(-1, *[1] * (q.dim() - 1))


def least_quantiles(quantiles: Tensor, drop: int) -> Tensor:
    """The atoms of all members, pooled and sorted, less the greatest `drop` for each member.

    Kuznetsov et al., 2020, section 3: z_(1) ≤ … ≤ z_(kN), with k = M − drop of M atoms a member.

    Args:
        quantiles: `[*, B, M]` float; the dims of members first, if any.
        drop: how many atoms of each member's number are left out, from 0 to M − 1.

    Returns:
        `[B, kN]` float, in ascending order.

    Raises:
        ValueError: nothing would be left.

    >>> import torch
    >>> least_quantiles(torch.tensor([[[1.0, 9.0]], [[8.0, 2.0]]]), 1)  # of two members, each with two atoms
    tensor([[1., 2.]])
    """
    atoms = quantiles.shape[-1]
    if drop >= atoms:
        raise ValueError(f"of {atoms} atoms {drop} cannot be left out; leave out {atoms - 1} at most")
    pooled = quantiles.unsqueeze(0).flatten(0, -3).movedim(0, 1).flatten(1)  # [B, N·M]
    return pooled.sort(-1).values[:, : pooled.shape[1] // atoms * (atoms - drop)]
