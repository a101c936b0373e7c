"""Rows that are handed on when the next action is known."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from store_streams import KEYS, LAW, row, spec_for, stack, streams

from rlblocks._core.errors import CheckpointError, FieldError
from rlblocks.stores import Latest, NStep, PrioritizedReplay, Rollout, UniformReplay, WithNext


def expected(rows):
    """What must be handed on of one environment's rows, in order: pairs of a row and its next action."""
    found = []
    for one, following in pairwise(rows):
        if one["terminated"] or not one["truncated"]:
            found.append((int(one["action"]), 0 if one["terminated"] else int(following["action"])))
    return found


@LAW
@given(streams(), st.integers(1, 40))
def test_every_row_is_handed_on_once_with_its_next_action(stream, steps):
    """Each environment's rows come in order, once, with the action of its own next row; truncated ones never."""
    memory, written = WithNext(Latest(1_000)).build(spec_for(stream.environments)), {}
    for _ in range(steps):
        rows, environments = stream.step()
        memory.add(rows, environments)
        for i, e in enumerate(environments.tolist()):
            written.setdefault(e, []).append({key: value[i] for key, value in rows.items()})
    held = memory.contents()
    pairs = list(zip(held["action"].tolist(), held["next.action"].tolist(), strict=True)) if len(memory) else []
    of = [(code - 2**40) // 10**8 for code, _ in pairs]

    for e, rows in written.items():
        assert [pair for pair, whose in zip(pairs, of, strict=True) if whose == e] == expected(rows)


def test_one_row_is_handed_on_at_each_step():
    """With the newest row only, learning after every step sees each row once, the terminated one too."""
    memory, seen = WithNext(Latest(1)).build(spec_for()), []
    for t, over in enumerate((False, False, True, False, False)):
        memory.add(stack([row(0, 0, t, terminated=over)]), np.zeros(1, np.int64))
        if len(memory):
            seen.append(int(memory.sample(1, ["observation"])["observation"][0, 2]))

    assert seen == [0, 1, 2, 3]


def test_a_row_of_a_truncated_episode_is_let_go():
    """Nobody chose an action in its next state; that of the next episode is none."""
    memory = WithNext(Latest(9)).build(spec_for())
    for t, cut in enumerate((False, True, False)):
        memory.add(stack([row(0, 0, t, truncated=cut)]), np.zeros(1, np.int64))

    assert memory.contents()["observation"][:, 2].tolist() == [0.0]


def test_a_row_that_waits_is_saved():
    """What waited before is handed on after, bit for bit; another memory stays as it was."""
    memory, other = (WithNext(UniformReplay(4)).build(spec_for()) for _ in range(2))
    memory.add(stack([row(0, 0, 0)]), np.zeros(1, np.int64))
    other.load(memory.state())
    for each in (memory, other):
        each.add(stack([row(0, 0, 1)]), np.zeros(1, np.int64))

    assert len(memory) == len(other) == 1
    assert memory.contents()["next.action"] == other.contents()["next.action"]
    with pytest.raises(CheckpointError, match="but WithNext of 2 environments holds"):
        WithNext(UniformReplay(4)).build(spec_for(2)).load(memory.state())


def test_a_cut_lets_go_of_what_waits():
    """Where new episodes begin, later rows are as if nothing had waited; a terminated row is complete, and stays."""
    for over in (False, True):
        memory = WithNext(Latest(9)).build(spec_for())
        memory.add(stack([row(0, 0, 0, terminated=over)]), np.zeros(1, np.int64))
        memory.cut()
        memory.add(stack([row(0, 1, 0)]), np.zeros(1, np.int64))

        assert memory.contents()["next.action"].tolist() == [0] * over


@pytest.mark.parametrize(
    ("inner", "why"),
    [
        (Rollout(4), "drained in chunks"),
        (NStep(UniformReplay(4)), "for that of the next step"),
        (WithNext(Latest(3)), r"WithNext\(Latest\(capacity=3\)\)"),
    ],
)
def test_stores_that_do_not_fit_inside_are_refused(inner, why):
    """The message says why, and what to write."""
    with pytest.raises(FieldError, match=why):
        WithNext(inner)


def test_it_hands_on_what_the_store_inside_asks_for():
    """Weights, debts and priorities are those of the store inside."""
    block = WithNext(PrioritizedReplay(8))

    assert block.outputs == ("next.action", *PrioritizedReplay(8).outputs)
    assert block.inputs.keys() == PrioritizedReplay(8).inputs.keys()
    assert (block.debts, block.most_rows()) == (("weight",), 8)
    assert set(KEYS) <= set(WithNext(Latest(1)).build(spec_for()).last)
