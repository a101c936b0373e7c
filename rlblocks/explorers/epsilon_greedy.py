"""A random action now and then, else the best."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.clocks import EnvSteps
from rlblocks._core.declare import draw, read, scheduled
from rlblocks.explorers.base import Explorer
from rlblocks.explorers.greedy import Greedy
from rlblocks.schedules import Linear, Schedule

if TYPE_CHECKING:
    from torch import Tensor


@block("epsilon_greedy")
class EpsilonGreedy(Explorer):
    """With probability ε a legal action drawn uniformly, else the greedy one: a = argmaxₐ q(s, a) where u ≥ ε.

    Sutton and Barto, 2018, section 2.2; with ε falling linearly, Mnih et al., 2015, methods. So the greedy action has
    probability 1 − ε + ε/n of n legal ones, each other ε/n. Rows explore independently.

    Attributes:
        epsilon: ε in [0, 1]; a schedule over environment steps, or a number.

    >>> import torch
    >>> q = torch.tensor([[0.0, 5.0, 1.0], [0.0, 5.0, 1.0]])
    >>> explore, choice = torch.tensor([0.05, 0.5]), torch.tensor([0.9, 0.9])
    >>> EpsilonGreedy(0.1).compute(q=q, epsilon=torch.tensor(0.1), explore=explore, choice=choice)
    tensor([2, 1])
    """

    equation = "a = argmaxₐ q(s, a), with probability ε a uniform legal action"
    inputs = {
        "q": read("q@online", dims=("batch", "action")),
        "epsilon": scheduled("epsilon"),
        "explore": draw("uniform"),
        "choice": draw("uniform"),
        "action_mask": read("action_mask", default=None),
    }

    epsilon: Schedule = fields.schedule(Linear(1.0, 0.05, over=EnvSteps(10_000)), ge=0.0, le=1.0)

    def compute(
        self, *, q: Tensor, epsilon: Tensor, explore: Tensor, choice: Tensor, action_mask: Tensor | None = None
    ) -> Tensor:
        """The action of each row, `[B]` int64; it explores where `explore` < ε, by the action that `choice` picks."""
        return functional.epsilon_greedy_action(q, epsilon, explore, choice, action_mask)

    def evaluation(self) -> Explorer:
        """Greedy."""
        return Greedy()
