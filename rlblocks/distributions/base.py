"""The role of distributions: policies over actions, as pure functions of what a head wrote."""

from __future__ import annotations

from rlblocks._core.block import Block, role


@role("distributions")
class Distribution(Block):
    """A family of policies. No object of it travels: a head writes its parameters, and these functions read them."""
