"""A target between the mean of next values and their maximum."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rlblocks import block, fields, functional, read
from rlblocks.targets import Target

if TYPE_CHECKING:
    from torch import Tensor


def mellow_max(q: Tensor, omega: float, action_mask: Tensor | None = None) -> Tensor:
    """Mellowmax of the legal actions: mm_ω(x) = log((1/n) Σ_i exp(ω·x_i))/ω (Asadi and Littman, 2017, eq. 2).

    Unlike Boltzmann's softmax it never brings two value functions further apart, so that repeated backups converge.

    Args:
        q: `[B, A]` float, in units of return.
        omega: ω above 0, in 1/units of return; towards 0 this is the mean, towards ∞ the maximum.
        action_mask: `[B, A]` bool, True where legal; None where all are.

    Returns:
        `[B]` float.

    >>> import torch
    >>> mellow_max(torch.tensor([[0.0, 1.0], [3.0, 3.0]]), omega=5.0)
    tensor([0.8627, 3.0000])
    """
    legal = q if action_mask is None else functional.only_legal(q, action_mask)
    count = math.log(q.shape[1]) if action_mask is None else action_mask.sum(1).clamp(min=1).to(q.dtype).log()
    return ((omega * legal).logsumexp(1) - count) / omega


@block("mellow/mellow_max")
class MellowMax(Target):
    """Q-learning with mellowmax in the place of the maximum: y = r + γ·mm_ω(q⁻(s′, ·)) (Asadi and Littman, 2017).

    Attributes:
        omega: ω above 0; towards 0 the mean of the next values is bootstrapped from, towards ∞ the greatest.

    >>> import torch
    >>> reward, discount = torch.tensor([1.0, 1.0]), torch.tensor([0.5, 0.0])
    >>> MellowMax(omega=5.0).compute(reward=reward, discount=discount, q=torch.tensor([[0.0, 1.0], [7.0, 8.0]]))
    tensor([1.4314, 1.0000])
    """

    equation = "y = r + γ·log((1/n) Σ_a exp(ω·q⁻(s′, a)))/ω"
    inputs = {
        "reward": read("reward"),
        "discount": read("discount"),
        "q": read("next.q@target", dims=("batch", "action")),
        "action_mask": read("next.action_mask", default=None),
    }
    tags = {"scale": "matters"}  # ω is in units of 1/q, so that doubling all rewards does not double all targets

    omega: float = fields.number(5.0, gt=0.0)

    def compute(
        self, *, reward: Tensor, discount: Tensor, q: Tensor, action_mask: Tensor | None = None
    ) -> Tensor:  # fmt: skip
        """The target of each row, `[B]`, without gradient; `q` is `[B, A]`."""
        return functional.one_step_backup(reward, discount, mellow_max(q, self.omega, action_mask)).detach()
