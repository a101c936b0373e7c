"""The pool of single environments: what it hands over, what it seeds, and what it leaves alone."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import given, settings
from hypothesis import strategies as st

from rlblocks._core.errors import BuildError, EnvironmentFault, RunError
from rlblocks.envs import Gym, Supplied
from rlblocks.envs._seeding import episode_seed
from tests.envs.odd_environments import Broken, BufferReusing, Clock, Wanderer, clocks
from tests.envs.pools import environments, expected, pool_of, scripts, transitions, zeros

LAW = settings(max_examples=40, derandomize=True, deadline=None)


def test_collects_every_transition_of_every_episode_and_no_other():
    """COL-1, 4, 10, 11: rows are t to t + 1 of one episode, up to its true last observation, with the flags it set."""
    met: Counter[str] = Counter()

    @LAW
    @given(scripts, st.integers(1, 5))
    def law(scripts, episodes):
        found = transitions(pool_of(clocks(scripts), len(scripts)), episodes)
        for row in found:
            met["terminated" if row[-2] else "truncated" if row[-1] else "neither"] += 1
            met["both"] += row[-2] and row[-1]
        met["several"] += len(scripts) > 1
        met["length 1"] += any(length == 1 for script in scripts for length, *_ in script)

        assert found == expected(scripts, episodes)

    law()

    assert all(met[what] > 20 for what in ("terminated", "truncated", "both", "neither", "several", "length 1"))


@LAW
@given(scripts)
def test_acts_next_on_the_reset_observation_where_an_episode_ended(scripts):
    """COL-10: `observation` starts the next episode where one ended, and is the successor everywhere else."""
    pool = pool_of(clocks(scripts), len(scripts))
    pool.reset()
    for _ in range(12):
        step = pool.step(zeros(pool))
        ended = step.terminated | step.truncated
        begun = step.next_observation + np.array([0, 1, 0], np.float32)
        begun[:, 2] = 0

        assert np.array_equal(step.observation, np.where(ended[:, None], begun, step.next_observation))
        assert step.real.all()


@LAW
@given(scripts)
def test_reports_return_and_length_of_every_episode(scripts):
    """COL-12: an episode's return is the sum of its rewards, and its length counts its steps."""
    pool = pool_of(clocks(scripts), len(scripts))
    pool.reset()
    rewards: list[list[float]] = [[] for _ in scripts]
    for _ in range(20):
        step = pool.step(zeros(pool))
        for i, reward in enumerate(step.reward.tolist()):
            rewards[i].append(reward)
        ended = np.flatnonzero(step.terminated | step.truncated)

        assert step.episodes == tuple((i, sum(rewards[i]), len(rewards[i])) for i in ended)
        for i in ended:
            rewards[i] = []


@pytest.mark.parametrize("n", [1, 3])
def test_hands_over_arrays_of_the_promised_kind(n):
    """Observations have the space's shape and dtype, rewards are float64, flags bool, one row per environment."""
    pool = Gym("CartPole-v1", n=n).build(seed=0)
    first = pool.reset()
    step = pool.step(zeros(pool))

    assert (first.shape, first.dtype) == ((n, 4), np.float32)
    for array in (step.observation, step.next_observation):
        assert (array.shape, array.dtype) == ((n, 4), np.float32)
    assert (step.reward.shape, step.reward.dtype) == ((n,), np.float64)
    for flag in (step.terminated, step.truncated, step.real):
        assert (flag.shape, flag.dtype) == ((n,), np.bool_)
    assert pool.n == n


@LAW
@given(scripts, st.integers(0, 2**70))
def test_gives_every_episode_a_seed_of_its_own(scripts, seed):
    """COL-6: the seed of an episode depends on the run's seed, the environment and the episode, and on nothing else."""
    pool = pool_of(clocks(scripts), len(scripts), seed)
    pool.reset()
    for _ in range(10):
        pool.step(zeros(pool))

    for env in environments(pool):
        assert env.seeds == [episode_seed(seed, env.index, episode) for episode in range(env.episode + 1)]


def test_an_environment_does_not_depend_on_its_neighbours():
    """COL-6: the first of three environments sees what it would see alone."""
    alone, beside = (Supplied(Wanderer, n=n).build(seed=3) for n in (1, 3))
    assert np.array_equal(alone.reset(), beside.reset()[:1])
    for _ in range(60):
        one, three = alone.step(zeros(alone)), beside.step(zeros(beside))

        assert np.array_equal(one.observation, three.observation[:1])


def test_the_seed_decides_everything():
    """GEN-4: the same seed gives the same steps bit for bit, also when pools take turns; another seed gives others."""

    def run(pools):
        rows = [[pool.reset()] for pool in pools]
        for _ in range(50):
            for pool, row in zip(pools, rows, strict=True):
                row.append(pool.step(zeros(pool)).observation)
        return [np.concatenate(row) for row in rows]

    block = Gym("CartPole-v1", n=2)
    (alone,) = run([block.build(seed=5)])
    again, other = run([block.build(seed=5), block.build(seed=6)])

    assert np.array_equal(alone, again)
    assert not np.array_equal(alone, other)


