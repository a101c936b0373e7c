"""What a misspelt name was probably meant to be."""

from __future__ import annotations

import pytest

from rlblocks._core.block import blocks_of, find, roles
from rlblocks._core.errors import RecipeError, did_you_mean, nearest
from rlblocks._core.overrides import apply_overrides
from rlblocks.envs import Gym

NAMES = ("capacity", "batch", "steps", "seed", "target", "target_updates", "huber", "value_loss", "double_q", "linear",
         "uniform_replay", "tanh_gaussian", "policy_gradient", "evaluation_steps", "clip", "low", "mode")  # fmt: skip


@pytest.mark.parametrize(
    ("written", "meant"),
    [("capactiy", "capacity"), ("batch_size", "batch"), ("n_steps", "steps"), ("random_seed", "seed"),
     ("tarjet", "target"), ("huber_loss", "huber"), ("double_dqn", "double_q"), ("linear_decay", "linear"),
     ("uniform-replay", "uniform_replay"), ("replay", "uniform_replay"), ("lw", "low"), ("unif", "uniform_replay")],
)  # fmt: skip
def test_a_near_spelling_is_offered(written: str, meant: str) -> None:
    """A slip or two, another name for the same words, or words around it."""
    assert nearest(written, NAMES) == meant


@pytest.mark.parametrize(
    "written",
    ["learning_rate", "munchausen", "distributional", "out", "dir", "mse", "her", "cuda", "total_reward", "x"],
)
def test_what_is_far_off_is_not_offered(written: str) -> None:
    """What shares letters with a name is not that name: all there are is said instead."""
    assert nearest(written, NAMES) == ""
    assert did_you_mean(written, NAMES).startswith("there are: batch, capacity, ")


def test_a_block_of_a_package_that_is_not_installed_is_no_misspelling() -> None:
    """The package is named, and then the blocks there are; not one of these that reads alike."""
    for name in ("lab/soft_q", "lab/max_q", "lab/munchausen"):
        with pytest.raises(RecipeError) as caught:
            find("targets", name)

        assert str(caught.value) == (
            f"no block {name!r} in role 'targets'\n  fix: is the package that registers it installed? without it there "
            f"are: {', '.join(blocks_of('targets'))}"
        )


def test_a_block_where_any_may_stand_is_listed_not_guessed() -> None:
    """There are too many to name them all."""
    from rlblocks.recipes import dqn

    with pytest.raises(RecipeError) as caught:
        apply_overrides(dqn(), ["prepare=munchausen"])

    assert caught.value.fix == "rlblocks list shows all blocks, by role"
    assert len({name for role in roles() for name in blocks_of(role)}) > 50


def test_an_environment_that_nobody_registered_is_not_guessed() -> None:
    """Its package is to be imported, or another one used."""
    with pytest.raises(RecipeError) as caught:
        Gym("MyRobot-v0").facts()

    assert caught.value.fix.startswith("import the package that registers it, or use one of Acrobot-v1, ")
