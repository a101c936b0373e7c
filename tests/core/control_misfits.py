"""Deliberate mis-compositions about continuous control: a name, and what makes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
from gymnasium import spaces
from rlblocks.recipes import a2c, ddpg, dqn, redq, sac, sac_discrete, td3, tqc

from rlblocks import Network, Recipe, wire
from rlblocks.aggregates import Least
from rlblocks.distributions import Gaussian
from rlblocks.envs import Environment, Gym
from rlblocks.explorers import EpsilonGreedy, GaussianNoise, Sample
from rlblocks.losses import DiscreteTemperatureLoss, Huber, QuantileHuber, SoftPolicyLoss, SquaredError, TemperatureLoss
from rlblocks.networks import MLP, NoBody, Policy, Quantiles, QValues, StateValue, Temperature
from rlblocks.optimizers import ClipNorm
from rlblocks.target_updates import HardCopy, Polyak
from rlblocks.targets import MaxQ, PolicyQ, RandomSubset, SmoothedQ, SoftQ, TruncatedQuantiles
from tests.core.rollouts import told

CRITIC, ACTOR = "objectives.critic", "objectives.actor"
UNBOUNDED = spaces.Box(-np.inf, np.inf, (2,), np.float32)
HALF = spaces.Box(np.array([-1.0, 0.0], np.float32), np.array([1.0, np.inf], np.float32))


def control_cases() -> dict[str, Callable[[], Any]]:
    """By name."""
    return {**critics(), **action_spaces(), **copies(), **temperatures(), **members(), **fields()}


def elsewhere(recipe: Recipe, env: Environment) -> Recipe:
    return recipe.swap(env=env)


def critics() -> dict[str, Callable[[], Any]]:
    """What critics write and read, and who reads it."""
    blind = {"networks.critic.reads": ("observation",)}
    return {
        "a scalar critic under a target of quantiles": lambda: wire(
            sac().swap({f"{CRITIC}.target": TruncatedQuantiles()})
        ),
        "a critic of quantiles under a squared error": lambda: wire(
            sac().swap({"networks.critic.head.form": Quantiles(25)})
        ),
        "a critic of quantiles under a target and a loss of numbers": lambda: wire(
            tqc().swap({f"{CRITIC}.target": SoftQ(), f"{CRITIC}.losses[0]": Huber()})
        ),
        "a loss of quantiles under a target of numbers": lambda: wire(tqc().swap({f"{CRITIC}.target": SoftQ()})),
        "a squared error under a target of quantiles": lambda: wire(
            tqc().swap({f"{CRITIC}.losses[0]": SquaredError()})
        ),
        "a loss of quantiles under a scalar critic": lambda: wire(sac().swap({f"{CRITIC}.losses[0]": QuantileHuber()})),
        "more atoms dropped than there are": lambda: wire(tqc().set({f"{CRITIC}.target.drop": 25})),
        "a critic that does not read the action": lambda: wire(sac().set(blind)),
        "a critic of a deterministic policy that does not read the action": lambda: wire(ddpg().set(blind)),
        "a critic that writes the value of the state": lambda: wire(sac().swap({"networks.critic.head": StateValue()})),
        "the greatest of what critics say of one action": lambda: wire(sac().swap({f"{CRITIC}.target": MaxQ()})),
        "the greatest value under members": lambda: wire(
            dqn().set({"networks.q.members": 2})
        ),
        "a target of a deterministic policy under SAC": lambda: wire(sac().swap({f"{CRITIC}.target": SmoothedQ()})),
        "a loss of a drawn action for a deterministic policy": lambda: wire(
            td3().swap({f"{ACTOR}.losses[0]": SoftPolicyLoss()})
        ),
        "a soft target over all action values": lambda: wire(sac_discrete().swap({f"{CRITIC}.target": SoftQ()})),
        "a soft policy loss over all action values": lambda: wire(
            sac_discrete().swap({f"{ACTOR}.losses[0]": SoftPolicyLoss()})
        ),
    }  # fmt: skip


def action_spaces() -> dict[str, Callable[[], Any]]:
    """Actions that can or cannot be counted, and the bounds of those that cannot."""
    gaussian, drawn = {"networks.policy.head.continuous": Gaussian()}, {"cadence.warmup_explorer": Sample()}
    copied = {"target_updates": {"critic": HardCopy(), "policy": HardCopy()}}
    return {
        "SAC on Discrete actions": lambda: wire(elsewhere(sac(), Gym("CartPole-v1"))),
        "TD3 on Discrete actions": lambda: wire(elsewhere(td3(), Gym("CartPole-v1"))),
        "discrete SAC in a Box": lambda: wire(elsewhere(sac_discrete(), Gym("Pendulum-v1"))),
        "SAC without bounds": lambda: wire(elsewhere(sac(), told(UNBOUNDED))),
        "SAC with a bound on one side": lambda: wire(elsewhere(sac(), told(HALF))),
        "a deterministic policy without bounds": lambda: wire(elsewhere(ddpg(), told(UNBOUNDED))),
        "the loss of a temperature over real actions on Discrete ones": lambda: wire(
            sac_discrete().swap({"objectives.temperature.losses[0]": TemperatureLoss()})
        ),
        "the loss of a temperature over Discrete actions in a Box": lambda: wire(
            sac().swap({"objectives.temperature.losses[0]": DiscreteTemperatureLoss()})
        ),
        "an explorer of all values where the critic reads the action": lambda: wire(
            td3().swap(explorer=EpsilonGreedy())
        ),
        "drawing from a deterministic policy": lambda: wire(ddpg().swap(explorer=Sample())),
        "a smoothed target without bounds": lambda: wire(
            elsewhere(sac().swap({**gaussian, f"{CRITIC}.target": SmoothedQ(), **copied, **drawn}), told(UNBOUNDED))
        ),
        "a temperature without bounds": lambda: wire(
            elsewhere(sac().swap({**gaussian, **drawn}), told(UNBOUNDED))
        ),
    }  # fmt: skip


def copies() -> dict[str, Callable[[], Any]]:
    """Target copies and who keeps them."""
    keeper = sac().target_updates["critic"]
    return {
        "a copy of a policy that nothing reads": lambda: wire(
            sac().swap(target_updates={"critic": keeper, "policy": Polyak(0.005)})
        ),
        "a copy of a temperature": lambda: wire(
            sac().swap(target_updates={"critic": keeper, "temperature": HardCopy()})
        ),
        "a copy for each member": lambda: wire(
            td3().swap(target_updates={**td3().target_updates, "critic_2": Polyak(0.005)})
        ),
        "a deterministic policy without a copy": lambda: wire(td3().swap(target_updates={"critic": Polyak(0.005)})),
        "SAC without a copy of its critics": lambda: wire(sac().swap(target_updates={})),
        "two critics where members are meant": lambda: wire(
            sac().swap(networks={**sac().networks, "critic_2": sac().networks["critic"]})
        ),
    }  # fmt: skip


def temperatures() -> dict[str, Callable[[], Any]]:
    """The temperature: read, trained, and of the right shape."""
    less = {name: network for name, network in sac().networks.items() if name != "temperature"}
    plain = {name: objective for name, objective in sac().objectives.items() if name != "temperature"}
    deep = attrs.evolve(sac().networks["temperature"], reads=("observation",), body=MLP((8,)))
    seeing = Network(reads=(), body=NoBody(), head=StateValue())
    return {
        "a temperature that nothing reads": lambda: wire(
            td3().swap(networks={**td3().networks, "temperature": sac().networks["temperature"]})
        ),
        "a temperature that nobody trains": lambda: wire(sac().swap(objectives=plain)),
        "a temperature's objective without a temperature": lambda: wire(sac().swap(networks=less)),
        "a soft target without a temperature": lambda: wire(sac().swap(networks=less, objectives=plain)),
        "a temperature with layers": lambda: wire(sac().swap(networks={**less, "temperature": deep})),
        "a temperature of zero": lambda: Temperature(0.0),
        "a head for each row on a network that reads nothing": lambda: wire(
            sac().swap(networks={**sac().networks, "value": seeing})
        ),
        "a body on a network that reads nothing": lambda: wire(sac().swap({"networks.temperature.body": MLP()})),
        "no body on a network that reads": lambda: wire(sac().swap({"networks.policy.body": NoBody()})),
    }  # fmt: skip


def members() -> dict[str, Callable[[], Any]]:
    """How many networks of a kind there are, and what becomes of what they say."""
    return {
        "a random subset of one critic": lambda: wire(redq().set({"networks.critic.members": 1})),
        "a random subset of more critics than there are": lambda: wire(
            sac().swap({f"{CRITIC}.target": RandomSubset(of=3)})
        ),
        "two policies": lambda: wire(sac().set({"networks.policy.members": 2})),
        "two deterministic policies": lambda: wire(td3().set({"networks.policy.members": 2})),
        "two temperatures": lambda: wire(sac().set({"networks.temperature.members": 2})),
        "two critics of the state": lambda: wire(a2c().set({"networks.value.members": 2})),
        "no members": lambda: sac().set({"networks.critic.members": 0}),
        "an aggregate as a target": lambda: sac().swap({f"{CRITIC}.target": Least()}),
        "a target as an aggregate": lambda: sac().swap({f"{CRITIC}.target.over": PolicyQ()}),
        "all action values of members under DDPG's target": lambda: wire(
            elsewhere(ddpg(), Gym("CartPole-v1")).swap({"networks.critic.head": QValues()})
        ),
    }  # fmt: skip


def fields() -> dict[str, Callable[[], Any]]:
    """Numbers out of their range."""
    return {
        "noise below nothing": lambda: GaussianNoise(-0.1),
        "more atoms dropped than none": lambda: TruncatedQuantiles(drop=-1),
        "one atom": lambda: Quantiles(0),
        "a subset of none": lambda: RandomSubset(of=0),
        "a clip where an aggregate belongs": lambda: SoftQ(over=ClipNorm(1.0)),
        "a discrete policy whose distribution is a density": lambda: wire(
            sac_discrete().swap({"networks.policy.head": Policy(discrete=Gaussian())})
        ),
    }  # fmt: skip
