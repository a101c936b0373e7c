"""`rlblocks explain`: the very source that runs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import typer

from rlblocks.cli._names import complete_recipe, complete_setting
from rlblocks.cli._screen import Screen

if TYPE_CHECKING:
    from rlblocks._core.plan import Plan

UNITS = ("bytes", "kB", "MB", "GB", "TB")


def explain(
    recipe: Annotated[
        str, typer.Argument(help="A recipe's name or a TOML file.", show_default=False, autocompletion=complete_recipe)
    ],
    settings: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME=VALUE]...", help="As in rlblocks run.", show_default=False, autocompletion=complete_setting
        ),
    ] = None,
) -> None:
    """Print the source that runs, with what it costs."""
    from rlblocks._core.wiring import wire
    from rlblocks.cli._recipes import prepared
    from rlblocks.cli._settings import settings_of

    made, options, notes = prepared(recipe, settings_of(settings or []))
    plan = wire(made)
    costs = [f"# {line}".rstrip() for line in ("", *costs_of(plan, options.get("steps", 0)))]
    text = "\n".join([*(f"# {note}" for note in notes), plan.source.rstrip(), "", *costs])
    show_source(Screen.of(), text)


def show_source(screen: Screen, text: str) -> None:
    """Python source, in colours on a terminal."""
    if not screen.colours:
        screen.write(text)
        return
    from rich.console import Console
    from rich.syntax import Syntax

    syntax = Syntax(text, "python", theme="ansi_dark", background_color="default", word_wrap=True)
    Console(file=screen.stream, width=screen.width).print(syntax)


def costs_of(plan: Plan, steps: int) -> list[str]:
    """Parameters, memory and learn steps of a wired recipe, a line each."""
    from rlblocks._core.dry_run import META, build_modules
    from rlblocks.runs.options import DEFAULT_STEPS

    recipe, steps = plan.recipe, steps or DEFAULT_STEPS
    rows = []
    for name, module in build_modules(plan, None, META).items():
        copies = ", and as many in its target" if name in plan.follows else ""
        rows.append((f"parameters of {name}", f"{sum(p.numel() for p in module.parameters()):,}{copies}"))
    chunk = recipe.store.chunk(plan.facts.n)
    row, most = recipe.store.row_bytes(plan.columns), recipe.store.most_rows() or math.prod(chunk)
    rows.append(("memory of the store", f"{size(row * most)} ({most:,} rows of {row} bytes)"))
    updates = recipe.cadence.updates_planned(steps, chunk)
    at_least = "at least " if recipe.store.least_rows(plan.facts.n) < math.prod(chunk) else ""  # episodes may be short
    rows.append(("learn steps", f"{at_least}{updates:,} in {steps:,} environment steps ({updates / steps:.3g} a step)"))
    width = max(len(label) for label, _ in rows)
    return [f"{label:<{width}}  {said}" for label, said in rows]


def size(count: float) -> str:
    """Bytes in a unit that one can read.

    >>> size(512), size(2_850_000)
    ('512 bytes', '2.85 MB')
    """
    power = 0
    while count >= 1_000 and power < len(UNITS) - 1:  # noqa: PLR2004  SI prefixes go by thousands
        count, power = count / 1_000, power + 1
    return f"{count:.3g} {UNITS[power]}" if power else f"{count:.0f} {UNITS[0]}"
