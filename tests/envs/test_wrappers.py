"""Wrappers: what learning sees changes, what is reported does not."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from hypothesis import given, settings
from hypothesis import strategies as st

from rlblocks._core.errors import BuildError, FieldError
from rlblocks.envs import ClipReward, Flatten, FrameStack, Grayscale, Gym, Resize, Select, Supplied, TimeLimit
from tests.envs.odd_environments import BufferReusing, Clock, clocks
from tests.envs.pools import zeros

LAW = settings(max_examples=40, derandomize=True, deadline=None)


class Picture(gymnasium.Env):
    """Observes a picture of noise that depends on the step."""

    action_space = spaces.Discrete(2)

    def __init__(self, *shape):
        self.observation_space = spaces.Box(0, 255, shape, np.uint8)
        self.t = 0

    def observe(self):
        return np.random.default_rng(self.t).integers(0, 256, self.observation_space.shape, np.uint8)

    def reset(self, *, seed=None, options=None):
        self.t = 0
        return self.observe(), {}

    def step(self, action):
        self.t += 1
        return self.observe(), 0.0, False, False, {}


@pytest.mark.parametrize("reusing", [False, True])
@LAW
@given(k=st.integers(1, 5), steps=st.integers(0, 12))
def test_frames_are_stacked_oldest_first(reusing, k, steps):
    """The last k observations of one episode, the first repeated where there were fewer, buffers reused or not."""
    make = clocks([[(4, True, False)]])
    pool = Supplied(lambda: BufferReusing(make()) if reusing else make(), wrappers=(FrameStack(k),)).build(seed=0)
    seen = pool.reset()
    episode, t = 0, 0
    for _ in range(steps):
        step = pool.step(zeros(pool))
        t += 1
        frames = [max(0, t - j) for j in reversed(range(k))]

        assert step.next_observation[0, :, 2].tolist() == frames
        assert (step.next_observation[0, :, 1] == episode).all()
        episode, t, seen = (episode + 1, 0, step.observation) if t == 4 else (episode, t, step.observation)

    assert seen[0, :, 2].tolist() == [max(0, t - j) for j in reversed(range(k))]
    assert (seen[0, :, 1] == episode).all()


def test_final_observations_pass_through_wrappers_too():
    """COL-18: the true last observation of an episode has the shape that all others have."""
    picture = Supplied(lambda: Picture(20, 10, 3), wrappers=(Grayscale(), Resize(5, 4), FrameStack(2), TimeLimit(2)))
    pool = picture.build(seed=0)
    first = pool.reset()
    step = [pool.step(zeros(pool)) for _ in range(2)][-1]

    assert step.truncated.all()
    assert first.shape == step.next_observation.shape == step.observation.shape == (1, 2, 5, 4)
    assert step.next_observation.dtype == np.uint8
    assert np.array_equal(step.observation, first)
    assert np.array_equal(step.next_observation[0, 0], first[0, 1]) is False


@pytest.mark.parametrize("shape", [(12, 9), (12, 9, 3)])
def test_resizing_averages(shape):
    """Each pixel is the mean of the pixels that it covers, channel by channel."""
    env = Picture(*shape)
    small, _ = Resize(4, 3).wrap(env).reset()
    blocks = env.observe().astype(float).reshape(4, 3, 3, 3, *shape[2:])

    assert small.shape == (4, 3, *shape[2:])
    assert np.abs(small - blocks.mean(axis=(1, 3))).max() <= 1.0


@pytest.mark.parametrize("env", [Clock(), Picture(5, 5, 4), Picture(5)])
def test_only_images_are_resized(env):
    """Anything but a picture of uint8 is refused, by name."""
    with pytest.raises(BuildError, match=r"Resize\(height=2, width=2\) cannot wrap .*: it takes images"):
        Supplied(lambda: env, wrappers=(Resize(2, 2),)).facts()


def test_flattening_takes_what_is_no_array():
    """Blackjack's tuple becomes 45 numbers, one-hot; its pool runs."""
    pool = Gym("Blackjack-v1", wrappers=(Flatten(),)).build(seed=0)

    assert pool.reset().sum() == 3
    assert pool.step(zeros(pool)).next_observation.shape == (1, 45)


@LAW
@given(st.lists(st.integers(0, 2), min_size=1, max_size=5).map(tuple))
def test_some_components_are_seen_in_the_order_named(components):
    """Of every observation, final ones too; one may be seen twice, and the rest of the step stays as it was."""
    chosen = list(components)
    plain = Supplied(lambda: Clock(script=((2, True, False),))).build(seed=0)
    hidden = Supplied(lambda: Clock(script=((2, True, False),)), wrappers=(Select(components),)).build(seed=0)

    assert np.array_equal(hidden.reset(), plain.reset()[:, chosen])
    for _ in range(5):
        one, two = plain.step(zeros(plain)), hidden.step(zeros(hidden))

        assert np.array_equal(two.observation, one.observation[:, chosen])
        assert np.array_equal(two.next_observation, one.next_observation[:, chosen])
        assert two.episodes == one.episodes
        assert (two.reward, two.terminated) == (one.reward, one.terminated)


