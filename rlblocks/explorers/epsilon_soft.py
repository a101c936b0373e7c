"""ε-greedy that says how much it explores."""

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


@block("epsilon_soft")
class EpsilonSoft(Explorer):
    """ε-greedy, as `EpsilonGreedy`, with ε as a column besides: a target may ask how its policy acts.

    π(a|s) = ε/n + (1 − ε)·[a = argmax q(s, ·)] (Sutton and Barto, 2018, section 5.4). With ε = 1 it is uniform, so that
    a warm-up that acts so says so: `warmup_explorer=EpsilonSoft(1.0)`.

    Attributes:
        epsilon: ε in [0, 1]; a schedule over environment steps, or a number.

    >>> import torch
    >>> q, explore, choice = torch.tensor([[0.0, 5.0], [0.0, 5.0]]), torch.tensor([0.05, 0.5]), torch.tensor([0.1, 0.1])
    >>> EpsilonSoft(0.5).compute(q=q, epsilon=torch.tensor(0.5), explore=explore, choice=choice)
    (tensor([0, 1]), tensor([0.5000, 0.5000]))
    """

    equation = "a = argmaxₐ q(s, a), with probability ε a uniform legal action; ε"
    outputs = ("action", "epsilon")
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
    ) -> tuple[Tensor, Tensor]:
        """The action of each row, `[B]` int64, and ε, `[B]` float32."""
        action = functional.epsilon_greedy_action(q, epsilon, explore, choice, action_mask)
        real = (q.detach() * 1.0).dtype  # also of whole numbers
        return action, epsilon.detach().to(real).expand(q.shape[0]).clone()

    def evaluation(self) -> Explorer:
        """Greedy."""
        return Greedy()
