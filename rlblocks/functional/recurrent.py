"""Recurrence: one step of a cell, and windows of consecutive steps."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Memory = tuple[Tensor, ...]
Step = Callable[[Tensor, Memory], Memory]


def lstm_step(gates: Tensor, c_tm1: Tensor) -> Memory:
    """One step of long short-term memory, from what its four gates are fed with.

    Equation: c_t = σ(f)⊙c_{t−1} + σ(i)⊙tanh(g), h_t = σ(o)⊙tanh(c_t) (Hochreiter and Schmidhuber, 1997, with the forget
    gate of Gers, Schmidhuber and Cummins, 2000, section 3), where (i, f, g, o) = W x_t + U h_{t−1} + b.

    Args:
        gates: `[B, 4·H]`, float: i, f, g and o, side by side.
        c_tm1: `[B, H]`, float: the cell state before.

    Returns:
        h_t and c_t, `[B, H]` each.

    >>> h, c = lstm_step(torch.tensor([[100.0, 100.0, 0.5, 100.0]]), torch.tensor([[1.0]]))
    >>> (c - 1).atanh(), h.atanh()
    (tensor([[0.5000]]), tensor([[1.4621]]))
    """
    i, f, g, o = gates.chunk(4, 1)
    c_t = f.sigmoid() * c_tm1 + i.sigmoid() * g.tanh()
    return o.sigmoid() * c_t.tanh(), c_t


def gru_step(fed: Tensor, recalled: Tensor, h_tm1: Tensor) -> Tensor:
    """One step of a gated recurrent unit, from what the input and the memory give to each gate.

    Equation: h_t = z⊙h_{t−1} + (1 − z)⊙tanh(n_x + r⊙n_h), r = σ(r_x + r_h), z = σ(z_x + z_h) (Cho et al., 2014, eq. 5
    to 8), where (r_x, z_x, n_x) = W x_t + b and (r_h, z_h, n_h) = U h_{t−1}, n_h with a bias of its own.

    Differs from the paper: r multiplies U h instead of h, so that one product serves all gates.

    Args:
        fed: `[B, 3·H]`, float: r_x, z_x and n_x, side by side.
        recalled: `[B, 3·H]`, float: r_h, z_h and n_h.
        h_tm1: `[B, H]`, float: the memory before.

    Returns:
        h_t, `[B, H]`.

    >>> gru_step(torch.tensor([[-100.0, 0.0, 0.5]]), torch.tensor([[0.0, 0.0, 9.0]]), torch.tensor([[1.0]]))
    tensor([[0.7311]])
    """
    r_x, z_x, n_x = fed.chunk(3, 1)
    r_h, z_h, n_h = recalled.chunk(3, 1)
    n = (n_x + (r_x + r_h).sigmoid() * n_h).tanh()
    return n + (z_x + z_h).sigmoid() * (h_tm1 - n)


def unroll(step: Step, fed: Tensor, memory: Memory, is_first: Tensor | None, window: int) -> Memory:
    """The memory after every row of windows of consecutive steps.

    Equation: m_t = step(x_t, m_{t−1}), with 0 in the place of m_{t−1} where an episode starts at t.

    Args:
        step: from what is fed at one step, `[K, G]`, and the memory before it to the memory after it.
        fed: `[window·K, G]`, float: K windows side by side, row t·K + k is step t of window k.
        memory: the memory before the first step, `[K, H]` each.
        is_first: `[window·K]`, bool: before which rows the memory is cleared, whatever it holds; None clears none.
        window: the number of steps.

    Returns:
        The memory after each row, `[window·K, H]` each.

    >>> counts = unroll(lambda x, m: (m[0] + x,), torch.ones(6, 1), (torch.tensor([[10.0], [20.0]]),), None, window=3)
    >>> counts[0].flatten()
    tensor([11., 21., 12., 22., 13., 23.])
    """
    count = memory[0].shape[0]
    starts = None if is_first is None else is_first.reshape(window, count, 1)
    found = []
    for t, x_t in enumerate(fed.reshape(window, count, fed.shape[1]).unbind(0)):
        if starts is not None:
            memory = tuple([part.masked_fill(starts[t], 0.0) for part in memory])
        memory = step(x_t, memory)
        found.append(memory)
    return tuple([torch.cat(parts) for parts in zip(*found, strict=True)])
