"""COL: what every environment obeys, through the pool that it builds: nothing is lost, and nothing is mixed."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import attrs
import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import TransformObservation
from hypothesis import strategies as st
from numpy.typing import NDArray

from rlblocks._core.block import Block
from rlblocks.envs.base import Pool, Step
from rlblocks.testing._case import Case
from rlblocks.testing._compare import require
from rlblocks.testing._law import law
from rlblocks.testing.clock import CLOCK, ClockEnv
from rlblocks.testing.oracles import like

SOME = 3  # environments in a pool
STEPS = 25


@contextmanager
def pool_of(block: Any, seed: int = 0, *, n: int | None = None) -> Iterator[Pool]:
    """A pool, closed afterwards; with as many environments as asked where the block can have them."""
    pool: Pool = block.build(seed, n=n)
    try:
        yield pool
    finally:
        pool.close()


def actions_of(pool: Pool, seed: int, steps: int = STEPS) -> list[NDArray[Any]]:
    """Random actions as learning stores them, `[n]` or `[n, ...]` for every step."""
    space, random = copy.deepcopy(pool.facts.action_space), np.random.default_rng(seed)
    if isinstance(space, gymnasium.spaces.Discrete):
        return [random.integers(0, int(space.n), pool.n) for _ in range(steps)]
    space.seed(seed)
    return [np.stack([space.sample() for _ in range(pool.n)]) for _ in range(steps)]


def ran(pool: Pool, actions: list[NDArray[Any]]) -> list[Any]:
    """What a pool returns from its reset on."""
    return [pool.reset(), *(tuple(pool.step(action.copy())) for action in actions)]


def vector_of(mode: AutoresetMode, clock: Any = ClockEnv) -> Any:
    """A function that makes a vector environment of clocks.

    Their observations are copied: in SAME_STEP mode gymnasium itself hands on an array that the reset has overwritten.
    """
    return lambda: SyncVectorEnv([lambda: TransformObservation(clock(), np.copy, None)] * SOME, autoreset_mode=mode)


def clocked(block: Any) -> Any:
    """The same kind of environment around clocks; None where the kit does not know how."""
    given = {
        "gym": {"id": CLOCK, "n": SOME, "wrappers": (), "options": {}},
        "supplied": {"source": ClockEnv, "n": SOME, "wrappers": ()},
        "supplied_vector": {"source": vector_of(AutoresetMode.NEXT_STEP)},
    }.get(like(block))
    return None if given is None else attrs.evolve(block, **given)


def has_clock(block: Block) -> str:
    """Whether clocks can be put in the place of the environment."""
    return "" if clocked(block) is not None else "the kit does not know how to give it an environment of its own"


def exact(block: Any) -> str:
    """Whether a pool says that it can be resumed exactly."""
    with pool_of(block) as pool:
        return pool.inexact


def rows_of(step: Step) -> Iterator[tuple[int, Any, Any, bool]]:
    """Every real row: environment, true next observation, observation to act on, and whether the episode ended."""
    for i in np.flatnonzero(step.real):
        yield int(i), step.next_observation[i], step.observation[i], bool(step.terminated[i] or step.truncated[i])


def walked(case: Case, block: Any) -> list[tuple[NDArray[Any], NDArray[Any], Step]]:
    """A walk through a pool, as part of the example: observation, action and step."""
    seed = case.draw(st.integers(0, 255))
    case.say(f"pool = {block!r}.build({seed})  # then its reset and {STEPS} random steps")
    found = []
    with pool_of(block, seed) as pool:
        observation = pool.reset()
        for action in actions_of(pool, seed):
            step = pool.step(action)
            found.append((observation.copy(), action, copy.deepcopy(step)))
            observation = step.observation
            case.saw("an end", bool((step.terminated | step.truncated).any()))
            case.saw("both flags", bool((step.terminated & step.truncated).any()))
    return found


@law("COL-1", role="envs", since="0.1", needs=has_clock, covers=("an end", "both flags"), examples=8)
def transitions_are_whole(case: Case) -> None:
    """Every transition is of one episode, from step t to t + 1, and takes the action that was chosen.

    The last next observation of an episode is its true final one; what is acted on next begins another.

    Formula: (s_t, a_t) → s_{t+1} of one episode, and s_T of an end is its own
    """
    for observation, action, step in walked(case, clocked(case.block)):
        for i, after, following, over in rows_of(step):
            before = observation[i]
            require(
                after[0] == before[0],
                f"environment {i} went from episode {before[0]:g} to {after[0]:g} within a transition",
            )
            require(after[1] == before[1] + 1, f"environment {i} went from step {before[1]:g} to {after[1]:g}")
            require(
                after[2] == action[i] + 1,
                f"environment {i} was given the action {after[2]:g}, and {action[i]} + 1 was due",
            )
            fresh = (following[1] == 0 and following[0] != before[0]) or (following == after).all()
            require(
                fresh if over else (following == after).all(),
                f"environment {i} goes on from {following}, after {after}",
            )


@law(
    "COL-2",
    role="envs",
    since="0.1",
    needs=lambda block: "" if like(block) == "supplied_vector" else "it does not drive vector environments of others",
    covers=("a dummy step",),
    examples=4,
)
def modes_are_equivalent(case: Case) -> None:
    """In every autoreset mode the same transitions come out.

    NEXT_STEP, SAME_STEP and DISABLED; a dummy step is not real, and no final observation is lost.

    Formula: real(NEXT_STEP) = real(SAME_STEP) = real(DISABLED)
    """
    seed, found = case.draw(st.integers(0, 255), "seed"), {}
    for mode in AutoresetMode:
        block = attrs.evolve(case.block, source=vector_of(mode))
        with pool_of(block, seed) as pool:
            observation, seen = pool.reset(), [[] for _ in range(SOME)]  # type: ignore[var-annotated]
            for _ in range(STEPS):
                step = pool.step(np.zeros(SOME, np.int64))
                for i, after, following, over in rows_of(step):
                    flags = bool(step.terminated[i]), bool(step.truncated[i])
                    seen[i].append((observation[i].tolist(), after.tolist(), float(step.reward[i]), flags))
                    require(
                        over or (following == after).all(),
                        f"in mode {mode.name} it goes on from {following}, after {after}",
                    )
                case.saw("a dummy step", not step.real.all())
                observation = step.observation
        found[mode.name] = seen
    for name, seen in found.items():
        for i, (ours, theirs) in enumerate(zip(seen, found["SAME_STEP"], strict=True)):
            require(
                ours == theirs[: len(ours)], f"in mode {name} environment {i} gave other transitions than in SAME_STEP"
            )
            require(2 * len(ours) >= STEPS, f"in mode {name} environment {i} gave {len(ours)} real steps of {STEPS}")


@law("COL-4", role="envs", since="0.1", examples=4)
def steps_have_their_types(case: Case) -> None:
    """Every step has one entry for each environment, in the types that are promised.

    Flags are bool, rewards float64, observations of the declared shape and type and finite.
    """
    for observation, _, step in walked(case, case.block):
        n = len(observation)
        for name, kind in {"reward": "float64", "terminated": "bool", "truncated": "bool", "real": "bool"}.items():
            value = getattr(step, name)
            require(
                value.shape == (n,) and str(value.dtype) == kind,
                f"{name} is {value.dtype}{list(value.shape)}, not {kind}[{n}]",
            )
        for name in ("observation", "next_observation"):
            value = getattr(step, name)
            require(
                value.shape == observation.shape and value.dtype == observation.dtype,
                f"{name} is {value.dtype}{list(value.shape)}",
            )
            require(bool(np.isfinite(value).all()), f"{name} is not finite")


@law("COL-4a", role="envs", since="0.1", examples=2)
def facts_are_true(case: Case) -> None:
    """What it says before the first step is what it builds.

    Spaces and names; observations are in their space.
    """
    facts = case.block.facts()
    with pool_of(case.block) as pool:
        case.say(f"{case.block!r}.facts()")
        same_facts = (pool.facts.name, pool.facts.observation_space, pool.facts.action_space)
        require(
            same_facts == (facts.name, facts.observation_space, facts.action_space),
            f"it says {facts}, and builds {pool.facts}",
        )
        observation = pool.reset()
        require(len(observation) == pool.n, f"of {pool.n} environments the observations are {list(observation.shape)}")
        space = facts.observation_space
        require(
            all(space.contains(row if row.shape else int(row)) for row in observation),
            f"{observation} is not in {space}",
        )


@law("COL-12", role="envs", since="0.1", needs=has_clock, covers=("an end",), examples=4)
def episodes_add_up(case: Case) -> None:
    """The return and length of an episode are the sum of its rewards and the number of its steps.

    Dummy steps are not counted, and every end is told once.

    Formula: return = Σ_{t<T} r_t, length = T
    """
    block = clocked(case.block)
    total: dict[int, float] = {}
    length: dict[int, int] = {}
    for _, _, step in walked(case, block):
        for i in np.flatnonzero(step.real).tolist():
            total[i], length[i] = total.get(i, 0.0) + float(step.reward[i]), length.get(i, 0) + 1
        ended = np.flatnonzero(step.real & (step.terminated | step.truncated)).tolist()
        told = sorted(i for i, _, _ in step.episodes)
        require(told == ended, f"episodes of the environments {ended} ended, and those of {told} were told")
        for i, gained, steps in step.episodes:
            require(
                (gained, steps) == (total[i], length[i]),
                f"an episode of {length[i]} steps and {total[i]} was told as {steps} and {gained}",
            )
            total[i], length[i] = 0.0, 0
