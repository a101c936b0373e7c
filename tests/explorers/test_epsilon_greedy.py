"""A random action now and then, else the best."""

import attrs
import pytest
import torch
from explorer_laws import calls, law
from hypothesis import given
from hypothesis import strategies as st

from rlblocks._core.clocks import EnvSteps
from rlblocks._core.errors import FieldError
from rlblocks.explorers import EpsilonGreedy, Greedy, UniformRandom
from rlblocks.schedules import Linear

GRID = 60  # a multiple of the numbers of legal actions below


def on_a_grid(q, epsilon, mask=None):
    """How often each action is taken where (explore, choice) stands on every point of a grid, as shares."""
    points = (torch.arange(GRID) + 0.5) / GRID
    explore, choice = (axis.flatten() for axis in torch.meshgrid(points, points, indexing="ij"))
    rows = GRID * GRID
    action = EpsilonGreedy(epsilon).compute(
        q=q.expand(rows, -1), epsilon=torch.tensor(epsilon), explore=explore, choice=choice,
        action_mask=None if mask is None else mask.expand(rows, -1),
    )  # fmt: skip
    return torch.bincount(action, minlength=q.shape[1]).double() / rows


@law
@given(calls())
def test_epsilon_zero_is_greedy(call):
    """EXP-2: at ε = 0 no random number makes it explore, u = 0 included."""
    greedy = attrs.evolve(call, number=torch.tensor(0.0))

    assert torch.equal(greedy.act(EpsilonGreedy()), call.act(Greedy()))


@law
@given(calls())
def test_epsilon_one_is_uniform(call):
    """EXP-2: at ε = 1 it is the uniform explorer of the same random numbers."""
    random = attrs.evolve(call, number=torch.tensor(1.0))

    assert torch.equal(random.act(EpsilonGreedy()), call.act(UniformRandom()))


@law
@given(calls())
def test_it_explores_where_the_draw_is_below_epsilon(call):
    """Each row is the random or the greedy one, as its own draw says."""
    explored = call.uniforms["explore"] < call.number

    expected = torch.where(explored, call.act(UniformRandom()), call.act(Greedy()))

    assert torch.equal(call.act(EpsilonGreedy()), expected)


@pytest.mark.parametrize("epsilon", [0.0, 0.25, 0.5, 1.0])
def test_frequencies_are_exact(epsilon):
    """EXP-3: the greedy action has 1 − ε + ε/n, every other ε/n, counted over a whole grid of random numbers."""
    found = on_a_grid(torch.tensor([[0.0, 2.0, 1.0, -1.0]]), epsilon)

    other = epsilon / 4
    assert found.tolist() == pytest.approx([other, 1 - epsilon + other, other, other], abs=1e-12)


def test_frequencies_are_exact_over_legal_actions():
    """EXP-3: n counts legal actions, and illegal ones are never taken."""
    mask = torch.tensor([[True, False, True, True]])

    found = on_a_grid(torch.tensor([[0.0, 2.0, 1.0, -1.0]]), 0.5, mask)

    assert found.tolist() == pytest.approx([1 / 6, 0.0, 1 / 2 + 1 / 6, 1 / 6], abs=1e-12)


@given(st.integers(1, 2000), st.integers(1, 64))
@law
def test_the_greatest_draw_is_in_range(actions, below):
    """⌊u·A⌋ is below A for the numbers just below 1, where a rounding could reach it."""
    choice = torch.tensor([1 - below * 2.0**-24])

    action = UniformRandom().compute(choice=choice, actions=actions)

    assert 0 <= action.item() < actions


def test_it_falls_over_environment_steps():
    """EXP-6: the default goes from 1 to 0.05 over 10,000 environment steps."""
    assert EpsilonGreedy().epsilon == Linear(1.0, 0.05, over=EnvSteps(10_000))


def test_a_column_of_draws_is_refused():
    """GEN-11: draws `[B, 1]` would make actions `[B, B]`."""
    q, u = torch.zeros(3, 2), torch.zeros(3)
    with pytest.raises(ValueError, match=r"explore has shape \(3, 1\)"):
        EpsilonGreedy().compute(q=q, epsilon=torch.tensor(0.5), explore=u.unsqueeze(1), choice=u)
    with pytest.raises(ValueError, match=r"choice has shape \(1,\)"):
        EpsilonGreedy().compute(q=q, epsilon=torch.tensor(0.5), explore=u, choice=u[:1])


@pytest.mark.parametrize("epsilon", [-0.1, 1.5, Linear(1.0, -0.5), "0.1", True])
def test_epsilon_out_of_range_is_refused(epsilon):
    """Both ends of a schedule are checked when the block is made."""
    with pytest.raises(FieldError, match=r"EpsilonGreedy\.epsilon"):
        EpsilonGreedy(epsilon)
