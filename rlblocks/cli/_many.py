"""Several seeds of one recipe, as `rlblocks run` and `rlblocks resume` train them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rlblocks._core.errors import RunError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rlblocks._core.recipe import Recipe
    from rlblocks.cli._settings import Settings
    from rlblocks.runs.seeds import Group


def begin(
    recipe: Recipe, settings: Settings, *, options: dict[str, Any], view: str, command: str, notes: Sequence[str]
) -> None:
    """Train every seed.

    Raises:
        RunError: one of them failed.
    """
    from rlblocks.runs.seeds import train_seeds

    chosen = {name: value for name, value in options.items() if name != "seed"}
    _tell(
        train_seeds(recipe, settings.seeds, folder=settings.folder, view=view, command=command, notes=notes, **chosen)
    )


def go_on(folder: Path, view: str) -> None:
    """Go on with every seed of a group that has not ended.

    Raises:
        RunError: one of them failed.
    """
    from rlblocks.runs.seeds import resume_seeds

    _tell(resume_seeds(folder, view=view))


def _tell(group: Group) -> None:
    failed = [one for one in group.results if one.reason == "failed"]
    if failed:
        more = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
        raise RunError(
            f"seed {failed[0].seed}{more} failed: {failed[0].said}",
            fix=f"see what it printed in {group.folder}/seed-*/output.txt",
        )
    from rlblocks.runs.broken_laws import load_report

    for one in group.results:
        found = load_report(one.folder).broken if one.folder is not None else []
        if found:
            raise RunError(f"seed {one.seed}: {found[0]}", fix=f"see all in {group.folder}/seed-*/*/laws.json")
