"""The value of one action, which the network reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.keys import SCALAR, Spec
from rlblocks.networks._values import action_count, single, writer
from rlblocks.networks.base import Head, Layer, NetworkSpec, ValueForm
from rlblocks.networks.dense import Dense
from rlblocks.networks.scalar import Scalar

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch
    from torch import nn


@block("action_value")
class ActionValue(Head):
    """The value of the action that the network reads beside the state, by one affine map of the features.

    Equation: Q(s, a) = w·h(s, a) + b (Lillicrap et al., 2016, section 3; of quantiles, Kuznetsov et al., 2020,
    section 3).

    Writes `q`, `[B]`; a form that is not scalar also writes its own key, `[B, *form]`, whose mean `q` is. Its network
    reads the action: `Network(reads=("observation", "action"), head=ActionValue())`. Over Discrete actions `QValues`
    writes the values of all of them at once.

    Attributes:
        form: how a value is represented.
        layer: the affine map.

    >>> import torch
    >>> from rlblocks._core.keys import Spec
    >>> from rlblocks.networks import NetworkSpec, Quantiles
    >>> spec, seeded = NetworkSpec(features=84, action=Spec((3,))), torch.Generator().manual_seed(0)
    >>> written = ActionValue(Quantiles(25)).build(spec, seeded)(torch.zeros(5, 84))
    >>> {key: list(value.shape) for key, value in written.items()}
    {'q': [5], 'quantiles': [5, 25]}
    """

    form: ValueForm = fields.slot("value_forms", Scalar)
    layer: Layer = fields.slot("layers", Dense)
    equation = "Q(s, a) = w·h(s, a) + b"

    def writes(self, spec: NetworkSpec) -> Mapping[str, Spec]:  # noqa: ARG002  the role's signature
        """`q`, `[B]`, and the form's own key where it has one."""
        if not self.form.dims():
            return {"q": SCALAR}
        return {"q": SCALAR, self.form.key: Spec((self.form.width(),), dims=("batch", *self.form.dims()))}

    def misfit(self, spec: NetworkSpec) -> str:
        """It serves what cannot be counted: of Discrete actions, each has a value of its own in one pass."""
        if action_count(spec.action):
            return "writes the value of one action, and the actions are Discrete: QValues writes that of each"
        return ""

    def build(self, spec: NetworkSpec, generator: torch.Generator | None) -> nn.Module:
        """A module `[B, features] -> {"q": [B]}`."""
        from rlblocks.networks._modules import LayerHead

        layer = self.layer.build(spec.features, self.form.width(), generator)
        return LayerHead(layer, single(self.form), writer(self.form))
