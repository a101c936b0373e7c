"""Masks of MultiDiscrete actions: every form is taken, and what is none is refused."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import numpy as np
import pytest
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv

from rlblocks._core.errors import EnvironmentFault
from rlblocks.envs import Supplied, as_environment
from rlblocks.envs._choices import choices_in
from rlblocks.envs._contract import Wrong
from rlblocks.envs._masks import flags_of, mask_of
from tests.envs.gated import Broken
from tests.envs.multi_gated import EVERY, PAIRS, PairGated, as_array, as_tuple, legal_actions, told

CHOICES = choices_in(PairGated.action_space)
FORMS = {"a tuple": as_tuple, "one array": as_array, "a list": lambda mask: list(as_tuple(mask)), "as stored": np.copy}
PARTS = (
    "in the environment, give a tuple of one array of flags for each choice, as action_space.sample(mask=...) takes "
    "it, or all flags in one array, choice by choice"
)


def pool_of(form: Any, mode: AutoresetMode | None, kind: Any = SyncVectorEnv) -> Any:
    make = partial(PairGated, form)
    env = Supplied(make, n=3) if mode is None else as_environment(lambda: kind([make] * 3, autoreset_mode=mode))
    return env.build(seed=1)


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_stored_alike(form: str) -> None:
    """Choices are rows, False where one has fewer entries; it is a copy."""
    for mask in PAIRS:
        given = FORMS[form](mask)
        stored = flags_of(given, CHOICES)
        for part in given if isinstance(given, tuple | list) else [given]:
            part[...] = 0
        assert (stored.dtype, stored.tolist()) == (np.bool_, mask.tolist())


def test_the_tuple_is_the_one_that_the_space_samples_by() -> None:
    """Gymnasium refuses any other form, and draws what it lets be legal."""
    space = PairGated.action_space
    for mask in PAIRS:
        first, second = space.sample(mask=as_tuple(mask)) - space.start
        assert mask[0, first]
        assert mask[1, second]


@pytest.mark.parametrize("mode", [None, *AutoresetMode])
@pytest.mark.parametrize("form", ["a tuple", "one array"])
def test_a_mask_is_that_of_its_observation(form: str, mode: AutoresetMode | None) -> None:
    """Before and after each step, however the environments are driven; at an end that says nothing all are legal."""
    pool, ends = pool_of(FORMS[form], mode), 0
    observation = pool.reset()
    assert pool.facts.masked
    assert np.array_equal(pool.action_mask, PAIRS[observation])
    for seed in range(60):
        step = pool.step(legal_actions(pool.action_mask, seed))
        ended = step.terminated | step.truncated
        final = told(step.next_observation, step.terminated)
        begun = ended if mode is not AutoresetMode.NEXT_STEP else np.zeros(3, bool)
        acted = np.where(begun[:, None, None], PAIRS[step.observation], final)
        assert np.array_equal(step.next_action_mask, final)
        assert np.array_equal(step.action_mask, acted)
        assert np.array_equal(pool.action_mask, acted)
        ends += ended.sum()
    assert ends > 20
    pool.close()


def test_worker_processes_tell_masks_too() -> None:
    """Whatever carries the tuple."""
    pool = pool_of(as_tuple, AutoresetMode.SAME_STEP, AsyncVectorEnv)
    try:
        observation = pool.reset()
        assert np.array_equal(pool.action_mask, PAIRS[observation])
    finally:
        pool.close()


def test_a_loaded_pool_knows_its_masks() -> None:
    """They are those of where it was."""
    one, two = Supplied(PairGated, n=2).build(seed=1), Supplied(PairGated, n=2).build(seed=2)
    one.reset()
    for seed in range(17):
        one.step(legal_actions(one.action_mask, seed))
    two.load(one.state())

    assert np.array_equal(two.action_mask, one.action_mask)


FLAT = np.ones(5, np.int8)
WRONG = {
    "too many in a choice": (
        (np.ones(2, bool), np.ones(4, bool)), "is a tuple of bool[2], bool[4], not 2 and 3 flags, nor 5 in one array",
    ),
    "a choice too few": ((np.ones(2, bool),), "is a tuple of bool[2], not 2 and 3 flags, nor 5 in one array"),
    "a choice too many": ((FLAT[:2], FLAT[:3], FLAT[:1]), "is a tuple of int8[2], int8[3], int8[1], not 2 and 3 flags"),
    "flat, too few": (np.ones(4, np.int8), "is int8[4], not 2 and 3 flags, nor 5 in one array"),
    "each by each": (np.ones((2, 2), bool), "is bool[2, 2], not 2 and 3 flags, nor 5 in one array"),
    "floats": (np.ones(5), "is float64[5], not 2 and 3 flags, nor 5 in one array"),
    "lists": (([1, 1], [1, 1, 1]), "is a tuple, not 2 and 3 flags, nor 5 in one array"),
    "numbers": (2 * FLAT, "is [2, 2, 2, 2, 2], and a flag is 0 or 1"),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("where", ["step", "reset"])
def test_what_is_no_mask_is_a_fault(wrong: str, where: str) -> None:
    """It says what stands there, what was due, and how to give it."""
    value, what = WRONG[wrong]
    pool = Supplied(lambda: Broken(PairGated(), **{where: lambda _: {"action_mask": value}})).build(seed=0)

    with pytest.raises(EnvironmentFault, match=re.escape(f'info["action_mask"] {what}')) as caught:
        play(pool)
    assert caught.value.fix == PARTS


def play(pool: Any) -> None:
    pool.reset()
    for seed in range(20):
        pool.step(legal_actions(pool.action_mask, seed))


def test_a_choice_without_a_legal_entry_is_named() -> None:
    """The others do not make up for it; where an episode terminates, it is as if nothing were said of that choice."""
    value = (np.array([1, 0]), np.array([0, 0, 0]))

    with pytest.raises(Wrong) as caught:
        mask_of(value, CHOICES)
    assert caught.value.what == 'info["action_mask"] lets no entry of choice 1 be legal'
    assert caught.value.fix == "let one be, or let the episode terminate there"
    assert mask_of(value, CHOICES, terminated=True).tolist() == [[True, False, False], [True, True, True]]
    assert np.array_equal(mask_of(None, CHOICES, truncated=True), EVERY)


def test_a_wrong_mask_in_a_vector_environment_names_the_row() -> None:
    """The second of two environments."""
    made = iter([PairGated, partial(Broken, PairGated(), step=lambda _: {"action_mask": np.ones(4, bool)})] * 2)
    pool = as_environment(lambda: SyncVectorEnv([next(made), next(made)], autoreset_mode=AutoresetMode.DISABLED))

    with pytest.raises(EnvironmentFault, match=r"#1, step 1: .* is bool\[4\], not 2 and 3 flags"):
        play(pool.build(seed=0))
