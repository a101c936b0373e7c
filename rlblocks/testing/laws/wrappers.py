"""WRP: what every wrapper obeys: it changes what it is for, at every observation of an episode, and nothing else."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

import gymnasium
import numpy as np
from hypothesis import strategies as st

from rlblocks._core.block import Block
from rlblocks.testing._case import Case
from rlblocks.testing._compare import require, same
from rlblocks.testing._law import law
from rlblocks.testing.clock import ClockEnv, GoalClock, PairsEnv, PictureEnv
from rlblocks.testing.oracles import like

KINDS = (ClockEnv, PictureEnv, PairsEnv, GoalClock)
Env = gymnasium.Env[Any, Any]
METADATA: dict[type[Env], Any] = {kind: copy.deepcopy(kind.metadata) for kind in KINDS}  # before anything was wrapped
CHANGES = {"clip_reward": "reward", "time_limit": "end"}


def wrappable(block: Any) -> list[type[Env]]:
    """The environments of the kit that a wrapper can be put around."""
    found: list[type[Env]] = []
    for kind in KINDS:
        try:
            block.wrap(kind()).reset(seed=0)
        except Exception:  # noqa: BLE001, S112  whatever it raises, it does not fit
            continue
        found.append(kind)
    return found


def fits(block: Block) -> str:
    """Whether a wrapper can be tried."""
    return "" if wrappable(block) else "it wraps none of the environments of the kit"


def changes(block: Block) -> str:
    """What a wrapper is for, by its tag: "observation", unless it says "reward" or "end"."""
    return block.tags.get("changes", CHANGES.get(like(block), "observation"))


def walk(env: Env, seed: int, episodes: int = 3) -> list[Any]:
    """What an environment returns over some episodes, each with a seed of its own: copies."""
    found: list[Any] = []
    for episode in range(episodes):
        found.append(copy.deepcopy(env.reset(seed=seed + episode)[0]))
        for k in range(40):
            observation, reward, terminated, truncated, _ = env.step(env.action_space.start + k % 2)  # type: ignore[attr-defined]
            found.append((copy.deepcopy(observation), float(reward), bool(terminated), bool(truncated)))
            if terminated or truncated:
                break
    return found


def pair(case: Case) -> tuple[Env, Env, int]:
    """An environment wrapped, another one bare, and a seed, as part of the example."""
    kind = case.draw(st.sampled_from(wrappable(case.block)))
    seed = case.draw(st.integers(0, 255))
    case.say(f"from rlblocks.testing.clock import {kind.__name__}")
    case.say(
        f"env = {case.block!r}.wrap({kind.__name__}())  # reset with seed {seed}, then the first two actions in turn"
    )
    return case.block.wrap(kind()), kind(), seed


@law("WRP-1", role="wrappers", since="0.1", needs=fits, examples=6)
def observations_are_in_their_space(case: Case) -> None:
    """Every observation is in the declared space: the first, the last, and all between.

    An observation wrapper maps the final observation too.
    """
    env, _, seed = pair(case)
    for item in walk(env, seed):
        observation = item[0] if isinstance(item, tuple) and len(item) == 4 else item  # noqa: PLR2004
        require(
            env.observation_space.contains(observation),
            f"{np.asarray(observation).dtype}{list(np.shape(observation))} is not in {env.observation_space}",
        )


@law("WRP-2", role="wrappers", since="0.1", needs=fits, examples=6)
def the_rest_passes_through(case: Case) -> None:
    """What it is not for passes through: rewards, and how an episode ends.

    terminated is never changed; truncated may only be added, and only by what limits episodes; actions reach the
    environment.
    """
    wrapped, bare, seed = pair(case)
    for ours, theirs in zip(_steps(walk(wrapped, seed, 1)), _steps(walk(bare, seed, 1)), strict=False):
        if changes(case.block) != "reward":
            require(ours[1] == theirs[1], f"the reward is {ours[1]}, and the environment gave {theirs[1]}")
        require(ours[2] == theirs[2], f"terminated is {ours[2]}, and the environment said {theirs[2]}")
        added = ours[3] and not theirs[3] and changes(case.block) == "end"
        require(added or ours[3] == theirs[3], f"truncated is {ours[3]}, and the environment said {theirs[3]}")
        if changes(case.block) != "observation":
            same(ours[0], theirs[0], "the observation")


def _steps(found: list[Any]) -> list[Any]:
    return [item for item in found if isinstance(item, tuple) and len(item) == 4]  # noqa: PLR2004


@law("WRP-3", role="wrappers", since="0.1", needs=fits, examples=4)
def episodes_can_be_repeated(case: Case) -> None:
    """The same seed gives the same episodes, and nothing is carried into the next one.

    Two wrapped environments do not disturb each other.
    """
    wrapped, _, seed = pair(case)
    other = case.block.wrap(type(wrapped.unwrapped)())
    walk(other, seed + 50, 2)
    same(walk(wrapped, seed), walk(other, seed), "of an environment that has seen other episodes, the walk")


@law("WRP-4", role="wrappers", since="0.1", needs=fits, examples=4)
def observations_are_not_overwritten(case: Case) -> None:
    """An observation stays what it was when the environment goes on.

    Where a wrapper keeps observations, it keeps copies: this environment writes all of them into one array.
    """
    if changes(case.block) != "observation" or ClockEnv not in wrappable(case.block):
        return
    env = case.block.wrap(ClockEnv())
    case.say(f"env = {case.block!r}.wrap(ClockEnv())")
    env.reset(seed=case.draw(st.integers(0, 255), "seed"))
    for _ in range(3):
        observation = env.step(1)[0]
        if like(case.block) == "frame_stack" and len(observation) > 1:
            times = np.asarray(observation).reshape(-1, 3)[:, 1].tolist()
            good = all(b - a in {0, 1} for a, b in pairwise(times)) and len(set(times)) > 1
            require(good, f"the steps of the frames are {times}")


@law("WRP-5", role="wrappers", since="0.1", needs=fits, examples=2)
def the_class_is_untouched(case: Case) -> None:
    """It leaves the environment's class and metadata as they are.

    Another environment of the class is not changed by wrapping this one.
    """
    kind = case.draw(st.sampled_from(wrappable(case.block)))
    before, space = METADATA[kind], repr(kind().observation_space)
    kind.metadata = copy.deepcopy(before)  # not as wrapping it before has left it
    walk(case.block.wrap(kind()), 0, 1)
    after, kind.metadata = kind.metadata, copy.deepcopy(before)
    require(after == before, f"the metadata of the class became {after}")
    require(repr(kind().observation_space) == space, "the space of another environment of the class changed")


def limits(block: Block) -> str:
    """Whether a wrapper clips rewards between two fields."""
    return "" if like(block) == "clip_reward" else "it does not clip rewards"


@law("WRP-6", role="wrappers", since="0.1", needs=limits, examples=6)
def rewards_are_clipped(case: Case) -> None:
    """Rewards are clipped to [low, high], and nothing else changes them.

    Formula: r ← min(max(r, low), high)

    Reference: Mnih et al. (2015), Methods, for [−1, 1].
    """
    wrapped, bare, seed = pair(case)
    for ours, theirs in zip(_steps(walk(wrapped, seed)), _steps(walk(bare, seed)), strict=True):
        due = min(max(theirs[1], case.block.low), case.block.high)
        require(ours[1] == due, f"the reward is {ours[1]}, but must be {due}")


@law(
    "WRP-7",
    role="wrappers",
    since="0.1",
    needs=lambda block: "" if like(block) == "time_limit" else "it limits no episodes",
    examples=6,
)
def time_limits_truncate(case: Case) -> None:
    """An episode of as many steps as the limit is truncated, and terminated too where it was.

    No episode is longer.

    Formula: t = limit ⇒ truncated

    Reference: Pardo et al. (2018).
    """
    wrapped, _, seed = pair(case)
    length = 0
    for item in walk(wrapped, seed, 5):
        length = length + 1 if item in _steps([item]) else 0
        require(length <= case.block.steps, f"an episode goes on to step {length}, beyond {case.block.steps}")
        if length == case.block.steps:
            require(item[3], f"step {length} is not truncated")
