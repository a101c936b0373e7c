"""The body of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks._core.block import block
from rlblocks.networks import _encode
from rlblocks.networks.base import Body

if TYPE_CHECKING:
    import torch
    from torch import nn

    from rlblocks._core.keys import Spec


@block("table")
class Table(Body):
    """States that can be counted, each with a feature of its own: h_i(s) = 1 where s = i, else 0.

    Sutton and Barto, 2018, section 9.3: tables are linear function approximation with these features. So
    `QValues(layer=Lookup())` on it is a table of action values, of which a step of learning changes one number; with
    another layer or head it is that head on a table.

    >>> import torch
    >>> from rlblocks._core.keys import Spec
    >>> body = Table().build(Spec((), "int64", n=3), None)
    >>> body(torch.tensor([2, 0]))
    tensor([[0., 0., 1.],
            [1., 0., 0.]])
    """

    equation = "h_i(s) = [s = i]"

    def misfit(self, spec: Spec) -> str:
        """It reads one whole number of a Discrete space; of a vector the wrapper Discretise makes one."""
        if isinstance(spec.n, int) and spec.n and not spec.shape:
            return ""
        what = f"has a row for each of a number of states, and {spec} does not count them"
        return f"{what}; part it into bins with the wrapper Discretise" if len(spec.shape) == 1 else what

    def width(self, spec: Spec) -> int:
        """One feature for each state."""
        return _encode.vector_width(spec)

    def build(self, spec: Spec, generator: torch.Generator | None) -> nn.Module:  # noqa: ARG002
        """A module `[B] -> [B, n]` without parameters."""
        from rlblocks.networks._modules import StackModule

        return StackModule(_encode.to_vector(spec), {}, ())
