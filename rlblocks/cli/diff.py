"""`rlblocks diff`: what differs between two recipes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rlblocks.cli._names import complete_recipe
from rlblocks.cli._screen import Screen

if TYPE_CHECKING:
    from rlblocks._core.diff import Change

Either = Annotated[
    str, typer.Argument(help="A recipe's name, a TOML file or a run folder.", autocompletion=complete_recipe)
]


def diff(a: Either, b: Either) -> None:
    """Say what changes from recipe A to recipe B."""
    from rlblocks._core.diff import describe
    from rlblocks._core.diff import diff as changes_of
    from rlblocks.cli._recipes import recipe_or_run

    changes = changes_of(recipe_or_run(a), recipe_or_run(b))
    screen = Screen.of()
    if not screen.colours:
        screen.write(describe(changes))
        return
    for change in changes:
        if change.path != "name":
            _show(screen, change)
    if all(change.path == "name" for change in changes):
        screen.write(describe(changes))


def _show(screen: Screen, change: Change) -> None:
    """One change, a line for what was and one for what is."""
    from rlblocks._core.diff import Add, Remove

    screen.write(change.path, "bold")
    if not isinstance(change, Add):
        screen.write(f"  - {change.old!r}", "red")
    if not isinstance(change, Remove):
        screen.write(f"  + {change.new!r}", "green")
