"""Calls of estimators of returns, on trajectories."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import strategies as st

from rlblocks._core.block import Block
from rlblocks._core.declare import REQUIRED, Declared, Read, Scheduled
from rlblocks._core.keys import parse
from rlblocks.testing._call import Call, Function
from rlblocks.testing._compare import require
from rlblocks.testing._world import number_at
from rlblocks.testing.strategies import moments
from rlblocks.testing.trajectories import facts, trajectories

KEYS = {
    ("reward", ""): "reward",
    ("discount", ""): "discount",
    ("terminated", ""): "terminated",
    ("truncated", ""): "truncated",
    ("weight", ""): "weight",
    ("value@online", ""): "value",
    ("next.value@online", ""): "next_value",
    ("q@online", "action"): "q",
    ("log_prob@online", "action"): "log_prob",
    ("log_prob", ""): "behaviour_log_prob",
}


def meaning(asked: Declared) -> str:
    """What an input is, by the column of a trajectory; empty where none is meant."""
    return KEYS.get((str(parse(asked.key)), asked.at), "") if isinstance(asked, Read) else ""


def meanings(block: Block) -> dict[str, str]:
    """The arguments of `compute` by what they are.

    >>> from rlblocks.returns import GAE
    >>> meanings(GAE())["next_value"]
    'next_value'
    """
    return {meaning(asked): name for name, asked in block.inputs.items() if meaning(asked)}


def unsupplied(block: Block) -> str:
    """What a block asks for that no trajectory has."""
    for argument, asked in block.inputs.items():
        known = isinstance(asked, Scheduled) or bool(meaning(asked))
        if not known and not (isinstance(asked, Read) and asked.default is not REQUIRED):
            return f"its input {argument!r} is {asked!r}, which the kit cannot make up for a trajectory"
    return ""


@st.composite
def return_calls(
    draw: st.DrawFn, block: Block, rows: int | None = None, *, ends: str = "", padding: str = "", optional: bool = False
) -> Call:
    """A call on a trajectory.

    Args:
        draw: from hypothesis.
        block: what is called.
        rows: how many environments; None draws a number.
        ends: see `trajectories`.
        padding: see `trajectories`; none where the block reads no weight.
        optional: hand over the values that the block could do without, always; else now and then, together.
    """
    known = meanings(block)
    columns = draw(trajectories(rows, ends, padding if "weight" in known else "none"))
    valued = optional or draw(st.booleans())
    inputs: dict[str, Any] = {}
    for name, argument in known.items():
        asked: Any = block.inputs[argument]
        if name in columns and (asked.default is REQUIRED or valued or name == "weight"):
            inputs[name] = columns[name]
    for argument, asked in block.inputs.items():
        if isinstance(asked, Scheduled):
            inputs[argument] = torch.tensor(number_at(block, asked.name, draw(moments())), dtype=torch.float64)
    time, batch = columns["reward"].shape
    timed = frozenset(name for name in inputs if name in columns)
    sizes = {"time": time, "batch": batch}
    name, notes = f"{block!r}.compute", tuple(facts(columns))
    return Call(block, computed, inputs, name, sizes, timed, arguments=known, notes=notes)


def computed(block: Any) -> Function:
    """What a block computes, by the names of its outputs."""
    arguments = meanings(block)

    def function(**given: Any) -> dict[str, Any]:
        wrote = block.compute(**{arguments.get(name, name): value for name, value in given.items()})
        wrote = wrote if isinstance(wrote, tuple) else (wrote,)
        due = ", ".join(block.outputs)
        require(len(wrote) == len(block.outputs), f"compute returned {len(wrote)} values, but declares {due}")
        return dict(zip(block.outputs, wrote, strict=True))

    return function
