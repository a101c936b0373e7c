"""Proximal policy optimisation."""

from __future__ import annotations

from rlblocks._core.recipe import Recipe
from rlblocks.losses import ClippedSurrogate

from .a2c import a2c


def ppo() -> Recipe:
    """PPO: A2C whose loss lets it learn several times from the same rollout.

    Schulman et al., 2017, "Proximal policy optimization algorithms", algorithm 1 with eq. 7 and eq. 9.

    Differs from the paper: advantages are normalised within each minibatch; the learning rate falls over the run; the
    gradient's norm is limited. These are the settings that implementations share (Huang et al., 2022, "The 37
    implementation details of proximal policy optimization").

    >>> ppo().get("objectives.policy.losses[0]").clip
    Constant(amount=0.2)
    """
    return (
        a2c()
        .swap({"objectives.policy.losses[0]": ClippedSurrogate(0.2)})
        .set({
            "store.steps": 128, "cadence.epochs": 4, "cadence.minibatches": 4, "optimizer.lr.start": 2.5e-4,
        })
        .named("ppo")
    )  # fmt: skip
