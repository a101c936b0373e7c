"""ε-greedy that says how much it explores."""

import torch

from rlblocks.explorers import EpsilonGreedy, EpsilonSoft, Greedy


def test_it_acts_as_epsilon_greedy_and_says_epsilon():
    """The same draws give the same actions; ε is one float32 a row."""
    q, u, v = torch.randn(50, 4), torch.rand(50), torch.rand(50)
    given = {"q": q, "epsilon": torch.tensor(0.3, dtype=torch.float64), "explore": u, "choice": v}
    action, epsilon = EpsilonSoft(0.3).compute(**given)

    assert torch.equal(action, EpsilonGreedy(0.3).compute(**given))
    assert torch.equal(epsilon, torch.full((50,), 0.3))


def test_it_is_greedy_in_evaluation():
    """Evaluation does not explore, and writes no ε."""
    assert EpsilonSoft(0.3).evaluation() == Greedy()
