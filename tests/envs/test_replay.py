"""Resuming: what was saved and loaded goes on bit for bit."""

from __future__ import annotations

import json
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import given, settings
from hypothesis import strategies as st

from rlblocks._core.errors import CheckpointError
from rlblocks.envs import ClipReward, FrameStack, Gym, Supplied, TimeLimit
from tests.envs.odd_environments import Clock, Wanderer
from tests.envs.pools import pool_of, zeros

LAW = settings(max_examples=30, derandomize=True, deadline=None)
BOX = spaces.Box(-1, 1, (2,), np.float32)


def run(pool: Any, steps: int, generator: np.random.Generator) -> list[Any]:
    """Everything that a pool hands over in so many steps of drawn actions."""
    space, taken = pool.facts.action_space, []
    for _ in range(steps):
        if isinstance(space, spaces.Discrete):
            actions = generator.integers(int(space.n), size=pool.n)
        else:
            actions = generator.uniform(-1, 1, (pool.n, *space.shape)).astype(space.dtype)
        taken.append(pool.step(actions))
    return taken


def same(one: list[Any], other: list[Any]) -> bool:
    """Whether two runs are bit-equal."""
    return len(one) == len(other) and all(
        a.episodes == b.episodes and all(x.tobytes() == y.tobytes() for x, y in zip(a[:6], b[:6], strict=True))
        for a, b in zip(one, other, strict=True)
    )


def written(tree: Any) -> Any:
    """A state as it comes back from a file: plain numbers through JSON, arrays copied."""
    if isinstance(tree, np.ndarray):
        return tree.copy()
    if isinstance(tree, dict):
        return {key: written(value) for key, value in tree.items()}
    return [written(item) for item in tree] if isinstance(tree, list) else json.loads(json.dumps(tree))


@LAW
@given(
    st.sampled_from([
        Supplied(Wanderer),
        Supplied(Wanderer, n=3),
        Supplied(lambda: Wanderer(BOX), n=2),
        Supplied(lambda: Wanderer(end=1.0), n=2),
        Supplied(Wanderer, n=2, wrappers=(FrameStack(3), ClipReward(-0.5, 0.5), TimeLimit(5))),
    ]),
    st.integers(0, 25), st.integers(1, 15), st.integers(0, 2**40),
)  # fmt: skip
def test_a_resumed_pool_goes_on_as_if_nothing_had_happened(block, before, after, seed):
    """GEN-5: N steps, save, load into a fresh pool, M steps is bit-equal with N + M steps, returns and all."""
    pool, generator = block.build(seed), np.random.default_rng(seed)
    pool.reset()
    run(pool, before, generator)
    saved, drawn = written(pool.state()), generator.bit_generator.state
    uninterrupted = run(pool, after, generator)
    fresh = block.build(seed=seed + 1)
    generator.bit_generator.state = drawn
    observation = fresh.load(saved)

    assert observation.tobytes() == saved["observation"].tobytes()
    assert same(run(fresh, after, generator), uninterrupted)
    assert pool.inexact == fresh.inexact == ""


GAMES = ["CartPole-v1", "Acrobot-v1", "MountainCar-v0", "Pendulum-v1", "FrozenLake-v1", "CliffWalking-v1", "Taxi-v4"]
BOX2D = ["LunarLander-v3", "BipedalWalker-v3"]


@pytest.mark.parametrize("game", GAMES + BOX2D)
def test_real_environments_resume_bit_for_bit(game):
    """GEN-5 for registered environments, saved in the middle of an episode and some episodes in."""
    if game in BOX2D:
        pytest.importorskip("Box2D")
    block = Gym(game, n=2)
    pool, generator = block.build(seed=7), np.random.default_rng(0)
    pool.reset()
    run(pool, 130, generator)
    saved, drawn = written(pool.state()), generator.bit_generator.state
    uninterrupted = run(pool, 60, generator)
    fresh = block.build(seed=8)
    generator.bit_generator.state = drawn
    fresh.load(saved)

    assert same(run(fresh, 60, generator), uninterrupted)


