"""Which blocks a person means who wants them checked: one in a module, a registered one, or all of a package."""

from __future__ import annotations

import importlib.util
import os
import pkgutil
import sys
from typing import TYPE_CHECKING, Any

import attrs

from rlblocks._core.block import Block
from rlblocks._core.errors import FieldError, RecipeError, RlblocksError, did_you_mean, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

AS_IN_PYTHON = "write it as in Python, from here: my_package.targets:MyTarget"


@attrs.frozen
class Meant:
    """What was found under a name.

    Attributes:
        blocks: the instances to be asked.
        unmade: what could not be asked: its name, and why with what to do.
    """

    blocks: tuple[Block, ...] = ()
    unmade: tuple[tuple[str, str], ...] = ()


def blocks_meant(text: str) -> Meant:
    """The blocks that a person means; a class is made with its defaults.

    Args:
        text: `module:Block`, a registry name, the name under which an installed package offers blocks, or a module.

    Raises:
        RecipeError: there is none, or the one that is named cannot be made.
    """
    module, colon, name = text.partition(":")
    if colon:
        return Meant((_made(_attribute(_module(module), name, text), text),))
    from rlblocks.cli.describe import blocks_named

    known = blocks_named(text)
    if known:
        return Meant(tuple(_made(block, text) for block in known))
    offered = _offered().get(text)
    if offered is None and not _exists(text):
        raise RecipeError(f"there is no block, module or plug-in {text!r}", fix=_close(text))
    return _all_of(_module(offered or text))


def _offered() -> dict[str, str]:
    """The modules that installed packages offer, by the name under which they do."""
    from importlib.metadata import entry_points

    return {entry.name: entry.module for entry in entry_points(group="rlblocks.blocks")}


def _close(text: str) -> str:
    from rlblocks._core.block import blocks_of, nearest_block, roles

    known = [*_offered(), *(block for role in roles() for block in blocks_of(role))]
    return nearest_block(text, known) if "/" in text or nearest(text, known) else AS_IN_PYTHON


def _exists(name: str) -> bool:
    _look_here()
    parts = name.removesuffix(".py").replace(os.sep, ".").split(".")
    try:
        return all(part.isidentifier() for part in parts) and importlib.util.find_spec(".".join(parts)) is not None
    except ImportError:
        return False


def _look_here() -> None:
    here = os.getcwd()  # noqa: PTH109  paths of imports are texts
    if here not in sys.path:
        sys.path.insert(0, here)


def _module(name: str) -> ModuleType:
    _look_here()
    try:
        return importlib.import_module(name.removesuffix(".py").replace(os.sep, "."))
    except (Exception, SystemExit) as error:  # noqa: BLE001  a module may break in any way while it is imported
        absent = isinstance(error, ModuleNotFoundError) and name.startswith(str(error.name))
        said = f"there is no module {name!r}" if absent else _does_not_import(name, error)
        raise RecipeError(said, fix=AS_IN_PYTHON if absent else _repair(error)) from None


def _does_not_import(name: str, error: BaseException) -> str:
    return f"the module {name!r} does not import: {type(error).__name__}: {(str(error).splitlines() or [''])[0]}"


def _repair(error: BaseException) -> str:
    if isinstance(error, RlblocksError) and error.fix:
        return error.fix
    if isinstance(error, ModuleNotFoundError):
        return f"install what it needs: pip install {str(error.name).partition('.')[0]}"
    return "import it in Python to see where that arose"


def _all_of(module: ModuleType) -> Meant:
    """Every block that a module, or a package with all of its modules, declares."""
    blocks: list[Block] = []
    unmade: list[tuple[str, str]] = []
    modules = list(_inside(module, unmade))
    for kind in sorted({kind for found in modules for kind in _declared(found, module)}, key=lambda k: k.__qualname__):
        examples = [value for found in modules for value in vars(found).values() if type(value) is kind]
        try:
            blocks.append(examples[0] if examples else _made(kind, kind.__name__))
        except RecipeError as error:
            unmade.append((kind.__name__, f"{error.what}; {error.fix}"))
    if not blocks and not unmade:
        raise RecipeError(f"{module.__name__} declares no block", fix="put @block(...) on a class that is of a role")
    return Meant(tuple(blocks), tuple(unmade))


def _inside(module: ModuleType, unmade: list[tuple[str, str]]) -> Iterator[ModuleType]:
    """A module and, of a package, all modules in it; those that do not import are told."""
    yield module
    for found in pkgutil.walk_packages(getattr(module, "__path__", ()), f"{module.__name__}.", onerror=lambda _: None):
        if found.name.rpartition(".")[2] == "__main__":
            continue
        try:
            yield _module(found.name)
        except RecipeError as error:
            unmade.append((found.name, f"{error.what}; {error.fix}"))


def _declared(module: ModuleType, root: ModuleType) -> Iterator[type[Block]]:
    """The classes of blocks in a module that the package itself declares."""
    for name, value in vars(module).items():
        ours = isinstance(value, type) and f"{value.__module__}.".startswith(f"{root.__name__}.")
        if ours and not name.startswith("_") and _is_block(value):
            yield value


def _attribute(module: ModuleType, name: str, text: str) -> Any:
    blocks = [key for key, value in vars(module).items() if _is_block(value) and not key.startswith("_")]
    if name not in vars(module):
        raise RecipeError(f"{module.__name__} has no {name!r}", fix=did_you_mean(name, blocks), text=text)
    return vars(module)[name]


def _is_block(value: object) -> bool:
    kind = value if isinstance(value, type) else type(value)
    return issubclass(kind, Block) and bool(kind.registered_name)


def _made(found: Any, text: str) -> Block:
    if not _is_block(found):
        raise RecipeError(f"{text} is no block", fix="put @block(...) on a class that derives from a role")
    if not isinstance(found, type):
        return found  # type: ignore[no-any-return]
    missing = [a.name for a in attrs.fields(found) if a.default is attrs.NOTHING and a.init]
    if missing:
        raise RecipeError(
            f"{found.__name__} cannot be made without {', '.join(missing)}",
            fix=f"make one in its module and name that: example = {found.__name__}({missing[0]}=...)",
        )
    try:
        return found()  # type: ignore[no-any-return]
    except FieldError as error:
        raise RecipeError(f"{found.__name__}() cannot be made: {error.what}", fix=error.fix) from None
