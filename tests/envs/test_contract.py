"""Faults: an environment that breaks its contract is named, with step, seed, last action and a fix."""

from __future__ import annotations

import types
import warnings
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from rlblocks._core.errors import EnvironmentFault
from rlblocks.envs._contract import contract_of
from rlblocks.envs._seeding import episode_seed
from tests.envs.odd_environments import Broken, Clock
from tests.envs.pools import pool_of, zeros


def put(place: int, value: Any) -> Any:
    """Replace one of the values that a step or a reset returns."""
    return lambda result: (*result[:place], value, *result[place + 1 :])


def component(value: float) -> Any:
    """Replace the last component of the observation."""
    return lambda result: (np.array([*result[0][:2], value], np.float32), *result[1:])


def raising(error: Exception) -> Any:
    def change(_: Any) -> Any:
        raise error

    return change


RETURN = "in the environment, return "
DIVERGED = "look in the environment for a division by zero, or end the episode before it diverges"
AGREE = "make the environment's observation_space and its observations agree"
OVERFLOW = "look in the environment for a division by zero or an overflow"
ABOVE = "the traceback above this one shows where in the environment"
FIVE = RETURN + "observation, reward, terminated, truncated, info"

OBSERVATIONS = {
    "nan": (component(np.nan), "the observation holds nan at [2]", DIVERGED),
    "infinite": (component(-np.inf), "the observation holds -inf at [2]", DIVERGED),
    "shape": (put(0, np.zeros(4, np.float32)), "the observation has shape (4,), and its space says (3,)", AGREE),
    "column": (
        put(0, np.zeros((3, 1), np.float32)),
        "the observation has shape (3, 1), and its space says (3,)",
        AGREE,
    ),
    "dtype": (
        put(0, np.zeros(3)),
        "the observation has dtype float64, and its space says float32",
        RETURN + "observation.astype(np.float32)",
    ),
    "scalar": (
        put(0, 0.5),
        "the observation is 0.5 of type float, not an array",
        RETURN + "np.asarray(observation, dtype=np.float32)",
    ),
    "none": (
        put(0, None),
        "the observation is None of type NoneType, not an array",
        RETURN + "np.asarray(observation, dtype=np.float32)",
    ),
}
STEPS = OBSERVATIONS | {
    "reward nan": (put(1, float("nan")), "the reward is nan", OVERFLOW),
    "reward infinite": (put(1, np.float32("inf")), "the reward is inf", OVERFLOW),
    "reward too large for a float": (put(1, -(10**400)), "the reward is -inf", OVERFLOW),
    "reward none": (put(1, None), "the reward is None of type NoneType, not a number", RETURN + "float(reward)"),
    "reward text": (put(1, "1"), "the reward is '1' of type str, not a number", RETURN + "float(reward)"),
    "reward array": (
        put(1, np.array([1.0])),
        "the reward is array([1.]) of type ndarray, not a number",
        RETURN + "float(reward)",
    ),
    "terminated int": (put(2, 0), "terminated is 0 of type int, not a bool", RETURN + "bool(terminated)"),
    "truncated none": (put(3, None), "truncated is None of type NoneType, not a bool", RETURN + "bool(truncated)"),
    "four values": (
        lambda result: result[:4],
        "step returned 4 values, as environments did before gym 0.26; it takes five",
        FIVE,
    ),
    "six values": (lambda result: (*result, 1), "step returned 6 values; it takes five", FIVE),
    "no tuple": (lambda _: None, "step returned a NoneType; it takes five", FIVE),
    "raising": (raising(KeyError("speed")), "step raised KeyError: 'speed'", ABOVE),
    "raising in silence": (raising(AssertionError()), "step raised AssertionError", ABOVE),
}
RESETS = OBSERVATIONS | {
    "one value": (lambda result: result[0], "reset returned a ndarray; it takes two", RETURN + "observation, info"),
    "three values": (
        lambda result: (*result, 1),
        "reset returned 3 values; it takes two",
        RETURN + "observation, info",
    ),
    "raising": (raising(OSError("no display")), "reset raised OSError: no display", ABOVE),
}


