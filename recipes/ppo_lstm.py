"""Proximal policy optimisation with a memory."""

from __future__ import annotations

from rlblocks._core.recipe import Network, Recipe
from rlblocks.networks import LSTM, MLP, Features
from rlblocks.normalizers import RewardScale

from .ppo import ppo


def ppo_lstm() -> Recipe:
    """PPO whose policy and value read what a recurrent network makes of everything seen in the episode.

    Schulman et al., 2017, with the memory of Hochreiter and Schmidhuber, 1997; for environments whose observations do
    not tell the whole state.

    Differs from `ppo`: one network is shared by policy and value, so rewards are scaled, or the errors of the value
    would drown the gradient of the policy; minibatches are made of windows of sixteen steps, through which the gradient
    goes back, each from the memory that was stored when it was collected.

    >>> sorted(ppo_lstm().networks)
    ['memory', 'policy', 'value']
    """
    recipe = ppo()
    heads = {
        name: Network(reads="features", body=MLP(()), head=network.head) for name, network in recipe.networks.items()
    }
    memory = Network(reads="observation", body=LSTM(64), head=Features())
    return (
        recipe.swap({"networks": {"memory": memory, **heads}, "normalizers": {"reward": RewardScale()}})
        .set(
            {
                "objectives.policy.trains": ("memory", "policy", "value"),
                "cadence.window": 16,
                "optimizer.lr.start": 3e-3,
            }
        )
        .named("ppo_lstm")
    )
