"""Randomized ensembled double Q-learning."""

from __future__ import annotations

from rlblocks._core.recipe import Recipe
from rlblocks.aggregates import Average
from rlblocks.targets import RandomSubset

from .sac import sac


def redq() -> Recipe:
    """REDQ: SAC with ten critics, two of which at random make each target, and twenty learn steps a step.

    Chen et al., 2021, "Randomized ensembled double Q-learning: learning fast without a model", algorithm 1.

    Differs from the paper: the policy learns at every learn step, not at every twentieth; all learning rates 10⁻³
    instead of 3·10⁻⁴.

    >>> redq().get("networks.critic.members"), redq().get("cadence.updates")
    (10, 20)
    """
    return (
        sac()
        .swap({"objectives.critic.target": RandomSubset(2), "objectives.actor.losses[0].over": Average()})
        .set({"networks.critic.members": 10, "cadence.updates": 20})
        .named("redq")
    )
