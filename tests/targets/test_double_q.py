"""The target of double Q-learning."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from target_laws import calls, law

from rlblocks.targets import DoubleQ


@law
@given(calls(), st.floats(-100, 100), st.floats(0.01, 100))
def test_only_the_order_of_online_values_matters(call, shift, scale):
    """TGT-5: row constants and positive scales of the online values change nothing."""
    moved = call.replace(online=call.online * scale + shift)

    assert torch.equal(moved.of(DoubleQ()), call.of(DoubleQ()))


@law
@given(calls())
def test_the_value_is_the_target_networks(call):
    """TGT-10: other target values change every row that bootstraps, by what they changed."""
    moved = call.replace(target=call.target + 1.0)

    torch.testing.assert_close(moved.of(DoubleQ()) - call.of(DoubleQ()), call.discount, rtol=0, atol=1e-12)


def test_hand_worked_values():
    """Online prefers action 0, whose target value is 2 although action 1 has 4: 1 + ½·2 = 2."""
    found = DoubleQ().compute(
        reward=torch.tensor([1.0]), discount=torch.tensor([0.5]),
        q_select=torch.tensor([[9.0, 0.0]]), q_evaluate=torch.tensor([[2.0, 4.0]]),
    )  # fmt: skip

    assert found.tolist() == [2.0]


def test_one_row_of_online_values_is_not_broadcast():
    """GEN-11: a table of one row beside three rows of transitions is refused."""
    rows = {"reward": torch.zeros(3), "discount": torch.ones(3)}
    with pytest.raises(ValueError, match=r"action has shape \(1,\)"):
        DoubleQ().compute(**rows, q_select=torch.zeros(1, 2), q_evaluate=torch.zeros(3, 2))
