"""Goal environments: what is observed, told and paid, and what is said where one does not fit."""

from types import SimpleNamespace

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from rlblocks._core.errors import BuildError, EnvironmentFault, RunError
from rlblocks.envs import FrameStack, Goal, Gym, PointGoal, Supplied, TimeLimit, as_environment
from rlblocks.envs._making import wrapped
from rlblocks.testing.clock import GoalClock

POINT = "rlblocks/PointGoal-v0"
SQUARE = spaces.Box(-1.0, 1.0, (2,), np.float64)
IN_GOAL = (Goal(),)


class Told(gymnasium.Env):
    """Observes what it is made with."""

    action_space = spaces.Discrete(2)

    def __init__(self, parts=None, **space):
        self.observation_space = spaces.Dict({"observation": SQUARE, "achieved_goal": SQUARE, "desired_goal": SQUARE})
        self.observation_space = spaces.Dict({**self.observation_space, **space})
        self.parts = parts or {}

    def reset(self, *, seed=None, options=None):
        gymnasium.Env.reset(self, seed=seed)
        return {name: np.zeros(space.shape) for name, space in self.observation_space.items()}, {}

    def step(self, action):
        return {**self.reset()[0], **self.parts}, -1.0, False, False, {}


class Paid(Told):
    """Pays by a function that it is made with."""

    def __init__(self, compute=lambda achieved, desired: -np.linalg.norm(achieved - desired, axis=-1), **others):
        Told.__init__(self, **others)
        self.compute = compute

    def compute_reward(self, achieved_goal, desired_goal, info):
        return self.compute(achieved_goal, desired_goal)


class Ending(Paid):
    """Ends where the goal is reached; takes one goal at a time, as gymnasium-robotics does."""

    def compute_terminated(self, achieved_goal, desired_goal, info):
        return bool(np.linalg.norm(achieved_goal - desired_goal) < 0.5)


def pool_of(make, n=1):
    """A running pool of environments in Goal()."""
    pool = Supplied(make, n=n, wrappers=IN_GOAL).build(0)
    pool.reset()
    return pool


def test_the_goal_stands_behind_the_observation():
    """One vector with the bounds of both; the goal is that of the episode, the rest where it is."""
    bare, env = gymnasium.make(POINT), Goal().wrap(gymnasium.make(POINT))
    parts, joined = bare.reset(seed=3)[0], env.reset(seed=3)[0]

    assert joined.tolist() == [*parts["observation"], *parts["desired_goal"]]
    assert env.observation_space == spaces.Box(-1.0, 1.0, (4,), np.float64)
    assert env.get_wrapper_attr("goal_space") == SQUARE


def test_every_step_tells_its_goals():
    """What a pool tells is what was observed in that step, also in the last one of an episode, in copies."""
    pool = Supplied(GoalClock, n=3, wrappers=IN_GOAL).build(5)
    pool.reset()
    ends, seen = 0, []
    for _ in range(25):
        step = pool.step(np.zeros(3, np.int64))
        ends += len(step.episodes)
        seen.append((step, step.next_achieved_goal.copy(), step.desired_goal.copy()))
        assert step.next_achieved_goal.tolist() == step.next_observation[:, 1:2].tolist()
        assert step.desired_goal.tolist() == step.next_observation[:, 3:].tolist()
        assert step.reward.tolist() == pool.judge(step.next_achieved_goal, step.desired_goal)[0].tolist()

    assert ends > 5
    for step, achieved, desired in seen:
        assert (step.next_achieved_goal == achieved).all()
        assert (step.desired_goal == desired).all()


def test_without_goals_nothing_is_told():
    """No space, no columns, and nobody who judges."""
    pool = Gym("CartPole-v1").build(0)
    pool.reset()
    step = pool.step(np.zeros(1, np.int64))

    assert (pool.facts.goals, step.next_achieved_goal, step.desired_goal) == (None, None, None)
    with pytest.raises(RunError, match="have none"):
        pool.judge(np.zeros((1, 2)), np.zeros((1, 2)))


def test_rows_are_judged_as_steps_are():
    """Bit for bit what a step pays, for rows; nothing ends where the environment does not say so."""
    pool = Gym(POINT, n=2, wrappers=IN_GOAL).build(1)
    random = np.random.default_rng(0)
    achieved, desired = random.uniform(-0.1, 0.1, (2, 500, 2))
    reward, terminated = pool.judge(achieved, desired)
    single = [float(PointGoal().compute_reward(a, d, {})) for a, d in zip(achieved, desired, strict=True)]

    assert reward.tolist() == single
    assert {-1.0, 0.0} == set(single)
    assert not terminated.any()


