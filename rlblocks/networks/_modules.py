"""The modules that network blocks build. They belong to the run: they hold parameters, and every one offers `noise_size`.

A forward pass takes the noise of the whole module as one flat tensor and hands each part its own share; None means mean
weights. What depends on the configuration is decided when a module is made, so that a pass only calls.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  torch's own custom

from rlblocks.functional.dueling import dueling
from rlblocks.functional.noisy import factorised_noise

Map = Callable[[Tensor], Tensor]


def fan_in_uniform(shape: Sequence[int], fan_in: int, generator: torch.Generator | None) -> nn.Parameter:
    """A parameter drawn from U(−1/√fan_in, 1/√fan_in), torch's default for weights and biases; on meta without draws."""
    device = "meta" if generator is None else generator.device
    bound = 1 / math.sqrt(fan_in)
    empty = torch.empty(tuple(shape), dtype=torch.float32, device=device)
    return nn.Parameter(empty.uniform_(-bound, bound, generator=generator))


def same(x: Tensor) -> Tensor:
    """The identity: the activation after a last layer."""
    return x


class DenseModule(nn.Module):
    """y = x Wᵀ + b."""

    def __init__(self, weight: nn.Parameter, bias: nn.Parameter) -> None:
        super().__init__()
        self.noise_size = 0
        self.weight = weight
        self.bias = bias

    def forward(self, x: Tensor, _noise: Tensor | None = None) -> Tensor:
        """`[B, in] -> [B, out]`."""
        return F.linear(x, self.weight, self.bias)


class NoisyDenseModule(nn.Module):
    """y = x (μ^w + σ^w ⊙ ε^w)ᵀ + μ^b + σ^b ⊙ ε^b."""

    def __init__(self, weight_mu: nn.Parameter, bias_mu: nn.Parameter, sigma: float) -> None:
        super().__init__()
        self.inputs = weight_mu.shape[1]
        self.noise_size = sum(weight_mu.shape)
        self.weight_mu = weight_mu
        self.bias_mu = bias_mu
        self.weight_sigma = nn.Parameter(torch.full_like(weight_mu, sigma, requires_grad=False))
        self.bias_sigma = nn.Parameter(torch.full_like(bias_mu, sigma, requires_grad=False))

    def forward(self, x: Tensor, noise: Tensor | None = None) -> Tensor:
        """`[B, in] -> [B, out]`."""
        if noise is None:
            return F.linear(x, self.weight_mu, self.bias_mu)
        weight_noise, bias_noise = factorised_noise(noise, self.inputs)
        weight = torch.addcmul(self.weight_mu, self.weight_sigma, weight_noise)
        return F.linear(x, weight, torch.addcmul(self.bias_mu, self.bias_sigma, bias_noise))


class ConvModule(nn.Module):
    """A strided convolution without padding."""

    def __init__(self, weight: nn.Parameter, bias: nn.Parameter, stride: int) -> None:
        super().__init__()
        self.noise_size = 0
        self.stride = stride
        self.weight = weight
        self.bias = bias

    def forward(self, x: Tensor, _noise: Tensor | None = None) -> Tensor:
        """`[B, C, H, W] -> [B, filters, H', W']`."""
        return F.conv2d(x, self.weight, self.bias, self.stride)


class FlattenModule(nn.Module):
    """Rows to vectors; it stands between convolutions and an affine layer."""

    def __init__(self) -> None:
        super().__init__()
        self.noise_size = 0

    def forward(self, x: Tensor, _noise: Tensor | None = None) -> Tensor:
        """`[B, ...] -> [B, n]`."""
        return x.flatten(1)


class StackModule(nn.Module):
    """Maps that turn an input into floats, then layers, each followed by its activation (which may work in place)."""

    def __init__(self, encode: Sequence[Map], layers: Mapping[str, nn.Module], activations: Sequence[Map]) -> None:
        super().__init__()
        self.encode = tuple(encode)
        self.activations = tuple(activations)
        self.noise_sizes = [int(layer.noise_size) for layer in layers.values()]  # type: ignore[arg-type]
        self.noise_size = sum(self.noise_sizes)
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, x: Tensor, noise: Tensor | None = None) -> Tensor:
        """`[B, ...] -> [B, out]`."""
        for encode in self.encode:
            x = encode(x)
        if noise is None:
            for layer, activation in zip(self._modules.values(), self.activations, strict=True):
                x = activation(layer(x))  # type: ignore[misc]
            return x
        parts = noise.split(self.noise_sizes)
        for layer, activation, part in zip(self._modules.values(), self.activations, parts, strict=True):
            x = activation(layer(x, part))  # type: ignore[misc]
        return x


Writer = Callable[[Tensor], dict[str, Tensor]]


class LayerHead(nn.Module):
    """One layer whose output is written."""

    def __init__(self, layer: nn.Module, write: Writer) -> None:
        super().__init__()
        self.noise_size = int(layer.noise_size)  # type: ignore[arg-type]
        self.write = write
        self.q = layer

    def forward(self, x: Tensor, noise: Tensor | None = None) -> dict[str, Tensor]:
        """`[B, features] -> {key: tensor}`."""
        return self.write(self.q(x, noise))


class DuelingHead(nn.Module):
    """A stream for the state value and one for the advantages, joined; see `dueling`."""

    def __init__(self, value: StackModule, advantage: StackModule, width: int, write: Writer) -> None:
        super().__init__()
        self.noise_size = value.noise_size + advantage.noise_size
        self.split = value.noise_size
        self.width = width
        self.write = write
        self.value = value
        self.advantage = advantage

    def forward(self, x: Tensor, noise: Tensor | None = None) -> dict[str, Tensor]:
        """`[B, features] -> {key: tensor}`."""
        if noise is None:
            v, a = self.value(x), self.advantage(x)
        else:
            v, a = self.value(x, noise[: self.split]), self.advantage(x, noise[self.split :])
        q = dueling(v.unflatten(1, (1, self.width)), a.unflatten(1, (-1, self.width)))  # [B, A, width]
        return self.write(q.flatten(1))


class FeaturesHead(nn.Module):
    """Writes its input."""

    def __init__(self) -> None:
        super().__init__()
        self.noise_size = 0

    def forward(self, x: Tensor, _noise: Tensor | None = None) -> dict[str, Tensor]:
        """`[B, features] -> {"features": [B, features]}`."""
        return {"features": x}
