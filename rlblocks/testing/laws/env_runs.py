"""COL and GEN: what every environment obeys of whole runs: they can be repeated and resumed, and survive a refusal."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from rlblocks.envs.base import Step
from rlblocks.testing._case import Case
from rlblocks.testing._compare import require, same
from rlblocks.testing._law import law
from rlblocks.testing._memories import through_checkpoint
from rlblocks.testing.laws.envs import SOME, STEPS, actions_of, clocked, exact, has_clock, pool_of, ran
from rlblocks.testing.laws.general import watched_generators


@law("COL-6", role="envs", since="0.1", examples=3)
def runs_can_be_repeated(case: Case) -> None:
    """The same seed and actions give the same run, bit for bit.

    Two pools at once do not disturb each other, and no global generator is moved.

    Formula: run(seed, actions) = run(seed, actions)
    """
    seed = case.draw(st.integers(0, 255), "seed")
    with pool_of(case.block, seed) as one, pool_of(case.block, seed) as two:
        actions = actions_of(one, seed)
        with watched_generators():
            first = ran(one, actions)
        same(ran(two, actions), first, "of a second pool with the same seed, the run")


@law("COL-6a", role="envs", since="0.1", needs=has_clock, examples=3)
def episodes_differ(case: Case) -> None:
    """Every episode of every environment has a seed of its own.

    Stamps, which are drawn from the seed, do not repeat; another seed gives others.
    """
    stamps: list[set[int]] = []
    for seed in (0, 1):
        with pool_of(clocked(case.block), seed) as pool:
            seen = [pool.reset(), *(pool.step(action).observation for action in actions_of(pool, seed, 40))]
            stamps.append({int(row[0]) for observation in seen for row in observation})
    count, common = len(stamps[0]), stamps[0] & stamps[1]
    require(count > 2 * SOME, f"in 40 steps of {SOME} environments it began {count} different episodes")
    require(len(common) < SOME, "another seed began the same episodes")


@law("COL-7", role="envs", since="0.1", examples=3)
def everything_is_copied(case: Case) -> None:
    """What it returns is a copy: later steps do not reach it, and overwriting it reaches nothing.

    Also where the environment writes into one and the same array, and what it is handed is overwritten.
    """
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


@law("GEN-5", role="envs", since="0.1", needs=exact, examples=3)
def it_resumes_exactly(case: Case) -> None:
    """Saved in the middle and loaded into another pool, it goes on bit-equal.

    Through the checkpoint's format, into a pool of another seed that did other things.
    """
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


@law("GEN-21", role="envs", since="0.1", examples=3)
def misfit_actions_change_nothing(case: Case) -> None:
    """Actions that are not in the space are refused, and the pool can go on.

    Of a shape that does not fit the environments; the next step is as if nothing had been asked.
    """
    with pool_of(case.block, 5) as pool, pool_of(case.block, 5) as other:
        actions = actions_of(pool, 5)
        ran(pool, actions[:4])
        ran(other, actions[:4])
        for wrong in (actions[0][:, None], np.concatenate([actions[0], actions[0]])):
            try:
                pool.step(wrong)
            except Exception:  # noqa: BLE001, S112  any refusal is one
                continue
            require(False, f"actions of shape {list(wrong.shape)} for {pool.n} environments were taken")
        same(tuple(pool.step(actions[4])), tuple(other.step(actions[4])), "after the refusal, the step")
