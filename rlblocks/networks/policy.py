"""A policy over whatever actions the environment takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.declare import Derived, draw, read
from rlblocks._core.keys import SCALAR
from rlblocks.distributions import Categorical, Distribution, Gaussian
from rlblocks.networks.base import Head, Layer, NetworkSpec
from rlblocks.networks.dense import Dense

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch
    from torch import nn

    from rlblocks._core.keys import Spec


@block("policy")
class Policy(Head):
    """A distribution over actions, whose parameters are one affine map of the features.

    Equation: π(·|s) = p(· ; W h(s) + b), of the family that fits the action space.

    Writes the parameters of the family, such as `logits`, or `mean` and `log_std`. From them follow `sample` and its
    `log_prob`, the `log_prob` of the stored action, `entropy` and `mode`, each computed where it is read.

    Attributes:
        discrete: the family for Discrete, MultiDiscrete and MultiBinary actions.
        continuous: the family for Box actions.
        layer: the affine map.

    >>> import torch
    >>> from rlblocks._core.keys import Spec
    >>> from rlblocks.networks import NetworkSpec
    >>> spec = NetworkSpec(features=84, action=Spec((3,)))
    >>> written = Policy().build(spec, torch.Generator().manual_seed(0))(torch.zeros(5, 84))
    >>> {key: list(value.shape) for key, value in written.items()}
    {'mean': [5, 3], 'log_std': [5, 3]}
    """

    discrete: Distribution = fields.slot("distributions", Categorical)
    continuous: Distribution = fields.slot("distributions", Gaussian)
    layer: Layer = fields.slot("layers", Dense)
    equation = "π(·|s) = p(· ; W h(s) + b)"

    def chosen(self, action: Spec) -> Distribution:
        """The family that such actions are drawn from."""
        return self.discrete if action.n else self.continuous

    def writes(self, spec: NetworkSpec) -> Mapping[str, Spec]:
        """The parameters of the family, and what follows from them."""
        action = spec.action
        drawn = attrs.evolve(action, dtype="int64") if action.n else action
        derived = {"sample": drawn, "log_prob": SCALAR, "entropy": SCALAR, "mode": drawn}
        return {**self.chosen(action).writes(action), **derived}

    def derives(self, spec: NetworkSpec) -> tuple[Derived, ...]:
        """What is drawn, how likely it or a stored action is, how uncertain the policy is, and its one best action."""
        family = self.chosen(spec.action)
        noise, action, besides = draw(family.noise, like="action"), read("action"), dict(family.reads)
        return (
            Derived(family, "sample", ("sample", "log_prob"), {"noise": noise, **besides}),
            Derived(family, "log_prob", ("log_prob",), {"action": action, **besides}, at="action"),
            Derived(family, "entropy", ("entropy",), besides),
            Derived(family, "mode", ("mode",), besides),
        )

    def misfit(self, spec: NetworkSpec) -> str:
        """The family must serve these actions."""
        family = self.chosen(spec.action)
        why = family.misfit(spec.action)
        return f"holds {type(family).__name__}, which {why}" if why else ""

    def build(self, spec: NetworkSpec, generator: torch.Generator | None) -> nn.Module:
        """A module `[B, features] -> {key: tensor}` for each parameter of the family."""
        from rlblocks.networks._modules import PartsHead

        family = self.chosen(spec.action)
        layer = self.layer.build(spec.features, family.width(spec.action), generator)
        return PartsHead(layer, family.build(spec.action, generator))
