"""What every optimizer obeys, and torch's own as oracles."""

from __future__ import annotations

import attrs
import optimizer_laws as laws
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from optimizer_laws import FALLING, law

from rlblocks._core.block import blocks_of
from rlblocks.optimizers import SGD, Adam, AdamW, ClipNorm, ClipValue, RMSprop

ORACLES = {
    Adam(lr=FALLING): torch.optim.Adam,
    Adam(lr=FALLING, beta1=0.5, beta2=0.9, eps=1.5e-4): lambda p: torch.optim.Adam(p, betas=(0.5, 0.9), eps=1.5e-4),
    Adam(lr=FALLING, beta1=0.0, beta2=0.0): lambda p: torch.optim.Adam(p, betas=(0.0, 0.0)),
    AdamW(lr=FALLING): torch.optim.AdamW,
    AdamW(lr=FALLING, weight_decay=0.5): lambda p: torch.optim.AdamW(p, weight_decay=0.5),
    RMSprop(lr=FALLING): torch.optim.RMSprop,
    RMSprop(lr=FALLING, decay=0.9, eps=1e-3, momentum=0.9):
        lambda p: torch.optim.RMSprop(p, alpha=0.9, eps=1e-3, momentum=0.9),
    SGD(lr=FALLING): torch.optim.SGD,
    SGD(lr=FALLING, momentum=0.9): lambda p: torch.optim.SGD(p, momentum=0.9),
}  # fmt: skip
every_block = pytest.mark.parametrize("block", list(ORACLES), ids=repr)
blocks = st.sampled_from(list(ORACLES))


def test_every_optimizer_of_this_package_is_asked():
    """The table above is complete."""
    ours = {kind for kind in blocks_of("optimizers").values() if kind.__module__.startswith("rlblocks.")}

    assert ours == {type(block) for block in ORACLES}


@every_block
def test_it_steps_as_torch_does(block):
    """100 steps with a falling learning rate: to 10⁻¹² in double and 10⁻⁶ in single precision."""
    assert laws.opt_1_oracle(block, ORACLES[block], torch.float64) <= 1e-12
    assert laws.opt_1_oracle(block, ORACLES[block], torch.float32) <= 1e-6


@every_block
@pytest.mark.parametrize("clip", [ClipNorm(0.5), ClipValue(0.1)], ids=repr)
def test_it_clips_before_it_steps(block, clip):
    """100 steps on clipped gradients are torch's steps on gradients that torch clipped."""
    ours, theirs = laws.tensors(0, torch.float64), laws.tensors(0, torch.float64)
    grads = laws.gradients(torch.float64)

    laws.run(attrs.evolve(block, clip=clip), ours, grads)

    clipped = [laws.tensors(1, torch.float64) for _ in grads]
    for step, into in zip(grads, clipped, strict=True):
        params = [torch.nn.Parameter(torch.zeros_like(g)) for g in step]
        for param, g in zip(params, step, strict=True):
            param.grad = g.clone()
        if isinstance(clip, ClipNorm):
            torch.nn.utils.clip_grad_norm_(params, clip.max_norm)
        else:
            torch.nn.utils.clip_grad_value_(params, clip.max_value)
        into[:] = [param.grad for param in params]
    laws.run_torch(ORACLES[block], theirs, clipped, block)
    assert laws.relative(ours, theirs) <= 1e-12


@every_block
def test_gradients_are_only_read(block):
    """Clipped or not."""
    for clip in (block.clip, ClipNorm(0.5), ClipValue(0.1)):
        laws.opt_2_only_reads_gradients(attrs.evolve(block, clip=clip), torch.float32)


@law
@given(blocks, st.integers(0, 8))
def test_it_resumes_from_copies(block, at):
    """GEN-5: parameters and carry are all there is."""
    laws.opt_3_resumes(block, torch.float32, at)


@every_block
def test_it_writes_in_place(block):
    """A compiled step and a checkpoint know the tensors by their place."""
    laws.opt_4_in_place(block, torch.float32)


@every_block
def test_a_learning_rate_of_zero_moves_nothing(block):
    """A schedule may end at 0; no 0/0 comes of it."""
    laws.opt_5_rests_at_zero_rate(block, torch.float32)


@every_block
def test_one_tensor_is_enough(block):
    """A single parameter is not confused with its own gradient, whose memory the joined vector shares."""
    param, grad = torch.ones(3), torch.ones(3)

    laws.run(block, [param], [[grad], [grad]])

    assert grad.tolist() == [1.0, 1.0, 1.0]
    assert (param < 1).all()


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
    ours, eager = laws.tensors(0, torch.float32), laws.tensors(0, torch.float32)
    grads = laws.gradients(torch.float32, steps=4)
    carry = block.init(ours)
    with torch.no_grad():
        for updates, grad in enumerate(grads):
            compiled(ours, grad, carry, laws.numbers(block, updates, torch.float32))
    laws.run(block, eager, grads)

    assert len(traced) == 1
    assert all(map(torch.equal, ours, eager))
