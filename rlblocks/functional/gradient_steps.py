"""Steps of optimizers, and limits of gradients, over the vector of all parameters.

The tensors of one optimizer are joined to one vector [P], because a call costs more than the numbers of a small
network. A step writes into its moments in place and returns what is to be subtracted from θ. Numbers that change from
step to step are 0-dim tensors, so that a compiled step is traced once.
"""

# ruff: noqa: SLF001  the two functions that join and part tensors in one call are public in all but name

from __future__ import annotations

import torch
from torch import Tensor


def join(tensors: list[Tensor]) -> Tensor:
    """All numbers of all tensors as one vector [P], to be read only: of a single tensor it is a view.

    >>> join([torch.tensor([1.0]), torch.tensor([[2.0, 3.0]])])
    tensor([1., 2., 3.])
    """
    joined: Tensor = torch._utils._flatten_dense_tensors(tensors)  # type: ignore[no-untyped-call]
    return joined


def part(vector: Tensor, like: list[Tensor]) -> list[Tensor]:
    """One vector [P] as tensors of these shapes, in the order of `join`: views of it.

    >>> part(torch.tensor([1.0, 2.0, 3.0]), [torch.zeros(1), torch.zeros(1, 2)])
    [tensor([1.]), tensor([[2., 3.]])]
    """
    parts = torch._utils._unflatten_dense_tensors(vector, like)  # type: ignore[no-untyped-call]
    return list(parts)


def descend(params: list[Tensor], step: Tensor) -> None:
    """θ ← θ − Δ, where Δ is one vector [P] in the order of `join`. Only `params` is written.

    >>> theta = [torch.tensor([1.0]), torch.tensor([[2.0, 3.0]])]
    >>> descend(theta, torch.tensor([0.5, 1.0, 2.0]))
    >>> theta
    [tensor([0.5000]), tensor([[1., 1.]])]
    """
    torch._foreach_sub_(params, part(step, params))


def adam_step(
    grad: Tensor, mean: Tensor, square: Tensor, *, step_size: Tensor, damping: Tensor, beta1: float, beta2: float
) -> Tensor:
    """One step of Adam in its efficient order (Kingma and Ba, 2015, algorithm 1 and the end of section 2).

    m ← β₁m + (1 − β₁)g,  v ← β₂v + (1 − β₂)g²,  Δ = αₜ·m / (√v + ε̂)

    Args:
        grad: g, `[P]`, only read.
        mean: m, `[P]`, written.
        square: v, `[P]`, written.
        step_size: 0-dim, αₜ = α·√(1 − β₂ᵗ) / (1 − β₁ᵗ).
        damping: 0-dim, ε̂ = ε·√(1 − β₂ᵗ).
        beta1: β₁ in [0, 1).
        beta2: β₂ in [0, 1).

    Returns:
        Δ, `[P]`.

    >>> m, v, alpha = torch.zeros(1), torch.zeros(1), torch.tensor(0.1)
    >>> adam_step(torch.tensor([4.0]), m, v, step_size=alpha, damping=torch.tensor(0.0), beta1=0.5, beta2=0.75)
    tensor([0.1000])
    >>> m, v
    (tensor([2.]), tensor([4.]))
    """
    mean.lerp_(grad, 1 - beta1)
    square.lerp_(grad * grad, 1 - beta2)
    return (mean / square.sqrt().add_(damping)).mul_(step_size)


def rmsprop_step(
    grad: Tensor, square: Tensor, velocity: Tensor, *, lr: Tensor, decay: float, eps: float, momentum: float
) -> Tensor:
    """One step of RMSprop (Tieleman and Hinton, 2012, lecture 6.5), with momentum on the scaled gradient.

    v ← ρv + (1 − ρ)g²,  b ← μb + g / (√v + ε),  Δ = α·b

    Args:
        grad: g, `[P]`, only read.
        square: v, `[P]`, written.
        velocity: b, `[P]`, written.
        lr: 0-dim, α.
        decay: ρ in [0, 1).
        eps: ε, added outside the root.
        momentum: μ in [0, 1).

    Returns:
        Δ, `[P]`.

    >>> v, b = torch.zeros(1), torch.tensor([2.0])
    >>> rmsprop_step(torch.tensor([4.0]), v, b, lr=torch.tensor(0.1), decay=0.75, eps=0.0, momentum=0.5)
    tensor([0.3000])
    >>> v, b
    (tensor([4.]), tensor([3.]))
    """
    square.lerp_(grad * grad, 1 - decay)
    velocity.mul_(momentum).addcdiv_(grad, square.sqrt().add_(eps))
    return velocity * lr


def sgd_step(grad: Tensor, velocity: Tensor, *, lr: Tensor, momentum: float) -> Tensor:
    """One step down the gradient with heavy-ball momentum (Polyak, 1964): b ← μb + g,  Δ = α·b.

    Args:
        grad: g, `[P]`, only read.
        velocity: b, `[P]`, written.
        lr: 0-dim, α.
        momentum: μ in [0, 1).

    Returns:
        Δ, `[P]`.

    >>> b = torch.tensor([2.0])
    >>> sgd_step(torch.tensor([4.0]), b, lr=torch.tensor(0.1), momentum=0.5), b
    (tensor([0.5000]), tensor([5.]))
    """
    return velocity.mul_(momentum).add_(grad) * lr


def clip_by_norm(grad: Tensor, max_norm: float) -> Tensor:
    """The gradient, shortened to at most `max_norm`: g / max(1, (‖g‖ + 10⁻⁶) / c) (Pascanu et al., 2013, algorithm 1).

    The 10⁻⁶ is the convention of `torch.nn.utils.clip_grad_norm_`.

    >>> clip_by_norm(torch.tensor([3.0, 4.0]), 1.0), clip_by_norm(torch.tensor([3.0, 4.0]), 10.0)
    (tensor([0.6000, 0.8000]), tensor([3., 4.]))
    """
    norm: Tensor = torch.linalg.vector_norm(grad)
    return grad / norm.add_(1e-6).div_(max_norm).clamp_(min=1.0)


def clip_by_value(grad: Tensor, max_value: float) -> Tensor:
    """The gradient with every component clipped to [−c, c].

    >>> clip_by_value(torch.tensor([3.0, -0.5]), 1.0)
    tensor([ 1.0000, -0.5000])
    """
    return grad.clamp(-max_value, max_value)
