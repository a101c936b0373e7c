"""The modules of bodies that remember. What they remember is handed in and out; they keep nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  torch's own custom

from rlblocks._core.errors import RunError
from rlblocks.functional.recurrent import Memory, gru_step, lstm_step, unroll
from rlblocks.networks._modules import constant, orthogonal

if TYPE_CHECKING:
    from rlblocks.networks._maps import Map


def _windows(x: Tensor, hidden: Tensor, carry: int, window: int) -> int:
    """How many windows there are; memory of other rows would be broadcast unnoticed."""
    rows = x.shape[0]
    if rows % window or hidden.shape != (rows, carry):
        raise RunError(
            f"a network was given {rows} rows and a memory of {list(hidden.shape)}, where {carry} numbers a row "
            f"and whole windows of {window} are due"
        )
    return rows // window


class LSTMModule(nn.Module):
    """Long short-term memory; the memory of a row is h, then c."""

    def __init__(self, encode: Sequence[Map], inputs: int, width: int, generator: torch.Generator | None) -> None:
        super().__init__()
        self.noise_size = 0
        self.encode = tuple(encode)
        self.width = width
        self.weight_input = orthogonal((4 * width, inputs), 1.0, generator)
        self.weight_memory = orthogonal((4 * width, width), 1.0, generator)
        self.bias = constant((4 * width,), 0.0, generator)

    def forward(
        self,
        x: Tensor,
        hidden: Tensor,
        noise: Tensor | None = None,  # noqa: ARG002  it takes none
        is_first: Tensor | None = None,
        window: int = 1,
    ) -> tuple[Tensor, Tensor]:
        """`[W·K, *shape], [W·K, 2·width] -> [W·K, width], [W·K, 2·width]`."""
        own: dict[str, Any] = self._parameters
        count = _windows(x, hidden, 2 * self.width, window)
        for encode in self.encode:
            x = encode(x)
        weight = own["weight_memory"]

        def step(gates: Tensor, memory: Memory) -> Memory:
            h, c = memory
            return lstm_step(gates + F.linear(h, weight), c)

        fed = F.linear(x, own["weight_input"], own["bias"])
        h, c = unroll(step, fed, hidden[:count].chunk(2, 1), is_first, window)
        return h, torch.cat((h, c), dim=1)


class GRUModule(nn.Module):
    """A layer of gated recurrent units; the memory of a row is its features."""

    def __init__(self, encode: Sequence[Map], inputs: int, width: int, generator: torch.Generator | None) -> None:
        super().__init__()
        self.noise_size = 0
        self.encode = tuple(encode)
        self.width = width
        self.weight_input = orthogonal((3 * width, inputs), 1.0, generator)
        self.weight_memory = orthogonal((3 * width, width), 1.0, generator)
        self.bias = constant((3 * width,), 0.0, generator)
        self.bias_recalled = constant((width,), 0.0, generator)

    def forward(
        self,
        x: Tensor,
        hidden: Tensor,
        noise: Tensor | None = None,  # noqa: ARG002  it takes none
        is_first: Tensor | None = None,
        window: int = 1,
    ) -> tuple[Tensor, Tensor]:
        """`[W·K, *shape], [W·K, width] -> [W·K, width]` twice."""
        own: dict[str, Any] = self._parameters
        count = _windows(x, hidden, self.width, window)
        for encode in self.encode:
            x = encode(x)
        weight = own["weight_memory"]
        bias = F.pad(own["bias_recalled"], (2 * self.width, 0))  # the other gates have theirs in what is fed

        def step(fed: Tensor, memory: Memory) -> Memory:
            (h,) = memory
            return (gru_step(fed, F.linear(h, weight, bias), h),)

        fed = F.linear(x, own["weight_input"], own["bias"])
        (h,) = unroll(step, fed, (hidden[:count],), is_first, window)
        return h, h
