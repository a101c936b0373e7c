"""The laws of target updates as functions of one of them, and the networks to ask them with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from hypothesis import settings
from hypothesis import strategies as st
from torch import Tensor

if TYPE_CHECKING:
    from rlblocks.target_updates import TargetUpdate

law = settings(derandomize=True, deadline=None, database=None, max_examples=60)

Tensors = list[Tensor]


@st.composite
def networks(draw: st.DrawFn, dtype: torch.dtype = torch.float64) -> tuple[Tensors, Tensors]:
    """Online and target: parameters, a running mean, a counter and a mask of flags, in one order."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shapes = draw(st.lists(st.sampled_from([(2, 3), (3,), (), (1, 4)]), min_size=1, max_size=3))

    def network() -> Tensors:
        floating = [torch.from_numpy(np.asarray(generator.normal(size=shape))).to(dtype) for shape in shapes]
        counter, flags = torch.tensor(int(generator.integers(100))), torch.from_numpy(generator.random(3) < 0.5)
        return [*floating, counter, flags]

    return network(), network()


def clones(tensors: Tensors) -> Tensors:
    """Copies that share no memory."""
    return [tensor.clone() for tensor in tensors]


def equal(some: Tensors, others: Tensors) -> bool:
    """Equal bit for bit."""
    return len(some) == len(others) and all(map(torch.equal, some, others))


def tup_1_apart(block: TargetUpdate, online: Tensors, target: Tensors) -> None:
    """Afterwards the two share no memory: later steps of the online network do not move the target."""
    block.compute(online=online, target=target)
    before = clones(target)
    for tensor in online:
        tensor.fill_(1)
    assert equal(target, before)


def tup_4_online_untouched(block: TargetUpdate, online: Tensors, target: Tensors) -> None:
    """The online network is only read: bits, versions, flags."""
    before, versions = clones(online), [tensor._version for tensor in online]
    block.compute(online=online, target=target)
    assert equal(online, before)
    assert versions == [tensor._version for tensor in online]


def tup_5_integers(block: TargetUpdate, online: Tensors, target: Tensors) -> None:
    """Counters and flags are copied."""
    block.compute(online=online, target=target)
    pairs = [(o, t) for o, t in zip(online, target, strict=True) if not o.is_floating_point()]
    assert pairs
    assert all(torch.equal(o, t) for o, t in pairs)


def tup_7_in_place(block: TargetUpdate, online: Tensors, target: Tensors) -> None:
    """Written where it is, without a graph, though the online parameters ask for gradients."""
    for tensor in online:
        tensor.requires_grad_(tensor.is_floating_point())
    places = [tensor.data_ptr() for tensor in target]
    block.compute(online=online, target=target)
    assert places == [tensor.data_ptr() for tensor in target]
    assert not any(tensor.requires_grad for tensor in target)


def tup_9_cadence(block: TargetUpdate, chunks: list[int]) -> None:
    """However time is cut into chunks, it fires ⌊t/k⌋ times."""
    now, fired = 0, 0
    for chunk in chunks:
        fired += block.every.firings(now, now + chunk)
        now += chunk
    assert fired == now // block.every.count


def tup_10_between(block: TargetUpdate, online: Tensors, target: Tensors) -> None:
    """Every number ends between where it was and the online one."""
    before = clones(target)
    block.compute(online=online, target=target)
    for o, b, t in zip(online, before, target, strict=True):
        if o.is_floating_point():
            assert ((torch.minimum(o, b) <= t) & (t <= torch.maximum(o, b))).all()