def test_ends_are_judged_one_by_one():
    """`compute_terminated` need not take rows."""
    reward, terminated = pool_of(Ending).judge(np.array([[0.0, 0.0], [1.0, 0.0]]), np.zeros((2, 2)))

    assert reward.tolist() == [0.0, -1.0]
    assert terminated.tolist() == [True, False]


def test_a_loaded_pool_judges_with_its_new_environments():
    """The environments of before are closed, and nobody asks them."""
    pool, other = pool_of(PointGoal), pool_of(PointGoal)
    pool.step(np.ones((1, 2), np.float32))
    other.step(np.zeros((1, 2), np.float32))
    other.load(pool.state())

    assert other.judge(np.zeros((1, 2)), np.zeros((1, 2)))[0].tolist() == [0.0]
    assert (other.step(np.ones((1, 2))).next_achieved_goal == pool.step(np.ones((1, 2))).next_achieved_goal).all()


@pytest.mark.parametrize(
    ("compute", "said"),
    [
        (lambda achieved, desired: -float(np.linalg.norm(achieved - desired)), "shape \\(\\)"),
        (lambda achieved, desired: achieved - desired, "shape \\(3, 2\\)"),
        (lambda achieved, desired: np.full(len(achieved), np.nan), "finite"),
        (lambda achieved, desired: {}["crash"], "KeyError"),
    ],
    ids=["one number", "a number a coordinate", "NaN", "raises"],
)
def test_a_reward_that_takes_no_rows_is_told(compute, said):
    """With the shapes, and how to write it."""
    with pytest.raises(RunError, match=said) as error:
        pool_of(lambda: Paid(compute)).judge(np.zeros((3, 2)), np.ones((3, 2)))
    assert "axis=-1" in error.value.fix


THREE = spaces.Box(-1.0, 1.0, (3,), np.float64)
MISFITS = {
    "no compute_reward": (Told(), "has no compute_reward", "write its method"),
    "another shape of goals": (Paid(desired_goal=THREE), "achieved must be one that can be desired", "one form"),
    "no goals": (SimpleNamespace(observation_space=SQUARE), "takes a Dict of observation", "leave the wrapper out"),
    "pictures": (Paid(observation=spaces.Box(0, 1, (4, 4))), "joins vectors, and observation is", "one-dimensional"),
    "a Discrete goal": (Paid(achieved_goal=spaces.Discrete(3)), "joins vectors, and achieved_goal is", "Box"),
}


@pytest.mark.parametrize("name", MISFITS)
def test_a_misfit_is_refused_in_a_sentence(name):
    """With what is wrong and what to do about it, when it is wrapped."""
    env, what, fix = MISFITS[name]
    with pytest.raises(BuildError, match=what) as error:
        wrapped(env, IN_GOAL, "Told")
    assert fix in error.value.fix


@pytest.mark.parametrize("env", [Gym(POINT), Supplied(PointGoal), as_environment(lambda: gymnasium.make_vec(POINT))])
def test_goals_without_the_wrapper_name_it(env):
    """A Dict of goals asks for Goal(), not for Flatten()."""
    with pytest.raises(BuildError, match="observations of the space Dict") as error:
        env.facts()
    assert "Goal()" in error.value.fix
    assert "Flatten" not in error.value.fix


def test_what_changes_observations_stands_before_it():
    """Behind it, nobody would know where the goal stands; what changes the end of episodes may stand anywhere."""
    with pytest.raises(BuildError, match="nobody knows where") as error:
        Gym(POINT, wrappers=(Goal(), FrameStack(2))).facts()
    assert "behind every wrapper" in error.value.fix
    assert Gym(POINT, wrappers=(Goal(), TimeLimit(3))).facts().goals == SQUARE


@pytest.mark.parametrize("value", [np.zeros(3), np.array([0.0, np.nan])])
def test_a_wrong_goal_is_a_fault(value):
    """Of another shape, or not finite: the fault names environment, step and goal."""
    pool = pool_of(lambda: Paid(parts={"achieved_goal": value}))
    with pytest.raises(EnvironmentFault, match=r"step 1.*achieved_goal"):
        pool.step(np.zeros(1, np.int64))


def test_the_point_goes_where_it_is_sent():
    """Straight ahead it arrives within 20 steps and stays, which is a success; an episode has 50 steps."""
    env = gymnasium.make(POINT)
    for seed in range(20):
        parts, info = env.reset(seed=seed)
        rewards, over = [], False
        assert not info["is_success"]
        assert 0.6 <= np.abs(parts["desired_goal"]).max() <= 1.0
        while not over:
            way = (parts["desired_goal"] - parts["achieved_goal"]) / 0.05
            parts, reward, terminated, over, info = env.step(way)
            rewards.append(reward)
            assert info["is_success"] == (reward == 0.0)
            assert not terminated
        assert len(rewards) == 50
        assert set(rewards[:8]) == {-1.0}
        assert set(rewards[22:]) == {0.0}
