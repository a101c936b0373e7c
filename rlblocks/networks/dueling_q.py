"""Action values from two streams."""

from __future__ import annotations

from itertools import pairwise
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
    from rlblocks.networks._modules import StackModule


@block("dueling_q")
class DuelingQ(Head):
    """The value of each discrete action, as a state value plus centred advantages.

    Equation: Q(s, a) = V(s) + (A(s, a) − 1/|A| Σ_a' A(s, a')) (Wang et al., 2016, eq. 9), per atom or quantile.

    Writes what `QValues` writes. Each stream has layers of `hidden` units with ReLU, then an affine map.

    Attributes:
        form: how a value is represented.
        layer: the affine maps of both streams.
        hidden: how many units the hidden layers of each stream have.

    >>> import torch
    >>> from rlblocks._core.keys import Spec
    >>> from rlblocks.networks import NetworkSpec
    >>> spec = NetworkSpec(features=84, action=Spec(dtype="int64", n=2))
    >>> head = DuelingQ(hidden=(16,)).build(spec, torch.Generator().manual_seed(0))
    >>> x = torch.ones(3, 84)
    >>> torch.allclose(head(x)["q"].mean(dim=1), head.value(x)[:, 0])
    True

    Differs from the paper: without hidden units in the streams by default (there 512 each, for images), and gradients
    that enter the body are not rescaled by 1/√2.
    """

    form: ValueForm = fields.slot("value_forms", Scalar)
    layer: Layer = fields.slot("layers", Dense)
    hidden: tuple[int, ...] = fields.sizes(())
    equation = "Q(s, a) = V(s) + A(s, a) − mean_a' A(s, a')"

    def writes(self, spec: NetworkSpec) -> Mapping[str, Spec]:
        """`q`, and the form's own key where it has one."""
        return value_specs(self.form, action_count(spec.action))

    def misfit(self, spec: NetworkSpec) -> str:
        """It needs two actions or more."""
        if action_count(spec.action) == 1:
            return "cannot learn the advantages of a single action, which are always 0: it needs two or more"
        return no_actions(spec.action)

    def build(self, spec: NetworkSpec, generator: torch.Generator | None) -> nn.Module:
        """A module `[B, features] -> {"q": [B, A]}`."""
        from rlblocks.networks._modules import DuelingHead

        value = self._stream(spec.features, 1, generator)
        advantage = self._stream(spec.features, action_count(spec.action), generator)
        return DuelingHead(value, advantage, writer(self.form))

    def _stream(self, inputs: int, count: int, generator: torch.Generator | None) -> StackModule:
        """A module `[B, inputs] -> [B, count, *form]`."""
        from rlblocks.networks._maps import ACTIVATIONS
        from rlblocks.networks._modules import StackModule

        sizes = (inputs, *self.hidden, count * self.form.width())
        layers = {str(i): self.layer.build(p, q, generator) for i, (p, q) in enumerate(pairwise(sizes))}
        return StackModule((), layers, [ACTIVATIONS["relu"]] * len(self.hidden) + [shaper(self.form, count)])
