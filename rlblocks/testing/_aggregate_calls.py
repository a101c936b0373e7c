"""Calls of what makes one number of what several members say."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from rlblocks._core.block import Block
from rlblocks.testing._call import Call, Function
from rlblocks.testing._critic_calls import of_members
from rlblocks.testing.strategies import sizes

COUNTS = (1, 2, 3, 7)


@st.composite
def aggregate_calls(draw: st.DrawFn, block: Block, rows: int | None = None, *, members: int | None = None) -> Call:
    """A call on what members say, `[N, B]`.

    Args:
        draw: from hypothesis.
        block: the aggregate.
        rows: the batch size; None draws one.
        members: how many there are; None draws it, and 0 leaves their dim out.
    """
    batch = draw(sizes(rows)).batch
    count = draw(st.sampled_from(COUNTS)) if members is None else members
    given = {"values": draw(of_members(count, batch))}
    lead = {"values": 1} if count else {}
    notes = ("several members",) if count > 1 else ()
    return Call(
        block, _together, given, f"{block!r}.compute", {"batch": batch, "member": count}, frozenset(given), lead,
        shared=frozenset({"together"}), notes=notes,
    )  # fmt: skip


def _together(block: Any) -> Function:
    return lambda values: {"together": block.compute(values)}
