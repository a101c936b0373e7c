"""`rlblocks list`: what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from rlblocks.cli._screen import Screen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ORDER = (  # of the roles: what one swaps most often first
    "targets", "losses", "aggregates", "returns", "transforms", "optimizers", "clips", "explorers", "schedules",
    "stores", "bodies", "heads", "distributions", "layers", "value_forms", "target_updates", "cadences", "early_stops",
    "normalizers", "envs", "wrappers",
)  # fmt: skip


def complete_role(incomplete: str) -> list[str]:
    """Roles that begin so."""
    from rlblocks._core.block import roles

    return [name for name in roles() if name.startswith(incomplete)]


def role_called(text: str) -> str:
    """The role of this name, in the singular too; any other text as it is.

    >>> role_called("targets"), role_called("body"), role_called("loss"), role_called("nonsense")
    ('targets', 'bodies', 'losses', 'nonsense')
    """
    from rlblocks._core.block import roles

    return next((name for name in roles() if name in {text, f"{text}s", f"{text}es", f"{text[:-1]}ies"}), text)


def listing(
    role: Annotated[
        str | None,
        typer.Argument(help="A role, such as targets: its blocks.", show_default=False, autocompletion=complete_role),
    ] = None,
) -> None:
    """List recipes, patches, and the blocks of every role."""
    screen = Screen.of()
    if role is not None:
        _role(screen, role_called(role))
        return
    from rlblocks._core.block import blocks_of, roles
    from rlblocks.recipes import PATCHES, RECIPES

    screen.write("recipes", "bold")
    screen.rows((name, first_line(recipe)) for name, recipe in RECIPES.items())
    screen.write("\npatches", "bold")
    screen.rows((name, _of_patch(name, patch)) for name, patch in PATCHES.items())
    screen.write("\nblocks, by role", "bold")
    screen.rows((name, ", ".join(blocks_of(name)) or "none yet") for name in in_order(roles()))
    screen.hint("rlblocks run dqn patch=double,huber    rlblocks list targets    rlblocks describe double_q")


def _role(screen: Screen, role: str) -> None:
    from rlblocks._core.block import blocks_of

    screen.rows((name, first_line(block)) for name, block in blocks_of(role).items())


def in_order(names: Iterable[str]) -> list[str]:
    """Roles as they are listed; those of other packages come last."""
    return sorted(names, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))


def first_line(of: object) -> str:
    """The first line of a docstring."""
    return (of.__doc__ or "").strip().partition("\n")[0].strip()


def _of_patch(name: str, patch: Callable[..., object]) -> str:
    """What a patch says of itself; one that was made by a function says what that function says."""
    from rlblocks.recipes import patches

    return first_line(getattr(patches, name, patch))
