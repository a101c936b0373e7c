"""Generalized advantages; their laws are asked in tests/test_laws.py."""

import pytest
import torch
from return_chunks import VALUES, chunk

from rlblocks._core.errors import FieldError
from rlblocks.returns import GAE


def test_hand_worked_values():
    """δ = (1, 3, 5) in the first environment, cut after the second row; the return adds the value."""
    found, advantage = GAE(0.5).compute(**chunk(*VALUES))

    assert advantage.tolist() == [[1.75, 0.0], [3.0, 2.75], [5.0, 5.0]]
    assert found.tolist() == [[2.75, 1.0], [5.0, 4.75], [8.0, 8.0]]


def test_rows_that_are_not_real_are_zero():
    """And reach no other row."""
    columns = chunk(*VALUES)
    weight = torch.ones(3, 2)
    weight[2, 0] = 0.0
    found, advantage = GAE(0.5).compute(**columns, weight=weight)

    assert advantage.tolist() == [[1.75, 0.0], [3.0, 2.75], [0.0, 5.0]]
    assert found[2, 0] == 0.0


@pytest.mark.parametrize("rows", [1, 5, 128])
def test_it_compiles_to_one_graph(rows):
    """Of any number of rows, without a break."""
    steps = {name: torch.rand(rows, 2) for name in ("reward", "discount", *VALUES)}
    flags = {name: torch.rand(rows, 2) < 0.2 for name in ("terminated", "truncated")}
    block = GAE(0.95)
    compiled = torch.compile(block.compute, backend="eager", fullgraph=True, dynamic=False)

    torch.testing.assert_close(compiled(**steps, **flags), block.compute(**steps, **flags))


def test_a_lambda_out_of_range_is_refused():
    """The message names the field and its range."""
    with pytest.raises(FieldError, match=r"GAE.lam is 1.5, but must be a finite number, at least 0 and at most 1"):
        GAE(1.5)
