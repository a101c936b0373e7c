"""The affine layer that starts orthogonal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks.networks.base import Layer

if TYPE_CHECKING:
    import torch
    from torch import nn


@block("orthogonal_dense")
class OrthogonalDense(Layer):
    """An affine map that starts as a scaled rotation or projection, without a bias.

    Equation: y = x Wᵀ + b, where at the start W Wᵀ = g²·1 or, with more outputs than inputs, Wᵀ W = g²·1, drawn
    uniformly among those (Saxe et al., 2014, section 3), and b = 0.

    Attributes:
        gain: g above 0; √2 keeps the size of what passes through ReLUs, and a small one makes a policy start near
        uniform.

    >>> import torch
    >>> layer = OrthogonalDense(gain=2.0).build(4, 2, torch.Generator().manual_seed(0))
    >>> (layer.weight @ layer.weight.T).round(decimals=4).abs().tolist(), layer.bias.tolist()
    ([[4.0, 0.0], [0.0, 4.0]], [0.0, 0.0])
    """

    gain: float = fields.number(math.sqrt(2), gt=0.0)
    equation = "y = x Wᵀ + b, at first W Wᵀ = g²·1 and b = 0"

    def build(self, inputs: int, outputs: int, generator: torch.Generator | None) -> nn.Module:
        """A module without noise."""
        from rlblocks.networks._modules import DenseModule, constant, orthogonal

        return DenseModule(orthogonal((outputs, inputs), self.gain, generator), constant((outputs,), 0.0, generator))
