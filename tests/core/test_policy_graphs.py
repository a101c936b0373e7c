"""The learn step of each policy recipe is one graph, compiled once, and computes what it computes uncompiled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np
import pytest
import torch
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
from tests.core.rollouts import in_vectors, small, steady, told
from tests.core.small_blocks import CPU, parameters

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
    """Gradients are traced into the graph; compiled code and counters are forgotten afterwards."""
    from torch._dynamo import config, reset
    from torch._dynamo.utils import counters

    before = config.trace_autograd_ops
    config.trace_autograd_ops = True
    reset()
    counters.clear()
    try:
        yield counters
    finally:
        config.trace_autograd_ops = before
        reset()
        counters.clear()


def ran(recipe: Recipe, compile_learn: Any, steps: int = 48) -> State:
    state = build(wire(steady(recipe, 0.01)), seed=3, budget=steps, device=CPU)
    for _ in Loop(state, compile_learn).steps():
        pass
    state.pool.close()
    return state


def assert_alike(ours: State, theirs: State) -> None:
    """Parameters and whatever else was remembered, within rounding."""
    one, other = parameters(ours), parameters(theirs)
    assert ours.counters == theirs.counters
    assert all(torch.allclose(one[name], other[name], rtol=1e-4, atol=1e-5) for name in other)
    for slot, carry in theirs.carries.items():
        for key, parts in carry.items():
            for part, again in zip(parts, ours.carries[slot][key], strict=True):
                assert torch.allclose(again, part, rtol=1e-3, atol=1e-5), (slot, key)


def captured(function: Any) -> Any:
    """The function as one graph, which is run as it was captured."""
    return torch.compile(function, fullgraph=True, dynamic=False, backend="eager")


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
