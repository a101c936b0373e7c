"""The target of double Q-learning as it was first written: two estimators, each judging what the other one chooses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core.block import block
from rlblocks._core.declare import draw, read
from rlblocks._core.keys import Spec
from rlblocks.targets.base import Target

if TYPE_CHECKING:
    from torch import Tensor


@block("double_estimator")
class DoubleEstimator(Target):
    """Double Q-learning: y_1 = r + γ q_2⁻(s′, argmaxₐ q_1⁻(s′, a)) with probability ½, else 1 and 2 exchanged.

    van Hasselt, 2010, algorithm 1. The network has `members=2`. Which of them learns from a row is drawn for each row;
    the other one is told what it says already, so that its error is 0 and it stays as it is under a plain step.

    A row has one error that is not 0, and losses report the mean over members: half of |δ|, in all rows alike, so that
    a prioritized store prefers the rows that it would prefer by |δ| (its own constant aside).

    >>> import torch
    >>> DoubleEstimator().compute(
    ...     reward=torch.ones(2), discount=torch.tensor([0.5, 0.5]), said=torch.tensor([[7.0, 7.0], [8.0, 8.0]]),
    ...     q=torch.tensor([[[9.0, 0.0], [9.0, 0.0]], [[2.0, 4.0], [2.0, 4.0]]]), u=torch.tensor([0.2, 0.7]),
    ... )
    tensor([[2., 7.],
            [8., 1.]])
    """

    equation = "y_i = r + γ·q_j⁻(s′, argmaxₐ q_i⁻(s′, a)), y_j = q_j(s, a), {i, j} = {1, 2} at random"
    specs = {"td_target": Spec(dims=("member", "batch"), members=2)}
    inputs = {
        "reward": read("reward"),
        "discount": read("discount"),
        "said": read("q@online", at="action", dims=("*", "batch")),
        "q": read("next.q@target", dims=("member", "batch", "action")),
        "u": draw("uniform"),
        "action_mask": read("next.action_mask", default=None),
    }
    tags = {"tells": "one member", "values": "the best action"}

    def compute(
        self, *, reward: Tensor, discount: Tensor, said: Tensor, q: Tensor, u: Tensor, action_mask: Tensor | None = None
    ) -> Tensor:
        """The targets of each row, `[2, B]`, without gradient; `said` is `[2, B]`, `q` `[2, B, A]`, `u` `[B]`."""
        first = u < 0.5  # noqa: PLR2004  one half
        value = functional.value_of_other_choice(q, first, action_mask)
        y = functional.one_step_backup(reward, discount, value)
        return functional.told_to_one(said, first, y).detach()
