"""Masks of actions: which environments have them, which observation each belongs to, and what is no mask."""

from __future__ import annotations

import re
from functools import partial

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from rlblocks._core.errors import CheckpointError, EnvironmentFault
from rlblocks.envs import ClipReward, Flatten, FrameStack, Gym, Supplied, TimeLimit, as_environment
from rlblocks.envs._choices import choices_in
from rlblocks.envs._masks import mask_of
from tests.envs.gated import LEGAL, Broken, Gated, Ungated, legal_actions, told

TELL = 'in the environment, put the mask of every state that is acted in into info["action_mask"]'
FLAGS = "in the environment, give np.asarray(mask, dtype=bool), one entry for each action"
WAY_OUT = "let one be, or let the episode terminate there"


def vectors(mode=AutoresetMode.NEXT_STEP, n=3):
    """A function that makes a vector environment of gates."""
    return lambda: SyncVectorEnv([Gated] * n, autoreset_mode=mode)


def walk(pool, steps=60):
    """Legal steps: what was observed and which actions were legal, and the step."""
    observation = pool.reset()
    for seed in range(steps):
        mask = pool.action_mask
        step = pool.step(legal_actions(mask, seed))
        yield observation, mask, step
        observation = step.observation


def play(pool, masks):
    """Legal steps, and the mask before each."""
    pool.reset()
    for seed in range(20):
        masks.append(pool.action_mask)
        pool.step(legal_actions(masks[-1], seed))


def fault_of(env):
    """What goes wrong in the first steps."""
    pool = env.build(seed=0)
    with pytest.raises(EnvironmentFault) as caught:
        play(pool, [])
    return caught.value


# -- facts


@pytest.mark.parametrize(
    ("source", "masked"),
    [("Taxi-v4", True), (Gated, True), (Gated(), True), (vectors(), True), (vectors()(), True), ("CartPole-v1", False),
     (lambda: gymnasium.make_vec("CartPole-v1", num_envs=2), False), ("Pendulum-v1", False)],
)  # fmt: skip
def test_the_first_reset_tells_whether_actions_are_masked(source, masked):
    """Whatever stands for the environment; its pool says the same."""
    env = as_environment(source)
    pool = env.build(seed=0)

    assert env.facts().masked == pool.facts.masked == masked
    pool.reset()
    assert (pool.action_mask is not None) == masked
    pool.close()


@pytest.mark.parametrize("space", [spaces.MultiBinary(2), spaces.Box(0, 1, (2,))])
def test_actions_that_are_no_numbered_choices_are_not_masked(space):
    """What their info calls so is not looked at."""
    pool = Supplied(partial(Ungated, space)).build(seed=0)
    pool.reset()

    assert (pool.facts.masked, pool.action_mask) == (False, None)


def test_wrappers_pass_masks_on():
    """They change observations, rewards and ends, and no info."""
    env = Gym("Taxi-v4", wrappers=(Flatten(), TimeLimit(3), FrameStack(2), ClipReward()))
    pool = env.build(seed=0)

    assert env.facts().masked
    assert pool.reset().shape == (1, 2, 500)
    for _ in range(7):
        assert pool.step(legal_actions(pool.action_mask)).action_mask.shape == (1, 6)


def test_an_object_is_left_where_it_is_if_another_can_be_made():
    """Whoever acts in it goes on; one without a spec has to be reset."""
    env = gymnasium.make("Taxi-v4")
    before, _ = env.reset(seed=3)
    as_environment(env).facts()
    alone = Gated()

    assert env.unwrapped.s == before
    resets = Gated.resets
    assert as_environment(alone).facts().masked
    assert Gated.resets == resets + 1


def test_an_environment_that_cannot_be_reset_says_so_in_its_pool():
    """Asking for its facts raises nothing."""

    class Stubborn(Gated):
        def reset(self, **_):
            raise OSError("no licence")

    assert not Supplied(Stubborn).facts().masked
    with pytest.raises(EnvironmentFault, match="no licence"):
        Supplied(Stubborn).build(seed=0).reset()


