"""What a network said when the chunk was handed over; its laws are asked in tests/test_laws.py."""

import pytest
import torch

from rlblocks import read
from rlblocks._core.errors import FieldError
from rlblocks.transforms import Keep, Normalise

DIMS = ("time", "batch")


def test_it_reads_what_a_network_says_and_writes_the_column() -> None:
    """In time alone, so that it cannot stand where the networks have moved."""
    block = Keep("v")

    assert block.inputs == {
        "column": read("v@online", dims=DIMS),
        "weight": read("weight", default=1, dims=DIMS),
    }
    assert block.outputs == ("v",)
    assert block.specs["v"].dims == DIMS


def test_it_keeps_numbers_and_no_graph() -> None:
    """A copy, bit by bit; what fills a chunk up comes out as 0, NaN included."""
    said = torch.tensor([[1.0, 3.0], [5.0, torch.nan]], requires_grad=True)
    kept = Keep().compute(column=said, weight=torch.tensor([[2.0, 2.0], [2.0, 0.0]]))

    assert kept.tolist() == [[1.0, 3.0], [5.0, 0.0]]
    assert not kept.requires_grad
    assert kept.data_ptr() != said.data_ptr()


def test_columns_of_other_shapes_are_refused() -> None:
    """One number a row."""
    with pytest.raises(ValueError, match="each must be one number a row"):
        Keep().compute(column=torch.zeros(3, 2, 4), weight=torch.ones(3, 2))


@pytest.mark.parametrize("key", ["CartPole-v1", "value@online", "", 3])
def test_what_is_no_column_is_refused_when_it_is_made(key: object) -> None:
    """And not by wiring, which could not say whose it is."""
    for kind in (Keep, Normalise):
        with pytest.raises(FieldError, match=rf"{kind.__name__}.key is .*, but must be the key of a column"):
            kind(key)  # type: ignore[arg-type]
