"""One call of a block on drawn inputs, as a value that laws can change, repeat and write down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs
import torch
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks._core.keys import Spec
from rlblocks.testing._show import show
from rlblocks.testing.critics import Critic

Function = Callable[..., Mapping[str, Any]]


@attrs.frozen(eq=False)
class Call:
    """A pure function of named inputs. What a block writes in place is copied before, and stands among the outputs.

    Attributes:
        block: the block that is called.
        make: the function of a block: it takes the inputs by keyword and returns outputs by name.
        inputs: what it is given.
        name: how the function is written in source, such as `MaxQ().compute`.
        sizes: the sizes of dims: `batch`, `action`, and so on.
        rows: those inputs that are tensors with a batch dim, or hold such tensors by name.
        lead: how many dims stand before the batch dim in an input, where any do (`member`).
        reduced: those outputs that are one number for all rows.
        shared: those outputs that may share memory with the inputs, as declared.
        prelude: lines of source that must stand before the call.
        texts: source of inputs that are too large to be written out.
        arguments: what the block calls its inputs, where that is not what they are called here.
        notes: what was drawn contains, read or not, by the names that laws ask for.
        action: what is known of the actions that are chosen or valued.
        function: what `make` makes of the block: once, since some build a module first.
    """

    block: Block
    make: Callable[[Any], Function]
    inputs: Mapping[str, Any]
    name: str
    sizes: Mapping[str, int] = attrs.Factory(dict)
    rows: frozenset[str] = frozenset()
    lead: Mapping[str, int] = attrs.Factory(dict)
    reduced: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()
    prelude: tuple[str, ...] = ()
    texts: Mapping[str, str] = attrs.Factory(dict)
    arguments: Mapping[str, str] = attrs.Factory(dict)
    notes: tuple[str, ...] = ()
    action: Spec = attrs.Factory(Spec)
    function: Function = attrs.field(kw_only=True)

    @function.default
    def _made(self) -> Function:
        return self.make(self.block)

    def __call__(self, **changed: Any) -> dict[str, Any]:
        """The outputs by name, with some inputs changed."""
        return dict(self.function(**{**self.inputs, **changed}))

    def of(self, block: Block) -> Call:
        """The same call of another block."""
        return attrs.evolve(self, block=block, function=self.make(block))

    def with_inputs(self, **changed: Any) -> Call:
        """The same call with some inputs changed."""
        return attrs.evolve(self, inputs={**self.inputs, **changed})

    def without(self, *names: str) -> Call:
        """The same call without some inputs, which the block can do without."""
        return attrs.evolve(self, inputs={name: value for name, value in self.inputs.items() if name not in names})

    def map_rows(self, change: Callable[[Tensor], Tensor]) -> dict[str, Any]:
        """The inputs that belong to rows, each changed; `change` is handed tensors whose rows come first."""
        found: dict[str, Any] = {}
        for name, value in self.inputs.items():
            if isinstance(value, Critic):
                found[name] = value.map_rows(change)
            elif name in self.rows:
                lead = self.lead.get(name, 0)
                found[name] = mapped(value, lambda x: change(x.movedim(lead, 0)).movedim(0, lead))  # noqa: B023  used at once
        return found

    def per_row(self, outputs: Mapping[str, Any]) -> dict[str, Any]:
        """Those of the outputs that hold one entry for each row."""
        return {name: value for name, value in outputs.items() if name not in self.reduced}

    def floating(self) -> list[str]:
        """The names of the inputs that are floating tensors."""
        return [name for name, value in self.inputs.items() if isinstance(value, Tensor) and value.is_floating_point()]

    def tracked(self) -> dict[str, Any]:
        """Every floating input, as a leaf that asks for a gradient; critics made of such leaves."""
        found: dict[str, Any] = {name: _leaf(self.inputs[name]) for name in self.floating()}
        return found | {name: value.each(_leaf) for name, value in self.inputs.items() if isinstance(value, Critic)}

    def to(self, target: torch.dtype | torch.device) -> Call:
        """The same call with every floating tensor in another type, or every tensor on another device."""
        moved = {name: moved_to(value, target) for name, value in self.inputs.items()}
        return self.with_inputs(**moved)

    def source(self) -> list[str]:
        """The call as lines of source."""
        names = {name: self.arguments.get(name, name) for name in self.inputs}
        lines = [f"    {names[name]}={self.texts.get(name) or show(value)}," for name, value in self.inputs.items()]
        return [*self.prelude, f"{self.name}(", *lines, ")"]

    def facts(self) -> list[str]:
        """What the inputs contain, by the names that laws ask for."""
        facts = ["a call", *self.notes]
        if self.sizes.get("batch", 0) > 1:
            facts.append("several rows")
        for name, value in self.inputs.items():
            facts.append(f"{name} given")
            if isinstance(value, Tensor) and value.dtype == torch.bool and not value.all():
                facts.append(f"{name} with a False")
        discount = self.inputs.get("discount")
        if isinstance(discount, Tensor):
            facts += ["a terminated row"] if bool((discount == 0).any()) else []
            facts += ["a row that goes on"] if bool((discount != 0).any()) else []
            facts += ["discounts that differ"] if len(set(discount[discount != 0].tolist())) > 1 else []
        return facts


def _leaf(value: Tensor) -> Tensor:
    return value.detach().clone().requires_grad_()


def moved_to(value: Any, target: torch.dtype | torch.device) -> Any:
    """A nested structure of tensors, moved."""
    if isinstance(value, Tensor):
        if isinstance(target, torch.dtype) and not value.is_floating_point():
            return value
        return value.to(target)
    if isinstance(value, Critic):
        return value.each(lambda tensor: tensor.to(target))
    if isinstance(value, list):
        return [moved_to(item, target) for item in value]
    if isinstance(value, dict):
        return {key: moved_to(item, target) for key, item in value.items()}
    return value


def mapped(value: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """A tensor, or a mapping of such, each changed."""
    if isinstance(value, Mapping):
        return {name: mapped(item, change) for name, item in value.items()}
    return change(value)


def snapshot(value: Any) -> Any:
    """A copy of a nested structure of tensors, which keeps no graph."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, Critic):
        return value.each(snapshot)
    if isinstance(value, list | tuple):
        return type(value)(snapshot(item) for item in value)
    return {key: snapshot(item) for key, item in value.items()} if isinstance(value, Mapping) else value


def tensors_in(value: Any) -> list[Tensor]:
    """Every tensor in a nested structure."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, Critic):
        return value.tensors()
    if isinstance(value, Mapping):
        return [tensor for item in value.values() for tensor in tensors_in(item)]
    if isinstance(value, list | tuple):
        return [tensor for item in value for tensor in tensors_in(item)]
    return []
