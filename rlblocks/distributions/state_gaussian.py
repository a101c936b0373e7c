"""Real actions around a mean, with a spread that is seen too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks.distributions import _normal
from rlblocks.distributions._actions import components, crossed
from rlblocks.distributions.base import Distribution

if TYPE_CHECKING:
    import torch
    from torch import nn

    from rlblocks._core.keys import Spec


@block("state_gaussian")
class StateGaussian(Distribution):
    """Independent normal components whose mean and spread are both seen.

    Equation: π(a|s) = Π_i N(a_i; μ_i(s), σ_i(s)²) (Williams, 1992, section 6).

    Writes `mean` and `log_std`, `[B, *shape]` each. Actions are not cut: what lies outside the bounds of a Box is
    stored as it was chosen, and the environment gets the nearest bound.

    Attributes:
        low: the least log σ; what the layer gives below it counts as this.
        high: the greatest log σ.

    >>> import torch
    >>> given = {"mean": torch.tensor([[1.0]]), "log_std": torch.tensor([[0.0]])}
    >>> StateGaussian().sample(given, noise=torch.tensor([[2.0]]))
    (tensor([[3.]]), tensor([-2.9189]))

    Differs from the paper: σ by its logarithm, cut to a range.
    """

    equation = "a = μ(s) + σ(s)ε, log π(a|s) = Σ_i −((a_i − μ_i)/σ_i)²/2 − log σ_i − ½ log 2π"
    noise = "normal"

    misfit, writes = _normal.misfit, _normal.writes
    sample, log_prob, entropy, mode = _normal.sample, _normal.log_prob, _normal.entropy, _normal.mode

    low: float = fields.number(-20.0)
    high: float = fields.number(2.0)

    def __attrs_post_init__(self) -> None:
        crossed(self, self.low, self.high)

    def width(self, action: Spec) -> int:
        """A mean and a log-scale for each component."""
        return 2 * components(action)

    def build(self, action: Spec, generator: torch.Generator | None) -> nn.Module:  # noqa: ARG002  the role's signature
        """A module without parameters of its own."""
        from rlblocks.distributions._modules import SeenScale

        return SeenScale(action.shape, self.low, self.high)
