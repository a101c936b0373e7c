"""Runs with goals: every copy is what the environment would have paid and shown, and a resume repeats it exactly."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest
from rlblocks.recipes import ddpg, dqn, prioritized, sac, td3

from rlblocks import Recipe, WiringError, wire
from rlblocks._core.errors import RunError
from rlblocks._core.overrides import apply_overrides
from rlblocks.envs import ClipReward, Goal, Gym, PointGoal, Supplied, TimeLimit
from rlblocks.stores import Hindsight, PrioritizedReplay
from tests.core.small_blocks import ran
from tests.states import leaves, run_on, state_of

LONGEST = 7
WRAPPERS = (TimeLimit(LONGEST), Goal())
SMALL = {"store.capacity": 2_000, "cadence.warmup": 20, "cadence.batch": 8}
BODIES = {f"networks.{name}.body.widths": (6,) for name in ("policy", "critic")}


class Stepped(gymnasium.ActionWrapper[Any, Any, Any]):
    """The point, moved by four Discrete actions, in episodes of different lengths."""

    def __init__(self) -> None:
        gymnasium.ActionWrapper.__init__(self, PointGoal())
        self.action_space = gymnasium.spaces.Discrete(4)

    def action(self, action: Any) -> Any:
        return 10.0 * np.array([[1, 0], [-1, 0], [0, 1], [0, -1]], np.float32)[action]

    def step(self, action: Any) -> Any:
        *result, terminated, truncated, info = gymnasium.ActionWrapper.step(self, action)
        return *result, terminated, truncated or bool(self.np_random.random() < 0.2), info


def small(recipe: Recipe, **numbers: Any) -> Recipe:
    """The recipe on three points with goals."""
    point = Gym("rlblocks/PointGoal-v0", n=3, wrappers=WRAPPERS)
    made = recipe.set({**SMALL, **BODIES}) if "policy" in recipe.networks else discrete(recipe)
    made = made.swap(env=point) if "policy" in recipe.networks else made
    return made.wrap("store", Hindsight, goals=2).set(numbers)


def discrete(recipe: Recipe) -> Recipe:
    """The recipe on three points that step."""
    numbers = {**SMALL, "networks.q.body.widths": (6,)}
    return recipe.set(numbers).swap(env=Supplied(Stepped, n=3, wrappers=WRAPPERS))


RECIPES = {"sac": sac, "td3": td3, "ddpg": ddpg, "dqn": dqn, "prioritized": lambda: prioritized(dqn())}


@pytest.mark.parametrize("name", RECIPES)
def test_copies_are_what_would_have_been_paid(name: str) -> None:
    """Row by row by the environment's own reward for one goal, in observations of the goal, from the same episode."""
    memory: Any = ran(small(RECIPES[name]()), 150).memory
    rows, paid = memory.contents(), PointGoal().compute_reward
    copied = (rows["desired_goal"][:, None] == rows["next.achieved_goal"][None]).all(-1).any(-1)
    due = [float(paid(a, d, {})) for a, d in zip(rows["next.achieved_goal"], rows["desired_goal"], strict=True)]

    assert (~copied).sum() == 150
    assert copied.sum() > 150
    assert copied.sum() % 2 == 0
    assert rows["reward"].tolist() == due
    assert set(rows["reward"][copied]) == {-1.0, 0.0}
    for key in ("observation", "next.observation"):
        assert (rows[key][:, 2:] == rows["desired_goal"].astype(np.float32)).all()
    assert (rows["next.observation"][:, :2] == rows["next.achieved_goal"].astype(np.float32)).all()


@pytest.mark.parametrize("name", ["sac", "prioritized"])
def test_a_loaded_run_goes_on_like_the_saved_one(name: str) -> None:
    """Saved inside episodes and loaded into a run of another seed, the next steps are bit-equal."""
    recipe = small(RECIPES[name]())
    saved, twin = (state_of(recipe, steps=60, seed=seed) for seed in (1, 2))
    run_on(saved, 60)
    tree = saved.tree()
    run_on(twin, 45)
    twin.load(tree)
    run_on(saved, 45)
    run_on(twin, 45)

    assert leaves(twin.tree()) == leaves(saved.tree())
    for state in (saved, twin):
        state.pool.close()


def test_two_goals_are_columns() -> None:
    """In the environment's own precision, beside the observation; learning reads neither."""
    plan = wire(small(sac()))

    assert str(plan.columns["desired_goal"].dtype) == str(plan.columns["next.achieved_goal"].dtype) == "float64"
    assert plan.columns["observation"].shape == (4,)
    assert not [key for key in plan.learn.columns if "goal" in key]


def test_nothing_of_the_recipe_changes_but_the_store() -> None:
    """Wrapped by name on the command line, it reads the same source; the store inside is the one that was there."""
    plain = sac().swap(env=Gym("rlblocks/PointGoal-v0", wrappers=WRAPPERS))
    named = apply_overrides(plain, ["store=hindsight", "store.goals=8"])

    assert named.store == Hindsight(plain.store, goals=8)
    assert wire(named).source == wire(plain).source
    assert isinstance(prioritized(discrete(dqn()).wrap("store", Hindsight)).store.inner, PrioritizedReplay)


def test_an_environment_without_goals_is_refused() -> None:
    """By wiring, before the first step, with both ways out."""
    with pytest.raises(WiringError, match="holds Hindsight, which changes goals, and CartPole-v1 tells none") as error:
        wire(dqn().wrap("store", Hindsight))
    assert "use a goal environment in the wrapper Goal(), or use the store UniformReplay alone" in str(error.value)


def test_rewards_that_a_wrapper_changes_are_refused() -> None:
    """At the end of the first episode, instead of paying steps and copies by two rules."""
    recipe = small(sac()).set({"cadence.warmup": 20})
    with pytest.raises(RunError, match=r"step 1 of an episode of environment 0 paid -0\.5, but"):
        ran(recipe.swap({"env.wrappers": (*WRAPPERS, ClipReward(-0.5, 1.0))}), 60)


def test_of_episodes_that_a_resume_drops_there_are_no_copies() -> None:
    """Where environments begin anew, the steps stay and later episodes are their own."""
    state = ran(small(sac()), 3 * (LONGEST - 1))
    held = len(state.memory)
    state.memory.cut()

    assert held == len(state.memory) == 3 * (LONGEST - 1)
    assert not state.memory.state()["lanes"]["lengths"].any()
