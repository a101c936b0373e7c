"""Random recipes: a named one in small sizes, with random blocks in some of its slots."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from hypothesis import strategies as st

from rlblocks._core.block import Block
from rlblocks._core.errors import RecipeError, WiringError
from rlblocks._core.paths import join, walk
from rlblocks._core.recipe import Recipe
from rlblocks._core.wiring import wire
from rlblocks.testing.random_blocks import GALLERY

SMALL: Mapping[str, Any] = {
    "cadence.warmup": 24, "cadence.batch": 8, "store.capacity": 200, "store.steps": 8, "store.count": 2,
    "cadence.updates": 2, "networks.q.body.widths": (8,), "networks.policy.body.widths": (8,),
    "networks.value.body.widths": (8,), "networks.critic.body.widths": (8,), "networks.memory.body.units": 4,
    "networks.critic.members": 3, "store.inner.capacity": 200,
}  # fmt: skip
SWAPS = 3
FIXED = ("envs", "wrappers")  # roles whose blocks stay: of what they name, the most are not installed


def in_small(recipe: Recipe) -> Recipe:
    """The recipe with those of the small sizes that it has a place for and wires with; none larger than its own.

    >>> from rlblocks.recipes import dqn
    >>> in_small(dqn()).get("cadence.batch"), in_small(dqn()).get("networks.q.body.widths")
    (8, (8,))
    """
    for path, value in SMALL.items():
        with suppress(RecipeError):
            own = recipe.get(path)
            recipe = recipe.set({path: min(value, own) if isinstance(own, int | float) else value})
    return recipe.set({"cadence.window": 4}) if "memory" in recipe.networks else recipe


def _slots(recipe: Recipe) -> Iterator[tuple[str, str]]:
    """Every place that holds a block, and its role."""
    for steps, node in walk(recipe):
        if isinstance(node, Block) and node.role not in FIXED:
            yield join(steps), node.role


@st.composite
def compositions(draw: st.DrawFn) -> Recipe:
    """A named recipe with random blocks of the same role in up to three of its slots, inner ones too.

    Whether it wires is not said: about half of them do, and the others have misfits.
    """
    from rlblocks.recipes import RECIPES

    recipe = in_small(RECIPES[draw(st.sampled_from(sorted(RECIPES)))]())
    for _ in range(draw(st.integers(0, SWAPS))):
        path, role = draw(st.sampled_from(sorted(_slots(recipe))))
        block = draw(st.sampled_from(GALLERY.blocks(role)))
        with suppress(RecipeError):  # what holds the slot refuses it by itself
            recipe = recipe.swap({path: block})
    return recipe


def wires(recipe: Recipe) -> bool:
    """Whether a recipe fits together."""
    try:
        wire(recipe)
    except WiringError:
        return False
    return True


def recipes() -> st.SearchStrategy[Recipe]:
    """Random recipes that wire: named ones in small sizes, with random blocks in up to three slots.

    >>> from hypothesis import given, settings
    >>> @settings(max_examples=1, database=None, deadline=None)
    ... @given(recipes())
    ... def every_recipe_that_wires_prints_a_learn_step(recipe):
    ...     assert "def learn(" in wire(recipe).source
    >>> every_recipe_that_wires_prints_a_learn_step()
    """
    return compositions().filter(wires)
