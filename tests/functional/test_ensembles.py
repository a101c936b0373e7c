"""What several networks say, as one number for each row."""

import itertools

import pytest
import torch

from rlblocks.functional import first_of_members, least_of_members, members, subset_of_members

VALUES = torch.tensor([[1.0, 5.0], [3.0, 2.0], [2.0, 9.0]])


def test_members_stand_one_below_the_other():
    """All dims before the batch become one; without any there is one member."""
    assert members(torch.zeros(2, 3, 0)).shape == (6, 0)
    assert members(torch.zeros(4)).shape == (1, 4)


def test_hand_worked_values():
    """The least and the first of three."""
    assert least_of_members(VALUES).tolist() == [1.0, 2.0]
    assert first_of_members(VALUES).tolist() == [1.0, 5.0]
    assert least_of_members(VALUES[0]).tolist() == [1.0, 5.0]


def test_every_subset_is_drawn_as_often():
    """Over all orders of three numbers, each pair of members is the one with the least numbers twice."""
    drawn = [
        tuple(sorted(subset_of_members(torch.arange(3.0)[:, None], torch.tensor(order) / 3, 2)[:, 0].tolist()))
        for order in itertools.permutations(range(3))
    ]

    assert sorted(drawn) == sorted([(0, 1), (0, 2), (1, 2)] * 2)


def test_what_cannot_be_drawn_is_refused():
    """More members than there are, or numbers that are not one for each."""
    with pytest.raises(ValueError, match="4 of 3 members"):
        subset_of_members(VALUES, torch.rand(3), 4)
    with pytest.raises(ValueError, match=r"\(2,\) are not one for each of 3 members"):
        subset_of_members(VALUES, torch.rand(2), 1)
