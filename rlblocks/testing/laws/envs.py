"""COL: what every environment obeys, through the pool that it builds: nothing is lost, nothing is mixed, and it can be repeated."""

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
from rlblocks.testing._compare import require, same
from rlblocks.testing._law import law
from rlblocks.testing._memories import through_checkpoint
from rlblocks.testing.clock import CLOCK, ClockEnv
from rlblocks.testing.laws.general import watched_generators
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


def vector_of(mode: AutoresetMode) -> Any:
    """A function that makes a vector environment of clocks.

    Their observations are copied: in SAME_STEP mode gymnasium itself hands on an array that the reset has overwritten.
    """
    return lambda: SyncVectorEnv([_copying] * SOME, autoreset_mode=mode)


def _copying() -> Any:
    return TransformObservation(ClockEnv(), np.copy, None)


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


@law("COL-1", role="envs", since="0.1", needs=has_clock, covers=("an end", "both flags"), examples=8,
     title="every transition is of one episode, from step t to t + 1, and takes the action that was chosen")  # fmt: skip
def transitions_are_whole(case: Case) -> None:
    """The last next observation of an episode is its true final one; what is acted on next begins another."""
    for observation, action, step in walked(case, clocked(case.block)):
        for i, after, following, over in rows_of(step):
            before = observation[i]
            require(after[0] == before[0], f"environment {i} went from episode {before[0]:g} to {after[0]:g} within a transition")
            require(after[1] == before[1] + 1, f"environment {i} went from step {before[1]:g} to {after[1]:g}")
            require(after[2] == action[i] + 1, f"environment {i} was given the action {after[2]:g}, and {action[i]} + 1 was due")
            fresh = (following[1] == 0 and following[0] != before[0]) or (following == after).all()
            require(fresh if over else (following == after).all(), f"environment {i} goes on from {following}, after {after}")


@law("COL-2", role="envs", since="0.1", examples=4, covers=("a dummy step",),
     needs=lambda block: "" if like(block) == "supplied_vector" else "it does not drive vector environments of others",
     title="in every autoreset mode the same transitions come out")  # fmt: skip
def modes_are_equivalent(case: Case) -> None:
    """NEXT_STEP, SAME_STEP and DISABLED; a dummy step is not real, and no final observation is lost."""
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
                    require(over or (following == after).all(), f"in mode {mode.name} it goes on from {following}, after {after}")
                case.saw("a dummy step", not step.real.all())
                observation = step.observation
        found[mode.name] = seen
    for name, seen in found.items():
        for i, (ours, theirs) in enumerate(zip(seen, found["SAME_STEP"], strict=True)):
            require(ours == theirs[: len(ours)], f"in mode {name} environment {i} gave other transitions than in SAME_STEP")
            require(2 * len(ours) >= STEPS, f"in mode {name} environment {i} gave {len(ours)} real steps of {STEPS}")


@law("COL-4", role="envs", since="0.1", examples=4, title="every step has one entry for each environment, in the types that are promised")
def steps_have_their_types(case: Case) -> None:
    """Flags are bool, rewards float64, observations of the declared shape and type and finite."""
    for observation, _, step in walked(case, case.block):
        n = len(observation)
        for name, kind in {"reward": "float64", "terminated": "bool", "truncated": "bool", "real": "bool"}.items():
            value = getattr(step, name)
            require(value.shape == (n,) and str(value.dtype) == kind, f"{name} is {value.dtype}{list(value.shape)}, not {kind}[{n}]")
        for name in ("observation", "next_observation"):
            value = getattr(step, name)
            require(value.shape == observation.shape and value.dtype == observation.dtype, f"{name} is {value.dtype}{list(value.shape)}")
            require(bool(np.isfinite(value).all()), f"{name} is not finite")


@law("COL-4a", role="envs", since="0.1", examples=2, title="what it says before the first step is what it builds")
def facts_are_true(case: Case) -> None:
    """Spaces and names; observations are in their space."""
    facts = case.block.facts()
    with pool_of(case.block) as pool:
        case.say(f"{case.block!r}.facts()")
        same_facts = (pool.facts.name, pool.facts.observation_space, pool.facts.action_space)
        require(same_facts == (facts.name, facts.observation_space, facts.action_space), f"it says {facts}, and builds {pool.facts}")
        observation = pool.reset()
        require(len(observation) == pool.n, f"of {pool.n} environments the observations are {list(observation.shape)}")
        space = facts.observation_space
        require(all(space.contains(row if row.shape else int(row)) for row in observation), f"{observation} is not in {space}")


@law("COL-6", role="envs", since="0.1", examples=3, title="the same seed and actions give the same run, bit for bit")
def runs_can_be_repeated(case: Case) -> None:
    """Two pools at once do not disturb each other, and no global generator is moved."""
    seed = case.draw(st.integers(0, 255), "seed")
    with pool_of(case.block, seed) as one, pool_of(case.block, seed) as two:
        actions = actions_of(one, seed)
        with watched_generators():
            first = ran(one, actions)
        same(ran(two, actions), first, "of a second pool with the same seed, the run")


