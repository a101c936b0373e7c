"""Policies over entries: which actions they serve, what their module writes; laws are asked in tests/test_laws.py."""

import math

import pytest
import torch

from rlblocks._core.keys import Spec
from rlblocks.distributions import Categorical

DISCRETE, SEVERAL, BITS = Spec((), "int64", n=4), Spec((3,), "int64", n=(2, 4, 3)), Spec((2,), "int8", n=(2, 2))


@pytest.mark.parametrize(("action", "width", "shape"), [(DISCRETE, 4, (4,)), (SEVERAL, 9, (3, 4)), (BITS, 4, (2, 2))])
def test_it_serves_finite_actions(action, width, shape):
    """One number for each entry; logits with a row for each choice."""
    assert Categorical().misfit(action) == ""
    assert Categorical().width(action) == width
    assert Categorical().writes(action)["logits"].shape == shape


@pytest.mark.parametrize("action", [Spec((3,)), Spec(()), Spec((2,), "uint8")])
def test_it_refuses_real_actions(action):
    """And says which they are."""
    assert str(action) in Categorical().misfit(action)


def test_entries_stand_in_their_choice():
    """The numbers of the layer in order, −∞ where a choice has fewer entries than the largest."""
    module = Categorical().build(SEVERAL, torch.Generator())
    numbers = torch.arange(9.0).unsqueeze(0).requires_grad_()
    logits = module(numbers)["logits"]

    assert logits.tolist() == [[[0.0, 1.0, -math.inf, -math.inf], [2.0, 3.0, 4.0, 5.0], [6.0, 7.0, 8.0, -math.inf]]]
    assert module.state_dict() == {}
    assert torch.autograd.grad(logits[logits.isfinite()].sum(), numbers)[0].tolist() == [[1.0] * 9]


def test_an_absent_entry_is_never_drawn():
    """At the greatest draw below 1 it is the last entry that exists, of each choice."""
    given = Categorical().build(SEVERAL, torch.Generator())(torch.zeros(1, 9))
    action, log_prob = Categorical().sample(given, noise=torch.full((1, 3), 1 - 2**-24))

    assert action.tolist() == [[1, 3, 2]]
    assert log_prob.exp().item() == pytest.approx(1 / 24)


def test_stored_actions_of_any_integer_type_are_read():
    """A MultiBinary action is int8."""
    given = {"logits": torch.zeros(2, 2, 2)}
    for kind in (torch.int8, torch.int32, torch.int64):
        assert Categorical().log_prob(given, action=torch.ones(2, 2, dtype=kind)).exp().tolist() == [0.25, 0.25]
