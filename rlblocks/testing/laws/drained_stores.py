"""DRN: what every store obeys that hands over each row once, in chunks of T steps of N environments or episodes."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import strategies as st

from rlblocks.testing import oracles
from rlblocks.testing._case import Case
from rlblocks.testing._compare import require, same
from rlblocks.testing._drained import (
    WEIGHT,
    drained,
    due_chunks,
    hand_over,
    modelled,
    observe,
    small_and_stream,
    take_all,
)
from rlblocks.testing._law import law
from rlblocks.testing._memories import KEYS, Subject, small
from rlblocks.testing.streams import COLUMNS, ENDS, stacked, transition

ROUNDING = 1e-6  # of a mean of float32 weights


def subject_and_chunks(case: Case) -> tuple[Subject, Any, Any]:
    """A small store after a stream, and the chunks that it handed over."""
    block, stream = small_and_stream(case)
    subject = Subject(block, stream.environments)
    return subject, stream, observe(case, hand_over(subject, stream))


def waiting(case: Case) -> tuple[Subject, Any]:
    """A small store with a complete chunk that nobody has taken, and its stream; it may not have come to that."""
    block, stream = small_and_stream(case)
    subject = Subject(block, stream.environments)
    for write in stream.writes:
        subject.memory.add(*write.arguments())
        if len(subject.memory):
            break
    case.saw("a chunk", len(subject.memory))
    return subject, stream


@law(
    "DRN-1",
    role="stores",
    since="0.1",
    needs=modelled,
    covers=(*ENDS, "environments out of phase", "padding", "a second chunk"),
    examples=40,
)
def chunks_are_those_of_a_loop(case: Case) -> None:
    """Its chunks are those of a loop over lists: every row in its place [T, N], the padding, the cut, the weights.

    Each at the moment at which it is complete, and not before; its length is the number of rows.
    """
    subject, stream, handed = subject_and_chunks(case)
    due = due_chunks(subject.block, stream)
    found = [one.after for one in handed]
    require(
        found == [after for after, _ in due], f"chunks were complete after {found}, not {[after for after, _ in due]}"
    )
    for one, (after, chunk) in zip(handed, due, strict=True):
        same(one.chunk, chunk, f"the chunk after write {after + 1}")
        rows = int((chunk[WEIGHT] > 0).sum())
        require(one.held == rows, f"of a chunk of {rows} rows it said that it has {one.held}")


@law(
    "DRN-2",
    role="stores",
    since="0.1",
    needs=drained,
    covers=("several environments", "a second chunk", "an end inside"),
    examples=30,
)
def every_row_is_handed_over_once(case: Case) -> None:
    """Every row is handed over once, in the order of its environment's time: nothing twice, nothing left out.

    Also from one chunk to the next. The rows beside each other in time are of one environment.
    """
    _, stream, handed = subject_and_chunks(case)
    found: dict[int, list[int]] = {e: [] for e in range(stream.environments)}
    for one in handed:
        for i in range(len(one.lengths)):
            rows = one.lane(i)
            owners = {int(row["observation"][0]) for row in rows}
            require(len(owners) <= 1, f"column {i} of a chunk has rows of the environments {sorted(owners)}")
            for owner in owners:
                found[owner] += [int(row["action"]) for row in rows]
    for e, codes in found.items():
        wrote = [int(row["action"]) for row in stream.rows() if row["observation"][0] == e]
        require(
            codes == wrote[: len(codes)],
            f"of environment {e}, which wrote {wrote}, it handed over {codes}",
        )


@law("DRN-3", role="stores", since="0.1", needs=drained, covers=("a chunk",), examples=20)
def what_was_handed_over_is_gone(case: Case) -> None:
    """A chunk that was handed over is gone, whichever columns were asked for.

    What is held afterwards is the same, and none of its rows was in the chunk.
    """
    subject, _ = waiting(case)
    if not len(subject.memory):
        return
    twin = copy.deepcopy(subject)
    codes = {int(code) for code in subject.memory.contents()["action"]}
    keys = case.draw(st.lists(st.sampled_from([*KEYS, WEIGHT]), unique=True), "keys")
    subject.memory.drain(KEYS)
    twin.memory.drain(keys)
    left = {int(code) for code in subject.memory.contents()["action"]}
    require(not codes & left, f"it still holds {sorted(codes & left)}, which it has handed over")
    same(twin.snapshot(), subject.snapshot(), "after other columns were asked for, the state")


@law("DRN-4", role="stores", since="0.1", needs=drained, covers=("padding",), examples=30)
def weights_average_over_rows(case: Case) -> None:
    """The mean of the weights is 1: all rows have the same one, and padding has 0.

    So mean(weight·x) over the chunk is the mean of x over its rows.

    Formula: mean w = 1, so that mean(w·x) = (1/rows)·Σ x over real rows

    Reference: Convention of the library.
    """
    _, _, handed = subject_and_chunks(case)
    for one in handed:
        weight = one.chunk[WEIGHT]
        require(weight.dtype == np.float32, f"the weights are {weight.dtype}, not float32")
        require(abs(weight.mean(dtype=np.float64) - 1) < ROUNDING, f"the mean of the weights is {weight.mean()}")
        require(len(set(weight[weight != 0].tolist())) == 1, f"the weights are {sorted(set(weight.ravel().tolist()))}")


@law("DRN-4b", role="stores", since="0.1", needs=drained, examples=4)
def weights_of_a_full_chunk_are_one(case: Case) -> None:
    """Where nothing is padded, every weight is exactly 1: a loss is then what it is without weights.

    One environment whose episodes have as many steps as a chunk.

    Formula: no padding ⇒ w = 1
    """
    block = small(case.block, case.draw(st.integers(1, 5)))
    steps, columns = block.chunk(1)
    case.say(f"block = {block!r}")
    subject = Subject(block, 1)
    for i in range(columns):
        for t in range(steps):
            row = transition(0, i, t, truncated=t == steps - 1)
            subject.memory.add(stacked([row]), np.zeros(1, np.int64))
    weight = subject.memory.drain([])[WEIGHT]
    same(weight, np.ones((steps, columns), np.float32), "of a chunk without padding, the weights")


@law("DRN-4a", role="stores", since="0.1", needs=drained, covers=("padding",), examples=30)
def padding_is_zero_and_comes_last(case: Case) -> None:
    """Padding is 0 in every column, and stands behind the rows of its environment or episode.

    Where the weight is 0 there is no row, and no row comes after it.

    Formula: w_t = 0 ⇒ w_{t+1} = 0, and every column is 0 there
    """
    _, _, handed = subject_and_chunks(case)
    for one in handed:
        none = one.chunk[WEIGHT] == 0
        require(not (none[:-1] & ~none[1:]).any(), "a row comes behind padding")
        for key in KEYS:
            require(not one.chunk[key][none].any(), f"padding of {key} is not 0")


@law(
    "DRN-5",
    role="stores",
    since="0.1",
    needs=drained,
    covers=(*ENDS, "padding", "a cut"),
    examples=40,
)
def boundaries_are_kept(case: Case) -> None:
    """Every row keeps its own true next observation and its own flags; only a row in front of padding is cut.

    A row without a flag is followed by its successor, by nothing at the end of the chunk, or by padding never.

    Formula: truncated′ = truncated or (padding follows and not terminated)

    Reference: Pardo et al. (2018).
    """
    subject, stream, handed = subject_and_chunks(case)
    case.saw("a cut", oracles.like(subject.block) == "whole_episodes")  # which end by themselves
    written = {int(row["action"]): row for row in stream.rows()}
    for one in handed:
        steps = len(one.chunk[WEIGHT])
        for i in range(len(one.lengths)):
            rows = one.lane(i)
            for t, row in enumerate(rows):
                _row_is_kept(case, row, written, at_padding=t == len(rows) - 1 and len(rows) < steps)
            for row, later in pairwise(rows):
                follows = row["terminated"] or row["truncated"] or (row["next.observation"] == later["observation"])
                require(
                    np.all(follows),
                    f"{row['observation']} leads to {row['next.observation']}, and {later['observation']} follows",
                )


def _row_is_kept(case: Case, row: Any, written: Any, *, at_padding: bool) -> None:
    code = int(row["action"])
    require(code in written, f"the row {code} was never written")
    due = dict(written[code])
    if at_padding and not (due["terminated"] or due["truncated"]):
        case.saw("a cut")
        due["truncated"] = np.asarray(True)
    for key, spec in COLUMNS.items():
        same(row[key], np.asarray(due[key], spec.dtype), f"of the row {code}, {key}")


@law("DRN-6", role="stores", since="0.1", needs=drained, covers=("a chunk",), examples=15)
def everything_is_copied(case: Case) -> None:
    """It copies what it takes, and hands over copies.

    Overwriting what was given, handed over or shown reaches nothing that is remembered.
    """
    block, stream = small_and_stream(case)
    subject, twin = Subject(block, stream.environments), Subject(block, stream.environments)
    for k, write in enumerate(stream.writes):
        rows, who = write.arguments()
        subject.memory.add(rows, who)
        twin.memory.add(*write.arguments())
        for value in (*rows.values(), who, *subject.memory.contents().values()):
            value.fill(1)
        for ours, theirs in zip(observe(case, take_all(subject, k)), copy.deepcopy(take_all(twin, k)), strict=True):
            same(ours.chunk, theirs.chunk, "after all that was given and shown was overwritten, the chunk")
            for value in ours.chunk.values():
                value.fill(1)
    same(subject.snapshot(), twin.snapshot(), "after all that was handed over was overwritten, the state")


@law("DRN-7", role="stores", since="0.1", needs=drained, covers=("a chunk",), examples=15)
def chunks_are_of_the_form_that_was_announced(case: Case) -> None:
    """A chunk has the form [T, N, ...] that the store announces, whatever was in it, and every column its own type.

    Fresh arrays in the order of time, of the columns asked for and the weight alone.
    """
    subject, stream = waiting(case)
    if not len(subject.memory):
        return
    leading = tuple(subject.block.chunk(stream.environments))
    keys = case.draw(st.lists(st.sampled_from(KEYS), unique=True), "keys")
    chunk = subject.memory.drain(keys)
    require(set(chunk) == {*keys, WEIGHT}, f"asked for {keys} it handed over {list(chunk)}")
    require(chunk[WEIGHT].shape == leading, f"the weights are {list(chunk[WEIGHT].shape)}, not {list(leading)}")
    for key in keys:
        found, due = chunk[key], (*leading, *COLUMNS[key].shape)
        require(found.shape == due, f"{key} is {list(found.shape)}, not {list(due)}")
        require(str(found.dtype) == COLUMNS[key].dtype, f"{key} is {found.dtype}, not {COLUMNS[key].dtype}")
        require(found.flags.c_contiguous, f"{key} is not laid out in the order of time")


@law("DRN-8", role="stores", since="0.1", needs=drained, covers=("a chunk", "no chunk"), examples=20)
def the_contents_are_the_next_chunk(case: Case) -> None:
    """It shows what it would hand over, step by step and without padding, and nothing before that is complete.

    Looking changes nothing.
    """
    subject, _ = waiting(case)
    before, held = subject.snapshot(), len(subject.memory)
    case.saw("no chunk", not held)
    shown = subject.memory.contents()
    same(subject.snapshot(), before, "after it was looked at, the state")
    require(set(shown) == set(KEYS), f"it shows the columns {list(shown)}")
    for key, rows in shown.items():
        require(len(rows) == held, f"it has {held} rows, and shows {len(rows)} of {key}")
    if held:
        chunk = subject.memory.drain(KEYS)
        for key in KEYS:
            same(shown[key], chunk[key][chunk[WEIGHT] > 0], f"of what it shows, {key}")
