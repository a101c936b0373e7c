"""Vector environments that are handed over: three autoreset modes, one stream of real transitions."""

from __future__ import annotations

from collections import Counter

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from hypothesis import given, settings
from hypothesis import strategies as st

from rlblocks._core.errors import CheckpointError, RunError
from rlblocks.envs import SuppliedVector
from rlblocks.envs._seeding import episode_seed
from rlblocks.envs._vector import VectorPool
from tests.envs.odd_environments import Clock
from tests.envs.pools import expected, scripts, transitions, zeros
from tests.envs.vectors import Twisted, put, vector

MODES = [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP, AutoresetMode.DISABLED]
LAW = settings(max_examples=25, derandomize=True, deadline=None)


@pytest.mark.parametrize("copy", [True, False])
@pytest.mark.parametrize("mode", MODES)
def test_every_mode_gives_the_same_real_transitions(mode, copy):
    """COL-2, 3, 4, 7: whatever the mode, exactly the transitions of the episodes are real, true last ones included."""
    met: Counter[str] = Counter()

    @LAW
    @given(scripts, st.integers(1, 4))
    def law(scripts, episodes):
        found = transitions(VectorPool(vector(scripts, mode, copy=copy), 0), episodes)
        met["terminated"] += any(row[-2] for row in found)
        met["truncated"] += any(row[-1] for row in found)
        met["out of phase"] += len({script[0][0] for script in scripts}) > 1

        assert found == expected(scripts, episodes)

    law()

    assert all(met[what] > 3 for what in ("terminated", "truncated", "out of phase"))


@pytest.mark.parametrize("mode", MODES)
@LAW
@given(scripts=scripts)
def test_episodes_are_counted_over_real_steps(mode, scripts):
    """COL-3, 12: returns and lengths are those of the episodes; a dummy step adds nothing and carries no reward."""
    pool = VectorPool(vector(scripts, mode), 0)
    pool.reset()
    rewards: list[list[float]] = [[] for _ in scripts]
    for _ in range(16):
        step = pool.step(zeros(pool))
        for i in np.flatnonzero(step.real):
            rewards[i].append(float(step.reward[i]))
        ended = np.flatnonzero(step.terminated | step.truncated)

        assert step.episodes == tuple((i, sum(rewards[i]), len(rewards[i])) for i in ended)
        assert not step.reward[~step.real].any()
        for i in ended:
            rewards[i] = []


@pytest.mark.parametrize("mode", MODES)
def test_what_follows_an_end(mode):
    """An end hands over the true last observation; then comes the reset one, at once or after one dummy step."""
    pool = VectorPool(vector([[(2, True, True)], [(9, True, False)]], mode), 0)
    pool.reset()
    pool.step(zeros(pool))
    end, after = pool.step(zeros(pool)), pool.step(zeros(pool))
    late = mode is AutoresetMode.NEXT_STEP

    assert end.next_observation[:, 1:].tolist() == [[0, 2], [0, 2]]
    assert end.observation[:, 1:].tolist() == [[0, 2] if late else [1, 0], [0, 2]]
    assert (end.terminated.tolist(), end.truncated.tolist()) == ([True, False], [True, False])
    assert after.real.tolist() == [not late, True]
    assert after.observation[:, 1:].tolist() == [[1, 0] if late else [1, 1], [0, 3]]
    assert not (after.terminated | after.truncated).any()


def test_registered_environments_agree_in_every_mode():
    """COL-2 for CartPole, whose resets are drawn: the episodes of one policy are the same in every mode."""
    found = []
    for mode in MODES:
        sync = {"vectorization_mode": "sync", "vector_kwargs": {"autoreset_mode": mode}}
        pool = SuppliedVector(gymnasium.make_vec("CartPole-v1", num_envs=3, **sync)).build(seed=4)
        observation, lengths = pool.reset(), [[], [], []]
        for _ in range(600):
            step = pool.step((observation[:, 2] > 0).astype(np.int64))
            for i, gained, length in step.episodes:
                assert gained == length
                lengths[i].append(length)
            observation = step.observation
        found.append([each[:4] for each in lengths])

    assert found[0] == found[1] == found[2]
    assert len({length for each in found[0] for length in each}) > 4


def test_what_was_handed_over_is_the_callers():
    """GEN-2: writing into results changes nothing later, also where the vector environment reuses its buffers."""
    pool = VectorPool(vector([[(3, True, False)]] * 2, copy=False), 0)
    pool.reset()[...] = np.nan
    for t in range(1, 4):
        step = pool.step(zeros(pool))

        assert step.observation[:, 2].tolist() == [t, t]
        for array in step[:6]:
            array[...] = True


