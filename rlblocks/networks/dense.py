"""The plain affine layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks._core.block import block
from rlblocks.networks.base import Layer

if TYPE_CHECKING:
    import torch
    from torch import nn


@block("dense")
class Dense(Layer):
    """An affine map with torch's default start.

    Equation: y = x Wᵀ + b, with W and b drawn from U(−1/√p, 1/√p) for p inputs (`torch.nn.Linear`), W first.

    >>> import torch
    >>> layer = Dense().build(4, 2, torch.Generator().manual_seed(0))
    >>> layer(torch.zeros(3, 4)).shape, layer.noise_size
    (torch.Size([3, 2]), 0)
    """

    equation = "y = x Wᵀ + b"

    def build(self, inputs: int, outputs: int, generator: torch.Generator | None) -> nn.Module:
        """A module without noise."""
        from rlblocks.networks._modules import DenseModule, fan_in_uniform

        weight = fan_in_uniform((outputs, inputs), inputs, generator)
        return DenseModule(weight, fan_in_uniform((outputs,), inputs, generator))