@pytest.mark.parametrize("fault", STEPS)
def test_a_wrong_step_is_named(fault):
    """A fault in a step names environment, index, episode, step, seed, last action, a fix, and chains what raised."""
    change, what, fix = STEPS[fault]
    envs = iter([Clock(), Broken(Clock(1), step=change, at=5)])
    pool = pool_of(lambda: next(envs), 2, seed=3, name="Clock-v0")
    pool.reset()
    for _ in range(4):
        pool.step(zeros(pool))

    with pytest.raises(EnvironmentFault) as caught:
        pool.step(np.array([1, 3]))

    seed = episode_seed(3, 1, 1)
    assert caught.value.what == f"environment 'Clock-v0' #1, episode 1, step 2: {what} (seed {seed}, last action 3)"
    assert caught.value.fix == fix
    named = {"environment": "Clock-v0", "index": 1, "episode": 1, "step": 2, "seed": seed, "action": 3}
    assert caught.value.facts == named
    assert isinstance(caught.value.__cause__, KeyError | AssertionError | types.NoneType)
    assert (caught.value.__cause__ is not None) == fault.startswith("raising")


@pytest.mark.parametrize("fault", RESETS)
def test_a_wrong_reset_is_named(fault):
    """A fault in a reset names environment, index, episode and seed, also where it follows the end of an episode."""
    change, what, fix = RESETS[fault]
    count = iter(range(10))
    env = Broken(Clock(), reset=lambda result: change(result) if next(count) == 1 else result)
    pool = pool_of(lambda: env, seed=3, name="Clock-v0")
    pool.reset()
    pool.step(zeros(pool)), pool.step(zeros(pool))

    with pytest.raises(EnvironmentFault) as caught:
        pool.step(zeros(pool))

    seed = episode_seed(3, 0, 1)
    assert caught.value.what == f"environment 'Clock-v0' #0, episode 1, at its reset: {what} (seed {seed})"
    assert caught.value.fix == fix
    assert isinstance(caught.value.__cause__, OSError if fault == "raising" else types.NoneType)


class Counting(Clock):
    """Observes one number of a Discrete space that starts at 5."""

    observation_space = spaces.Discrete(3, start=5)
    told: Any = 5

    def observe(self):
        return self.told


@pytest.mark.parametrize("value", [5, np.int64(6), np.array(7), np.uint8(6)])
def test_discrete_observations_count_from_zero(value):
    """Whole numbers of any kind are taken, and handed over as int64 from 0."""
    env = Counting()
    env.told = value
    pool = pool_of(lambda: env)
    first = pool.reset()

    assert (first.dtype, first.tolist()) == (np.int64, [int(value) - 5])
    assert (pool.facts.observation_space, pool.facts.first) == (spaces.Discrete(3), 5)


@pytest.mark.parametrize(
    ("value", "what", "fix"),
    [
        (4, "the observation is 4, outside its space 5 to 7", "make the environment's observation_space large enough"),
        (8, "the observation is 8, outside its space 5 to 7", "make the environment's observation_space large enough"),
        (5.0, "the observation is 5.0 of type float, and its space is discrete", RETURN + "int(observation)"),
        (
            np.array([5]),
            "the observation is array([5]) of type ndarray, and its space is discrete",
            RETURN + "int(observation)",
        ),
    ],
)
def test_a_wrong_discrete_observation_is_named(value, what, fix):
    """A number outside the space would be another state, or none."""
    env = Counting()
    pool = pool_of(lambda: env)
    pool.reset()
    env.told = value

    with pytest.raises(EnvironmentFault) as caught:
        pool.step(zeros(pool))

    assert f"step 1: {what} (seed" in caught.value.what
    assert caught.value.fix == fix


