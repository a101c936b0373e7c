"""`rlblocks plot` and `rlblocks compare`: learning curves."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rlblocks.cli._names import complete_run
from rlblocks.cli._screen import Screen

Runs = Annotated[
    list[str], typer.Argument(metavar="RUN...", help="Run folders, or groups of seeds.", autocompletion=complete_run)
]
To = Annotated[
    Path | None, typer.Option("--to", help="The picture's name; an SVG lies beside the PNG.", show_default=False)
]


def plot(runs: Runs, to: To = None) -> None:
    """Draw the learning curve of a run, or of several seeds with their mean and interval."""
    from rlblocks.cli._recipes import runs_of
    from rlblocks.runs.plots import curve

    show(curve(*runs_of(runs), to=to))


def show(picture: Path) -> None:
    """Say where a picture and its SVG are."""
    screen = Screen.of()
    screen.write(str(picture))
    screen.write(str(picture.with_suffix(".svg")))
