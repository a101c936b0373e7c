"""Actions without bounds: what is offered against them serves."""

from __future__ import annotations

import re
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces
from rlblocks.recipes import RECIPES, ddpg, dqn, ppo, sac

from rlblocks import Recipe, WiringError, wire
from rlblocks._core.block import blocks_of
from rlblocks.distributions import Gaussian, TanhGaussian
from rlblocks.envs import Supplied
from rlblocks.explorers import GaussianNoise, Sample
from rlblocks.losses import DeterministicPolicyLoss, Entropy
from rlblocks.networks import Policy
from tests.core.noise_misfits import HalfBounded

UNBOUNDED = Supplied(HalfBounded)
BOUND = "bound the actions (gymnasium.wrappers.TransformAction)"


def fix_of(recipe: Recipe) -> str:
    """What is offered against the first misfit."""
    with pytest.raises(WiringError) as caught:
        wire(recipe)
    return caught.value.problems[0].fix


def bounded() -> gymnasium.Env[Any, Any]:
    """The same environment, as the fix says."""
    low, high = np.array([-1.0, -1.0], np.float32), np.array([1.0, 1.0], np.float32)
    return gymnasium.wrappers.TransformAction(HalfBounded(), lambda action: 3 * action, spaces.Box(low, high))


@pytest.mark.parametrize("name", ["ddpg", "td3", "sac", "tqc", "redq"])
def test_what_is_offered_for_a_recipe_that_needs_bounds_serves(name: str) -> None:
    """Bounded actions, or another recipe: no distribution, for the warm-up and the temperature need bounds as well."""
    said = fix_of(RECIPES[name]().swap(env=UNBOUNDED))

    assert said.startswith(f"{BOUND}, or use recipes that act in this space: ")
    assert wire(RECIPES[name]().swap(env=Supplied(bounded)))
    recipes = said.rpartition(": ")[2].split(", ")
    assert "ppo" in recipes
    assert not {"sac", "td3", "dqn"} & set(recipes)


def test_distributions_are_offered_where_they_serve() -> None:
    """Each of them makes the recipe wire."""
    squashed = ppo().swap({"env": UNBOUNDED, "networks.policy.head.continuous": TanhGaussian()})
    names = re.fullmatch(rf"{re.escape(BOUND)}, or use distributions of such actions: (.*)", fix_of(squashed))

    assert names
    for name in names[1].split(", "):
        assert wire(squashed.swap({"networks.policy.head.continuous": blocks_of("distributions")[name]()}))


def test_bounds_are_no_help_to_what_chooses_among_entries() -> None:
    """Values of each action need Discrete actions, whatever the bounds of real ones."""
    assert "bound" not in fix_of(dqn().swap(env=UNBOUNDED))


def test_explorers_are_offered_where_they_serve() -> None:
    """Beside a temperature none does; without one, each makes the recipe wire in all slots that were refused."""
    soft = sac().swap({"env": UNBOUNDED, "networks.policy.head.continuous": Gaussian()})
    plain = ddpg().swap({
        "env": UNBOUNDED, "networks.policy.head": Policy(),
        "objectives.actor.losses": (DeterministicPolicyLoss(), Entropy()),
    })  # fmt: skip

    assert fix_of(soft) == fix_of(soft.swap(explorer=GaussianNoise())) == BOUND
    for recipe, slots in (
        (plain.swap(explorer=Sample()), ("cadence.warmup_explorer",)),
        (plain.swap(explorer=GaussianNoise()), ("explorer", "cadence.warmup_explorer")),
    ):
        first, _, names = fix_of(recipe).partition(", or use another explorer in this slot: ")
        assert first == BOUND
        assert names
        for name in names.split(", "):
            assert wire(recipe.swap({slot: blocks_of("explorers")[name]() for slot in slots}))
