"""A table: a number for each state and action, from the same parts as any network."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rlblocks._core.errors import BuildError
from rlblocks._core.keys import Spec
from rlblocks.losses import SquaredError
from rlblocks.networks import DuelingQ, Lookup, NoisyDense, QValues, Table, build_network
from rlblocks.optimizers import SGD
from rlblocks.stores import _room
from rlblocks.targets import MaxQ

STATES, ACTIONS = 5, 3
LAW = settings(max_examples=60, derandomize=True, deadline=None)


def table(initial=0.0, states=STATES):
    """A built table, and the tensor that holds its numbers, `[A, S]`."""
    spec, actions = Spec((), "int64", n=states), Spec((), "int64", n=ACTIONS)
    head = QValues(layer=Lookup(initial))
    net = build_network({"observation": spec}, Table(), head, actions, torch.Generator().manual_seed(0))
    (numbers,) = net.parameters()
    return net, numbers


def textbook(q, s, a, r, discount, s_next, alpha):  # noqa: PLR0917  a transition
    """Q-learning by hand, in float32: Q[s, a] += α·δ, δ = r + γ max Q[s'] − Q[s, a]."""
    best = q[s_next].max()
    target = np.float32(r + discount * best) if discount else np.float32(r)
    delta = np.float32(target - q[s, a])
    q[s, a] += np.float32(alpha * delta)


def step(net, numbers, s, a, r, discount, s_next, alpha):  # noqa: PLR0917  a transition
    """The same step by blocks: a batch of one, half the squared error, SGD."""
    following = net(torch.tensor([s_next]))["q"]
    y = MaxQ().compute(
        reward=torch.tensor([r]), discount=torch.tensor([discount]), q_select=following, q_evaluate=following
    )
    prediction = net(torch.tensor([s]))["q"][:, a]
    loss, _ = SquaredError().compute(prediction=prediction, td_target=y)
    grads, sgd = list(torch.autograd.grad(loss, [numbers])), SGD()
    with torch.no_grad():
        sgd.compute(params=[numbers], grads=grads, carry=sgd.init([numbers]), lr=torch.tensor(alpha))


steps = st.tuples(
    st.integers(0, STATES - 1), st.integers(0, ACTIONS - 1), st.integers(-4, 4).map(float),
    st.sampled_from([0.0, 0.5, 1.0]), st.integers(0, STATES - 1),
)  # fmt: skip


@LAW
@given(st.lists(steps, min_size=1, max_size=25), st.sampled_from([0.0, 0.1, 0.3, 0.5, 1.0]), st.integers(-3, 3))
def test_a_step_is_that_of_a_textbook(taken, alpha, initial):
    """After any steps every number is bit-equal to that of a table that is kept by hand."""
    net, numbers = table(float(initial))
    q = np.full((STATES, ACTIONS), initial, np.float32)
    for s, a, r, discount, s_next in taken:
        step(net, numbers, s, a, r, discount, s_next, np.float32(alpha))
        textbook(q, s, a, np.float32(r), np.float32(discount), s_next, np.float32(alpha))

        np.testing.assert_array_equal(numbers.detach().numpy().T, q)


def test_it_is_a_row_of_numbers_for_each_state():
    """A table has one number for each state and action and no other; what it says of a state is its row."""
    net, numbers = table(2.0)
    with torch.no_grad():
        numbers.copy_(torch.arange(STATES * ACTIONS, dtype=torch.float32).view(STATES, ACTIONS).T)

    assert sum(parameter.numel() for parameter in net.parameters()) == STATES * ACTIONS
    assert net(torch.tensor([3, 0]))["q"].tolist() == [[9.0, 10.0, 11.0], [0.0, 1.0, 2.0]]


@pytest.mark.parametrize("initial", [0.0, 7.5, -3.0])
def test_it_starts_as_one_number(initial):
    """Every entry is `initial` at first, whatever the generator."""
    assert table(initial)[0](torch.arange(STATES))["q"].unique().tolist() == [initial]


@pytest.mark.parametrize("head", [QValues(), QValues(layer=NoisyDense()), DuelingQ(hidden=(8,))])
def test_other_heads_and_layers_stand_on_a_table(head):
    """Body, head and layer are free products."""
    spec, actions = Spec((), "int64", n=STATES), Spec((), "int64", n=ACTIONS)
    net = build_network({"observation": spec}, Table(), head, actions, torch.Generator().manual_seed(0))

    assert net(torch.arange(STATES))["q"].shape == (STATES, ACTIONS)


@pytest.mark.parametrize("spec", [Spec((4,)), Spec((84, 84, 3), "uint8"), Spec((2,), "int64", n=4), Spec(())])
def test_what_cannot_be_counted_is_refused(spec):
    """Images, vectors and several numbers are no states of a table; of a vector it says what would make some."""
    said = Table().misfit(spec)

    assert "does not count them" in said
    assert ("; part it into bins with the wrapper Discretise" in said) == (len(spec.shape) == 1)


def test_a_table_larger_than_memory_is_refused(monkeypatch):
    """The size is told before anything is allocated."""
    monkeypatch.setattr(_room, "available_bytes", lambda: 1_000)
    with pytest.raises(BuildError, match=r"1,000 rows needs 12,000 bytes \(12 a row\), but 1,000 bytes"):
        table(states=1_000)
