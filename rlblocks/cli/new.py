"""`rlblocks new`: begin a block of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rlblocks.cli._screen import Screen
from rlblocks.cli.listing import complete_role, role_called

new = typer.Typer(help="Begin something of your own.", no_args_is_help=True, rich_markup_mode=None)


@new.callback()
def _new() -> None:
    """Begin something of your own."""


@new.command("block")
def block(
    name: Annotated[
        str, typer.Argument(metavar="[PACKAGE/]NAME", help="In snake case, as in lab/soft_q.", show_default=False)
    ],
    *,
    role: Annotated[str, typer.Option("--role", help="What it does, as in targets.", autocompletion=complete_role)],
) -> None:
    """Make a package with a block, the test of its laws, and the entry point by which it is found."""
    from rlblocks.cli._scaffold import scaffold_of, write

    scaffold = scaffold_of(name, role_called(role))
    screen = Screen.of()
    for path in write(scaffold, Path()):
        screen.write(str(path))
    package, word = scaffold.package, scaffold.name
    screen.write("\nnext", "bold")
    screen.rows([
        (f"pip install -e {package}", "makes rlblocks find it"),
        (f"pytest {package}", "asks it for the laws of its role"),
        (f"rlblocks describe {package}/{word}", "shows what it reads and writes"),
    ])  # fmt: skip
