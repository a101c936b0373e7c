"""Tensor functions without parameters: inputs as floats, and activations."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812  torch's own custom

from rlblocks._core.errors import RunError

Map = Callable[[Tensor], Tensor]

# An activation may work in place: what it is given is a layer's fresh output.
ACTIVATIONS: dict[str, Map] = {"relu": torch.relu_, "tanh": torch.tanh_, "elu": F.elu, "silu": F.silu, "gelu": F.gelu}


def same(x: Tensor) -> Tensor:
    """The identity."""
    return x


def one_hot(x: Tensor, n: int, dims: int) -> Tensor:
    """Integers in [0, n) as unit vectors: `[B, *shape] -> [B, *shape, n]`."""
    return F.one_hot(_with_dims(x, dims).long(), n).float()


def one_hots(x: Tensor, counts: tuple[int, ...]) -> Tensor:
    """Integers of a MultiDiscrete space as unit vectors, one after the other: `[B, k] -> [B, Σ counts]`."""
    entries = _with_dims(x, 2).long().unbind(1)
    return torch.cat([F.one_hot(entry, n) for entry, n in zip(entries, counts, strict=True)], dim=1).float()


def column(x: Tensor) -> Tensor:
    """Single numbers as vectors: `[B] -> [B, 1]`."""
    return _with_dims(x, 1).unsqueeze(1)


def _with_dims(x: Tensor, dims: int) -> Tensor:
    """The tensor itself; `[B, 1]` where `[B]` is due would go through unnoticed otherwise."""
    if x.dim() != dims:
        raise RunError(f"a network was given {list(x.shape)}, where a tensor of {dims} dims is due, batch first")
    return x


def scaled(x: Tensor) -> Tensor:
    """Bytes as floats in [0, 1]."""
    return x.float() / 255


def as_float(x: Tensor) -> Tensor:
    """Other numbers as they are, in float32."""
    return x.float()


def flat(x: Tensor) -> Tensor:
    """Rows as vectors: `[B, *shape] -> [B, n]`."""
    return x.flatten(1)


def channels_first(x: Tensor) -> Tensor:
    """Images as torch's convolutions read them: `[B, H, W, C] -> [B, C, H, W]`."""
    return x.permute(0, 3, 1, 2)
