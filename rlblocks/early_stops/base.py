"""The role of early stops: when the epochs over one chunk end before their number."""

from __future__ import annotations

from typing import Any

from rlblocks._core.block import Block, role


@role("early_stops")
class EarlyStop(Block):
    """Asked after each minibatch whether the epochs over this chunk shall end.

    `compute` takes numbers that the minibatch wrote, as floats, by keyword, and returns a bool. It remembers nothing.
    """

    compute: Any
