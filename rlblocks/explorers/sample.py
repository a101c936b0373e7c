"""What a policy draws."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core.block import block
from rlblocks._core.declare import read
from rlblocks.explorers.base import Explorer
from rlblocks.explorers.mode import Mode

if TYPE_CHECKING:
    from torch import Tensor


@block("sample")
class Sample(Explorer):
    """An action drawn from the policy, and how likely it was: a ~ π(·|s), log π(a|s).

    The second is stored as `log_prob`: what the policy that acted said of the action, whatever it learns later.

    >>> import torch
    >>> Sample().compute(sample=torch.tensor([1, 0]), log_prob=torch.tensor([-0.5, -1.5]))
    (tensor([1, 0]), tensor([-0.5000, -1.5000]))
    """

    equation = "a ~ π(·|s)"
    inputs = {"sample": read("sample@online"), "log_prob": read("log_prob@online")}
    outputs = ("action", "log_prob")

    def compute(self, *, sample: Tensor, log_prob: Tensor) -> tuple[Tensor, Tensor]:
        """The action of each row, `[B, *shape]`, and its log-probability or log-density, `[B]`."""
        functional.one_per_row(sample.shape[0], log_prob=log_prob)
        return sample.detach().clone(), log_prob.detach().clone()

    def evaluation(self) -> Explorer:
        """The mode of the policy, which draws nothing."""
        return Mode()
