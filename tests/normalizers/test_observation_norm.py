"""Observations in units of their own spread; its laws are asked in tests/test_laws.py."""

import time

import pytest
import torch
from collected import collected, random_steps

from rlblocks import Spec
from rlblocks._core.errors import FieldError
from rlblocks.normalizers import ObservationNorm

MEANS = "takes means of real numbers, and 'observation' is"


def test_hand_worked_values():
    """Seen are 1, 3, 5, 7 and the last observation 9: mean 5, variance 8."""
    norm = ObservationNorm(eps=1.0)
    carry = norm.init(Spec((1,)), 2)
    steps = collected([[[1], [3]], [[5], [7]]], successor=[[[50], [70]], [[60], [9]]], truncated=[[0, 0], [0, 1]])
    norm.absorb(carry, steps)

    assert {name: carry[name].tolist() for name in ("seen", "mean", "square")} == {
        "seen": 5,
        "mean": [5],
        "square": [40],
    }
    assert norm.compute(x=torch.tensor([[5.0], [8.0], [-1.0]]), carry=carry).flatten().tolist() == [0.0, 1.0, -2.0]


def test_a_last_observation_counts_whichever_flag_ends():
    """Once for each episode, also where both flags are set."""
    norm = ObservationNorm()
    for flags in ({"terminated": [[1]]}, {"truncated": [[1]]}, {"terminated": [[1]], "truncated": [[1]]}):
        carry = norm.init(Spec((1,)), 1)
        norm.absorb(carry, collected([[[2.0]]], successor=[[[4.0]]], **flags))

        assert (carry["seen"].item(), carry["mean"].tolist()) == (2, [3.0])


def test_a_dummy_step_counts_nowhere():
    """Though it holds NaN and says that it ends."""
    norm = ObservationNorm()
    carry = norm.init(Spec((1,)), 1)
    nan = float("nan")
    norm.absorb(carry, collected([[[2.0]], [[nan]]], successor=[[[4.0]], [[nan]]],
                                 truncated=[[1], [1]], real=[[1], [0]]))  # fmt: skip

    assert (carry["seen"].item(), carry["mean"].tolist(), carry["square"].tolist()) == (2, [3.0], [2.0])


def test_components_of_any_shape_have_their_own_statistics():
    """`[T, n, 2, 2]` reduces to `[2, 2]`."""
    norm = ObservationNorm()
    carry = norm.init(Spec((2, 2)), 1)
    norm.absorb(carry, collected([[[[0, 1], [2, 3]]], [[[2, 1], [6, 9]]]]))

    assert carry["mean"].tolist() == [[1, 1], [4, 6]]
    assert norm.compute(x=torch.tensor([[2.0, 1.0], [6.0, 3.0]]), carry=carry).round().tolist() == [[1, 0], [1, -1]]


def test_a_spread_that_float32_cannot_square_is_no_harm():
    """Observations of ±10³⁰ come out as ±1."""
    norm = ObservationNorm()
    carry = norm.init(Spec((1,)), 1)
    norm.absorb(carry, collected([[[1e30]], [[-1e30]]]))

    assert norm.compute(x=torch.tensor([1e30, -1e30]), carry=carry).tolist() == [1.0, -1.0]


def test_the_smallest_eps_stays_in_float32():
    """A component that never varied gives 0 for its mean, and the clip for all else."""
    norm = ObservationNorm(eps=1e-30)
    carry = norm.init(Spec((1,)), 1)
    norm.absorb(carry, collected([[[0.1]], [[0.1]]]))

    assert norm.compute(x=torch.tensor([0.1, 0.2, -3e38]), carry=carry).tolist() == [0.0, 10.0, -10.0]


@pytest.mark.parametrize(
    ("key", "spec", "why"),
    [
        ("reward", Spec(), "normalises observations, and 'reward' is none"),
        ("observation", Spec((), "int64", n=6), f"{MEANS} int64[batch] in [0, 6)"),
        ("observation", Spec((3,), "int64", n=(2, 5, 3)), f"{MEANS} int64[batch, 3] in [0, (2, 5, 3))"),
        ("observation", Spec((84, 84), "uint8", low=0.0, high=255.0), f"{MEANS} uint8[batch, 84, 84]"),
        ("observation", Spec((3,), "int8", n=(2, 2, 2)), f"{MEANS} int8[batch, 3] in [0, (2, 2, 2))"),
    ],
    ids=["reward", "Discrete", "MultiDiscrete", "picture", "MultiBinary"],
)
def test_columns_that_it_cannot_serve(key, spec, why):
    """It says why."""
    assert ObservationNorm().misfit(key, spec) == why


@pytest.mark.parametrize("spec", [Spec((4,)), Spec(()), Spec((2, 3), low=-1.0, high=1.0)], ids=str)
def test_columns_that_it_serves(spec):
    """Real numbers of any shape, bounded or not."""
    assert ObservationNorm().misfit("observation", spec) == ""


@pytest.mark.parametrize("fields", [{"clip": 0.0}, {"clip": float("inf")}, {"eps": 0.0}, {"eps": -1.0}], ids=str)
def test_fields_are_checked(fields):
    """A clip is above 0 and finite, ε is not 0."""
    with pytest.raises(FieldError, match=next(iter(fields))):
        ObservationNorm(**fields)


@pytest.mark.parametrize("lead", [(8,), (16, 8), ()], ids=str)
def test_it_compiles_to_one_graph(lead):
    """Without a break, and it reads what is absorbed later without compiling anew."""
    norm = ObservationNorm()
    carry = norm.init(Spec((3,)), 8)
    compiled = torch.compile(norm.compute, backend="eager", fullgraph=True, dynamic=False)
    x = torch.randn(*lead, 3)
    before = compiled(x=x, carry=carry)
    norm.absorb(carry, random_steps(16, 8, 3))

    with torch.compiler.set_stance("fail_on_recompile"):
        after = compiled(x=x, carry=carry)
    torch.testing.assert_close(after, norm.compute(x=x, carry=carry))
    assert not torch.equal(after, before)


def test_taking_in_a_rollout_is_quick():
    """128 steps of 8 environments: far below the time that collecting them takes."""
    norm, steps = ObservationNorm(), random_steps(128, 8, 4)
    carry, took = norm.init(Spec((4,)), 8), []
    for _ in range(50):
        start = time.perf_counter()
        norm.absorb(carry, steps)
        took.append(time.perf_counter() - start)

    assert min(took) < 0.003
