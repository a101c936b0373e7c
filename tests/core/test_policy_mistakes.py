"""Odd rewards, episodes and chunks: what goes wrong is told in a sentence and a fix, and the rest just works."""

from __future__ import annotations

from typing import Any

import attrs
import gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces

from rlblocks import RunError, block, wire
from rlblocks._core.errors import EnvironmentFault, WiringError
from rlblocks.envs import Supplied, TimeLimit
from rlblocks.returns import GAE, Return
from rlblocks.returns.base import STEPS
from rlblocks.transforms import Normalise
from tests.core.odd_blocks import unregistered
from tests.core.rollouts import LONGEST, Told, learnt, small, steady, told
from tests.core.small_blocks import parameters

POLICY = ("reinforce", "reinforce_baseline", "a2c", "ppo", "ppo_lstm")

with unregistered():

    @block("test/undefined")
    class Undefined(Return):
        """Advantages that are NaN."""

        inputs = STEPS

        def compute(self, *, reward: Any, discount: Any, terminated: Any, truncated: Any) -> Any:
            return reward, reward * float("nan")


class Paid(Told):
    """Episodes of one length with rewards of a kind."""

    length_of, reward_of = 3, staticmethod(lambda _: 1.0)

    def step(self, action: Any) -> Any:
        self.length = self.length_of
        observation, _, terminated, truncated, info = super().step(action)
        return observation, self.reward_of(self.t), terminated, truncated, info


def paid(length: int = 3, reward: Any = lambda _: 1.0, limit: int | None = LONGEST) -> Supplied:
    kind = type("Paid", (Paid,), {"length_of": length, "reward_of": staticmethod(reward)})
    return Supplied(kind, n=2, wrappers=() if limit is None else (TimeLimit(limit),))


@pytest.mark.parametrize("name", ["a2c", "ppo"])
def test_a_nan_advantage_is_named(name: str) -> None:
    """The loss says which column of its chunk is not finite, though its step has broken the parameters by then."""
    recipe = small(name).swap({"prepare[0]": Undefined()})
    with pytest.raises(RunError) as caught:
        learnt(recipe, 32)

    assert caught.value.what.startswith("policy.loss is nan at update 1; 'advantage' of its chunk is not finite")
    assert "no number" not in caught.value.what
    assert caught.value.fix


@pytest.mark.parametrize("before", [(GAE(),), ()])
def test_a_misspelt_column_of_the_recipes_prepare_is_told(before: tuple[GAE, ...]) -> None:
    """The slot that rewrites what nobody writes is named, and what else follows from it."""
    with pytest.raises(WiringError) as caught:
        wire(small("ppo").swap(prepare=(*before, Normalise("advantge"))))

    slot = (
        f"slot 'prepare[{len(before)}]' holds Normalise, which reads 'advantge', but nothing before it writes that key"
    )
    assert slot in str(caught.value)
    assert ("did you mean 'advantage'?" in str(caught.value)) is bool(before)


@pytest.mark.parametrize("reward", [float("nan"), float("inf")])
def test_a_reward_that_is_no_number_is_the_environments_fault(reward: float) -> None:
    """Before it is stored."""
    with pytest.raises(EnvironmentFault, match=rf"step 2: the reward is {reward}"):
        learnt(small("ppo", paid(reward=lambda t: reward if t == 2 else 0.0)), 32)


@pytest.mark.parametrize("name", POLICY)
def test_rewards_that_never_change_are_harmless(name: str) -> None:
    """Rewards of 0 in whole chunks: normalised advantages are finite, and so is everything that is learnt."""
    state, seen = learnt(small(name, paid(reward=lambda _: 0.0)), 64)

    assert state.counters.updates >= 4
    assert all(torch.isfinite(value).all() for value in parameters(state).values())
    assert all(torch.isfinite(wrote["policy.loss"]) for wrote in seen.wrote)
    if name == "reinforce":
        assert all((wrote["policy.advantage"] == 0).all() for wrote in seen.wrote)