def test_the_space_keeps_the_bounds_of_what_is_seen():
    """Each component its own, in the space's type; what the environment reuses is not handed out."""

    class Bounded(Clock):
        observation_space = spaces.Box(np.array([-1, -2, -3.0]), np.array([4, 5, 6.0]), dtype=np.float64)

        def observe(self):
            return np.array([0.5, 0.25, self.t], np.float64)

    wrapped = Select((2, 0)).wrap(BufferReusing(Bounded()))
    first, _ = wrapped.reset()
    second = wrapped.step(0)[0]

    assert wrapped.observation_space == spaces.Box(np.array([-3, -1.0]), np.array([6, 4.0]), dtype=np.float64)
    assert (first.tolist(), second.tolist()) == ([0.0, 0.5], [1.0, 0.5])
    assert wrapped.observation_space.contains(second)


@pytest.mark.parametrize(
    ("components", "env"), [((), Clock()), ((3,), Clock()), ((0, 9), Clock()), ((0,), Picture(5, 5)), ((0,), None)]
)
def test_components_that_are_not_there_are_refused(components, env):
    """By name, with the space that was found."""
    source = (
        Supplied(lambda: env, wrappers=(Select(components),)) if env else Gym("FrozenLake-v1", wrappers=(Select((0,)),))
    )
    with pytest.raises(BuildError, match=r"Select\(.*\) takes components of a vector, and the observation is"):
        source.facts()


@pytest.mark.parametrize("components", [(-1,), (0.5,), (True,)])
def test_components_are_counted_from_0(components):
    """An index from the end, or none at all, is refused when the wrapper is made."""
    with pytest.raises(FieldError, match=r"Select.components is"):
        Select(components)


@LAW
@given(st.integers(1, 6), st.integers(1, 6))
def test_a_time_limit_truncates_and_keeps_terminated(steps, length):
    """COL-5: the last allowed step is truncated, and stays terminated where the environment ended there too."""
    pool = Supplied(lambda: Clock(script=((length, True, False),)), wrappers=(TimeLimit(steps),)).build(seed=0)
    pool.reset()
    taken = [pool.step(zeros(pool)) for _ in range(min(steps, length))]

    assert [bool(step.terminated[0]) for step in taken] == [t + 1 == length for t in range(len(taken))]
    assert [bool(step.truncated[0]) for step in taken] == [t + 1 == steps for t in range(len(taken))]


def test_facts_tell_the_tightest_time_limit():
    """A wrapper tightens the limit that an environment brings along, and cannot lengthen it."""
    limits = [Gym("CartPole-v1", wrappers=(TimeLimit(n),)).facts().max_episode_steps for n in (100, 500, 900)]
    longer = Gym("CartPole-v1", options={"max_episode_steps": 900}).facts().max_episode_steps

    assert (*limits, longer) == (100, 500, 500, 900)
    assert Supplied(Clock).facts().max_episode_steps is None


@LAW
@given(st.floats(-1e3, 1e3), st.floats(1e-3, 1e3), st.integers(1, 4))
def test_clipped_rewards_leave_returns_alone(low, width, length):
    """Learning sees rewards within the range; the reported return is the sum of the rewards as they were."""
    wrappers = (ClipReward(low, low + width), ClipReward(-0.5, 0.5))
    plain = Supplied(lambda: Clock(script=((length, True, False),))).build(seed=0)
    clipped = Supplied(lambda: Clock(script=((length, True, False),)), wrappers=wrappers).build(seed=0)
    plain.reset(), clipped.reset()
    for _ in range(10):
        one, two = plain.step(zeros(plain)), clipped.step(zeros(clipped))

        assert two.reward == np.clip(np.clip(one.reward, low, low + width), -0.5, 0.5)
        assert one.episodes == two.episodes


def test_an_empty_range_of_rewards_is_refused():
    """Low must be below high."""
    with pytest.raises(FieldError, match=r"ClipReward\(low=1.0, high=1.0\): low must be below high"):
        ClipReward(1.0, 1.0)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: FrameStack(0), "FrameStack.k is 0, but must be a whole number, at least 1"),
        (lambda: Resize(0, 84), "Resize.height is 0"),
        (lambda: Resize(84, 8.5), "Resize.width is 8.5"),
        (lambda: TimeLimit(True), "TimeLimit.steps is True"),
        (lambda: ClipReward(float("nan"), 1.0), "ClipReward.low is nan"),
    ],
)
def test_fields_are_checked(make, said):
    """A field that cannot be is refused when the wrapper is made."""
    with pytest.raises(FieldError, match=said):
        make()


def test_a_wrapper_that_does_not_fit_is_named():
    """What the wrapper complained of is handed on, with the environment and the wrapper."""
    with pytest.raises(BuildError) as caught:
        Gym("CartPole-v1", wrappers=(FrameStack(2), Grayscale())).build(seed=0)

    assert caught.value.what.startswith("environment 'CartPole-v1': Grayscale() cannot wrap observations Box(")
    assert caught.value.fix == "leave the wrapper out, or put one in front of it"


def test_classes_and_metadata_stay_as_they_were():
    """COL-14: wrapping and stepping mutates no class and no metadata."""
    before = dict(Clock.metadata), Clock.observation_space
    pool = Supplied(Clock, wrappers=(FrameStack(2), TimeLimit(2))).build(seed=0, render_mode="rgb_array")
    pool.reset()
    pool.step(zeros(pool))

    assert (dict(Clock.metadata), Clock.observation_space) == before
