"""The body for vectors."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks.networks import _encode
from rlblocks.networks.base import Body, Layer
from rlblocks.networks.dense import Dense

if TYPE_CHECKING:
    import torch
    from torch import nn

    from rlblocks._core.keys import Spec


@block("mlp")
class MLP(Body):
    """Layers with an activation after each, on the input as one vector.

    Equation: h_0 = x, h_i = φ(W_i h_{i−1} + b_i).

    A Box of any shape is flattened, integers of a Discrete space become unit vectors, bytes are scaled to [0, 1].
    Without widths the vector itself is the features.

    Attributes:
        widths: how many units each layer has.
        layer: the affine maps.
        activation: φ.

    >>> import torch
    >>> from rlblocks._core.keys import Spec
    >>> body = MLP((120, 84)).build(Spec((4,)), torch.Generator().manual_seed(0))
    >>> body(torch.zeros(2, 4)).shape
    torch.Size([2, 84])
    """

    widths: tuple[int, ...] = fields.sizes((120, 84))
    layer: Layer = fields.slot("layers", Dense)
    activation: str = fields.choice(("relu", "tanh", "elu", "silu", "gelu"), "relu")
    equation = "h_i = φ(W_i h_{i−1} + b_i)"

    def misfit(self, spec: Spec) -> str:
        """It reads numbers of any shape."""
        return _encode.no_vector(spec)

    def width(self, spec: Spec) -> int:
        """The last width."""
        return (_encode.vector_width(spec), *self.widths)[-1]

    def build(self, spec: Spec, generator: torch.Generator | None) -> nn.Module:
        """A module `[B, *shape] -> [B, widths[-1]]`."""
        from rlblocks.networks._maps import ACTIVATIONS
        from rlblocks.networks._modules import StackModule

        sizes = (_encode.vector_width(spec), *self.widths)
        layers = {str(i): self.layer.build(p, q, generator) for i, (p, q) in enumerate(pairwise(sizes))}
        return StackModule(_encode.to_vector(spec), layers, [ACTIVATIONS[self.activation]] * len(layers))
