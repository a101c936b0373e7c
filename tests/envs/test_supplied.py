"""Environments that are handed over, and whatever else stands for one."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from rlblocks._core.errors import BuildError, FieldError
from rlblocks.envs import FrameStack, Gym, Supplied, SuppliedVector, as_environment
from tests.envs.odd_environments import Clock, Wanderer
from tests.envs.pools import environments, zeros


def two_clocks():
    return SyncVectorEnv([Clock, Clock])


def test_whatever_stands_for_an_environment_becomes_a_block():
    """An id, a block, an object, a class, a function, and the same for vector environments."""
    block, env, vector = Gym("CartPole-v1"), Clock(), two_clocks()

    assert as_environment(block) is block
    assert as_environment("CartPole-v1") == block
    assert as_environment(env) == Supplied(env)
    assert as_environment(Clock) == Supplied(Clock)
    assert as_environment(vector) == SuppliedVector(vector)
    assert as_environment(two_clocks) == SuppliedVector(two_clocks)


@pytest.mark.parametrize("thing", [3, None, [Clock()]])
def test_what_stands_for_none_is_refused(thing):
    """The message says what may be given."""
    with pytest.raises(FieldError, match=r"is no environment\n  fix: give a gymnasium id, an environment, a vector"):
        as_environment(thing)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: 3, "the function that was handed over made 3 of type int, which is no environment"),
        (lambda size: Clock(size + 1), "does not make an environment: TypeError"),
        (Gym, "Gym does not make an environment: TypeError"),
    ],
)
def test_a_function_that_makes_none_is_refused(make, said):
    """What it made, or what it raised, is told."""
    with pytest.raises(BuildError, match=said):
        as_environment(make)


def test_looking_what_a_function_makes_leaves_nothing_open():
    """The environment that was made to look at is closed."""
    closed = []

    class Closing(Clock):
        def close(self):
            closed.append(self)

    as_environment(Closing)

    assert len(closed) == 1


def test_a_function_makes_as_many_as_are_asked_for():
    """Each environment is an object of its own, in its wrappers."""
    block = Supplied(Clock, n=2, wrappers=(FrameStack(2),))
    pool, more = block.build(seed=0), block.build(seed=0, n=3)

    assert (pool.n, more.n) == (2, 3)
    assert len({id(env) for env in environments(more)}) == 3
    assert pool.reset().shape == (2, 2, 3)
    assert block.facts().observation_space.shape == (2, 3)
    assert block.facts().name == "Clock"


def test_an_object_serves_the_training_pool():
    """The very object is run, not a copy of it."""
    env = Clock()
    pool = Supplied(env).build(seed=0)
    pool.reset()
    pool.step(zeros(pool))

    assert environments(pool) == [env]
    assert len(env.actions) == 1


def test_another_pool_gets_another_object_made_from_the_spec():
    """Evaluation makes its environments anew, wrappers of the object included, and never copies it."""
    env = gymnasium.wrappers.TimeLimit(gymnasium.make("CartPole-v1"), 20)
    block = Supplied(env)
    pool = block.build(seed=0, n=2)
    drawing = block.build(seed=0, n=1, render_mode="rgb_array")
    drawing.reset()

    assert len({id(each) for each in [env.unwrapped, *environments(pool)]}) == 3
    assert (block.facts().max_episode_steps, pool.facts.max_episode_steps) == (20, 20)
    assert drawing.render().shape == (400, 600, 3)


def test_an_object_without_a_spec_serves_one_pool():
    """Evaluation needs a function then, and says so before it runs."""
    block = Supplied(Clock())

    with pytest.raises(BuildError) as caught:
        block.build(seed=0, n=1)
    assert caught.value.what == "Clock was handed over as one object, and another one is needed"
    assert caught.value.fix == "hand over a function that makes it, as in lambda: MyEnvironment(...)"


def test_an_object_whose_spec_does_not_suffice_says_why():
    """A wrapper that gymnasium cannot make anew is named."""

    class Own(gymnasium.Wrapper):
        """Keeps no record of how it was made."""

    with pytest.raises(BuildError, match=r"CartPole-v1 was handed over as one object, .* from its spec: Own"):
        Supplied(Own(gymnasium.make("CartPole-v1"))).build(seed=0, n=1)


def test_one_object_is_not_several():
    """Two environments cannot be one object."""
    with pytest.raises(FieldError, match=r"Supplied\.n is 2, and source is one object"):
        Supplied(Clock(), n=2)


@pytest.mark.parametrize("block", [Supplied, SuppliedVector])
def test_a_source_is_an_object_or_a_function(block):
    """Anything else is refused when the block is made."""
    with pytest.raises(FieldError, match=rf"{block.__name__}.source is 3, but must be a gymnasium .* or a function"):
        block(3)


def test_a_function_that_makes_the_wrong_thing_is_refused():
    """One environment is no vector environment, and the other way round."""
    with pytest.raises(BuildError, match="Clock made a Clock, not a vector environment"):
        SuppliedVector(Clock).facts()
    with pytest.raises(BuildError, match=r"two_clocks made a SyncVectorEnv, not a gymnasium\.Env"):
        Supplied(two_clocks).facts()


def test_a_resumed_object_is_reset_and_replayed():
    """One object that resets fully comes back to where it was."""
    env = Wanderer(end=0.0)
    pool = Supplied(env).build(seed=0)
    pool.reset()
    for _ in range(5):
        pool.step(zeros(pool))
    saved = pool.state()
    onwards = pool.step(zeros(pool)).observation

    assert np.array_equal(pool.load(saved), saved["observation"])
    assert np.array_equal(pool.step(zeros(pool)).observation, onwards)
    assert environments(pool) == [env]


def test_a_resumed_object_stays_open():
    """The object is used again, so it is not closed, wrapped or not."""
    closed = []

    class Closing(Wanderer):
        def close(self):
            closed.append(self)

    pool = Supplied(Closing(), wrappers=(FrameStack(2),)).build(seed=0)
    pool.reset()
    pool.load(pool.state())

    assert closed == []


def test_a_vector_environment_serves_the_training_pool():
    """The very object is run; a function makes a new one for every pool."""
    vector = two_clocks()

    assert SuppliedVector(vector).build(seed=0)._env is vector
    assert SuppliedVector(two_clocks).build(seed=0).n == 2
    assert SuppliedVector(vector).facts().name == "SyncVectorEnv"


def test_another_vector_environment_is_made_from_the_spec():
    """Of as many environments as are asked for, in the same mode."""
    how = {"vectorization_mode": "sync", "vector_kwargs": {"autoreset_mode": AutoresetMode.SAME_STEP}}
    vector = gymnasium.make_vec("CartPole-v1", num_envs=3, **how)
    pool = SuppliedVector(vector).build(seed=0, n=5)

    assert pool._env is not vector
    assert pool.n == 5
    assert pool._mode is AutoresetMode.SAME_STEP
    assert (vector.num_envs, vector.spec.kwargs["num_envs"]) == (3, 3)
    assert pool.facts.reward_threshold == 475.0


def test_a_function_makes_as_many_vector_environments_as_are_asked_for():
    """Evaluation gets its number where the function takes one, and is told what to write where it does not."""
    block = SuppliedVector(lambda num_envs=3: SyncVectorEnv([Clock] * num_envs))

    assert (block.build(seed=0).n, block.build(seed=0, n=5).n) == (3, 5)
    assert SuppliedVector(two_clocks).build(seed=0, n=2).n == 2
    with pytest.raises(BuildError) as caught:
        SuppliedVector(two_clocks).build(seed=0, n=5)
    assert caught.value.what == "two_clocks made 2 environments, and 5 are asked for"
    assert caught.value.fix.startswith("let it take their number, as in lambda num_envs=8:")


def test_a_vector_environment_draws_where_its_function_lets_it():
    """The render mode is handed on to a function that takes one."""

    def drawing(num_envs=1, render_mode=None):
        return SyncVectorEnv([lambda: Clock(render_mode=render_mode)] * num_envs)

    pool = SuppliedVector(drawing).build(seed=0, n=1, render_mode="rgb_array")
    pool.reset()

    assert pool.render().shape == (4, 6, 3)


def test_a_vector_environment_without_a_spec_serves_one_pool():
    """Evaluation needs a function then."""
    with pytest.raises(BuildError, match="SyncVectorEnv was handed over as one object, and another one is needed"):
        SuppliedVector(two_clocks()).build(seed=0, n=1)


def test_sources_say_that_no_file_can_hold_them():
    """Whoever writes files finds the reason on the field."""
    import attrs

    for block in (Supplied, SuppliedVector):
        metadata = attrs.fields_dict(block)["source"].metadata

        assert metadata["kind"] == "opaque"
        assert "register the environment with gymnasium and use Gym" in metadata["why"]
