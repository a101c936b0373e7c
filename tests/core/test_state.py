"""The state is all that changes: built from the seed alone, and wholly in its tree."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pytest
import torch
from rlblocks.recipes import double_dqn, dqn, dueling, n_step, prioritized

from rlblocks import RunError, wire
from rlblocks._core.errors import CheckpointError
from rlblocks._core.state import build, load_networks
from rlblocks.optimizers import SGD
from rlblocks.stores import UniformReplay
from rlblocks.target_updates import HardCopy, SameAsOnline
from tests.core.small_blocks import parameters, ran, small
from tests.states import CPU, leaves, run_on, state_of


def test_the_seed_decides_everything() -> None:
    """Two states of one seed are equal in every leaf; of two seeds, in no network."""
    one, same, other = (state_of(small(), steps=50, seed=seed) for seed in (1, 1, 2))

    assert leaves(one.tree()) == leaves(same.tree())
    moved = [key for key, value in parameters(one).items() if not torch.equal(value, parameters(other)[key])]
    assert moved == list(parameters(one))
    for state in (one, same, other):
        state.pool.close()


def test_a_target_begins_as_a_copy_of_its_own() -> None:
    """Equal numbers, no shared memory, no gradient."""
    state = state_of(small(double_dqn()), steps=50)
    online, target = state.online["q"], state.target["q"]

    assert all(torch.equal(a, b) for a, b in zip(online.parameters(), target.parameters(), strict=True))
    assert not {p.data_ptr() for p in online.parameters()} & {p.data_ptr() for p in target.parameters()}
    assert not any(p.requires_grad for p in target.parameters())
    assert all(p.requires_grad for p in online.parameters())
    state.pool.close()


def test_a_loaded_state_goes_on_like_the_saved_one() -> None:
    """Loaded into a state of another seed that has lived, the next hundred steps are bit-equal."""
    recipe = small(dueling(prioritized(n_step(3)(double_dqn()))))
    saved = state_of(recipe, steps=80, seed=1)
    run_on(saved, 80)
    tree = saved.tree()
    twin = state_of(recipe, steps=80, seed=2)
    run_on(twin, 45)
    for generator in twin.generators.values():
        generator.random(3)

    twin.load(tree)
    assert leaves(twin.tree()) == {**leaves(tree), ".counters.budget": str(twin.counters.budget)}
    run_on(saved, 60)
    run_on(twin, 60)

    assert leaves(twin.tree()) == leaves(saved.tree())
    for state in (saved, twin):
        state.pool.close()


def test_a_tree_is_the_state_at_that_moment() -> None:
    """What happens later changes nothing of the store, the environments and the generators in it."""
    state = state_of(small(), steps=60)
    run_on(state, 30)
    tree = state.tree()
    before = leaves({key: tree[key] for key in ("store", "environments", "generators", "counters")})
    run_on(state, 30)

    assert leaves({key: tree[key] for key in ("store", "environments", "generators", "counters")}) == before
    state.pool.close()


def test_loading_keeps_the_budget_of_the_run() -> None:
    """A run may be resumed with more steps; everything else counts on."""
    saved, fresh = ran(small(), 60), state_of(small(), steps=500)
    fresh.load(saved.tree())

    assert fresh.counters.budget == 500
    assert fresh.counters.env_steps == 60
    assert fresh.counters == attrs.evolve(saved.counters, budget=500)
    fresh.pool.close()


def test_the_optimizer_drives_the_loaded_tensors() -> None:
    """One step after loading moves the live networks, in place."""
    saved, fresh = ran(small(), 60), state_of(small(), steps=60)
    where = [p.data_ptr() for p in fresh.online["q"].parameters()]
    fresh.load(saved.tree())
    before = parameters(fresh)
    run_on(fresh, 3)

    assert [p.data_ptr() for p in fresh.online["q"].parameters()] == where
    assert all(not torch.equal(before[key], value) for key, value in parameters(fresh).items())
    fresh.pool.close()


OTHERS = {
    "a wider network": (
        small().set({"networks.q.body.widths": (9,)}),
        r"the checkpoint is of another recipe: networks\.q\..* has the shape \(8, 4\), this recipe's has \(9, 4\)",
    ),
    "another head": (small(dueling(dqn())), r"the checkpoint is of another recipe: networks\.q lacks \[.*value.*"),
    "no copy": (
        small(dqn().swap({"target_updates.q": SameAsOnline()})),
        r"the checkpoint is of another recipe: targets lacks \[\] and has \['q'\] besides",
    ),
    "another objective": (
        small(attrs.evolve(dqn(), objectives={"value": dqn().get("objectives.q")})),
        r"the checkpoint is of another recipe: carries lacks \['value'\] and has \['q'\] besides",
    ),
    "another optimizer": (
        small(dqn()).swap({"objectives.q.optimizer": SGD()}),
        r"the checkpoint is of another recipe: carries\.q lacks \['velocity'\] and has \['mean', 'square'\] besides",
    ),
    "a smaller store": (
        small().swap(store=UniformReplay(30)),
        r"the saved columns .* but UniformReplay of capacity 30",
    ),
    "another store": (
        small(n_step(2)(dqn())),
        r"the checkpoint is of another recipe: its store or its environments have no 'first'",
    ),
    "more environments": (small().set({"env.n": 2}), r"the checkpoint holds 1 environments, and 2 are running"),
    "another environment": (
        small().set({"env.id": "Acrobot-v1"}),
        r"the checkpoint is of another recipe: networks\.q\.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_the_state_of_another_recipe_is_refused(name: str) -> None:
    """By name, with what is missing and what there is besides."""
    recipe, said = OTHERS[name]
    tree = saved_tree()
    fresh = state_of(recipe, steps=60)

    with pytest.raises(CheckpointError, match=said):
        fresh.load(tree)
    fresh.pool.close()


def saved_tree() -> Any:
    if not _SAVED:
        _SAVED.append(ran(small(), 60).tree())
    return _SAVED[0]


_SAVED: list[Any] = []


def test_networks_alone_can_be_loaded() -> None:
    """All that an agent needs."""
    saved, fresh = ran(small(), 60), state_of(small(), steps=60)
    load_networks("networks", fresh.online, saved.tree_of_networks())

    assert leaves(fresh.tree_of_networks()) == leaves(saved.tree_of_networks())
    fresh.pool.close()


def test_an_environment_that_does_not_start_leaves_none_open() -> None:
    """What was opened is closed again, and the error goes on."""
    import gymnasium

    closed = []

    class Stubborn(gymnasium.Env[Any, Any]):
        observation_space = gymnasium.spaces.Box(-1.0, 1.0, (3,), np.float32)
        action_space = gymnasium.spaces.Discrete(2)

        def reset(self, *, seed: Any = None, options: Any = None) -> Any:
            raise OSError("no licence")

        def close(self) -> None:
            closed.append(True)

    from rlblocks.envs import as_environment

    recipe = small(dqn().swap(env=as_environment(Stubborn)))
    plan, before = wire(recipe), len(closed)
    with pytest.raises(RunError, match="no licence"):
        build(plan, seed=1, budget=50, device=CPU)

    assert len(closed) > before


def test_the_counters_are_what_clocks_and_cadences_read() -> None:
    """Frozen for the cadence, with how many rows the store can hand over."""
    state = ran(small(dqn().swap({"target_updates.q": HardCopy()})), 60)
    progress = state.counters.progress(len(state.memory))

    assert attrs.astuple(progress) == (60, 20, 40, state.counters.episodes, 60, 60)
