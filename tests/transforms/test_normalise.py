"""A column of mean 0 and standard deviation 1; its laws are asked in tests/test_laws.py."""

import pytest
import torch

from rlblocks import read
from rlblocks._core.errors import FieldError
from rlblocks.transforms import Normalise


def test_it_reads_and_writes_its_key():
    """And the weight, where somebody writes one."""
    block = Normalise("return")

    assert block.inputs == {"column": read("return"), "weight": read("weight", default=1)}
    assert block.outputs == ("return",)


def test_hand_worked_values_of_a_chunk():
    """All dims together: (1, 3; 5, 7) has mean 4 and standard deviation √5; what only fills up is left out."""
    column = torch.tensor([[1.0, 3.0], [5.0, 7.0]])

    torch.testing.assert_close(Normalise().compute(column=column), (column - 4) / 5**0.5)
    found = Normalise().compute(column=column, weight=torch.tensor([[2.0, 2.0], [0.0, 0.0]]))
    assert found.tolist() == [[-1.0, 1.0], [0.0, 0.0]]


@pytest.mark.parametrize("number", [0.1, -1 / 3, 1000.1, 1e6 + 0.3])
def test_rows_that_all_agree_are_zero_whatever_their_mean_is_rounded_to(number):
    """The mean of 256 times 0.1 is not 0.1 in float32; what that leaves is no spread."""
    column = torch.full((256,), number)

    assert not Normalise().compute(column=column).any()
    padded = torch.cat((column, torch.tensor([-9.0, torch.nan])))
    weight = torch.cat((torch.ones(256), torch.zeros(2)))
    assert not Normalise().compute(column=padded, weight=weight).any()


def test_an_eps_of_zero_is_refused():
    """One row would be no number."""
    with pytest.raises(FieldError, match=r"Normalise.eps is 0, but must be a finite number, above 0"):
        Normalise(eps=0)
