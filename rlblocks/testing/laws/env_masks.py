"""COL: what every environment obeys where its info says which actions are legal: no mask is lost, mixed or made up."""

from __future__ import annotations

from functools import partial
from typing import Any

import attrs
import numpy as np
from gymnasium.vector import AutoresetMode
from hypothesis import strategies as st
from numpy.typing import NDArray

from rlblocks._core.errors import EnvironmentFault
from rlblocks.envs.base import Pool, Step
from rlblocks.testing._case import Case
from rlblocks.testing._compare import require, same
from rlblocks.testing._law import law
from rlblocks.testing._memories import through_checkpoint
from rlblocks.testing.clock import MASKED_CLOCK, MaskedClock, clock_mask
from rlblocks.testing.laws.envs import STEPS, actions_of, clocked, exact, has_clock, pool_of, vector_of
from rlblocks.testing.oracles import like

ENDS = ("an end", "an end without a mask", "a final mask unlike the next one")
FAULTS = ("none legal", "too many", "missing")
Flags = NDArray[np.bool_]


def modes(block: Any) -> list[AutoresetMode]:
    """The autoreset modes that an environment can be tried in; one stands for all where it has none."""
    return list(AutoresetMode) if like(block) == "supplied_vector" else [AutoresetMode.NEXT_STEP]


def masked(block: Any, mode: AutoresetMode = AutoresetMode.NEXT_STEP, fault: str = "") -> Any:
    """The same kind of environment around masked clocks."""
    clock = partial(MaskedClock, fault)
    given: dict[str, dict[str, Any]] = {
        "gym": {"id": MASKED_CLOCK, "options": {"fault": fault}},
        "supplied": {"source": clock},
        "supplied_vector": {"source": vector_of(mode, clock)},
    }
    return attrs.evolve(clocked(block), **given[like(block)])


def masks_due(observations: NDArray[Any], terminated: Flags, truncated: Flags) -> Flags:
    """The masks of masked clocks that observe this, `[n, A]`."""
    rows = zip(observations, terminated.tolist(), truncated.tolist(), strict=True)
    return np.array([clock_mask(seen, terminated=over, truncated=cut) for seen, over, cut in rows])


@law("COL-13", role="envs", since="0.1", needs=has_clock, covers=ENDS, examples=8)
def masks_are_of_their_observations(case: Case) -> None:
    """A mask says which actions are legal in the observation beside it.

    `next_action_mask` in the true next observation, `action_mask` in what is acted on next, which the pool tells too,
    from its reset on; in every autoreset mode. Where an episode ended and the environment does not say, all are legal.

    Formula: mask_t = legal(s_t), next mask_t = legal(s_{t+1})
    """
    block, seed = (
        masked(case.block, case.draw(st.sampled_from(modes(case.block)), "mode")),
        case.draw(st.integers(0, 255)),
    )
    case.say(f"pool = {block!r}.build({seed})  # then its reset and {STEPS} random steps")
    require(block.facts().masked, "of an environment whose info holds masks it says that actions are not masked")
    with pool_of(block, seed) as pool:
        observation, no = pool.reset(), np.zeros(pool.n, bool)
        same(pool.action_mask, masks_due(observation, no, no), "after the reset, the mask")
        for action in actions_of(pool, seed):
            step = pool.step(action)
            ended = step.terminated | step.truncated
            final = masks_due(step.next_observation, step.terminated, step.truncated)
            begun = ended & (step.observation != step.next_observation).any(1)
            acted = np.where(begun[:, None], masks_due(step.observation, no, no), final)
            same(step.next_action_mask, final, "the mask of the true next observations")
            same(step.action_mask, acted, "the mask of what is acted on next")
            same(pool.action_mask, acted, "the mask that the pool tells")
            case.saw("an end", ended.any())
            case.saw("an end without a mask", (ended & (step.next_observation[:, 0] % 2 == 1)).any())
            case.saw("a final mask unlike the next one", (final != acted).any())


@law("COL-13a", role="envs", since="0.1", needs=lambda block: has_clock(block) or exact(block), examples=4)
def masks_come_back(case: Case) -> None:
    """Saved in the middle and loaded into another pool, the same actions are legal, then and in all later steps.

    Overwriting the masks that a pool has told changes nothing.
    """
    block, seed = masked(case.block), case.draw(st.integers(0, 255), "seed")
    case.say(f"pool = {block!r}.build({seed})")
    with pool_of(block, seed) as one, pool_of(block, seed + 1) as two:
        actions = actions_of(one, seed)
        half = case.draw(st.integers(0, STEPS - 1), "half")
        one.reset()
        for action in actions[:half]:
            _spoil(one, one.step(action))
        two.load(through_checkpoint(one.state()))
        same(two.action_mask, one.action_mask, "loaded, the mask")
        for k, action in enumerate(actions[half:], half + 1):
            same(tuple(two.step(action)), tuple(one.step(action)), f"of the loaded pool, step {k}")


def _spoil(pool: Pool, step: Step) -> None:
    for told in (pool.action_mask, step.action_mask, step.next_action_mask):
        if told is not None:
            told.fill(False)


@law("COL-13b", role="envs", since="0.1", needs=has_clock, examples=4)
def wrong_masks_are_faults(case: Case) -> None:
    """A mask that lets no action be legal, is of another number of actions, or is left out is a fault.

    The environment is named, with what to do about it. Where masks are never told, none are made up.
    """
    fault = case.draw(st.sampled_from(FAULTS), "fault")
    block, seed = masked(case.block, fault=fault), case.draw(st.integers(0, 255), "seed")
    with pool_of(block, seed) as pool:
        pool.reset()
        try:
            for action in actions_of(pool, seed):
                pool.step(action)
        except EnvironmentFault as error:
            require(error.fix, f"the fault says nothing of what to do: {error}")
        else:
            require(False, f"masks of the fault {fault!r} were taken")
    with pool_of(clocked(case.block), seed) as pool:
        pool.reset()
        step = pool.step(actions_of(pool, seed, 1)[0])
        found = (pool.facts.masked, pool.action_mask, step.action_mask, step.next_action_mask)
        require(found == (False, None, None, None), f"of an environment without masks it tells {found}")