# -- whose mask it is


@pytest.mark.parametrize("mode", [None, *AutoresetMode])
def test_a_mask_is_that_of_its_observation(mode):
    """Before and after each step; where a final state says nothing, or that nothing is legal, all actions are."""
    pool, apart = as_environment(vectors(mode) if mode else Gated).build(seed=1, n=3), 0
    at_once = mode is not AutoresetMode.NEXT_STEP
    for observation, mask, step in walk(pool):
        final = told(step.next_observation, step.terminated)
        begun = (step.terminated | step.truncated) & at_once
        assert (mask >= LEGAL[observation]).all()
        assert np.array_equal(step.next_action_mask, final)
        assert np.array_equal(step.action_mask, np.where(begun[:, None], LEGAL[step.observation], final))
        assert np.array_equal(pool.action_mask, step.action_mask)
        assert step.action_mask.dtype == step.next_action_mask.dtype == np.bool_
        apart += (step.action_mask != step.next_action_mask).any()
    assert (apart > 5) == at_once


def test_a_fault_leaves_the_masks_as_they_were():
    """They are those before the step that did not come through, also where one environment had taken it."""
    pool = Supplied(Gated, n=2).build(seed=0)
    pool._running[1].env = Broken(Gated(), step=lambda _: {})
    with pytest.raises(EnvironmentFault, match=r"#1, .* holds no"):
        play(pool, before := [])

    assert np.array_equal(pool.action_mask, before[-1])
    assert [row["legal"].tolist() for row in pool.state()["episodes"]] == before[-1].tolist()


# -- resuming


def test_a_loaded_pool_knows_its_masks():
    """They are those of where it was, and go on the same."""
    one, two = Supplied(Gated, n=2).build(seed=1), Supplied(Gated, n=2).build(seed=2)
    *_, _ = walk(one, 17)
    two.load(one.state())

    assert np.array_equal(two.action_mask, one.action_mask)
    for seed in range(20):
        actions = legal_actions(one.action_mask, seed)
        ours, theirs = two.step(actions), one.step(actions)
        assert np.array_equal(ours.action_mask, theirs.action_mask)
        assert np.array_equal(ours.next_action_mask, theirs.next_action_mask)


def test_masks_that_do_not_come_back_are_refused():
    """An environment that lets other actions be legal the second time cannot be resumed exactly."""
    pool = Supplied(Gated).build(seed=1)
    pool.reset()
    saved = pool.state()
    saved["episodes"][0]["legal"] = ~saved["episodes"][0]["legal"]

    with pytest.raises(CheckpointError, match=r"is not reproducible: .* arrives where other actions are legal"):
        Supplied(Gated).build(seed=1).load(saved)


def test_a_vector_pool_that_is_loaded_has_the_masks_of_its_new_episodes():
    """Not those of where it was saved."""
    one, two = (as_environment(vectors()).build(seed=seed) for seed in (1, 2))
    *_, _ = walk(one, 7)
    observation = two.load(one.state())

    assert np.array_equal(two.action_mask, LEGAL[observation])


# -- faults

