"""What a run folder says of its run before the first step: the recipe, the options, the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs

from rlblocks._core.errors import CheckpointError, RecipeError, RunError
from rlblocks._core.files import dumps, load
from rlblocks._core.recipe import Recipe
from rlblocks.envs import Gym, as_environment
from rlblocks.runs import folder as files
from rlblocks.runs.options import Options, options_from

OPTIONS = "options.json"  # in the run folder, beside the recipe
HANDED_OVER = Gym("handed-over-v0")  # stands in the file for an environment that no file can hold
COPY = "put it back from a copy, or start a new run from the recipe in the folder"


def write_record(where: Path, recipe: Recipe, options: Options, command: str) -> None:
    """What a reader of the folder wants to know."""
    from rlblocks._core.diff import describe, diff
    from rlblocks.recipes import RECIPES

    named = RECIPES.get(recipe.name)
    contents = {
        files.RECIPE: _text_of(recipe),
        files.COMMAND: command + "\n",
        files.DIFF: (describe(diff(named(), recipe)) if named else "") + "\n",
        OPTIONS: json.dumps(attrs.asdict(options), indent=2) + "\n",
    }
    for name, content in contents.items():
        (where / name).write_text(content, encoding="utf-8")


def _text_of(recipe: Recipe) -> str:
    try:
        return dumps(recipe)
    except RecipeError as error:
        said = f"# {error.what}\n"
    try:
        return said + dumps(recipe.swap(env=HANDED_OVER))
    except RecipeError:  # something else than the environment
        return said


def recipe_of(where: Path, env: Any = None) -> Recipe:
    """The recipe of a run folder, on the environment that is given instead of the one named there.

    Raises:
        RecipeError: there is no recipe, or the file was edited so that it is none.
        RunError: the run had an environment that no file can hold, and none is given.
    """
    recipe = load(where / files.RECIPE)
    if env is not None:
        return recipe.swap(env=as_environment(env))
    if recipe.env == HANDED_OVER:
        raise RunError(
            f"{where} was trained on an environment that was handed over, which no file can hold",
            fix="hand it over again, as in env=...", path=where,
        )  # fmt: skip
    return recipe


def options_of(where: Path) -> Options:
    """The options of a run folder.

    Raises:
        CheckpointError: the file is missing or damaged.
        RecipeError: it holds an option that there is not.
    """
    path = where / OPTIONS
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise CheckpointError(f"{path} is missing: it holds the options of the run", fix=COPY, path=path) from None
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict):
        raise CheckpointError(f"{path} does not hold the options of a run", fix=COPY, path=path)
    return options_from(found)
