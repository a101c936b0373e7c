"""The body of gated recurrent units."""

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


@block("gru")
class GRU(Body):
    """Gated recurrent units: features of everything that was seen in an episode, with half the memory of an `LSTM`.

    Equation: (r_x, z_x, n_x) = W x_t + b, (r_h, z_h, n_h) = U h_{t−1} + b′, h_t = z⊙h_{t−1} + (1 − z)⊙tanh(n_x + r⊙n_h)
    with r = σ(r_x + r_h) and z = σ(z_x + z_h), where b′ is 0 but for n (Cho et al., 2014, eq. 5 to 8); the features are
    h_t.

    A row remembers h: `units` numbers, all 0 where an episode starts. Inputs become one vector, as in `MLP`. At the
    start W and U are orthogonal and b and b′ are 0.

    Attributes:
        units: how many there are.

    >>> import torch
    >>> from rlblocks._core.keys import Spec
    >>> body = GRU(8).build(Spec((4,)), torch.Generator().manual_seed(0))
    >>> features, hidden = body(torch.zeros(6, 4), torch.zeros(6, 8), window=3)  # two windows of three steps
    >>> features.shape, hidden.shape
    (torch.Size([6, 8]), torch.Size([6, 8]))

    Differs from the paper: r multiplies U h instead of h, as in torch.nn.GRU, so that one product serves all gates.
    """

    units: int = fields.integer(64, ge=1)
    equation = "h_t = z⊙h_{t−1} + (1 − z)⊙tanh(n_x + r⊙n_h)"

    def misfit(self, spec: Spec) -> str:
        """It reads numbers of any shape."""
        return _encode.no_vector(spec)

    def width(self, spec: Spec) -> int:  # noqa: ARG002  the role's signature
        """h_t."""
        return self.units

    def carry(self, spec: Spec) -> int:  # noqa: ARG002  the role's signature
        """h_t."""
        return self.units

    def build(self, spec: Spec, generator: torch.Generator | None) -> nn.Module:
        """A module that remembers, `[W·K, *shape] -> [W·K, units]`."""
        from rlblocks.networks._recurrent import GRUModule

        return GRUModule(_encode.to_vector(spec), _encode.vector_width(spec), self.units, generator)
