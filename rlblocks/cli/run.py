"""`rlblocks run`: train."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from rlblocks.cli._callbacks import boards
from rlblocks.cli._names import complete_recipe, complete_run, complete_setting

if TYPE_CHECKING:
    from rlblocks.runs.events import Callback
    from rlblocks.runs.run import Run

Quiet = Annotated[bool, typer.Option("--quiet", help="Show nothing.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object per event, for programs.")]
CheckLaws = Annotated[
    bool, typer.Option("--check-laws", help="Ask cheap laws of real batches; the exit code is 1 where one is broken.")
]
Plain = Annotated[bool, typer.Option("--plain", help="Plain lines, as in a pipe.")]
TensorBoard = Annotated[
    bool, typer.Option("--tensorboard", help="Write TensorBoard files into the run folder as well.")
]


def run(
    recipe: Annotated[
        str, typer.Argument(help="A recipe's name or a TOML file.", show_default=False, autocompletion=complete_recipe)
    ],
    settings: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME=VALUE]...", help="Options of the run and changes to the recipe.", show_default=False,
            autocompletion=complete_setting,
        ),
    ] = None,
    *,
    quiet: Quiet = False,
    json: Json = False,
    plain: Plain = False,
    tensorboard: TensorBoard = False,
    check_laws: CheckLaws = False,
) -> None:  # fmt: skip
    """Train a recipe.

    Options of the run: steps, seed, seeds (0..9 trains ten runs on the cores there are), device, threads, compile,
    evaluate_every, episodes, evaluation_steps, save_every, stop (solved ends the run early), video, check_laws, folder,
    patch (several with commas).

    Every other name is a place in the recipe, in full or as short as it is unmistakable: env, gamma, store.capacity,
    target=double_q, lr=3e-4. Settings are applied from left to right.
    """
    view = view_of(quiet=quiet, json=json, plain=plain)
    _train(recipe, settings or [], view, boards(wanted=tensorboard), ["--check-laws"] * check_laws)


def _train(recipe: str, settings: list[str], view: str, callbacks: list[Callback], flags: list[str]) -> None:
    """Train one seed or several. `flags` are those that matter to what is done."""
    from rlblocks.cli._recipes import prepared
    from rlblocks.cli._settings import settings_of

    chosen = settings_of(settings)
    made, options, notes = prepared(recipe, chosen)
    if flags:
        options = {"check_laws": "sampled", **options}
    command = shlex.join(["rlblocks", "run", recipe, *settings, *flags])
    if chosen.seeds:
        from rlblocks.cli import _many

        _many.begin(made, chosen, options=options, view=view, command=command, notes=notes)
        return
    from rlblocks.runs.train import train

    _judge(train(made, folder=chosen.folder, view=view, callbacks=callbacks, command=command, notes=notes, **options))


def _judge(ended: Run) -> None:
    """The exit code of a run of which a law was broken is 1; which one was said already."""
    if ended.laws.broken:
        raise typer.Exit(1)


def resume(
    run: Annotated[
        str,
        typer.Argument(
            help="A run folder, the beginning of its name, or a group of seeds.", autocompletion=complete_run
        ),
    ],
    quiet: Quiet = False,
    json: Json = False,
    plain: Plain = False,
    tensorboard: TensorBoard = False,
) -> None:
    """Go on with a run where its last checkpoint stands."""
    from rlblocks.cli import _many
    from rlblocks.cli._recipes import group_of, run_of
    from rlblocks.runs.train import resume as go_on

    view = view_of(quiet=quiet, json=json, plain=plain)
    group = group_of(run)
    if group is not None:
        _many.go_on(group, view)
        return
    _judge(go_on(run_of(run), view=view, callbacks=boards(wanted=tensorboard)))


def view_of(*, quiet: bool, json: bool, plain: bool) -> str:
    """The view that the options ask for.

    Raises:
        RecipeError: several are asked for.
    """
    from rlblocks._core.errors import RecipeError

    asked = [name for name, wanted in (("quiet", quiet), ("json", json), ("plain", plain)) if wanted]
    if len(asked) > 1:
        raise RecipeError(f"{' and '.join(f'--{name}' for name in asked)} exclude each other", fix=f"keep --{asked[0]}")
    return asked[0] if asked else "auto"
