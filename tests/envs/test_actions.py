"""Actions as learning stores them, and as environments take them."""

from __future__ import annotations

import numpy as np
import pytest
from gymnasium import spaces

from rlblocks._core.errors import EnvironmentFault, RunError
from tests.envs.odd_environments import Clock, clocks
from tests.envs.pools import environments, pool_of


def test_discrete_actions_count_from_zero():
    """COL-8: an action is moved to where the environment's space starts, as an integer that the space contains."""
    pool = pool_of(lambda: Clock(action_space=spaces.Discrete(3, start=5), script=((99, True, False),)))
    pool.reset()
    for action in (0, 2, 1):
        pool.step(np.array([action]))
    (env,) = environments(pool)

    assert env.actions == [5, 7, 6]
    assert all(env.action_space.contains(action) for action in env.actions)


def test_several_discrete_actions_count_from_zero_each():
    """COL-8: each component is moved to where it starts, in the space's dtype, and what was stored stays as it was."""
    space = spaces.MultiDiscrete([2, 3], start=[1, -4])
    pool = pool_of(lambda: Clock(action_space=space, script=((99, True, False),)))
    pool.reset()
    chosen = np.array([[0, 2]])
    pool.step(chosen)
    pool.load(pool.state())  # what was done is done again
    (env,) = environments(pool)

    assert [action.tolist() for action in env.actions] == [[1, -2]]
    assert space.contains(env.actions[0])
    assert chosen.tolist() == [[0, 2]]


def test_a_single_number_arrives_as_an_array():
    """A Box without dims is given what it contains, not one of numpy's numbers."""
    space = spaces.Box(-1.0, 1.0, ())
    pool = pool_of(lambda: Clock(action_space=space))
    pool.reset()
    pool.step(np.array([3.0]))
    (env,) = environments(pool)

    assert isinstance(env.actions[0], np.ndarray)
    assert space.contains(env.actions[0])
    assert env.actions[0] == 1.0


def test_box_actions_reach_the_environment_cut_to_its_bounds():
    """COL-8: an array action arrives in the space's dtype, inside each component's bounds, each environment its own."""
    low, high = np.float32([[-1, 0, -2], [0, 3, 9]]), np.float32([[1, 4, 3], [2, 5, 12]])
    space = spaces.Box(low, high, dtype=np.float32)
    pool = pool_of(clocks([[(99, True, False)]] * 2, action_space=space), 2)
    pool.reset()
    actions = np.arange(12.0).reshape(2, 2, 3)
    pool.step(actions)

    for env, row in zip(environments(pool), actions, strict=True):
        assert env.actions[0].dtype == np.float32
        assert np.array_equal(env.actions[0], np.clip(row, low, high))


@pytest.mark.parametrize(
    ("actions", "said"),
    [
        (np.array([4]), "the action is 4 (counted from 0)"),
        (np.array([-1]), "the action is -1 (counted from 0)"),
        (np.array([1.0]), "the actions of 1 environments are float64[1]"),
        (np.array([[1]]), "the actions of 1 environments are int64[1, 1]"),
        (np.array([1, 1]), "the actions of 1 environments are int64[2]"),
    ],
)
def test_a_wrong_action_is_not_the_environments_fault(actions, said):
    """What no explorer may choose is refused before the environment sees it, and the pool can go on."""
    pool = pool_of(Clock)
    pool.reset()

    with pytest.raises(RunError) as caught:
        pool.step(actions)

    assert not isinstance(caught.value, EnvironmentFault)
    assert caught.value.what == f"{said}, and the action space is Discrete(4)"
    assert environments(pool)[0].actions == []
    assert pool.step(np.array([3])).real.all()


def test_a_nan_action_is_refused():
    """A network that has diverged is named as such, not the environment."""
    pool = pool_of(lambda: Clock(action_space=spaces.Box(-1, 1, (2,), np.float32)))
    pool.reset()

    with pytest.raises(RunError, match=r"the actions are not finite: \[\[nan, 0.0\]\]"):
        pool.step(np.array([[np.nan, 0.0]]))
