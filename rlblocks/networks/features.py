"""The head of a torso."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks._core.block import block
from rlblocks._core.keys import Spec
from rlblocks.networks.base import Head

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch
    from torch import nn


@block("features")
class Features(Head):
    """The body's features, unchanged: a torso, whose `features` other networks read.

    Equation: features = h(s).

    >>> str(Features().writes({"feature": 84})["features"])
    'float32[batch, feature]'
    """

    equation = "features = h(s)"

    def writes(self, sizes: Mapping[str, int]) -> Mapping[str, Spec]:
        """`features`, `[B, feature]`."""
        return {"features": Spec((sizes["feature"],), dims=("batch", "feature"))}

    def misfit(self, sizes: Mapping[str, int]) -> str:  # noqa: ARG002  the role's signature
        """It fits everything."""
        return ""

    def build(self, inputs: int, sizes: Mapping[str, int], generator: torch.Generator | None) -> nn.Module:  # noqa: ARG002
        """A module without parameters."""
        from rlblocks.networks._modules import FeaturesHead

        return FeaturesHead()
