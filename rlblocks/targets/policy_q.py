"""The target of deterministic policy gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.declare import fn, read
from rlblocks.aggregates import Aggregate, First
from rlblocks.targets.base import Critic, Target

if TYPE_CHECKING:
    from torch import Tensor


@block("policy_q")
class PolicyQ(Target):
    """The target of DDPG: y = r + γ q⁻(s′, μ⁻(s′)) (Lillicrap et al., 2016, algorithm 1).

    Both the policy μ⁻, which chooses the next action, and the critic q⁻, which says what it is worth, are targets.

    Attributes:
        over: what several critics say as one number: the first.

    >>> import torch
    >>> reward, discount = torch.tensor([1.0, 1.0]), torch.tensor([0.5, 0.0])
    >>> PolicyQ().compute(reward=reward, discount=discount, action=torch.ones(2, 1), q=lambda action: 3 * action[:, 0])
    tensor([2.5000, 1.0000])
    """

    equation = "y = r + γ·q⁻(s′, μ⁻(s′))"
    inputs = {
        "reward": read("reward"),
        "discount": read("discount"),
        "action": read("next.mode@target"),
        "q": fn("next.q@target"),
    }

    over: Aggregate = fields.slot("aggregates", First)

    def compute(self, *, reward: Tensor, discount: Tensor, action: Tensor, q: Critic) -> Tensor:
        """The target of each row, `[B]`, without gradient; `action` is `[B, *shape]`."""
        return functional.one_step_backup(reward, discount, self.over.compute(q(action))).detach()
