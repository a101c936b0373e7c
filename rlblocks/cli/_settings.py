"""The `name=value` words of a command line: options of the run, and changes to the recipe."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import attrs

from rlblocks._core.errors import FieldError, RecipeError, did_you_mean, nearest
from rlblocks.cli._elsewhere import called, is_known, translated
from rlblocks.cli._names import option_names, patch_names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rlblocks._core.recipe import Recipe

MOST_SEEDS = 1_000
MORE = "rlblocks run --help tells the options of a run"
EXAMPLES = {
    "steps": "50_000", "seed": "3", "seeds": "0..9", "device": "cpu", "threads": "1", "compile": "auto",
    "evaluate_every": "5_000", "episodes": "20", "evaluation_steps": "1_000", "save_every": "5_000", "stop": "solved",
    "video": "never", "check_laws": "sampled", "folder": "runs", "patch": "double",
}  # fmt: skip


@attrs.frozen
class Settings:
    """What the words say.

    Attributes:
        options: of the run, by name.
        seeds: to train one by one; empty for one run with the option `seed`.
        folder: where run folders are made.
        patches: named changes to the recipe.
        overrides: `path=value` each.
    """

    options: dict[str, Any]
    seeds: tuple[int, ...]
    folder: str
    patches: tuple[str, ...]
    overrides: tuple[str, ...]


def settings_of(words: Iterable[str]) -> Settings:
    """Sort the words.

    Raises:
        RecipeError: one has no `=`, or an option does not take its value.
    """
    given: dict[str, str] = {}
    overrides: list[str] = []
    options = option_names()
    written = list(words)
    for place, word in enumerate(written):
        name, equals, text = (part.strip() for part in word.partition("="))
        if not (name and equals and text):
            raise _no_setting(word, name, equals, written[place + 1 :])
        if name in options:
            given[name] = text
        else:
            overrides.append(f"{name}={text}")
    seeds = seeds_of(given.pop("seeds")) if "seeds" in given else ()
    if seeds and "seed" in given:
        raise RecipeError("both seed= and seeds= are given", fix="keep one of the two")
    folder, patches = given.pop("folder", "runs"), given.pop("patch", "")
    named = tuple(part.strip() for part in patches.split(",") if part.strip())
    return Settings({name: _option(name, text) for name, text in given.items()}, seeds, folder, named, tuple(overrides))


def _no_setting(word: str, name: str, equals: str, after: list[str]) -> RecipeError:
    """What to write in the place of a word, and of those after it, which may be the rest of it."""
    said = f"{word!r} has no value" if equals and name else f"{word!r} sets nothing: it has no '='"
    follows = [part for part in after[:2] if part != "="]
    value = "" if not follows or "=" in follows[0].strip("=") else follows[0].strip("=")
    if name and value:
        fix = f"write {called(name, value)}" + (", without blanks" if equals or after[0].startswith("=") else "")
    elif equals and name:
        fix = f"write {name}=value"
    elif re.search(r"-v\d+$", word):
        fix = f"write env={word}"
    elif word in patch_names():
        fix = f"write patch={word}"
    elif word in EXAMPLES:
        fix = f"write {word}=value, as in {word}={EXAMPLES[word]}"
    else:
        fix = "write name=value, as in steps=50_000 or store.capacity=100_000"
    return RecipeError(said, fix=fix, override=word)


def seeds_of(text: str) -> tuple[int, ...]:
    """The seeds of a list and of ranges, which include both ends.

    >>> seeds_of("0..3,7")
    (0, 1, 2, 3, 7)

    Raises:
        RecipeError: it is none, or one stands there twice.
    """
    seeds: list[int] = []
    for part in text.replace(" ", "").split(","):
        match = re.fullmatch(r"(\d{1,18})(?:(?:\.\.|-)(\d{1,18}))?", part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if last < first or last - first >= MOST_SEEDS:
            raise RecipeError(
                f"seeds={text}: {part!r} is no seed and no range of seeds", fix="write seeds=0..9 or seeds=0,3,7"
            )
        seeds += range(first, last + 1)
    twice = sorted({seed for seed in seeds if seeds.count(seed) > 1})
    if twice:
        raise RecipeError(f"seeds={text} names the seed {twice[0]} twice", fix="name each seed once")
    return tuple(seeds)


def _option(name: str, text: str) -> Any:
    """The value of an option of the run, checked alone so that the message can say what was typed."""
    from rlblocks._core.overrides import leaf
    from rlblocks.runs.options import Options

    value = leaf(text, attrs.fields_dict(Options)[name].metadata["kind"], None)
    try:
        Options(**{name: value})
    except FieldError as error:
        what = f"'{name}={text}': {error.what.removeprefix('Options.')}"
        fix = error.fix or f"write it as in {name}={getattr(Options(), name)}, which is the default"
        raise RecipeError(what, fix=fix, option=name) from None
    return value


def patched(recipe: Recipe, names: Iterable[str]) -> Recipe:
    """The recipe after the named patches.

    Raises:
        RecipeError: there is no such patch, or it does not fit this recipe.
    """
    from rlblocks.recipes import PATCHES

    for name in names:
        if name not in PATCHES:
            raise RecipeError(f"there is no patch {name!r}", fix=did_you_mean(name, PATCHES), patch=name)
        recipe = PATCHES[name](recipe)
    return recipe


def overridden(recipe: Recipe, overrides: Iterable[str]) -> Recipe:
    """The recipe after the overrides. A name that is nowhere is compared with the options of the run as well.

    Raises:
        RecipeError: an override has no place, or its place does not take the value.
    """
    from rlblocks._core.overrides import apply_overrides

    try:
        return apply_overrides(recipe, overrides)
    except RecipeError as error:
        name, _, value = str(error.facts.get("override", "")).partition("=")
        if error.facts.get("path") == name and not error.facts.keys() & {"places", "field", "value"}:
            raise RecipeError(error.what, fix=_meant(recipe, name, value, error), **error.facts) from None
        if not error.fix and (now := _now(recipe, name)):
            raise RecipeError(error.what, fix=f"the recipe has {name}={now}", **error.facts) from None
        raise


def _meant(recipe: Recipe, name: str, value: str, error: RecipeError) -> str:
    """What to write in the place of a name that is nowhere in the recipe."""
    from rlblocks._core.paths import parts_of

    options = option_names()
    if other := translated(name, value, recipe, options):
        return other
    if is_known(name):
        return f"{parts_of(recipe)}; {MORE}"
    offered = _offered(error)
    if nearest(name, [*options, *offered]) in options:
        return did_you_mean(name, [*options, *offered])
    return error.fix if offered or "." in name else f"{error.fix}; {MORE}"


def _now(recipe: Recipe, name: str) -> str:
    """What a place holds, as an override would write it; empty where it holds more than one word."""
    try:
        held = recipe.get(name)
    except RecipeError:
        return ""
    return str(held) if isinstance(held, int | float | str) else str(getattr(held, "registered_name", ""))


def _offered(error: RecipeError) -> list[str]:
    """The spelling that the recipe itself would offer."""
    return re.findall(r"^did you mean '(.*)'\?$", error.fix)
