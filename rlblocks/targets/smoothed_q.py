"""The target of twin delayed deterministic policy gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rlblocks import functional
from rlblocks._core import fields
from rlblocks._core.block import block
from rlblocks._core.declare import draw, fn, read, spec
from rlblocks.aggregates import Aggregate, Least
from rlblocks.targets.base import Critic, Target

if TYPE_CHECKING:
    from torch import Tensor

    from rlblocks._core.keys import Spec


@block("smoothed_q")
class SmoothedQ(Target):
    """The target of TD3: y = r + γ min_j q_j⁻(s′, ã), ã = clip(μ⁻(s′) + clip(σε, −c, c), low, high).

    Clipped double Q-learning with target policy smoothing (Fujimoto et al., 2018, eq. 10 and 15): the least of several
    critics, at an action near the one that the policy would take, so that a narrow peak of a critic counts for little.

    Attributes:
        noise: σ, at least 0, a share of half the width of each component's bounds.
        limit: c, at least 0, likewise: the noise is clipped before it is scaled to the width, and the action after.
        over: what several critics say as one number: the least.

    >>> import torch
    >>> from rlblocks import Spec
    >>> SmoothedQ().compute(
    ...     reward=torch.ones(2), discount=torch.tensor([0.5, 0.0]), action=torch.zeros(2, 1),
    ...     noise=torch.tensor([[9.0], [0.0]]), known=Spec((1,), low=-2.0, high=2.0),
    ...     q=lambda action: torch.stack((3 * action[:, 0], 5 * action[:, 0])),
    ... )
    tensor([2.5000, 1.0000])
    """

    equation = "y = r + γ·min_j q_j⁻(s′, ã), ã = clip(μ⁻(s′) + clip(σε, −c, c), low, high)"
    inputs = {
        "reward": read("reward"),
        "discount": read("discount"),
        "action": read("next.mode@target"),
        "noise": draw("normal", like="next.mode@target"),
        "known": spec("action"),
        "q": fn("next.q@target"),
    }

    noise: float = fields.number(0.2, ge=0.0)
    limit: float = fields.number(0.5, ge=0.0)
    over: Aggregate = fields.slot("aggregates", Least)

    def compute(
        self, *, reward: Tensor, discount: Tensor, action: Tensor, noise: Tensor, known: Spec, q: Critic
    ) -> Tensor:
        """The target of each row, `[B]`, without gradient; `action` and `noise` are `[B, *shape]`."""
        near = functional.smoothed_action(action, noise, known.low, known.high, scale=self.noise, limit=self.limit)
        return functional.one_step_backup(reward, discount, self.over.compute(q(near))).detach()
