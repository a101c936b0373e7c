"""The recipe that a person means: by name, by file or by run; on an environment, tuned, patched and overridden."""

from __future__ import annotations

import os
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlblocks._core.errors import RecipeError, RunError, did_you_mean
from rlblocks.cli._names import recipe_names
from rlblocks.cli._settings import overridden, patched

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rlblocks._core.recipe import Recipe
    from rlblocks._core.tuned import Tuned
    from rlblocks.cli._settings import Settings

GIVE = "give a recipe in TOML, such as RUN/recipe.toml"
NOTE = 88  # characters of a line of the banner


def recipe_of(text: str) -> Recipe:
    """The recipe of a name, of a TOML file, or of a run folder.

    Raises:
        RecipeError: there is none, or the file holds none.
    """
    from rlblocks.recipes import RECIPES

    if text in RECIPES:
        made: Recipe = RECIPES[text]()
        return made
    path = Path(text).expanduser()
    if _is_place(text, path):
        return _read(path)
    raise RecipeError(
        f"there is no recipe {text!r}",
        fix=f"{did_you_mean(text, RECIPES)} (rlblocks list shows all; a file ends in .toml)",
    )


def recipe_or_run(text: str) -> Recipe:
    """The same; a run may be named as everywhere, by the beginning of its folder's name.

    Raises:
        RecipeError: there is neither.
    """
    from rlblocks.runs.folder import RECIPE, find_run

    try:
        return recipe_of(text)
    except RecipeError:
        with suppress(RunError):
            return _read(find_run(text) / RECIPE)
        raise


def _is_place(text: str, path: Path) -> bool:
    return path.suffix == ".toml" or os.sep in text or path.exists()


def _read(path: Path) -> Recipe:
    from rlblocks._core.files import load
    from rlblocks.runs.folder import RECIPE
    from rlblocks.runs.foreign import LOOK, kind_of_file

    if path.is_dir() and (path / RECIPE).exists():
        path = path / RECIPE
    if path.is_file():
        with path.open("rb") as file:
            first = file.read(LOOK)
        kind = kind_of_file(first, first)
        if kind != "a file":
            raise RecipeError(f"{path} is {kind}, not a recipe", fix=GIVE)
    try:
        return load(path)
    except RecipeError as error:
        if not path.exists():
            fix = f"{error.fix}; rlblocks list shows the recipes by name"
            raise RecipeError(error.what, fix=fix, path=path) from None
        raise _no_recipe(path, error) from None


def _no_recipe(path: Path, error: RecipeError) -> RecipeError:
    """The error of a file that could not be read; shorter where it is a TOML file of something else."""
    import attrs

    from rlblocks._core.recipe import Recipe

    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return error
    known, there = set(attrs.fields_dict(Recipe)), set(table) - {"schema"}
    if known & there:
        return error
    said = f"it has {', '.join(sorted(there))}, and" if there else "it has"
    return RecipeError(f"{path} holds no recipe: {said} none of {', '.join(sorted(known))}", fix=GIVE, path=path)


def is_named(text: str) -> bool:
    """Whether a recipe comes with the library, so that there may be tuned settings for it."""
    return text in recipe_names()


def prepared(text: str, settings: Settings) -> tuple[Recipe, dict[str, Any], list[str]]:
    """The recipe, the options of the run, and what was tuned, for the banner.

    Tuned settings come first, then patches, then overrides from left to right. A file says all that there is to say of
    its recipe: nothing is tuned.

    Raises:
        RecipeError: no such recipe, patch, place or value.
    """
    recipe, found = recipe_of(text), None
    if is_named(text):
        recipe, found = _tuned(recipe, settings.overrides)
    recipe = overridden(patched(recipe, settings.patches), settings.overrides)
    tuned_options = dict(found.options) if found else {}
    return recipe, {**tuned_options, **settings.options}, _notes(found, settings.options)


def _tuned(recipe: Recipe, overrides: Iterable[str]) -> tuple[Recipe, Tuned | None]:
    from rlblocks._core.block import blocks_of
    from rlblocks._core.tuned import apply_tuned

    plays = str(getattr(recipe.env, "id", ""))
    for override in overrides:
        name, _, value = override.partition("=")
        if name in ("env", "env.id"):
            plays = "" if value in blocks_of("envs") else value
    return apply_tuned(recipe, plays) if plays else (recipe, None)


def _notes(found: Tuned | None, given: dict[str, Any]) -> list[str]:
    """What was tuned, in lines that fit the banner; neither what the user gave nor what is so by default."""
    from rlblocks.runs.options import Options

    if found is None:
        return []
    options = {name: value for name, value in found.options.items() if name not in given}
    taken = {**found.settings, **{name: v for name, v in options.items() if v != getattr(Options(), name, None)}}
    said = [f"{path}={','.join(map(str, v)) if isinstance(v, tuple) else v}" for path, v in taken.items()]
    short = f"tuned for {found.env}: {', '.join(said)} ({found.source})"
    if len(short) <= NOTE or not said:
        return [short] * bool(said)
    lines = [f"tuned for {found.env} ({found.source}):", ""]
    for setting in said:
        if len(lines[-1]) + len(setting) > NOTE:
            lines.append("")
        lines[-1] += f", {setting}" if lines[-1] else setting
    return lines


def run_of(text: str) -> Path:
    """The run folder that a person means.

    Raises:
        RecipeError: there is none; what is no run is told apart.
    """
    from rlblocks.runs.folder import find_run
    from rlblocks.runs.foreign import refusal

    try:
        return find_run(text)
    except RunError as error:
        path = Path(text).expanduser()
        shown = refusal(path) if path.is_file() else error
        raise RecipeError(shown.what, fix=shown.fix, **shown.facts) from None


def group_of(text: str) -> Path | None:
    """The folder of the group of seeds that a person means, if it is one."""
    from rlblocks.runs.folder import RUNS
    from rlblocks.runs.seeds import RECORD

    places = (Path(text).expanduser(), RUNS / text)
    return next((place for place in places if (place / RECORD).is_file()), None)


def runs_of(texts: Iterable[str]) -> list[Path]:
    """The run folders that a person means; a group of seeds stands for its runs, and so does a folder of runs.

    Raises:
        RecipeError: one is none.
    """
    from rlblocks.runs.folder import all_runs, is_run
    from rlblocks.runs.seeds import group_runs

    found: list[Path] = []
    for text in texts:
        group, place = group_of(text), Path(text).expanduser()
        if group is not None:
            found += group_runs(group)
        elif place.is_dir() and not is_run(place) and all_runs(place):
            found += all_runs(place)
        else:
            found.append(run_of(text))
    return list(dict.fromkeys(found))
