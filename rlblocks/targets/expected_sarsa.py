"""The target of expected SARSA."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core.block import block
from rlblocks._core.declare import read
from rlblocks.targets.base import Target

if TYPE_CHECKING:
    from torch import Tensor


@block("expected_sarsa")
class ExpectedSarsa(Target):
    """Expected SARSA target: y = r + γ Σ_a π(a|s′) q⁻(s′, a), π the ε-greedy policy (Sutton and Barto, 2018, eq. 6.9).

    ε is read from the row, where the explorer `EpsilonSoft` wrote it: it stands in one place. With ε = 0 this is
    Q-learning.

    >>> import torch
    >>> reward, discount = torch.tensor([1.0, 1.0]), torch.tensor([0.5, 0.0])
    >>> q = torch.tensor([[2.0, 4.0], [7.0, 8.0]])
    >>> ExpectedSarsa().compute(reward=reward, discount=discount, q=q, epsilon=torch.tensor([0.5, 0.5]))
    tensor([2.7500, 1.0000])

    Differs from the paper: ε is that of the step itself, not of the next one, where it falls.
    """

    equation = "y = r + γ·Σ_a π(a|s′)·q⁻(s′, a), π(a|s′) = ε/n + (1 − ε)·[a = argmax q⁻(s′, ·)]"
    inputs = {
        "reward": read("reward"),
        "discount": read("discount"),
        "q": read("next.q@target", dims=("batch", "action")),
        "epsilon": read("epsilon"),
        "action_mask": read("next.action_mask", default=None),
    }

    def compute(
        self, *, reward: Tensor, discount: Tensor, q: Tensor, epsilon: Tensor, action_mask: Tensor | None = None
    ) -> Tensor:
        """The target of each row, `[B]`, without gradient; `q` is `[B, A]`, `epsilon` `[B]` in [0, 1]."""
        policy = functional.epsilon_greedy_probabilities(q, epsilon, action_mask)
        return functional.one_step_backup(reward, discount, functional.expected_value(q, policy)).detach()
