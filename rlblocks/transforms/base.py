"""The role of transforms: a column written anew, over all rows of a chunk or a minibatch."""

from __future__ import annotations

from typing import Any

from rlblocks._core.block import Block, role

DIMS = ("time", "batch")


@role("transforms")
class Transform(Block):
    """Writes one column anew: from what was prepared under its key, or from what a network says under that name.

    A member names the key in its field `key`; its `inputs` hold a read of it, or of it `@online`, and its `outputs` are
    it alone. `compute` returns a column of the same shape and dtype, `[T, N]` in the recipe's `prepare` and `[B]` in
    that of an objective, without gradient. Rows of `weight` 0 only fill a chunk up: they take no part, and come out
    as 0.
    """

    compute: Any

    @property
    def key(self) -> str:
        """The key that is written."""
        raise NotImplementedError
