"""Deep Q-learning."""

from __future__ import annotations

from rlblocks._core.clocks import EnvSteps, OfRun, Updates
from rlblocks._core.recipe import Network, Objective, Recipe
from rlblocks.cadences import LearnEvery
from rlblocks.envs import Gym
from rlblocks.explorers import EpsilonGreedy
from rlblocks.losses import SquaredError
from rlblocks.networks import MLP, QValues
from rlblocks.optimizers import Adam, ClipNorm
from rlblocks.schedules import Linear
from rlblocks.stores import UniformReplay
from rlblocks.target_updates import Polyak
from rlblocks.targets import MaxQ


def dqn() -> Recipe:
    """DQN: Q-learning with a network, replayed experience and a slowly following target network.

    Mnih et al., 2015, "Human-level control through deep reinforcement learning", algorithm 1.

    Differs from the paper: an MLP for vectors instead of the convolutional network; the squared error, mean(δ²), is not
    clipped; the target network follows by averaging (Lillicrap et al., 2016) instead of a copy every 10,000 steps; Adam
    with a learning rate that falls over the run instead of RMSprop. With these, the last policy of a CartPole-v1 run is
    a good one, not only the best of the run.

    >>> dqn().get("target")
    MaxQ()
    """
    return Recipe(
        name="dqn",
        env=Gym("CartPole-v1"),
        gamma=0.99,
        networks={"q": Network(reads="observation", body=MLP((128, 128)), head=QValues())},
        explorer=EpsilonGreedy(Linear(1.0, 0.05, over=EnvSteps(10_000))),
        store=UniformReplay(50_000),
        objectives={
            "q": Objective(
                trains="q",
                target=MaxQ(),
                losses=SquaredError(coefficient=2.0),
                optimizer=Adam(lr=Linear(1e-3, 1e-5, over=OfRun(1.0)), clip=ClipNorm(10.0)),
            )
        },
        target_updates={"q": Polyak(0.005, every=Updates(1))},
        cadence=LearnEvery(EnvSteps(1), updates=1, batch=128, warmup=1_000),
    )