@law("COL-6a", role="envs", since="0.1", needs=has_clock, examples=3, title="every episode of every environment has a seed of its own")
def episodes_differ(case: Case) -> None:
    """Stamps, which are drawn from the seed, do not repeat; another seed gives others."""
    stamps: dict[int, list[int]] = {}
    for seed in (0, 1):
        with pool_of(clocked(case.block), seed) as pool:
            seen = [{int(row[0]) for row in pool.reset()}]
            for action in actions_of(pool, seed, 40):
                seen.append({int(row[0]) for row in pool.step(action).observation})
            stamps[seed] = sorted(set().union(*seen))
    require(len(stamps[0]) > 2 * SOME, f"in 40 steps of {SOME} environments it began {len(stamps[0])} different episodes")
    require(len(set(stamps[0]) & set(stamps[1])) <= 2, "another seed began the same episodes")  # noqa: PLR2004  by chance, of 2²⁰


@law("COL-7", role="envs", since="0.1", examples=3, title="what it returns is a copy: later steps do not reach it, and overwriting it reaches nothing")
def everything_is_copied(case: Case) -> None:
    """Also where the environment writes into one and the same array, and what it is handed is overwritten."""
    block = clocked(case.block) or case.block
    with pool_of(block, 3) as pool, pool_of(block, 3) as other:
        actions, due = actions_of(pool, 3), ran(other, actions_of(other, 3))
        kept = [pool.reset()]
        same(kept[0], due[0], "the first observations")
        for action, expected in zip(actions, due[1:], strict=True):
            given = action.copy()
            step = pool.step(given)
            same(tuple(step), expected, "of a pool whose arrays are overwritten, the step")
            given.fill(0)
            for value in kept[-1:]:
                value.fill(0)
            kept.append(step.next_observation)


@law("COL-12", role="envs", since="0.1", needs=has_clock, covers=("an end",), examples=4,
     title="the return and length of an episode are the sum of its rewards and the number of its steps")  # fmt: skip
def episodes_add_up(case: Case) -> None:
    """Dummy steps are not counted, and every end is told once."""
    block = clocked(case.block)
    total: dict[int, float] = {}
    length: dict[int, int] = {}
    for _, _, step in walked(case, block):
        for i in np.flatnonzero(step.real):
            total[i], length[i] = total.get(i, 0.0) + float(step.reward[i]), length.get(i, 0) + 1
        ended = np.flatnonzero(step.real & (step.terminated | step.truncated)).tolist()
        told = sorted(i for i, _, _ in step.episodes)
        require(told == ended, f"episodes of the environments {ended} ended, and those of {told} were told")
        for i, gained, steps in step.episodes:
            require((gained, steps) == (total[i], length[i]), f"an episode of {length[i]} steps and {total[i]} was told as {steps} and {gained}")
            total[i], length[i] = 0.0, 0


@law("GEN-5", role="envs", since="0.1", needs=exact, examples=3, title="saved in the middle and loaded into another pool, it goes on bit-equal")
def it_resumes_exactly(case: Case) -> None:
    """Through the checkpoint's format, into a pool of another seed that did other things."""
    seed = case.draw(st.integers(0, 255), "seed")
    with pool_of(case.block, seed) as one, pool_of(case.block, seed + 1) as two:
        actions = actions_of(one, seed)
        half = case.draw(st.integers(0, STEPS - 1), "half")
        last = ran(one, actions[:half])[-1]
        ran(two, actions_of(two, 7)[:5])
        loaded = two.load(through_checkpoint(one.state()))
        same(loaded, Step(*last).observation if half else last, "loaded, the observations to act on")
        for k, action in enumerate(actions[half:], half + 1):
            same(tuple(two.step(action)), tuple(one.step(action)), f"of the loaded pool, step {k}")


@law("GEN-21", role="envs", since="0.1", examples=3, title="actions that are not in the space are refused, and the pool can go on")
def misfit_actions_change_nothing(case: Case) -> None:
    """Of a shape that does not fit the environments; the next step is as if nothing had been asked."""
    with pool_of(case.block, 5) as pool, pool_of(case.block, 5) as other:
        actions = actions_of(pool, 5)
        ran(pool, actions[:4])
        ran(other, actions[:4])
        for wrong in (actions[0][:, None], np.concatenate([actions[0], actions[0]])):
            try:
                pool.step(wrong)
            except Exception:  # noqa: BLE001, S112  any refusal is one
                continue
            require(False, f"actions of shape {list(wrong.shape)} for {pool.n} environments were taken")  # noqa: FBT003
        same(tuple(pool.step(actions[4])), tuple(other.step(actions[4])), "after the refusal, the step")
