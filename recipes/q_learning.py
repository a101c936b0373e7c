"""Q-learning with a table."""

from __future__ import annotations

from rlblocks._core.clocks import EnvSteps, OfRun
from rlblocks._core.recipe import Network, Recipe
from rlblocks.cadences import LearnEvery
from rlblocks.envs import Gym
from rlblocks.explorers import EpsilonGreedy
from rlblocks.losses import SquaredError
from rlblocks.networks import Lookup, QValues, Table
from rlblocks.optimizers import SGD
from rlblocks.schedules import Linear
from rlblocks.stores import Latest
from rlblocks.target_updates import SameAsOnline

from .dqn import dqn


def q_learning() -> Recipe:
    """Q-learning: a number for each state and action, Q[s, a] += α·(r + γ maxₐ Q[s', a] − Q[s, a]) after every step.

    Watkins, 1989; Sutton and Barto, 2018, section 6.5. DQN with a table in the place of its network, and without what a
    network needs: no replay (`store`: the newest row instead), no second copy, no Adam.

    >>> q_learning().get("store"), q_learning().get("target")
    (Latest(capacity=1), MaxQ())
    """
    return (
        dqn()
        .swap(
            {
                "env": Gym("FrozenLake-v1"),
                "networks.q": Network(reads="observation", body=Table(), head=QValues(layer=Lookup(initial=1.0))),
                "explorer": EpsilonGreedy(Linear(1.0, 0.0, over=OfRun(0.9))),
                "store": Latest(1),
                "losses": SquaredError(),
                "optimizer": SGD(lr=Linear(0.5, 0.01, over=OfRun(1.0))),
                "target_updates.q": SameAsOnline(),
                "cadence": LearnEvery(EnvSteps(1), updates=1, batch=1, warmup=1),
            }
        )
        .named("q_learning")
    )
