"""The tensordict face of stores: what is remembered, to be looked at, saved or joined with others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tensordict import TensorDict

    from rlblocks.stores.base import Memory, Rows


def as_tensordict(rows: Memory | Rows, batch_dims: int = 1) -> TensorDict:
    """Everything that a memory holds, oldest row first, or the rows of a chunk, as a TensorDict of batch size `[rows]`.

    A dot in a key becomes a level: `next.observation` is found at `("next", "observation")`. The tensors share the
    memory of the arrays; those of a store are copies. Two `batch_dims` give a drained chunk the batch size `[T, N]`.

    >>> import numpy as np
    >>> as_tensordict({"reward": np.ones(3), "next.observation": np.zeros((3, 4))})["next", "observation"].shape
    torch.Size([3, 4])
    """
    import torch
    from tensordict import TensorDict  # takes seconds, which nobody else should wait for

    columns = rows if isinstance(rows, Mapping) else rows.contents()
    made = TensorDict({}, batch_size=next(iter(columns.values())).shape[:batch_dims])
    for key, column in columns.items():
        made[tuple(key.split("."))] = torch.from_numpy(column)
    return made
