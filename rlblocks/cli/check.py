"""`rlblocks check`: ask a block for the laws of its role."""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Annotated, Any

import attrs
import typer

from rlblocks._core.errors import RecipeError, did_you_mean, nearest
from rlblocks.cli._screen import Screen

if TYPE_CHECKING:
    from types import ModuleType

    from rlblocks._core.block import Block
    from rlblocks.testing import Result

MARKS = {
    "passed": ("ok", "green"),
    "failed": ("BROKEN", "bold red"),
    "skipped": ("-", "dim"),
    "waived": ("waived", "yellow"),
}
COLUMN = 8  # of the mark


def check(
    name: Annotated[
        str,
        typer.Argument(metavar="MODULE:BLOCK", help="A block in a module, or a registered block.", show_default=False),
    ],
    *,
    only: Annotated[list[str] | None, typer.Option("--only", help="Ask only this law; may be repeated.")] = None,
    thorough: Annotated[bool, typer.Option("--thorough", help="Twenty times the examples.")] = False,
) -> None:
    """Ask a block for every law of its role; the exit code is 1 where one is broken."""
    block = block_of(name)
    from rlblocks.testing import laws_of

    laws = list(laws_of(block, only=tuple(only or ()), profile="thorough" if thorough else "fast"))
    screen = Screen.of()
    screen.write(f"{block!r}, of role {block.role}", "bold")
    counts: dict[str, int] = {}
    for asked in laws:
        result = asked.result()
        counts[result.status] = counts.get(result.status, 0) + 1
        _show(screen, result)
    screen.write(", ".join(f"{count} {status}" for status, count in counts.items()), "bold")
    if counts.get("failed"):
        raise typer.Exit(1)


def _show(screen: Screen, result: Result) -> None:
    mark, style = MARKS[result.status]
    said = f": {result.reason}" if result.status in ("skipped", "waived") else ""
    screen.write(f"  {screen.paint(mark.ljust(COLUMN), style)}{result.law:<8}{result.title}{said}")
    if result.status == "failed":
        indent = " " * (COLUMN + 2)
        screen.write(f"{indent}{result.reason}")
        for line in result.counterexample.splitlines():
            screen.write(f"{indent}    {line}")


def block_of(text: str) -> Block:
    """The block that a person means; a class is made with its defaults.

    Raises:
        RecipeError: there is none, or it cannot be made.
    """
    module, colon, name = text.partition(":")
    if colon:
        found = _attribute(_module(module), name, text)
    else:
        from rlblocks.cli.describe import blocks_named

        known = blocks_named(text)
        if not known:
            raise RecipeError(
                f"there is no block {text!r}", fix="write MODULE:BLOCK, as in my_package.targets:MyTarget"
            )
        found = known[0]
    return _made(found, text)


def _no_block(text: str) -> RecipeError:
    from rlblocks._core.block import blocks_of, roles

    known = [block for role in roles() for block in blocks_of(role)]
    close = (
        did_you_mean(text, known) if nearest(text, known) else "write MODULE:BLOCK, as in my_package.targets:MyTarget"
    )
    return RecipeError(f"there is no block {text!r}", fix=close)


def _module(name: str) -> ModuleType:
    if os.getcwd() not in sys.path:  # noqa: PTH109  paths of imports are texts
        sys.path.insert(0, os.getcwd())  # noqa: PTH109
    try:
        return importlib.import_module(name.removesuffix(".py").replace(os.sep, "."))
    except ImportError as error:
        absent = isinstance(error, ModuleNotFoundError) and name.startswith(str(error.name))
        said = f"there is no module {name!r}" if absent else f"the module {name!r} does not import: {error}"
        raise RecipeError(said, fix="write it as in Python, from here: my_package.targets:MyTarget") from None


def _attribute(module: ModuleType, name: str, text: str) -> Any:
    from rlblocks._core.block import Block

    blocks = [key for key, value in vars(module).items() if _is_block(value, Block) and not key.startswith("_")]
    if name not in vars(module):
        raise RecipeError(f"{module.__name__} has no {name!r}", fix=did_you_mean(name, blocks), text=text)
    return vars(module)[name]


def _is_block(value: object, root: type[Block]) -> bool:
    kind = value if isinstance(value, type) else type(value)
    return issubclass(kind, root) and bool(kind.registered_name)


def _made(found: Any, text: str) -> Block:
    from rlblocks._core.block import Block

    if not _is_block(found, Block):
        raise RecipeError(f"{text} is no block", fix="put @block(...) on a class that derives from a role")
    if not isinstance(found, type):
        return found  # type: ignore[no-any-return]
    missing = [a.name for a in attrs.fields(found) if a.default is attrs.NOTHING]
    if missing:
        raise RecipeError(
            f"{found.__name__} cannot be made without {', '.join(missing)}",
            fix=f"make one in its module and name that: example = {found.__name__}({missing[0]}=...)",
        )
    return found()  # type: ignore[no-any-return]
