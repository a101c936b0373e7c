"""Odd bounds, episodes and rewards under the recipes of continuous control: they work, or are told in a sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from rlblocks.recipes import RECIPES

from rlblocks import Recipe, RunError, WiringError, wire
from rlblocks.envs import Environment, Supplied
from tests.core.rollouts import Told, learnt, told
from tests.core.small_blocks import parameters

BOXES = ("ddpg", "td3", "sac", "tqc", "redq")
LOPSIDED = spaces.Box(np.array([-2.0, 1.0], np.float32), np.array([1.0, 5.0], np.float32))
SMALL = {
    "networks.policy.body.widths": (8,), "networks.critic.body.widths": (8,), "cadence.batch": 8, "cadence.warmup": 12,
    "cadence.updates": 1, "store.capacity": 256,
}  # fmt: skip


def small(name: str, env: Environment | None = None) -> Recipe:
    """A recipe on a scale on which a learn step takes a millisecond, on episodes of one to six steps."""
    return RECIPES[name]().swap(env=env or told(None if name == "sac_discrete" else LOPSIDED, n=1)).set(SMALL)


class Paying(Told):
    """Rewards of one size."""

    size = 1.0

    def step(self, action: Any) -> Any:
        observation, _, terminated, truncated, info = super().step(action)
        return observation, self.size, terminated, truncated, info


def paying(size: float) -> Supplied:
    return Supplied(type("Paying", (Paying,), {"size": size, "__init__": lambda self: Told.__init__(self, LOPSIDED)}))


@pytest.mark.parametrize("name", BOXES)
def test_bounds_may_be_lopsided(name: str) -> None:
    """Each component has bounds of its own, 0 need not be the middle: actions stay inside, and all parameters move."""
    state, seen = learnt(small(name), 60)

    low, high = LOPSIDED.low, LOPSIDED.high
    for chunk in seen.chunks:
        assert ((chunk["action"].numpy() >= low) & (chunk["action"].numpy() <= high)).all()
    assert all(((low <= action) & (action <= high)).all() for _, action, _, _ in Told.taken)
    assert all(torch.isfinite(value).all() for value in parameters(state).values())
    assert state.counters.updates > 40


@pytest.mark.parametrize("space", [spaces.Box(-np.inf, np.inf, (2,)), spaces.Box(0.0, np.inf, (2,))])
@pytest.mark.parametrize("name", BOXES)
def test_bounds_must_be_there(name: str, space: spaces.Box) -> None:
    """The head that squashes is named, and what to do."""
    with pytest.raises(WiringError, match=r"slot 'networks.policy.head' .* finite bounds, and .*\n  fix: bound the"):
        wire(small(name, told(space)))


@pytest.mark.parametrize("name", BOXES)
def test_actions_must_be_real_numbers(name: str) -> None:
    """Discrete actions are refused before the first step."""
    with pytest.raises(WiringError, match=r"recipes that act in this space: .*sac_discrete"):
        wire(small(name, told(spaces.Discrete(3))))


def test_whole_numbers_in_a_box_are_refused() -> None:
    """A Box of integers holds no real numbers."""
    with pytest.raises(WiringError, match="fix:"):
        wire(small("sac", told(spaces.Box(0, 5, (2,), np.int64))))


@pytest.mark.parametrize("name", [*BOXES, "sac_discrete"])
def test_episodes_may_end_during_the_warm_up(name: str) -> None:
    """Several end before the first learn step; rows of the next episode follow, and discounts say where one ended."""
    state, seen = learnt(small(name), 40)

    ends = [index for index, (_, _, _, over) in enumerate(Told.taken) if over]
    assert ends[0] < 12
    assert state.counters.episodes >= 5
    assert state.counters.updates == 40 - state.counters.warmup_steps
    assert {round(float(d), 6) for chunk in seen.chunks for d in chunk["discount"].unique()} == {0.0, 0.99}


@pytest.mark.parametrize("name", [name for name in BOXES if name != "tqc"])
def test_rewards_beyond_what_a_square_can_hold_stop_the_run(name: str) -> None:
    """Rewards of 1e30: the error says which loss is no number, when, and to look at the rewards' scale."""
    with pytest.raises(RunError) as caught:
        learnt(small(name, paying(1e30)), 60)

    assert "critic.loss is inf" in caught.value.what or "critic.loss is nan" in caught.value.what
    assert "check the rewards' scale" in str(caught.value.fix)


@pytest.mark.parametrize(("name", "size"), [*((name, 1e6) for name in BOXES), ("tqc", 1e30)])
def test_large_rewards_are_learned_from(name: str, size: float) -> None:
    """Rewards of a million stay finite; under TQC, whose loss has a bounded gradient, so do those of 1e30."""
    state, _ = learnt(small(name, paying(size)), 60)

    assert all(torch.isfinite(value).all() for value in parameters(state).values())
