"""The layer of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks.networks.base import Layer
from rlblocks.stores._room import require_room

if TYPE_CHECKING:
    import torch
    from torch import nn

BYTES = 4  # of a float32


@block("lookup")
class Lookup(Layer):
    """A linear map without a bias, which starts as one number throughout.

    Equation: y = x Wᵀ, with W_ij = `initial` at first. Of the unit vectors that the body `Table` gives, y is a column
    of W: a row of the table, exactly.

    Attributes:
        initial: what every entry holds at first. Above all that can be reached it is optimistic: what was never tried
            looks best (Sutton and Barto, 2018, section 2.6).

    >>> import torch
    >>> layer = Lookup(initial=2.5).build(4, 3, torch.Generator())
    >>> layer(torch.eye(4)[1:2]).tolist(), sum(parameter.numel() for parameter in layer.parameters())
    ([[2.5, 2.5, 2.5]], 12)
    """

    initial: float = fields.number(0.0)
    equation = "y = x Wᵀ, at first W_ij = initial"

    def build(self, inputs: int, outputs: int, generator: torch.Generator | None) -> nn.Module:
        """A module without noise.

        Raises:
            BuildError: it needs more memory than there is; nothing was allocated.
        """
        from rlblocks.networks._modules import LinearModule, constant

        if generator is not None:
            require_table(inputs, outputs)
        return LinearModule(constant((outputs, inputs), self.initial, generator))


def require_table(rows: int, entries: int) -> None:
    """Refuse a table that cannot fit.

    Raises:
        BuildError: `rows` rows of `entries` numbers are more than the memory available.
    """
    fix = "count fewer states: fewer bins of Discretise, or a body that generalises, such as MLP()"
    require_room("Lookup", rows, entries * BYTES, fix)
