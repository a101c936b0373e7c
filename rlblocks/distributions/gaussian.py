"""Real actions around a mean, with a spread that sees no features."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks.distributions import _normal
from rlblocks.distributions._actions import components
from rlblocks.distributions.base import Distribution

if TYPE_CHECKING:
    import torch
    from torch import nn

    from rlblocks._core.keys import Spec


@block("gaussian")
class Gaussian(Distribution):
    """Independent normal components: the mean is seen, the spread is one trainable number for each component.

    Equation: π(a|s) = Π_i N(a_i; μ_i(s), σ_i²) (Williams, 1992, section 6; with σ apart from s as in Schulman et al.,
    2015, appendix D).

    Writes `mean` and `log_std`, `[B, *shape]` each, the latter alike in all rows. Actions are not cut: what lies
    outside the bounds of a Box is stored as it was chosen, and the environment gets the nearest bound.

    Attributes:
        log_std: log σ of every component at the start.

    >>> import torch
    >>> given = {"mean": torch.tensor([[1.0]]), "log_std": torch.tensor([[0.0]])}
    >>> Gaussian().sample(given, noise=torch.tensor([[2.0]]))
    (tensor([[3.]]), tensor([-2.9189]))
    """

    equation = "a = μ(s) + σε, log π(a|s) = Σ_i −((a_i − μ_i)/σ_i)²/2 − log σ_i − ½ log 2π"
    noise = "normal"

    misfit, writes = _normal.misfit, _normal.writes
    sample, log_prob, entropy, mode = _normal.sample, _normal.log_prob, _normal.entropy, _normal.mode

    log_std: float = fields.number(0.0)

    def width(self, action: Spec) -> int:
        """A mean for each component."""
        return components(action)

    def build(self, action: Spec, generator: torch.Generator | None) -> nn.Module:
        """A module with one parameter, `log_std`."""
        from rlblocks.distributions._modules import FixedScale, device_of

        return FixedScale(action.shape, self.log_std, device_of(generator))
