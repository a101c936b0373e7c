"""Rewards in units of the spread of returns; its laws are asked in tests/test_laws.py."""

import math

import numpy as np
import pytest
import torch
from collected import collected, random_steps

from rlblocks import Spec
from rlblocks._core.errors import FieldError
from rlblocks.normalizers import RewardScale


def absorbed(reward, block=None, **conditions):
    """A carry after steps with these rewards, `[T][n]`, in one chunk or, as several lists, in several."""
    block = block or RewardScale()
    chunks = reward if isinstance(reward, tuple) else (reward,)
    carry = block.init(Spec(), len(chunks[0][0]))
    start = 0
    for chunk in chunks:
        rows = slice(start, start + len(chunk))
        start += len(chunk)
        flags = {name: np.asarray(flag)[rows] for name, flag in conditions.items()}
        block.absorb(carry, collected(np.zeros((*np.shape(chunk), 1)), chunk, **flags))
    return carry


def test_hand_worked_values():
    """γ = ½ and rewards 4, 6 give R = 4, 8: mean 6, variance 4, so a reward is halved; 4 is left of R."""
    carry = absorbed([[4.0], [6.0]])

    assert (carry["mean"].item(), carry["square"].item(), carry["left"].tolist()) == (6.0, 8.0, [4.0])
    assert RewardScale().compute(x=torch.tensor([[1.0, -30.0]]), carry=carry).tolist() == [[0.5, -10.0]]


@pytest.mark.parametrize("flag", ["terminated", "truncated"])
def test_an_end_resets_after_use(flag):
    """R = 4, then 6 + 2 = 8 at the end, and 2 in the next episode."""
    carry = absorbed([[4.0], [6.0], [2.0]], **{flag: [[0], [1], [0]]})

    assert carry["mean"].item() == pytest.approx(14 / 3)
    assert carry["left"].tolist() == [1.0]


def test_each_environment_has_its_own_return():
    """What the first earned does not reach the second; an end of one leaves the other alone."""
    carry = absorbed([[8.0, 0.0], [0.0, 2.0]], terminated=[[1, 0], [0, 0]])

    assert carry["left"].tolist() == [0.0, 1.0]
    assert carry["mean"].item() == 2.5


def test_the_return_goes_on_in_the_next_chunk():
    """Two chunks of a row each are one of two rows."""
    one, two = absorbed([[4.0], [6.0]]), absorbed(([[4.0]], [[6.0]]))

    assert all(torch.equal(one[name], two[name]) for name in one)


def test_a_dummy_step_neither_adds_nor_discounts():
    """Though its reward is NaN."""
    carry = absorbed([[4.0], [math.nan], [6.0]], truncated=[[1], [0], [0]], real=[[1], [0], [1]])

    assert (carry["seen"].item(), carry["mean"].item(), carry["left"].tolist()) == (2, 5.0, [3.0])


def test_the_discount_is_that_of_the_rows():
    """A row with a discount of its own passes that share on."""
    scale, carry = RewardScale(), RewardScale().init(Spec(), 1)
    steps = collected(np.zeros((3, 1, 1)), [[24.0], [0.0], [0.0]])
    scale.absorb(carry, steps._replace(discount=np.array([[0.25], [0.5], [1.0]])))

    assert (carry["mean"].item(), carry["left"].tolist()) == (11.0, [3.0])


def test_a_constant_reward_keeps_its_sign():
    """It is not centred: −1 in every step stays below 0, and 0 stays 0."""
    carry = absorbed([[-1.0]] * 20)
    found = RewardScale().compute(x=torch.tensor([-1.0, 0.0]), carry=carry)

    assert found[0] < 0
    assert found[1] == 0


@pytest.mark.parametrize(
    ("key", "spec", "why"),
    [
        ("observation", Spec((4,)), "scales rewards, and 'observation' is none"),
        ("reward", Spec((2,)), "scales one real number a row, and 'reward' is float32[batch, 2]"),
        ("reward", Spec((), "int64"), "scales one real number a row, and 'reward' is int64[batch]"),
        ("reward", Spec(), ""),
    ],
    ids=["observation", "several", "integers", "reward"],
)
def test_what_it_serves(key, spec, why):
    """The reward, and it says why nothing else."""
    assert RewardScale().misfit(key, spec) == why


@pytest.mark.parametrize("fields", [{"clip": -1.0}, {"eps": 0.0}], ids=str)
def test_fields_are_checked(fields):
    """A clip is above 0, and so is ε."""
    with pytest.raises(FieldError, match=next(iter(fields))):
        RewardScale(**fields)


def test_it_compiles_to_one_graph():
    """Without a break, and it reads what is absorbed later without compiling anew."""
    scale = RewardScale()
    carry = scale.init(Spec(), 8)
    compiled = torch.compile(scale.compute, backend="eager", fullgraph=True, dynamic=False)
    x = torch.randn(16, 8)
    before = compiled(x=x, carry=carry)
    scale.absorb(carry, random_steps(16, 8, 1))

    with torch.compiler.set_stance("fail_on_recompile"):
        after = compiled(x=x, carry=carry)
    torch.testing.assert_close(after, scale.compute(x=x, carry=carry))
    assert not torch.equal(after, before)
