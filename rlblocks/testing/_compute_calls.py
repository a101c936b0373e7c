"""Calls of `compute`: every declared input is drawn by what it asks for, so that any block can be called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import attrs
import torch
from hypothesis import strategies as st
from torch import Tensor

from rlblocks._core.block import Block
from rlblocks._core.declare import REQUIRED, Draw, Fn, Known, Read, Scheduled, Size
from rlblocks._core.keys import Spec
from rlblocks.testing._call import Call, Function, snapshot
from rlblocks.testing._compare import LawBroken
from rlblocks.testing._critic_calls import KINDS, has_rows, is_critic, settings_for, spaces_of
from rlblocks.testing._names import arguments_of, asked_by
from rlblocks.testing._world import World, number_at
from rlblocks.testing.critics import Critic
from rlblocks.testing.strategies import ATOMS, moments, one_of, sizes

DRAWS = ("uniform", "normal", "bernoulli")
MEMORY = "carry"  # what a block that remembers is handed, and writes into


def unsupplied(block: Block) -> str:
    """What a block asks for that cannot be made up."""
    for argument, asked in block.inputs.items():
        if isinstance(asked, Fn) and not asked.key.endswith(".backup") and not is_critic(asked):
            return f"its input {argument!r} is the function {asked.key!r}, which the kit cannot make up"
        if isinstance(asked, Draw) and asked.kind not in DRAWS:
            return f"its input {argument!r} is a draw of kind {asked.kind!r}, which the kit cannot make up"
        if isinstance(asked, Draw) and asked.over not in {"", "member"}:
            return f"its input {argument!r} is one number for each {asked.over}, which the kit does not know"
        if isinstance(asked, Known) and asked.key != "action":
            return f"its input {argument!r} is what is known of {asked.key!r}, which the kit cannot make up"
        if isinstance(asked, Size) and asked.dim not in {"action", "atom", "feature"}:
            return f"its input {argument!r} is the size of {asked.dim!r}, which the kit does not know"
    return "" if spaces_of(block) else "it can choose none of the actions that the kit can make up"


@st.composite
def compute_calls(
    draw: st.DrawFn, block: Block, rows: int | None = None, *, form: tuple[int, ...] | None = (),
    optional: bool = False, members: int | None = None, among: tuple[str, ...] = KINDS,
) -> Call:  # fmt: skip
    """A call of `compute` on rows that belong together.

    Args:
        draw: from hypothesis.
        block: what is called.
        rows: the batch size; None draws one.
        form: the trailing dims of values; None draws between scalars and atoms.
        optional: hand over what the block could do without, always; else now and then.
        members: how many networks write each value `[*, B]`; 0 adds no dim, None draws what the block takes.
        among: the kinds of actions that are asked about, of those that the block can choose.
    """
    chosen = draw(sizes(rows))
    setting = draw(settings_for(block, chosen.action, members, among))
    world = World(draw, block, chosen, setting, draw(one_of((), (ATOMS,))) if form is None else form)
    inputs: dict[str, Any] = {}
    asked_for, arguments = asked_by(block), arguments_of(block)
    for name, asked in asked_for.items():
        needed = not isinstance(asked, Read) or asked.default is REQUIRED
        if needed or (setting.has(asked) and (optional or draw(st.booleans()))):
            inputs[name] = world.supply(asked)
    known = {"batch": world.sizes.batch, "action": world.sizes.action, "member": setting.members}
    call = Call(
        block, computed, inputs, f"{block!r}.compute", known,
        frozenset(n for n in inputs if isinstance(inputs[n], Tensor) and has_rows(asked_for[n])),
        {n: 1 for n in inputs if setting.leads(asked_for[n])}, reduced(block), arguments=arguments,
        notes=setting.notes(), prelude=_imports(inputs), action=setting.action,
    )  # fmt: skip
    if not remembers(block):
        return call
    call = with_memory(call)
    for _ in range(draw(st.integers(0, 2))):  # what it remembers is of calls on other rows
        call = call.with_inputs(carry=call(**_other_numbers(draw, block))[MEMORY])
    return call


def with_memory(call: Call) -> Call:
    """A call of a block that remembers nothing yet. What an explorer remembers has an entry for each environment."""
    block = cast("Any", call.block)
    if call.block.role != "explorers":
        return call.with_inputs(carry=block.init())
    carry = block.init(call.action, call.sizes["batch"])
    return attrs.evolve(call.with_inputs(carry=carry), rows=call.rows | {MEMORY})


def _imports(inputs: Mapping[str, Any]) -> tuple[str, ...]:
    """The lines that the source of some inputs needs."""
    values = list(inputs.values())
    lines = {Critic: "from rlblocks.testing.critics import Critic", Spec: "from rlblocks import Spec"}
    return tuple(line for kind, line in lines.items() if any(isinstance(value, kind) for value in values))


def remembers(block: Block) -> bool:
    """Whether a block is handed a carry."""
    return MEMORY in getattr(block, "handed", ())


def reduced(block: Block) -> frozenset[str]:
    """The outputs that are one number for all rows, and what is remembered."""
    shared = {key for key in block.outputs if key in block.specs and not block.specs[key].dims}
    return frozenset({"loss", *([] if block.role == "explorers" else [MEMORY]), *shared})


def _other_numbers(draw: st.DrawFn, block: Block) -> dict[str, Any]:
    """Numbers of another time of the run."""
    scheduled = {name: asked.name for name, asked in asked_by(block).items() if isinstance(asked, Scheduled)}
    times = draw(moments())
    return {name: torch.tensor(number_at(block, of, times), dtype=torch.float64) for name, of in scheduled.items()}


def computed(block: Any) -> Function:
    """What a block computes, by the names of its outputs; what it remembers is copied first, and stands among them.

    Of what it writes for each member of an ensemble rows come first, `[B, N]`, as of all else.
    """
    arguments = arguments_of(block)
    leads = [_lead(block, key) for key in block.outputs]

    def function(**given: Any) -> dict[str, Any]:
        kept = {MEMORY: snapshot(given[MEMORY])} if MEMORY in given else {}
        wrote = block.compute(**{arguments.get(name, name): value for name, value in given.items()} | kept)
        wrote = wrote if isinstance(wrote, tuple) else (wrote,)
        if len(wrote) != len(block.outputs):
            raise LawBroken(
                f"compute returned {len(wrote)} values, but declares the outputs {', '.join(block.outputs)}"
            )
        return dict(zip(block.outputs, map(rows_first, leads, wrote), strict=True)) | kept

    return function


def _lead(block: Block, key: str) -> int:
    """How many dims stand before the rows in what a block writes; time does not count, since rows are in one line."""
    dims = [dim for dim in block.specs[key].dims if dim != "time"] if key in block.specs else []
    return dims.index("batch") if "batch" in dims else 0


def rows_first(lead: int, value: Any) -> Any:
    """What a block wrote with so many dims before the batch, the batch first."""
    return value.movedim(lead, 0) if lead else value
