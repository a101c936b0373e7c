"""The role of returns: estimators of returns and advantages over a time axis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rlblocks._core.block import Block, role
from rlblocks._core.keys import Spec


@role("returns")
class Return(Block):
    """Returns and advantages of a chunk in time order.

    `compute` takes rows `[T, N]` of N environments, time first, and the value of the true next observation of every row,
    boundaries and the last row included. `terminated` and `truncated` cut; only `terminated` (in `discount`) forbids the
    bootstrap.
    """

    outputs = ("return", "advantage")
    specs: Mapping[str, Spec] = {key: Spec(dims=("time", "batch")) for key in ("return", "advantage")}

    compute: Any
