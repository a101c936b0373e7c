"""What every optimizer does besides its laws, which are asked in tests/test_laws.py."""

from __future__ import annotations

import optimizer_runs as runs
import pytest
import torch

from rlblocks.optimizers import SGD, Adam, AdamW, ClipNorm, ClipValue, RMSprop

every_block = pytest.mark.parametrize("block", [Adam(), AdamW(), RMSprop(), SGD()], ids=repr)


@every_block
def test_two_types_are_refused(block):
    """One vector has one dtype; the message names both."""
    with pytest.raises(ValueError, match=r"torch\.float32 on cpu, torch\.float64 on cpu"):
        block.init([torch.zeros(2), torch.zeros(2, dtype=torch.float64)])


@pytest.mark.parametrize("block", [Adam(clip=ClipNorm(1.0)), AdamW(), RMSprop(clip=ClipValue(1.0)), SGD()], ids=repr)
def test_it_is_traced_whole(block):
    """A compiler meets no break, and steps whose numbers change do not make it trace again."""
    traced = []

    def backend(module, _):
        traced.append(module)
        return module.forward

    def step(params, grads, carry, given):
        block.compute(params=params, grads=grads, carry=carry, **given)

    compiled = torch.compile(step, fullgraph=True, dynamic=False, backend=backend)
    ours, eager = runs.tensors(0, torch.float32), runs.tensors(0, torch.float32)
    grads = runs.gradients(torch.float32, steps=4)
    carry = block.init(ours)
    with torch.no_grad():
        for updates, grad in enumerate(grads):
            compiled(ours, grad, carry, runs.numbers(block, updates, torch.float32))
    runs.run(block, eager, grads)

    assert len(traced) == 1
    assert all(map(torch.equal, ours, eager))
