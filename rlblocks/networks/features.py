"""The head of a torso."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks._core.block import block
from rlblocks._core.keys import Spec
from rlblocks.networks.base import Head, NetworkSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch
    from torch import nn


@block("features")
class Features(Head):
    """The body's features, unchanged: a torso, whose `features` other networks read.

    Equation: features = h(s).

    >>> from rlblocks.networks import NetworkSpec
    >>> str(Features().writes(NetworkSpec(features=84, action=Spec()))["features"])
    'float32[batch, feature]'
    """

    equation = "features = h(s)"

    def writes(self, spec: NetworkSpec) -> Mapping[str, Spec]:
        """`features`, `[B, feature]`."""
        return {"features": Spec((spec.features,), dims=("batch", "feature"))}

    def misfit(self, spec: NetworkSpec) -> str:  # noqa: ARG002  the role's signature
        """It fits everything."""
        return ""

    def build(self, spec: NetworkSpec, generator: torch.Generator | None) -> nn.Module:  # noqa: ARG002
        """A module without parameters."""
        from rlblocks.networks._modules import FeaturesHead

        return FeaturesHead()
