"""The affine layer with learned noise."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks.networks.base import Layer

if TYPE_CHECKING:
    import torch
    from torch import nn


@block("noisy_dense")
class NoisyDense(Layer):
    """An affine map whose weights carry learned, factorised Gaussian noise: exploration by parameters.

    Equation: y = (μ^w + σ^w ⊙ ε^w) x + μ^b + σ^b ⊙ ε^b (Fortunato et al., 2018, eq. 9) with the factorised noise of
    eq. 10 and 11. At the start μ comes from U(−1/√p, 1/√p) and every σ is σ₀/√p for p inputs (section 3.2).

    The module takes `inputs + outputs` standard normal numbers, drawn outside; without them it uses the mean weights μ,
    as evaluation does.

    Attributes:
        sigma: σ₀ ≥ 0.

    >>> import torch
    >>> layer = NoisyDense().build(4, 2, torch.Generator().manual_seed(0))
    >>> x, noise = torch.ones(1, 4), torch.ones(layer.noise_size)
    >>> (layer(x, noise) - layer(x)).round(decimals=4)  # 0.25 for each of 4 inputs and the bias
    tensor([[1.2500, 1.2500]], grad_fn=<RoundBackward1>)
    """

    sigma: float = fields.number(0.5, ge=0.0)
    equation = "y = (μ^w + σ^w ⊙ f(ε_out) f(ε_in)ᵀ) x + μ^b + σ^b ⊙ f(ε_out), f(x) = sgn(x)·√|x|"

    def build(self, inputs: int, outputs: int, generator: torch.Generator | None) -> nn.Module:
        """A module that takes `inputs + outputs` numbers of noise."""
        from rlblocks.networks._modules import NoisyDenseModule, fan_in_uniform

        weight = fan_in_uniform((outputs, inputs), inputs, generator)
        bias = fan_in_uniform((outputs,), inputs, generator)
        return NoisyDenseModule(weight, bias, self.sigma / math.sqrt(inputs))
