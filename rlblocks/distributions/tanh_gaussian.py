"""Real actions inside bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.keys import Spec
from rlblocks.distributions._actions import bounds, components, crossed, not_bounded
from rlblocks.distributions.base import Distribution

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch
    from torch import Tensor, nn


@block("tanh_gaussian")
class TanhGaussian(Distribution):
    """Independent normal components, squashed into the bounds of the action by tanh.

    Equation: a_i = m_i + h_i tanh(u_i) with u_i ~ N(μ_i(s), σ_i(s)²), so that
    log π(a|s) = Σ_i log N(u_i; μ_i, σ_i²) − log(h_i (1 − tanh² u_i)) (Haarnoja et al., 2018, eq. 20 and 21), for the
    middle m and half the width h of the bounds of each component.

    Writes `mean` and `log_std` of u, and the bounds `low` and `high`, `[B, *shape]` each. The log-density of a sample
    is computed from its u, so it is exact however close to a bound a is; that of a stored action from artanh, where an
    action at a bound counts as one just inside. The mode is the squashed mean, the median of each component.

    Attributes:
        low: the least log σ of u; what the layer gives below it counts as this.
        high: the greatest log σ of u.

    >>> import torch
    >>> one = torch.ones(1, 1)
    >>> given = {"mean": 0 * one, "log_std": 0 * one, "low": -one, "high": 3 * one}
    >>> TanhGaussian().sample(given, noise=0 * one)  # −½ log 2π − log 2
    (tensor([[1.]]), tensor([-1.6121]))

    Differs from the paper: bounds other than ±1, whose width is part of the density; log σ is cut to a range.
    """

    equation = "a = m + h·tanh(u), u = μ(s) + σ(s)ε, log π(a|s) = Σ_i log N(u_i; μ_i, σ_i²) − log(h_i (1 − tanh² u_i))"
    noise = "normal"
    tags = {"mode": "median"}

    low: float = fields.number(-5.0)
    high: float = fields.number(2.0)

    def __attrs_post_init__(self) -> None:
        crossed(self, self.low, self.high)

    def misfit(self, action: Spec) -> str:
        """It needs real numbers between finite bounds."""
        return not_bounded(action)

    def width(self, action: Spec) -> int:
        """A mean and a log-scale for each component."""
        return 2 * components(action)

    def writes(self, action: Spec) -> Mapping[str, Spec]:
        """`mean`, `log_std`, `low` and `high`."""
        return {key: Spec(action.shape) for key in ("mean", "log_std", "low", "high")}

    def build(self, action: Spec, generator: torch.Generator | None) -> nn.Module:
        """A module without parameters of its own, which knows the bounds."""
        from rlblocks.distributions._modules import Bounded, SeenScale, device_of

        inner = SeenScale(action.shape, self.low, self.high)
        return Bounded(inner, bounds(action), action.shape, device_of(generator))

    def sample(self, parameters: Mapping[str, Tensor], *, noise: Tensor) -> tuple[Tensor, Tensor]:
        """An action for ε = `noise`, through which gradients flow, and its log-density."""
        low, high, log_std = parameters["low"], parameters["high"], parameters["log_std"]
        u = functional.gaussian_sample(noise, parameters["mean"], log_std)
        slope = functional.total_of_row(functional.squash_log_slope(u, low, high))
        return functional.squash(u, low, high), functional.standard_log_prob(noise, log_std) - slope

    def log_prob(self, parameters: Mapping[str, Tensor], *, action: Tensor) -> Tensor:
        """The log-density of an action, finite at its bounds."""
        low, high = parameters["low"], parameters["high"]
        u = functional.unsquash(action, low, high)
        plain = functional.gaussian_log_prob(u, parameters["mean"], parameters["log_std"])
        return plain - functional.total_of_row(functional.squash_log_slope(u, low, high))

    def entropy(self, parameters: Mapping[str, Tensor]) -> Tensor:
        """The differential entropy, by quadrature."""
        low, high = parameters["low"], parameters["high"]
        return functional.squashed_entropy(parameters["mean"], parameters["log_std"], low, high)

    def mode(self, parameters: Mapping[str, Tensor]) -> Tensor:
        """The squashed mean."""
        return functional.squash(parameters["mean"], parameters["low"], parameters["high"])
