"""A column of what a network said when the chunk was handed over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.declare import Declared, read
from rlblocks._core.keys import Spec
from rlblocks.transforms.base import DIMS, Transform

if TYPE_CHECKING:
    from torch import Tensor


@block("keep")
class Keep(Transform):
    """What a network says before anything is learned from the chunk: x_old = x (V_θ_old of Schulman et al., 2017).

    It stands in the recipe's `prepare`, where the networks are still those that acted, and all epochs read the column
    that it writes: `Keep("value")` serves `ClippedValueLoss`. An objective's `prepare` is too late, and refused: there
    the networks have moved.

    Attributes:
        key: what is kept, one number a row, under the name that the network gives it.

    >>> import torch
    >>> Keep("value").compute(column=torch.tensor([[1.0, 3.0]]), weight=torch.tensor([[1.0, 0.0]]))
    tensor([[1., 0.]])
    """

    equation = "x_old = x"

    key: str = fields.column("value")

    @property
    def inputs(self) -> Mapping[str, Declared]:  # type: ignore[override]  # depends on a field
        """What the network says of each row, and which rows are real."""
        return {"column": read(f"{self.key}@online", dims=DIMS), "weight": read("weight", default=1, dims=DIMS)}

    @property
    def outputs(self) -> tuple[str, ...]:  # type: ignore[override]  # depends on a field
        """The key."""
        return (self.key,)

    @property
    def specs(self) -> Mapping[str, Spec]:  # type: ignore[override]  # depends on a field
        """One number a row, in time."""
        return {self.key: Spec(dims=DIMS)}

    def compute(self, *, column: Tensor, weight: Tensor | float = 1) -> Tensor:
        """The column without its graph, `[T, N]`."""
        functional.in_step(column=column, weight=weight)
        return functional.only_counted(column.detach(), weight).clone()
