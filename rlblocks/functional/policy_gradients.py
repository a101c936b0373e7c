"""Per-row terms of policy-gradient objectives, and what is measured of them.

`log_prob` is log π(a|s) of the policy that is trained at the stored action, `old_log_prob` that of the policy that took
it; `log_ratio` is their difference, log r. All of these are `[B]`, one number a row.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rlblocks.functional.errors import squared_error
from rlblocks.functional.value_learning import same_shape

TOLERATED = 1.5  # Schulman et al., 2017, section 4: how far from its target the divergence may be
ADJUSTMENT = 2.0  # and what β is multiplied or divided by beyond; the paper found results not sensitive to either


def only_counted(rows: Tensor, weight: Tensor | float) -> Tensor:
    """Rows with 0 in the place of those of weight 0: what stands in padding is not used, infinity and NaN included.

    Args:
        rows: `[B]` float.
        weight: `[B]`, or one number for all rows, which then all count.

    Returns:
        `[B]`, through which no gradient reaches a row of weight 0.

    >>> only_counted(torch.tensor([1.0, torch.inf]), torch.tensor([0.5, 0.0])), only_counted(torch.tensor([2.0]), 1)
    (tensor([1., 0.]), tensor([2.]))
    """
    if not isinstance(weight, Tensor):
        return rows
    same_shape("weight", weight, "row", rows)
    return rows.masked_fill(weight == 0, 0.0)


def weighted_average(rows: Tensor, weight: Tensor | float) -> Tensor:
    """The average Σ wᵢxᵢ / Σ wᵢ, which lies between the least and the greatest x; 0 where all weights are 0.

    Unlike `weighted_mean` it is divided by the weights: it is for what is reported of rows, not for what is minimised.

    Args:
        rows: `[B]` float, x, finite where the weight is 0.
        weight: `[B]`, w at least 0, or one number above 0 for all rows.

    Returns:
        0-dim, in the dtype of `rows`, without gradient.

    >>> weighted_average(torch.tensor([1.0, 4.0, 9.0]), torch.tensor([2.0, 1.0, 0.0]))
    tensor(2.)
    """
    plain = rows.detach()
    if not isinstance(weight, Tensor):
        return plain.mean()
    same_shape("weight", weight, "row", rows)
    shares = weight.detach().to(rows.dtype)
    return torch.dot(shares, plain) / shares.sum().clamp(min=torch.finfo(rows.dtype).tiny)


def policy_gradient(log_prob: Tensor, advantage: Tensor) -> Tensor:
    """The policy-gradient term of each row: −A·log π(a|s).

    Args:
        log_prob: `[B]` float.
        advantage: `[B]` float, A, in units of the return; a constant.

    Returns:
        `[B]` float.

    >>> policy_gradient(torch.tensor([-0.5, -2.0]), torch.tensor([2.0, -1.0]))
    tensor([ 1., -2.])
    """
    return -advantage.detach() * log_prob


def clipped_surrogate(log_ratio: Tensor, advantage: Tensor, clip: Tensor | float) -> Tensor:
    """The clipped surrogate of each row, to be minimised: −min(r·A, clip(r, 1 − ε, 1 + ε)·A).

    Schulman et al., 2017, eq. 7, with the sign of a loss.

    Args:
        log_ratio: `[B]` float, log r.
        advantage: `[B]` float, A; a constant.
        clip: ε at least 0, a number or 0-dim.

    Returns:
        `[B]` float.

    >>> clipped_surrogate(torch.tensor([2.0, 2.0, 0.5]).log(), torch.tensor([1.0, -1.0, -1.0]), 0.25)
    tensor([-1.2500,  2.0000,  0.7500])
    """
    ratio, gain = log_ratio.exp(), advantage.detach()
    return -torch.minimum(ratio * gain, ratio.clamp(1 - clip, 1 + clip) * gain)  # type: ignore[arg-type]  # both forms


def is_outside(log_ratio: Tensor, clip: Tensor | float) -> Tensor:
    """Whether the ratio of each row is outside of the clip: |r − 1| > ε, as 1.0 or 0.0.

    Args:
        log_ratio: `[B]` float, log r.
        clip: ε at least 0, a number or 0-dim.

    Returns:
        `[B]` in the dtype of `log_ratio`, without gradient.

    >>> is_outside(torch.tensor([0.0, 0.5, -0.5]), 0.2)
    tensor([0., 1., 1.])
    """
    return (log_ratio.detach().expm1().abs() > clip).to(log_ratio.dtype)


def divergence(log_ratio: Tensor) -> Tensor:
    """An estimate of KL(π_old ‖ π) by each row: (r − 1) − log r, at least 0, whose mean under π_old is the divergence.

    So is the mean of its gradient, since E_old[∇r] = 0 and ∇KL(π_old ‖ π) = −E_old[∇log π].

    Args:
        log_ratio: `[B]` float, log r of actions that π_old took.

    Returns:
        `[B]` float, at least 0.

    >>> divergence(torch.tensor([0.5, 2.0]).log())
    tensor([0.1931, 0.3069])
    """
    return log_ratio.expm1() - log_ratio


def adapted_penalty(beta: Tensor, kl: Tensor, target: float) -> Tensor:
    """The penalty β after a divergence was measured: β/2 where d < d_targ/1.5, 2β where d > 1.5·d_targ, else β.

    Schulman et al., 2017, section 4. It is kept within 10⁻¹⁰ and 10¹⁰: 0 would never be doubled into anything.

    Args:
        beta: 0-dim float, β above 0.
        kl: 0-dim float, d.
        target: d_targ above 0.

    Returns:
        0-dim float, a new tensor.

    >>> [adapted_penalty(torch.tensor(1.0), torch.tensor(d), 0.01).item() for d in (0.001, 0.01, 0.1)]
    [0.5, 1.0, 2.0]
    """
    smaller = torch.where(kl < target / TOLERATED, beta / ADJUSTMENT, beta)
    return torch.where(kl > target * TOLERATED, beta * ADJUSTMENT, smaller).clamp(1e-10, 1e10)


def clipped_value_error(value: Tensor, old_value: Tensor, target: Tensor, clip: Tensor | float) -> Tensor:
    """The greater of two errors of each row: max((R − V)², (R − V_clip)²), V_clip = V_old + clip(V − V_old, −ε, ε).

    Engstrom et al., 2020, section 3, in the form with max, which is that of the code of Schulman et al., 2017.

    Args:
        value: `[B]` float, V.
        old_value: `[B]` float, V_old, the value when the row was collected; a constant.
        target: `[B]` float, R; a constant.
        clip: ε at least 0, in units of V, a number or 0-dim.

    Returns:
        `[B]` float, at least 0.

    >>> clipped_value_error(torch.tensor([1.0, 1.0]), torch.zeros(2), torch.tensor([3.0, 1.0]), 0.5)
    tensor([6.2500, 0.2500])
    """
    old, goal = old_value.detach(), target.detach()
    kept = old + (value - old).clamp(-clip, clip)  # type: ignore[arg-type]  # both forms
    return torch.maximum(squared_error(value, goal), squared_error(kept, goal))
