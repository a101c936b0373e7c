"""The laws EXP on every explorer."""

from __future__ import annotations

import math

import explorer_laws as laws
from explorer_laws import calls, explorers, law
from hypothesis import given
from hypothesis import strategies as st


@law
@given(explorers, calls())
def test_actions_are_legal(explorer, call):
    """EXP-1: actions lie in the space and are legal, at the extreme random numbers too."""
    laws.exp_1_support(explorer, call)


@law
@given(explorers, calls(), st.sampled_from([math.nan, math.inf, 1e6]))
def test_values_of_illegal_actions_are_not_used(explorer, call, poison):
    """EXP-1, GEN-15: NaN, ∞ or a great value of an illegal action changes nothing."""
    laws.exp_1_poison(explorer, call, poison)


@law
@given(explorers, calls(), st.data())
def test_rows_are_independent(explorer, call, data):
    """EXP-4, GEN-8, GEN-9: a batch is its rows, in any order."""
    laws.exp_4_rows(explorer, call, data.draw(st.permutations(range(len(call.q)))))


@law
@given(explorers, calls())
def test_evaluation_does_not_explore(explorer, call):
    """EXP-7: in evaluation no random number is asked for."""
    laws.exp_7_evaluation(explorer, call)


@law
@given(explorers, calls())
def test_it_is_a_pure_function(explorer, call):
    """GEN-1, GEN-3, GEN-14: it writes nothing, draws nothing and remembers nothing."""
    laws.gen_3_and_14(explorer, call)