def test_a_pool_that_was_used_otherwise_becomes_what_it_loads():
    """GEN-6: what a pool did before it loads does not show, and three rounds of saving and loading change nothing."""
    block = Supplied(Wanderer, n=2)
    pool, other = block.build(seed=1), block.build(seed=2)
    pool.reset()
    run(pool, 20, np.random.default_rng(0))
    saved = written(pool.state())
    for _ in range(3):
        other.reset()
        run(other, 7, np.random.default_rng(1))
        other.load(written(saved))
        again = written(other.state())

        assert json.dumps(again, default=np.ndarray.tolist) == json.dumps(saved, default=np.ndarray.tolist)
    assert same(run(other, 30, np.random.default_rng(2)), run(pool, 30, np.random.default_rng(2)))


def test_a_state_stands_still():
    """A state does not change with the pool that it was taken of, nor the pool with it."""
    pool = Supplied(lambda: Wanderer(BOX, end=0.0)).build(seed=0)
    pool.reset()
    run(pool, 5, np.random.default_rng(0))
    saved = pool.state()
    before = written(saved)
    run(pool, 5, np.random.default_rng(1))
    saved["episodes"][0]["actions"][...] = np.nan

    assert np.array_equal(saved["observation"], before["observation"])
    assert np.isfinite(pool.state()["episodes"][0]["actions"]).all()


def test_loading_replaces_the_environment_objects_and_closes_the_old_ones():
    """An object in which something has happened is not trusted to go back."""
    closed = []

    class Closing(Wanderer):
        def close(self):
            closed.append(self)

    pool = Supplied(Closing).build(seed=0)
    closed.clear()  # the one that described
    pool.reset()
    old = pool._running[0].env
    pool.load(pool.state())

    assert closed == [old]
    assert pool._running[0].env is not old


class Global(Wanderer):
    """Draws from a generator that no seed sets."""

    hidden = np.random.default_rng(0)

    def step(self, action):
        observation, *rest = Wanderer.step(self, action)
        return (observation + self.hidden.normal(), *rest)


class Paying(Wanderer):
    """Pays by a generator that no seed sets."""

    hidden = np.random.default_rng(0)

    def step(self, action):
        observation, _, *rest = Wanderer.step(self, action)
        return (observation, self.hidden.normal(), *rest)


class Shortening(Clock):
    """Every object of it ends its episodes a step sooner than the one before it."""

    made = 7

    def __init__(self):
        Shortening.made -= 1
        Clock.__init__(self, script=((Shortening.made, True, False),))


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: Global(end=0.0), "arrives at another observation"),
        (lambda: Paying(end=0.0), "collects another return"),
        (Shortening, "ends after 5 of them"),
    ],
)
def test_an_irreproducible_environment_is_named(make, what):
    """An environment that does not come back to where it was is refused, and the pool stays as it was."""
    pool = pool_of(make, name="Whim")
    pool.reset()
    run(pool, 5, np.random.default_rng(0))
    saved = pool.state()
    running = pool._running

    with pytest.raises(CheckpointError) as caught:
        pool.load(saved)

    seed = saved["episodes"][0]["seed"]
    assert caught.value.what == (
        f"environment 'Whim' #0 is not reproducible: episode 0, reset with seed {seed} and given the same 5 actions "
        f"again, {what}"
    )
    assert "draw from self.np_random alone" in caught.value.fix
    assert pool._running is running


def test_another_number_of_environments_is_refused():
    """A checkpoint of two environments does not become three."""
    two, three = (Supplied(Wanderer, n=n).build(seed=0) for n in (2, 3))
    two.reset()

    with pytest.raises(CheckpointError, match="holds 2 environments, and 3 are running"):
        three.load(two.state())


def test_an_environment_registered_as_nondeterministic_says_so():
    """What gymnasium knows to be irreproducible is told at the start of a run."""
    gymnasium.register("Whim-v0", entry_point=Wanderer, nondeterministic=True)
    try:
        assert Gym("Whim-v0").build(seed=0).inexact == "Whim-v0 is registered as nondeterministic"
    finally:
        del gymnasium.registry["Whim-v0"]


def test_bipedal_walker_gets_an_object_for_every_episode():
    """Its objects carry something from one episode into the next."""
    pytest.importorskip("Box2D")
    pool = Gym("BipedalWalker-v3", wrappers=(TimeLimit(2),)).build(seed=0)
    pool.reset()
    first = pool._running[0].env
    pool.step(zeros(pool))
    assert pool._running[0].env is first
    pool.step(zeros(pool))

    assert pool._running[0].env is not first
