"""The verbs, in the order in which one meets them."""

from __future__ import annotations

from typing import Annotated

import typer

from rlblocks.cli.check import check
from rlblocks.cli.compare import compare
from rlblocks.cli.describe import describe
from rlblocks.cli.diff import diff
from rlblocks.cli.doctor import doctor
from rlblocks.cli.draw import draw
from rlblocks.cli.evaluate import evaluate
from rlblocks.cli.explain import explain
from rlblocks.cli.laws import laws
from rlblocks.cli.listing import listing
from rlblocks.cli.new import new
from rlblocks.cli.play import play
from rlblocks.cli.plot import plot
from rlblocks.cli.run import resume, run

app = typer.Typer(
    help="Reinforcement learning assembled from interchangeable blocks.", no_args_is_help=True, rich_markup_mode=None,
    pretty_exceptions_enable=False, context_settings={"help_option_names": ["--help", "-h"]},
)  # fmt: skip


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"rlblocks {version('rlblocks')}")
        raise typer.Exit


@app.callback()
def _program(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="With any verb: show where an error arose.")] = False,
) -> None:
    """Start with: rlblocks run dqn."""


TRAIN, LOOK, READ, BUILD = "Train", "Look at runs", "Look at recipes and blocks", "Build"
for panel, name, verb in (
    (TRAIN, "run", run),
    (TRAIN, "resume", resume),
    (LOOK, "evaluate", evaluate),
    (LOOK, "play", play),
    (LOOK, "plot", plot),
    (LOOK, "compare", compare),
    (READ, "list", listing),
    (READ, "describe", describe),
    (READ, "explain", explain),
    (READ, "diff", diff),
    (READ, "draw", draw),
    (BUILD, "check", check),
    (BUILD, "laws", laws),
    (BUILD, "doctor", doctor),
):
    app.command(name, rich_help_panel=panel)(verb)
app.add_typer(new, name="new", rich_help_panel=BUILD)
