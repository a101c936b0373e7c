"""What is offered where a head or an explorer cannot serve the actions of an environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

import attrs

from rlblocks._core.block import blocks_of, fields_of, with_fields
from rlblocks._core.keys import Spec
from rlblocks._core.recipe import slots_of
from rlblocks._core.remedies import fitting_blocks, plain

if TYPE_CHECKING:
    from rlblocks._core.world import World
    from rlblocks.distributions import Distribution
    from rlblocks.explorers.base import Explorer
    from rlblocks.networks.base import Head

BOUND = "bound the actions (gymnasium.wrappers.TransformAction)"


def other_head(world: World, slot: str, head: Head, action: Spec, reads: Mapping[str, Spec]) -> str:
    """The distributions that serve such actions, of a head that holds one; else the recipes whose heads serve them.

    Where an action lacks a bound, other blocks of the recipe may need one too: then only what makes it wire is offered.
    """
    from rlblocks.networks import NetworkSpec

    bound = [BOUND] if _unbounded(action) and not head.misfit(NetworkSpec(1, _between(action))) else []
    found = _distributions(world, slot, head, action)
    if found is None or (bound and not found):
        recipes = _recipes(action, reads)
        found, kind = recipes, "recipes that act in this space"
    else:
        kind = "distributions of such actions"
    others = [f"{'use ' if bound else ''}{kind}: {', '.join(found)}"] if found else []
    return ", or ".join([*bound, *others]) or "use an environment with Discrete actions"


def other_explorers(world: World, explorer: Explorer, known: Mapping[str, Spec]) -> str:
    """To wrap the environment, or the explorers that choose such actions."""
    action = world.columns["action"]
    fits = fitting_blocks(explorer, known, world)
    refused = [slot for slot, held in slots_of(world.recipe, "explorers") if cast("Explorer", held).misfit(action)]
    kinds = blocks_of("explorers")
    serve = [name for name in fits if world.wires(world.recipe.swap({slot: kinds[name]() for slot in refused}))]
    unbounded = _unbounded(action) and not explorer.misfit(_between(action))
    offered = serve if unbounded else serve or fits
    wrap = BOUND if unbounded else "wrap the environment"
    return f"{wrap}, or use another explorer in this slot: {', '.join(offered)}" if offered else wrap


def _distributions(world: World, slot: str, head: Head, action: Spec) -> list[str] | None:
    """The distributions that serve such actions, where the head holds any."""
    from rlblocks.distributions import Distribution
    from rlblocks.networks import NetworkSpec

    held = [field for field in fields_of(type(head)) if isinstance(getattr(head, field), Distribution)]
    if not held:
        return None
    kinds = {name: cast("type[Distribution]", kind) for name, kind in blocks_of("distributions").items() if plain(kind)}
    fits = [name for name, kind in kinds.items() if not kind().misfit(action)]
    if not _unbounded(action):
        return fits
    spec = NetworkSpec(1, action)
    ways = {name: [other for field in held if not (other := with_fields(head, **{field: kinds[name]()})).misfit(spec)]
            for name in fits}  # fmt: skip
    return [name for name, others in ways.items() if others and world.wires(world.recipe.swap({slot: others[0]}))]


def _recipes(action: Spec, reads: Mapping[str, Spec]) -> list[str]:
    """The recipes whose networks act so on what is observed."""
    from rlblocks.networks import NetworkSpec, input_misfit
    from rlblocks.recipes import RECIPES

    spec, made = NetworkSpec(1, action), {name: make() for name, make in RECIPES.items()}
    seen = {"observation": reads["observation"]} if "observation" in reads else {}
    return [name for name, recipe in made.items()
            if not any(network.head.misfit(spec) or (tuple(seen) == network.reads and input_misfit(seen, network.body))
                       for network in recipe.networks.values())]  # fmt: skip


def _unbounded(action: Spec) -> bool:
    return not action.n and (action.low is None or action.high is None)


def _between(action: Spec) -> Spec:
    """The same actions, with bounds."""
    return attrs.evolve(action, low=-1.0, high=1.0)
