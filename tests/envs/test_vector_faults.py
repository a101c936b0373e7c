"""Faults of vector environments: each names the environment, the row where there is one, the step and a fix."""

from __future__ import annotations

import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from rlblocks._core.errors import BuildError, EnvironmentFault
from rlblocks.envs._seeding import episode_seed
from rlblocks.envs._vector import VectorPool
from tests.envs.pools import zeros
from tests.envs.vectors import Twisted, put, vector


@pytest.mark.parametrize(
    ("declared", "said"), [(None, "declares no"), ("sometimes", "declares the autoreset mode 'so")]
)
def test_an_undeclared_mode_is_refused(declared, said):
    """Which transitions are real cannot be guessed."""
    env = vector([[(5, True, False)]])
    env.metadata = {"autoreset_mode": declared}

    with pytest.raises(BuildError, match=said) as caught:
        VectorPool(env, 0)
    assert "AutoresetMode.NEXT_STEP" in caught.value.fix


def spoil(result):
    result[0][1, 2] = np.nan
    return result


def fail(_):
    raise EOFError


FAULTS = {
    "nan": (spoil, "#1, step 1: the observation holds nan at [2]", "last action 3"),
    "shape": (put(0, np.zeros((2, 4), np.float32)), ", step 1: the observations are float32[2, 4], not", "[0, 3]"),
    "dtype": (put(0, np.zeros((2, 3))), ", step 1: the observations are float64[2, 3], not float32[2, 3]", "[0, 3]"),
    "list": (put(0, [0, 0]), ", step 1: the observations are a list, not float32[2, 3]", "[0, 3]"),
    "reward": (put(1, np.array([0.0, np.inf])), "#1, step 1: the reward is inf", "last action 3"),
    "rewards": (put(1, np.zeros((2, 1))), ", step 1: the rewards are float64[2, 1], not 2 numbers", "[0, 3]"),
    "no rewards": (put(1, None), ", step 1: the rewards are a NoneType, not 2 numbers", "[0, 3]"),
    "flags": (put(2, np.zeros(2, np.int64)), ", step 1: the terminated are int64[2], not bool[2]", "[0, 3]"),
    "one flag": (put(3, False), ", step 1: the truncated are a bool, not bool[2]", "[0, 3]"),
    "four values": (lambda r: r[:4], ", step 1: step returned 4 values, as environments did before", "[0, 3]"),
    "raising": (fail, ", step 1: step raised EOFError", "[0, 3]"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_step_is_named(fault):
    """A fault names the vector environment, the row where there is one, step, seed and last action."""
    change, what, action = FAULTS[fault]
    pool = VectorPool(Twisted(step=change), 5)
    pool.reset()

    with pytest.raises(EnvironmentFault) as caught:
        pool.step(np.array([0, 3]))

    assert f"vector environment 'SyncVectorEnv'{' ' * what.startswith('#')}{what}" in caught.value.what
    assert f"(seed {episode_seed(5, 0, 0)}, " in caught.value.what
    assert action in caught.value.what
    assert caught.value.fix.startswith(
        "a worker process has ended" if fault == "raising" else ("return", "in ", "look")
    )


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda r: r[0], "at its reset: reset returned a ndarray; it takes two"),
        (put(0, np.zeros(3, np.float32)), "at its reset: the observations are float32[3], not float32[2, 3]"),
        (fail, "at its reset: reset raised EOFError"),
    ],
)
def test_a_wrong_reset_is_named(change, what):
    """A fault in a reset says so."""
    with pytest.raises(EnvironmentFault) as caught:
        VectorPool(Twisted(reset=change), 5).reset()

    assert what in caught.value.what


def without(*keys):
    return lambda r: (*r[:4], {key: value for key, value in r[4].items() if key not in keys})


@pytest.mark.parametrize(
    ("mode", "change", "what"),
    [
        (AutoresetMode.SAME_STEP, without("final_obs", "_final_obs"), 'its info holds no "final_obs" for an episode'),
        (
            AutoresetMode.SAME_STEP,
            lambda r: (*r[:4], r[4] | {"_final_obs": np.zeros(2, bool)}),
            'its info holds no "final_obs" for an episode',
        ),
        (
            AutoresetMode.SAME_STEP,
            lambda r: (*r[:4], r[4] | {"final_obs": [np.zeros(3, np.float32), np.zeros(2, np.float32)]}),
            "#1, step 2: the observation has shape (2,), and its space says (3,)",
        ),
        (
            AutoresetMode.SAME_STEP,
            lambda r: (*r[:4], r[4] | {"final_obs": [None, np.array([0, 0, np.inf], np.float32)]}),
            "#1, step 2: the observation holds inf at [2]",
        ),
        (
            AutoresetMode.NEXT_STEP,
            put(2, np.array([False, True])),
            "#1, step 3: an episode ended with length 0, in the step that was to reset it",
        ),
    ],
)
def test_a_broken_promise_at_an_end_is_named(mode, change, what):
    """No last observation, a wrong one, or an episode without a step: each is a fault."""
    twisted = Twisted(mode)
    pool = VectorPool(twisted, 0)
    pool.reset()
    pool.step(zeros(pool))
    pool.step(zeros(pool)) if mode is AutoresetMode.NEXT_STEP else None
    twisted.change_step = change

    with pytest.raises(EnvironmentFault) as caught:
        pool.step(zeros(pool))
    assert what in caught.value.what
