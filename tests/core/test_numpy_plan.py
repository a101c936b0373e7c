"""Learn steps printed for numpy do what torch does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from rlblocks.recipes import dqn, expected_sarsa, ppo, q_learning, sarsa, sarsa_lambda

from rlblocks import Recipe
from rlblocks._core.calls import ArrayCall, Call
from rlblocks._core.errors import BuildError
from rlblocks._core.loop import Loop
from rlblocks._core.numpy_plan import printed_for_numpy
from rlblocks._core.state import State, build
from rlblocks._core.wiring import wire

STEPS = 300


def state_of(recipe: Recipe, steps: int = STEPS) -> State:
    """A state before its first step."""
    return build(wire(recipe), seed=1, budget=steps, device=torch.device("cpu"))


def ran(recipe: Recipe, kind: Any) -> State:
    """The state after a run."""
    state = state_of(recipe)
    for _ in Loop(state, kind=kind).steps():
        pass
    state.pool.close()
    return state


def vector(recipe: Recipe) -> Recipe:
    """Eight environments, one learn step on all their rows."""
    every = {"env.n": 8, "cadence.every": "8 env_steps", "cadence.batch": 8, "cadence.warmup": 8}
    return recipe.set(every | ({"store.capacity": 8} if recipe.name == "q_learning" else {"store.inner.capacity": 8}))


@pytest.mark.parametrize("env", ["Taxi-v4", "FrozenLake-v1"])
@pytest.mark.parametrize("named", [q_learning, sarsa, sarsa_lambda, expected_sarsa])
def test_tables_are_those_of_torch_bit_by_bit(named: Any, env: str) -> None:
    """With legal actions told and without: tables, counters, and where each random number comes from."""
    recipe = named().set({"env.id": env})
    ours, theirs = ran(recipe, ArrayCall), ran(recipe, Call)

    assert torch.equal(*(next(state.online["q"].parameters()) for state in (ours, theirs)))
    assert ours.counters == theirs.counters
    assert ours.generators["act"].bit_generator.state == theirs.generators["act"].bit_generator.state


def test_tables_of_a_vector_are_those_of_torch() -> None:
    """Rows of one state in one batch add up in the same order."""
    recipe = vector(q_learning())
    ours, theirs = (next(ran(recipe, kind).online["q"].parameters()) for kind in (ArrayCall, Call))

    assert torch.equal(ours, theirs)


def test_a_parameter_and_its_array_are_one_memory() -> None:
    """What numpy changes, torch reads: networks, checkpoints and target updates need not know."""
    table, unit = torch.zeros(2, 3), torch.ones(3)
    made, wrote = printed_for_numpy(
        lambda chunk, *_: {"sum": table.add_(chunk["x"]).sum()}, "test", [table], {"x": np.ones(3, np.float32)}, {}, {}
    )
    again = made.call({"x": np.ones(3, np.float32)}, {}, {})

    assert (wrote["sum"], again["sum"]) == (6.0, 12.0)
    assert torch.equal(table, 2 * unit.expand(2, 3))


def test_what_is_not_known_in_numpy_is_refused() -> None:
    """By the name of the operation, before anything was learnt."""
    with pytest.raises(BuildError, match="no form of aten"):
        printed_for_numpy(lambda chunk, *_: {"y": chunk["x"].cosh()}, "test", [], {"x": np.ones(3)}, {}, {})
    with pytest.raises(BuildError, match="looks at a number in a tensor"):
        printed_for_numpy(lambda chunk, *_: {"y": chunk["x"] * chunk["x"][0].item()}, "test", [],
                          {"x": np.ones(3)}, {}, {})  # fmt: skip


def test_what_it_does_not_serve_is_refused_at_once() -> None:
    """A network with other operations at its first action, a drained store before."""
    with pytest.raises(BuildError, match="compile=numpy has no form of"):
        ran(dqn().set({"cadence.warmup": 1, "cadence.batch": 1}), ArrayCall)
    state = state_of(ppo())
    with pytest.raises(BuildError, match="this store is drained"):
        Loop(state, kind=ArrayCall)
    state.pool.close()
