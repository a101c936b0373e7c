"""Vectors as states that can be counted."""

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import given, settings
from hypothesis import strategies as st
from rlblocks.recipes import q_learning

from rlblocks._core.errors import BuildError, RecipeError, RunError
from rlblocks._core.files import dumps, loads
from rlblocks.envs import Discretise, Flatten, Gym

LAW = settings(max_examples=60, derandomize=True, deadline=None)
CARTPOLE = Discretise((1, 2, 3, 4), low=(-2.4, -3.0, -0.25, -3.0), high=(2.4, 3.0, 0.25, 3.0))


class Fixed(gymnasium.Env):
    """An environment of which only the observation space matters."""

    action_space = spaces.Discrete(2)

    def __init__(self, space):
        self.observation_space = space


def by_hand(observation, bins, low, high):
    """The state, component by component."""
    state = 0
    for o, n, a, b in zip(observation, bins, low, high, strict=True):
        inside = [k for k in range(n) if o >= a + (b - a) * k / n]
        state = state * n + (inside[-1] if inside else 0)
    return state


@LAW
@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(-3, 3), st.sampled_from([1, 2, 4])), min_size=1, max_size=3),
    st.lists(st.integers(-40, 40), min_size=3, max_size=3),
)
def test_it_is_the_cell_of_a_grid(grid, at):
    """Every observation lies in the cell that a loop finds, outside of the bounds in the outermost one."""
    bins, low, width = (tuple(column) for column in zip(*((4 if n == 3 else n, a, w) for n, a, w in grid), strict=True))
    high = tuple(a + w for a, w in zip(low, width, strict=True))
    observation = np.array(at[: len(bins)]) / 8

    assert Discretise(bins, low=low, high=high).state(observation) == by_hand(observation, bins, low, high)


def test_all_states_are_different():
    """The middles of the cells give every state once, the last component counting fastest."""
    block = Discretise((2, 3), low=(0.0, 0.0), high=(2.0, 3.0))

    assert [block.state(np.array([i + 0.5, j + 0.5])) for i in range(2) for j in range(3)] == list(range(6))


def test_infinity_lies_outside_and_nan_nowhere():
    """±∞ fall into the outermost bins; NaN is an error with the component."""
    block = Discretise((3,), low=(0.0,), high=(1.0,))

    assert (block.state(np.array([-np.inf])), block.state(np.array([np.inf]))) == (0, 2)
    with pytest.raises(RunError, match="component 0 of the observation is NaN"):
        block.state(np.array([np.nan]))


def test_a_recipe_takes_it_in_a_file():
    """Bounds come back from a file as they were."""
    recipe = q_learning().swap(env=Gym("CartPole-v1", wrappers=(CARTPOLE,)))

    assert loads(dumps(recipe)) == recipe
    assert recipe.env.facts().observation_space == spaces.Discrete(24)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Discretise(()), "must say how many bins"),
        (lambda: Discretise((0, 2)), "at least 1 each"),
        (lambda: Discretise((2, 2), low=(0.0,)), "there are 2 bins of components"),
        (lambda: Discretise((2,), low=(1.0,), high=(1.0,)), "have no width: low is 1 and high is 1"),
        (lambda: Discretise((2,), low=(float("nan"),)), "a tuple of finite numbers"),
        (lambda: Discretise((2, 2, 2, 2)).wrap(gymnasium.make("CartPole-v1")), "component 1 into bins, because its"),
        (lambda: Discretise((2, 2)).wrap(gymnasium.make("CartPole-v1")), "give 4 numbers of bins"),
        (lambda: Discretise((2,)).wrap(gymnasium.make("FrozenLake-v1")), "counted already"),
        (lambda: Discretise((2,)).wrap(Fixed(spaces.Box(0, 255, (8, 8, 3), np.uint8))), "for every picture"),
        (lambda: Discretise((2,)).wrap(Fixed(spaces.MultiBinary(2))), "Flatten"),
        (lambda: Discretise((2,)).wrap(Fixed(spaces.Box(1.0, 1.0, (1,)))), "have no width"),
    ],
)
def test_what_cannot_be_parted_is_refused(make, said):
    """Each says what is wrong and what to do."""
    with pytest.raises(RecipeError, match=said):
        make()


def test_flattened_observations_can_be_parted():
    """What is no vector becomes one."""
    space = Flatten().wrap(Fixed(spaces.MultiBinary(2))).observation_space

    assert Discretise((2, 2)).wrap(Fixed(spaces.Box(0.0, 1.0, space.shape))).observation_space == spaces.Discrete(4)


def test_bounds_that_meet_the_space_are_told_with_one_fix():
    """Only the wrapper knows that the lower bound given is the upper one of the space."""
    with pytest.raises(BuildError) as caught:
        Gym("Acrobot-v1", wrappers=(Discretise((2,) * 6, low=(1.0,) * 6),)).facts()

    assert caught.value.what.startswith("the bins of component 0 of Discretise have no width")
    assert str(caught.value).count("fix:") == 1


def test_more_states_than_can_be_counted_are_refused():
    """Before a space of them is made."""
    with pytest.raises(BuildError, match=r"makes 1e\+20 states, more than a whole number of 64 bits counts") as caught:
        Gym("MountainCar-v0", wrappers=(Discretise((10**10, 10**10)),)).facts()

    assert caught.value.fix == "give fewer bins, or leave components out with Select"
