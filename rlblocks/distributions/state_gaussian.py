"""Real actions around a mean, with a spread that is seen too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.keys import Spec
from rlblocks.distributions._actions import components, crossed, not_real
from rlblocks.distributions.base import Distribution

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch
    from torch import Tensor, nn


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

    low: float = fields.number(-20.0)
    high: float = fields.number(2.0)

    def __attrs_post_init__(self) -> None:
        crossed(self, self.low, self.high)

    def misfit(self, action: Spec) -> str:
        """It needs real numbers."""
        return not_real(action)

    def width(self, action: Spec) -> int:
        """A mean and a log-scale for each component."""
        return 2 * components(action)

    def writes(self, action: Spec) -> Mapping[str, Spec]:
        """`mean` and `log_std`."""
        return {"mean": Spec(action.shape), "log_std": Spec(action.shape)}

    def build(self, action: Spec, generator: torch.Generator | None) -> nn.Module:  # noqa: ARG002  the role's signature
        """A module without parameters of its own."""
        from rlblocks.distributions._modules import SeenScale

        return SeenScale(action.shape, self.low, self.high)

    def sample(self, parameters: Mapping[str, Tensor], *, noise: Tensor) -> tuple[Tensor, Tensor]:
        """An action μ + σε for ε = `noise`, through which gradients flow, and its log-density."""
        mean, log_std = parameters["mean"], parameters["log_std"]
        action = functional.gaussian_sample(noise, mean, log_std)
        return action, functional.standard_log_prob(noise, log_std)

    def log_prob(self, parameters: Mapping[str, Tensor], *, action: Tensor) -> Tensor:
        """The log-density of an action."""
        return functional.gaussian_log_prob(action, parameters["mean"], parameters["log_std"])

    def entropy(self, parameters: Mapping[str, Tensor]) -> Tensor:
        """The differential entropy."""
        return functional.gaussian_entropy(parameters["log_std"])

    def mode(self, parameters: Mapping[str, Tensor]) -> Tensor:
        """The mean."""
        return parameters["mean"].clone()
