"""Activations by name. They may work in place: what they are given is a layer's fresh output."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

NAMES = ("relu", "tanh", "elu", "silu", "gelu")


def activation(name: str) -> Callable[[Tensor], Tensor]:
    """The function that an activation's name stands for."""
    import torch
    from torch.nn import functional as F  # noqa: N812  torch's own custom

    functions: dict[str, Callable[[Tensor], Tensor]] = {
        "relu": torch.relu_,
        "tanh": torch.tanh,
        "elu": F.elu,
        "silu": F.silu,
        "gelu": F.gelu,
    }
    return functions[name]
