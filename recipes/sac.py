"""Soft actor-critic."""

from __future__ import annotations

from rlblocks._core.recipe import Network, Objective, Recipe
from rlblocks.distributions import TanhGaussian
from rlblocks.explorers import Sample
from rlblocks.losses import SoftPolicyLoss, TemperatureLoss
from rlblocks.networks import NoBody, Policy, Temperature
from rlblocks.optimizers import Adam
from rlblocks.targets import NoTarget, SoftQ

from .td3 import td3


def sac() -> Recipe:
    """SAC: the lesser of two critics, as in TD3, under a policy that is drawn from and paid for its entropy.

    Haarnoja et al., 2018, "Soft actor-critic algorithms and applications", algorithm 1 with eq. 18.

    Differs from the paper: all learning rates 10⁻³ instead of 3·10⁻⁴; log α is learned in the place of α.

    >>> sac().get("objectives.critic.target")
    SoftQ(over=Least())
    """
    recipe = td3()
    recipe = recipe.swap({
        "explorer": Sample(),
        "networks.policy.head": Policy(continuous=TanhGaussian()),
        "objectives.critic.target": SoftQ(),
        "objectives.actor.losses": (SoftPolicyLoss(),),
        "target_updates": {"critic": recipe.target_updates["critic"]},
    })  # fmt: skip
    temperature = Network(reads=(), body=NoBody(), head=Temperature(1.0))
    objective = Objective(trains="temperature", target=NoTarget(), losses=TemperatureLoss(), optimizer=Adam(1e-3))
    return (
        recipe.swap(
            networks={**recipe.networks, "temperature": temperature},
            objectives={**recipe.objectives, "temperature": objective},
        )
        .set({"objectives.actor.every": "1 updates", "target_updates.critic.every": "1 updates"})
        .named("sac")
    )
