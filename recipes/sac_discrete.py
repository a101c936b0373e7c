"""Soft actor-critic over a number of actions."""

from __future__ import annotations

from rlblocks._core.recipe import Recipe
from rlblocks.envs import Gym
from rlblocks.losses import DiscreteSoftPolicyLoss, DiscreteTemperatureLoss
from rlblocks.networks import QValues
from rlblocks.targets import DiscreteSoftQ

from .sac import sac


def sac_discrete() -> Recipe:
    """Discrete SAC: critics that value every action, so that expectations over the policy are sums.

    Christodoulou, 2019, "Soft actor-critic for discrete action settings", algorithm 1.

    Differs from the paper: the entropy that is aimed at is 0.89 of the greatest one, not 0.98; networks without
    convolutions; a learn step at every step, with batches of 256 rows and learning rates of 10⁻³, as in `sac`.

    >>> sac_discrete().get("networks.critic.head")
    QValues(form=Scalar(), layer=Dense())
    """
    return (
        sac()
        .swap({
            "env": Gym("CartPole-v1"),
            "networks.critic.head": QValues(),
            "objectives.critic.target": DiscreteSoftQ(),
            "objectives.actor.losses": (DiscreteSoftPolicyLoss(),),
            "objectives.temperature.losses": (DiscreteTemperatureLoss(),),
        })
        .set({"networks.critic.reads": ("observation",)})
        .named("sac_discrete")
    )  # fmt: skip
