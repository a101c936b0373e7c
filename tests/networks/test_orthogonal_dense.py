"""The layer that starts orthogonal."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from rlblocks._core.errors import FieldError
from rlblocks.networks import OrthogonalDense

SETTINGS = settings(derandomize=True, deadline=None, max_examples=20)
sizes = st.integers(1, 12)


@SETTINGS
@given(sizes, sizes, st.floats(1e-3, 10), st.integers(0, 2**31))
def test_its_rows_or_columns_are_orthogonal(inputs, outputs, gain, seed):
    """The smaller Gram matrix is gain² times the identity, and the bias is 0."""
    layer = OrthogonalDense(gain).build(inputs, outputs, torch.Generator().manual_seed(seed))
    weight = layer.weight.detach().double()
    gram = weight @ weight.T if outputs <= inputs else weight.T @ weight

    assert_close(gram / gain**2, torch.eye(len(gram), dtype=torch.float64), rtol=0, atol=1e-5)
    assert not layer.bias.any()


def test_the_size_of_what_passes_is_kept():
    """A square layer of gain 1 is a rotation."""
    layer = OrthogonalDense(1.0).build(8, 8, torch.Generator().manual_seed(0))
    x = torch.randn(5, 8, generator=torch.Generator().manual_seed(1))

    assert_close(layer(x).norm(dim=1), x.norm(dim=1))


def test_by_default_it_suits_rectifiers():
    """The gain is √2, and one of 0 is refused."""
    assert OrthogonalDense().gain == math.sqrt(2)
    with pytest.raises(FieldError, match=r"OrthogonalDense\.gain is 0"):
        OrthogonalDense(0.0)
