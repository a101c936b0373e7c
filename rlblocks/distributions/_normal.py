"""What families of independent normal components have in common, wherever `mean` and `log_std` come from.

Each function is a method of theirs: `sample = _normal.sample`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core.keys import Spec
from rlblocks.distributions._actions import not_real

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from rlblocks.distributions.base import Distribution


def misfit(_: Distribution, action: Spec) -> str:
    """It needs real numbers."""
    return not_real(action)


def writes(_: Distribution, action: Spec) -> Mapping[str, Spec]:
    """`mean` and `log_std`."""
    return {"mean": Spec(action.shape), "log_std": Spec(action.shape)}


def sample(_: Distribution, parameters: Mapping[str, Tensor], *, noise: Tensor) -> tuple[Tensor, Tensor]:
    """An action μ + σε for ε = `noise`, through which gradients flow, and its log-density."""
    mean, log_std = parameters["mean"], parameters["log_std"]
    action = functional.gaussian_sample(noise, mean, log_std)
    return action, functional.standard_log_prob(noise, log_std)


def log_prob(_: Distribution, parameters: Mapping[str, Tensor], *, action: Tensor) -> Tensor:
    """The log-density of an action."""
    return functional.gaussian_log_prob(action, parameters["mean"], parameters["log_std"])


def entropy(_: Distribution, parameters: Mapping[str, Tensor]) -> Tensor:
    """The differential entropy."""
    return functional.gaussian_entropy(parameters["log_std"])


def mode(_: Distribution, parameters: Mapping[str, Tensor]) -> Tensor:
    """The mean."""
    return parameters["mean"].clone()
