"""Steps along an eligibility trace; the laws are asked in tests/test_laws.py."""

import pytest
import torch

from rlblocks._core.errors import FieldError
from rlblocks.optimizers import SGD, Adam, Traces


def step(traces, theta, carry, grad, *, delta, discount, first=False, lr=0.5):
    """One step on one row."""
    row = {"td_error": torch.tensor([delta]), "discount": torch.tensor([discount]), "is_first": torch.tensor([first])}
    traces.compute(params=theta, grads=[torch.tensor(grad)], carry=carry, **row, lr=torch.tensor(lr))


def test_hand_worked_values():
    """Two rows of one episode, its end, and the beginning of the next: z = (1, 0), (½·½, 1), then nothing."""
    theta, traces = [torch.zeros(2)], Traces(0.5, SGD())
    carry = traces.init(theta)

    step(traces, theta, carry, [1.0, 0.0], delta=2.0, discount=0.5, first=True)
    assert theta[0].tolist() == [1.0, 0.0]
    assert carry["trace"][0].tolist() == [0.25, 0.0]
    step(traces, theta, carry, [0.0, 1.0], delta=4.0, discount=0.0)
    assert theta[0].tolist() == [1.5, 2.0]
    assert carry["trace"][0].tolist() == [0.0, 0.0]


def test_a_beginning_clears_what_was_cut():
    """The end of the episode before was never seen."""
    theta, traces = [torch.zeros(1)], Traces(1.0, SGD())
    carry = traces.init(theta)
    step(traces, theta, carry, [1.0], delta=0.0, discount=1.0, first=True)
    step(traces, theta, carry, [3.0], delta=0.0, discount=1.0, first=True)

    assert carry["trace"][0].tolist() == [3.0]


def test_it_answers_for_the_optimizer_inside():
    """Its rate and clip are those of the one inside, whose numbers are found there."""
    adam = Adam()
    traces = Traces(inner=adam)

    assert (traces.lr, traces.clip) == (adam.lr, adam.clip)
    assert {name for name in traces.inputs if name not in {"td_error", "discount", "is_first"}} == set(adam.inputs)
    assert set(traces.init([torch.zeros(2)])) == {"trace", *(f"inner_{name}" for name in adam.init([torch.zeros(2)]))}


def test_a_trace_of_a_trace_is_refused():
    """One is enough."""
    with pytest.raises(FieldError, match="keeps a trace itself"):
        Traces(inner=Traces())
