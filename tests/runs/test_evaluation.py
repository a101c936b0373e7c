"""Greedy episodes on environments of their own: the same start states every time, each counted once."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from rlblocks.recipes import dqn
from small_runs import ENDLESS, Endless, Walk, small

from rlblocks import BuildError, wire
from rlblocks._core.dry_run import build_modules
from rlblocks._core.errors import EnvironmentFault
from rlblocks.envs import ClipReward, Gym, as_environment
from rlblocks.envs.base import Facts
from rlblocks.explorers import UniformRandom
from rlblocks.runs.agent import Agent, evaluation_seed
from rlblocks.runs.evaluation import LIMIT, Scores, evaluate, frames_of, limit_of
from rlblocks.runs.options import Options

CPU = torch.device("cpu")


def agent_of(recipe: Any = None) -> Agent:
    plan = wire(recipe or small())
    return Agent(plan, build_modules(plan, torch.Generator().manual_seed(1), CPU), {}, CPU)


def test_the_same_seed_gives_the_same_scores() -> None:
    """Whatever was evaluated before; another seed gives others."""
    agent = agent_of()
    env = agent.plan.recipe.env

    first = evaluate(agent, env, 6, seed=3)
    assert evaluate(agent, env, 6, seed=4) != first
    assert evaluate(agent, env, 6, seed=3) == first


def test_more_episodes_are_the_same_and_more() -> None:
    """Each environment plays its first episode, so the first four of six are the four."""
    agent = agent_of()
    env = agent.plan.recipe.env

    assert evaluate(agent, env, 6, seed=3).lengths[:4] == evaluate(agent, env, 4, seed=3).lengths


def test_a_policy_that_draws_is_evaluated_alike_as_well() -> None:
    """Evaluation holds no state: it begins with the same random numbers every time."""
    agent = agent_of(small(dqn().swap(explorer=UniformRandom())))
    env = agent.plan.recipe.env

    assert evaluate(agent, env, 6, seed=3) == evaluate(agent, env, 6, seed=3)


def test_returns_and_lengths_are_those_of_the_episodes() -> None:
    """Every step of the walk pays 1, so they agree; an episode ends by time at eight."""
    scores = evaluate(agent_of(), as_environment(Walk), 20, seed=0)

    assert scores.returns == tuple(float(n) for n in scores.lengths)
    assert max(scores.lengths) == 8
    assert min(scores.lengths) < 8
    assert len(scores.lengths) == 20


def test_mean_and_spread_are_over_episodes() -> None:
    """The population's standard deviation."""
    scores = Scores((1.0, 2.0, 6.0), (1, 2, 6))

    assert (scores.mean, scores.std) == (3.0, pytest.approx(np.std([1.0, 2.0, 6.0])))


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_vector_environments_play_as_many_episodes(mode: AutoresetMode) -> None:
    """A function that takes `num_envs` is asked for as many as there are episodes; each plays its first."""

    def make(num_envs: int = 2) -> Any:
        return SyncVectorEnv([Walk] * num_envs, autoreset_mode=mode)

    agent = agent_of(small().swap(env=as_environment(make)))
    scores = evaluate(agent, agent.plan.recipe.env, 5, seed=1)

    assert scores.returns == tuple(float(n) for n in scores.lengths)
    assert len(scores.lengths) == 5


def test_episodes_without_an_end_are_cut() -> None:
    """After as many steps as are allowed, with the return so far; those that end before are as they are."""
    agent = agent_of()
    scores = evaluate(agent, as_environment(Endless), 12, seed=3, steps=20)

    assert set(scores.lengths) == {8, 20}
    assert scores.cut == scores.lengths.count(20)
    assert scores.returns == tuple(float(n) for n in scores.lengths)
    assert evaluate(agent, as_environment(Endless), 12, seed=3, steps=8).cut == scores.cut
    assert evaluate(agent, as_environment(Walk), 12, seed=3, steps=8).cut == 0


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_a_vector_environment_is_cut_in_its_first_episodes(mode: AutoresetMode) -> None:
    """In whatever mode: episodes that began after a first one are not counted."""

    def make(num_envs: int = 2) -> Any:
        return SyncVectorEnv([Endless] * num_envs, autoreset_mode=mode)

    agent = agent_of(small().swap(env=as_environment(make)))
    scores = evaluate(agent, agent.plan.recipe.env, 12, seed=1, steps=30)

    assert set(scores.lengths) == {8, 30}
    assert scores.cut == scores.lengths.count(30)
    assert scores.returns == tuple(float(n) for n in scores.lengths)


def test_the_return_of_a_cut_episode_is_by_the_environments_own_rewards() -> None:
    """As that of a whole one: clipping is for learning alone."""
    env = Gym(ENDLESS, wrappers=(ClipReward(-0.5, 0.5),))
    scores = evaluate(agent_of(), env, 6, seed=3, steps=20)

    assert scores.returns == tuple(float(n) for n in scores.lengths)
    assert scores.cut > 0


def test_an_environments_own_limit_counts_where_none_is_asked_for() -> None:
    """And a hundred thousand steps where it has none."""
    space = Walk.action_space

    assert limit_of(0, Facts("A-v0", space, space, max_episode_steps=500)) == 500
    assert limit_of(90, Facts("A-v0", space, space, max_episode_steps=500)) == 90
    assert limit_of(0, Facts("A-v0", space, space)) == LIMIT == 100_000


def test_what_is_called_between_two_steps_can_break_it_off() -> None:
    """It is called before each step; the environments are closed."""
    calls: list[int] = []

    def between() -> None:
        calls.append(1)
        if len(calls) == 5:
            raise ZeroDivisionError

    before = Walk.made
    with pytest.raises(ZeroDivisionError):
        evaluate(agent_of(), as_environment(Endless), 3, seed=0, between=between)

    assert len(calls) == 5
    assert Walk.made == before


def test_environments_are_closed_afterwards() -> None:
    """Also where one breaks."""
    agent, before = agent_of(), Walk.made
    evaluate(agent, agent.plan.recipe.env, 3, seed=0)
    assert Walk.made == before

    class Breaking(Walk):
        def step(self, action: Any) -> Any:
            return np.full(3, np.nan, np.float32), 0.0, False, False, {}

    with pytest.raises(EnvironmentFault):
        evaluate(agent, as_environment(Breaking), 3, seed=0)
    assert Walk.made == before


def test_evaluation_seeds_are_not_training_seeds() -> None:
    """Another stream; the same for each evaluation of a run."""
    assert evaluation_seed(Options(seed=1)) == evaluation_seed(Options(seed=1, steps=7))
    assert len({evaluation_seed(Options(seed=seed)) for seed in range(50)}) == 50


class Drawn(Walk):
    """A walk that can be drawn."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 30}

    def render(self) -> Any:
        return np.full((4, 6, 3), self.t, np.uint8)


def test_frames_are_those_of_one_episode() -> None:
    """One picture before each step, at most as many as allowed."""
    agent = agent_of()
    length = evaluate(agent, as_environment(Drawn), 1, seed=3).lengths[0]

    assert [int(frame[0, 0, 0]) for frame in frames_of(agent, as_environment(Drawn), seed=3)] == list(range(length))
    assert len(list(frames_of(agent, as_environment(Drawn), seed=3, limit=2))) == min(2, length)


def test_what_does_not_draw_says_so() -> None:
    """And is closed again."""
    before = Walk.made
    with pytest.raises(BuildError, match=r"Walk.* does not draw"):
        next(frames_of(agent_of(), as_environment(Walk), seed=0))

    assert Walk.made == before
    assert isinstance(Walk.observation_space, gymnasium.spaces.Box)
