"""What all printed functions of one recipe share, and the misfits that they report."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs

from rlblocks._core.block import Block
from rlblocks._core.declare import Derived, Read
from rlblocks._core.errors import RecipeError, RlblocksError
from rlblocks._core.keys import Spec
from rlblocks._core.paths import walk
from rlblocks._core.recipe import Recipe
from rlblocks._core.source import variable


@attrs.define
class World:
    """What all pages of one recipe share, and what they report."""

    recipe: Recipe
    sizes: Mapping[str, int]
    noise: Mapping[str, int]  # standard normals that one pass of a network takes
    wires: Callable[[Recipe], bool]  # whether another recipe would, in the same environment: asked before it is offered
    reads: dict[str, dict[str, Spec]] = attrs.Factory(dict)  # network -> what it reads
    writers: dict[str, str] = attrs.Factory(dict)  # key name -> network
    specs: dict[str, Spec] = attrs.Factory(dict)  # key name -> what a network writes
    columns: dict[str, Spec] = attrs.Factory(dict)  # what collecting writes
    problems: list[RlblocksError] = attrs.Factory(list)
    targets_read: set[str] = attrs.Factory(set)
    network_keys_read: set[str] = attrs.Factory(set)
    namespace: dict[str, Block] = attrs.Factory(dict)  # name in the source -> block
    derived: dict[tuple[str, str], Derived] = attrs.Factory(dict)  # key name, `at` -> what follows from a pass
    remembers: str = ""  # the network with a memory
    carried: dict[str, Block] = attrs.Factory(dict)  # slot -> a block that remembers (optimizers apart)
    rows: dict[str, Spec] = attrs.Factory(dict)  # what an objective has of each row, its target included
    unserved: set[tuple[str, str]] = attrs.Factory(set)  # slot, and the name of a key that it reads and nobody writes

    def blame(self, what: str, fix: str = "", **facts: object) -> str:
        """Collect a problem; the value stands in for the expression that could not be found."""
        problem = RecipeError(what, fix=fix, **facts)
        if str(problem) not in {str(p) for p in self.problems}:
            self.problems.append(problem)
        return "None"

    def misfit(self, slot: str, block: Block, which: str, fix: str, **facts: object) -> str:
        """Collect a problem of the block in a slot."""
        return self.blame(f"slot {slot!r} holds {type(block).__name__}, which {which}", fix, slot=slot, **facts)

    def named(self, block: Block, slot: str) -> str:
        """A name for a block in the source: its registry name, made unique by its slot."""
        name = variable(type(block).registered_name)
        if name in self._variables() or self.namespace.setdefault(name, block) != block:
            name = variable(slot)
            self.namespace[name] = block
        return name

    def _variables(self) -> set[str]:
        """Every name that a printed function may use for a tensor."""
        blocks = [node for _, node in walk(self.recipe) if isinstance(node, Block)]
        keys = {key for block in blocks for key in block.outputs}
        keys |= {asked.key for block in blocks for asked in block.inputs.values() if isinstance(asked, Read)}
        own = (*keys, "grads", "params", "carry")  # of one of several objectives
        keys |= {f"{objective}.{key}" for objective in self.recipe.objectives for key in own}
        keys |= {f"{network}.{what}" for network in self.recipe.networks for what in ("net", "target_net", "tensors")}
        return {variable(key) for key in (*keys, *self.columns, *self.specs)}


def learns_beginnings(recipe: Recipe) -> bool:
    """Whether a block reads where episodes begin, besides explorers, which are told as they act."""
    blocks = [node for _, node in walk(recipe) if isinstance(node, Block) and node.role != "explorers"]
    return any(isinstance(asked, Read) and asked.key == "is_first" for b in blocks for asked in b.inputs.values())