@pytest.mark.parametrize("name", POLICY)
def test_episodes_of_one_step(name: str) -> None:
    """Every row is first and last; a memory has nothing to remember."""
    recipe = small(name, paid(length=1, reward=lambda _: 2.0))
    state, seen = learnt(recipe, 48)

    assert state.counters.episodes == state.counters.env_steps
    assert state.counters.updates >= 3
    assert all(torch.isfinite(value).all() for value in parameters(state).values())
    for chunk in seen.chunks:
        if name == "ppo_lstm":
            assert chunk["is_first"].all()
            assert (chunk["hidden"] == 0).all()
        if name == "reinforce":
            assert chunk["advantage"][chunk["weight"] > 0].unique().tolist() == [2.0]


def test_episodes_that_are_all_as_long_as_they_may_be() -> None:
    """No padding: every weight is 1."""
    _, seen = learnt(small("reinforce", paid(length=LONGEST)), 48)

    assert {weight for chunk in seen.chunks for weight in chunk["weight"].tolist()} == {1.0}


class Lying(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Says that it limits episodes, and does not."""

    def step(self, action: Any) -> Any:
        return self.env.env.step(action)


def test_an_episode_that_is_longer_than_it_may_be_stops_the_run() -> None:
    """An environment may break its word; nothing is cut unnoticed."""
    source = paid(length=9, limit=None).source
    env = Supplied(lambda: Lying(gymnasium.wrappers.TimeLimit(source(), LONGEST)))
    with pytest.raises(RunError) as caught:
        learnt(small("reinforce", env), 48)

    assert caught.value.what == (
        "WholeEpisodes was given step 7 of an episode of environment 0, but takes episodes of at most 6 steps"
    )
    assert caught.value.fix == "raise longest, or limit the episodes of the environment to 6 steps"


def test_reinforce_wants_episodes_that_end() -> None:
    """What the message offers works."""
    endless = paid(limit=None)
    with pytest.raises(WiringError, match=r"fix: end them: wrappers=\(TimeLimit\(6\),\)"):
        wire(small("reinforce", endless))

    assert wire(small("reinforce", attrs.evolve(endless, wrappers=(TimeLimit(6),)))).facts.max_episode_steps == 6


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("ppo", {"store.steps": 7, "cadence.minibatches": 4}),
        ("ppo_lstm", {"store.steps": 9}),
        ("ppo_lstm", {"store.steps": 12, "cadence.minibatches": 4}),
    ],
)
def test_parts_that_do_not_divide_are_refused_with_numbers_that_do(name: str, sizes: dict[str, int]) -> None:
    """The number that the message offers wires and runs."""
    with pytest.raises(WiringError) as caught:
        wire(small(name, **sizes))
    (offer,) = [part for part in str(caught.value).replace(";", ",").split(",") if "use " in part]
    field, _, number = offer.rpartition("use ")[2].partition("=")
    mended = {**sizes, f"cadence.{field}": int(number)}
    state, _ = learnt(small(name, **mended), 48)

    assert state.counters.updates >= 4


def test_a_memory_learns_only_through_windows() -> None:
    """Single steps would never teach it what to keep, so they are refused; a window of two is not."""
    with pytest.raises(WiringError, match=r"keep consecutive steps together: cadence\.window=16$"):
        wire(small("ppo_lstm", **{"cadence.window": 1}))

    assert wire(small("ppo_lstm", **{"cadence.window": 2}))


def test_a_run_that_ends_within_a_chunk_leaves_it() -> None:
    """An incomplete chunk is not learnt from, and the budget is not exceeded."""
    state, _ = learnt(small("ppo"), 40)

    assert state.counters.env_steps == 40
    assert state.counters.updates == 2 * 8
    assert state.memory.state()["taken"] == 4


def test_a_gradient_that_explodes_is_told_of() -> None:
    """A learning rate of 1e30 leaves the first parameter that is no number, by its name."""
    box = spaces.Box(-1.0, 1.0, (1,), np.float32)
    with pytest.raises(RunError, match=r"is no number is networks\.|is not finite") as caught:
        learnt(steady(small("ppo", told(box)), 1e30), 64)

    assert "lower the learning rate" in caught.value.fix
