"""The learn step of each policy recipe is one graph, compiled once, and computes what it computes uncompiled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector import AutoresetMode

from rlblocks import Recipe, wire
from rlblocks._core.loop import Loop
from rlblocks._core.state import State, build
from rlblocks.distributions import TanhGaussian
from rlblocks.early_stops import KLStop
from rlblocks.losses import KLPenalty
from rlblocks.networks import GRU
from rlblocks.normalizers import ObservationNorm, RewardScale
from rlblocks.runs.options import compiler
from tests.core.graphs import assert_alike, captured, traced
from tests.core.rollouts import in_vectors, small, steady, told
from tests.states import CPU

BOX = spaces.Box(np.array([-2.0, 0.0], np.float32), np.array([1.0, 5.0], np.float32))


def penalised() -> Recipe:
    """PPO with everything that remembers beside its networks, and epochs that may end early."""
    recipe = attrs.evolve(small("ppo"), normalizers={"observation": ObservationNorm(), "reward": RewardScale()})
    losses = (*recipe.objectives["policy"].losses, KLPenalty())
    return recipe.swap({"objectives.policy.losses": losses, "cadence.early_stop": KLStop(1.0)})


def squashed() -> Recipe:
    return small("ppo", told(BOX)).swap({"networks.policy.head.continuous": TanhGaussian()})


RECIPES = {
    "reinforce": lambda: small("reinforce"),
    "reinforce_baseline": lambda: small("reinforce_baseline", told(BOX)),
    "a2c": lambda: small("a2c", in_vectors(AutoresetMode.NEXT_STEP)),
    "ppo": penalised,
    "ppo, several choices": lambda: small("ppo", told(spaces.MultiDiscrete([2, 3]))),
    "ppo, squashed": squashed,
    "ppo_lstm": lambda: small("ppo_lstm", told(BOX)),
    "ppo_lstm, gated": lambda: small("ppo_lstm").swap({"networks.memory.body": GRU(3)}),
}


@pytest.fixture
def one_graph() -> Iterator[dict[str, Any]]:
    """What was compiled, counted."""
    with traced() as counters:
        yield counters


def ran(recipe: Recipe, compile_learn: Any, steps: int = 48) -> State:
    state = build(wire(steady(recipe, 0.01)), seed=3, budget=steps, device=CPU)
    for _ in Loop(state, compile_learn).steps():
        pass
    state.pool.close()
    return state


@pytest.mark.parametrize("name", [name for name in RECIPES if name != "ppo_lstm, gated"])
def test_the_learn_step_is_captured_whole_and_once(name: str, one_graph: dict[str, Any]) -> None:
    """No break, one graph for all chunks whatever the numbers and statistics are, and the same results."""
    recipe = RECIPES[name]()
    ours, theirs = ran(recipe, captured), ran(recipe, lambda function: function)

    assert theirs.counters.updates >= 3
    assert one_graph["stats"]["unique_graphs"] == 1
    assert one_graph["graph_break"] == {}
    assert_alike(ours, theirs)


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_the_compiled_learn_step_computes_the_same(name: str, one_graph: dict[str, Any]) -> None:
    """The machine code of `compile=always` agrees with eager within rounding."""
    recipe = RECIPES[name]()
    ours, theirs = ran(recipe, compiler("compiled")), ran(recipe, lambda function: function)

    assert one_graph["stats"]["unique_graphs"] == 1
    assert_alike(ours, theirs)
