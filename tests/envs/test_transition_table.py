"""Environments stepped by their table of transitions: the same problem as gymnasium's own, many at once."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from rlblocks.recipes import q_learning

import rlblocks
from rlblocks import BuildError
from rlblocks._core.errors import CheckpointError
from rlblocks.envs import Gym, TransitionTable
from rlblocks.testing.finite_mdps import expected_return, policy_of, toy_text

TABLES = ("FrozenLake-v1", "CliffWalking-v1", "Taxi-v4")
N, STEPS = 64, 150


def played(name, seed=0, n=N):
    """What happened in some steps by random actions: states, actions, and the steps."""
    pool, random = TransitionTable(name, n=n).build(seed), np.random.default_rng(seed)
    state, happened = pool.reset(), []
    for _ in range(STEPS):
        actions = random.integers(0, int(pool.facts.action_space.n), n)
        step = pool.step(actions)
        happened.append((state, actions, step))
        state = step.observation
    return happened


@pytest.mark.parametrize("name", TABLES)
def test_only_what_the_environment_states_happens(name):
    """Every next state, reward and end is one of those in `P`, for the state and the action that were there."""
    table = gymnasium.make(name).unwrapped.P
    for state, actions, step in played(name):
        ends = step.terminated
        for s, a, t, r, end in zip(state, actions, step.next_observation, step.reward, ends, strict=True):
            assert (t, r, end) in {(t, float(r), bool(end)) for p, t, r, end in table[s][a] if p > 0}


@pytest.mark.parametrize("name", TABLES)
def test_episodes_begin_where_the_environment_begins_them(name):
    """Also those that begin later, and no other environment is moved."""
    first = gymnasium.make(name).unwrapped.initial_state_distrib
    for _, _, step in played(name):
        over = step.terminated | step.truncated
        assert (first[step.observation[over]] > 0).all()
        np.testing.assert_array_equal(step.observation[~over], step.next_observation[~over])


def test_outcomes_have_their_probabilities():
    """On slippery ice each of three ways has a third: the count is within a chance of one in a billion."""
    pool = TransitionTable("FrozenLake-v1", n=20_000).build(seed=0)
    pool.reset()
    counts = np.bincount(pool.step(np.full(20_000, 1)).next_observation, minlength=5)  # down, from the corner

    assert counts[[0, 1, 4]].sum() == 20_000
    assert (np.abs(counts[[0, 1, 4]] - 20_000 / 3) < 6.2 * np.sqrt(20_000 * 2 / 9)).all()


def test_episodes_are_as_long_as_registered():
    """Those that do not end are cut at the limit, and counted with their length."""
    pool = TransitionTable("FrozenLake-v1", n=3, options={"is_slippery": False}).build(seed=0)
    pool.reset()
    steps = [pool.step(np.zeros(3, np.int64)) for _ in range(100)]  # against the wall

    assert not any(step.truncated.any() for step in steps[:-1])
    assert steps[-1].truncated.all()
    assert steps[-1].episodes == ((0, 0.0, 100), (1, 0.0, 100), (2, 0.0, 100))


def test_masks_are_those_of_the_environment():
    """Taxi says which actions change something; the others are masked, also after a reset."""
    legal, pool = toy_text(gymnasium.make("Taxi-v4")).legal, TransitionTable("Taxi-v4", n=N).build(seed=0)
    state = pool.reset()

    np.testing.assert_array_equal(pool.action_mask, legal[state])
    for _ in range(300):
        step = pool.step(np.argmax(np.random.default_rng(0).random((N, 6)) * pool.action_mask, axis=1))
        np.testing.assert_array_equal(step.next_action_mask, legal[step.next_observation])
        np.testing.assert_array_equal(pool.action_mask, legal[step.observation])


def test_the_same_seed_gives_the_same_steps():
    """And another seed others."""
    again, other = played("FrozenLake-v1"), played("FrozenLake-v1", seed=1)
    same = [np.array_equal(a[2].next_observation, b[2].next_observation) for a, b in zip(again, played("FrozenLake-v1"),
                                                                                         strict=True)]  # fmt: skip

    assert all(same)
    assert not np.array_equal(again[-1][2].next_observation, other[-1][2].next_observation)


def test_facts_and_pictures_are_those_of_the_environment():
    """Only the number beside each other is another."""
    ours, theirs = TransitionTable("Taxi-v4", n=5).facts(), Gym("Taxi-v4").facts()

    assert (ours.n, ours.masked, ours.observation_space, ours.max_episode_steps) == (
        5,
        True,
        theirs.observation_space,
        200,
    )
    pool = TransitionTable("Taxi-v4").build(0, n=1, render_mode="rgb_array")
    pool.reset()
    assert pool.render().ndim == 3


@pytest.mark.parametrize("name", TABLES)
def test_a_pool_goes_on_where_its_state_was_taken(name):
    """In the midst of episodes: the same states, rewards, ends, returns, lengths and masks follow; it says so."""
    env = TransitionTable(name, n=7, options={"max_episode_steps": 9})
    one, other, random = env.build(seed=3), env.build(seed=4), np.random.default_rng(0)
    one.reset()
    actions = random.integers(0, int(one.facts.action_space.n), (60, 7))
    for chosen in actions[:23]:
        seen = one.step(chosen).observation
    state = one.state()

    np.testing.assert_array_equal(other.load(state), seen)
    np.testing.assert_array_equal(other.action_mask, one.action_mask)
    assert one.inexact == ""
    assert other.under_way() == one.under_way()
    for chosen in actions[23:]:
        ours, theirs = one.step(chosen), other.step(chosen)
        for field in ("next_observation", "observation", "reward", "terminated", "truncated", "next_action_mask"):
            np.testing.assert_array_equal(getattr(ours, field), getattr(theirs, field))
        assert ours.episodes == theirs.episodes
    np.testing.assert_array_equal(one.reset(), other.reset())


def test_a_state_without_its_episodes_is_refused():
    """As checkpoints held before: new episodes would begin, and what waits for steps of the old ones would be kept."""
    pool = TransitionTable("FrozenLake-v1", n=3).build(seed=0)
    counts = {"seed": 0, "environments": 3, "resets": 1, "steps": 5}

    with pytest.raises(CheckpointError) as caught:
        pool.load(counts)

    assert caught.value.what == "the checkpoint does not hold the episodes under way in FrozenLake-v1"
    assert caught.value.fix == "resume it with the version of rlblocks that wrote it, or begin a new run"


def test_what_states_no_table_is_refused():
    """With the environments that do."""
    with pytest.raises(BuildError, match="environment 'CartPole-v1' states no table P of its transitions") as caught:
        TransitionTable("CartPole-v1").build(seed=0)

    assert "env=gym" in caught.value.fix


def test_a_table_learns_in_them():
    """Q-learning by 32 at once finds the shortest way along the cliff."""
    recipe = q_learning().swap(env=TransitionTable("CliffWalking-v1", n=32)).set(
        {"cadence.every": "32 env_steps", "cadence.batch": 32, "store.capacity": 32, "cadence.warmup": 32,
         "explorer.epsilon": 0.1, "optimizer.lr": 1.0}
    )  # fmt: skip
    run = rlblocks.train(recipe, steps=100_000, seed=0, threads=1, compile="numpy", episodes=0, folder=None,
                         view="quiet", video="never")  # fmt: skip
    cliff = toy_text(gymnasium.make("CliffWalking-v1"))

    assert expected_return(cliff, policy_of(cliff, run.agent), 200) == -13.0


def test_the_limit_may_be_another_one():
    """As `gymnasium.make` takes it, and it is what the facts say."""
    env = TransitionTable("FrozenLake-v1", n=2, options={"is_slippery": False, "max_episode_steps": 5})
    pool = env.build(seed=0)
    pool.reset()
    ends = [bool(pool.step(np.zeros(2, np.int64)).truncated.all()) for _ in range(10)]  # against the wall

    assert ends == [False, False, False, False, True] * 2
    assert env.facts().max_episode_steps == pool.facts.max_episode_steps == 5


def test_what_the_table_does_not_say_is_refused():
    """A fickle passenger of Taxi changes the destination on the way, which `P` does not know."""
    with pytest.raises(BuildError, match="'Taxi-v4' with fickle_passenger does more than its table P states") as caught:
        TransitionTable("Taxi-v4", options={"fickle_passenger": True}).build(seed=0)

    assert "env=gym" in caught.value.fix


ENDS, STAYS = [(1.0, 1, 0.0, True)], [(1.0, 0, 0.0, False)]
ODD = {
    "counted from 1": {1: {0: STAYS, 1: ENDS}, 2: {0: ENDS, 1: ENDS}},
    "an action is missing": {0: {0: STAYS, 1: ENDS}, 1: {0: ENDS}},
    "nothing can happen": {0: {0: STAYS, 1: []}, 1: {0: ENDS, 1: ENDS}},
    "half of it": {0: {0: STAYS, 1: [(0.5, 1, 0.0, True)]}, 1: {0: ENDS, 1: ENDS}},
}


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_table_is_refused(odd, monkeypatch):
    """Of somebody's own environment; in a sentence, before the first step."""
    env = gymnasium.Env()
    env.observation_space = env.action_space = gymnasium.spaces.Discrete(2)
    env.P, env.initial_state_distrib = ODD[odd], np.array([1.0, 0.0])
    monkeypatch.setattr("rlblocks.envs.transition_table.make", lambda *_: env)

    with pytest.raises(BuildError, match="for each of 2 states and 2 actions counted from 0"):
        TransitionTable("FrozenLake-v1").build(seed=0)
