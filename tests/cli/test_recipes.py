"""Which recipe a person means, and what is done to it in which order."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from rlblocks.recipes import RECIPES, dqn

from rlblocks import describe, diff
from rlblocks._core import tuned
from rlblocks._core.errors import RecipeError
from rlblocks._core.files import dumps
from rlblocks.cli._names import patch_names, recipe_names
from rlblocks.cli._recipes import NOTE, group_of, prepared, recipe_of, run_of, runs_of
from rlblocks.cli._settings import settings_of
from tests.cli.console import Console

TUNED = """
schema = 1
[double_dqn]
like = "dqn"
[dqn."Acrobot-v1"]
source = "a test"
steps = 1234
[dqn."Acrobot-v1".set]
capacity = 777
gamma = 0.5
losses = "huber"
"""


@pytest.fixture
def settings_on_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tuned settings for one environment."""
    monkeypatch.setattr(tuned, "_shipped", lambda: TUNED)


def made(recipe: str, *words: str) -> Any:
    return prepared(recipe, settings_of(words))


@pytest.mark.usefixtures("settings_on_file")
def test_tuned_settings_come_first_then_patches_then_overrides() -> None:
    """A patch finds what was tuned, and an override has the last word."""
    recipe, options, _ = made("double_dqn", "gamma=0.75", "env=Acrobot-v1", "patch=prioritized")

    assert recipe.get("env").id == "Acrobot-v1"
    assert (recipe.get("store").registered_name, recipe.get("store").capacity) == ("prioritized_replay", 777)
    assert recipe.gamma == 0.75
    assert options == {"steps": 1234}


@pytest.mark.usefixtures("settings_on_file")
def test_an_option_that_is_given_is_not_tuned() -> None:
    """It is neither taken nor announced."""
    _, options, notes = made("dqn", "steps=99", "env=Acrobot-v1")

    assert options == {"steps": 99}
    assert notes == ["tuned for Acrobot-v1: capacity=777, gamma=0.5, losses=huber (a test)"]


@pytest.mark.usefixtures("settings_on_file")
def test_a_patch_whose_block_was_tuned_in_is_no_mistake() -> None:
    """`patch=huber` on settings that have Huber already."""
    assert made("dqn", "env=Acrobot-v1", "patch=huber")[0] == made("dqn", "env=Acrobot-v1")[0]


@pytest.mark.usefixtures("settings_on_file")
def test_a_file_says_all_there_is_to_say(tmp_path: Path) -> None:
    """Nothing is tuned on a recipe that was read from a file."""
    (tmp_path / "mine.toml").write_text(dumps(dqn()), encoding="utf-8")

    recipe, options, notes = made(str(tmp_path / "mine.toml"), "env=Acrobot-v1")

    assert describe(diff(dqn(), recipe)) == "env.id: 'CartPole-v1' -> 'Acrobot-v1'"
    assert (options, notes) == ({}, [])


def test_what_is_as_by_default_is_not_announced() -> None:
    """A plain run begins without a word on settings."""
    assert made("dqn")[2] == []


def test_notes_are_lines_that_hold_whole_settings() -> None:
    """They fit the banner, and nothing is cut."""
    *_, notes = made("dqn", "env=LunarLander-v3")
    said = ", ".join(notes[1:])

    assert all(len(note) <= NOTE for note in notes[1:])
    assert "cadence.batch=64" in said
    assert "steps=300000" in said


def test_the_example_of_the_documentation_is_a_recipe() -> None:
    """Every kind of setting on one line."""
    words = (
        "env=LunarLander-v3 steps=300_000 seed=3 store.capacity=50_000 stop=solved device=cpu patch=prioritized,huber"
    )
    recipe, options, _ = made("double_dqn", *words.split())

    kinds = [type(recipe.get(place)).__name__ for place in ("store", "losses[0]", "target")]
    assert kinds == ["PrioritizedReplay", "Huber", "DoubleQ"]
    assert recipe.get("store").capacity == 50_000
    assert options == {"steps": 300_000, "seed": 3, "stop": "solved", "device": "cpu"}


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_found_by_its_name(name: str) -> None:
    """And a folder that is called the same is not looked into."""
    assert recipe_of(name) == RECIPES[name]()


def test_names_are_known_without_importing_what_they_name() -> None:
    """They are those of the recipes and patches themselves."""
    from rlblocks.recipes import PATCHES

    assert (recipe_names(), patch_names()) == (sorted(RECIPES), sorted(PATCHES))


def test_a_run_is_called_by_the_beginning_of_its_name(console: Console) -> None:
    """In the usual place, by its folder, or by a folder that holds several."""
    for name in ("dqn-A-1", "dqn-B-1"):
        (console.folder / "runs" / name).mkdir(parents=True)
        (console.folder / "runs" / name / "recipe.toml").write_text(dumps(dqn()), encoding="utf-8")

    assert run_of("dqn-A") == Path("runs/dqn-A-1")
    assert {run.name for run in runs_of(["runs", "dqn-B"])} == {"dqn-A-1", "dqn-B-1"}
    assert group_of("runs") is None
    with pytest.raises(RecipeError, match=re.escape("2 runs in runs begin with 'dqn'")):
        run_of("dqn")
