"""The policy recipes differ from each other by the blocks that the literature says, and by numbers."""

from __future__ import annotations

import re

import pytest
from rlblocks.recipes import RECIPES, a2c, dqn, ppo, ppo_lstm, reinforce, reinforce_baseline

from rlblocks import Recipe, RecipeError, WiringError, wire
from rlblocks._core.diff import Add, Set, Swap, apply, diff
from rlblocks.envs import Gym

POLICY = ("reinforce", "reinforce_baseline", "a2c", "ppo", "ppo_lstm")
LADDER = [(reinforce, reinforce_baseline), (reinforce_baseline, a2c), (a2c, ppo), (ppo, ppo_lstm), (reinforce, a2c)]


def blocks_and_numbers(a: Recipe, b: Recipe) -> tuple[dict[str, str], set[str]]:
    """Where the second has another block, by path, and its name; where it has another number or text."""
    blocks, numbers = {}, set()
    for change in diff(a, b):
        match change:
            case Swap(path, _, new) | Add(path, new):
                blocks[path] = type(new).__name__
            case Set(path, _, _) if path != "name":
                numbers.add(path)
    return blocks, numbers


def test_a_baseline_is_a_network_and_its_loss() -> None:
    """REINFORCE with a baseline: a value of the state, and what trains it."""
    blocks, numbers = blocks_and_numbers(reinforce(), reinforce_baseline())

    assert blocks == {"networks.value": "Network", "objectives.policy.losses[1]": "ValueLoss"}
    assert numbers == {"objectives.policy.trains"}


def test_a2c_is_reinforce_with_five_blocks() -> None:
    """Store, return, value network, value loss, entropy."""
    blocks, numbers = blocks_and_numbers(reinforce(), a2c())

    assert blocks == {
        "store": "Rollout",
        "prepare[0]": "GAE",
        "networks.value": "Network",
        "objectives.policy.losses[1]": "ValueLoss",
        "objectives.policy.losses[2]": "Entropy",
    }
    assert numbers == {"env.n", "objectives.policy.trains", "objectives.policy.optimizer.lr.start"}


def test_ppo_is_a2c_with_one_block() -> None:
    """The surrogate; the rest are numbers."""
    blocks, numbers = blocks_and_numbers(a2c(), ppo())

    assert blocks == {"objectives.policy.losses[0]": "ClippedSurrogate"}
    assert numbers == {
        "store.steps", "cadence.epochs", "cadence.minibatches", "objectives.policy.optimizer.lr.start",
    }  # fmt: skip


def test_a_memory_changes_networks_and_the_window_alone() -> None:
    """Nothing in losses, returns or store knows of it; rewards are scaled because body and value are shared."""
    blocks, numbers = blocks_and_numbers(ppo(), ppo_lstm())

    assert blocks == {"normalizers.reward": "RewardScale"}
    assert {path for path in numbers if ".optimizer." not in path} == {
        "networks", "objectives.policy.trains", "cadence.window",
    }  # fmt: skip
    assert ppo_lstm().objectives["policy"].losses == ppo().objectives["policy"].losses


@pytest.mark.parametrize(("a", "b"), LADDER)
def test_a_diff_applied_gives_the_other(a: object, b: object) -> None:
    """In both directions."""
    one, other = a(), b()  # type: ignore[operator]

    assert apply(diff(one, other), one) == other
    assert apply(diff(other, one), other) == one


@pytest.mark.parametrize("env", ["CartPole-v1", "Pendulum-v1", "MountainCarContinuous-v0", "Acrobot-v1"])
@pytest.mark.parametrize("name", POLICY)
def test_one_recipe_acts_on_discrete_and_continuous_actions(name: str, env: str) -> None:
    """The head chooses the distribution; REINFORCE asks only that episodes are short enough."""
    recipe = RECIPES[name]().swap(env=Gym(env))
    longest = Gym(env).facts().max_episode_steps
    if "reinforce" in name:
        recipe = recipe.set({"store.longest": longest})
    plan = wire(recipe)

    discrete = plan.columns["action"].n != 0
    assert ("categorical.sample(" in plan.act.source) is discrete
    assert ("gaussian.sample(" in plan.act.source) is not discrete


def test_a_recipe_for_discrete_actions_names_those_for_others() -> None:
    """DQN on Pendulum: what it names wires there, and what it does not name does not."""
    pendulum = Gym("Pendulum-v1")
    with pytest.raises(WiringError) as caught:
        wire(dqn().swap(env=pendulum))
    named = re.search(r"recipes that act in this space: (.*)", str(caught.value))
    assert named is not None
    wires = set()
    for name, make in RECIPES.items():
        try:
            wire(make().swap(env=pendulum))
        except RecipeError:
            continue
        wires.add(name)

    assert set(named[1].split(", ")) == wires >= set(POLICY)
