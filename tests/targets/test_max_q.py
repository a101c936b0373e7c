"""The target of Q-learning."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from target_laws import calls, law

from rlblocks.targets import MaxQ


@law
@given(calls(), st.floats(-10, 10))
def test_the_online_network_is_not_read(call, shift):
    """TGT-10: other online values change nothing; other target values do where a row bootstraps."""
    assert torch.equal(call.replace(online=call.online * 0 + shift).of(MaxQ()), call.of(MaxQ()))
    changed = call.replace(target=call.target + 1.0).of(MaxQ()) != call.of(MaxQ())
    assert torch.equal(changed, call.discount != 0)


@settings(law, max_examples=15)
@given(st.integers(0, 2**32 - 1))
def test_the_bellman_operator_contracts_to_the_optimal_values(seed):
    """TGT-11: on a random finite process it brings two tables together by γ, and its fixed point is optimal."""
    generator, states, actions, gamma = np.random.default_rng(seed), 4, 3, 0.9
    successor = torch.from_numpy(generator.integers(states, size=(states, actions)))
    reward = torch.from_numpy(generator.normal(size=(states, actions)))

    def operator(q):
        following = q[successor.flatten()]
        rows = {"reward": reward.flatten(), "discount": torch.full((states * actions,), gamma, dtype=torch.float64)}
        return MaxQ().compute(**rows, q_select=following, q_evaluate=following).view(states, actions)

    one, other = (torch.from_numpy(generator.normal(size=(states, actions))) for _ in range(2))
    assert (operator(one) - operator(other)).abs().max() <= gamma * (one - other).abs().max() + 1e-12
    for _ in range(300):
        one = operator(one)
    best = one.argmax(1)  # the value of the greedy policy by linear algebra, not by the operator
    moves = np.eye(states)[successor[torch.arange(states), best]]
    value = np.linalg.solve(np.eye(states) - gamma * moves, reward[torch.arange(states), best].numpy())
    np.testing.assert_allclose(one.amax(1).numpy(), value, atol=1e-9)


def test_hand_worked_values():
    """1 + ½·4 = 3; a terminated row is 1."""
    q = torch.tensor([[2.0, 4.0], [7.0, 8.0]])

    found = MaxQ().compute(reward=torch.ones(2), discount=torch.tensor([0.5, 0.0]), q_select=q, q_evaluate=q)

    assert found.tolist() == [3.0, 1.0]
