"""The targets of SARSA and expected SARSA; their laws are asked in tests/test_laws.py."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rlblocks import functional
from rlblocks.targets import ExpectedSarsa, MaxQ, Sarsa

LAW = settings(max_examples=60, derandomize=True, deadline=None)
ROWS, ACTIONS = 3, 4
numbers = st.lists(st.integers(-8, 8), min_size=ROWS * ACTIONS, max_size=ROWS * ACTIONS)


def given_rows(drawn):
    """Rewards, discounts with a terminated row, and values `[B, A]` without ties."""
    q = torch.tensor(drawn, dtype=torch.float32).view(ROWS, ACTIONS) + torch.arange(ACTIONS) / 16
    return {"reward": torch.tensor([1.0, -2.0, 0.5]), "discount": torch.tensor([0.5, 0.0, 0.75])}, q


@LAW
@given(numbers)
def test_without_exploration_expected_sarsa_is_q_learning(drawn):
    """With ε = 0 the mean over next actions is the greatest value, to the bit."""
    rows, q = given_rows(drawn)
    found = ExpectedSarsa().compute(**rows, q=q, epsilon=torch.zeros(ROWS))

    assert torch.equal(found, MaxQ().compute(**rows, q_select=q, q_evaluate=q))


@LAW
@given(numbers, st.lists(st.integers(0, ACTIONS - 1), min_size=ROWS, max_size=ROWS))
def test_sarsa_ignores_other_actions(drawn, taken):
    """Values of actions that were not taken may be anything; of the greedy action it is Q-learning."""
    rows, q = given_rows(drawn)
    action = torch.tensor(taken)
    poisoned = torch.full_like(q, torch.nan).scatter(1, action.unsqueeze(1), q.gather(1, action.unsqueeze(1)))

    assert torch.equal(
        Sarsa().compute(**rows, q=poisoned, next_action=action), Sarsa().compute(**rows, q=q, next_action=action)
    )
    greedy = Sarsa().compute(**rows, q=q, next_action=q.argmax(1))
    assert torch.equal(greedy, MaxQ().compute(**rows, q_select=q, q_evaluate=q))


@LAW
@given(numbers, st.sampled_from([0.0, 0.25, 1.0]))
def test_expected_sarsa_is_the_mean_of_sarsa(drawn, epsilon):
    """The mean of SARSA's targets over the policy's next actions."""
    rows, q = given_rows(drawn)
    policy = functional.epsilon_greedy_probabilities(q, torch.full((ROWS,), epsilon))
    each = [Sarsa().compute(**rows, q=q, next_action=torch.full((ROWS,), a)) for a in range(ACTIONS)]
    due = (torch.stack(each, 1) * policy).sum(1)

    torch.testing.assert_close(ExpectedSarsa().compute(**rows, q=q, epsilon=torch.full((ROWS,), epsilon)), due)


def test_illegal_actions_have_no_probability():
    """ε is shared among legal actions, and the greedy one is legal."""
    q, mask = torch.tensor([[9.0, 1.0, 2.0]]), torch.tensor([[False, True, True]])

    assert functional.epsilon_greedy_probabilities(q, torch.tensor([0.5]), mask).tolist() == [[0.0, 0.25, 0.75]]


def test_epsilon_is_one_number_a_row():
    """`[B, 1]` in the place of `[B]` raises and says so."""
    with pytest.raises(ValueError, match=r"epsilon has shape \(3, 1\)"):
        functional.epsilon_greedy_probabilities(torch.zeros(3, 2), torch.zeros(3, 1))
