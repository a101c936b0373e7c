"""`rlblocks draw`: a recipe as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rlblocks._core.errors import RecipeError
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
    *,
    svg: Annotated[Path | None, typer.Option("--svg", help="Write a picture.", show_default=False)] = None,
    mermaid: Annotated[
        Path | None, typer.Option("--mermaid", help="Write Mermaid text (printed otherwise).", show_default=False)
    ] = None,
) -> None:  # fmt: skip
    """Draw who writes which key and who reads it."""
    from rlblocks._core.wiring import wire
    from rlblocks.cli._recipes import prepared
    from rlblocks.cli._settings import settings_of
    from rlblocks.runs import drawing

    plan = wire(prepared(recipe, settings_of(settings or []))[0])
    screen = Screen.of()
    if svg is None and mermaid is None:
        screen.write(drawing.mermaid(plan).rstrip())
    for path, text in ((svg, drawing.svg), (mermaid, drawing.mermaid)):
        if path is not None:
            _write(path, text(plan))
            screen.write(str(path))


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        said = (error.strerror or str(error)).lower()
        raise RecipeError(f"{path} could not be written: {said}", fix="name another place", path=path) from None
