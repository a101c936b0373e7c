"""`rlblocks draw`: a recipe as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rlblocks.cli._names import complete_recipe, complete_setting
from rlblocks.cli._screen import Screen


def draw(
    recipe: Annotated[
        str, typer.Argument(help="A recipe's name or a TOML file.", show_default=False, autocompletion=complete_recipe)
    ],
    settings: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME=VALUE]...", help="As in rlblocks run.", show_default=False, autocompletion=complete_setting
        ),
    ] = None,
    svg: Annotated[Path | None, typer.Option("--svg", metavar="FILE", help="Write an SVG picture.")] = None,
    mermaid: Annotated[Path | None, typer.Option("--mermaid", metavar="FILE", help="Write Mermaid text.")] = None,
) -> None:
    """Draw a recipe: Mermaid text on the screen, or files."""
    from rlblocks._core.wiring import wire
    from rlblocks.cli._recipes import prepared
    from rlblocks.cli._settings import settings_of
    from rlblocks.runs import drawing

    plan = wire(prepared(recipe, settings_of(settings or []))[0])
    screen = Screen.of()
    for path, text in ((svg, drawing.svg), (mermaid, drawing.mermaid)):
        if path is not None:
            path.write_text(text(plan), encoding="utf-8")
            screen.write(str(path))
    if svg is None and mermaid is None:
        screen.write(drawing.mermaid(plan))
