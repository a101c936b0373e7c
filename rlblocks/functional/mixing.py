"""Moving a list of tensors towards another."""

from __future__ import annotations

import torch
from torch import Tensor

Tensors = list[Tensor]


@torch.no_grad()
def copy_into(target: Tensors, online: Tensors) -> None:
    """Copy every tensor: θ⁻ ← θ, bit for bit, whatever its type. Only `target` is written.

    Raises:
        ValueError: the lists do not have the same shapes.

    >>> target = [torch.zeros(2)]
    >>> copy_into(target, [torch.tensor([1.0, 2.0])])
    >>> target
    [tensor([1., 2.])]
    """
    same_shapes(target, online)
    torch._foreach_copy_(target, online)


@torch.no_grad()
def move_towards(target: Tensors, online: Tensors, tau: float) -> None:
    """Move every floating tensor a share of the way: θ⁻ ← (1 − τ)θ⁻ + τθ. Others are copied. Only `target` is written.

    Args:
        target: θ⁻, written.
        online: θ, only read.
        tau: τ in [0, 1].

    Raises:
        ValueError: the lists do not have the same shapes.

    >>> target = [torch.zeros(2), torch.tensor(3)]
    >>> move_towards(target, [torch.tensor([1.0, 2.0]), torch.tensor(9)], 0.25)
    >>> target
    [tensor([0.2500, 0.5000]), tensor(9)]
    """
    same_shapes(target, online)
    moving = [t for t in target if t.is_floating_point()]
    if len(moving) < len(target):
        copy_into(
            [t for t in target if not t.is_floating_point()],
            [o for t, o in zip(target, online, strict=True) if not t.is_floating_point()],
        )
        online = [o for t, o in zip(target, online, strict=True) if t.is_floating_point()]
    if moving:
        torch._foreach_lerp_(moving, online, tau)


def same_shapes(target: Tensors, online: Tensors) -> None:
    """Refuse lists that do not correspond tensor by tensor; a copy would broadcast in silence.

    Raises:
        ValueError: says which tensor, and both shapes.
    """
    if len(target) != len(online):
        raise ValueError(f"the target has {len(target)} tensors, but the online network has {len(online)}")
    if [t.shape for t in target] != [o.shape for o in online]:
        pairs = enumerate(zip(target, online, strict=True))
        index, t, o = next((index, t, o) for index, (t, o) in pairs if t.shape != o.shape)
        raise ValueError(f"tensor {index} has shape {tuple(t.shape)} in the target, but {tuple(o.shape)} online")
