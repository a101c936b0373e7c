"""The role of early stops: when the epochs over one chunk end before their number."""

from __future__ import annotations

from typing import Any

from rlblocks._core.block import Block, role


@role("early_stops")
class EarlyStop(Block):
    """Asked after each minibatch whether the epochs over this chunk shall end; `compute` takes floats, returns a bool."""

    compute: Any
