"""Settings that suit a recipe to an environment: data in one file, applied by name, and shown when they are."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from importlib import resources
from typing import TYPE_CHECKING, Any

import attrs

from rlblocks._core.errors import RecipeError, did_you_mean
from rlblocks._core.frozen import FrozenDict
from rlblocks._core.paths import children

if TYPE_CHECKING:
    from rlblocks._core.recipe import Recipe

SCHEMA = 1


@attrs.frozen
class Tuned:
    """What the file says of one recipe on one environment.

    Attributes:
        recipe: the recipe for which the settings were written; the one asked for, or one that it is like.
        env: the id of the environment.
        settings: value by path, in the order in which they are applied.
        options: what else the run should be given, such as `steps`.
        source: where the settings come from.
    """

    recipe: str
    env: str
    settings: FrozenDict[Any]
    options: FrozenDict[Any]
    source: str


def tuned(recipe_name: str, env_id: str, text: str = "") -> Tuned | None:
    """The settings of a recipe for an environment, or None where there are none.

    `text` stands for the file that comes with the recipes.

    Raises:
        RecipeError: the text is not in the form of that file.
    """
    tables = _tables(text or _shipped())
    for name in _lineage(recipe_name, tables):
        entry = tables.get(name, {}).get(env_id)
        if entry is not None:
            return _read(name, env_id, entry)
    return None


def entries(text: str = "") -> list[tuple[str, str]]:
    """The recipes and environments of which there are settings, without those that a recipe takes from another."""
    tables = _tables(text or _shipped())
    return [(name, env_id) for name, table in tables.items() for env_id in table if env_id != "like"]


def apply_tuned(recipe: Recipe, env_id: str, text: str = "") -> tuple[Recipe, Tuned | None]:
    """The recipe on that environment, with its settings if there are any.

    Raises:
        RecipeError: a setting has no place in this recipe.
    """
    from rlblocks._core.overrides import apply_settings

    found = tuned(recipe.name, env_id, text)
    plays = {"env.id": env_id} if "id" in children(recipe.env) else {}
    return apply_settings(recipe, {**plays, **(found.settings if found else {})}), found


@functools.cache
def _shipped() -> str:
    return resources.files("rlblocks.recipes").joinpath("tuned.toml").read_text(encoding="utf-8")


@functools.lru_cache(maxsize=4)
def _tables(text: str) -> Mapping[str, Any]:
    """The tables of the file by recipe, of which each must be a table."""
    try:
        tables = tomllib.loads(text)
    except ValueError as error:
        raise RecipeError(f"the tuned settings are not TOML: {error}", fix="mend that line") from None
    schema = tables.pop("schema", None)
    if schema != SCHEMA:
        raise RecipeError(
            f"the tuned settings have schema {schema!r}, this rlblocks reads {SCHEMA}", fix="upgrade rlblocks"
        )
    for name, table in tables.items():
        if not isinstance(table, Mapping):
            raise RecipeError(f"tuned settings: {name} is {table!r}", fix=f'write [{name}."environment"]')
    return tables


def _lineage(name: str, tables: Mapping[str, Any]) -> list[str]:
    """The recipe and those that it is like, nearest first."""
    names = [name]
    while (like := tables.get(names[-1], {}).get("like")) is not None:
        if like not in tables or like in names:
            said = "which is like it again" if like in names else "of which there are no settings"
            raise RecipeError(
                f"tuned settings: {names[-1]} is like {like!r}, {said}", fix=did_you_mean(str(like), tables)
            )
        names.append(like)
    return names


def _read(name: str, env_id: str, entry: Mapping[str, Any]) -> Tuned:
    where = f"tuned settings: {name} on {env_id}"
    rest = dict(entry) if isinstance(entry, Mapping) else {}
    source, settings = rest.pop("source", ""), rest.pop("set", {})
    if not isinstance(source, str) or not source:
        raise RecipeError(f"{where} names no source", fix='write source = "where they come from"')
    if not isinstance(settings, Mapping) or not all(map(_is_value, [*settings.values(), *rest.values()])):
        raise RecipeError(f"{where} holds more than values", fix='quote a path with dots: "store.capacity" = 50_000')
    return Tuned(name, env_id, _frozen(settings), _frozen(rest), source)


def _is_value(value: object) -> bool:
    return isinstance(value, str | int | float) or (isinstance(value, list) and not any(map(_is_nested, value)))


def _is_nested(value: object) -> bool:
    return isinstance(value, list | Mapping)


def _frozen(values: Mapping[str, Any]) -> FrozenDict[Any]:
    return FrozenDict({name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})
