"""The recipes of continuous control differ from each other by few blocks, take patches of DQN, resume and compile."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from rlblocks.recipes import PATCHES, RECIPES, ddpg, n_step, prioritized, redq, sac, sac_discrete, td3, tqc

from rlblocks import Recipe, RecipeError, WiringError, compose, wire
from rlblocks._core.diff import apply, diff
from rlblocks.envs import Gym
from rlblocks.runs.options import compiler
from rlblocks.stores import NStep, PrioritizedReplay
from tests.core.graphs import assert_alike, captured, traced
from tests.core.small_blocks import parameters
from tests.recipes.test_policy_recipes import blocks_and_numbers
from tests.states import leaves, run_on, state_of

CONTROL = ("ddpg", "td3", "sac", "sac_discrete", "tqc", "redq")
LADDER = [(ddpg, td3), (td3, sac), (sac, tqc), (sac, redq), (sac, sac_discrete), (ddpg, redq)]
SMALL = {
    "networks.policy.body.widths": (8,),
    "networks.critic.body.widths": (8,),
    "cadence.batch": 8,
    "cadence.warmup": 16,
}


def small(name: str, **numbers: Any) -> Recipe:
    """A recipe on a scale on which a learn step takes a millisecond; of REDQ's twenty to a step, two."""
    return RECIPES[name]().set(
        {**SMALL, "store.capacity": 512, **({"cadence.updates": 2} if name == "redq" else {}), **numbers}
    )


# -- neighbours --------------------------------------------------------------------------------------------------------


def test_td3_is_ddpg_with_two_blocks() -> None:
    """Target and noise; the twin critics and the delays are numbers."""
    blocks, numbers = blocks_and_numbers(ddpg(), td3())

    assert blocks == {"explorer": "GaussianNoise", "objectives.critic.target": "SmoothedQ"}
    assert numbers == {
        "networks.critic.members", "objectives.actor.every", "target_updates.policy.every",
        "target_updates.critic.every",
    }  # fmt: skip


def test_sac_is_td3_with_a_policy_that_is_drawn_from_and_a_temperature() -> None:
    """Head, explorer, target and loss of the policy; the temperature is a network and what trains it."""
    blocks, numbers = blocks_and_numbers(td3(), sac())

    assert blocks == {
        "networks.policy.head": "Policy",
        "networks.temperature": "Network",
        "explorer": "Sample",
        "objectives.critic.target": "SoftQ",
        "objectives.actor.losses[0]": "SoftPolicyLoss",
        "objectives.temperature": "Objective",
    }
    assert numbers == {"objectives.actor.every", "target_updates.critic.every"}
    assert set(td3().target_updates) - set(sac().target_updates) == {"policy"}


def test_tqc_is_sac_with_four_slots() -> None:
    """The form of the values, the target and the loss that know it, and what the policy is told."""
    blocks, numbers = blocks_and_numbers(sac(), tqc())

    assert blocks == {
        "networks.critic.head.form": "Quantiles",
        "objectives.critic.target": "TruncatedQuantiles",
        "objectives.critic.losses[0]": "QuantileHuber",
        "objectives.actor.losses[0].over": "Average",
    }
    assert numbers == set()


def test_redq_is_sac_with_two_blocks_and_two_numbers() -> None:
    """A random pair of ten critics in the target, all of them for the policy, and twenty learn steps a step."""
    blocks, numbers = blocks_and_numbers(sac(), redq())

    assert blocks == {"objectives.critic.target": "RandomSubset", "objectives.actor.losses[0].over": "Average"}
    assert numbers == {"networks.critic.members", "cadence.updates"}


def test_discrete_sac_is_sac_whose_expectations_are_sums() -> None:
    """The critic's head, and the target and losses that sum over its values; the policy's network is the same."""
    blocks, numbers = blocks_and_numbers(sac(), sac_discrete())

    assert blocks == {
        "networks.critic.head": "QValues",
        "objectives.critic.target": "DiscreteSoftQ",
        "objectives.actor.losses[0]": "DiscreteSoftPolicyLoss",
        "objectives.temperature.losses[0]": "DiscreteTemperatureLoss",
    }
    assert numbers == {"env.id", "networks.critic.reads"}
    assert sac_discrete().networks["policy"] == sac().networks["policy"]


@pytest.mark.parametrize(("a", "b"), LADDER)
def test_a_diff_applied_gives_the_other(a: Callable[[], Recipe], b: Callable[[], Recipe]) -> None:
    """In both directions."""
    assert apply(diff(a(), b()), a()) == b()
    assert apply(diff(b(), a()), b()) == a()


# -- environments ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("env", ["Pendulum-v1", "MountainCarContinuous-v0"])
@pytest.mark.parametrize("name", [name for name in CONTROL if name != "sac_discrete"])
def test_it_acts_in_a_box(name: str, env: str) -> None:
    """Actions are real numbers; another environment changes nothing else."""
    plan = wire(RECIPES[name]().swap(env=Gym(env)))

    assert plan.columns["action"].n == 0
    assert set(plan.follows) == set(plan.recipe.target_updates)


