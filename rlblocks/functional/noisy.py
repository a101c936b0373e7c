"""Factorised Gaussian noise on the weights of an affine map."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def signed_sqrt(x: Tensor) -> Tensor:
    """The function f(x) = sgn(x)·√|x| that factorised noise passes through (Fortunato et al., 2018, below eq. 11).

    Args:
        x: any shape, float.

    Returns:
        The same shape and dtype.

    >>> import torch
    >>> signed_sqrt(torch.tensor([-4.0, 0.0, 9.0]))
    tensor([-2.,  0.,  3.])
    """
    return x.sign() * x.abs().sqrt()


def factorised_noise(noise: Tensor, inputs: int) -> tuple[Tensor, Tensor]:
    """Noise for all weights and biases of a layer from one number per input and one per output.

    Equation: ε^w_{i,j} = f(ε_i)·f(ε_j) and ε^b_j = f(ε_j) (Fortunato et al., 2018, eq. 10 and 11), a matrix of rank 1.

    Args:
        noise: `[inputs + outputs]`, standard normal: first the numbers of the inputs, then those of the outputs.
        inputs: how many inputs the layer has.

    Returns:
        ε^w as `[outputs, inputs]` (torch's order of weights) and ε^b as `[outputs]`.

    >>> import torch
    >>> factorised_noise(torch.tensor([1.0, -4.0, 9.0]), inputs=2)
    (tensor([[ 3., -6.]]), tensor([3.]))
    """
    f = signed_sqrt(noise)
    f_in, f_out = f[:inputs], f[inputs:]
    return f_out.unsqueeze(1) * f_in, f_out
