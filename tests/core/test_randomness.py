"""Every random number of a run follows from its seed, by purpose; numbers follow the clock."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from rlblocks import EnvSteps, Updates
from rlblocks._core.plan import DrawSpec
from rlblocks._core.randomness import PURPOSES, Draws, Numbers, generators, seed_for
from rlblocks._core.state import Counters
from rlblocks.explorers import EpsilonGreedy
from rlblocks.optimizers import SGD, Adam
from rlblocks.schedules import Linear
from rlblocks.stores import NStep, PrioritizedReplay

CPU = torch.device("cpu")
SPECS = {
    "a": DrawSpec("uniform", (), per_row=True), "b": DrawSpec("uniform", (2,), per_row=True),
    "c": DrawSpec("normal", (3,), per_row=False), "d": DrawSpec("bernoulli", (), per_row=True),
}  # fmt: skip


def draws(seed: int = 0, rows: int = 5) -> Draws:
    return Draws(SPECS, (rows,), np.random.default_rng(seed), CPU)


def test_purposes_are_independent() -> None:
    """One seed gives every purpose a stream of its own; another seed gives others."""
    streams = {
        (seed, purpose): tuple(generator.random(4))
        for seed in (0, 1, 2**63) for purpose, generator in generators(seed).items()
    }  # fmt: skip

    assert len(set(streams.values())) == 3 * len(PURPOSES)
    assert streams[1, "act"] == tuple(np.random.Generator(np.random.PCG64(seed_for(1, "act"))).random(4))


def test_draws_have_their_kind_and_shape() -> None:
    """One for each row, or one shape for the whole; uniform in [0, 1), bernoulli 0 or 1."""
    found = {name: tensor.clone() for name, tensor in draws(rows=1_000)().items()}

    assert {name: tuple(tensor.shape) for name, tensor in found.items()} == {
        "a": (1_000,), "b": (1_000, 2), "c": (3,), "d": (1_000,),
    }  # fmt: skip
    assert all(tensor.dtype == torch.float32 for tensor in found.values())
    assert 0 <= found["a"].min() < 0.05
    assert 0.95 < found["b"].max() < 1
    assert set(found["d"].tolist()) == {0.0, 1.0}
    assert 0.4 < found["d"].mean() < 0.6


def test_the_same_generator_gives_the_same_draws() -> None:
    """Bit for bit, call by call; and no two calls alike."""
    ours, theirs = draws(7), draws(7)
    seen = []
    for _ in range(3):
        one, other = ours(), theirs()
        assert all(torch.equal(one[name], other[name]) for name in SPECS)
        seen.append(one["b"].clone())

    assert not torch.equal(seen[0], seen[1])
    assert not torch.equal(seen[1], seen[2])


def test_draws_of_one_call_do_not_repeat_each_other() -> None:
    """Two names of one kind share an array, not its numbers."""
    found = draws()()

    assert not torch.equal(found["a"], found["b"][:, 0])


def test_tensors_are_made_once() -> None:
    """A call overwrites them in place."""
    drawn = draws()

    assert [t.data_ptr() for t in drawn().values()] == [t.data_ptr() for t in drawn().values()]


def test_nothing_to_draw_moves_no_generator() -> None:
    """A function without draws leaves its generator where it is."""
    generator = np.random.default_rng(0)
    before = generator.bit_generator.state
    Draws({}, (5,), generator, CPU)()

    assert generator.bit_generator.state == before


def test_numbers_are_the_schedules_at_the_present_time() -> None:
    """0-dim doubles that follow their own clock; a method is asked for its number."""
    explorer, sgd = EpsilonGreedy(Linear(1.0, 0.0, over=EnvSteps(10))), SGD(lr=Linear(0.0, 1.0, over=Updates(4)))
    numbers = Numbers({"x.epsilon": (explorer, "epsilon"), "y.lr": (sgd, "lr")}, CPU)
    counters = Counters(budget=100)

    for steps, updates in ((0, 0), (3, 1), (10, 4), (50, 9)):
        counters.env_steps, counters.updates = steps, updates
        found = {name: (value.item(), value.dtype, value.ndim) for name, value in numbers(counters).items()}
        assert found == {
            "x.epsilon": (pytest.approx(max(0.0, 1 - steps / 10)), torch.float64, 0),
            "y.lr": (pytest.approx(min(1.0, updates / 4)), torch.float64, 0),
        }  # fmt: skip
        assert numbers.plain(counters) == {"epsilon": found["x.epsilon"][0], "lr": found["y.lr"][0]}


def test_a_change_of_a_number_makes_no_tensor() -> None:
    """The tensors lie over one array, so a compiled function is not compiled again."""
    numbers = Numbers({"lr": (SGD(lr=Linear(0.0, 1.0, over=Updates(4))), "lr")}, CPU)
    before = numbers(Counters(budget=1))["lr"]
    after = numbers(Counters(budget=1, updates=2))["lr"]

    assert before is after
    assert before.item() == 0.5


def test_numbers_that_end_alike_are_told_in_full() -> None:
    """Two coefficients are two numbers; what is there once keeps its short name."""
    adam = Adam(lr=0.5)
    sources = {"a.lr": (adam, "lr"), "b.lr": (Adam(lr=0.25), "lr"), "b.step_size": (adam, "step_size")}

    assert Numbers(sources, CPU).plain(Counters(budget=1)).keys() == {"a.lr", "b.lr", "step_size"}


def test_a_wrapper_finds_the_number_of_what_it_wraps() -> None:
    """`inner.beta` of a store inside another."""
    inner = PrioritizedReplay(10)
    wrapped = NStep(inner, n=3)
    (name,) = [asked.name for asked in wrapped.inputs.values() if hasattr(asked, "name")]
    times = Counters(budget=100, env_steps=50)

    assert name.startswith("inner.")
    assert Numbers({name: (wrapped, name)}, CPU).plain(times) == Numbers(
        {name.removeprefix("inner."): (inner, name.removeprefix("inner."))}, CPU
    ).plain(times)
