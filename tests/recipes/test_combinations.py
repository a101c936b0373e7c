"""The five ideas beyond DQN combine freely: 32 recipes from five patches and not one extra class."""

from __future__ import annotations

import itertools

import pytest
import torch
from rlblocks.recipes import PATCHES, dqn

from rlblocks import Recipe, compose, wire
from rlblocks._core.loop import Loop
from rlblocks._core.state import State, build

IDEAS = ("double", "dueling", "huber", "n_step", "prioritized")
CHOSEN = [tuple(itertools.compress(IDEAS, bits)) for bits in itertools.product((0, 1), repeat=5)]


def small(ideas: tuple[str, ...]) -> Recipe:
    """DQN with these ideas, on a scale on which 500 steps take a second."""
    sizes = {"cadence.warmup": 64, "cadence.batch": 16, "networks.q.body.widths": (16,)}
    return compose(*(PATCHES[idea] for idea in ideas))(dqn().set(sizes))


def run(recipe: Recipe, steps: int) -> State:
    """The state after some environment steps."""
    state = build(wire(recipe), seed=3, budget=steps, device=torch.device("cpu"))
    for _ in Loop(state).steps():
        pass
    state.pool.close()
    return state


@pytest.mark.parametrize("ideas", CHOSEN, ids="+".join)
def test_every_combination_wires_runs_and_learns(ideas: tuple[str, ...]) -> None:
    """Each of the 32 takes 500 steps, one update a step after the warm-up, and every parameter moves."""
    recipe = small(ideas)
    fresh = build(wire(recipe), seed=3, budget=1, device=torch.device("cpu"))
    before = {key: value.clone() for key, value in fresh.online["q"].state_dict().items()}

    state = run(recipe, 500)

    assert state.counters.env_steps == 500
    assert state.counters.updates == 500 - state.counters.warmup_steps > 400
    moved = [key for key, value in state.online["q"].state_dict().items() if not torch.equal(value, before[key])]
    assert moved == list(before)
    assert all(torch.isfinite(value).all() for value in state.online["q"].state_dict().values())


def pairs() -> list[tuple[str, str]]:
    return list(itertools.combinations((*IDEAS, "noisy"), 2))


@pytest.mark.parametrize(("first", "second"), pairs(), ids="+".join)
def test_patches_commute(first: str, second: str) -> None:
    """Two patches give the same recipe in either order."""
    a, b = PATCHES[first], PATCHES[second]

    assert compose(a, b)(dqn()) == compose(b, a)(dqn())


@pytest.mark.parametrize("name", ["double", "dueling", "huber", "noisy", "prioritized"])
def test_a_patch_that_was_applied_changes_nothing(name: str) -> None:
    """What a patch puts there it finds there, as where tuned settings have put it."""
    once = PATCHES[name](dqn())

    assert once != dqn()
    assert PATCHES[name](once) == once


def test_they_are_all_different() -> None:
    """No two of the 32 are the same recipe."""
    recipes = [small(ideas) for ideas in CHOSEN]

    assert len(set(recipes)) == 32