@pytest.mark.parametrize("name", CONTROL)
def test_a_recipe_in_the_wrong_space_names_those_that_act_there(name: str) -> None:
    """What it names wires there, and it does not name itself."""
    there = Gym("Pendulum-v1" if name == "sac_discrete" else "CartPole-v1")
    with pytest.raises(WiringError) as caught:
        wire(RECIPES[name]().swap(env=there))
    found = re.search(r"recipes that act in this space: (.*)", str(caught.value))

    assert found is not None
    assert name not in found[1].split(", ")
    assert {("sac_discrete" if name != "sac_discrete" else "sac")} <= set(found[1].split(", "))
    for other in found[1].split(", "):
        assert wire(RECIPES[other]().swap(env=there))


# -- patches of DQN ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sac", "td3", "tqc", "redq", "sac_discrete"])
def test_patches_of_dqn_fit(name: str) -> None:
    """Replay by priority and rewards of three steps: the critic's error pays the store, and all parameters move."""
    recipe = compose(prioritized, n_step(3))(small(name, **{"cadence.warmup": 24}))
    plan = wire(recipe)
    state = state_of(recipe, 64)
    before = parameters(state)
    run_on(state, 40)
    state.pool.close()

    assert recipe.store == NStep(PrioritizedReplay(512), n=3)
    assert plan.feeds == {"priority": "critic.error"}
    assert state.counters.updates > 0
    after = parameters(state)
    assert [key for key, value in after.items() if torch.equal(value, before[key])] == []
    assert all(torch.isfinite(value).all() for value in after.values())


def test_patches_of_action_values_say_that_there_are_none() -> None:
    """DQN's double, dueling and noisy have nothing to swap in SAC."""
    for patch in ("double", "dueling", "noisy"):
        with pytest.raises(RecipeError, match=f"the patch '{patch}' swaps"):
            PATCHES[patch](sac())


# -- runs --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CONTROL)
def test_a_run_goes_on_as_if_it_had_never_stopped(name: str) -> None:
    """Loaded into a state of another seed that has lived, every leaf is bit-equal after 40 more steps."""
    recipe = small(name)
    saved, twin = run_on(state_of(recipe, 120, seed=1), 70), run_on(state_of(recipe, 120, seed=2), 21)
    twin.load(saved.tree())
    run_on(saved, 40)
    run_on(twin, 40)
    for state in (saved, twin):
        state.pool.close()

    assert saved.counters.updates > 80
    assert leaves(twin.tree()) == leaves(saved.tree())


def test_the_noise_that_remembers_is_part_of_it() -> None:
    """DDPG's explorer goes on from the noise that it had: it is saved, it moves, and without it the run is another."""
    saved = run_on(state_of(small("ddpg"), 90, seed=1), 50)
    tree = saved.tree()
    noise = {key: value for key, value in leaves(tree).items() if key.startswith(".carries.explorer")}
    assert noise
    twin = run_on(state_of(small("ddpg"), 90, seed=1), 50)
    assert leaves(twin.tree()) == leaves(tree)
    for parts in twin.carries["explorer"].values():
        for part in parts:
            part.zero_()
    for state in (saved, twin):
        run_on(state, 20)
        state.pool.close()

    assert {key: leaves(saved.tree())[key] for key in noise} != noise
    assert leaves(twin.tree()) != leaves(saved.tree())


# -- compiled ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def one_graph() -> Iterator[dict[str, Any]]:
    """What was compiled, counted."""
    with traced() as counters:
        yield counters


def graphs(recipe: Recipe) -> int:
    """One, and one more where some objectives rest in some steps."""
    return 1 if all(objective.every.count == 1 for objective in recipe.objectives.values()) else 2


@pytest.mark.parametrize("name", [name for name in CONTROL if name != "redq"])  # the slow one below has it too
def test_the_learn_step_is_captured_whole_and_once(name: str, one_graph: dict[str, Any]) -> None:
    """No break, one graph whatever the numbers are (TD3: one without its policy, one with), and the same results."""
    recipe = small(name)
    ours, theirs = (run_on(state_of(recipe, 40), 28, how) for how in (captured, lambda function: function))

    assert theirs.counters.updates >= 12
    assert one_graph["stats"]["unique_graphs"] == graphs(recipe)
    assert one_graph["graph_break"] == {}
    assert_alike(ours, theirs)


@pytest.mark.slow
@pytest.mark.parametrize("name", CONTROL)
def test_the_compiled_learn_step_computes_the_same(name: str, one_graph: dict[str, Any]) -> None:
    """The machine code of `compile=always` agrees with eager within rounding."""
    recipe = small(name)
    ours, theirs = (run_on(state_of(recipe, 40), 28, how) for how in (compiler("compiled"), compiler("eager")))

    assert one_graph["stats"]["unique_graphs"] == graphs(recipe)
    assert_alike(ours, theirs)
