"""Twin delayed deep deterministic policy gradients."""

from __future__ import annotations

from rlblocks._core.recipe import Recipe
from rlblocks.explorers import GaussianNoise
from rlblocks.targets import SmoothedQ

from .ddpg import ddpg


def td3() -> Recipe:
    """TD3: DDPG with the lesser of two critics, a target that is smooth in the action, and a policy that waits.

    Fujimoto et al., 2018, "Addressing function approximation error in actor-critic methods", algorithm 1.

    Differs from the paper: networks of 256-256 units and batches of 256 rows instead of 400-300 and 100.

    >>> td3().get("objectives.actor.every")
    Updates(2)
    """
    return (
        ddpg()
        .swap({"objectives.critic.target": SmoothedQ(0.2, 0.5), "explorer": GaussianNoise(0.1)})
        .set({
            "networks.critic.members": 2, "objectives.actor.every": "2 updates",
            "target_updates.policy.every": "2 updates", "target_updates.critic.every": "2 updates",
        })
        .named("td3")
    )  # fmt: skip
