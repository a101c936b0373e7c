"""Per-row terms of policies that are trained through a value, and of the temperature that weighs their entropy.

π is the policy, a an action that is drawn from it, Q(s, ·) the value of actions, α the temperature, in units of reward
per nat. All of these are `[B]`, one number a row, unless a function says otherwise; α is given by its logarithm, 0-dim.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rlblocks.functional.value_learning import one_per_row, same_shape

if TYPE_CHECKING:
    from torch import Tensor


def soft_policy_loss(log_prob: Tensor, q: Tensor, log_alpha: Tensor) -> Tensor:
    """What an action costs a policy that is to have entropy: α log π(a|s) − Q(s, a) (Haarnoja et al., 2018b, eq. 7).

    Args:
        log_prob: `[B]` float, log π(a|s), in nats.
        q: `[B]` float, Q(s, a).
        log_alpha: 0-dim float; a constant.

    Returns:
        `[B]` float.

    Raises:
        ValueError: the shapes differ.

    >>> import torch
    >>> soft_policy_loss(torch.tensor([-1.0]), torch.tensor([3.0]), torch.tensor(0.5).log())
    tensor([-3.5000])
    """
    same_shape("log_prob", log_prob, "q", q)
    return log_alpha.detach().exp() * log_prob - q


def discrete_soft_policy_loss(logits: Tensor, q: Tensor, log_alpha: Tensor) -> Tensor:
    """The mean of `soft_policy_loss` over all actions: Σ_a π(a|s)(α log π(a|s) − Q(s, a)).

    Christodoulou, 2019, eq. 12.

    Args:
        logits: `[B, A]` float, of π; −∞ where an action is not legal, whose value is then not used, NaN included.
        q: `[B, A]` float, Q(s, ·); a constant.
        log_alpha: 0-dim float; a constant.

    Returns:
        `[B]` float.

    Raises:
        ValueError: the shapes differ.

    >>> import torch
    >>> discrete_soft_policy_loss(torch.zeros(1, 2), torch.tensor([[1.0, 3.0]]), torch.tensor(0.0))  # −log 2 − 2
    tensor([-2.6931])
    """
    same_shape("logits", logits, "q", q)
    absent = logits == -math.inf
    log_pi = logits.log_softmax(-1)
    gain = log_alpha.detach().exp() * log_pi.masked_fill(absent, 0.0) - q.detach().masked_fill(absent, 0.0)
    return (log_pi.exp() * gain).sum(-1)


def temperature_loss(log_alpha: Tensor, entropy: Tensor, target: Tensor | float) -> Tensor:
    """What moves the temperature: −log α·(H̄ − H), whose gradient by log α is H − H̄.

    A step against it raises α where the policy's entropy H is below its target H̄. Haarnoja et al., 2018b, eq. 18, has α
    in the place of log α, so that its gradient by log α is α times this one.

    Args:
        log_alpha: 0-dim float.
        entropy: `[B]` float, H, or an estimate of it such as −log π(a|s), in nats; a constant.
        target: H̄, in nats, one number or `[B]`.

    Returns:
        `[B]` float.

    Raises:
        ValueError: entropy or target are not one number a row.

    >>> import torch
    >>> temperature_loss(torch.tensor(2.0), torch.tensor([1.0, 4.0]), 3.0)
    tensor([-4.,  2.])
    """
    one_per_row(len(entropy), entropy=entropy)
    if not isinstance(target, float):
        same_shape("entropy", entropy, "target", target)
    return (entropy.detach() - target) * log_alpha


def box_entropy(per_component: float, low: tuple[float, ...], high: tuple[float, ...]) -> float:
    """The entropy that a policy over a Box should have: H̄ = Σ_i e + log d_i, for half the width d_i of component i.

    In units in which every bound is −1 or 1, this is e for each component; −1, which is that of a Gaussian of σ = 0.09,
    is what Haarnoja et al., 2018b, appendix D, take. The density of an action in the environment's units differs by the
    product of d_i.

    Args:
        per_component: e, in nats.
        low: the least value of each component.
        high: the greatest, above it.

    >>> box_entropy(-1.0, (-1.0,) * 3, (1.0,) * 3), round(box_entropy(-1.0, (-2.0, 0.0), (2.0, 2.0)), 4)
    (-3.0, -1.3069)
    """
    halves = [(top - least) / 2 for least, top in zip(low, high, strict=True)]
    return sum([per_component + math.log(half) for half in halves])  # a list, which the compiler folds to a number


def greatest_entropy(action_mask: Tensor) -> Tensor:
    """The greatest entropy that a choice among legal actions can have: the logarithm of their number.

    Args:
        action_mask: `[B, A]` bool, True is legal, or `[B, k, A]` for k choices, over which it is summed. Where a choice
            has no legal entry, as in a padded row, it counts as one.

    Returns:
        `[B]` float32, in nats.

    >>> import torch
    >>> greatest_entropy(torch.tensor([[True, True, False], [False, True, False]]))
    tensor([0.6931, 0.0000])
    """
    from rlblocks.functional.categorical import total_of_row

    return total_of_row(action_mask.sum(-1).clamp(min=1).log())
