"""REINFORCE."""

from __future__ import annotations

from rlblocks._core.clocks import OfRun
from rlblocks._core.recipe import Network, Objective, Recipe
from rlblocks.cadences import RolloutEpochs
from rlblocks.envs import Gym
from rlblocks.explorers import Sample
from rlblocks.losses import PolicyGradient
from rlblocks.networks import MLP, OrthogonalDense, Policy
from rlblocks.optimizers import Adam, ClipNorm
from rlblocks.returns import MonteCarlo
from rlblocks.schedules import Linear
from rlblocks.stores import WholeEpisodes
from rlblocks.targets import NoTarget
from rlblocks.transforms import Normalise


def reinforce() -> Recipe:
    """REINFORCE: the policy gradient with the returns of whole episodes.

    Williams, 1992, "Simple statistical gradient-following algorithms for connectionist reinforcement learning", eq. 11
    with the episodic reward of section 5; Sutton and Barto, 2018, section 13.3.

    Differs from the paper: a learn step on five episodes instead of one; only what an action can influence, the rewards
    after it, counts; returns are normalised over these episodes; Adam, with a learning rate that falls over the run and
    a limit on the norm of the gradient, instead of plain gradient ascent.

    >>> reinforce().get("store")
    WholeEpisodes(count=5, longest=500)
    """
    return Recipe(
        name="reinforce",
        env=Gym("CartPole-v1"),
        gamma=0.99,
        networks={
            "policy": Network(
                reads="observation",
                body=MLP((64, 64), layer=OrthogonalDense(), activation="tanh"),
                head=Policy(layer=OrthogonalDense(gain=0.01)),
            )
        },
        explorer=Sample(),
        store=WholeEpisodes(5),
        prepare=MonteCarlo(),
        objectives={
            "policy": Objective(
                trains="policy",
                target=NoTarget(),
                losses=PolicyGradient(),
                optimizer=Adam(lr=Linear(5e-3, 0.0, over=OfRun(1.0)), eps=1e-5, clip=ClipNorm(0.5)),
                prepare=Normalise("advantage"),
            )
        },
        target_updates={},
        cadence=RolloutEpochs(epochs=1, minibatches=1),
    )
