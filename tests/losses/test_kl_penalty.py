"""The divergence penalty; its laws are asked in tests/test_laws.py."""

import math

import pytest
import torch

from rlblocks._core.errors import FieldError
from rlblocks.losses import ClippedSurrogate, KLPenalty


def penalise(block, carry, ratio, chunk):
    """One call on a row of this ratio, in the chunk of that number."""
    old = torch.tensor([0.25]).log()
    loss, beta = block.compute(
        log_prob=old + math.log(ratio), old_log_prob=old, env_steps=torch.tensor(64.0 * chunk), carry=carry
    )
    return loss.item(), beta.item()


def test_the_penalty_holds_while_one_chunk_is_learned_from():
    """β stays for all minibatches of a chunk; the last of them decides about the next chunk."""
    block = KLPenalty(beta=1.0, target=0.01)
    carry = block.init()

    betas = [penalise(block, carry, ratio, chunk)[1] for chunk, ratio in
             [(1, 1.0), (1, 1.0), (1, 2.0), (2, 1.0), (2, 1.0), (3, 1.15), (4, 1.0)]]  # fmt: skip

    assert betas == [1.0, 1.0, 1.0, 2.0, 2.0, 1.0, 1.0]


def test_hand_worked_values():
    """β·(2 − 1 − ln 2), with the β of this call and not of the next one."""
    block = KLPenalty(beta=4.0)
    carry = block.init()

    assert penalise(block, carry, 2.0, 1)[0] == pytest.approx(4 * (1 - math.log(2)), rel=1e-5)
    assert penalise(block, carry, 2.0, 2)[0] == pytest.approx(8 * (1 - math.log(2)), rel=1e-5)


def test_what_it_remembers_is_plain():
    """Three 0-dim tensors without gradient, which are written in place; what is reported is none of them."""
    block = KLPenalty()
    carry = block.init()
    places = {name: tensor.data_ptr() for name, tensor in carry.items()}
    log_prob = torch.tensor([-1.0, -2.0], requires_grad=True)

    loss, beta = block.compute(
        log_prob=log_prob, old_log_prob=torch.tensor([-1.5, -2.0]), env_steps=torch.tensor(64.0), carry=carry
    )
    loss.backward()  # what it wrote in place is not what the gradient needs

    assert {name: tensor.data_ptr() for name, tensor in carry.items()} == places
    assert all(tensor.shape == () and not tensor.requires_grad for tensor in carry.values())
    assert beta.data_ptr() not in places.values()
    assert not beta.requires_grad
    assert log_prob.grad is not None
    assert log_prob.grad[1] == 0.0


def test_with_a_wide_clip_it_is_the_penalised_surrogate():
    """Equation 8 of the paper is the sum of two blocks: −(r·A − β·d)."""
    generator = torch.Generator().manual_seed(0)
    log_prob, old, advantage = torch.randn(3, 20, generator=generator, dtype=torch.float64)
    rows = {"log_prob": log_prob, "old_log_prob": old}
    ratio = (log_prob - old).exp()

    first, *_ = ClippedSurrogate(1e9).compute(**rows, advantage=advantage, clip=torch.tensor(1e9))
    block = KLPenalty(beta=0.5)
    second, _ = block.compute(**rows, env_steps=torch.tensor(64), carry=block.init())

    due = -(ratio * advantage - 0.5 * (ratio - 1 - ratio.log())).mean()
    torch.testing.assert_close(first + second, due)


@pytest.mark.parametrize("field", ["beta", "target"])
@pytest.mark.parametrize("value", [0.0, -1.0, math.inf])
def test_fields_that_make_no_sense_are_refused(field, value):
    """Both must be finite and above 0."""
    with pytest.raises(FieldError, match=rf"KLPenalty\.{field}"):
        KLPenalty(**{field: value})
