"""BUF: what every store obeys: it holds the newest rows, whole, copies what it takes, and hands over nothing else."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from rlblocks._core.block import Block
from rlblocks.testing._case import Case
from rlblocks.testing._compare import require, same
from rlblocks.testing._law import law
from rlblocks.testing._memories import (
    KEYS,
    Subject,
    as_given,
    expected,
    in_order,
    joins,
    no_model,
    sampled,
    setting,
    small,
    tell,
)
from rlblocks.testing.laws.general_memory import filled
from rlblocks.testing.streams import COLUMNS, ENDS, Rows, one_episode, stacked, streams, transition


def plain(block: Block) -> str:
    """Whether rows are kept as they come."""
    return no_model(block) or ("" if joins(block) == 1 else "it joins rows, which has laws of its own")


def drawing(block: Block) -> str:
    """Whether rows are drawn at random."""
    return "it hands rows over in an order of its own" if in_order(block) else no_model(block)


def last(rows: list[Rows], count: int) -> dict[str, NDArray[Any]]:
    """The last rows, as arrays by column, in the types of the columns."""
    kept = stacked(rows[max(len(rows) - count, 0) :])
    return {key: value.astype(COLUMNS[key].dtype) for key, value in kept.items()}


def stamps(rows: Any) -> list[int]:
    """The stamps of rows, which tell them apart."""
    return [int(code) for code in rows["action"]]


@law("BUF-1", role="stores", since="0.1", needs=plain, covers=("a wrapped memory", *ENDS), examples=25)
def it_holds_the_newest_rows(case: Case) -> None:
    """It holds the last `capacity` rows, in the order in which they came.

    After every write; sampled, saved and loaded in between.

    Formula: contents = the rows max(M − C, 0), …, M − 1 of M, length min(M, C)
    """
    block, stream = small(case.block, case.draw(st.integers(1, 9))), case.draw(streams())
    tell(case, block, stream)
    subject, capacity = Subject(block, stream.environments), setting(block, "capacity")
    rows: list[Rows] = []
    for k, write in enumerate(stream.writes):
        subject.memory.add(*write.arguments())
        rows.extend(write.rows)
        require(len(subject.memory) == min(len(rows), capacity), f"of {len(rows)} rows it holds {len(subject.memory)}")
        same(subject.memory.contents(), last(rows, capacity), f"after write {k + 1} the contents")
        if k % 3 == 0 and subject.can_sample(2):
            subject.sample(2)
        if k % 4 == 0:
            subject.restore(subject.snapshot())
    case.saw("a wrapped memory", len(rows) > capacity)


@law(
    "BUF-2",
    role="stores",
    since="0.1",
    needs=plain,
    covers=("a wrapped memory", "several environments", "environments out of phase"),
    examples=20,
)
def rows_are_whole(case: Case) -> None:
    """A row that is handed over is whole: all its columns belong to one transition.

    Of one environment, one episode, one step; so are the rows of a batch beside each other.
    """
    subject, stream = filled(case)
    batch = len(subject.memory) if in_order(subject.block) else 7
    given, rows = {stamps({"action": [row["action"]]})[0]: row for row in stream.rows()}, subject.sample(batch)
    for i, code in enumerate(stamps(rows)):
        require(code in given, f"row {i} of the sample has the action {code}, which was never written")
        whole = last([given[code]], 1)
        same({key: rows[key][i : i + 1] for key in KEYS}, whole, f"row {i} of the sample")


@law("BUF-3", role="stores", since="0.1", needs=drawing, covers=("a wrapped memory",), examples=12)
def all_held_rows_are_reachable(case: Case) -> None:
    """Every row that it holds can be drawn, the oldest and the newest too, and no other.

    Four hundred draws of at most nine rows: one would be missed once in 10²⁰.
    """
    subject, _ = filled(case)
    if not len(subject.memory):
        return
    held, found = set(stamps(subject.memory.contents())), set(stamps(subject.sample(400)))
    require(found <= held, f"it handed over {sorted(found - held)}, which it does not hold")
    require(found == held, f"of the rows {sorted(held)} it never handed over {sorted(held - found)}")


@law("BUF-5", role="stores", since="0.1", needs=plain, examples=12)
def chunks_are_repeated_rows(case: Case) -> None:
    """Many rows at once are what the same rows are one by one.

    Also more of them than it holds; then the last ones stay.

    Formula: add(x₁, …, x_B) = add(x₁); …; add(x_B)
    """
    block, count = small(case.block, case.draw(st.integers(1, 9))), case.draw(st.integers(1, 25), "count")
    rows = [transition(0, 0, t) for t in range(count)]
    at_once, single = Subject(block, 1), Subject(block, 1)
    at_once.memory.add(stacked(rows), np.zeros(count, np.int64))
    for row in rows:
        single.memory.add(stacked([row]), np.zeros(1, np.int64))
    same(at_once.memory.contents(), single.memory.contents(), "of rows added at once, the contents")


@law("BUF-6", role="stores", since="0.1", needs=sampled, examples=12)
def everything_is_copied(case: Case) -> None:
    """It copies what it takes, and hands over copies.

    Overwriting what was given, sampled or shown reaches nothing that is remembered.
    """
    block, stream = small(case.block, 6), case.draw(streams())
    tell(case, block, stream)
    subject, twin = Subject(block, stream.environments), Subject(block, stream.environments).fill(stream)
    for write in stream.writes:
        rows, who = write.arguments()
        subject.memory.add(rows, who)
        for value in (*rows.values(), who):
            value.fill(1)
    if not len(subject.memory):
        return
    for handed in (subject.memory.contents(), *(subject.sample(1) for _ in range(3))):
        for value in handed.values():
            value.fill(1)
    for _ in range(3):
        twin.sample(1)
    same(
        subject.memory.contents(),
        twin.memory.contents(),
        "after all that was given and handed over was overwritten, the contents",
    )


@law("BUF-7", role="stores", since="0.1", needs=sampled, examples=5)
def types_are_kept(case: Case) -> None:
    """Every column comes back in its own type and shape.

    Bytes, flags, integers beyond 2²⁴ and doubles.
    """
    subject, _ = filled(case)
    if subject.can_sample(1):
        for found in (subject.sample(1), subject.memory.contents()):
            for key, spec in COLUMNS.items():
                require(str(found[key].dtype) == spec.dtype, f"{key} came back as {found[key].dtype}, not {spec.dtype}")
                require(
                    found[key].shape[1:] == spec.shape,
                    f"{key} came back as {list(found[key].shape[1:])}, not {list(spec.shape)}",
                )


@law(
    "BUF-8",
    role="stores",
    since="0.1",
    needs=as_given,
    covers=("a termination", "a truncation", "both flags"),
    examples=20,
)
def flags_and_final_observations_are_kept(case: Case) -> None:
    """Both flags are kept apart, and a row's next observation is the true successor.

    The last row of an episode leads to its final observation, never to the first one of the next.

    Formula: discount = 0 ⇔ terminated

    Reference: Pardo et al. (2018).
    """
    subject, stream = filled(case, capacity=60)
    ends = {tuple(row["next.observation"]): row for row in stream.rows()}
    rows = subject.memory.contents() if len(subject.memory) else {"action": np.empty(0)}
    for i in range(len(rows["action"])):
        final = ends[tuple(rows["next.observation"][i])]
        for flag in ("terminated", "truncated"):
            require(
                rows[flag][i] == final[flag],
                f"row {i} leads to {final['next.observation']} with {flag} = {rows[flag][i]}",
            )
        same_episode = (rows["observation"][i][:2] == rows["next.observation"][i][:2]).all()
        require(same_episode, f"row {i} leads from {rows['observation'][i]} to {rows['next.observation'][i]}")
        require(
            (rows["discount"][i] == 0) == rows["terminated"][i],
            f"row {i} has terminated = {rows['terminated'][i]} and the discount {rows['discount'][i]}",
        )


@law("BUF-13", role="stores", since="0.1", needs=no_model, examples=3)
def rows_take_their_bytes(case: Case) -> None:
    """A row takes no more bytes than it says.

    What is saved of a full memory is at most capacity times `row_bytes`, and a little that does not grow.

    Formula: bytes(C) ≤ C·row_bytes + constant
    """
    sizes = []
    for capacity in (64, 128):
        subject = Subject(small(case.block, capacity), 1).fill(one_episode(capacity + joins(case.block)))
        sizes.append(sum(array.nbytes for array in _arrays(subject.memory.state())))
        require(len(subject.memory) == capacity, f"of capacity {capacity} it holds {len(subject.memory)}")
    case.say(f"{case.block!r}.row_bytes(COLUMNS)")
    declared = case.block.row_bytes(COLUMNS)
    require(
        sizes[1] - sizes[0] <= 64 * declared,
        f"a row takes {(sizes[1] - sizes[0]) / 64:g} bytes, and it says {declared}",
    )


def _arrays(tree: Any) -> list[NDArray[Any]]:
    if isinstance(tree, np.ndarray):
        return [tree]
    parts = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list | tuple) else ()
    return [array for part in parts for array in _arrays(part)]


@law("BUF-14", role="stores", since="0.1", needs=drawing, examples=4)
def large_batches_work(case: Case) -> None:
    """A batch may be far larger than what it holds.

    Two thousand rows, each of them whole.
    """
    subject, _ = filled(case)
    if subject.can_sample(2000):
        found = subject.sample(2000)
        require(len(found["action"]) == 2000, f"of 2000 rows it handed over {len(found['action'])}")  # noqa: PLR2004
        require(
            set(stamps(found)) <= set(stamps(subject.memory.contents())), "it handed over a row that it does not hold"
        )


@law("BUF-15", role="stores", since="0.1", needs=no_model, examples=8)
def looking_changes_nothing(case: Case) -> None:
    """Looking changes nothing: sampling and showing leave what is held as it is.

    The rows held are the same before and after.
    """
    subject, stream = filled(case)
    before = copy.deepcopy(subject.memory.contents()) if len(subject.memory) else {}
    for _ in range(3):
        if subject.can_sample(1):
            subject.sample(1)
    if before:
        same(subject.memory.contents(), before, "after sampling, the contents")
    due = min(len(expected(subject.block, stream)), setting(subject.block, "capacity"))
    require(len(subject.memory) == due, f"it holds {len(subject.memory)} rows, and must hold {due}")
