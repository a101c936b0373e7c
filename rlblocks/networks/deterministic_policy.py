"""A policy that chooses one action in each state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks.distributions._actions import bounds, components, not_bounded
from rlblocks.networks.base import Head, Layer, NetworkSpec
from rlblocks.networks.dense import Dense

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch
    from torch import nn

    from rlblocks._core.keys import Spec


@block("deterministic_policy")
class DeterministicPolicy(Head):
    """One action of each state, an affine map of the features squashed into the bounds of the action by tanh.

    Equation: μ_i(s) = m_i + d_i·tanh((W h(s) + b)_i), for the middle m and half the width d of the bounds of each
    component (Lillicrap et al., 2016, sections 3 and 7).

    Writes `mode`, `[B, *shape]`, in units of the environment. It needs a Box whose bounds are finite.

    Attributes:
        layer: the affine map.

    >>> import torch
    >>> from rlblocks._core.keys import Spec
    >>> from rlblocks.networks import NetworkSpec
    >>> spec = NetworkSpec(features=84, action=Spec((3,), low=0.0, high=4.0))
    >>> action = DeterministicPolicy().build(spec, torch.Generator().manual_seed(0))(torch.zeros(5, 84))["mode"]
    >>> action.shape, bool(((action > 0) & (action < 4)).all())
    (torch.Size([5, 3]), True)

    Differs from the paper: the layer starts like any other; `OrthogonalDense(0.01)` starts near the middle, as the
    paper's small start does.
    """

    layer: Layer = fields.slot("layers", Dense)
    equation = "μ(s) = m + d·tanh(W h(s) + b)"

    def writes(self, spec: NetworkSpec) -> Mapping[str, Spec]:
        """`mode`, like an action."""
        return {"mode": spec.action}

    def misfit(self, spec: NetworkSpec) -> str:
        """It needs real numbers between finite bounds."""
        return not_bounded(spec.action)

    def build(self, spec: NetworkSpec, generator: torch.Generator | None) -> nn.Module:
        """A module `[B, features] -> {"mode": [B, *shape]}`, which knows the bounds."""
        from rlblocks.distributions._modules import device_of
        from rlblocks.networks._control_modules import Squashed
        from rlblocks.networks._modules import PartsHead

        action = spec.action
        layer = self.layer.build(spec.features, components(action), generator)
        return PartsHead(layer, Squashed("mode", bounds(action), action.shape, device_of(generator)))