def test_global_generators_are_neither_read_nor_moved():
    """GEN-3: Python's and numpy's global generators stand where they stood, and do not matter."""
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002  the global generator is what this is about
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    pool = Gym("CartPole-v1").build(seed=0)
    first = pool.reset()
    for _ in range(30):
        pool.step(zeros(pool))
    after = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    np.random.seed(2)  # noqa: NPY002

    assert before == after
    assert np.array_equal(first, Gym("CartPole-v1").build(seed=0).reset())


@LAW
@given(scripts)
def test_an_environment_may_reuse_its_buffer(scripts):
    """COL-7: one that writes every observation into the same array gives the same transitions."""
    make = clocks(scripts)

    assert transitions(pool_of(lambda: BufferReusing(make()), len(scripts)), 3) == expected(scripts, 3)


def test_what_was_handed_over_is_the_callers():
    """GEN-1, 2: writing into results or actions afterwards changes nothing later, and actions are left alone."""
    spoilt, twin = (Supplied(lambda: Wanderer(spaces.Box(-1, 1, (2,), np.float32))).build(seed=0) for _ in range(2))
    spoilt.reset()[...] = np.nan
    twin.reset()
    for _ in range(40):
        actions = np.full((1, 2), 0.5, np.float32)
        step = spoilt.step(actions)
        same = twin.step(np.full((1, 2), 0.5, np.float32))

        assert np.array_equal(actions, [[0.5, 0.5]])
        assert np.array_equal(step.observation, same.observation)
        assert step.episodes == same.episodes
        actions[...] = np.nan
        for array in step[:3]:
            array[...] = np.nan
        assert np.array_equal(spoilt.state()["observation"], twin.state()["observation"])
    assert np.array_equal(spoilt.state()["episodes"][0]["actions"], twin.state()["episodes"][0]["actions"])


def test_resetting_drops_the_episodes_under_way():
    """`reset` starts the next episode of every environment, whose return and length start anew."""
    pool = pool_of(clocks([[(3, True, False)]] * 2), 2)
    pool.reset()
    pool.step(zeros(pool))

    assert pool.reset()[:, 1:].tolist() == [[1, 0], [1, 0]]
    assert [step.episodes for step in [pool.step(zeros(pool)) for _ in range(3)]][2] == (
        (0, 3006.0, 3),
        (1, 3003006.0, 3),
    )


def test_nothing_runs_before_reset():
    """Stepping or saving a pool that has not started says what to do."""
    pool = pool_of(Clock)

    with pytest.raises(RunError, match="call reset, or load a state, before step"):
        pool.step(zeros(pool))
    with pytest.raises(RunError, match="call reset first"):
        pool.state()


@LAW
@given(st.integers(1, 3), st.integers(0, 2), st.integers(1, 12), st.booleans())
def test_a_fault_leaves_the_remembered_state_as_it_was(n, broken, at, in_reset):
    """GEN-21: after a step that raised, `state` describes the pool before that step, and stepping on is refused."""
    broken = broken % n

    def fail(_):
        raise OSError("gone")

    def make(index):
        env = Wanderer(end=0.3)
        if index != broken:
            return env
        count = iter(range(1, 100))
        return Broken(env, reset=lambda result: fail(0) if next(count) > at else result) if in_reset else Broken(
            env, step=fail, at=at
        )  # fmt: skip

    left = iter(range(n))
    pool = pool_of(lambda: make(next(left)), n)
    pool.reset()
    with pytest.raises(EnvironmentFault):  # noqa: PT012  which step it is depends on the example
        for _ in range(500):
            before = pool.state()
            pool.step(zeros(pool))
    after = pool.state()

    assert np.array_equal(before["observation"], after["observation"])
    for old, new in zip(before["episodes"], after["episodes"], strict=True):
        assert old.pop("actions").tolist() == new.pop("actions").tolist()
        assert old == new
    with pytest.raises(RunError, match="are not running"):
        pool.step(zeros(pool))


def test_draws_the_first_environment():
    """`render` gives the picture of environment 0 where it was made to draw, and None elsewhere."""
    pool = Supplied(Clock, n=2).build(seed=0, render_mode="rgb_array")
    pool.reset()
    pool.step(zeros(pool))

    assert pool.render().shape == (4, 6, 3)
    assert pool.render().max() == 1
    assert pool_of(Clock).render() is None


def test_a_pool_has_at_least_one_environment():
    """Nobody can learn from none."""
    with pytest.raises(BuildError, match="asked for 0 times"):
        Gym("CartPole-v1").build(seed=0, n=0)


def test_one_that_does_not_start_closes_those_that_did():
    """When the third environment fails to start, the first two do not stay open."""
    made = []

    class Closing(Clock):
        def close(self):
            made.append("closed")

    def make():
        if made.count("made") == 3:
            raise OSError("no more")
        made.append("made")
        return Closing()

    with pytest.raises(BuildError, match="OSError: no more"):
        Supplied(make, n=3).build(seed=0)  # one of the three that start only describes

    assert made.count("closed") == 3


def test_closing_closes_every_environment_and_never_raises():
    """One that cannot be closed holds up nobody."""
    closed = []

    class Stubborn(Clock):
        def close(self):
            closed.append(self)
            raise OSError("cannot")

    pool_of(Stubborn, 3).close()

    assert len(closed) == 3