def test_discrete_observations_and_actions_count_from_zero():
    """COL-8: both are moved to where their spaces start."""

    class Shifted(Clock):
        observation_space = spaces.Discrete(9, start=3)

        def observe(self):
            return np.int64(3 + self.t)

    pool = VectorPool(SyncVectorEnv([lambda: Shifted(action_space=spaces.Discrete(2, start=7))] * 2), 0)
    first = pool.reset()
    step = pool.step(np.array([0, 1]))

    assert (first.dtype, first.tolist()) == (np.int64, [0, 0])
    assert step.observation.tolist() == [1, 1]
    assert [env.actions for env in pool._env.envs] == [[7], [8]]
    assert (pool.facts.observation_space, pool.facts.first) == (spaces.Discrete(9), 3)


def test_resetting_starts_anew():
    """`reset` drops what was under way, returns and dummy steps included, and takes a seed not used before."""
    pool = VectorPool(vector([[(2, True, False)], [(9, True, False)]]), 3)
    pool.reset()
    for _ in range(2):
        pool.step(zeros(pool))
    pool.reset()
    steps = [pool.step(zeros(pool)) for _ in range(2)]
    pool.reset()

    assert all(step.real.all() for step in steps)
    assert steps[1].episodes == ((0, 2003.0, 2),)
    assert [env.seeds[0] for env in pool._env.envs] == [episode_seed(3, 0, 0), episode_seed(3, 0, 0) + 1]
    assert pool._env.envs[0].seeds == [episode_seed(3, 0, k) for k in range(3)]


def test_a_dummy_step_is_worth_nothing():
    """Whatever reward it reports, the step that resets adds none to the episode that it begins."""
    twisted = Twisted()
    pool = VectorPool(twisted, 0)
    pool.reset()
    pool.step(zeros(pool)), pool.step(zeros(pool))
    twisted.change_step = put(1, np.array([8.0, np.nan]))
    dummy = pool.step(zeros(pool))

    assert dummy.real.tolist() == [True, False]
    assert dummy.reward.tolist() == [8.0, 0.0]


def test_flags_are_copied():
    """GEN-2: a vector environment may write its next flags into the same arrays."""
    buffers = [np.zeros(2, bool), np.zeros(2, bool)]
    pool = VectorPool(Twisted(step=lambda r: (*r[:2], *buffers, r[4])), 0)
    pool.reset()
    step = pool.step(zeros(pool))
    for buffer in buffers:
        buffer[:] = True

    assert not (step.terminated | step.truncated).any()


def test_resuming_starts_new_episodes_and_says_so():
    """It cannot be exact: the pool says why, starts anew with a seed not used before, and refuses another number."""
    block = SuppliedVector(lambda: vector([[(5, True, False)]] * 2))
    pool, fresh, three = block.build(seed=1), block.build(seed=2), VectorPool(vector([[(5, True, False)]] * 3), 0)
    pool.reset()
    pool.step(zeros(pool))
    saved = pool.state()
    observation = fresh.load(saved)

    assert pool.inexact == "the vector environment SyncVectorEnv resets its own episodes: a resume starts new ones"
    assert observation[:, 2].tolist() == [0, 0]
    assert fresh._env.envs[0].seeds[-1] == episode_seed(1, 0, 1)
    assert fresh.step(zeros(fresh)).reward.tolist() == [1_001.0, 1_001_001.0]  # it was reset once before, for its masks
    with pytest.raises(CheckpointError, match="holds 2 environments, and 3 are running"):
        three.load(saved)


def test_nothing_runs_before_reset():
    """Stepping a pool that has not started says what to do."""
    pool = VectorPool(vector([[(5, True, False)]]), 0)

    with pytest.raises(RunError, match="call reset, or load a state, before step"):
        pool.step(zeros(pool))


def test_draws_the_first_environment():
    """`render` gives the picture of environment 0 where it was made to draw, and None elsewhere."""
    drawing = SyncVectorEnv([lambda: Clock(render_mode="rgb_array")] * 2)
    pool = VectorPool(drawing, 0)
    pool.reset()

    assert pool.render().shape == (4, 6, 3)
    assert pool.facts.renders
    assert pool.facts.fps == 7
    assert VectorPool(vector([[(5, True, False)]]), 0).render() is None


def test_closing_closes_the_vector_environment():
    """Nothing is left running."""
    env = vector([[(5, True, False)]])
    VectorPool(env, 0).close()

    assert env.closed
