"""The temperature of a maximum-entropy policy."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.keys import Spec
from rlblocks.networks.base import Head, NetworkSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch
    from torch import nn


@block("temperature")
class Temperature(Head):
    """The logarithm of one number above 0, what a nat of entropy is worth, which is learned and depends on nothing.

    Equation: α = exp(log α) (Haarnoja et al., 2018b, section 5, "Soft Actor-Critic Algorithms and Applications").

    Writes `log_alpha`, 0-dim: one number for all rows. Its network reads nothing: `Network(reads=(), body=NoBody(),
    head=Temperature())`.

    Attributes:
        initial: α at the start, above 0, in units of reward per nat.

    >>> import torch
    >>> from rlblocks._core.keys import Spec
    >>> from rlblocks.networks import NetworkSpec
    >>> spec = NetworkSpec(features=0, action=Spec((3,)))
    >>> Temperature(0.2).build(spec, torch.Generator())(torch.empty(1, 0))["log_alpha"].exp()
    tensor(0.2000, grad_fn=<ExpBackward0>)

    Differs from the paper: log α is learned in the place of α, so that α stays above 0.
    """

    equation = "α = exp(log α)"

    initial: float = fields.number(1.0, gt=0.0, unit="units of reward per nat")

    def writes(self, spec: NetworkSpec) -> Mapping[str, Spec]:  # noqa: ARG002  the role's signature
        """`log_alpha`, 0-dim."""
        return {"log_alpha": Spec(dims=())}

    def misfit(self, spec: NetworkSpec) -> str:  # noqa: ARG002  the role's signature
        """It fits everything, since it reads no features."""
        return ""

    def build(self, spec: NetworkSpec, generator: torch.Generator | None) -> nn.Module:  # noqa: ARG002
        """A module `[B, 0] -> {"log_alpha": []}` with one parameter."""
        from rlblocks.networks._control_modules import OneParameter
        from rlblocks.networks._modules import constant

        return OneParameter("log_alpha", constant((), math.log(self.initial), generator))
