"""The role of transforms: a key that is rewritten, over all rows of a chunk or a minibatch."""

from __future__ import annotations

from typing import Any

from rlblocks._core.block import Block, role


@role("transforms")
class Transform(Block):
    """Rewrites one key of what was prepared before it.

    A member names the key in its field `key`; its `inputs` hold a read of it, and its `outputs` are it alone. `compute`
    returns a column of the same shape and dtype, `[T, N]` in the recipe's `prepare` and `[B]` in that of an objective,
    without gradient. Rows of `weight` 0 only fill a chunk up: they take no part, and come out as 0.
    """

    compute: Any

    @property
    def key(self) -> str:
        """The key that is read and rewritten."""
        raise NotImplementedError