@pytest.mark.parametrize("reward", [1, True, np.float32(1), np.int64(1), np.bool_(True), np.array(1.0), np.array(1)])
def test_any_single_number_is_a_reward(reward):
    """Rewards of every numeric type arrive as float64."""
    pool = pool_of(lambda: Broken(Clock(), step=put(1, reward), at=1))
    pool.reset()

    assert pool.step(zeros(pool)).reward.tolist() == [1.0]


def test_numpys_flags_are_flags():
    """`np.bool_` is a bool."""
    pool = pool_of(lambda: Broken(Clock(), step=lambda r: put(2, np.True_)(put(3, np.False_)(r)), at=1))
    pool.reset()
    step = pool.step(zeros(pool))

    assert (step.terminated.tolist(), step.truncated.tolist()) == ([True], [False])


def test_a_huge_info_is_harmless():
    """What an environment puts into info is not looked at."""
    pool = pool_of(lambda: Broken(Clock(), step=put(4, {"frames": np.zeros(10**7), "self": object()}), at=1))
    pool.reset()

    assert pool.step(zeros(pool)).real.all()


class Wide(Clock):
    """Observes an array of any shape, dtype and content."""

    def __init__(self, told):
        Clock.__init__(self)
        self.told = told
        self.observation_space = spaces.Box(-np.inf, np.inf, told.shape, told.dtype)

    def observe(self):
        return self.told if self.t else np.zeros_like(self.told)


@settings(max_examples=100, derandomize=True, deadline=None)
@given(
    arrays.arrays(
        st.sampled_from([np.float16, np.float32, np.float64, np.longdouble]),
        arrays.array_shapes(min_dims=0, max_dims=3, max_side=4),
    )
)
def test_an_observation_passes_exactly_where_it_is_finite(told):
    """Every finite observation passes, however large; every other one is a fault; nothing warns."""
    pool = pool_of(lambda: Wide(told))
    pool.reset()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        if np.isfinite(told).all():
            assert np.array_equal(pool.step(zeros(pool)).observation, told[None])
        else:
            with pytest.raises(EnvironmentFault, match="the observation holds"):
                pool.step(zeros(pool))


def test_the_finite_test_is_never_wrong_about_a_number_that_is_not():
    """One NaN or infinity anywhere in a batch is found, and nothing else is taken for one."""
    for dtype in (np.float16, np.float32, np.float64):
        contract = contract_of(spaces.Box(-np.inf, np.inf, (5,), dtype))
        for value in (np.nan, np.inf, -np.inf):
            for place in range(10):
                flat = np.zeros(10, dtype)
                flat[place] = value

                assert not contract.finite(flat.reshape(2, 5))
        assert contract.finite(np.full((2, 5), np.finfo(dtype).max, dtype))


def test_images_and_counts_need_no_look():
    """Integers are finite: nothing is computed for them."""
    contract = contract_of(spaces.Box(0, 255, (3, 4), np.uint8))

    assert contract.finite(np.zeros(0, np.uint8))
    assert contract.low is None


class Bounded(Clock):
    """Says that its observations lie in [-1, 1]."""

    observation_space = spaces.Box(-1, 1, (3,), np.float32)

    def observe(self):
        return np.array([0, 0, 7], np.float32)


def test_leaving_the_bounds_of_the_space_is_told_but_is_no_fault():
    """Nothing relies on the bounds of a Box, and well-known environments leave them."""
    pool = pool_of(Bounded, name="Bounded-v0")

    with pytest.warns(UserWarning, match=r"'Bounded-v0': component \[2\] of its observation is 7, .* says -1 to 1"):
        pool.reset()
    assert pool.step(zeros(pool)).observation[0, 2] == 7


def test_an_environment_inside_its_bounds_is_not_spoken_of():
    """No warning without a reason."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pool_of(lambda: gymnasium.make("MountainCar-v0")).reset()
