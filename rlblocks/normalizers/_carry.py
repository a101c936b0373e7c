"""Running moments as tensors of a carry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rlblocks.functional.moments import Moments, merged, moments

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor


def nothing_seen(shape: tuple[int, ...]) -> dict[str, Tensor]:
    """The moments of no rows, float64: `seen`, 0-dim, and `mean` and `square` (of the deviations), `[*shape]`."""
    import torch

    sizes = {"seen": (), "mean": shape, "square": shape}
    return {name: torch.zeros(size, dtype=torch.float64) for name, size in sizes.items()}


def take_in(carry: dict[str, Tensor], rows: NDArray[Any]) -> Moments:
    """Merge rows `[K, *shape]`, at least one, into the moments of a carry, in place; returns what they are now."""
    known = Moments(*(carry[name].cpu().numpy() for name in Moments._fields))
    found = merged(known, moments(rows))
    write(carry, **found._asdict())
    return found


def write(carry: dict[str, Tensor], **values: NDArray[Any]) -> None:
    """Write arrays into the tensors of a carry, rounded to their types."""
    import torch

    for name, value in values.items():
        carry[name].copy_(torch.from_numpy(value))
