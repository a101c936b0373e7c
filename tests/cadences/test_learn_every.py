"""Learning at a fixed ratio: exact for any number of environments, and a function of counters alone."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlblocks import EnvSteps
from rlblocks._core.errors import FieldError
from rlblocks.cadences import Collect, Learn, LearnEvery, Progress
from rlblocks.explorers import Greedy, UniformRandom

some = settings(derandomize=True, deadline=None, max_examples=60)

RATIOS = st.sampled_from([0.25, 1 / 3, 0.1, 0.5, 1, 1.5, 2, 3])
CADENCE = st.builds(
    lambda every, updates, batch, warmup: LearnEvery(EnvSteps(every), updates=updates, batch=batch, warmup=warmup),
    st.integers(1, 9), RATIOS, st.integers(1, 12), st.integers(0, 30),
)  # fmt: skip
START = Progress(env_steps=0, warmup_steps=0, updates=0, episodes=0, rows=0, budget=0)


@attrs.define
class World:
    """What a program acts on: a store of some capacity behind which `lag` rows an environment wait."""

    progress: Progress
    environments: int
    lag: int = 0
    capacity: int = 10**9

    def unit(self, op: Any) -> None:
        """The least part of an operation: one step of every environment, or one learn step."""
        p = self.progress
        if isinstance(op, Learn):
            self.progress = attrs.evolve(p, updates=p.updates + 1)
            return
        steps = p.env_steps + self.environments
        warm = p.warmup_steps + (self.environments if op.explorer is not None else 0)
        rows = min(self.capacity, max(0, steps - self.lag * self.environments))
        self.progress = attrs.evolve(p, env_steps=steps, warmup_steps=warm, rows=rows)


def units(op: Any, environments: int) -> int:
    return op.updates if isinstance(op, Learn) else op.steps // environments


def follow(cadence: LearnEvery, world: World, stop: float = math.inf) -> list[tuple[str, Progress]]:
    """Run a program, unit by unit, up to `stop` of them; what each was and where it led."""
    trace: list[tuple[str, Progress]] = []
    program = cadence.program(world.progress, world.environments)
    op = next(program, None)
    while op is not None:
        for _ in range(units(op, world.environments)):
            if len(trace) == stop:
                return trace
            world.unit(op)
            kind = "learn" if isinstance(op, Learn) else "collect" if op.explorer is None else "warm-up"
            trace.append((kind, world.progress))
        try:
            op = program.send(world.progress)
        except StopIteration:
            break
    return trace


def world_of(budget: int, environments: int, lag: int = 0) -> World:
    return World(attrs.evolve(START, budget=budget), environments, lag)


@given(CADENCE, st.integers(1, 120), st.integers(1, 4))
@some
def test_the_ratio_is_exact_at_every_moment(cadence: LearnEvery, budget: int, environments: int) -> None:
    """After every burst ⌊updates · ⌊(t − warm-up) / every⌋⌋ learn steps have been, and never more at any time."""
    ratio = Fraction(cadence.updates).limit_denominator(10**6)
    trace = follow(cadence, world_of(budget, environments))

    for (kind, now), (after, _) in zip(trace, [*trace[1:], ("end", None)], strict=True):
        due = math.floor(ratio * ((now.env_steps - now.warmup_steps) // int(cadence.every.count)))
        if kind == "warm-up":
            assert now.updates == 0
        elif after != "learn":
            assert now.updates == due
        else:
            assert now.updates < due


@given(CADENCE, st.integers(1, 120), st.integers(1, 4), st.integers(0, 3))
@some
def test_the_budget_is_spent(cadence: LearnEvery, budget: int, environments: int, lag: int) -> None:
    """Environment steps end at the first multiple of the environments that is not below the budget."""
    world = world_of(budget, environments, lag)
    follow(cadence, world)

    assert budget <= world.progress.env_steps < budget + environments


@given(CADENCE, st.integers(20, 150), st.integers(1, 4), st.integers(0, 3))
@some
def test_warm_up_ends_when_the_store_holds_enough(
    cadence: LearnEvery, budget: int, environments: int, lag: int
) -> None:
    """Warm-up steps come first and none later; nothing is learned before the store can hand over enough."""
    trace = follow(cadence, world_of(budget, environments, lag))
    kinds = [kind for kind, _ in trace]
    warm = kinds.count("warm-up")

    assert kinds[:warm] == ["warm-up"] * warm
    assert all(now.rows >= max(cadence.warmup, cadence.batch) for kind, now in trace if kind != "warm-up")
    if warm and kinds[warm:]:
        *before, last = [now.rows for _, now in trace[:warm]]
        assert all(rows < cadence.needs() for rows in before)
        assert last >= cadence.needs()


@given(CADENCE, st.integers(1, 120), st.integers(1, 4), st.integers(0, 2), st.data())
@some
def test_a_stopped_program_goes_on_as_if_it_had_never_stopped(
    cadence: LearnEvery, budget: int, environments: int, lag: int, data: Any
) -> None:
    """Stopped after any unit and started anew from the counters, any number of times: the same units follow."""
    whole = follow(cadence, world_of(budget, environments, lag))
    world, pieces = world_of(budget, environments, lag), []
    while len(pieces) < len(whole):
        piece = follow(cadence, world, stop=data.draw(st.integers(1, len(whole))))
        assert piece
        pieces += piece

    assert pieces == whole
    assert follow(cadence, world) == []


@given(CADENCE, st.integers(1, 300), st.integers(1, 4))
@some
def test_the_plan_says_how_many_updates_there_will_be(cadence: LearnEvery, budget: int, environments: int) -> None:
    """Up to the rounding of warm-up and budget to whole steps of all environments."""
    world = world_of(budget, environments)
    follow(cadence, world)
    rounding = (2 * environments / int(cadence.every.count) + 1) * cadence.updates + 1

    assert abs(cadence.updates_planned(budget) - world.progress.updates) <= rounding


def test_a_full_store_goes_on_learning() -> None:
    """A store that holds just the warm-up stays warm when it overwrites its oldest rows."""
    world = World(attrs.evolve(START, budget=50), 1, capacity=10)
    trace = follow(LearnEvery(EnvSteps(1), batch=10, warmup=10), world)

    assert [kind for kind, _ in trace].count("warm-up") == 10
    assert world.progress.updates == 40


def test_a_batch_larger_than_the_warm_up_is_waited_for() -> None:
    """`needs` is the larger of the two."""
    assert LearnEvery(batch=128, warmup=0).needs() == 128
    assert LearnEvery(batch=8, warmup=100).needs() == 100


def test_operations_say_who_acts_and_how_much_is_learned() -> None:
    """Warm-up by its own explorer, then the recipe's; bursts of the batch."""
    cadence = LearnEvery(EnvSteps(4), updates=2, batch=8, warmup=8, warmup_explorer=Greedy())
    program = cadence.program(attrs.evolve(START, budget=100), 2)

    assert next(program) == Collect(8, Greedy())
    assert program.send(Progress(8, 8, 0, 0, 8, 100)) == Collect(4)
    assert program.send(Progress(12, 8, 0, 1, 12, 100)) == Learn(2, 8)
    assert LearnEvery().warmup_explorer == UniformRandom()


@pytest.mark.parametrize("updates", [0, -1, float("nan"), True])
def test_the_ratio_is_above_nothing(updates: Any) -> None:
    """Learning never is no cadence."""
    with pytest.raises(FieldError, match=r"LearnEvery\.updates is"):
        LearnEvery(updates=updates)
