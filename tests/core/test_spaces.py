"""What is known of the tensors of a space, and policies that act in every one of them."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from rlblocks.recipes import ppo

from rlblocks import Spec, WiringError, wire
from rlblocks._core.errors import RecipeError
from rlblocks._core.spaces import spec_of
from rlblocks.distributions import StateGaussian, TanhGaussian
from rlblocks.envs.base import Facts
from rlblocks.runs.agent import Agent
from tests.core.rollouts import MODES, Told, in_vectors, learnt, small, told, witnessed
from tests.core.small_blocks import parameters
from tests.states import CPU

LOW, HIGH = np.array([-2.0, 0.0], np.float32), np.array([1.0, 5.0], np.float32)
SPECS = [
    (spaces.Discrete(3, start=5), Spec((), "int64", n=3)),
    (spaces.MultiDiscrete([2, 3]), Spec((2,), "int64", n=(2, 3))),
    (spaces.MultiBinary(3), Spec((3,), "int8", n=(2, 2, 2))),
    (spaces.Box(LOW, HIGH), Spec((2,), "float32", low=(-2.0, 0.0), high=(1.0, 5.0))),
    (spaces.Box(-1.0, 1.0, (2, 3)), Spec((2, 3), "float32", low=-1.0, high=1.0)),
    (spaces.Box(-1.0, 1.0, (2,), np.float64), Spec((2,), "float32", low=-1.0, high=1.0)),
    (spaces.Box(0, 255, (2, 2), np.uint8), Spec((2, 2), "uint8", low=0.0, high=255.0)),
    (spaces.Box(np.array([0.0, -np.inf], np.float32), np.inf), Spec((2,), "float32")),
    (spaces.Box(-np.inf, 3.0, ()), Spec((), "float32", high=3.0)),
]


@pytest.mark.parametrize(("space", "spec"), SPECS, ids=str)
def test_what_is_known_of_a_space(space: spaces.Space[Any], spec: Spec) -> None:
    """Shape, type, number of entries and bounds; one number where all components agree, none where one has none."""
    assert spec_of(space) == spec


@pytest.mark.parametrize(
    "space",
    [spaces.Text(3), spaces.Tuple((spaces.Discrete(2),)), spaces.MultiBinary((2, 2)), spaces.MultiDiscrete([[2], [3]])],
    ids=str,
)
def test_other_spaces_are_refused(space: spaces.Space[Any]) -> None:
    """By name."""
    with pytest.raises(RecipeError, match=r"is none of Box, Discrete, MultiDiscrete and MultiBinary"):
        spec_of(space)


# -- policies in them

ACTED = {
    "discrete": spaces.Discrete(3),
    "discrete from 5": spaces.Discrete(3, start=5),
    "several": spaces.MultiDiscrete([2, 3]),
    "several from elsewhere": spaces.MultiDiscrete([2, 3], start=[1, -4]),
    "bits": spaces.MultiBinary(3),
    "asymmetric box": spaces.Box(LOW, HIGH),
    "box of doubles": spaces.Box(np.float64(-0.5), np.float64(0.5), (2,), np.float64),
    "half-open box": spaces.Box(np.array([0.0, -np.inf], np.float32), np.array([1.0, np.inf], np.float32)),
    "one number": spaces.Box(-1.0, 1.0, ()),
    "a table of numbers": spaces.Box(-1.0, 1.0, (2, 2)),
}
MADE = [
    *itertools.product(["a2c"], ACTED, [None]),
    *itertools.product(["ppo", "reinforce"], ["several", "asymmetric box"], [None]),
    *itertools.product(["a2c", "reinforce"], ["several from elsewhere", "bits", "asymmetric box"], MODES),
    *itertools.product(["ppo"], ["discrete"], MODES),
]


@pytest.mark.parametrize(("name", "space", "mode"), MADE)
def test_a_policy_learns_in_it(name: str, space: str, mode: Any) -> None:
    """Every parameter moves, the environment is given members of the space alone, and the agent gives such too."""
    env = told(ACTED[space]) if mode is None else in_vectors(mode, ACTED[space])
    recipe = witnessed(small(name, env))
    fresh = parameters(learnt(recipe, 0)[0])
    state, _ = learnt(recipe, 70)
    given = [action for _, action, *_ in Told.taken]

    assert state.counters.updates >= 4
    assert len(given) == state.counters.env_steps
    assert all(ACTED[space].contains(action) for action in given)
    assert len({str(action) for action in given}) > 1
    now = parameters(state)
    assert [key for key in now if torch.equal(now[key], fresh[key])] == []
    assert all(torch.isfinite(value).all() for value in now.values())
    agent = Agent(state.plan, state.online, state.carries, CPU)
    one, several = agent(np.ones(4, np.float32)), agent(np.ones((3, 4), np.float32))
    assert ACTED[space].contains(one)
    assert all(ACTED[space].contains(several[i, ...]) for i in range(3))
    assert np.allclose(several[0], one, atol=1e-6)


def test_stored_actions_are_raw_and_executed_ones_within_bounds() -> None:
    """The environment gets the nearest bound; learning sees what was drawn, with its own log-probability."""
    _, seen = learnt(witnessed(small("a2c", told(ACTED["asymmetric box"]))), 64)
    stored = torch.cat([chunk["action"].reshape(8, 2, 2) for chunk in seen.chunks]).numpy()
    given = np.stack([action for _, action, *_ in Told.taken]).reshape(-1, 2, 2)
    outside = (stored < LOW) | (stored > HIGH)

    assert np.array_equal(given, stored.clip(LOW, HIGH))
    assert outside.mean() > 0.1
    assert max(wrote["policy.log_ratio"].abs().max().item() for wrote in seen.wrote) < 1e-5


def test_a_squashed_policy_never_leaves_its_bounds() -> None:
    """What is stored is what is executed."""
    recipe = small("a2c", told(ACTED["asymmetric box"])).swap({"networks.policy.head.continuous": TanhGaussian()})
    _, seen = learnt(witnessed(recipe), 64)
    stored = torch.cat([chunk["action"].reshape(8, 2, 2) for chunk in seen.chunks]).numpy()

    assert np.array_equal(stored, np.stack([action for _, action, *_ in Told.taken]).reshape(-1, 2, 2))
    assert ((stored >= LOW) & (stored <= HIGH)).all()


def test_stored_discrete_actions_count_from_0() -> None:
    """Whatever the environment calls them."""
    _, seen = learnt(witnessed(small("a2c", told(ACTED["several from elsewhere"]))), 64)
    stored = torch.cat([chunk["action"].reshape(8, 2, 2) for chunk in seen.chunks]).numpy()
    given = np.stack([action for _, action, *_ in Told.taken]).reshape(-1, 2, 2)

    assert np.array_equal(given, stored + np.array([1, -4]))
    assert set(stored[..., 1].flatten().tolist()) == {0, 1, 2}


def test_a_spread_that_is_seen_acts_too() -> None:
    """Another family in the same head."""
    recipe = small("a2c", told(ACTED["asymmetric box"])).swap({"networks.policy.head.continuous": StateGaussian()})
    state, _ = learnt(witnessed(recipe), 64)

    assert state.counters.updates == 4


def test_whole_numbers_in_a_box_are_refused():
    """They would be cut to whole ones on their way to the environment, unseen by the policy that chose them."""
    space = spaces.Box(0, 10, (2,), np.int64)

    with pytest.raises(WiringError, match="its actions are whole numbers in a Box") as caught:
        wire(ppo(), Facts("Whole-v0", spaces.Box(-1.0, 1.0, (3,), np.float32), space))

    assert "MultiDiscrete" in str(caught.value)
