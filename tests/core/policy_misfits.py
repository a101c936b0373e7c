"""Deliberate mis-compositions about policy gradients: a name, and what makes it."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import attrs
from rlblocks.recipes import a2c, double, dqn, ppo, ppo_lstm, reinforce

from rlblocks import Network, Objective, Updates, wire
from rlblocks.cadences import LearnEvery
from rlblocks.distributions import Categorical, Gaussian
from rlblocks.early_stops import KLStop
from rlblocks.envs import Gym
from rlblocks.explorers import EpsilonGreedy, Greedy, Mode
from rlblocks.losses import ClippedSurrogate, ClippedValueLoss, Entropy, PolicyGradient, SquaredError, ValueLoss
from rlblocks.networks import GRU, LSTM, Features, Policy, QValues
from rlblocks.normalizers import ObservationNorm, RewardScale
from rlblocks.optimizers import Adam
from rlblocks.returns import GAE, MonteCarlo, Retrace
from rlblocks.stores import NStep, PrioritizedReplay, Rollout, UniformReplay
from rlblocks.targets import MaxQ, NoTarget
from rlblocks.transforms import Normalise

LOSSES = "objectives.policy.losses"


def policy_cases(o: SimpleNamespace) -> dict[str, Callable[[], Any]]:
    """By name. `o` holds the odd blocks."""
    return {**chunks(o), **returns(), **policies(o), **losses(), **memories(), **normalizers(), **episodes()}


def chunks(o: SimpleNamespace) -> dict[str, Callable[[], Any]]:
    """What the store hands over, and what learns from it."""
    return {
        "PPO on a store that is sampled": lambda: wire(ppo().swap(store=UniformReplay(1_000))),
        "PPO on a store that is sampled by priority": lambda: wire(ppo().swap(store=PrioritizedReplay(1_000))),
        "DQN on a rollout": lambda: wire(dqn().swap(store=Rollout(128))),
        "PPO that learns every so many steps": lambda: wire(ppo().swap(cadence=LearnEvery())),
        "n-step around a rollout": lambda: wire(ppo().wrap("store", NStep, n=3)),
        "a drained store whose weight nobody reads": lambda: wire(
            reinforce().swap({LOSSES: (o.UnweightedGradient(),)})
        ),
        "minibatches that do not divide the rollout": lambda: wire(ppo().set({"cadence.minibatches": 7})),
        "more minibatches than rows": lambda: wire(ppo().set({"store.steps": 1, "cadence.minibatches": 16})),
        "a window that does not divide the rollout": lambda: wire(ppo_lstm().set({"cadence.window": 24})),
        "fewer windows than minibatches": lambda: wire(ppo_lstm().set({"store.steps": 16, "cadence.minibatches": 16})),
        "an early stop without a divergence": lambda: wire(a2c().swap({"cadence.early_stop": KLStop()})),
    }


def returns() -> dict[str, Callable[[], Any]]:
    """Returns, advantages and what rewrites them."""
    replayed = {"store": UniformReplay(10_000), "cadence": LearnEvery(warmup=500)}
    return {
        "advantages estimated after time was flattened": lambda: wire(
            ppo().swap({"prepare": (), "objectives.policy.prepare": (GAE(),)})
        ),
        "advantages estimated from replayed rows": lambda: wire(ppo().swap(replayed)),
        "advantages estimated twice": lambda: wire(ppo().swap({"prepare": (GAE(), MonteCarlo())})),
        "advantages that nothing estimates": lambda: wire(ppo().swap({"prepare": ()})),
        "advantages without a value": lambda: wire(reinforce().swap({"prepare[0]": GAE()})),
        "a return that reads action values": lambda: wire(ppo().swap({"prepare[0]": Retrace()})),
        "a transform of a misspelt key": lambda: wire(
            ppo().swap({"objectives.policy.prepare": (Normalise("advantag"),)})
        ),
        "a transform before what it transforms": lambda: wire(ppo().swap({"prepare": (Normalise("advantage"), GAE())})),
        "a target that bootstraps from action values": lambda: wire(ppo().swap(target=MaxQ())),
        "no target under a loss that reads one": lambda: wire(dqn().swap(target=NoTarget())),
        "the patch double on PPO": lambda: double(ppo()),
    }  # fmt: skip


def policies(o: SimpleNamespace) -> dict[str, Callable[[], Any]]:
    """Policies, how they act and what is read of them."""
    value = ppo().get("networks.value")
    return {
        "epsilon-greedy on a policy": lambda: wire(a2c().swap(explorer=EpsilonGreedy())),
        "greedy on a policy": lambda: wire(ppo().swap(explorer=Greedy())),
        "a surrogate whose explorer stores no log-probabilities": lambda: wire(ppo().swap(explorer=Mode())),
        "a policy whose actions nobody draws": lambda: wire(dqn().swap({"networks.q.head": Policy()})),
        "the entropy of the stored action": lambda: wire(ppo().swap({f"{LOSSES}[2]": o.EntropyThere()})),
        "a log-probability without an action in a loss": lambda: wire(ppo().swap({f"{LOSSES}[0]": o.Unconditional()})),
        "a policy that nobody trains": lambda: wire(ppo().set({"objectives.policy.trains": ("value",)})),
        "a value that nobody trains": lambda: wire(ppo().set({"objectives.policy.trains": ("policy",)})),
        "two networks write the value": lambda: wire(ppo().swap({"networks": {**ppo().networks, "again": value}})),
        "a policy in place of the value": lambda: wire(ppo().swap({"networks.value.head": Policy()})),
        "categories for continuous actions": lambda: wire(
            attrs.evolve(ppo(), env=Gym("Pendulum-v1")).swap({"networks.policy.head": Policy(continuous=Categorical())})
        ),
        "a density for discrete actions": lambda: wire(
            ppo().swap({"networks.policy.head": Policy(discrete=Gaussian())})
        ),
        "action values beside a policy on continuous actions": lambda: wire(
            attrs.evolve(ppo(), env=Gym("Pendulum-v1")).swap({"networks.value.head": QValues()})
        ),
    }


def losses() -> dict[str, Callable[[], Any]]:
    """The terms of one objective."""
    surrogate, value = ClippedSurrogate(0.2), ValueLoss(0.5)
    alone = Objective(trains="value", target=NoTarget(), losses=value, optimizer=Adam(), every=Updates(2))
    return {
        "a value loss without a value head": lambda: wire(
            reinforce().swap({LOSSES: (PolicyGradient(), ValueLoss())})
        ),
        "two losses write one divergence": lambda: wire(ppo().swap({LOSSES: (surrogate, surrogate, value)})),
        "a clipped value loss without the values of collecting": lambda: wire(
            ppo().swap({f"{LOSSES}[1]": ClippedValueLoss()})
        ),
        "an entropy of a network without a policy": lambda: wire(
            dqn().swap({"objectives.q.losses": (SquaredError(), Entropy())})
        ),
        "an early stop asked of an objective that rests": lambda: wire(
            ppo().swap({
                "objectives": {"value": alone, "policy": attrs.evolve(
                    ppo().objectives["policy"], trains="policy", losses=surrogate, every=Updates(2))},
                "cadence.early_stop": KLStop(),
            })
        ),
    }  # fmt: skip


def memories() -> dict[str, Callable[[], Any]]:
    """Networks that remember."""
    remembering = Network(reads="observation", body=GRU(8), head=Features())
    twice = {**ppo_lstm().networks, "memory_2": remembering}
    return {
        "a memory and minibatches of single steps": lambda: wire(ppo_lstm().set({"cadence.window": 1})),
        "a memory in DQN": lambda: wire(dqn().swap({"networks.q.body": LSTM(8)})),
        "two networks that remember": lambda: wire(
            ppo().swap({"networks.policy.body": LSTM(8), "networks.value.body": LSTM(8)}).set({"cadence.window": 16})
        ),
        "a second memory that nobody reads": lambda: wire(ppo_lstm().swap({"networks": twice})),
        "a memory of no units": lambda: LSTM(0),
        "a window of a hundred steps": lambda: ppo_lstm().set({"cadence.window": 100}),
    }


def normalizers() -> dict[str, Callable[[], Any]]:
    """Running statistics between what is stored and what is read."""

    def seen(recipe: Any, **blocks: Any) -> Any:
        return wire(recipe.swap({"normalizers": blocks}))

    return {
        "a normalizer of a column that is not there": lambda: seen(ppo(), observations=ObservationNorm()),
        "a normalizer of what is prepared": lambda: seen(ppo(), advantage=RewardScale()),
        "a normalizer of discrete observations": lambda: seen(
            attrs.evolve(ppo(), env=Gym("FrozenLake-v1")), observation=ObservationNorm()
        ),
        "a normalizer of observations for rewards": lambda: seen(ppo(), reward=ObservationNorm()),
        "a normalizer of rewards for observations": lambda: seen(ppo(), observation=RewardScale()),
        "a normalizer of rewards that nobody reads": lambda: wire(
            ppo().swap({
                "normalizers": {"reward": RewardScale()}, "prepare": (), "objectives.policy.prepare": (),
                LOSSES: (Entropy(),), "networks": {"policy": ppo().networks["policy"]},
            }).set({"objectives.policy.trains": ("policy",)})
        ),
        "a normalizer in place of a mapping": lambda: attrs.evolve(ppo(), normalizers={"observation": Normalise()}),
        "a normalizer class": lambda: attrs.evolve(ppo(), normalizers={"observation": ObservationNorm}),
    }  # fmt: skip


def episodes() -> dict[str, Callable[[], Any]]:
    """Whole episodes, which must be known to be short enough."""
    return {
        "whole episodes that nothing limits": lambda: wire(attrs.evolve(reinforce(), env=Gym("CliffWalking-v1"))),
        "whole episodes that may be longer": lambda: wire(
            attrs.evolve(reinforce(), env=Gym("MountainCarContinuous-v0"))
        ),
        "episodes that do not divide into minibatches": lambda: wire(
            reinforce().set({"cadence.minibatches": 8, "store.longest": 501})
        ),
    }  # fmt: skip
