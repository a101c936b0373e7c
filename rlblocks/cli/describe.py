"""`rlblocks describe`: one recipe, patch, role or block."""

from __future__ import annotations

import inspect
import sys
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import attrs
import typer

from rlblocks._core.errors import RecipeError, nearest
from rlblocks.cli._names import patch_names, recipe_names
from rlblocks.cli._screen import Screen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rlblocks._core.block import Block
    from rlblocks._core.recipe import Recipe


def complete_any(incomplete: str) -> list[str]:
    """Recipes, patches and blocks that begin so."""
    from rlblocks._core.block import blocks_of, roles

    blocks = [name for role in roles() for name in (role, *blocks_of(role))]
    return sorted({name for name in [*recipe_names(), *patch_names(), *blocks] if name.startswith(incomplete)})


def describe(
    name: Annotated[
        str, typer.Argument(help="A recipe, a patch, a role or a block, by name.", autocompletion=complete_any)
    ],
) -> None:
    """Describe a recipe, a patch, a role or a block."""
    from rlblocks._core.block import roles
    from rlblocks.recipes import PATCHES, RECIPES, patches

    screen = Screen.of()
    found: list[Callable[[], None]] = [partial(_block, screen, block) for block in blocks_named(name)]
    if name in roles():
        found.insert(0, partial(_role, screen, name, roles()[name]))
    if name in PATCHES:
        found.insert(0, partial(_patch, screen, name, getattr(patches, name, PATCHES[name])))
    if name in RECIPES:
        found.insert(0, partial(_recipe, screen, RECIPES[name]))
    if not found:
        raise _unknown(name)
    for index, show in enumerate(found):
        if index:
            screen.write()
        show()


def blocks_named(name: str) -> list[type[Block]]:
    """Every block that has this registry name or class name, in any role."""
    from rlblocks._core.block import blocks_of, roles

    return [block for role in roles() for known, block in blocks_of(role).items() if name in (known, block.__name__)]


def _unknown(name: str) -> RecipeError:
    from rlblocks._core.block import blocks_of, nearest_block, roles
    from rlblocks.recipes import PATCHES, RECIPES

    known = {*RECIPES, *PATCHES, *roles(), *(block for role in roles() for block in blocks_of(role))}
    close = nearest_block(name, known)
    fix = close if "/" in name or nearest(name, known) else "rlblocks list shows all there is"
    return RecipeError(f"there is no recipe, patch, role or block {name!r}", fix=fix, name=name)


def _recipe(screen: Screen, make: Any) -> None:
    recipe: Recipe = make()
    screen.write(f"recipe {recipe.name}", "bold")
    _document(screen, make)
    screen.write("\nblocks", "bold")
    screen.rows(slots_of(recipe))
    screen.hint(f"rlblocks run {recipe.name}    rlblocks explain {recipe.name}    rlblocks draw {recipe.name}")


def slots_of(recipe: Recipe) -> list[tuple[str, str]]:
    """Every slot of a recipe and what it holds."""
    from rlblocks.runs.train import lines_of

    return list(lines_of(recipe))


def _patch(screen: Screen, name: str, patch: object) -> None:
    screen.write(f"patch {name}", "bold")
    _document(screen, patch)
    screen.hint(f"rlblocks run dqn patch={name}")


def _role(screen: Screen, name: str, role: type[Block]) -> None:
    from rlblocks._core.block import blocks_of
    from rlblocks.cli.listing import first_line

    screen.write(f"role {name}", "bold")
    _document(screen, role)
    screen.write("\nblocks", "bold")
    screen.rows((block, first_line(kind)) for block, kind in blocks_of(name).items())


def _block(screen: Screen, block: type[Block]) -> None:
    screen.write(f"{block.registered_name} ({block.__name__}), a block of role {block.role}", "bold")
    if block.equation:
        screen.write(f"\n  {block.equation}\n")
    _document(screen, block)
    if attrs.fields(block):  # type: ignore[arg-type]  # every block is an attrs class
        meanings = meanings_of(inspect.getdoc(block) or "")
        screen.write("\nfields", "bold")
        screen.rows((a.name, _field(a, meanings.get(a.name, ""))) for a in attrs.fields(block))  # type: ignore[arg-type]
    if _wraps(block):
        screen.write("\nit reads and writes what the block that it wraps does")
        return
    depends = isinstance(block.inputs, property)
    shown = block() if depends else block
    if shown.inputs:
        screen.write("\nreads, with the fields as by default" if depends else "\nreads", "bold")
        screen.rows((name, asked) for name, asked in reads_of(shown.inputs).items())
    if shown.outputs:
        screen.write("\nwrites", "bold")
        screen.rows((key, "") for key in shown.outputs)
    screen.hint(f"from {_home(block)} import {block.__name__}")


