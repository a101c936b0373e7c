"""Acting by what several networks say together; its laws are asked in tests/test_laws.py."""

import pytest
import torch

from rlblocks._core.errors import FieldError
from rlblocks.aggregates import First, Least
from rlblocks.explorers import EpsilonGreedy, EpsilonSoft, Greedy, Mode, OverMembers, UniformRandom

Q = torch.tensor([[[0.0, 3.0, 2.0]], [[0.0, -3.0, 2.0]]])


def test_the_mean_decides():
    """Means are 0, 0 and 2; the first member alone prefers action 1."""
    assert OverMembers(Greedy()).compute(q=Q).tolist() == [2]
    assert OverMembers(Greedy(), First()).compute(q=Q).tolist() == [1]
    assert OverMembers(Greedy(), Least()).compute(q=Q).tolist() == [2]


def test_evaluation_is_that_of_the_explorer_inside():
    """By what members say together, as in training."""
    assert OverMembers(EpsilonGreedy(0.5), First()).evaluation() == OverMembers(Greedy(), First())


def test_it_writes_what_the_explorer_inside_writes():
    """ε of `EpsilonSoft` too, and schedules are found inside."""
    soft = OverMembers(EpsilonSoft(0.5))

    assert soft.outputs == ("action", "epsilon")
    assert soft.inputs["epsilon"].name == "inner.epsilon"


@pytest.mark.parametrize("inner", [UniformRandom(), Mode()], ids=repr)
def test_an_explorer_that_reads_no_values_is_refused(inner):
    """There is nothing of several members to put together."""
    with pytest.raises(FieldError, match="reads no values of actions"):
        OverMembers(inner)
