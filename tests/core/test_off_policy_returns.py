"""Retrace end to end: values of a policy, and the policy itself, learned from the actions of another one."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch import nn

from rlblocks import Network, Objective, OfRun, Recipe, WiringError, block, draw, size, wire
from rlblocks._core.keys import SCALAR
from rlblocks._core.loop import Loop
from rlblocks._core.state import State
from rlblocks.cadences import RolloutEpochs
from rlblocks.envs import Supplied, TimeLimit
from rlblocks.explorers import Explorer, Mode
from rlblocks.losses import ClippedSurrogate, Entropy, SquaredError
from rlblocks.networks import MLP, Head, Policy, QValues
from rlblocks.optimizers import Adam
from rlblocks.returns import MonteCarlo, Retrace
from rlblocks.schedules import Linear
from rlblocks.stores import Rollout
from rlblocks.targets import NoTarget, PreparedReturn
from tests.core.odd_blocks import unregistered
from tests.core.small_blocks import ran
from tests.states import state_of

GAMMA, STATES, GOAL, STEPS = 0.9, 4, 1.0, 8_000


class Corridor(gymnasium.Env[Any, Any]):
    """Four places in a row; one action steps right, and behind the last place is the goal, the other steps left."""

    observation_space = spaces.Discrete(STATES)
    action_space = spaces.Discrete(2)

    def reset(self, *, seed: Any = None, options: Any = None) -> Any:
        gymnasium.Env.reset(self, seed=seed)
        self.place = int(self.np_random.integers(STATES))
        return self.place, {}

    def step(self, action: Any) -> Any:
        reward, place = moved(self.place, int(action))
        self.place = min(place, STATES - 1)
        return self.place, reward, place == STATES, False, {}


def moved(place: int, action: int) -> tuple[float, int]:
    """The reward and the place after it; the one behind the last place is the end."""
    after = place + 1 if action else max(place - 1, 0)
    return (GOAL if after == STATES else 0.02 * (1 - action)), after


class _Expected(nn.Module):
    """From the logits and the values of all actions, side by side, to the mean of the values."""

    noise_size = 0

    def forward(self, x: Any, _noise: Any = None) -> Any:
        logits, q = x.chunk(2, dim=1)
        return {"value": (logits.softmax(1) * q).sum(1)}


with unregistered():

    @block("test/expected")
    class Expected(Head):
        """The value of a state under the present policy: v(s) = Σₐ π(a|s)·q(s, a)."""

        def writes(self, spec: Any) -> Any:
            """`value`."""
            return {"value": SCALAR}

        def misfit(self, spec: Any) -> str:
            """It reads logits and values, as many as there are actions."""
            return "" if spec.features == 2 * spec.action.n else "reads the logits and the values of all actions"

        def build(self, spec: Any, generator: Any) -> Any:
            """No parameters."""
            return _Expected()

    @block("test/coin")
    class Coin(Explorer):
        """Every action equally likely, and how likely that was: log μ = −log A."""

        inputs = {"choice": draw("uniform"), "actions": size("action")}
        outputs = ("action", "log_prob")

        def compute(self, *, choice: Any, actions: int) -> Any:
            """As it says."""
            return (choice * actions).long(), torch.full_like(choice, 1 / actions).log()

        def evaluation(self) -> Explorer:
            """The policy that is learned."""
            return Mode()


def moving(*losses: Any) -> Objective:
    """What moves the policy; a loss of weight 0 leaves it where it is."""
    optimizer = Adam(lr=Linear(0.05, 0.0, over=OfRun(1.0)))
    return Objective(trains="policy", target=NoTarget(), losses=losses, optimizer=optimizer)


def prediction(returns: Any = None, **numbers: Any) -> Recipe:
    """The values of a policy that stays as it is, from what a coin does."""
    table = MLP(())
    values = Objective(
        trains=("q", "value"), target=PreparedReturn(), losses=SquaredError(),
        optimizer=Adam(lr=Linear(0.1, 0.0, over=OfRun(1.0))),
    )  # fmt: skip
    return Recipe(
        name="prediction",
        env=Supplied(Corridor, n=4, wrappers=(TimeLimit(12),)),
        gamma=GAMMA,
        networks={
            "policy": Network("observation", table, Policy()),
            "q": Network("observation", table, QValues()),
            "value": Network(("logits", "q"), table, Expected()),
        },
        explorer=Coin(),
        store=Rollout(16),
        prepare=returns or Retrace(0.9),
        objectives={"values": values, "policy": moving(Entropy(0.0))},
        target_updates={},
        cadence=RolloutEpochs(epochs=4, minibatches=2),
    ).set(numbers)


def control() -> Recipe:
    """And the policy is moved by the advantages, its ratio to the coin clipped."""
    return prediction().swap({"objectives.policy": moving(ClippedSurrogate(0.9), Entropy(0.001))})


def everywhere(state: Any, network: str, key: str) -> Any:
    """What a network says in every place."""
    with torch.no_grad():
        return state.online[network](torch.arange(STATES))[key].double().numpy()


def exact(policy: Any) -> Any:
    """The values of actions under a policy, by the equation of Bellman."""
    q = np.zeros((STATES, 2))
    for _ in range(500):
        v = np.append((policy * q).sum(1), 0.0)
        q = np.array([[r + GAMMA * v[after] for r, after in (moved(s, a) for a in range(2))] for s in range(STATES)])
    return q


def distance(returns: Any) -> float:
    """How far the learned values are from those of the policy, which a coin hardly resembles."""
    state = trained(prediction(returns))
    return float(np.abs(everywhere(state, "q", "q") - exact(policy_of(state))).max())


def policy_of(state: Any) -> Any:
    """The probabilities in every place."""
    return torch.from_numpy(everywhere(state, "policy", "logits")).softmax(1).numpy()


def set_policy(state: Any) -> None:
    """A policy that goes right nine times of ten."""
    for parameter in state.online["policy"].parameters():
        parameter.data.zero_()
        if parameter.dim() == 1:
            parameter.data.copy_(torch.tensor([0.1, 0.9]).log())


def trained(recipe: Recipe) -> State:
    """The state after a run whose policy stays where it was put."""
    state = state_of(recipe, steps=STEPS)
    set_policy(state)
    for _ in Loop(state).steps():
        pass
    state.pool.close()
    return state


def test_it_reads_both_policies_in_time() -> None:
    """The stored log-probability of whoever acted, and the present one of the same action."""
    plan = wire(prediction())
    prepare = plan.prepare

    assert prepare is not None
    assert {"log_prob", "action", "truncated"} <= set(prepare.columns)
    assert "log_prob=log_prob_online_at_action, behaviour_log_prob=log_prob" in prepare.source
    assert "q=in_time(value_of_action(rows(q_online), rows(action)), reward)" in prepare.source


def test_values_of_a_policy_are_learned_from_a_coin() -> None:
    """They are those of the equation of Bellman, through ends and time limits."""
    assert distance(Retrace(0.9)) < 0.03


def test_without_the_ratio_they_are_those_of_the_coin() -> None:
    """So the test above can fail."""
    assert distance(MonteCarlo()) > 0.1


def test_a_policy_is_learned_from_a_coin() -> None:
    """It goes to the goal from everywhere, as far as the clip lets it leave the coin."""
    state = ran(control(), STEPS)

    assert (policy_of(state)[:, 1] > 0.85).all()


def test_a_prepared_return_needs_a_block_of_returns() -> None:
    """Where nothing is prepared, it says which blocks would."""
    made = prediction()
    with pytest.raises(WiringError, match=r"put a block that writes it into the recipe's prepare: .*monte_carlo"):
        wire(made.swap({"prepare": ()}))
