"""Learning at a fixed ratio; its laws are asked in tests/test_laws.py."""

from __future__ import annotations

from typing import Any

import pytest

from rlblocks import EnvSteps
from rlblocks._core.errors import FieldError
from rlblocks.cadences import Collect, Learn, LearnEvery, Progress
from rlblocks.explorers import Greedy, UniformRandom
from rlblocks.testing.laws.cadences import Scene


def test_a_full_store_goes_on_learning() -> None:
    """A store that holds just the warm-up stays warm when it overwrites its oldest rows."""
    trace = Scene(environments=1, budget=50, capacity=10).play(LearnEvery(EnvSteps(1), batch=10, warmup=10))
    end = trace[-1][1]

    assert end.warmup_steps == 10
    assert end.updates == 40


def test_a_batch_larger_than_the_warm_up_is_waited_for() -> None:
    """`needs` is the larger of the two."""
    assert LearnEvery(batch=128, warmup=0).needs() == 128
    assert LearnEvery(batch=8, warmup=100).needs() == 100


def test_operations_say_who_acts_and_how_much_is_learned() -> None:
    """Warm-up by its own explorer, then the recipe's; bursts of the batch."""
    cadence = LearnEvery(EnvSteps(4), updates=2, batch=8, warmup=8, warmup_explorer=Greedy())
    program = cadence.program(Progress(0, 0, 0, 0, 0, 100), 2)

    assert next(program) == Collect(8, Greedy())
    assert program.send(Progress(8, 8, 0, 0, 8, 100)) == Collect(4)
    assert program.send(Progress(12, 8, 0, 1, 12, 100)) == Learn(2, 8)
    assert LearnEvery().warmup_explorer == UniformRandom()


@pytest.mark.parametrize("updates", [0, -1, float("nan"), True])
def test_the_ratio_is_above_nothing(updates: Any) -> None:
    """Learning never is no cadence."""
    with pytest.raises(FieldError, match=r"LearnEvery\.updates is"):
        LearnEvery(updates=updates)
