"""Hand-worked values of actions."""

import pytest
import torch

from rlblocks.functional import greedy_action, one_per_row, one_step_backup, only_legal, value_of_action

NAN, INF = float("nan"), float("inf")


def test_the_greedy_action_is_the_first_greatest():
    """Of equal values the first counts, over legal actions alone."""
    q = torch.tensor([[1.0, 3.0, 3.0], [5.0, 4.0, 4.0]])

    assert greedy_action(q).tolist() == [1, 0]
    assert greedy_action(q, torch.tensor([[True, False, True], [False, True, True]])).tolist() == [2, 1]


def test_a_row_without_a_legal_action_gives_the_first():
    """It stays in range, so that a terminal row of zeros in a mask does no harm."""
    assert greedy_action(torch.tensor([[1.0, 2.0]]), torch.tensor([[False, False]])).tolist() == [0]


def test_only_legal_values_remain():
    """What stood there is replaced, not added to."""
    found = only_legal(torch.tensor([[NAN, INF, 1.0]]), torch.tensor([[False, False, True]]))

    assert found.tolist() == [[-INF, -INF, 1.0]]


def test_the_value_of_an_action_is_taken_in_its_form():
    """`[B, A]` gives `[B]`; `[B, A, N]` gives `[B, N]`."""
    q = torch.arange(12.0).view(2, 3, 2)
    a = torch.tensor([2, 0])

    assert value_of_action(q[..., 0], a).tolist() == [4.0, 6.0]
    assert value_of_action(q, a).tolist() == [[4.0, 5.0], [6.0, 7.0]]


def test_the_value_of_an_action_passes_its_gradient():
    """To the entry of that action alone."""
    q = torch.zeros(2, 3, requires_grad=True)

    (grad,) = torch.autograd.grad(value_of_action(q, torch.tensor([2, 0])).sum(), q)

    assert grad.tolist() == [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]


def test_one_step_backs_up_every_part_of_a_form():
    """1 + ½·(4, 6) = (3, 4); where the discount is 0 the reward stands in every part."""
    found = one_step_backup(torch.tensor([1.0, 2.0]), torch.tensor([0.5, 0.0]), torch.tensor([[4.0, 6.0], [NAN, -INF]]))

    assert found.tolist() == [[3.0, 4.0], [2.0, 2.0]]


def test_one_step_takes_whole_rewards():
    """Rewards that are integers are not a reason to round the result."""
    assert one_step_backup(torch.tensor([1]), torch.tensor([0.5]), torch.tensor([3.0])).tolist() == [2.5]


@pytest.mark.parametrize("shape", [(3, 1), (1,), (), (2,)])
def test_what_is_not_one_number_a_row_is_refused(shape):
    """Columns, single numbers and other rows are all named with their shape."""
    with pytest.raises(ValueError, match="weight has shape"):
        one_per_row(3, reward=torch.zeros(3), weight=torch.zeros(shape))
