"""The modules of continuous control: an action inside its bounds, and one number that depends on nothing."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from rlblocks.functional.gaussian import squash


class Squashed(nn.Module):
    """Numbers, squashed into the bounds of each component, under one key."""

    def __init__(
        self, key: str, bounds: tuple[tuple[float, ...], tuple[float, ...]], shape: tuple[int, ...],
        device: torch.device,
    ) -> None:  # fmt: skip
        super().__init__()
        self.key, self.shape = key, shape
        for name, bound in zip(("low", "high"), bounds, strict=True):
            self.register_buffer(name, torch.tensor(bound, device=device).view(shape), persistent=False)

    def forward(self, numbers: Tensor) -> dict[str, Tensor]:
        """`[B, d] -> {key: [B, *shape]}`."""
        own: dict[str, Any] = self._buffers
        u = numbers.reshape(-1, *self.shape)
        return {self.key: squash(u, own["low"].expand_as(u), own["high"].expand_as(u))}


class OneParameter(nn.Module):
    """One number that is learned, under one key, whatever is read."""

    def __init__(self, key: str, number: nn.Parameter) -> None:
        super().__init__()
        self.noise_size = 0
        self.key = key
        self.number = number

    def forward(self, _x: Tensor, _noise: Tensor | None = None) -> dict[str, Tensor]:
        """Anything to `{key: []}`; a copy, so that no step of an optimizer changes what was written before."""
        own: dict[str, Any] = self._parameters
        return {self.key: own["number"].clone()}
