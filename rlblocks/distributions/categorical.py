"""One choice of several, or several such choices."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core.block import block
from rlblocks._core.declare import read
from rlblocks._core.keys import Spec
from rlblocks.distributions._actions import choices
from rlblocks.distributions.base import Distribution

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch
    from torch import Tensor, nn


@block("categorical")
class Categorical(Distribution):
    """A probability for each entry of a Discrete action, or of each choice of a MultiDiscrete or MultiBinary one.

    Equation: π(a|s) = Π_i exp(l_i,a_i) / Σ_b exp(l_i,b) (Williams, 1992, section 6, for one choice).

    Writes `logits`, `[B, A]` for Discrete(A), `[B, k, max n]` for k choices of n_i entries each, −∞ where a choice has
    fewer (MultiBinary: two each). Reads `action_mask`, bool of the shape of `logits`, where somebody writes it: True is
    legal. A choice without a legal entry, as in a padded row, is made as if all were legal.

    >>> import torch
    >>> given = {"logits": torch.tensor([[0.0, 1.0986123], [0.0, 1.0986123]])}  # π = ¼, ¾
    >>> action, log_prob = Categorical().sample(given, noise=torch.tensor([0.2, 0.3]))
    >>> action, log_prob.exp(), Categorical().mode(given)
    (tensor([0, 1]), tensor([0.2500, 0.7500]), tensor([1, 1]))
    """

    equation = "π(a|s) = exp(l_a) / Σ_b exp(l_b)"
    noise = "uniform"
    reads = {"action_mask": read("action_mask", default=None)}

    def misfit(self, action: Spec) -> str:
        """It needs choices to make."""
        if all(count > 0 for count in choices(action)) and choices(action):
            return ""
        return f"chooses among entries, as of a Discrete space, and the action is {action}"

    def width(self, action: Spec) -> int:
        """One number for each entry of each choice."""
        return sum(choices(action))

    def writes(self, action: Spec) -> Mapping[str, Spec]:
        """`logits`."""
        counts = choices(action)
        if action.shape:
            return {"logits": Spec((len(counts), max(counts)), dims=("batch", "choice", "action"))}
        return {"logits": Spec(counts, dims=("batch", "action"))}

    def build(self, action: Spec, generator: torch.Generator | None) -> nn.Module:
        """A module without parameters of its own."""
        from rlblocks.distributions._modules import FactoredLogits, Logits, device_of

        return FactoredLogits(choices(action), device_of(generator)) if action.shape else Logits()

    def sample(
        self, parameters: Mapping[str, Tensor], *, noise: Tensor, action_mask: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """An action, int64, by the inverse of the distribution function at `noise`; and its log-probability."""
        logits = _legal(parameters, action_mask)
        action = functional.categorical_sample(noise, logits)
        return action, functional.categorical_log_prob(logits, action)

    def log_prob(
        self, parameters: Mapping[str, Tensor], *, action: Tensor, action_mask: Tensor | None = None
    ) -> Tensor:
        """The log-probability of an action; −∞ of an illegal one."""
        return functional.categorical_log_prob(_legal(parameters, action_mask), action)

    def entropy(self, parameters: Mapping[str, Tensor], *, action_mask: Tensor | None = None) -> Tensor:
        """The entropy over legal entries."""
        return functional.categorical_entropy(_legal(parameters, action_mask))

    def mode(self, parameters: Mapping[str, Tensor], *, action_mask: Tensor | None = None) -> Tensor:
        """The most probable action, int64, the first of several."""
        return functional.categorical_mode(_legal(parameters, action_mask))


def _legal(parameters: Mapping[str, Tensor], action_mask: Tensor | None) -> Tensor:
    logits = parameters["logits"]
    return logits if action_mask is None else functional.legal_logits(logits, action_mask)
