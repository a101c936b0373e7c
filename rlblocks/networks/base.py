"""The roles of networks: a body, a head, a layer and a value form, so that their products are free."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from rlblocks._core.block import Block, role
from rlblocks._core.keys import Spec

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch
    from torch import Tensor, nn

    from rlblocks._core.declare import Derived


@attrs.frozen
class NetworkSpec:
    """What a head is built for.

    Attributes:
        features: how many numbers a row its body gives; the size of the dim `feature`.
        action: the environment's actions.
    """

    features: int
    action: Spec


@role("layers")
class Layer(Block):
    """A trainable affine map, `[B, in] -> [B, out]`."""

    def build(self, inputs: int, outputs: int, generator: torch.Generator | None) -> nn.Module:
        """A module with `noise_size` and `forward(x, noise=None)`; its parameters come from `generator`."""
        raise NotImplementedError


@role("value_forms")
class ValueForm(Block):
    """How the value of an action is represented: a scalar, atoms of a distribution, quantiles.

    Attributes:
        key: the key under which a head writes values in this form; `q` itself for scalars.
    """

    key: str = "q"

    def width(self) -> int:
        """How many numbers one value takes."""
        raise NotImplementedError

    def dims(self) -> tuple[str, ...]:
        """The names of the trailing dims that the form adds; none for scalars."""
        raise NotImplementedError

    def mean(self, value: Tensor) -> Tensor:
        """The expected value: `[B, A, *form] -> [B, A]`."""
        raise NotImplementedError

    def backup(self, reward: Tensor, discount: Tensor, value: Tensor) -> Tensor:
        """The one-step back-up r + γ·v in this form: `[B], [B], [B, *form] -> [B, *form]`."""
        raise NotImplementedError


@role("heads")
class Head(Block):
    """Features to what others read, such as `q`."""

    @property
    def form(self) -> ValueForm:
        """How the values that it writes are represented: as scalars, unless a field of this name says otherwise."""
        from rlblocks.networks.scalar import Scalar

        return Scalar()

    def writes(self, spec: NetworkSpec) -> Mapping[str, Spec]:
        """The keys that the network writes, and those that are derived from them; what stands behind each."""
        raise NotImplementedError

    def derives(self, spec: NetworkSpec) -> tuple[Derived, ...]:  # noqa: ARG002  most heads derive nothing
        """What follows from a forward pass, and is computed where it is read."""
        return ()

    def misfit(self, spec: NetworkSpec) -> str:
        """Why this head cannot serve such features and actions, to stand after its name or "which"; empty if it can."""
        raise NotImplementedError

    def build(self, spec: NetworkSpec, generator: torch.Generator | None) -> nn.Module:
        """A module with `noise_size` and `forward(x, noise=None) -> dict of tensors` by key; it derives nothing."""
        raise NotImplementedError


@role("bodies")
class Body(Block):
    """Inputs to features."""

    def misfit(self, spec: Spec) -> str:
        """Why this body cannot read such an input, to stand after its name or "which"; empty where it can."""
        raise NotImplementedError

    def width(self, spec: Spec) -> int:
        """How many features it makes of such an input; the size of the dim `feature`."""
        raise NotImplementedError

    def carry(self, spec: Spec) -> int:  # noqa: ARG002  most bodies remember nothing
        """How many float32 numbers it remembers from one step of an episode to the next; 0 if it does not."""
        return 0

    def build(self, spec: Spec, generator: torch.Generator | None) -> nn.Module:
        """A module with `noise_size` and `forward(x, noise=None)`, `[B, *shape] -> [B, feature]`.

        One that remembers has `forward(x, hidden, noise=None, is_first=None, window=1)`, which returns its features and
        the memory after each row, `[W·K, carry]`. Its rows are K windows of W = `window` consecutive steps, side by
        side: row t·K + k is step t of window k. `hidden`, `[W·K, carry]`, is the memory before each row, of which only
        the first K are used; it counts as 0 before a row with `is_first`, `[W·K]` bool. None says that no row is.
        """
        raise NotImplementedError
