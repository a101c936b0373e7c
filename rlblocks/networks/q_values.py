"""Action values."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.keys import Spec
from rlblocks.networks.base import Head, Layer, ValueForm
from rlblocks.networks.dense import Dense
from rlblocks.networks.scalar import Scalar

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn


@block("q_values")
class QValues(Head):
    """The value of each discrete action, by one affine map of the features.

    Equation: Q(s, ·) = W h(s) + b (Mnih et al., 2015, methods).

    Writes `q`, `[B, A]`; a form that is not scalar also writes its own key, `[B, A, *form]`, whose mean `q` is.

    Attributes:
        form: how a value is represented.
        layer: the affine map.

    >>> import torch
    >>> head = QValues().build(84, {"action": 2}, torch.Generator().manual_seed(0))
    >>> head(torch.zeros(3, 84))["q"].shape
    torch.Size([3, 2])
    """

    form: ValueForm = fields.slot("value_forms", Scalar)
    layer: Layer = fields.slot("layers", Dense)
    equation = "Q(s, ·) = W h(s) + b"

    def writes(self, sizes: Mapping[str, int]) -> Mapping[str, Spec]:
        """`q`, and the form's own key where it has one."""
        return value_specs(self.form, sizes["action"])

    def misfit(self, sizes: Mapping[str, int]) -> str:
        """It needs a finite number of actions."""
        return no_actions(sizes)

    def build(self, inputs: int, sizes: Mapping[str, int], generator: torch.Generator | None) -> nn.Module:
        """A module `[B, inputs] -> {"q": [B, A]}`."""
        from rlblocks.networks._modules import LayerHead

        actions = sizes["action"]
        return LayerHead(self.layer.build(inputs, actions * self.form.width(), generator), writer(self.form, actions))


def value_specs(form: ValueForm, actions: int) -> dict[str, Spec]:
    """What a head of action values writes."""
    specs = {"q": Spec((actions,), dims=("batch", "action"))}
    if form.dims():
        specs[form.key] = Spec((actions, form.width()), dims=("batch", "action", *form.dims()))
    return specs


def no_actions(sizes: Mapping[str, int]) -> str:
    """Why there can be no value for each action, as half a sentence; empty where there can."""
    return "" if sizes.get("action", 0) > 0 else "it writes a value for each action, and the actions are not Discrete"


def writer(form: ValueForm, actions: int) -> Callable[[Tensor], dict[str, Tensor]]:
    """The function from `[B, A·width]` numbers to what a head of action values writes."""
    if not form.dims():
        return scalar_q
    return functools.partial(form_q, form=form, actions=actions)


def scalar_q(numbers: Tensor) -> dict[str, Tensor]:
    """Numbers that are the values themselves."""
    return {"q": numbers}


def form_q(numbers: Tensor, form: ValueForm, actions: int) -> dict[str, Tensor]:
    """Numbers that are values in a form."""
    value = numbers.unflatten(1, (actions, -1))  # [B, A, width]
    return {"q": form.mean(value), form.key: value}
