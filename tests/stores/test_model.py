"""Rows that are generated from what followed each state and action last."""

import numpy as np
import pytest
from gymnasium import spaces
from store_streams import same_tree, through_checkpoint

from rlblocks._core.errors import BuildError, CheckpointError, RunError
from rlblocks._core.keys import Spec
from rlblocks.envs import Gym
from rlblocks.envs.base import Facts
from rlblocks.stores import Model, StoreSpec, _room

ONE = np.zeros(1, np.int64)


def spec_for(states=3, actions=2, environments=1, seed=0):
    """Columns of a world of few states."""
    columns = {"observation": Spec((), "int64", n=states), "action": Spec((), "int64", n=actions), "reward": Spec()}
    return StoreSpec(columns, environments, np.random.default_rng(seed))


def row(state, action, reward):
    """One transition."""
    return {"observation": np.array([state]), "action": np.array([action]), "reward": np.array([reward])}


def lived(**sizes):
    """A memory of three writes to two pairs, of which the last waits."""
    memory = Model().build(spec_for(**sizes))
    for state, reward in ((2, 1.0), (0, 5.0), (2, 7.0)):
        memory.add(row(state, 1, reward), ONE)
    return memory


def test_a_new_row_comes_first_and_draws_nothing():
    """One sample after a write is the real row, and the generator stands where it stood."""
    spec = spec_for()
    memory = Model().build(spec)
    memory.add(row(0, 0, 9.0), ONE)
    for reward in (1.0, 2.0, 3.0):
        memory.add(row(1, 1, reward), ONE)
        before = spec.generator.bit_generator.state
        assert memory.sample(1, ["reward"])["reward"].tolist() == [reward]
        assert spec.generator.bit_generator.state == before
        assert memory.sample(1, ["reward"])["reward"].tolist()[0] in {9.0, reward}
        assert spec.generator.bit_generator.state != before


def test_what_does_not_wait_is_in_the_model():
    """Rows that were not learned from before the next step are generated, and are still held."""
    memory = Model().build(spec_for())
    memory.add(row(0, 0, 1.0), ONE)
    memory.add(row(1, 0, 2.0), ONE)

    assert memory.contents()["reward"].tolist() == [1.0, 2.0]
    assert memory.sample(1, ["reward"])["reward"].tolist() == [2.0]


def test_a_saved_model_goes_on_bit_equal():
    """Pairs in the order in which they were first seen, what waits, and what followed."""
    memory, other = lived(), Model().build(spec_for())
    other.add(row(1, 0, 9.0), ONE)
    other.load(through_checkpoint(memory.state()))

    same_tree(other.state(), memory.state())
    for found in (memory, other):
        found.add(row(0, 0, 3.0), ONE)
    assert memory.sample(9, ["reward"])["reward"].tolist()[0] == 3.0
    assert other.contents()["reward"].tolist() == memory.contents()["reward"].tolist() == [5.0, 7.0, 3.0]


@pytest.mark.parametrize(("states", "why"), [(2, "there are 4"), (3, "reward")])
def test_a_model_of_another_world_is_refused(states, why):
    """Fewer states than were saved, or other columns."""
    saved = lived().state()
    if states == 3:
        del saved["table"]["reward"]
    with pytest.raises(CheckpointError, match=why):
        Model().build(spec_for(states=states)).load(saved)


def test_states_that_there_are_not_are_refused():
    """A number beyond the last one would be another pair's."""
    with pytest.raises(RunError, match="state 3"):
        Model().build(spec_for()).add(row(3, 0, 1.0), ONE)


def test_a_model_larger_than_memory_is_refused(monkeypatch):
    """The size is told before anything is allocated."""
    monkeypatch.setattr(_room, "available_bytes", lambda: 10_000)
    with pytest.raises(BuildError, match=r"Model of 2,000 rows needs 72,000 bytes.*\n.*Discretise"):
        Model(1).build(spec_for(states=1_000))


def test_its_bytes_are_those_of_its_arrays():
    """The estimate times the most rows is what is allocated, the table included."""
    spec = spec_for(states=100)
    memory, block = Model(64).build(spec), Model(64)
    arrays = [*memory.ring.columns.values(), *memory.table.values(), memory.when, memory.pairs]
    told = block.row_bytes(spec.columns) * block.most_rows()

    assert sum(array.nbytes for array in arrays) <= told < sum(array.nbytes for array in arrays) + 64


@pytest.mark.parametrize(
    ("facts", "fix"),
    [
        (Gym("CartPole-v1").facts, "Discretise"),
        (Facts("x", spaces.Discrete(3), spaces.Box(-1, 1, (1,))), "uniform_replay"),
        (Facts("x", spaces.Box(0, 255, (84, 84, 3), np.uint8), spaces.Discrete(2)), "Discretise"),
    ],
)
def test_what_cannot_be_counted_does_not_fit(facts, fix):
    """Vectors, images and real actions, before the first step."""
    assert fix in Model().misfit(facts() if callable(facts) else facts)
