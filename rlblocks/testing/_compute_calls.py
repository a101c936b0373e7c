"""Calls of `compute`: every declared input is drawn by what its key says of it, so that any block can be called."""

from __future__ import annotations

from operator import attrgetter
from typing import Any, cast

import torch
from hypothesis import strategies as st
from torch import Tensor

from rlblocks import functional
from rlblocks._core.block import Block
from rlblocks._core.clocks import Times
from rlblocks._core.declare import REQUIRED, Declared, Draw, Fn, Read, Scheduled, Size
from rlblocks._core.keys import Key, parse
from rlblocks.testing._call import Call, Function, snapshot
from rlblocks.testing._compare import LawBroken
from rlblocks.testing._names import arguments_of, asked_by
from rlblocks.testing.strategies import (
    Sizes,
    discounts,
    flags,
    floats,
    indices,
    masks,
    moments,
    q_values,
    sizes,
    uniforms,
)

CHOSEN = ("sample", "mode")  # actions that a policy wrote
DRAWS = ("uniform", "normal", "bernoulli")
MEMORY = "carry"  # what a block that remembers is handed, and writes into


def unsupplied(block: Block) -> str:
    """What a block asks for that cannot be made up."""
    for argument, asked in block.inputs.items():
        if isinstance(asked, Fn) and not asked.key.endswith(".backup"):
            return f"its input {argument!r} is the function {asked.key!r}, which the kit cannot make up"
        if isinstance(asked, Draw) and asked.kind not in DRAWS:
            return f"its input {argument!r} is a draw of kind {asked.kind!r}, which the kit cannot make up"
        if isinstance(asked, Size) and asked.dim not in {"action", "atom", "feature"}:
            return f"its input {argument!r} is the size of {asked.dim!r}, which the kit does not know"
    return ""


def number_at(block: Block, name: str, times: Times) -> float:
    """The present value of a block's schedule or method, as the run computes it for an input that is `scheduled`."""
    held = attrgetter(name)(block)
    return float(held.value(times) if getattr(type(held), "role", "") == "schedules" else held(times))


@st.composite
def compute_calls(
    draw: st.DrawFn, block: Block, rows: int | None = None, *, form: tuple[int, ...] | None = (), optional: bool = False
) -> Call:
    """A call of `compute` on rows that belong together.

    Args:
        draw: from hypothesis.
        block: what is called.
        rows: the batch size; None draws one.
        form: the trailing dims of values; None draws between scalars and atoms.
        optional: hand over what the block could do without, always; else now and then.
    """
    world = _World(draw, draw(sizes(rows)), draw(st.sampled_from([(), (8,)])) if form is None else form)
    inputs: dict[str, Any] = {}
    asked_for, arguments = asked_by(block), arguments_of(block)
    for name, asked in asked_for.items():
        absent = isinstance(asked, Read) and asked.default is not REQUIRED and not optional and not draw(st.booleans())
        if not absent:
            inputs[name] = world.supply(asked, block)
    batched = frozenset(n for n in inputs if isinstance(asked_for[n], Read | Draw) and isinstance(inputs[n], Tensor))

    known = {"batch": world.sizes.batch, "action": world.sizes.action}
    call = Call(block, _compute, inputs, f"{block!r}.compute", known, batched, reduced(block), arguments=arguments)
    if not remembers(block):
        return call
    call = call.with_inputs(carry=cast("Any", block).init())
    for _ in range(draw(st.integers(0, 2))):  # what it remembers is of calls on other rows
        call = call.with_inputs(carry=call(**_other_numbers(draw, block))[MEMORY])
    return call


def remembers(block: Block) -> bool:
    """Whether a block is handed a carry."""
    return MEMORY in getattr(block, "handed", ())


def reduced(block: Block) -> frozenset[str]:
    """The outputs that are one number for all rows, and what is remembered."""
    return frozenset(
        {"loss", MEMORY, *(key for key in block.outputs if key in block.specs and not block.specs[key].dims)}
    )


def _other_numbers(draw: st.DrawFn, block: Block) -> dict[str, Any]:
    """Numbers of another time of the run."""
    scheduled = {name: asked.name for name, asked in asked_by(block).items() if isinstance(asked, Scheduled)}
    times = draw(moments())
    return {name: torch.tensor(number_at(block, of, times), dtype=torch.float64) for name, of in scheduled.items()}


