"""The value of a state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.keys import SCALAR
from rlblocks.networks.base import Head, Layer, NetworkSpec
from rlblocks.networks.dense import Dense

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch
    from torch import nn

    from rlblocks._core.keys import Spec


@block("state_value")
class StateValue(Head):
    """The value of a state, by one affine map of the features.

    Equation: V(s) = w·h(s) + b (Sutton and Barto, 2018, eq. 9.8).

    Writes `value`, `[B]`, whatever the actions are.

    Attributes:
        layer: the affine map.

    >>> import torch
    >>> from rlblocks._core.keys import Spec
    >>> from rlblocks.networks import NetworkSpec
    >>> spec = NetworkSpec(features=84, action=Spec((3,)))
    >>> StateValue().build(spec, torch.Generator().manual_seed(0))(torch.zeros(5, 84))["value"].shape
    torch.Size([5])
    """

    layer: Layer = fields.slot("layers", Dense)
    equation = "V(s) = w·h(s) + b"

    def writes(self, spec: NetworkSpec) -> Mapping[str, Spec]:  # noqa: ARG002  the role's signature
        """`value`, `[B]`."""
        return {"value": SCALAR}

    def misfit(self, spec: NetworkSpec) -> str:  # noqa: ARG002  the role's signature
        """It fits everything."""
        return ""

    def build(self, spec: NetworkSpec, generator: torch.Generator | None) -> nn.Module:
        """A module `[B, features] -> {"value": [B]}`."""
        from rlblocks.networks._modules import OneNumber, PartsHead

        return PartsHead(self.layer.build(spec.features, 1, generator), OneNumber("value"))
