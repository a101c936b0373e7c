"""Distributions as quantiles: where they lie, and how far they are from what was seen.

A distribution of M equally likely values θ₁ … θ_M is `[*, B, M]`, where θ_i stands for the quantile at the level
τ̂_i = (2i − 1)/2M. Leading dims, such as `member`, may be there or not.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import huber_loss


def quantile_levels(like: Tensor) -> Tensor:
    """The levels that the last dim of a tensor stands for: τ̂_i = (2i − 1)/2M (Dabney et al., 2018, lemma 2).

    Args:
        like: `[*, M]` float.

    Returns:
        `[M]` in its dtype, in (0, 1).

    >>> quantile_levels(torch.zeros(3, 4))
    tensor([0.1250, 0.3750, 0.6250, 0.8750])
    """
    count = like.shape[-1]
    return (torch.arange(count, dtype=like.dtype, device=like.device) + 0.5) / count


def quantile_huber(prediction: Tensor, target: Tensor, kappa: float) -> Tensor:
    """The quantile Huber error of each row: (1/MK) Σ_i Σ_k |τ̂_i − 1{u_ik < 0}|·h_κ(u_ik)/κ for u_ik = y_k − θ_i.

    h_κ is Huber's error, so that each term is near |τ̂_i − 1{u < 0}|·|u| where |u| is far above κ (Dabney et al., 2018,
    eq. 9 and 10, here divided by κ). The mean over both is that of Kuznetsov et al., 2020, section 3; in Dabney et
    al., 2018, algorithm 1, the errors are summed over i: M times as much.

    Args:
        prediction: θ, `[*, B, M]` float, each of whose numbers has its own level.
        target: y, `[B, K]` float, in any order; a constant.
        kappa: κ above 0, in units of θ.

    Returns:
        `[*, B]` float, at least 0.

    Raises:
        ValueError: the target is not `[B, K]`.

    >>> quantile_huber(torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0]]), 1.0)  # (¼·2½ + ¾·2½)/2
    tensor([1.2500])
    """
    if target.dim() != 2 or prediction.shape[-2:-1] != target.shape[:1]:  # noqa: PLR2004  batch, and numbers of a row
        raise ValueError(
            f"target has shape {tuple(target.shape)}, but must hold numbers for each row of a prediction of shape "
            f"{tuple(prediction.shape)}, whose last dim are quantiles; use a target that writes quantiles, or a loss "
            "of single values"
        )
    pairs = (*prediction.shape, target.shape[-1])  # [*, B, M, K]
    theta, y = prediction.unsqueeze(-1).expand(pairs), target.detach().unsqueeze(-2).expand(pairs)
    slant = (quantile_levels(prediction).unsqueeze(-1) - (y < theta.detach()).to(theta.dtype)).abs()
    errors: Tensor = slant * huber_loss(theta, y, reduction="none", delta=kappa)
    return errors.mean((-2, -1)) / kappa
