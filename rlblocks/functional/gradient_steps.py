"""Steps of optimizers and limits of gradients over lists of tensors.

A step writes into its parameters and its moments in place; numbers that change from step to step are 0-dim tensors, so
that a compiled step is traced once. Everything is a few `torch._foreach` calls, because a call costs more than the numbers.
"""

from __future__ import annotations

import torch
from torch import Tensor

Tensors = list[Tensor]


def adam_step(
    params: Tensors, grads: Tensors, mean: Tensors, square: Tensors, step_size: Tensor, damping: Tensor,
    *, beta1: float, beta2: float,
) -> None:  # fmt: skip
    """One step of Adam in the efficient order (Kingma and Ba, 2015, algorithm 1 and the note at the end of section 2).

    m ← β₁m + (1 − β₁)g,  v ← β₂v + (1 − β₂)g²,  θ ← θ − αₜ·m / (√v + ε̂)

    Args:
        params: θ, written.
        grads: g, only read.
        mean: m, written.
        square: v, written.
        step_size: 0-dim, αₜ = α·√(1 − β₂ᵗ) / (1 − β₁ᵗ).
        damping: 0-dim, ε̂ = ε·√(1 − β₂ᵗ).
        beta1: β₁ in [0, 1).
        beta2: β₂ in [0, 1).

    >>> theta, m, v = torch.tensor([1.0]), torch.zeros(1), torch.zeros(1)
    >>> adam_step([theta], [torch.tensor([4.0])], [m], [v], torch.tensor(0.1), torch.tensor(0.0), beta1=0.5, beta2=0.75)
    >>> theta, m, v
    (tensor([0.9000]), tensor([2.]), tensor([4.]))
    """
    torch._foreach_lerp_(mean, grads, 1 - beta1)
    torch._foreach_mul_(square, beta2)
    torch._foreach_addcmul_(square, grads, grads, 1 - beta2)
    denominator = torch._foreach_sqrt(square)
    torch._foreach_add_(denominator, damping)
    torch._foreach_addcdiv_(params, torch._foreach_mul(mean, step_size), denominator, -1)


def rmsprop_step(
    params: Tensors, grads: Tensors, square: Tensors, velocity: Tensors, lr: Tensor,
    *, decay: float, eps: float, momentum: float,
) -> None:  # fmt: skip
    """One step of RMSprop (Tieleman and Hinton, 2012, lecture 6.5), with momentum on the scaled gradient.

    v ← ρv + (1 − ρ)g²,  b ← μb + g / (√v + ε),  θ ← θ − α·b

    Args:
        params: θ, written.
        grads: g, only read.
        square: v, written.
        velocity: b, written.
        lr: 0-dim, α.
        decay: ρ in [0, 1).
        eps: ε, added outside the root.
        momentum: μ in [0, 1).

    >>> theta, v, b = torch.tensor([1.0]), torch.zeros(1), torch.zeros(1)
    >>> rmsprop_step([theta], [torch.tensor([4.0])], [v], [b], torch.tensor(0.1), decay=0.75, eps=0.0, momentum=0.5)
    >>> theta, v, b
    (tensor([0.8000]), tensor([4.]), tensor([2.]))
    """
    torch._foreach_mul_(square, decay)
    torch._foreach_addcmul_(square, grads, grads, 1 - decay)
    denominator = torch._foreach_sqrt(square)
    torch._foreach_add_(denominator, eps)
    torch._foreach_mul_(velocity, momentum)
    torch._foreach_addcdiv_(velocity, grads, denominator)
    torch._foreach_sub_(params, torch._foreach_mul(velocity, lr))


def sgd_step(params: Tensors, grads: Tensors, velocity: Tensors, lr: Tensor, *, momentum: float) -> None:
    """One step down the gradient with heavy-ball momentum (Polyak, 1964): b ← μb + g,  θ ← θ − α·b.

    Args:
        params: θ, written.
        grads: g, only read.
        velocity: b, written.
        lr: 0-dim, α.
        momentum: μ in [0, 1).

    >>> theta, b = torch.tensor([1.0]), torch.tensor([2.0])
    >>> sgd_step([theta], [torch.tensor([4.0])], [b], torch.tensor(0.1), momentum=0.5)
    >>> theta, b
    (tensor([0.5000]), tensor([5.]))
    """
    torch._foreach_mul_(velocity, momentum)
    torch._foreach_add_(velocity, grads)
    torch._foreach_sub_(params, torch._foreach_mul(velocity, lr))


def global_norm(tensors: Tensors) -> Tensor:
    """The Euclidean norm of all tensors as one vector, 0-dim.

    >>> global_norm([torch.tensor([3.0]), torch.tensor([[4.0]])])
    tensor(5.)
    """
    return torch.linalg.vector_norm(torch.stack(torch._foreach_norm(tensors)))


def clip_by_global_norm(grads: Tensors, max_norm: float) -> Tensors:
    """Gradients scaled so that their joint norm is at most `max_norm`: g·min(1, c / (‖g‖ + 10⁻⁶)).

    Pascanu et al., 2013, algorithm 1; the 10⁻⁶ is the convention of `torch.nn.utils.clip_grad_norm_`.

    >>> clip_by_global_norm([torch.tensor([3.0]), torch.tensor([4.0])], 1.0)
    [tensor([0.6000]), tensor([0.8000])]
    """
    return list(torch._foreach_mul(grads, (max_norm / (global_norm(grads) + 1e-6)).clamp(max=1.0)))


def clip_by_value(grads: Tensors, max_value: float) -> Tensors:
    """Gradients with every component clipped to [−c, c].

    >>> clip_by_value([torch.tensor([3.0, -0.5])], 1.0)
    [tensor([ 1.0000, -0.5000])]
    """
    clipped = torch._foreach_clamp_max(grads, max_value)
    torch._foreach_clamp_min_(clipped, -max_value)
    return list(clipped)
