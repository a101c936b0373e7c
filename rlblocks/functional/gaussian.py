"""Gaussian policies with independent components, plain and squashed into bounds.

The component i of a plain action is a_i = μ_i + σ_i ε_i with standard normal ε. A squashed one is
a_i = m_i + h_i tanh(u_i) for u_i = μ_i + σ_i ε_i, where m_i is the middle and h_i half the width of its bounds.
Tensors are `[B, *shape]`, one number for each component of an action; what gives one number a row sums over those.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import softplus

from rlblocks.functional.categorical import total_of_row
from rlblocks.functional.value_learning import same_shape

LOG_ROOT_TAU = math.log(2 * math.pi) / 2
EDGE = 1 - 1e-6  # an action at its bound counts as one just inside: float32 tells 1 − 6e-8 from 1, at best
NODES, REACH = 97, 6.0  # a step of ⅛ for standard normal numbers, of which one in 5·10⁸ lies outside


def gaussian_sample(noise: Tensor, mean: Tensor, log_std: Tensor) -> Tensor:
    """A Gaussian action: μ + σε. The gradient reaches μ and log σ.

    Args:
        noise: ε, `[B, *shape]` float, standard normal.
        mean: μ, likewise.
        log_std: log σ, likewise.

    Raises:
        ValueError: the shapes differ.

    >>> gaussian_sample(torch.tensor([[2.0]]), torch.tensor([[1.0]]), torch.tensor([[0.0]]))
    tensor([[3.]])
    """
    same_shape("mean", mean, "log_std", log_std)
    same_shape("mean", mean, "noise", noise)
    return mean + log_std.exp() * noise


def gaussian_log_prob(action: Tensor, mean: Tensor, log_std: Tensor) -> Tensor:
    """The logarithm of the density: Σ_i −((a_i − μ_i)/σ_i)²/2 − log σ_i − ½ log 2π.

    Args:
        action: a, `[B, *shape]` float.
        mean: μ, likewise.
        log_std: log σ, likewise.

    Returns:
        `[B]` float, in nats.

    Raises:
        ValueError: the shapes differ.

    >>> gaussian_log_prob(torch.tensor([[0.0, 1.0]]), torch.zeros(1, 2), torch.zeros(1, 2))
    tensor([-2.3379])
    """
    same_shape("mean", mean, "log_std", log_std)
    same_shape("mean", mean, "action", action)
    return standard_log_prob((action - mean) * (-log_std).exp(), log_std)


def standard_log_prob(noise: Tensor, log_std: Tensor) -> Tensor:
    """The logarithm of the density of μ + σε, by its ε: Σ_i −ε_i²/2 − log σ_i − ½ log 2π.

    >>> standard_log_prob(torch.tensor([[0.0, 1.0]]), torch.zeros(1, 2))
    tensor([-2.3379])
    """
    same_shape("noise", noise, "log_std", log_std)
    return total_of_row(noise.square() / -2 - log_std - LOG_ROOT_TAU)


def gaussian_entropy(log_std: Tensor) -> Tensor:
    """The differential entropy: Σ_i log σ_i + ½ + ½ log 2π.

    Args:
        log_std: log σ, `[B, *shape]` float.

    Returns:
        `[B]` float, in nats; negative for narrow ones.

    >>> gaussian_entropy(torch.zeros(1, 2))
    tensor([2.8379])
    """
    return total_of_row(log_std + 0.5 + LOG_ROOT_TAU)


def squash(u: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Any number into its bounds: m + h·tanh(u), never outside by rounding.

    Args:
        u: `[B, *shape]` float.
        low: the least value, likewise.
        high: the greatest, likewise.

    Raises:
        ValueError: the shapes differ.

    >>> squash(torch.tensor([[0.0, 99.0]]), torch.tensor([[-1.0, -1.0]]), torch.tensor([[3.0, 1.0]]))
    tensor([[1., 1.]])
    """
    same_shape("u", u, "low", low)
    same_shape("u", u, "high", high)
    return ((low + high) / 2 + (high - low) / 2 * u.tanh()).clamp(low, high)


def unsquash(action: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """The number that `squash` makes this action of: artanh((a − m)/h), at the bounds that of an action just inside.

    Raises:
        ValueError: the shapes differ.

    >>> unsquash(torch.tensor([[1.0, 1.0]]), torch.tensor([[-1.0, -1.0]]), torch.tensor([[3.0, 1.0]]))
    tensor([[0.0000, 7.2477]])
    """
    same_shape("action", action, "low", low)
    same_shape("action", action, "high", high)
    return ((2 * action - low - high) / (high - low)).clamp(-EDGE, EDGE).atanh()


def squash_log_slope(u: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """The logarithm of da/du: log h + log(1 − tanh²u), where the latter is 2(log 2 − u − log(1 + exp(−2u))).

    Haarnoja et al., 2018, eq. 21, in a form that is exact for large u; and h once, so that the density is one of a.

    Returns:
        `[B, *shape]` float.

    >>> squash_log_slope(torch.tensor([[0.0, 30.0]]), torch.tensor([[-1.0, -2.0]]), torch.tensor([[1.0, 2.0]]))
    tensor([[  0.0000, -57.9206]])
    """
    return (high - low).log() + math.log(2) - 2 * (u + softplus(-2 * u))


def squashed_entropy(mean: Tensor, log_std: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """The differential entropy of a squashed Gaussian: that of u plus E[log da/du].

    It has no closed form. The expectation is summed by the trapezoid rule over the ε of each component: 10⁻⁷ away from
    a sum over 2·10⁵ nodes for σ ≤ 4, and 10⁻⁵ for σ = e².

    Args:
        mean: μ, `[B, *shape]` float.
        log_std: log σ, likewise.
        low: the least value, likewise.
        high: the greatest, likewise.

    Returns:
        `[B]` float, in nats.

    >>> one = torch.ones(1, 1)
    >>> squashed_entropy(0 * one, -9 * one, -one, one), gaussian_entropy(-9 * one)  # where tanh is as good as linear
    (tensor([-7.5811]), tensor([-7.5811]))
    """
    same_shape("mean", mean, "log_std", log_std)
    std = log_std.exp()
    noise = torch.linspace(-REACH, REACH, NODES, dtype=std.dtype, device=std.device)
    density = (noise.square() / -2).softmax(0)
    u = mean.unsqueeze(-1) + std.unsqueeze(-1) * noise  # [B, *shape, nodes]
    slopes = (squash_log_slope(u, low.unsqueeze(-1), high.unsqueeze(-1)) * density).sum(-1)
    return gaussian_entropy(log_std) + total_of_row(slopes)
