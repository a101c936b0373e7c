"""The role of aggregates: what several networks say of the same thing, as one number."""

from __future__ import annotations

from typing import Any

from rlblocks._core.block import Block, role


@role("aggregates")
class Aggregate(Block):
    """Stands in a field of a target or a loss, which calls it; the wiring hands it nothing.

    `compute(values)` takes `[*, B]` float, the dims `*` of the members of an ensemble first, and returns `[B]`. One
    member, or `[B]` without a dim for members, is handed back as it is. The result lies between the least and the
    greatest member of its row, never falls where a member rises, and moves along where all members of a row move by
    the same amount. The order of members does not matter, unless the tag `order` says "matters"; the unit of values
    does not either, unless the tag `scale` does.
    """

    compute: Any