WRONG = {
    "missing": (lambda _: {}, 'its info holds no "action_mask", and that of its first reset did', TELL),
    "none": (lambda _: {"action_mask": None}, 'its info holds no "action_mask", and that of its first reset did', TELL),
    "no dict": (lambda _: None, 'its info holds no "action_mask", and that of its first reset did', TELL),
    "all masked": (
        lambda _: {"action_mask": np.zeros(3, np.int8)}, 'info["action_mask"] lets no action be legal', WAY_OUT,
    ),
    "shape": (lambda _: {"action_mask": np.ones(4, bool)}, 'info["action_mask"] is bool[4], not 3 flags', FLAGS),
    "row": (lambda _: {"action_mask": np.ones((1, 3), bool)}, 'info["action_mask"] is bool[1, 3], not 3 flags', FLAGS),
    "floats": (lambda _: {"action_mask": np.ones(3)}, 'info["action_mask"] is float64[3], not 3 flags', FLAGS),
    "list": (lambda _: {"action_mask": [1, 1, 1]}, 'info["action_mask"] is a list, not 3 flags', FLAGS),
    "indices": (
        lambda _: {"action_mask": np.array([0, 1, 2])}, 'info["action_mask"] is [0, 1, 2], and a flag is 0 or 1', FLAGS,
    ),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_mask_is_a_fault_of_the_step(wrong):
    """One sentence says what is wrong with which environment, and one what to do."""
    change, what, fix = WRONG[wrong]
    fault = fault_of(Supplied(lambda: Broken(Gated(), step=change)))

    assert re.fullmatch(rf"environment '.*' #0, episode \d, step \d: {re.escape(what)} \(seed .*\)", fault.what)
    assert fault.fix == fix


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_mask_is_a_fault_of_the_reset(wrong):
    """Also where it follows the end of an episode."""
    change, what, fix = WRONG[wrong]
    fault = fault_of(Supplied(lambda: Broken(Gated(), reset=change)))

    assert f"episode 1, at its reset: {what} (seed " in fault.what
    assert fault.fix == fix


class Twisted(gymnasium.vector.VectorWrapper):
    """Changes the infos of the steps of two environments."""

    def __init__(self, step):
        gymnasium.vector.VectorWrapper.__init__(self, SyncVectorEnv([Ungated, Ungated]))
        self.change = step

    def step(self, actions):
        *result, info = self.env.step(actions)
        return (*result, self.change(info))


def of_one(info):
    return {"action_mask": np.ones((2, 3), bool), "_action_mask": np.array([True, False])}


IN_VECTORS = {
    "missing": (lambda _: {}, " #0", WRONG["missing"][1]),
    "missing in one": (of_one, " #1", WRONG["missing"][1]),
    "all masked": (lambda _: {"action_mask": np.eye(2, 3, dtype=np.int8)[::-1] * [[1], [0]]}, " #1", "no action be"),
    "shape": (lambda _: {"action_mask": np.ones((2, 4), bool)}, " #0", "is bool[4], not 3 flags"),
    "rows": (lambda _: {"action_mask": np.ones((3, 3), bool)}, "", "has not one mask for each of 2 environments"),
    "list": (lambda _: {"action_mask": [[1, 1, 1]] * 2}, "", "has not one mask for each of 2 environments"),
    "number": (lambda _: {"action_mask": np.array(1)}, "", "has not one mask for each of 2 environments"),
}


@pytest.mark.parametrize("wrong", IN_VECTORS)
def test_what_is_no_mask_in_a_vector_environment_names_the_row(wrong):
    """Where there is one."""
    change, row, what = IN_VECTORS[wrong]
    fault = fault_of(as_environment(lambda: Twisted(change)))

    assert re.search(rf"vector environment '.*'{row}, step \d: .*{re.escape(what)}", fault.what)
    assert fault.fix


def test_a_vector_environment_may_tell_masks_without_saying_of_whom():
    """An array of one for each environment, as those write that are vectors from the start."""
    masks = np.array([[1, 0, 0], [0, 1, 1]], np.int8)
    pool = as_environment(lambda: Twisted(lambda _: {"action_mask": masks})).build(seed=0)
    pool.reset()

    assert pool.step(legal_actions(pool.action_mask)).next_action_mask.tolist() == masks.tolist()


def test_whatever_holds_flags_is_a_mask():
    """Booleans and whole numbers of every width, as a copy."""
    for kind in (bool, np.int8, np.uint8, np.int64):
        given = np.array([1, 0, 1], kind)
        mask = mask_of(given, choices_in(Gated.action_space))
        given[:] = 0
        assert (mask.dtype, mask.tolist()) == (np.bool_, [True, False, True])
