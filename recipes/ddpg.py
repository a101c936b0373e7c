"""Deep deterministic policy gradients."""

from __future__ import annotations

from rlblocks._core.clocks import EnvSteps, Updates
from rlblocks._core.recipe import Network, Objective, Recipe
from rlblocks.cadences import LearnEvery
from rlblocks.envs import Gym
from rlblocks.explorers import OrnsteinUhlenbeck
from rlblocks.losses import DeterministicPolicyLoss, SquaredError
from rlblocks.networks import MLP, ActionValue, DeterministicPolicy
from rlblocks.optimizers import Adam
from rlblocks.stores import UniformReplay
from rlblocks.target_updates import Polyak
from rlblocks.targets import NoTarget, PolicyQ


def ddpg() -> Recipe:
    """DDPG: Q-learning where actions are real numbers, with a policy that learns to say which action is best.

    Lillicrap et al., 2016, "Continuous control with deep reinforcement learning", algorithm 1.

    Differs from the paper: networks of 256-256 units and batches of 256 rows instead of 400-300 and 64; the critic
    reads the action with the state, not after its first layer; both learning rates 10⁻³; no weight decay and no batch
    normalization; the target networks follow with τ = 0.005 (as in Fujimoto et al., 2018); the first 1,000 actions are
    uniform.

    >>> ddpg().get("objectives.critic.target")
    PolicyQ(over=First())
    """
    return Recipe(
        name="ddpg",
        env=Gym("Pendulum-v1"),
        gamma=0.99,
        networks={
            "policy": Network(reads="observation", body=MLP((256, 256)), head=DeterministicPolicy()),
            "critic": Network(reads=("observation", "action"), body=MLP((256, 256)), head=ActionValue()),
        },
        explorer=OrnsteinUhlenbeck(0.2),
        store=UniformReplay(1_000_000),
        objectives={
            "critic": Objective(trains="critic", target=PolicyQ(), losses=SquaredError(), optimizer=Adam(1e-3)),
            "actor": Objective(
                trains="policy", target=NoTarget(), losses=DeterministicPolicyLoss(), optimizer=Adam(1e-3)
            ),
        },
        target_updates={"policy": Polyak(0.005, every=Updates(1)), "critic": Polyak(0.005, every=Updates(1))},
        cadence=LearnEvery(EnvSteps(1), updates=1, batch=256, warmup=1_000),
    )
