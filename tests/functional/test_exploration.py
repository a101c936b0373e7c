"""Hand-worked choices of actions."""

import torch

from rlblocks.functional import boltzmann, categorical_action, uniform_action, uniform_legal_action

LEAST, GREATEST = 0.0, 1 - 2.0**-24


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
