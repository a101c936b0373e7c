"""Recipes to and from TOML: in full, defaults included, blocks by registry name."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from rlblocks._core.block import Block
from rlblocks._core.clocks import Clock, OfRun
from rlblocks._core.errors import RecipeError
from rlblocks._core.paths import Step, join
from rlblocks._core.recipe import Recipe
from rlblocks._core.structure import inside, structured, takes
from rlblocks._core.toml_text import written

SCHEMA = 1
MAX_BYTES = 1_000_000  # a recipe takes about two thousand


def dumps(recipe: Recipe) -> str:
    """The recipe as TOML, in full: `loads(dumps(recipe)) == recipe`.

    Raises:
        RecipeError: it holds an object that was handed over, which no file can name.
    """
    return written({"schema": SCHEMA, **plain(recipe)})


def recipe_hash(recipe: Recipe) -> str:
    """Twelve hex digits that tell two recipes apart, whatever they are called: a sha256 of all but the name.

    An empty table says nothing, so a recipe keeps its digits when recipes are given a further one to fill.
    """
    content = {key: value for key, value in plain(recipe).items() if key != "name" and value != {}}
    canonical = json.dumps({"schema": SCHEMA, **content}, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:12]


def plain(node: Any, kind: Any = Recipe, at: tuple[Step, ...] = ()) -> Any:
    """A recipe, or a part of one, as tables, lists, texts and numbers."""
    if isinstance(node, Clock):
        return f"{float(node.count) if isinstance(node, OfRun) else node.count} {node.unit}"
    if attrs.has(type(node)):
        said = [
            a for a in attrs.fields(type(node)) if not (a.metadata.get("later") and getattr(node, a.name) == a.default)
        ]
        return {**_label(node, kind), **{a.name: _field(node, a, at) for a in said}}
    if isinstance(node, Mapping):
        return {str(key): plain(item, inside(kind, key), (*at, key)) for key, item in node.items()}
    if isinstance(node, tuple | list):
        return [plain(item, inside(kind, index), (*at, index)) for index, item in enumerate(node)]
    if isinstance(node, str | bool | int | float):
        return node
    raise _unwritable(node, at, f"it is a {type(node).__name__}, which no text names")


def _label(node: Any, kind: Any) -> dict[str, str]:
    """The registry name of a block, and its role where the slot would take any."""
    if not isinstance(node, Block):
        return {}
    role = {} if getattr(kind, "role", "") == node.role else {"role": node.role}
    return {"block": node.registered_name, **role}


def _field(node: Any, attribute: attrs.Attribute[Any], at: tuple[Step, ...]) -> Any:
    value = getattr(node, attribute.name)
    if attribute.metadata.get("kind") == "opaque":
        raise _unwritable(value, (*at, attribute.name), attribute.metadata["why"])
    if attribute.metadata.get("kind") == "number" and float(value) == value:
        return float(value) + 0.0  # 1 and 1.0 are one number, and so are 0.0 and -0.0
    return plain(value, takes(type(node), attribute), (*at, attribute.name))


def _unwritable(node: Any, at: tuple[Step, ...], why: str) -> RecipeError:
    return RecipeError(
        f"{join(at)} cannot be written to a file: {why}",
        fix="use a registered block there, such as an environment by its id", path=join(at), value=node,
    )  # fmt: skip


def load(path: Path | str) -> Recipe:
    """The recipe in a file.

    Raises:
        RecipeError: there is no such file, it cannot be read, or it holds no recipe.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise RecipeError(
            f"{path} cannot be read: {error.strerror or error}", fix="check the path", path=path
        ) from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if len(content) > MAX_BYTES:
            raise _too_large(str(path)) from None
        raise RecipeError(
            f"{path} is no text (byte {error.start} is not UTF-8)", fix="give a recipe in TOML", path=path
        ) from None
    return loads(text, source=str(path))


def loads(text: str, source: str = "the recipe") -> Recipe:
    """The recipe in a text. Reading it never runs code: a file names registered blocks, not imports.

    Raises:
        RecipeError: it is not TOML, of a newer schema, or does not fit; the message names `source` and every misfit.
    """
    table = _parsed(text, source)
    _check_schema(table.pop("schema", None), source)
    try:
        recipe: Recipe = structured(table, Recipe)
    except RecipeError as error:
        several = "problems" in error.facts
        raise RecipeError(
            f"{source}{':' if several else ','}{chr(10) if several else ' '}{error.what}",
            fix=error.fix, **{**error.facts, "source": source},
        ) from None  # fmt: skip
    return recipe


def _parsed(text: str, source: str) -> dict[str, Any]:
    if len(text) > MAX_BYTES:
        raise _too_large(source)
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise RecipeError(f"{source} nests too deeply", fix="give a recipe in TOML", source=source) from None
    except ValueError as error:
        raise _no_toml(error, source) from None


def _no_toml(error: ValueError, source: str) -> RecipeError:
    """What tomllib says, with the line and column where it says them."""
    if not isinstance(error, tomllib.TOMLDecodeError):
        return RecipeError(f"{source} holds a number of thousands of digits", fix="write a smaller one", source=source)
    what, _, place = str(error).removesuffix(")").rpartition(" (at ")
    what = re.sub(r"\('(.*?)',?\)", lambda found: found.group(1).replace("', '", "."), what)  # a tuple of keys
    twice = what.startswith(("Cannot overwrite", "Cannot declare", "Cannot mutate"))
    return RecipeError(
        f"{source} {'says something twice' if twice else 'is not TOML'}, {place}: {what[:1].lower()}{what[1:]}",
        fix="keep one of the two" if twice else "mend that line; texts stand in quotes, tables in [brackets]",
        source=source,
    )


def _too_large(source: str) -> RecipeError:
    return RecipeError(
        f"{source} is larger than {MAX_BYTES:,} bytes, which no recipe is", fix="give a recipe in TOML", source=source
    )


def _check_schema(schema: object, source: str) -> None:
    if type(schema) is not int or schema < 1:
        said = "does not say its schema" if schema is None else f"has schema = {schema!r}, which there is not"
        raise RecipeError(f"{source} {said}", fix=f"write schema = {SCHEMA} as its first line", source=source)
    if schema > SCHEMA:
        raise RecipeError(
            f"{source} was written by a newer rlblocks: schema {schema}, this one reads up to {SCHEMA}",
            fix="upgrade rlblocks", source=source, schema=schema,
        )  # fmt: skip
