"""`rlblocks plot`: learning curves, and values on the cells of a grid world."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rlblocks._core.errors import RecipeError
from rlblocks.cli._names import complete_run
from rlblocks.cli._screen import Screen

Runs = Annotated[
    list[str], typer.Argument(metavar="RUN...", help="Run folders, or groups of seeds.", autocompletion=complete_run)
]
To = Annotated[
    Path | None, typer.Option("--to", help="The picture's name; an SVG lies beside the PNG.", show_default=False)
]
Values = Annotated[
    bool, typer.Option("--values", help="Draw the values that were learned and what is done, on the cells of a grid.")
]


def plot(runs: Runs, to: To = None, values: Values = False) -> None:
    """Draw the learning curve of a run, or of several seeds with their mean and interval."""
    from rlblocks.cli._recipes import group_of, runs_of

    if values:
        from rlblocks.runs.values import draw_values

        found = runs_of(runs)
        if to is not None and len(found) > 1:
            raise RecipeError(f"{len(found)} runs have a picture each, and --to names one", fix="name one run")
        for run in found:
            show(draw_values(run, to))
        return
    from rlblocks.runs.folder import CURVES
    from rlblocks.runs.plots import curve

    group = group_of(runs[0]) if len(runs) == 1 else None
    if to is None and group is not None:
        to = group / CURVES[0]
    show(curve(*runs_of(runs), to=to))


def show(picture: Path) -> None:
    """Say where a picture and its SVG are."""
    screen = Screen.of()
    screen.write(str(picture))
    screen.write(str(picture.with_suffix(".svg")))