def _wraps(block: type[Block]) -> bool:
    """Whether it answers for another block of its role."""
    roles = [a.metadata.get("role") for a in attrs.fields(block)]  # type: ignore[arg-type]
    return isinstance(block.inputs, property) and block.role in roles


def _home(block: type[Block]) -> str:
    """Where people import a block from: its role's package, where that hands it on."""
    package = block.__module__.rpartition(".")[0]
    return package if getattr(sys.modules.get(package), block.__name__, None) is block else block.__module__


def meanings_of(document: str) -> dict[str, str]:
    r"""What the section `Attributes` of a docstring says of each name.

    >>> meanings_of("Sum.\n\nAttributes:\n    n: how many,\n        at least 1.\n    m: what for.")
    {'n': 'how many, at least 1', 'm': 'what for'}
    """
    section = document.partition("\nAttributes:\n")[2].partition("\n\n")[0]
    found: dict[str, str] = {}
    for line in section.splitlines():
        name, colon, said = line.strip().partition(": ")
        if colon and not line.startswith(" " * 5):
            found[name] = said
        elif found:
            found[list(found)[-1]] += f" {line.strip()}"
    return {name: said.rstrip(".") for name, said in found.items()}


def _field(attribute: attrs.Attribute[Any], meaning: str) -> str:
    """What a field means, what it takes, and its default."""
    facts = attribute.metadata
    kind = {"slot": f"a block of role {facts.get('role', '')}", "duration": "a duration, such as 500 env_steps",
            "choice": f"one of {', '.join(facts.get('options', ()))}", "sizes": "whole numbers, such as 256,256",
            "numbers": "numbers, such as -1.0,0.5",
            "integer": "a whole number", "number": "a number", "text": "a text"}  # fmt: skip
    said = kind.get(facts.get("kind", ""), str(attribute.type or "anything"))
    if facts.get("role") == "schedules":
        said = "a number or a schedule"
    parts = [said, *([facts["range"]] if facts.get("range") else []), _default(attribute.default)]
    return "\n".join([*([meaning] if meaning else []), ", ".join(parts)])


def _default(default: Any) -> str:
    if default is attrs.NOTHING:
        return "required"
    factory = getattr(default, "factory", None)  # of an attrs.Factory, which is no class for the type checker
    return f"default {factory() if factory else default!r}"


def reads_of(inputs: Mapping[str, Any]) -> dict[str, str]:
    """What a block asks for, in words, by the argument of its `compute`."""
    from rlblocks._core.declare import REQUIRED, Draw, Fn, Known, Read, Scheduled, Size

    said = {}
    for name, asked in inputs.items():
        match asked:
            case Read():
                dims = f" [{', '.join(asked.dims)}]" if asked.dims else ""
                more = ["of the stored action"] * bool(asked.at) + ["in its network's own form"] * asked.raw
                more += ["optional"] * (asked.default is not REQUIRED)
                said[name] = ", ".join([f"{asked.key}{dims}", *more])
            case Draw():
                shape = f"one a {asked.over} of {asked.like}" if asked.over else f"like {asked.like}"
                said[name] = f"random numbers, {asked.kind}, {shape if asked.like else 'one a row'}"
            case Scheduled():
                said[name] = f"the present value of {asked.name}"
            case Fn():
                said[name] = f"the function {asked.key}"
            case Size():
                said[name] = f"the number of {asked.dim}s"
            case Known():
                said[name] = f"what is known of {asked.key}: its bounds and numbers"
    return said


def _document(screen: Screen, of: object) -> None:
    """A docstring without its examples, and without the section on fields, which have a table of their own."""
    text = (inspect.getdoc(of) or "").partition("\n>>> ")[0]
    before, section, after = text.partition("\nAttributes:\n")
    screen.prose((before + (after.partition("\n\n")[2] if section else "")).rstrip())
