"""What a drained store hands over: T steps of N environments or episodes, of which some may be shorter than T.

The rows of each stand at its beginning, and padding behind them. So `lengths`, `[N]`, says all there is to say.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rlblocks._core.errors import RunError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WEIGHT = "weight"
Flags = NDArray[np.bool_]
Lengths = NDArray[np.int64]


def absent(lengths: Lengths, steps: int) -> Flags:
    """Where there is no row, `[T, N]`.

    >>> absent(np.array([2, 1]), 2)
    array([[False, False],
           [False,  True]])
    """
    behind: Flags = np.arange(steps)[:, None] >= lengths
    return behind


def weights(lengths: Lengths, steps: int) -> NDArray[np.float32]:
    """T·N / (number of rows) for each row, 0 for padding: the mean of w·x over the chunk is that of x over the rows.

    >>> weights(np.array([2, 1]), 2)
    array([[1.3333334, 1.3333334],
           [1.3333334, 0.       ]], dtype=float32)
    """
    share = steps * len(lengths) / int(lengths.sum())
    return np.where(absent(lengths, steps), 0.0, share).astype(np.float32)


def cut(truncated: Flags, terminated: Flags, lengths: Lengths) -> None:
    """Mark as truncated the last row in front of padding, unless its episode ended there. Writes into `truncated`.

    >>> flags = np.zeros((2, 2), bool)
    >>> cut(flags, np.zeros((2, 2), bool), np.array([2, 1]))
    >>> flags
    array([[False,  True],
           [False, False]])
    """
    short = np.flatnonzero((lengths > 0) & (lengths < len(truncated)))
    last = lengths[short] - 1, short
    truncated[last] |= ~terminated[last]


def require_chunk(owner: str, held: int, keys: Sequence[str], columns: Iterable[str]) -> list[str]:
    """Those of the keys that are columns, each once; the weight is handed over in any case.

    Raises:
        RunError: no chunk is complete, or a key is neither. Nothing was handed over.
    """
    if not held:
        raise RunError(
            f"{owner} was to be drained, and has no complete chunk", fix="collect until it holds rows: len(memory) > 0"
        )
    known = {*columns, WEIGHT}
    for key in keys:
        if key not in known:
            raise RunError(f"{owner} has no column {key!r}", fix=did_you_mean(key, known), key=key)
    return [key for key in dict.fromkeys(keys) if key != WEIGHT]


def rows_of(chunk: dict[str, NDArray[Any]], lengths: Lengths, steps: int) -> dict[str, NDArray[Any]]:
    """The rows of a chunk without padding, `[rows, ...]`, step by step."""
    there = ~absent(lengths, steps)
    return {name: column[there] for name, column in chunk.items()}
