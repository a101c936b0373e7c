"""Whole episodes; their laws are asked in tests/test_laws.py."""

import attrs
import numpy as np
import pytest
from gymnasium.spaces import Discrete
from store_streams import KEYS, row, same_tree, spec_for, stack, through_checkpoint

from rlblocks._core.errors import CheckpointError, FieldError, RunError
from rlblocks.envs.base import Facts
from rlblocks.stores import WholeEpisodes
from rlblocks.stores.whole_episodes import ROOM

FACTS = Facts("Maze-v0", Discrete(2), Discrete(2))


def step(memory, *rows):
    """One step, in which these environments wrote."""
    memory.add(stack(list(rows)), np.array([int(one["observation"][0]) for one in rows]))


def lanes(chunk):
    """Which environment, episode and steps stand in each column."""
    there = chunk["weight"] > 0
    return [chunk["observation"][there[:, i], i].astype(int).tolist() for i in range(there.shape[1])]


def test_an_episode_is_handed_over_when_it_is_over():
    """Not before, padded to the longest, and the one that goes on is complete later."""
    memory = WholeEpisodes(longest=5).build(spec_for(2))
    step(memory, row(0, 0, 0), row(1, 0, 0))
    step(memory, row(0, 0, 1, truncated=True), row(1, 0, 1))
    assert len(memory) == 2
    first = memory.drain(KEYS)
    step(memory, row(0, 1, 0), row(1, 0, 2, terminated=True))
    second = memory.drain(KEYS)

    assert lanes(first) == [[[0, 0, 0], [0, 0, 1]]]
    assert lanes(second) == [[[1, 0, 0], [1, 0, 1], [1, 0, 2]]]
    assert first["weight"].ravel().tolist() == [2.5, 2.5, 0, 0, 0]
    assert first["reward"].shape == (5, 1)


def test_episodes_beyond_the_number_wait_for_the_next_time():
    """In the order in which they ended, of one step in the order in which they were written."""
    memory, found = WholeEpisodes(count=2, longest=3).build(spec_for(3)), []
    step(memory, row(2, 0, 0, terminated=True), row(0, 0, 0, terminated=True), row(1, 0, 0, truncated=True))
    assert len(memory) == 2
    found += lanes(memory.drain(KEYS))
    assert len(memory) == 0
    step(memory, row(0, 1, 0, terminated=True))
    found += lanes(memory.drain(KEYS))

    assert [rows[0][:2] for rows in found] == [[2, 0], [0, 0], [1, 0], [0, 1]]


def test_several_chunks_may_be_complete_at_once():
    """Each is handed over by a call of its own."""
    memory = WholeEpisodes(longest=3).build(spec_for(3))
    step(memory, *(row(e, 0, 0, terminated=True) for e in range(3)))
    found = []
    while len(memory):
        found += lanes(memory.drain(KEYS))

    assert found == [[[0, 0, 0]], [[1, 0, 0]], [[2, 0, 0]]]


def test_room_grows_with_an_episode():
    """An episode that outgrows the first room is whole, and so is the other that goes on beside it."""
    memory = WholeEpisodes(longest=500).build(spec_for(2))
    for t in range(2 * ROOM + 3):
        step(memory, row(0, 0, t, terminated=t == 2 * ROOM + 2), row(1, 0, t))
    assert len(memory) == 2 * ROOM + 3
    found = lanes(memory.drain(KEYS))
    step(memory, row(1, 0, 2 * ROOM + 3, terminated=True))

    assert [t for _, _, t in found[0]] == list(range(2 * ROOM + 3))
    assert [t for _, _, t in lanes(memory.drain(KEYS))[0]] == list(range(2 * ROOM + 4))


def test_the_longest_episode_is_taken_and_a_longer_one_is_refused():
    """The message says how many steps, whose, and what to do; nothing was written."""
    memory = WholeEpisodes(longest=ROOM + 1).build(spec_for(2))
    for t in range(ROOM + 1):
        step(memory, row(0, 0, t), row(1, 0, t, terminated=t == ROOM))
    assert len(memory) == ROOM + 1
    before = memory.state()
    with pytest.raises(
        RunError, match=rf"(?s)step {ROOM + 2} of an episode of environment 0.*raise longest.*to 65 steps"
    ):
        step(memory, row(1, 1, 0), row(0, 0, ROOM + 1))

    same_tree(memory.state(), before)


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (None, "nothing limits those of Maze-v0; end them: wrappers=(TimeLimit(500),)"),
        (1_000, "those of Maze-v0 may have 1,000; use longest=1000, or end them: wrappers=(TimeLimit(500),)"),
        (500, ""),
        (9, ""),
    ],
)
def test_environments_must_limit_their_episodes(limit, said):
    """Before the first step it is known whether every episode fits, and what to do if not."""
    found = WholeEpisodes(longest=500).misfit(attrs.evolve(FACTS, max_episode_steps=limit))

    assert found.removeprefix("takes episodes of at most 500 steps, but ") == said


def test_what_waits_is_saved():
    """WholeEpisodes that wait and those that go on, in room that must be made first."""
    memory, loaded = (WholeEpisodes(count=3, longest=500).build(spec_for(2)) for _ in range(2))
    for t in range(ROOM + 9):
        step(memory, row(0, t // 40, t % 40, terminated=t % 40 == 39), row(1, 0, t))
    state = memory.state()
    loaded.load(through_checkpoint(state))

    same_tree(loaded.state(), state)
    for one in (memory, loaded):
        step(one, row(0, 1, 33, terminated=True), row(1, 0, ROOM + 9, truncated=True))
    assert lanes(memory.drain(KEYS)) == lanes(loaded.drain(KEYS))


def test_a_state_of_longer_episodes_is_refused():
    """With both numbers; nothing was changed."""
    memory, small = WholeEpisodes(longest=9).build(spec_for()), WholeEpisodes(longest=3).build(spec_for())
    for t in range(5):
        step(memory, row(0, 0, t, terminated=t == 4))
    before = small.state()
    with pytest.raises(CheckpointError, match="has 5 steps, but WholeEpisodes takes at most 3"):
        small.load(memory.state())
    memory.drain([])
    for t in range(5):
        step(memory, row(0, 0, t))
    with pytest.raises(CheckpointError, match="5 steps"):
        small.load(memory.state())

    same_tree(small.state(), before)


@pytest.mark.parametrize("field", ["count", "longest"])
@pytest.mark.parametrize("size", [0, 1.5, True])
def test_sizes_are_whole_numbers_above_zero(field, size):
    """Anything else is refused by name."""
    with pytest.raises(FieldError, match=rf"WholeEpisodes\.{field}"):
        WholeEpisodes(**{field: size})


def test_what_it_announces():
    """Its chunk does not depend on how many environments there are."""
    assert WholeEpisodes(count=4, longest=200).chunk(8) == (200, 4)
