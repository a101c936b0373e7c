"""Hand-worked choices of actions."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rlblocks.functional import (
    between,
    boltzmann,
    categorical_action,
    moved_action,
    ornstein_uhlenbeck,
    uniform_action,
    uniform_choices,
    uniform_legal_action,
)

LEAST, GREATEST = 0.0, 1 - 2.0**-24


def test_uniform_actions_are_drawn_by_one_number_a_row():
    """`[B, 1]` is refused and gives no `[B, 1]`."""
    with pytest.raises(ValueError, match="u "):
        uniform_action(torch.zeros(4, 1), 3)


def test_uniform_actions_are_floors():
    """⌊u·3⌋, with the extreme draws in range."""
    assert uniform_action(torch.tensor([LEAST, 0.34, 0.67, GREATEST]), 3).tolist() == [0, 1, 2, 2]


def test_uniform_legal_actions_are_counted_among_the_legal():
    """Of the legal actions 1, 3 and 4 the draw picks the first, second or third."""
    mask = torch.tensor([[False, True, False, True, True]]).expand(4, -1)

    assert uniform_legal_action(torch.tensor([LEAST, 0.34, 0.67, GREATEST]), mask).tolist() == [1, 3, 4, 4]


def test_no_legal_action_stays_in_range():
    """Action 0 is returned, whatever the draw."""
    assert uniform_legal_action(torch.tensor([LEAST, GREATEST]), torch.zeros(2, 3, dtype=torch.bool)).tolist() == [0, 0]


def test_categorical_actions_invert_the_distribution():
    """Shares 0, ¼, 0, ¾, 0: below ¼ it is action 1, from there on 3, and never one of probability 0."""
    p = torch.tensor([[0.0, 1.0, 0.0, 3.0, 0.0]]).expand(4, -1)

    assert categorical_action(torch.tensor([LEAST, 0.2499, 0.25, GREATEST]), p).tolist() == [1, 1, 3, 3]


def test_boltzmann_is_the_exponentials_share():
    """Values 0 and 2·ln 3 at T = 2: ¼ and ¾; with a mask the rest is shared by the legal."""
    q = torch.tensor([[0.0, 2 * 1.0986123, 50.0]])

    found = boltzmann(q, torch.tensor(2.0), torch.tensor([[True, True, False]]))

    torch.testing.assert_close(found, torch.tensor([[0.25, 0.75, 0.0]]))


def test_choices_are_floors_of_their_own_counts():
    """⌊u·2⌋ and ⌊u·6⌋, and among the legal where a mask says so; numbers of another shape are refused."""
    u = torch.tensor([[0.0, GREATEST], [0.5, 0.5]])
    legal = torch.tensor([[[False, True] + [False] * 4, [True, False, False, False, True, False]]] * 2)

    assert uniform_choices(u, (2, 6)).tolist() == [[0, 5], [1, 3]]
    assert uniform_choices(u, (2, 6), legal).tolist() == [[1, 4], [1, 4]]
    for wrong, mask in ((u[0], None), (u[:1], legal)):
        with pytest.raises(ValueError, match="u has shape"):
            uniform_choices(wrong, (2, 6), mask)


@given(st.floats(-100, 100, width=32), st.floats(2.0**-10, 100, width=32))
@settings(derandomize=True, deadline=None, database=None, max_examples=60)
def test_points_never_leave_their_bounds(low, width):
    """However it rounds, also at the least and the greatest number that can be drawn."""
    high = torch.tensor(low + width).item()
    found = between(torch.tensor([[LEAST], [0.3], [0.7], [GREATEST]]), low, high)

    assert found.min() == low
    assert found.max() <= high


def test_an_action_is_moved_by_half_widths():
    """Bounds of each component in flat order, also of a matrix; one pair for all where an action is a number."""
    low, high = (-1.0, -2.0, 0.0, -8.0), (1.0, -1.0, 0.5, 24.0)
    middle = torch.tensor([[[0.0, -1.5], [0.25, 8.0]]])

    found = moved_action(middle, torch.full_like(middle, 0.5), low, high)

    assert found.tolist() == [[[0.5, -1.25], [0.375, 16.0]]]
    assert moved_action(torch.tensor([1.0, 1.0]), torch.tensor([-0.5, 3.0]), 0.0, 2.0).tolist() == [0.5, 2.0]


def test_noise_of_other_rows_is_refused():
    """`[B, 1]` beside `[B]` would be `[B, B]`."""
    with pytest.raises(ValueError, match=r"x has shape \(3,\), but noise has shape \(3, 1\)"):
        ornstein_uhlenbeck(torch.zeros(3), torch.zeros(3, 1), 0.1, 1.0, torch.tensor(1.0))
