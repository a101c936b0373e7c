"""The scalar value form."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from rlblocks.networks import Scalar

SETTINGS = settings(derandomize=True, deadline=None, max_examples=30)
rows = st.lists(
    st.tuples(st.floats(-1e3, 1e3), st.sampled_from([0.0, 0.5, 0.99, 1.0]), st.floats(-1e3, 1e3)),
    min_size=1, max_size=6,
)  # fmt: skip


@SETTINGS
@given(rows)
def test_the_backup_is_the_loop(table):
    """r + γ·v, row by row in float64."""
    r, g, v = torch.tensor(table, dtype=torch.float64).T

    expected = [reward + discount * value for reward, discount, value in table]

    assert_close(Scalar().backup(r, g, v).tolist(), expected, rtol=1e-9, atol=1e-9)


@SETTINGS
@given(rows, st.sampled_from([float("nan"), float("inf"), -float("inf")]))
def test_where_the_discount_is_0_the_value_is_never_read(table, poison):
    """Rows of discount 0 are exactly r, and the others are untouched, where the terminal values are no numbers."""
    r, g, v = torch.tensor(table, dtype=torch.float64).T
    poisoned = torch.where(g == 0, poison, v)
    backed = Scalar().backup(r, g, poisoned)

    assert torch.equal(backed[g == 0], r[g == 0])
    assert torch.equal(backed, Scalar().backup(r, g, v))


def test_a_scalar_is_its_own_mean():
    """One number, no dim, and the mean is the identity."""
    q = torch.tensor([[1.0, -2.0, 3.0]])

    assert (Scalar().width(), Scalar().dims(), Scalar().key) == (1, (), "q")
    assert torch.equal(Scalar().mean(q), q)
