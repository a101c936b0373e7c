"""Action values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks.networks._values import action_count, no_actions, shaper, value_specs, writer
from rlblocks.networks.base import Head, Layer, NetworkSpec, ValueForm
from rlblocks.networks.dense import Dense
from rlblocks.networks.scalar import Scalar

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch
    from torch import nn

    from rlblocks._core.keys import Spec


@block("q_values")
class QValues(Head):
    """The value of each discrete action, by one affine map of the features.

    Equation: Q(s, ·) = W h(s) + b (Mnih et al., 2015, methods).

    Writes `q`, `[B, A]`; a form that is not scalar also writes its own key, `[B, A, *form]`, whose mean `q` is.

    Attributes:
        form: how a value is represented.
        layer: the affine map.

    >>> import torch
    >>> from rlblocks._core.keys import Spec
    >>> from rlblocks.networks import NetworkSpec
    >>> spec = NetworkSpec(features=84, action=Spec(dtype="int64", n=2))
    >>> head = QValues().build(spec, torch.Generator().manual_seed(0))
    >>> head(torch.zeros(3, 84))["q"].shape
    torch.Size([3, 2])
    """

    form: ValueForm = fields.slot("value_forms", Scalar)
    layer: Layer = fields.slot("layers", Dense)
    equation = "Q(s, ·) = W h(s) + b"

    def writes(self, spec: NetworkSpec) -> Mapping[str, Spec]:
        """`q`, and the form's own key where it has one."""
        return value_specs(self.form, action_count(spec.action))

    def misfit(self, spec: NetworkSpec) -> str:
        """It needs a finite number of actions."""
        return no_actions(spec.action)

    def build(self, spec: NetworkSpec, generator: torch.Generator | None) -> nn.Module:
        """A module `[B, features] -> {"q": [B, A]}`."""
        from rlblocks.networks._modules import LayerHead

        actions = action_count(spec.action)
        layer = self.layer.build(spec.features, actions * self.form.width(), generator)
        return LayerHead(layer, shaper(self.form, actions), writer(self.form))
