"""The best action that is known."""

import explorer_laws as laws
import pytest
import torch
from explorer_laws import calls, law
from hypothesis import given
from hypothesis import strategies as st

from rlblocks.explorers import Greedy


@law
@given(calls())
def test_it_takes_the_first_greatest_legal_value(call):
    """A loop over legal actions finds the same."""
    action = call.act(Greedy())

    for row in range(len(action)):
        legal = [a for a in range(call.q.shape[1]) if call.mask is None or call.mask[row, a]]
        assert action[row] == max(legal, key=lambda a, row=row: call.q[row, a])


@law
@given(calls(ties=False), st.sampled_from([0.5, 3.0, 1e4]), st.sampled_from([-7.0, 0.0, 2.0]))
def test_scale_and_zero_of_values_do_not_matter(call, scale, shift):
    """EXP-5: a q + b is as good as q, for a above 0."""
    laws.exp_5_affine(Greedy(), call, scale, shift)


@law
@given(calls(ties=False), st.data())
def test_the_numbers_of_actions_do_not_matter(call, data):
    """EXP-5: without ties, actions under other numbers are chosen under those."""
    laws.exp_5_relabelled(Greedy(), call, data.draw(st.permutations(range(call.q.shape[1]))))


def test_a_mask_is_not_broadcast():
    """GEN-11: a mask `[B, 1]` is refused, with both shapes."""
    with pytest.raises(ValueError, match=r"\(2, 1\) does not fit values of shape \(2, 3\)"):
        Greedy().compute(q=torch.zeros(2, 3), action_mask=torch.ones(2, 1, dtype=torch.bool))
