"""The modules that turn the numbers of a layer into the parameters of a distribution. They belong to the run."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


def device_of(generator: torch.Generator | None) -> torch.device:
    """Where a module is built."""
    return torch.device("meta") if generator is None else generator.device


class Logits(nn.Module):
    """Numbers that are the logits of one choice."""

    def forward(self, numbers: Tensor) -> dict[str, Tensor]:
        """`[B, A] -> {"logits": [B, A]}`."""
        return {"logits": numbers}


class FactoredLogits(nn.Module):
    """Numbers that are the logits of several choices, one after the other; −∞ where a choice has fewer entries."""

    def __init__(self, counts: tuple[int, ...], device: torch.device) -> None:
        super().__init__()
        self.choices, self.most = len(counts), max(counts)
        places = [choice * self.most + entry for choice, count in enumerate(counts) for entry in range(count)]
        self.places: Tensor
        self.register_buffer("places", torch.tensor(places, device=device), persistent=False)

    def forward(self, numbers: Tensor) -> dict[str, Tensor]:
        """`[B, Σ n] -> {"logits": [B, k, max n]}`."""
        own: dict[str, Any] = self._buffers
        absent = numbers.new_full((numbers.shape[0], self.choices * self.most), -torch.inf)
        logits = absent.index_copy(1, own["places"], numbers)
        return {"logits": logits.unflatten(1, (self.choices, self.most))}  # type: ignore[no-untyped-call]


class FixedScale(nn.Module):
    """Numbers that are means, and a log-scale of each component that sees no features."""

    def __init__(self, shape: tuple[int, ...], log_std: float, device: torch.device) -> None:
        super().__init__()
        self.shape = shape
        self.log_std = nn.Parameter(torch.full(shape, log_std, dtype=torch.float32, device=device))

    def forward(self, numbers: Tensor) -> dict[str, Tensor]:
        """`[B, d] -> {"mean": [B, *shape], "log_std": [B, *shape]}`."""
        own: dict[str, Any] = self._parameters
        mean = numbers.reshape(-1, *self.shape)
        return {"mean": mean, "log_std": own["log_std"].expand_as(mean)}


class SeenScale(nn.Module):
    """Numbers that are means, then log-scales, which are cut to a range."""

    def __init__(self, shape: tuple[int, ...], low: float, high: float) -> None:
        super().__init__()
        self.shape, self.low, self.high = shape, low, high

    def forward(self, numbers: Tensor) -> dict[str, Tensor]:
        """`[B, 2d] -> {"mean": [B, *shape], "log_std": [B, *shape]}`."""
        mean, log_std = numbers.chunk(2, dim=1)
        shape = (-1, *self.shape)
        return {"mean": mean.reshape(shape), "log_std": log_std.clamp(self.low, self.high).reshape(shape)}


class Bounded(nn.Module):
    """Another module's parameters, and the bounds of each component."""

    def __init__(
        self, inner: nn.Module, bounds: tuple[tuple[float, ...], tuple[float, ...]], shape: tuple[int, ...],
        device: torch.device,
    ) -> None:  # fmt: skip
        super().__init__()
        self.inner = inner
        for name, bound in zip(("low", "high"), bounds, strict=True):
            self.register_buffer(name, torch.tensor(bound, device=device).view(shape), persistent=False)

    def forward(self, numbers: Tensor) -> dict[str, Tensor]:
        """`[B, 2d] -> {"mean", "log_std", "low", "high"}`, each `[B, *shape]`."""
        own: dict[str, Any] = self._buffers
        parts: dict[str, Any] = self._modules
        found: dict[str, Tensor] = parts["inner"].forward(numbers)
        mean = found["mean"]
        return {**found, "low": own["low"].expand_as(mean), "high": own["high"].expand_as(mean)}
