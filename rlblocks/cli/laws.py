"""`rlblocks laws`: what every block of a role must obey."""

from __future__ import annotations

from typing import Annotated

import typer

from rlblocks._core.errors import RecipeError, nearest
from rlblocks.cli._screen import Screen
from rlblocks.cli.listing import complete_role, in_order, role_called


def laws(
    role: Annotated[
        str | None,
        typer.Argument(
            help="A role, such as targets, or a law, such as TGT-5.", show_default=False, autocompletion=complete_role
        ),
    ] = None,
) -> None:
    """List the laws of every role, those of one, or all that is said of one law."""
    from rlblocks._core.block import roles
    from rlblocks.testing import known_roles, laws_for

    screen = Screen.of()
    if role is None:
        counts = {name: sum(1 for _ in laws_for(name)) for name in in_order(known_roles())}
        screen.table(("role", "laws"), [(name, str(count)) for name, count in counts.items()])
        screen.hint("rlblocks laws targets    rlblocks laws TGT-5    rlblocks check double_q")
    elif (named := role_called(role)) in known_roles():
        screen.rows((found.id, found.title) for found in laws_for(named))
    elif role in roles():
        raise RecipeError(f"there are no laws for the role {role!r}", fix="those with laws: rlblocks laws")
    else:
        _law(screen, role)


def _law(screen: Screen, name: str) -> None:
    """All that is said of a law, once for each body that it has."""
    from rlblocks.testing import known_roles, laws_for

    known = {id(found): found for role in known_roles() for found in laws_for(role)}.values()
    named = [found for found in known if found.id == name]
    if not named:
        close = nearest(name, [*known_roles(), *(found.id for found in known)])
        fix = f"did you mean {close!r}?" if close else "rlblocks laws lists the roles, rlblocks laws ROLE their laws"
        raise RecipeError(f"there is no role and no law {name!r}", fix=fix)
    for found in named:
        screen.write(f"{found.id}: {found.title}", "bold")
        for text in (found.why, found.formula, found.reference):
            if text:
                screen.prose(text)
        screen.write(f"of {', '.join(found.roles)}; since {found.since}", "dim")
