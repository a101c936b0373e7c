"""Deliberate mis-compositions about tables: a name, and what makes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from gymnasium import spaces
from rlblocks.recipes import double_q_learning, dyna_q, expected_sarsa, q_learning, sarsa, sarsa_lambda

from rlblocks import Recipe, wire
from rlblocks.envs import Discretise, Gym, Supplied
from rlblocks.explorers import EpsilonGreedy, OverMembers, UniformRandom
from rlblocks.losses import Eligibility, SquaredError
from rlblocks.networks import Quantiles, QValues
from rlblocks.optimizers import SGD, Traces
from rlblocks.stores import Latest, NStep, Rollout, UniformReplay, WithNext
from rlblocks.targets import DoubleEstimator, DoubleQ, ExpectedSarsa, MaxQ, Sarsa
from tests.core.noise_misfits import HalfBounded


class Pictures(HalfBounded):
    """Observations are images."""

    observation_space = spaces.Box(0, 255, (84, 84, 3), np.uint8)
    action_space = spaces.Discrete(2)


def on_cartpole(**bins: Any) -> Any:
    """A table on CartPole in these bins."""
    return wire(q_learning().swap(env=Gym("CartPole-v1", wrappers=(Discretise(**bins),))))


def q_lambda() -> Recipe:
    """Q-learning along a trace that nobody cuts."""
    return q_learning().swap(losses=Eligibility(), optimizer=Traces())


def tabular_cases() -> dict[str, Callable[[], Any]]:
    """By name."""
    return {
        "a table on images": lambda: wire(q_learning().swap(env=Supplied(Pictures))),
        "a table on real numbers": lambda: wire(q_learning().swap(env=Gym("CartPole-v1"))),
        "a table of real actions": lambda: wire(q_learning().swap(env=Gym("Pendulum-v1"))),
        "SARSA on a store that forgets the next action": lambda: wire(q_learning().swap(target=Sarsa())),
        "SARSA on replay that forgets the next action": lambda: wire(sarsa().swap(store=UniformReplay(100))),
        "expected SARSA with an explorer that does not say how much": lambda: wire(
            q_learning().swap(target=ExpectedSarsa())
        ),
        "expected SARSA with a warm-up that does not say how much": lambda: wire(
            expected_sarsa().swap({"cadence.warmup_explorer": UniformRandom()})
        ),
        "expected SARSA of quantiles": lambda: wire(expected_sarsa().swap({"networks.q.head": QValues(Quantiles(4))})),
        "a larger batch than the newest row": lambda: wire(q_learning().set({"cadence.batch": 4})),
        "Dyna without a model": lambda: wire(q_learning().set(updates=51)),
        "the newest row of several environments": lambda: wire(q_learning().set({"env.n": 4})),
        "a model of real numbers": lambda: wire(dyna_q().swap(env=Gym("CartPole-v1"))),
        "next actions of a drained store": lambda: WithNext(Rollout(4)),
        "next actions of joined steps": lambda: WithNext(NStep(UniformReplay(9))),
        "next actions twice": lambda: WithNext(WithNext(Latest(1))),
        "a double table of one network": lambda: wire(q_learning().swap(target=DoubleEstimator())),
        "a double table of three networks": lambda: wire(double_q_learning().set({"networks.q.members": 3})),
        "several networks and an explorer of one": lambda: wire(double_q_learning().swap(explorer=EpsilonGreedy())),
        "several networks and a target of one": lambda: wire(double_q_learning().swap(target=MaxQ())),
        "acting together without values": lambda: OverMembers(UniformRandom()),
        "a trace of squared errors": lambda: wire(sarsa_lambda().swap(losses=SquaredError())),
        "a gradient of the value without a trace": lambda: wire(sarsa_lambda().swap(optimizer=SGD())),
        "a trace over replay": lambda: wire(sarsa_lambda().swap(store=WithNext(UniformReplay(100)))),
        "a trace over several rows at once": lambda: wire(sarsa_lambda().set({"batch": 4, "store.inner.capacity": 4})),
        "a trace with several learn steps": lambda: wire(sarsa_lambda().set({"cadence.updates": 2})),
        "a trace over several environments": lambda: wire(sarsa_lambda().set({"env.n": 2})),
        "a trace of a trace": lambda: Traces(inner=Traces()),
        "a trace of the best actions through explored ones": lambda: wire(q_lambda()),
        "a trace of the best actions of two networks": lambda: wire(q_lambda().swap(target=DoubleQ())),
        "bins of no width": lambda: on_cartpole(bins=(2,) * 4, low=(-1.0,) * 4, high=(1.0, 1.0, -1.0, 1.0)),
        "bins of a component without bounds": lambda: on_cartpole(bins=(2,) * 4),
        "bins of too few components": lambda: on_cartpole(bins=(2, 2)),
        "no bins at all": lambda: on_cartpole(bins=()),
        "bounds of too few components": lambda: on_cartpole(bins=(2,) * 4, low=(0.0,)),
    }
