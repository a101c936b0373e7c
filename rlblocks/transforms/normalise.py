"""A column of mean 0 and standard deviation 1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.declare import Declared, read
from rlblocks.transforms.base import Transform

if TYPE_CHECKING:
    from torch import Tensor


@block("normalise")
class Normalise(Transform):
    """Shifted and scaled by its own rows: x ← (x − mean(x)) / (std(x) + ε) (Schulman et al., 2017, in their code).

    Mean and standard deviation are those of the real rows of what it is given, all dims together: of the chunk in the
    recipe's `prepare`, of each minibatch in that of an objective. The standard deviation divides by the number of rows,
    so that one row has 0 and comes out as 0, as rows that all agree do.

    Attributes:
        key: what is rewritten.
        eps: ε, in units of the key, above 0.

    >>> import torch
    >>> Normalise("advantage").compute(column=torch.tensor([1.0, 3.0, 5.0, 7.0]))
    tensor([-1.3416, -0.4472,  0.4472,  1.3416])
    """

    equation = "x ← (x − mean(x)) / (std(x) + ε)"

    key: str = fields.column("advantage")
    eps: float = fields.number(1e-8, gt=0.0)

    @property
    def inputs(self) -> Mapping[str, Declared]:  # type: ignore[override]  # depends on a field
        """The key, and which rows are real."""
        return {"column": read(self.key), "weight": read("weight", default=1)}

    @property
    def outputs(self) -> tuple[str, ...]:  # type: ignore[override]  # depends on a field
        """The key."""
        return (self.key,)

    def compute(self, *, column: Tensor, weight: Tensor | float = 1) -> Tensor:
        """The column in units of its standard deviation, `[T, N]` or `[B]` as it was."""
        functional.in_step(column=column, weight=weight)
        return functional.normalise(column.detach(), weight, self.eps)