def _compute(block: Any) -> Function:
    """What a block computes, by the names of its outputs; what it remembers is copied first, and stands among them."""
    arguments = arguments_of(block)

    def function(**given: Any) -> dict[str, Any]:
        kept = {MEMORY: snapshot(given[MEMORY])} if MEMORY in given else {}
        wrote = block.compute(**{arguments.get(name, name): value for name, value in given.items()} | kept)
        wrote = wrote if isinstance(wrote, tuple) else (wrote,)
        if len(wrote) != len(block.outputs):
            raise LawBroken(
                f"compute returned {len(wrote)} values, but declares the outputs {', '.join(block.outputs)}"
            )
        return dict(zip(block.outputs, wrote, strict=True)) | kept

    return function


class _World:
    """What the inputs of one call have in common: a value that is read twice is the same value."""

    def __init__(self, draw: st.DrawFn, chosen: Sizes, form: tuple[int, ...]) -> None:
        self.draw, self.sizes, self.form = draw, chosen, form
        self.known: dict[tuple[bool, str, str], Tensor] = {}

    def supply(self, asked: Declared, block: Block) -> Any:
        """A value for one declared input."""
        match asked:
            case Read():
                return self._read(asked)
            case Draw(kind=kind, like=like):
                shape = (
                    (self.sizes.batch,) if like in {"", "action", "reward"} else tuple(self._plain(parse(like)).shape)
                )
                return self._random(kind, shape)
            case Scheduled(name=name):
                return torch.tensor(number_at(block, name, self.draw(moments())), dtype=torch.float64)
            case Size(dim=dim):
                return getattr(self.sizes, dim)
            case Fn():
                return functional.one_step_backup

    def _random(self, kind: str, shape: tuple[int, ...]) -> Tensor:
        if kind == "uniform":
            return self.draw(uniforms(*shape))
        if kind == "bernoulli":
            return self.draw(flags(*shape)).float()
        return self.draw(floats(*shape, step=1 / 32))

    def _read(self, asked: Read) -> Tensor:
        key = parse(asked.key)
        if not key.which:
            return self._plain(key, asked.dims)
        value = self._value(key, asked.dims)
        if value.dim() > 1 + len(self._dims(asked.dims)) and not asked.raw:
            value = value.flatten(2).mean(-1)  # the mean over the form is what a reader of the plain key gets
        if asked.at and value.dim() > 1:
            chosen: Tensor = functional.value_of_action(value, self._plain(parse(asked.at)))
            return chosen
        return value

    def _dims(self, dims: tuple[str, ...]) -> tuple[int, ...]:
        """The sizes of all named dims but the batch; a value of unknown dims has one number for each action."""
        return tuple(getattr(self.sizes, dim, 3) for dim in dims[1:]) if dims else (self.sizes.action,)

    def _value(self, key: Key, dims: tuple[str, ...]) -> Tensor:
        """What a network writes: a value for each action, or one number a row where the name says so."""
        place = (key.next, key.name, key.which)
        if place not in self.known:
            if key.name in {"v", "value", "log_prob", "entropy", *CHOSEN} and not dims:
                self.known[place] = self.draw(self._column(key.name, ()))
            else:
                shape = self._dims(dims)
                self.known[place] = self.draw(
                    q_values(self.sizes.batch, *shape, *(self.form if len(shape) == 1 else ()))
                )
        return self.known[place]

    def _plain(self, key: Key, dims: tuple[str, ...] = ()) -> Tensor:
        """A stored column, or what an earlier block wrote."""
        place = (key.next, key.name, "")
        if place not in self.known:
            self.known[place] = self.draw(self._column(key.name, dims))
        return self.known[place]

    def _column(self, name: str, dims: tuple[str, ...]) -> st.SearchStrategy[Tensor]:
        rows, actions = self.sizes.batch, self.sizes.action
        known: dict[str, st.SearchStrategy[Tensor]] = {
            "discount": discounts(rows),
            "terminated": flags(rows),
            "truncated": flags(rows),
            "is_first": flags(rows),
            "action_mask": masks(rows, actions),
            **dict.fromkeys(("action", *CHOSEN), indices(rows, actions)),
            "weight": uniforms(rows),
            "error": sizes_of_errors(rows),
            "priority": sizes_of_errors(rows),
            "log_prob": floats(rows, step=1 / 64),  # so that ratios lie within a clip and beyond it
            "value": floats(rows, step=1 / 32),
            "return": floats(rows, step=3 / 64),
            "td_target": floats(rows, *self.form, step=0.375),
        }
        if name in known:
            return known[name]
        if dims:
            return q_values(rows, *self._dims(dims))
        return floats(rows, self.sizes.feature) if name.startswith("observation") else floats(rows)


def sizes_of_errors(rows: int) -> st.SearchStrategy[Tensor]:
    """Numbers at least 0."""
    return floats(rows).map(torch.abs)
