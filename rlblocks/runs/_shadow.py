"""The printed functions of a run on copies of all that they change, with every call of a block recorded."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import numpy as np
import torch
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks._core.dry_run import namespace
from rlblocks._core.paths import join, walk
from rlblocks._core.plan import Plan, Printed
from rlblocks._core.randomness import Draws, Numbers
from rlblocks._core.state import State
from rlblocks.networks.module import network_spec
from rlblocks.testing._call import snapshot
from rlblocks.testing._given import Around


@attrs.frozen(eq=False)
class Recorded:
    """One call of `compute`.

    Attributes:
        slot: where the block stands in the recipe; the first place, where several hold equal blocks.
        block: the block.
        arguments: what it was handed, copied before the call.
        wrote: what it returned, copied.
        around: what laws want to know beside the arguments.
    """

    slot: str
    block: Block
    arguments: Mapping[str, Any]
    wrote: Any
    around: Around


class _Listening:
    """Stands in the place of a block in a printed function: calls it, and takes note."""

    def __init__(self, block: Block, note: Callable[[Block, Mapping[str, Any], Any], None]) -> None:
        self._block: Any = block
        self._note = note

    def compute(self, **given: Any) -> Any:
        """What the block computes."""
        kept = snapshot(given)
        wrote = self._block.compute(**given)
        self._note(self._block, kept, snapshot(wrote))
        return wrote

    def __getattr__(self, name: str) -> Any:
        return getattr(self._block, name)


class Shadow:
    """The networks and all that blocks remember, copied as they stand now.

    Attributes:
        calls: what was recorded, one call of each block in each function.
        target: the copies of the target networks.
    """

    def __init__(self, state: State, generator: np.random.Generator) -> None:
        self.calls: list[Recorded] = []
        self._state, self._plan, self._generator = state, state.plan, generator
        self.online, self.target, carries = copy.deepcopy((state.online, state.target, state.carries))
        self._timed, self._seen = False, set[int]()
        names = namespace(self._plan, self.online, self.target, carries, torch.autograd.grad)
        self._names = names | {name: _Listening(block, self._note) for name, block in self._plan.blocks.items()}
        self._members = members_by_key(self._plan)

    def _note(self, block: Block, given: Mapping[str, Any], wrote: Any) -> None:
        if id(block) in self._seen:
            return
        self._seen.add(id(block))
        around = Around(self._plan.columns["action"], self._members, timed=self._timed)
        self.calls.append(Recorded(slot_of(self._plan, block), block, given, wrote, around))

    def run(self, part: Printed, chunk: Mapping[str, Any], lead: tuple[int, ...]) -> dict[str, Tensor]:
        """Call a printed function on columns, with random numbers of our own; `lead` are the dims before a row."""
        state, device = self._state, self._state.device
        self._timed, self._seen = len(lead) > 1, set[int]()
        function = part.define(f"{self._plan.recipe.name} copied", self._names)
        tensors = {key: torch.as_tensor(chunk[key]).clone().to(device) for key in part.columns}
        numbers = Numbers(part.numbers, device, _paces(part, self._plan))(state.counters)
        late = (set(self._plan.recipe.objectives),) if "due)" in part.source.partition("\n")[0] else ()
        wrote: dict[str, Tensor] = function(tensors, numbers, Draws(part.draws, lead, self._generator, device)(), *late)
        return wrote


def slot_of(plan: Plan, block: Block) -> str:
    """The first place in the recipe that holds this block."""
    return next((join(steps) for steps, node in walk(plan.recipe) if isinstance(node, Block) and node == block), "")


def members_by_key(plan: Plan) -> dict[str, int]:
    """Of how many members each key is told, where there are several: by networks, or by a target to each of them."""
    found: dict[str, int] = {}
    for name, network in plan.recipe.networks.items():
        if network.members > 1:
            spec = network_spec(plan.reads[name], network.body, plan.columns["action"])
            found |= dict.fromkeys(network.head.writes(spec), network.members)
    for objective in plan.recipe.objectives.values():
        found |= {key: of.members for key, of in objective.target.specs.items() if of.members}
    return found


def _paces(part: Printed, plan: Plan) -> dict[str, int]:
    """For each number of an objective, every how many learn steps that objective runs."""
    of = {name: name.split(".")[1] for name in part.numbers if name.startswith("objectives.")}
    return {name: int(plan.recipe.objectives[owner].every.count) for name, owner in of.items()}
