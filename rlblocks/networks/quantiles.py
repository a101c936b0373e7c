"""Values as quantiles of the distribution of the return."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks.networks.base import ValueForm

if TYPE_CHECKING:
    from torch import Tensor


@block("quantiles")
class Quantiles(ValueForm):
    """The value of an action as N equally likely numbers, quantiles of the distribution of its return.

    Equation: Z_θ = (1/N) Σ_i δ_{θ_i}, where θ_i estimates the quantile at τ̂_i = (2i − 1)/2N; the value is
    Q = (1/N) Σ_i θ_i, and a back-up is T θ_i = r + γ·θ_i, exactly r where the discount is 0 (Dabney et al., 2018,
    lemma 2 and algorithm 1).

    Nothing sorts the quantiles: a loss tells θ_i that it is the i-th, and until it has learned, they may cross.

    Attributes:
        n: N, how many quantiles a value has; 25 as in Kuznetsov et al., 2020.

    >>> import torch
    >>> one, none = torch.tensor([1.0, 1.0]), torch.tensor([0.5, 0.0])
    >>> Quantiles(2).backup(one, none, torch.tensor([[2.0, 4.0], [float("nan"), 4.0]]))
    tensor([[2., 3.],
            [1., 1.]])
    >>> Quantiles(2).mean(torch.tensor([[2.0, 4.0]]))
    tensor([3.])
    """

    equation = "Q = (1/N) Σ_i θ_i, T θ_i = r + γ·θ_i"
    key = "quantiles"

    n: int = fields.integer(25, ge=1)

    def width(self) -> int:
        """N numbers."""
        return self.n

    def dims(self) -> tuple[str, ...]:
        """The dim `quantile`."""
        return ("quantile",)

    def mean(self, value: Tensor) -> Tensor:
        """Their mean, `[..., N] -> [...]`."""
        return value.mean(-1)

    def backup(self, reward: Tensor, discount: Tensor, value: Tensor) -> Tensor:
        """One step of every quantile, `[B], [B], [B, N] -> [B, N]`."""
        from rlblocks.functional.value_learning import one_step_backup

        return one_step_backup(reward, discount, value)
