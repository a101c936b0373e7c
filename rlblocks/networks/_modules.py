"""The modules that network blocks build. They belong to the run: they hold parameters, and each offers `noise_size`.

A forward pass takes the noise of the whole module as one flat tensor and hands each part its own share; None means mean
weights. What depends on the configuration is decided when a module is made, so that a pass only calls.

Acting on one row costs about as much Python as arithmetic. So inner modules are called by `forward`, and parameters are
taken from `_parameters`, where `functional_call` and `load_state_dict` put them: 21 µs for 4-128-128-2 instead of 41.
The price: hooks belong on the network, not on a layer inside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  torch's own custom

from rlblocks._core.errors import RunError
from rlblocks.functional.dueling import dueling
from rlblocks.functional.noisy import factorised_noise

if TYPE_CHECKING:
    from rlblocks.networks._maps import Map


def fan_in_uniform(shape: Sequence[int], fan_in: int, generator: torch.Generator | None) -> nn.Parameter:
    """A parameter drawn from U(−1/√fan_in, 1/√fan_in), torch's own default; on the meta device without draws."""
    device = "meta" if generator is None else generator.device
    bound = 1 / math.sqrt(fan_in)
    empty = torch.empty(tuple(shape), dtype=torch.float32, device=device)
    return nn.Parameter(empty.uniform_(-bound, bound, generator=generator))


def constant(shape: Sequence[int], number: float, generator: torch.Generator | None) -> nn.Parameter:
    """A parameter of one number throughout, where its generator is; on the meta device without one."""
    return nn.Parameter(torch.full(tuple(shape), number, device="meta" if generator is None else generator.device))


def orthogonal(shape: Sequence[int], gain: float, generator: torch.Generator | None) -> nn.Parameter:
    """A parameter whose rows, or columns if they are fewer, are orthogonal and as long as `gain`."""
    if generator is None:
        return constant(shape, 0.0, None)
    empty = torch.empty(tuple(shape), device=generator.device)
    return nn.Parameter(nn.init.orthogonal_(empty, gain, generator=generator))


def noise_size(module: nn.Module) -> int:
    """How many numbers of noise one pass of a module takes."""
    size = module.noise_size
    assert isinstance(size, int), f"{type(module).__name__} needs an int noise_size"
    return size


class DenseModule(nn.Module):
    """y = x Wᵀ + b."""

    def __init__(self, weight: nn.Parameter, bias: nn.Parameter) -> None:
        super().__init__()
        self.noise_size = 0
        self.weight = weight
        self.bias = bias

    def forward(self, x: Tensor, _noise: Tensor | None = None) -> Tensor:
        """`[B, in] -> [B, out]`."""
        own: dict[str, Any] = self._parameters
        return F.linear(x, own["weight"], own["bias"])


class LinearModule(nn.Module):
    """y = x Wᵀ."""

    def __init__(self, weight: nn.Parameter) -> None:
        super().__init__()
        self.noise_size = 0
        self.weight = weight

    def forward(self, x: Tensor, _noise: Tensor | None = None) -> Tensor:
        """`[B, in] -> [B, out]`."""
        own: dict[str, Any] = self._parameters
        return F.linear(x, own["weight"])


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
        own: dict[str, Any] = self._parameters
        if noise is None:
            return F.linear(x, own["weight_mu"], own["bias_mu"])
        if noise.shape[0] != self.noise_size:  # a layer of one output would broadcast what is missing to no rows
            raise RunError(f"a noisy layer was given {noise.shape[0]} numbers of noise, and takes {self.noise_size}")
        weight_noise, bias_noise = factorised_noise(noise, self.inputs)
        weight = torch.addcmul(own["weight_mu"], own["weight_sigma"], weight_noise)
        return F.linear(x, weight, torch.addcmul(own["bias_mu"], own["bias_sigma"], bias_noise))


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
        own: dict[str, Any] = self._parameters
        return F.conv2d(x, own["weight"], own["bias"], self.stride)


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
        for name, layer in layers.items():
            self.add_module(name, layer)
        self.encode = tuple(encode)
        self.steps = tuple(zip(layers.values(), activations, strict=True))
        self.noise_sizes = [noise_size(layer) for layer in layers.values()]
        self.noise_size = sum(self.noise_sizes)

    def forward(self, x: Tensor, noise: Tensor | None = None) -> Tensor:
        """`[B, ...] -> [B, out]`."""
        for encode in self.encode:
            x = encode(x)
        if noise is None:
            for layer, activation in self.steps:
                x = activation(layer.forward(x))
            return x
        parts = torch.split(noise, self.noise_sizes)
        for (layer, activation), part in zip(self.steps, parts, strict=True):
            x = activation(layer.forward(x, part))
        return x


Writer = Callable[[Tensor], dict[str, Tensor]]


class LayerHead(nn.Module):
    """One layer whose output is shaped and written."""

    def __init__(self, layer: nn.Module, shape: Map, write: Writer) -> None:
        super().__init__()
        self.noise_size = noise_size(layer)
        self.shape = shape
        self.write = write
        self.q = layer

    def forward(self, x: Tensor, noise: Tensor | None = None) -> dict[str, Tensor]:
        """`[B, features] -> {key: tensor}`."""
        return self.write(self.shape(self._modules["q"].forward(x, noise)))  # type: ignore[union-attr]


class PartsHead(nn.Module):
    """One layer, and a module that makes what is written of its numbers."""

    def __init__(self, layer: nn.Module, outputs: nn.Module) -> None:
        super().__init__()
        self.noise_size = noise_size(layer)
        self.layer = layer
        self.outputs = outputs

    def forward(self, x: Tensor, noise: Tensor | None = None) -> dict[str, Tensor]:
        """`[B, features] -> {key: tensor}`."""
        own: dict[str, Any] = self._modules
        return own["outputs"].forward(own["layer"].forward(x, noise))  # type: ignore[no-any-return]


class OneNumber(nn.Module):
    """One number a row under one key."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self.key = key

    def forward(self, numbers: Tensor) -> dict[str, Tensor]:
        """`[B, 1] -> {key: [B]}`."""
        return {self.key: numbers.squeeze(1)}


class DuelingHead(nn.Module):
    """A stream for the state value, `[B, 1, *form]`, and one for the advantages, `[B, A, *form]`; see `dueling`."""

    def __init__(self, value: StackModule, advantage: StackModule, write: Writer) -> None:
        super().__init__()
        self.value = value
        self.advantage = advantage
        self.noise_sizes = [value.noise_size, advantage.noise_size]
        self.noise_size = sum(self.noise_sizes)
        self.write = write

    def forward(self, x: Tensor, noise: Tensor | None = None) -> dict[str, Tensor]:
        """`[B, features] -> {key: tensor}`."""
        own: dict[str, Any] = self._modules
        for_v, for_a = (None, None) if noise is None else torch.split(noise, self.noise_sizes)
        return self.write(dueling(own["value"].forward(x, for_v), own["advantage"].forward(x, for_a)))


class FeaturesHead(nn.Module):
    """Writes its input."""

    def __init__(self) -> None:
        super().__init__()
        self.noise_size = 0

    def forward(self, x: Tensor, _noise: Tensor | None = None) -> dict[str, Tensor]:
        """`[B, features] -> {"features": [B, features]}`."""
        return {"features": x}
