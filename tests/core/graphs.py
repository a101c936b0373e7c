"""What tests of compiled learn steps share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from rlblocks._core.state import State
from tests.core.small_blocks import parameters


@contextmanager
def traced() -> Iterator[dict[str, Any]]:
    """Gradients are traced into graphs, which are counted; compiled code and counters are forgotten afterwards."""
    from torch._dynamo import config, reset
    from torch._dynamo.utils import counters

    before = config.trace_autograd_ops
    config.trace_autograd_ops = True
    reset()
    counters.clear()
    try:
        yield counters
    finally:
        config.trace_autograd_ops = before
        reset()
        counters.clear()


def captured(function: Any) -> Any:
    """The function as one graph, which is run as it was captured."""
    return torch.compile(function, fullgraph=True, dynamic=False, backend="eager")


def assert_alike(ours: State, theirs: State) -> None:
    """Parameters and whatever else was remembered, within rounding."""
    one, other = parameters(ours), parameters(theirs)
    assert ours.counters == theirs.counters
    assert all(torch.allclose(one[name], other[name], rtol=1e-4, atol=1e-5) for name in other)
    for slot, carry in theirs.carries.items():
        for key, parts in carry.items():
            for part, again in zip(parts, ours.carries[slot][key], strict=True):
                assert torch.allclose(again, part, rtol=1e-3, atol=1e-5), (slot, key)
