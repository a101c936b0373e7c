"""Advantage actor-critic."""

from __future__ import annotations

from rlblocks._core.recipe import Recipe
from rlblocks.losses import Entropy
from rlblocks.returns import GAE
from rlblocks.stores import Rollout

from .reinforce_baseline import reinforce_baseline


def a2c() -> Recipe:
    """A2C: REINFORCE with a baseline that also stands for the rest of the episode, so that it learns from parts of one.

    Mnih et al., 2016, "Asynchronous methods for deep reinforcement learning", algorithm S3, with the eight environments
    in step instead of asynchronous; advantages by Schulman et al., 2016.

    Differs from the paper: generalized advantages instead of the n-step return, normalised over the rollout; separate
    networks for policy and value; Adam instead of RMSprop.

    >>> a2c().get("prepare[0]")
    GAE(lam=0.95)
    """
    recipe = reinforce_baseline()
    losses = recipe.objectives["policy"].losses
    return (
        recipe.swap(
            {"store": Rollout(32), "prepare[0]": GAE(0.95), "objectives.policy.losses": (*losses, Entropy(0.01))}
        )
        .set({"env.n": 8, "optimizer.lr.start": 2e-3})
        .named("a2c")
    )
