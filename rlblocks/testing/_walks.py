"""Several steps of an explorer, one after the other, each with numbers of its own and what it remembered before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import torch
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks._core.declare import Draw, Known, Read
from rlblocks._core.keys import Spec, parse
from rlblocks.testing._call import Call, snapshot
from rlblocks.testing._case import Case
from rlblocks.testing._compute_calls import MEMORY, remembers, with_memory
from rlblocks.testing._names import asked_by
from rlblocks.testing.strategies import flags, floats, uniforms


def inputs_that(block: Block, kind: type, name: str = "") -> list[str]:
    """The inputs of a kind: reads of a key by its name, draws by theirs, or all of a kind."""
    return [
        argument for argument, asked in asked_by(block).items()
        if isinstance(asked, kind) and name in {"", getattr(asked, "kind", ""), _key(asked)}
    ]  # fmt: skip


def _key(asked: object) -> str:
    return parse(asked.key).name if isinstance(asked, Read) else ""


@attrs.frozen(eq=False)
class Walk:
    """An explorer that has nothing behind it, and what each of its next steps is given.

    Attributes:
        call: one call, of a memory that is new.
        steps: what is different in each step.
    """

    call: Call
    steps: tuple[Mapping[str, Any], ...]

    def run(self, carry: Any = None, start: int = 0, stop: int | None = None) -> Iterator[dict[str, Any]]:
        """The outputs of each step, from a memory, or from none."""
        kept = {MEMORY: self.call.inputs[MEMORY] if carry is None else carry} if remembers(self.call.block) else {}
        for step in self.steps[start:stop]:
            wrote = self.call(**{**step, **kept})
            kept = {MEMORY: snapshot(wrote[MEMORY])} if kept else {}
            yield wrote

    def actions(self) -> Tensor:
        """The action of each step, `[T, B, *shape]`."""
        return torch.stack([wrote["action"] for wrote in self.run()])

    def with_inputs(self, **changed: Any) -> Walk:
        """The same walk, with some inputs changed in every step."""
        steps = tuple({name: value for name, value in step.items() if name not in changed} for step in self.steps)
        return Walk(self.call.with_inputs(**changed), steps)

    def each(self, name: str, change: Any) -> Walk:
        """The same walk, with an input changed in each step by a function of its number and its value."""
        steps = [{**s, name: change(t, s.get(name, self.call.inputs[name]))} for t, s in enumerate(self.steps)]
        return Walk(self.call, tuple(steps))

    def of(self, action: Spec) -> Walk:
        """The same walk over other actions of the same shape, from a memory made for them."""
        told = dict.fromkeys(inputs_that(self.call.block, Known), action)
        moved = self.with_inputs(**told)
        call = attrs.evolve(moved.call, action=action)
        return Walk(with_memory(call) if remembers(call.block) else call, moved.steps)

    def doubled(self) -> Walk:
        """The same walk in float64."""
        steps = [{n: v.double() if torch.is_floating_point(v) else v for n, v in s.items()} for s in self.steps]
        return Walk(self.call.to(torch.float64), tuple(steps))


def walk(case: Case, count: int = 3, *, rows: int | None = None, among: tuple[str, ...] = ("real",)) -> Walk:
    """Steps as part of the example, over real numbers or others; each has its draws, and episodes begin anywhere."""
    call = case.call(rows=rows, among=among)
    call = with_memory(call) if remembers(case.block) else call
    block, batch = call.block, call.sizes["batch"]
    steps = []
    for t in range(count):
        given: dict[str, Any] = {}
        for name in inputs_that(block, Draw):
            uniform, shape = name in inputs_that(block, Draw, "uniform"), call.inputs[name].shape
            given[name] = case.draw(uniforms(*shape) if uniform else floats(*shape, step=1 / 32))
        for name in inputs_that(block, Read, "is_first"):
            given[name] = case.draw(flags(batch))
            case.saw("an episode that begins", t and given[name].any())
            case.saw("an episode that goes on", t and not given[name].all())
        for name, value in given.items():
            case.say(f"# in step {t} {name} is {value.tolist()}")
        steps.append(given)
    return Walk(call, tuple(steps))
