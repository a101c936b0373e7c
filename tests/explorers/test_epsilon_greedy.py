"""A random action now and then, else the best; its laws are asked in tests/test_laws.py."""

import pytest
import torch

from rlblocks._core.clocks import EnvSteps
from rlblocks._core.errors import FieldError
from rlblocks._core.keys import Spec
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


def test_it_explores_where_the_draw_is_below_epsilon():
    """Each row is the uniform or the greedy explorer's action, as its own draw says."""
    generator = torch.Generator().manual_seed(0)
    q, (explore, choice) = torch.randn(200, 5, generator=generator), torch.rand(2, 200, generator=generator)

    found = EpsilonGreedy().compute(q=q, epsilon=torch.tensor(0.4), explore=explore, choice=choice)

    random, best = UniformRandom().compute(choice=choice, action=Spec(dtype="int64", n=5)), Greedy().compute(q=q)
    assert torch.equal(found, torch.where(explore < 0.4, random, best))


@pytest.mark.parametrize("epsilon", [0.0, 0.25, 0.5, 1.0])
def test_frequencies_are_exact(epsilon):
    """The greedy action has 1 − ε + ε/n, every other ε/n, counted over a whole grid of random numbers."""
    found = on_a_grid(torch.tensor([[0.0, 2.0, 1.0, -1.0]]), epsilon)

    other = epsilon / 4
    assert found.tolist() == pytest.approx([other, 1 - epsilon + other, other, other], abs=1e-12)


def test_frequencies_are_exact_over_legal_actions():
    """n counts legal actions, and illegal ones are never taken."""
    mask = torch.tensor([[True, False, True, True]])

    found = on_a_grid(torch.tensor([[0.0, 2.0, 1.0, -1.0]]), 0.5, mask)

    assert found.tolist() == pytest.approx([1 / 6, 0.0, 1 / 2 + 1 / 6, 1 / 6], abs=1e-12)


def test_it_falls_over_environment_steps():
    """The default goes from 1 to 0.05 over 10,000 environment steps."""
    assert EpsilonGreedy().epsilon == Linear(1.0, 0.05, over=EnvSteps(10_000))


def test_a_column_of_draws_is_refused():
    """Draws `[B, 1]` would make actions `[B, B]`."""
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
