"""A fixed number of steps of every environment; its laws are asked in tests/test_laws.py."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_streams import COLUMNS, KEYS, LAW, row, same_rows, same_tree, spec_for, stack, streams, through_checkpoint

from rlblocks._core.errors import BuildError, CheckpointError, FieldError, RunError
from rlblocks._core.keys import Spec
from rlblocks.stores import NStep, Rollout

EVERYONE = np.arange(3)


def built(steps=4, environments=3):
    """An empty memory."""
    return Rollout(steps).build(spec_for(environments))


def step(memory, t, environments=EVERYONE, **flags):
    """One step of some environments."""
    memory.add(stack([row(int(e), 0, t, **flags) for e in environments]), np.asarray(environments))


def test_a_chunk_is_time_major_and_keeps_the_environments_apart():
    """Row t of environment e stands at [t, e], in every column."""
    memory = built()
    for t in range(4):
        step(memory, t)
    chunk = memory.drain(KEYS)

    assert chunk["observation"][:, :, 0].tolist() == [[0, 1, 2]] * 4
    assert chunk["observation"][:, :, 2].T.tolist() == [[0, 1, 2, 3]] * 3
    assert chunk["picture"].shape == (4, 3, 2, 2)
    assert (chunk["weight"] == 1).all()
    assert not chunk["truncated"].any()


@pytest.mark.parametrize("order", [[2, 0, 1], [1, 2, 0]])
def test_environments_may_write_in_any_order(order):
    """A row goes to the environment that wrote it, wherever it stands among the rows of a step."""
    memory, turned = built(), built()
    for t in range(4):
        step(memory, t)
        step(turned, t, order)

    same_rows(turned.drain(KEYS), memory.drain(KEYS))


def test_the_rows_of_an_environment_that_was_reset_stand_without_a_gap():
    """A missed step is padding at the end, and the row in front of it is truncated, or has terminated."""
    memory = built(steps=3)
    step(memory, 0)
    memory.add(stack([row(0, 0, 1), row(2, 0, 1, terminated=True)]), np.array([0, 2]))
    memory.add(stack([row(0, 0, 2), row(1, 0, 1)]), np.array([0, 1]))
    chunk = memory.drain(KEYS)

    assert (chunk["weight"] > 0).T.tolist() == [[True, True, True], [True, True, False], [True, True, False]]
    assert chunk["truncated"].T.tolist() == [[False, False, False], [False, True, False], [False, False, False]]
    assert chunk["terminated"].T.tolist() == [[False, False, False], [False, False, False], [False, True, False]]
    assert chunk["next.observation"][1, 1].tolist() == [1, 0, 2]
    assert set(chunk["weight"][chunk["weight"] > 0].tolist()) == {np.float32(9 / 7)}


def test_an_environment_that_never_wrote_is_all_padding():
    """Its column is 0, and nothing in it is cut."""
    memory = built(steps=2)
    for t in range(2):
        step(memory, t, [0, 2])
    chunk = memory.drain(KEYS)

    assert not any(chunk[key][:, 1].any() for key in (*KEYS, "weight"))


def test_episodes_go_on_from_one_rollout_to_the_next():
    """Nothing is lost or cut between two rollouts, and a row of the first is not in the second."""
    memory, found = built(steps=2, environments=1), []
    for t in range(6):
        step(memory, t, [0])
        if len(memory):
            found += memory.drain(["observation"])["observation"][:, 0, 2].tolist()

    assert found == [0, 1, 2, 3, 4, 5]


@LAW
@given(streams(), st.integers(1, 6), st.integers(0, 20))
def test_lengths_are_of_rows_and_a_chunk_is_complete_after_its_steps(stream, steps, count):
    """It has nothing to hand over before T steps, and afterwards as many rows as were written."""
    memory, rows = Rollout(steps).build(spec_for(stream.environments)), 0
    for k in range(count):
        made, who = stream.step()
        memory.add(made, who)
        rows += len(who)
        assert len(memory) == (rows if k % steps == steps - 1 else 0)
        if len(memory):
            memory.drain([])
            rows = 0


def test_a_state_holds_the_rows_so_far_alone():
    """No room that is not filled is saved, no row of the rollout before, and no memory is shared."""
    memory = built(steps=100)
    for t in range(100):
        step(memory, t)
    memory.drain([])
    step(memory, 7, [1])
    state = memory.state()

    assert {len(column) for column in state["lanes"]["columns"].values()} == {1}
    assert state["lanes"]["columns"]["log_prob"][0].tolist()[::2] == [0.0, 0.0]
    assert not any(np.shares_memory(memory.lanes.columns[key], state["lanes"]["columns"][key]) for key in KEYS)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (lambda: Rollout(9).build(spec_for(3)), "has 5 steps"),
        (lambda: Rollout(4).build(spec_for(2)), "environments"),
        (lambda: Rollout(4).build(spec_for(3, columns={key: COLUMNS[key] for key in list(COLUMNS)[:5]})), "columns"),
    ],
    ids=["longer", "environments", "columns"],
)
def test_a_foreign_state_is_refused_and_changes_nothing(other, said):
    """A state of a longer rollout, of other environments or of other columns is refused with what differs."""
    memory, foreign = built(), other()
    for t in range(5 if foreign.steps == 9 else 3):
        who = EVERYONE[: foreign.lanes.environments]
        rows = stack([row(int(e), 0, t) for e in who])
        foreign.add({key: rows[key] for key in foreign.lanes.columns}, who)
    step(memory, 0)
    before = memory.state()
    with pytest.raises(CheckpointError, match=said):
        memory.load(through_checkpoint(foreign.state()))

    same_tree(memory.state(), before)


def test_what_is_refused_says_why():
    """Another step on a complete rollout, draining too early, and an unknown column."""
    memory = built(steps=1)
    with pytest.raises(RunError, match="no complete chunk"):
        memory.drain(KEYS)
    step(memory, 0)
    with pytest.raises(RunError, match=r"(?s)1 steps are complete.*RolloutEpochs"):
        step(memory, 1)
    with pytest.raises(RunError, match=r"(?s)'rewrad'.*did you mean 'reward'"):
        memory.drain(["rewrad"])

    assert len(memory) == 3


def test_columns_that_end_episodes_are_asked_for():
    """Without flags nothing could be cut."""
    with pytest.raises(BuildError, match="nothing writes truncated"):
        Rollout().build(spec_for(columns={"reward": Spec(), "terminated": Spec((), "bool")}))


@pytest.mark.parametrize("steps", [0, -1, 2.0, True])
def test_a_rollout_has_a_whole_number_of_steps(steps):
    """At least one."""
    with pytest.raises(FieldError, match=r"Rollout\.steps"):
        Rollout(steps)


def test_what_it_announces():
    """Its chunk, and that it is drained; a sampled store announces no chunk."""
    assert Rollout(128).chunk(8) == (128, 8)
    assert Rollout().hands == "drained"
    assert Rollout().most_rows() == 0
    assert NStep().chunk(8) == (0, 0)


def test_its_rows_are_not_joined():
    """A wrapper that joins rows refuses a store that is drained in whole steps."""
    with pytest.raises(FieldError, match="drained in chunks of whole time steps"):
        NStep(Rollout())
