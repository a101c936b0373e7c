"""The body of a network that reads nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks._core.block import block
from rlblocks.networks.base import Body

if TYPE_CHECKING:
    import torch
    from torch import nn

    from rlblocks._core.keys import Spec


@block("no_body")
class NoBody(Body):
    """No features at all, for a head that needs none, such as `Temperature`.

    Equation: h = (), of a network with `reads=()`.

    >>> from rlblocks._core.keys import Spec
    >>> NoBody().width(Spec((0,)))
    0
    >>> NoBody().misfit(Spec((4,)))
    'reads nothing, and its network reads float32[batch, 4]'
    """

    equation = "h = ()"

    def misfit(self, spec: Spec) -> str:
        """It reads nothing."""
        return "" if spec.shape == (0,) else f"reads nothing, and its network reads {spec}"

    def width(self, spec: Spec) -> int:  # noqa: ARG002  the role's signature
        """No features."""
        return 0

    def build(self, spec: Spec, generator: torch.Generator | None) -> nn.Module:  # noqa: ARG002
        """A module `[B, 0] -> [B, 0]` without parameters."""
        from rlblocks.networks._modules import StackModule

        return StackModule((), {}, ())
