"""The body with long short-term memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks.networks import _encode
from rlblocks.networks.base import Body

if TYPE_CHECKING:
    import torch
    from torch import nn

    from rlblocks._core.keys import Spec


@block("lstm")
class LSTM(Body):
    """Long short-term memory: features of everything that was seen in an episode.

    Equation: (i, f, g, o) = W x_t + U h_{t−1} + b, c_t = σ(f)⊙c_{t−1} + σ(i)⊙tanh(g), h_t = σ(o)⊙tanh(c_t) (Hochreiter
    and Schmidhuber, 1997, with the forget gate of Gers, Schmidhuber and Cummins, 2000, section 3). Features are h_t.

    A row remembers h, then c: 2·units numbers, all 0 where an episode starts. Inputs become one vector, as in `MLP`. At
    the start W and U are orthogonal and b is 0, as in recurrent PPO: so the forget gate starts half open (Gers et al.
    start it open, with a bias above 0).

    Attributes:
        units: how many cells there are.

    >>> import torch
    >>> from rlblocks._core.keys import Spec
    >>> body = LSTM(8).build(Spec((4,)), torch.Generator().manual_seed(0))
    >>> features, hidden = body(torch.zeros(6, 4), torch.zeros(6, 16), window=3)  # two windows of three steps
    >>> features.shape, hidden.shape
    (torch.Size([6, 8]), torch.Size([6, 16]))

    Differs from torch.nn.LSTM: one layer, one bias instead of two that are added.
    """

    units: int = fields.integer(64, ge=1)
    equation = "c_t = σ(f)⊙c_{t−1} + σ(i)⊙tanh(g), h_t = σ(o)⊙tanh(c_t)"

    def misfit(self, spec: Spec) -> str:
        """It reads numbers of any shape."""
        return _encode.no_vector(spec)

    def width(self, spec: Spec) -> int:  # noqa: ARG002  the role's signature
        """h_t."""
        return self.units

    def carry(self, spec: Spec) -> int:  # noqa: ARG002  the role's signature
        """h_t and c_t."""
        return 2 * self.units

    def build(self, spec: Spec, generator: torch.Generator | None) -> nn.Module:
        """A module that remembers, `[W·K, *shape] -> [W·K, units]`."""
        from rlblocks.networks._recurrent import LSTMModule

        return LSTMModule(_encode.to_vector(spec), _encode.vector_width(spec), self.units, generator)
