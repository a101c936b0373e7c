"""What the `name=value` words of a command line mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rlblocks.recipes import dqn, ppo, sac

from rlblocks._core.errors import RecipeError
from rlblocks.cli._settings import overridden, patched, seeds_of, settings_of


def _tried(what: Callable[[], Any]) -> tuple[Any, RecipeError | None]:
    """What it returned, or the mistake that it found; any other error goes on."""
    try:
        return what(), None
    except RecipeError as error:
        return None, error


def test_options_are_told_from_overrides_by_their_names() -> None:
    """Options of the run are read by their type; all else is left to the recipe, in the order written."""
    found = settings_of(["gamma=0.9", "steps=300_000", "stop=solved", "store.capacity=5e4", "seed=3"])

    assert found.options == {"steps": 300_000, "stop": "solved", "seed": 3}
    assert found.overrides == ("gamma=0.9", "store.capacity=5e4")
    assert (found.seeds, found.folder, found.patches) == ((), "runs", ())


def test_the_later_of_two_options_counts() -> None:
    """As with overrides, from left to right."""
    assert settings_of(["steps=10", "steps=20"]).options == {"steps": 20}


def test_patches_folder_and_seeds_are_settings_too() -> None:
    """They are no options of one run, and no places in a recipe."""
    found = settings_of(["patch=double, huber", "folder=elsewhere", "seeds=0..2"])

    assert (found.patches, found.folder, found.seeds) == (("double", "huber"), "elsewhere", (0, 1, 2))


@given(st.lists(st.integers(0, 500), min_size=1, max_size=20, unique=True))
def test_a_list_of_seeds_is_read_as_written(seeds: list[int]) -> None:
    """In its order, and once each."""
    assert seeds_of(",".join(map(str, seeds))) == tuple(seeds)


@given(st.integers(0, 10**9), st.integers(0, 50))
def test_a_range_of_seeds_includes_both_ends(first: int, more: int) -> None:
    """`0..9` is ten seeds."""
    assert seeds_of(f"{first}..{first + more}") == tuple(range(first, first + more + 1))


@given(st.text(alphabet="0123456789.,-x ", max_size=12))
def test_any_text_is_seeds_or_a_mistake(text: str) -> None:
    """No text makes it fail in another way."""
    seeds, error = _tried(lambda: seeds_of(text))

    assert error.fix if error else len(set(seeds)) == len(seeds) > 0


@given(st.text(max_size=30))
def test_any_word_is_a_setting_or_a_mistake(word: str) -> None:
    """No word makes it fail in another way, and a mistake says how to mend it."""
    _, error = _tried(lambda: settings_of([word]))

    assert error is None or error.fix


def test_a_path_is_offered_where_no_option_is_nearer() -> None:
    """Options and places are compared together."""
    for slip, meant in (
        ("stpes=5", "steps"),
        ("gama=0.9", "gamma"),
        ("epsiodes=3", "episodes"),
        ("taget=max_q", "target"),
    ):
        with pytest.raises(RecipeError) as caught:
            overridden(dqn(), [slip])

        assert caught.value.fix == f"did you mean {meant!r}?"


@pytest.mark.parametrize(
    ("word", "written"),
    [("cuda=false", "device=cpu"), ("cuda=0", "device=cpu"), ("gpu=-1", "device=cpu"), ("gpu=None", "device=cpu"),
     ("cuda=true", "device=cuda"), ("gpu=0", "device=cuda"), ("envs=CartPole-v1", "env=CartPole-v1"),
     ("num_envs=8", "env.n=8"), ("envs=8", "env.n=8"), ("gradient_steps=2", "updates=2")],
)  # fmt: skip
def test_a_name_from_elsewhere_is_answered_by_what_it_means_with_this_value(word: str, written: str) -> None:
    """No GPU is the processor, GPU 0 is one, and environments that are no number are the environment."""
    with pytest.raises(RecipeError) as caught:
        overridden(dqn(), [word])

    assert caught.value.fix == f"write {written}"


@pytest.mark.parametrize("word", ["gradient_steps=2", "updates=3"])
def test_what_has_no_place_here_is_not_taken_for_a_slip(word: str) -> None:
    """PPO makes epochs: neither the steps of the run nor the updates of targets are meant."""
    with pytest.raises(RecipeError) as caught:
        overridden(ppo(), [word])

    assert caught.value.fix.startswith("its parts are: name, env, gamma")


def test_a_share_that_is_kept_is_not_taken_for_one_that_moves() -> None:
    """Elsewhere, polyak=0.995 is tau=0.005 here."""
    with pytest.raises(RecipeError) as caught:
        overridden(sac(), ["polyak=0.995"])

    assert "tau" not in caught.value.fix


def test_patches_apply_from_left_to_right() -> None:
    """Each to what the one before has made."""
    recipe = patched(dqn(), ["double", "n_step"])

    assert (type(recipe.get("target")).__name__, type(recipe.get("store")).__name__) == ("DoubleQ", "NStep")
