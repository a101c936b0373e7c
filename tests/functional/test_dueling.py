"""The dueling combination: hand-worked numbers and its identities."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from rlblocks.functional.dueling import dueling

SETTINGS = settings(derandomize=True, deadline=None, max_examples=30)
shapes = st.tuples(st.integers(1, 5), st.integers(2, 6), st.sampled_from([(), (1,), (7,)]), st.integers(0, 2**31))


def streams(shape):
    batch, actions, form, seed = shape
    generator = torch.Generator().manual_seed(seed)
    v = torch.randn(batch, 1, *form, generator=generator, dtype=torch.float64)
    return v, torch.randn(batch, actions, *form, generator=generator, dtype=torch.float64)


def test_by_hand():
    """V = 1, A = (0, 2, 4): the mean advantage is 2, so Q = (−1, 1, 3); rows do not mix."""
    v = torch.tensor([[1.0], [10.0]])
    a = torch.tensor([[0.0, 2.0, 4.0], [3.0, 3.0, 3.0]])

    assert dueling(v, a).tolist() == [[-1.0, 1.0, 3.0], [10.0, 10.0, 10.0]]


@SETTINGS
@given(shapes)
def test_the_mean_over_actions_is_the_state_value(shape):
    """mean_a Q = V for each row, and for each atom."""
    v, a = streams(shape)

    assert_close(dueling(v, a).mean(dim=1, keepdim=True), v)


@SETTINGS
@given(shapes, st.floats(-100, 100))
def test_a_constant_on_the_advantages_changes_nothing(shape, constant):
    """Q is the same for A and A + c, whatever c a row (and an atom) adds."""
    v, a = streams(shape)

    assert_close(dueling(v, a + constant * torch.ones_like(v)), dueling(v, a))


@SETTINGS
@given(shapes)
def test_advantages_keep_their_differences(shape):
    """Q(a) − Q(b) = A(a) − A(b)."""
    v, a = streams(shape)
    q = dueling(v, a)

    assert_close(q[:, 1:] - q[:, :-1], a[:, 1:] - a[:, :-1])
