"""Epochs of minibatches over each chunk; its laws are asked in tests/test_laws.py."""

from __future__ import annotations

from typing import Any

import pytest

from rlblocks._core.errors import FieldError
from rlblocks.cadences import Collect, Drain, LearnEvery, Progress, RolloutEpochs
from rlblocks.early_stops import KLStop, NoEarlyStop
from rlblocks.testing.laws.cadences import Scene


def test_it_collects_until_a_chunk_is_complete_and_learns_to_the_end() -> None:
    """The last chunk is learnt from although the budget is spent; an incomplete one is not."""
    cadence = RolloutEpochs(epochs=3, minibatches=2)
    trace = Scene(environments=4, budget=50, steps=3).play(cadence)
    drains = [k for k, (op, _) in enumerate(trace) if isinstance(op, Drain)]

    assert drains == [3, 7, 11, 15]
    assert trace[-1][0] == Collect(4)
    assert (trace[-1][1].env_steps, trace[-1][1].updates) == (52, 4 * 6)


def test_operations_say_how_a_chunk_is_learnt_from() -> None:
    """Epochs, minibatches and the early stop travel with the operation."""
    cadence = RolloutEpochs(epochs=10, minibatches=32, early_stop=KLStop(0.1))

    assert next(cadence.program(Progress(9, 0, 0, 0, 9, 100), 1)) == Drain(10, 32, KLStop(0.1))
    assert RolloutEpochs().early_stop == NoEarlyStop()


def test_chunks_that_wait_are_taken_one_by_one() -> None:
    """A store of episodes may have several."""
    program = RolloutEpochs().program(Progress(0, 0, 0, 0, 0, 10), 1)

    assert isinstance(next(program), Collect)
    assert isinstance(program.send(Progress(1, 0, 0, 2, 30, 10)), Drain)
    assert isinstance(program.send(Progress(1, 0, 16, 2, 12, 10)), Drain)
    assert isinstance(program.send(Progress(1, 0, 32, 2, 0, 10)), Collect)


@pytest.mark.parametrize(
    ("budget", "chunk", "updates"), [(1_024, (128, 8), 16), (1_023, (128, 8), 0), (10_000, (128, 8), 9 * 16)]
)
def test_learn_steps_are_those_of_complete_chunks(budget: int, chunk: tuple[int, int], updates: int) -> None:
    """Epochs times minibatches for each."""
    assert RolloutEpochs(4, 4).updates_planned(budget, chunk) == updates


def test_an_unknown_chunk_is_taken_for_a_usual_one() -> None:
    """2,048 rows."""
    assert RolloutEpochs(4, 4).updates_planned(20_480) == 10 * 16


def test_minibatches_that_leave_a_rest_are_told() -> None:
    """With the numbers, and the nearest smaller number of minibatches that fits; samples have no misfit."""
    said = RolloutEpochs(minibatches=5).misfit((128, 8))

    assert said == (
        "cuts a chunk of 128 × 8 = 1,024 rows into 5 minibatches, and a rest would be left; "
        "use minibatches=4, or another number of steps or environments"
    )
    assert RolloutEpochs(minibatches=4).misfit((128, 8)) == ""
    assert (
        RolloutEpochs(minibatches=4)
        .misfit((3, 1))
        .endswith("use minibatches=3, or another number of steps or environments")
    )
    assert LearnEvery().misfit((0, 0)) == ""


@pytest.mark.parametrize("field", ["epochs", "minibatches"])
@pytest.mark.parametrize("count", [0, -1, 0.5, True])
def test_counts_are_whole_numbers_above_zero(field: str, count: Any) -> None:
    """Anything else is refused by name."""
    with pytest.raises(FieldError, match=rf"RolloutEpochs\.{field}"):
        RolloutEpochs(**{field: count})
