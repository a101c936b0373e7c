"""Truncated quantile critics."""

from __future__ import annotations

from rlblocks._core.recipe import Recipe
from rlblocks.aggregates import Average
from rlblocks.losses import QuantileHuber, SoftPolicyLoss
from rlblocks.networks import Quantiles
from rlblocks.targets import TruncatedQuantiles

from .sac import sac


def tqc() -> Recipe:
    """TQC: SAC whose critics learn quantiles of the return, and whose target leaves out the greatest of them.

    Kuznetsov et al., 2020, "Controlling overestimation bias with truncated mixture of continuous distributional
    quantile critics", algorithm 1.

    Differs from the paper: two critics of 256-256 units instead of five of 512-512-512; all learning rates 10⁻³ instead
    of 3·10⁻⁴.

    >>> tqc().get("objectives.critic.target")
    TruncatedQuantiles(drop=2)
    """
    return sac().swap({
        "networks.critic.head.form": Quantiles(25), "objectives.critic.target": TruncatedQuantiles(2),
        "objectives.critic.losses": (QuantileHuber(),), "objectives.actor.losses": (SoftPolicyLoss(over=Average()),),
    }).named("tqc")  # fmt: skip
